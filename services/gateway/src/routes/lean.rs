//! A trader lets a market's prices lean against what the house stands to lose on it, once or by
//! itself from then on.
//!
//! Duty: from what stands on each selection now to the exposures that odds is told, under the name
//! of who asked. Prohibition: no price is computed here; odds leans by its versioned rules and
//! records all inputs.

use crate::app::App;
use crate::extract::{ApiJson, ApiPath, Caller, Fields, MoneyBody, null_or};
use crate::problem::Problem;
use crate::routes::admin::{Act, by, done};
use crate::shapes::money;
use crate::views;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use kernel::{MarketId, Topic};
use schemas::odds::{self, LeanBook, SelectionExposure, SetLeaning};
use schemas::rows::{LiabilityRow, table};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use viewstore::Scan;

/// Whether to lean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeanBody {
    against_liability: bool,
}

/// POST /v1/admin/markets/{id}/lean: against what stands on the market now, or no more
pub(crate) async fn lean(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(market): ApiPath<MarketId>,
    ApiJson(body): ApiJson<LeanBody>,
) -> Result<Response, Problem> {
    let leaning = body.against_liability;
    let exposures = if leaning {
        exposures(&app, market).await?
    } else {
        Vec::new()
    };
    let command = odds::Command::LeanBook(LeanBook {
        market,
        exposures,
        by: by(&caller),
    });
    let act = Act {
        caller: &caller,
        headers: &headers,
        route: "POST /v1/admin/markets/lean",
        content: json!([market.to_string(), leaning]),
        inbox: Topic::OddsCommands,
        journal: Topic::OddsEvents,
        partition: market.partition(),
    };
    let answer = act.ask(&app, command).await?;
    let body = json!({"market_id": market.to_string(), "leaning": leaning});
    Ok(done(&answer, body))
}

/// By how much an exposure moves before prices lean anew; null: they lean no more by themselves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeaningBody {
    #[serde(deserialize_with = "null_or")]
    step: Option<MoneyBody>,
}

/// PUT /v1/admin/markets/{id}/leaning: the market leans by itself from here on, or no more
pub(crate) async fn set_leaning(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(market): ApiPath<MarketId>,
    ApiJson(body): ApiJson<LeaningBody>,
) -> Result<Response, Problem> {
    let mut fields = Fields::default();
    let step = body
        .step
        .as_ref()
        .and_then(|step| fields.money("/step", &step.amount, &step.currency));
    if let Some(step) = step {
        let expected = app
            .market_view()
            .market(market)
            .map(|known| known.exposure_max.currency());
        if expected.is_some_and(|expected| expected != step.currency()) {
            fields.wrong("/step/currency", "the market is in another currency");
        }
        if !step.is_positive() {
            fields.wrong("/step/amount", "more than nothing is expected");
        }
    }
    fields.finish(Some(()))?;
    let act = Act {
        caller: &caller,
        headers: &headers,
        route: "PUT /v1/admin/markets/leaning",
        content: json!([market.to_string(), step.map(money)]),
        inbox: Topic::OddsCommands,
        journal: Topic::OddsEvents,
        partition: market.partition(),
    };
    let command = odds::Command::SetLeaning(SetLeaning {
        market,
        step_minor: step.map(|step| step.minor()),
        by: by(&caller),
    });
    let answer = act.ask(&app, command).await?;
    let body = json!({"market_id": market.to_string(), "leaning": step.is_some()});
    Ok(done(&answer, body))
}

/// What is returned if each selection wins, less all stakes on the market; every selection once, in
/// the order of the offer. Amounts in another currency than the market's are not looked at: none
/// are taken.
async fn exposures(app: &App, market: MarketId) -> Result<Vec<SelectionExposure>, Problem> {
    let scan = Scan::of(table::LIABILITY, market.bytes().to_vec());
    let rows = views::rows::<LiabilityRow>(app, scan).await?;
    let view = app.market_view();
    let Some(known) = view.market(market) else {
        // Odds refuses an unknown market in its own words.
        return Ok(Vec::new());
    };
    let currency = known.exposure_max.currency();
    let mut stakes = 0_i64;
    let mut returns = BTreeMap::new();
    for (_, row) in rows {
        if row.stakes.currency() == currency {
            stakes = stakes.saturating_add(row.stakes.minor());
            let sum: &mut i64 = returns.entry(row.selection).or_default();
            *sum = sum.saturating_add(row.returns.minor());
        }
    }
    Ok(known
        .selections
        .iter()
        .map(|selection| SelectionExposure {
            selection: selection.id,
            minor: returns
                .get(&selection.id)
                .copied()
                .unwrap_or(0)
                .saturating_sub(stakes),
        })
        .collect())
}
