//! Operators' and traders' acts, and the fraud queue.
//!
//! Duty: each act needs a role, a reason and a key, and becomes a command in the log under the
//! name of who did it. Prohibition: nothing here changes anything by itself.

use crate::app::App;
use crate::asking::{self, Answer, Request};
use crate::errors::Code;
use crate::extract::{ApiJson, ApiPath, ApiQuery, Caller, Fields, idempotency_key};
use crate::lists::{Page, cursor_of, page_json};
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::bets::{json_response, named};
use crate::routes::rollback;
use crate::shapes::{Named, money, time};
use crate::{refusals, views};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use kernel::{CaseId, CustomerId, MarketId, Partition, SelectionId, Topic};
use schemas::auth::Role;
use schemas::fraud::{self, CloseCase, Restrict, Verdict};
use schemas::odds::{
    self, Outcome, OutcomeKind, ResultMarket, ResumeMarket, RollBackResult, SelectionOutcome,
    SuspendMarket,
};
use schemas::rows::{CaseClosedRow, CaseRow, LiabilityRow, table};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use viewstore::Scan;

/// Who works on markets.
pub(crate) const MARKET_ROLES: &[Role] = &[Role::Operator, Role::Trader];
/// Who works on cases.
pub(crate) const CASE_ROLES: &[Role] = &[Role::Operator, Role::Trader, Role::Compliance];

/// The body of an act that needs nothing but a reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonBody {
    reason: Option<String>,
}

fn reason(text: Option<String>, pointer: &str) -> Result<String, Problem> {
    let reason = text.map(|text| text.trim().to_owned()).unwrap_or_default();
    if reason.is_empty() || reason.chars().count() > 500 {
        let message = "1 to 500 characters are expected";
        return Err(Problem::new(Code::ReasonMissing).at(pointer, message));
    }
    Ok(reason)
}

/// Where an act goes.
struct Act<'a> {
    caller: &'a Caller,
    headers: &'a HeaderMap,
    route: &'static str,
    content: Value,
    inbox: Topic,
    journal: Topic,
    partition: Partition,
}

impl Act<'_> {
    /// Asks for it.
    async fn ask<C: schemas::Wire>(self, app: &App, command: C) -> Result<Answer, Problem> {
        let key = idempotency_key(self.headers)?;
        let request = Request {
            id: asking::request_id(self.caller.subject.customer, self.route, key),
            digest: asking::digest(&self.content),
            correlation: self.caller.correlation(),
            inbox: self.inbox,
            journal: self.journal,
            partition: self.partition,
        };
        if self.partition >= app.partitions {
            return Err(Problem::new(Code::NotFound));
        }
        let answer = asking::ask(app, request, || Ok(command)).await?;
        match refusals::rejection_of(&answer.decision, answer.replayed) {
            Some(problem) => Err(problem),
            None => Ok(answer),
        }
    }
}

fn done(answer: &Answer, mut body: Value) -> Response {
    if let Some(object) = body.as_object_mut() {
        let position = Token::of(&[answer.decision.position]);
        object.insert("position".to_owned(), json!(position.text()));
        object.insert(
            "decided_at".to_owned(),
            time(answer.decision.header.decided_at),
        );
    }
    let mut response = json_response(StatusCode::OK, &body);
    if answer.replayed {
        let told = HeaderValue::from_static("true");
        response.headers_mut().insert("idempotency-replayed", told);
    }
    response
}

/// Who acts, as records name them.
fn by(caller: &Caller) -> String {
    caller.subject.customer.to_string()
}

/// An act on a market.
async fn on_market(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    market: MarketId,
    (route, status, content): (&'static str, &'static str, Value),
    command: odds::Command,
) -> Result<Response, Problem> {
    let act = Act {
        caller,
        headers,
        route,
        content: json!([market.to_string(), content]),
        inbox: Topic::OddsCommands,
        journal: Topic::OddsEvents,
        partition: market.partition(),
    };
    let answer = act.ask(app, command).await?;
    let body = json!({"market_id": market.to_string(), "status": status});
    Ok(done(&answer, body))
}

/// POST /v1/admin/markets/{id}/suspend
pub(crate) async fn suspend(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(market): ApiPath<MarketId>,
    ApiJson(body): ApiJson<ReasonBody>,
) -> Result<Response, Problem> {
    let reason = reason(body.reason, "/reason")?;
    let what = ("POST /v1/admin/markets/suspend", "suspended", json!(reason));
    let by = by(&caller);
    let command = odds::Command::SuspendMarket(SuspendMarket { market, reason, by });
    on_market(&app, &caller, &headers, market, what, command).await
}

/// POST /v1/admin/markets/{id}/resume
pub(crate) async fn resume(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(market): ApiPath<MarketId>,
    ApiJson(body): ApiJson<ReasonBody>,
) -> Result<Response, Problem> {
    let reason = reason(body.reason, "/reason")?;
    let what = ("POST /v1/admin/markets/resume", "open", json!(reason));
    let by = by(&caller);
    let command = odds::Command::ResumeMarket(ResumeMarket { market, reason, by });
    on_market(&app, &caller, &headers, market, what, command).await
}

/// The body of a result: every selection's outcome.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResultBody {
    outcomes: Vec<OutcomeBody>,
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeBody {
    selection_id: String,
    outcome: String,
    places: Option<u16>,
    tied: Option<u16>,
}

fn outcomes(bodies: &[OutcomeBody]) -> Result<Vec<SelectionOutcome>, Problem> {
    let mut fields = Fields::default();
    let mut outcomes = Vec::with_capacity(bodies.len());
    for (index, body) in bodies.iter().enumerate() {
        let at = format!("/outcomes/{index}");
        let selection: Option<SelectionId> =
            fields.parse(&format!("{at}/selection_id"), &body.selection_id);
        let kind: Option<OutcomeKind> = named(&mut fields, &format!("{at}/outcome"), &body.outcome);
        if let Some((selection, kind)) = selection.zip(kind) {
            let outcome = Outcome {
                kind,
                places: body.places.unwrap_or(0),
                tied: body.tied.unwrap_or(0),
            };
            outcomes.push(SelectionOutcome { selection, outcome });
        }
    }
    fields.finish(Some(outcomes))
}

/// POST /v1/admin/markets/{id}/result
pub(crate) async fn result(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(market): ApiPath<MarketId>,
    ApiJson(body): ApiJson<ResultBody>,
) -> Result<Response, Problem> {
    let reason = reason(body.reason, "/reason")?;
    let outcomes = outcomes(&body.outcomes)?;
    let listed: Vec<Value> = outcomes
        .iter()
        .map(|o| {
            let Outcome { kind, places, tied } = &o.outcome;
            json!([o.selection.to_string(), kind.name(), places, tied])
        })
        .collect();
    let what = (
        "POST /v1/admin/markets/result",
        "settled",
        json!([reason, listed]),
    );
    let by = by(&caller);
    let command = odds::Command::ResultMarket(ResultMarket {
        market,
        outcomes,
        reason,
        by,
    });
    on_market(&app, &caller, &headers, market, what, command).await
}

/// What a rollback may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RollbackQuery {
    #[serde(default)]
    preview: bool,
}

/// POST /v1/admin/markets/{id}/rollback
pub(crate) async fn roll_back(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(market): ApiPath<MarketId>,
    ApiQuery(query): ApiQuery<RollbackQuery>,
    ApiJson(body): ApiJson<ReasonBody>,
) -> Result<Response, Problem> {
    if query.preview {
        return rollback::preview(&app, market).await;
    }
    let reason = reason(body.reason, "/reason")?;
    let what = ("POST /v1/admin/markets/rollback", "closed", json!(reason));
    let by = by(&caller);
    let command = odds::Command::RollBackResult(RollBackResult { market, reason, by });
    on_market(&app, &caller, &headers, market, what, command).await
}

/// What the exposure may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LiabilityQuery {
    market: Option<String>,
}

/// GET /v1/admin/liability: what stands on each selection, summed over the partitions of bets
pub(crate) async fn liability(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<LiabilityQuery>,
) -> Result<Response, Problem> {
    let mut fields = Fields::default();
    let market: Option<MarketId> = query
        .market
        .as_deref()
        .and_then(|id| fields.parse("?market", id));
    fields.finish(Some(()))?;
    let prefix = market.map_or_else(Vec::new, |market| market.bytes().to_vec());
    let rows = views::rows::<LiabilityRow>(&app, Scan::of(table::LIABILITY, prefix)).await?;
    let mut sums: BTreeMap<(MarketId, SelectionId, kernel::Currency), (i64, i64, u32)> =
        BTreeMap::new();
    for (_, row) in rows {
        let key = (row.market, row.selection, row.stakes.currency());
        let (stakes, returns, slips) = sums.entry(key).or_default();
        *stakes = stakes.saturating_add(row.stakes.minor());
        *returns = returns.saturating_add(row.returns.minor());
        *slips = slips.saturating_add(row.slips);
    }
    let view = app.market_view();
    let items = sums
        .into_iter()
        .map(
            |((market, selection, currency), (stakes, returns, slips))| {
                let known = view.market(market);
                let name = known.and_then(|m| m.selections.iter().find(|s| s.id == selection));
                json!({
                    "market_id": market.to_string(),
                    "market_name": known.map(|market| market.name.clone()),
                    "selection_id": selection.to_string(),
                    "selection_name": name.map(|selection| selection.name.clone()),
                    "stakes": money(kernel::Money::from_minor(stakes, currency)),
                    "returns": money(kernel::Money::from_minor(returns, currency)),
                    "slips": slips,
                })
            },
        )
        .collect();
    Ok(page_json(items, None))
}

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
    let verdict: Option<Verdict> = named(&mut fields, "/verdict", &body.verdict);
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
