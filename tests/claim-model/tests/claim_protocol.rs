//! What the protocol promises, and what each known mistake breaks.
//!
//! A mistake with an epoch is searched for with records that are judged by epoch and seq alone.
//! Judged by the whole chain (writer and predecessor as well) these four do no harm within two
//! attempts: `the_chain_is_a_second_line`.

use claim_model::{Bounds, Judging, Log, Mistake, Model, Outcome, Promise, search};

const PROTOCOL: Model = Model {
    bounds: Bounds::FULL,
    judging: Judging::ByChain,
    log: Log::KeepsEffective,
    mistakes: None,
};

fn run(name: &str, model: &Model) -> Outcome {
    let outcome = search(model);
    eprintln!(
        "{name}: {} states, depth {}, {} complete, {} owners",
        outcome.states, outcome.depth, outcome.complete, outcome.epochs
    );
    outcome
}

#[track_caller]
fn keeps_its_promises(name: &str, model: &Model, states_at_least: usize) {
    let outcome = run(name, model);
    assert!(
        outcome.counterexample.is_none(),
        "{name}: {:#?}",
        outcome.counterexample
    );
    // A search that finds nothing must have looked somewhere.
    assert!(outcome.states >= states_at_least, "{name}: {outcome:?}");
    assert!(outcome.complete > 0, "{name}: {outcome:?}");
    assert_eq!(outcome.epochs, model.bounds.attempts, "{name}");
}

#[track_caller]
fn breaks(mistake: Mistake, judging: Judging, promise: Promise) {
    let model = Model {
        judging,
        mistakes: Some(mistake),
        ..PROTOCOL
    };
    breaks_in(&model, promise);
}

#[track_caller]
fn breaks_in(model: &Model, promise: Promise) {
    let outcome = run(&format!("{:?}", model.mistakes), model);
    let found = outcome.counterexample;
    let found = found.expect("the mistake must have a counterexample");
    eprintln!("  {:?} after {:#?}", found.broken, found.steps);
    assert_eq!(found.broken, promise, "{:#?}", found.steps);
}

#[test]
fn the_protocol_keeps_its_promises() {
    keeps_its_promises("protocol", &PROTOCOL, 1_000_000);
}

#[test]
fn epochs_and_seqs_alone_keep_the_promises() {
    let model = Model {
        judging: Judging::ByEpochAndSeq,
        ..PROTOCOL
    };
    keeps_its_promises("epoch and seq alone", &model, 500_000);
}

#[test]
fn a_log_that_keeps_records_without_effect_changes_nothing() {
    let model = Model {
        bounds: Bounds {
            attempts: 2,
            unread: 2,
            deliveries: 1,
        },
        log: Log::KeepsAll,
        ..PROTOCOL
    };
    keeps_its_promises("log keeps all", &model, 100_000);
}

#[test]
fn answering_on_a_delivery_report_breaks_it() {
    breaks(
        Mistake::AnswerOnDeliveryReport,
        Judging::ByChain,
        Promise::AcknowledgedIsEffective,
    );
}

#[test]
fn no_epoch_check_breaks_it() {
    breaks(
        Mistake::NoEpochCheck,
        Judging::ByEpochAndSeq,
        Promise::DecidedOnTheFold,
    );
}

#[test]
fn deciding_on_state_from_before_ones_own_claim_breaks_it() {
    breaks(
        Mistake::StateFromBeforeTheClaim,
        Judging::ByChain,
        Promise::AnsweredOnce,
    );
}

#[test]
fn equal_epochs_both_effective_breaks_it() {
    breaks(
        Mistake::EqualEpochsBothEffective,
        Judging::ByEpochAndSeq,
        Promise::DecidedOnTheFold,
    );
}

#[test]
fn keeping_speculation_after_a_lost_claim_breaks_it() {
    breaks(
        Mistake::SpeculationKeptAfterLoss,
        Judging::ByChain,
        Promise::DecidedOnTheFold,
    );
}

#[test]
fn using_an_old_epoch_after_a_restart_breaks_it() {
    breaks(
        Mistake::OldEpochAfterRestart,
        Judging::ByEpochAndSeq,
        Promise::DecidedOnTheFold,
    );
}

#[test]
fn a_rejection_without_a_record_breaks_it() {
    breaks(
        Mistake::RejectionWithoutRecord,
        Judging::ByChain,
        Promise::AcknowledgedIsEffective,
    );
}

#[test]
fn deciding_twice_in_one_epoch_breaks_it() {
    breaks(
        Mistake::DecidingTwiceInOneEpoch,
        Judging::ByEpochAndSeq,
        Promise::DecidedOnTheFold,
    );
}

#[test]
fn a_snapshot_without_the_epoch_breaks_it() {
    let model = Model {
        log: Log::KeepsAll,
        mistakes: Some(Mistake::SnapshotWithoutEpoch),
        ..PROTOCOL
    };
    breaks_in(&model, Promise::AcknowledgedIsEffective);
}

#[test]
fn several_records_that_each_finish_one_cause_breaks_it() {
    breaks(
        Mistake::SeveralRecordsPerCause,
        Judging::ByChain,
        Promise::NothingBegunIsForgotten,
    );
}

/// Why every record names its writer and its predecessor although epoch and seq would do.
#[test]
fn the_chain_is_a_second_line() {
    for (mistake, attempts) in [
        (Mistake::NoEpochCheck, 2),
        (Mistake::EqualEpochsBothEffective, 2),
        (Mistake::OldEpochAfterRestart, 2),
        // One owner can decide a thousand ways; two would take a minute.
        (Mistake::DecidingTwiceInOneEpoch, 1),
    ] {
        let model = Model {
            bounds: Bounds {
                attempts,
                unread: 2,
                deliveries: 2,
            },
            mistakes: Some(mistake),
            ..PROTOCOL
        };
        keeps_its_promises(&format!("{mistake:?} with the chain"), &model, 1_000);
    }
}
