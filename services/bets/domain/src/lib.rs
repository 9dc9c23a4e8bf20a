//! The rules of betting slips, from placement to the last settlement, for one partition.
//!
//! Duty: judge slips and work out to the last fraction what they pay. Prohibition: no money moves
//! here (the ledger answers what bets records), no price is looked up, no clock is read: evidence
//! and time arrive with the command.
//!
//! Read [`Command`] for what is asked and [`Stage`] for a slip's life; after that one file a step:
//! place, reoffer (what is taken instead), part (less of it), hold, refer (traders), wait (in-play
//! delay and budget), result (settlement and rollback begin), cancellation (stretches of bets that
//! do not count), work (they go on), cash_out (a slip is sold back before its end). What is not the
//! customer's own cash is in `promotion`.

mod acceptance;
mod budget;
mod cancellation;
mod cash_out;
mod command;
mod customer;
mod event;
mod evidence;
mod evolve;
mod factor;
mod foresight;
mod hold;
mod liability;
mod market;
mod origin;
mod own_limit;
mod part;
mod place;
mod promotion;
mod refer;
mod rejection;
mod reoffer;
mod result;
pub mod settlement;
mod slip;
mod state;
mod strike;
mod tally;
mod terms;
mod wait;
mod work;

#[cfg(test)]
mod scenarios;

pub use acceptance::AcceptanceRules;
pub use cancellation::{Cancellation, CancelledBy, Window};
pub use cash_out::{
    CashOut, CashOutLegWorth, CashOutOffer, CashOutQuoted, CashOutRules, CashOutStanding,
    CashOutTaken, CashOutWorth, CashedOut, DelayedCashOut, LivePrice, QuoteCashOut,
    WHOLE_MILLIONTHS,
};
pub use command::{
    AcceptReoffer, AnswerReferral, Command, HoldOutcome, HouseRules, Notice, Place, Surroundings,
    TraderAnswer,
};
pub use customer::Customer;
pub use event::{
    BetPlaced, BetReferred, BetReoffered, Event, PartAgreed, ReferralAnswered, ReferralWord,
};
pub use evidence::{Asks, BookSum, Evidence, MarketStatus, Quote};
pub use factor::{FACTOR_MOST_PERMILLE, FactorScope, SetFactor};
pub use foresight::returned_by;
pub use liability::{Liability, OpenStakes};
pub use market::{Budget, Job, JobKind, Market, ResultDetail, ResultInForce};
pub use origin::PriceOrigin;
pub use own_limit::{LeftOfLimit, OwnLimit};
pub use promotion::{
    Bonus, Conversion, Division, FreeBet, Funding, FundingSource, Given, Grant, Granted, Promotion,
    PromotionEvent, Promotions, ReckonedSlip, Reckoning, StakeParts, StakeSource, Terms, reckon,
};
pub use rejection::{OfferedPrice, Rejection};
pub use reoffer::Reoffer;
pub use slip::{
    DecidedLeg, Names, PricePolicy, RequestedLeg, ReturnParts, SettlementInForce, Settlements,
    Shortage, Slip, SlipLeg, SlipOutcome, SlipRequest, Stage, StruckLeg,
};
pub use state::{State, StateParts, TimerKey};
pub use tally::{DayTally, Tally};
pub use terms::{LegTerms, Race, SlipTermsFixed};

use kernel::Decider;

/// The decider of one bets partition.
#[derive(Clone, Copy, Debug)]
pub struct Bets;

impl Decider for Bets {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn initial() -> State {
        State::default()
    }

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Rejection> {
        decide(state, command).map(|events| promotion::follow(state, events))
    }

    fn evolve(state: &mut State, event: &Event) {
        evolve::evolve(state, event);
    }
}

fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::Place(place) => reoffer::place(state, place, false),
        Command::AcceptReoffer(accept) => reoffer::accept(state, accept),
        Command::AnswerReferral(answer) => refer::answer(state, answer),
        Command::SetFactor(set) => factor::set(state, set),
        Command::QuoteCashOut(asked) => cash_out::decide_quote(state, asked),
        Command::CashOut(asked) => cash_out::decide_take(state, asked),
        Command::Notice { at, rules, notices } => Ok(notices
            .iter()
            .flat_map(|notice| notice_one(state, notice, *at, rules))
            .collect()),
        Command::EndWait { bet, now } => Ok(wait::decide(state, *bet, now)),
        Command::ContinueWork { at, slips_max } => Ok(work::decide(state, *at, *slips_max)),
        Command::Grant(grant) => promotion::decide_grant(state, grant),
        Command::EndBonus {
            customer,
            bonus,
            at,
        } => Ok(promotion::decide_lapse(state, *customer, *bonus, *at)),
    }
}

/// One piece of news. The news of one record concern different slips, markets or customers, so
/// that each can be judged on the state before all of them.
fn notice_one(
    state: &State,
    notice: &Notice,
    at: kernel::Timestamp,
    rules: &HouseRules,
) -> Vec<Event> {
    match notice {
        Notice::Hold { bet, outcome } => hold::decide(state, *bet, outcome, at, rules),
        Notice::Grant { market, total } => budget::note_grant(state, *market, *total),
        Notice::Recall {
            market,
            budget_each,
        } => budget::note_recall(state, *market, *budget_each),
        Notice::Results(results) => result::start_settlements(state, results),
        Notice::Rollback { market, result } => result::start_rollback(state, *market, *result),
        Notice::Cancellation {
            market,
            by,
            cancellation,
        } => cancellation::start(state, *market, *by, cancellation),
        Notice::Restoration { market, by } => cancellation::withdraw(state, *market, *by),
        Notice::StakeLimits {
            customer,
            per_slip,
            per_day,
        } => customer::note_stake_limits(state, *customer, *per_slip, *per_day),
        Notice::OwnLimit {
            customer,
            limit,
            amount,
        } => customer::note_own_limit(state, *customer, *limit, *amount),
        Notice::Exclusion { customer, until } => customer::note_exclusion(state, *customer, *until),
        Notice::Restriction {
            customer,
            stake_permille,
        } => customer::note_restriction(state, *customer, *stake_permille),
    }
}
