//! Domain and wire, joined.
//!
//! Duty: every command, event and rejection of payments in both shapes, exhaustively.
//! Prohibition: no judgement; a wire value that the domain cannot hold is a decode error.

mod adjustment;
mod review;

pub(crate) use adjustment::{answered, answered_to_wire, proposal, proposal_to_wire};
pub(crate) use review::{approval, approval_to_wire};

use crate::provider;
use kernel::Timestamp;
use payments_domain as domain;
use schemas::payments as wire;

pub(crate) fn command(command: wire::Command, now: Timestamp) -> domain::Command {
    match command {
        wire::Command::RequestDeposit(asked) => {
            domain::Command::RequestDeposit(domain::RequestDeposit {
                deposit: asked.deposit,
                customer: asked.customer,
                amount: asked.amount,
                terms: provider::terms(&asked.provider, asked.amount.currency()),
                provider: asked.provider,
                instrument: None,
                now,
            })
        }
        wire::Command::RequestWithdrawal(asked) => {
            domain::Command::RequestWithdrawal(domain::RequestWithdrawal {
                withdrawal: asked.withdrawal,
                customer: asked.customer,
                amount: asked.amount,
                terms: provider::terms(&asked.provider, asked.amount.currency()),
                provider: asked.provider,
                instrument: None,
                review_from: None,
                now,
            })
        }
        wire::Command::RequestDepositFrom(asked) => {
            domain::Command::RequestDeposit(domain::RequestDeposit {
                deposit: asked.deposit,
                customer: asked.customer,
                amount: asked.amount,
                terms: provider::terms(&asked.provider, asked.amount.currency()),
                provider: asked.provider,
                instrument: Some(asked.instrument),
                now,
            })
        }
        wire::Command::RequestWithdrawalTo(asked) => {
            domain::Command::RequestWithdrawal(domain::RequestWithdrawal {
                withdrawal: asked.withdrawal,
                customer: asked.customer,
                amount: asked.amount,
                terms: provider::terms(&asked.provider, asked.amount.currency()),
                provider: asked.provider,
                instrument: Some(asked.instrument),
                review_from: None,
                now,
            })
        }
        wire::Command::RequestWithdrawalWithReview(asked) => {
            domain::Command::RequestWithdrawal(domain::RequestWithdrawal {
                withdrawal: asked.withdrawal,
                customer: asked.customer,
                amount: asked.amount,
                terms: provider::terms(&asked.provider, asked.amount.currency()),
                provider: asked.provider,
                instrument: asked.instrument,
                review_from: Some(asked.review_from),
                now,
            })
        }
        wire::Command::ReportOutcome(told) => {
            domain::Command::ReportOutcome(domain::ReportOutcome {
                provider: told.provider,
                provider_event: told.event,
                payment: payment(told.payment),
                outcome: match told.outcome {
                    wire::Outcome::Succeeded(succeeded) => domain::Outcome::Succeeded {
                        amount: succeeded.amount,
                    },
                    wire::Outcome::Failed(failed) => domain::Outcome::Failed {
                        reason: failed.reason,
                    },
                },
            })
        }
        wire::Command::ReportTakenOn(told) => {
            domain::Command::ReportTakenOn(domain::ReportTakenOn {
                provider: told.provider,
                payment: payment(told.payment),
                known_as: told.known_as,
                approve_at: told.approve_at,
            })
        }
        wire::Command::ReconcileProvider(asked) => domain::Command::Reconcile(domain::Reconcile {
            provider: asked.provider,
            file: asked.file,
            part: asked.part,
            last: asked.last,
            missing_before: asked.missing_before,
            lines: asked.lines.into_iter().map(line).collect(),
        }),
        wire::Command::ProposeAdjustment(asked) => adjustment::proposed(asked, now),
        wire::Command::ApproveAdjustment(said) => adjustment::approved(said, now),
        wire::Command::DeclineAdjustment(said) => adjustment::declined(said, now),
        wire::Command::ApproveWithdrawal(said) => review::approved(said, now),
        wire::Command::DeclineWithdrawal(said) => review::declined(said, now),
    }
}

fn line(line: wire::ProviderLine) -> domain::ProviderLine {
    domain::ProviderLine {
        payment: payment(line.payment),
        amount: line.amount,
    }
}

pub(crate) fn payment(payment: wire::Payment) -> domain::PaymentRef {
    match payment {
        wire::Payment::Deposit(known) => domain::PaymentRef::Deposit(known.deposit),
        wire::Payment::Withdrawal(known) => domain::PaymentRef::Withdrawal(known.withdrawal),
        wire::Payment::Unknown(unknown) => domain::PaymentRef::Unknown(unknown.reference),
    }
}

/// Of a payment that is not ours the wire has an amount beside it, which nobody reads here.
pub(crate) fn payment_to_wire(payment: &domain::PaymentRef) -> wire::Payment {
    match payment.clone() {
        domain::PaymentRef::Deposit(deposit) => {
            wire::Payment::Deposit(wire::DepositRef { deposit })
        }
        domain::PaymentRef::Withdrawal(withdrawal) => {
            wire::Payment::Withdrawal(wire::WithdrawalRef { withdrawal })
        }
        domain::PaymentRef::Unknown(reference) => wire::Payment::Unknown(wire::UnknownRef {
            reference,
            amount: kernel::Money::zero(kernel::Currency::Eur),
        }),
    }
}

pub(crate) fn finding_to_wire(finding: domain::Finding) -> wire::ProviderFinding {
    wire::ProviderFinding {
        reference: finding.reference,
        kind: match finding.kind {
            domain::FindingKind::MissingHere => wire::FindingKind::MissingHere,
            domain::FindingKind::MissingThere => wire::FindingKind::MissingThere,
            domain::FindingKind::AmountDiffers => wire::FindingKind::AmountDiffers,
        },
        ours: finding.ours,
        theirs: finding.theirs,
    }
}

pub(crate) fn finding(finding: wire::ProviderFinding) -> domain::Finding {
    domain::Finding {
        reference: finding.reference,
        kind: match finding.kind {
            wire::FindingKind::MissingHere => domain::FindingKind::MissingHere,
            wire::FindingKind::MissingThere => domain::FindingKind::MissingThere,
            wire::FindingKind::AmountDiffers => domain::FindingKind::AmountDiffers,
        },
        ours: finding.ours,
        theirs: finding.theirs,
    }
}

pub(crate) fn event_to_wire(event: &domain::Event) -> wire::Event {
    match event.clone() {
        domain::Event::DepositRequested(of) => {
            wire::Event::DepositRequested(wire::DepositRequested {
                deposit: of.id,
                customer: of.customer,
                amount: of.amount,
                provider: of.provider,
                requested_at: of.requested_at,
            })
        }
        domain::Event::DepositConfirmed {
            deposit: of,
            provider_event,
        } => wire::Event::DepositConfirmed(wire::DepositConfirmed {
            deposit: of.id,
            customer: of.customer,
            amount: of.amount,
            provider: of.provider,
            provider_event,
            requested_at: of.requested_at,
        }),
        domain::Event::DepositFailed {
            deposit: of,
            reason,
        } => wire::Event::DepositFailed(wire::DepositFailed {
            deposit: of.id,
            customer: of.customer,
            amount: of.amount,
            reason,
            provider: of.provider,
            requested_at: of.requested_at,
        }),
        domain::Event::WithdrawalRequested(of) => {
            wire::Event::WithdrawalRequested(wire::WithdrawalRequested {
                withdrawal: of.id,
                customer: of.customer,
                amount: of.amount,
                provider: of.provider,
                requested_at: of.requested_at,
            })
        }
        domain::Event::WithdrawalSubmitted(of) => {
            wire::Event::WithdrawalSubmitted(wire::WithdrawalSubmitted {
                withdrawal: of.id,
                customer: of.customer,
                amount: of.amount,
                provider: of.provider,
                requested_at: of.requested_at,
            })
        }
        domain::Event::WithdrawalPaid {
            withdrawal: of,
            provider_event,
        } => wire::Event::WithdrawalPaid(wire::WithdrawalPaid {
            withdrawal: of.id,
            customer: of.customer,
            amount: of.amount,
            provider: of.provider,
            provider_event,
            requested_at: of.requested_at,
        }),
        domain::Event::WithdrawalFailed {
            withdrawal: of,
            held,
            reason,
        } => wire::Event::WithdrawalFailed(wire::WithdrawalFailed {
            withdrawal: of.id,
            customer: of.customer,
            amount: of.amount,
            held,
            reason,
            provider: of.provider,
            requested_at: of.requested_at,
        }),
        domain::Event::UnknownPaymentReported {
            provider,
            provider_event,
            reference,
            amount,
        } => wire::Event::UnknownPaymentReported(wire::UnknownPaymentReported {
            provider,
            provider_event,
            reference,
            amount,
        }),
        domain::Event::OutcomeContradicted {
            provider,
            provider_event,
            reference,
        } => wire::Event::OutcomeContradicted(wire::OutcomeContradicted {
            provider,
            provider_event,
            reference,
        }),
        domain::Event::DepositLimitNoticed { customer, limits } => {
            wire::Event::DepositLimitNoticed(wire::DepositLimitNoticed {
                customer,
                day: limits.day,
                week: limits.week,
                month: limits.month,
            })
        }
        domain::Event::ExclusionNoticed { customer, until } => {
            wire::Event::ExclusionNoticed(wire::ExclusionNoticed { customer, until })
        }
        domain::Event::InstrumentNamed {
            payment,
            customer,
            instrument,
        } => wire::Event::InstrumentNamed(wire::InstrumentNamed {
            payment: payment_to_wire(&payment),
            customer,
            instrument,
        }),
        domain::Event::PaymentTakenOn {
            payment,
            customer,
            known_as,
            approve_at,
        } => wire::Event::PaymentTakenOn(wire::PaymentTakenOn {
            payment: payment_to_wire(&payment),
            customer,
            known_as,
            approve_at,
        }),
        domain::Event::ProviderReconciled {
            provider,
            file,
            part,
            last,
            missing_before,
            matched,
            findings,
        } => wire::Event::ProviderReconciled(wire::ProviderReconciled {
            provider,
            file,
            part,
            last,
            missing_before,
            matched: matched.iter().map(payment_to_wire).collect(),
            findings: findings.into_iter().map(finding_to_wire).collect(),
        }),
        domain::Event::AdjustmentProposed(of) => {
            wire::Event::AdjustmentProposed(proposal_to_wire(of))
        }
        domain::Event::AdjustmentApproved(of) => {
            let answered = answered_to_wire(of);
            wire::Event::AdjustmentApproved(wire::AdjustmentApproved { answered })
        }
        domain::Event::AdjustmentDeclined(of) => {
            let answered = answered_to_wire(of);
            wire::Event::AdjustmentDeclined(wire::AdjustmentDeclined { answered })
        }
        domain::Event::AdjustmentBooked(of) => {
            let answered = answered_to_wire(of);
            wire::Event::AdjustmentBooked(wire::AdjustmentBooked { answered })
        }
        domain::Event::AdjustmentRefused {
            answered: of,
            refusal,
        } => wire::Event::AdjustmentRefused(wire::AdjustmentRefused {
            answered: answered_to_wire(of),
            refusal,
        }),
        domain::Event::ReviewThresholdNamed {
            withdrawal,
            customer,
            from,
        } => wire::Event::ReviewThresholdNamed(wire::ReviewThresholdNamed {
            withdrawal,
            customer,
            review_from: from,
        }),
        domain::Event::WithdrawalReviewStarted(of) => {
            let reviewed = review::reviewed_to_wire(of);
            wire::Event::WithdrawalReviewStarted(wire::WithdrawalReviewStarted { reviewed })
        }
        domain::Event::WithdrawalApproved {
            reviewed,
            answer,
            last,
        } => wire::Event::WithdrawalApproved(wire::WithdrawalApproved {
            reviewed: review::reviewed_to_wire(reviewed),
            approval: approval_to_wire(answer),
            last,
        }),
        domain::Event::WithdrawalDeclined { reviewed, answer } => {
            wire::Event::WithdrawalDeclined(review::declined_to_wire(reviewed, answer))
        }
    }
}

macro_rules! payment {
    ($kind:ident, $id:ident, $of:ident) => {
        domain::$kind {
            id: $of.$id,
            customer: $of.customer,
            amount: $of.amount,
            provider: $of.provider,
            requested_at: $of.requested_at,
        }
    };
}

pub(crate) fn event_from_wire(event: wire::Event) -> domain::Event {
    match event {
        wire::Event::DepositRequested(of) => {
            domain::Event::DepositRequested(payment!(Deposit, deposit, of))
        }
        wire::Event::DepositConfirmed(of) => domain::Event::DepositConfirmed {
            deposit: payment!(Deposit, deposit, of),
            provider_event: of.provider_event,
        },
        wire::Event::DepositFailed(of) => domain::Event::DepositFailed {
            deposit: payment!(Deposit, deposit, of),
            reason: of.reason,
        },
        wire::Event::WithdrawalRequested(of) => {
            domain::Event::WithdrawalRequested(payment!(Withdrawal, withdrawal, of))
        }
        wire::Event::WithdrawalSubmitted(of) => {
            domain::Event::WithdrawalSubmitted(payment!(Withdrawal, withdrawal, of))
        }
        wire::Event::WithdrawalPaid(of) => domain::Event::WithdrawalPaid {
            withdrawal: payment!(Withdrawal, withdrawal, of),
            provider_event: of.provider_event,
        },
        wire::Event::WithdrawalFailed(of) => domain::Event::WithdrawalFailed {
            withdrawal: payment!(Withdrawal, withdrawal, of),
            held: of.held,
            reason: of.reason,
        },
        wire::Event::UnknownPaymentReported(told) => domain::Event::UnknownPaymentReported {
            provider: told.provider,
            provider_event: told.provider_event,
            reference: told.reference,
            amount: told.amount,
        },
        wire::Event::OutcomeContradicted(told) => domain::Event::OutcomeContradicted {
            provider: told.provider,
            provider_event: told.provider_event,
            reference: told.reference,
        },
        wire::Event::DepositLimitNoticed(noticed) => domain::Event::DepositLimitNoticed {
            customer: noticed.customer,
            limits: domain::DepositLimits {
                day: noticed.day,
                week: noticed.week,
                month: noticed.month,
            },
        },
        wire::Event::ExclusionNoticed(noticed) => domain::Event::ExclusionNoticed {
            customer: noticed.customer,
            until: noticed.until,
        },
        wire::Event::InstrumentNamed(of) => domain::Event::InstrumentNamed {
            payment: payment(of.payment),
            customer: of.customer,
            instrument: of.instrument,
        },
        wire::Event::PaymentTakenOn(of) => domain::Event::PaymentTakenOn {
            payment: payment(of.payment),
            customer: of.customer,
            known_as: of.known_as,
            approve_at: of.approve_at,
        },
        wire::Event::ProviderReconciled(of) => domain::Event::ProviderReconciled {
            provider: of.provider,
            file: of.file,
            part: of.part,
            last: of.last,
            missing_before: of.missing_before,
            matched: of.matched.into_iter().map(payment).collect(),
            findings: of.findings.into_iter().map(finding).collect(),
        },
        wire::Event::AdjustmentProposed(of) => domain::Event::AdjustmentProposed(proposal(of)),
        wire::Event::AdjustmentApproved(of) => {
            domain::Event::AdjustmentApproved(answered(of.answered))
        }
        wire::Event::AdjustmentDeclined(of) => {
            domain::Event::AdjustmentDeclined(answered(of.answered))
        }
        wire::Event::AdjustmentBooked(of) => domain::Event::AdjustmentBooked(answered(of.answered)),
        wire::Event::AdjustmentRefused(of) => domain::Event::AdjustmentRefused {
            answered: answered(of.answered),
            refusal: of.refusal,
        },
        wire::Event::ReviewThresholdNamed(of) => domain::Event::ReviewThresholdNamed {
            withdrawal: of.withdrawal,
            customer: of.customer,
            from: of.review_from,
        },
        wire::Event::WithdrawalReviewStarted(of) => {
            domain::Event::WithdrawalReviewStarted(review::reviewed(of.reviewed))
        }
        wire::Event::WithdrawalApproved(of) => domain::Event::WithdrawalApproved {
            reviewed: review::reviewed(of.reviewed),
            answer: approval(of.approval),
            last: of.last,
        },
        wire::Event::WithdrawalDeclined(of) => domain::Event::WithdrawalDeclined {
            reviewed: review::reviewed(of.reviewed),
            answer: review::answer(of.reason, of.by, of.declined_at),
        },
    }
}

pub(crate) fn rejection_to_wire(rejection: &domain::Rejection) -> wire::Rejection {
    use wire::RejectionReason as Reason;
    let reason = match rejection.clone() {
        domain::Rejection::AmountNotAllowed { minimum, maximum } => {
            Reason::AmountNotAllowed(wire::AmountNotAllowed { minimum, maximum })
        }
        domain::Rejection::DepositLimitReached { available } => {
            Reason::DepositLimitReached(wire::DepositLimitReached { available })
        }
        domain::Rejection::CustomerExcluded { until } => {
            Reason::CustomerExcluded(wire::CustomerExcluded { until })
        }
        domain::Rejection::ProviderUnknown { provider } => {
            Reason::ProviderUnknown(wire::ProviderUnknown { provider })
        }
        domain::Rejection::PaymentIdTaken => Reason::PaymentIdTaken(wire::PaymentIdTaken {}),
        domain::Rejection::InstrumentUnknown { instrument } => {
            Reason::InstrumentUnknown(wire::InstrumentUnknown { instrument })
        }
        domain::Rejection::InstrumentMissing { provider } => {
            Reason::InstrumentMissing(wire::InstrumentMissing { provider })
        }
        domain::Rejection::ClosedLoop {
            instrument,
            available,
        } => Reason::ClosedLoop(wire::ClosedLoop {
            instrument,
            available,
        }),
        domain::Rejection::ReasonNotAllowed { characters_max } => {
            Reason::ReasonNotAllowed(wire::ReasonNotAllowed { characters_max })
        }
        domain::Rejection::AdjustmentIdTaken => {
            Reason::AdjustmentIdTaken(wire::AdjustmentIdTaken {})
        }
        domain::Rejection::AdjustmentUnknown => {
            Reason::AdjustmentUnknown(wire::AdjustmentUnknown {})
        }
        domain::Rejection::AdjustmentAnsweredBefore => {
            Reason::AdjustmentAnsweredBefore(wire::AdjustmentAnsweredBefore {})
        }
        domain::Rejection::OwnProposal => Reason::OwnProposal(wire::OwnProposal {}),
        domain::Rejection::OwnAccount => Reason::OwnAccount(wire::OwnAccount {}),
        domain::Rejection::ProposalLapsed { lapsed_at } => {
            Reason::ProposalLapsed(wire::ProposalLapsed { lapsed_at })
        }
        domain::Rejection::CustomerElsewhere => {
            Reason::CustomerElsewhere(wire::CustomerElsewhere {})
        }
        domain::Rejection::SuspenseTooLow {
            reference,
            available,
        } => Reason::SuspenseTooLow(wire::SuspenseTooLow {
            reference,
            available,
        }),
        domain::Rejection::WithdrawalUnknown => {
            Reason::WithdrawalUnknown(wire::WithdrawalUnknown {})
        }
        domain::Rejection::WithdrawalNotInReview => {
            Reason::WithdrawalNotInReview(wire::WithdrawalNotInReview {})
        }
        domain::Rejection::WithdrawalAnsweredBefore => {
            Reason::WithdrawalAnsweredBefore(wire::WithdrawalAnsweredBefore {})
        }
        domain::Rejection::ApprovedBefore => Reason::ApprovedBefore(wire::ApprovedBefore {}),
    };
    wire::Rejection { reason }
}
