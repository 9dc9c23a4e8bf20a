//! What markets are called and what they ask.
//!
//! Duty: the feed itself names markets and outcomes by numbers; this gives them words and one of our
//! kinds. The few that are built in are enough for a match; the rest of the feed's list, which only
//! its interface gives, can be added. Prohibition: an unknown market is still offered, as one in
//! which somebody wins, under its number.

use odds_domain::outcome::Line;
use schemas::odds::{
    AsianHandicap, BothToScore, EuropeanHandicap, MarketKind, MatchResult, TotalGoals, Winner,
};
use std::collections::BTreeMap;

/// What a market asks, and where its line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindRule {
    /// Home, draw, away, in this order.
    MatchResult,
    /// Over, under the line in that specifier.
    TotalGoals(&'static str),
    /// Home, away with the line in that specifier.
    AsianHandicap(&'static str),
    /// Yes, no.
    BothToScore,
    /// Home, draw, away with the goals of that specifier (`0:1`: so many ahead, on each side).
    EuropeanHandicap(&'static str),
    /// Somebody wins.
    Winner,
}

/// A market in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketDescription {
    /// What it is called; its specifiers follow.
    pub name: String,
    /// What it asks.
    pub kind: KindRule,
    /// Outcomes in the order of the kind: number and name.
    pub outcomes: Vec<(String, String)>,
    /// The groups that a stop may name.
    pub groups: Vec<String>,
}

/// Markets by number.
#[derive(Clone, Debug)]
pub struct Catalogue {
    markets: BTreeMap<u32, MarketDescription>,
}

impl Default for Catalogue {
    fn default() -> Self {
        let described = |name: &str, kind, outcomes: &[(&str, &str)]| MarketDescription {
            name: name.to_owned(),
            kind,
            outcomes: outcomes
                .iter()
                .map(|(id, name)| ((*id).to_owned(), (*name).to_owned()))
                .collect(),
            groups: vec!["all".to_owned(), "score".to_owned()],
        };
        let markets = [
            (
                1,
                described(
                    "Match result",
                    KindRule::MatchResult,
                    &[("1", "Home"), ("2", "Draw"), ("3", "Away")],
                ),
            ),
            (
                16,
                described(
                    "Handicap",
                    KindRule::AsianHandicap("hcp"),
                    &[("1714", "Home"), ("1715", "Away")],
                ),
            ),
            (
                18,
                described(
                    "Total",
                    KindRule::TotalGoals("total"),
                    &[("12", "Over"), ("13", "Under")],
                ),
            ),
            (
                14,
                described(
                    "Handicap",
                    KindRule::EuropeanHandicap("hcp"),
                    &[("1711", "Home"), ("1712", "Draw"), ("1713", "Away")],
                ),
            ),
            (
                29,
                described(
                    "Both teams to score",
                    KindRule::BothToScore,
                    &[("74", "Yes"), ("76", "No")],
                ),
            ),
        ];
        Self {
            markets: markets.into(),
        }
    }
}

impl Catalogue {
    /// Adds a market, or describes it anew.
    pub fn describe(&mut self, market: u32, description: MarketDescription) {
        self.markets.insert(market, description);
    }

    pub(super) fn market(&self, market: u32) -> Option<&MarketDescription> {
        self.markets.get(&market)
    }

    /// Whether a stop of these groups concerns the market. A market whose groups are not known is
    /// stopped with any.
    pub(super) fn is_in(&self, market: u32, groups: &[String]) -> bool {
        groups.iter().any(|group| group == "all")
            || self
                .market(market)
                .is_none_or(|known| known.groups.iter().any(|group| groups.contains(group)))
    }

    /// Its kind, where the line can be read; else somebody wins.
    pub(super) fn kind(&self, market: u32, specifiers: &[(String, String)]) -> MarketKind {
        let line = |name: &str| {
            let found = specifiers.iter().find(|(known, _)| known == name);
            found
                .and_then(|(_, value)| value.parse::<Line>().ok())
                .map(Line::quarters)
        };
        let winner = || MarketKind::Winner(Winner {});
        match self.market(market).map(|known| known.kind) {
            Some(KindRule::MatchResult) => MarketKind::MatchResult(MatchResult {}),
            Some(KindRule::TotalGoals(specifier)) => line(specifier)
                .map_or_else(winner, |line_quarters| {
                    MarketKind::TotalGoals(TotalGoals { line_quarters })
                }),
            Some(KindRule::AsianHandicap(specifier)) => line(specifier)
                .map_or_else(winner, |line_quarters| {
                    MarketKind::AsianHandicap(AsianHandicap { line_quarters })
                }),
            Some(KindRule::BothToScore) => MarketKind::BothToScore(BothToScore {}),
            Some(KindRule::EuropeanHandicap(specifier)) => ahead(specifiers, specifier)
                .map_or_else(winner, |goals| {
                    MarketKind::EuropeanHandicap(EuropeanHandicap { goals })
                }),
            Some(KindRule::Winner) | None => winner(),
        }
    }
}

/// The goals added to the home side by a start such as `0:1`, as if each side had so many already.
fn ahead(specifiers: &[(String, String)], name: &str) -> Option<i32> {
    let (_, value) = specifiers.iter().find(|(known, _)| known == name)?;
    let (home, away) = value.split_once(':')?;
    let [home, away] = [home, away].map(|side| side.parse::<i8>().ok());
    i32::from(home?).checked_sub(i32::from(away?))
}
