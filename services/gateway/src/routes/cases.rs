//! The fraud queue and restrictions.

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::extract::{ApiJson, ApiPath, ApiQuery, Caller, Fields};
use crate::lists::{Page, cursor_of, page_json};
use crate::permissions::Permission;
use crate::problem::Problem;
use crate::routes::admin::{Act, by, done, reason};
use crate::shapes::{Named, time};
use crate::views;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kernel::{CaseId, CustomerId, Topic};
use schemas::auth::Role;
use schemas::fraud::{self, CloseCase, Restrict, Verdict};
use schemas::rows::{CaseClosedRow, CaseRow, table};
use serde::Deserialize;
use serde_json::{Value, json};
use viewstore::Scan;

/// Who works on cases.
pub(crate) const CASE_ROLES: &[Role] = Permission::WorkCases.roles();

/// What the list of cases may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CasesQuery {
    status: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// GET /v1/admin/cases, newest first
pub(crate) async fn cases(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<CasesQuery>,
) -> Result<Response, Problem> {
    let wanted = query.status.as_deref();
    if wanted.is_some_and(|status| status != "open" && status != "closed") {
        return Err(Problem::new(Code::ValidationFailed).at("?status", "open or closed"));
    }
    let page = Page::new(query.cursor.as_deref(), query.limit)?;
    let mut scan = Scan::of(table::CASE, Vec::new())
        .reversed()
        .rows_max(page.limit);
    if let Some(after) = page.after_id()? {
        scan = scan.after(after.to_vec());
    }
    let rows = views::rows::<CaseRow>(&app, scan).await?;
    let full = rows.len() == page.limit;
    let next_cursor = rows.last().filter(|_| full).map(|(key, _)| cursor_of(key));
    let mut items = Vec::new();
    for (_, row) in rows {
        let closed = closed(&app, row.case).await?;
        let status = if closed.is_some() { "closed" } else { "open" };
        if wanted.is_none_or(|wanted| wanted == status) {
            items.push(case(&row, closed.as_ref()));
        }
    }
    Ok(page_json(items, next_cursor))
}

async fn closed(app: &App, case: CaseId) -> Result<Option<CaseClosedRow>, Problem> {
    views::row(app, table::CASE_CLOSED, case.bytes().to_vec()).await
}

fn case(row: &CaseRow, closed: Option<&CaseClosedRow>) -> Value {
    let reasons: Vec<Value> = row
        .reasons
        .iter()
        .map(|reason| {
            json!({"rule": reason.rule, "points": reason.points, "evidence": reason.evidence})
        })
        .collect();
    json!({
        "id": row.case.to_string(),
        "customer_id": row.customer.to_string(),
        "status": if closed.is_some() { "closed" } else { "open" },
        "score_permille": row.score_permille,
        "reasons": reasons,
        "opened_at": time(row.opened_at),
        "verdict": closed.map(|closed| closed.verdict.name()),
        "note": closed.map(|closed| closed.note.clone()),
        "by": closed.map(|closed| closed.by.clone()),
        "closed_at": closed.map(|closed| time(closed.closed_at)),
    })
}

/// GET /v1/admin/cases/{id}
pub(crate) async fn show_case(
    State(app): State<App>,
    ApiPath(id): ApiPath<CaseId>,
) -> Result<Response, Problem> {
    let row: Option<CaseRow> = views::row(&app, table::CASE, id.bytes().to_vec()).await?;
    let row = row.ok_or_else(|| Problem::new(Code::CaseUnknown))?;
    let closed = closed(&app, id).await?;
    Ok(json_response(StatusCode::OK, &case(&row, closed.as_ref())))
}

/// The body of a case's end.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseBody {
    verdict: String,
    note: Option<String>,
}

/// POST /v1/admin/cases/{id}/close
pub(crate) async fn close_case(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(id): ApiPath<CaseId>,
    ApiJson(body): ApiJson<CloseBody>,
) -> Result<Response, Problem> {
    let note = reason(body.note, "/note")?;
    let mut fields = Fields::default();
    let verdict: Option<Verdict> = fields.named("/verdict", &body.verdict);
    let verdict = fields.finish(verdict)?;
    let row: Option<CaseRow> = views::row(&app, table::CASE, id.bytes().to_vec()).await?;
    let customer = row.ok_or_else(|| Problem::new(Code::CaseUnknown))?.customer;
    let act = Act {
        caller: &caller,
        headers: &headers,
        route: "POST /v1/admin/cases/close",
        content: json!([id.to_string(), verdict.name(), note]),
        inbox: Topic::FraudCommands,
        journal: Topic::FraudEvents,
        partition: id.partition(),
    };
    let command = fraud::Command::CloseCase(CloseCase {
        case: id,
        customer,
        verdict,
        note,
        by: by(&caller),
    });
    let answer = act.ask(&app, command).await?;
    let body = json!({"id": id.to_string(), "status": "closed", "verdict": verdict.name()});
    Ok(done(&answer, body))
}

/// The body of a restriction.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestrictBody {
    stake_permille: u16,
    note: Option<String>,
}

/// POST /v1/admin/customers/{id}/restrict
pub(crate) async fn restrict(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(customer): ApiPath<CustomerId>,
    ApiJson(body): ApiJson<RestrictBody>,
) -> Result<Response, Problem> {
    let note = reason(body.note, "/note")?;
    let stake_permille = body.stake_permille;
    let act = Act {
        caller: &caller,
        headers: &headers,
        route: "POST /v1/admin/customers/restrict",
        content: json!([customer.to_string(), stake_permille, note]),
        inbox: Topic::FraudCommands,
        journal: Topic::FraudEvents,
        partition: customer.partition(),
    };
    let command = fraud::Command::Restrict(Restrict {
        customer,
        stake_permille,
        note,
        by: by(&caller),
    });
    let answer = act.ask(&app, command).await?;
    let id = customer.to_string();
    let body = json!({"customer_id": id, "stake_permille": stake_permille});
    Ok(done(&answer, body))
}
