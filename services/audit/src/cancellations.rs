//! Which bets do not count, worked out a second time from the words of odds.
//!
//! Duty: remember the cancellations in force and tell which legs they cover. Prohibition: bets'
//! own notice of them is not used.

use crate::findings::Findings;
use kernel::{InvariantId, MarketId, Position, Timestamp};
use rustc_hash::FxHashMap;
use schemas::bets::{CancelledBy, StruckLeg};
use schemas::odds::{Event, RulingApproved, RulingProposed};

/// The bounds of a stretch; both belong to it.
type Stretch = (Option<Timestamp>, Option<Timestamp>);

/// The cancellations in force.
#[derive(Debug, Default)]
pub(crate) struct Cancellations {
    by_source: FxHashMap<MarketId, Vec<Stretch>>,
    proposed: FxHashMap<(MarketId, u32), RulingProposed>,
    approved: FxHashMap<MarketId, Vec<RulingApproved>>,
}

fn holds((from, until): Stretch, at: Timestamp) -> bool {
    from.is_none_or(|from| from <= at) && until.is_none_or(|until| at <= until)
}

impl Cancellations {
    pub(crate) fn take(&mut self, position: Position, event: &Event, findings: &mut Findings) {
        if let Event::BetsCancelled(said) = event {
            let of_market = self.by_source.entry(said.market).or_default();
            of_market.retain(|known| *known != (said.from, said.until));
            of_market.push((said.from, said.until));
        }
        if let Event::RulingProposed(said) = event {
            let ruling = (said.market, said.ruling);
            self.proposed.insert(ruling, said.clone());
        }
        if let Event::RulingApproved(said) = event {
            self.approve(position, said, findings);
        }
        if let Event::BetsRestored(said) = event {
            let of_market = self.by_source.entry(said.market).or_default();
            of_market.retain(|known| *known != (said.from, said.until));
        }
    }

    /// Two persons, in time, about the same thing.
    fn approve(&mut self, position: Position, said: &RulingApproved, findings: &mut Findings) {
        let proposed = self.proposed.get(&(said.market, said.ruling));
        let agreed = proposed.is_some_and(|proposed| {
            proposed.by == said.proposed_by
                && proposed.by != said.by
                && proposed.mistake == said.mistake
                && said.approved_at < proposed.lapses_at
        });
        findings.require(agreed, InvariantId::OneSettlementInForce, position, || {
            format!(
                "ruling {} of {} is approved by {}, proposed was {proposed:?}",
                said.ruling, said.market, said.by
            )
        });
        let of_market = self.approved.entry(said.market).or_default();
        of_market.push(said.clone());
    }

    /// Whether a leg that was struck at that moment does not count.
    pub(crate) fn covers(&self, leg: &StruckLeg, struck_at: Timestamp) -> bool {
        let mut stretches = self.by_source.get(&leg.market).into_iter().flatten();
        let mut rulings = self.approved.get(&leg.market).into_iter().flatten();
        stretches.any(|stretch| holds(*stretch, struck_at))
            || rulings.any(|ruling| rules_out(ruling, leg, struck_at))
    }
}

fn rules_out(ruling: &RulingApproved, leg: &StruckLeg, struck_at: Timestamp) -> bool {
    let mistake = &ruling.mistake;
    holds((Some(mistake.from), Some(mistake.until)), struck_at)
        && mistake
            .prices
            .iter()
            .any(|price| price.selection == leg.selection && price.shown <= leg.price)
}

/// Whether what is given as the reason of a void covers that moment.
pub(crate) fn bears_out(by: &CancelledBy, struck_at: Timestamp) -> bool {
    match by {
        CancelledBy::CancelledBySource(by) => holds((by.from, by.until), struck_at),
        CancelledBy::CancelledByRuling(_) => true,
    }
}
