//! The layer around every route.
//!
//! Duty: give the request its id, find out who asks, hold the rate limit, bound the time, catch
//! panics, write problems, count. Prohibition: no answer leaves without passing here.

use crate::admission::{
    ClientAddress, Priority, Standing, Subject, Work, client_address, priority_of,
};
use crate::app::App;
use crate::doorway::turned_away;
use crate::errors::Code;
use crate::extract::Identified;
use crate::problem::Problem;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use kernel::CorrelationId;
use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// What a request is called by.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext {
    /// In records.
    pub correlation: CorrelationId,
    /// In answers and log lines: the same as 32 hexadecimal digits, so that a trace id of the
    /// client is its own name for the request.
    pub id: String,
    /// Its place at work, where it needs one.
    pub work: Option<Work>,
}

impl RequestContext {
    /// The client's own name for a request, or a new one.
    pub(crate) fn begin(app: &App, headers: &HeaderMap) -> Self {
        let fresh = || CorrelationId::from_bytes(app.mint.id(0));
        Self::new(trace_id(headers).unwrap_or_else(fresh))
    }

    fn new(correlation: CorrelationId) -> Self {
        Self {
            correlation,
            id: hexadecimal(correlation),
            work: None,
        }
    }

    /// The context that the edge has put there.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions
            .get::<Self>()
            .cloned()
            .unwrap_or_else(|| Self::new(CorrelationId::default()))
    }
}

/// A request's id as clients see it.
pub(crate) fn hexadecimal(correlation: CorrelationId) -> String {
    let mut text = String::with_capacity(32);
    for byte in correlation.bytes() {
        // Writing to a String does not fail.
        write!(text, "{byte:02x}").unwrap_or_default();
    }
    text
}

/// The trace id of a `traceparent` header of W3C trace context.
fn trace_id(headers: &HeaderMap) -> Option<CorrelationId> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let id = text
        .split('-')
        .nth(1)
        .filter(|id| id.len() == 32 && id.is_ascii())?;
    let mut bytes = [0_u8; 16];
    for (index, byte) in bytes.iter_mut().enumerate() {
        let from = index.saturating_mul(2);
        let digits = id.get(from..from.saturating_add(2))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    (bytes != [0; 16]).then(|| CorrelationId::from_bytes(bytes))
}

/// Around every route, unknown paths included.
pub(crate) async fn edge(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = app.now();
    let context = RequestContext::begin(&app, request.headers());
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let route = path.as_ref().map_or("none", MatchedPath::as_str).to_owned();

    // Under many times the load even to find out who asks is work.
    let mut response = match full(&app, method.as_str(), &route) {
        Some(priority) => {
            let (asked, _) = request.into_parts();
            turned_away(priority, &context.id, &asked.extensions).await
        }
        None => identified(&app, &route, &context, request, next).await,
    };
    tell_id(response.headers_mut(), &context);
    crate::browsers::secure(response.headers_mut(), &route);

    let micros = u64::try_from(app.now().since(started).micros()).unwrap_or(0);
    let status = response.status().as_u16();
    app.metrics.request(method.as_str(), &route, status, micros);
    tracing::debug!(%method, route, status, micros, request_id = context.id, "answered");
    response
}

/// The priority of a request for whose kind there is no room.
fn full(app: &App, method: &str, route: &str) -> Option<Priority> {
    let gate = app.gate.as_ref()?;
    let priority = priority_of(method, route)?;
    gate.look(priority).err().map(|_| priority)
}

/// Finds out who asks, counts it and runs the route.
async fn identified(
    app: &App,
    route: &str,
    context: &RequestContext,
    mut request: Request,
    next: Next,
) -> Response {
    let identified = Identified::read(app, request.headers()).await;
    let proxies = &app.config.admission.trusted_proxies;
    let address = client_address(proxies, request.extensions(), request.headers());
    let counted = count(app, route, &identified, address).await;
    request.extensions_mut().insert(address);
    request.extensions_mut().insert(identified);

    let admitted = counted
        .as_ref()
        .is_none_or(|(standing, _)| standing.admitted);
    let response = if admitted {
        held(app, route, context, request, next).await
    } else {
        let wait = counted.as_ref().map_or(1, |(standing, _)| standing.next_s);
        let problem = Problem::new(Code::RateLimited);
        problem
            .retry_after_s(u64::try_from(wait).unwrap_or(1))
            .into_response()
    };
    let mut response = finished(response, context);
    if let Some((standing, policy)) = counted {
        tell_standing(response.headers_mut(), standing, &policy);
    }
    response
}

/// Runs the route once there is a place for it; without one nothing is begun.
async fn held(
    app: &App,
    route: &str,
    context: &RequestContext,
    mut request: Request,
    next: Next,
) -> Response {
    let priority = priority_of(request.method().as_str(), route);
    let work = match app.gate.as_ref().zip(priority) {
        None => None,
        Some((gate, priority)) => match gate.enter(priority).await {
            Ok(work) => Some(work),
            Err(_) => {
                let (asked, _) = request.into_parts();
                return turned_away(priority, &context.id, &asked.extensions).await;
            }
        },
    };
    request.extensions_mut().insert(RequestContext {
        work: work.clone(),
        ..context.clone()
    });
    let response = run(app, route, request, next).await;
    if let Some(work) = work {
        // What was refused for its form took no work that would tell anything.
        let status = response.status();
        if status.is_client_error() && status != StatusCode::CONFLICT {
            work.ended();
        } else {
            work.done();
        }
    }
    response
}

/// Runs the route; a panic in it is our fault and the client's 500.
async fn run(app: &App, route: &str, request: Request, next: Next) -> Response {
    let running = AssertUnwindSafe(next.run(request)).catch_unwind();
    // Streams begin at once and then live as long as they like; the rest has its own deadlines,
    // and this bound catches bodies that never end.
    let longest = app
        .config
        .deadline
        .saturating_add(app.config.wait_max)
        .saturating_add(Duration::from_secs(5));
    match tokio::time::timeout(longest, running).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!(route, "a route panicked");
            Problem::new(Code::Internal).into_response()
        }
        Err(_) => Problem::new(Code::RequestTimeout).into_response(),
    }
}

/// Counts a request of the API against its subject's rate.
async fn count(
    app: &App,
    route: &str,
    identified: &Identified,
    ClientAddress(address): ClientAddress,
) -> Option<(Standing, String)> {
    let rates = app.rates.as_ref()?;
    // Feeds and providers are not users: signatures, roles and body sizes bound them.
    let counted = route.starts_with("/v1/")
        && !route.starts_with("/v1/feed/")
        && !route.starts_with("/v1/webhooks/");
    if !counted {
        return None;
    }
    let subject = match identified {
        Identified::Subject(subject) => Subject::Customer(subject.customer),
        Identified::Nobody | Identified::Refused(_) => Subject::address(address),
    };
    Some((rates.count(subject, app.now()).await, rates.policy()))
}

/// Writes a problem's body, and gives one to bare errors that other layers made.
fn finished(mut response: Response, context: &RequestContext) -> Response {
    let problem = response.extensions_mut().remove::<Problem>();
    let bare = response.status().is_client_error() || response.status().is_server_error();
    let is_problem = response.headers().get(header::CONTENT_TYPE)
        == Some(&HeaderValue::from_static("application/problem+json"));
    let problem = match problem {
        Some(problem) => problem,
        None if bare && !is_problem => Problem::new(Code::of_status(response.status())),
        None => return response,
    };
    let mut written = problem.render(&context.id);
    let allow = response.headers().get(header::ALLOW).cloned();
    if let Some(allow) = allow.filter(|_| written.status() == StatusCode::METHOD_NOT_ALLOWED) {
        written.headers_mut().insert(header::ALLOW, allow);
    }
    written
}

fn tell_standing(headers: &mut HeaderMap, standing: Standing, policy: &str) {
    let field = format!("\"user\";r={};t={}", standing.remaining, standing.next_s);
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", field.as_str())] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

fn tell_id(headers: &mut HeaderMap, context: &RequestContext) {
    if let Ok(id) = HeaderValue::from_str(&context.id) {
        headers.insert("x-request-id", id);
    }
}
