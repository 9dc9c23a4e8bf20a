//! Stakes and returns that are not cash alone, as transfers.
//!
//! Duty: the parts of such a stake are held and taken as one; a return goes where bets says, and
//! comes back from there. A token is the house's own: its part is held on the promotions account.
//! Bonus money stands on the customer's bonus account. What is due to the house there is taken
//! whatever has been set on the account: it restores what stood before.
//!
//! Prohibition: that of the reactor. Bets alone knows how much bonus money there is, so that every
//! exact transfer here is covered.

use super::{
    Batch, Sides, debt, exact, house, of_customer, purpose, purpose_named, settlement_part,
};
use kernel::{BetId, CustomerId, Money};
use ledger_domain::{Account, AccountKind, Amount, Transfer, TransferCode, TransferKind};
use schemas::bets::{self, BetSettled, SlipOutcome, promotional_hold, stake_hold};
use schemas::promotions::{
    BonusGranted, BonusLapsed, Conversion, DivisionReversed, FundingReleased, Promotion,
    ReturnDivided, StakeFunded,
};
use std::collections::BTreeMap;

/// What a decision says of stakes that are not cash alone, by slip.
#[derive(Default)]
pub(super) struct Told<'a> {
    pub(super) funded: BTreeMap<BetId, &'a StakeFunded>,
    pub(super) released: BTreeMap<BetId, &'a FundingReleased>,
    pub(super) divided: BTreeMap<(BetId, u32), &'a ReturnDivided>,
    pub(super) reversed: BTreeMap<(BetId, u32), &'a DivisionReversed>,
}

impl<'a> Told<'a> {
    pub(super) fn of(events: &'a [bets::Event]) -> Self {
        let mut told = Self::default();
        for event in events {
            if let bets::Event::StakeFunded(event) = event {
                told.funded.insert(event.bet, event);
            } else if let bets::Event::FundingReleased(event) = event {
                told.released.insert(event.bet, event);
            } else if let bets::Event::ReturnDivided(event) = event {
                told.divided.insert((event.bet, event.settlement), event);
            } else if let bets::Event::DivisionReversed(event) = event {
                told.reversed.insert((event.bet, event.settlement), event);
            }
        }
        told
    }
}

/// What made a conversion: each has its own transfers.
#[derive(Clone, Copy)]
enum Because {
    Released,
    Settled(u32),
    Reversed(u32),
}

/// What a transfer is for. Its text is hashed into ids that stand in logs: it never changes.
#[derive(Clone, Copy)]
enum Part {
    Converted,
    ConvertedBack,
    ConvertedBackOwed,
    ToHouse,
    FromHouse,
}

impl Part {
    const fn text(self, because: Because) -> &'static str {
        match (self, because) {
            (Self::Converted, Because::Released) => "converted on release",
            (Self::Converted, Because::Settled(_)) => "converted",
            (Self::Converted, Because::Reversed(_)) => "converted on reversal",
            (Self::ConvertedBack, Because::Released) => "converted back on release",
            (Self::ConvertedBack, Because::Settled(_)) => "converted back",
            (Self::ConvertedBack, Because::Reversed(_)) => "converted back on reversal",
            (Self::ConvertedBackOwed, Because::Released) => "converted back on release, owed",
            (Self::ConvertedBackOwed, Because::Settled(_)) => "converted back, owed",
            (Self::ConvertedBackOwed, Because::Reversed(_)) => "converted back on reversal, owed",
            (Self::ToHouse, Because::Released) => "to the house on release",
            (Self::ToHouse, Because::Settled(_)) => "to the house",
            (Self::ToHouse, Because::Reversed(_)) => "to the house on reversal",
            (Self::FromHouse, Because::Released) => "from the house on release",
            (Self::FromHouse, Because::Settled(_)) => "from the house",
            (Self::FromHouse, Because::Reversed(_)) => "from the house on reversal",
        }
    }
}

/// Who pays the promotional part of a stake.
fn payer(customer: CustomerId, promotion: &Promotion, amount: Money) -> Account {
    let currency = amount.currency();
    match promotion {
        Promotion::FreeBet(_) => house(AccountKind::Promotions, currency),
        Promotion::Bonus(_) => of_customer(customer, AccountKind::Bonus, currency),
    }
}

fn waived(transfer: Transfer) -> Transfer {
    Transfer {
        rules_waived: true,
        ..transfer
    }
}

impl Batch {
    pub(super) fn give_bonus(&mut self, granted: &BonusGranted) {
        let bonus = &granted.bonus;
        let currency = bonus.amount.currency();
        self.transfers.push(waived(exact(
            purpose_named("bonus granted", bonus.bonus.bytes(), 0),
            house(AccountKind::Promotions, currency),
            of_customer(granted.customer, AccountKind::Bonus, currency),
            bonus.amount,
            TransferCode::BonusGranted,
        )));
    }

    pub(super) fn end_bonus(&mut self, lapsed: &BonusLapsed) {
        let bonus = &lapsed.bonus;
        let currency = lapsed.lapsed.currency();
        if lapsed.lapsed.is_positive() {
            self.transfers.push(waived(exact(
                purpose_named("bonus lapsed", bonus.bonus.bytes(), bonus.lapses),
                of_customer(lapsed.customer, AccountKind::Bonus, currency),
                house(AccountKind::Promotions, currency),
                lapsed.lapsed,
                TransferCode::BonusLapsed,
            )));
        }
    }

    /// Both parts are held or neither. The cash comes last: what is missing is told of it.
    pub(super) fn hold_funded(&mut self, funded: &StakeFunded) {
        let (stake, currency) = (&funded.stake, funded.stake.cash.currency());
        let hold = TransferKind::Hold { expires_at: None };
        let has_cash = stake.cash.is_positive();
        self.transfers.push(Transfer {
            kind: hold,
            linked: has_cash,
            ..exact(
                promotional_hold(funded.bet, 0),
                payer(funded.customer, &funded.promotion, stake.cash),
                house(AccountKind::Book, currency),
                stake.promotional,
                TransferCode::Stake,
            )
        });
        if has_cash {
            let Sides { cash, book, .. } = Sides::of(funded.customer, stake.cash);
            self.transfers.push(Transfer {
                kind: hold,
                ..exact(
                    stake_hold(funded.bet, 0),
                    cash,
                    book,
                    stake.cash,
                    TransferCode::Stake,
                )
            });
        }
    }

    pub(super) fn release_funded(&mut self, released: &FundingReleased) {
        let (bet, customer, stake) = (released.bet, released.customer, &released.stake);
        let Sides { cash, book, .. } = Sides::of(customer, stake.cash);
        if stake.cash.is_positive() {
            let id = purpose(super::Purpose::StakeRelease, bet.bytes(), 0);
            let release = exact(id, cash, book, stake.cash, TransferCode::Stake);
            self.release(release, stake_hold(bet, 0));
        }
        self.transfers.push(Transfer {
            amount: Amount::UpTo(stake.promotional.minor()),
            kind: TransferKind::VoidHold {
                hold: promotional_hold(bet, 0),
            },
            ..exact(
                purpose_named("promotional stake release", bet.bytes(), 0),
                payer(customer, &released.promotion, stake.cash),
                book,
                stake.promotional,
                TransferCode::Stake,
            )
        });
        let of = (bet, customer, &released.promotion);
        self.convert_back(of, &released.conversion, Because::Released);
        self.convert(of, &released.conversion, Because::Released);
    }

    /// The stake is taken, the return paid, and bonus money becomes what it is to become.
    pub(super) fn settle_funded(&mut self, settled: &BetSettled, divided: &ReturnDivided) {
        let (bet, customer, number) = (divided.bet, divided.customer, divided.settlement);
        let stake = &divided.stake;
        let Sides {
            cash,
            book,
            suspense,
        } = Sides::of(customer, stake.cash);
        let before = number.saturating_sub(1);
        let taken = [
            (
                stake_hold(bet, before),
                settlement_part(super::Purpose::StakeTaken, bet, number),
                cash,
                stake.cash,
            ),
            (
                promotional_hold(bet, before),
                purpose_named("promotional stake taken", bet.bytes(), number),
                payer(customer, &divided.promotion, stake.cash),
                stake.promotional,
            ),
        ];
        for (hold, id, from, amount) in taken.into_iter().filter(|it| it.3.is_positive()) {
            self.transfers.push(Transfer {
                kind: TransferKind::CaptureHold { hold },
                ..exact(id, from, book, amount, TransferCode::Stake)
            });
        }
        let code = match settled.outcome {
            SlipOutcome::Void => TransferCode::StakeReturned,
            SlipOutcome::Won
            | SlipOutcome::Lost
            | SlipOutcome::PartlyWon
            | SlipOutcome::PartlyLost => TransferCode::Winnings,
        };
        let division = &divided.division;
        if division.to_cash.is_positive() {
            let id = settlement_part(super::Purpose::Return, bet, number);
            let pay = exact(id, book, cash, division.to_cash, code);
            self.credit(customer, suspense, pay);
        }
        if division.to_bonus.is_positive() {
            let id = purpose_named("return to bonus money", bet.bytes(), number);
            let bonus = of_customer(customer, AccountKind::Bonus, stake.cash.currency());
            let pay = exact(id, book, bonus, division.to_bonus, code);
            self.transfers.push(waived(pay));
        }
        let of = (bet, customer, &divided.promotion);
        self.convert_back(of, &divided.conversion, Because::Settled(number));
        self.convert(of, &divided.conversion, Because::Settled(number));
    }

    /// The inverse: what had become cash is bonus money again, the return is taken, the stake is
    /// held again.
    pub(super) fn take_back_funded(&mut self, reversed: &DivisionReversed) {
        let (bet, customer, number) = (reversed.bet, reversed.customer, reversed.settlement);
        let (stake, division) = (&reversed.stake, &reversed.division);
        let Sides { cash, book, .. } = Sides::of(customer, stake.cash);
        let code = TransferCode::SettlementReversed;
        let restored = [
            (
                stake_hold(bet, number),
                settlement_part(super::Purpose::StakeRestored, bet, number),
                cash,
                stake.cash,
            ),
            (
                promotional_hold(bet, number),
                purpose_named("promotional stake restored", bet.bytes(), number),
                payer(customer, &reversed.promotion, stake.cash),
                stake.promotional,
            ),
        ];
        for (hold, id, to, amount) in restored.into_iter().filter(|it| it.3.is_positive()) {
            self.transfers.push(Transfer {
                linked: true,
                ..waived(exact(id, book, to, amount, code))
            });
            self.transfers.push(Transfer {
                kind: TransferKind::Hold { expires_at: None },
                ..waived(exact(hold, to, book, amount, TransferCode::Stake))
            });
        }
        let of = (bet, customer, &reversed.promotion);
        self.convert_back(of, &reversed.conversion, Because::Reversed(number));
        if division.to_bonus.is_positive() {
            let id = purpose_named("return taken from bonus money", bet.bytes(), number);
            let bonus = of_customer(customer, AccountKind::Bonus, stake.cash.currency());
            let back = exact(id, bonus, book, division.to_bonus, code);
            self.transfers.push(waived(back));
        }
        if division.to_cash.is_positive() {
            self.take_or_owe(
                settlement_part(super::Purpose::ReturnTakenBack, bet, number),
                settlement_part(super::Purpose::ReturnOwed, bet, number),
                (customer, book, division.to_cash, code),
            );
        }
        self.convert(of, &reversed.conversion, Because::Reversed(number));
    }

    /// As much as there is, and the rest as a debt.
    fn take_or_owe(
        &mut self,
        found: kernel::TransferId,
        owed: kernel::TransferId,
        (customer, to, amount, code): (CustomerId, Account, Money, TransferCode),
    ) {
        let currency = amount.currency();
        let cash = of_customer(customer, AccountKind::Cash, currency);
        self.transfers.push(Transfer {
            amount: Amount::UpTo(amount.minor()),
            linked: true,
            ..exact(found, cash, to, amount, code)
        });
        self.transfers.push(Transfer {
            amount: Amount::RestOf(found),
            ..exact(owed, debt(customer, currency), to, amount, code)
        });
    }

    /// What comes back to bonus money, or to the book of a token.
    fn convert_back(
        &mut self,
        (bet, customer, promotion): (BetId, CustomerId, &Promotion),
        conversion: &Conversion,
        because: Because,
    ) {
        let id = |part: Part| conversion_part(part, bet, because);
        let currency = conversion.converted.currency();
        let (hub, code) = hub(customer, promotion, conversion.converted);
        let back =
            |money: Money| Money::from_minor(money.minor().saturating_neg(), money.currency());
        let unconverted = back(conversion.converted);
        if unconverted.is_positive() {
            self.take_or_owe(
                id(Part::ConvertedBack),
                id(Part::ConvertedBackOwed),
                (customer, hub, unconverted, TransferCode::BonusConverted),
            );
        }
        let advanced = back(conversion.to_house);
        if advanced.is_positive() {
            let from = house(AccountKind::Promotions, currency);
            let pay = exact(id(Part::FromHouse), from, hub, advanced, code);
            self.transfers.push(waived(pay));
        }
    }

    /// What leaves bonus money, or the book of a token.
    fn convert(
        &mut self,
        (bet, customer, promotion): (BetId, CustomerId, &Promotion),
        conversion: &Conversion,
        because: Because,
    ) {
        let id = |part: Part| conversion_part(part, bet, because);
        let (hub, code) = hub(customer, promotion, conversion.converted);
        let Sides { cash, suspense, .. } = Sides::of(customer, conversion.converted);
        if conversion.converted.is_positive() {
            let made = TransferCode::BonusConverted;
            let pay = exact(id(Part::Converted), hub, cash, conversion.converted, made);
            self.credit(customer, suspense, waived(pay));
        }
        if conversion.to_house.is_positive() {
            let to = house(AccountKind::Promotions, conversion.to_house.currency());
            let back = exact(id(Part::ToHouse), hub, to, conversion.to_house, code);
            self.transfers.push(waived(back));
        }
    }
}

/// Between what and the house a conversion moves, and what for.
fn hub(customer: CustomerId, promotion: &Promotion, amount: Money) -> (Account, TransferCode) {
    match promotion {
        Promotion::FreeBet(_) => (
            house(AccountKind::Book, amount.currency()),
            TransferCode::PromotionSettled,
        ),
        Promotion::Bonus(_) => (
            of_customer(customer, AccountKind::Bonus, amount.currency()),
            TransferCode::BonusLapsed,
        ),
    }
}

fn conversion_part(part: Part, bet: BetId, because: Because) -> kernel::TransferId {
    let number = match because {
        Because::Released => 0,
        Because::Settled(number) | Because::Reversed(number) => number,
    };
    purpose_named(part.text(because), bet.bytes(), number)
}
