//! Passkeys of one's own account, and signing in with one.
//!
//! Duty: hand questions for authenticators out, have their answers checked, and tell auth which
//! passkey has answered what. Whoever signs in says no name first: the passkey says whose it is,
//! so that no question tells who has one, and an answer of nobody's passkey costs what somebody's
//! does. Prohibition: whether a challenge was answered before, and whether a counter has fallen, is
//! not known here; nothing that is kept of a passkey is read here.

use crate::admission::ClientAddress;
use crate::answers::json_response;
use crate::app::App;
use crate::asking;
use crate::edge::RequestContext;
use crate::errors::Code;
use crate::extract::{ApiJson, ApiJsonOrNone, ApiPath, Caller, Fields};
use crate::lists::page_json;
use crate::ports::{KeptPasskey, PasskeyAnswer, PasskeyPurpose, PasskeyQuestion, PasskeyRefused};
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::auth::{
    SignedIn, count_failure, failed_by_credentials, failures_allow, new_request, refused,
    tokens_of_sign_in,
};
use crate::routes::second_factor::{NoBody, decided, keys_away};
use crate::shapes::time;
use crate::{events, views};
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::CustomerId;
use schemas::auth::{AddPasskey, Command, Event, PasskeyProof, RemovePasskey, SignInWithPasskey};
use schemas::rows::{PasskeyRow, table};
use serde::Deserialize;
use serde_json::{Value, json};
use viewstore::Scan;

const NAME_CHARS_MAX: usize = 64;

/// An authenticator's answer, and the ticket of what was asked.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerBody {
    ticket: String,
    credential: Value,
}

impl AnswerBody {
    fn answer(self) -> PasskeyAnswer {
        PasskeyAnswer {
            ticket: self.ticket,
            credential: self.credential,
        }
    }
}

/// What a refused answer is told as. Which check failed helps nobody but a thief.
fn told(refused: PasskeyRefused) -> Problem {
    match refused {
        PasskeyRefused::TicketSpent => Problem::new(Code::ChallengeSpent),
        PasskeyRefused::NotProved => Problem::new(Code::CredentialsWrong),
        PasskeyRefused::Keys(error) => keys_away(error),
        PasskeyRefused::Malformed => Problem::new(Code::ValidationFailed)
            .at("/credential", "not a credential as browsers send it"),
    }
}

async fn rows_of(app: &App, customer: CustomerId) -> Result<Vec<PasskeyRow>, Problem> {
    let scan = Scan::of(table::PASSKEY, customer.bytes().to_vec());
    let rows = views::rows::<PasskeyRow>(app, scan).await?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

async fn kept_of(app: &App, customer: CustomerId) -> Result<Vec<KeptPasskey>, Problem> {
    let rows = rows_of(app, customer).await?.into_iter();
    let kept = rows.filter_map(|row| {
        Some(KeptPasskey {
            passkey: row.passkey,
            sealed: row.sealed_passkey?,
        })
    });
    Ok(kept.collect())
}

fn shown(question: PasskeyQuestion) -> Response {
    let public_key = question.options.get("publicKey").cloned();
    let body = json!({"ticket": question.ticket, "publicKey": public_key});
    json_response(StatusCode::OK, &body)
}

/// The body of the question for a new passkey.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameBody {
    name: String,
}

/// POST /v1/account/passkeys/options
pub(crate) async fn ask_to_add(
    State(app): State<App>,
    caller: Caller,
    ApiJson(body): ApiJson<NameBody>,
) -> Result<Response, Problem> {
    let name = body.name.trim();
    let letters = name.chars().count();
    if letters == 0 || letters > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let mut fields = Fields::default();
        fields.wrong("/name", "1 to 64 characters are expected");
        return fields.finish(None);
    }
    let (customer, session) = (caller.subject.customer, caller.subject.session);
    let kept = kept_of(&app, customer).await?;
    let purpose = PasskeyPurpose::Add(customer, session);
    let asking = app
        .passkeys
        .ask_to_add(purpose, customer, name.to_owned(), kept, app.now());
    Ok(shown(asking.await.map_err(told)?))
}

/// POST /v1/account/passkeys
pub(crate) async fn add(
    State(app): State<App>,
    caller: Caller,
    ApiJson(body): ApiJson<AnswerBody>,
) -> Result<Response, Problem> {
    let (customer, session) = (caller.subject.customer, caller.subject.session);
    let purpose = PasskeyPurpose::Add(customer, session);
    let making = app
        .passkeys
        .add(purpose, customer, body.answer(), app.now());
    let made = making.await.map_err(told)?;
    let command = Command::AddPasskey(AddPasskey {
        customer,
        sealed_passkey: made.sealed,
        sign_count: made.sign_count,
        challenge: made.challenge,
        challenge_until: made.challenge_until,
    });
    let decision = decided(&app, &caller, command).await?;
    let added = events::of_auth(&decision).iter().find_map(added_of);
    let (passkey, at) = added.ok_or_else(|| Problem::new(Code::CredentialsWrong))?;
    let position = Token::of(&[decision.position]);
    // Whoever signs in with it next is compared with what the view shows.
    views::wait_for(&app, &position).await.unwrap_or_default();
    let body = json!({
        "passkey": passkey,
        "name": made.name,
        "added_at": time(at),
        "position": position.text(),
    });
    Ok(json_response(StatusCode::CREATED, &body))
}

fn added_of(event: &Event) -> Option<(u64, kernel::Timestamp)> {
    if let Event::PasskeyAdded(added) = event {
        Some((added.passkey, added.at))
    } else {
        None
    }
}

/// GET /v1/account/passkeys
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let customer = caller.subject.customer;
    let mut items = Vec::new();
    for row in rows_of(&app, customer).await? {
        let Some(sealed) = row.sealed_passkey else {
            continue;
        };
        let naming = app.passkeys.name(customer, sealed);
        if let Some(name) = naming.await.map_err(told)? {
            let added_at = time(row.added_at);
            items.push(json!({"passkey": row.passkey, "name": name, "added_at": added_at}));
        }
    }
    Ok(page_json(items, None))
}

/// POST /v1/account/passkeys/{id}/remove
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    ApiPath(passkey): ApiPath<u64>,
    ApiJsonOrNone(NoBody {}): ApiJsonOrNone<NoBody>,
) -> Result<Response, Problem> {
    let customer = caller.subject.customer;
    let command = Command::RemovePasskey(RemovePasskey { customer, passkey });
    let decision = decided(&app, &caller, command).await?;
    let position = Token::of(&[decision.position]);
    views::wait_for(&app, &position).await.unwrap_or_default();
    let body = json!({"position": position.text()});
    Ok(json_response(StatusCode::OK, &body))
}

/// POST /v1/auth/passkey/options
pub(crate) async fn ask_to_sign_in(
    State(app): State<App>,
    ApiJsonOrNone(NoBody {}): ApiJsonOrNone<NoBody>,
) -> Result<Response, Problem> {
    let asking = app.passkeys.ask_to_prove(
        PasskeyPurpose::SignIn,
        CustomerId::default(),
        vec![],
        app.now(),
    );
    Ok(shown(asking.await.map_err(told)?))
}

/// POST /v1/auth/passkey
pub(crate) async fn sign_in(
    State(app): State<App>,
    Extension(context): Extension<RequestContext>,
    Extension(address): Extension<ClientAddress>,
    ApiJson(body): ApiJson<AnswerBody>,
) -> Result<Response, Problem> {
    failures_allow(&app, address).await?;
    let signed_in = signed_in(&app, &context, body.answer()).await;
    count_failure(&app, address, failed_by_credentials(&signed_in)).await;
    signed_in
}

async fn signed_in(
    app: &App,
    context: &RequestContext,
    answer: PasskeyAnswer,
) -> Result<Response, Problem> {
    // Of nobody there are no passkeys, and none of no passkeys has answered.
    let claimed = app.passkeys.claimed(&answer.credential);
    let customer = claimed.unwrap_or_default();
    let kept = kept_of(app, customer).await?;
    let proof = proved(app, PasskeyPurpose::SignIn, customer, kept, answer).await?;
    let signing = SignedIn::new(app, customer);
    let command = Command::SignInWithPasskey(SignInWithPasskey {
        customer,
        proof,
        session: signing.session,
        refresh_hash: signing.refresh_hash,
        expires_at: signing.expires_at,
    });
    let request = new_request(app, context, customer.partition());
    let decision = refused(asking::ask(app, request, || Ok(command)).await?)?;
    tokens_of_sign_in(app, &decision, &signing)
}

async fn proved(
    app: &App,
    purpose: PasskeyPurpose,
    customer: CustomerId,
    kept: Vec<KeptPasskey>,
    answer: PasskeyAnswer,
) -> Result<PasskeyProof, Problem> {
    let proving = app
        .passkeys
        .prove(purpose, customer, kept, answer, app.now());
    proving.await.map_err(told)
}

/// POST /v1/auth/step-up/options
pub(crate) async fn ask_to_step_up(
    State(app): State<App>,
    caller: Caller,
    ApiJsonOrNone(NoBody {}): ApiJsonOrNone<NoBody>,
) -> Result<Response, Problem> {
    let (customer, session) = (caller.subject.customer, caller.subject.session);
    let kept = kept_of(&app, customer).await?;
    if kept.is_empty() {
        return Err(Problem::new(Code::PasskeyUnknown));
    }
    let purpose = PasskeyPurpose::StepUp(customer, session);
    let asking = app
        .passkeys
        .ask_to_prove(purpose, customer, kept, app.now());
    Ok(shown(asking.await.map_err(told)?))
}

/// What one of the caller's own passkeys proves, within the caller's session.
pub(crate) async fn step_up_proof(
    app: &App,
    caller: &Caller,
    body: AnswerBody,
) -> Result<PasskeyProof, Problem> {
    let (customer, session) = (caller.subject.customer, caller.subject.session);
    let kept = kept_of(app, customer).await?;
    let purpose = PasskeyPurpose::StepUp(customer, session);
    proved(app, purpose, customer, kept, body.answer()).await
}
