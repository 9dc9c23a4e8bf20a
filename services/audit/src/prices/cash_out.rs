//! I23: the prices by which slips are sold back.
//!
//! Duty: hold each told price and booksum against the book that it names, and see that the market
//! was open. Prohibition: as of all prices here, the slip's own evidence only says where to look.

use super::{Judged, Prices};
use crate::findings::Findings;
use kernel::{BetId, InvariantId, MarketId, Position, SelectionId, Timestamp};
use schemas::bets::{CashedOut, LivePrice};

const ONE_END: InvariantId = InvariantId::OneEndForEveryPart;
const BILLION: i128 = 1_000_000_000;

/// An open leg of a slip that was sold.
#[derive(Debug)]
pub(super) struct Sold {
    bet: BetId,
    position: Position,
    at: Timestamp,
    selection: SelectionId,
    live: LivePrice,
}

impl Prices {
    pub(super) fn note_sale(&mut self, position: Position, sold: &CashedOut) {
        for leg in &sold.worth.legs {
            if let Some(live) = &leg.live {
                self.sold.push(Sold {
                    bet: sold.bet,
                    position,
                    at: sold.cashed_out_at,
                    selection: leg.selection,
                    live: live.clone(),
                });
            }
        }
    }

    pub(super) fn check_sale(&self, sold: &Sold, findings: &mut Findings) {
        let Sold {
            bet,
            position,
            at,
            selection,
            live,
        } = sold;
        let Some(market) = self.markets.get(selection).copied() else {
            let detail = format!("{bet} is sold by {selection}, on which nothing was struck");
            findings.report(ONE_END, *position, detail);
            return;
        };
        let Some((price, sum)) = self.book_without_withdrawn(market, live, *selection) else {
            let detail = format!(
                "{bet} is sold by {} which published no book of {market}",
                live.book_position
            );
            findings.report(ONE_END, *position, detail);
            return;
        };
        let told = (Some(live.price), live.booksum_billionths);
        findings.require((price, sum) == told, ONE_END, *position, || {
            format!("{bet} is sold by {told:?}, the book says {price:?} of {sum}")
        });
        let judged = Judged {
            bet: *bet,
            position: *position,
            at: *at,
            market,
            book_position: live.book_position,
        };
        self.check_open(&judged, ONE_END, findings);
    }

    /// The selection's price in the named book, and what its prices add up to, each rounded up to
    /// a billionth. Who was withdrawn by the version that was looked at is in the book no more.
    fn book_without_withdrawn(
        &self,
        market: MarketId,
        live: &LivePrice,
        selection: SelectionId,
    ) -> Option<(Option<kernel::Price>, u64)> {
        let book = self.books.get(&(live.book_position, market))?;
        let gone = |selection: &SelectionId| {
            let known = self.withdrawn.get(selection);
            known.is_some_and(|version| *version <= live.market_version)
        };
        let there = book.iter().filter(|(selection, _)| !gone(selection));
        let parts = there.filter_map(|(_, price)| {
            let price = (*price)?;
            let over = i128::from(price.denominator()).saturating_mul(BILLION);
            let under = i128::from(price.numerator());
            let rounded_up = over.saturating_add(under.saturating_sub(1));
            u64::try_from(rounded_up.checked_div(under)?).ok()
        });
        let sum = parts.fold(0_u64, u64::saturating_add);
        Some((book.get(&selection).copied().flatten(), sum))
    }
}
