//! The life of one slip, asked in steps: placement, delay, suspension, results and what becomes of
//! them.
//!
//! Duty: play the steps on the decider that the book runs on, with a ledger that holds every stake
//! at once and a picture of the market that is always fresh; tell after each step where the slip
//! stands and what was paid or taken back. Prohibition: no rule is written here, and a life knows
//! one slip and its markets alone.

use super::question::{Life, LifeAsk, LifeSlip, Stretch};
use super::{Unanswerable, acceptance, price, read, slip, wrong};
use bets_domain::settlement::OddsFormat;
use bets_domain::{
    AcceptReoffer, AnswerReferral, Asks, Bets, BookSum, Cancellation, CancelledBy, CashOut,
    Command, Event, HoldOutcome, HouseRules, MarketStatus, Names, Notice, Place, Quote,
    QuoteCashOut, Rejection, RequestedLeg, ResultDetail, ResultInForce, SlipRequest, Stage,
    StakeSource, State, Surroundings, TraderAnswer, Window,
};
use kernel::{
    BetId, CashOutQuoteId, Currency, CustomerId, Decider, Duration, FixtureId, MarketId, Money,
    Price, SelectionId, Timestamp, Topic, TopicPartition,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ANN: CustomerId = CustomerId::example(1, 0);
/// Every market may risk so much: no life of one slip is about room.
const ROOM_MINOR: i64 = 1_000_000_000;
/// Slips have no more legs.
const LEGS_MAX: usize = 100;
/// More work than a slip can cause.
const ROUNDS_MAX: usize = 10_000;

/// The answers to the steps, in their order.
///
/// # Errors
/// A step asks nothing that there is, or a value in it cannot be.
pub fn play(question: &Value) -> Result<Vec<Value>, Unanswerable> {
    let life: Life = serde_json::from_value(question.clone())
        .map_err(|error| Unanswerable::NotAQuestion(error.to_string()))?;
    let mut played = Played::new(&life.slip)?;
    let steps = life.steps.iter();
    steps
        .map(|step| {
            let now = moment(step.at_s);
            if now < played.now {
                return Err(wrong("at_s")("time goes forward".to_owned()));
            }
            played.step(&step.ask, now)
        })
        .collect()
}

fn moment(secs: i64) -> Timestamp {
    Timestamp::from_millis(secs.saturating_mul(1_000))
}

/// A slip, its markets, and what has happened so far.
struct Played {
    state: State,
    now: Timestamp,
    request: SlipRequest,
    quotes: Vec<Quote>,
    /// By leg, the number of the last result.
    results: Vec<u32>,
    bet: BetId,
    /// How many slips there were: a re-offer that is accepted is another one.
    bets: u64,
    end: Option<&'static str>,
    reoffered: Option<Money>,
    /// How many quotes for cashing out were asked for: each has a number.
    quotes_asked: u64,
    offered: Option<Money>,
}

impl Played {
    fn new(asked: &LifeSlip) -> Result<Self, Unanswerable> {
        if asked.legs.is_empty() || asked.legs.len() > LEGS_MAX {
            return Err(wrong("legs")(format!("there are 1 to {LEGS_MAX}")));
        }
        let legs = asked.legs.iter().zip(1..);
        let seen: Vec<(RequestedLeg, Quote)> = legs
            .map(|(leg, number)| {
                let at = price("price", &leg.price)?;
                let quote = quote(number, leg.fixture, at, leg.in_play_delay_s);
                Ok((requested(number, at, &quote), quote))
            })
            .collect::<Result<_, Unanswerable>>()?;
        let (legs, quotes): (Vec<_>, Vec<_>) = seen.into_iter().unzip();
        let request = SlipRequest {
            bet_type: read("type", &asked.r#type)?,
            sizes: slip::sizes(asked.sizes.as_deref())?,
            legs,
            unit_stake: Money::from_minor(asked.unit_stake_minor, Currency::Eur),
            price_policy: acceptance::policy(&asked.policy)?,
            each_way: false,
            client_ref: None,
            accepts_part: asked.accepts_part,
        };
        Ok(Self {
            state: Bets::initial(),
            now: moment(0),
            request,
            results: vec![0; quotes.len()],
            quotes,
            bet: BetId::example(1, 0),
            bets: 1,
            end: None,
            reoffered: None,
            quotes_asked: 0,
            offered: None,
        })
    }

    fn step(&mut self, ask: &LifeAsk, now: Timestamp) -> Result<Value, Unanswerable> {
        // What was refused of a slip that lives is over with the step that asked for it.
        self.end = self.end.filter(|_| self.state.slip(self.bet).is_none());
        let mut moved = self.pass_time(now)?;
        let asked = match ask {
            LifeAsk::Wait => None,
            LifeAsk::Suspend { leg } => self.show(*leg, MarketStatus::Suspended)?,
            LifeAsk::Resume { leg } => self.show(*leg, MarketStatus::Open)?,
            LifeAsk::Price { leg, is } => self.show_price(*leg, price("is", is)?)?,
            LifeAsk::Place => Some(self.placement()),
            LifeAsk::AcceptReoffer => Some(self.acceptance_of_reoffer()),
            LifeAsk::Trader {
                says,
                unit_stake_minor,
            } => Some(self.trader(says, *unit_stake_minor)?),
            LifeAsk::Quote => Some(self.question_of_worth()),
            LifeAsk::Sell { millionths } => Some(self.sale(*millionths)),
            LifeAsk::Result { leg, is } => Some(self.result(*leg, is)?),
            LifeAsk::Rollback { leg, result } => Some(self.notice(Notice::Rollback {
                market: self.market(*leg)?,
                result: *result,
            })),
            LifeAsk::Cancel { leg, stretch } => Some(self.cancellation(*leg, stretch)?),
            LifeAsk::Restore { leg, stretch } => Some(self.notice(Notice::Restoration {
                market: self.market(*leg)?,
                by: CancelledBy::Source(window(stretch)),
            })),
        };
        if let Some(command) = asked {
            moved = moved.saturating_add(self.take(&command)?);
            moved = moved.saturating_add(self.pass_time(now)?);
        }
        Ok(self.shown(moved))
    }

    fn leg_index(&self, leg: usize) -> Result<usize, Unanswerable> {
        leg.checked_sub(1)
            .filter(|index| *index < self.quotes.len())
            .ok_or_else(|| wrong("leg")(format!("legs are 1 to {}", self.quotes.len())))
    }

    fn market(&self, leg: usize) -> Result<MarketId, Unanswerable> {
        let quote = self.quotes.get(self.leg_index(leg)?);
        quote
            .map(|quote| quote.market)
            .ok_or_else(|| wrong("leg")("there is none".to_owned()))
    }

    fn quote(&mut self, leg: usize) -> Result<&mut Quote, Unanswerable> {
        let index = self.leg_index(leg)?;
        self.quotes
            .get_mut(index)
            .ok_or_else(|| wrong("leg")("there is none".to_owned()))
    }

    /// The market's picture says something else from now on; the book is asked nothing.
    fn show(&mut self, leg: usize, status: MarketStatus) -> Result<Option<Command>, Unanswerable> {
        let quote = self.quote(leg)?;
        quote.version = quote.version.saturating_add(1);
        if status == MarketStatus::Open && quote.status != MarketStatus::Open {
            quote.open_since = quote.version;
        }
        quote.status = status;
        Ok(None)
    }

    fn show_price(&mut self, leg: usize, at: Price) -> Result<Option<Command>, Unanswerable> {
        let quote = self.quote(leg)?;
        quote.version = quote.version.saturating_add(1);
        quote.price = Some(at);
        Ok(None)
    }

    /// Fresh evidence of all legs.
    fn surroundings(&self) -> Surroundings {
        let seen = self.quotes.iter().zip(1..).map(|(quote, number)| {
            let seen_at = Some(self.now);
            let quote = Quote {
                seen_at,
                ..quote.clone()
            };
            (SelectionId::example(number, 0), quote)
        });
        Surroundings {
            at: self.now,
            evidence: seen.collect(),
            rules: HouseRules::default(),
        }
    }

    fn placement(&self) -> Command {
        Command::Place(Box::new(Place {
            bet: self.bet,
            customer: ANN,
            slip: self.request.clone(),
            source: StakeSource::Cash,
            now: self.surroundings(),
        }))
    }

    fn acceptance_of_reoffer(&mut self) -> Command {
        let reoffer = self.bet;
        self.bets = self.bets.saturating_add(1);
        self.bet = BetId::example(self.bets, 0);
        Command::AcceptReoffer(Box::new(AcceptReoffer {
            bet: self.bet,
            customer: ANN,
            reoffer,
            now: self.surroundings(),
        }))
    }

    fn trader(&self, says: &str, unit_stake_minor: Option<i64>) -> Result<Command, Unanswerable> {
        let named = unit_stake_minor.map(|minor| Money::from_minor(minor, Currency::Eur));
        let answer = match (says, named) {
            ("accept", unit_stake) => TraderAnswer::Accept { unit_stake },
            ("decline", None) => TraderAnswer::Decline,
            ("offer", Some(unit_stake)) => TraderAnswer::Offer { unit_stake },
            (other, _) => {
                let reason = format!("{other:?} is not accept, decline, or offer with a stake");
                return Err(wrong("says")(reason));
            }
        };
        Ok(Command::AnswerReferral(Box::new(AnswerReferral {
            bet: self.bet,
            answer,
            by: "trader".to_owned(),
            reason: "a life".to_owned(),
            now: self.surroundings(),
        })))
    }

    fn question_of_worth(&mut self) -> Command {
        self.quotes_asked = self.quotes_asked.saturating_add(1);
        Command::QuoteCashOut(Box::new(QuoteCashOut {
            bet: self.bet,
            customer: ANN,
            quote: CashOutQuoteId::example(self.quotes_asked, 0),
            now: self.surroundings(),
        }))
    }

    /// By the newest quote.
    fn sale(&self, fraction_millionths: u32) -> Command {
        Command::CashOut(Box::new(CashOut {
            bet: self.bet,
            customer: ANN,
            quote: CashOutQuoteId::example(self.quotes_asked, 0),
            fraction_millionths,
            now: self.surroundings(),
        }))
    }

    fn result(&mut self, leg: usize, is: &str) -> Result<Command, Unanswerable> {
        let outcome = read("is", is)?;
        let index = self.leg_index(leg)?;
        let market = self.market(leg)?;
        self.show(leg, MarketStatus::Closed)?;
        let number = self.results.get_mut(index).map_or(1, |last| {
            *last = last.saturating_add(1);
            *last
        });
        let result = ResultInForce {
            number,
            outcomes: BTreeMap::from([(selection(leg), outcome)]),
            detail: ResultDetail::default(),
        };
        Ok(self.notice(Notice::Results(BTreeMap::from([(market, result)]))))
    }

    fn cancellation(&mut self, leg: usize, stretch: &Stretch) -> Result<Command, Unanswerable> {
        let market = self.market(leg)?;
        Ok(self.notice(Notice::Cancellation {
            market,
            by: CancelledBy::Source(window(stretch)),
            cancellation: Cancellation {
                window: window(stretch),
                prices_from: BTreeMap::new(),
                reason: "cancelled".to_owned(),
            },
        }))
    }

    fn notice(&self, notice: Notice) -> Command {
        Command::Notice {
            at: self.now,
            rules: HouseRules::default(),
            notices: vec![notice],
        }
    }

    /// Decides, folds, and lets the ledger answer. What the events pay, and what they take back.
    fn take(&mut self, command: &Command) -> Result<i64, Unanswerable> {
        let events = match Bets::decide(&self.state, command) {
            Ok(events) => events,
            Err(rejection) => {
                self.end = Some(code(&rejection)?);
                return Ok(0);
            }
        };
        let mut moved: i64 = 0;
        for event in &events {
            Bets::evolve(&mut self.state, event);
            moved = moved.saturating_add(self.note(event)?);
        }
        if events
            .iter()
            .any(|event| matches!(event, Event::BetPlaced(_)))
        {
            let held = self.notice(Notice::Hold {
                bet: self.bet,
                outcome: HoldOutcome::Held,
            });
            moved = moved.saturating_add(self.take(&held)?);
        }
        Ok(moved)
    }

    /// What the answers tell of an event.
    fn note(&mut self, event: &Event) -> Result<i64, Unanswerable> {
        if let Event::BetPlaced(_) = event {
            (self.end, self.reoffered) = (None, None);
        }
        if let Event::BetRejected { rejection, .. } = event {
            self.end = Some(code(rejection)?);
        }
        if let Event::BetReoffered(told) = event {
            self.end = Some(code(&told.why)?);
            self.reoffered = Some(told.slip.unit_stake);
        }
        if let Event::CashOutQuoted(quoted) = event {
            self.offered = Some(quoted.amount);
        }
        if let Event::CashOutRefused { rejection, .. } = event {
            self.end = Some(code(rejection)?);
        }
        if let Event::CashedOut(sold) = event {
            self.offered = None;
            return Ok(sold.amount.minor());
        }
        if let Event::BetSettled { returned, .. } = event {
            return Ok(returned.minor());
        }
        if let Event::SettlementReversed { returned, .. } = event {
            return Ok(returned.minor().saturating_neg());
        }
        Ok(0)
    }

    /// Timers that are due and work that waits, as the owner of a partition lets them happen.
    fn pass_time(&mut self, until: Timestamp) -> Result<i64, Unanswerable> {
        let mut moved: i64 = 0;
        for _ in 0..ROUNDS_MAX {
            let due = self.state.next_timer().filter(|(due, _)| *due <= until);
            let command = if self.state.next_job().is_some() {
                Command::ContinueWork {
                    at: self.now,
                    slips_max: 1,
                }
            } else if let Some(timer) = due {
                self.now = self.now.max(timer.0);
                Command::EndWait {
                    bet: self.bet,
                    now: self.surroundings(),
                }
            } else {
                break;
            };
            moved = moved.saturating_add(self.take(&command)?);
        }
        self.now = until;
        Ok(moved)
    }

    fn shown(&self, moved: i64) -> Value {
        let slip = self.state.slip(self.bet);
        let settled = slip.and_then(|slip| match slip.stage {
            Stage::Accepted(settlements) => Some(settlements),
            Stage::AwaitingHold { .. }
            | Stage::Held { .. }
            | Stage::Delayed { .. }
            | Stage::Referred { .. }
            | Stage::CashedOut => None,
        });
        let in_force = settled.and_then(|settlements| settlements.in_force);
        let state = match slip.map(|slip| &slip.stage) {
            None if self.end.is_some() => "rejected",
            None => "unknown",
            Some(Stage::Referred { .. }) => "referred",
            Some(Stage::AwaitingHold { .. } | Stage::Held { .. } | Stage::Delayed { .. }) => {
                "pending"
            }
            Some(Stage::Accepted(_)) if in_force.is_some() => "settled",
            Some(Stage::Accepted(_)) => "accepted",
            Some(Stage::CashedOut) => "cashed_out",
        };
        let struck = slip.filter(|_| settled.is_some()).map(|slip| {
            let prices = slip.legs.iter().map(|leg| leg.struck.price);
            let exact = prices.map(|at| OddsFormat::Decimal.exact(at).to_string());
            exact.collect::<Vec<_>>()
        });
        json!({
            "state": state,
            "refused": self.end,
            "reoffered_minor": self.reoffered.map(Money::minor),
            "offer_minor": self.offered.map(Money::minor),
            "stake_minor": slip.map(|slip| slip.stake.minor()),
            "struck": struck,
            "settlement": settled.map(|settlements| settlements.last),
            "outcome": in_force.map(|settlement| super::word(settlement.outcome)),
            "return_minor": in_force.map(|settlement| settlement.returned.minor()),
            "moved_minor": moved,
        })
    }
}

fn selection(leg: usize) -> SelectionId {
    SelectionId::example(u64::try_from(leg).unwrap_or(u64::MAX), 0)
}

fn window(stretch: &Stretch) -> Window {
    Window {
        from: stretch.from_s.map(moment),
        until: stretch.until_s.map(moment),
    }
}

/// The picture of a leg's market at the beginning.
fn quote(number: u64, fixture: Option<u64>, at: Price, in_play_delay_s: Option<i64>) -> Quote {
    Quote {
        market: MarketId::example(number, 0),
        fixture: FixtureId::example(fixture.unwrap_or(number), 0),
        sport: "football".to_owned(),
        market_kind: "match_result".to_owned(),
        status: MarketStatus::Open,
        version: 1,
        open_since: 1,
        price: Some(at),
        in_play: in_play_delay_s.is_some(),
        bet_delay: Duration::from_secs(in_play_delay_s.unwrap_or(0)),
        budget_each: Money::from_minor(ROOM_MINOR, Currency::Eur),
        exposure_max: Money::from_minor(ROOM_MINOR, Currency::Eur),
        seen_at: None,
        position: TopicPartition::new(Topic::OddsEvents, 0).at(1),
        names: Names::default(),
        asks: Asks::Outcome,
        origin: None,
        // A fair book: a quote's only margin is that of cashing out.
        book: Some(BookSum {
            sum_billionths: 1_000_000_000,
            reformed_at: 0,
        }),
    }
}

/// The leg as the customer sees it at the beginning.
fn requested(number: u64, at: Price, quote: &Quote) -> RequestedLeg {
    RequestedLeg {
        selection: SelectionId::example(number, 0),
        market: quote.market,
        fixture: quote.fixture,
        price: at,
        market_version: quote.version,
        starting_price: false,
    }
}

/// The broken rule as the API names it.
fn code(rejection: &Rejection) -> Result<&'static str, Unanswerable> {
    Ok(match rejection {
        Rejection::PriceChanged { .. } => "price_changed",
        Rejection::MarketSuspended { .. } => "market_suspended",
        Rejection::MarketClosed { .. } => "market_closed",
        Rejection::SelectionUnavailable { .. } => "selection_unavailable",
        Rejection::StakeAboveLimit { .. } => "stake_above_limit",
        Rejection::StakeBelowMinimum { .. } => "stake_below_minimum",
        Rejection::LegsRelated { .. } => "legs_related",
        Rejection::LegsDoNotFitType { .. } => "legs_do_not_fit_type",
        Rejection::SizesDoNotFit { .. } => "sizes_do_not_fit",
        Rejection::ReofferUnknown { .. } => "reoffer_unknown",
        Rejection::ReofferExpired { .. } => "reoffer_expired",
        Rejection::ReofferTaken { .. } => "reoffer_taken",
        Rejection::ReferralUnknown { .. } => "referral_unknown",
        Rejection::ReferralDeclined => "referral_declined",
        Rejection::ReferralLapsed => "referral_lapsed",
        Rejection::PartNotAgreed => "part_not_agreed",
        Rejection::BetUnknown => "bet_unknown",
        Rejection::BetNotOpen => "bet_not_open",
        Rejection::CashOutNotOffered => "cash_out_not_offered",
        Rejection::CashOutQuoteUnknown => "cash_out_quote_unknown",
        Rejection::CashOutQuoteExpired { .. } => "cash_out_quote_expired",
        Rejection::CashOutValueFell { .. } => "cash_out_value_fell",
        Rejection::CashOutPending { .. } => "cash_out_pending",
        Rejection::CashOutTooSmall => "cash_out_too_small",
        Rejection::PricesStale { .. }
        | Rejection::StakeAboveOwnLimit { .. }
        | Rejection::InsufficientFunds { .. }
        | Rejection::CustomerExcluded { .. }
        | Rejection::CustomerRestricted
        | Rejection::ExposureReached { .. }
        | Rejection::EachWayNotOffered
        | Rejection::CurrencyMismatch { .. }
        | Rejection::StartingPriceNotOffered { .. }
        | Rejection::ScoreUnknown { .. }
        | Rejection::FactorNotAllowed { .. }
        | Rejection::AccountBlocked
        | Rejection::StakeNotHeld { .. }
        | Rejection::FreeBetUnknown { .. }
        | Rejection::FreeBetExpired { .. }
        | Rejection::FreeBetUsed { .. }
        | Rejection::PriceBelowMinimum { .. }
        | Rejection::BonusInsufficient { .. }
        | Rejection::GrantNotAllowed { .. }
        | Rejection::GrantEnded { .. }
        | Rejection::PromotionalInWhole { .. } => {
            return Err(wrong("ask")(format!("no life comes to this: {rejection}")));
        }
    })
}
