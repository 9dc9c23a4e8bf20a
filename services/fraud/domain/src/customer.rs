//! What is remembered of one customer.
//!
//! Duty: rings of recent acts, hourly sums of money, the last score, the case and the
//! restriction in force. Prohibition: no rule is judged here, and nothing grows without bound
//! but the list of closed cases, which grows at an analyst's pace.

use crate::event::{BetTaken, Fact};
use crate::rules::{self, RuleId, WHOLE_STAKE_PERMILLE};
use kernel::{BetId, CaseId, Currency, Digest, Duration, Money, Timestamp};
use std::collections::{BTreeSet, VecDeque};

/// The longest window over acts.
const ACTS_KEPT: Duration = Duration::from_secs(3_600);
/// Above every rule's threshold; a customer beyond it counts as exactly there.
const ACTS_MAX: usize = 64;
/// The window over money, in hours.
pub(crate) const MONEY_HOURS: i64 = 72;
/// More hours than the window has, for two currencies.
const MONEY_HOURS_MAX: usize = 150;
const MICROS_OF_HOUR: i64 = 3_600_000_000;
/// The window over deposits just below the threshold.
pub(crate) const STRUCTURING_KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);
/// After so long a silence nothing of a customer's behaviour is in any window.
pub(crate) const SILENCE_FORGETS: Duration = Duration::from_secs((7 * 24 + 1) * 3_600);

/// A recent bet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BetSeen {
    /// When it was placed.
    pub at: Timestamp,
    /// The bet.
    pub bet: BetId,
    /// Equal for identical slips.
    pub slip_digest: Digest,
    /// Whether a price of it shortened just afterwards.
    pub before_move: bool,
}

/// Money of one clock hour in one currency, in minor units, saturating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourOfMoney {
    /// Hours since 1970.
    pub hour: i64,
    /// The currency.
    pub currency: Currency,
    /// Paid in.
    pub paid_in_minor: i64,
    /// Staked, less stakes that came back unplayed.
    pub played_minor: i64,
    /// Paid out.
    pub paid_out_minor: i64,
}

/// A deposit that stayed just below the threshold above which the house asks where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BelowThreshold {
    /// When it was confirmed.
    pub at: Timestamp,
    /// In which currency.
    pub currency: Currency,
}

/// One customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// When anything was last observed.
    pub last_seen: Timestamp,
    /// Bets of the last hour, the newest last.
    pub bets: VecDeque<BetSeen>,
    /// Deposits of the last hour.
    pub deposits: VecDeque<Timestamp>,
    /// Failed sign-ins of the last hour.
    pub failed_sign_ins: VecDeque<Timestamp>,
    /// Money by the hour.
    pub money: VecDeque<HourOfMoney>,
    /// Deposits of the last week that stayed just below the threshold of their currency.
    pub below_threshold: VecDeque<BelowThreshold>,
    /// What the last recorded score is made of.
    pub contributions: Vec<(RuleId, u16)>,
    /// The case that waits for an analyst.
    pub open_case: Option<CaseId>,
    /// Cases that are done with.
    pub closed_cases: BTreeSet<CaseId>,
    /// The share of the ordinary stake limit in force.
    pub stake_permille: u16,
    /// The case whose score set the restriction in force.
    pub restricted_in: Option<CaseId>,
}

impl Default for Customer {
    fn default() -> Self {
        Self {
            last_seen: Timestamp::default(),
            bets: VecDeque::new(),
            deposits: VecDeque::new(),
            failed_sign_ins: VecDeque::new(),
            money: VecDeque::new(),
            below_threshold: VecDeque::new(),
            contributions: Vec::new(),
            open_case: None,
            closed_cases: BTreeSet::new(),
            stake_permille: WHOLE_STAKE_PERMILLE,
            restricted_in: None,
        }
    }
}

impl Customer {
    /// The last recorded score.
    #[must_use]
    pub fn score_permille(&self) -> u16 {
        self.contributions
            .iter()
            .fold(0, |sum, (_, points)| sum.saturating_add(*points))
    }

    /// Whether nothing would be lost if this customer, long silent, were dropped.
    pub(crate) fn is_forgettable(&self) -> bool {
        self.open_case.is_none()
            && self.closed_cases.is_empty()
            && self.stake_permille == WHOLE_STAKE_PERMILLE
    }

    pub(crate) fn observe(&mut self, at: Timestamp, fact: &Fact) {
        if at.since(self.last_seen) > SILENCE_FORGETS {
            self.forget_behaviour();
        }
        self.last_seen = self.last_seen.max(at);
        match fact {
            Fact::BetTaken(taken) => self.observe_bet(at, taken),
            Fact::BetReturned { bet: _, returned } => {
                let hour = self.hour_of(at, *returned);
                hour.played_minor = hour.played_minor.saturating_sub(returned.minor());
            }
            Fact::PaidIn { amount } => {
                push(&mut self.deposits, at, |deposit| *deposit, at);
                if rules::is_just_below_threshold(*amount) {
                    let seen = BelowThreshold {
                        at,
                        currency: amount.currency(),
                    };
                    let ring = &mut self.below_threshold;
                    push_kept(ring, at, STRUCTURING_KEPT, |seen| seen.at, seen);
                }
                let hour = self.hour_of(at, *amount);
                hour.paid_in_minor = hour.paid_in_minor.saturating_add(amount.minor());
            }
            Fact::PaidOut { amount } => {
                let hour = self.hour_of(at, *amount);
                hour.paid_out_minor = hour.paid_out_minor.saturating_add(amount.minor());
            }
            Fact::SignInFailed => push(&mut self.failed_sign_ins, at, |failure| *failure, at),
        }
    }

    fn observe_bet(&mut self, at: Timestamp, taken: &BetTaken) {
        let seen = BetSeen {
            at,
            bet: taken.bet,
            slip_digest: taken.slip_digest,
            before_move: false,
        };
        push(&mut self.bets, at, |bet| bet.at, seen);
        let hour = self.hour_of(at, taken.stake);
        hour.played_minor = hour.played_minor.saturating_add(taken.stake.minor());
    }

    /// Notes that a price of this bet shortened just after it was taken.
    pub(crate) fn mark_before_move(&mut self, bet: BetId) {
        for seen in self.bets.iter_mut().filter(|seen| seen.bet == bet) {
            seen.before_move = true;
        }
    }

    /// Whether this bet is still remembered and has not been caught by a move yet.
    pub(crate) fn can_be_marked(&self, bet: BetId) -> bool {
        self.bets
            .iter()
            .any(|seen| seen.bet == bet && !seen.before_move)
    }

    fn forget_behaviour(&mut self) {
        self.bets.clear();
        self.deposits.clear();
        self.failed_sign_ins.clear();
        self.money.clear();
        self.below_threshold.clear();
        self.contributions.clear();
    }

    fn hour_of(&mut self, at: Timestamp, amount: Money) -> &mut HourOfMoney {
        let (hour, currency) = (hour_number(at), amount.currency());
        let known = self
            .money
            .iter()
            .position(|old| old.hour == hour && old.currency == currency);
        let index = known.unwrap_or_else(|| {
            let first = hour.saturating_sub(MONEY_HOURS);
            self.money.retain(|old| old.hour >= first);
            if self.money.len() >= MONEY_HOURS_MAX {
                self.money.pop_front();
            }
            self.money.push_back(HourOfMoney {
                hour,
                currency,
                paid_in_minor: 0,
                played_minor: 0,
                paid_out_minor: 0,
            });
            self.money.len().saturating_sub(1)
        });
        #[expect(clippy::indexing_slicing, reason = "the index was found or just made")]
        &mut self.money[index]
    }
}

/// Hours since 1970 at that time.
pub(crate) fn hour_number(at: Timestamp) -> i64 {
    at.micros().checked_div_euclid(MICROS_OF_HOUR).unwrap_or(0)
}

/// Adds to a ring what happened at `at`, and drops what no window reaches any more.
fn push<T>(ring: &mut VecDeque<T>, at: Timestamp, when: impl Fn(&T) -> Timestamp, act: T) {
    push_kept(ring, at, ACTS_KEPT, when, act);
}

fn push_kept<T>(
    ring: &mut VecDeque<T>,
    at: Timestamp,
    kept: Duration,
    when: impl Fn(&T) -> Timestamp,
    act: T,
) {
    let horizon = at.minus(kept);
    while ring.front().is_some_and(|old| when(old) < horizon) {
        ring.pop_front();
    }
    if ring.len() >= ACTS_MAX {
        ring.pop_front();
    }
    ring.push_back(act);
}
