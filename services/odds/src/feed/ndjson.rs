//! Updates posted as lines of JSON.
//!
//! Duty: read one object a line, refuse every field that is not known, and say which line and
//! which field is wrong. Prohibition: no recovery from errors: the caller decides what becomes of
//! the other lines.
//!
//! Every line has `source`, `sequence`, `type` and may have `published_at` (RFC 3339; absent: the
//! time of arrival). Fixtures, markets and selections are named as the source likes, or by our
//! ids. A market's name counts within its fixture, a selection's within its market.
//!
//! ```text
//! type        further fields
//! alive
//! fixture     fixture, name, sport, starts_at
//! progress    fixture, status (scheduled|in_play|finished|cancelled), score? "2-1", minute?
//! market      fixture, market, name, kind (match_result|total_goals|asian_handicap|winner|
//!             both_to_score|correct_score|european_handicap),
//!             line? (for totals and handicaps, of the home side, in quarters: "-0.75"; of a
//!             european_handicap the whole goals added to the home side),
//!             up_to? (of a correct_score, the most goals of a side, 10 at most),
//!             selections [{selection, name}], one for each answer, in this order: home, draw, away;
//!             over, under; home, away; yes, no; 0-0, 0-1 .. 1-0, 1-1 .. and last any other score
//! book        fixture, market, prices [{selection, price: "2.50" or null}]
//! suspend     fixture, market?, reason
//! resume      fixture, market?
//! in_play     fixture, market, bet_delay_ms
//! close       fixture, market
//! result      fixture, market, outcomes [{selection, outcome
//!             (won|lost|void|half_won|half_lost|dead_heat), places?, tied?}]
//! score       fixture, market, score "2-1": the result of a market about goals
//! rollback    fixture, market, reason
//! withdraw    fixture, market, selection, withdrawn_at, reduction? (hundredths of a percent)
//! race        fixture, market, handicap (yes|no), placings [{selection, place, tied}],
//!             starting_prices [{selection, price}], places?, fraction? ("1/5": fixed place terms);
//!             of a market that asks who wins; empty placings or prices leave those known before.
//!             Placings tell who came in where for place bets: a runner without one was not placed
//! state_result     fixture, market, outcomes as in result, certainty (live|confirmed); words on a
//!             result count in the order of published_at, whenever they arrive
//! withdraw_result  fixture, market, reason
//! cancel_bets      fixture, market, from?, until? (both belong to the window), reason
//! restore_bets     fixture, market, from?, until?
//! down        reason: no price of the source counts until it is up and has priced again
//! up
//! ```

mod fields;

pub use fields::FieldError;

use super::FeedUpdate;
use super::names::FeedNames;
use fields::Fields;
use kernel::{Duration, FixtureId, MarketId, Partition, Timestamp};
use odds_domain::outcome::{Line, Score};
use schemas::odds::{
    Alive, AnnounceFixture, AsianHandicap, BothToScore, CancelBets, Certainty, Close, ComeUp,
    CorrectScore, DescribeRace, EuropeanHandicap, FixtureStatus, GoDown, MarketKind, MatchResult,
    ModelOpinion, ModelParameter, OfferMarket, Outcome, OutcomeKind, PlaceOffer, Placing,
    ProgressFixture, QuoteBook, QuoteFromModel, RestoreBets, Resume, RollBack, SelectionName,
    SelectionOutcome, SelectionPrice, Settle, SettleFromScore, StateResult, Suspend, TotalGoals,
    TurnInPlay, Update, Winner, Withdraw, WithdrawResult,
};

/// Most bytes of one line.
pub const LINE_BYTES_MAX: usize = 256 * 1024;

/// Why a line is no update.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {error}")]
pub struct NdjsonError {
    /// The line, from 1; empty lines count.
    pub line: usize,
    /// What is wrong with it.
    pub error: LineError,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Longer than [`LINE_BYTES_MAX`].
    #[error("longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// Not one JSON object.
    #[error("not a JSON object: {0}")]
    NotAnObject(String),
    /// A field is missing, unknown or wrong.
    #[error(transparent)]
    Field(#[from] FieldError),
}

/// Reads a body, line by line; empty lines are passed over. `arrived_at` stands in for a missing
/// `published_at`.
pub fn read(
    body: &str,
    partitions: Partition,
    arrived_at: Timestamp,
) -> impl Iterator<Item = Result<FeedUpdate, NdjsonError>> + '_ {
    body.lines()
        .zip(1..)
        .filter(|(text, _)| !text.trim().is_empty())
        .map(move |(text, line)| {
            read_line(text, partitions, arrived_at).map_err(|error| NdjsonError { line, error })
        })
}

/// Reads one line.
///
/// # Errors
/// What is wrong with it, by field.
pub fn read_line(
    text: &str,
    partitions: Partition,
    arrived_at: Timestamp,
) -> Result<FeedUpdate, LineError> {
    if text.len() > LINE_BYTES_MAX {
        return Err(LineError::TooLong);
    }
    let value: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|error| LineError::NotAnObject(error.to_string()))?;
    let mut fields = Fields::new(value);
    let source = fields.text("source")?;
    let sequence = fields.number("sequence")?;
    let published_at = fields.time_or("published_at", arrived_at)?;
    let names = FeedNames::new(source.as_str(), partitions);
    let update = Reader {
        names: &names,
        fields: &mut fields,
    }
    .update()?;
    fields.end()?;
    Ok(FeedUpdate {
        source,
        sequence,
        published_at,
        update,
    })
}

struct Reader<'a> {
    names: &'a FeedNames,
    fields: &'a mut Fields,
}

/// The words for `type`.
const TYPES: &[(&str, Kind)] = &[
    ("alive", Kind::Alive),
    ("fixture", Kind::Fixture),
    ("progress", Kind::Progress),
    ("market", Kind::Market),
    ("book", Kind::Book),
    ("suspend", Kind::Suspend),
    ("resume", Kind::Resume),
    ("in_play", Kind::InPlay),
    ("close", Kind::Close),
    ("result", Kind::Result),
    ("score", Kind::Score),
    ("rollback", Kind::Rollback),
    ("withdraw", Kind::Withdraw),
    ("race", Kind::Race),
    ("state_result", Kind::StateResult),
    ("withdraw_result", Kind::WithdrawResult),
    ("cancel_bets", Kind::CancelBets),
    ("restore_bets", Kind::RestoreBets),
    ("down", Kind::Down),
    ("up", Kind::Up),
];

#[derive(Clone, Copy)]
enum Kind {
    Alive,
    Fixture,
    Progress,
    Market,
    Book,
    Suspend,
    Resume,
    InPlay,
    Close,
    Result,
    Score,
    Rollback,
    Withdraw,
    Race,
    StateResult,
    WithdrawResult,
    CancelBets,
    RestoreBets,
    Down,
    Up,
}

const YES_OR_NO: &[(&str, bool)] = &[("yes", true), ("no", false)];

/// A part of the winnings.
struct Fraction {
    numerator: u16,
    denominator: u16,
}

impl std::str::FromStr for Fraction {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (numerator, denominator) = text.split_once('/').unwrap_or((text, ""));
        Ok(Self {
            numerator: numerator.parse()?,
            denominator: denominator.parse()?,
        })
    }
}

const CERTAINTIES: &[(&str, Certainty)] = &[
    ("live", Certainty::Live),
    ("confirmed", Certainty::Confirmed),
];

const STATUSES: &[(&str, FixtureStatus)] = &[
    ("scheduled", FixtureStatus::Scheduled),
    ("in_play", FixtureStatus::InPlay),
    ("finished", FixtureStatus::Finished),
    ("cancelled", FixtureStatus::Cancelled),
];

const OUTCOMES: &[(&str, OutcomeKind)] = &[
    ("won", OutcomeKind::Won),
    ("lost", OutcomeKind::Lost),
    ("void", OutcomeKind::Void),
    ("half_won", OutcomeKind::HalfWon),
    ("half_lost", OutcomeKind::HalfLost),
    ("dead_heat", OutcomeKind::DeadHeat),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum MarketWord {
    MatchResult,
    TotalGoals,
    AsianHandicap,
    Winner,
    BothToScore,
    CorrectScore,
    EuropeanHandicap,
}

const MARKETS: &[(&str, MarketWord)] = &[
    ("match_result", MarketWord::MatchResult),
    ("total_goals", MarketWord::TotalGoals),
    ("asian_handicap", MarketWord::AsianHandicap),
    ("winner", MarketWord::Winner),
    ("both_to_score", MarketWord::BothToScore),
    ("correct_score", MarketWord::CorrectScore),
    ("european_handicap", MarketWord::EuropeanHandicap),
];

impl Reader<'_> {
    fn update(&mut self) -> Result<Update, FieldError> {
        Ok(match self.fields.word("type", TYPES)? {
            Kind::Alive => Update::Alive(Alive {}),
            Kind::Fixture => Update::AnnounceFixture(AnnounceFixture {
                fixture: self.fixture()?,
                name: self.fields.text("name")?,
                sport: self.fields.text("sport")?,
                starts_at: self.fields.time("starts_at")?,
            }),
            Kind::Progress => Update::ProgressFixture(self.progress()?),
            Kind::Market => Update::OfferMarket(self.offer()?),
            Kind::Book => self.book()?,
            Kind::Suspend => Update::Suspend(Suspend {
                fixture: self.fixture()?,
                market: self.optional_market()?,
                reason: self.fields.text("reason")?,
            }),
            Kind::Resume => Update::Resume(Resume {
                fixture: self.fixture()?,
                market: self.optional_market()?,
            }),
            Kind::InPlay => Update::TurnInPlay(TurnInPlay {
                market: self.market()?,
                bet_delay: Duration::from_millis(i64::from(
                    self.fields.number::<u32>("bet_delay_ms")?,
                )),
            }),
            Kind::Close => Update::Close(Close {
                market: self.market()?,
            }),
            Kind::Result => Update::Settle(self.result()?),
            Kind::Score => Update::SettleFromScore(SettleFromScore {
                market: self.market()?,
                score: self.score()?,
            }),
            Kind::Rollback => Update::RollBack(RollBack {
                market: self.market()?,
                reason: self.fields.text("reason")?,
            }),
            Kind::Withdraw => Update::Withdraw(self.withdrawal()?),
            Kind::Race => Update::DescribeRace(self.race()?),
            Kind::StateResult => {
                let Settle { market, outcomes } = self.result()?;
                Update::StateResult(StateResult {
                    market,
                    outcomes,
                    certainty: self.fields.word("certainty", CERTAINTIES)?,
                })
            }
            Kind::WithdrawResult => Update::WithdrawResult(WithdrawResult {
                market: self.market()?,
                reason: self.fields.text("reason")?,
            }),
            Kind::CancelBets => Update::CancelBets(CancelBets {
                market: self.market()?,
                from: self.fields.optional_time("from")?,
                until: self.fields.optional_time("until")?,
                reason: self.fields.text("reason")?,
            }),
            Kind::RestoreBets => Update::RestoreBets(RestoreBets {
                market: self.market()?,
                from: self.fields.optional_time("from")?,
                until: self.fields.optional_time("until")?,
            }),
            Kind::Down => Update::GoDown(GoDown {
                reason: self.fields.text("reason")?,
            }),
            Kind::Up => Update::ComeUp(ComeUp {}),
        })
    }

    fn withdrawal(&mut self) -> Result<Withdraw, FieldError> {
        let market = self.market()?;
        Ok(Withdraw {
            market,
            selection: self
                .names
                .selection(market, &self.fields.text("selection")?),
            withdrawn_at: self.fields.time("withdrawn_at")?,
            reduction: self.fields.optional_number("reduction")?,
        })
    }

    fn race(&mut self) -> Result<DescribeRace, FieldError> {
        let market = self.market()?;
        let mut placings = Vec::new();
        for mut entry in self.fields.objects("placings")? {
            placings.push(Placing {
                selection: self.names.selection(market, &entry.text("selection")?),
                place: entry.number("place")?,
                tied: entry.optional_number("tied")?.unwrap_or(1),
            });
            entry.end()?;
        }
        let mut starting_prices = Vec::new();
        for mut entry in self.fields.objects("starting_prices")? {
            starting_prices.push(SelectionPrice {
                selection: self.names.selection(market, &entry.text("selection")?),
                price: entry.nullable_parsed("price", "a decimal price such as \"2.50\"")?,
            });
            entry.end()?;
        }
        Ok(DescribeRace {
            market,
            handicap: self.fields.word("handicap", YES_OR_NO)?,
            fixed: self.fixed_places()?,
            placings,
            starting_prices,
        })
    }

    /// Place terms that do not go by the runners, if there are any.
    fn fixed_places(&mut self) -> Result<Option<PlaceOffer>, FieldError> {
        let fraction = self
            .fields
            .optional_parsed::<Fraction>("fraction", "a part such as \"1/5\"")?;
        let places = self.fields.optional_number("places")?;
        match (places, fraction) {
            (Some(places), Some(fraction)) => Ok(Some(PlaceOffer {
                places,
                numerator: fraction.numerator,
                denominator: fraction.denominator,
            })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(self.fields.missing("fraction")),
            (None, Some(_)) => Err(self.fields.missing("places")),
        }
    }

    fn fixture(&mut self) -> Result<FixtureId, FieldError> {
        Ok(self.names.fixture(&self.fields.text("fixture")?))
    }

    fn market(&mut self) -> Result<MarketId, FieldError> {
        let fixture = self.fixture()?;
        Ok(self.names.market(fixture, &self.fields.text("market")?))
    }

    /// Of a message that speaks of the whole fixture unless it names a market.
    fn optional_market(&mut self) -> Result<Option<MarketId>, FieldError> {
        let Some(name) = self.fields.optional_text("market")? else {
            return Ok(None);
        };
        let fixture = self.names.fixture(&self.fields.kept_text("fixture"));
        Ok(Some(self.names.market(fixture, &name)))
    }

    /// A score that must be there.
    fn score(&mut self) -> Result<schemas::odds::Score, FieldError> {
        let score = self.optional_score()?;
        score.ok_or_else(|| self.fields.missing("score"))
    }

    fn optional_score(&mut self) -> Result<Option<schemas::odds::Score>, FieldError> {
        let read = self
            .fields
            .optional_parsed::<Score>("score", "a score such as \"2-1\"")?;
        Ok(read.map(|score| schemas::odds::Score {
            home: score.home,
            away: score.away,
        }))
    }

    fn progress(&mut self) -> Result<ProgressFixture, FieldError> {
        let score = self.optional_score()?;
        Ok(ProgressFixture {
            fixture: self.fixture()?,
            status: self.fields.word("status", STATUSES)?,
            score,
            minute: self.fields.optional_number("minute")?,
        })
    }

    fn offer(&mut self) -> Result<OfferMarket, FieldError> {
        let market = self.market()?;
        let fixture = self.names.fixture(&self.fields.kept_text("fixture"));
        let name = self.fields.text("name")?;
        let kind = self.kind()?;
        let mut selections = Vec::new();
        for mut entry in self.fields.objects("selections")? {
            let selection = self.names.selection(market, &entry.text("selection")?);
            selections.push(SelectionName {
                selection,
                name: entry.text("name")?,
            });
            entry.end()?;
        }
        Ok(OfferMarket {
            market,
            fixture,
            name,
            kind,
            selections,
        })
    }

    fn kind(&mut self) -> Result<MarketKind, FieldError> {
        let mut line = || {
            self.fields
                .optional_parsed::<Line>("line", "a line in quarters such as \"2.5\"")
        };
        let line = line()?;
        let word = self.fields.word("kind", MARKETS)?;
        let needs_line = matches!(
            word,
            MarketWord::TotalGoals | MarketWord::AsianHandicap | MarketWord::EuropeanHandicap
        );
        match (line, needs_line) {
            (None, true) => return Err(self.fields.missing("line")),
            (Some(_), false) => return Err(self.fields.unknown("line")),
            (None, false) | (Some(_), true) => {}
        }
        let line_quarters = line.unwrap_or_default().quarters();
        Ok(match word {
            MarketWord::MatchResult => MarketKind::MatchResult(MatchResult {}),
            MarketWord::TotalGoals => MarketKind::TotalGoals(TotalGoals { line_quarters }),
            MarketWord::AsianHandicap => MarketKind::AsianHandicap(AsianHandicap { line_quarters }),
            MarketWord::Winner => MarketKind::Winner(Winner {}),
            MarketWord::BothToScore => MarketKind::BothToScore(BothToScore {}),
            MarketWord::CorrectScore => MarketKind::CorrectScore(CorrectScore {
                up_to: self.fields.number("up_to")?,
            }),
            MarketWord::EuropeanHandicap => MarketKind::EuropeanHandicap(EuropeanHandicap {
                goals: self.whole_goals(line_quarters)?,
            }),
        })
    }

    /// A line of four quarters a goal.
    fn whole_goals(&self, line_quarters: i32) -> Result<i32, FieldError> {
        let goals = line_quarters.checked_div(4).unwrap_or(0);
        if goals.checked_mul(4) == Some(line_quarters) {
            Ok(goals)
        } else {
            let got = Line::from_quarters(line_quarters).to_string();
            Err(self
                .fields
                .wrong("line", "whole goals such as \"-1\"", &got.into()))
        }
    }

    /// The prices of a market; of a source that has them from a model, with what that thought.
    fn book(&mut self) -> Result<Update, FieldError> {
        let market = self.market()?;
        let mut prices = Vec::new();
        for mut entry in self.fields.objects("prices")? {
            let selection = self.names.selection(market, &entry.text("selection")?);
            prices.push(SelectionPrice {
                selection,
                price: entry.nullable_parsed("price", "a decimal price such as \"2.50\"")?,
            });
            entry.end()?;
        }
        let Some(version) = self.fields.optional_text("model")? else {
            return Ok(Update::QuoteBook(QuoteBook { market, prices }));
        };
        let mut parameters = Vec::new();
        for mut entry in self.fields.objects("parameters")? {
            parameters.push(ModelParameter {
                name: entry.text("name")?,
                micros: entry.integer("micros")?,
            });
            entry.end()?;
        }
        Ok(Update::QuoteFromModel(QuoteFromModel {
            market,
            prices,
            model: ModelOpinion {
                version,
                parameters,
            },
        }))
    }

    fn result(&mut self) -> Result<Settle, FieldError> {
        let market = self.market()?;
        let mut outcomes = Vec::new();
        for mut entry in self.fields.objects("outcomes")? {
            let selection = self.names.selection(market, &entry.text("selection")?);
            let kind = entry.word("outcome", OUTCOMES)?;
            let outcome = if kind == OutcomeKind::DeadHeat {
                Outcome {
                    kind,
                    places: entry.number("places")?,
                    tied: entry.number("tied")?,
                }
            } else {
                Outcome {
                    kind,
                    places: 1,
                    tied: 1,
                }
            };
            outcomes.push(SelectionOutcome { selection, outcome });
            entry.end()?;
        }
        Ok(Settle { market, outcomes })
    }
}

#[cfg(test)]
mod tests;
