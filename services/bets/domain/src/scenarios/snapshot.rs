//! A state that was taken apart and put together is the same state.

use super::reoffer::moved_slip;
use super::world::*;
use crate::settlement::LegResult;
use crate::*;

#[test]
fn parts_make_the_whole() {
    let state = struck_slip(nothing(), 1, &[1, 2])
        .after(place(2, &[1]))
        .after(place_seeing(
            3,
            slip(&[3]),
            seeing(at(0), [in_play(3, at(0))]),
        ))
        .after(hold(3))
        .after(moved_slip(4))
        .after(result(1, 1, LegResult::Won))
        .after(notice(Notice::Restriction {
            customer: ANN,
            stake_permille: 400,
        }))
        .after(notice(Notice::OwnLimit {
            customer: ANN,
            limit: OwnLimit::LossWeek,
            amount: Some(eur(500_000)),
        }))
        .after(work())
        .after(result(2, 1, LegResult::Lost))
        .state();
    assert!(state.next_timer().is_some() && state.next_job().is_some());
    assert_eq!(State::from_parts(state.parts()), state);
}
