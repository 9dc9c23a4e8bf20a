//! Every error that a client can see, in one table.
//!
//! Duty: code, status, title, what to do, and whether a new request (with a new key) can do
//! better. `GET /v1/errors` serves it and `docs/ERRORS.md` is written from it.
//!
//! Prohibition: no code outside this table is ever answered; a published code keeps its meaning.

use axum::http::StatusCode;

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The stable code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The same for every occurrence.
    pub title: &'static str,
    /// What to do about it.
    pub advice: &'static str,
    /// Whether a new request may succeed without a person's help.
    pub retryable: bool,
}

macro_rules! errors {
    ($($name:ident = $code:literal, $status:literal, $title:literal, $advice:literal, $retryable:literal;)*) => {
        /// The codes, by status and subject.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $title] $name,)* }

        impl Code {
            /// All of them, in the table's order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its row.
            #[must_use]
            pub const fn entry(self) -> Entry {
                match self {
                    $(Self::$name => Entry {
                        code: $code, status: $status, title: $title, advice: $advice, retryable: $retryable,
                    },)*
                }
            }
        }
    };
}

impl Code {
    /// The status as the HTTP library wants it.
    #[must_use]
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.entry().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The code that best tells a bare status, for answers that other layers made.
    #[must_use]
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::AuthenticationRequired,
            403 => Self::PermissionDenied,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            408 => Self::RequestTimeout,
            413 => Self::PayloadTooLarge,
            415 => Self::MediaTypeUnsupported,
            426 => Self::UpgradeRequired,
            429 => Self::RateLimited,
            503 => Self::Overloaded,
            400..=499 => Self::RequestMalformed,
            _ => Self::Internal,
        }
    }
}

errors! {
    RequestMalformed = "request_malformed", 400, "The request cannot be read", "Look at detail and errors; the request was not carried out.", false;
    ValidationFailed = "validation_failed", 400, "Fields of the request are not allowed", "Correct the fields that errors points to.", false;
    IdempotencyKeyMissing = "idempotency_key_missing", 400, "The Idempotency-Key header is missing", "Send one key for each intention, and the same key when you ask again.", false;
    IdempotencyKeyInvalid = "idempotency_key_invalid", 400, "The Idempotency-Key header cannot be used", "Use 1 to 255 visible ASCII characters.", false;
    PositionInvalid = "position_invalid", 400, "Not a position of ours", "Send a position or resume token exactly as it was received.", false;
    CursorInvalid = "cursor_invalid", 400, "Not a cursor of this list", "Send next_cursor exactly as it was received, or none.", false;
    FeedLineInvalid = "feed_line_invalid", 400, "A line of the feed cannot be read", "Correct the lines that errors points to; no line of the request was taken.", false;
    ReasonMissing = "reason_missing", 400, "A reason is required", "Say why in one sentence.", false;
    FactorNotAllowed = "factor_not_allowed", 400, "Not a stake factor", "Send 0 (no betting) to 10000 permille, or null for none, with a reason.", false;
    RestrictionNotAllowed = "restriction_not_allowed", 400, "Not a restriction", "Send 0 (no betting) to 1000 (no restriction) permille.", false;

    AuthenticationRequired = "authentication_required", 401, "Sign in first", "Send Authorization: Bearer with an access token of POST /v1/auth/login.", false;
    TokenInvalid = "token_invalid", 401, "The access token is not valid", "Sign in again.", false;
    TokenExpired = "token_expired", 401, "The access token has expired", "Exchange the refresh token at POST /v1/auth/refresh.", true;
    CredentialsWrong = "credentials_wrong", 401, "Wrong login or password", "Check both; repeated failures block the login for a while.", false;
    SessionEnded = "session_ended", 401, "The session has ended", "Sign in again.", false;
    RefreshTokenReused = "refresh_token_reused", 401, "The refresh token was used before", "Sign in again; all tokens of this session are revoked.", false;
    SignatureInvalid = "signature_invalid", 401, "The signature does not fit", "Sign the raw body with the shared secret and a present time stamp.", false;

    PasskeyCountsBackwards = "passkey_counts_backwards", 401, "The passkey counts fewer uses than it did; there may be a copy of it", "Sign in another way, remove this passkey and add a new one.", false;

    SecondFactorRequired = "second_factor_required", 401, "A second factor is needed", "Send the code of the authenticator, or a recovery code, as otp.", false;

    StepUpRequired = "step_up_required", 403, "Prove once more who you are", "Send the password, the code of the second factor or the answer of a passkey to POST /v1/auth/step-up, and this request again with the new token.", true;
    EnrolmentRequired = "enrolment_required", 403, "This session is only good for what its holder still owes", "Replace the first password at POST /v1/auth/password, enrol an authenticator at POST /v1/account/second-factor or a passkey at POST /v1/account/passkeys, then exchange the refresh token.", true;
    PermissionDenied = "permission_denied", 403, "Not allowed with these roles", "Use an account that has the role.", false;
    CustomerExcluded = "customer_excluded", 403, "The customer is excluded", "Wait until the exclusion ends.", false;
    CustomerRestricted = "customer_restricted", 403, "Betting is not possible for this customer", "Contact the house.", false;
    AccountBlocked = "account_blocked", 403, "The account takes no debits", "Contact the house.", false;

    NotFound = "not_found", 404, "There is no such thing here", "Check the address and the id.", false;
    MarketUnknown = "market_unknown", 404, "There is no such market", "Look it up at GET /v1/fixtures.", false;
    CaseUnknown = "case_unknown", 404, "There is no such case", "Look it up at GET /v1/admin/cases.", false;
    MethodNotAllowed = "method_not_allowed", 405, "This method does not exist here", "The Allow header tells which do.", false;
    RequestTimeout = "request_timeout", 408, "The request took too long to arrive", "Send it again, faster or in smaller parts.", true;

    IdempotencyKeyInFlight = "idempotency_key_in_flight", 409, "The first request with this key is still running", "Ask again with the same key after Retry-After.", true;
    PriceChanged = "price_changed", 409, "A price has changed", "Accept reoffer, or offer the customer the prices in offered and send a new request with a new key.", true;
    MarketSuspended = "market_suspended", 409, "The market is suspended", "Wait until it opens again.", true;
    MarketClosed = "market_closed", 409, "The market takes no bets any more", "Choose another market.", false;
    SelectionUnavailable = "selection_unavailable", 409, "The selection cannot be bet on", "Choose another selection, or wait for a price.", true;
    PricesStale = "prices_stale", 409, "The prices are too old to bet on", "Try again in a moment.", true;
    StakeAboveLimit = "stake_above_limit", 409, "The stake is above the limit", "Accept reoffer, or stake at most maximum.", true;
    StakeBelowMinimum = "stake_below_minimum", 409, "The stake is below the minimum", "Stake at least minimum.", true;
    InsufficientFunds = "insufficient_funds", 409, "Not enough money", "Stake at most available, or pay in.", true;
    LegsRelated = "legs_related", 409, "Two legs depend on each other", "Take one leg of a fixture.", false;
    LegsDoNotFitType = "legs_do_not_fit_type", 409, "The number of legs does not fit the type", "Take between legs_min and legs_max legs.", false;
    ExposureReached = "exposure_reached", 409, "No more can be risked on this market", "Accept reoffer, or try a lower stake or another market.", true;
    SizesDoNotFit = "sizes_do_not_fit", 409, "Lines of these sizes do not fit", "List sizes for a system only, each once and none above its number of legs.", false;
    StartingPriceNotOffered = "starting_price_not_offered", 409, "There is no starting price", "Take the price; only runners of a race have a starting price.", false;
    ScoreUnknown = "score_unknown", 409, "The score is not known", "A handicap in play counts from the score; try again in a moment.", true;
    ReferralUnknown = "referral_unknown", 409, "The slip does not wait for a trader", "Look at GET /v1/admin/referrals.", false;
    ReferralDeclined = "referral_declined", 409, "A trader has declined the stake", "Accept reoffer if there is one, or try a lower stake.", false;
    ReferralLapsed = "referral_lapsed", 409, "No trader has answered in time", "Try again, or with a lower stake.", true;
    StakeNotHeld = "stake_not_held", 409, "The stake is not held yet", "Answer again in a moment.", true;
    PartNotAgreed = "part_not_agreed", 409, "The customer does not accept a part of the stake", "Offer the smaller stake instead.", false;
    ReofferUnknown = "reoffer_unknown", 409, "Nothing of that kind is offered", "Place the slip anew.", false;
    ReofferExpired = "reoffer_expired", 409, "The re-offer has ended", "Place the slip anew.", false;
    ReofferTaken = "reoffer_taken", 409, "The re-offer was accepted before", "Look at GET /v1/bets/{id} with the id told here.", false;
    EachWayNotOffered = "each_way_not_offered", 409, "Each-way is not offered", "Place the bet without each_way.", false;
    BetNotOpen = "bet_not_open", 409, "The bet is not open", "Look at the bet: it is pending, settled or sold back.", false;
    CashOutNotOffered = "cash_out_not_offered", 409, "This bet is not bought back", "Single-line bets on open markets with one price for each answer are; leave this one to its result.", false;
    CashOutQuoteUnknown = "cash_out_quote_unknown", 409, "Not the bet's newest quote, or it was taken", "Ask for a new quote.", true;
    CashOutQuoteExpired = "cash_out_quote_expired", 409, "The quote has expired", "Ask for a new quote.", true;
    CashOutValueFell = "cash_out_value_fell", 409, "The bet is worth less now", "Show the customer what is in offered, and ask for a new quote.", true;
    CashOutPending = "cash_out_pending", 409, "A cash-out of this bet waits for its delay", "Look at the bet again after until.", true;
    CashOutTooSmall = "cash_out_too_small", 409, "What would be sold or paid rounds to nothing", "Sell a larger part.", true;
    FreeBetUnknown = "free_bet_unknown", 409, "There is no such token", "Look at GET /v1/account/bonuses.", false;
    FreeBetExpired = "free_bet_expired", 409, "The token's time is over", "Place the bet without it.", false;
    FreeBetUsed = "free_bet_used", 409, "The token was used", "Place the bet without it.", false;
    PriceBelowMinimum = "price_below_minimum", 409, "A price is below the least", "Choose legs of at least minimum, or another way to pay.", false;
    BonusInsufficient = "bonus_insufficient", 409, "Not enough bonus money", "Stake at most available, or let cash pay the rest with stake_source mixed.", true;
    GrantNotAllowed = "grant_not_allowed", 409, "So much is not given at once", "Give an amount above zero and at most maximum.", false;
    GrantEnded = "grant_ended", 409, "What is given would have ended already", "Choose a later expires_at.", false;
    PromotionalInWhole = "promotional_in_whole", 409, "A slip that a promotion pays for is taken whole and ends by its result", "Take the whole of it, or decline it; to choose the stake or to sell it, a slip is paid with cash.", false;
    CurrencyMismatch = "currency_mismatch", 409, "Not the account's currency", "Use the currency in expected.", false;
    RequestExpired = "request_expired", 409, "The request was met after its deadline", "Nothing was done. Send it again with a new key.", true;
    LoginTaken = "login_taken", 409, "The login is taken", "Choose another one, or sign in.", false;
    CustomerUnknown = "customer_unknown", 409, "There is no such customer", "Register first.", false;
    CredentialChanged = "credential_changed", 409, "The password was changed meanwhile", "Sign in with the new one.", true;
    SecondFactorUnknown = "second_factor_unknown", 409, "There is no such second factor", "Ask for one at POST /v1/account/second-factor first.", false;
    SecondFactorInForce = "second_factor_in_force", 409, "A second factor is in force", "Remove it first.", false;
    ResetNotAllowed = "reset_not_allowed", 409, "No code for this person's password is handed over", "Staff get another login by furlong staff add; nobody resets his own password.", false;
    PasskeyUnknown = "passkey_unknown", 409, "There is no such passkey", "Look at GET /v1/account/passkeys, or prove who you are in another way.", false;
    PasskeysFull = "passkeys_full", 409, "There are as many passkeys as may be", "Remove one first.", false;
    ChallengeSpent = "challenge_spent", 409, "The challenge was answered before, has lapsed, or was for something else", "Ask for a new one, and answer that within five minutes.", true;
    PersonalDataErased = "personal_data_erased", 409, "The personal data was erased", "Nothing can be done: its keys are destroyed.", false;
    LimitNotAllowed = "limit_not_allowed", 409, "Not a limit that can be set", "Use an amount above zero in the account's currency.", false;
    ExclusionTooShort = "exclusion_too_short", 409, "The exclusion is too short", "Choose a time from earliest on.", false;
    IncreaseNotWaiting = "increase_not_waiting", 409, "No such increase waits", "Look at GET /v1/account/limits, and ask for the increase first.", false;
    CoolOffNotOver = "cool_off_not_over", 409, "The cool-off is not over", "Confirm from the time in from on.", true;
    RealityCheckNotSet = "reality_check_not_set", 409, "There are no reality checks", "Choose an interval first.", false;
    RealityCheckNotAllowed = "reality_check_not_allowed", 409, "Not a reality check", "Look at detail.", false;
    AmountNotAllowed = "amount_not_allowed", 409, "Not an amount that can be paid", "Choose an amount from minimum to maximum.", false;
    DepositLimitReached = "deposit_limit_reached", 409, "The deposit is beyond the customer's own limit", "Pay in at most available.", false;
    ProviderUnknown = "provider_unknown", 409, "There is no such payment provider", "Leave provider out.", false;
    InstrumentUnknown = "instrument_unknown", 409, "Nothing was ever paid in from that instrument", "Leave instrument out, or name one that has paid in.", false;
    InstrumentMissing = "instrument_missing", 409, "The provider pays only to an instrument that is named", "Name instrument: the provider's token for the card or account. Money that was paid in without one is paid out by the house.", false;
    ClosedLoop = "closed_loop", 409, "Money goes back first to where it came from", "Withdraw at most available to that instrument, and the rest to the others.", false;
    FixtureUnknown = "fixture_unknown", 409, "There is no such fixture", "Announce it first.", false;
    SelectionUnknown = "selection_unknown", 409, "The market has no such selection", "Look at GET /v1/markets/{id}.", false;
    MarketNotInState = "market_not_in_state", 409, "The market's state does not allow this", "Look at its status first.", false;
    OutcomesIncomplete = "outcomes_incomplete", 409, "The outcomes do not make a result", "Give each selection one outcome that fits the others.", false;
    StretchNotOver = "stretch_not_over", 409, "The stretch of bets is not over", "Give a stretch that ends in the past and not before it begins.", false;
    PricesMissing = "prices_missing", 409, "A ruling names the wrong prices", "Give each selection with the price shown and the price held to be right.", false;
    PriceNotObviouslyWrong = "price_not_obviously_wrong", 409, "The price is not obviously wrong", "Only prices of at least one and a half times the right one may be voided; these bets stand.", false;
    RulingUnknown = "ruling_unknown", 409, "There is no such ruling", "Look at GET /v1/admin/markets/{id}/void-prices.", false;
    OwnProposal = "own_proposal", 409, "Nobody approves their own proposal", "Ask another person with the role operator or compliance.", false;
    ProposalLapsed = "proposal_lapsed", 409, "The proposal was not approved in time", "Propose it again.", false;
    AdjustmentUnknown = "adjustment_unknown", 404, "There is no such adjustment", "Look it up at GET /v1/admin/adjustments.", false;
    AdjustmentAnsweredBefore = "adjustment_answered_before", 409, "The adjustment was approved or declined before", "Look at GET /v1/admin/adjustments/{id}; propose another one to take it back.", false;
    OwnAccount = "own_account", 409, "Nobody decides about their own account", "Ask two other persons with the role operator or compliance.", false;
    CustomerElsewhere = "customer_elsewhere", 409, "The money lies in another partition than the customer", "Propose suspense_to_house for the reference, and a credit for the customer.", false;
    SuspenseTooLow = "suspense_too_low", 409, "So much is not in suspense under that reference", "Take at most available; look at GET /v1/admin/suspense.", false;
    WithdrawalUnknown = "withdrawal_unknown", 404, "There is no such withdrawal", "Look it up at GET /v1/admin/withdrawals.", false;
    WithdrawalNotInReview = "withdrawal_not_in_review", 409, "The withdrawal waits for no approval", "Look at GET /v1/admin/withdrawals?status=waiting; one whose money is not held yet is there in a moment.", false;
    WithdrawalAnsweredBefore = "withdrawal_answered_before", 409, "The withdrawal was approved by two persons or declined before", "Look at GET /v1/admin/withdrawals/{id}.", false;
    ApprovedBefore = "approved_before", 409, "Nobody approves twice", "Ask another person with the role operator or compliance.", false;
    SourceNotOwner = "source_not_owner", 409, "The market belongs to another feed source", "Only the source that offered it may change it.", false;
    SequenceRepeated = "sequence_repeated", 409, "The message was taken before", "Go on with the sequence after last.", false;
    CaseAlreadyClosed = "case_already_closed", 409, "The case was closed before", "Nothing is left to do.", false;
    CommandRefused = "command_refused", 409, "The command was refused", "Look at detail.", false;

    PayloadTooLarge = "payload_too_large", 413, "The body is too large", "Send less at once.", false;
    MediaTypeUnsupported = "media_type_unsupported", 415, "The body's media type is not taken", "Send application/json (feeds: application/x-ndjson).", false;
    IdempotencyKeyReused = "idempotency_key_reused", 422, "The key was used for another request", "Use a new key for a new intention.", false;
    UpgradeRequired = "upgrade_required", 426, "This address speaks WebSocket", "Open it with a WebSocket client.", false;
    RateLimited = "rate_limited", 429, "Too many requests", "Wait as long as Retry-After says.", true;
    SignInBlocked = "sign_in_blocked", 429, "Too many failed sign-ins", "Wait as long as Retry-After says.", true;

    Internal = "internal", 500, "Something went wrong here", "Report request_id to the house. A money request may be asked again with the same key.", true;
    OutcomeUnknown = "outcome_unknown", 503, "The outcome is not known yet", "Ask again with the same key; it can never happen twice.", true;
    ViewBehind = "view_behind", 503, "The view has not reached that position yet", "Ask again after Retry-After.", true;
    ViewUnavailable = "view_unavailable", 503, "The view does not answer", "Ask again after Retry-After.", true;
    LogUnavailable = "log_unavailable", 503, "The log does not answer", "Ask again after Retry-After.", true;
    Overloaded = "overloaded", 503, "Too much to do", "Ask again after Retry-After.", true;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_statuses_are_errors() {
        let codes: BTreeSet<_> = Code::ALL.iter().map(|code| code.entry().code).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(code.status().as_u16(), code.entry().status);
            assert!(code.status().is_client_error() || code.status().is_server_error());
        }
    }
}
