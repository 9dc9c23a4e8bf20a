//! Reviews of large withdrawals, as bytes of a snapshot.

use super::SavedReview;
use crate::codec;
use payments_domain::{Review, State};
use schemas::DecodeError;

pub(super) fn save(state: &State) -> Vec<SavedReview> {
    let with_review = state.withdrawals.iter();
    with_review
        .filter_map(|(id, of)| {
            let review = of.review.clone()?;
            let approvals = review.approvals.into_iter();
            Some(SavedReview {
                withdrawal: *id,
                review_from: review.from,
                approvals: approvals.map(codec::approval_to_wire).collect(),
                declined: review.declined.map(codec::approval_to_wire),
            })
        })
        .collect()
}

pub(super) fn load(state: &mut State, reviews: Vec<SavedReview>) -> Result<(), DecodeError> {
    for saved in reviews {
        let known = state.withdrawals.get_mut(&saved.withdrawal);
        let known = known.ok_or(DecodeError::NotAllowed("a review of no withdrawal"))?;
        known.review = Some(Review {
            from: saved.review_from,
            approvals: saved.approvals.into_iter().map(codec::approval).collect(),
            declined: saved.declined.map(codec::approval),
        });
    }
    Ok(())
}
