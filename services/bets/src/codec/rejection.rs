//! Broken rules on the wire.
//!
//! Duty and prohibition are those of the codec: every variant there and back, nothing judged.

use super::{own_limit_from_wire, own_limit_to_wire};
use bets_domain::{OfferedPrice, Rejection};
use kernel::Currency;
use schemas::{DecodeError, bets as wire};

/// A broken rule as it is recorded.
pub(crate) fn rejection_to_wire(rejection: &Rejection) -> wire::Rejection {
    use wire::RejectionReason as Reason;
    let reason = match rejection {
        Rejection::PriceChanged { offered } => Reason::PriceChanged(wire::PriceChanged {
            offered: offered
                .iter()
                .map(|offer| wire::OfferedPrice {
                    selection: offer.selection,
                    price: offer.price,
                    market_version: offer.market_version,
                })
                .collect(),
        }),
        Rejection::MarketSuspended { market } => {
            Reason::MarketSuspended(wire::MarketSuspended { market: *market })
        }
        Rejection::MarketClosed { market } => {
            Reason::MarketClosed(wire::MarketClosed { market: *market })
        }
        Rejection::SelectionUnavailable { selection } => {
            Reason::SelectionUnavailable(wire::SelectionUnavailable {
                selection: *selection,
            })
        }
        Rejection::PricesStale { newest_at } => Reason::PricesStale(wire::PricesStale {
            newest_at: *newest_at,
        }),
        Rejection::StakeAboveLimit { maximum } => {
            Reason::StakeAboveLimit(wire::StakeAboveLimit { maximum: *maximum })
        }
        Rejection::StakeAboveOwnLimit {
            limit,
            maximum,
            left,
            resets_at,
        } => Reason::StakeAboveOwnLimit(wire::StakeAboveOwnLimit {
            limit: own_limit_to_wire(*limit),
            maximum: *maximum,
            left: *left,
            resets_at: *resets_at,
        }),
        Rejection::FactorNotAllowed { detail } => {
            Reason::FactorNotAllowed(wire::FactorNotAllowed {
                detail: (*detail).to_owned(),
            })
        }
        Rejection::StakeBelowMinimum { minimum } => {
            Reason::StakeBelowMinimum(wire::StakeBelowMinimum { minimum: *minimum })
        }
        Rejection::InsufficientFunds { available } => {
            Reason::InsufficientFunds(wire::InsufficientFunds {
                available: *available,
            })
        }
        Rejection::CustomerExcluded { until } => {
            Reason::CustomerExcluded(wire::CustomerExcluded { until: *until })
        }
        Rejection::CustomerRestricted => Reason::CustomerRestricted(wire::CustomerRestricted {}),
        Rejection::LegsRelated { fixture } => {
            Reason::LegsRelated(wire::LegsRelated { fixture: *fixture })
        }
        Rejection::LegsDoNotFitType {
            expected_min,
            expected_max,
            got,
        } => Reason::LegsDoNotFitType(wire::LegsDoNotFitType {
            expected_min: count_to_wire(*expected_min),
            expected_max: count_to_wire(*expected_max),
            got: count_to_wire(*got),
        }),
        Rejection::ExposureReached { market } => {
            Reason::ExposureReached(wire::ExposureReached { market: *market })
        }
        Rejection::EachWayNotOffered => Reason::EachWayNotOffered(wire::EachWayNotOffered {}),
        Rejection::CurrencyMismatch { expected } => {
            Reason::CurrencyMismatch(wire::CurrencyMismatch {
                expected: expected.code().to_owned(),
            })
        }
        Rejection::SizesDoNotFit { legs } => Reason::SizesDoNotFit(wire::SizesDoNotFit {
            legs: count_to_wire(*legs),
        }),
        Rejection::StartingPriceNotOffered { market } => {
            Reason::StartingPriceNotOffered(wire::StartingPriceNotOffered { market: *market })
        }
        Rejection::ScoreUnknown { market } => {
            Reason::ScoreUnknown(wire::ScoreUnknown { market: *market })
        }
        Rejection::AccountBlocked => Reason::AccountBlocked(wire::AccountBlocked {}),
        Rejection::ReofferUnknown { reoffer } => {
            Reason::ReofferUnknown(wire::ReofferUnknown { reoffer: *reoffer })
        }
        Rejection::ReofferExpired { until } => {
            Reason::ReofferExpired(wire::ReofferExpired { until: *until })
        }
        Rejection::ReferralUnknown { bet } => {
            Reason::ReferralUnknown(wire::ReferralUnknown { bet: *bet })
        }
        Rejection::StakeNotHeld { bet } => Reason::StakeNotHeld(wire::StakeNotHeld { bet: *bet }),
        Rejection::ReferralDeclined => Reason::ReferralDeclined(wire::ReferralDeclined {}),
        Rejection::ReferralLapsed => Reason::ReferralLapsed(wire::ReferralLapsed {}),
        Rejection::PartNotAgreed => Reason::PartNotAgreed(wire::PartNotAgreed {}),
        Rejection::ReofferTaken { bet } => Reason::ReofferTaken(wire::ReofferTaken { bet: *bet }),
        Rejection::BetUnknown => Reason::BetUnknown(wire::BetUnknown {}),
        Rejection::BetNotOpen => Reason::BetNotOpen(wire::BetNotOpen {}),
        Rejection::CashOutNotOffered => Reason::CashOutNotOffered(wire::CashOutNotOffered {}),
        Rejection::CashOutQuoteUnknown => Reason::CashOutQuoteUnknown(wire::CashOutQuoteUnknown {}),
        Rejection::CashOutQuoteExpired { expired_at } => {
            Reason::CashOutQuoteExpired(wire::CashOutQuoteExpired {
                expired_at: *expired_at,
            })
        }
        Rejection::CashOutValueFell { offered } => {
            Reason::CashOutValueFell(wire::CashOutValueFell { offered: *offered })
        }
        Rejection::CashOutPending { until } => {
            Reason::CashOutPending(wire::CashOutPending { until: *until })
        }
        Rejection::CashOutTooSmall => Reason::CashOutTooSmall(wire::CashOutTooSmall {}),
        Rejection::FreeBetUnknown { free_bet } => Reason::FreeBetUnknown(wire::FreeBetUnknown {
            free_bet: *free_bet,
        }),
        Rejection::FreeBetExpired { expired_at } => Reason::FreeBetExpired(wire::FreeBetExpired {
            expired_at: *expired_at,
        }),
        Rejection::FreeBetUsed { free_bet } => Reason::FreeBetUsed(wire::FreeBetUsed {
            free_bet: *free_bet,
        }),
        Rejection::PriceBelowMinimum { selection, minimum } => {
            Reason::PriceBelowMinimum(wire::PriceBelowMinimum {
                selection: *selection,
                minimum: *minimum,
            })
        }
        Rejection::BonusInsufficient { available } => {
            Reason::BonusInsufficient(wire::BonusInsufficient {
                available: *available,
            })
        }
        Rejection::GrantNotAllowed { maximum } => {
            Reason::GrantNotAllowed(wire::GrantNotAllowed { maximum: *maximum })
        }
        Rejection::GrantEnded { ended_at } => Reason::GrantEnded(wire::GrantEnded {
            ended_at: *ended_at,
        }),
        Rejection::PromotionalInWhole { bet } => {
            Reason::PromotionalInWhole(wire::PromotionalInWhole { bet: *bet })
        }
    };
    wire::Rejection { reason }
}

fn count_to_wire(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn count_from_wire(count: u32) -> Result<usize, DecodeError> {
    usize::try_from(count).map_err(|_| DecodeError::IntegerOutOfRange("usize"))
}

pub(crate) fn rejection_from_wire(rejection: wire::Rejection) -> Result<Rejection, DecodeError> {
    use wire::RejectionReason as Reason;
    Ok(match rejection.reason {
        // These refuse commands; a slip in the book is never rejected for them.
        Reason::Expired(_) | Reason::Undecodable(_) | Reason::FactorNotAllowed(_) => {
            return Err(DecodeError::NotAllowed("rejection of a placed slip"));
        }
        Reason::PriceChanged(changed) => Rejection::PriceChanged {
            offered: changed
                .offered
                .into_iter()
                .map(|offer| OfferedPrice {
                    selection: offer.selection,
                    price: offer.price,
                    market_version: offer.market_version,
                })
                .collect(),
        },
        Reason::MarketSuspended(wire::MarketSuspended { market }) => {
            Rejection::MarketSuspended { market }
        }
        Reason::MarketClosed(wire::MarketClosed { market }) => Rejection::MarketClosed { market },
        Reason::SelectionUnavailable(wire::SelectionUnavailable { selection }) => {
            Rejection::SelectionUnavailable { selection }
        }
        Reason::PricesStale(wire::PricesStale { newest_at }) => {
            Rejection::PricesStale { newest_at }
        }
        Reason::StakeAboveLimit(wire::StakeAboveLimit { maximum }) => {
            Rejection::StakeAboveLimit { maximum }
        }
        Reason::StakeAboveOwnLimit(above) => Rejection::StakeAboveOwnLimit {
            limit: own_limit_from_wire(above.limit),
            maximum: above.maximum,
            left: above.left,
            resets_at: above.resets_at,
        },
        Reason::StakeBelowMinimum(wire::StakeBelowMinimum { minimum }) => {
            Rejection::StakeBelowMinimum { minimum }
        }
        Reason::InsufficientFunds(wire::InsufficientFunds { available }) => {
            Rejection::InsufficientFunds { available }
        }
        Reason::CustomerExcluded(wire::CustomerExcluded { until }) => {
            Rejection::CustomerExcluded { until }
        }
        Reason::CustomerRestricted(wire::CustomerRestricted {}) => Rejection::CustomerRestricted,
        Reason::LegsRelated(wire::LegsRelated { fixture }) => Rejection::LegsRelated { fixture },
        Reason::LegsDoNotFitType(legs) => Rejection::LegsDoNotFitType {
            expected_min: count_from_wire(legs.expected_min)?,
            expected_max: count_from_wire(legs.expected_max)?,
            got: count_from_wire(legs.got)?,
        },
        Reason::ExposureReached(wire::ExposureReached { market }) => {
            Rejection::ExposureReached { market }
        }
        Reason::EachWayNotOffered(wire::EachWayNotOffered {}) => Rejection::EachWayNotOffered,
        Reason::CurrencyMismatch(wire::CurrencyMismatch { expected }) => {
            Rejection::CurrencyMismatch {
                expected: expected
                    .parse::<Currency>()
                    .map_err(|_| DecodeError::NotAllowed("currency"))?,
            }
        }
        Reason::SizesDoNotFit(sizes) => Rejection::SizesDoNotFit {
            legs: count_from_wire(sizes.legs)?,
        },
        Reason::StartingPriceNotOffered(wire::StartingPriceNotOffered { market }) => {
            Rejection::StartingPriceNotOffered { market }
        }
        Reason::ScoreUnknown(wire::ScoreUnknown { market }) => Rejection::ScoreUnknown { market },
        Reason::AccountBlocked(wire::AccountBlocked {}) => Rejection::AccountBlocked,
        Reason::ReofferUnknown(wire::ReofferUnknown { reoffer }) => {
            Rejection::ReofferUnknown { reoffer }
        }
        Reason::ReofferExpired(wire::ReofferExpired { until }) => {
            Rejection::ReofferExpired { until }
        }
        Reason::ReferralUnknown(wire::ReferralUnknown { bet }) => {
            Rejection::ReferralUnknown { bet }
        }
        Reason::StakeNotHeld(wire::StakeNotHeld { bet }) => Rejection::StakeNotHeld { bet },
        Reason::ReferralDeclined(wire::ReferralDeclined {}) => Rejection::ReferralDeclined,
        Reason::ReferralLapsed(wire::ReferralLapsed {}) => Rejection::ReferralLapsed,
        Reason::PartNotAgreed(wire::PartNotAgreed {}) => Rejection::PartNotAgreed,
        Reason::ReofferTaken(wire::ReofferTaken { bet }) => Rejection::ReofferTaken { bet },
        Reason::BetUnknown(wire::BetUnknown {}) => Rejection::BetUnknown,
        Reason::BetNotOpen(wire::BetNotOpen {}) => Rejection::BetNotOpen,
        Reason::CashOutNotOffered(wire::CashOutNotOffered {}) => Rejection::CashOutNotOffered,
        Reason::CashOutQuoteUnknown(wire::CashOutQuoteUnknown {}) => Rejection::CashOutQuoteUnknown,
        Reason::CashOutQuoteExpired(wire::CashOutQuoteExpired { expired_at }) => {
            Rejection::CashOutQuoteExpired { expired_at }
        }
        Reason::CashOutValueFell(wire::CashOutValueFell { offered }) => {
            Rejection::CashOutValueFell { offered }
        }
        Reason::CashOutPending(wire::CashOutPending { until }) => {
            Rejection::CashOutPending { until }
        }
        Reason::CashOutTooSmall(wire::CashOutTooSmall {}) => Rejection::CashOutTooSmall,
        Reason::FreeBetUnknown(wire::FreeBetUnknown { free_bet }) => {
            Rejection::FreeBetUnknown { free_bet }
        }
        Reason::FreeBetExpired(wire::FreeBetExpired { expired_at }) => {
            Rejection::FreeBetExpired { expired_at }
        }
        Reason::FreeBetUsed(wire::FreeBetUsed { free_bet }) => Rejection::FreeBetUsed { free_bet },
        Reason::PriceBelowMinimum(wire::PriceBelowMinimum { selection, minimum }) => {
            Rejection::PriceBelowMinimum { selection, minimum }
        }
        Reason::BonusInsufficient(wire::BonusInsufficient { available }) => {
            Rejection::BonusInsufficient { available }
        }
        Reason::GrantNotAllowed(wire::GrantNotAllowed { maximum }) => {
            Rejection::GrantNotAllowed { maximum }
        }
        Reason::GrantEnded(wire::GrantEnded { ended_at }) => Rejection::GrantEnded { ended_at },
        Reason::PromotionalInWhole(wire::PromotionalInWhole { bet }) => {
            Rejection::PromotionalInWhole { bet }
        }
    })
}
