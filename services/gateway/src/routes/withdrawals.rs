//! Large withdrawals that two persons look at.
//!
//! Duty: approvals and declines become commands under the name of who says so; the lists show what
//! waits and who has said what. Prohibition: which withdrawals wait, and whose word counts, is decided
//! by payments, not here.

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::events;
use crate::extract::{ApiJson, ApiPath, ApiQuery, Caller};
use crate::lists::{Page, cursor_of, page_json};
use crate::permissions::Permission;
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::admin::{ReasonBody, done};
use crate::routes::second_person::{Said, Word};
use crate::shapes::{Named, money, time};
use crate::views;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kernel::WithdrawalId;
use schemas::Decision;
use schemas::auth::Role;
use schemas::payments::{ApproveWithdrawal, Command, DeclineWithdrawal, Event};
use schemas::rows::{ReviewStatus, WithdrawalReviewRow, table};
use serde::Deserialize;
use serde_json::{Value, json};
use viewstore::Scan;

/// Who looks at large withdrawals.
pub(crate) const REVIEWER_ROLES: &[Role] = Permission::ReviewWithdrawals.roles();

/// Where the withdrawal stands behind a word. What changes nothing was said before by enough.
fn made_by(word: Word, decision: &Decision) -> ReviewStatus {
    let first = events::of_payments(decision)
        .iter()
        .any(|event| matches!(event, Event::WithdrawalApproved(approved) if !approved.last));
    match word {
        Word::Approve if first => ReviewStatus::Waiting,
        Word::Approve => ReviewStatus::Approved,
        Word::Decline => ReviewStatus::Declined,
    }
}

async fn answer(
    app: &App,
    (caller, headers): (&Caller, &HeaderMap),
    id: WithdrawalId,
    body: ReasonBody,
    word: Word,
) -> Result<Response, Problem> {
    let said = Said {
        caller,
        headers,
        route: word.of(
            "POST /v1/admin/withdrawals/approve",
            "POST /v1/admin/withdrawals/decline",
        ),
        id,
        partition: id.partition(),
        body,
    };
    let command = |withdrawal, reason, by| match word {
        Word::Approve => Command::ApproveWithdrawal(ApproveWithdrawal {
            withdrawal,
            reason,
            by,
        }),
        Word::Decline => Command::DeclineWithdrawal(DeclineWithdrawal {
            withdrawal,
            reason,
            by,
        }),
    };
    let answer = said.ask(app, command).await?;
    let status = made_by(word, &answer.decision).name();
    Ok(done(
        &answer,
        json!({"id": id.to_string(), "status": status}),
    ))
}

/// POST /v1/admin/withdrawals/{id}/approve: one person agrees; with the second it is paid
pub(crate) async fn approve(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(id): ApiPath<WithdrawalId>,
    ApiJson(body): ApiJson<ReasonBody>,
) -> Result<Response, Problem> {
    answer(&app, (&caller, &headers), id, body, Word::Approve).await
}

/// POST /v1/admin/withdrawals/{id}/decline: it is not to be, and the money goes back
pub(crate) async fn decline(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(id): ApiPath<WithdrawalId>,
    ApiJson(body): ApiJson<ReasonBody>,
) -> Result<Response, Problem> {
    answer(&app, (&caller, &headers), id, body, Word::Decline).await
}

fn shown(row: &WithdrawalReviewRow) -> Value {
    let of = &row.reviewed;
    let approvals = of.approvals.iter().map(|approval| {
        json!({
            "by": approval.by,
            "reason": approval.reason,
            "approved_at": time(approval.approved_at),
        })
    });
    let decline = row
        .decline
        .as_ref()
        .map(|said| json!({"by": said.by, "reason": said.reason, "declined_at": time(said.at)}));
    json!({
        "id": of.withdrawal.to_string(),
        "status": row.status.name(),
        "customer_id": of.customer.to_string(),
        "amount": money(of.amount),
        "provider": of.provider,
        "requested_at": time(of.requested_at),
        "review_from": money(of.review_from),
        "approvals": approvals.collect::<Vec<_>>(),
        "decline": decline,
        "position": Token::of(&[row.position]).text(),
    })
}

/// What the list may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WithdrawalsQuery {
    status: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

const STATUSES: [ReviewStatus; 3] = [
    ReviewStatus::Waiting,
    ReviewStatus::Approved,
    ReviewStatus::Declined,
];

fn wanted(status: Option<&str>) -> Result<Option<ReviewStatus>, Problem> {
    let Some(status) = status else {
        return Ok(None);
    };
    let known = STATUSES.into_iter().find(|known| known.name() == status);
    known.map(Some).ok_or_else(|| {
        let message = "one of waiting, approved, declined is expected";
        Problem::new(Code::ValidationFailed).at("?status", message)
    })
}

/// Of those of a status so many are looked through at once, and so often; the cursor goes on behind.
const LOOKED_AT_ONCE: usize = 200;
const LOOKS_MAX: usize = 20;

/// GET /v1/admin/withdrawals, newest first
pub(crate) async fn list(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<WithdrawalsQuery>,
) -> Result<Response, Problem> {
    let wanted = wanted(query.status.as_deref())?;
    let page = Page::new(query.cursor.as_deref(), query.limit)?;
    let mut after = page.after_id()?.map(|id| id.to_vec());
    let mut items = Vec::new();
    // What waits may have waited for long, behind much that was answered since.
    let (at_once, looks) = match wanted {
        Some(_) => (LOOKED_AT_ONCE, LOOKS_MAX),
        None => (page.limit, 1),
    };
    for _ in 0..looks {
        let mut scan = Scan::of(table::WITHDRAWAL_REVIEW, Vec::new())
            .reversed()
            .rows_max(at_once);
        if let Some(after) = after.take() {
            scan = scan.after(after);
        }
        let rows = views::rows::<WithdrawalReviewRow>(&app, scan).await?;
        let full = rows.len() == at_once;
        for (key, row) in rows {
            if wanted.is_none_or(|wanted| wanted == row.status) {
                items.push(shown(&row));
            }
            if items.len() == page.limit {
                return Ok(page_json(items, Some(cursor_of(&key))));
            }
            after = Some(key);
        }
        if !full {
            return Ok(page_json(items, None));
        }
    }
    Ok(page_json(items, after.as_deref().map(cursor_of)))
}

/// GET /v1/admin/withdrawals/{id}
pub(crate) async fn show(
    State(app): State<App>,
    ApiPath(id): ApiPath<WithdrawalId>,
) -> Result<Response, Problem> {
    let key = id.bytes().to_vec();
    let row: Option<WithdrawalReviewRow> = views::row(&app, table::WITHDRAWAL_REVIEW, key).await?;
    let row = row.ok_or_else(|| Problem::new(Code::WithdrawalUnknown))?;
    Ok(json_response(StatusCode::OK, &shown(&row)))
}
