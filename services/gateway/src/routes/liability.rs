//! What the house stands to lose on one market or one fixture, in real time.
//!
//! Duty: sum what the partitions of bets say of each selection, and find the worst that can come.
//! Prohibition: nothing is estimated. Singles are exact. A slip of several legs counts in full on
//! each of its selections, as if all its other legs had won (`docs/house-rules.md`).

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::extract::ApiPath;
use crate::positions::Token;
use crate::problem::Problem;
use crate::scorelines;
use crate::shapes::money;
use crate::views;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::{Currency, FixtureId, MarketId, Money, Position, SelectionId, Topic, TopicPartition};
use markets::Market;
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

/// GET /v1/admin/fixtures/{id}/liability: at each final score, over all goal markets together
pub(crate) async fn of_fixture(
    State(app): State<App>,
    ApiPath(fixture): ApiPath<FixtureId>,
) -> Result<Response, Problem> {
    let position = stands_at(&app).await?;
    let (name, from, markets) = goal_markets(&app, fixture)?;
    let mut sums = Vec::new();
    for market in &markets.of_goals {
        let scan = Scan::of(table::LIABILITY, market.id.bytes().to_vec());
        let rows = views::rows::<LiabilityRow>(&app, scan).await?;
        let rows = rows.into_iter().map(|(_, row)| row);
        sums.push(summed(rows, market.exposure_max.currency()));
    }
    let currencies = markets.of_goals.iter().map(|of| of.exposure_max.currency());
    let Some(currency) = currencies.min() else {
        return Ok(json_response(
            StatusCode::OK,
            &nothing(fixture, &name, &markets),
        ));
    };
    let standing: Vec<scorelines::Standing<'_>> = markets
        .of_goals
        .iter()
        .zip(&sums)
        .filter(|(market, _)| market.exposure_max.currency() == currency)
        .flat_map(|(market, sums)| {
            market.selections.iter().enumerate().map(|(place, shown)| {
                let of = sums.get(&shown.id).copied().unwrap_or_default();
                scorelines::Standing {
                    kind: &market.kind,
                    place,
                    stakes: of.stakes,
                    returns: of.returns,
                }
            })
        })
        .collect();
    let outcomes = scorelines::outcomes(&standing, from);
    let mut body = nothing(fixture, &name, &markets);
    let shown = |outcome: &scorelines::Outcome| {
        // Half a cent counts against the house.
        let net = outcome.net_halves.div_euclid(2);
        let score = outcome.score;
        json!({
            "score": format!("{}-{}", score.home, score.away),
            "net": money(Money::from_minor(net, currency)),
        })
    };
    body["worst_case"] = scorelines::worst(&outcomes)
        .as_ref()
        .map_or(Value::Null, shown);
    body["scores"] = outcomes.iter().map(shown).collect();
    body["position"] = json!(position.text());
    Ok(json_response(StatusCode::OK, &body))
}

/// The markets of a fixture: those that a score decides, and the names of the others.
struct FixtureMarkets {
    of_goals: Vec<Market>,
    others: Vec<String>,
}

/// The fixture's name, the score so far, and its markets.
fn goal_markets(
    app: &App,
    id: FixtureId,
) -> Result<(String, scorelines::Score, FixtureMarkets), Problem> {
    let view = app.market_view();
    let fixture = view
        .fixture(id)
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    let score = fixture.score.as_ref();
    let from = scorelines::Score {
        home: score.map_or(0, |score| score.home.into()),
        away: score.map_or(0, |score| score.away.into()),
    };
    let markets = fixture.markets.iter().filter_map(|id| view.market(*id));
    let (of_goals, others): (Vec<&Market>, Vec<&Market>) =
        markets.partition(|market| scorelines::is_of_goals(&market.kind));
    let markets = FixtureMarkets {
        of_goals: of_goals.into_iter().cloned().collect(),
        others: others
            .into_iter()
            .map(|market| market.id.to_string())
            .collect(),
    };
    Ok((fixture.name.clone(), from, markets))
}

/// An answer without scores: those who have no goal market have no more.
fn nothing(fixture: FixtureId, name: &str, markets: &FixtureMarkets) -> Value {
    let of_goals = markets.of_goals.iter();
    json!({
        "fixture_id": fixture.to_string(),
        "name": name,
        "markets": of_goals.map(|market| market.id.to_string()).collect::<Vec<_>>(),
        "markets_left_out": markets.others,
        "worst_case": Value::Null,
        "scores": [],
    })
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
