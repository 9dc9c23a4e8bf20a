//! Adjustments and what is in suspense, as bytes of a snapshot.

use super::{SavedAdjustment, SavedAnswer, SavedPayments, SavedUnclaimed, Standing, load_payments};
use crate::codec;
use kernel::Money;
use payments_domain::{AdjustmentState, Answer, Answered, State};
use schemas::DecodeError;

pub(super) fn save(state: &State) -> Vec<SavedAdjustment> {
    state.adjustments.values().map(saved).collect()
}

fn saved(state: &AdjustmentState) -> SavedAdjustment {
    let (answered, standing) = match state {
        AdjustmentState::Proposed(proposal) => {
            let proposed = codec::proposal_to_wire(proposal.clone());
            return SavedAdjustment {
                proposed,
                answer: None,
            };
        }
        AdjustmentState::Approved(answered) => (answered, Standing::Approved),
        AdjustmentState::Declined(answered) => (answered, Standing::Declined),
        AdjustmentState::Booked(answered) => (answered, Standing::Booked),
        AdjustmentState::Refused(answered) => (answered, Standing::Refused),
    };
    let Answer { reason, by, at } = answered.answer.clone();
    SavedAdjustment {
        proposed: codec::proposal_to_wire(answered.proposal.clone()),
        answer: Some(SavedAnswer {
            standing,
            reason,
            by,
            at,
        }),
    }
}

pub(super) fn save_unclaimed(state: &State) -> Vec<SavedUnclaimed> {
    let unclaimed = state.unclaimed_minor.iter();
    unclaimed
        .map(|((reference, currency), minor)| SavedUnclaimed {
            reference: reference.clone(),
            amount: Money::from_minor(*minor, *currency),
        })
        .collect()
}

pub(super) fn load(
    state: &mut State,
    adjustments: Vec<SavedAdjustment>,
    unclaimed: Vec<SavedUnclaimed>,
) -> Result<(), DecodeError> {
    for saved in adjustments {
        let loaded = loaded(saved);
        state.adjustments.insert(loaded.adjustment().id, loaded);
    }
    for SavedUnclaimed { reference, amount } in unclaimed {
        if amount.minor() == 0 {
            return Err(DecodeError::NotAllowed("nothing in suspense"));
        }
        let key = (reference, amount.currency());
        state.unclaimed_minor.insert(key, amount.minor());
    }
    Ok(())
}

fn loaded(saved: SavedAdjustment) -> AdjustmentState {
    let proposal = codec::proposal(saved.proposed);
    let Some(answer) = saved.answer else {
        return AdjustmentState::Proposed(proposal);
    };
    let SavedAnswer {
        standing,
        reason,
        by,
        at,
    } = answer;
    let answer = Answer { reason, by, at };
    let answered = Answered { proposal, answer };
    match standing {
        Standing::Approved => AdjustmentState::Approved(answered),
        Standing::Declined => AdjustmentState::Declined(answered),
        Standing::Booked => AdjustmentState::Booked(answered),
        Standing::Refused => AdjustmentState::Refused(answered),
    }
}

/// A state of the second shape: nobody could take anything out of suspense. Of what came twice under
/// one reference the last amount was kept, so no more is there to be taken out than the ledger has.
pub(super) fn without(saved: SavedPayments) -> State {
    let mut state = load_payments(saved);
    let kept: Vec<_> = state.suspense.clone().into_iter().collect();
    for (reference, amount) in kept {
        if amount.is_positive() {
            let key = (reference, amount.currency());
            state.unclaimed_minor.insert(key, amount.minor());
        }
    }
    state
}
