//! What can be asked of odds, with all that the answers depend on.
//!
//! Duty: the closed list of inputs in the domain's own types. Prohibition: no encoding; the
//! edge's codec joins these to the wire.

use crate::explain::{ModelOpinion, SelectionExposure};
use crate::outcome::{Line, Score};
use crate::question::GoalQuestion;
use crate::ruling::Mistake;
use kernel::{Duration, FixtureId, MarketId, Money, Price, SelectionId, Timestamp};

/// One input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A feed source says something.
    ApplyFeedMessage(FeedMessage),
    /// An operator stops betting on a market.
    SuspendMarket {
        /// Which.
        market: MarketId,
        /// Why, in the operator's words.
        reason: String,
        /// Who.
        by: String,
    },
    /// An operator lets betting go on.
    ResumeMarket {
        /// Which.
        market: MarketId,
        /// Why, in the operator's words.
        reason: String,
        /// Who.
        by: String,
    },
    /// An operator gives a market's result.
    ResultMarket {
        /// Which.
        market: MarketId,
        /// What became of each selection.
        outcomes: Vec<SelectionResult>,
        /// Why, in the operator's words.
        reason: String,
        /// Who.
        by: String,
    },
    /// An operator takes a result back.
    RollBackResult {
        /// Which.
        market: MarketId,
        /// Why, in the operator's words.
        reason: String,
        /// Who.
        by: String,
    },
    /// One person says which prices were obviously wrong.
    ProposeRuling {
        /// On which market.
        market: MarketId,
        /// What was wrong.
        mistake: Mistake,
        /// Who.
        by: String,
        /// Now.
        at: Timestamp,
    },
    /// Another person agrees.
    ApproveRuling {
        /// On which market.
        market: MarketId,
        /// The ruling's number there.
        ruling: u32,
        /// Why, in that person's words.
        reason: String,
        /// Who.
        by: String,
        /// Now.
        at: Timestamp,
    },
    /// An operator withdraws a selection.
    WithdrawSelection {
        /// Of which market.
        market: MarketId,
        /// Which.
        selection: SelectionId,
        /// Since when.
        withdrawn_at: Timestamp,
        /// Why, in the operator's words.
        reason: String,
        /// Who.
        by: String,
    },
    /// The desk says what each selection of a market would cost; prices lean against it.
    LeanBook {
        /// Which market.
        market: MarketId,
        /// What each selection would cost; none: lean no more.
        exposures: Vec<SelectionExposure>,
        /// Who says so.
        by: String,
    },
    /// An operator says what is known of a race.
    StateRace {
        /// All that is known.
        race: RaceDescription,
        /// Why, in the operator's words.
        reason: String,
        /// Who.
        by: String,
    },
    /// An operator gives a market's result as a score.
    ResultFromScore {
        /// Of which market.
        market: MarketId,
        /// The score that decides it.
        score: Score,
        /// Why, in the operator's words.
        reason: String,
        /// Who.
        by: String,
    },
    /// An operator lets a market lean by itself, or no more.
    SetLeaning {
        /// Which market.
        market: MarketId,
        /// By how much an exposure moves before prices lean anew, in minor units; none: they lean no
        /// more by themselves.
        step_minor: Option<i64>,
        /// Who.
        by: String,
    },
    /// A bets partition told what stands on selections of markets here.
    NoteStakes {
        /// Which partition of bets.
        bets_partition: u16,
        /// What stands there now.
        standing: Vec<StandingStakes>,
    },
    /// A bets partition asked for budget or returned some.
    NoteBudgets {
        /// Which partition of bets.
        bets_partition: u16,
        /// How many partitions bets has.
        bets_partitions: u16,
        /// What it asked or returned, in its order.
        notes: Vec<BudgetNote>,
        /// What stands there now, if it was told in the same breath.
        standing: Vec<StandingStakes>,
    },
    /// The heartbeat is due.
    SendHeartbeat {
        /// Now.
        at: Timestamp,
    },
    /// A source has been silent for too long.
    NoteSilence {
        /// Which.
        source: String,
    },
    /// The next markets of a source in doubt are to be suspended.
    SuspendDoubted {
        /// Which source.
        source: String,
    },
}

/// One message of a feed source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedMessage {
    /// Who says it.
    pub source: String,
    /// Its count of messages to this partition, from 1.
    pub sequence: u64,
    /// When it was said.
    pub published_at: Timestamp,
    /// What is said.
    pub update: Update,
}

/// What a feed source says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// It lives.
    Alive,
    /// A fixture exists or has changed.
    AnnounceFixture(FixtureDescription),
    /// A fixture moves on.
    ProgressFixture(FixtureProgress),
    /// A market exists.
    OfferMarket(MarketOffer),
    /// All prices of a market.
    QuoteBook {
        /// Which.
        market: MarketId,
        /// Selections that are missing have no price.
        prices: Vec<SelectionPrice>,
    },
    /// All prices of a market, with the opinion of the model that they come from.
    QuoteFromModel {
        /// Which.
        market: MarketId,
        /// Selections that are missing have no price.
        prices: Vec<SelectionPrice>,
        /// What the model thought.
        model: ModelOpinion,
    },
    /// Stop betting.
    Suspend {
        /// Where.
        fixture: FixtureId,
        /// One market, or all of the fixture.
        market: Option<MarketId>,
        /// Why.
        reason: FeedSuspension,
    },
    /// Go on betting.
    Resume {
        /// Where.
        fixture: FixtureId,
        /// One market, or all of the fixture.
        market: Option<MarketId>,
    },
    /// In play from here.
    TurnInPlay {
        /// Which.
        market: MarketId,
        /// By how much acceptance is delayed.
        bet_delay: Duration,
    },
    /// No further bets for good.
    Close {
        /// Which.
        market: MarketId,
    },
    /// The result.
    Settle {
        /// Which.
        market: MarketId,
        /// What became of each selection.
        outcomes: Vec<SelectionResult>,
    },
    /// The last result was wrong.
    RollBack {
        /// Which.
        market: MarketId,
        /// Why.
        reason: String,
    },
    /// A selection takes no part any more.
    Withdraw(Withdrawal),
    /// The result as known so far. Words on a result count in the order in which they were said,
    /// not in that of their arrival.
    StateResult {
        /// Which.
        market: MarketId,
        /// What became of each selection.
        outcomes: Vec<SelectionResult>,
        /// How sure that is.
        certainty: Certainty,
    },
    /// What was stated before this moment does not stand, whether it was heard or not.
    WithdrawResult {
        /// Which.
        market: MarketId,
        /// Why.
        reason: String,
    },
    /// Bets struck within the window do not count.
    CancelBets {
        /// On which market.
        market: MarketId,
        /// When.
        window: Window,
        /// Why.
        reason: String,
    },
    /// The cancellation of that window does not stand, whether it was heard or not.
    RestoreBets {
        /// On which market.
        market: MarketId,
        /// The window of the cancellation.
        window: Window,
    },
    /// What is known of a race.
    DescribeRace(RaceDescription),
    /// The result of a market about goals, as the score that decides it.
    SettleFromScore {
        /// Which.
        market: MarketId,
        /// The score.
        score: Score,
    },
    /// The source knows that it is not up to date.
    GoDown {
        /// Why.
        reason: String,
    },
    /// The source has said again all that was missed.
    ComeUp,
    /// What the source said just before did not reach the house.
    MissMessages,
}

/// A selection that takes no part any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Of which market.
    pub market: MarketId,
    /// Which.
    pub selection: SelectionId,
    /// Since when, as the source says.
    pub withdrawn_at: Timestamp,
    /// An exchange's reduction factor, in hundredths of a percent.
    pub reduction: Option<u32>,
}

/// What is known of a market that asks who wins a race.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaceDescription {
    /// Which market.
    pub market: MarketId,
    /// Whether it is a handicap.
    pub handicap: bool,
    /// Place terms that do not go by the runners.
    pub fixed: Option<PlaceOffer>,
    /// Where selections came in; empty: not told, and what was told before stays.
    pub placings: Vec<Placing>,
    /// The prices at the start, once they are known; empty: as for the placings.
    pub starting_prices: Vec<SelectionPrice>,
}

/// So many places, at this part of the winnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceOffer {
    /// So many places.
    pub places: u16,
    /// The upper number of the part.
    pub numerator: u16,
    /// The lower number of the part.
    pub denominator: u16,
}

/// Where a selection came in, and how many shared the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placing {
    /// Which.
    pub selection: SelectionId,
    /// 1 for the first; who ties shares the better number.
    pub place: u16,
    /// How many share it, this one included.
    pub tied: u16,
}

/// How sure a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// As scouts saw it.
    Live,
    /// As the organiser confirmed it.
    Confirmed,
}

/// A stretch of time; both bounds belong to it, and a side without a bound is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// The first instant.
    pub from: Option<Timestamp>,
    /// The last instant.
    pub until: Option<Timestamp>,
}

impl Window {
    /// Whether the instant lies in it.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at <= until)
    }
}

/// Why a feed's message stops betting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedSuspension {
    /// The source said so; only the source lets it go on.
    Stated(String),
    /// Messages of the source are missing: its next word on the market ends the doubt. Only desks of an older furlong
    /// say so of one market; ours says it of the source, which puts all its markets in doubt.
    MessagesMissing,
}

/// A fixture in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixtureDescription {
    /// Its id.
    pub fixture: FixtureId,
    /// Who plays.
    pub name: String,
    /// What is played.
    pub sport: String,
    /// When it begins.
    pub starts_at: Timestamp,
}

/// Where a fixture stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixtureProgress {
    /// Its id.
    pub fixture: FixtureId,
    /// Before, in, after.
    pub status: FixtureStatus,
    /// Goals so far, if told.
    pub score: Option<Score>,
    /// Minutes played, if told.
    pub minute: Option<u16>,
}

/// Before, in, after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixtureStatus {
    /// Not begun.
    Scheduled,
    /// Being played.
    InPlay,
    /// Over.
    Finished,
    /// Will not be played, or counts for nothing.
    Cancelled,
}

/// A market, before it has prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketOffer {
    /// Its id.
    pub market: MarketId,
    /// Its fixture.
    pub fixture: FixtureId,
    /// What people read.
    pub name: String,
    /// What is asked.
    pub kind: MarketKind,
    /// The answers.
    pub selections: Vec<NamedSelection>,
    /// What may be risked on it.
    pub exposure: ExposureTerms,
    /// By how much an exposure moves before prices lean anew, in minor units; none: they do not lean
    /// by themselves.
    pub lean_step_minor: Option<i64>,
}

/// What a market asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarketKind {
    /// Home, draw or away.
    MatchResult,
    /// More or fewer goals than the line.
    TotalGoals(Line),
    /// The home side with the line added.
    AsianHandicap(Line),
    /// One of many wins.
    Winner,
    /// Whether both sides score.
    BothToScore,
    /// Which score, each side up to so many goals, or any other.
    CorrectScore(u16),
    /// Home, draw or away with whole goals added to the home side.
    EuropeanHandicap(i32),
}

impl MarketKind {
    /// What it asks about the goals of a match, if it does.
    #[must_use]
    pub const fn question(self) -> Option<GoalQuestion> {
        match self {
            Self::MatchResult => Some(GoalQuestion::Result),
            Self::TotalGoals(line) => Some(GoalQuestion::Total(line)),
            Self::AsianHandicap(line) => Some(GoalQuestion::AsianHandicap(line)),
            Self::BothToScore => Some(GoalQuestion::BothToScore),
            Self::CorrectScore(most) => Some(GoalQuestion::CorrectScore(most)),
            Self::EuropeanHandicap(goals) => Some(GoalQuestion::EuropeanHandicap(goals)),
            Self::Winner => None,
        }
    }
}

/// A selection and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedSelection {
    /// Its id.
    pub selection: SelectionId,
    /// What people read.
    pub name: String,
}

/// A selection and its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectionPrice {
    /// Which.
    pub selection: SelectionId,
    /// None: it cannot be bet on now.
    pub price: Option<Price>,
}

/// What stands on a selection in one partition of bets, in minor units of the market's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingStakes {
    /// The selection's market.
    pub market: MarketId,
    /// The selection.
    pub selection: SelectionId,
    /// The stakes of all slips with it that wait for a settlement.
    pub stakes_minor: i64,
    /// What they return if all their legs win.
    pub returns_minor: i64,
}

/// A selection and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectionResult {
    /// Which.
    pub selection: SelectionId,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It won.
    Won,
    /// It lost.
    Lost,
    /// It does not count; the stake is returned.
    Void,
    /// Half of the stake won, half is returned.
    HalfWon,
    /// Half of the stake lost, half is returned.
    HalfLost,
    /// So many tied for so many places.
    DeadHeat {
        /// Places left.
        places: u16,
        /// Selections that share them; more than there are places.
        tied: u16,
    },
}

/// What may be risked on a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExposureTerms {
    /// The most that the book may lose on it in all.
    pub exposure_max: Money,
    /// What each bets partition begins with.
    pub budget_each: Money,
}

/// What a bets partition says about its budget for a market. Totals are cumulative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetNote {
    /// It needs grants of so much in all, what it began with included.
    Requested {
        /// For which market.
        market: MarketId,
        /// The level of grants wished for.
        total: Money,
    },
    /// It has given back so much in all.
    Returned {
        /// For which market.
        market: MarketId,
        /// All that it ever returned.
        total: Money,
    },
}
