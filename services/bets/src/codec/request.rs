//! A request as the domain asks it.

use super::referral::answer_from_wire;
use super::{factor_from_wire, policy_from_wire, type_from_wire};
use bets_domain::settlement::Sizes;
use bets_domain::{RequestedLeg, SetFactor, SlipRequest, TraderAnswer};
use kernel::{BetId, CustomerId, Timestamp};
use schemas::bets as wire;

/// What is asked, before what it is judged on is looked up.
pub(crate) enum Request {
    /// Whose bet, under which id, and what is asked for.
    Place(BetId, CustomerId, SlipRequest),
    /// A trader's word on a customer.
    SetFactor(SetFactor),
    /// A re-offer to be accepted.
    AcceptReoffer(wire::AcceptReoffer),
    /// A trader's answer for a slip.
    AnswerReferral(TraderAnswer, wire::AnswerReferral),
    /// What would be paid for a slip?
    QuoteCashOut(wire::QuoteCashOut),
    /// A slip is sold back.
    CashOut(wire::CashOut),
}

/// The command as the domain asks it, at this moment.
pub(crate) fn request_from_wire(command: wire::Command, now: Timestamp) -> Request {
    let plain = |legs: usize| wire::SlipOptions {
        sizes: vec![],
        starting_price: vec![false; legs],
    };
    match command {
        wire::Command::PlaceBet(place) => {
            let options = plain(place.slip.legs.len());
            let slip = slip_from_wire(place.slip, &options);
            Request::Place(place.bet, place.customer, slip)
        }
        wire::Command::PlaceSlip(place) => {
            let slip = slip_from_wire(place.slip, &place.options);
            Request::Place(place.bet, place.customer, slip)
        }
        wire::Command::SetStakeFactor(asked) => Request::SetFactor(factor_from_wire(asked, now)),
        wire::Command::AcceptReoffer(accept) => Request::AcceptReoffer(accept),
        wire::Command::PlaceSlipSaying(place) => {
            let slip = slip_from_wire(place.slip, &place.options);
            let slip = place.words.iter().fold(slip, with_word);
            Request::Place(place.bet, place.customer, slip)
        }
        wire::Command::AnswerReferral(told) => {
            Request::AnswerReferral(answer_from_wire(&told), told)
        }
        wire::Command::QuoteCashOut(asked) => Request::QuoteCashOut(asked),
        wire::Command::CashOut(asked) => Request::CashOut(asked),
    }
}

fn with_word(slip: SlipRequest, word: &wire::SlipWord) -> SlipRequest {
    match word {
        wire::SlipWord::PartAccepted(wire::PartAccepted {}) => SlipRequest {
            accepts_part: true,
            ..slip
        },
    }
}

pub(super) fn slip_from_wire(slip: wire::Slip, options: &wire::SlipOptions) -> SlipRequest {
    let starting = options.starting_price.iter().copied();
    let starting = starting.chain(std::iter::repeat(false));
    let legs = slip.legs.into_iter().zip(starting);
    SlipRequest {
        bet_type: type_from_wire(slip.bet_type),
        sizes: sizes_from_wire(&options.sizes),
        legs: legs
            .map(|(leg, starting_price)| RequestedLeg {
                selection: leg.selection,
                market: leg.market,
                fixture: leg.fixture,
                price: leg.price,
                market_version: leg.market_version,
                starting_price,
            })
            .collect(),
        unit_stake: slip.stake,
        price_policy: policy_from_wire(slip.price_policy),
        each_way: slip.each_way,
        client_ref: slip.client_ref,
        accepts_part: false,
    }
}

/// Sizes that no system can have are none; the domain refuses a system without sizes.
pub(crate) fn sizes_from_wire(sizes: &[u8]) -> Option<Sizes> {
    Sizes::listed(sizes.iter().map(|size| usize::from(*size))).ok()
}

pub(crate) fn sizes_to_wire(sizes: Option<Sizes>) -> Vec<u8> {
    let sizes = sizes.into_iter().flat_map(Sizes::iter);
    sizes.filter_map(|size| u8::try_from(size).ok()).collect()
}
