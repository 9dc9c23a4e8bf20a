//! The fold of each journal into its service's state.
//!
//! Duty: choose the service by the journal. Prohibition: no fold of its own; the services' is
//! what is to be repeated.

use kernel::{Decider, Digest, Topic};
use runtime::{Service, State};
use schemas::{DecodeError, Input};

/// A service's state while it is built again.
pub trait StateFold {
    /// Folds the body of the next effective decision.
    ///
    /// # Errors
    /// It is not one of this service's.
    fn take(&mut self, body: &[u8]) -> Result<(), DecodeError>;

    /// A hash of the whole state; equal states have equal hashes.
    fn hash(&self) -> Digest;
}

struct Fold<S: Service>(State<S>);

impl<S: Service> StateFold for Fold<S> {
    fn take(&mut self, body: &[u8]) -> Result<(), DecodeError> {
        runtime::fold::<S>(&mut self.0, Input::new(body))
    }

    fn hash(&self) -> Digest {
        eventlog::digest(&S::snapshot(&self.0))
    }
}

fn fresh<S: Service>() -> Option<Box<dyn StateFold>> {
    Some(Box::new(Fold::<S>(S::Rules::initial())))
}

/// An empty state of the service that owns this journal; `None` for an inbox.
#[must_use]
pub fn fold_of(journal: Topic) -> Option<Box<dyn StateFold>> {
    match journal {
        Topic::AuthEvents => fresh::<auth::AuthService>(),
        Topic::OddsEvents => fresh::<odds::OddsService>(),
        Topic::BetsEvents => fresh::<bets::BetsService>(),
        Topic::LedgerEvents => fresh::<ledger::LedgerService>(),
        Topic::PaymentsEvents => fresh::<payments::PaymentsService>(),
        Topic::FraudEvents => fresh::<fraud::FraudService>(),
        Topic::AuthCommands
        | Topic::OddsCommands
        | Topic::BetsCommands
        | Topic::LedgerCommands
        | Topic::PaymentsCommands
        | Topic::FraudCommands => None,
    }
}
