//! Bonus money, folded a second time.
//!
//! Duty: from the movements alone, what each grant is worth and what was wagered with it; that
//! returns are divided without loss; and that the ledger's bonus accounts hold what bets says
//! there is. Prohibition: the sums that events tell are compared and never taken over.

use crate::book::{AccountKey, AccountState};
use crate::findings::Findings;
use kernel::{BetId, BonusId, Currency, CustomerId, InvariantId, Money, Position};
use rustc_hash::FxHashMap;
use schemas::bets::{BetSettled, Event};
use schemas::ledger::AccountKind;
use schemas::promotions::{Bonus, Conversion, Promotion};
use std::collections::BTreeMap;

/// A grant as the movements leave it, in minor units.
#[derive(Debug)]
struct Grant {
    customer: CustomerId,
    currency: Currency,
    required: i64,
    converted_max: Option<i64>,
    worth: i64,
    wagered: i64,
    position: Position,
}

impl Grant {
    const fn is_wagered(&self) -> bool {
        self.wagered >= self.required
    }

    fn available(&self) -> i64 {
        if self.is_wagered() {
            0
        } else {
            self.worth.max(0)
        }
    }

    fn converted(&self) -> i64 {
        if self.is_wagered() {
            let most = self.converted_max.unwrap_or(i64::MAX);
            self.worth.max(0).min(most)
        } else {
            0
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Promotions {
    grants: FxHashMap<BonusId, Grant>,
    /// Of the record that is being read.
    settled: FxHashMap<BetId, Money>,
}

impl Promotions {
    pub(crate) fn take_bets(&mut self, position: Position, event: &Event, findings: &mut Findings) {
        if let Event::BonusGranted(granted) = event {
            let bonus = &granted.bonus;
            let grant = Grant {
                customer: granted.customer,
                currency: bonus.amount.currency(),
                required: bonus.wagering_required.minor(),
                converted_max: bonus.converted_max.map(Money::minor),
                worth: bonus.amount.minor(),
                wagered: 0,
                position,
            };
            if self.grants.insert(bonus.bonus, grant).is_some() {
                findings.report(
                    InvariantId::OneEffectPerRequest,
                    position,
                    format!("{} is given twice", bonus.bonus),
                );
            }
        } else if let Event::StakeFunded(funded) = event {
            let stake = funded.stake.promotional.minor();
            self.change(
                position,
                &funded.promotion,
                [stake.saturating_neg(), 0],
                None,
                findings,
            );
        } else if let Event::FundingReleased(released) = event {
            let stake = released.stake.promotional.minor();
            let moved = Some(&released.conversion);
            self.change(position, &released.promotion, [stake, 0], moved, findings);
        } else if let Event::BetSettled(BetSettled { bet, returned, .. }) = event {
            // Only what is divided next is looked at.
            self.settled.clear();
            self.settled.insert(*bet, *returned);
        } else if let Event::ReturnDivided(divided) = event {
            let division = &divided.division;
            let sum = division.to_cash.checked_add(division.to_bonus).ok();
            let adds_up = sum.is_some() && sum == self.settled.get(&divided.bet).copied();
            findings.require(adds_up, InvariantId::MoneyIsExact, position, || {
                format!("{} divides {division:?}", divided.bet)
            });
            let change = [division.to_bonus.minor(), division.wagered.minor()];
            let moved = Some(&divided.conversion);
            self.change(position, &divided.promotion, change, moved, findings);
        } else if let Event::DivisionReversed(reversed) = event {
            let division = &reversed.division;
            let change =
                [division.to_bonus, division.wagered].map(|it| it.minor().saturating_neg());
            let moved = Some(&reversed.conversion);
            self.change(position, &reversed.promotion, change, moved, findings);
        } else if let Event::BonusLapsed(lapsed) = event {
            let change = [lapsed.lapsed.minor().saturating_neg(), 0];
            self.change_bonus(position, &lapsed.bonus, change, None, findings);
        }
    }

    fn change(
        &mut self,
        position: Position,
        promotion: &Promotion,
        change: [i64; 2],
        moved: Option<&Conversion>,
        findings: &mut Findings,
    ) {
        match promotion {
            Promotion::FreeBet(_) => {}
            Promotion::Bonus(bonus) => self.change_bonus(position, bonus, change, moved, findings),
        }
    }

    fn change_bonus(
        &mut self,
        position: Position,
        told: &Bonus,
        [worth, wagered]: [i64; 2],
        moved: Option<&Conversion>,
        findings: &mut Findings,
    ) {
        let Some(grant) = self.grants.get_mut(&told.bonus) else {
            findings.report(
                InvariantId::RecordsBalance,
                position,
                format!("{} was never given", told.bonus),
            );
            return;
        };
        let (available, converted) = (grant.available(), grant.converted());
        grant.worth = grant.worth.saturating_add(worth);
        grant.wagered = grant.wagered.saturating_add(wagered);
        grant.position = position;
        let agrees = (
            grant.worth,
            grant.wagered,
            grant.available(),
            grant.converted(),
        ) == (
            told.worth.minor(),
            told.wagered.minor(),
            told.available.minor(),
            told.converted.minor(),
        );
        findings.require(agrees, InvariantId::RecordsBalance, position, || {
            format!("the record says {told:?}, the movements {grant:?}")
        });
        if let Some(moved) = moved {
            let to_cash = grant.converted().saturating_sub(converted);
            let kept = grant.available().saturating_sub(available);
            let to_house = worth.saturating_sub(kept).saturating_sub(to_cash);
            let adds_up = (moved.converted.minor(), moved.to_house.minor()) == (to_cash, to_house);
            findings.require(adds_up, InvariantId::MoneyIsExact, position, || {
                format!("{moved:?}, the rule says {to_cash} to cash and {to_house} to the house")
            });
        }
    }

    /// At rest the ledger's bonus accounts hold what there is, and nobody has another.
    pub(crate) fn finish<'a>(
        &self,
        accounts: impl Iterator<Item = (&'a AccountKey, &'a AccountState)>,
        findings: &mut Findings,
    ) {
        let mut there: BTreeMap<(CustomerId, Currency), (i128, Position)> = BTreeMap::new();
        for grant in self.grants.values() {
            let of = (grant.customer, grant.currency);
            let (sum, at) = there.entry(of).or_insert((0, grant.position));
            *sum = sum.saturating_add(grant.available().into());
            *at = (*at).max(grant.position);
        }
        for (key, state) in accounts.filter(|(key, _)| key.kind == AccountKind::Bonus) {
            let Some(customer) = key.customer else {
                continue;
            };
            if let Some((sum, at)) = there.remove(&(customer, key.currency)) {
                let free = state.posted_minor.saturating_sub(state.held_minor);
                findings.require(free == sum, InvariantId::RecordsBalance, at, || {
                    format!("{customer} has bonus money of {sum}, on the account are {free}")
                });
            }
        }
        for ((customer, _), (sum, at)) in there {
            findings.require(sum == 0, InvariantId::RecordsBalance, at, || {
                format!("{customer} has bonus money of {sum} and no account for it")
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Timestamp, Topic, TopicPartition};
    use schemas::promotions::{BonusGranted, Division, ReturnDivided, StakeFunded, StakeParts};

    const ANN: CustomerId = CustomerId::example(1, 0);
    const BET: BetId = BetId::example(2, 0);
    const BONUS: BonusId = BonusId::example(3, 0);

    fn eur(minor: i64) -> Money {
        Money::from_minor(minor, Currency::Eur)
    }

    fn position() -> Position {
        TopicPartition::new(Topic::BetsEvents, 0).at(1)
    }

    fn bonus(worth: i64, available: i64, wagered: i64, converted: i64) -> Bonus {
        Bonus {
            bonus: BONUS,
            amount: eur(1_000),
            wagering_required: eur(1_000),
            price_min: None,
            converted_max: Some(eur(2_000)),
            expires_at: Timestamp::MAX,
            reason: "why".to_owned(),
            granted_by: "bob".to_owned(),
            granted_at: Timestamp::MIN,
            worth: eur(worth),
            available: eur(available),
            wagered: eur(wagered),
            converted: eur(converted),
            lapses: 0,
            open_slips: 0,
        }
    }

    /// 10.00 given, staked at once, 25.00 back: 20.00 become cash and 5.00 go to the house.
    fn story(to_bonus: i64, converted: i64, to_house: i64) -> Vec<Event> {
        let stake = StakeParts {
            cash: eur(0),
            promotional: eur(1_000),
        };
        vec![
            Event::BonusGranted(BonusGranted {
                customer: ANN,
                bonus: bonus(1_000, 1_000, 0, 0),
            }),
            Event::StakeFunded(StakeFunded {
                bet: BET,
                customer: ANN,
                stake: stake.clone(),
                forfeited: eur(0),
                promotion: Promotion::Bonus(bonus(0, 0, 0, 0)),
            }),
            Event::BetSettled(BetSettled {
                bet: BET,
                customer: ANN,
                settlement: 1,
                stake: eur(1_000),
                returned: eur(2_500),
                exact: "25".to_owned(),
                outcome: schemas::bets::SlipOutcome::Won,
                settled_at: Timestamp::MIN,
            }),
            Event::ReturnDivided(ReturnDivided {
                bet: BET,
                customer: ANN,
                settlement: 1,
                stake,
                division: Division {
                    to_cash: eur(0),
                    to_bonus: eur(to_bonus),
                    wagered: eur(1_000),
                },
                conversion: Conversion {
                    converted: eur(converted),
                    to_house: eur(to_house),
                },
                promotion: Promotion::Bonus(bonus(2_500, 0, 1_000, 2_000)),
            }),
        ]
    }

    fn findings(events: &[Event]) -> usize {
        let mut promotions = Promotions::default();
        let mut findings = Findings::default();
        for event in events {
            promotions.take_bets(position(), event, &mut findings);
        }
        findings.violations.len()
    }

    #[test]
    fn what_adds_up_is_passed() {
        assert_eq!(findings(&story(2_500, 2_000, 500)), 0);
    }

    #[test]
    fn what_does_not_add_up_is_found() {
        // A minor unit lost in the division shows in the sums as well.
        assert!(findings(&story(2_499, 2_000, 500)) > 0);
        assert_eq!(findings(&story(2_500, 2_001, 499)), 1);
        assert_eq!(findings(&story(2_500, 2_000, 0)), 1);
        let twice = [story(2_500, 2_000, 500), story(2_500, 2_000, 500)].concat();
        assert!(findings(&twice) > 0);
    }

    #[test]
    fn bonus_accounts_hold_what_bets_says() {
        let mut promotions = Promotions::default();
        let mut found = Findings::default();
        for event in &story(2_500, 2_000, 500)[..1] {
            promotions.take_bets(position(), event, &mut found);
        }
        let key = AccountKey {
            partition: 0,
            customer: Some(ANN),
            kind: AccountKind::Bonus,
            currency: Currency::Eur,
        };
        for (posted_minor, count) in [(1_000, 0), (999, 1)] {
            let state = AccountState {
                posted_minor,
                ..AccountState::default()
            };
            let mut found = Findings::default();
            promotions.finish([(&key, &state)].into_iter(), &mut found);
            assert_eq!(found.violations.len(), count);
        }
        let mut none = Findings::default();
        promotions.finish(std::iter::empty(), &mut none);
        assert_eq!(none.violations.len(), 1);
    }
}
