//! What holds for promotions in every history: accounts that are led by the events alone agree
//! with what bets says there is, splits add up, and a rollback is the inverse of its settlement.

use super::world::*;
use crate::settlement::LegResult;
use crate::*;
use kernel::{BetId, BonusId, Decider, FreeBetId};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const MARKETS: u64 = 3;
const CASES: u32 = 10_000;
/// The moment at which all slips are struck.
const STRUCK: Window = Window {
    from: Some(at(5)),
    until: Some(at(5)),
};

#[derive(Clone, Debug)]
enum Step {
    GiveToken {
        value: i64,
        returned: bool,
    },
    GiveMoney {
        amount: i64,
        times: u16,
        most: Option<i64>,
    },
    Place {
        on: Vec<u64>,
        stake: i64,
        by: By,
        held: bool,
    },
    Result(u64, LegResult),
    Rollback(u64),
    Cancel(u64),
    Restore(u64),
    End,
}

#[derive(Clone, Copy, Debug)]
enum By {
    Cash,
    Token,
    Money,
    MoneyAndCash,
}

fn any_outcome() -> impl Strategy<Value = LegResult> {
    prop_oneof![
        4 => Just(LegResult::Won),
        2 => Just(LegResult::Lost),
        2 => Just(LegResult::Void),
        1 => Just(LegResult::HalfWon),
        1 => Just(LegResult::HalfLost),
        1 => Just(LegResult::DeadHeat { places: 1, tied: 3 }),
    ]
}

fn any_by() -> impl Strategy<Value = By> {
    prop_oneof![
        1 => Just(By::Cash),
        2 => Just(By::Token),
        3 => Just(By::Money),
        3 => Just(By::MoneyAndCash),
    ]
}

fn any_step(results_from: u64) -> impl Strategy<Value = Step> {
    let on = prop::sample::subsequence((1..=MARKETS).collect::<Vec<_>>(), 1..=2);
    let token = (1_i64..3_000, any::<bool>());
    let money = (1_i64..3_000, 1_u16..4, prop::option::of(1_i64..4_000));
    let place = (on, 10_i64..2_500, any_by(), prop::bool::weighted(0.85));
    prop_oneof![
        1 => token.prop_map(|(value, returned)| Step::GiveToken { value, returned }),
        2 => money.prop_map(|(amount, times, most)| Step::GiveMoney { amount, times, most }),
        6 => place.prop_map(|(on, stake, by, held)| Step::Place { on, stake, by, held }),
        3 => (results_from..=MARKETS, any_outcome()).prop_map(|(m, outcome)| Step::Result(m, outcome)),
        2 => (results_from..=MARKETS).prop_map(Step::Rollback),
        1 => (results_from..=MARKETS).prop_map(Step::Cancel),
        1 => (results_from..=MARKETS).prop_map(Step::Restore),
        1 => Just(Step::End),
    ]
}

/// Accounts as the events lead them; a hold counts as an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Accounts {
    cash: i64,
    bonus: i64,
    bonus_held: i64,
    promotions: i64,
    book: i64,
    cash_held: i64,
    token_held: i64,
}

impl Accounts {
    const fn sum(&self) -> i64 {
        self.cash
            + self.bonus
            + self.bonus_held
            + self.promotions
            + self.book
            + self.cash_held
            + self.token_held
    }

    fn hold(&mut self, stake: StakeParts, promotion: &Promotion, sign: i64) {
        let (cash, promotional) = (stake.cash.minor() * sign, stake.promotional.minor() * sign);
        self.cash -= cash;
        self.cash_held += cash;
        match promotion {
            Promotion::FreeBet(_) => {
                self.promotions -= promotional;
                self.token_held += promotional;
            }
            Promotion::Bonus(_) => {
                self.bonus -= promotional;
                self.bonus_held += promotional;
            }
        }
    }

    /// The stake goes to the book, or comes back from there into its holds.
    fn capture(&mut self, stake: StakeParts, promotion: &Promotion, sign: i64) {
        let (cash, promotional) = (stake.cash.minor() * sign, stake.promotional.minor() * sign);
        self.cash_held -= cash;
        match promotion {
            Promotion::FreeBet(_) => self.token_held -= promotional,
            Promotion::Bonus(_) => self.bonus_held -= promotional,
        }
        self.book += cash + promotional;
    }

    fn pay(&mut self, division: &Division, sign: i64) {
        let (cash, bonus) = (
            division.to_cash.minor() * sign,
            division.to_bonus.minor() * sign,
        );
        self.book -= cash + bonus;
        self.cash += cash;
        self.bonus += bonus;
    }

    fn convert(&mut self, conversion: &Conversion, promotion: &Promotion) {
        let (converted, to_house) = (conversion.converted.minor(), conversion.to_house.minor());
        match promotion {
            Promotion::FreeBet(_) => self.book -= to_house,
            Promotion::Bonus(_) => self.bonus -= to_house + converted,
        }
        self.cash += converted;
        self.promotions += to_house;
    }

    fn take(&mut self, event: &PromotionEvent) {
        match event {
            PromotionEvent::FreeBetGranted { .. } => {}
            PromotionEvent::BonusGranted { bonus, .. } => {
                self.promotions -= bonus.amount.minor();
                self.bonus += bonus.amount.minor();
            }
            PromotionEvent::StakeFunded {
                stake, promotion, ..
            } => self.hold(*stake, promotion, 1),
            PromotionEvent::FundingReleased {
                stake,
                conversion,
                promotion,
                ..
            } => {
                self.hold(*stake, promotion, -1);
                self.convert(conversion, promotion);
            }
            PromotionEvent::ReturnDivided {
                stake,
                division,
                conversion,
                promotion,
                ..
            } => {
                self.capture(*stake, promotion, 1);
                self.pay(division, 1);
                self.convert(conversion, promotion);
            }
            PromotionEvent::DivisionReversed {
                stake,
                division,
                conversion,
                promotion,
                ..
            } => {
                self.capture(*stake, promotion, -1);
                self.pay(division, -1);
                self.convert(conversion, promotion);
            }
            PromotionEvent::BonusLapsed { lapsed, .. } => {
                self.bonus -= lapsed.minor();
                self.promotions += lapsed.minor();
            }
        }
    }
}

#[derive(Default)]
struct Partition {
    state: State,
    accounts: Accounts,
    minted: u64,
    results: BTreeMap<u64, (u32, bool)>,
}

impl Partition {
    fn take(&mut self, command: &Command) {
        let events = Bets::decide(&self.state, command).unwrap_or_default();
        for event in &events {
            Bets::evolve(&mut self.state, event);
            if let Event::Promotion(event) = event {
                self.accounts.take(event);
            }
        }
        self.splits_add_up(&events);
        self.accounts_agree();
    }

    fn splits_add_up(&self, events: &[Event]) {
        for pair in events.windows(2) {
            if let [
                Event::BetSettled {
                    returned, stake, ..
                },
                Event::Promotion(next),
            ] = pair
                && let PromotionEvent::ReturnDivided {
                    division,
                    stake: parts,
                    ..
                } = &**next
            {
                let paid = division.to_cash.minor() + division.to_bonus.minor();
                assert_eq!(paid, returned.minor());
                assert!(division.to_cash.minor() >= 0 && division.to_bonus.minor() >= 0);
                assert_eq!(
                    parts.cash.minor() + parts.promotional.minor(),
                    stake.minor()
                );
            }
        }
    }

    /// The accounts are what bets says, to the minor unit, and nothing was made or lost.
    fn accounts_agree(&self) {
        let promotions = self.state.promotions(ANN);
        let bonuses = promotions.bonuses.values().map(|(bonus, _)| bonus);
        let there: i64 = bonuses.clone().map(Bonus::available_minor).sum();
        assert_eq!(self.accounts.bonus, there);
        let mut held = [0, 0];
        let mut open: BTreeMap<BonusId, u32> = BTreeMap::new();
        for (_, slip) in self.state.slips() {
            let Some(funding) = slip.funding.as_deref().filter(|it| it.division.is_none()) else {
                continue;
            };
            match funding.source {
                FundingSource::FreeBet { .. } => held[0] += funding.stake.promotional.minor(),
                FundingSource::Bonus { id } => {
                    held[1] += funding.stake.promotional.minor();
                    *open.entry(id).or_default() += 1;
                }
            }
        }
        assert_eq!([self.accounts.token_held, self.accounts.bonus_held], held);
        for bonus in bonuses {
            assert_eq!(bonus.open_slips, open.get(&bonus.id).copied().unwrap_or(0));
        }
        assert_eq!(self.accounts.sum(), 0);
        assert_eq!(State::from_parts(self.state.parts()), self.state);
    }

    fn step(&mut self, step: &Step) {
        self.minted += 1;
        let n = self.minted;
        match step {
            Step::GiveToken { value, returned } => self.give(Granted::FreeBet {
                id: FreeBetId::example(n, 0),
                value: eur(*value),
                stake_returned: *returned,
            }),
            Step::GiveMoney {
                amount,
                times,
                most,
            } => self.give(Granted::Bonus {
                id: BonusId::example(n, 0),
                amount: eur(*amount),
                wagering_times: *times,
                converted_max: most.map(eur),
            }),
            Step::Place {
                on,
                stake,
                by,
                held,
            } => {
                // What is struck in a cancelled stretch is not struck, and the next result ends it.
                let market_of = |m: &u64| self.state.market(market(*m));
                let mut known = on.iter().filter_map(market_of);
                if known.any(|market| !market.cancellations.is_empty()) {
                    return;
                }
                let quotes = on.iter().map(|m| quote(*m, at(0)));
                self.take(&Command::Place(Box::new(Place {
                    bet: bet(n),
                    customer: ANN,
                    slip: SlipRequest {
                        unit_stake: eur(*stake),
                        ..slip(on)
                    },
                    source: self.source(*by),
                    now: seeing(at(0), quotes),
                })));
                let outcome = if *held {
                    HoldOutcome::Held
                } else {
                    HoldOutcome::Blocked
                };
                self.take(&notice(Notice::Hold {
                    bet: bet(n),
                    outcome,
                }));
            }
            Step::Result(m, outcome) => {
                let (number, in_force) = self.results.entry(*m).or_default();
                *number += 1;
                *in_force = true;
                let number = *number;
                self.take(&result(*m, number, *outcome));
                self.finish();
            }
            Step::Rollback(m) => {
                let known = self.results.get_mut(m).filter(|(_, in_force)| *in_force);
                if let Some((number, in_force)) = known {
                    *in_force = false;
                    let number = *number;
                    self.take(&rollback(*m, number));
                    self.finish();
                }
            }
            Step::Cancel(m) => {
                self.take(&notice(Notice::Cancellation {
                    market: market(*m),
                    by: CancelledBy::Source(STRUCK),
                    cancellation: Cancellation {
                        window: STRUCK,
                        prices_from: BTreeMap::new(),
                        reason: "late start".to_owned(),
                    },
                }));
                self.finish();
            }
            Step::Restore(m) => {
                self.take(&notice(Notice::Restoration {
                    market: market(*m),
                    by: CancelledBy::Source(STRUCK),
                }));
                self.finish();
            }
            Step::End => {
                let ids: Vec<BonusId> =
                    self.state.promotions(ANN).bonuses.keys().copied().collect();
                for id in ids {
                    self.take(&Command::EndBonus {
                        customer: ANN,
                        bonus: id,
                        at: at(1_000),
                    });
                }
            }
        }
    }

    fn give(&mut self, granted: Granted) {
        self.take(&Command::Grant(Box::new(Grant {
            customer: ANN,
            granted,
            terms: Terms {
                price_min: None,
                expires_at: at(1_000),
                reason: "why".to_owned(),
                by: "bob".to_owned(),
            },
            at: at(0),
        })));
    }

    /// A token that was not used, if there is one.
    fn source(&self, by: By) -> StakeSource {
        let tokens = self.state.promotions(ANN).free_bets.values();
        let unused = tokens.clone().find(|token| token.used_by.is_empty());
        match by {
            By::Cash => StakeSource::Cash,
            By::Token => unused.map_or(StakeSource::Cash, |it| StakeSource::FreeBet(it.id)),
            By::Money => StakeSource::Bonus {
                cash_allowed: false,
            },
            By::MoneyAndCash => StakeSource::Bonus { cash_allowed: true },
        }
    }

    fn finish(&mut self) {
        while self.state.next_job().is_some() {
            self.take(&work());
        }
    }

    /// All of the promotions but their timers, and the accounts.
    fn stand(&self) -> (Accounts, Vec<Bonus>, Vec<(FreeBetId, BTreeSet<BetId>)>) {
        let promotions = self.state.promotions(ANN);
        let bonuses = promotions.bonuses.values().map(|(bonus, _)| bonus.clone());
        let tokens = promotions.free_bets.values();
        (
            self.accounts.clone(),
            bonuses.collect(),
            tokens
                .map(|token| (token.id, token.used_by.clone()))
                .collect(),
        )
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    /// Conservation, accounts that are never below zero, splits that add up: checked at every step.
    #[test]
    fn accounts_follow_the_events(steps in prop::collection::vec(any_step(1), 0..24)) {
        let mut partition = Partition::default();
        for step in &steps {
            partition.step(step);
        }
    }

    /// settle; rollback is the identity on cash, bonus money, wagering and tokens.
    #[test]
    fn a_rollback_restores_money_wagering_and_tokens(
        steps in prop::collection::vec(any_step(2), 0..24),
        outcome in any_outcome(),
    ) {
        let mut partition = Partition::default();
        for step in &steps {
            partition.step(step);
        }
        let before = partition.stand();
        partition.step(&Step::Result(1, outcome));
        partition.step(&Step::Rollback(1));
        prop_assert_eq!(partition.stand(), before);
    }

    /// cancel; restore is the identity on the same.
    #[test]
    fn a_withdrawn_cancellation_restores_money_wagering_and_tokens(
        steps in prop::collection::vec(any_step(2), 0..24),
    ) {
        let mut partition = Partition::default();
        for step in &steps {
            partition.step(step);
        }
        let before = partition.stand();
        partition.step(&Step::Cancel(1));
        partition.step(&Step::Restore(1));
        prop_assert_eq!(partition.stand(), before);
    }

    /// settle(A); rollback; settle(B) leaves what settle(B) leaves.
    #[test]
    fn a_withdrawn_result_leaves_no_trace_on_promotions(
        steps in prop::collection::vec(any_step(2), 0..16),
        a in any_outcome(),
        b in any_outcome(),
    ) {
        let mut detour = Partition::default();
        let mut straight = Partition::default();
        for step in &steps {
            detour.step(step);
            straight.step(step);
        }
        detour.step(&Step::Result(1, a));
        detour.step(&Step::Rollback(1));
        detour.step(&Step::Result(1, b));
        straight.step(&Step::Result(1, b));
        prop_assert_eq!(detour.stand(), straight.stand());
    }
}
