//! A recording, played as if it happened now.
//!
//! Duty: release recorded updates at their distance from the beginning, as many times as fast as
//! wanted, with new times and numbers, and say "alive" through the recording's pauses.
//! Prohibition: nothing is left out and nothing is reordered.

use super::{FeedUpdate, Numbering};
use kernel::{Duration, Timestamp};
use schemas::odds::{Alive, Update};
use std::collections::VecDeque;

/// Says that it lives at least this often, whatever the recording does.
const ALIVE_EVERY: Duration = Duration::from_secs(5);

/// A recording on its way.
#[derive(Clone, Debug)]
pub struct Playback {
    left: VecDeque<FeedUpdate>,
    recorded_from: Timestamp,
    started_at: Timestamp,
    speed: u32,
    next_alive: Timestamp,
    numbering: Numbering,
}

impl Playback {
    /// Begins at `started_at` with the first update; `speed` 1 is as recorded. Numbers begin at
    /// that instant's microseconds, so that those of a later run are always higher.
    #[must_use]
    pub fn new(
        source: &str,
        updates: impl IntoIterator<Item = FeedUpdate>,
        speed: u32,
        started_at: Timestamp,
    ) -> Self {
        let left: VecDeque<FeedUpdate> = updates.into_iter().collect();
        let recorded_from = left.front().map(|update| update.published_at);
        Self {
            recorded_from: recorded_from.unwrap_or_default(),
            left,
            started_at,
            speed: speed.max(1),
            next_alive: started_at,
            numbering: Numbering::new(source, u64::try_from(started_at.micros()).unwrap_or(1)),
        }
    }

    /// How many updates are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.left.len()
    }

    /// When the next update is due; `None` at the end.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.left.front().map(|next| self.played(next.published_at))
    }

    /// All that is due by `now`. After the end of the recording, silence.
    pub fn advance(&mut self, now: Timestamp) -> Vec<FeedUpdate> {
        let mut released = Vec::new();
        if !self.left.is_empty() && now >= self.next_alive {
            self.next_alive = now.plus(ALIVE_EVERY);
            released.push(self.numbering.update(now, Update::Alive(Alive {})));
        }
        while let Some(next) = self.left.front() {
            let at = self.played(next.published_at);
            if at > now {
                break;
            }
            if let Some(next) = self.left.pop_front() {
                let update = self.moved(next.update);
                released.push(self.numbering.update(at, update));
            }
        }
        released
    }

    /// The instant at which something recorded then is played.
    fn played(&self, recorded: Timestamp) -> Timestamp {
        let faster = |span: Duration| {
            let micros = span.micros().checked_div(i64::from(self.speed));
            Duration::from_micros(micros.unwrap_or(0))
        };
        if recorded >= self.recorded_from {
            self.started_at
                .plus(faster(recorded.since(self.recorded_from)))
        } else {
            self.started_at
                .minus(faster(self.recorded_from.since(recorded)))
        }
    }

    /// Times inside an update move with it.
    fn moved(&self, mut update: Update) -> Update {
        let window = |from: &mut Option<Timestamp>, until: &mut Option<Timestamp>| {
            for bound in [from, until] {
                *bound = bound.map(|recorded| self.played(recorded));
            }
        };
        if let Update::AnnounceFixture(fixture) = &mut update {
            fixture.starts_at = self.played(fixture.starts_at);
        } else if let Update::Withdraw(withdraw) = &mut update {
            withdraw.withdrawn_at = self.played(withdraw.withdrawn_at);
        } else if let Update::CancelBets(cancel) = &mut update {
            window(&mut cancel.from, &mut cancel.until);
        } else if let Update::RestoreBets(restore) = &mut update {
            window(&mut restore.from, &mut restore.until);
        }
        update
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{FixtureId, MarketId};
    use schemas::odds::{AnnounceFixture, CancelBets, Close};

    const START: Timestamp = Timestamp::from_millis(50_000);

    fn at(millis: i64, update: Update) -> FeedUpdate {
        FeedUpdate {
            source: "recorded".to_owned(),
            sequence: 1,
            published_at: Timestamp::from_millis(millis),
            update,
        }
    }

    fn close(number: u64) -> Update {
        Update::Close(Close {
            market: MarketId::example(number, 0),
        })
    }

    fn after(millis: i64) -> Timestamp {
        START.plus(Duration::from_millis(millis))
    }

    fn is_alive(update: &FeedUpdate) -> bool {
        matches!(update.update, Update::Alive(_))
    }

    #[test]
    fn updates_come_at_their_distance_so_many_times_as_fast() {
        let recording = [at(1_000, close(1)), at(21_000, close(2))];
        let mut playback = Playback::new("recorded", recording, 10, START);
        let first = playback.advance(START);
        assert_eq!(first.last().map(|u| &u.update), Some(&close(1)));
        assert_eq!(playback.advance(after(1_999)), []);
        assert_eq!(playback.next_at(), Some(after(2_000)));
        let second = playback.advance(after(2_500));
        assert_eq!(second[0].update, close(2));
        assert_eq!(second[0].published_at, after(2_000));
        assert_eq!((playback.left(), playback.next_at()), (0, None));
    }

    #[test]
    fn pauses_are_filled_with_signs_of_life_until_the_end() {
        let recording = [at(0, close(1)), at(60_000, close(2))];
        let mut playback = Playback::new("recorded", recording, 1, START);
        let alive = (0..70)
            .flat_map(|second| playback.advance(after(second * 1_000)))
            .filter(is_alive);
        assert_eq!(alive.count(), 13);
        assert_eq!(playback.advance(after(100_000)), []);
    }

    #[test]
    fn kick_off_times_move_with_the_recording() {
        let announce = Update::AnnounceFixture(AnnounceFixture {
            fixture: FixtureId::example(1, 0),
            name: "A v B".to_owned(),
            sport: "football".to_owned(),
            starts_at: Timestamp::from_millis(61_000),
        });
        let mut playback = Playback::new("recorded", [at(1_000, announce)], 60, START);
        let told = playback.advance(START);
        let Some(Update::AnnounceFixture(fixture)) = told.last().map(|u| u.update.clone()) else {
            panic!("no fixture")
        };
        assert_eq!(fixture.starts_at, after(1_000));
    }

    #[test]
    fn windows_of_bets_move_with_the_recording() {
        let cancel = Update::CancelBets(CancelBets {
            market: MarketId::example(1, 0),
            from: Some(Timestamp::from_millis(61_000)),
            until: None,
            reason: "goal before".to_owned(),
        });
        let mut playback = Playback::new("recorded", [at(1_000, cancel)], 60, START);
        let told = playback.advance(START);
        let Some(Update::CancelBets(cancel)) = told.last().map(|u| u.update.clone()) else {
            panic!("no cancellation")
        };
        assert_eq!((cancel.from, cancel.until), (Some(after(1_000)), None));
    }

    #[test]
    fn numbers_rise_by_one() {
        let recording = (0..50).map(|n| at(n * 1_000, close(1)));
        let mut playback = Playback::new("recorded", recording, 1, START);
        let numbers: Vec<u64> = (0..60)
            .flat_map(|second| playback.advance(after(second * 1_000)))
            .map(|update| update.sequence)
            .collect();
        assert!(numbers.is_sorted_by(|left, right| left.checked_add(1) == Some(*right)));
    }
}
