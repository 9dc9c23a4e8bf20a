//! Lives of a customer as questions: the conformance vectors of responsible gambling.
//!
//! Duty: play the steps of one customer who is registered at 0 with an account in EUR, and answer
//! each as `conformance/README.md` tells. Prohibition: no rule; every answer is what auth decides.

use crate::AuthService;
use crate::codec;
use auth_domain::{Auth, Command, Event, Register, Rejection, Role, SignIn, State};
use kernel::{Currency, CustomerId, Decider, Digest, Duration, Money, SessionId, Timestamp};
use runtime::Service;
use schemas::auth as wire;
use serde_json::{Map, Value, json};

/// Plays a life.
///
/// # Errors
/// A step asks nothing that there is, or a value in it cannot be.
pub fn play(steps: &[Value]) -> Result<Vec<Value>, String> {
    let mut state = registered()?;
    let answers = steps.iter().map(|asked| {
        let now = at(&asked["at_s"])?;
        step(&mut state, &asked["ask"], now)
    });
    answers.collect()
}

const ANNA: CustomerId = CustomerId::example(1, 3);
const SESSION: SessionId = SessionId::example(2, 3);
const KINDS: [(&str, wire::LimitKind); 10] = [
    ("deposit_day", wire::LimitKind::DepositDay),
    ("deposit_week", wire::LimitKind::DepositWeek),
    ("deposit_month", wire::LimitKind::DepositMonth),
    ("stake_slip", wire::LimitKind::StakeSlip),
    ("stake_day", wire::LimitKind::StakeDay),
    ("stake_week", wire::LimitKind::StakeWeek),
    ("stake_month", wire::LimitKind::StakeMonth),
    ("loss_day", wire::LimitKind::LossDay),
    ("loss_week", wire::LimitKind::LossWeek),
    ("loss_month", wire::LimitKind::LossMonth),
];

fn kind(name: &Value) -> Result<wire::LimitKind, String> {
    let found = KINDS.iter().find(|(text, _)| json!(text) == *name);
    found
        .map(|(_, kind)| *kind)
        .ok_or_else(|| format!("there is no limit {name}"))
}

fn at(secs: &Value) -> Result<Timestamp, String> {
    let secs = secs.as_i64().ok_or("a moment is in whole seconds")?;
    Ok(Timestamp::from_millis(secs.saturating_mul(1_000)))
}

fn secs(at: Timestamp) -> Value {
    json!(
        at.since(Timestamp::from_millis(0))
            .millis()
            .div_euclid(1_000)
    )
}

fn money(minor: &Value) -> Option<Money> {
    let minor = minor.as_i64()?;
    Some(Money::from_minor(minor, Currency::Eur))
}

/// The command that a step asks for.
fn command(ask: &Value, now: Timestamp) -> Result<Command, String> {
    let amount = money(&ask["amount_minor"]);
    let asked = if let Some(limit) = ask.get("set_limit") {
        wire::Command::SetLimit(wire::SetLimit {
            customer: ANNA,
            kind: kind(limit)?,
            amount,
        })
    } else if let Some(limit) = ask.get("confirm") {
        wire::Command::ConfirmIncrease(wire::ConfirmIncrease {
            customer: ANNA,
            kind: kind(limit)?,
            amount,
        })
    } else if let Some(until) = ask.get("exclude_until_s") {
        let until = at(until)?;
        match ask["kind"].as_str() {
            None => wire::Command::Exclude(wire::Exclude {
                customer: ANNA,
                until,
            }),
            Some(name) => wire::Command::ExcludeAs(wire::ExcludeAs {
                customer: ANNA,
                kind: if name == "time_out" {
                    wire::ExclusionKind::TimeOut
                } else {
                    wire::ExclusionKind::SelfExclusion
                },
                until,
            }),
        }
    } else if let Some(allowed) = ask.get("marketing") {
        wire::Command::SetMarketing(wire::SetMarketing {
            customer: ANNA,
            allowed: allowed == &json!(true),
        })
    } else if let Some(interval) = ask.get("reality_check_s") {
        wire::Command::SetRealityCheck(wire::SetRealityCheck {
            customer: ANNA,
            interval: interval.as_i64().map(Duration::from_secs),
        })
    } else if let Some(net) = ask.get("seen_minor") {
        wire::Command::AcknowledgeRealityCheck(wire::AcknowledgeRealityCheck {
            customer: ANNA,
            session: SESSION,
            net_result: money(net).ok_or("a result is in minor units")?,
        })
    } else if ask.get("sign_in").is_none() {
        return Err(format!("asks nothing: {ask}"));
    } else {
        return Ok(Command::SignIn(SignIn {
            customer: ANNA,
            credential_version: 1,
            password_matches: true,
            session: SESSION,
            refresh_hash: Digest::from_bytes([3; 32]),
            expires_at: Timestamp::MAX,
            proof: None,
            now,
        }));
    };
    Ok(codec::command(3, asked, now))
}

fn refusal(rejection: &Rejection) -> Result<Value, String> {
    Ok(match rejection {
        Rejection::CoolOffNotOver { from } => {
            json!({"refused": "cool_off_not_over", "from_s": secs(*from)})
        }
        Rejection::NoIncreaseWaits => json!({"refused": "increase_not_waiting"}),
        Rejection::LimitNotAllowed { .. } => json!({"refused": "limit_not_allowed"}),
        Rejection::ExclusionTooShort { earliest } => {
            json!({"refused": "exclusion_too_short", "earliest_s": secs(*earliest)})
        }
        Rejection::Excluded { until } => {
            json!({"refused": "customer_excluded", "until_s": secs(*until)})
        }
        Rejection::RealityCheckNotSet => json!({"refused": "reality_check_not_set"}),
        Rejection::RealityCheckNotAllowed { .. } => json!({"refused": "reality_check_not_allowed"}),
        Rejection::SessionEnded => json!({"refused": "session_ended"}),
        Rejection::LoginTaken
        | Rejection::CustomerIdNotAllowed
        | Rejection::CustomerUnknown
        | Rejection::CredentialVersionStale { .. }
        | Rejection::CredentialsWrong
        | Rejection::SignInBlocked { .. }
        | Rejection::SecondFactorMissing
        | Rejection::SecondFactorUnknown
        | Rejection::SecondFactorInForce
        | Rejection::PersonalDataGone
        | Rejection::ResetNotAllowed
        | Rejection::PasskeyUnknown
        | Rejection::PasskeysFull
        | Rejection::ChallengeSpent
        | Rejection::PasskeyCountsBackwards { .. } => {
            return Err(format!("no life is refused so: {rejection}"));
        }
    })
}

fn outcome(events: &[Event]) -> Value {
    let mut answer = json!({"outcome": if events.is_empty() { "unchanged" } else { "recorded" }});
    for event in events {
        if let Event::LimitSet { .. } = event {
            answer["outcome"] = json!("in_force");
        }
        if let Event::LimitIncreaseAsked {
            confirm_from,
            lapses_at,
            ..
        } = event
        {
            answer["outcome"] = json!("waiting");
            answer["confirm_from_s"] = secs(*confirm_from);
            answer["lapses_at_s"] = secs(*lapses_at);
        }
        if let Event::ExclusionKindSet { kind, .. } = event {
            answer["kind"] = match kind {
                auth_domain::ExclusionKind::TimeOut => json!("time_out"),
                auth_domain::ExclusionKind::SelfExclusion => json!("self_exclusion"),
            };
        }
    }
    answer
}

fn apply(state: &mut State, events: &[Event]) {
    for event in events {
        Auth::evolve(state, event);
    }
}

/// Lets the timers fire that are due, as the owner does.
fn pass_time(state: &mut State, now: Timestamp) -> Result<(), String> {
    while let Some(timer) = AuthService::next_timer(state).filter(|timer| timer.due <= now) {
        let command = AuthService::fire(state, timer, &(), now).ok_or("a timer asks nothing")?;
        let events = Auth::decide(state, &command).map_err(|error| error.to_string())?;
        apply(state, &events);
    }
    Ok(())
}

fn step(state: &mut State, ask: &Value, now: Timestamp) -> Result<Value, String> {
    pass_time(state, now)?;
    let mut answer = match Auth::decide(state, &command(ask, now)?) {
        Ok(events) => {
            apply(state, &events);
            outcome(&events)
        }
        Err(rejection) => refusal(&rejection)?,
    };
    let anna = state.customers.get(&ANNA).ok_or("nobody is registered")?;
    let limits = anna.limits.iter().filter_map(|(kind, limit)| {
        let kind = codec::kind_to_wire(*kind);
        let (name, _) = KINDS.iter().find(|(_, known)| *known == kind)?;
        Some(((*name).to_owned(), json!(limit.amount.minor())))
    });
    answer["limits_minor"] = Value::Object(limits.collect::<Map<_, _>>());
    answer["marketing"] = json!(anna.marketing);
    Ok(answer)
}

fn registered() -> Result<State, String> {
    let mut state = Auth::initial();
    let register = Command::Register(Register {
        customer: ANNA,
        partition: 3,
        login_hash: Digest::from_bytes([1; 32]),
        password_hash: "$hash".to_owned(),
        sealed_profile: vec![],
        currency: Currency::Eur,
        roles: vec![Role::Customer],
        now: Timestamp::from_millis(0),
    });
    let events = Auth::decide(&state, &register).map_err(|error| error.to_string())?;
    apply(&mut state, &events);
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vector_has_its_answer() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../conformance/responsible-gambling.json"
        );
        let text = std::fs::read_to_string(path).expect("the vectors");
        let file: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(file["family"], "responsible-gambling");
        let vectors = file["vectors"].as_array().expect("a list");
        for vector in vectors {
            let steps = vector["steps"].as_array().expect("steps");
            let answers = play(steps).expect("a life");
            for (index, (asked, answer)) in steps.iter().zip(answers).enumerate() {
                for (field, wanted) in asked["answer"].as_object().expect("an answer") {
                    let name = &vector["name"];
                    assert_eq!(&answer[field], wanted, "{name}, step {index}: {field}");
                }
            }
        }
        assert!(vectors.len() >= 40, "only {} vectors", vectors.len());
    }

    #[test]
    fn what_is_no_question_is_told() {
        let steps = [json!({"at_s": 1, "ask": {"set_limit": "luck", "amount_minor": 1}})];
        assert_eq!(play(&steps), Err("there is no limit \"luck\"".to_owned()));
        let steps = [json!({"at_s": 1, "ask": {"weather": true}})];
        assert!(play(&steps).is_err());
    }
}
