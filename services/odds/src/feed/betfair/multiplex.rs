//! One recorded market as hundreds of them, for measuring.
//!
//! Duty: copies of a recorded stream under ids of their own, each from another place of it, mixed as
//! an exchange would mix them; and playing them through a feed. A recorded market alone changes a few
//! times a second, which measures nothing. Prohibition: no line is made up: copies differ from the
//! recording only in their ids and in where they begin.

use super::message::{BetfairError, Message, decode};
use super::normalise::BetfairFeed;
use schemas::odds::Update;

/// Lines of many markets.
#[derive(Clone, Debug)]
pub struct Multiplexed {
    /// In their order.
    pub lines: Vec<String>,
    /// Changes of one selection each in all of them.
    pub selection_updates: u64,
}

/// What came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Books that follow.
    pub books: u64,
    /// Updates of any kind.
    pub updates: u64,
}

/// So many copies of a recording, each with about so many lines besides its image. Lines that close
/// the market are left out.
///
/// # Errors
/// The recording is none, or holds no image.
pub fn multiplex(recorded: &str, markets: u32, lines: usize) -> Result<Multiplexed, BetfairError> {
    let whole: Vec<&str> = recorded
        .lines()
        .filter(|line| !line.contains("CLOSED"))
        .collect();
    let (image, deltas) = whole.split_first().ok_or(BetfairError::NoImage)?;
    let Message::Markets(first) = decode(image)? else {
        return Err(BetfairError::NoImage);
    };
    let id = first
        .markets
        .first()
        .filter(|market| market.definition.is_some())
        .map(|market| market.id.clone())
        .ok_or(BetfairError::NoImage)?;
    let copies: Vec<(String, usize)> = (0..markets)
        .map(|copy| {
            let begin = usize::try_from(copy).unwrap_or(0).saturating_mul(997);
            let name = format!("{id}{copy:04}");
            (name, begin.checked_rem(deltas.len().max(1)).unwrap_or(0))
        })
        .collect();
    let renamed = |line: &str, name: &str| line.replace(&id, name);
    let mut all: Vec<String> = copies
        .iter()
        .map(|(name, _)| renamed(image, name))
        .collect();
    for step in 0..lines {
        for (name, begin) in &copies {
            let place = begin.saturating_add(step);
            let place = place.checked_rem(deltas.len().max(1)).unwrap_or(0);
            all.extend(deltas.get(place).map(|line| renamed(line, name)));
        }
    }
    let mut selection_updates = 0_u64;
    for line in &all {
        if let Message::Markets(changes) = decode(line)? {
            for market in &changes.markets {
                let runners = u64::try_from(market.runners.len()).unwrap_or(0);
                selection_updates = selection_updates.saturating_add(runners);
            }
        }
    }
    Ok(Multiplexed {
        lines: all,
        selection_updates,
    })
}

impl Multiplexed {
    /// Plays all lines through a new feed: read, kept in ladders, told.
    ///
    /// # Errors
    /// A line is no message.
    pub fn play(&self) -> Result<Played, BetfairError> {
        let mut feed = BetfairFeed::new("betfair", 8, 1);
        let mut played = Played::default();
        for line in &self.lines {
            for told in feed.line(line)? {
                played.updates = played.updates.saturating_add(1);
                if matches!(told.update, Update::QuoteBook(_)) {
                    played.books = played.books.saturating_add(1);
                }
                std::hint::black_box(told);
            }
        }
        Ok(played)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::recorded::recorded_text;

    #[test]
    fn copies_are_markets_of_their_own() {
        let Some(text) = recorded_text("betfair/1.200806927.gz") else {
            return;
        };
        let many = multiplex(&text, 30, 200).unwrap();
        assert_eq!(many.lines.len(), 30 * 201);
        assert!(many.selection_updates > 6_000, "{}", many.selection_updates);
        let mut feed = BetfairFeed::new("betfair", 8, 1);
        for line in &many.lines {
            feed.line(line).unwrap();
        }
        assert_eq!(feed.cache().markets().len(), 30);
        assert!(many.play().unwrap().books > 500);
    }
}
