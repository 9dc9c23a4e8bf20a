//! Taking notice of promotions.

use super::{Bonus, Funding, FundingSource, Promotion, PromotionEvent, Promotions, StakeParts};
use crate::state::{State, TimerKey};
use kernel::{BetId, BonusId, CustomerId};
use std::sync::LazyLock;

/// A customer to whom nothing was given.
static NONE_GIVEN: LazyLock<Promotions> = LazyLock::new(Promotions::default);

impl State {
    /// All that was given to the customer.
    #[must_use]
    pub fn promotions(&self, customer: CustomerId) -> &Promotions {
        self.promotions.get(&customer).unwrap_or(&NONE_GIVEN)
    }

    /// Whether nothing was ever given to anybody.
    pub(super) fn has_no_promotions(&self) -> bool {
        self.promotions.is_empty()
    }

    /// The bonus money that armed this timer.
    #[must_use]
    pub fn timer_bonus(&self, timer: TimerKey) -> Option<(CustomerId, BonusId)> {
        self.bonus_timers.get(&timer).copied()
    }

    pub(crate) fn take_promotion(&mut self, event: &PromotionEvent) {
        match event {
            PromotionEvent::FreeBetGranted { customer, free_bet } => {
                self.keep(*customer, &Promotion::FreeBet(free_bet.clone()));
            }
            PromotionEvent::BonusGranted { customer, bonus }
            | PromotionEvent::BonusLapsed {
                customer, bonus, ..
            } => self.keep_bonus(*customer, bonus),
            PromotionEvent::StakeFunded {
                bet,
                customer,
                stake,
                promotion,
                ..
            } => {
                self.keep(*customer, promotion);
                self.fund_slip(*bet, *stake, promotion);
            }
            PromotionEvent::FundingReleased {
                customer,
                promotion,
                ..
            } => self.keep(*customer, promotion),
            PromotionEvent::ReturnDivided {
                bet,
                customer,
                division,
                promotion,
                ..
            } => {
                self.keep(*customer, promotion);
                self.change_funding(*bet, |funding| funding.division = Some(*division));
            }
            PromotionEvent::DivisionReversed {
                bet,
                customer,
                promotion,
                ..
            } => {
                self.keep(*customer, promotion);
                self.change_funding(*bet, |funding| funding.division = None);
            }
        }
    }

    fn keep(&mut self, customer: CustomerId, promotion: &Promotion) {
        match promotion {
            Promotion::FreeBet(token) => {
                let kept = self.promotions.entry(customer).or_default();
                kept.free_bets.insert(token.id, token.clone());
            }
            Promotion::Bonus(bonus) => self.keep_bonus(customer, bonus),
        }
    }

    /// With its timer in step.
    fn keep_bonus(&mut self, customer: CustomerId, bonus: &Bonus) {
        let kept = self.promotions.entry(customer).or_default();
        let armed = kept.bonuses.get(&bonus.id).and_then(|(_, timer)| *timer);
        let due = bonus.due();
        let timer = if armed.map(|(due, _)| due) == due {
            armed
        } else {
            if let Some(old) = armed {
                self.bonus_timers.remove(&old);
            }
            due.map(|due| {
                self.timers_armed = self.timers_armed.saturating_add(1);
                let timer = (due, self.timers_armed);
                self.bonus_timers.insert(timer, (customer, bonus.id));
                timer
            })
        };
        kept.bonuses.insert(bonus.id, (bonus.clone(), timer));
    }

    fn fund_slip(&mut self, bet: BetId, stake: StakeParts, promotion: &Promotion) {
        let source = match promotion {
            Promotion::FreeBet(token) => FundingSource::FreeBet {
                id: token.id,
                stake_returned: token.stake_returned,
            },
            Promotion::Bonus(bonus) => FundingSource::Bonus { id: bonus.id },
        };
        let funding = Funding {
            source,
            stake,
            division: None,
        };
        self.change_slip(bet, |slip| slip.funding = Some(Box::new(funding)));
        // The whole was counted with the placement.
        if let Some(slip) = self.slips.remove(&bet) {
            self.count_stake(&slip, stake.promotional.minor().saturating_neg());
            self.slips.insert(bet, slip);
        }
    }

    fn change_funding(&mut self, bet: BetId, change: impl FnOnce(&mut Funding)) {
        if let Some(slip) = self.slips.get_mut(&bet)
            && let Some(funding) = slip.funding.as_deref_mut()
        {
            change(funding);
        }
    }
}
