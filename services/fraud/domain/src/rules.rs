//! The rules: each looks at one customer at one time and gives points, or nothing.
//!
//! Duty: small pure functions, each with an id that never changes its meaning, and the sum that
//! the points add up to. Prohibition: no rule reads another's points. All rules of one kind
//! together stay below the restricting threshold, so that stakes are only restricted
//! automatically when two kinds of signal agree.

use crate::customer::{Customer, MONEY_HOURS, hour_number};
use crate::event::Reason;
use kernel::{Currency, Duration, Money, Timestamp};
use std::fmt;
use std::str::FromStr;

/// Raised whenever a rule, a threshold or a weight changes.
pub const RULES_VERSION: u32 = 2;
/// A score that reaches this opens a case.
pub const CASE_FROM_PERMILLE: u16 = 500;
/// A score that reaches this restricts stakes as well.
pub const RESTRICT_FROM_PERMILLE: u16 = 800;
/// What a customer may then still stake, as a share of the ordinary stake limit.
pub const RESTRICTED_STAKE_PERMILLE: u16 = 200;
/// No restriction.
pub const WHOLE_STAKE_PERMILLE: u16 = 1_000;
/// No score is above this.
const SCORE_MAX_PERMILLE: u16 = 1_000;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// A rule by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum RuleId { $($(#[$doc])* $name,)* }

        impl RuleId {
            /// All rules that ever were.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name in events.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        impl FromStr for RuleId {
            type Err = UnknownRule;

            fn from_str(text: &str) -> Result<Self, UnknownRule> {
                match text {
                    $($text => Ok(Self::$name),)*
                    other => Err(UnknownRule(other.to_owned())),
                }
            }
        }
    };
}

rules! {
    /// More bets in ten seconds than people place.
    BetVelocity10s = "bet-velocity-10s";
    /// More bets in a minute than people place.
    BetVelocity1m = "bet-velocity-1m";
    /// More bets in an hour than people place.
    BetVelocity1h = "bet-velocity-1h";
    /// Several deposits in ten seconds.
    DepositVelocity10s = "deposit-velocity-10s";
    /// Several deposits in a minute.
    DepositVelocity1m = "deposit-velocity-1m";
    /// Many deposits in an hour.
    DepositVelocity1h = "deposit-velocity-1h";
    /// Failed sign-ins in ten seconds: somebody guesses.
    SignInFailures10s = "sign-in-failures-10s";
    /// Failed sign-ins in a minute.
    SignInFailures1m = "sign-in-failures-1m";
    /// Failed sign-ins in an hour.
    SignInFailures1h = "sign-in-failures-1h";
    /// The same slip again within seconds.
    IdenticalBets = "identical-bets";
    /// Prices that shorten just after the customer took them, again and again.
    PriceTaking = "price-taking";
    /// Money that comes in and goes out without having been played.
    WithdrawalWithoutPlay = "withdrawal-without-play";
    /// Deposits that stay just below the threshold, again and again within a day.
    Structuring24h = "structuring-24h";
    /// Deposits that stay just below the threshold, again and again within a week.
    Structuring7d = "structuring-7d";
}

/// A text that names no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a rule")]
pub struct UnknownRule(String);

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a score reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Ordinary,
    NeedsAnalyst,
    NeedsRestriction,
}

pub(crate) const fn severity(score_permille: u16) -> Severity {
    if score_permille >= RESTRICT_FROM_PERMILLE {
        Severity::NeedsRestriction
    } else if score_permille >= CASE_FROM_PERMILLE {
        Severity::NeedsAnalyst
    } else {
        Severity::Ordinary
    }
}

/// All that speaks against a customer now. The points add up to the score: what would go beyond
/// the highest score is taken off the last rules.
pub(crate) fn reasons(customer: &Customer, at: Timestamp) -> Vec<Reason> {
    let found = BET_VELOCITY
        .iter()
        .filter_map(|rule| velocity(rule, customer.bets.iter().map(|bet| bet.at), at))
        .chain(
            DEPOSIT_VELOCITY
                .iter()
                .filter_map(|rule| velocity(rule, customer.deposits.iter().copied(), at)),
        )
        .chain(
            SIGN_IN_FAILURES
                .iter()
                .filter_map(|rule| velocity(rule, customer.failed_sign_ins.iter().copied(), at)),
        )
        .chain(identical_bets(customer, at))
        .chain(price_taking(customer, at))
        .chain(withdrawal_without_play(customer, at))
        .chain(structuring(customer, at));
    let mut left = SCORE_MAX_PERMILLE;
    let mut reasons = Vec::new();
    for mut reason in found {
        reason.points = reason.points.min(left);
        left = left.saturating_sub(reason.points);
        if reason.points > 0 {
            reasons.push(reason);
        }
    }
    reasons
}

/// So many of one act in one window are usual; more give points.
struct Velocity {
    rule: RuleId,
    window: Duration,
    usual: u16,
    acts: &'static str,
    /// For the first act beyond the usual.
    points_first: u16,
    /// For each further one.
    points_each: u16,
    points_max: u16,
}

const TEN_SECONDS: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

const fn bet_velocity(rule: RuleId, window: Duration, usual: u16) -> Velocity {
    Velocity {
        rule,
        window,
        usual,
        acts: "bets",
        points_first: 100,
        points_each: 20,
        points_max: 200,
    }
}

const fn deposit_velocity(rule: RuleId, window: Duration, usual: u16) -> Velocity {
    Velocity {
        rule,
        window,
        usual,
        acts: "deposits",
        points_first: 100,
        points_each: 50,
        points_max: 200,
    }
}

const fn sign_in_failures(rule: RuleId, window: Duration, usual: u16) -> Velocity {
    Velocity {
        rule,
        window,
        usual,
        acts: "failed sign-ins",
        points_first: 100,
        points_each: 50,
        points_max: 200,
    }
}

const BET_VELOCITY: [Velocity; 3] = [
    bet_velocity(RuleId::BetVelocity10s, TEN_SECONDS, 5),
    bet_velocity(RuleId::BetVelocity1m, MINUTE, 15),
    bet_velocity(RuleId::BetVelocity1h, HOUR, 50),
];
const DEPOSIT_VELOCITY: [Velocity; 3] = [
    deposit_velocity(RuleId::DepositVelocity10s, TEN_SECONDS, 2),
    deposit_velocity(RuleId::DepositVelocity1m, MINUTE, 3),
    deposit_velocity(RuleId::DepositVelocity1h, HOUR, 8),
];
const SIGN_IN_FAILURES: [Velocity; 3] = [
    sign_in_failures(RuleId::SignInFailures10s, TEN_SECONDS, 3),
    sign_in_failures(RuleId::SignInFailures1m, MINUTE, 5),
    sign_in_failures(RuleId::SignInFailures1h, HOUR, 10),
];

/// Whether an act lies in the window that ends at `at`; its older edge is outside.
fn in_window(act: Timestamp, at: Timestamp, window: Duration) -> bool {
    act > at.minus(window) && act <= at
}

fn count(acts: impl Iterator<Item = bool>) -> u16 {
    acts.filter(|counts| *counts)
        .fold(0_u16, |sum, _| sum.saturating_add(1))
}

fn velocity(
    rule: &Velocity,
    acts: impl Iterator<Item = Timestamp>,
    at: Timestamp,
) -> Option<Reason> {
    let seen = count(acts.map(|act| in_window(act, at, rule.window)));
    let beyond = seen.checked_sub(rule.usual).filter(|beyond| *beyond > 0)?;
    let further = rule.points_each.saturating_mul(beyond.saturating_sub(1));
    Some(Reason {
        rule: rule.rule,
        points: rule
            .points_first
            .saturating_add(further)
            .min(rule.points_max),
        evidence: format!("{seen} {}, {} are usual", rule.acts, rule.usual),
    })
}

const IDENTICAL_WINDOW: Duration = Duration::from_secs(10);
const IDENTICAL_POINTS_EACH: u16 = 100;
const IDENTICAL_POINTS_MAX: u16 = 400;

/// The newest slip's repeats within seconds.
fn identical_bets(customer: &Customer, at: Timestamp) -> Option<Reason> {
    let newest = customer.bets.back()?;
    let same = count(customer.bets.iter().map(|bet| {
        bet.slip_digest == newest.slip_digest && in_window(bet.at, at, IDENTICAL_WINDOW)
    }));
    let repeats = same.checked_sub(1).filter(|repeats| *repeats > 0)?;
    Some(Reason {
        rule: RuleId::IdenticalBets,
        points: IDENTICAL_POINTS_EACH
            .saturating_mul(repeats)
            .min(IDENTICAL_POINTS_MAX),
        evidence: format!("the same slip {same} times"),
    })
}

const MOVES_FROM: u16 = 3;
const MOVES_POINTS_FIRST: u16 = 200;
const MOVES_POINTS_EACH: u16 = 100;
const MOVES_POINTS_MAX: u16 = 600;

/// Bets just before a shortening. Chance does that to everybody now and then: it takes several,
/// and at least half of the customer's bets of the hour.
fn price_taking(customer: &Customer, at: Timestamp) -> Option<Reason> {
    let recent = |bet: Timestamp| in_window(bet, at, HOUR);
    let bets = count(customer.bets.iter().map(|bet| recent(bet.at)));
    let before = count(
        customer
            .bets
            .iter()
            .map(|bet| bet.before_move && recent(bet.at)),
    );
    let beyond = before.checked_sub(MOVES_FROM)?;
    if before.saturating_mul(2) < bets {
        return None;
    }
    Some(Reason {
        rule: RuleId::PriceTaking,
        points: MOVES_POINTS_FIRST
            .saturating_add(MOVES_POINTS_EACH.saturating_mul(beyond))
            .min(MOVES_POINTS_MAX),
        evidence: format!("{before} of {bets} bets just before their price shortened"),
    })
}

const UNPLAYED_POINTS_MAX: i128 = 500;

/// The share of three days' deposits that goes out again unplayed, in the currency in which
/// that share is highest.
fn withdrawal_without_play(customer: &Customer, at: Timestamp) -> Option<Reason> {
    Currency::ALL
        .iter()
        .filter_map(|currency| unplayed(customer, at, *currency))
        .max_by_key(|reason| reason.points)
}

fn unplayed(customer: &Customer, at: Timestamp, currency: Currency) -> Option<Reason> {
    let now = hour_number(at);
    let first = now.saturating_sub(MONEY_HOURS);
    let (mut paid_in, mut played, mut paid_out) = (0_i64, 0_i64, 0_i64);
    for hour in customer
        .money
        .iter()
        .filter(|hour| hour.currency == currency && hour.hour > first && hour.hour <= now)
    {
        paid_in = paid_in.saturating_add(hour.paid_in_minor);
        played = played.saturating_add(hour.played_minor);
        paid_out = paid_out.saturating_add(hour.paid_out_minor);
    }
    let unplayed = paid_in.saturating_sub(played.max(0));
    let taken = i128::from(paid_out.min(unplayed).max(0));
    let points = taken
        .checked_mul(UNPLAYED_POINTS_MAX)?
        .checked_div(i128::from(paid_in))?;
    let points = u16::try_from(points).ok().filter(|points| *points > 0)?;
    Some(Reason {
        rule: RuleId::WithdrawalWithoutPlay,
        points,
        evidence: format!("{paid_in} {currency} minor units in, {played} played, {paid_out} out"),
    })
}

/// Above it the house asks where money comes from, in minor units.
const fn threshold_minor(currency: Currency) -> i64 {
    match currency {
        Currency::Eur | Currency::Gbp | Currency::Usd => 200_000,
        Currency::Jpy => 300_000,
        Currency::Kwd => 600_000,
    }
}

/// How near to the threshold a deposit must come to count, in thousandths of it.
const NEAR_PERMILLE: i64 = 800;

/// Whether a deposit stays just below the threshold.
pub(crate) fn is_just_below_threshold(amount: Money) -> bool {
    let threshold = threshold_minor(amount.currency());
    let near = threshold.saturating_mul(NEAR_PERMILLE);
    amount.minor() < threshold && amount.minor().saturating_mul(1_000) >= near
}

/// So many in a window are no accident: it opens a case by itself.
struct Structuring {
    rule: RuleId,
    window: Duration,
    words: &'static str,
    from: u16,
}

const STRUCTURING: [Structuring; 2] = [
    Structuring {
        rule: RuleId::Structuring24h,
        window: Duration::from_secs(24 * 3_600),
        words: "a day",
        from: 3,
    },
    Structuring {
        rule: RuleId::Structuring7d,
        window: Duration::from_secs(7 * 24 * 3_600),
        words: "a week",
        from: 5,
    },
];

/// The tighter window tells; both together would restrict on one kind of signal.
fn structuring(customer: &Customer, at: Timestamp) -> Option<Reason> {
    STRUCTURING.iter().find_map(|rule| {
        let of = |currency: &Currency| {
            count(
                customer
                    .below_threshold
                    .iter()
                    .map(|seen| seen.currency == *currency && in_window(seen.at, at, rule.window)),
            )
        };
        let seen = Currency::ALL.iter().map(of).max()?;
        (seen >= rule.from).then(|| Reason {
            rule: rule.rule,
            points: CASE_FROM_PERMILLE,
            evidence: format!(
                "{seen} deposits within {} just below the threshold, {} are told",
                rule.words, rule.from
            ),
        })
    })
}
