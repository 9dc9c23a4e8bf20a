//! Fixtures and markets, from the process's market view.

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::extract::{ApiPath, ApiQuery, Fields};
use crate::lists::{Page, cursor_of, page_json};
use crate::problem::Problem;
use crate::shapes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::{FixtureId, MarketId};
use schemas::odds::FixtureStatus;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the list of fixtures may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixturesQuery {
    sport: Option<String>,
    status: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// GET /v1/fixtures
pub(crate) async fn fixtures(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<FixturesQuery>,
) -> Result<Response, Problem> {
    let mut fields = Fields::default();
    let status: Option<FixtureStatus> = query
        .status
        .as_deref()
        .and_then(|text| fields.named("?status", text));
    fields.finish(Some(()))?;
    let page = Page::new(query.cursor.as_deref(), query.limit)?;
    let after = page.after_id()?;
    let view = app.market_view();
    let mut found = view
        .fixtures()
        .filter(|fixture| after.is_none_or(|after| fixture.id.bytes() > after))
        .filter(|fixture| {
            query
                .sport
                .as_ref()
                .is_none_or(|sport| *sport == fixture.sport)
        })
        .filter(|fixture| status.is_none_or(|status| fixture.status == status));
    let shown: Vec<_> = found.by_ref().take(page.limit).collect();
    let last = shown.last().filter(|_| found.next().is_some());
    let next_cursor = last.map(|fixture| cursor_of(&fixture.id.bytes()));
    let items = shown
        .iter()
        .map(|fixture| shapes::fixture(fixture, &view))
        .collect();
    Ok(page_json(items, next_cursor))
}

/// GET /v1/fixtures/{id}, with its markets in full
pub(crate) async fn fixture(
    State(app): State<App>,
    ApiPath(id): ApiPath<FixtureId>,
) -> Result<Response, Problem> {
    let view = app.market_view();
    let fixture = view
        .fixture(id)
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    let markets: Vec<Value> = fixture
        .markets
        .iter()
        .filter_map(|id| view.market(*id))
        .map(shapes::market)
        .collect();
    let mut shown = shapes::fixture(fixture, &view);
    if let Some(object) = shown.as_object_mut() {
        object.insert("markets".to_owned(), json!(markets));
    }
    Ok(json_response(StatusCode::OK, &shown))
}

/// GET /v1/markets/{id}
pub(crate) async fn market(
    State(app): State<App>,
    ApiPath(id): ApiPath<MarketId>,
) -> Result<Response, Problem> {
    let view = app.market_view();
    let market = view
        .market(id)
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(json_response(StatusCode::OK, &shapes::market(market)))
}
