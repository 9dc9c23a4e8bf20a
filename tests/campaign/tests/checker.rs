//! The checker is worth what it finds: a real history and a real log, damaged in every way that
//! it claims to see.
//!
//! One run of clients on the embedded log, with a kill in the middle, is recorded once. Untouched
//! it must be found sound; each damaged copy of it must be found to have exactly that damage.

use campaign::checker::{Checker, Finding, Report, Wrong};
use campaign::cluster::Ground;
use campaign::fleet::Spec;
use campaign::history::{Deed, End, Operation, Told};
use campaign::load::LoadPlan;
use campaign::scene::{Scene, ScenePlan};
use campaign::time::{pass, wait_for};
use kernel::{Position, SelectionId, Topic, TopicPartition};
use schemas::{Decision, Events, bets, ledger};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::time::Duration;

/// What was recorded.
struct Recorded {
    operations: Vec<Operation>,
    results: BTreeMap<SelectionId, bool>,
    decisions: Vec<Decision>,
}

fn recorded() -> &'static Recorded {
    static RECORDED: OnceLock<Recorded> = OnceLock::new();
    RECORDED.get_or_init(|| record().expect("a run on the embedded log"))
}

fn record() -> anyhow::Result<Recorded> {
    let plan = ScenePlan {
        ground: Ground::EMBEDDED,
        servers: None,
        name: "recorded".to_owned(),
        load: LoadPlan {
            per_second: 200,
            ..LoadPlan::default()
        },
        seed: 7,
        program: env!("CARGO_BIN_EXE_campaign").into(),
        keep: None,
    };
    let mut scene = Scene::set(&plan, |_| {
        Ok(vec![Spec {
            name: "all".to_owned(),
            words: vec!["dev".to_owned()],
            settings: BTreeMap::new(),
            door: None,
        }])
    })?;
    pass(Duration::from_secs(2));
    scene.fleet.kill("all")?;
    scene.fleet.start("all")?;
    scene.fleet.ready("all")?;
    // Until something was settled: damage to settlements is to be seen as well.
    let settled = wait_for(Duration::from_secs(40), || {
        (scene.history.results().len() >= 8).then_some(())
    });
    anyhow::ensure!(settled.is_some(), "nothing was settled");
    let rested = scene.check_and_stay_at_rest()?;
    anyhow::ensure!(
        rested.report.findings.is_empty(),
        "the run itself is not sound: {:?}",
        rested.report.findings
    );
    let log = scene.cluster.log()?;
    let mut decisions = Vec::new();
    for at in TopicPartition::journals(plan.ground.partitions) {
        decisions.extend(scene.cluster.wait(journal(&*log, at))?);
    }
    let recorded = Recorded {
        operations: scene.history.operations(),
        results: scene.history.results(),
        decisions,
    };
    scene.end()?;
    Ok(recorded)
}

async fn journal(
    log: &dyn eventlog::EventLog,
    at: TopicPartition,
) -> anyhow::Result<Vec<Decision>> {
    let mut chain = eventlog::Chain::default();
    let mut decisions = Vec::new();
    loop {
        let records = log.read(at, chain.next_offset, 1_000_000).await?;
        if records.is_empty() {
            return Ok(decisions);
        }
        for record in records {
            let judged = chain.judge(at, record.offset, &record.bytes)?;
            if judged.verdict == eventlog::Verdict::Effective {
                decisions.push(Decision {
                    position: at.at(record.offset),
                    header: judged.header,
                    events: Events::decode(at.topic, judged.body)?,
                });
            }
        }
    }
}

fn judge(operations: &[Operation], decisions: &[Decision]) -> Report {
    let mut checker = Checker::new(8);
    for decision in decisions {
        checker.story.take(decision);
    }
    let results = recorded().results.clone();
    checker.judge_operations(operations, results, &[], true)
}

fn kinds(report: &Report) -> BTreeSet<Wrong> {
    report
        .findings
        .iter()
        .map(|finding: &Finding| finding.wrong)
        .collect()
}

/// The history is damaged; the log is as it was.
fn told_otherwise(damage: impl FnOnce(&mut Vec<Operation>)) -> BTreeSet<Wrong> {
    let mut operations = recorded().operations.clone();
    damage(&mut operations);
    kinds(&judge(&operations, &recorded().decisions))
}

/// The log is damaged; the history is as it was.
fn logged_otherwise(damage: impl FnOnce(&mut Vec<Decision>)) -> BTreeSet<Wrong> {
    let mut decisions = recorded().decisions.clone();
    damage(&mut decisions);
    kinds(&judge(&recorded().operations, &decisions))
}

fn is_ok_bet(operation: &Operation) -> bool {
    matches!(operation.end, End::Ok(Told::Bet { .. }))
}

/// The place of the last accepted bet, so that many others stand around it.
fn some_bet(operations: &[Operation]) -> usize {
    let middle = operations.len() / 2;
    (middle..operations.len())
        .find(|index| is_ok_bet(&operations[*index]))
        .expect("a bet was accepted")
}

fn of_bets(decision: &Decision) -> &[bets::Event] {
    if let Events::BetsEvents(body) = &decision.events {
        &body.events
    } else {
        &[]
    }
}

fn accepting(decisions: &[Decision], id: &str) -> usize {
    let accepts = |decision: &Decision| {
        of_bets(decision).iter().any(|event| {
            matches!(event, bets::Event::BetAccepted(accepted) if accepted.bet.to_string() == id)
        })
    };
    decisions.iter().position(accepts).expect("it was accepted")
}

fn id_of(operation: &Operation) -> String {
    if let End::Ok(Told::Bet { id, .. } | Told::Deposit { id, .. }) = &operation.end {
        id.clone()
    } else {
        String::new()
    }
}

#[test]
fn the_run_itself_is_sound_and_says_something() {
    let report = judge(&recorded().operations, &recorded().decisions);
    assert_eq!(report.findings, []);
    let counts = report.counts;
    assert!(
        counts.bets_ok > 50 && counts.deposits_ok > 10 && counts.looks > 20,
        "{counts:?}"
    );
    assert!(counts.settled > 10 && counts.in_doubt > 0, "{counts:?}");
}

#[test]
fn an_acknowledged_bet_that_is_not_in_the_log() {
    let operations = &recorded().operations;
    let bet = id_of(&operations[some_bet(operations)]);
    let found = logged_otherwise(|decisions| {
        let at = accepting(decisions, &bet);
        decisions.remove(at);
    });
    assert!(found.contains(&Wrong::Lost), "{found:?}");
}

#[test]
fn an_acknowledged_deposit_that_is_not_in_the_log() {
    let found = told_otherwise(|operations| {
        let deposit = operations
            .iter_mut()
            .find(|operation| matches!(operation.end, End::Ok(Told::Deposit { .. })));
        deposit.expect("a deposit").deed = Deed::Deposit {
            key: "never sent".to_owned(),
            minor: 500,
        };
    });
    // And the one that stands there was asked for by nobody.
    assert!(
        found.contains(&Wrong::Lost) && found.contains(&Wrong::Doubled),
        "{found:?}"
    );
}

#[test]
fn a_bet_that_is_placed_twice_for_one_request() {
    let found = logged_otherwise(|decisions| {
        let placed = decisions.iter().position(|decision| {
            let mut events = of_bets(decision).iter();
            events.any(|event| matches!(event, bets::Event::BetPlaced(_)))
        });
        let mut again = decisions[placed.expect("a bet was placed")].clone();
        again.position.offset += 1_000_000;
        decisions.push(again);
    });
    assert!(found.contains(&Wrong::Doubled), "{found:?}");
}

#[test]
fn an_acceptance_that_is_recorded_twice() {
    let operations = &recorded().operations;
    let bet = id_of(&operations[some_bet(operations)]);
    let found = logged_otherwise(|decisions| {
        let mut again = decisions[accepting(decisions, &bet)].clone();
        again.position.offset += 1_000_000;
        decisions.push(again);
    });
    assert!(found.contains(&Wrong::Doubled), "{found:?}");
}

#[test]
fn a_bet_that_nobody_remembers() {
    let found = told_otherwise(|operations| {
        let bet = some_bet(operations);
        operations.remove(bet);
    });
    assert_eq!(found, BTreeSet::from([Wrong::Doubled]));
}

#[test]
fn another_stake_than_was_told() {
    let found = told_otherwise(|operations| {
        let bet = some_bet(operations);
        if let End::Ok(Told::Bet { stake_minor, .. }) = &mut operations[bet].end {
            *stake_minor += 1;
        }
    });
    assert_eq!(found, BTreeSet::from([Wrong::ToldOtherwise]));
}

#[test]
fn another_place_than_was_told() {
    let found = told_otherwise(|operations| {
        let bet = some_bet(operations);
        if let End::Ok(Told::Bet { position, .. }) = &mut operations[bet].end {
            position.clear();
        }
    });
    assert_eq!(found, BTreeSet::from([Wrong::ToldOtherwise]));
}

#[test]
fn a_refusal_that_has_an_effect() {
    let found = told_otherwise(|operations| {
        let bet = some_bet(operations);
        operations[bet].end = End::Fail {
            code: "insufficient_funds".to_owned(),
        };
    });
    assert_eq!(found, BTreeSet::from([Wrong::RefusedHasEffect]));
}

#[test]
fn an_unknown_outcome_may_be_either() {
    let found = told_otherwise(|operations| {
        let bet = some_bet(operations);
        operations[bet].end = End::Info;
        operations[bet].ended_us = None;
    });
    assert_eq!(found, BTreeSet::new());
}

#[test]
fn a_read_that_is_older_than_what_the_client_knew() {
    let operations = &recorded().operations;
    // A client's read, and its first one with another balance.
    let is_look = |operation: &Operation| {
        matches!(
            (&operation.deed, &operation.end),
            (
                Deed::Look { at_least: Some(_) },
                End::Ok(Told::Balance { .. })
            )
        )
    };
    let found = told_otherwise(|damaged| {
        let late = (0..damaged.len())
            .rev()
            .find(|index| is_look(&damaged[*index]));
        let late = late.expect("a read");
        let (client, told) = (damaged[late].client, damaged[late].end.clone());
        let early = operations
            .iter()
            .find(|operation| {
                operation.client == client && is_look(operation) && operation.end != told
            })
            .expect("another read of the same client");
        let (
            End::Ok(Told::Balance {
                cash_minor: cash,
                held_minor: held,
                ..
            }),
            End::Ok(Told::Balance {
                cash_minor,
                held_minor,
                ..
            }),
        ) = (&early.end, &mut damaged[late].end)
        else {
            return;
        };
        (*cash_minor, *held_minor) = (*cash, *held);
    });
    assert_eq!(found, BTreeSet::from([Wrong::Stale]));
}

#[test]
fn a_read_of_what_never_stood() {
    let found = told_otherwise(|operations| {
        let look = operations.iter_mut().rev().find_map(|operation| {
            if let End::Ok(Told::Balance { cash_minor, .. }) = &mut operation.end {
                Some(cash_minor)
            } else {
                None
            }
        });
        *look.expect("a read") += 1;
    });
    assert_eq!(found, BTreeSet::from([Wrong::Torn]));
}

#[test]
fn an_order_that_contradicts_the_clients() {
    let found = told_otherwise(|operations| {
        // The last bet of a partition was told before any other was asked for.
        let bet = operations.iter().rposition(is_ok_bet).expect("a bet");
        operations[bet].invoked_us = 0;
        operations[bet].ended_us = Some(1);
    });
    assert!(found.contains(&Wrong::Reordered), "{found:?}");
}

#[test]
fn money_that_is_torn() {
    let found = logged_otherwise(|decisions| {
        let moved = decisions.iter_mut().rev().find_map(|decision| {
            let Events::LedgerEvents(body) = &mut decision.events else {
                return None;
            };
            body.events.iter_mut().find_map(|event| {
                if let ledger::Event::TransferPosted(moved) = event {
                    Some(moved)
                } else {
                    None
                }
            })
        });
        let moved = moved.expect("money has moved");
        moved.credit_after.posted_minor += 1;
    });
    assert!(found.contains(&Wrong::Invariant), "{found:?}");
}

#[test]
fn a_hold_without_money() {
    let operations = &recorded().operations;
    let bet = id_of(&operations[some_bet(operations)])
        .parse()
        .expect("an id");
    let hold = bets::stake_hold(bet, 0);
    let found = logged_otherwise(|decisions| {
        for decision in decisions {
            if let Events::LedgerEvents(body) = &mut decision.events {
                body.events.retain(
                    |event| !matches!(event, ledger::Event::TransferHeld(held) if held.id == hold),
                );
            }
        }
    });
    assert!(
        found.contains(&Wrong::Money) && found.contains(&Wrong::Invariant),
        "{found:?}"
    );
}

#[test]
fn a_result_that_never_paid() {
    let found = logged_otherwise(|decisions| {
        let paid = |event: &bets::Event| matches!(event, bets::Event::BetSettled(settled) if settled.returned.minor() > 0);
        for decision in decisions.iter_mut().rev() {
            if let Events::BetsEvents(body) = &mut decision.events
                && let Some(index) = body.events.iter().position(paid)
            {
                body.events.remove(index);
                return;
            }
        }
    });
    assert!(found.contains(&Wrong::Money), "{found:?}");
}

#[test]
fn a_bet_that_waits_for_ever() {
    let operations = &recorded().operations;
    let bet = id_of(&operations[some_bet(operations)]);
    let found = logged_otherwise(|decisions| {
        let at = accepting(decisions, &bet);
        decisions.remove(at);
    });
    assert!(found.contains(&Wrong::Unresolved), "{found:?}");
}

#[test]
fn a_record_that_is_missing_in_the_middle() {
    let found = logged_otherwise(|decisions| {
        let middle = decisions.iter().position(|decision: &Decision| {
            let Position { topic, offset, .. } = decision.position;
            topic == Topic::LedgerEvents && offset > 20
        });
        decisions.remove(middle.expect("a long journal"));
    });
    assert!(found.contains(&Wrong::Invariant), "{found:?}");
}
