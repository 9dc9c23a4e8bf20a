//! Taking requests apart.
//!
//! Duty: bodies, queries, paths, keys and callers, with an error that points at what is wrong.
//! Prohibition: an unknown field is never passed over, and no library's own error text or form
//! reaches a client unasked.

use crate::app::App;
use crate::edge::RequestContext;
use crate::errors::Code;
use crate::ports::{Subject, TokenError};
use crate::positions::Token;
use crate::problem::Problem;
use crate::shapes::Named;
use crate::views;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use kernel::{CorrelationId, Currency, Money, Timestamp};
use schemas::Wire;
use schemas::rows::{SessionRow, table};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use std::fmt::{Display, Write as _};
use std::str::FromStr;
use std::time::Duration;

/// A JSON body.
pub(crate) struct ApiJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for ApiJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(Code::MediaTypeUnsupported));
        }
        let body = body_bytes(request, app).await?;
        parse_json(&body).map(Self)
    }
}

/// A body that may be left out altogether.
pub(crate) struct ApiJsonOrNone<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<App> for ApiJsonOrNone<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let json = is_json(request.headers());
        let body = body_bytes(request, app).await?;
        match (body.is_empty(), json) {
            (true, _) => Ok(Self(T::default())),
            (false, true) => parse_json(&body).map(Self),
            (false, false) => Err(Problem::new(Code::MediaTypeUnsupported)),
        }
    }
}

/// The body's bytes, as far as the route allows.
pub(crate) async fn body_bytes(request: Request, app: &App) -> Result<Bytes, Problem> {
    let reading = Bytes::from_request(request, app);
    tokio::time::timeout(app.config.admission.body_wait, reading)
        .await
        .map_err(|_| Problem::new(Code::RequestTimeout))?
        .map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(Code::PayloadTooLarge)
            } else {
                Problem::new(Code::RequestMalformed).detail("the body cannot be read")
            }
        })
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    kind.map(|kind| {
        kind.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    })
    .is_some_and(|kind| kind == "application/json" || kind.ends_with("+json"))
}

/// Reads JSON, strictly: a wrong field is named by its pointer.
pub(crate) fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        let code = match inner.classify() {
            serde_json::error::Category::Data => Code::ValidationFailed,
            serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof
            | serde_json::error::Category::Io => Code::RequestMalformed,
        };
        let message = inner.to_string();
        Problem::new(code)
            .detail(format!("the body is not what is expected here: {message}"))
            .at(pointer, message)
    })?;
    reader.end().map_err(|error| {
        Problem::new(Code::RequestMalformed).detail(format!("text follows the body: {error}"))
    })?;
    Ok(value)
}

/// A path within a document as a JSON pointer.
fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        // Writing to a String does not fail.
        match segment {
            Segment::Seq { index } => write!(pointer, "/{index}").unwrap_or_default(),
            Segment::Map { key } => {
                let key = key.replace('~', "~0").replace('/', "~1");
                write!(pointer, "/{key}").unwrap_or_default();
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// Query parameters.
pub(crate) struct ApiQuery<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for ApiQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Query::<T>::try_from_uri(&parts.uri)
            .map(|Query(value)| Self(value))
            .map_err(|rejection| {
                Problem::new(Code::ValidationFailed)
                    .detail("the query is not what is expected here")
                    .at("?", rejection.body_text())
            })
    }
}

/// One id in the path.
pub(crate) struct ApiPath<T>(pub T);

impl<T: FromStr> FromRequestParts<App> for ApiPath<T>
where
    T::Err: Display,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::new(Code::NotFound))?;
        text.parse()
            .map(Self)
            .map_err(|error: T::Err| Problem::new(Code::NotFound).detail(format!("{error}")))
    }
}

/// Whoever asks, signed in.
pub(crate) struct Caller {
    /// Who.
    pub subject: Subject,
    /// The request.
    pub context: RequestContext,
}

impl Caller {
    /// What the caller's own requests are named by.
    pub(crate) fn correlation(&self) -> CorrelationId {
        self.context.correlation
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let context = RequestContext::of(&parts.extensions);
        match parts.extensions.get::<Identified>() {
            Some(Identified::Subject(subject)) => Ok(Self {
                subject: subject.clone(),
                context,
            }),
            Some(Identified::Refused(code)) => Err(Problem::new(*code)),
            Some(Identified::Nobody) | None => Err(Problem::new(Code::AuthenticationRequired)),
        }
    }
}

/// What the `Authorization` header says.
#[derive(Clone, Debug)]
pub(crate) enum Identified {
    /// Nothing.
    Nobody,
    /// Who asks.
    Subject(Subject),
    /// Something that does not hold.
    Refused(Code),
}

impl Identified {
    /// Reads the header.
    pub(crate) async fn read(app: &App, headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return Self::Nobody;
        };
        let token = value.to_str().ok().and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        match token {
            None => Self::Refused(Code::TokenInvalid),
            Some(token) => identify(app, token)
                .await
                .map_or_else(Self::Refused, Self::Subject),
        }
    }
}

/// Who a token names.
pub(crate) async fn identify(app: &App, token: &str) -> Result<Subject, Code> {
    let subject = app
        .tokens
        .verify(token, app.now())
        .map_err(|error| match error {
            TokenError::Invalid => Code::TokenInvalid,
            TokenError::Expired => Code::TokenExpired,
        })?;
    if app.hub.is_revoked(subject.session) || ended_before(app, &subject).await {
        return Err(Code::SessionEnded);
    }
    Ok(subject)
}

/// How long the view may take to say whether a session has ended.
const SESSION_LOOK: Duration = Duration::from_millis(250);
/// How long a session is not looked up again when the view did not answer.
const SESSION_LOOK_AGAIN: kernel::Duration = kernel::Duration::from_secs(5);

/// Whether a session ended before this process began to read: its tail never told that, the view
/// does. Each session is looked up once. While the view is away nobody is turned away for it: the
/// token was signed less than ten minutes ago, and bets must go on.
async fn ended_before(app: &App, subject: &Subject) -> bool {
    if app.hub.is_known_to_live(subject.session, app.now()) {
        return false;
    }
    let key = subject.session.to_bytes();
    let looking = views::row::<SessionRow>(app, table::SESSION, key);
    match tokio::time::timeout(SESSION_LOOK, looking).await {
        Ok(Ok(Some(row))) if row.revoked => {
            app.hub.note_revoked(subject.session, app.now());
            true
        }
        Ok(Ok(_)) => {
            app.hub.note_living(subject.session, subject.expires_at);
            false
        }
        Ok(Err(_)) | Err(_) => {
            let until = app.now().plus(SESSION_LOOK_AGAIN);
            app.hub.note_living(subject.session, until);
            false
        }
    }
}

/// An amount.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoneyBody {
    pub(crate) amount: String,
    pub(crate) currency: String,
}

/// A field that may be null and may not be left out: what is forgotten is not what is taken away.
pub(crate) fn null_or<'de, T, D>(reader: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::deserialize(reader)
}

/// What a read of one thing may be asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneQuery {
    pub(crate) min_position: Option<String>,
}

/// The idempotency key.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<&str, Problem> {
    let value = headers
        .get("idempotency-key")
        .ok_or_else(|| Problem::new(Code::IdempotencyKeyMissing))?;
    let key = value.to_str().unwrap_or_default();
    // Spaces within it have always been taken.
    let visible = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if key.is_empty() || key.len() > 255 || !visible {
        return Err(Problem::new(Code::IdempotencyKeyInvalid));
    }
    Ok(key)
}

/// How long the client would rather wait (RFC 7240); what cannot be read counts as unsaid.
pub(crate) fn prefer_wait(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .filter_map(|preference| preference.trim().split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
        .and_then(|(_, seconds)| seconds.trim().trim_matches('"').parse().ok())
        .map(Duration::from_secs)
}

/// A position of a client, if one was sent.
pub(crate) fn position(text: Option<&str>) -> Result<Option<Token>, Problem> {
    text.map(|text| Token::parse(text).map_err(|_| Problem::new(Code::PositionInvalid)))
        .transpose()
}

/// Collects what is wrong with the values of a well-formed body.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    wrong: Vec<(String, String)>,
}

impl Fields {
    /// Notes that something is wrong.
    pub(crate) fn wrong(&mut self, pointer: impl Into<String>, message: impl Display) {
        self.wrong.push((pointer.into(), message.to_string()));
    }

    /// Reads a value from its text.
    pub(crate) fn parse<T: FromStr>(&mut self, pointer: &str, text: &str) -> Option<T>
    where
        T::Err: Display,
    {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(pointer, error);
                None
            }
        }
    }

    /// Reads a member of a closed list from its name.
    pub(crate) fn named<T: Named>(&mut self, pointer: &str, text: &str) -> Option<T> {
        T::named(text)
            .map_err(|error| self.wrong(pointer, error))
            .ok()
    }

    /// Reads an amount above zero.
    pub(crate) fn money(&mut self, pointer: &str, amount: &str, currency: &str) -> Option<Money> {
        let currency: Currency = self.parse(&format!("{pointer}/currency"), currency)?;
        match Money::parse(amount, currency) {
            Ok(money) if money.is_positive() => Some(money),
            Ok(_) => {
                self.wrong(format!("{pointer}/amount"), "the amount is not above zero");
                None
            }
            Err(error) => {
                self.wrong(format!("{pointer}/amount"), error);
                None
            }
        }
    }

    /// Reads an instant.
    pub(crate) fn time(&mut self, pointer: &str, text: &str) -> Option<Timestamp> {
        let parsed: jiff::Timestamp = self.parse(pointer, text)?;
        Some(Timestamp::from_micros(parsed.as_microsecond()))
    }

    /// The value, if nothing was wrong.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        let mut problem = Problem::new(Code::ValidationFailed);
        let nothing_wrong = self.wrong.is_empty();
        for (pointer, message) in self.wrong {
            problem = problem.at(pointer, message);
        }
        match value {
            Some(value) if nothing_wrong => Ok(value),
            Some(_) | None => Err(problem),
        }
    }
}
