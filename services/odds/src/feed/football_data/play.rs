//! A season as a feed.
//!
//! Duty: tell each match in the order of time: fixture, opening books, closing books, no more
//! bets, result. Prohibition: no in-play prices, the file has none; bets end at kick-off.
//!
//! The file says when a match was played but not when its prices stood. Opening books are told a
//! day before kick-off, closing books a minute before, results 110 minutes after.

use super::{Books, HandicapPrices, MatchRow};
use crate::feed::football::{FootballMarket, FootballQuestion};
use crate::feed::names::FeedNames;
use crate::feed::{FeedUpdate, Numbering};
use kernel::{Duration, FixtureId, Partition, Price, Timestamp};
use odds_domain::outcome::{Line, Score};
use schemas::odds::{
    AnnounceFixture, Close, FixtureStatus, ProgressFixture, QuoteBook, SelectionPrice, Settle,
    Update,
};
use std::collections::BTreeMap;

/// How long before kick-off the opening books are told.
const OPENING_LEAD: Duration = Duration::from_secs(24 * 60 * 60);
/// How long before kick-off the closing books are told.
const CLOSING_LEAD: Duration = Duration::from_secs(60);
/// How long after kick-off a result is told.
const RESULT_LAG: Duration = Duration::from_secs(110 * 60);

/// Plays matches as a feed, in the order of time. Numbers the updates from `first`.
#[must_use]
pub fn play(source: &str, partitions: Partition, first: u64, rows: &[MatchRow]) -> Vec<FeedUpdate> {
    let names = FeedNames::new(source, partitions);
    let mut said: Vec<(Timestamp, Update)> = rows
        .iter()
        .flat_map(|row| MatchStory::new(&names, row).told())
        .collect();
    // Stable: what is said of one match at one time keeps its order.
    said.sort_by_key(|(at, _)| *at);
    let mut numbering = Numbering::new(source, first);
    said.into_iter()
        .map(|(at, update)| numbering.update(at, update))
        .collect()
}

/// All that is said of one match.
struct MatchStory<'a> {
    names: &'a FeedNames,
    row: &'a MatchRow,
    fixture: FixtureId,
    /// Markets offered so far; the flag tells that they take no more bets.
    markets: BTreeMap<FootballQuestion, (FootballMarket, bool)>,
    said: Vec<(Timestamp, Update)>,
}

impl<'a> MatchStory<'a> {
    fn new(names: &'a FeedNames, row: &'a MatchRow) -> Self {
        let micros = row.kick_off.micros();
        let name = format!("{}/{micros}/{}/{}", row.division, row.home, row.away);
        Self {
            names,
            row,
            fixture: names.fixture(&name),
            markets: BTreeMap::new(),
            said: Vec::new(),
        }
    }

    fn told(mut self) -> Vec<(Timestamp, Update)> {
        let row = self.row;
        let opening = row.kick_off.minus(OPENING_LEAD);
        let closing = row.kick_off.minus(CLOSING_LEAD);
        self.said.push((
            opening,
            Update::AnnounceFixture(AnnounceFixture {
                fixture: self.fixture,
                name: format!("{} v {}", row.home, row.away),
                sport: "football".to_owned(),
                starts_at: row.kick_off,
            }),
        ));
        self.books(opening, &row.opening);
        self.drop_moved_line(closing);
        self.books(closing, &row.closing);
        self.progress(row.kick_off, FixtureStatus::InPlay, Score::default());
        self.close_all_but(row.kick_off, |_| false);
        if let Some(score) = row.full_time {
            self.result(row.kick_off.plus(RESULT_LAG), score);
        }
        self.said
    }

    fn progress(&mut self, at: Timestamp, status: FixtureStatus, score: Score) {
        let score = schemas::odds::Score {
            home: score.home,
            away: score.away,
        };
        self.said.push((
            at,
            Update::ProgressFixture(ProgressFixture {
                fixture: self.fixture,
                status,
                score: Some(score),
                minute: None,
            }),
        ));
    }

    fn books(&mut self, at: Timestamp, books: &Books) {
        if let Some(prices) = books.result {
            self.quote(at, FootballQuestion::Result, &prices);
        }
        if let Some(prices) = books.total {
            self.quote(
                at,
                FootballQuestion::Total(Line::from_quarters(10)),
                &prices,
            );
        }
        if let Some(HandicapPrices { line, home, away }) = books.handicap {
            self.quote(at, FootballQuestion::Handicap(line), &[home, away]);
        }
    }

    /// Tells a book; the market is offered first where it is new.
    fn quote(&mut self, at: Timestamp, question: FootballQuestion, prices: &[Price]) {
        let (names, fixture, row) = (self.names, self.fixture, self.row);
        let said = &mut self.said;
        let (market, _) = self.markets.entry(question).or_insert_with(|| {
            let market = FootballMarket::new(names, fixture, question);
            let offer = market.offer(fixture, &row.home, &row.away);
            said.push((at, Update::OfferMarket(offer)));
            (market, false)
        });
        let prices = market
            .selections
            .iter()
            .zip(prices)
            .map(|(&selection, &price)| SelectionPrice {
                selection,
                price: Some(price),
            })
            .collect();
        said.push((
            at,
            Update::QuoteBook(QuoteBook {
                market: market.market,
                prices,
            }),
        ));
    }

    /// A line that moved is another market: the old one takes no more bets.
    fn drop_moved_line(&mut self, at: Timestamp) {
        if let Some(HandicapPrices { line, .. }) = self.row.closing.handicap {
            self.close_all_but(at, |question| match question {
                FootballQuestion::Handicap(old) => old == line,
                FootballQuestion::Result
                | FootballQuestion::Total(_)
                | FootballQuestion::BothToScore
                | FootballQuestion::CorrectScore(_)
                | FootballQuestion::EuropeanHandicap(_) => true,
            });
        }
    }

    fn close_all_but(&mut self, at: Timestamp, keeps: impl Fn(FootballQuestion) -> bool) {
        for (question, (market, closed)) in &mut self.markets {
            if !*closed && !keeps(*question) {
                *closed = true;
                let market = market.market;
                self.said.push((at, Update::Close(Close { market })));
            }
        }
    }

    fn result(&mut self, at: Timestamp, score: Score) {
        self.progress(at, FixtureStatus::Finished, score);
        for (market, _) in self.markets.values() {
            self.said.push((
                at,
                Update::Settle(Settle {
                    market: market.market,
                    outcomes: market.outcomes(score),
                }),
            ));
        }
    }
}
