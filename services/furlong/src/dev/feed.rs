//! What moves the prices of a development world: the simulated day, or a recording.
//!
//! Duty: hand a source's updates to the feed desk as time goes on. Prohibition: no short cut past
//! the odds service.

use super::Dev;
use crate::dev::PARTITIONS;
use crate::feed::recording::Recorded;
use crate::feed_desk::FeedDesk;
use crate::node::Node;
use eventlog::EventLog;
use kernel::Timestamp;
use markets::MarketView;
use odds::feed::FeedUpdate;
use odds::feed::playback::Playback;
use odds::feed::simulation::{Simulation, SimulationSettings, Unfinished};
use odds_domain::outcome::Score;
use runtime::Clock;
use schemas::odds::FixtureStatus;
use std::sync::Arc;
use std::time::Duration;

/// How often a source is asked what has happened.
const TICK: Duration = Duration::from_millis(100);
/// How long the board may take to fill before the banner is shown all the same.
const BEGIN: Duration = Duration::from_secs(3);

/// Sets the feed going.
pub(super) fn start(node: &mut Node, recording: Option<Recorded>, dev: &Dev) {
    let now = node.engine.ground().clock.now();
    let driver = Driver {
        desk: Arc::clone(&node.feeds),
        log: Arc::clone(&node.engine.ground().log),
        clock: Arc::clone(&node.engine.ground().clock),
    };
    match recording {
        Some(recording) => {
            let mut playback = Playback::new(&recording.source, recording.updates, dev.speed, now);
            node.engine
                .beside(driver.drive(move |now| playback.advance(now)));
        }
        None => {
            let settings = SimulationSettings::new(dev.seed, dev.scenario, PARTITIONS);
            let source = settings.source.clone();
            let mut simulation = Simulation::new(settings, now);
            for unfinished in unfinished(&node.engine.markets.look(), &source) {
                simulation.adopt(&unfinished);
            }
            node.engine
                .beside(driver.drive(move |now| simulation.advance(now)));
        }
    }
}

/// Resolves when there is something on the board, or after a while.
pub(super) async fn begun(node: &Node) {
    let filled = async {
        let mut news = node.engine.markets.news();
        while node.engine.markets.look().markets().next().is_none() && news.changed().await.is_ok()
        {
        }
    };
    if tokio::time::timeout(BEGIN, filled).await.is_err() {
        tracing::info!("nothing on the board yet");
    }
}

struct Driver {
    desk: Arc<FeedDesk>,
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
}

impl Driver {
    async fn drive(self, mut advance: impl FnMut(Timestamp) -> Vec<FeedUpdate> + Send) {
        loop {
            let now = self.clock.now();
            for update in advance(now) {
                self.desk.send(&*self.log, update, now).await;
            }
            tokio::time::sleep(TICK).await;
        }
    }
}

/// The matches that an earlier run on the same data has left unfinished.
fn unfinished(view: &MarketView, source: &str) -> Vec<Unfinished> {
    view.fixtures()
        .filter(|fixture| match fixture.status {
            FixtureStatus::Scheduled | FixtureStatus::InPlay => true,
            FixtureStatus::Finished | FixtureStatus::Cancelled => false,
        })
        .filter_map(|fixture| {
            let markets: Vec<_> = fixture
                .markets
                .iter()
                .filter_map(|id| view.market(*id))
                .collect();
            markets
                .iter()
                .any(|market| market.source == source)
                .then(|| Unfinished {
                    fixture: fixture.id,
                    name: fixture.name.clone(),
                    starts_at: fixture.starts_at,
                    score: fixture
                        .score
                        .as_ref()
                        .map_or(Score { home: 0, away: 0 }, |score| Score {
                            home: score.home,
                            away: score.away,
                        }),
                    markets: markets
                        .iter()
                        .map(|market| (market.id, market.kind.clone()))
                        .collect(),
                })
        })
        .collect()
}
