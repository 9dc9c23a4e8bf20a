//! Reviews of large withdrawals in both shapes.

use kernel::Timestamp;
use payments_domain as domain;
use schemas::payments as wire;

pub(crate) fn approved(said: wire::ApproveWithdrawal, now: Timestamp) -> domain::Command {
    domain::Command::ApproveWithdrawal(domain::AnswerWithdrawal {
        withdrawal: said.withdrawal,
        answer: answer(said.reason, said.by, now),
    })
}

pub(crate) fn declined(said: wire::DeclineWithdrawal, now: Timestamp) -> domain::Command {
    domain::Command::DeclineWithdrawal(domain::AnswerWithdrawal {
        withdrawal: said.withdrawal,
        answer: answer(said.reason, said.by, now),
    })
}

pub(super) const fn answer(reason: String, by: String, at: Timestamp) -> domain::Answer {
    domain::Answer { reason, by, at }
}

pub(crate) fn approval(approval: wire::WithdrawalApproval) -> domain::Answer {
    answer(approval.reason, approval.by, approval.approved_at)
}

pub(crate) fn approval_to_wire(answer: domain::Answer) -> wire::WithdrawalApproval {
    wire::WithdrawalApproval {
        reason: answer.reason,
        by: answer.by,
        approved_at: answer.at,
    }
}

pub(super) fn reviewed(reviewed: wire::ReviewedWithdrawal) -> domain::Reviewed {
    domain::Reviewed {
        withdrawal: domain::Withdrawal {
            id: reviewed.withdrawal,
            customer: reviewed.customer,
            amount: reviewed.amount,
            provider: reviewed.provider,
            requested_at: reviewed.requested_at,
        },
        from: reviewed.review_from,
        approvals: reviewed.approvals.into_iter().map(approval).collect(),
    }
}

pub(super) fn reviewed_to_wire(reviewed: domain::Reviewed) -> wire::ReviewedWithdrawal {
    let withdrawal = reviewed.withdrawal;
    wire::ReviewedWithdrawal {
        withdrawal: withdrawal.id,
        customer: withdrawal.customer,
        amount: withdrawal.amount,
        provider: withdrawal.provider,
        requested_at: withdrawal.requested_at,
        review_from: reviewed.from,
        approvals: reviewed
            .approvals
            .into_iter()
            .map(approval_to_wire)
            .collect(),
    }
}

pub(super) fn declined_to_wire(
    of: domain::Reviewed,
    answer: domain::Answer,
) -> wire::WithdrawalDeclined {
    wire::WithdrawalDeclined {
        reviewed: reviewed_to_wire(of),
        reason: answer.reason,
        by: answer.by,
        declined_at: answer.at,
    }
}
