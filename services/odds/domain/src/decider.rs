//! The decider of odds: one input, its events or the rule that it breaks.
//!
//! Duty: look up what an input speaks of, check whose it is, and let the market, the source or
//! the budgets say what follows. Prohibition: what a source merely repeats changes nothing; what
//! it cannot say is refused, and the refusal shows as a gap in its count at its next message.

use crate::command::{
    BudgetNote, Command, FeedMessage, FeedSuspension, FixtureDescription, FixtureProgress,
    MarketOffer, SelectionPrice, StandingStakes, Update, Withdrawal,
};
use crate::event::{Doubt, Event, SuspensionCause};
use crate::explain::ModelOpinion;
use crate::market::{Market, Said};
use crate::rejection::Rejection;
use crate::result;
use crate::source::{SWEEP_PART, are_kin};
use crate::state::{Fixture, State};
use kernel::{Decider, FixtureId, MarketId};
use std::collections::BTreeMap;

/// The rules of odds.
#[derive(Clone, Copy, Debug)]
pub struct Odds;

impl Decider for Odds {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn initial() -> State {
        State::default()
    }

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::ApplyFeedMessage(message) => FeedJudge { state, message }.judge(),
            Command::SuspendMarket { market, reason, by } => {
                with_reason(reason)?;
                market_of(state, *market)?.stop_by_operator(reason, by)
            }
            Command::ResumeMarket { market, reason, by } => {
                with_reason(reason)?;
                market_of(state, *market)?.go_on_by_operator(by)
            }
            Command::ResultMarket {
                market,
                outcomes,
                reason,
                by,
            } => {
                with_reason(reason)?;
                market_of(state, *market)?.settle(outcomes, Some(by))
            }
            Command::RollBackResult { market, reason, by } => {
                with_reason(reason)?;
                market_of(state, *market)?.roll_back(reason, Some(by))
            }
            Command::ProposeRuling {
                market,
                mistake,
                by,
                at,
            } => {
                with_reason(&mistake.reason)?;
                market_of(state, *market)?.propose_ruling(mistake, by, *at)
            }
            Command::ApproveRuling {
                market,
                ruling,
                reason,
                by,
                at,
            } => {
                with_reason(reason)?;
                market_of(state, *market)?.approve_ruling(*ruling, reason, by, *at)
            }
            Command::WithdrawSelection {
                market,
                selection,
                withdrawn_at,
                reason,
                by,
            } => {
                with_reason(reason)?;
                let withdrawal = Withdrawal {
                    market: *market,
                    selection: *selection,
                    withdrawn_at: *withdrawn_at,
                    reduction: None,
                };
                let withdrawn = market_of(state, *market)?.withdraw(&withdrawal, Some(by))?;
                Ok(withdrawn.into_iter().collect())
            }
            Command::LeanBook {
                market,
                exposures,
                by,
            } => market_of(state, *market)?.lean_against(exposures, by),
            Command::StateRace { race, reason, by } => {
                with_reason(reason)?;
                market_of(state, race.market)?.describe_race(race, Some(by))
            }
            Command::ResultFromScore {
                market,
                score,
                reason,
                by,
            } => {
                with_reason(reason)?;
                market_of(state, *market)?.settle_from_score(*score, Some(by))
            }
            Command::SetLeaning {
                market,
                step_minor,
                by,
            } => market_of(state, *market)?.set_leaning(*step_minor, by),
            Command::NoteStakes {
                bets_partition,
                standing,
            } => Ok(note_stakes(state, *bets_partition, standing)),
            Command::NoteBudgets {
                bets_partition,
                bets_partitions,
                notes,
                standing,
            } => {
                let mut events = note_budgets(state, *bets_partition, *bets_partitions, notes);
                events.extend(note_stakes(state, *bets_partition, standing));
                Ok(events)
            }
            Command::SendHeartbeat { at } => Ok(vec![Event::HeartbeatSent { at: *at }]),
            Command::NoteSilence { source } => Ok(note_silence(state, source)),
            Command::SuspendDoubted { source } => Ok(suspend_doubted(state, source)),
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        state.take(event);
    }
}

fn with_reason(reason: &str) -> Result<(), Rejection> {
    if reason.trim().is_empty() {
        return Err(Rejection::ReasonMissing);
    }
    Ok(())
}

fn market_of(state: &State, market: MarketId) -> Result<&Market, Rejection> {
    state
        .markets
        .get(&market)
        .ok_or(Rejection::MarketUnknown(market))
}

/// What one bets partition holds, market by market; of markets that do not lean by themselves
/// nothing is noted.
fn note_stakes(state: &State, bets_partition: u16, standing: &[StandingStakes]) -> Vec<Event> {
    let mut of_market: BTreeMap<MarketId, Vec<StandingStakes>> = BTreeMap::new();
    for stakes in standing {
        of_market.entry(stakes.market).or_default().push(*stakes);
    }
    of_market
        .into_iter()
        .filter_map(|(market, standing)| Some((state.markets.get(&market)?, standing)))
        .flat_map(|(market, standing)| market.note_stakes(bets_partition, standing))
        .collect()
}

/// Requests and returns of one bets partition, each judged on what the ones before it left.
fn note_budgets(
    state: &State,
    bets_partition: u16,
    bets_partitions: u16,
    notes: &[BudgetNote],
) -> Vec<Event> {
    let mut touched = BTreeMap::new();
    let mut events = Vec::new();
    for note in notes {
        let (BudgetNote::Requested { market, .. } | BudgetNote::Returned { market, .. }) = note;
        let Some(known) = state.markets.get(market) else {
            continue;
        };
        let budgets = touched
            .entry(*market)
            .or_insert_with(|| known.budgets.clone());
        let following = match note {
            BudgetNote::Requested { market, total } => {
                budgets.request(*market, bets_partition, *total, bets_partitions)
            }
            BudgetNote::Returned { market, total } => {
                budgets.take_back(*market, bets_partition, *total, bets_partitions)
            }
        };
        for event in following {
            budgets.evolve(&event);
            events.push(event);
        }
    }
    events
}

fn note_silence(state: &State, name: &str) -> Vec<Event> {
    let Some(source) = state.sources.get(name) else {
        return Vec::new();
    };
    let heard = source.last_heard_at.filter(|_| !source.silent);
    heard
        .map(|last_heard_at| Event::SourceWentSilent {
            source: name.to_owned(),
            last_heard_at,
        })
        .into_iter()
        .collect()
}

fn suspend_doubted(state: &State, name: &str) -> Vec<Event> {
    let Some(source) = state.sources.get(name) else {
        return Vec::new();
    };
    let Some(sweep) = source.sweep else {
        return Vec::new();
    };
    part_of(source.doubted.iter())
        .filter_map(|market| state.markets.get(market)?.stop_in_doubt(sweep.doubt))
        .collect()
}

/// As many markets as one record stops.
fn part_of<T>(markets: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    markets.take(usize::try_from(SWEEP_PART).unwrap_or(usize::MAX))
}

/// A message of a source before the state.
struct FeedJudge<'a> {
    state: &'a State,
    message: &'a FeedMessage,
}

impl<'a> FeedJudge<'a> {
    fn judge(&self) -> Result<Vec<Event>, Rejection> {
        let FeedMessage {
            source, sequence, ..
        } = self.message;
        let known = self.state.sources.get(source);
        let last = known.map_or(0, |source| source.sequence);
        let expected = last.saturating_add(1);
        if *sequence < expected {
            return Err(Rejection::SequenceRepeated { last });
        }
        let mut events = Vec::new();
        if known.is_some_and(|source| source.silent) {
            events.push(Event::SourceReturned {
                source: source.clone(),
            });
        }
        if *sequence > expected {
            events.push(Event::SourceGapSeen {
                source: source.clone(),
                expected,
                got: *sequence,
            });
        }
        events.extend(self.update()?);
        events.push(Event::SourceAdvanced {
            source: source.clone(),
            sequence: *sequence,
        });
        Ok(events)
    }

    fn update(&self) -> Result<Vec<Event>, Rejection> {
        let one = |event: Option<Event>| event.into_iter().collect();
        Ok(match &self.message.update {
            Update::Alive => Vec::new(),
            Update::MissMessages => self.doubt(),
            Update::AnnounceFixture(description) => self.announce(description),
            Update::ProgressFixture(progress) => self.progress(progress)?,
            Update::OfferMarket(offer) => self.offer(offer)?,
            Update::QuoteBook { market, prices } => self.quote(*market, prices, None)?,
            Update::QuoteFromModel {
                market,
                prices,
                model,
            } => self.quote(*market, prices, Some(model))?,
            Update::Suspend {
                fixture,
                market,
                reason,
            } => self
                .markets(*fixture, *market)?
                .into_iter()
                .filter_map(|market| match reason {
                    FeedSuspension::Stated(reason) => market.stop_by_source(reason),
                    FeedSuspension::MessagesMissing => market.stop_in_doubt(Doubt::MessagesMissing),
                })
                .collect(),
            Update::Resume { fixture, market } => self
                .markets(*fixture, *market)?
                .into_iter()
                .flat_map(|market| {
                    if self.is_down() {
                        market.go_on_while_down()
                    } else {
                        market.go_on_by_source(0, true)
                    }
                })
                .collect(),
            Update::TurnInPlay { market, bet_delay } => {
                one(self.own(*market)?.turn_in_play(*bet_delay))
            }
            Update::Close { market } => one(self.own(*market)?.close()),
            Update::Settle { market, outcomes } => self.own(*market)?.settle(outcomes, None)?,
            Update::RollBack { market, reason } => self.own(*market)?.roll_back(reason, None)?,
            Update::Withdraw(withdrawal) => {
                one(self.own(withdrawal.market)?.withdraw(withdrawal, None)?)
            }
            Update::StateResult {
                market,
                outcomes,
                certainty,
            } => self
                .own(*market)?
                .state_result(outcomes, *certainty, self.said_at())?,
            Update::WithdrawResult { market, reason } => {
                self.own(*market)?.withdraw_result(reason, self.said_at())
            }
            Update::CancelBets {
                market,
                window,
                reason,
            } => one(self
                .own(*market)?
                .cancel_bets(*window, reason, self.said_at())),
            Update::RestoreBets { market, window } => {
                one(self.own(*market)?.restore_bets(*window, self.said_at()))
            }
            Update::DescribeRace(race) => self.own(race.market)?.describe_race(race, None)?,
            Update::SettleFromScore { market, score } => {
                self.own(*market)?.settle_from_score(*score, None)?
            }
            Update::GoDown { reason } => one((!self.is_down()).then(|| Event::SourceWentDown {
                source: self.message.source.clone(),
                reason: reason.clone(),
            })),
            Update::ComeUp => one(self.is_down().then(|| Event::SourceCameUp {
                source: self.message.source.clone(),
            })),
        })
    }

    /// Every market that this source answers for may have been spoken of: the first part of them is
    /// stopped in this record, the rest is swept.
    fn doubt(&self) -> Vec<Event> {
        let source = &self.message.source;
        let stopped: Vec<Event> = part_of(self.state.doubtable(source))
            .filter_map(|market| {
                let market = self.state.markets.get(&market)?;
                market.stop_in_doubt(Doubt::MessagesMissing)
            })
            .collect();
        if stopped.is_empty() {
            return stopped;
        }
        let doubted = Event::SourceDoubted {
            source: source.clone(),
        };
        std::iter::once(doubted).chain(stopped).collect()
    }

    /// When the message was said.
    const fn said_at(&self) -> kernel::Timestamp {
        self.message.published_at
    }

    /// Whether this source said that it is not up to date.
    fn is_down(&self) -> bool {
        self.state
            .sources
            .get(&self.message.source)
            .is_some_and(|source| source.down.is_some())
    }

    /// A market of this source, or of one of its family.
    fn own(&self, market: MarketId) -> Result<&'a Market, Rejection> {
        let market = market_of(self.state, market)?;
        if are_kin(&market.source, &self.message.source) {
            Ok(market)
        } else {
            Err(Rejection::SourceNotOwner {
                owner: market.source.clone(),
            })
        }
    }

    fn fixture(&self, fixture: FixtureId) -> Result<&'a Fixture, Rejection> {
        self.state
            .fixtures
            .get(&fixture)
            .ok_or(Rejection::FixtureUnknown(fixture))
    }

    /// One market of this source, or all that it has in the fixture.
    fn markets(
        &self,
        fixture: FixtureId,
        market: Option<MarketId>,
    ) -> Result<Vec<&'a Market>, Rejection> {
        if let Some(market) = market {
            return Ok(vec![self.own(market)?]);
        }
        let markets = self.fixture(fixture)?.markets.iter();
        Ok(markets
            .filter_map(|market| self.state.markets.get(market))
            .filter(|market| market.source == self.message.source)
            .collect())
    }

    fn announce(&self, description: &FixtureDescription) -> Vec<Event> {
        let known = self.state.fixtures.get(&description.fixture);
        if known.is_some_and(|fixture| fixture.description == *description) {
            return Vec::new();
        }
        vec![Event::FixtureAnnounced(description.clone())]
    }

    fn progress(&self, progress: &FixtureProgress) -> Result<Vec<Event>, Rejection> {
        let fixture = self.fixture(progress.fixture)?;
        let same = fixture.status == progress.status
            && progress
                .score
                .is_none_or(|score| fixture.score == Some(score))
            && progress
                .minute
                .is_none_or(|minute| fixture.minute == Some(minute));
        Ok(if same {
            Vec::new()
        } else {
            vec![Event::FixtureProgressed(progress.clone())]
        })
    }

    fn offer(&self, offer: &MarketOffer) -> Result<Vec<Event>, Rejection> {
        self.fixture(offer.fixture)?;
        result::answers_fit(offer)?;
        if self.state.markets.contains_key(&offer.market) {
            let market = self.own(offer.market)?;
            return if market.is_as_offered(offer) {
                Ok(Vec::new())
            } else {
                Err(Rejection::MarketNotInState {
                    market: offer.market,
                    state: "offered with other selections",
                })
            };
        }
        let offered = Event::MarketOffered {
            offer: MarketOffer {
                lean_step_minor: None,
                ..offer.clone()
            },
            source: self.message.source.clone(),
            version: 1,
        };
        let leaning = offer.lean_step_minor.map(|step| Event::LeaningSet {
            market: offer.market,
            step_minor: Some(step),
            by: None,
        });
        let doubted = self.is_down().then_some(Event::MarketSuspended {
            market: offer.market,
            version: 2,
            cause: SuspensionCause::Doubt(Doubt::SourceDown),
        });
        Ok([offered]
            .into_iter()
            .chain(leaning)
            .chain(doubted)
            .collect())
    }

    /// A book is a word on the market: it also ends a doubt, unless the source is not up to date.
    /// From another source of the family it takes the market over. A late one for a closed market is passed over.
    ///
    /// A book that leans goes on leaning with the new prices.
    fn quote(
        &self,
        market: MarketId,
        prices: &[SelectionPrice],
        model: Option<&ModelOpinion>,
    ) -> Result<Vec<Event>, Rejection> {
        let market = self.own(market)?;
        let book = market.book(prices)?;
        if !market.is_live() {
            return Ok(Vec::new());
        }
        let source = self.state.sources.get(&market.source);
        let is_down = self.is_down();
        let about_to_be_doubted =
            !is_down && source.is_some_and(|source| source.doubted.contains(&market.market));
        let takes_over = market.source != self.message.source;
        let mut events = Vec::new();
        if !market.has_been_told(&book) || about_to_be_doubted || takes_over {
            let said = Said {
                source: &self.message.source,
                sequence: self.message.sequence,
                at: self.message.published_at,
            };
            events = market.publish(book, said, model.cloned(), market.lean().cloned());
        }
        let changes = u64::from(!events.is_empty());
        if !is_down {
            events.extend(market.go_on_by_source(changes, false));
        } else if takes_over && market.may_be_doubted() {
            events.push(Event::MarketSuspended {
                market: market.market,
                version: market.version.saturating_add(changes).saturating_add(1),
                cause: SuspensionCause::Doubt(Doubt::SourceDown),
            });
        }
        Ok(events)
    }
}
