//! Many requests at the same instant.
//!
//! Duty: one key a hundred times, one key with two meanings, one balance a thousand times, one
//! key before and after a kill: each has one effect. Prohibition: who is told "not now" asks
//! again with the same key, as the contract says; no other answer is tried again.

use crate::http::{Answer, Ask, Client};
use crate::rig::{Dev, Place, deposit, wait_for};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

const RACERS: usize = 100;
const CONNECTIONS: usize = 50;
const BETS_EACH: usize = 20;

/// Asks until the answer is final; `not_now` counts the others.
fn finally(client: &mut Client, ask: Ask<'_>, not_now: &mut usize) -> Answer {
    wait_for("a final answer", || {
        let answer = client.ask(ask).expect("an answer");
        let in_flight = answer.status == 409 && answer.code() == "idempotency_key_in_flight";
        if in_flight {
            assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
        }
        if in_flight || answer.status == 503 || (answer.status == 202 && ask.path == "/v1/bets") {
            *not_now += 1;
            return None;
        }
        Some(answer)
    })
}

/// The same request from so many connections at once; final answers, and how many were told
/// "not now".
fn race(port: u16, racers: usize, ask: Ask<'_>) -> (Vec<Answer>, usize) {
    let start = Barrier::new(racers);
    let results: Vec<(Answer, usize)> = std::thread::scope(|scope| {
        let racing: Vec<_> = (0..racers)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = Client::new(port);
                    let mut not_now = 0;
                    start.wait();
                    let answer = finally(&mut client, ask, &mut not_now);
                    (answer, not_now)
                })
            })
            .collect();
        let joined = racing.into_iter().map(|racer| racer.join());
        joined.map(|racer| racer.expect("a racer")).collect()
    });
    let not_now = results.iter().map(|(_, not_now)| not_now).sum();
    (
        results.into_iter().map(|(answer, _)| answer).collect(),
        not_now,
    )
}

fn bodies(answers: &[Answer]) -> BTreeSet<&[u8]> {
    answers
        .iter()
        .map(|answer| answer.body.as_slice())
        .collect()
}

fn accepted(dev: &Dev, token: &str) -> Vec<Value> {
    let mut bets = dev.bets(token);
    bets.retain(|bet| bet["status"] == "accepted");
    bets
}

#[test]
fn one_key_a_hundred_times_is_one_bet() {
    let place = Place::new();
    let dev = place.start();
    let token = dev.customer("racer", 10_000);
    let slip = dev.selection().single(700, "race").to_string();
    let ask = Ask::post("/v1/bets", slip.as_bytes())
        .by(&token)
        .key("one key");
    let (answers, not_now) = race(dev.port, RACERS, ask);
    assert!(answers.iter().all(|a| a.status == 201), "{answers:?}");
    assert_eq!(bodies(&answers).len(), 1, "one answer, byte for byte");
    let first = answers.iter().filter(|a| !a.is_replayed()).count();
    assert!(first <= 1, "{first} answers claim to be the first");
    assert_eq!(dev.bets(&token).len(), 1);
    assert_eq!(dev.balance(&token), (9_300, 700));
    eprintln!("races: one key {RACERS} times: 1 bet, {not_now} times told to wait");
}

#[test]
fn one_key_a_hundred_times_is_one_deposit() {
    let place = Place::new();
    let dev = place.start();
    let token = dev.customer("payer", 0);
    let body = deposit(1_234);
    let ask = Ask::post("/v1/deposits", body.as_bytes())
        .by(&token)
        .key("one key");
    let (answers, _) = race(dev.port, RACERS, ask);
    assert!(answers.iter().all(|a| a.status == 202), "{answers:?}");
    assert_eq!(bodies(&answers).len(), 1, "one answer, byte for byte");
    wait_for("the money", || {
        (dev.balance(&token) == (1_234, 0)).then_some(())
    });
    // A second one would have come before this one.
    dev.pay_in(&token, "another key", 100);
    assert_eq!(dev.balance(&token), (1_334, 0));
}

#[test]
fn one_key_with_another_meaning_is_refused() {
    let place = Place::new();
    let dev = place.start();
    let token = dev.customer("twister", 10_000);
    let selection = dev.selection();
    let slips = [500, 600].map(|minor| selection.single(minor, "twist").to_string());
    let asks = slips.each_ref().map(|slip| {
        Ask::post("/v1/bets", slip.as_bytes())
            .by(&token)
            .key("one key")
    });
    // Both at once, from many: one meaning wins, the other one is refused, always.
    let start = Barrier::new(20);
    let answers: Vec<(usize, Answer)> = std::thread::scope(|scope| {
        let racing: Vec<_> = (0..20)
            .map(|racer| {
                let (start, ask, port) = (&start, asks[racer % 2], dev.port);
                scope.spawn(move || {
                    let mut client = Client::new(port);
                    start.wait();
                    (racer % 2, finally(&mut client, ask, &mut 0))
                })
            })
            .collect();
        let joined = racing.into_iter().map(|racer| racer.join());
        joined.map(|racer| racer.expect("a racer")).collect()
    });
    let won: BTreeSet<usize> = answers
        .iter()
        .filter(|(_, answer)| answer.status == 201)
        .map(|(meaning, _)| *meaning)
        .collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    for (meaning, answer) in &answers {
        if !won.contains(meaning) {
            assert_eq!(answer.status, 422, "{}", answer.shown());
            assert_eq!(answer.code(), "idempotency_key_reused");
        }
    }
    // And still, when nothing is running any more.
    for (meaning, ask) in asks.iter().enumerate() {
        let status = if won.contains(&meaning) { 201 } else { 422 };
        assert_eq!(dev.ask(*ask).status, status);
    }
    assert_eq!(dev.bets(&token).len(), 1);
}

#[test]
fn a_balance_is_staked_once() {
    const BALANCE: i64 = 5_000;
    let place = Place::new();
    let dev = place.start();
    let token = dev.customer("all-in", BALANCE);
    let selection = dev.selection();
    let slip = selection.single(BALANCE, "all in").to_string();
    let (start, over) = (Barrier::new(CONNECTIONS), AtomicBool::new(false));
    let (answers, looks): (Vec<Answer>, u64) = std::thread::scope(|scope| {
        let racing: Vec<_> = (0..CONNECTIONS)
            .map(|racer| {
                let (start, slip, token, port) = (&start, &slip, &token, dev.port);
                scope.spawn(move || {
                    let mut client = Client::new(port);
                    start.wait();
                    let answers = (0..BETS_EACH).map(|bet| {
                        let key = format!("all-in {racer}/{bet}");
                        let ask = Ask::post("/v1/bets", slip.as_bytes()).by(token).key(&key);
                        finally(&mut client, ask, &mut 0)
                    });
                    answers.collect::<Vec<_>>()
                })
            })
            .collect();
        let watching = scope.spawn(|| {
            let mut looks = 0_u64;
            while !over.load(Ordering::Acquire) {
                let (cash, held) = dev.balance(&token);
                assert!(cash >= 0 && held >= 0, "cash {cash}, held {held}");
                assert!(held <= BALANCE, "held {held}");
                looks += 1;
            }
            looks
        });
        let joined = racing.into_iter().map(|racer| racer.join());
        let answers = joined.flat_map(|racer| racer.expect("a racer")).collect();
        over.store(true, Ordering::Release);
        (answers, watching.join().expect("the watcher"))
    });
    let taken = answers.iter().filter(|a| a.status == 201).count();
    assert_eq!(taken, 1);
    for answer in answers.iter().filter(|a| a.status != 201) {
        assert_eq!(answer.status, 409, "{}", answer.shown());
        assert_eq!(answer.code(), "insufficient_funds", "{}", answer.shown());
        assert!(answer.is_problem(), "{}", answer.shown());
        assert!(!answer.json()["available"].is_null(), "{}", answer.shown());
    }
    assert_eq!(answers.len(), CONNECTIONS * BETS_EACH);
    assert_eq!(accepted(&dev, &token).len(), 1);
    assert_eq!(dev.balance(&token), (0, BALANCE));
    eprintln!(
        "races: {} bets of the whole balance on {CONNECTIONS} connections: 1 accepted, {} refused, \
         {looks} looks at the balance",
        answers.len(),
        answers.len() - 1
    );
}

#[test]
fn a_key_means_the_same_after_a_kill() {
    let place = Place::new();
    let mut dev = place.start();
    let token = dev.customer("survivor", 10_000);
    let selection = dev.selection();
    let slip = selection.single(250, "before").to_string();
    let too_much = selection.single(90_000, "too much").to_string();
    let money = deposit(777);
    let asks = [
        Ask::post("/v1/bets", slip.as_bytes()).by(&token).key("bet"),
        Ask::post("/v1/bets", too_much.as_bytes())
            .by(&token)
            .key("refused"),
        Ask::post("/v1/deposits", money.as_bytes())
            .by(&token)
            .key("deposit"),
    ];
    let before = asks.map(|ask| dev.ask(ask));
    assert_eq!(
        before.each_ref().map(|a| a.status),
        [201, 409, 202],
        "{before:?}"
    );
    dev.process.kill();
    let dev = place.start();
    for (ask, before) in asks.into_iter().zip(&before) {
        let after = dev.ask(ask);
        assert_eq!(after.status, before.status, "{}", after.shown());
        assert!(after.is_replayed(), "{}", after.shown());
        if before.status < 400 {
            let text = |answer: &Answer| String::from_utf8_lossy(&answer.body).into_owned();
            assert_eq!(text(&after), text(before));
        } else {
            assert_eq!(after.code(), before.code());
        }
        assert_eq!(
            after.headers.get("location"),
            before.headers.get("location")
        );
    }
    assert_eq!(accepted(&dev, &token).len(), 1);
    wait_for("the deposit", || {
        (dev.balance(&token) == (10_527, 250)).then_some(())
    });
    let other = selection.single(251, "before").to_string();
    let reused = dev.ask(
        Ask::post("/v1/bets", other.as_bytes())
            .by(&token)
            .key("bet"),
    );
    assert_eq!(
        (reused.status, reused.code().as_str()),
        (422, "idempotency_key_reused")
    );
}
