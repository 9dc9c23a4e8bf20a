//! Stretches of bets that do not count, and the legs that they void.

use bets_domain::{Cancellation, CancelledBy, Event, Window};
use kernel::MarketId;
use schemas::bets as wire;

pub(crate) const fn by_to_wire(by: CancelledBy) -> wire::CancelledBy {
    match by {
        CancelledBy::Source(Window { from, until }) => {
            wire::CancelledBy::CancelledBySource(wire::CancelledBySource { from, until })
        }
        CancelledBy::Ruling(ruling) => {
            wire::CancelledBy::CancelledByRuling(wire::CancelledByRuling { ruling })
        }
    }
}

pub(crate) const fn by_from_wire(by: &wire::CancelledBy) -> CancelledBy {
    match by {
        wire::CancelledBy::CancelledBySource(by) => CancelledBy::Source(Window {
            from: by.from,
            until: by.until,
        }),
        wire::CancelledBy::CancelledByRuling(by) => CancelledBy::Ruling(by.ruling),
    }
}

pub(crate) fn started_to_wire(
    market: MarketId,
    by: CancelledBy,
    cancellation: &Cancellation,
    struck_slips: u32,
) -> wire::CancellationStarted {
    let prices = cancellation.prices_from.iter();
    wire::CancellationStarted {
        market,
        by: by_to_wire(by),
        from: cancellation.window.from,
        until: cancellation.window.until,
        prices_from: prices
            .map(|(selection, price)| wire::SelectionPriceFrom {
                selection: *selection,
                price: *price,
            })
            .collect(),
        reason: cancellation.reason.clone(),
        struck_slips,
    }
}

pub(crate) fn cancellation_from_wire(started: wire::CancellationStarted) -> Cancellation {
    let prices = started.prices_from.into_iter();
    Cancellation {
        window: Window {
            from: started.from,
            until: started.until,
        },
        prices_from: prices.map(|from| (from.selection, from.price)).collect(),
        reason: started.reason,
    }
}

pub(crate) fn started_from_wire(started: wire::CancellationStarted) -> Event {
    Event::CancellationStarted {
        market: started.market,
        by: by_from_wire(&started.by),
        struck_slips: started.struck_slips,
        cancellation: cancellation_from_wire(started),
    }
}
