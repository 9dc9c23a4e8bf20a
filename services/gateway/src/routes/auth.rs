//! Signing in and out.
//!
//! Duty: check shapes, hash and compare passwords on the workers, and tell auth the verdict.
//! Prohibition: no password and no readable personal field goes beyond this module, and whether
//! a login exists is not to be learnt from an answer or its time.

use crate::admission::{ClientAddress, Subject};
use crate::answers::json_response;
use crate::app::App;
use crate::asking::{self, Answer, Request};
use crate::edge::RequestContext;
use crate::errors::Code;
use crate::extract::{ApiJson, ApiJsonOrNone, Caller, idempotency_key};
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::registering::partition_of;
use crate::routes::second_factor;
use crate::{events, refusals, views};
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{CustomerId, Digest, Partition, RequestId, SessionId, Timestamp, Topic};
use schemas::Decision;
use schemas::auth::{
    Command, EnrolmentOwed, Event, RefreshSession, RejectionReason, Role, SignIn, SignInWithProof,
    SignOut,
};
use schemas::rows::{CredentialRow, table};
use serde::Deserialize;
use serde_json::json;
use sha2::Digest as _;
use std::sync::Arc;

/// The answer's decision, unless it is a refusal.
pub(crate) fn refused(answer: Answer) -> Result<Arc<Decision>, Problem> {
    match refusals::rejection_of(&answer.decision, answer.replayed) {
        Some(problem) => Err(problem),
        None => Ok(answer.decision),
    }
}

/// The client's idempotency key, or a new one where the route does not insist.
pub(crate) fn optional_key(app: &App, headers: &HeaderMap) -> Result<String, Problem> {
    if headers.contains_key("idempotency-key") {
        idempotency_key(headers).map(str::to_owned)
    } else {
        Ok(URL_SAFE_NO_PAD.encode(app.mint.secret()))
    }
}

/// A request to auth.
pub(crate) fn request(
    context: &RequestContext,
    id: RequestId,
    digest: Digest,
    partition: Partition,
) -> Request {
    Request {
        id,
        digest,
        correlation: context.correlation,
        inbox: Topic::AuthCommands,
        journal: Topic::AuthEvents,
        partition,
    }
}

/// A login in its normal form.
pub(crate) fn normal_login(login: &str) -> String {
    login.trim().to_lowercase()
}

pub(crate) fn busy(_: crate::ports::WorkersBusy) -> Problem {
    Problem::new(Code::Overloaded)
}

/// The body of a sign-in. `otp` is a code of the authenticator or a recovery code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginBody {
    login: String,
    password: String,
    #[serde(default)]
    otp: Option<String>,
}

/// POST /v1/auth/login
pub(crate) async fn login(
    State(app): State<App>,
    Extension(context): Extension<RequestContext>,
    Extension(address): Extension<ClientAddress>,
    ApiJson(body): ApiJson<LoginBody>,
) -> Result<Response, Problem> {
    failures_allow(&app, address).await?;
    let signed_in = signed_in(&app, &context, &body).await;
    count_failure(&app, address, failed_by_credentials(&signed_in)).await;
    signed_in
}

/// Whether a sign-in was refused because what was shown is wrong.
pub(crate) fn failed_by_credentials(signed_in: &Result<Response, Problem>) -> bool {
    matches!(signed_in, Err(problem) if problem.code() == Code::CredentialsWrong)
}

/// Counts a sign-in that has failed against the address that it came from.
pub(crate) async fn count_failure(app: &App, address: ClientAddress, failed: bool) {
    if let Some(rates) = app.rates.as_ref().filter(|_| failed) {
        rates.count(failures(address), app.now()).await;
    }
}

fn failures(ClientAddress(address): ClientAddress) -> Subject {
    Subject::failures(address)
}

/// Whoever fails too often from one place is stopped before any password is hashed.
pub(crate) async fn failures_allow(app: &App, address: ClientAddress) -> Result<(), Problem> {
    let Some(rates) = &app.rates else {
        return Ok(());
    };
    let standing = rates.look(failures(address), app.now()).await;
    if standing.admitted {
        return Ok(());
    }
    let wait = u64::try_from(standing.next_s).unwrap_or(1);
    Err(Problem::new(Code::SignInBlocked)
        .detail("Too many failed sign-ins from this address.")
        .retry_after_s(wait))
}

/// Signs in, or tells why not.
async fn signed_in(
    app: &App,
    context: &RequestContext,
    body: &LoginBody,
) -> Result<Response, Problem> {
    let login_hash = app.sealer.login_hash(&normal_login(&body.login));
    // A password that is replaced while it is checked is checked once more.
    for _ in 0..2 {
        match sign_in(app, context, login_hash, body).await? {
            Some(response) => return Ok(response),
            None => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
    Err(Problem::new(Code::CredentialChanged))
}

/// A password beside the credential of its login.
pub(crate) struct Compared {
    /// Whose the login is; where nobody has it, the id that stands for it.
    pub customer: CustomerId,
    /// Whether anybody has it.
    pub exists: bool,
    /// The credential's number.
    pub version: u64,
    /// Whether it is the password.
    pub matches: bool,
}

/// Compares a password with the credential of its login, with the same work where there is none.
pub(crate) async fn compare(
    app: &App,
    login_hash: Digest,
    password: &str,
) -> Result<Compared, Problem> {
    let key = login_hash.bytes().to_vec();
    let row: Option<CredentialRow> = views::row(app, table::CREDENTIAL, key).await?;
    let stored = row.as_ref().map(|row| row.password_hash.clone());
    let comparing = app.passwords.verify(password.to_owned(), stored);
    let matches = comparing.await.map_err(busy)?;
    Ok(Compared {
        customer: row
            .as_ref()
            .map_or_else(|| nobody(app, login_hash), |row| row.customer),
        exists: row.is_some(),
        version: row.as_ref().map_or(0, |row| row.version),
        matches: matches && row.is_some(),
    })
}

/// Whose the login is; where nobody has it, the id that stands for it.
pub(crate) async fn owner_of(app: &App, login_hash: Digest) -> Result<CustomerId, Problem> {
    let key = login_hash.bytes().to_vec();
    let row: Option<CredentialRow> = views::row(app, table::CREDENTIAL, key).await?;
    Ok(row.map_or_else(|| nobody(app, login_hash), |row| row.customer))
}

/// The id that stands for a login that nobody has: always the same for the same login, and in the
/// partition where its account would be. Auth counts and answers as for anybody else, so that
/// neither the answer nor its time tells that there is none.
fn nobody(app: &App, login_hash: Digest) -> CustomerId {
    let mut bytes = [0; 16];
    let hash = login_hash.bytes();
    for (to, from) in bytes.iter_mut().zip(hash.iter().rev()) {
        *to = *from;
    }
    let [high, low] = partition_of(app, login_hash).to_be_bytes();
    bytes[14] = high;
    bytes[15] = low;
    CustomerId::from_bytes(bytes)
}

/// One try; none: the credential is newer than the one that was checked.
async fn sign_in(
    app: &App,
    context: &RequestContext,
    login_hash: Digest,
    body: &LoginBody,
) -> Result<Option<Response>, Problem> {
    let compared = compare(app, login_hash, &body.password).await?;
    let customer = compared.customer;
    let signing = SignedIn::new(app, customer);
    let (session, refresh_hash) = (signing.session, signing.refresh_hash);
    let expires_at = signing.expires_at;
    let command = match &body.otp {
        None => Command::SignIn(SignIn {
            customer,
            credential_version: compared.version,
            password_matches: compared.matches,
            session,
            refresh_hash,
            expires_at,
        }),
        Some(otp) => Command::SignInWithProof(SignInWithProof {
            customer,
            credential_version: compared.version,
            password_matches: compared.matches,
            session,
            refresh_hash,
            expires_at,
            proof: second_factor::proof(app, customer, compared.exists, otp).await?,
        }),
    };
    let request = new_request(app, context, customer.partition());
    let answer = asking::ask(app, request, || Ok(command)).await?;
    if is_stale(&answer.decision) {
        return Ok(None);
    }
    let decision = refused(answer)?;
    tokens_of_sign_in(app, &decision, &signing).map(Some)
}

/// A session that is to begin, and the secret of its first refresh token.
pub(crate) struct SignedIn {
    customer: CustomerId,
    secret: [u8; 32],
    /// Its id.
    pub session: SessionId,
    /// Digest of the secret.
    pub refresh_hash: Digest,
    /// When the token is to expire.
    pub expires_at: Timestamp,
}

impl SignedIn {
    /// A new one.
    pub(crate) fn new(app: &App, customer: CustomerId) -> Self {
        let secret = app.mint.secret();
        Self {
            customer,
            secret,
            session: SessionId::from_bytes(app.mint.id(customer.partition())),
            refresh_hash: hash_of(&secret),
            expires_at: app.now().plus(app.config.session),
        }
    }
}

/// Both tokens of the session that a decision has begun.
pub(crate) fn tokens_of_sign_in(
    app: &App,
    decision: &Decision,
    signing: &SignedIn,
) -> Result<Response, Problem> {
    let begun = events::of_auth(decision).iter().find_map(session_of);
    let Some((session, roles)) = begun else {
        return Err(Problem::new(Code::CredentialsWrong));
    };
    let granted = Granted {
        customer: signing.customer,
        session,
        roles,
        proved_at: Some(app.now()),
    };
    tokens(app, decision, &granted, &signing.secret)
}

/// A request that nobody repeats: each try is its own.
pub(crate) fn new_request(app: &App, context: &RequestContext, partition: Partition) -> Request {
    let unique = app.mint.secret();
    let id = asking::request_id(
        CustomerId::default(),
        "session",
        &URL_SAFE_NO_PAD.encode(unique),
    );
    request(context, id, hash_of(&unique), partition)
}

fn is_stale(decision: &Decision) -> bool {
    if let schemas::Events::AuthEvents(body) = &decision.events
        && let Some(rejection) = &body.rejection
    {
        matches!(rejection.reason, RejectionReason::CredentialVersionStale(_))
    } else {
        false
    }
}

fn session_of(event: &Event) -> Option<(SessionId, &[Role])> {
    if let Event::SignedIn(event) = event {
        Some((event.session, &event.roles))
    } else if let Event::SessionRefreshed(event) = event {
        Some((event.session, &event.roles))
    } else if let Event::SessionRefreshRepeated(event) = event {
        Some((event.session, &event.roles))
    } else {
        None
    }
}

fn hash_of(secret: &[u8; 32]) -> Digest {
    Digest::from_bytes(sha2::Sha256::digest(secret).into())
}

/// Whom tokens are for.
struct Granted<'a> {
    customer: CustomerId,
    session: SessionId,
    roles: &'a [Role],
    proved_at: Option<Timestamp>,
}

/// Both tokens. A refresh token names its customer and session, so that it finds its partition.
fn tokens(
    app: &App,
    decision: &Decision,
    granted: &Granted<'_>,
    secret: &[u8; 32],
) -> Result<Response, Problem> {
    let (customer, session) = (granted.customer, granted.session);
    let owes = owed(app, decision);
    // Without a role a token opens nothing, whoever reads it.
    let roles = if owes.is_empty() { granted.roles } else { &[] };
    let proved_at = granted.proved_at;
    let issuing = &app.tokens;
    let access = issuing.issue(customer, session, roles, proved_at, app.now());
    let refresh = [&customer.bytes()[..], &session.bytes()[..], &secret[..]].concat();
    let mut body = json!({
        "access_token": access.text,
        "token_type": "Bearer",
        "expires_in": access.expires_in_s,
        "refresh_token": URL_SAFE_NO_PAD.encode(refresh),
        "customer_id": customer.to_string(),
        "position": Token::of(&[decision.position]).text(),
    });
    if let (Some(told), false) = (body.as_object_mut(), owes.is_empty()) {
        told.insert("owes".to_owned(), json!(owes));
    }
    Ok(json_response(StatusCode::OK, &body))
}

/// What the holder of the session that a decision tells of still owes before it is of use, as far
/// as this house asks for it.
fn owed(app: &App, decision: &Decision) -> Vec<&'static str> {
    let told = events::of_auth(decision).iter().find_map(enrolment_owed);
    let Some(owed) = told else {
        return Vec::new();
    };
    let second_factor = owed.second_factor && app.config.staff_second_factor;
    let all = [
        (owed.new_password, "new_password"),
        (second_factor, "second_factor"),
    ];
    let owed = all.into_iter().filter(|(owed, _)| *owed);
    owed.map(|(_, name)| name).collect()
}

fn enrolment_owed(event: &Event) -> Option<&EnrolmentOwed> {
    if let Event::EnrolmentOwed(owed) = event {
        Some(owed)
    } else {
        None
    }
}

/// A refresh token taken apart.
fn refresh_parts(text: &str) -> Option<(CustomerId, SessionId, [u8; 32])> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (customer, rest) = bytes.split_first_chunk::<16>()?;
    let (session, secret) = rest.split_first_chunk::<16>()?;
    let secret: [u8; 32] = secret.try_into().ok()?;
    Some((
        CustomerId::from_bytes(*customer),
        SessionId::from_bytes(*session),
        secret,
    ))
}

/// The body of a refresh.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshBody {
    refresh_token: String,
}

/// POST /v1/auth/refresh
pub(crate) async fn refresh(
    State(app): State<App>,
    Extension(context): Extension<RequestContext>,
    ApiJson(body): ApiJson<RefreshBody>,
) -> Result<Response, Problem> {
    let parts = refresh_parts(&body.refresh_token);
    let known = parts.filter(|(customer, ..)| customer.partition() < app.partitions);
    let (customer, session, presented) = known.ok_or_else(|| Problem::new(Code::SessionEnded))?;
    // Not drawn but derived: whoever lost the answer and asks again gets the same one.
    let next = app.tokens.successor(customer, session, presented);
    let command = Command::RefreshSession(RefreshSession {
        customer,
        session,
        presented_hash: hash_of(&presented),
        next_hash: hash_of(&next),
        expires_at: app.now().plus(app.config.session),
    });
    let request = new_request(&app, &context, customer.partition());
    let answer = asking::ask(&app, request, || Ok(command)).await?;
    let decision = refused(answer)?;
    let refreshed = events::of_auth(&decision).iter().find_map(session_of);
    // A token presented twice ends its family; the record then holds no new session.
    let Some((session, roles)) = refreshed else {
        return Err(Problem::new(Code::RefreshTokenReused));
    };
    let granted = Granted {
        customer,
        session,
        roles,
        proved_at: None,
    };
    tokens(&app, &decision, &granted, &next)
}

/// The body of a sign-out; all that it needs is in the access token.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogoutBody {
    #[serde(default)]
    refresh_token: Option<String>,
}

/// POST /v1/auth/logout
pub(crate) async fn logout(
    State(app): State<App>,
    caller: Caller,
    ApiJsonOrNone(body): ApiJsonOrNone<LogoutBody>,
) -> Result<Response, Problem> {
    let customer = caller.subject.customer;
    // A refresh token of one's own names the session to end; otherwise this one ends.
    let named = body.refresh_token.as_deref().and_then(refresh_parts);
    let session = named
        .filter(|(owner, ..)| *owner == customer)
        .map_or(caller.subject.session, |(_, session, _)| session);
    let command = Command::SignOut(SignOut { customer, session });
    let request = new_request(&app, &caller.context, customer.partition());
    let answer = asking::ask(&app, request, || Ok(command)).await?;
    refused(answer)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
