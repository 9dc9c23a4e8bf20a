//! The questions, as they are written.

use serde::Deserialize;

/// Their names.
pub(super) const NAMES: &[&str] = &[
    "devig",
    "margin",
    "ladder",
    "exposures",
    "shade",
    "quote",
    "reprice",
    "goals",
    "goal_market",
    "fit",
];

/// What can be asked, told by its field `ask`.
#[derive(Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(super) enum Question {
    Devig(Devig),
    Margin(Margin),
    Ladder(OnLadder),
    Exposures(Exposures),
    Shade(Shade),
    Quote(Quote),
    Reprice(Reprice),
    Goals(Goals),
    GoalMarket(GoalMarket),
    Fit(FitResults),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Devig {
    pub method: String,
    pub prices: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Margin {
    pub method: String,
    pub probabilities: Vec<f64>,
    pub booksum: f64,
    pub ladder: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OnLadder {
    pub ladder: String,
    pub price: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exposures {
    pub stakes_minor: Vec<i64>,
    pub returns_minor: Vec<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub kappa_permille: u32,
    pub limit_minor: i64,
    pub clamp_ppm: u32,
    pub booksum_least_ppm: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shade {
    pub fair_parts: Vec<u64>,
    pub exposures_minor: Vec<i64>,
    pub rule: Rule,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Quote {
    pub parts: Vec<u64>,
    pub booksum_ppm: u32,
    pub ladder: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reprice {
    pub prices: Vec<String>,
    pub exposures_minor: Vec<i64>,
    pub rule: Rule,
    pub ladder: String,
}

/// Two rates, or a total and a supremacy; dependence by `rho` or `shared`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    pub home: Option<f64>,
    pub away: Option<f64>,
    pub total: Option<f64>,
    pub supremacy: Option<f64>,
    pub rho: Option<f64>,
    pub shared: Option<f64>,
    pub minutes_left: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Goals {
    pub model: Model,
    pub score: Option<String>,
}

/// `line` of a total or an Asian handicap, `goals` of a European one, `up_to` of correct scores.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GoalMarket {
    pub model: Model,
    pub score: Option<String>,
    pub market: String,
    pub line: Option<String>,
    pub goals: Option<i32>,
    pub up_to: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FitResults {
    pub results: Vec<Played>,
    pub as_of: i64,
    pub xi: Option<f64>,
    pub ridge: Option<f64>,
    pub with_rho: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Played {
    pub day: i64,
    pub home: String,
    pub away: String,
    pub score: String,
}
