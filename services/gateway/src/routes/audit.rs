//! What auditors read: the journals as they are, balances, checkpoints.
//!
//! Duty: records with their bytes, so that a stranger can check heads and sums alone.
//! Prohibition: read only; and no judgement: which records count, the reader's own fold tells.

use crate::answers::json_response;
use crate::app::App;
use crate::avro_json::Reader;
use crate::errors::Code;
use crate::extract::{ApiQuery, Fields};
use crate::lists::Page;
use crate::money;
use crate::permissions::Permission;
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::account::point;
use crate::shapes::Named;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::{Currency, CustomerId, Money, Partition, Topic, TopicPartition};
use schemas::auth::Role;
use schemas::ledger::{Account, AccountKind};
use serde::Deserialize;
use serde_json::{Value, json};

/// Who audits.
pub(crate) const AUDIT_ROLES: &[Role] = Permission::ReadJournals.roles();
const READ_BYTES_MAX: usize = 1_000_000;

/// What a journal may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JournalQuery {
    from: Option<u64>,
    limit: Option<u32>,
}

/// GET /v1/audit/journals/{topic}/{partition}
pub(crate) async fn journal(
    State(app): State<App>,
    Path((topic, partition)): Path<(String, String)>,
    ApiQuery(query): ApiQuery<JournalQuery>,
) -> Result<Response, Problem> {
    let page = Page::new(None, query.limit)?;
    let journal: Option<Topic> = topic.parse().ok();
    let partition: Option<Partition> = partition.parse().ok();
    let at = journal
        .filter(|topic| topic.is_journal())
        .zip(partition.filter(|partition| *partition < app.partitions))
        .map(|(topic, partition)| TopicPartition::new(topic, partition))
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    let from = query.from.unwrap_or(0);
    let read = app.log.read(at, from, READ_BYTES_MAX).await;
    let records = read.map_err(|error| {
        tracing::warn!(%error, "the log does not answer");
        Problem::new(Code::LogUnavailable)
    })?;
    let reader = Reader::of(at.topic).ok_or_else(|| Problem::new(Code::Internal))?;
    let items: Vec<Value> = records
        .iter()
        .take(page.limit)
        .map(|record| {
            let shown = reader.read(at.topic, &record.bytes);
            json!({
                "offset": record.offset,
                "position": Token::of(&[at.at(record.offset)]).text(),
                "record": shown.as_ref().ok(),
                "unreadable": shown.as_ref().err().map(ToString::to_string),
                "bytes": STANDARD.encode(&record.bytes),
            })
        })
        .collect();
    let last = records
        .get(items.len().saturating_sub(1))
        .map(|record| record.offset);
    let next_from = last.map_or(from, |last| last.saturating_add(1));
    let body = json!({
        "topic": at.topic.as_str(),
        "partition": at.partition,
        "items": items,
        "next_from": next_from,
        "next_cursor": (!items.is_empty()).then(|| next_from.to_string()),
    });
    Ok(json_response(StatusCode::OK, &body))
}

/// What a balance may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BalanceQuery {
    account: String,
    at: Option<String>,
}

/// An account by its name: `cus_…/cash/EUR`, `house/3/book/EUR`; of a customer alone, the cash.
fn account(app: &App, text: &str) -> Result<(Account, Partition), Problem> {
    let mut fields = Fields::default();
    let parts: Vec<&str> = text.split('/').collect();
    let (customer, partition, kind, currency) = match parts.as_slice() {
        ["house", partition, kind, currency] => {
            (None, fields.parse("?account", partition), *kind, *currency)
        }
        [customer, kind, currency] => {
            let customer: Option<CustomerId> = fields.parse("?account", customer);
            (
                customer,
                customer.map(CustomerId::partition),
                *kind,
                *currency,
            )
        }
        [customer] => {
            let customer: Option<CustomerId> = fields.parse("?account", customer);
            let partition = customer.map(CustomerId::partition);
            (customer, partition, "cash", app.config.currency.code())
        }
        _ => {
            fields.wrong(
                "?account",
                "cus_…/kind/currency or house/partition/kind/currency",
            );
            (None, None, "cash", "EUR")
        }
    };
    let kind: Option<AccountKind> = fields.named("?account", kind);
    let currency: Option<Currency> = fields.parse("?account", currency);
    let named = kind
        .zip(currency)
        .zip(partition)
        .map(|((kind, currency), partition)| {
            let account = Account {
                customer,
                kind,
                currency,
            };
            (account, partition)
        });
    fields.finish(named)
}

/// GET /v1/audit/balance
pub(crate) async fn balance(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<BalanceQuery>,
) -> Result<Response, Problem> {
    let (account, partition) = account(&app, &query.account)?;
    let at = point(query.at.as_deref(), partition)?;
    let key = money::key(&account, partition);
    let amounts = money::amounts(&app, &key, &at).await?;
    let shown = |minor| Money::from_minor(minor, account.currency).to_string();
    let position = amounts
        .position
        .map(|position| Token::of(&[position]).text());
    let body = json!({
        "account": query.account,
        "kind": account.kind.name(),
        "balance": shown(amounts.posted_minor),
        "held": shown(amounts.held_minor),
        "available": shown(amounts.posted_minor.saturating_sub(amounts.held_minor)),
        "currency": account.currency.code(),
        "position": position,
    });
    Ok(json_response(StatusCode::OK, &body))
}

/// GET /v1/audit/checkpoint
pub(crate) async fn checkpoint(State(app): State<App>) -> Result<Response, Problem> {
    let source = app
        .checkpoints
        .as_ref()
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    let newest = source.newest().await.map_err(|error| {
        tracing::warn!(error, "the newest checkpoint cannot be read");
        Problem::new(Code::ViewUnavailable)
    })?;
    let checkpoint = newest
        .ok_or_else(|| Problem::new(Code::NotFound).detail("no checkpoint has been signed yet"))?;
    Ok(json_response(StatusCode::OK, &checkpoint))
}
