//! Forgotten passwords: a code that support hands over, and the new password that it sets.
//!
//! Duty: make the code and show it once, to whoever hands it over; hash the new password on the
//! workers whether the login exists or not. Prohibition: no code and no password goes beyond this
//! module, and no answer tells which logins exist.

use crate::admission::ClientAddress;
use crate::answers::json_response;
use crate::app::App;
use crate::asking;
use crate::edge::RequestContext;
use crate::errors::Code;
use crate::extract::{ApiJson, ApiPath, Caller, Fields};
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::admin::{ReasonBody, by, reason};
use crate::routes::auth::{
    busy, count_failure, failed_by_credentials, failures_allow, new_request, normal_login,
    owner_of, refused,
};
use crate::shapes::time;
use crate::{events, views};
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::{CustomerId, Duration, Timestamp};
use schemas::auth::{Command, Event, OfferReset, ResetPassword};
use serde::Deserialize;
use serde_json::json;

/// How long a code is good for.
const CODE_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// No text longer than this is looked at.
const CODE_BYTES_MAX: usize = 100;

/// POST /v1/admin/customers/{id}/password-reset
pub(crate) async fn offer(
    State(app): State<App>,
    caller: Caller,
    ApiPath(customer): ApiPath<CustomerId>,
    ApiJson(body): ApiJson<ReasonBody>,
) -> Result<Response, Problem> {
    let reason = reason(body.reason, "/reason")?;
    if customer.partition() >= app.partitions {
        return Err(Problem::new(Code::CustomerUnknown));
    }
    let code = app.factors.recovery_codes().into_iter().next();
    let code = code.ok_or_else(|| Problem::new(Code::Overloaded))?;
    let command = Command::OfferReset(OfferReset {
        customer,
        code_hash: app.factors.recovery_hash(customer, &code),
        until: app.now().plus(CODE_LIFETIME),
        by: by(&caller),
        reason,
    });
    let request = new_request(&app, &caller.context, customer.partition());
    let decision = refused(asking::ask(&app, request, || Ok(command)).await?)?;
    let until = events::of_auth(&decision).iter().find_map(offered_until);
    let until = until.ok_or_else(|| Problem::new(Code::CustomerUnknown))?;
    let position = Token::of(&[decision.position]).text();
    let body = json!({"code": code, "until": time(until), "position": position});
    Ok(json_response(StatusCode::CREATED, &body))
}

fn offered_until(event: &Event) -> Option<Timestamp> {
    if let Event::PasswordResetOffered(offered) = event {
        Some(offered.until)
    } else {
        None
    }
}

/// The body of a reset.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetBody {
    login: String,
    code: String,
    new_password: String,
}

/// POST /v1/auth/password/reset
pub(crate) async fn reset(
    State(app): State<App>,
    Extension(context): Extension<RequestContext>,
    Extension(address): Extension<ClientAddress>,
    ApiJson(body): ApiJson<ResetBody>,
) -> Result<Response, Problem> {
    failures_allow(&app, address).await?;
    let reset = password_reset(&app, &context, body).await;
    count_failure(&app, address, failed_by_credentials(&reset)).await;
    reset
}

async fn password_reset(
    app: &App,
    context: &RequestContext,
    body: ResetBody,
) -> Result<Response, Problem> {
    let login = normal_login(&body.login);
    if let Err(why) = app.passwords.judge(&body.new_password, &login) {
        let mut fields = Fields::default();
        fields.wrong("/new_password", why);
        return fields.finish(None);
    }
    let password_hash = app.passwords.hash(body.new_password).await.map_err(busy)?;
    let customer = owner_of(app, app.sealer.login_hash(&login)).await?;
    let code = body.code.trim();
    // What is too long is no code, and is met as a wrong one.
    let code = code.get(..code.len().min(CODE_BYTES_MAX)).unwrap_or("");
    let command = Command::ResetPassword(ResetPassword {
        customer,
        code_hash: app.factors.recovery_hash(customer, code),
        password_hash,
    });
    let request = new_request(app, context, customer.partition());
    let decision = refused(asking::ask(app, request, || Ok(command)).await?)?;
    let taken = events::of_auth(&decision)
        .iter()
        .any(|event| matches!(event, Event::PasswordResetTaken(_)));
    if !taken {
        return Err(Problem::new(Code::CredentialsWrong));
    }
    let position = Token::of(&[decision.position]);
    // Whoever signs in next is compared with what the view shows.
    views::wait_for(app, &position).await.unwrap_or_default();
    let body = json!({"position": position.text()});
    Ok(json_response(StatusCode::OK, &body))
}
