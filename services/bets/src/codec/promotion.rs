//! Free bets and bonus money on the wire.
//!
//! Duty and prohibition are those of the codec: every variant there and back, nothing judged.

use bets_domain::{
    Bonus, Conversion, Division, Event, FreeBet, Given, Promotion, PromotionEvent, StakeParts,
};
use kernel::Money;
use schemas::{bets, promotions as wire};

pub(crate) fn free_bet_to_wire(token: &FreeBet) -> wire::FreeBet {
    wire::FreeBet {
        free_bet: token.id,
        value: token.value,
        price_min: token.given.price_min,
        stake_returned: token.stake_returned,
        expires_at: token.given.expires_at,
        reason: token.given.reason.clone(),
        granted_by: token.given.by.clone(),
        granted_at: token.given.at,
        used_by: token.used_by.iter().copied().collect(),
    }
}

pub(crate) fn free_bet_from_wire(token: wire::FreeBet) -> FreeBet {
    FreeBet {
        id: token.free_bet,
        value: token.value,
        stake_returned: token.stake_returned,
        given: Given {
            price_min: token.price_min,
            expires_at: token.expires_at,
            reason: token.reason,
            by: token.granted_by,
            at: token.granted_at,
        },
        used_by: token.used_by.into_iter().collect(),
    }
}

/// What follows from the sums is told as well, for readers.
pub(crate) fn bonus_to_wire(bonus: &Bonus) -> wire::Bonus {
    let money = |minor| Money::from_minor(minor, bonus.currency());
    wire::Bonus {
        bonus: bonus.id,
        amount: bonus.amount,
        wagering_required: bonus.wagering_required,
        price_min: bonus.given.price_min,
        converted_max: bonus.converted_max,
        expires_at: bonus.given.expires_at,
        reason: bonus.given.reason.clone(),
        granted_by: bonus.given.by.clone(),
        granted_at: bonus.given.at,
        worth: money(bonus.worth_minor),
        available: money(bonus.available_minor()),
        wagered: money(bonus.wagered_minor),
        converted: money(bonus.converted_minor()),
        lapses: bonus.lapses,
        open_slips: bonus.open_slips,
    }
}

pub(crate) fn bonus_from_wire(bonus: wire::Bonus) -> Bonus {
    Bonus {
        id: bonus.bonus,
        amount: bonus.amount,
        wagering_required: bonus.wagering_required,
        converted_max: bonus.converted_max,
        given: Given {
            price_min: bonus.price_min,
            expires_at: bonus.expires_at,
            reason: bonus.reason,
            by: bonus.granted_by,
            at: bonus.granted_at,
        },
        worth_minor: bonus.worth.minor(),
        wagered_minor: bonus.wagered.minor(),
        lapses: bonus.lapses,
        open_slips: bonus.open_slips,
    }
}

fn promotion_to_wire(promotion: &Promotion) -> wire::Promotion {
    match promotion {
        Promotion::FreeBet(token) => wire::Promotion::FreeBet(free_bet_to_wire(token)),
        Promotion::Bonus(bonus) => wire::Promotion::Bonus(bonus_to_wire(bonus)),
    }
}

fn promotion_from_wire(promotion: wire::Promotion) -> Promotion {
    match promotion {
        wire::Promotion::FreeBet(token) => Promotion::FreeBet(free_bet_from_wire(token)),
        wire::Promotion::Bonus(bonus) => Promotion::Bonus(bonus_from_wire(bonus)),
    }
}

pub(crate) const fn stake_to_wire(stake: StakeParts) -> wire::StakeParts {
    wire::StakeParts {
        cash: stake.cash,
        promotional: stake.promotional,
    }
}

pub(crate) const fn stake_from_wire(stake: &wire::StakeParts) -> StakeParts {
    StakeParts {
        cash: stake.cash,
        promotional: stake.promotional,
    }
}

pub(crate) const fn division_to_wire(division: Division) -> wire::Division {
    wire::Division {
        to_cash: division.to_cash,
        to_bonus: division.to_bonus,
        wagered: division.wagered,
    }
}

pub(crate) const fn division_from_wire(division: &wire::Division) -> Division {
    Division {
        to_cash: division.to_cash,
        to_bonus: division.to_bonus,
        wagered: division.wagered,
    }
}

const fn conversion_to_wire(conversion: Conversion) -> wire::Conversion {
    wire::Conversion {
        converted: conversion.converted,
        to_house: conversion.to_house,
    }
}

const fn conversion_from_wire(conversion: &wire::Conversion) -> Conversion {
    Conversion {
        converted: conversion.converted,
        to_house: conversion.to_house,
    }
}

/// An event as it is recorded.
pub(super) fn event_to_wire(event: &PromotionEvent) -> bets::Event {
    match event {
        PromotionEvent::FreeBetGranted { customer, free_bet } => {
            bets::Event::FreeBetGranted(wire::FreeBetGranted {
                customer: *customer,
                free_bet: free_bet_to_wire(free_bet),
            })
        }
        PromotionEvent::BonusGranted { customer, bonus } => {
            bets::Event::BonusGranted(wire::BonusGranted {
                customer: *customer,
                bonus: bonus_to_wire(bonus),
            })
        }
        PromotionEvent::StakeFunded {
            bet,
            customer,
            stake,
            forfeited,
            promotion,
        } => bets::Event::StakeFunded(wire::StakeFunded {
            bet: *bet,
            customer: *customer,
            stake: stake_to_wire(*stake),
            forfeited: *forfeited,
            promotion: promotion_to_wire(promotion),
        }),
        PromotionEvent::FundingReleased {
            bet,
            customer,
            stake,
            conversion,
            promotion,
        } => bets::Event::FundingReleased(wire::FundingReleased {
            bet: *bet,
            customer: *customer,
            stake: stake_to_wire(*stake),
            conversion: conversion_to_wire(*conversion),
            promotion: promotion_to_wire(promotion),
        }),
        PromotionEvent::ReturnDivided {
            bet,
            customer,
            settlement,
            stake,
            division,
            conversion,
            promotion,
        } => bets::Event::ReturnDivided(wire::ReturnDivided {
            bet: *bet,
            customer: *customer,
            settlement: *settlement,
            stake: stake_to_wire(*stake),
            division: division_to_wire(*division),
            conversion: conversion_to_wire(*conversion),
            promotion: promotion_to_wire(promotion),
        }),
        PromotionEvent::DivisionReversed {
            bet,
            customer,
            settlement,
            stake,
            division,
            conversion,
            promotion,
        } => bets::Event::DivisionReversed(wire::DivisionReversed {
            bet: *bet,
            customer: *customer,
            settlement: *settlement,
            stake: stake_to_wire(*stake),
            division: division_to_wire(*division),
            conversion: conversion_to_wire(*conversion),
            promotion: promotion_to_wire(promotion),
        }),
        PromotionEvent::BonusLapsed {
            customer,
            lapsed,
            bonus,
        } => bets::Event::BonusLapsed(wire::BonusLapsed {
            customer: *customer,
            lapsed: *lapsed,
            bonus: bonus_to_wire(bonus),
        }),
    }
}

fn told(event: PromotionEvent) -> Event {
    Event::Promotion(Box::new(event))
}

pub(super) fn free_bet_granted(event: wire::FreeBetGranted) -> Event {
    told(PromotionEvent::FreeBetGranted {
        customer: event.customer,
        free_bet: free_bet_from_wire(event.free_bet),
    })
}

pub(super) fn bonus_granted(event: wire::BonusGranted) -> Event {
    told(PromotionEvent::BonusGranted {
        customer: event.customer,
        bonus: bonus_from_wire(event.bonus),
    })
}

pub(super) fn stake_funded(event: wire::StakeFunded) -> Event {
    told(PromotionEvent::StakeFunded {
        bet: event.bet,
        customer: event.customer,
        stake: stake_from_wire(&event.stake),
        forfeited: event.forfeited,
        promotion: promotion_from_wire(event.promotion),
    })
}

pub(super) fn funding_released(event: wire::FundingReleased) -> Event {
    told(PromotionEvent::FundingReleased {
        bet: event.bet,
        customer: event.customer,
        stake: stake_from_wire(&event.stake),
        conversion: conversion_from_wire(&event.conversion),
        promotion: promotion_from_wire(event.promotion),
    })
}

pub(super) fn return_divided(event: wire::ReturnDivided) -> Event {
    told(PromotionEvent::ReturnDivided {
        bet: event.bet,
        customer: event.customer,
        settlement: event.settlement,
        stake: stake_from_wire(&event.stake),
        division: division_from_wire(&event.division),
        conversion: conversion_from_wire(&event.conversion),
        promotion: promotion_from_wire(event.promotion),
    })
}

pub(super) fn division_reversed(event: wire::DivisionReversed) -> Event {
    told(PromotionEvent::DivisionReversed {
        bet: event.bet,
        customer: event.customer,
        settlement: event.settlement,
        stake: stake_from_wire(&event.stake),
        division: division_from_wire(&event.division),
        conversion: conversion_from_wire(&event.conversion),
        promotion: promotion_from_wire(event.promotion),
    })
}

pub(super) fn bonus_lapsed(event: wire::BonusLapsed) -> Event {
    told(PromotionEvent::BonusLapsed {
        customer: event.customer,
        lapsed: event.lapsed,
        bonus: bonus_from_wire(event.bonus),
    })
}
