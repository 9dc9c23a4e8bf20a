//! Adjustments in both shapes.

use kernel::{Proposal, Timestamp};
use payments_domain as domain;
use schemas::payments as wire;

pub(crate) fn proposed(asked: wire::ProposeAdjustment, now: Timestamp) -> domain::Command {
    domain::Command::ProposeAdjustment(domain::ProposeAdjustment {
        adjustment: adjustment(asked.adjustment),
        by: asked.by,
        now,
    })
}

pub(crate) fn approved(said: wire::ApproveAdjustment, now: Timestamp) -> domain::Command {
    domain::Command::ApproveAdjustment(domain::AnswerAdjustment {
        adjustment: said.adjustment,
        answer: answer(said.reason, said.by, now),
    })
}

pub(crate) fn declined(said: wire::DeclineAdjustment, now: Timestamp) -> domain::Command {
    domain::Command::DeclineAdjustment(domain::AnswerAdjustment {
        adjustment: said.adjustment,
        answer: answer(said.reason, said.by, now),
    })
}

const fn answer(reason: String, by: String, at: Timestamp) -> domain::Answer {
    domain::Answer { reason, by, at }
}

pub(crate) fn adjustment(adjustment: wire::Adjustment) -> domain::Adjustment {
    domain::Adjustment {
        id: adjustment.adjustment,
        movement: movement(adjustment.movement),
        amount: adjustment.amount,
        reason: adjustment.reason,
    }
}

pub(crate) fn adjustment_to_wire(adjustment: domain::Adjustment) -> wire::Adjustment {
    wire::Adjustment {
        adjustment: adjustment.id,
        movement: movement_to_wire(adjustment.movement),
        amount: adjustment.amount,
        reason: adjustment.reason,
    }
}

fn movement(movement: wire::Movement) -> domain::Movement {
    match movement {
        wire::Movement::CreditCustomer(of) => domain::Movement::CreditCustomer {
            customer: of.customer,
        },
        wire::Movement::DebitCustomer(of) => domain::Movement::DebitCustomer {
            customer: of.customer,
        },
        wire::Movement::SuspenseToCustomer(of) => domain::Movement::SuspenseToCustomer {
            customer: of.customer,
            reference: of.reference,
        },
        wire::Movement::SuspenseToProvider(of) => domain::Movement::SuspenseToProvider {
            reference: of.reference,
        },
        wire::Movement::SuspenseToHouse(of) => domain::Movement::SuspenseToHouse {
            reference: of.reference,
        },
    }
}

fn movement_to_wire(movement: domain::Movement) -> wire::Movement {
    match movement {
        domain::Movement::CreditCustomer { customer } => {
            wire::Movement::CreditCustomer(wire::CreditCustomer { customer })
        }
        domain::Movement::DebitCustomer { customer } => {
            wire::Movement::DebitCustomer(wire::DebitCustomer { customer })
        }
        domain::Movement::SuspenseToCustomer {
            customer,
            reference,
        } => wire::Movement::SuspenseToCustomer(wire::SuspenseToCustomer {
            customer,
            reference,
        }),
        domain::Movement::SuspenseToProvider { reference } => {
            wire::Movement::SuspenseToProvider(wire::SuspenseToProvider { reference })
        }
        domain::Movement::SuspenseToHouse { reference } => {
            wire::Movement::SuspenseToHouse(wire::SuspenseToHouse { reference })
        }
    }
}

pub(crate) fn proposal(proposed: wire::AdjustmentProposed) -> Proposal<domain::Adjustment> {
    Proposal {
        what: adjustment(proposed.adjustment),
        by: proposed.by,
        proposed_at: proposed.proposed_at,
        lapses_at: proposed.lapses_at,
    }
}

pub(crate) fn proposal_to_wire(proposal: Proposal<domain::Adjustment>) -> wire::AdjustmentProposed {
    wire::AdjustmentProposed {
        adjustment: adjustment_to_wire(proposal.what),
        by: proposal.by,
        proposed_at: proposal.proposed_at,
        lapses_at: proposal.lapses_at,
    }
}

pub(crate) fn answered(answered: wire::AdjustmentAnswered) -> domain::Answered {
    domain::Answered {
        proposal: Proposal {
            what: adjustment(answered.adjustment),
            by: answered.proposed_by,
            proposed_at: answered.proposed_at,
            lapses_at: answered.lapses_at,
        },
        answer: answer(answered.reason, answered.by, answered.answered_at),
    }
}

pub(crate) fn answered_to_wire(answered: domain::Answered) -> wire::AdjustmentAnswered {
    let (proposal, answer) = (answered.proposal, answered.answer);
    wire::AdjustmentAnswered {
        adjustment: adjustment_to_wire(proposal.what),
        proposed_by: proposal.by,
        proposed_at: proposal.proposed_at,
        lapses_at: proposal.lapses_at,
        reason: answer.reason,
        by: answer.by,
        answered_at: answer.at,
    }
}
