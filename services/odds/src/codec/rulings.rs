//! Rulings on obviously wrong prices.

use kernel::{MarketId, Proposal};
use odds_domain::{Event, Mistake, MistakenPrice, Ruling};
use schemas::odds as wire;

fn mistake_to_wire(mistake: Mistake) -> wire::Mistake {
    let prices = mistake.prices.into_iter();
    wire::Mistake {
        from: mistake.from,
        until: mistake.until,
        prices: prices
            .map(|price| wire::MistakenPrice {
                selection: price.selection,
                shown: price.shown,
                right: price.right,
            })
            .collect(),
        reason: mistake.reason,
    }
}

pub(super) fn mistake_from_wire(mistake: wire::Mistake) -> Mistake {
    let prices = mistake.prices.into_iter();
    Mistake {
        from: mistake.from,
        until: mistake.until,
        prices: prices
            .map(|price| MistakenPrice {
                selection: price.selection,
                shown: price.shown,
                right: price.right,
            })
            .collect(),
        reason: mistake.reason,
    }
}

pub(crate) fn proposed_to_wire(
    market: MarketId,
    ruling: u32,
    rules_version: u32,
    proposal: Proposal<Mistake>,
) -> wire::RulingProposed {
    wire::RulingProposed {
        market,
        ruling,
        rules_version,
        mistake: mistake_to_wire(proposal.what),
        by: proposal.by,
        proposed_at: proposal.proposed_at,
        lapses_at: proposal.lapses_at,
    }
}

pub(super) fn proposed_from_wire(event: wire::RulingProposed) -> Event {
    Event::RulingProposed {
        market: event.market,
        ruling: event.ruling,
        rules_version: event.rules_version,
        proposal: Proposal {
            what: mistake_from_wire(event.mistake),
            by: event.by,
            proposed_at: event.proposed_at,
            lapses_at: event.lapses_at,
        },
    }
}

pub(super) fn approved_from_wire(event: wire::RulingApproved) -> Event {
    Event::RulingApproved {
        market: event.market,
        ruling: event.ruling,
        proposal: Proposal {
            what: mistake_from_wire(event.mistake),
            by: event.proposed_by,
            proposed_at: event.proposed_at,
            lapses_at: event.lapses_at,
        },
        reason: event.reason,
        by: event.by,
        approved_at: event.approved_at,
    }
}

pub(super) fn approved_to_wire(
    market: MarketId,
    ruling: u32,
    proposal: Proposal<Mistake>,
    (reason, by, approved_at): (String, String, kernel::Timestamp),
) -> wire::RulingApproved {
    wire::RulingApproved {
        market,
        ruling,
        mistake: mistake_to_wire(proposal.what),
        proposed_by: proposal.by,
        proposed_at: proposal.proposed_at,
        lapses_at: proposal.lapses_at,
        reason,
        by,
        approved_at,
    }
}

/// A ruling of a snapshot, where the version of the rules is not kept.
pub(crate) fn ruling_from_wire(event: wire::RulingProposed, approved: bool) -> (u32, Ruling) {
    let ruling = Ruling {
        proposal: Proposal {
            what: mistake_from_wire(event.mistake),
            by: event.by,
            proposed_at: event.proposed_at,
            lapses_at: event.lapses_at,
        },
        approved,
    };
    (event.ruling, ruling)
}
