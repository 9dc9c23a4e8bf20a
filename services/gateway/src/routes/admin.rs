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
    self, Outcome, OutcomeKind, ResultFromScore, ResultMarket, ResumeMarket, RollBackResult, Score,
    SelectionOutcome, SuspendMarket,
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
    pub(crate) reason: Option<String>,
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

/// An act on a market, and the state in which it leaves the market, if it changes that.
pub(crate) async fn on_market(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    market: MarketId,
    (route, status, content): (&'static str, Option<&'static str>, Value),
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
    let mut body = json!({"market_id": market.to_string()});
    if let (Some(status), Some(object)) = (status, body.as_object_mut()) {
        object.insert("status".to_owned(), json!(status));
    }
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
    let what = (
        "POST /v1/admin/markets/suspend",
        Some("suspended"),
        json!(reason),
    );
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
    let what = ("POST /v1/admin/markets/resume", Some("open"), json!(reason));
    let by = by(&caller);
    let command = odds::Command::ResumeMarket(ResumeMarket { market, reason, by });
    on_market(&app, &caller, &headers, market, what, command).await
}

/// The body of a result: every selection's outcome, or of a market about goals the score.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResultBody {
    outcomes: Option<Vec<OutcomeBody>>,
    score: Option<String>,
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
    if query.preview {
        let told = body.outcomes.ok_or_else(|| {
            let problem = Problem::new(Code::ValidationFailed);
            problem.at("/outcomes", "a preview needs the outcomes themselves")
        })?;
        return preview(&app, market, Some(outcomes(&told)?)).await;
    }
    let reason = reason(body.reason, "/reason")?;
    let by = by(&caller);
    let (content, command) = match (body.outcomes, body.score) {
        (Some(told), None) => {
            let outcomes = outcomes(&told)?;
            let content = json!([reason, listed(&outcomes)]);
            let command = odds::Command::ResultMarket(ResultMarket {
                market,
                outcomes,
                reason,
                by,
            });
            (content, command)
        }
        (None, Some(text)) => {
            let score = score(&text)?;
            let content = json!([reason, {"score": [score.home, score.away]}]);
            let command = odds::Command::ResultFromScore(ResultFromScore {
                market,
                score,
                reason,
                by,
            });
            (content, command)
        }
        (None, None) | (Some(_), Some(_)) => {
            let problem = Problem::new(Code::ValidationFailed);
            return Err(problem.at("/outcomes", "either outcomes or a score is expected"));
        }
    };
    let what = ("POST /v1/admin/markets/result", Some("settled"), content);
    on_market(&app, &caller, &headers, market, what, command).await
}

fn listed(outcomes: &[SelectionOutcome]) -> Vec<Value> {
    outcomes
        .iter()
        .map(|o| {
            let Outcome { kind, places, tied } = &o.outcome;
            json!([o.selection.to_string(), kind.name(), places, tied])
        })
        .collect()
}

/// Home and away goals, such as `2-1`.
fn score(text: &str) -> Result<Score, Problem> {
    let goals = text.split_once('-');
    let goals = goals.and_then(|(home, away)| Some((home.parse().ok()?, away.parse().ok()?)));
    goals
        .map(|(home, away)| Score { home, away })
        .ok_or_else(|| {
            Problem::new(Code::ValidationFailed)
                .at("/score", "home and away goals such as \"2-1\" are expected")
        })
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
    let what = (
        "POST /v1/admin/markets/rollback",
        Some("closed"),
        json!(reason),
    );
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
