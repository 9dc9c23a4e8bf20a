//! Operators' acts on races: withdrawals, and what is known of a race.
//!
//! Duty: the shapes of both, each with a reason and under the name of who asked. Prohibition: no
//! deduction and no place is worked out here; bets does that from what odds has recorded.

use crate::app::App;
use crate::extract::{ApiJson, ApiPath, Caller, Fields};
use crate::problem::Problem;
use crate::routes::admin::{by, on_market, reason};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use kernel::{MarketId, Price, SelectionId, Timestamp};
use schemas::odds::{
    self, DescribeRace, PlaceOffer, Placing, SelectionPrice, StateRace, WithdrawSelection,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// A selection that takes no part any more.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WithdrawBody {
    selection_id: String,
    /// Since when; now, if it is not said.
    withdrawn_at: Option<String>,
    reason: Option<String>,
}

/// POST /v1/admin/markets/{id}/withdraw
pub(crate) async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(market): ApiPath<MarketId>,
    ApiJson(body): ApiJson<WithdrawBody>,
) -> Result<Response, Problem> {
    let reason = reason(body.reason, "/reason")?;
    let mut fields = Fields::default();
    let selection: Option<SelectionId> = fields.parse("/selection_id", &body.selection_id);
    let stated = body.withdrawn_at.as_deref();
    let stated: Option<Timestamp> = stated.and_then(|text| fields.time("/withdrawn_at", text));
    let selection = fields.finish(selection)?;
    let what = (
        "POST /v1/admin/markets/withdraw",
        None,
        json!([selection.to_string(), body.withdrawn_at, reason]),
    );
    let command = odds::Command::WithdrawSelection(WithdrawSelection {
        market,
        selection,
        withdrawn_at: stated.unwrap_or_else(|| app.now()),
        reason,
        by: by(&caller),
    });
    on_market(&app, &caller, &headers, market, what, command).await
}

/// What is known of a race. Empty lists leave what was known before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RaceBody {
    handicap: bool,
    /// Place terms that do not go by the runners: so many places,
    places: Option<u16>,
    /// at this part of the winnings, such as `1/5`.
    fraction: Option<String>,
    #[serde(default)]
    placings: Vec<PlacingBody>,
    #[serde(default)]
    starting_prices: Vec<StartingPriceBody>,
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlacingBody {
    selection_id: String,
    place: u16,
    /// How many share the place; one, if it is not said.
    tied: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StartingPriceBody {
    selection_id: String,
    price: String,
}

impl RaceBody {
    fn checked(&self, market: MarketId) -> Result<DescribeRace, Problem> {
        let mut fields = Fields::default();
        let mut placings = Vec::with_capacity(self.placings.len());
        for (index, placing) in self.placings.iter().enumerate() {
            let at = format!("/placings/{index}/selection_id");
            if let Some(selection) = fields.parse(&at, &placing.selection_id) {
                placings.push(Placing {
                    selection,
                    place: placing.place,
                    tied: placing.tied.unwrap_or(1),
                });
            }
        }
        let mut starting_prices = Vec::with_capacity(self.starting_prices.len());
        for (index, told) in self.starting_prices.iter().enumerate() {
            let at = format!("/starting_prices/{index}");
            let selection = fields.parse(&format!("{at}/selection_id"), &told.selection_id);
            let price: Option<Price> = fields.parse(&format!("{at}/price"), &told.price);
            if let (Some(selection), Some(_)) = (selection, price) {
                starting_prices.push(SelectionPrice { selection, price });
            }
        }
        let fixed = self.fixed(&mut fields);
        fields.finish(Some(DescribeRace {
            market,
            handicap: self.handicap,
            fixed,
            placings,
            starting_prices,
        }))
    }

    /// Both or neither.
    fn fixed(&self, fields: &mut Fields) -> Option<PlaceOffer> {
        match (self.places, self.fraction.as_deref()) {
            (Some(places), Some(text)) => {
                let parts = text.split_once('/').and_then(|(numerator, denominator)| {
                    Some((numerator.parse().ok()?, denominator.parse().ok()?))
                });
                if parts.is_none() {
                    fields.wrong("/fraction", "a part such as \"1/5\" is expected");
                }
                parts.map(|(numerator, denominator)| PlaceOffer {
                    places,
                    numerator,
                    denominator,
                })
            }
            (None, None) => None,
            (Some(_), None) => {
                fields.wrong("/fraction", "places that are fixed need a part");
                None
            }
            (None, Some(_)) => {
                fields.wrong("/places", "a fixed part needs its places");
                None
            }
        }
    }
}

/// POST /v1/admin/markets/{id}/race
pub(crate) async fn race(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(market): ApiPath<MarketId>,
    ApiJson(body): ApiJson<RaceBody>,
) -> Result<Response, Problem> {
    let reason = reason(body.reason.clone(), "/reason")?;
    let race = body.checked(market)?;
    let what = (
        "POST /v1/admin/markets/race",
        None,
        json!([canonical(&race), reason]),
    );
    let by = by(&caller);
    let command = odds::Command::StateRace(StateRace { race, reason, by });
    on_market(&app, &caller, &headers, market, what, command).await
}

/// What counts as the same content.
fn canonical(race: &DescribeRace) -> Value {
    let placings = race.placings.iter();
    let prices = race.starting_prices.iter();
    json!({
        "handicap": race.handicap,
        "fixed": race.fixed.as_ref().map(|fixed| json!([fixed.places, fixed.numerator, fixed.denominator])),
        "placings": placings
            .map(|at| json!([at.selection.to_string(), at.place, at.tied]))
            .collect::<Vec<_>>(),
        "starting_prices": prices
            .map(|told| json!([told.selection.to_string(), told.price.map(|price| price.to_string())]))
            .collect::<Vec<_>>(),
    })
}
