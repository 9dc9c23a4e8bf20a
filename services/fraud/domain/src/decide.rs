//! The decider: observations one by one, then what analysts ask.

use crate::command::{CloseCase, Command, Observation, Restrict};
use crate::customer::Customer;
use crate::event::{Event, Fact, TakenBefore, Verdict};
use crate::rejection::Rejection;
use crate::rules::{
    self, RESTRICTED_STAKE_PERMILLE, RULES_VERSION, Severity, WHOLE_STAKE_PERMILLE,
};
use crate::state::{Draft, Memory, State, apply};
use kernel::{BetId, CaseId, CustomerId, Decider, MarketId, Price, SelectionId, Timestamp};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// Fraud's rules for one partition.
#[derive(Clone, Copy, Debug)]
pub enum Fraud {}

impl Decider for Fraud {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn initial() -> State {
        State::default()
    }

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Observe(observations) => Ok(observe(state, observations)),
            Command::CloseCase(close) => close_case(state, close),
            Command::Restrict(restriction) => restrict(state, restriction),
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        state.take(event);
    }
}

/// The facts that follow, in order, on a draft that has taken all earlier ones.
struct Course<'a> {
    draft: Draft<'a>,
    events: Vec<Event>,
}

impl Course<'_> {
    fn record(&mut self, event: Event) {
        apply(&mut self.draft, &event);
        self.events.push(event);
    }
}

fn observe(state: &State, observations: &[Observation]) -> Vec<Event> {
    let mut course = Course {
        draft: Draft::of(state),
        events: Vec::new(),
    };
    for observation in observations {
        match observation {
            Observation::Behaviour {
                customer,
                at,
                source,
                fact,
            } => {
                course.record(Event::CustomerObserved {
                    customer: *customer,
                    at: *at,
                    source: *source,
                    fact: fact.clone(),
                });
                score(&mut course, *customer, *at, bet_of(fact));
            }
            Observation::Book { market, at, prices } => {
                observe_book(&mut course, *market, *at, prices);
            }
        }
    }
    course.events
}

const fn bet_of(fact: &Fact) -> Option<BetId> {
    match fact {
        Fact::BetTaken(taken) => Some(taken.bet),
        Fact::BetReturned { .. }
        | Fact::PaidIn { .. }
        | Fact::PaidOut { .. }
        | Fact::SignInFailed => None,
    }
}

/// A book is a fact only when it beats a bet that was taken here just before: all others, nearly
/// all, leave nothing in the journal.
fn observe_book(
    course: &mut Course<'_>,
    market: MarketId,
    at: Timestamp,
    prices: &[(SelectionId, Price)],
) {
    let Some(tape) = course.draft.tape(market) else {
        return;
    };
    let mut shortened = BTreeSet::new();
    let mut taken_before = BTreeSet::new();
    for leg in tape.beaten_by(at, prices) {
        let markable = course
            .draft
            .customer(leg.customer)
            .is_some_and(|customer| customer.can_be_marked(leg.bet));
        if markable {
            shortened.insert(leg.selection);
            taken_before.insert(leg.taken_before());
        }
    }
    if taken_before.is_empty() {
        return;
    }
    course.record(Event::PriceMoveObserved {
        market,
        at,
        shortened: shortened.into_iter().collect(),
        taken_before: taken_before.iter().copied().collect(),
    });
    for TakenBefore { customer, bet } in taken_before {
        score(course, customer, at, Some(bet));
    }
}

/// Records a customer's score if its composition changed, and what a higher one brings about.
fn score(course: &mut Course<'_>, id: CustomerId, at: Timestamp, bet: Option<BetId>) {
    let Some(customer) = course.draft.customer(id) else {
        return;
    };
    let reasons = rules::reasons(customer, at);
    let unchanged = customer
        .contributions
        .iter()
        .copied()
        .eq(reasons.iter().map(|reason| (reason.rule, reason.points)));
    if unchanged {
        return;
    }
    let severity_before = rules::severity(customer.score_permille());
    let open_case = customer.open_case;
    let unrestricted = customer.stake_permille > RESTRICTED_STAKE_PERMILLE;
    let next_case = case_id(id, customer, at);
    let score_permille = reasons
        .iter()
        .fold(0_u16, |sum, reason| sum.saturating_add(reason.points));
    let severity = rules::severity(score_permille);
    course.record(Event::CustomerScored {
        customer: id,
        bet,
        score_permille,
        reasons: reasons.clone(),
        rules_version: RULES_VERSION,
    });
    if severity <= severity_before {
        return;
    }
    if open_case.is_none() {
        course.record(Event::CaseOpened {
            case: next_case,
            customer: id,
            score_permille,
            reasons,
        });
    }
    if severity == Severity::NeedsRestriction && unrestricted {
        course.record(Event::CustomerRestricted {
            customer: id,
            stake_permille: RESTRICTED_STAKE_PERMILLE,
            case: Some(open_case.unwrap_or(next_case)),
            by: None,
            note: format!("score {score_permille} of 1000"),
        });
    }
}

/// The id of a customer's next case: time in front and partition at the end as in every id, and
/// between them a hash of whose and which case it is, because a decision draws no random number.
fn case_id(id: CustomerId, customer: &Customer, at: Timestamp) -> CaseId {
    let number = u64::try_from(customer.closed_cases.len()).unwrap_or(u64::MAX);
    let mut hasher = Sha256::new();
    hasher.update(id.bytes());
    hasher.update(number.to_be_bytes());
    let hash: [u8; 32] = hasher.finalize().into();
    let millis = at.micros().checked_div(1_000).unwrap_or(0).to_be_bytes();
    let [partition_high, partition_low] = id.partition().to_be_bytes();
    CaseId::from_bytes([
        millis[2],
        millis[3],
        millis[4],
        millis[5],
        millis[6],
        millis[7],
        0x70 | (hash[0] & 0x0f),
        hash[1],
        0x80 | (hash[2] & 0x3f),
        hash[3],
        hash[4],
        hash[5],
        hash[6],
        hash[7],
        partition_high,
        partition_low,
    ])
}

fn close_case(state: &State, close: &CloseCase) -> Result<Vec<Event>, Rejection> {
    require_note(&close.note)?;
    let customer = state
        .customer(close.customer)
        .ok_or(Rejection::CaseUnknown(close.case))?;
    if customer.closed_cases.contains(&close.case) {
        return Err(Rejection::CaseAlreadyClosed(close.case));
    }
    if customer.open_case != Some(close.case) {
        return Err(Rejection::CaseUnknown(close.case));
    }
    let mut events = vec![Event::CaseClosed {
        case: close.case,
        customer: close.customer,
        verdict: close.verdict,
        note: close.note.clone(),
        by: close.by.clone(),
    }];
    if close.verdict == Verdict::Cleared && customer.restricted_in == Some(close.case) {
        events.push(Event::CustomerRestricted {
            customer: close.customer,
            stake_permille: WHOLE_STAKE_PERMILLE,
            case: Some(close.case),
            by: Some(close.by.clone()),
            note: close.note.clone(),
        });
    }
    Ok(events)
}

fn restrict(state: &State, restriction: &Restrict) -> Result<Vec<Event>, Rejection> {
    require_note(&restriction.note)?;
    if restriction.stake_permille > WHOLE_STAKE_PERMILLE {
        return Err(Rejection::RestrictionNotAllowed);
    }
    let customer = state.customer(restriction.customer);
    let in_force = customer.map_or(WHOLE_STAKE_PERMILLE, |customer| customer.stake_permille);
    if in_force == restriction.stake_permille {
        return Ok(vec![]);
    }
    Ok(vec![Event::CustomerRestricted {
        customer: restriction.customer,
        stake_permille: restriction.stake_permille,
        case: customer.and_then(|customer| customer.open_case),
        by: Some(restriction.by.clone()),
        note: restriction.note.clone(),
    }])
}

fn require_note(note: &str) -> Result<(), Rejection> {
    if note.trim().is_empty() {
        Err(Rejection::NoteMissing)
    } else {
        Ok(())
    }
}
