//! One simulated match: its goals, its prices, its markets' life.
//!
//! Duty: from kick-off time, rates and chance to updates, step by step. Prohibition: the prices
//! know nothing that a bookmaker would not know: rates, score and time, not the goals to come.
#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a simulated world is real arithmetic; prices leave it quantised"
)]

use super::random::Random;
use super::teams;
use super::{STEP, SimulationSettings, Unfinished};
use crate::feed::football::{FootballMarket, FootballQuestion};
use crate::feed::names::FeedNames;
use crate::pricing::{MatchOpinion, minutes_left, prices};
use kernel::{Duration, FixtureId, Price, Timestamp};
use odds_domain::goals::MATCH_MINUTES;
use odds_domain::outcome::{Line, Score};
use schemas::odds::{
    AnnounceFixture, Close, FixtureStatus, ProgressFixture, QuoteFromModel, Resume, SelectionPrice,
    Settle, Suspend, TurnInPlay, Update,
};
use std::collections::BTreeMap;

/// How long betting stops at a goal.
const GOAL_STOP: Duration = Duration::from_secs(4);
/// From the final whistle to the results.
const RESULT_AFTER: Duration = Duration::from_secs(3);
/// All prices are told again at least this often, so that a doubt about them ends.
const RETOLD_EVERY: Duration = Duration::from_secs(10);
/// Goals of a side up to which scores are offered one by one.
const SCORES_UP_TO: u16 = 3;
/// Correlation of low scores that goal models find in real leagues.
const RHO: f64 = -0.06;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Before,
    Playing,
    /// A goal fell; betting goes on then.
    Stopped(Timestamp),
    /// Over; the results follow then.
    Ended(Timestamp),
    Over,
}

/// A match.
#[derive(Clone, Debug)]
pub(super) struct Game {
    fixture: FixtureId,
    home: String,
    away: String,
    kick_off: Timestamp,
    /// What the bookmaker believes; drifts.
    home_rate: f64,
    away_rate: f64,
    score: Score,
    phase: Phase,
    chance: Random,
    markets: Vec<FootballMarket>,
    told: BTreeMap<FootballQuestion, Vec<Option<Price>>>,
    next_prices: Timestamp,
    next_retold: Timestamp,
    minute: u16,
    /// Began in an earlier run, which may have left it stopped.
    adopted: bool,
}

impl Game {
    /// A match that chance makes up.
    pub(super) fn drawn(
        names: &FeedNames,
        name: &str,
        kick_off: Timestamp,
        mut chance: Random,
    ) -> Self {
        let (home, away) = teams::pair(&mut chance);
        let home_rate = chance.between(0.9, 2.2);
        let away_rate = chance.between(0.6, 1.8);
        let fixture = names.fixture(name);
        let handicap = nearest_quarter(away_rate - home_rate);
        let markets = [
            FootballQuestion::Result,
            FootballQuestion::Total(Line::from_quarters(10)),
            FootballQuestion::Handicap(handicap),
            FootballQuestion::BothToScore,
            FootballQuestion::CorrectScore(SCORES_UP_TO),
            FootballQuestion::EuropeanHandicap(-1),
        ]
        .map(|question| FootballMarket::new(names, fixture, question))
        .to_vec();
        Self {
            fixture,
            home,
            away,
            kick_off,
            home_rate,
            away_rate,
            score: Score::default(),
            phase: Phase::Before,
            chance,
            markets,
            told: BTreeMap::new(),
            next_prices: Timestamp::MIN,
            next_retold: Timestamp::MIN,
            minute: 0,
            adopted: false,
        }
    }

    /// A match that an earlier run began. Its rates are drawn anew; in play it goes on at once.
    pub(super) fn adopted(
        unfinished: &Unfinished,
        settings: &SimulationSettings,
        chance: &mut Random,
    ) -> Self {
        let names = FeedNames::new(settings.source.as_str(), settings.partitions);
        let mut game = Self::drawn(&names, "", unfinished.starts_at, chance.clone());
        let (home, away) = unfinished
            .name
            .split_once(" v ")
            .unwrap_or((unfinished.name.as_str(), ""));
        game.home = home.to_owned();
        game.away = away.to_owned();
        game.adopted = true;
        game.fixture = unfinished.fixture;
        game.score = unfinished.score;
        game.markets = unfinished
            .markets
            .iter()
            .filter_map(|(_, kind)| FootballQuestion::of(kind))
            .map(|question| FootballMarket::new(&names, unfinished.fixture, question))
            .collect();
        game
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    pub(super) fn announce(&self, said: &mut Vec<Update>) {
        said.push(Update::AnnounceFixture(AnnounceFixture {
            fixture: self.fixture,
            name: format!("{} v {}", self.home, self.away),
            sport: "football".to_owned(),
            starts_at: self.kick_off,
        }));
        for market in &self.markets {
            let offer = market.offer(self.fixture, &self.home, &self.away);
            said.push(Update::OfferMarket(offer));
        }
    }

    /// What happens in one step.
    pub(super) fn step(
        &mut self,
        at: Timestamp,
        settings: &SimulationSettings,
        said: &mut Vec<Update>,
    ) {
        match self.phase {
            Phase::Before if at >= self.kick_off => self.begin(at, settings, said),
            Phase::Before => self.drift(at, settings, said),
            Phase::Playing => self.play(at, settings, said),
            Phase::Stopped(until) if at >= until => {
                self.phase = Phase::Playing;
                self.quote(at, settings, true, said);
                self.resume(said);
            }
            Phase::Ended(until) if at >= until => self.settle(said),
            Phase::Stopped(_) | Phase::Ended(_) | Phase::Over => {}
        }
    }

    fn begin(&mut self, at: Timestamp, settings: &SimulationSettings, said: &mut Vec<Update>) {
        self.phase = Phase::Playing;
        self.minute = whole_minute(self.minutes_played(at, settings));
        self.progress(FixtureStatus::InPlay, said);
        for market in &self.markets {
            said.push(Update::TurnInPlay(TurnInPlay {
                market: market.market,
                bet_delay: settings.bet_delay,
            }));
        }
        if self.adopted {
            self.quote(at, settings, true, said);
            self.resume(said);
        }
    }

    fn resume(&self, said: &mut Vec<Update>) {
        said.push(Update::Resume(Resume {
            fixture: self.fixture,
            market: None,
        }));
    }

    fn play(&mut self, at: Timestamp, settings: &SimulationSettings, said: &mut Vec<Update>) {
        let minute = self.minutes_played(at, settings);
        if minute >= MATCH_MINUTES {
            self.end(at, said);
            return;
        }
        let part = ratio(STEP, settings.match_lasts);
        let home_scores = self.chance.unit() < self.home_rate * part;
        let away_scores = !home_scores && self.chance.unit() < self.away_rate * part;
        if home_scores || away_scores {
            let scored = u16::from(home_scores);
            self.score.home = self.score.home.saturating_add(scored);
            self.score.away = self.score.away.saturating_add(u16::from(away_scores));
            self.phase = Phase::Stopped(at.plus(GOAL_STOP));
            said.push(Update::Suspend(Suspend {
                fixture: self.fixture,
                market: None,
                reason: "goal".to_owned(),
            }));
            self.minute = whole_minute(minute);
            self.progress(FixtureStatus::InPlay, said);
            return;
        }
        let whole = whole_minute(minute);
        if whole >= self.minute.saturating_add(5) {
            self.minute = whole;
            self.progress(FixtureStatus::InPlay, said);
        }
        self.drift(at, settings, said);
    }

    fn end(&mut self, at: Timestamp, said: &mut Vec<Update>) {
        self.phase = Phase::Ended(at.plus(RESULT_AFTER));
        self.minute = whole_minute(MATCH_MINUTES);
        for market in &self.markets {
            said.push(Update::Close(Close {
                market: market.market,
            }));
        }
        self.progress(FixtureStatus::Finished, said);
    }

    fn settle(&mut self, said: &mut Vec<Update>) {
        self.phase = Phase::Over;
        for market in &self.markets {
            said.push(Update::Settle(Settle {
                market: market.market,
                outcomes: market.outcomes(self.score),
            }));
        }
    }

    fn progress(&self, status: FixtureStatus, said: &mut Vec<Update>) {
        said.push(Update::ProgressFixture(ProgressFixture {
            fixture: self.fixture,
            status,
            score: Some(schemas::odds::Score {
                home: self.score.home,
                away: self.score.away,
            }),
            minute: Some(self.minute),
        }));
    }

    /// The market's opinion moves a little, and prices follow.
    fn drift(&mut self, at: Timestamp, settings: &SimulationSettings, said: &mut Vec<Update>) {
        if at < self.next_prices {
            return;
        }
        self.next_prices = at.plus(settings.scenario.prices_every());
        for rate in [&mut self.home_rate, &mut self.away_rate] {
            *rate = (*rate * self.chance.between(0.985, 1.015)).clamp(0.3, 3.5);
        }
        let retold = at >= self.next_retold;
        if retold {
            self.next_retold = at.plus(RETOLD_EVERY);
        }
        self.quote(at, settings, retold, said);
    }

    fn quote(
        &mut self,
        at: Timestamp,
        settings: &SimulationSettings,
        retold: bool,
        said: &mut Vec<Update>,
    ) {
        let opinion = MatchOpinion {
            home_rate: self.home_rate,
            away_rate: self.away_rate,
            rho: RHO,
            minutes_left: minutes_left(self.minutes_played(at, settings)),
            score: self.score,
        };
        let Ok(grid) = opinion.grid() else {
            return;
        };
        for market in &self.markets {
            let prices = prices(market.question.about_goals(), &grid, self.score);
            if !retold && self.told.get(&market.question) == Some(&prices) {
                continue;
            }
            said.push(Update::QuoteFromModel(QuoteFromModel {
                market: market.market,
                model: opinion.told(),
                prices: market
                    .selections
                    .iter()
                    .zip(&prices)
                    .map(|(&selection, &price)| SelectionPrice { selection, price })
                    .collect(),
            }));
            self.told.insert(market.question, prices);
        }
    }

    fn minutes_played(&self, at: Timestamp, settings: &SimulationSettings) -> f64 {
        MATCH_MINUTES * ratio(at.since(self.kick_off), settings.match_lasts)
    }
}

fn ratio(part: Duration, whole: Duration) -> f64 {
    part.micros() as f64 / whole.micros().max(1) as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0 to 90"
)]
fn whole_minute(minutes: f64) -> u16 {
    minutes.clamp(0.0, MATCH_MINUTES) as u16
}

/// The line in quarters of a goal that is nearest, at most two goals.
#[expect(clippy::cast_possible_truncation, reason = "clamped to a few quarters")]
fn nearest_quarter(goals: f64) -> Line {
    Line::from_quarters((goals * 4.0).round().clamp(-8.0, 8.0) as i32)
}
