//! The owner at rest, as bytes.
//!
//! Duty: write and read the whole fold state: chain, cursors, answered requests and the service's
//! state. Prohibition: never with speculation in it.

use super::{Cursor, Last, Owner};
use crate::service::Service;
use eventlog::Chain;
use kernel::{Digest, Offset, Partition, RequestId, TopicPartition};
use schemas::{DecodeError, Input, Wire};

impl<S: Service> Owner<S> {
    /// The whole fold state at rest: only when everything read is decided and read back, so that
    /// a snapshot never holds speculation.
    #[must_use]
    pub fn snapshot(&self) -> Option<Vec<u8>> {
        if !self.is_active() || !self.is_quiet() {
            return None;
        }
        let mut answered: Vec<RequestId> = self.answered.iter().copied().collect();
        answered.sort_unstable();
        let mut out = Vec::new();
        self.chain.encode(&mut out);
        self.last_record().encode(&mut out);
        let cursors: Vec<(TopicPartition, (Chain, u64))> = self
            .cursors
            .iter()
            .map(|(input, cursor)| (*input, (cursor.chain.clone(), cursor.decided_to)))
            .collect();
        cursors.encode(&mut out);
        answered.encode(&mut out);
        out.extend_from_slice(&S::snapshot(&self.state));
        Some(out)
    }

    /// An owner that goes on from a snapshot.
    ///
    /// # Errors
    /// Not a snapshot of this service.
    pub fn restore(
        partition: Partition,
        partitions: u16,
        snapshot: &[u8],
    ) -> Result<Self, DecodeError> {
        let mut owner = Self::new(partition, partitions);
        let mut input = Input::new(snapshot);
        owner.chain = Chain::decode(&mut input)?;
        let last: Option<(u64, Digest)> = Wire::decode(&mut input)?;
        owner.last_record = last.map(|(offset, hash)| (offset, Last::Hash(hash)));
        let cursors: Vec<(TopicPartition, (Chain, u64))> = Wire::decode(&mut input)?;
        for (input, (chain, decided_to)) in cursors {
            owner.cursors.insert(input, Cursor { chain, decided_to });
        }
        let answered: Vec<RequestId> = Wire::decode(&mut input)?;
        owner.answered.extend(answered);
        owner.state = S::restore(input.rest())?;
        Ok(owner)
    }

    /// Where the last effective record stands and its hash: what a snapshot's user compares with
    /// the log before trusting it.
    #[must_use]
    pub fn last_record(&self) -> Option<(Offset, Digest)> {
        self.last_record
            .as_ref()
            .map(|(offset, last)| (*offset, last.hash()))
    }
}
