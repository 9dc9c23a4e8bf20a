//! Corrections of accounts by two persons, and what lies in suspense.
//!
//! Duty: proposals, approvals and refusals become commands under the name of who says so; the lists
//! show what waits for a second person, what became of it, and what money waits in suspense.
//! Prohibition: whose approval counts, for how long, and whether the money is there is decided by
//! payments and the ledger, not here.

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::extract::{ApiJson, ApiPath, ApiQuery, Caller, Fields, MoneyBody};
use crate::lists::{Page, cursor_of, page_json};
use crate::money::must_be_theirs;
use crate::permissions::Permission;
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::admin::{Act, ReasonBody, by, done, reason};
use crate::routes::second_person::{Said, Word};
use crate::shapes::{Named, money, time};
use crate::views;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kernel::{AdjustmentId, Currency, CustomerId, Money, Partition, Timestamp, Topic};
use schemas::Wire;
use schemas::auth::Role;
use schemas::payments::{
    Adjustment, ApproveAdjustment, Command, CreditCustomer, DebitCustomer, DeclineAdjustment,
    Movement, ProposeAdjustment, SuspenseToCustomer, SuspenseToHouse, SuspenseToProvider,
};
use schemas::rows::{AdjustmentRow, AdjustmentStatus, SuspendedRow, table};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use viewstore::Scan;

/// Who proposes and who may be the second person.
pub(crate) const ADJUSTER_ROLES: &[Role] = Permission::CorrectAccounts.roles();

/// Entries and adjustments of one reference that are read at once.
const AT_ONCE: usize = 1_000;

/// The body of a proposal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdjustmentBody {
    kind: String,
    #[serde(default)]
    customer_id: Option<String>,
    #[serde(default)]
    reference: Option<String>,
    amount: MoneyBody,
    reason: Option<String>,
}

const KINDS: &str = "one of credit, debit, suspense_to_customer, suspense_to_provider, suspense_to_house is expected";

/// From where to where; whoever and whatever the kind has no use for is not said.
fn movement(fields: &mut Fields, body: &AdjustmentBody) -> Option<Movement> {
    let (of_customer, of_suspense) = match body.kind.as_str() {
        "credit" | "debit" => (true, false),
        "suspense_to_customer" => (true, true),
        "suspense_to_provider" | "suspense_to_house" => (false, true),
        _ => {
            fields.wrong("/kind", KINDS);
            return None;
        }
    };
    let mut said = |pointer: &str, is_said: bool, is_needed: bool| {
        if is_said != is_needed {
            let message = if is_needed {
                "required"
            } else {
                "not of this kind"
            };
            fields.wrong(pointer, message);
        }
    };
    said("/customer_id", body.customer_id.is_some(), of_customer);
    said("/reference", body.reference.is_some(), of_suspense);
    let customer: Option<CustomerId> = match &body.customer_id {
        Some(text) => Some(fields.parse("/customer_id", text)?),
        None => None,
    };
    let reference = body.reference.clone();
    if reference
        .as_deref()
        .is_some_and(|it| it.is_empty() || it.len() > 255)
    {
        fields.wrong("/reference", "1 to 255 characters are expected");
        return None;
    }
    match (body.kind.as_str(), customer, reference) {
        ("credit", Some(customer), None) => {
            Some(Movement::CreditCustomer(CreditCustomer { customer }))
        }
        ("debit", Some(customer), None) => {
            Some(Movement::DebitCustomer(DebitCustomer { customer }))
        }
        ("suspense_to_customer", Some(customer), Some(reference)) => {
            Some(Movement::SuspenseToCustomer(SuspenseToCustomer {
                customer,
                reference,
            }))
        }
        ("suspense_to_provider", None, Some(reference)) => {
            Some(Movement::SuspenseToProvider(SuspenseToProvider {
                reference,
            }))
        }
        ("suspense_to_house", None, Some(reference)) => {
            Some(Movement::SuspenseToHouse(SuspenseToHouse { reference }))
        }
        (_, _, _) => None,
    }
}

const fn kind(movement: &Movement) -> &'static str {
    match movement {
        Movement::CreditCustomer(_) => "credit",
        Movement::DebitCustomer(_) => "debit",
        Movement::SuspenseToCustomer(_) => "suspense_to_customer",
        Movement::SuspenseToProvider(_) => "suspense_to_provider",
        Movement::SuspenseToHouse(_) => "suspense_to_house",
    }
}

/// Where the money is: with its reference, or with its customer.
fn partition(app: &App, movement: &Movement, amount: Money) -> Partition {
    match (movement.reference(), movement.customer()) {
        (Some(reference), _) => app.webhooks.payment_named(reference, amount).1,
        (None, Some(customer)) => customer.partition(),
        (None, None) => 0,
    }
}

/// POST /v1/admin/adjustments: one person proposes
pub(crate) async fn propose(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(body): ApiJson<AdjustmentBody>,
) -> Result<Response, Problem> {
    let mut fields = Fields::default();
    let amount = fields.money("/amount", &body.amount.amount, &body.amount.currency);
    let movement = movement(&mut fields, &body);
    let (amount, movement) = fields.finish(amount.zip(movement))?;
    let reason = reason(body.reason, "/reason")?;
    if let Some(customer) = movement.customer() {
        must_be_theirs(&app, customer, "/amount", amount).await?;
    }
    let partition = partition(&app, &movement, amount);
    let content = json!([
        kind(&movement),
        movement.customer().map(|it| it.to_string()),
        movement.reference(),
        money(amount),
        reason,
    ]);
    let act = Act {
        caller: &caller,
        headers: &headers,
        route: "POST /v1/admin/adjustments",
        content,
        inbox: Topic::PaymentsCommands,
        journal: Topic::PaymentsEvents,
        partition,
    };
    let command = Command::ProposeAdjustment(ProposeAdjustment {
        adjustment: Adjustment {
            adjustment: AdjustmentId::from_bytes(app.mint.id(partition)),
            movement,
            amount,
            reason,
        },
        by: by(&caller),
    });
    let answer = act.ask(&app, command).await?;
    let proposed = crate::events::of_payments(&answer.decision)
        .iter()
        .find_map(crate::events::adjustment_proposed);
    let Some(proposed) = proposed else {
        return Err(Problem::new(Code::OutcomeUnknown));
    };
    let body = json!({
        "id": proposed.adjustment.adjustment.to_string(),
        "status": AdjustmentStatus::Proposed.name(),
        "lapses_at": time(proposed.lapses_at),
    });
    Ok(done(&answer, body))
}

async fn answer(
    app: &App,
    (caller, headers): (&Caller, &HeaderMap),
    id: AdjustmentId,
    body: ReasonBody,
    word: Word,
) -> Result<Response, Problem> {
    let said = Said {
        caller,
        headers,
        route: word.of(
            "POST /v1/admin/adjustments/approve",
            "POST /v1/admin/adjustments/decline",
        ),
        id,
        partition: id.partition(),
        body,
    };
    let command = |adjustment, reason, by| match word {
        Word::Approve => Command::ApproveAdjustment(ApproveAdjustment {
            adjustment,
            reason,
            by,
        }),
        Word::Decline => Command::DeclineAdjustment(DeclineAdjustment {
            adjustment,
            reason,
            by,
        }),
    };
    let answer = said.ask(app, command).await?;
    let status = word.of(AdjustmentStatus::Approved, AdjustmentStatus::Declined);
    let body = json!({"id": id.to_string(), "status": status.name(), "lapses_at": null});
    Ok(done(&answer, body))
}

/// POST /v1/admin/adjustments/{id}/approve: another person agrees, and the money moves
pub(crate) async fn approve(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(id): ApiPath<AdjustmentId>,
    ApiJson(body): ApiJson<ReasonBody>,
) -> Result<Response, Problem> {
    answer(&app, (&caller, &headers), id, body, Word::Approve).await
}

/// POST /v1/admin/adjustments/{id}/decline: it is not to be
pub(crate) async fn decline(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(id): ApiPath<AdjustmentId>,
    ApiJson(body): ApiJson<ReasonBody>,
) -> Result<Response, Problem> {
    answer(&app, (&caller, &headers), id, body, Word::Decline).await
}

/// Its status in one word; that a proposal has lapsed is told by the clock.
fn status(row: &AdjustmentRow, now: Timestamp) -> &'static str {
    match row.status {
        AdjustmentStatus::Proposed if now >= row.lapses_at => "lapsed",
        AdjustmentStatus::Proposed
        | AdjustmentStatus::Approved
        | AdjustmentStatus::Declined
        | AdjustmentStatus::Booked
        | AdjustmentStatus::Refused => row.status.name(),
    }
}

fn shown(row: &AdjustmentRow, now: Timestamp) -> Value {
    let adjustment = &row.adjustment;
    let answer = row.answer.as_ref().map(
        |answer| json!({"by": answer.by, "reason": answer.reason, "answered_at": time(answer.at)}),
    );
    json!({
        "id": adjustment.adjustment.to_string(),
        "status": status(row, now),
        "kind": kind(&adjustment.movement),
        "customer_id": adjustment.movement.customer().map(|it| it.to_string()),
        "reference": adjustment.movement.reference(),
        "amount": money(adjustment.amount),
        "reason": adjustment.reason,
        "proposed_by": row.proposed_by,
        "proposed_at": time(row.proposed_at),
        "lapses_at": time(row.lapses_at),
        "answer": answer,
        "refusal": row.refusal,
        "position": Token::of(&[row.position]).text(),
    })
}

/// What the list may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdjustmentsQuery {
    status: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

const STATUSES: [&str; 6] = [
    "proposed", "lapsed", "approved", "declined", "booked", "refused",
];

/// GET /v1/admin/adjustments, newest first
pub(crate) async fn list(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<AdjustmentsQuery>,
) -> Result<Response, Problem> {
    let wanted = query.status.as_deref();
    if wanted.is_some_and(|status| !STATUSES.contains(&status)) {
        let message = format!("one of {} is expected", STATUSES.join(", "));
        return Err(Problem::new(Code::ValidationFailed).at("?status", message));
    }
    let page = Page::new(query.cursor.as_deref(), query.limit)?;
    let mut scan = Scan::of(table::ADJUSTMENT, Vec::new())
        .reversed()
        .rows_max(page.limit);
    if let Some(after) = page.after_id()? {
        scan = scan.after(after.to_vec());
    }
    let rows = views::rows::<AdjustmentRow>(&app, scan).await?;
    let full = rows.len() == page.limit;
    let next_cursor = rows.last().filter(|_| full).map(|(key, _)| cursor_of(key));
    let now = app.now();
    let of_status = rows
        .iter()
        .filter(|(_, row)| wanted.is_none_or(|wanted| wanted == status(row, now)));
    let items = of_status.map(|(_, row)| shown(row, now)).collect();
    Ok(page_json(items, next_cursor))
}

/// GET /v1/admin/adjustments/{id}
pub(crate) async fn show(
    State(app): State<App>,
    ApiPath(id): ApiPath<AdjustmentId>,
) -> Result<Response, Problem> {
    let row = row(&app, id).await?;
    let row = row.ok_or_else(|| Problem::new(Code::AdjustmentUnknown))?;
    Ok(json_response(StatusCode::OK, &shown(&row, app.now())))
}

/// An adjustment as far as it has come.
pub(crate) async fn row(app: &App, id: AdjustmentId) -> Result<Option<AdjustmentRow>, Problem> {
    views::row(app, table::ADJUSTMENT, id.bytes().to_vec()).await
}

/// What the list of suspense may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuspenseQuery {
    reference: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// GET /v1/admin/suspense: money that belongs to no open deposit, by reference
pub(crate) async fn suspense(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<SuspenseQuery>,
) -> Result<Response, Problem> {
    let page = Page::new(query.cursor.as_deref(), query.limit)?;
    let prefix = query.reference.as_deref().map_or_else(Vec::new, under);
    let mut scan = Scan::of(table::SUSPENDED, prefix).rows_max(page.limit);
    if let Some(after) = &page.after {
        scan = scan.after(after.clone());
    }
    let rows = views::rows::<SuspendedRow>(&app, scan).await?;
    let full = rows.len() == page.limit;
    let next_cursor = rows.last().filter(|_| full).map(|(key, _)| cursor_of(key));
    let mut left = Left::default();
    let mut items = Vec::with_capacity(rows.len());
    for (_, row) in rows {
        let left = left.under(&app, &row.reference, row.amount).await?;
        items.push(json!({
            "provider": row.provider,
            "provider_event": row.provider_event,
            "reference": row.reference,
            "amount": money(row.amount),
            "left": money(left),
            "reported_at": time(row.at),
            "position": Token::of(&[row.position]).text(),
        }));
    }
    Ok(page_json(items, next_cursor))
}

fn under(reference: &str) -> Vec<u8> {
    [reference.as_bytes(), &[0]].concat()
}

/// What is left in suspense, all that came under a reference together, by currency in minor units.
/// Each reference of a page is added up once, however many rows of the page it has.
#[derive(Default)]
struct Left(BTreeMap<String, BTreeMap<Currency, i64>>);

impl Left {
    async fn under(&mut self, app: &App, reference: &str, amount: Money) -> Result<Money, Problem> {
        if !self.0.contains_key(reference) {
            let sums = left_under(app, reference).await?;
            self.0.insert(reference.to_owned(), sums);
        }
        let sums = self.0.get(reference);
        let minor = sums.and_then(|sums| sums.get(&amount.currency()));
        Ok(Money::from_minor(
            minor.copied().unwrap_or(0),
            amount.currency(),
        ))
    }
}

async fn left_under(app: &App, reference: &str) -> Result<BTreeMap<Currency, i64>, Problem> {
    let mut sums = BTreeMap::new();
    let mut add = |amount: Money, minor: i64| {
        let sum: &mut i64 = sums.entry(amount.currency()).or_default();
        *sum = sum.saturating_add(minor);
    };
    each_under(app, table::SUSPENDED, reference, |row: SuspendedRow| {
        add(row.amount, row.amount.minor());
    })
    .await?;
    each_under(
        app,
        table::SUSPENSE_ADJUSTMENT,
        reference,
        |row: AdjustmentRow| match row.status {
            AdjustmentStatus::Approved | AdjustmentStatus::Booked => {
                let amount = row.adjustment.amount;
                add(amount, amount.minor().saturating_neg());
            }
            AdjustmentStatus::Proposed | AdjustmentStatus::Declined | AdjustmentStatus::Refused => {
            }
        },
    )
    .await?;
    Ok(sums)
}

/// Every row under the reference, to the last.
async fn each_under<T: Wire>(
    app: &App,
    table: &'static str,
    reference: &str,
    mut take: impl FnMut(T),
) -> Result<(), Problem> {
    let mut after = None;
    loop {
        let mut scan = Scan::of(table, under(reference)).rows_max(AT_ONCE);
        if let Some(after) = after {
            scan = scan.after(after);
        }
        let rows = views::rows::<T>(app, scan).await?;
        let full = rows.len() >= AT_ONCE;
        after = rows.last().filter(|_| full).map(|(key, _)| key.clone());
        rows.into_iter().for_each(|(_, row)| take(row));
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Why an adjustment moved a customer's money, as the customer reads it.
pub(crate) async fn reason_of(
    app: &App,
    transfer: kernel::TransferId,
) -> Result<Option<String>, Problem> {
    let id = schemas::payments::adjustment_of_transfer(transfer);
    Ok(row(app, id).await?.map(|row| row.adjustment.reason))
}
