//! Tests as specifications: given events, when a command, then what.
//!
//! Duty: make one rule one line of test. Prohibition: no set-up but events, so that a scenario
//! can only speak of what a log can hold.

use crate::Decider;
use std::fmt::Debug;

/// A history, and the decision taken on it.
///
/// ```text
/// Scenario::<Ledger>::given([opened()]).when(post(10)).then([posted(10)]);
/// ```
#[must_use = "a scenario checks nothing until `when` and one of the `then`s"]
pub struct Scenario<D: Decider> {
    state: D::State,
}

impl<D> Scenario<D>
where
    D: Decider,
    D::Event: Debug + PartialEq,
    D::Rejection: Debug + PartialEq,
{
    /// Starts from these facts.
    pub fn given(events: impl IntoIterator<Item = D::Event>) -> Self {
        let mut state = D::initial();
        for event in events {
            D::evolve(&mut state, &event);
        }
        Self { state }
    }

    /// Adds the facts that this command leads to; the command must be accepted.
    #[track_caller]
    pub fn after(mut self, command: D::Command) -> Self {
        let events = match D::decide(&self.state, &command) {
            Ok(events) => events,
            Err(rejection) => panic!("expected the step to be accepted, it was {rejection:?}"),
        };
        for event in &events {
            D::evolve(&mut self.state, event);
        }
        self
    }

    /// Asks for this decision.
    pub fn when(self, command: D::Command) -> Decided<D> {
        Decided {
            outcome: D::decide(&self.state, &command),
        }
    }

    /// The state reached, for questions that events do not answer.
    pub fn state(self) -> D::State {
        self.state
    }
}

/// A decision that waits to be compared.
#[must_use = "compare the decision with `then`, `then_nothing` or `then_rejected`"]
pub struct Decided<D: Decider> {
    outcome: Result<Vec<D::Event>, D::Rejection>,
}

impl<D> Decided<D>
where
    D: Decider,
    D::Event: Debug + PartialEq,
    D::Rejection: Debug + PartialEq,
{
    /// Exactly these facts follow.
    #[track_caller]
    pub fn then(self, expected: impl IntoIterator<Item = D::Event>) {
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(self.outcome, Ok(expected));
    }

    /// Nothing changes: a repeat, or somebody else's business.
    #[track_caller]
    pub fn then_nothing(self) {
        assert_eq!(self.outcome, Ok(vec![]));
    }

    /// The command breaks this rule.
    #[track_caller]
    pub fn then_rejected(self, expected: D::Rejection) {
        assert_eq!(self.outcome, Err(expected));
    }

    /// The facts, for assertions that need arithmetic.
    #[track_caller]
    pub fn events(self) -> Vec<D::Event> {
        match self.outcome {
            Ok(events) => events,
            Err(rejection) => panic!("expected events, got {rejection:?}"),
        }
    }
}
