//! Waiting for the answer to one request.

use crate::events;
use crate::hub::Hub;
use kernel::{BetId, Offset, RequestId};
use schemas::Decision;
use std::sync::Arc;
use tokio::sync::mpsc;

/// A registration for the answer to one request. Dropped, it is over.
pub(crate) struct Ticket {
    hub: Arc<Hub>,
    request: RequestId,
    /// The tail's next offset at registration: what stands before it is in the view or will be.
    pub registered_at: Offset,
    receiver: mpsc::UnboundedReceiver<Arc<Decision>>,
    followed: Vec<BetId>,
}

impl Ticket {
    pub(crate) fn new(
        hub: Arc<Hub>,
        request: RequestId,
        registered_at: Offset,
        receiver: mpsc::UnboundedReceiver<Arc<Decision>>,
    ) -> Self {
        Self {
            hub,
            request,
            registered_at,
            receiver,
            followed: Vec::new(),
        }
    }

    /// The next decision: the answer first, then what follows about the bets that it placed.
    pub(crate) async fn next(&mut self) -> Option<Arc<Decision>> {
        let decision = self.receiver.recv().await?;
        self.followed.extend(events::placed_in(&decision));
        Some(decision)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.receiver.close();
        while let Ok(decision) = self.receiver.try_recv() {
            self.followed.extend(events::placed_in(&decision));
        }
        self.hub.release(self.request, &self.followed);
    }
}
