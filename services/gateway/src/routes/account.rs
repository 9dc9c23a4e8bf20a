//! One's own account: balance, statement, limits, exclusion.

use crate::answers::json_response;
use crate::app::App;
use crate::asking;
use crate::errors::Code;
use crate::extract::{ApiJson, ApiQuery, Caller, Fields, MoneyBody, position};
use crate::lists::{Page, cursor_of, page_json};
use crate::money::{self, At};
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::auth::{optional_key, refused};
use crate::shapes::{self, Named, time};
use crate::{events, ledger_reads, views};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kernel::{Money, Timestamp, Topic};
use schemas::Wire;
use schemas::auth::{Command, Event, Exclude, LimitKind, SetLimit};
use schemas::ledger::AccountKind;
use schemas::rows::{ExclusionRow, OwnLimitRow, RestrictionRow, StatementRow, table};
use serde::Deserialize;
use serde_json::{Value, json};
use viewstore::Scan;

/// GET /v1/account
pub(crate) async fn show(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let customer = caller.subject.customer;
    let row = money::customer(&app, customer).await?;
    let wallet = money::wallet(&app, customer, row.currency, &At::Now).await?;
    let key = customer.bytes().to_vec();
    let exclusion: Option<ExclusionRow> = views::row(&app, table::EXCLUSION, key.clone()).await?;
    let restriction: Option<RestrictionRow> = views::row(&app, table::RESTRICTION, key).await?;
    let roles: Vec<&str> = row.roles.iter().map(|role| role.name()).collect();
    let mut shown = wallet.to_json();
    if let Some(object) = shown.as_object_mut() {
        let now = app.now();
        let excluded = exclusion
            .filter(|row| row.until > now)
            .map(|row| time(row.until));
        let restricted = restriction.is_some_and(|row| row.stake_permille < 1_000);
        object.insert("customer_id".to_owned(), json!(customer.to_string()));
        object.insert("roles".to_owned(), json!(roles));
        object.insert("registered_at".to_owned(), time(row.registered_at));
        object.insert("excluded_until".to_owned(), json!(excluded));
        object.insert("restricted".to_owned(), json!(restricted));
        object.insert("limits".to_owned(), own_limits(&app, &caller).await?);
    }
    Ok(json_response(StatusCode::OK, &shown))
}

/// What a balance may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BalanceQuery {
    at: Option<String>,
    min_position: Option<String>,
}

/// GET /v1/account/balance
pub(crate) async fn balance(
    State(app): State<App>,
    caller: Caller,
    ApiQuery(query): ApiQuery<BalanceQuery>,
) -> Result<Response, Problem> {
    if let Some(token) = position(query.min_position.as_deref())? {
        ledger_reads::wait_for(&app, &token).await?;
    }
    let customer = caller.subject.customer;
    let at = point(query.at.as_deref(), customer.partition())?;
    let row = money::customer(&app, customer).await?;
    let wallet = money::wallet(&app, customer, row.currency, &at).await?;
    Ok(json_response(StatusCode::OK, &wallet.to_json()))
}

/// A time, or a position that names the ledger's partition.
pub(crate) fn point(text: Option<&str>, partition: u16) -> Result<At, Problem> {
    let Some(text) = text else {
        return Ok(At::Now);
    };
    if let Ok(token) = Token::parse(text) {
        let ledger = token
            .positions()
            .find(|p| p.topic == Topic::LedgerEvents && p.partition == partition);
        return ledger.map(At::Position).ok_or_else(|| {
            Problem::new(Code::PositionInvalid).detail("the position says nothing about the ledger")
        });
    }
    let mut fields = Fields::default();
    let at = fields.time("?at", text);
    fields.finish(at).map(At::Time)
}

/// What a statement may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatementQuery {
    cursor: Option<String>,
    limit: Option<u32>,
    min_position: Option<String>,
}

/// GET /v1/account/statement, newest first
pub(crate) async fn statement(
    State(app): State<App>,
    caller: Caller,
    ApiQuery(query): ApiQuery<StatementQuery>,
) -> Result<Response, Problem> {
    let page = Page::new(query.cursor.as_deref(), query.limit)?;
    if let Some(token) = position(query.min_position.as_deref())? {
        ledger_reads::wait_for(&app, &token).await?;
    }
    let row = money::customer(&app, caller.subject.customer).await?;
    let account = money::account(caller.subject.customer, AccountKind::Cash, row.currency);
    let mut scan = Scan::of(table::STATEMENT, account.to_bytes())
        .reversed()
        .rows_max(page.limit);
    if let Some(after) = &page.after {
        let mut key = account.to_bytes();
        key.extend_from_slice(after);
        scan = scan.after(key);
    }
    let lines = views::rows::<StatementRow>(&app, scan).await?;
    let full = lines.len() == page.limit;
    let next_cursor = lines
        .last()
        .filter(|(_, line)| full && line.entry > 1)
        .map(|(_, line)| cursor_of(&line.entry.to_be_bytes()));
    let items = lines.iter().map(|(_, line)| statement_line(line)).collect();
    Ok(page_json(items, next_cursor))
}

pub(crate) fn statement_line(line: &StatementRow) -> Value {
    let shown = |minor| Money::from_minor(minor, line.account.currency).to_string();
    json!({
        "entry": line.entry,
        "transfer_id": line.transfer.to_string(),
        "kind": line.code.name(),
        "amount": shown(line.posted_change_minor),
        "held_change": shown(line.held_change_minor),
        "balance": shown(line.posted_minor),
        "held": shown(line.held_minor),
        "counterpart": line.counterpart.name(),
        "currency": line.account.currency.code(),
        "position": Token::of(&[line.position]).text(),
        "at": time(line.at),
    })
}

async fn own_limits(app: &App, caller: &Caller) -> Result<Value, Problem> {
    let scan = Scan::of(table::OWN_LIMIT, caller.subject.customer.bytes());
    let rows = views::rows::<OwnLimitRow>(app, scan).await?;
    let now = app.now();
    let shown = rows.iter().map(|(_, row)| {
        // An increase whose time has come is in force, whether or not it was recorded again.
        let due = row.pending_from.is_some_and(|from| from <= now);
        let amount = if due { row.pending_amount } else { row.amount };
        let pending = row.pending_from.filter(|_| !due);
        json!({
            "kind": row.kind.name(),
            "amount": amount.map(shapes::money),
            "pending_amount": pending.and(row.pending_amount).map(shapes::money),
            "pending_from": pending.map(time),
        })
    });
    Ok(Value::Array(shown.collect()))
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
    /// Null removes the limit, after the cool-off.
    amount: Option<MoneyBody>,
}

/// PUT /v1/account/limits
pub(crate) async fn set_limit(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(body): ApiJson<LimitBody>,
) -> Result<Response, Problem> {
    let mut fields = Fields::default();
    let kind: Option<LimitKind> = fields.named("/kind", &body.kind);
    let amount = match &body.amount {
        Some(body) => fields
            .money("/amount", &body.amount, &body.currency)
            .map(Some),
        None => Some(None),
    };
    let (kind, amount) = fields.finish(kind.zip(amount))?;
    let customer = caller.subject.customer;
    let content = json!([kind.name(), amount.map(shapes::money)]);
    let key = optional_key(&app, &headers)?;
    let route = "PUT /v1/account/limits";
    let request = asking::to_auth(&caller, asking::request_id(customer, route, &key), &content);
    let command = Command::SetLimit(SetLimit {
        customer,
        kind,
        amount,
    });
    let answer = asking::ask(&app, request, || Ok(command)).await?;
    let decision = refused(answer)?;
    let pending_from = events::of_auth(&decision).iter().find_map(increase);
    let body = json!({
        "kind": kind.name(),
        "amount": amount.map(shapes::money),
        "status": if pending_from.is_some() { "pending" } else { "in_force" },
        "pending_from": pending_from.map(time),
        "position": Token::of(&[decision.position]).text(),
    });
    Ok(json_response(StatusCode::OK, &body))
}

fn increase(event: &Event) -> Option<Timestamp> {
    if let Event::LimitIncreaseRequested(event) = event {
        Some(event.effective_at)
    } else {
        None
    }
}

/// The body of an exclusion: until a time, or for so many days.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExclusionBody {
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
    let until = fields.finish(until)?;
    let customer = caller.subject.customer;
    let content = json!([body.until, body.days]);
    let key = optional_key(&app, &headers)?;
    let route = "POST /v1/account/exclusion";
    let request = asking::to_auth(&caller, asking::request_id(customer, route, &key), &content);
    let command = Command::Exclude(Exclude { customer, until });
    let answer = asking::ask(&app, request, || Ok(command)).await?;
    let decision = refused(answer)?;
    let recorded = events::of_auth(&decision).iter().find_map(exclusion);
    let body = json!({
        "until": time(recorded.unwrap_or(until)),
        "position": Token::of(&[decision.position]).text(),
    });
    Ok(json_response(StatusCode::CREATED, &body))
}

fn exclusion(event: &Event) -> Option<Timestamp> {
    if let Event::CustomerExcluded(event) = event {
        Some(event.until)
    } else {
        None
    }
}
