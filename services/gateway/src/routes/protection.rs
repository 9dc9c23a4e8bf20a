//! What a customer sets up against too much play: limits, exclusions, no marketing.
//!
//! Duty: each wish becomes a command to auth, and each answer tells what is in force and what
//! waits, until when. Prohibition: no limit is judged here. An increase that waits is never shown
//! as in force, however much time has passed: only its confirmation brings that.

use crate::answers::json_response;
use crate::app::App;
use crate::asking;
use crate::extract::{ApiJson, Caller, Fields, MoneyBody, null_or};
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::auth::{optional_key, refused};
use crate::shapes::{self, Named, time};
use crate::{events, views};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kernel::{CustomerId, Money, Timestamp};
use schemas::auth::{
    Command, ConfirmIncrease, Event, Exclude, ExcludeAs, ExclusionKind, LimitKind, SetLimit,
    SetMarketing,
};
use schemas::rows::{
    ExclusionKindRow, ExclusionRow, IncreaseRow, MarketingRow, OwnLimitRow, WaitingIncrease, table,
};
use schemas::{Decision, Wire};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use viewstore::Scan;

/// The limits in force, and the increases that wait.
pub(crate) async fn own_limits(app: &App, caller: &Caller) -> Result<Value, Problem> {
    let customer = caller.subject.customer.bytes();
    let increases = views::rows::<IncreaseRow>(app, Scan::of(table::INCREASE, customer)).await?;
    let now = app.now();
    let waiting: BTreeMap<LimitKind, WaitingIncrease> = increases
        .into_iter()
        .filter_map(|(_, row)| Some((row.kind, row.waiting?)))
        .filter(|(_, waiting)| now < waiting.lapses_at)
        .collect();
    let rows = views::rows::<OwnLimitRow>(app, Scan::of(table::OWN_LIMIT, customer)).await?;
    let shown = rows.iter().map(|(_, row)| {
        let waiting = waiting.get(&row.kind);
        // An increase of the time before confirmations whose time has come is in force, whether
        // or not it was recorded again.
        let due = row.pending_from.is_some_and(|from| from <= now);
        let amount = if due { row.pending_amount } else { row.amount };
        let promised = row.pending_from.filter(|_| !due);
        let pending_amount = match waiting {
            Some(waiting) => waiting.amount,
            None => promised.and(row.pending_amount),
        };
        let pending_from = waiting.map(|waiting| waiting.confirm_from).or(promised);
        json!({
            "kind": row.kind.name(),
            "amount": amount.map(shapes::money),
            "pending_amount": pending_amount.map(shapes::money),
            "pending_from": pending_from.map(time),
            "confirm_by": waiting.map(|waiting| time(waiting.lapses_at)),
        })
    });
    Ok(Value::Array(shown.collect()))
}

/// The end and the kind of the exclusion that binds now.
pub(crate) async fn exclusion(
    app: &App,
    customer: CustomerId,
) -> Result<Option<(Timestamp, ExclusionKind)>, Problem> {
    let key = customer.to_bytes();
    let row: Option<ExclusionRow> = views::row(app, table::EXCLUSION, key.clone()).await?;
    let Some(row) = row.filter(|row| app.now() < row.until) else {
        return Ok(None);
    };
    let kind: Option<ExclusionKindRow> = views::row(app, table::EXCLUSION_KIND, key).await?;
    // Those of the time before kinds had no least length of months.
    let kind = kind
        .filter(|kind| kind.until == row.until)
        .map_or(ExclusionKind::TimeOut, |kind| kind.kind);
    Ok(Some((row.until, kind)))
}

/// Whether marketing messages may be sent.
pub(crate) async fn may_be_written_to(app: &App, customer: CustomerId) -> Result<bool, Problem> {
    let row: Option<MarketingRow> = views::row(app, table::MARKETING, customer.to_bytes()).await?;
    Ok(row.is_some_and(|row| row.allowed))
}

/// GET /v1/account/limits
pub(crate) async fn limits(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let items = own_limits(&app, &caller).await?;
    Ok(json_response(
        StatusCode::OK,
        &json!({"items": items, "next_cursor": null}),
    ))
}

/// The body of a limit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitBody {
    kind: String,
    /// Null removes the limit, after the cool-off and a confirmation.
    #[serde(deserialize_with = "null_or")]
    amount: Option<MoneyBody>,
}

impl LimitBody {
    fn read(&self) -> Result<(LimitKind, Option<Money>), Problem> {
        let mut fields = Fields::default();
        let kind: Option<LimitKind> = fields.named("/kind", &self.kind);
        let amount = match &self.amount {
            Some(body) => fields
                .money("/amount", &body.amount, &body.currency)
                .map(Some),
            None => Some(None),
        };
        fields.finish(kind.zip(amount))
    }
}

/// Asks auth under the route's name, and gives back what it decided.
pub(crate) async fn decided(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    route: &str,
    content: &Value,
    command: Command,
) -> Result<Arc<Decision>, Problem> {
    let key = optional_key(app, headers)?;
    let id = asking::request_id(caller.subject.customer, route, &key);
    let request = asking::to_auth(caller, id, content);
    let answer = asking::ask(app, request, || Ok(command)).await?;
    refused(answer)
}

/// PUT /v1/account/limits
pub(crate) async fn set_limit(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(body): ApiJson<LimitBody>,
) -> Result<Response, Problem> {
    let (kind, amount) = body.read()?;
    let command = Command::SetLimit(SetLimit {
        customer: caller.subject.customer,
        kind,
        amount,
    });
    let content = json!([kind.name(), amount.map(shapes::money)]);
    let route = "PUT /v1/account/limits";
    let decision = decided(&app, &caller, &headers, route, &content, command).await?;
    Ok(limit_answer(kind, amount, &decision))
}

/// POST /v1/account/limits/confirm
pub(crate) async fn confirm_limit(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(body): ApiJson<LimitBody>,
) -> Result<Response, Problem> {
    let (kind, amount) = body.read()?;
    let command = Command::ConfirmIncrease(ConfirmIncrease {
        customer: caller.subject.customer,
        kind,
        amount,
    });
    let content = json!([kind.name(), amount.map(shapes::money)]);
    let route = "POST /v1/account/limits/confirm";
    let decision = decided(&app, &caller, &headers, route, &content, command).await?;
    Ok(limit_answer(kind, amount, &decision))
}

fn limit_answer(kind: LimitKind, amount: Option<Money>, decision: &Decision) -> Response {
    let waits = events::of_auth(decision).iter().find_map(increase);
    let (pending_from, confirm_by) = waits.unzip();
    let body = json!({
        "kind": kind.name(),
        "amount": amount.map(shapes::money),
        "status": if pending_from.is_some() { "pending" } else { "in_force" },
        "pending_from": pending_from.map(time),
        "confirm_by": confirm_by.flatten().map(time),
        "position": Token::of(&[decision.position]).text(),
    });
    json_response(StatusCode::OK, &body)
}

/// When an increase can be confirmed, and until when; without an end where it needs no word.
fn increase(event: &Event) -> Option<(Timestamp, Option<Timestamp>)> {
    if let Event::LimitIncreaseAsked(asked) = event {
        return Some((asked.confirm_from, Some(asked.lapses_at)));
    }
    if let Event::LimitIncreaseRequested(asked) = event {
        return Some((asked.effective_at, None));
    }
    None
}

/// The body of an exclusion: until a time, or for so many days.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExclusionBody {
    /// Left out: what its length makes it.
    kind: Option<String>,
    until: Option<String>,
    days: Option<u32>,
}

/// POST /v1/account/exclusion
pub(crate) async fn exclude(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(body): ApiJson<ExclusionBody>,
) -> Result<Response, Problem> {
    let mut fields = Fields::default();
    let until = match (&body.until, body.days) {
        (Some(until), None) => fields.time("/until", until),
        (None, Some(days)) => {
            let seconds = i64::from(days).saturating_mul(24 * 3_600);
            Some(app.now().plus(kernel::Duration::from_secs(seconds)))
        }
        (Some(_), Some(_)) | (None, None) => {
            fields.wrong("/until", "either until or days is expected");
            None
        }
    };
    let kind: Option<Option<ExclusionKind>> = match &body.kind {
        Some(kind) => fields.named("/kind", kind).map(Some),
        None => Some(None),
    };
    let (until, kind) = fields.finish(until.zip(kind))?;
    let customer = caller.subject.customer;
    let (command, content) = match kind {
        None => {
            let command = Command::Exclude(Exclude { customer, until });
            (command, json!([body.until, body.days]))
        }
        Some(kind) => {
            let command = Command::ExcludeAs(ExcludeAs {
                customer,
                kind,
                until,
            });
            (command, json!([body.until, body.days, kind.name()]))
        }
    };
    let route = "POST /v1/account/exclusion";
    let decision = decided(&app, &caller, &headers, route, &content, command).await?;
    let recorded = events::of_auth(&decision).iter().find_map(excluded);
    let (recorded_until, recorded_kind) = recorded.unzip();
    let body = json!({
        "until": time(recorded_until.unwrap_or(until)),
        "kind": recorded_kind.or(kind).map(|kind| kind.name()),
        "position": Token::of(&[decision.position]).text(),
    });
    Ok(json_response(StatusCode::CREATED, &body))
}

fn excluded(event: &Event) -> Option<(Timestamp, ExclusionKind)> {
    if let Event::ExclusionKindSet(set) = event {
        Some((set.until, set.kind))
    } else {
        None
    }
}

/// The body of a word on marketing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MarketingBody {
    allowed: bool,
}

/// PUT /v1/account/marketing
pub(crate) async fn set_marketing(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(body): ApiJson<MarketingBody>,
) -> Result<Response, Problem> {
    let allowed = body.allowed;
    let command = Command::SetMarketing(SetMarketing {
        customer: caller.subject.customer,
        allowed,
    });
    let route = "PUT /v1/account/marketing";
    let content = json!([allowed]);
    let decision = decided(&app, &caller, &headers, route, &content, command).await?;
    let body = json!({
        "allowed": allowed,
        "position": Token::of(&[decision.position]).text(),
    });
    Ok(json_response(StatusCode::OK, &body))
}
