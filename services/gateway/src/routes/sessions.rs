//! One's own sessions: which there are, and their end.
//!
//! Duty: show where somebody is signed in, and end what should not be. Prohibition: nothing is
//! told of a device, since nothing is kept of one: when a session began and by what, and when its
//! tokens were last exchanged, is all that is known of it.

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::extract::{ApiJsonOrNone, ApiPath, Caller};
use crate::lists::page_json;
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::second_factor::{NoBody, decided};
use crate::shapes::time;
use crate::{events, views};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use kernel::{Duration, SessionId};
use schemas::auth::{Command, EndOtherSessions, Event, SignOut};
use schemas::rows::{SessionOfCustomerRow, SessionRow, SessionUseRow, table};
use schemas::{Decision, Wire};
use serde_json::json;
use std::collections::BTreeMap;
use viewstore::Scan;

/// No session lives longer; a day more than thirty, since its id is older than the session.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// GET /v1/account/sessions
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let (customer, now) = (caller.subject.customer, app.now());
    let owner = customer.bytes().to_vec();
    // A session's id begins with the six bytes of the millisecond in which it was made.
    let made = now
        .minus(LONGEST)
        .micros()
        .div_euclid(1_000)
        .max(0)
        .to_be_bytes();
    let since = [&owner[..], &made[2..]].concat();
    let of = |name| Scan::of(name, owner.clone()).from(since.clone());
    let uses = views::rows::<SessionUseRow>(&app, of(table::SESSION_USE)).await?;
    let uses: BTreeMap<SessionId, SessionUseRow> = uses
        .into_iter()
        .map(|(_, row)| (row.session, row))
        .collect();
    let begun = views::rows::<SessionOfCustomerRow>(&app, of(table::SESSION_OF_CUSTOMER)).await?;
    let mut items = Vec::new();
    for (_, row) in begun {
        let lives = |used: &&SessionUseRow| {
            !used.revoked && now < used.expires_at && !app.hub.is_revoked(used.session)
        };
        let Some(used) = uses.get(&row.session).filter(lives) else {
            continue;
        };
        items.push(json!({
            "session": row.session.to_string(),
            "this_one": row.session == caller.subject.session,
            "began_at": time(row.began_at),
            "last_used_at": time(used.used_at),
            "by_passkey": row.passkey,
            "expires_at": time(used.expires_at),
        }));
    }
    Ok(page_json(items, None))
}

/// POST /v1/account/sessions/{id}/end
pub(crate) async fn end(
    State(app): State<App>,
    caller: Caller,
    ApiPath(session): ApiPath<SessionId>,
    ApiJsonOrNone(NoBody {}): ApiJsonOrNone<NoBody>,
) -> Result<Response, Problem> {
    // Auth ends only what is the customer's own; a stranger's looks as if it did not exist.
    let customer = caller.subject.customer;
    let row: Option<SessionRow> = views::row(&app, table::SESSION, session.to_bytes()).await?;
    if row.is_none_or(|row| row.customer != customer) {
        return Err(Problem::new(Code::NotFound));
    }
    let command = Command::SignOut(SignOut { customer, session });
    let decision = decided(&app, &caller, command).await?;
    seen(&app, &decision).await;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// POST /v1/account/sessions/end-others
pub(crate) async fn end_others(
    State(app): State<App>,
    caller: Caller,
    ApiJsonOrNone(NoBody {}): ApiJsonOrNone<NoBody>,
) -> Result<Response, Problem> {
    let (customer, session) = (caller.subject.customer, caller.subject.session);
    let command = Command::EndOtherSessions(EndOtherSessions { customer, session });
    let decision = decided(&app, &caller, command).await?;
    let ended = events::of_auth(&decision).iter();
    let ended = ended.filter(|event| matches!(event, Event::SessionRevoked(_)));
    let body = json!({"ended": ended.count()});
    seen(&app, &decision).await;
    Ok(json_response(StatusCode::OK, &body))
}

/// Whoever looks at the list next does not find what has just ended.
async fn seen(app: &App, decision: &Decision) {
    let position = Token::of(&[decision.position]);
    views::wait_for(app, &position).await.unwrap_or_default();
}
