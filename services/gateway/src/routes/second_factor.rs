//! The second factor of one's own account.
//!
//! Duty: hand an authenticator's secret to the customer once, compare codes, and tell auth whose
//! step a code was. Prohibition: whether a code was used before is not known here, and no secret
//! and no code goes beyond this module.

use crate::answers::json_response;
use crate::app::App;
use crate::asking;
use crate::errors::Code;
use crate::extract::{ApiJson, ApiJsonOrNone, Caller};
use crate::ports::KeysUnavailable;
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::auth::{new_request, refused};
use crate::{events, views};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::CustomerId;
use schemas::auth::{
    Command, ConfirmSecondFactor, Event, OfferSecondFactor, Proof, ProofAbsent, RecoveryProof,
    RemoveSecondFactor, TotpProof,
};
use schemas::rows::{SecondFactorRow, table};
use schemas::{Decision, Wire};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// The digits of an authenticator's code; whatever else is sent counts as a recovery code.
const TOTP_DIGITS: usize = 6;
/// No text longer than this is looked at.
const OTP_BYTES_MAX: usize = 100;

pub(crate) fn keys_away(error: KeysUnavailable) -> Problem {
    tracing::error!(%error, "the key store does not answer");
    Problem::new(Code::Overloaded)
}

async fn factor_of(app: &App, customer: CustomerId) -> Result<Option<SecondFactorRow>, Problem> {
    views::row(app, table::SECOND_FACTOR, customer.to_bytes()).await
}

/// What a code proves, as far as it can be told without knowing what was used before.
pub(crate) async fn proof(
    app: &App,
    customer: CustomerId,
    exists: bool,
    otp: &str,
) -> Result<Proof, Problem> {
    let otp = otp.trim();
    if otp.len() > OTP_BYTES_MAX {
        return Ok(Proof::Absent(ProofAbsent {}));
    }
    let is_totp = otp.len() == TOTP_DIGITS && otp.bytes().all(|byte| byte.is_ascii_digit());
    if !is_totp {
        let hash = app.factors.recovery_hash(customer, otp);
        return Ok(Proof::Recovery(RecoveryProof { hash }));
    }
    let row = if exists {
        factor_of(app, customer).await?
    } else {
        None
    };
    let (factor, step) = match row {
        Some(row) => (row.factor, step_of(app, &row, otp).await?),
        None => (0, None),
    };
    Ok(Proof::Totp(TotpProof { factor, step }))
}

async fn step_of(app: &App, row: &SecondFactorRow, otp: &str) -> Result<Option<u64>, Problem> {
    let Some(sealed) = row.sealed_secret.clone() else {
        return Ok(None);
    };
    let comparing = app
        .factors
        .step_of(row.customer, sealed, otp.to_owned(), app.now());
    comparing.await.map_err(keys_away)
}

/// Asks auth, each time anew.
pub(crate) async fn decided(
    app: &App,
    caller: &Caller,
    command: Command,
) -> Result<Arc<Decision>, Problem> {
    let partition = caller.subject.customer.partition();
    let request = new_request(app, &caller.context, partition);
    refused(asking::ask(app, request, || Ok(command)).await?)
}

/// GET /v1/account/second-factor
pub(crate) async fn show(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let row = factor_of(&app, caller.subject.customer).await?;
    let enabled = row.as_ref().is_some_and(|row| row.enabled);
    let waiting = row.is_some_and(|row| !row.enabled && row.sealed_secret.is_some());
    let body = json!({"enabled": enabled, "waiting": waiting});
    Ok(json_response(StatusCode::OK, &body))
}

/// POST /v1/account/second-factor
pub(crate) async fn offer(
    State(app): State<App>,
    caller: Caller,
    ApiJsonOrNone(NoBody {}): ApiJsonOrNone<NoBody>,
) -> Result<Response, Problem> {
    let customer = caller.subject.customer;
    let offered = app.factors.offer(customer).await.map_err(keys_away)?;
    let command = Command::OfferSecondFactor(OfferSecondFactor {
        customer,
        sealed_secret: offered.sealed,
    });
    let decision = decided(&app, &caller, command).await?;
    let position = Token::of(&[decision.position]);
    // Whoever confirms next is compared with what the view shows.
    views::wait_for(&app, &position).await.unwrap_or_default();
    let secret = offered.text;
    let uri = format!(
        "otpauth://totp/furlong:{customer}?secret={secret}&issuer=furlong&algorithm=SHA1&digits=6\
         &period=30"
    );
    let body = json!({"secret": secret, "uri": uri, "position": position.text()});
    Ok(json_response(StatusCode::CREATED, &body))
}

/// A body that may be left out, and says nothing.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoBody {}

/// A body with a code.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OtpBody {
    otp: String,
}

/// POST /v1/account/second-factor/confirm
pub(crate) async fn confirm(
    State(app): State<App>,
    caller: Caller,
    ApiJson(body): ApiJson<OtpBody>,
) -> Result<Response, Problem> {
    let customer = caller.subject.customer;
    let row = factor_of(&app, customer).await?;
    let Some(row) = row.filter(|row| row.sealed_secret.is_some()) else {
        return Err(Problem::new(Code::SecondFactorUnknown));
    };
    let step = step_of(&app, &row, &body.otp).await?;
    let codes = app.factors.recovery_codes();
    let hashes = codes
        .iter()
        .map(|code| app.factors.recovery_hash(customer, code));
    let command = Command::ConfirmSecondFactor(ConfirmSecondFactor {
        customer,
        factor: row.factor,
        step,
        recovery_hashes: hashes.collect(),
    });
    let decision = decided(&app, &caller, command).await?;
    let enabled = events::of_auth(&decision)
        .iter()
        .any(|event| matches!(event, Event::SecondFactorEnabled(_)));
    if !enabled {
        return Err(Problem::new(Code::CredentialsWrong));
    }
    let position = Token::of(&[decision.position]);
    views::wait_for(&app, &position).await.unwrap_or_default();
    let body = json!({"recovery_codes": codes, "position": position.text()});
    Ok(json_response(StatusCode::OK, &body))
}

/// POST /v1/account/second-factor/remove
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    ApiJson(body): ApiJson<OtpBody>,
) -> Result<Response, Problem> {
    let customer = caller.subject.customer;
    let command = Command::RemoveSecondFactor(RemoveSecondFactor {
        customer,
        proof: proof(&app, customer, true, &body.otp).await?,
    });
    let decision = decided(&app, &caller, command).await?;
    let removed = events::of_auth(&decision)
        .iter()
        .any(|event| matches!(event, Event::SecondFactorRemoved(_)));
    if !removed {
        return Err(Problem::new(Code::CredentialsWrong));
    }
    let body = json!({"enabled": false, "waiting": false});
    Ok(json_response(StatusCode::OK, &body))
}
