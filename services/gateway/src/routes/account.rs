//! One's own account: balance and statement. What protects a customer is in `protection` and
//! `reality_check`.

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::extract::{ApiQuery, Caller, Fields, position};
use crate::lists::{Page, cursor_of, page_json};
use crate::money::{self, At};
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::adjustments;
use crate::routes::protection::{exclusion, may_be_written_to, own_limits};
use crate::shapes::{Named, time};
use crate::{ledger_reads, views};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::{Money, Topic};
use schemas::Wire;
use schemas::ledger::{AccountKind, TransferCode};
use schemas::rows::{RestrictionRow, StatementRow, table};
use serde::Deserialize;
use serde_json::{Value, json};
use viewstore::Scan;

/// GET /v1/account
pub(crate) async fn show(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let customer = caller.subject.customer;
    let row = money::customer(&app, customer).await?;
    let wallet = money::wallet(&app, customer, row.currency, &At::Now).await?;
    let key = customer.bytes().to_vec();
    let excluded = exclusion(&app, customer).await?;
    let writing = may_be_written_to(&app, customer).await?;
    let restriction: Option<RestrictionRow> = views::row(&app, table::RESTRICTION, key).await?;
    let roles: Vec<&str> = row.roles.iter().map(|role| role.name()).collect();
    let mut shown = wallet.to_json();
    if let Some(object) = shown.as_object_mut() {
        let (until, kind) = excluded.unzip();
        let restricted = restriction.is_some_and(|row| row.stake_permille < 1_000);
        object.insert("customer_id".to_owned(), json!(customer.to_string()));
        object.insert("roles".to_owned(), json!(roles));
        object.insert("registered_at".to_owned(), time(row.registered_at));
        object.insert("excluded_until".to_owned(), json!(until.map(time)));
        object.insert(
            "exclusion_kind".to_owned(),
            json!(kind.map(|kind| kind.name())),
        );
        object.insert("marketing_allowed".to_owned(), json!(writing));
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
    account: Option<String>,
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
    let kind = match query.account.as_deref() {
        None | Some("cash") => AccountKind::Cash,
        Some("bonus") => AccountKind::Bonus,
        Some(_) => {
            return Err(Problem::new(Code::ValidationFailed).at("?account", "cash or bonus"));
        }
    };
    let account = money::account(caller.subject.customer, kind, row.currency);
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
    let mut items = Vec::with_capacity(lines.len());
    for (_, line) in &lines {
        let mut shown = statement_line(line);
        if line.code == TransferCode::Adjustment
            && let Some(object) = shown.as_object_mut()
        {
            let reason = adjustments::reason_of(&app, line.transfer).await?;
            object.insert("reason".to_owned(), json!(reason));
        }
        items.push(shown);
    }
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
