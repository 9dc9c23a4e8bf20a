//! Obviously wrong prices: one person proposes a ruling, another one approves it.
//!
//! Duty: both acts need a role, a reason and a key, and become commands under the name of who did
//! them; the list shows what waits for a second person. Prohibition: whether a price was obviously
//! wrong, whose approval counts and for how long is decided by odds, not here.

use crate::app::App;
use crate::errors::Code;
use crate::extract::{ApiJson, ApiPath, Caller, Fields};
use crate::lists::page_json;
use crate::permissions::Permission;
use crate::problem::Problem;
use crate::routes::admin::{Act, by, done, reason};
use crate::shapes::time;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use kernel::{MarketId, Price, SelectionId, Timestamp, Topic};
use schemas::auth::Role;
use schemas::odds::{
    self, ApproveRuling, Event, MistakenPrice, ProposeRuling, RulingApproved, RulingProposed,
};
use schemas::{Decision, Events};
use serde::Deserialize;
use serde_json::{Value, json};

/// Who may be the second person.
pub(crate) const APPROVER_ROLES: &[Role] = Permission::ApproveRulings.roles();

/// Who may look at what waits and what was decided.
pub(crate) const READER_ROLES: &[Role] = Permission::WorkCases.roles();

/// The body of a proposal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MistakeBody {
    from: String,
    until: String,
    prices: Vec<PriceBody>,
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceBody {
    selection_id: String,
    shown: String,
    right: String,
}

/// The body of an approval.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovalBody {
    ruling: u32,
    reason: Option<String>,
}

fn mistake(body: MistakeBody) -> Result<odds::Mistake, Problem> {
    let reason = reason(body.reason, "/reason")?;
    let mut fields = Fields::default();
    let from: Option<Timestamp> = fields.time("/from", &body.from);
    let until: Option<Timestamp> = fields.time("/until", &body.until);
    let mut prices = Vec::with_capacity(body.prices.len());
    for (index, price) in body.prices.iter().enumerate() {
        let at = format!("/prices/{index}");
        let selection: Option<SelectionId> =
            fields.parse(&format!("{at}/selection_id"), &price.selection_id);
        let shown: Option<Price> = fields.parse(&format!("{at}/shown"), &price.shown);
        let right: Option<Price> = fields.parse(&format!("{at}/right"), &price.right);
        if let (Some(selection), Some(shown), Some(right)) = (selection, shown, right) {
            prices.push(MistakenPrice {
                selection,
                shown,
                right,
            });
        }
    }
    let stretch = from.zip(until);
    fields.finish(stretch.map(|(from, until)| odds::Mistake {
        from,
        until,
        prices,
        reason,
    }))
}

fn mistake_json(mistake: &odds::Mistake) -> Value {
    let price = |price: &MistakenPrice| {
        json!({
            "selection_id": price.selection.to_string(),
            "shown": price.shown.to_string(),
            "right": price.right.to_string(),
        })
    };
    json!({
        "from": time(mistake.from),
        "until": time(mistake.until),
        "prices": mistake.prices.iter().map(price).collect::<Vec<_>>(),
        "reason": mistake.reason,
    })
}

fn act<'a>(
    caller: &'a Caller,
    headers: &'a HeaderMap,
    route: &'static str,
    market: MarketId,
    content: Value,
) -> Act<'a> {
    Act {
        caller,
        headers,
        route,
        content: json!([market.to_string(), content]),
        inbox: Topic::OddsCommands,
        journal: Topic::OddsEvents,
        partition: market.partition(),
    }
}

/// The proposal that a decision recorded.
fn proposed(decision: &Decision) -> Option<&RulingProposed> {
    let Events::OddsEvents(body) = &decision.events else {
        return None;
    };
    body.events.iter().find_map(|event| {
        if let Event::RulingProposed(proposed) = event {
            Some(proposed)
        } else {
            None
        }
    })
}

/// POST /v1/admin/markets/{id}/void-prices: proposes to void bets struck at obviously wrong prices
pub(crate) async fn propose(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(market): ApiPath<MarketId>,
    ApiJson(body): ApiJson<MistakeBody>,
) -> Result<Response, Problem> {
    let mistake = mistake(body)?;
    let route = "POST /v1/admin/markets/void-prices";
    let act = act(&caller, &headers, route, market, mistake_json(&mistake));
    let command = odds::Command::ProposeRuling(ProposeRuling {
        market,
        mistake,
        by: by(&caller),
    });
    let answer = act.ask(&app, command).await?;
    let told = proposed(&answer.decision);
    let body = json!({
        "market_id": market.to_string(),
        "ruling": told.map(|told| told.ruling),
        "status": "proposed",
        "lapses_at": told.map(|told| time(told.lapses_at)),
    });
    Ok(done(&answer, body))
}

/// POST /v1/admin/markets/{id}/void-prices/approve: the second person agrees
pub(crate) async fn approve(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(market): ApiPath<MarketId>,
    ApiJson(body): ApiJson<ApprovalBody>,
) -> Result<Response, Problem> {
    let (ruling, reason) = (body.ruling, reason(body.reason, "/reason")?);
    let route = "POST /v1/admin/markets/void-prices/approve";
    let act = act(&caller, &headers, route, market, json!([ruling, reason]));
    let command = odds::Command::ApproveRuling(ApproveRuling {
        market,
        ruling,
        reason,
        by: by(&caller),
    });
    let answer = act.ask(&app, command).await?;
    let body = json!({
        "market_id": market.to_string(),
        "ruling": ruling,
        "status": "approved",
    });
    Ok(done(&answer, body))
}

fn shown(ruling: &markets::Ruling, now: Timestamp) -> Value {
    let RulingProposed {
        ruling: number,
        rules_version,
        mistake,
        by,
        proposed_at,
        lapses_at,
        ..
    } = &ruling.proposed;
    let status = match &ruling.approved {
        Some(_) => "approved",
        None if now >= *lapses_at => "lapsed",
        None => "proposed",
    };
    let second = |approved: &RulingApproved| {
        json!({
            "by": approved.by,
            "reason": approved.reason,
            "approved_at": time(approved.approved_at),
        })
    };
    json!({
        "ruling": number,
        "status": status,
        "rules_version": rules_version,
        "mistake": mistake_json(mistake),
        "proposed_by": by,
        "proposed_at": time(*proposed_at),
        "lapses_at": time(*lapses_at),
        "approval": ruling.approved.as_ref().map(second),
    })
}

/// GET /v1/admin/markets/{id}/void-prices: what was proposed and approved, oldest first
pub(crate) async fn list(
    State(app): State<App>,
    ApiPath(market): ApiPath<MarketId>,
) -> Result<Response, Problem> {
    let view = app.market_view();
    let known = view
        .market(market)
        .ok_or_else(|| Problem::new(Code::MarketUnknown))?;
    let now = app.now();
    let items = known.rulings.iter().map(|ruling| shown(ruling, now));
    Ok(page_json(items.collect(), None))
}
