//! What happens to promotions because of what happens to slips.
//!
//! Duty: after each rejection, settlement and reversal of a slip that a promotion pays for, the
//! event that says what becomes of the promotion and of the return. It is put there in one place,
//! whichever rule ended or settled the slip. Slips of one record may share bonus money: each sees
//! what those before it left.

use super::{Bonus, Conversion, FreeBet, Funding, FundingSource, Promotion, PromotionEvent};
use crate::event::Event;
use crate::slip::SlipOutcome;
use crate::state::State;
use kernel::{BetId, BonusId, CustomerId, FreeBetId, Money};
use std::collections::BTreeMap;

/// The events, each with what follows from it.
pub(crate) fn follow(state: &State, events: Vec<Event>) -> Vec<Event> {
    if state.has_no_promotions() {
        return events;
    }
    let mut desk = Desk {
        state,
        free_bets: BTreeMap::new(),
        bonuses: BTreeMap::new(),
    };
    let mut all = Vec::with_capacity(events.len());
    for event in events {
        let next = desk.after(&event);
        all.push(event);
        all.extend(next.map(|next| Event::Promotion(Box::new(next))));
    }
    all
}

/// Promotions as the events so far leave them.
struct Desk<'a> {
    state: &'a State,
    free_bets: BTreeMap<FreeBetId, FreeBet>,
    bonuses: BTreeMap<BonusId, Bonus>,
}

/// A settlement in short.
struct Settled {
    number: u32,
    returned: Money,
    outcome: SlipOutcome,
}

impl Desk<'_> {
    fn after(&mut self, event: &Event) -> Option<PromotionEvent> {
        if let Event::BetRejected { bet, .. } = event {
            let (customer, funding) = self.funded(*bet)?;
            self.release(*bet, customer, funding)
        } else if let Event::BetSettled {
            bet,
            settlement,
            returned,
            outcome,
            ..
        } = event
        {
            let (customer, funding) = self.funded(*bet)?;
            let settled = Settled {
                number: *settlement,
                returned: *returned,
                outcome: *outcome,
            };
            self.divide(*bet, customer, funding, &settled)
        } else if let Event::SettlementReversed {
            bet, settlement, ..
        } = event
        {
            let (customer, funding) = self.funded(*bet)?;
            self.reverse(*bet, customer, funding, *settlement)
        } else {
            None
        }
    }

    fn funded(&self, bet: BetId) -> Option<(CustomerId, Funding)> {
        let slip = self.state.slip(bet)?;
        let funding = slip.funding.as_deref()?;
        Some((slip.customer, *funding))
    }

    fn release(
        &mut self,
        bet: BetId,
        customer: CustomerId,
        funding: Funding,
    ) -> Option<PromotionEvent> {
        let stake = funding.stake;
        let (conversion, promotion) = match funding.source {
            FundingSource::FreeBet { id, .. } => {
                let token = self.free_bet(customer, id)?;
                token.used_by.remove(&bet);
                let nothing = Conversion::to_house(Money::zero(stake.cash.currency()));
                (nothing, Promotion::FreeBet(token.clone()))
            }
            FundingSource::Bonus { id } => {
                let bonus = self.bonus(customer, id)?;
                let conversion = bonus.give_back(stake.promotional);
                (conversion, Promotion::Bonus(bonus.clone()))
            }
        };
        Some(PromotionEvent::FundingReleased {
            bet,
            customer,
            stake,
            conversion,
            promotion,
        })
    }

    fn divide(
        &mut self,
        bet: BetId,
        customer: CustomerId,
        funding: Funding,
        settled: &Settled,
    ) -> Option<PromotionEvent> {
        let stake = funding.stake;
        let is_void = settled.outcome == SlipOutcome::Void;
        let nothing = Money::zero(stake.cash.currency());
        let (division, conversion, promotion) = match funding.source {
            FundingSource::FreeBet { id, .. } => {
                let token = self.free_bet(customer, id)?;
                if is_void {
                    token.used_by.remove(&bet);
                }
                let division = funding.divide(settled.returned, is_void);
                let back = if is_void { stake.promotional } else { nothing };
                let promotion = Promotion::FreeBet(token.clone());
                (division, Conversion::to_house(back), promotion)
            }
            FundingSource::Bonus { id } => {
                let bonus = self.bonus(customer, id)?;
                let division = funding.divide(settled.returned, is_void);
                let conversion = bonus.settle(&division);
                (division, conversion, Promotion::Bonus(bonus.clone()))
            }
        };
        Some(PromotionEvent::ReturnDivided {
            bet,
            customer,
            settlement: settled.number,
            stake,
            division,
            conversion,
            promotion,
        })
    }

    fn reverse(
        &mut self,
        bet: BetId,
        customer: CustomerId,
        funding: Funding,
        settlement: u32,
    ) -> Option<PromotionEvent> {
        let stake = funding.stake;
        let division = funding.division?;
        let (conversion, promotion) = match funding.source {
            FundingSource::FreeBet { id, .. } => {
                let token = self.free_bet(customer, id)?;
                let was_void = token.used_by.insert(bet);
                let minor = if was_void {
                    stake.promotional.minor()
                } else {
                    0
                };
                let back = Money::from_minor(minor.saturating_neg(), stake.cash.currency());
                let promotion = Promotion::FreeBet(token.clone());
                (Conversion::to_house(back), promotion)
            }
            FundingSource::Bonus { id } => {
                let bonus = self.bonus(customer, id)?;
                let conversion = bonus.reverse(&division);
                (conversion, Promotion::Bonus(bonus.clone()))
            }
        };
        Some(PromotionEvent::DivisionReversed {
            bet,
            customer,
            settlement,
            stake,
            division,
            conversion,
            promotion,
        })
    }

    fn free_bet(&mut self, customer: CustomerId, id: FreeBetId) -> Option<&mut FreeBet> {
        if !self.free_bets.contains_key(&id) {
            let known = self.state.promotions(customer).free_bets.get(&id)?;
            self.free_bets.insert(id, known.clone());
        }
        self.free_bets.get_mut(&id)
    }

    fn bonus(&mut self, customer: CustomerId, id: BonusId) -> Option<&mut Bonus> {
        if !self.bonuses.contains_key(&id) {
            let (known, _) = self.state.promotions(customer).bonuses.get(&id)?;
            self.bonuses.insert(id, known.clone());
        }
        self.bonuses.get_mut(&id)
    }
}
