//! A match day that plays itself.
//!
//! Duty: a feed for `dev`: fixtures, prices that follow a goal model, goals that stop betting for
//! some seconds, kick-offs, results; over and over. The same seed and the same start give the
//! same day, however often and in whatever strides [`Simulation::advance`] is called.
//!
//! Prohibition: no clock and no randomness but the seed.

mod game;
mod random;
mod scenario;
mod teams;

pub use scenario::{Scenario, UnknownScenario};

use super::names::FeedNames;
use super::{FeedUpdate, Numbering};
use game::Game;
use kernel::{Duration, FixtureId, Partition, Timestamp};
use odds_domain::outcome::Score;
use random::Random;
use schemas::odds::{Alive, Update};

/// How the day is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulationSettings {
    /// The feed source's name.
    pub source: String,
    /// Decides everything that chance decides.
    pub seed: u64,
    /// What kind of day.
    pub scenario: Scenario,
    /// Partitions of the log.
    pub partitions: Partition,
    /// How long 90 minutes take.
    pub match_lasts: Duration,
    /// By how much bets in play are delayed.
    pub bet_delay: Duration,
}

impl SimulationSettings {
    /// Matches of three minutes with a delay of two seconds in play.
    #[must_use]
    pub fn new(seed: u64, scenario: Scenario, partitions: Partition) -> Self {
        Self {
            source: "simulation".to_owned(),
            seed,
            scenario,
            partitions,
            match_lasts: Duration::from_secs(180),
            bet_delay: Duration::from_secs(2),
        }
    }
}

/// A match that an earlier run of this feed left unfinished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Its id.
    pub fixture: FixtureId,
    /// "Home v Away", as it was announced.
    pub name: String,
    /// When it began or begins.
    pub starts_at: Timestamp,
    /// Goals so far.
    pub score: Score,
    /// The markets offered, as the wire tells them.
    pub markets: Vec<(kernel::MarketId, schemas::odds::MarketKind)>,
}

/// Time moves in such steps.
const STEP: Duration = Duration::from_millis(250);
/// So many steps are made up for in one call: a minute. What is left follows at the next call.
const STEPS_MAX: u32 = 240;
/// Says that it lives at least this often.
const ALIVE_EVERY: Duration = Duration::from_secs(5);

/// A match day.
#[derive(Clone, Debug)]
pub struct Simulation {
    settings: SimulationSettings,
    names: FeedNames,
    numbering: Numbering,
    random: Random,
    /// The next step.
    next: Timestamp,
    next_alive: Timestamp,
    last_kick_off: Option<Timestamp>,
    games: Vec<Game>,
    announced: u64,
    started_at: Timestamp,
}

impl Simulation {
    /// A day that begins at `started_at`. Updates are numbered from that instant's microseconds
    /// on, so that the numbers of a later run are always higher.
    #[must_use]
    pub fn new(settings: SimulationSettings, started_at: Timestamp) -> Self {
        let first = u64::try_from(started_at.micros()).unwrap_or(1);
        Self {
            names: FeedNames::new(settings.source.as_str(), settings.partitions),
            numbering: Numbering::new(settings.source.as_str(), first),
            random: Random::new(settings.seed),
            next: started_at,
            next_alive: started_at,
            last_kick_off: None,
            games: Vec::new(),
            announced: 0,
            started_at,
            settings,
        }
    }

    /// Takes over a match that an earlier run left unfinished: it is played on from its score,
    /// or ended if its time is over. Call before the first [`Simulation::advance`].
    pub fn adopt(&mut self, unfinished: &Unfinished) {
        let mut chance = Random::new(self.random.next());
        self.games
            .push(Game::adopted(unfinished, &self.settings, &mut chance));
    }

    /// Plays up to `now`, a minute at most, and tells what happened.
    pub fn advance(&mut self, now: Timestamp) -> Vec<FeedUpdate> {
        let mut updates = Vec::new();
        for _ in 0..STEPS_MAX {
            if self.next > now {
                break;
            }
            let at = self.next;
            let mut said = Vec::new();
            self.step(at, &mut said);
            updates.extend(
                said.into_iter()
                    .map(|update| self.numbering.update(at, update)),
            );
            self.next = at.plus(STEP);
        }
        updates
    }

    fn step(&mut self, at: Timestamp, said: &mut Vec<Update>) {
        if at >= self.next_alive {
            self.next_alive = at.plus(ALIVE_EVERY);
            said.push(Update::Alive(Alive {}));
        }
        self.announce_missing(at, said);
        for game in &mut self.games {
            game.step(at, &self.settings, said);
        }
        self.games.retain(|game| !game.is_over());
    }

    /// As many matches as the scenario wants.
    fn announce_missing(&mut self, at: Timestamp, said: &mut Vec<Update>) {
        while self.games.len() < usize::from(self.settings.scenario.matches()) {
            let scenario = self.settings.scenario;
            let earliest = at.plus(scenario.first_kick_off_after());
            let kick_off = self.last_kick_off.map_or(earliest, |last| {
                earliest.max(last.plus(scenario.kick_offs_every()))
            });
            self.last_kick_off = Some(kick_off);
            self.announced = self.announced.saturating_add(1);
            let name = format!("{}/{}", self.started_at.micros(), self.announced);
            let chance = Random::new(self.random.next());
            let game = Game::drawn(&self.names, &name, kick_off, chance);
            game.announce(said);
            self.games.push(game);
        }
    }
}

#[cfg(test)]
mod tests;
