//! How things look in JSON.
//!
//! Duty: one form for each thing, wherever it is shown: amounts and prices as decimal strings,
//! times in RFC 3339, names in lower case with underscores. Prohibition: nothing here asks
//! anybody; what is shown is handed in.

use kernel::{Money, Timestamp};
use markets::{Fixture, Market, MarketStatus, MarketView};
use schemas::auth::{ExclusionKind, LimitKind, Role};
use schemas::bets::{BetType, OwnLimit, PricePolicy, ReferralWord, SlipOutcome};
use schemas::fraud::Verdict;
use schemas::ledger::{AccountKind, TransferCode};
use schemas::odds::{FixtureStatus, MarketKind, OutcomeKind, RaceDescribed};
use schemas::rows::{AdjustmentStatus, BetStatus, PaymentStatus, ReviewStatus};
use serde_json::{Value, json};

/// An instant, or null beyond what a calendar can write.
pub(crate) fn time(at: Timestamp) -> Value {
    jiff::Timestamp::from_microsecond(at.micros())
        .map_or(Value::Null, |at| Value::String(at.to_string()))
}

/// An amount with its currency.
pub(crate) fn money(money: Money) -> Value {
    json!({"amount": money.to_string(), "currency": money.currency().code()})
}

/// Names of closed lists, both ways.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        impl Named for $type {
            const ALL: &'static [Self] = &[$(Self::$variant,)*];

            fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

/// A member of a closed list that has a name outside.
pub(crate) trait Named: Sized + Copy + 'static {
    /// The whole list.
    const ALL: &'static [Self];

    /// The name.
    fn name(self) -> &'static str;

    /// The member of that name; the error names them all.
    fn named(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|member| member.name() == text);
        found.copied().ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|member| member.name()).collect();
            format!("{text:?} is not one of {}", names.join(", "))
        })
    }
}

names!(FixtureStatus { Scheduled = "scheduled", InPlay = "in_play", Finished = "finished", Cancelled = "cancelled" });
names!(MarketStatus { Open = "open", Suspended = "suspended", Closed = "closed", Settled = "settled" });
names!(BetStatus { Pending = "pending", Accepted = "accepted", Rejected = "rejected", Settled = "settled", CashedOut = "cashed_out" });
names!(PaymentStatus { Pending = "pending", Confirmed = "confirmed", Failed = "failed" });
names!(BetType {
    Single = "single",
    Double = "double",
    Treble = "treble",
    Accumulator = "accumulator",
    Trixie = "trixie",
    Patent = "patent",
    Yankee = "yankee",
    Lucky15 = "lucky15",
    Canadian = "canadian",
    Lucky31 = "lucky31",
    Heinz = "heinz",
    Lucky63 = "lucky63",
    SuperHeinz = "super-heinz",
    Lucky127 = "lucky127",
    Goliath = "goliath",
    Lucky255 = "lucky255",
    Block = "block",
    Lucky511 = "lucky511",
    System = "system",
});
names!(PricePolicy { Exact = "exact", Better = "better", Any = "any" });
names!(ReferralWord { Accepted = "accepted", Declined = "declined", Offered = "offered" });
names!(SlipOutcome { Won = "won", Lost = "lost", Void = "void", PartlyWon = "partly_won", PartlyLost = "partly_lost" });
names!(OutcomeKind { Won = "won", Lost = "lost", Void = "void", HalfWon = "half_won", HalfLost = "half_lost", DeadHeat = "dead_heat" });
names!(LimitKind { DepositDay = "deposit_day", DepositWeek = "deposit_week", DepositMonth = "deposit_month", StakeSlip = "stake_slip", StakeDay = "stake_day", StakeWeek = "stake_week", StakeMonth = "stake_month", LossDay = "loss_day", LossWeek = "loss_week", LossMonth = "loss_month" });
names!(OwnLimit { StakeSlip = "stake_slip", StakeDay = "stake_day", StakeWeek = "stake_week", StakeMonth = "stake_month", LossDay = "loss_day", LossWeek = "loss_week", LossMonth = "loss_month" });
names!(ExclusionKind { TimeOut = "time_out", SelfExclusion = "self_exclusion" });
names!(Role { Customer = "customer", Trader = "trader", Operator = "operator", Auditor = "auditor", Compliance = "compliance" });
names!(Verdict { Cleared = "cleared", Confirmed = "confirmed" });
names!(AccountKind { Cash = "cash", Bonus = "bonus", Receivable = "receivable", Book = "book", Provider = "provider", Suspense = "suspense", Promotions = "promotions", Adjustments = "adjustments" });
names!(AdjustmentStatus { Proposed = "proposed", Approved = "approved", Declined = "declined", Booked = "booked", Refused = "refused" });
names!(ReviewStatus { Waiting = "waiting", Approved = "approved", Declined = "declined" });
names!(TransferCode {
    Stake = "stake", StakeReturned = "stake_returned", Winnings = "winnings",
    SettlementReversed = "settlement_reversed", Deposit = "deposit", Withdrawal = "withdrawal",
    DebtRepaid = "debt_repaid", Adjustment = "adjustment", Benchmark = "benchmark",
    CashOut = "cash_out",
    BonusGranted = "bonus_granted", BonusConverted = "bonus_converted", BonusLapsed = "bonus_lapsed", PromotionSettled = "promotion_settled",
});

/// A fixture with its markets in short.
pub(crate) fn fixture(fixture: &Fixture, view: &MarketView) -> Value {
    let markets: Vec<Value> = fixture
        .markets
        .iter()
        .filter_map(|id| view.market(*id))
        .map(|market| {
            json!({"id": market.id.to_string(), "name": market.name, "status": market.status.name()})
        })
        .collect();
    let score = fixture
        .score
        .as_ref()
        .map(|score| json!({"home": score.home, "away": score.away}));
    json!({
        "id": fixture.id.to_string(),
        "name": fixture.name,
        "sport": fixture.sport,
        "status": fixture.status.name(),
        "start": time(fixture.starts_at),
        "score": score,
        "minute": fixture.minute,
        "markets": markets,
    })
}

/// A market with its prices.
pub(crate) fn market(market: &Market) -> Value {
    let selections: Vec<Value> = market
        .selections
        .iter()
        .map(|selection| {
            let mut shown = json!({
                "id": selection.id.to_string(),
                "name": selection.name,
                "price": selection.price.map(|price| price.to_string()),
            });
            let decided = market.outcomes.iter().find(|o| o.selection == selection.id);
            if let (Some(decided), Some(object)) = (decided, shown.as_object_mut()) {
                let outcome = decided.outcome.kind.name();
                object.insert("outcome".to_owned(), json!(outcome));
            }
            shown
        })
        .collect();
    let withdrawals: Vec<Value> = market
        .withdrawals
        .iter()
        .map(|gone| {
            json!({
                "selection_id": gone.selection.to_string(),
                "withdrawn_at": time(gone.withdrawn_at),
                "price": gone.price.map(|price| price.to_string()),
                "market_version": gone.version,
            })
        })
        .collect();
    json!({
        "id": market.id.to_string(),
        "fixture_id": market.fixture.to_string(),
        "name": market.name,
        "kind": kind(&market.kind),
        "race": market.race.as_ref().map(race),
        "withdrawals": withdrawals,
        "status": market.status.name(),
        "version": market.version,
        "in_play": market.in_play,
        "bet_delay_ms": market.bet_delay.millis(),
        "published_at": (market.published_at != Timestamp::MIN).then(|| time(market.published_at)),
        "selections": selections,
    })
}

/// What a market asks.
fn kind(kind: &MarketKind) -> Value {
    let line = |quarters: i32| {
        let sign = if quarters < 0 { "-" } else { "" };
        let size = quarters.unsigned_abs();
        let hundredths = size.checked_rem(4).unwrap_or(0).saturating_mul(25);
        format!("{sign}{}.{hundredths:02}", size.checked_div(4).unwrap_or(0))
    };
    match kind {
        MarketKind::MatchResult(_) => json!({"name": "match_result"}),
        MarketKind::TotalGoals(total) => {
            json!({"name": "total_goals", "line": line(total.line_quarters)})
        }
        MarketKind::AsianHandicap(handicap) => {
            json!({"name": "asian_handicap", "line": line(handicap.line_quarters)})
        }
        MarketKind::Winner(_) => json!({"name": "winner"}),
        MarketKind::BothToScore(_) => json!({"name": "both_to_score"}),
        MarketKind::CorrectScore(scores) => {
            json!({"name": "correct_score", "up_to": scores.up_to})
        }
        MarketKind::EuropeanHandicap(handicap) => {
            json!({"name": "european_handicap", "goals": handicap.goals})
        }
    }
}

/// What is known of a race.
fn race(race: &RaceDescribed) -> Value {
    let placings: Vec<Value> = race
        .placings
        .iter()
        .map(|at| {
            json!({"selection_id": at.selection.to_string(), "place": at.place, "tied": at.tied})
        })
        .collect();
    let starting_prices: Vec<Value> = race
        .starting_prices
        .iter()
        .map(|told| {
            let price = told.price.map(|price| price.to_string());
            json!({"selection_id": told.selection.to_string(), "price": price})
        })
        .collect();
    json!({
        "handicap": race.handicap,
        "fixed_places": race.fixed.as_ref().map(|fixed| json!({
            "places": fixed.places,
            "fraction": format!("{}/{}", fixed.numerator, fixed.denominator),
        })),
        "placings": placings,
        "starting_prices": starting_prices,
    })
}
