//! I11 and I12: accepted when open, at the price that was on offer.
//!
//! Duty: keep what every book position offered and when each market stopped taking bets, and hold
//! each accepted leg against it. Prohibition: the slip's own evidence is not believed; it only
//! says where to look.

mod cash_out;

use crate::findings::Findings;
use kernel::{BetId, Duration, InvariantId, MarketId, Position, Price, SelectionId, Timestamp};
use rustc_hash::FxHashMap;
use schemas::bets::{Event as BetsEvent, PricePolicy, StruckLeg};
use schemas::odds::Event as OddsEvent;

/// How far the picture of prices may lag behind the market at an acceptance.
pub(crate) const CONTEXT_LAG_MAX: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(crate) struct Prices {
    books: FxHashMap<(Position, MarketId), FxHashMap<SelectionId, Option<Price>>>,
    stops: FxHashMap<MarketId, Vec<Change>>,
    policies: FxHashMap<BetId, PricePolicy>,
    accepted: Vec<Accepted>,
    sold: Vec<cash_out::Sold>,
    /// The markets of selections that bets were struck on.
    markets: FxHashMap<SelectionId, MarketId>,
    /// The versions with which selections were withdrawn.
    withdrawn: FxHashMap<SelectionId, u64>,
}

/// Something that may only be decided while a market is open.
#[derive(Debug, Clone, Copy)]
struct Judged {
    bet: BetId,
    position: Position,
    at: Timestamp,
    market: MarketId,
    book_position: Position,
}

/// A market stopped or went on taking bets.
#[derive(Debug, Clone, Copy)]
struct Change {
    position: Position,
    at: Timestamp,
    open: bool,
    for_good: bool,
}

#[derive(Debug)]
struct Accepted {
    bet: BetId,
    position: Position,
    at: Timestamp,
    leg: StruckLeg,
}

impl Prices {
    pub(crate) fn take_odds(&mut self, position: Position, at: Timestamp, event: &OddsEvent) {
        let mut change = |market, open, for_good| {
            self.stops.entry(market).or_default().push(Change {
                position,
                at,
                open,
                for_good,
            });
        };
        match event {
            OddsEvent::BookPublished(book) => {
                let prices = book
                    .prices
                    .iter()
                    .map(|quoted| (quoted.selection, quoted.price));
                self.books.insert((position, book.market), prices.collect());
            }
            OddsEvent::MarketSuspended(suspended) => change(suspended.market, false, false),
            OddsEvent::MarketResumed(resumed) => change(resumed.market, true, false),
            OddsEvent::MarketClosed(closed) => change(closed.market, false, true),
            OddsEvent::MarketResulted(resulted) => change(resulted.market, false, true),
            OddsEvent::SelectionWithdrawn(gone) => {
                self.withdrawn.insert(gone.selection, gone.version);
            }
            OddsEvent::FixtureAnnounced(_)
            | OddsEvent::FixtureProgressed(_)
            | OddsEvent::MarketOffered(_)
            | OddsEvent::MarketTurnedInPlay(_)
            | OddsEvent::ResultRolledBack(_)
            | OddsEvent::SourceAdvanced(_)
            | OddsEvent::SourceGapSeen(_)
            | OddsEvent::SourceWentSilent(_)
            | OddsEvent::SourceReturned(_)
            | OddsEvent::BudgetGranted(_)
            | OddsEvent::BudgetRecalled(_)
            | OddsEvent::BudgetReturnNoticed(_)
            | OddsEvent::RaceDescribed(_)
            | OddsEvent::LeaningSet(_)
            | OddsEvent::StakesNoted(_)
            | OddsEvent::ResultWordTaken(_)
            | OddsEvent::BetsCancelled(_)
            | OddsEvent::BetsRestored(_)
            | OddsEvent::RulingProposed(_)
            | OddsEvent::RulingApproved(_)
            | OddsEvent::SourceWentDown(_)
            | OddsEvent::SourceCameUp(_)
            | OddsEvent::SourceDoubted(_)
            | OddsEvent::BookExplained(_)
            | OddsEvent::HeartbeatSent(_) => {}
        }
    }

    pub(crate) fn take_bets(&mut self, position: Position, event: &BetsEvent) {
        if let BetsEvent::CashedOut(sold) = event {
            self.note_sale(position, sold);
        }
        if let BetsEvent::BetPlaced(placed) = event {
            self.policies.insert(placed.bet, placed.price_policy);
        }
        if let BetsEvent::BetAccepted(accepted) = event {
            for leg in &accepted.legs {
                self.markets.insert(leg.selection, leg.market);
                self.accepted.push(Accepted {
                    bet: accepted.bet,
                    position,
                    at: accepted.accepted_at,
                    leg: leg.clone(),
                });
            }
        }
    }

    pub(crate) fn finish(&self, findings: &mut Findings) {
        for accepted in &self.accepted {
            self.check_price(accepted, findings);
            let judged = Judged {
                bet: accepted.bet,
                position: accepted.position,
                at: accepted.at,
                market: accepted.leg.market,
                book_position: accepted.leg.book_position,
            };
            self.check_open(&judged, InvariantId::AcceptedOnlyWhenOpen, findings);
        }
        for sold in &self.sold {
            self.check_sale(sold, findings);
        }
    }

    fn check_price(&self, accepted: &Accepted, findings: &mut Findings) {
        let Accepted {
            bet, position, leg, ..
        } = accepted;
        let price_rule = InvariantId::AcceptedAtQuotedPrice;
        let Some(book) = self.books.get(&(leg.book_position, leg.market)) else {
            let detail = format!(
                "{bet} names {} which published no book of {}",
                leg.book_position, leg.market
            );
            findings.report(price_rule, *position, detail);
            return;
        };
        let offered = book.get(&leg.selection).copied().flatten();
        findings.require(offered == Some(leg.price), price_rule, *position, || {
            format!(
                "{bet} is struck at {}, the book offered {offered:?}",
                leg.price
            )
        });
        let agreed = match self.policies.get(bet) {
            Some(PricePolicy::Exact) => leg.price == leg.requested_price,
            Some(PricePolicy::Better) => leg.price >= leg.requested_price,
            Some(PricePolicy::Any) => true,
            None => false,
        };
        findings.require(agreed, price_rule, *position, || {
            format!(
                "{bet} asked for {} and is struck at {}",
                leg.requested_price, leg.price
            )
        });
    }

    fn check_open(&self, judged: &Judged, rule: InvariantId, findings: &mut Findings) {
        let Judged {
            bet,
            position,
            at,
            market,
            book_position,
        } = judged;
        let Some(changes) = self.stops.get(market) else {
            return;
        };
        let of_market = changes
            .iter()
            .filter(|change| change.position.partition == book_position.partition);
        // The state of the market when the acceptance was decided, give or take the stated lag.
        let closed_before = of_market
            .clone()
            .rfind(|change| change.at.plus(CONTEXT_LAG_MAX) < *at)
            .filter(|change| !change.open);
        // Within the lag the market may have gone on again.
        let reopened = of_market.clone().any(|change| {
            change.open && change.at.plus(CONTEXT_LAG_MAX) >= *at && change.at <= *at
        });
        if let Some(change) = closed_before.filter(|_| !reopened) {
            let detail = format!(
                "{bet} is decided although {market} stopped at {}",
                change.position
            );
            findings.report(rule, *position, detail);
        }
        let over = of_market
            .clone()
            .find(|change| change.for_good && change.position.offset < book_position.offset);
        if let Some(change) = over {
            let detail = format!(
                "{bet} names a book after the end of {market} at {}",
                change.position
            );
            findings.report(rule, *position, detail);
        }
    }
}
