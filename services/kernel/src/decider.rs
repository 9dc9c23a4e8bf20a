//! The shape of every business rule: a pure decision and a total fold.
//!
//! Duty: state the three functions that a service consists of. Prohibition: no port, clock or
//! random source is ever passed to them; what they need arrives in the command.

/// One service's rules for one partition.
///
/// The form is Chassaing's decider with the fold in place: `evolve` changes the state that it is
/// given instead of returning a new one, because a ledger folds millions of events and the
/// meaning is the same (ADR 0002).
pub trait Decider {
    /// What replay rebuilds.
    type State;
    /// What is asked, together with all that the answer depends on: time, prices, limits, ids.
    type Command;
    /// A fact. Past tense.
    type Event;
    /// A business refusal, one variant per broken rule. Failures of machinery do not exist here.
    type Rejection;

    /// The state before the first event.
    fn initial() -> Self::State;

    /// Judges one command.
    ///
    /// `Ok(vec![])` means that nothing changes: the command was already carried out or does not
    /// concern this partition.
    ///
    /// # Errors
    /// The rule that the command breaks.
    fn decide(
        state: &Self::State,
        command: &Self::Command,
    ) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// Takes notice of a fact. Total: a recorded fact cannot be refused.
    fn evolve(state: &mut Self::State, event: &Self::Event);
}
