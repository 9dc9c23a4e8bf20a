//! Placing bets.
//!
//! Duty: the slip's shape, the request's name, the wait for acceptance, and one rendering for
//! first and repeated answers. Prohibition: no rule about prices, stakes or markets is judged
//! here; bets does that, on the record.

use crate::answers::{json_response, mark_replayed};
use crate::app::App;
use crate::asking::{self, Answer, Request};
use crate::edge::RequestContext;
use crate::ending::{self, Last, Looked};
use crate::errors::Code;
use crate::extract::{ApiJson, Caller, Fields, MoneyBody, idempotency_key, prefer_wait};
use crate::picture::Picture;
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::{promotions, reoffers};
use crate::shapes::{Named, money};
use crate::ticket::Ticket;
use crate::{events, refusals, views};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{BetId, CustomerId, Money, Price, SelectionId, Timestamp, Topic, TopicPartition};
use schemas::bets::{
    BetPlaced, BetType, Command, Leg, PartAccepted, PlaceBet, PlaceFundedSlip, PlaceSlip,
    PlaceSlipSaying, PricePolicy, Slip, SlipOptions, SlipWord,
};
use schemas::promotions::StakeSource;
use schemas::rows::{BetAcceptedRow, BetStatus, BetStatusRow, table};
use schemas::{Cause, Decision};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout_at;

/// More legs than this are nobody's slip.
const LEGS_MAX: usize = 50;
/// Between two looks at a bet whose first request was another one.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The body of a placement.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlipBody {
    r#type: String,
    /// Of a system, how many legs its lines have.
    #[serde(default)]
    sizes: Vec<u8>,
    legs: Vec<LegBody>,
    stake: MoneyBody,
    #[serde(default)]
    price_policy: Option<String>,
    #[serde(default)]
    each_way: bool,
    /// Less may be taken than is asked for.
    #[serde(default)]
    accept_partial: bool,
    #[serde(default)]
    client_ref: Option<String>,
    /// A token that pays.
    #[serde(default)]
    free_bet: Option<String>,
    /// Whether bonus money pays.
    #[serde(default)]
    stake_source: Option<String>,
}

/// One leg of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LegBody {
    selection_id: String,
    price: String,
    market_version: u64,
    #[serde(default)]
    starting_price: bool,
}

/// One leg whose values hold.
struct LegAsked {
    selection: SelectionId,
    price: Price,
    market_version: u64,
    starting_price: bool,
}

/// A slip whose values hold; its selections are not looked up yet.
struct SlipAsked {
    bet_type: BetType,
    sizes: Vec<u8>,
    legs: Vec<LegAsked>,
    stake: Money,
    price_policy: PricePolicy,
    each_way: bool,
    accept_partial: bool,
    client_ref: Option<String>,
    source: Option<StakeSource>,
}

impl SlipBody {
    fn checked(self) -> Result<SlipAsked, Problem> {
        let mut fields = Fields::default();
        if self.legs.is_empty() || self.legs.len() > LEGS_MAX {
            fields.wrong(
                "/legs",
                format!("between 1 and {LEGS_MAX} legs are expected"),
            );
        }
        let bet_type = fields.named("/type", &self.r#type);
        if self.sizes.len() > LEGS_MAX {
            fields.wrong("/sizes", "more line sizes than a slip has legs");
        }
        let policy = self.price_policy.as_deref().unwrap_or("exact");
        let price_policy = fields.named("/price_policy", policy);
        if self
            .client_ref
            .as_ref()
            .is_some_and(|text| text.chars().count() > 64)
        {
            fields.wrong("/client_ref", "at most 64 characters are kept");
        }
        let stake = fields.money("/stake", &self.stake.amount, &self.stake.currency);
        let source = promotions::source(
            &mut fields,
            self.free_bet.as_deref(),
            self.stake_source.as_deref(),
        );
        if source.is_some() && self.accept_partial {
            fields.wrong(
                "/accept_partial",
                "a slip that a promotion pays for is taken whole: leave this out",
            );
        }
        let mut legs = Vec::with_capacity(self.legs.len());
        for (index, leg) in self.legs.iter().enumerate() {
            let at = format!("/legs/{index}");
            let selection = fields.parse(&format!("{at}/selection_id"), &leg.selection_id);
            let price = fields.parse(&format!("{at}/price"), &leg.price);
            if i64::try_from(leg.market_version).is_err() {
                fields.wrong(
                    format!("{at}/market_version"),
                    "no market has such a version",
                );
            }
            if let (Some(selection), Some(price)) = (selection, price) {
                legs.push(LegAsked {
                    selection,
                    price,
                    market_version: leg.market_version,
                    starting_price: leg.starting_price,
                });
            }
        }
        let slip =
            bet_type
                .zip(price_policy)
                .zip(stake)
                .map(|((bet_type, price_policy), stake)| SlipAsked {
                    bet_type,
                    sizes: self.sizes,
                    legs,
                    stake,
                    price_policy,
                    each_way: self.each_way,
                    accept_partial: self.accept_partial,
                    client_ref: self.client_ref,
                    source,
                });
        fields.finish(slip)
    }
}

impl SlipAsked {
    /// What counts as the same content.
    fn canonical(&self) -> Value {
        let legs: Vec<Value> = self
            .legs
            .iter()
            .map(|leg| {
                let price = leg.price.to_string();
                let plain = json!([leg.selection.to_string(), price, leg.market_version]);
                if leg.starting_price {
                    json!([plain, "starting price"])
                } else {
                    plain
                }
            })
            .collect();
        let mut content = json!({
            "type": self.bet_type.name(),
            "legs": legs,
            "stake": money(self.stake),
            "price_policy": self.price_policy.name(),
            "each_way": self.each_way,
            "client_ref": self.client_ref,
        });
        // What most slips do not say is left out, so that their digests stay what they were.
        if let (Some(content), false) = (content.as_object_mut(), self.sizes.is_empty()) {
            content.insert("sizes".to_owned(), json!(self.sizes));
        }
        if let (Some(content), true) = (content.as_object_mut(), self.accept_partial) {
            content.insert("accept_partial".to_owned(), json!(true));
        }
        if let (Some(content), Some(source)) = (content.as_object_mut(), &self.source) {
            content.insert("source".to_owned(), promotions::canonical(source));
        }
        content
    }

    /// What only some slips say.
    fn options(&self) -> Option<SlipOptions> {
        let starting_price: Vec<bool> = self.legs.iter().map(|leg| leg.starting_price).collect();
        let says_more = !self.sizes.is_empty() || starting_price.contains(&true);
        says_more.then(|| SlipOptions {
            sizes: self.sizes.clone(),
            starting_price,
        })
    }

    /// The command, with each selection's market and fixture.
    fn command(self, app: &App, bet: BetId, customer: CustomerId) -> Result<Command, Problem> {
        let view = app.market_view();
        let (options, source) = (self.options(), self.source.clone());
        let accept_partial = self.accept_partial;
        let mut legs = Vec::with_capacity(self.legs.len());
        for (index, asked) in self.legs.into_iter().enumerate() {
            let selection = asked.selection;
            let market = view.market_of(selection).ok_or_else(|| {
                Problem::new(Code::SelectionUnavailable)
                    .with("selection_id", json!(selection.to_string()))
                    .at(
                        format!("/legs/{index}/selection_id"),
                        "there is no such selection",
                    )
            })?;
            legs.push(Leg {
                selection,
                market: market.id,
                fixture: market.fixture,
                price: asked.price,
                market_version: asked.market_version,
            });
        }
        let slip = Slip {
            bet_type: self.bet_type,
            legs,
            stake: self.stake,
            price_policy: self.price_policy,
            each_way: self.each_way,
            client_ref: self.client_ref,
        };
        if accept_partial {
            let starting_price = vec![false; slip.legs.len()];
            let options = options.unwrap_or(SlipOptions {
                sizes: vec![],
                starting_price,
            });
            return Ok(Command::PlaceSlipSaying(PlaceSlipSaying {
                bet,
                customer,
                slip,
                options,
                words: vec![SlipWord::PartAccepted(PartAccepted {})],
            }));
        }
        if let Some(source) = source {
            let plain = SlipOptions {
                sizes: Vec::new(),
                starting_price: Vec::new(),
            };
            return Ok(Command::PlaceFundedSlip(PlaceFundedSlip {
                bet,
                customer,
                slip,
                options: options.unwrap_or(plain),
                source,
            }));
        }
        Ok(match options {
            None => Command::PlaceBet(PlaceBet {
                bet,
                customer,
                slip,
            }),
            Some(options) => Command::PlaceSlip(PlaceSlip {
                bet,
                customer,
                slip,
                options,
            }),
        })
    }
}

/// POST /v1/bets
pub(crate) async fn place(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(body): ApiJson<SlipBody>,
) -> Result<Response, Problem> {
    let started = app.now();
    let result = placed(&app, &caller, &headers, body).await;
    count(&app, started, &result);
    result
}

/// Counts the outcome of a placement.
pub(crate) fn count(app: &App, started: Timestamp, result: &Result<Response, Problem>) {
    match result {
        Ok(response) if response.status() == StatusCode::CREATED => {
            app.metrics.bet("accepted", "");
            let micros = app.now().since(started).micros();
            app.metrics.accepted(u64::try_from(micros).unwrap_or(0));
        }
        Ok(_) => app.metrics.bet("pending", ""),
        Err(problem) => app.metrics.bet("refused", problem.code().entry().code),
    }
}

async fn placed(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    body: SlipBody,
) -> Result<Response, Problem> {
    let slip = body.checked()?;
    let content = slip.canonical();
    let customer = caller.subject.customer;
    ask_and_follow(app, caller, headers, ("POST /v1/bets", &content), |bet| {
        slip.command(app, bet, customer)
    })
    .await
}

/// Asks for a slip of the caller's by one of the routes that place some, and follows it to its
/// acceptance.
pub(crate) async fn ask_and_follow(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    (route, content): (&str, &Value),
    command: impl FnOnce(BetId) -> Result<Command, Problem>,
) -> Result<Response, Problem> {
    let key = idempotency_key(headers)?;
    let wait = prefer_wait(headers).map_or(app.config.wait_default, |wait| {
        wait.min(app.config.wait_max)
    });
    let customer = caller.subject.customer;
    let request = Request {
        id: asking::request_id(customer, route, key),
        digest: asking::digest(content),
        correlation: caller.correlation(),
        inbox: Topic::BetsCommands,
        journal: Topic::BetsEvents,
        partition: customer.partition(),
    };
    let bet = BetId::from_bytes(app.mint.id(customer.partition()));
    let until = asking::until(wait);
    let deadline = asking::until(app.config.deadline).max(until);
    let answer = asking::ask(app, request, || command(bet)).await?;
    if let Some(refused) = refusals::rejection_of(&answer.decision, answer.replayed) {
        return Err(refused);
    }
    let Answer {
        decision,
        replayed,
        ticket,
    } = answer;
    let Some(placed) = events::of_bets(&decision)
        .iter()
        .find_map(events::placement)
    else {
        let told = events::reoffer(&decision, None);
        let problem = told.map_or_else(
            || Problem::new(Code::OutcomeUnknown),
            |told| refusals::recorded(reoffers::refusal(told, &decision), &decision, replayed),
        );
        return Err(problem);
    };
    let referred = events::of_bets(&decision).iter().find_map(events::referral);
    let last = match (replayed, ticket) {
        // No answer of a trader is waited for here.
        (false, _) if referred.is_some() => Last::Pending(referred.map(|(_, until)| until)),
        (false, Some(ticket)) => followed(&caller.context, placed.bet, ticket, until).await,
        (true | false, _) => timeout_at(deadline, looked_up(app, placed.bet, until))
            .await
            .unwrap_or_else(|_| Err(Problem::new(Code::LogUnavailable)))?,
    };
    render(app, &decision, placed, last, replayed)
}

/// Follows a bet on the tail until it is decided or the wait is over.
async fn followed(
    context: &RequestContext,
    bet: BetId,
    mut ticket: Ticket,
    until: tokio::time::Instant,
) -> Last {
    let mut pending_until = None;
    while let Ok(Some(decision)) = timeout_at(until, ticket.next()).await {
        for event in events::of_bets(&decision) {
            if events::decided_bet(event) == Some(bet) {
                return Last::Final(Arc::clone(&decision));
            }
            if let Some((delayed, end)) = events::delay(event)
                && delayed == bet
            {
                pending_until = Some(end);
                // From here on it is the delay that is waited for.
                if let Some(work) = &context.work {
                    work.done();
                }
            }
        }
    }
    Last::Pending(pending_until)
}

/// Looks a bet up in the view until it is decided or the wait is over.
async fn looked_up(app: &App, bet: BetId, until: tokio::time::Instant) -> Result<Last, Problem> {
    let journal = TopicPartition::new(Topic::BetsEvents, bet.partition());
    ending::looked_up(app, journal, until, LOOK_AGAIN, || way_of(app, bet)).await
}

/// What the view knows of a bet's way to acceptance.
async fn way_of(app: &App, bet: BetId) -> Result<Looked, Problem> {
    let key = bet.bytes().to_vec();
    let status: Option<BetStatusRow> = views::row(app, table::BET_STATUS, key.clone()).await?;
    let Some(status) = status else {
        return Ok(Looked::Pending(None));
    };
    let decided_at = match status.status {
        BetStatus::Pending => None,
        BetStatus::Rejected => Some(status.position),
        BetStatus::Accepted | BetStatus::Settled | BetStatus::CashedOut => {
            let row: Option<BetAcceptedRow> = views::row(app, table::BET_ACCEPTED, key).await?;
            row.map(|row| row.position)
        }
    };
    Ok(decided_at.map_or(Looked::Pending(status.pending_until), Looked::EndedAt))
}

/// The answer, from the placement and what decided it: the same bytes whenever it is given.
fn render(
    app: &App,
    decision: &Decision,
    placed: &BetPlaced,
    last: Last,
    replayed: bool,
) -> Result<Response, Problem> {
    let mut picture = Picture::placed(placed, decision.position).agreed(events::of_bets(decision));
    for event in events::of_bets(decision) {
        if events::followed_bet(event) == Some(placed.bet) {
            picture.take(event, decision.position, placed.placed_at);
        }
    }
    let (status, body) = match last {
        Last::Pending(until) => {
            let mut body = picture.to_json();
            // Without a stated delay it is a matter of moments: the command's own deadline.
            let until = until.unwrap_or_else(|| placed.placed_at.plus(moments(app)));
            body.insert("until".to_owned(), crate::shapes::time(until));
            (StatusCode::ACCEPTED, body)
        }
        Last::Final(last) => {
            for event in events::of_bets(&last) {
                if events::followed_bet(event) == Some(placed.bet) {
                    picture.take(event, last.position, last.header.decided_at);
                }
            }
            if let Some(rejection) = picture.rejection() {
                let problem = refusals::bet_rejection(rejection)
                    .with("id", json!(placed.bet.to_string()))
                    .with("position", json!(seen_with(&last).text()));
                let problem = match events::reoffer(&last, Some(placed.bet)) {
                    Some(told) => problem.with("reoffer", reoffers::to_json(told)),
                    None => problem,
                };
                return Err(refusals::recorded(problem, decision, replayed));
            }
            let mut body = picture.to_json();
            body.insert("position".to_owned(), json!(seen_with(&last).text()));
            if let Some(receipt) = receipt(app, placed, &last) {
                body.insert("receipt".to_owned(), receipt);
            }
            (StatusCode::CREATED, body)
        }
    };
    let location = format!("/v1/bets/{}", placed.bet);
    let mut response = json_response(status, &Value::Object(body));
    if let Ok(location) = location.parse() {
        response
            .headers_mut()
            .insert(axum::http::header::LOCATION, location);
    }
    mark_replayed(&mut response, replayed);
    Ok(response)
}

fn moments(app: &App) -> kernel::Duration {
    let micros = i64::try_from(app.config.deadline.as_micros()).unwrap_or(i64::MAX);
    kernel::Duration::from_micros(micros)
}

/// A decision's position, and that of the ledger's answer which it stands on: a balance read
/// with it shows the hold.
fn seen_with(decision: &Decision) -> Token {
    let mut token = Token::of(&[decision.position]);
    if let Some(Cause::Input(cause)) = decision.header.cause
        && cause.topic == Topic::LedgerEvents
    {
        token.see(cause);
    }
    token
}

/// A signed statement of the bet and where it stands.
fn receipt(app: &App, placed: &BetPlaced, last: &Decision) -> Option<Value> {
    let receipts = app.receipts.as_ref()?;
    let statement = json!({
        "bet": placed.bet.to_string(),
        "customer": placed.customer.to_string(),
        "stake": money(placed.stake),
        "position": last.position.to_string(),
        "prev": last.header.prev.map(|head| head.to_string()),
    })
    .to_string();
    let (key, signature) = receipts.sign(statement.as_bytes());
    Some(json!({
        "statement": statement,
        "key_id": key,
        "signature": URL_SAFE_NO_PAD.encode(signature),
    }))
}
