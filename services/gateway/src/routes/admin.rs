//! Operators' and traders' acts on markets.
//!
//! Duty: each act needs a role, a reason and a key, and becomes a command in the log under the
//! name of who did it. Prohibition: nothing here changes anything by itself.

use crate::answers::{json_response, mark_replayed};
use crate::app::App;
use crate::asking::{self, Answer, Request};
use crate::errors::Code;
use crate::extract::{ApiJson, ApiPath, ApiQuery, Caller, Fields, idempotency_key};
use crate::lists::page_json;
use crate::permissions::Permission;
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::preview::preview;
use crate::shapes::{Named, money, time};
use crate::{refusals, views};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kernel::{MarketId, Partition, SelectionId, Topic};
use schemas::auth::Role;
use schemas::odds::{
    self, Outcome, OutcomeKind, ResultMarket, ResumeMarket, RollBackResult, SelectionOutcome,
    SuspendMarket,
};
use schemas::rows::{LiabilityRow, table};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use viewstore::Scan;

/// Who works on markets.
pub(crate) const MARKET_ROLES: &[Role] = Permission::RunMarkets.roles();

/// The body of an act that needs nothing but a reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonBody {
    reason: Option<String>,
}

impl ReasonBody {
    /// What it says.
    pub(crate) fn said(self) -> Result<String, Problem> {
        reason(self.reason, "/reason")
    }
}

/// A reason that says something.
pub(crate) fn reason(text: Option<String>, pointer: &str) -> Result<String, Problem> {
    let reason = text.map(|text| text.trim().to_owned()).unwrap_or_default();
    if reason.is_empty() || reason.chars().count() > 500 {
        let message = "1 to 500 characters are expected";
        return Err(Problem::new(Code::ReasonMissing).at(pointer, message));
    }
    Ok(reason)
}

/// Where an act goes.
pub(crate) struct Act<'a> {
    pub caller: &'a Caller,
    pub headers: &'a HeaderMap,
    pub route: &'static str,
    pub content: Value,
    pub inbox: Topic,
    pub journal: Topic,
    pub partition: Partition,
}

impl Act<'_> {
    /// Asks for it.
    pub(crate) async fn ask<C: schemas::Wire>(
        self,
        app: &App,
        command: C,
    ) -> Result<Answer, Problem> {
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

/// An act's answer: what was asked for, and where it stands.
pub(crate) fn done(answer: &Answer, mut body: Value) -> Response {
    if let Some(object) = body.as_object_mut() {
        let position = Token::of(&[answer.decision.position]);
        object.insert("position".to_owned(), json!(position.text()));
        object.insert(
            "decided_at".to_owned(),
            time(answer.decision.header.decided_at),
        );
    }
    let mut response = json_response(StatusCode::OK, &body);
    mark_replayed(&mut response, answer.replayed);
    response
}

/// Who acts, as records name them.
pub(crate) fn by(caller: &Caller) -> String {
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
        let kind: Option<OutcomeKind> = fields.named(&format!("{at}/outcome"), &body.outcome);
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
    ApiQuery(query): ApiQuery<PreviewQuery>,
    ApiJson(body): ApiJson<ResultBody>,
) -> Result<Response, Problem> {
    let outcomes = outcomes(&body.outcomes)?;
    if query.preview {
        return preview(&app, market, Some(outcomes)).await;
    }
    let reason = reason(body.reason, "/reason")?;
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

/// What a result and a rollback may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewQuery {
    #[serde(default)]
    preview: bool,
}

/// POST /v1/admin/markets/{id}/rollback
pub(crate) async fn roll_back(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(market): ApiPath<MarketId>,
    ApiQuery(query): ApiQuery<PreviewQuery>,
    ApiJson(body): ApiJson<ReasonBody>,
) -> Result<Response, Problem> {
    if query.preview {
        return preview(&app, market, None).await;
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
