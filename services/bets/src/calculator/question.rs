//! The questions, as they are written.

use serde::Deserialize;

/// What can be asked, told by its field `ask`.
#[derive(Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(super) enum Question {
    Settle(Settle),
    FreeBet(FreeBet),
    CashOut(CashOut),
    CashOutParts(CashOutParts),
    Lines(Lines),
    Odds(Odds),
    Deduction(Deduction),
    EachWayTerms(EachWayTerms),
    Line(Line),
    Placing(Placing),
    VoidFactor(VoidFactor),
    Split(Split),
    Acceptance(Acceptance),
    StakeLimit(StakeLimit),
    Window(Window),
    BonusMoney(BonusMoney),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settle {
    pub r#type: String,
    pub sizes: Option<String>,
    #[serde(default)]
    pub each_way: bool,
    pub unit_stake_minor: i64,
    pub currency: Option<String>,
    pub rules: Option<u32>,
    pub legs: Vec<Leg>,
}

/// A leg's result is told, or follows from a race or a score.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Leg {
    pub price: String,
    pub result: Option<String>,
    pub place: Option<PlacePart>,
    pub race: Option<Race>,
    pub line: Option<Line>,
    #[serde(default)]
    pub starting_price: bool,
    pub deduction: Option<u8>,
    pub struck_at: Option<u64>,
    #[serde(default)]
    pub withdrawals: Vec<Withdrawal>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlacePart {
    pub result: String,
    pub fraction: String,
}

/// `place` is none for a runner that was not placed, `ran` false for one that did not run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Race {
    pub runners: u16,
    #[serde(default)]
    pub handicap: bool,
    pub place: Option<u16>,
    pub tied: Option<u16>,
    pub ran: Option<bool>,
    pub fixed_places: Option<u16>,
    pub fixed_fraction: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Withdrawal {
    pub at: u64,
    pub price: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FreeBet {
    pub token_minor: i64,
    pub slip: Settle,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CashOut {
    pub stake_minor: i64,
    pub currency: Option<String>,
    pub margin: Option<String>,
    pub fraction: Option<String>,
    pub legs: Vec<OpenLeg>,
}

/// Decided (`result`), open (`live`: the fair price now) or open with `chances`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenLeg {
    pub struck: String,
    pub result: Option<String>,
    pub live: Option<String>,
    /// The whole book in which `live` stands, itself included; without it, `live` is fair.
    #[serde(default)]
    pub book: Vec<String>,
    pub chances: Option<Chances>,
}

/// Parts of a slip that are sold one after the other at the same prices, each a part of what is
/// left then; and the results by which the rest is settled.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CashOutParts {
    pub stake_minor: i64,
    pub currency: Option<String>,
    pub margin: Option<String>,
    pub legs: Vec<OpenLeg>,
    pub parts: Vec<String>,
    #[serde(default)]
    pub results: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chances {
    #[serde(default)]
    pub won: Option<String>,
    #[serde(default)]
    pub half_won: Option<String>,
    #[serde(default)]
    pub refunded: Option<String>,
    #[serde(default)]
    pub half_lost: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lines {
    pub r#type: String,
    pub legs: usize,
    pub sizes: Option<String>,
    #[serde(default)]
    pub each_way: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Odds {
    pub price: String,
    pub format: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deduction {
    pub rules: Option<u32>,
    pub struck_at: Option<u64>,
    pub withdrawals: Vec<Withdrawal>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EachWayTerms {
    pub runners: u16,
    #[serde(default)]
    pub handicap: bool,
    pub rules: Option<u32>,
}

/// `placed_at` is the score at which the bet was placed in play.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub side: String,
    pub line: String,
    pub score: String,
    pub placed_at: Option<String>,
    pub rules: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Placing {
    pub place: u16,
    pub tied: u16,
    pub places: u16,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VoidFactor {
    pub won: bool,
    pub factor: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Split {
    pub amount_minor: i64,
    pub weights: Vec<u64>,
}

/// What each leg was asked at, and what it stands at when it is judged; lines where they have one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Acceptance {
    pub policy: String,
    pub legs: Vec<AskedLeg>,
}

/// A grant and the slips that were staked with it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BonusMoney {
    pub amount_minor: i64,
    pub wagering_times: u16,
    pub converted_max_minor: Option<i64>,
    pub slips: Vec<BonusSlip>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedLeg {
    pub requested: String,
    pub current: String,
    pub requested_line: Option<String>,
    pub current_line: Option<String>,
}

/// The most that may be staked on a line, so that the slip wins no more than `winnings_max_minor`,
/// cut by the customer's factor and by the market's own maximum.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StakeLimit {
    pub price: String,
    pub winnings_max_minor: i64,
    pub customer_permille: Option<u16>,
    pub market_max_minor: Option<i64>,
}

/// Whether a bet struck `at` is in a cancellation's window; both bounds belong to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    pub at: i64,
    pub from: Option<i64>,
    pub until: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BonusSlip {
    pub bonus_minor: i64,
    #[serde(default)]
    pub cash_minor: i64,
    pub return_minor: i64,
    #[serde(default)]
    pub void: bool,
    #[serde(default)]
    pub reversed: bool,
}

/// A slip, and what happens to it.
#[derive(Debug, Deserialize)]
pub(super) struct Life {
    pub slip: LifeSlip,
    pub steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LifeSlip {
    pub r#type: String,
    pub sizes: Option<String>,
    pub unit_stake_minor: i64,
    #[serde(default = "exact")]
    pub policy: String,
    #[serde(default)]
    pub accepts_part: bool,
    pub legs: Vec<LifeLeg>,
}

fn exact() -> String {
    "exact".to_owned()
}

/// Legs of one fixture have its number; without it, each is of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LifeLeg {
    pub price: String,
    pub fixture: Option<u64>,
    pub in_play_delay_s: Option<i64>,
}

/// One thing that happens. Vectors have their answers beside it.
#[derive(Debug, Deserialize)]
pub(super) struct Step {
    pub at_s: i64,
    pub ask: LifeAsk,
}

/// Legs count from 1.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum LifeAsk {
    Place,
    Wait,
    AcceptReoffer,
    Quote,
    Sell {
        millionths: u32,
    },
    Suspend {
        leg: usize,
    },
    Resume {
        leg: usize,
    },
    Price {
        leg: usize,
        is: String,
    },
    Trader {
        says: String,
        unit_stake_minor: Option<i64>,
    },
    Result {
        leg: usize,
        is: String,
    },
    Rollback {
        leg: usize,
        result: u32,
    },
    Cancel {
        leg: usize,
        #[serde(default)]
        stretch: Stretch,
    },
    Restore {
        leg: usize,
        #[serde(default)]
        stretch: Stretch,
    },
}

/// Both bounds belong to it; without one, that side is open.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stretch {
    pub from_s: Option<i64>,
    pub until_s: Option<i64>,
}
