//! What the house would take instead of a slip that it refused.
//!
//! Duty: show it, and turn its acceptance into a command. Prohibition: the view only says of which
//! selections the owner needs to see the prices; whether the offer stands is the owner's matter.

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::extract::{ApiPath, ApiQuery, Caller, OneQuery, position};
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::placing;
use crate::shapes::{Named, money, time};
use crate::{refusals, views};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kernel::{BetId, Topic, TopicPartition};
use schemas::Decision;
use schemas::bets::{AcceptReoffer, BetReoffered, Command};
use schemas::rows::{ReofferRow, table};
use serde_json::{Value, json};

/// A re-offer as every address shows it.
pub(crate) fn to_json(told: &BetReoffered) -> Value {
    let starting = told.options.starting_price.iter().copied();
    let starting = starting.chain(std::iter::repeat(false));
    let legs: Vec<Value> = told
        .slip
        .legs
        .iter()
        .zip(starting)
        .map(|(leg, starting_price)| {
            json!({
                "selection_id": leg.selection.to_string(),
                "price": leg.price.to_string(),
                "market_version": leg.market_version,
                "starting_price": starting_price,
            })
        })
        .collect();
    json!({
        "id": told.bet.to_string(),
        "code": refusals::bet_rejection(&told.why).code().entry().code,
        "type": told.slip.bet_type.name(),
        "sizes": told.options.sizes,
        "legs": legs,
        "stake": money(told.slip.stake),
        "total_stake": money(told.stake),
        "potential_return": money(told.potential_return),
        "price_policy": told.slip.price_policy.name(),
        "each_way": told.slip.each_way,
        "expires_at": time(told.until),
        "accept": format!("/v1/bets/{}/reoffer/accept", told.bet),
    })
}

/// The refusal of a slip that was never placed, with what would be taken instead.
pub(crate) fn refusal(told: &BetReoffered, decision: &Decision) -> Problem {
    refusals::bet_rejection(&told.why)
        .with("position", json!(Token::of(&[decision.position]).text()))
        .with("reoffer", to_json(told))
}

/// What the view shows; somebody else's re-offer does not exist here.
async fn own(app: &App, caller: &Caller, refused: BetId) -> Result<Option<BetReoffered>, Problem> {
    let key = refused.bytes().to_vec();
    let row: Option<ReofferRow> = views::row(app, table::REOFFER, key).await?;
    Ok(row
        .map(|row| row.told)
        .filter(|told| told.customer == caller.subject.customer))
}

/// GET /v1/bets/{id}/reoffer
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    ApiPath(refused): ApiPath<BetId>,
    ApiQuery(query): ApiQuery<OneQuery>,
) -> Result<Response, Problem> {
    if let Some(token) = position(query.min_position.as_deref())? {
        views::wait_for(&app, &token).await?;
    }
    let told = own(&app, &caller, refused).await?;
    let told = told.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(json_response(StatusCode::OK, &to_json(&told)))
}

/// POST /v1/bets/{id}/reoffer/accept
pub(crate) async fn accept(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(refused): ApiPath<BetId>,
) -> Result<Response, Problem> {
    let started = app.now();
    let result = accepted(&app, &caller, &headers, refused).await;
    placing::count(&app, started, &result);
    result
}

async fn accepted(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    refused: BetId,
) -> Result<Response, Problem> {
    let told = caught_up(app, caller, refused).await;
    let customer = caller.subject.customer;
    let content = json!(refused.to_string());
    let asked = ("POST /v1/bets/reoffer/accept", &content);
    placing::ask_and_follow(app, caller, headers, asked, |bet| {
        let told = told?.ok_or_else(|| Problem::new(Code::ReofferUnknown))?;
        let selections = told.slip.legs.iter().map(|leg| leg.selection);
        Ok(Command::AcceptReoffer(AcceptReoffer {
            bet,
            customer,
            reoffer: refused,
            selections: selections.collect(),
        }))
    })
    .await
}

/// The re-offer, once the view has come to what this process has read: who was just told of it
/// may be quicker than the view.
async fn caught_up(
    app: &App,
    caller: &Caller,
    refused: BetId,
) -> Result<Option<BetReoffered>, Problem> {
    if let Some(told) = own(app, caller, refused).await? {
        return Ok(Some(told));
    }
    let journal = TopicPartition::new(Topic::BetsEvents, caller.subject.customer.partition());
    let read_to = app.hub.next_offset(journal).unwrap_or(0);
    tokio::time::timeout(app.config.view_wait, views::reached(app, journal, read_to))
        .await
        .unwrap_or_else(|_| Err(Problem::new(Code::ViewBehind)))?;
    own(app, caller, refused).await
}
