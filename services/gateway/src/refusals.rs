//! Rejections of owners as problems.
//!
//! Duty: give each recorded rejection its code and the data for the next step, so that the same
//! rejection always makes the same bytes. Prohibition: nothing here looks at the present: only
//! at what was recorded.

use crate::edge::hexadecimal;
use crate::errors::Code;
use crate::problem::Problem;
use crate::shapes::{Named, money, time};
use kernel::Timestamp;
use schemas::{Decision, Events, auth, bets, fraud, ledger, odds, payments};
use serde_json::{Value, json};

/// The problem that a decision's rejection makes; none where it is no rejection.
pub(crate) fn rejection_of(decision: &Decision, replayed: bool) -> Option<Problem> {
    let at = decision.header.decided_at;
    let problem = match &decision.events {
        Events::AuthEvents(body) => auth_rejection(body.rejection.as_ref()?, at),
        Events::OddsEvents(body) => odds_rejection(body.rejection.as_ref()?),
        Events::BetsEvents(body) => bet_rejection(body.rejection.as_ref()?),
        Events::LedgerEvents(body) => ledger_rejection(body.rejection.as_ref()?),
        Events::PaymentsEvents(body) => payment_rejection(body.rejection.as_ref()?),
        Events::FraudEvents(body) => fraud_rejection(body.rejection.as_ref()?),
    };
    Some(recorded(problem, decision, replayed))
}

/// A problem under the id of the request that was recorded.
pub(crate) fn recorded(problem: Problem, decision: &Decision, replayed: bool) -> Problem {
    problem
        .of_request(hexadecimal(decision.header.correlation_id))
        .replayed(replayed)
}

fn undecodable(detail: &str) -> Problem {
    Problem::new(Code::CommandRefused).detail(format!("the command could not be read: {detail}"))
}

/// What broke a slip's rule, for answers and for bets that are shown.
pub(crate) fn bet_rejection(rejection: &bets::Rejection) -> Problem {
    use bets::RejectionReason as R;
    match &rejection.reason {
        R::Expired(_) => Problem::new(Code::RequestExpired),
        R::Undecodable(reason) => undecodable(&reason.detail),
        R::PriceChanged(reason) => price_changed(&reason.offered),
        R::MarketSuspended(reason) => {
            Problem::new(Code::MarketSuspended).with("market_id", json!(reason.market.to_string()))
        }
        R::MarketClosed(reason) => {
            Problem::new(Code::MarketClosed).with("market_id", json!(reason.market.to_string()))
        }
        R::SelectionUnavailable(reason) => Problem::new(Code::SelectionUnavailable)
            .with("selection_id", json!(reason.selection.to_string())),
        R::PricesStale(reason) => Problem::new(Code::PricesStale)
            .with("newest_at", reason.newest_at.map_or(Value::Null, time)),
        R::StakeAboveLimit(reason) => {
            Problem::new(Code::StakeAboveLimit).with("maximum", money(reason.maximum))
        }
        R::StakeAboveOwnLimit(reason) => Problem::new(Code::StakeAboveLimit)
            .detail("Your own limit leaves less than this stake.")
            .with("maximum", money(reason.maximum))
            .with("limit", json!(reason.limit.name()))
            .with("left", money(reason.left))
            .with("resets_at", reason.resets_at.map_or(Value::Null, time)),
        R::FactorNotAllowed(reason) => {
            Problem::new(Code::FactorNotAllowed).detail(reason.detail.clone())
        }
        R::StakeBelowMinimum(reason) => {
            Problem::new(Code::StakeBelowMinimum).with("minimum", money(reason.minimum))
        }
        R::InsufficientFunds(reason) => {
            Problem::new(Code::InsufficientFunds).with("available", money(reason.available))
        }
        R::CustomerExcluded(reason) => excluded(reason.until),
        R::CustomerRestricted(_) => Problem::new(Code::CustomerRestricted),
        R::LegsRelated(reason) => {
            Problem::new(Code::LegsRelated).with("fixture_id", json!(reason.fixture.to_string()))
        }
        R::LegsDoNotFitType(reason) => Problem::new(Code::LegsDoNotFitType)
            .with("legs_min", json!(reason.expected_min))
            .with("legs_max", json!(reason.expected_max))
            .with("legs", json!(reason.got)),
        R::ExposureReached(reason) => {
            Problem::new(Code::ExposureReached).with("market_id", json!(reason.market.to_string()))
        }
        R::SizesDoNotFit(reason) => {
            Problem::new(Code::SizesDoNotFit).with("legs", json!(reason.legs))
        }
        R::StartingPriceNotOffered(reason) => Problem::new(Code::StartingPriceNotOffered)
            .with("market_id", json!(reason.market.to_string())),
        R::ScoreUnknown(reason) => {
            Problem::new(Code::ScoreUnknown).with("market_id", json!(reason.market.to_string()))
        }
        R::EachWayNotOffered(_) => Problem::new(Code::EachWayNotOffered),
        R::CurrencyMismatch(reason) => {
            Problem::new(Code::CurrencyMismatch).with("expected", json!(reason.expected))
        }
        R::AccountBlocked(_) => Problem::new(Code::AccountBlocked),
        R::ReferralUnknown(_) => Problem::new(Code::ReferralUnknown),
        R::StakeNotHeld(_) => Problem::new(Code::StakeNotHeld),
        R::ReferralDeclined(_) => Problem::new(Code::ReferralDeclined),
        R::ReferralLapsed(_) => Problem::new(Code::ReferralLapsed),
        R::PartNotAgreed(_) => Problem::new(Code::PartNotAgreed),
        R::ReofferUnknown(_) => Problem::new(Code::ReofferUnknown),
        R::ReofferExpired(reason) => {
            Problem::new(Code::ReofferExpired).with("until", time(reason.until))
        }
        R::ReofferTaken(reason) => {
            Problem::new(Code::ReofferTaken).with("id", json!(reason.bet.to_string()))
        }
        R::BetUnknown(_) => Problem::new(Code::NotFound),
        R::BetNotOpen(_) => Problem::new(Code::BetNotOpen),
        R::CashOutNotOffered(_) => Problem::new(Code::CashOutNotOffered),
        R::CashOutQuoteUnknown(_) => Problem::new(Code::CashOutQuoteUnknown),
        R::CashOutQuoteExpired(reason) => {
            Problem::new(Code::CashOutQuoteExpired).with("expired_at", time(reason.expired_at))
        }
        R::CashOutValueFell(reason) => {
            Problem::new(Code::CashOutValueFell).with("offered", money(reason.offered))
        }
        R::CashOutPending(reason) => {
            Problem::new(Code::CashOutPending).with("until", time(reason.until))
        }
        R::CashOutTooSmall(_) => Problem::new(Code::CashOutTooSmall),
        R::FreeBetUnknown(reason) => Problem::new(Code::FreeBetUnknown)
            .with("free_bet_id", json!(reason.free_bet.to_string())),
        R::FreeBetExpired(reason) => {
            Problem::new(Code::FreeBetExpired).with("expired_at", time(reason.expired_at))
        }
        R::FreeBetUsed(reason) => {
            Problem::new(Code::FreeBetUsed).with("free_bet_id", json!(reason.free_bet.to_string()))
        }
        R::PriceBelowMinimum(reason) => Problem::new(Code::PriceBelowMinimum)
            .with("selection_id", json!(reason.selection.to_string()))
            .with("minimum", json!(reason.minimum.to_string())),
        R::BonusInsufficient(reason) => {
            Problem::new(Code::BonusInsufficient).with("available", money(reason.available))
        }
        R::GrantNotAllowed(reason) => {
            Problem::new(Code::GrantNotAllowed).with("maximum", money(reason.maximum))
        }
        R::GrantEnded(reason) => {
            Problem::new(Code::GrantEnded).with("ended_at", time(reason.ended_at))
        }
        R::PromotionalInWhole(_) => Problem::new(Code::PromotionalInWhole),
    }
}

fn price_changed(offered: &[bets::OfferedPrice]) -> Problem {
    let offers: Vec<Value> = offered
        .iter()
        .map(|offer| {
            json!({
                "selection_id": offer.selection.to_string(),
                "price": offer.price.to_string(),
                "market_version": offer.market_version,
            })
        })
        .collect();
    Problem::new(Code::PriceChanged).with("offered", Value::Array(offers))
}

fn excluded(until: Timestamp) -> Problem {
    Problem::new(Code::CustomerExcluded).with("until", time(until))
}

fn auth_rejection(rejection: &auth::Rejection, decided_at: Timestamp) -> Problem {
    use auth::RejectionReason as R;
    match &rejection.reason {
        R::Expired(_) => Problem::new(Code::RequestExpired),
        R::Undecodable(reason) => undecodable(&reason.detail),
        R::LoginTaken(_) => Problem::new(Code::LoginTaken),
        R::CustomerUnknown(_) | R::CustomerIdNotAllowed(_) => Problem::new(Code::CustomerUnknown),
        R::CredentialVersionStale(_) => Problem::new(Code::CredentialChanged),
        R::CredentialsWrong(_) => Problem::new(Code::CredentialsWrong),
        R::SignInBlocked(reason) => sign_in_blocked(reason.until, decided_at),
        R::SessionEnded(_) => Problem::new(Code::SessionEnded),
        R::TokenReused(_) => Problem::new(Code::RefreshTokenReused),
        R::LimitNotAllowed(reason) => {
            Problem::new(Code::LimitNotAllowed).detail(reason.detail.clone())
        }
        R::ExclusionTooShort(reason) => {
            Problem::new(Code::ExclusionTooShort).with("earliest", time(reason.earliest))
        }
        R::Excluded(reason) => excluded(reason.until),
        R::NoIncreaseWaits(_) => Problem::new(Code::IncreaseNotWaiting),
        R::CoolOffNotOver(reason) => {
            Problem::new(Code::CoolOffNotOver).with("from", time(reason.from))
        }
        R::RealityCheckNotSet(_) => Problem::new(Code::RealityCheckNotSet),
        R::RealityCheckNotAllowed(reason) => {
            Problem::new(Code::RealityCheckNotAllowed).detail(reason.detail.clone())
        }
        R::SecondFactorMissing(_) => Problem::new(Code::SecondFactorRequired),
        R::SecondFactorUnknown(_) => Problem::new(Code::SecondFactorUnknown),
        R::SecondFactorInForce(_) => Problem::new(Code::SecondFactorInForce),
        R::ResetNotAllowed(_) => Problem::new(Code::ResetNotAllowed),
        R::PasskeyUnknown(_) => Problem::new(Code::PasskeyUnknown),
        R::PasskeysFull(_) => Problem::new(Code::PasskeysFull),
        R::ChallengeSpent(_) => Problem::new(Code::ChallengeSpent),
        R::PasskeyCountsBackwards(_) => Problem::new(Code::PasskeyCountsBackwards),
        R::PersonalDataGone(_) => Problem::new(Code::PersonalDataErased),
    }
}

/// Refused until then.
pub(crate) fn sign_in_blocked(until: Timestamp, now: Timestamp) -> Problem {
    let seconds = until.since(now).millis().saturating_add(999) / 1_000;
    Problem::new(Code::SignInBlocked)
        .retry_after_s(u64::try_from(seconds).unwrap_or(1))
        .with("until", time(until))
}

fn odds_rejection(rejection: &odds::Rejection) -> Problem {
    use odds::RejectionReason as R;
    match &rejection.reason {
        R::Expired(_) => Problem::new(Code::RequestExpired),
        R::Undecodable(reason) => undecodable(&reason.detail),
        R::SequenceRepeated(reason) => {
            Problem::new(Code::SequenceRepeated).with("last", json!(reason.last))
        }
        R::FixtureUnknown(reason) => {
            Problem::new(Code::FixtureUnknown).with("fixture_id", json!(reason.fixture.to_string()))
        }
        R::MarketUnknown(reason) => {
            Problem::new(Code::MarketUnknown).with("market_id", json!(reason.market.to_string()))
        }
        R::SelectionUnknown(reason) => Problem::new(Code::SelectionUnknown)
            .with("selection_id", json!(reason.selection.to_string())),
        R::MarketNotInState(reason) => Problem::new(Code::MarketNotInState)
            .with("market_id", json!(reason.market.to_string()))
            .with("state", json!(reason.state)),
        R::OutcomesIncomplete(reason) => {
            Problem::new(Code::OutcomesIncomplete).detail(reason.detail.clone())
        }
        R::ReasonMissing(_) => Problem::new(Code::ReasonMissing).at("/reason", "required"),
        R::SourceNotOwner(reason) => {
            Problem::new(Code::SourceNotOwner).with("owner", json!(reason.owner))
        }
        R::StretchNotOver(_) => Problem::new(Code::StretchNotOver),
        R::PricesMissing(_) => Problem::new(Code::PricesMissing).at("/prices", "required"),
        R::PriceNotObviouslyWrong(reason) => Problem::new(Code::PriceNotObviouslyWrong)
            .with("selection_id", json!(reason.selection.to_string())),
        R::RulingUnknown(reason) => {
            Problem::new(Code::RulingUnknown).with("ruling", json!(reason.ruling))
        }
        R::OwnProposal(_) => Problem::new(Code::OwnProposal),
        R::ProposalLapsed(reason) => {
            Problem::new(Code::ProposalLapsed).with("lapsed_at", time(reason.lapsed_at))
        }
    }
}

fn payment_rejection(rejection: &payments::Rejection) -> Problem {
    use payments::RejectionReason as R;
    match &rejection.reason {
        R::Expired(_) => Problem::new(Code::RequestExpired),
        R::Undecodable(reason) => undecodable(&reason.detail),
        R::AmountNotAllowed(reason) => Problem::new(Code::AmountNotAllowed)
            .with("minimum", money(reason.minimum))
            .with("maximum", money(reason.maximum)),
        R::DepositLimitReached(reason) => {
            Problem::new(Code::DepositLimitReached).with("available", money(reason.available))
        }
        R::CustomerExcluded(reason) => excluded(reason.until),
        R::ProviderUnknown(reason) => {
            Problem::new(Code::ProviderUnknown).with("provider", json!(reason.provider))
        }
        R::PaymentIdTaken(_) => Problem::new(Code::CommandRefused),
        R::InstrumentUnknown(reason) => {
            Problem::new(Code::InstrumentUnknown).with("instrument", json!(reason.instrument))
        }
        R::InstrumentMissing(reason) => {
            Problem::new(Code::InstrumentMissing).with("provider", json!(reason.provider))
        }
        R::ClosedLoop(reason) => Problem::new(Code::ClosedLoop)
            .with("instrument", json!(reason.instrument))
            .with("available", money(reason.available)),
        R::ReasonNotAllowed(_) => {
            Problem::new(Code::ReasonMissing).at("/reason", "1 to 500 characters are expected")
        }
        R::AdjustmentIdTaken(_) => Problem::new(Code::CommandRefused),
        R::AdjustmentUnknown(_) => Problem::new(Code::AdjustmentUnknown),
        R::AdjustmentAnsweredBefore(_) => Problem::new(Code::AdjustmentAnsweredBefore),
        R::OwnProposal(_) => Problem::new(Code::OwnProposal),
        R::OwnAccount(_) => Problem::new(Code::OwnAccount),
        R::ProposalLapsed(reason) => {
            Problem::new(Code::ProposalLapsed).with("lapsed_at", time(reason.lapsed_at))
        }
        R::CustomerElsewhere(_) => Problem::new(Code::CustomerElsewhere),
        R::SuspenseTooLow(reason) => Problem::new(Code::SuspenseTooLow)
            .with("reference", json!(reason.reference))
            .with("available", money(reason.available)),
        R::WithdrawalUnknown(_) => Problem::new(Code::WithdrawalUnknown),
        R::WithdrawalNotInReview(_) => Problem::new(Code::WithdrawalNotInReview),
        R::WithdrawalAnsweredBefore(_) => Problem::new(Code::WithdrawalAnsweredBefore),
        R::ApprovedBefore(_) => Problem::new(Code::ApprovedBefore),
    }
}

fn ledger_rejection(rejection: &ledger::Rejection) -> Problem {
    use ledger::RejectionReason as R;
    match &rejection.reason {
        R::Expired(_) => Problem::new(Code::RequestExpired),
        R::Undecodable(reason) => undecodable(&reason.detail),
        R::BatchTooLarge(reason) => {
            Problem::new(Code::CommandRefused).with("maximum", json!(reason.maximum))
        }
        R::AccountOfOtherPartition(_) | R::RulesNotForKind(_) | R::BalanceMaxNegative(_) => {
            Problem::new(Code::CommandRefused)
        }
    }
}

fn fraud_rejection(rejection: &fraud::Rejection) -> Problem {
    use fraud::RejectionReason as R;
    match &rejection.reason {
        R::Expired(_) => Problem::new(Code::RequestExpired),
        R::Undecodable(reason) => undecodable(&reason.detail),
        R::CaseUnknown(reason) => {
            Problem::new(Code::CaseUnknown).with("case_id", json!(reason.case.to_string()))
        }
        R::CaseAlreadyClosed(reason) => {
            Problem::new(Code::CaseAlreadyClosed).with("case_id", json!(reason.case.to_string()))
        }
        R::NoteMissing(_) => Problem::new(Code::ReasonMissing).at("/note", "required"),
        R::RestrictionNotAllowed(_) => Problem::new(Code::RestrictionNotAllowed),
    }
}
