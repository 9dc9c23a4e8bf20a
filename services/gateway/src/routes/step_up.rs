//! Proving once more who one is, a new password, and the keys by which tokens are checked.
//!
//! Duty: a token that tells a proof of a moment ago, for what is delicate. Prohibition: a password
//! is compared and hashed on the workers and goes nowhere else.

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::events;
use crate::extract::{ApiJson, Caller, Fields};
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::auth::{busy, compare, normal_login};
use crate::routes::passkeys::{AnswerBody, step_up_proof};
use crate::routes::second_factor::{decided, proof};
use crate::shapes::time;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Timestamp;
use schemas::auth::{ChangePassword, Command, Event, Proof, ProofAbsent, StepUp};
use serde::Deserialize;
use serde_json::{Value, json};

/// The body of a step-up: login and password, or a code where there is a second factor, or the
/// answer of a passkey.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepUpBody {
    login: Option<String>,
    password: Option<String>,
    otp: Option<String>,
    passkey: Option<AnswerBody>,
}

/// POST /v1/auth/step-up
pub(crate) async fn step_up(
    State(app): State<App>,
    caller: Caller,
    ApiJson(body): ApiJson<StepUpBody>,
) -> Result<Response, Problem> {
    let subject = &caller.subject;
    let customer = subject.customer;
    let (credential_version, password_matches) = match (&body.login, &body.password) {
        (Some(login), Some(password)) => {
            let login_hash = app.sealer.login_hash(&normal_login(login));
            let compared = compare(&app, login_hash, password).await?;
            if compared.customer != customer {
                return Err(Problem::new(Code::CredentialsWrong));
            }
            (compared.version, Some(compared.matches))
        }
        (None, None) if body.otp.is_some() || body.passkey.is_some() => (0, None),
        (None, None) | (Some(_), None) | (None, Some(_)) => {
            let mut fields = Fields::default();
            fields.wrong("", "login and password, or otp, or passkey, are expected");
            return fields.finish(None);
        }
    };
    let proof = match (body.passkey, &body.otp) {
        (Some(answer), _) => Proof::Passkey(step_up_proof(&app, &caller, answer).await?),
        (None, Some(otp)) => proof(&app, customer, true, otp).await?,
        (None, None) => Proof::Absent(ProofAbsent {}),
    };
    let command = Command::StepUp(StepUp {
        customer,
        session: subject.session,
        credential_version,
        password_matches,
        proof,
    });
    let decision = decided(&app, &caller, command).await?;
    let until = events::of_auth(&decision).iter().find_map(stepped_up);
    let until = until.ok_or_else(|| Problem::new(Code::CredentialsWrong))?;
    let now = app.now();
    let roles = &subject.roles;
    let access = app
        .tokens
        .issue(customer, subject.session, roles, Some(now), now);
    let body = json!({
        "access_token": access.text,
        "token_type": "Bearer",
        "expires_in": access.expires_in_s,
        "until": time(until),
        "position": Token::of(&[decision.position]).text(),
    });
    Ok(json_response(StatusCode::OK, &body))
}

fn stepped_up(event: &Event) -> Option<Timestamp> {
    if let Event::SteppedUp(event) = event {
        Some(event.until)
    } else {
        None
    }
}

/// The body of a change of the password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    login: String,
    password: String,
    new_password: String,
}

/// POST /v1/auth/password
pub(crate) async fn change_password(
    State(app): State<App>,
    caller: Caller,
    ApiJson(body): ApiJson<ChangeBody>,
) -> Result<Response, Problem> {
    let customer = caller.subject.customer;
    let login = normal_login(&body.login);
    if let Err(why) = app.passwords.judge(&body.new_password, &login) {
        let mut fields = Fields::default();
        fields.wrong("/new_password", why);
        return fields.finish(None);
    }
    if body.new_password == body.password {
        let mut fields = Fields::default();
        fields.wrong("/new_password", "the new password is the old one");
        return fields.finish(None);
    }
    let compared = compare(&app, app.sealer.login_hash(&login), &body.password).await?;
    if compared.customer != customer {
        return Err(Problem::new(Code::CredentialsWrong));
    }
    let hashing = app.passwords.hash(body.new_password);
    let command = Command::ChangePassword(ChangePassword {
        customer,
        credential_version: compared.version,
        password_matches: compared.matches,
        password_hash: hashing.await.map_err(busy)?,
        session: caller.subject.session,
    });
    let decision = decided(&app, &caller, command).await?;
    let changed = events::of_auth(&decision)
        .iter()
        .any(|event| matches!(event, Event::PasswordChanged(_)));
    if !changed {
        return Err(Problem::new(Code::CredentialsWrong));
    }
    let position = Token::of(&[decision.position]).text();
    Ok(json_response(
        StatusCode::OK,
        &json!({"position": position}),
    ))
}

/// GET /.well-known/jwks.json
pub(crate) async fn key_set(State(app): State<App>) -> Response {
    let keys = app.tokens.published(app.now()).into_iter();
    let keys: Vec<Value> = keys
        .map(|key| {
            json!({
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": "EdDSA",
                "use": "sig",
                "kid": key.id,
                "x": URL_SAFE_NO_PAD.encode(key.public),
            })
        })
        .collect();
    let mut response = json_response(StatusCode::OK, &json!({"keys": keys}));
    // The next key is published a day before it signs: who looks every hour misses none.
    let hour = HeaderValue::from_static("public, max-age=3600");
    response.headers_mut().insert(header::CACHE_CONTROL, hour);
    response
}
