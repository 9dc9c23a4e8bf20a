//! I18: a customer's own limits over weeks, months and on losses, and traders' stake factors.
//!
//! Duty: count anew what each customer has staked, lost and still has open, and hold every
//! placement against the limits that the partition had noticed before. Prohibition: nothing is
//! taken from the rules that are judged: the calendar here walks from month to month, and no day
//! is ever forgotten.

use crate::findings::Findings;
use crate::funded;
use kernel::{BetId, Currency, CustomerId, InvariantId, Money, Position, Timestamp};
use rustc_hash::FxHashMap;
use schemas::bets::{BetPlaced, BetSettled, CashedOut, Event, FactorScope, OwnLimit, PartAgreed};
use schemas::promotions::StakeFunded;
use std::collections::BTreeMap;

const DAY_MICROS: i64 = 86_400_000_000;
/// The house's ordinary stake limit, of which a factor is a part.
const ORDINARY_STAKE_MAX_MINOR: i64 = 1_000_000;

type Purse = (CustomerId, Currency);

#[derive(Debug, Default)]
pub(crate) struct OwnLimits {
    limits: FxHashMap<CustomerId, BTreeMap<OwnLimit, Money>>,
    /// Factors on all slips of a customer; those of one sport or kind of market are not judged,
    /// because a slip's record does not tell its sports.
    factors: FxHashMap<CustomerId, u16>,
    days: FxHashMap<Purse, BTreeMap<i64, Day>>,
    open: FxHashMap<Purse, i64>,
    slips: FxHashMap<BetId, Slip>,
}

/// In minor units.
#[derive(Clone, Copy, Debug, Default)]
struct Day {
    staked: i64,
    lost: i64,
}

#[derive(Clone, Debug)]
struct Slip {
    purse: Purse,
    /// In cash.
    stake: i64,
    funded: Option<StakeFunded>,
    placed_on: i64,
    /// The day of the settlement in force, and what it has lost.
    settled: Option<(i64, i64)>,
}

impl OwnLimits {
    pub(crate) fn take_bets(
        &mut self,
        position: Position,
        event: &Event,
        funded: &FxHashMap<BetId, &StakeFunded>,
        findings: &mut Findings,
    ) {
        if let Event::OwnLimitNoticed(noticed) = event {
            let limits = self.limits.entry(noticed.customer).or_default();
            match noticed.amount {
                Some(amount) => limits.insert(noticed.limit, amount),
                None => limits.remove(&noticed.limit),
            };
        }
        if let Event::StakeFactorSet(set) = event
            && set.scope
                == (FactorScope {
                    sport: None,
                    market_kind: None,
                })
        {
            match set.stake_permille {
                Some(permille) => self.factors.insert(set.customer, permille),
                None => self.factors.remove(&set.customer),
            };
        }
        if let Event::BetPlaced(placed) = event {
            self.place(placed, funded.get(&placed.bet).copied());
            self.judge(position, placed, findings);
        }
        if let Event::BetRejected(rejected) = event
            && let Some(slip) = self.slips.remove(&rejected.bet)
        {
            self.count(slip.purse, slip.placed_on, slip.stake.saturating_neg(), 0);
            self.count_open(slip.purse, slip.stake.saturating_neg());
        }
        if let Event::BetSettled(settled) = event {
            self.settle(settled);
        }
        if let Event::SettlementReversed(reversed) = event {
            self.take_back(reversed.bet);
        }
        if let Event::PartAgreed(agreed) = event {
            self.agree_on_part(agreed);
        }
        if let Event::CashedOut(sold) = event {
            self.sell(sold);
        }
    }

    fn place(&mut self, placed: &BetPlaced, funded: Option<&StakeFunded>) {
        let slip = Slip {
            purse: (placed.customer, placed.stake.currency()),
            stake: funded.map_or(placed.stake, |told| told.stake.cash).minor(),
            funded: funded.cloned(),
            placed_on: day(placed.placed_at),
            settled: None,
        };
        self.count(slip.purse, slip.placed_on, slip.stake, 0);
        self.count_open(slip.purse, slip.stake);
        self.slips.insert(placed.bet, slip);
    }

    fn settle(&mut self, settled: &BetSettled) {
        self.take_back(settled.bet);
        let Some(slip) = self.slips.get_mut(&settled.bet) else {
            return;
        };
        let lost = slip
            .stake
            .saturating_sub(funded::of_cash(settled, slip.funded.as_ref()));
        let on = day(settled.settled_at);
        slip.settled = Some((on, lost));
        let (purse, stake) = (slip.purse, slip.stake);
        self.count(purse, on, 0, lost);
        self.count_open(purse, stake.saturating_neg());
    }

    /// What is not taken was never staked.
    fn agree_on_part(&mut self, agreed: &PartAgreed) {
        let Some(slip) = self.slips.get_mut(&agreed.bet) else {
            return;
        };
        let given_up = slip.stake.saturating_sub(agreed.stake.minor());
        slip.stake = agreed.stake.minor();
        let (purse, placed_on) = (slip.purse, slip.placed_on);
        self.count(purse, placed_on, given_up.saturating_neg(), 0);
        self.count_open(purse, given_up.saturating_neg());
    }

    /// The part that is sold is decided, for good; the rest is still open.
    fn sell(&mut self, sold: &CashedOut) {
        let Some(slip) = self.slips.get_mut(&sold.bet) else {
            return;
        };
        slip.stake = slip.stake.saturating_sub(sold.stake.minor());
        let purse = slip.purse;
        let lost = sold.stake.minor().saturating_sub(sold.amount.minor());
        self.count(purse, day(sold.cashed_out_at), 0, lost);
        self.count_open(purse, sold.stake.minor().saturating_neg());
    }

    /// The settlement in force, if there is one, counts no more.
    fn take_back(&mut self, bet: BetId) {
        let Some(slip) = self.slips.get_mut(&bet) else {
            return;
        };
        let Some((on, lost)) = slip.settled.take() else {
            return;
        };
        let (purse, stake) = (slip.purse, slip.stake);
        self.count(purse, on, 0, lost.saturating_neg());
        self.count_open(purse, stake);
    }

    fn count(&mut self, purse: Purse, on: i64, staked: i64, lost: i64) {
        let day = self.days.entry(purse).or_default().entry(on).or_default();
        day.staked = day.staked.saturating_add(staked);
        day.lost = day.lost.saturating_add(lost);
    }

    fn count_open(&mut self, purse: Purse, minor: i64) {
        let open = self.open.entry(purse).or_default();
        *open = open.saturating_add(minor);
    }

    fn judge(&self, position: Position, placed: &BetPlaced, findings: &mut Findings) {
        let bind = InvariantId::RestrictionsBind;
        let purse = (placed.customer, placed.stake.currency());
        let today = day(placed.placed_at);
        let since = |first: i64| {
            let days = self.days.get(&purse);
            let days = days.into_iter().flat_map(|days| days.range(first..));
            days.fold(Day::default(), |sum, (_, day)| Day {
                staked: sum.staked.saturating_add(day.staked),
                lost: sum.lost.saturating_add(day.lost),
            })
        };
        let open = self.open.get(&purse).copied().unwrap_or(0);
        let stake = placed.stake.minor();
        let in_cash = self.slips.get(&placed.bet).map_or(stake, |slip| slip.stake);
        for (limit, amount) in self.limits.get(&placed.customer).into_iter().flatten() {
            let used = match limit {
                OwnLimit::StakeSlip => in_cash,
                OwnLimit::StakeDay => since(today).staked,
                OwnLimit::StakeWeek => since(monday(today)).staked,
                OwnLimit::StakeMonth => since(first_of_month(today)).staked,
                OwnLimit::LossDay => since(today).lost.saturating_add(open),
                OwnLimit::LossWeek => since(monday(today)).lost.saturating_add(open),
                OwnLimit::LossMonth => since(first_of_month(today)).lost.saturating_add(open),
            };
            // Without cash in it a stake breaks no limit, not even one that is used up.
            let within = in_cash == 0 || used <= amount.minor();
            findings.require(within, bind, position, || {
                format!(
                    "{} places {} and uses {used} of {limit:?} {amount:?}",
                    placed.customer, placed.bet
                )
            });
        }
        let factor = self.factors.get(&placed.customer).copied();
        let within = factor.is_none_or(|permille| {
            let most = ORDINARY_STAKE_MAX_MINOR
                .saturating_mul(i64::from(permille))
                .div_euclid(1_000);
            stake <= most
        });
        findings.require(within, bind, position, || {
            format!(
                "{} stakes {stake} with a factor of {factor:?} permille",
                placed.customer
            )
        });
    }
}

const fn day(at: Timestamp) -> i64 {
    at.micros().div_euclid(DAY_MICROS)
}

/// The fourth day since 1970 was a Monday.
const fn monday(today: i64) -> i64 {
    let whole_weeks = today.saturating_sub(4).div_euclid(7);
    whole_weeks.saturating_mul(7).saturating_add(4)
}

/// Walks from the beginning of 1970 month by month.
fn first_of_month(today: i64) -> i64 {
    let mut first = 0_i64;
    let mut year = 1970_i64;
    loop {
        let leap =
            year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
        let february = if leap { 29 } else { 28 };
        for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            let next = first.saturating_add(days);
            if today < next {
                return first;
            }
            first = next;
        }
        year = year.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{CashOutQuoteId, Topic, TopicPartition};
    use schemas::bets::{
        BetRejected, BetType, CashOutWorth, CustomerRestricted, OwnLimitNoticed, PricePolicy,
        Rejection, RejectionReason, SettlementReversed, SlipOutcome, StakeFactorSet,
    };
    use schemas::promotions::{FreeBet, Promotion, StakeParts};

    const ANNA: CustomerId = CustomerId::example(1, 3);
    /// 2026-11-02, a Monday.
    const MONDAY: i64 = 20_759;

    const fn eur(minor: i64) -> Money {
        Money::from_minor(minor, Currency::Eur)
    }

    const fn on(day: i64) -> Timestamp {
        Timestamp::from_micros(day * DAY_MICROS + 5)
    }

    fn limit(limit: OwnLimit, minor: i64) -> Event {
        Event::OwnLimitNoticed(OwnLimitNoticed {
            customer: ANNA,
            limit,
            amount: Some(eur(minor)),
        })
    }

    fn placed(n: u64, minor: i64, day: i64) -> Event {
        Event::BetPlaced(BetPlaced {
            bet: BetId::example(n, 3),
            customer: ANNA,
            bet_type: BetType::Single,
            legs: vec![],
            stake: eur(minor),
            price_policy: PricePolicy::Exact,
            each_way: false,
            client_ref: None,
            potential_return: eur(2 * minor),
            rules_version: 2,
            placed_at: on(day),
        })
    }

    fn settled(n: u64, minor: i64, returned: i64, day: i64) -> Event {
        Event::BetSettled(BetSettled {
            bet: BetId::example(n, 3),
            customer: ANNA,
            settlement: 1,
            stake: eur(minor),
            returned: eur(returned),
            exact: String::new(),
            outcome: SlipOutcome::Lost,
            settled_at: on(day),
        })
    }

    fn found(events: &[Event]) -> usize {
        let mut limits = OwnLimits::default();
        let mut findings = Findings::default();
        let at = TopicPartition::new(Topic::BetsEvents, 3).at(1);
        let funded = funded::of_record(events);
        for event in events {
            limits.take_bets(at, event, &funded, &mut findings);
        }
        findings.violations.len()
    }

    #[test]
    fn stakes_of_a_week_and_a_month_are_summed() {
        let week = limit(OwnLimit::StakeWeek, 15);
        let second = |day| found(&[week.clone(), placed(1, 10, MONDAY), placed(2, 10, day)]);
        assert_eq!((second(MONDAY + 6), second(MONDAY + 7)), (1, 0));
        let month = limit(OwnLimit::StakeMonth, 15);
        let second = |day| found(&[month.clone(), placed(1, 10, MONDAY), placed(2, 10, day)]);
        // The month's last day is 2026-11-30.
        assert_eq!((second(MONDAY + 28), second(MONDAY + 29)), (1, 0));
    }

    #[test]
    fn losses_and_open_stakes_are_summed() {
        let loss = limit(OwnLimit::LossDay, 15);
        let with = |between: &[Event], day| {
            let mut events = vec![loss.clone(), placed(1, 10, MONDAY)];
            events.extend_from_slice(between);
            events.push(placed(2, 10, day));
            found(&events)
        };
        assert_eq!(with(&[], MONDAY), 1);
        assert_eq!(with(&[], MONDAY + 1), 1);
        assert_eq!(with(&[settled(1, 10, 0, MONDAY)], MONDAY), 1);
        assert_eq!(with(&[settled(1, 10, 0, MONDAY)], MONDAY + 1), 0);
        assert_eq!(with(&[settled(1, 10, 10, MONDAY)], MONDAY), 0);
        let reversed = Event::SettlementReversed(SettlementReversed {
            bet: BetId::example(1, 3),
            customer: ANNA,
            settlement: 1,
            stake: eur(10),
            returned: eur(10),
        });
        let settled_and_reversed = [settled(1, 10, 10, MONDAY), reversed];
        assert_eq!(with(&settled_and_reversed, MONDAY + 1), 1);
        let rejected = Event::BetRejected(BetRejected {
            bet: BetId::example(1, 3),
            customer: ANNA,
            held: false,
            stake: eur(10),
            rejection: Rejection {
                reason: RejectionReason::CustomerRestricted(CustomerRestricted {}),
            },
        });
        assert_eq!(with(&[rejected], MONDAY), 0);
    }

    /// 10 of which a promotion pays 6, or bonus money with its stake divided in proportion.
    fn funded_with(promotion: Promotion) -> Event {
        Event::StakeFunded(StakeFunded {
            bet: BetId::example(1, 3),
            customer: ANNA,
            stake: StakeParts {
                cash: eur(4),
                promotional: eur(6),
            },
            forfeited: eur(0),
            promotion,
        })
    }

    fn token(stake_returned: bool) -> Promotion {
        Promotion::FreeBet(FreeBet {
            free_bet: kernel::FreeBetId::example(1, 3),
            value: eur(6),
            price_min: None,
            stake_returned,
            expires_at: Timestamp::MAX,
            reason: String::new(),
            granted_by: String::new(),
            granted_at: on(MONDAY),
            used_by: vec![],
        })
    }

    #[test]
    fn own_limits_count_cash_alone() {
        let with = |limits: OwnLimit, between: &[Event]| {
            let mut events = vec![limit(limits, 15), placed(1, 10, MONDAY)];
            events.push(funded_with(token(false)));
            events.extend_from_slice(between);
            events.push(placed(2, 12, MONDAY));
            found(&events)
        };
        // 4 and 12 are above 15, 4 alone was not; nothing of the token counts.
        assert_eq!(with(OwnLimit::StakeDay, &[]), 1);
        assert_eq!(with(OwnLimit::StakeSlip, &[]), 0);
        assert_eq!(with(OwnLimit::LossDay, &[]), 1);
        // At 1.5 the slip returns 4 * 1.5 and 6 * 0.5: the cash has won 2, the token 3.
        let won = settled(1, 10, 9, MONDAY);
        assert_eq!(with(OwnLimit::LossDay, &[won.clone()]), 0);
        let within = |minor| {
            let mut events = vec![limit(OwnLimit::LossDay, 15), placed(1, 10, MONDAY)];
            events.extend([
                funded_with(token(false)),
                won.clone(),
                placed(2, minor, MONDAY),
            ]);
            found(&events)
        };
        assert_eq!((within(17), within(18)), (0, 1));
        // Half of it is lost: what comes back is the cash's.
        assert_eq!(with(OwnLimit::LossDay, &[settled(1, 10, 2, MONDAY)]), 0);
    }

    #[test]
    fn a_stake_without_cash_breaks_no_limit_that_is_used_up() {
        let all = Event::StakeFunded(StakeFunded {
            bet: BetId::example(2, 3),
            customer: ANNA,
            stake: StakeParts {
                cash: eur(0),
                promotional: eur(10),
            },
            forfeited: eur(0),
            promotion: token(false),
        });
        for kind in [OwnLimit::StakeDay, OwnLimit::LossDay, OwnLimit::StakeSlip] {
            let noticed_late = [
                placed(1, 20, MONDAY),
                limit(kind, 15),
                placed(2, 10, MONDAY),
            ];
            let paid = [&noticed_late[..], std::slice::from_ref(&all)].concat();
            assert_eq!(found(&paid), 0);
            // Of cash it does.
            let cash = usize::from(kind != OwnLimit::StakeSlip);
            assert_eq!(found(&noticed_late), cash);
        }
    }

    #[test]
    fn a_part_counts_as_a_part() {
        let agreed = Event::PartAgreed(PartAgreed {
            bet: BetId::example(1, 3),
            customer: ANNA,
            asked: eur(10),
            unit_stake: eur(3),
            stake: eur(3),
            potential_return: eur(6),
            until: on(MONDAY),
        });
        let day = limit(OwnLimit::StakeDay, 15);
        let second = |minor| {
            let placed = [
                placed(1, 10, MONDAY),
                agreed.clone(),
                placed(2, minor, MONDAY),
            ];
            found(&[vec![day.clone()], placed.to_vec()].concat())
        };
        assert_eq!((second(12), second(13)), (0, 1));
    }

    #[test]
    fn of_a_part_only_the_part_is_staked_and_what_is_sold_is_decided() {
        let part = Event::PartAgreed(PartAgreed {
            bet: BetId::example(1, 3),
            customer: ANNA,
            asked: eur(10),
            unit_stake: eur(6),
            stake: eur(6),
            potential_return: eur(12),
            until: on(MONDAY),
        });
        let with = |of: OwnLimit, most, between: &[Event]| {
            let mut events = vec![limit(of, most), placed(1, 10, MONDAY)];
            events.extend_from_slice(between);
            events.push(placed(2, 10, MONDAY));
            found(&events)
        };
        let parted = [part.clone()];
        assert_eq!(with(OwnLimit::StakeDay, 16, &parted), 0);
        assert_eq!(with(OwnLimit::StakeDay, 15, &parted), 1);
        assert_eq!(with(OwnLimit::LossDay, 16, &parted), 0);
        assert_eq!(with(OwnLimit::LossDay, 15, &parted), 1);
        // 4 of the 6 are sold for 1: 3 are lost and 2 are open.
        let sold = [part, sold(1, 4, 1, 2)];
        assert_eq!(with(OwnLimit::StakeDay, 16, &sold), 0);
        assert_eq!(with(OwnLimit::LossDay, 15, &sold), 0);
        assert_eq!(with(OwnLimit::LossDay, 14, &sold), 1);
    }

    fn sold(n: u64, stake: i64, amount: i64, left: i64) -> Event {
        Event::CashedOut(CashedOut {
            bet: BetId::example(n, 3),
            customer: ANNA,
            quote: CashOutQuoteId::example(n, 3),
            fraction_millionths: 500_000,
            settlement: 2,
            stake: eur(stake),
            amount: eur(amount),
            worth: CashOutWorth {
                rules_version: 1,
                margin_permille: 50,
                fair: String::new(),
                exact: String::new(),
                legs: vec![],
            },
            stake_left: eur(left),
            potential_return_left: eur(2 * left),
            stake_sold_total: eur(stake),
            amount_total: eur(amount),
            cashed_out_at: on(MONDAY),
            liabilities: vec![],
        })
    }

    #[test]
    fn a_factor_bounds_a_slip() {
        let factor = |sport: Option<&str>, permille| {
            Event::StakeFactorSet(StakeFactorSet {
                customer: ANNA,
                scope: FactorScope {
                    sport: sport.map(str::to_owned),
                    market_kind: None,
                },
                stake_permille: permille,
                reason: "sharp".to_owned(),
                by: "trader".to_owned(),
                set_at: on(MONDAY),
            })
        };
        let place = |minor| placed(1, minor, MONDAY);
        assert_eq!(found(&[factor(None, Some(10)), place(10_000)]), 0);
        assert_eq!(found(&[factor(None, Some(10)), place(10_001)]), 1);
        assert_eq!(found(&[factor(Some("tennis"), Some(10)), place(10_001)]), 0);
        let lifted = [factor(None, Some(0)), factor(None, None), place(10_001)];
        assert_eq!(found(&lifted), 0);
    }

    #[test]
    fn the_calendar_is_the_world_s() {
        assert_eq!(monday(MONDAY + 6), MONDAY);
        assert_eq!(first_of_month(MONDAY), MONDAY - 1);
        // 2024-02-29 and the day after.
        assert_eq!(
            (first_of_month(19_782), first_of_month(19_783)),
            (19_754, 19_783)
        );
    }
}
