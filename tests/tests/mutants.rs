//! The checks bite: each fault that is planted is reported under its invariant.
//!
//! A check that has never been seen to fail proves nothing. Each test plants one fault in a world
//! that is otherwise without misfortune, and requires that the invariant that it breaks is named.

use audit::Violation;
use eventlog::Faults;
use kernel::InvariantId;
use system_tests::sabotage::{Fault, Saboteur};
use system_tests::world::World;

const STEPS: u32 = 2_000;
/// By then every fault has had its occasion.
const SEEDS_MAX: u64 = 400;
/// A fault that was planted in so many worlds is found in one of them.
const PLANTED_MAX: u32 = 20;

/// Lives through a world; whether the fault was planted, and what was found.
fn live(seed: u64, fault: Option<Fault>) -> (bool, Vec<Violation>) {
    let mut world = World::new(seed, Faults::NONE);
    world.saboteur = fault.map(Saboteur::new);
    for _ in 0..STEPS {
        world.step();
    }
    world.heal();
    let replayed = world.check_replay();
    let mut violations = world.violations(true);
    violations.extend(replayed);
    let planted = world.saboteur.as_ref().is_some_and(Saboteur::has_planted);
    (planted, violations)
}

fn must_be_found(fault: Fault) {
    let mut planted_in = 0_u32;
    for seed in 0..SEEDS_MAX {
        let (planted, violations) = live(seed, Some(fault));
        if !planted {
            continue;
        }
        if planted_in == PLANTED_MAX {
            break;
        }
        planted_in = planted_in.saturating_add(1);
        let named = violations
            .iter()
            .any(|violation| violation.invariant == fault.breaks());
        if named {
            return;
        }
        assert!(
            !fault.shows_at_once(),
            "seed {seed}: {fault:?} breaks {}, found was {violations:#?}",
            fault.breaks()
        );
    }
    panic!("{fault:?} was planted in {planted_in} worlds and never found");
}

/// The worlds in which faults are planted are in order without them.
#[test]
fn nothing_is_found_where_nothing_is_planted() {
    for seed in 0..SEEDS_MAX {
        let (_, violations) = live(seed, None);
        assert!(violations.is_empty(), "seed {seed}: {violations:#?}");
    }
}

/// Those whose evidence is elsewhere: signed checkpoints (I15), routes and personal data (I19,
/// I20), golden bytes (I21).
const ELSEWHERE: [InvariantId; 4] = [
    InvariantId::LogIsAppendOnly,
    InvariantId::SubjectsAreSeparate,
    InvariantId::PersonalDataIsSealed,
    InvariantId::HistoryStaysReadable,
];

#[test]
fn every_invariant_of_a_world_has_its_fault() {
    for id in InvariantId::ALL {
        let has_one = Fault::ALL.iter().any(|fault| fault.breaks() == *id);
        assert_eq!(has_one, !ELSEWHERE.contains(id), "{id}");
    }
}

macro_rules! mutants {
    ($($name:ident: $($fault:ident),+;)+) => {
        $(#[test]
        fn $name() {
            $(must_be_found(Fault::$fault);)+
        })+

        #[test]
        fn every_fault_is_planted() {
            let planted = [$($(Fault::$fault),+),+];
            assert_eq!(planted.as_slice(), Fault::ALL);
        }
    };
}

mutants! {
    i1_a_posting_or_a_balance_is_altered: PostingAltered, BalanceAfterAltered;
    i2_more_is_held_than_there_is: HoldBeyondBalance;
    i3_the_exact_return_is_altered: ExactReturnAltered;
    i4_a_request_is_answered_twice: RequestAnsweredTwice, SnapshotForgetsRequests;
    i5_an_acknowledged_record_vanishes: AcknowledgedVanishes, RejectionWithEvents;
    i6_a_gap_is_let_through: DecisionMissing, CauseGoesBack;
    i7_a_row_is_altered: RowAltered;
    i8_a_snapshot_holds_an_older_state: SnapshotStateOlder;
    i9_a_slip_is_settled_twice_or_wrongly: SettledTwice, ReturnAltered,
        VoidForgotten, TokenReturnedAsCash;
    i10_a_hold_is_released_early: HoldReleasedEarly;
    i11_a_suspension_is_not_heard: SuspensionUnheard;
    i12_a_price_is_misread_or_altered: PriceMisread, AcceptedPriceAltered;
    i13_money_moves_twice_for_one_payment: DepositCreditedTwice, WithdrawalPaidTwice,
        AdjustmentByOnePerson, AdjustmentUnapproved,
        WithdrawalByOnePerson, WithdrawalHalfApproved, ReviewSkipped;
    i14_an_epoch_goes_back: EpochGoesBack;
    i16_a_row_goes_back_or_is_torn: RowGoesBack, RowTorn;
    i17_a_stream_skips_or_repeats: StreamSkips, StreamRepeats;
    i18_a_bet_or_deposit_ignores_what_was_noticed: BetWhileExcluded, BetBeyondLimit,
        BetWhileForbidden, DepositWhileExcluded, DepositBeyondLimit, DayOfBetsBeyondLimit,
        MonthOfDepositsBeyondLimit, AcceptedWhileExcluded, IncreaseUnconfirmed,
        ExclusionShortened, WeekOfBetsBeyondLimit, LossesBeyondLimit, BetBeyondFactor;
    i22_an_answer_reaches_nobody: AnswerUnheard;
    i23_a_part_ends_twice_or_for_another_amount: SettledThoughSold, SaleAltered;
}
