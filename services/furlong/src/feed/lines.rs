//! Updates as the lines that producers post.
//!
//! Duty: the inverse of what odds reads: reading a line gives the update back. Prohibition: no
//! update is changed on the way.

use crate::history::instant_text;
use kernel::{FixtureId, MarketId, Timestamp};
use odds::feed::FeedUpdate;
use odds_domain::outcome::Line;
use schemas::odds::{
    Certainty, DescribeRace, FixtureStatus, MarketKind, Outcome, OutcomeKind, SelectionOutcome,
    SelectionPrice, Update,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Writes lines. Some updates name their market only; its fixture is remembered from its offer.
#[derive(Default)]
pub(super) struct Lines {
    fixtures: BTreeMap<MarketId, FixtureId>,
}

impl Lines {
    /// The update's line, with its end. `None` for a market that was never offered: nobody could
    /// say of which fixture it is.
    pub(super) fn line(&mut self, update: &FeedUpdate) -> Option<String> {
        let mut fields = self.fields(&update.update)?;
        fields.insert("source".to_owned(), update.source.clone().into());
        fields.insert("sequence".to_owned(), update.sequence.into());
        fields.insert(
            "published_at".to_owned(),
            instant_text(update.published_at).into(),
        );
        Some(format!("{}\n", Value::Object(fields)))
    }

    fn of_market(&self, market: MarketId, more: Value) -> Option<Value> {
        let fixture = self.fixtures.get(&market)?;
        let named = json!({"fixture": fixture.to_string(), "market": market.to_string()});
        Some(merged(named, more))
    }

    fn fields(&mut self, update: &Update) -> Option<Map<String, Value>> {
        let value = match update {
            Update::Alive(_) => json!({"type": "alive"}),
            Update::AnnounceFixture(announced) => json!({
                "type": "fixture",
                "fixture": announced.fixture.to_string(),
                "name": announced.name,
                "sport": announced.sport,
                "starts_at": instant_text(announced.starts_at),
            }),
            Update::ProgressFixture(progress) => merged(
                json!({
                    "type": "progress",
                    "fixture": progress.fixture.to_string(),
                    "status": status(progress.status),
                }),
                optional([
                    (
                        "score",
                        progress
                            .score
                            .as_ref()
                            .map(|s| format!("{}-{}", s.home, s.away).into()),
                    ),
                    ("minute", progress.minute.map(Value::from)),
                ]),
            ),
            Update::OfferMarket(offer) => {
                self.fixtures.insert(offer.market, offer.fixture);
                let MarketWords { kind, line, up_to } = kind(&offer.kind);
                let selections = offer.selections.iter().map(
                    |named| json!({"selection": named.selection.to_string(), "name": named.name}),
                );
                let told = json!({
                    "type": "market",
                    "name": offer.name,
                    "kind": kind,
                    "selections": selections.collect::<Vec<_>>(),
                });
                let line = line.map(|line| Line::from_quarters(line).to_string().into());
                self.of_market(
                    offer.market,
                    merged(
                        told,
                        optional([("line", line), ("up_to", up_to.map(Value::from))]),
                    ),
                )?
            }
            Update::QuoteBook(book) => {
                let prices: Vec<Value> = book.prices.iter().map(price).collect();
                self.of_market(book.market, json!({"type": "book", "prices": prices}))?
            }
            Update::QuoteFromModel(book) => {
                let prices: Vec<Value> = book.prices.iter().map(price).collect();
                let parameters = book.model.parameters.iter();
                let parameters: Vec<Value> = parameters
                    .map(|told| json!({"name": told.name, "micros": told.micros}))
                    .collect();
                let told = json!({
                    "type": "book",
                    "prices": prices,
                    "model": book.model.version,
                    "parameters": parameters,
                });
                self.of_market(book.market, told)?
            }
            Update::Suspend(suspend) => merged(
                json!({
                    "type": "suspend",
                    "fixture": suspend.fixture.to_string(),
                    "reason": suspend.reason,
                }),
                optional([(
                    "market",
                    suspend.market.map(|market| market.to_string().into()),
                )]),
            ),
            Update::Resume(resume) => merged(
                json!({"type": "resume", "fixture": resume.fixture.to_string()}),
                optional([(
                    "market",
                    resume.market.map(|market| market.to_string().into()),
                )]),
            ),
            Update::TurnInPlay(turned) => self.of_market(
                turned.market,
                json!({"type": "in_play", "bet_delay_ms": turned.bet_delay.millis()}),
            )?,
            Update::Close(close) => self.of_market(close.market, json!({"type": "close"}))?,
            Update::Settle(settle) => {
                let outcomes: Vec<Value> = settle.outcomes.iter().map(outcome).collect();
                self.of_market(
                    settle.market,
                    json!({"type": "result", "outcomes": outcomes}),
                )?
            }
            Update::RollBack(rollback) => self.of_market(
                rollback.market,
                json!({"type": "rollback", "reason": rollback.reason}),
            )?,
            Update::Withdraw(withdraw) => {
                let told = json!({
                    "type": "withdraw",
                    "selection": withdraw.selection.to_string(),
                    "withdrawn_at": instant_text(withdraw.withdrawn_at),
                });
                let reduction = withdraw.reduction.map(Value::from);
                let told = merged(told, optional([("reduction", reduction)]));
                self.of_market(withdraw.market, told)?
            }
            Update::SettleFromScore(settled) => self.of_market(
                settled.market,
                json!({
                    "type": "score",
                    "score": format!("{}-{}", settled.score.home, settled.score.away),
                }),
            )?,
            Update::DescribeRace(described) => {
                self.of_market(described.market, race_line(described))?
            }
            Update::StateResult(stated) => {
                let outcomes: Vec<Value> = stated.outcomes.iter().map(outcome).collect();
                let certainty = match stated.certainty {
                    Certainty::Live => "live",
                    Certainty::Confirmed => "confirmed",
                };
                self.of_market(
                    stated.market,
                    json!({"type": "state_result", "outcomes": outcomes, "certainty": certainty}),
                )?
            }
            Update::WithdrawResult(withdrawn) => self.of_market(
                withdrawn.market,
                json!({"type": "withdraw_result", "reason": withdrawn.reason}),
            )?,
            Update::CancelBets(cancel) => {
                let told = json!({"type": "cancel_bets", "reason": cancel.reason});
                self.of_market(
                    cancel.market,
                    merged(told, window(cancel.from, cancel.until)),
                )?
            }
            Update::RestoreBets(restore) => {
                let told = json!({"type": "restore_bets"});
                let window = window(restore.from, restore.until);
                self.of_market(restore.market, merged(told, window))?
            }
            Update::GoDown(down) => json!({"type": "down", "reason": down.reason}),
            Update::ComeUp(_) => json!({"type": "up"}),
            // Whoever counts the lines finds out.
            Update::MissMessages(_) => Value::Null,
        };
        match value {
            Value::Object(fields) => Some(fields),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => None,
        }
    }
}

fn merged(mut one: Value, other: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (one.as_object_mut(), other) {
        fields.extend(more);
    }
    one
}

/// The fields that are there.
fn optional<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let there = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect())
}

fn window(from: Option<Timestamp>, until: Option<Timestamp>) -> Value {
    let text = |bound: Option<Timestamp>| bound.map(|at| instant_text(at).into());
    optional([("from", text(from)), ("until", text(until))])
}

const fn status(status: FixtureStatus) -> &'static str {
    match status {
        FixtureStatus::Scheduled => "scheduled",
        FixtureStatus::InPlay => "in_play",
        FixtureStatus::Finished => "finished",
        FixtureStatus::Cancelled => "cancelled",
    }
}

/// What a market asks, as a line tells it.
struct MarketWords {
    kind: &'static str,
    line: Option<i32>,
    up_to: Option<u16>,
}

const fn kind(kind: &MarketKind) -> MarketWords {
    let (kind, line, up_to) = match kind {
        MarketKind::MatchResult(_) => ("match_result", None, None),
        MarketKind::TotalGoals(total) => ("total_goals", Some(total.line_quarters), None),
        MarketKind::AsianHandicap(handicap) => {
            ("asian_handicap", Some(handicap.line_quarters), None)
        }
        MarketKind::Winner(_) => ("winner", None, None),
        MarketKind::BothToScore(_) => ("both_to_score", None, None),
        MarketKind::CorrectScore(scores) => ("correct_score", None, Some(scores.up_to)),
        MarketKind::EuropeanHandicap(handicap) => (
            "european_handicap",
            Some(handicap.goals.saturating_mul(4)),
            None,
        ),
    };
    MarketWords { kind, line, up_to }
}

fn price(quoted: &SelectionPrice) -> Value {
    json!({
        "selection": quoted.selection.to_string(),
        "price": quoted.price.map(|price| price.to_string()),
    })
}

/// What is known of a race.
fn race_line(described: &DescribeRace) -> Value {
    let placings = described.placings.iter().map(
        |at| json!({"selection": at.selection.to_string(), "place": at.place, "tied": at.tied}),
    );
    let told = json!({
        "type": "race",
        "handicap": if described.handicap { "yes" } else { "no" },
        "placings": placings.collect::<Vec<Value>>(),
        "starting_prices": described.starting_prices.iter().map(price).collect::<Vec<Value>>(),
    });
    let fixed = described.fixed.as_ref();
    let fraction = fixed.map(|fixed| format!("{}/{}", fixed.numerator, fixed.denominator));
    merged(
        told,
        optional([
            ("places", fixed.map(|fixed| fixed.places.into())),
            ("fraction", fraction.map(Value::from)),
        ]),
    )
}

fn outcome(told: &SelectionOutcome) -> Value {
    let Outcome { kind, places, tied } = told.outcome;
    let word = match kind {
        OutcomeKind::Won => "won",
        OutcomeKind::Lost => "lost",
        OutcomeKind::Void => "void",
        OutcomeKind::HalfWon => "half_won",
        OutcomeKind::HalfLost => "half_lost",
        OutcomeKind::DeadHeat => "dead_heat",
    };
    let dead_heat = kind == OutcomeKind::DeadHeat;
    merged(
        json!({"selection": told.selection.to_string(), "outcome": word}),
        optional([
            ("places", dead_heat.then(|| places.into())),
            ("tied", dead_heat.then(|| tied.into())),
        ]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use odds::feed::ndjson;
    use odds::feed::simulation::{Scenario, Simulation, SimulationSettings};

    #[test]
    fn reading_a_line_gives_the_update_back() {
        let begun = Timestamp::from_millis(1_700_000_000_000);
        let settings = SimulationSettings::new(7, Scenario::DerbyDay, 8);
        let mut simulation = Simulation::new(settings, begun);
        let mut lines = Lines::default();
        let mut kinds = std::collections::BTreeSet::new();
        for minute in 0..300 {
            let now = begun.plus(kernel::Duration::from_secs(minute * 60));
            for update in simulation.advance(now) {
                let line = lines.line(&update).expect("its market was offered");
                let read = ndjson::read_line(line.trim_end(), 8, Timestamp::default());
                assert_eq!(read.as_ref(), Ok(&update), "{line}");
                let fields: Value = serde_json::from_str(&line).unwrap();
                kinds.insert(fields["type"].as_str().unwrap().to_owned());
            }
        }
        assert!(kinds.len() >= 8, "the day shows most kinds: {kinds:?}");
    }
}
