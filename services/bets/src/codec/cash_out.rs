//! Quotes and sales on the wire.
//!
//! Duty and prohibition are those of the codec: every field there and back, nothing judged.

use super::{liability_from_wire, liability_to_wire};
use bets_domain::{
    CashOutLegWorth, CashOutOffer, CashOutQuoted, CashOutStanding, CashOutTaken, CashOutWorth,
    CashedOut, DelayedCashOut, Event, LivePrice,
};
use kernel::{BetId, CustomerId, Timestamp};
use schemas::bets as wire;

pub(crate) fn quoted_to_wire(quoted: &CashOutQuoted) -> wire::CashOutQuoted {
    wire::CashOutQuoted {
        bet: quoted.bet,
        customer: quoted.customer,
        quote: quoted.quote,
        stake: quoted.stake,
        amount: quoted.amount,
        worth: worth_to_wire(&quoted.worth),
        quoted_at: quoted.quoted_at,
        expires_at: quoted.expires_at,
    }
}

pub(crate) fn quoted_from_wire(quoted: wire::CashOutQuoted) -> Event {
    Event::CashOutQuoted(Box::new(CashOutQuoted {
        bet: quoted.bet,
        customer: quoted.customer,
        quote: quoted.quote,
        stake: quoted.stake,
        amount: quoted.amount,
        worth: worth_from_wire(quoted.worth),
        quoted_at: quoted.quoted_at,
        expires_at: quoted.expires_at,
    }))
}

pub(crate) const fn delayed_to_wire(
    bet: BetId,
    customer: CustomerId,
    taken: CashOutTaken,
    until: Timestamp,
) -> wire::CashOutDelayed {
    wire::CashOutDelayed {
        bet,
        customer,
        quote: taken.quote,
        fraction_millionths: taken.fraction_millionths,
        until,
    }
}

pub(crate) const fn delayed_from_wire(delayed: &wire::CashOutDelayed) -> Event {
    Event::CashOutDelayed {
        bet: delayed.bet,
        customer: delayed.customer,
        taken: CashOutTaken {
            quote: delayed.quote,
            fraction_millionths: delayed.fraction_millionths,
        },
        until: delayed.until,
    }
}

pub(crate) fn sold_to_wire(sold: &CashedOut) -> wire::CashedOut {
    wire::CashedOut {
        bet: sold.bet,
        customer: sold.customer,
        quote: sold.quote,
        fraction_millionths: sold.fraction_millionths,
        settlement: sold.settlement,
        stake: sold.stake,
        amount: sold.amount,
        worth: worth_to_wire(&sold.worth),
        stake_left: sold.stake_left,
        potential_return_left: sold.potential_return_left,
        stake_sold_total: sold.stake_sold_total,
        amount_total: sold.amount_total,
        cashed_out_at: sold.cashed_out_at,
        liabilities: sold.liabilities.iter().map(liability_to_wire).collect(),
    }
}

pub(crate) fn sold_from_wire(sold: wire::CashedOut) -> Event {
    Event::CashedOut(Box::new(CashedOut {
        bet: sold.bet,
        customer: sold.customer,
        quote: sold.quote,
        fraction_millionths: sold.fraction_millionths,
        settlement: sold.settlement,
        stake: sold.stake,
        amount: sold.amount,
        worth: worth_from_wire(sold.worth),
        stake_left: sold.stake_left,
        potential_return_left: sold.potential_return_left,
        stake_sold_total: sold.stake_sold_total,
        amount_total: sold.amount_total,
        cashed_out_at: sold.cashed_out_at,
        liabilities: sold.liabilities.iter().map(liability_from_wire).collect(),
    }))
}

fn worth_to_wire(worth: &CashOutWorth) -> wire::CashOutWorth {
    let leg = |leg: &CashOutLegWorth| wire::CashOutLeg {
        selection: leg.selection,
        worth: leg.worth.clone(),
        live: leg.live.map(|live| wire::LivePrice {
            price: live.price,
            booksum_billionths: live.booksum_billionths,
            market_version: live.market_version,
            book_position: live.book_position,
        }),
    };
    wire::CashOutWorth {
        rules_version: worth.rules_version,
        margin_permille: worth.margin_permille,
        fair: worth.fair.clone(),
        exact: worth.exact.clone(),
        legs: worth.legs.iter().map(leg).collect(),
    }
}

fn worth_from_wire(worth: wire::CashOutWorth) -> CashOutWorth {
    let leg = |leg: wire::CashOutLeg| CashOutLegWorth {
        selection: leg.selection,
        worth: leg.worth,
        live: leg.live.map(|live| LivePrice {
            price: live.price,
            booksum_billionths: live.booksum_billionths,
            market_version: live.market_version,
            book_position: live.book_position,
        }),
    };
    CashOutWorth {
        rules_version: worth.rules_version,
        margin_permille: worth.margin_permille,
        fair: worth.fair,
        exact: worth.exact,
        legs: worth.legs.into_iter().map(leg).collect(),
    }
}

/// What a slip remembers of quotes and sales, as snapshots hold it.
pub(crate) mod kept {
    use super::{BetId, CashOutOffer, CashOutStanding, CashOutTaken, DelayedCashOut, Timestamp};
    use kernel::{CashOutQuoteId, Money, SelectionId};
    use schemas::wire;

    wire! {
        /// Of one slip.
        record CashOutAt {
            bet: BetId,
            offered: Option<OfferAt>,
            delayed: Option<DelayedAt>,
            taken: Option<TakenAt>,
            stake_sold: Option<Money>,
            amount: Option<Money>,
        }
        /// A quote.
        record OfferAt { quote: CashOutQuoteId, amount: Money, expires_at: Timestamp, versions: Vec<VersionAt> }
        /// What it was made of.
        record VersionAt { selection: SelectionId, version: u64 }
        /// A quote that was taken in play.
        record DelayedAt { offer: OfferAt, fraction_millionths: u32, until: Timestamp }
        /// A quote that was taken.
        record TakenAt { quote: CashOutQuoteId, fraction_millionths: u32 }
    }

    pub(crate) fn write(bet: BetId, standing: &CashOutStanding) -> CashOutAt {
        CashOutAt {
            bet,
            offered: standing.offered.as_ref().map(offer_to_wire),
            delayed: standing.delayed.as_ref().map(|delayed| DelayedAt {
                offer: offer_to_wire(&delayed.offer),
                fraction_millionths: delayed.fraction_millionths,
                until: delayed.until,
            }),
            taken: standing.taken.map(|taken| TakenAt {
                quote: taken.quote,
                fraction_millionths: taken.fraction_millionths,
            }),
            stake_sold: standing.stake_sold,
            amount: standing.amount,
        }
    }

    pub(crate) fn read(at: CashOutAt) -> (BetId, CashOutStanding) {
        let standing = CashOutStanding {
            offered: at.offered.map(offer_from_wire),
            delayed: at.delayed.map(|delayed| DelayedCashOut {
                offer: offer_from_wire(delayed.offer),
                fraction_millionths: delayed.fraction_millionths,
                until: delayed.until,
            }),
            taken: at.taken.map(|taken| CashOutTaken {
                quote: taken.quote,
                fraction_millionths: taken.fraction_millionths,
            }),
            stake_sold: at.stake_sold,
            amount: at.amount,
        };
        (at.bet, standing)
    }

    fn offer_to_wire(offer: &CashOutOffer) -> OfferAt {
        let versions = offer.versions.iter();
        OfferAt {
            quote: offer.quote,
            amount: offer.amount,
            expires_at: offer.expires_at,
            versions: versions
                .map(|(selection, version)| VersionAt {
                    selection: *selection,
                    version: *version,
                })
                .collect(),
        }
    }

    fn offer_from_wire(offer: OfferAt) -> CashOutOffer {
        let versions = offer.versions.into_iter();
        CashOutOffer {
            quote: offer.quote,
            amount: offer.amount,
            expires_at: offer.expires_at,
            versions: versions.map(|at| (at.selection, at.version)).collect(),
        }
    }
}
