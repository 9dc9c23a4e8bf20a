//! What part of the ordinary stake limit a customer gets, by traders' words.
//!
//! Duty: pass a trader's word with its reason on to the customer's partition of bets, and show the
//! factors in force. Prohibition: no limit is worked out here; of all factors and restrictions
//! that bear on a slip bets takes the lowest.

use crate::app::App;
use crate::extract::{ApiJson, ApiPath, Caller};
use crate::lists::page_json;
use crate::problem::Problem;
use crate::routes::admin::{Act, by, done, reason};
use crate::shapes::time;
use crate::views;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use kernel::{CustomerId, Topic};
use schemas::bets::{self, FactorScope, SetStakeFactor};
use schemas::rows::{StakeFactorRow, table};
use serde::Deserialize;
use serde_json::{Value, json};
use viewstore::Scan;

/// The body of a factor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FactorBody {
    /// Null takes the factor away; it must be said.
    #[serde(deserialize_with = "Option::deserialize")]
    stake_permille: Option<u16>,
    sport: Option<String>,
    market_kind: Option<String>,
    reason: Option<String>,
}

/// PUT /v1/admin/customers/{id}/factor
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(customer): ApiPath<CustomerId>,
    ApiJson(body): ApiJson<FactorBody>,
) -> Result<Response, Problem> {
    let reason = reason(body.reason, "/reason")?;
    let FactorBody {
        stake_permille,
        sport,
        market_kind,
        ..
    } = body;
    let act = Act {
        caller: &caller,
        headers: &headers,
        route: "PUT /v1/admin/customers/factor",
        content: json!([
            customer.to_string(),
            stake_permille,
            sport,
            market_kind,
            reason
        ]),
        inbox: Topic::BetsCommands,
        journal: Topic::BetsEvents,
        partition: customer.partition(),
    };
    let answer = json!({
        "customer_id": customer.to_string(),
        "stake_permille": stake_permille,
        "sport": sport,
        "market_kind": market_kind,
    });
    let command = bets::Command::SetStakeFactor(SetStakeFactor {
        customer,
        scope: FactorScope { sport, market_kind },
        stake_permille,
        reason,
        by: by(&caller),
    });
    let decided = act.ask(&app, command).await?;
    Ok(done(&decided, answer))
}

/// GET /v1/admin/customers/{id}/factors
pub(crate) async fn list(
    State(app): State<App>,
    ApiPath(customer): ApiPath<CustomerId>,
) -> Result<Response, Problem> {
    let scan = Scan::of(table::STAKE_FACTOR, customer.bytes().to_vec());
    let rows = views::rows::<StakeFactorRow>(&app, scan).await?;
    let in_force = rows.iter().filter_map(|(_, row)| shown(row)).collect();
    Ok(page_json(in_force, None))
}

/// A factor in force; one that was taken away is not shown.
fn shown(row: &StakeFactorRow) -> Option<Value> {
    let set = &row.set;
    Some(json!({
        "stake_permille": set.stake_permille?,
        "sport": set.scope.sport,
        "market_kind": set.scope.market_kind,
        "reason": set.reason,
        "by": set.by,
        "set_at": time(set.set_at),
    }))
}
