//! What the house stands to lose on one market, in real time.
//!
//! Duty: sum what the partitions of bets say of each selection, and find the worst that can come.
//! Prohibition: nothing is estimated. Singles are exact. A slip of several legs counts in full on
//! each of its selections, as if all its other legs had won: the sum never tells less than what
//! can be lost (`docs/house-rules.md`).

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::extract::ApiPath;
use crate::positions::Token;
use crate::problem::Problem;
use crate::shapes::money;
use crate::views;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::{Currency, MarketId, Money, Position, SelectionId, Topic, TopicPartition};
use schemas::rows::{LiabilityRow, table};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use viewstore::Scan;

/// What stands on a selection, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub stakes: i64,
    pub returns: i64,
    pub slips: u32,
}

/// Sums the rows of partitions. Amounts in another currency than the market's are not looked at:
/// none are taken.
pub(crate) fn summed(
    rows: impl IntoIterator<Item = LiabilityRow>,
    currency: Currency,
) -> BTreeMap<SelectionId, Standing> {
    let mut sums: BTreeMap<SelectionId, Standing> = BTreeMap::new();
    for row in rows {
        if row.stakes.currency() == currency {
            let sum = sums.entry(row.selection).or_default();
            sum.stakes = sum.stakes.saturating_add(row.stakes.minor());
            sum.returns = sum.returns.saturating_add(row.returns.minor());
            sum.slips = sum.slips.saturating_add(row.slips);
        }
    }
    sums
}

/// GET /v1/admin/markets/{id}/liability
pub(crate) async fn of_market(
    State(app): State<App>,
    ApiPath(market): ApiPath<MarketId>,
) -> Result<Response, Problem> {
    // The rows are at least as new as the positions that are looked up before them.
    let position = stands_at(&app).await?;
    let scan = Scan::of(table::LIABILITY, market.bytes().to_vec());
    let rows = views::rows::<LiabilityRow>(&app, scan).await?;
    let view = app.market_view();
    let known = view
        .market(market)
        .ok_or_else(|| Problem::new(Code::MarketUnknown))?;
    let currency = known.exposure_max.currency();
    let amount = |minor| money(Money::from_minor(minor, currency));
    let sums = summed(rows.into_iter().map(|(_, row)| row), currency);
    let stakes = sums
        .values()
        .fold(0_i64, |sum, of| sum.saturating_add(of.stakes));
    let nets = known.selections.iter().map(|selection| {
        let standing = sums.get(&selection.id).copied().unwrap_or_default();
        (selection, standing, stakes.saturating_sub(standing.returns))
    });
    let selections: Vec<Value> = nets
        .clone()
        .map(|(selection, standing, net)| {
            json!({
                "selection_id": selection.id.to_string(),
                "name": selection.name,
                "stake": amount(standing.stakes),
                "payout": amount(standing.returns),
                "net": amount(net),
                "slips": standing.slips,
            })
        })
        .collect();
    let worst = nets.min_by_key(|(_, _, net)| *net);
    let worst = worst.map(
        |(selection, _, net)| json!({"selection_id": selection.id.to_string(), "net": amount(net)}),
    );
    let body = json!({
        "market_id": market.to_string(),
        "name": known.name,
        "stake": amount(stakes),
        "exposure_limit": amount(known.exposure_max.minor()),
        "selections": selections,
        "worst_case": worst,
        "position": position.text(),
    });
    Ok(json_response(StatusCode::OK, &body))
}

/// How far the views of all partitions of bets have come.
async fn stands_at(app: &App) -> Result<Token, Problem> {
    let mut positions: Vec<Position> = Vec::new();
    for partition in 0..app.partitions {
        let at = TopicPartition::new(Topic::BetsEvents, partition);
        let next = views::next_offset(app, at).await?;
        if let Some(last) = next.checked_sub(1) {
            positions.push(at.at(last));
        }
    }
    Ok(Token::of(&positions))
}
