//! Referrals and parts on the wire.
//!
//! Duty and prohibition are those of the codec: every field there and back, nothing judged.

use bets_domain::{BetReferred, PartAgreed, ReferralAnswered, ReferralWord, TraderAnswer};
use kernel::Money;
use schemas::bets as wire;

const fn word_to_wire(word: ReferralWord) -> wire::ReferralWord {
    match word {
        ReferralWord::Accepted => wire::ReferralWord::Accepted,
        ReferralWord::Declined => wire::ReferralWord::Declined,
        ReferralWord::Offered => wire::ReferralWord::Offered,
    }
}

const fn word_from_wire(word: wire::ReferralWord) -> ReferralWord {
    match word {
        wire::ReferralWord::Accepted => ReferralWord::Accepted,
        wire::ReferralWord::Declined => ReferralWord::Declined,
        wire::ReferralWord::Offered => ReferralWord::Offered,
    }
}

/// What a trader says. An offer of nothing is one of no stake, which the domain refuses.
pub(super) fn answer_from_wire(told: &wire::AnswerReferral) -> TraderAnswer {
    match told.answer {
        wire::ReferralWord::Accepted => TraderAnswer::Accept {
            unit_stake: told.unit_stake,
        },
        wire::ReferralWord::Declined => TraderAnswer::Decline,
        wire::ReferralWord::Offered => TraderAnswer::Offer {
            unit_stake: told
                .unit_stake
                .unwrap_or(Money::zero(kernel::Currency::Eur)),
        },
    }
}

pub(super) const fn referred_to_wire(told: &BetReferred) -> wire::BetReferred {
    wire::BetReferred {
        bet: told.bet,
        customer: told.customer,
        stake: told.stake,
        automatic_max: told.automatic_max,
        rules_version: told.rules_version,
        until: told.until,
    }
}

pub(super) const fn referred_from_wire(told: &wire::BetReferred) -> BetReferred {
    BetReferred {
        bet: told.bet,
        customer: told.customer,
        stake: told.stake,
        automatic_max: told.automatic_max,
        rules_version: told.rules_version,
        until: told.until,
    }
}

pub(super) fn answered_to_wire(told: &ReferralAnswered) -> wire::ReferralAnswered {
    wire::ReferralAnswered {
        bet: told.bet,
        customer: told.customer,
        word: word_to_wire(told.word),
        unit_stake: told.unit_stake,
        by: told.by.clone(),
        reason: told.reason.clone(),
        answered_at: told.answered_at,
        until: told.until,
    }
}

pub(super) fn answered_from_wire(told: wire::ReferralAnswered) -> ReferralAnswered {
    ReferralAnswered {
        bet: told.bet,
        customer: told.customer,
        word: word_from_wire(told.word),
        unit_stake: told.unit_stake,
        by: told.by,
        reason: told.reason,
        answered_at: told.answered_at,
        until: told.until,
    }
}

pub(super) const fn part_to_wire(told: &PartAgreed) -> wire::PartAgreed {
    wire::PartAgreed {
        bet: told.bet,
        customer: told.customer,
        asked: told.asked,
        unit_stake: told.unit_stake,
        stake: told.stake,
        potential_return: told.potential_return,
        until: told.until,
    }
}

pub(super) const fn part_from_wire(told: &wire::PartAgreed) -> PartAgreed {
    PartAgreed {
        bet: told.bet,
        customer: told.customer,
        asked: told.asked,
        unit_stake: told.unit_stake,
        stake: told.stake,
        potential_return: told.potential_return,
        until: told.until,
    }
}
