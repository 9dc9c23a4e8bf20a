//! What keeps an ailing provider from being asked to death, and us from waiting for it.
//!
//! Duty: one gate for all calls to one provider: a bound on calls at once (the bulkhead), a pause
//! after silences in a row (the circuit breaker) with one trial call at its end, and a budget for
//! repeats: a tenth of the first calls, with a trickle so that the last payment is not left alone.
//! A machine without I/O, clock or randomness.
//!
//! Prohibition: nothing is lost here. Whoever is refused is told when to come again.

use kernel::{Duration, Timestamp};

/// How a gate lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateTerms {
    /// Calls and questions at once.
    pub in_flight_max: u32,
    /// Silences in a row after which the gate closes.
    pub closes_after: u32,
    /// How long it stays closed before one is let through on trial.
    pub closed_for: Duration,
    /// What each first call adds to the budget for repeats, in thousandths of a repeat.
    pub budget_permille: u32,
    /// The most repeats that the budget saves up.
    pub budget_max: u32,
    /// One repeat is added each time so much has passed, whatever the traffic.
    pub trickle: Duration,
}

impl Default for GateTerms {
    fn default() -> Self {
        Self {
            in_flight_max: 32,
            closes_after: 5,
            closed_for: Duration::from_secs(15),
            budget_permille: 100,
            budget_max: 20,
            trickle: Duration::from_secs(1),
        }
    }
}

/// Why a call has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// As many as may be are on their way.
    Full {
        /// When to come again.
        until: Timestamp,
    },
    /// The provider has been silent too often.
    Closed {
        /// When to come again.
        until: Timestamp,
    },
    /// Too many repeats.
    BudgetSpent {
        /// When to come again.
        until: Timestamp,
    },
}

impl Refused {
    /// When to come again.
    #[must_use]
    pub const fn until(self) -> Timestamp {
        match self {
            Self::Full { until } | Self::Closed { until } | Self::BudgetSpent { until } => until,
        }
    }
}

/// Whether calls get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// With so many silences in a row.
    Open {
        silences: u32,
    },
    Closed {
        until: Timestamp,
    },
    /// One is on its way that decides.
    Trial,
}

/// One thousandth of a repeat is the budget's unit.
const REPEAT: u64 = 1_000;
/// How soon whoever finds the gate full comes again.
const FULL_PAUSE: Duration = Duration::from_millis(100);

/// The gate before one provider.
#[derive(Clone, Debug)]
pub struct Gate {
    terms: GateTerms,
    standing: Standing,
    in_flight: u32,
    budget: u64,
    trickled_at: Timestamp,
}

impl Gate {
    /// An open gate with a full budget.
    #[must_use]
    pub fn new(terms: GateTerms, now: Timestamp) -> Self {
        Self {
            terms,
            standing: Standing::Open { silences: 0 },
            in_flight: 0,
            budget: u64::from(terms.budget_max).saturating_mul(REPEAT),
            trickled_at: now,
        }
    }

    /// Lets a call through, or says when to come again. Whoever is let through must tell
    /// [`Gate::leave`].
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn enter(&mut self, is_repeat: bool, now: Timestamp) -> Result<(), Refused> {
        match self.standing {
            Standing::Open { .. } => {}
            Standing::Closed { until } if now < until => return Err(Refused::Closed { until }),
            Standing::Closed { .. } => {
                if self.in_flight >= self.terms.in_flight_max {
                    return Err(self.full(now));
                }
                // The trial costs nothing: without it nobody would ever learn that all is well.
                self.standing = Standing::Trial;
                self.in_flight = self.in_flight.saturating_add(1);
                return Ok(());
            }
            Standing::Trial => {
                let until = now.plus(FULL_PAUSE);
                return Err(Refused::Closed { until });
            }
        }
        if self.in_flight >= self.terms.in_flight_max {
            return Err(self.full(now));
        }
        self.trickle(now);
        if is_repeat {
            let Some(left) = self.budget.checked_sub(REPEAT) else {
                let until = self.trickled_at.plus(self.terms.trickle);
                return Err(Refused::BudgetSpent { until });
            };
            self.budget = left;
        } else {
            self.add(u64::from(self.terms.budget_permille));
        }
        self.in_flight = self.in_flight.saturating_add(1);
        Ok(())
    }

    /// A call has come back, with an answer or with silence.
    pub const fn leave(&mut self, answered: bool, now: Timestamp) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if answered {
            self.standing = Standing::Open { silences: 0 };
            return;
        }
        let close = Standing::Closed {
            until: now.plus(self.terms.closed_for),
        };
        self.standing = match self.standing {
            Standing::Open { silences } => {
                let silences = silences.saturating_add(1);
                if silences >= self.terms.closes_after {
                    close
                } else {
                    Standing::Open { silences }
                }
            }
            Standing::Trial => close,
            // One that was on its way when it closed changes nothing.
            Standing::Closed { until } => Standing::Closed { until },
        };
    }

    /// Whether the provider is thought to be away.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        match self.standing {
            Standing::Open { .. } => false,
            Standing::Closed { .. } | Standing::Trial => true,
        }
    }

    /// Calls and questions on their way.
    #[must_use]
    pub const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    const fn full(&self, now: Timestamp) -> Refused {
        Refused::Full {
            until: now.plus(FULL_PAUSE),
        }
    }

    fn trickle(&mut self, now: Timestamp) {
        let passed = now.since(self.trickled_at).micros().max(0);
        let whole = passed.checked_div(self.terms.trickle.micros()).unwrap_or(0);
        if whole > 0 {
            self.add(u64::try_from(whole).unwrap_or(0).saturating_mul(REPEAT));
            let spent = self.terms.trickle.micros().saturating_mul(whole);
            self.trickled_at = self.trickled_at.plus(Duration::from_micros(spent));
        }
    }

    fn add(&mut self, thousandths: u64) {
        let most = u64::from(self.terms.budget_max).saturating_mul(REPEAT);
        self.budget = self.budget.saturating_add(thousandths).min(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn gate() -> Gate {
        Gate::new(GateTerms::default(), at(0))
    }

    /// A gate that has just closed.
    fn closed() -> Gate {
        let mut gate = gate();
        for _ in 0..5 {
            assert_eq!(gate.enter(false, at(0)), Ok(()));
            gate.leave(false, at(0));
        }
        gate
    }

    #[test]
    fn only_so_many_are_let_through_at_once() {
        let mut gate = gate();
        for _ in 0..32 {
            assert_eq!(gate.enter(false, at(0)), Ok(()));
        }
        let until = at(100);
        assert_eq!(gate.enter(false, at(0)), Err(Refused::Full { until }));
        gate.leave(true, at(0));
        assert_eq!(gate.enter(false, at(0)), Ok(()));
    }

    #[test]
    fn five_silences_in_a_row_close_it_and_an_answer_in_between_does_not() {
        let mut gate = gate();
        for answered in [false, false, false, false, true, false, false, false, false] {
            assert_eq!(gate.enter(false, at(0)), Ok(()));
            gate.leave(answered, at(0));
        }
        assert!(!gate.is_closed());
        let mut gate = closed();
        assert!(gate.is_closed());
        let until = at(15_000);
        assert_eq!(
            gate.enter(false, at(14_999)),
            Err(Refused::Closed { until })
        );
    }

    #[test]
    fn one_trial_decides_whether_it_opens_again() {
        for (answered, then) in [(true, Ok(())), (false, Err(at(30_000)))] {
            let mut gate = closed();
            assert_eq!(gate.enter(true, at(15_000)), Ok(()));
            let second = gate.enter(false, at(15_000)).map_err(Refused::until);
            assert_eq!(second, Err(at(15_100)), "one at a time");
            gate.leave(answered, at(15_000));
            assert_eq!(gate.enter(false, at(15_001)).map_err(Refused::until), then);
        }
    }

    #[test]
    fn repeats_are_a_tenth_of_first_calls_and_a_trickle() {
        let mut gate = gate();
        let mut through = |is_repeat, now| {
            let entered = gate.enter(is_repeat, now);
            if entered.is_ok() {
                gate.leave(true, now);
            }
            entered
        };
        for _ in 0..20 {
            assert_eq!(through(true, at(0)), Ok(()), "what was saved up");
        }
        let spent = Err(Refused::BudgetSpent { until: at(1_000) });
        assert_eq!(through(true, at(0)), spent);
        for _ in 0..10 {
            assert_eq!(
                through(false, at(1)),
                Ok(()),
                "first calls are never refused"
            );
        }
        assert_eq!(through(true, at(1)), Ok(()));
        assert_eq!(through(true, at(1)), spent);
        assert_eq!(through(true, at(1_000)), Ok(()), "the trickle");
        assert_eq!(
            through(true, at(1_000)),
            Err(Refused::BudgetSpent { until: at(2_000) })
        );
    }

    proptest! {
        /// Whatever happens, never more than the bound are on their way, repeats stay within
        /// their budget, and whoever is refused is told a later time.
        #[test]
        fn bounds_hold(steps in proptest::collection::vec((0_i64..400, 0_u8..4), 1..400)) {
            let terms = GateTerms { in_flight_max: 3, ..GateTerms::default() };
            let mut gate = Gate::new(terms, at(0));
            let (mut now, mut on_way, mut first, mut repeats) = (at(0), 0_u32, 0_i64, 0_i64);
            for (pause, kind) in steps {
                now = now.plus(Duration::from_millis(pause));
                match kind {
                    0 | 1 => match gate.enter(kind == 1, now) {
                        Ok(()) => {
                            on_way += 1;
                            if kind == 1 { repeats += 1 } else { first += 1 }
                        }
                        Err(refused) => prop_assert!(refused.until() > now),
                    },
                    _ if on_way > 0 => {
                        gate.leave(kind == 2, now);
                        on_way -= 1;
                    }
                    _ => {}
                }
                prop_assert!(on_way <= 3);
                prop_assert_eq!(gate.in_flight(), on_way);
                // Trials are repeats that cost nothing: one for each time that the gate was shut.
                let shut = now.micros() / terms.closed_for.micros();
                let seconds = now.micros() / 1_000_000;
                prop_assert!(repeats <= 20 + first / 10 + seconds + shut + 1);
            }
        }
    }
}
