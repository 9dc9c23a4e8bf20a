//! I23: what is sold back before its end.
//!
//! Duty: see that only what is open is sold, that the part and what is left make the whole, and
//! that the amount is what the told prices and results come to; and that the ledger paid it.
//! Prohibition: bets' own arithmetic is not used. Whether the told prices were on offer is the
//! matter of `prices`.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "exact fractions neither overflow nor round"
)]

use super::{Hold, Slip, Slips, Stage};
use crate::findings::Findings;
use crate::slip_return;
use kernel::{BetId, InvariantId, Position};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::One;
use schemas::bets::{CashOutLeg, CashedOut, StruckLeg, stake_hold};
use schemas::ledger::{Event as LedgerEvent, TransferCode};

const ONE_END: InvariantId = InvariantId::OneEndForEveryPart;
/// What the prices of a book that keeps nothing for the house add up to.
const BILLION: u64 = 1_000_000_000;

impl Slips {
    /// Counts what the ledger paid for sales.
    pub(super) fn note_paid(&mut self, event: &LedgerEvent) {
        if let LedgerEvent::TransferPosted(posted) = event
            && posted.code == TransferCode::CashOut
            && let Some(customer) = posted.credit.customer
        {
            let of = (customer, posted.credit.currency);
            *self.paid_for_sales.entry(of).or_default() += i128::from(posted.minor);
        }
    }

    pub(super) fn note_sale(&mut self, position: Position, sold: &CashedOut) {
        let of = (sold.customer, sold.amount.currency());
        let (last, due) = self.due_for_sales.entry(of).or_insert((position, 0));
        *last = position;
        *due += i128::from(sold.amount.minor());
    }

    /// At rest each customer was paid what the sales come to.
    pub(super) fn check_sales_paid(&self, findings: &mut Findings) {
        for (of, (position, due)) in &self.due_for_sales {
            let paid = self.paid_for_sales.get(of).copied().unwrap_or(0);
            findings.require(paid == *due, ONE_END, *position, || {
                format!("{} sold for {due} minor units and was paid {paid}", of.0)
            });
        }
    }

    /// The hold of every part that was sold was taken, and none was left in place.
    pub(super) fn check_holds_of_sales(
        &self,
        bet: BetId,
        slip: &Slip,
        at_rest: bool,
        findings: &mut Findings,
    ) {
        for number in &slip.sold_under {
            let hold = self.holds.get(&stake_hold(bet, number.saturating_sub(1)));
            let taken = match hold {
                Some(Hold::Captured) => true,
                Some(Hold::Open(_)) | None => !at_rest,
                Some(Hold::Released) => false,
            };
            findings.require(taken, InvariantId::StakesAreReserved, slip.position, || {
                format!("{bet} sold a part under {number}, its hold is {hold:?}")
            });
        }
    }
}

impl Slip {
    pub(super) fn sell(&mut self, sold: &CashedOut, position: Position, findings: &mut Findings) {
        let bet = sold.bet;
        let is_open = self.stage == Stage::Accepted && self.in_force.is_none();
        findings.require(is_open, ONE_END, position, || {
            format!("{bet} is sold back although it is {:?}", self.stage)
        });
        findings.require(self.funded.is_none(), ONE_END, position, || {
            format!("{bet} is sold back although a promotion pays for it")
        });
        self.settlements = self.settlements.saturating_add(1);
        findings.require(
            sold.settlement == self.settlements,
            ONE_END,
            position,
            || {
                format!(
                    "{bet} is sold as {}, expected {}",
                    sold.settlement, self.settlements
                )
            },
        );
        let whole = sold.stake.checked_add(sold.stake_left).ok();
        let adds_up = sold.stake.is_positive() && whole == Some(self.stake);
        findings.require(adds_up, ONE_END, position, || {
            format!(
                "{bet} sells {:?} and keeps {:?} of {:?}",
                sold.stake, sold.stake_left, self.stake
            )
        });
        self.check_amount(sold, position, findings);
        self.stake = sold.stake_left;
        self.unit_stake = sold.stake_left;
        self.sold_under.push(sold.settlement);
        if sold.stake_left.is_positive() {
            self.hold = sold.settlement;
        } else {
            self.stage = Stage::CashedOut;
        }
    }

    /// The amount is the stake, times what each leg is worth, less the margin, rounded down.
    fn check_amount(&self, sold: &CashedOut, position: Position, findings: &mut Findings) {
        let bet = sold.bet;
        let legs = self.legs.iter().zip(&sold.worth.legs);
        let worths: Option<Vec<BigRational>> =
            legs.map(|(leg, told)| self.worth(leg, told)).collect();
        let complete = sold.worth.legs.len() == self.legs.len();
        let Some(worths) = worths.filter(|_| complete) else {
            let detail = format!("{bet} is sold by other legs than it has, or unlike they stand");
            findings.report(ONE_END, position, detail);
            return;
        };
        let units = BigInt::from(10).pow(sold.stake.currency().exponent());
        let stake = BigRational::new(sold.stake.minor().into(), units.clone());
        let fair = worths
            .into_iter()
            .fold(stake, |product, worth| product * worth);
        let kept = BigRational::new(sold.worth.margin_permille.into(), 1_000.into());
        let exact = &fair * (BigRational::one() - kept);
        let minor = (&exact * units).floor().to_integer();
        let told = (sold.worth.fair.parse().ok(), sold.worth.exact.parse().ok());
        let explains =
            BigInt::from(sold.amount.minor()) == minor && told == (Some(fair), Some(exact));
        findings.require(explains, ONE_END, position, || {
            format!(
                "{bet} is sold for {:?}, its prices come to {minor}",
                sold.amount
            )
        });
    }

    /// What one unit on a leg is worth: by its result, or by the told price while it has none.
    fn worth(&self, leg: &StruckLeg, told: &CashOutLeg) -> Option<BigRational> {
        let outcome = self
            .outcomes
            .get(&leg.selection)
            .map(|(_, outcome)| outcome);
        let outcome = if self.voided.contains(&leg.selection) {
            Some(&slip_return::VOID)
        } else {
            outcome
        };
        let worth = match (&told.live, outcome) {
            (Some(live), None) => {
                let sum = live.booksum_billionths.max(BILLION);
                let struck =
                    BigRational::new(leg.price.numerator().into(), leg.price.denominator().into());
                let now = BigRational::new(
                    live.price.numerator().into(),
                    live.price.denominator().into(),
                );
                struck / (now * BigRational::new(sum.into(), BILLION.into()))
            }
            (None, Some(outcome)) => slip_return::win_factor(&slip_return::Leg {
                price: leg.price,
                outcome: Some(outcome),
                full: self
                    .full
                    .get(&leg.selection)
                    .filter(|_| !self.voided.contains(&leg.selection)),
            }),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        let is_told = told.selection == leg.selection && told.worth.parse() == Ok(worth.clone());
        is_told.then_some(worth)
    }
}
