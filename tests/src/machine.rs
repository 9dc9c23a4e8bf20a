//! An owner of any service behind one face, so that a world can hold them all.
//!
//! Duty: feed the real owner from the simulated log in portions that the dice decide.

use bytes::Bytes;
use eventlog::{Dice, SimulatedLog};
use kernel::{Partition, Timestamp, TopicPartition};
use markets::MarketView;
use odds::Terms;
use runtime::{Bounds, Owner, Service, Stop};
use schemas::ClaimId;

/// What a world does with an owner.
pub trait Machine {
    /// The journal partition.
    fn at(&self) -> TopicPartition;
    /// Why it stopped, if it has.
    fn stopped(&self) -> Option<Stop>;
    /// Whether it holds the claim.
    fn is_active(&self) -> bool;
    /// Whether everything read is decided and read back.
    fn is_quiet(&self) -> bool;
    /// Reads at most so many records of its own journal; whether there was one.
    fn read_own(&mut self, log: &SimulatedLog, records_max: usize) -> bool;
    /// Reads at most so many records of one of its inputs; whether there was one anywhere.
    fn read_input(&mut self, log: &SimulatedLog, dice: &mut Dice, records_max: usize) -> bool;
    /// Reads everything there is of all its inputs; whether there was anything.
    fn read_all_inputs(&mut self, log: &SimulatedLog) -> bool;
    /// Begins a claim.
    fn claim(&mut self, claim_id: ClaimId, now: Timestamp) -> Bytes;
    /// Decides what waits.
    fn decide(&mut self, now: Timestamp, scene: &Scene, bounds: Bounds) -> Vec<Bytes>;
    /// An append is in doubt.
    fn doubt(&mut self);
    /// A snapshot, if it is at rest.
    fn snapshot(&self) -> Option<Vec<u8>>;
    /// The service's state as bytes, speculation included.
    fn state(&self) -> Vec<u8>;
    /// When the next timer is due.
    fn next_due(&self) -> Option<Timestamp>;
}

/// How a world makes the owners of one service.
#[derive(Clone, Copy)]
pub struct Maker {
    /// From nothing.
    pub fresh: fn(Partition, u16) -> Box<dyn Machine>,
    /// From a snapshot.
    pub restored: fn(Partition, u16, &[u8]) -> Box<dyn Machine>,
}

/// Makers of services whose context a scene holds.
#[must_use]
pub fn maker<S>() -> Maker
where
    S: Service,
    S::Context: InScene,
{
    Maker {
        fresh: |partition, partitions| Box::new(Owned::<S>(Owner::new(partition, partitions))),
        restored: |partition, partitions, bytes| {
            let owner = Owner::<S>::restore(partition, partitions, bytes);
            Box::new(Owned::<S>(
                owner.expect("a snapshot that was just taken can be read"),
            ))
        },
    }
}

/// What owners of a world look at when they decide.
pub struct Scene {
    /// The market picture.
    pub picture: MarketView,
    /// The house's terms for new markets.
    pub terms: Terms,
}

/// A context that a scene holds.
pub trait InScene {
    /// The context.
    fn of(scene: &Scene) -> &Self;
}

impl InScene for MarketView {
    fn of(scene: &Scene) -> &Self {
        &scene.picture
    }
}

impl InScene for Terms {
    fn of(scene: &Scene) -> &Self {
        &scene.terms
    }
}

impl InScene for () {
    fn of(_: &Scene) -> &Self {
        &()
    }
}

struct Owned<S: Service>(Owner<S>);

impl<S> Machine for Owned<S>
where
    S: Service,
    S::Context: InScene,
{
    fn at(&self) -> TopicPartition {
        self.0.at()
    }

    fn stopped(&self) -> Option<Stop> {
        self.0.stopped().cloned()
    }

    fn is_active(&self) -> bool {
        self.0.is_active()
    }

    fn is_quiet(&self) -> bool {
        self.0.is_quiet()
    }

    fn read_own(&mut self, log: &SimulatedLog, records_max: usize) -> bool {
        let records = log.records(self.0.at(), self.0.next_own_offset(), records_max);
        self.0.read_back(&records);
        !records.is_empty()
    }

    fn read_input(&mut self, log: &SimulatedLog, dice: &mut Dice, records_max: usize) -> bool {
        let inputs: Vec<_> = self.0.next_input_offsets().collect();
        let first = usize::try_from(dice.below(inputs.len().try_into().unwrap_or(1))).unwrap_or(0);
        for step in 0..inputs.len() {
            let (input, next) = inputs[(first + step) % inputs.len()];
            let records = log.records(input, next, records_max);
            if !records.is_empty() {
                self.0.offer(input, &records);
                return true;
            }
        }
        false
    }

    fn read_all_inputs(&mut self, log: &SimulatedLog) -> bool {
        let mut any = false;
        let inputs: Vec<_> = self.0.next_input_offsets().collect();
        for (input, next) in inputs {
            let records = log.records(input, next, usize::MAX);
            any |= !records.is_empty();
            self.0.offer(input, &records);
        }
        any
    }

    fn claim(&mut self, claim_id: ClaimId, now: Timestamp) -> Bytes {
        self.0.claim(claim_id, now)
    }

    fn decide(&mut self, now: Timestamp, scene: &Scene, bounds: Bounds) -> Vec<Bytes> {
        self.0.decide(now, S::Context::of(scene), bounds)
    }

    fn doubt(&mut self) {
        self.0.doubt("the simulated append's outcome is unknown");
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        self.0.snapshot()
    }

    fn state(&self) -> Vec<u8> {
        S::snapshot(self.0.state())
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.0.next_due()
    }
}
