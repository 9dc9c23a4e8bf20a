//! The first look at a request, before a route is sought for it.
//!
//! Duty: turn away at the least cost what there is no room for, and hold back the refusal of whoever
//! asks again sooner than he was told, until the time that he was told. Prohibition: nobody is let
//! in here, what settles is never held up, and a request for which there is room never waits for an
//! earlier refusal.

use crate::admission::{Priority, priority_of};
use crate::app::App;
use crate::edge::RequestContext;
use crate::errors::Code;
use crate::problem::Problem;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::future::RouteFuture;
use futures::FutureExt;
use futures::future::{BoxFuture, Either};
use std::convert::Infallible;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use tower_service::Service;

/// No refusal is held back for longer: by then a client that is there no more is noticed.
const HELD_MAX: Duration = Duration::from_secs(1);
/// What stands for a request's id in an answer that is written once.
const NO_ID: &str = "00000000000000000000000000000000";

/// When whoever asks on a connection was told to come back. Connections of proxies, which carry
/// the requests of many, have none.
#[derive(Clone, Debug, Default)]
pub(crate) struct ComeBack(Arc<Mutex<Option<Instant>>>);

impl ComeBack {
    /// Notes a refusal that tells to come back after so long. Returns how long it is itself held
    /// back: not at all for whoever has waited as he was told.
    fn refused(&self, now: Instant, after: Duration) -> Duration {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let early = told.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        let held = early.min(HELD_MAX);
        *told = now.checked_add(held.saturating_add(after));
        held
    }
}

/// The less it matters, the later it is to come back.
const fn come_back_s(priority: Priority) -> u64 {
    match priority {
        Priority::Settling | Priority::Placing => 1,
        Priority::Quoting => 2,
        Priority::History => 3,
        Priority::Browsing => 5,
    }
}

/// A refusal but for the request's id.
struct Written {
    headers: HeaderMap,
    before_id: String,
    after_id: String,
}

/// Written once: under many times the load there are many of them and time for none.
static WRITTEN: LazyLock<[Written; Priority::COUNT]> = LazyLock::new(|| {
    Priority::ALL.map(|priority| {
        let problem = Problem::new(Code::Overloaded)
            .detail("More is asked than can be done in time. Nothing was begun of this request.")
            .with("priority", priority.name().into())
            .retry_after_s(come_back_s(priority));
        let mut headers = problem.render(NO_ID).headers().clone();
        crate::browsers::secure(&mut headers, "/v1/");
        let text = problem.to_json(NO_ID).to_string();
        let (before_id, after_id) = text.split_once(NO_ID).unwrap_or((&text, ""));
        Written {
            headers,
            before_id: before_id.to_owned(),
            after_id: after_id.to_owned(),
        }
    })
});

/// The refusal of a request of which nothing was begun.
fn written(priority: Priority, id: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    if let Some(written) = WRITTEN.get(priority.index()) {
        *response.body_mut() =
            Body::from([written.before_id.as_str(), id, written.after_id.as_str()].concat());
        response.headers_mut().clone_from(&written.headers);
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// Turns a request away: at once, or when whoever asks too soon was told to come back.
pub(crate) async fn turned_away(priority: Priority, id: &str, extensions: &Extensions) -> Response {
    let after = Duration::from_secs(come_back_s(priority));
    let come_back = extensions.get::<ComeBack>();
    let held = come_back.map(|told| told.refused(Instant::now(), after));
    if let Some(held) = held.filter(|held| !held.is_zero()) {
        tokio::time::sleep(held).await;
    }
    written(priority, id)
}

/// The routes behind the first look.
#[derive(Clone)]
pub(crate) struct Doorway {
    app: App,
    routes: Router,
}

impl Doorway {
    pub(crate) const fn new(app: App, routes: Router) -> Self {
        Self { app, routes }
    }
}

impl Service<Request> for Doorway {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<RouteFuture<Infallible>, BoxFuture<'static, Result<Response, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match no_room(&self.app, &request) {
            None => Either::Left(self.routes.call(request)),
            Some(priority) => {
                let (app, (asked, _)) = (self.app.clone(), request.into_parts());
                Either::Right(async move { Ok(shed(&app, priority, &asked).await) }.boxed())
            }
        }
    }
}

/// The priority of a request for whose kind there is no room. What a path looks like is enough to
/// turn away; what is let in is judged again by its route.
fn no_room(app: &App, request: &Request) -> Option<Priority> {
    let path = request.uri().path();
    let gate = app.gate.as_ref().filter(|_| path.starts_with("/v1/"))?;
    let priority = priority_of(request.method().as_str(), path)?;
    gate.look(priority).err().map(|_| priority)
}

async fn shed(app: &App, priority: Priority, asked: &Parts) -> Response {
    let began = app.now();
    let context = RequestContext::begin(app, &asked.headers);
    let response = turned_away(priority, &context.id, &asked.extensions).await;
    let micros = u64::try_from(app.now().since(began).micros()).unwrap_or(0);
    // By no route and no method: neither was looked at.
    app.metrics.request("any", "turned_away", 503, micros);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_as_told_is_refused_at_once_and_who_does_not_waits_for_it() {
        let told = ComeBack::default();
        let second = Duration::from_secs(1);
        let now = Instant::now();
        assert_eq!(told.refused(now, second), Duration::ZERO);
        // At once again: until the second is over, and so each time.
        assert_eq!(told.refused(now, second), second);
        let later = now + second;
        assert_eq!(told.refused(later + second / 4, second), second * 3 / 4);
        // As he was told, which was three seconds after the beginning.
        assert_eq!(told.refused(now + second * 3, second), Duration::ZERO);
    }

    #[test]
    fn nobody_waits_for_a_refusal_longer_than_its_bound() {
        let told = ComeBack::default();
        let now = Instant::now();
        assert_eq!(told.refused(now, Duration::from_secs(5)), Duration::ZERO);
        assert_eq!(told.refused(now, Duration::from_secs(5)), HELD_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_written_once_is_what_the_edge_would_write() {
        for priority in Priority::ALL {
            let id = "0123456789abcdef0123456789abcdef";
            let response = written(priority, id);
            let headers = response.headers().clone();
            assert_eq!(headers["retry-after"], come_back_s(priority).to_string());
            assert_eq!(headers["content-type"], "application/problem+json");
            assert_eq!(headers["x-request-id"], id);
            assert_eq!(headers["cache-control"], "no-store");
            let body = axum::body::to_bytes(response.into_body(), 4_096);
            let told: serde_json::Value = serde_json::from_slice(&body.await.unwrap()).unwrap();
            assert_eq!(told["code"], "overloaded");
            assert_eq!(told["request_id"], id);
            assert_eq!(told["priority"], priority.name());
        }
    }
}
