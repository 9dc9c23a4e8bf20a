//! What taking a result back would touch.
//!
//! Duty: count the bets, the accounts and the money, from the views, before anybody decides.
//! Prohibition: it is a preview: what happens is told by the journals.

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::problem::Problem;
use crate::shapes::{Named, money};
use crate::views;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::{Currency, MarketId, Money};
use schemas::rows::{BetRow, BetStatus, BetStatusRow, table};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use viewstore::Scan;

const ROWS_AT_ONCE: usize = 1_000;

/// The preview as an answer.
pub(crate) async fn preview(app: &App, market: MarketId) -> Result<Response, Problem> {
    let status = app
        .market_view()
        .market(market)
        .map(|market| (market.status, market.result));
    let (status, result) = status.ok_or_else(|| Problem::new(Code::MarketUnknown))?;
    let mut customers = BTreeSet::new();
    let mut returned: BTreeMap<Currency, i64> = BTreeMap::new();
    let (mut settled, mut open) = (0_u64, 0_u64);
    let mut after: Option<Vec<u8>> = None;
    loop {
        let mut scan = Scan::of(table::BET, Vec::new()).rows_max(ROWS_AT_ONCE);
        if let Some(after) = after.take() {
            scan = scan.after(after);
        }
        let rows = views::rows::<BetRow>(app, scan).await?;
        let full = rows.len() == ROWS_AT_ONCE;
        after = rows.last().filter(|_| full).map(|(key, _)| key.clone());
        let concerned = rows
            .into_iter()
            .filter(|(_, row)| row.placed.legs.iter().any(|leg| leg.market == market));
        for (key, row) in concerned {
            let status: Option<BetStatusRow> = views::row(app, table::BET_STATUS, key).await?;
            match status.as_ref().map(|status| status.status) {
                Some(BetStatus::Settled) => {
                    settled = settled.saturating_add(1);
                    customers.insert(row.placed.customer);
                    if let Some(money) = status.and_then(|status| status.returned) {
                        let sum = returned.entry(money.currency()).or_default();
                        *sum = sum.saturating_add(money.minor());
                    }
                }
                Some(BetStatus::Accepted) => open = open.saturating_add(1),
                Some(BetStatus::Pending | BetStatus::Rejected) | None => {}
            }
        }
        if after.is_none() {
            break;
        }
    }
    let returned: Vec<Value> = returned
        .into_iter()
        .map(|(currency, minor)| money(Money::from_minor(minor, currency)))
        .collect();
    let body = json!({
        "preview": true,
        "market_id": market.to_string(),
        "status": status.name(),
        "result": result,
        "bets": settled,
        "bets_open": open,
        "accounts": customers.len(),
        "returned": returned,
    });
    Ok(json_response(StatusCode::OK, &body))
}
