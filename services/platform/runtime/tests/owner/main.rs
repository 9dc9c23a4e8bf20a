//! The owner's promises, one by one, on the smallest of services.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "a test counts small numbers and fails by panicking"
)]

mod counter;
mod handing_over;

use bytes::Bytes;
use counter::{Ask, Counter, Did, EVERYWHERE, Reach, Refusal, Refused, What, ask};
use eventlog::{Chain, Faults, Halt, Record, SimulatedLog, Verdict};
use kernel::{
    CorrelationId, Digest, Duration, Position, RequestId, Timestamp, Topic, TopicPartition,
};
use runtime::{Bounds, Owner, Stop};
use schemas::{Body, Cause, ClaimId, CommandRecord, Header, Kind, Wire, odds};
use std::collections::BTreeSet;

const JOURNAL: TopicPartition = TopicPartition::new(Topic::FraudEvents, 0);
const INBOX: TopicPartition = TopicPartition::new(Topic::FraudCommands, 0);
const ODDS: TopicPartition = TopicPartition::new(Topic::OddsEvents, 0);

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn request(id: u64, ask: Ask, not_after: Option<Timestamp>) -> Bytes {
    let record = CommandRecord {
        request_id: RequestId::example(id, 0),
        request_digest: Digest::from_bytes([1; 32]),
        correlation_id: CorrelationId::example(id, 0),
        sent_at: at(0),
        not_after,
        command: ask,
    };
    let mut out = Vec::new();
    schemas::frame(schemas::schema_of(INBOX.topic), &mut out);
    record.encode(&mut out);
    out.into()
}

fn send(log: &SimulatedLog, id: u64, ask: Ask) {
    log.send_one(INBOX, request(id, ask, None));
}

/// An owner that has read everything and holds the claim.
fn claimed(log: &SimulatedLog, claim: u8, now: Timestamp) -> Owner<Counter> {
    claiming(log, Owner::new(0, 1), claim, now)
}

fn claiming(
    log: &SimulatedLog,
    mut owner: Owner<Counter>,
    claim: u8,
    now: Timestamp,
) -> Owner<Counter> {
    read_own(log, &mut owner);
    let record = owner.claim(ClaimId([claim; 16]), now);
    log.append_one(JOURNAL, record);
    read_own(log, &mut owner);
    assert!(owner.is_active(), "{:?}", owner.stopped());
    owner
}

fn read_own(log: &SimulatedLog, owner: &mut Owner<Counter>) {
    let records = log.records(JOURNAL, owner.next_own_offset(), usize::MAX);
    owner.read_back(&records);
}

fn read_inputs(log: &SimulatedLog, owner: &mut Owner<Counter>) {
    let inputs: Vec<_> = owner.next_input_offsets().collect();
    for (input, next) in inputs {
        owner.offer(input, &log.records(input, next, usize::MAX));
    }
}

/// Reads, decides, appends and reads back. The records that were decided.
fn run(log: &SimulatedLog, owner: &mut Owner<Counter>, now: Timestamp) -> Vec<Bytes> {
    read_inputs(log, owner);
    let records = owner.decide(now, &EVERYWHERE, Bounds::default());
    for record in &records {
        log.append_one(JOURNAL, record.clone());
    }
    read_own(log, owner);
    records
}

type Read = (Header, Body<Did, Refused>);

fn read(record: &[u8]) -> Read {
    let (header, mut body) = schemas::decode_header(JOURNAL.topic, record).unwrap();
    (header, Body::decode(&mut body).unwrap())
}

fn causes(records: &[Bytes]) -> Vec<Option<Cause>> {
    records.iter().map(|record| read(record).0.cause).collect()
}

fn refusal(record: &[u8]) -> Option<Refusal> {
    read(record).1.rejection.map(|refused| refused.refusal)
}

/// A journal of odds: one claim and these decisions.
fn odds_journal(log: &SimulatedLog, decisions: Vec<Vec<odds::Event>>) {
    let mut chain = Chain::default();
    let claim = (Kind::Claim, Vec::new());
    let bodies = decisions.into_iter().map(|events| (Kind::Decision, events));
    for (offset, (kind, events)) in (0..).zip([claim].into_iter().chain(bodies)) {
        let is_claim = kind == Kind::Claim;
        let header = Header {
            kind,
            epoch: 1,
            claim_id: ClaimId([9; 16]),
            seq: if is_claim { 0 } else { chain.seq + 1 },
            confirmed: 0,
            prev: (!is_claim).then_some(chain.head),
            cause: None,
            consumed: Vec::new(),
            request_id: None,
            request_digest: None,
            correlation_id: CorrelationId::from_bytes([0; 16]),
            decided_at: at(0),
        };
        let body = Body::<odds::Event, odds::Rejection> {
            rejection: None,
            events,
        };
        let record: Bytes =
            schemas::encode_record(schemas::schema_of(ODDS.topic), &header, &body).into();
        let judged = chain.judge(ODDS, offset, &record).unwrap();
        assert!(matches!(
            judged.verdict,
            Verdict::Claimed | Verdict::Effective
        ));
        log.send_one(ODDS, record);
    }
}

fn heartbeat() -> Vec<odds::Event> {
    vec![odds::Event::HeartbeatSent(odds::HeartbeatSent {
        at: at(0),
    })]
}

fn silent() -> Vec<odds::Event> {
    vec![odds::Event::SourceReturned(odds::SourceReturned {
        source: "feed".to_owned(),
    })]
}

fn quiet_log() -> SimulatedLog {
    SimulatedLog::new(1, Faults::NONE)
}

#[test]
fn a_request_is_decided_once_and_read_back() {
    let log = quiet_log();
    send(&log, 1, ask(What::Add, 5));
    let mut owner = claimed(&log, 1, at(0));
    let records = run(&log, &mut owner, at(10));
    assert_eq!(records.len(), 1);
    let (header, body) = read(&records[0]);
    assert_eq!((header.epoch, header.seq, header.confirmed), (1, 1, 0));
    assert_eq!(header.cause, Some(Cause::Input(INBOX.at(0))));
    assert_eq!(header.request_id, Some(RequestId::example(1, 0)));
    assert_eq!(header.decided_at, at(10));
    assert_eq!(body.events.len(), 1);
    assert_eq!((owner.state().total, owner.chain().seq), (5, 1));
    assert!(owner.is_quiet());
    assert_eq!(run(&log, &mut owner, at(20)), Vec::<Bytes>::new());
}

#[test]
fn speculation_is_no_truth_before_its_read_back() {
    let log = quiet_log();
    send(&log, 1, ask(What::Add, 5));
    let mut owner = claimed(&log, 1, at(0));
    read_inputs(&log, &mut owner);
    let records = owner.decide(at(10), &EVERYWHERE, Bounds::default());
    assert_eq!((owner.state().total, owner.chain().seq), (5, 0));
    assert!(!owner.is_quiet());
    assert_eq!(owner.snapshot(), None);
    log.append_one(JOURNAL, records[0].clone());
    read_own(&log, &mut owner);
    assert!(owner.snapshot().is_some());
}

#[test]
fn a_broken_rule_is_recorded_and_changes_nothing() {
    let log = quiet_log();
    send(&log, 1, ask(What::Add, -5));
    let mut owner = claimed(&log, 1, at(0));
    let records = run(&log, &mut owner, at(10));
    assert_eq!(refusal(&records[0]), Some(Refusal::NotAboveZero));
    assert_eq!((owner.state().total, owner.chain().seq), (0, 1));
}

#[test]
fn a_repeat_leaves_no_record_even_with_other_content_or_another_owner() {
    let log = quiet_log();
    send(&log, 1, ask(What::Add, 5));
    let mut owner = claimed(&log, 1, at(0));
    run(&log, &mut owner, at(10));
    send(&log, 1, ask(What::Add, 5));
    send(&log, 1, ask(What::Add, 700));
    assert_eq!(run(&log, &mut owner, at(20)), Vec::<Bytes>::new());
    let mut next = claimed(&log, 2, at(30));
    send(&log, 1, ask(What::Add, 5));
    assert_eq!(run(&log, &mut next, at(40)), Vec::<Bytes>::new());
    assert_eq!((owner.state().total, next.state().total), (5, 5));
}

#[test]
fn a_request_met_after_its_deadline_is_refused_for_ever() {
    let log = quiet_log();
    let in_time = Some(at(10));
    log.send_one(INBOX, request(1, ask(What::Add, 5), in_time));
    log.send_one(INBOX, request(2, ask(What::Add, 6), Some(at(9))));
    let mut owner = claimed(&log, 1, at(0));
    let records = run(&log, &mut owner, at(10));
    assert_eq!(
        records.iter().map(|r| refusal(r)).collect::<Vec<_>>(),
        [None, Some(Refusal::Expired)]
    );
    // The very request without a deadline: it has been answered.
    send(&log, 2, ask(What::Add, 6));
    assert_eq!(run(&log, &mut owner, at(11)), Vec::<Bytes>::new());
    assert_eq!(owner.state().total, 5);
}

#[test]
fn a_newer_claim_fences_and_what_the_old_owner_writes_does_not_count() {
    let log = quiet_log();
    let mut old = claimed(&log, 1, at(0));
    let mut new = claimed(&log, 2, at(1));
    send(&log, 1, ask(What::Add, 5));
    // The old owner does not know yet.
    read_inputs(&log, &mut old);
    let late = old.decide(at(10), &EVERYWHERE, Bounds::default());
    assert_eq!(late.len(), 1);
    run(&log, &mut new, at(10));
    log.append_one(JOURNAL, late[0].clone());
    read_own(&log, &mut old);
    assert_eq!(old.stopped(), Some(&Stop::Fenced { epoch: 2 }));
    send(&log, 2, ask(What::Add, 7));
    assert_eq!(run(&log, &mut old, at(20)), Vec::<Bytes>::new());
    run(&log, &mut new, at(20));
    assert_eq!(new.state().total, 12);
    assert_eq!(new.chain().counts.stale, 1);
}

#[test]
fn a_claim_that_comes_second_is_void() {
    let log = quiet_log();
    let (mut one, mut two) = (Owner::<Counter>::new(0, 1), Owner::<Counter>::new(0, 1));
    let claims = [
        one.claim(ClaimId([1; 16]), at(0)),
        two.claim(ClaimId([2; 16]), at(0)),
    ];
    for claim in claims {
        log.append_one(JOURNAL, claim);
    }
    read_own(&log, &mut two);
    assert_eq!(two.stopped(), Some(&Stop::Fenced { epoch: 1 }));
    read_own(&log, &mut one);
    assert!(one.is_active());
}

#[test]
fn a_gap_in_its_own_appends_is_doubt() {
    let log = quiet_log();
    send(&log, 1, ask(What::Add, 5));
    send(&log, 2, ask(What::Add, 6));
    let mut owner = claimed(&log, 1, at(0));
    read_inputs(&log, &mut owner);
    let records = owner.decide(at(10), &EVERYWHERE, Bounds::default());
    log.append_one(JOURNAL, records[1].clone());
    read_own(&log, &mut owner);
    assert!(matches!(owner.stopped(), Some(Stop::Doubt(_))));
    // Nothing of it counts: the next owner decides both anew.
    let mut next = claimed(&log, 2, at(20));
    assert_eq!(next.state().total, 0);
    run(&log, &mut next, at(30));
    assert_eq!(next.state().total, 11);
}

#[test]
fn an_append_that_never_shows_ends_in_doubt() {
    let log = quiet_log();
    send(&log, 1, ask(What::Add, 5));
    let mut owner = claimed(&log, 1, at(0));
    read_inputs(&log, &mut owner);
    let sent = owner.decide(at(0), &EVERYWHERE, Bounds::default());
    assert_eq!(sent.len(), 1);
    let patience_ends = owner.next_due().unwrap();
    assert_eq!(patience_ends, at(30_000));
    let nothing = owner.decide(patience_ends, &EVERYWHERE, Bounds::default());
    assert_eq!(nothing, Vec::<Bytes>::new());
    assert_eq!(owner.stopped(), None);
    let after = patience_ends.plus(Duration::from_micros(1));
    assert_eq!(
        owner.decide(after, &EVERYWHERE, Bounds::default()),
        Vec::<Bytes>::new()
    );
    assert!(matches!(owner.stopped(), Some(Stop::Doubt(_))));
}

#[test]
fn a_snapshot_and_the_rest_equal_the_fold_from_zero() {
    let log = quiet_log();
    odds_journal(&log, vec![heartbeat(), silent()]);
    send(&log, 1, ask(What::Add, 5));
    send(&log, 2, ask(What::Arm, 90_000));
    let mut owner = claimed(&log, 1, at(0));
    run(&log, &mut owner, at(10));
    let snapshot = owner.snapshot().unwrap();
    send(&log, 3, ask(What::Add, 6));
    run(&log, &mut owner, at(20));

    let mut restored = Owner::<Counter>::restore(0, 1, &snapshot).unwrap();
    let mut replayed = Owner::<Counter>::new(0, 1);
    assert_eq!(restored.state().total, 5);
    for one in [&mut restored, &mut replayed] {
        read_own(&log, one);
        assert_eq!(one.state(), owner.state());
        assert_eq!(one.chain(), owner.chain());
        assert_eq!(one.last_record(), owner.last_record());
    }
    // It knows what was answered before and after the snapshot.
    let mut restored = claiming(&log, restored, 2, at(30));
    for id in 1..=3 {
        send(&log, id, ask(What::Add, 1_000));
    }
    assert_eq!(run(&log, &mut restored, at(40)), Vec::<Bytes>::new());
}

#[test]
fn bytes_that_are_no_snapshot_are_refused() {
    let log = quiet_log();
    let owner = claimed(&log, 1, at(0));
    let snapshot = owner.snapshot().unwrap();
    for length in 0..snapshot.len() {
        assert!(Owner::<Counter>::restore(0, 1, &snapshot[..length]).is_err());
    }
}

#[test]
fn overdue_timers_fire_in_order_and_before_anything_else() {
    let log = quiet_log();
    for (id, due) in [(1, 10_000), (2, 5_000), (3, 5_000), (4, 99_000)] {
        send(&log, id, ask(What::Arm, due));
    }
    let mut first = claimed(&log, 1, at(0));
    run(&log, &mut first, at(10));
    assert_eq!(first.next_due(), Some(at(5_000)));
    drop(first);
    send(&log, 5, ask(What::Add, 1));
    let mut next = claimed(&log, 2, at(60_000));
    let records = run(&log, &mut next, at(60_000));
    let rang = |armed_by, millis| {
        Some(Cause::Timer {
            armed_by,
            due: at(millis),
        })
    };
    let expected = [
        rang(2, 5_000),
        rang(3, 5_000),
        rang(1, 10_000),
        Some(Cause::Input(INBOX.at(4))),
    ];
    assert_eq!(causes(&records), expected);
    assert_eq!(next.next_due(), Some(at(99_000)));
    assert_eq!(next.state().rung, [2, 3, 1]);
}

#[test]
fn work_goes_on_between_inputs_and_never_holds_them_up() {
    let log = quiet_log();
    send(&log, 1, ask(What::Start, 3));
    for id in 2..=41 {
        send(&log, id, ask(What::Add, 1));
    }
    let mut owner = claimed(&log, 1, at(0));
    let records = run(&log, &mut owner, at(10));
    let places: Vec<usize> = (0..)
        .zip(causes(&records))
        .filter(|(_, cause)| matches!(cause, Some(Cause::Work { .. })))
        .map(|(place, _)| place)
        .collect();
    // The start, sixteen inputs in all, a part, sixteen inputs, a part; the last part goes when
    // nothing waits any more.
    assert_eq!(places, [16, 33, 43]);
    assert_eq!((owner.state().total, owner.state().parts_left), (40, 0));
}

#[test]
fn work_that_was_begun_goes_on_with_the_next_owner() {
    let log = quiet_log();
    send(&log, 1, ask(What::Start, 4));
    let mut owner = claimed(&log, 1, at(0));
    read_inputs(&log, &mut owner);
    let two_parts = Bounds {
        records_max: 3,
        ..Bounds::default()
    };
    for record in owner.decide(at(10), &EVERYWHERE, two_parts) {
        log.append_one(JOURNAL, record);
    }
    drop(owner);
    let mut next = claimed(&log, 2, at(20));
    let parts: Vec<Option<Cause>> = causes(&run(&log, &mut next, at(30)));
    let part = |part| {
        Some(Cause::Work {
            started_by: 1,
            part,
        })
    };
    assert_eq!(parts, [part(3), part(4)]);
}

#[test]
fn a_round_keeps_its_bounds() {
    let log = quiet_log();
    for id in 1..=20 {
        send(&log, id, ask(What::Add, 1));
    }
    let mut owner = claimed(&log, 1, at(0));
    read_inputs(&log, &mut owner);
    let mut decide = |bounds| owner.decide(at(10), &EVERYWHERE, bounds).len();
    let bounds = Bounds {
        records_max: 5,
        bytes_max: usize::MAX,
        in_flight_max: 7,
    };
    assert_eq!(decide(bounds), 5);
    assert_eq!(decide(bounds), 2, "seven wait for their read-back");
    assert_eq!(decide(bounds), 0);
    let one_byte = Bounds {
        bytes_max: 1,
        in_flight_max: 100,
        ..bounds
    };
    assert_eq!(decide(one_byte), 1, "one always goes");
}

#[test]
fn an_inbox_record_that_cannot_be_read_is_refused_and_passed() {
    let log = quiet_log();
    log.send_one(INBOX, Bytes::from_static(b"garbage"));
    send(&log, 1, ask(What::Add, 5));
    let mut owner = claimed(&log, 1, at(0));
    let records = run(&log, &mut owner, at(10));
    assert_eq!(refusal(&records[0]), Some(Refusal::Undecodable));
    let (header, _) = read(&records[0]);
    assert_eq!(header.cause, Some(Cause::Input(INBOX.at(0))));
    assert_eq!(header.request_id, None);
    assert_eq!(owner.state().total, 5);
    // The next owner does not meet it again.
    let mut next = claimed(&log, 2, at(20));
    assert_eq!(run(&log, &mut next, at(30)), Vec::<Bytes>::new());
}

#[test]
fn a_journal_input_that_cannot_be_read_halts() {
    let log = quiet_log();
    odds_journal(&log, vec![heartbeat()]);
    log.send_one(ODDS, Bytes::from_static(b"garbage"));
    let mut owner = claimed(&log, 1, at(0));
    read_inputs(&log, &mut owner);
    let Some(Stop::Halted(Halt::Undecodable {
        topic_partition,
        offset,
        ..
    })) = owner.stopped()
    else {
        panic!("{:?}", owner.stopped())
    };
    assert_eq!((*topic_partition, *offset), (ODDS, 2));
    assert_eq!(
        owner.decide(at(10), &EVERYWHERE, Bounds::default()),
        Vec::<Bytes>::new()
    );
}

#[test]
fn a_journal_of_its_own_that_cannot_be_read_halts() {
    let log = quiet_log();
    drop(claimed(&log, 1, at(0)));
    log.append_one(JOURNAL, Bytes::from_static(b"garbage"));
    let mut owner = Owner::<Counter>::new(0, 1);
    read_own(&log, &mut owner);
    assert!(matches!(
        owner.stopped(),
        Some(Stop::Halted(Halt::Undecodable { .. }))
    ));
}

#[test]
fn silent_inputs_are_noted_with_the_next_record() {
    let log = quiet_log();
    odds_journal(&log, vec![silent(), heartbeat(), silent()]);
    let mut owner = claimed(&log, 1, at(0));
    let records = run(&log, &mut owner, at(10));
    assert_eq!(causes(&records), [Some(Cause::Input(ODDS.at(2)))]);
    assert_eq!(owner.state().heard, 1);
    send(&log, 1, ask(What::Add, 5));
    let records = run(&log, &mut owner, at(20));
    let (header, _) = read(&records[0]);
    let consumed: Vec<Position> = header.consumed.iter().map(|c| c.position).collect();
    assert_eq!(consumed, [ODDS.at(4)]);
    let mut next = claimed(&log, 2, at(30));
    assert_eq!(run(&log, &mut next, at(40)), Vec::<Bytes>::new());
    assert_eq!(next.state().heard, 1);
}

#[test]
fn an_input_waits_until_the_picture_has_reached_it() {
    let log = quiet_log();
    odds_journal(&log, vec![heartbeat()]);
    let mut owner = claimed(&log, 1, at(0));
    let heartbeat_at = 1;
    read_inputs(&log, &mut owner);
    let behind = Reach(heartbeat_at);
    // The claim at offset 0 is nothing to decide and goes at once.
    assert_eq!(
        owner.decide(at(10), &behind, Bounds::default()),
        Vec::<Bytes>::new()
    );
    assert!(owner.is_blocked(&behind));
    let abreast = Reach(heartbeat_at + 1);
    assert!(!owner.is_blocked(&abreast));
    assert_eq!(owner.decide(at(10), &abreast, Bounds::default()).len(), 1);
}

#[test]
fn time_never_goes_back_within_a_partition() {
    let log = quiet_log();
    send(&log, 1, ask(What::Add, 5));
    let mut owner = claimed(&log, 1, at(0));
    run(&log, &mut owner, at(1_000));
    let mut next = claimed(&log, 2, at(500));
    send(&log, 2, ask(What::Add, 6));
    let records = run(&log, &mut next, at(600));
    assert_eq!(read(&records[0]).0.decided_at, at(1_000));
}

/// Whatever the log does with appends, and however often an owner has to begin anew, each
/// request counts once.
#[test]
fn under_every_misfortune_each_request_counts_once() {
    for seed in 0..200 {
        let faults = Faults {
            skipped: 60,
            lost: 60,
            unacknowledged: 60,
            delayed: 80,
            doubled: 80,
        };
        let log = SimulatedLog::new(seed, faults);
        for id in 1..=30 {
            send(&log, id, ask(What::Add, i64::try_from(id).unwrap()));
        }
        let owner = until_all_is_counted(&log);
        assert_eq!(owner.state().total, (1..=30).sum::<i64>(), "seed {seed}");
        let mut replayed = Owner::<Counter>::new(0, 1);
        read_own(&log, &mut replayed);
        assert_eq!(replayed.state(), owner.state(), "seed {seed}");
        let mut requests = BTreeSet::new();
        let mut chain = Chain::default();
        for Record { offset, bytes } in log.records(JOURNAL, 0, usize::MAX) {
            let judged = chain.judge(JOURNAL, offset, &bytes).unwrap();
            if judged.verdict == Verdict::Effective {
                let request = judged.header.request_id.unwrap();
                assert!(requests.insert(request), "seed {seed}: {request} twice");
            }
        }
        assert_eq!(requests.len(), 30, "seed {seed}");
    }
}

/// Owner after owner, until one comes to rest on a log that is healed in the end.
fn until_all_is_counted(log: &SimulatedLog) -> Owner<Counter> {
    let mut now = at(0);
    for round in 0_u8..=60 {
        if round == 40 {
            log.heal();
        }
        now = now.plus(Duration::from_secs(40));
        let mut owner = Owner::<Counter>::new(0, 1);
        read_own(log, &mut owner);
        let claim = owner.claim(ClaimId([round; 16]), now);
        log.append_one(JOURNAL, claim);
        for _ in 0..20 {
            log.deliver_one();
            read_own(log, &mut owner);
            read_inputs(log, &mut owner);
            let records = owner.decide(now, &EVERYWHERE, Bounds::default());
            for record in records {
                if log.append_one(JOURNAL, record) != eventlog::AppendOutcome::Sent {
                    owner.doubt("unknown");
                }
            }
        }
        read_own(log, &mut owner);
        if round > 40 && owner.is_active() && owner.is_quiet() {
            return owner;
        }
    }
    panic!("no owner came to rest");
}
