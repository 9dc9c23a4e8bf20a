//! Domain and wire, joined.
//!
//! Duty: one function a type and a direction, without a default branch, so that a new variant on
//! either side does not compile until it has a meaning here. Prohibition: no rule, no repair.

use fraud_domain::{
    BetTaken, CloseCase, Command, Event, Fact, LegTaken, Reason, Rejection, Restrict, TakenBefore,
    Verdict,
};
use schemas::{DecodeError, fraud as wire};

pub(crate) fn command_from_wire(command: wire::Command) -> Command {
    match command {
        wire::Command::CloseCase(wire::CloseCase {
            case,
            customer,
            verdict,
            note,
            by,
        }) => Command::CloseCase(CloseCase {
            case,
            customer,
            verdict: verdict_from_wire(verdict),
            note,
            by,
        }),
        wire::Command::Restrict(wire::Restrict {
            customer,
            stake_permille,
            note,
            by,
        }) => Command::Restrict(Restrict {
            customer,
            stake_permille,
            note,
            by,
        }),
    }
}

pub(crate) const fn verdict_from_wire(verdict: wire::Verdict) -> Verdict {
    match verdict {
        wire::Verdict::Cleared => Verdict::Cleared,
        wire::Verdict::Confirmed => Verdict::Confirmed,
    }
}

const fn verdict_to_wire(verdict: Verdict) -> wire::Verdict {
    match verdict {
        Verdict::Cleared => wire::Verdict::Cleared,
        Verdict::Confirmed => wire::Verdict::Confirmed,
    }
}

pub(crate) fn rejection_to_wire(rejection: Rejection) -> wire::Rejection {
    let reason = match rejection {
        Rejection::CaseUnknown(case) => {
            wire::RejectionReason::CaseUnknown(wire::CaseUnknown { case })
        }
        Rejection::CaseAlreadyClosed(case) => {
            wire::RejectionReason::CaseAlreadyClosed(wire::CaseAlreadyClosed { case })
        }
        Rejection::NoteMissing => wire::RejectionReason::NoteMissing(wire::NoteMissing {}),
        Rejection::RestrictionNotAllowed => {
            wire::RejectionReason::RestrictionNotAllowed(wire::RestrictionNotAllowed {})
        }
    };
    wire::Rejection { reason }
}

pub(crate) fn event_to_wire(event: &Event) -> wire::Event {
    match event {
        Event::CustomerObserved {
            customer,
            at,
            source,
            fact,
        } => wire::Event::CustomerObserved(wire::CustomerObserved {
            customer: *customer,
            at: *at,
            source: *source,
            fact: fact_to_wire(fact),
        }),
        Event::PriceMoveObserved {
            market,
            at,
            shortened,
            taken_before,
        } => wire::Event::PriceMoveObserved(wire::PriceMoveObserved {
            market: *market,
            at: *at,
            shortened: shortened.clone(),
            taken_before: taken_before
                .iter()
                .map(|taken| wire::TakenBefore {
                    customer: taken.customer,
                    bet: taken.bet,
                })
                .collect(),
        }),
        Event::CustomerScored {
            customer,
            bet,
            score_permille,
            reasons,
            rules_version,
        } => wire::Event::CustomerScored(wire::CustomerScored {
            customer: *customer,
            bet: *bet,
            score_permille: *score_permille,
            reasons: reasons_to_wire(reasons),
            rules_version: *rules_version,
        }),
        Event::CaseOpened {
            case,
            customer,
            score_permille,
            reasons,
        } => wire::Event::CaseOpened(wire::CaseOpened {
            case: *case,
            customer: *customer,
            score_permille: *score_permille,
            reasons: reasons_to_wire(reasons),
        }),
        Event::CaseClosed {
            case,
            customer,
            verdict,
            note,
            by,
        } => wire::Event::CaseClosed(wire::CaseClosed {
            case: *case,
            customer: *customer,
            verdict: verdict_to_wire(*verdict),
            note: note.clone(),
            by: by.clone(),
        }),
        Event::CustomerRestricted {
            customer,
            stake_permille,
            case,
            by,
            note,
        } => wire::Event::CustomerRestricted(wire::CustomerRestricted {
            customer: *customer,
            stake_permille: *stake_permille,
            case: *case,
            by: by.clone(),
            note: note.clone(),
        }),
    }
}

pub(crate) fn event_from_wire(event: wire::Event) -> Result<Event, DecodeError> {
    Ok(match event {
        wire::Event::CustomerObserved(wire::CustomerObserved {
            customer,
            at,
            source,
            fact,
        }) => Event::CustomerObserved {
            customer,
            at,
            source,
            fact: fact_from_wire(fact),
        },
        wire::Event::PriceMoveObserved(wire::PriceMoveObserved {
            market,
            at,
            shortened,
            taken_before,
        }) => Event::PriceMoveObserved {
            market,
            at,
            shortened,
            taken_before: taken_before
                .into_iter()
                .map(|wire::TakenBefore { customer, bet }| TakenBefore { customer, bet })
                .collect(),
        },
        wire::Event::CustomerScored(wire::CustomerScored {
            customer,
            bet,
            score_permille,
            reasons,
            rules_version,
        }) => Event::CustomerScored {
            customer,
            bet,
            score_permille,
            reasons: reasons_from_wire(reasons)?,
            rules_version,
        },
        wire::Event::CaseOpened(wire::CaseOpened {
            case,
            customer,
            score_permille,
            reasons,
        }) => Event::CaseOpened {
            case,
            customer,
            score_permille,
            reasons: reasons_from_wire(reasons)?,
        },
        wire::Event::CaseClosed(wire::CaseClosed {
            case,
            customer,
            verdict,
            note,
            by,
        }) => Event::CaseClosed {
            case,
            customer,
            verdict: verdict_from_wire(verdict),
            note,
            by,
        },
        wire::Event::CustomerRestricted(wire::CustomerRestricted {
            customer,
            stake_permille,
            case,
            by,
            note,
        }) => Event::CustomerRestricted {
            customer,
            stake_permille,
            case,
            by,
            note,
        },
    })
}

fn fact_to_wire(fact: &Fact) -> wire::Fact {
    match fact {
        Fact::BetTaken(taken) => wire::Fact::BetTaken(wire::BetTaken {
            bet: taken.bet,
            legs: taken.legs.iter().map(leg_to_wire).collect(),
            stake: taken.stake,
            slip_digest: taken.slip_digest,
        }),
        Fact::BetReturned { bet, returned } => wire::Fact::BetReturned(wire::BetReturned {
            bet: *bet,
            returned: *returned,
        }),
        Fact::PaidIn { amount } => wire::Fact::PaidIn(wire::PaidIn { amount: *amount }),
        Fact::PaidOut { amount } => wire::Fact::PaidOut(wire::PaidOut { amount: *amount }),
        Fact::SignInFailed => wire::Fact::SignInFailed(wire::SignInFailed {}),
    }
}

fn fact_from_wire(fact: wire::Fact) -> Fact {
    match fact {
        wire::Fact::BetTaken(wire::BetTaken {
            bet,
            legs,
            stake,
            slip_digest,
        }) => Fact::BetTaken(BetTaken {
            bet,
            legs: legs.into_iter().map(leg_from_wire).collect(),
            stake,
            slip_digest,
        }),
        wire::Fact::BetReturned(wire::BetReturned { bet, returned }) => {
            Fact::BetReturned { bet, returned }
        }
        wire::Fact::PaidIn(wire::PaidIn { amount }) => Fact::PaidIn { amount },
        wire::Fact::PaidOut(wire::PaidOut { amount }) => Fact::PaidOut { amount },
        wire::Fact::SignInFailed(wire::SignInFailed {}) => Fact::SignInFailed,
    }
}

const fn leg_to_wire(leg: &LegTaken) -> wire::LegTaken {
    wire::LegTaken {
        market: leg.market,
        selection: leg.selection,
        price: leg.price,
    }
}

const fn leg_from_wire(leg: wire::LegTaken) -> LegTaken {
    LegTaken {
        market: leg.market,
        selection: leg.selection,
        price: leg.price,
    }
}

fn reasons_to_wire(reasons: &[Reason]) -> Vec<wire::Reason> {
    reasons
        .iter()
        .map(|reason| wire::Reason {
            rule: reason.rule.as_str().to_owned(),
            points: reason.points,
            evidence: reason.evidence.clone(),
        })
        .collect()
}

fn reasons_from_wire(reasons: Vec<wire::Reason>) -> Result<Vec<Reason>, DecodeError> {
    reasons
        .into_iter()
        .map(
            |wire::Reason {
                 rule,
                 points,
                 evidence,
             }| {
                Ok(Reason {
                    rule: rule
                        .parse()
                        .map_err(|_| DecodeError::NotAllowed("Reason.rule"))?,
                    points,
                    evidence,
                })
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{BetId, CaseId, Currency, CustomerId, Digest, MarketId, Money, SelectionId};
    use schemas::Wire;

    const CUSTOMER: CustomerId = CustomerId::example(1, 2);

    fn observed(fact: Fact) -> Event {
        Event::CustomerObserved {
            customer: CUSTOMER,
            at: kernel::Timestamp::from_millis(5),
            source: kernel::TopicPartition::new(kernel::Topic::AuthEvents, 2).at(9),
            fact,
        }
    }

    fn one_of_each() -> Vec<Event> {
        let reasons: Vec<_> = fraud_domain::RuleId::ALL
            .iter()
            .map(|rule| Reason {
                rule: *rule,
                points: 7,
                evidence: "seen".to_owned(),
            })
            .collect();
        let amount = Money::from_minor(12, Currency::Kwd);
        let case = CaseId::example(8, 2);
        vec![
            observed(Fact::BetTaken(BetTaken {
                bet: BetId::example(3, 2),
                legs: vec![LegTaken {
                    market: MarketId::example(4, 1),
                    selection: SelectionId::example(5, 1),
                    price: "2.5".parse().unwrap(),
                }],
                stake: amount,
                slip_digest: Digest::from_bytes([6; 32]),
            })),
            observed(Fact::BetReturned {
                bet: BetId::example(3, 2),
                returned: amount,
            }),
            observed(Fact::PaidIn { amount }),
            observed(Fact::PaidOut { amount }),
            observed(Fact::SignInFailed),
            Event::PriceMoveObserved {
                market: MarketId::example(4, 1),
                at: kernel::Timestamp::from_millis(6),
                shortened: vec![SelectionId::example(5, 1)],
                taken_before: vec![TakenBefore {
                    customer: CUSTOMER,
                    bet: BetId::example(3, 2),
                }],
            },
            Event::CustomerScored {
                customer: CUSTOMER,
                bet: Some(BetId::example(3, 2)),
                score_permille: 84,
                reasons: reasons.clone(),
                rules_version: 1,
            },
            Event::CaseOpened {
                case,
                customer: CUSTOMER,
                score_permille: 84,
                reasons,
            },
            Event::CaseClosed {
                case,
                customer: CUSTOMER,
                verdict: Verdict::Confirmed,
                note: "papers were false".to_owned(),
                by: "ines".to_owned(),
            },
            Event::CustomerRestricted {
                customer: CUSTOMER,
                stake_permille: 0,
                case: Some(case),
                by: None,
                note: "score".to_owned(),
            },
        ]
    }

    #[test]
    fn every_event_comes_back_from_its_bytes() {
        for event in one_of_each() {
            let bytes = event_to_wire(&event).to_bytes();
            let read = wire::Event::from_bytes(&bytes).and_then(event_from_wire);
            assert_eq!(read, Ok(event));
        }
    }

    #[test]
    fn an_unknown_rule_is_refused() {
        let event = wire::Event::CaseOpened(wire::CaseOpened {
            case: CaseId::example(8, 2),
            customer: CUSTOMER,
            score_permille: 1,
            reasons: vec![wire::Reason {
                rule: "astrology".to_owned(),
                points: 1,
                evidence: String::new(),
            }],
        });
        assert_eq!(
            event_from_wire(event),
            Err(DecodeError::NotAllowed("Reason.rule"))
        );
    }

    #[test]
    fn every_rejection_has_its_own_reason() {
        let case = CaseId::example(8, 2);
        let wire = [
            Rejection::CaseUnknown(case),
            Rejection::CaseAlreadyClosed(case),
            Rejection::NoteMissing,
            Rejection::RestrictionNotAllowed,
        ]
        .map(|rejection| rejection_to_wire(rejection).to_bytes());
        for (index, bytes) in wire.iter().enumerate() {
            assert!(!wire[..index].contains(bytes));
        }
    }
}
