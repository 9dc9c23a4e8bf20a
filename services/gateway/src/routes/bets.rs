//! Looking at one's own bets.

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::extract::{ApiPath, ApiQuery, Caller, Fields, OneQuery, position};
use crate::lists::{Page, cursor_of, page_json};
use crate::picture::Picture;
use crate::problem::Problem;
use crate::{provenance, views};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::{BetId, CustomerId};
use schemas::rows::{
    BetFundingRow, BetLegRow, BetPartRow, BetReturnRow, BetRow, BetStatus, CashOutStatusRow,
    LegVoidRow, ReferralRow, table,
};
use serde::Deserialize;
use serde_json::{Value, json};
use viewstore::Scan;

/// What a list of bets may be asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BetsQuery {
    status: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
    min_position: Option<String>,
}

/// GET /v1/bets
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    ApiQuery(query): ApiQuery<BetsQuery>,
) -> Result<Response, Problem> {
    let mut fields = Fields::default();
    let status: Option<BetStatus> = query
        .status
        .as_deref()
        .and_then(|text| fields.named("?status", text));
    fields.finish(Some(()))?;
    let page = Page::new(query.cursor.as_deref(), query.limit)?;
    if let Some(token) = position(query.min_position.as_deref())? {
        views::wait_for(&app, &token).await?;
    }
    let customer = caller.subject.customer;
    let mut items = Vec::new();
    let mut after = page.after.clone();
    // Newest first. A filter may pass over many rows: a page looks at a bounded number of them.
    for _ in 0..10 {
        let mut scan = Scan::of(table::BET_OF_CUSTOMER, customer.bytes())
            .reversed()
            .rows_max(page.limit);
        if let Some(after) = &after {
            let mut key = customer.bytes().to_vec();
            key.extend_from_slice(after);
            scan = scan.after(key);
        }
        let keys = views::keys(&app, scan).await?;
        let end = keys.len() < page.limit;
        for key in keys {
            let id: [u8; 16] = key
                .get(16..)
                .and_then(|id| id.try_into().ok())
                .unwrap_or_default();
            after = Some(id.to_vec());
            if let Some((_, picture)) = picture_of(&app, BetId::from_bytes(id)).await?
                && status.is_none_or(|status| picture.status() == status)
            {
                items.push(Value::Object(picture.to_json()));
            }
            if items.len() == page.limit {
                return Ok(page_json(items, after.as_deref().map(cursor_of)));
            }
        }
        if end {
            return Ok(page_json(items, None));
        }
    }
    Ok(page_json(items, after.as_deref().map(cursor_of)))
}

/// A bet as the view shows it, and whose it is.
pub(crate) async fn picture_of(
    app: &App,
    bet: BetId,
) -> Result<Option<(CustomerId, Picture)>, Problem> {
    let key = bet.bytes().to_vec();
    let Some(row) = views::row::<BetRow>(app, table::BET, key.clone()).await? else {
        return Ok(None);
    };
    let accepted = views::row(app, table::BET_ACCEPTED, key.clone()).await?;
    let status = views::row(app, table::BET_STATUS, key.clone()).await?;
    let part: Option<BetPartRow> = views::row(app, table::BET_PART, key.clone()).await?;
    let terms = views::row(app, table::BET_TERMS, key.clone()).await?;
    let funded: Option<BetFundingRow> = views::row(app, table::BET_FUNDING, key.clone()).await?;
    let picture = Picture::of_rows(&row, accepted, status, terms);
    let referred = is_referred(app, bet, &picture).await?;
    let picture = picture
        .with(referred, part.map(|row| row.told))
        .with_funding(funded.map(|row| row.funded));
    let voids = views::rows::<LegVoidRow>(app, Scan::of(table::LEG_VOID, bet.bytes())).await?;
    let voids = voids.into_iter().map(|(_, row)| row).collect();
    let picture = picture.with_voids(voids);
    let last: Option<CashOutStatusRow> =
        views::row(app, table::CASH_OUT_STATUS, key.clone()).await?;
    let sold = if last.is_some() {
        views::row(app, table::CASH_OUT, key).await?
    } else {
        None
    };
    let picture = picture.with_sales(last, sold);
    Ok(Some((row.placed.customer, picture)))
}

/// Whether what the bet waits for is a trader.
async fn is_referred(app: &App, bet: BetId, picture: &Picture) -> Result<bool, Problem> {
    let until = picture
        .pending_until()
        .filter(|_| picture.status() == BetStatus::Pending);
    let Some(until) = until else {
        return Ok(false);
    };
    let mut key = until.micros().to_be_bytes().to_vec();
    key.extend(bet.bytes());
    let row: Option<ReferralRow> = views::row(app, table::REFERRAL, key).await?;
    Ok(row.is_some())
}

/// GET /v1/bets/{id}
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    ApiPath(bet): ApiPath<BetId>,
    ApiQuery(query): ApiQuery<OneQuery>,
) -> Result<Response, Problem> {
    if let Some(token) = position(query.min_position.as_deref())? {
        views::wait_for(&app, &token).await?;
    }
    let picture = own_bet(&app, &caller, bet).await?;
    let legs: Vec<BetLegRow> = views::rows(&app, Scan::of(table::BET_LEG, bet.bytes()))
        .await?
        .into_iter()
        .map(|(_, row)| row)
        .collect();
    let key = bet.bytes().to_vec();
    let explained: Option<BetReturnRow> = views::row(&app, table::BET_RETURN, key).await?;
    let explained = explained.as_ref().map(|row| &row.explained);
    let shown = Value::Object(picture.to_json_in_full(&legs, explained));
    Ok(json_response(StatusCode::OK, &shown))
}

/// Somebody else's bet does not exist here.
async fn own_bet(app: &App, caller: &Caller, bet: BetId) -> Result<Picture, Problem> {
    let found = picture_of(app, bet).await?;
    let own = found.filter(|(customer, _)| *customer == caller.subject.customer);
    own.map(|(_, picture)| picture)
        .ok_or_else(|| Problem::new(Code::NotFound))
}

/// GET /v1/bets/{id}/prices: where each price of one's own bet came from, out of the records that the
/// bet names: whose message, which, in which version of the book, and what the house made of it
pub(crate) async fn prices(
    State(app): State<App>,
    caller: Caller,
    ApiPath(bet): ApiPath<BetId>,
    ApiQuery(query): ApiQuery<OneQuery>,
) -> Result<Response, Problem> {
    if let Some(token) = position(query.min_position.as_deref())? {
        views::wait_for(&app, &token).await?;
    }
    let picture = own_bet(&app, &caller, bet).await?;
    let mut legs = Vec::new();
    for leg in picture.legs() {
        let decision = views::decision_at(&app, leg.book_position).await?;
        legs.push(provenance::of_leg(leg, &decision));
    }
    let shown = json!({"bet_id": bet.to_string(), "legs": legs});
    Ok(json_response(StatusCode::OK, &shown))
}
