//! Whether the process lives, is ready, and its figures.

use crate::admission::{self, Rates};
use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::views;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::future::try_join_all;
use kernel::TopicPartition;
use serde_json::{Value, json};
use std::time::Duration;

/// A dependency that takes longer than this is not well.
const CHECK_WAIT: Duration = Duration::from_secs(2);
/// A view that is further behind than this, in records, is not well.
const LAG_MAX: u64 = 10_000;

/// GET /livez
pub(crate) async fn livez() -> Response {
    json_response(StatusCode::OK, &json!({"status": "alive"}))
}

/// GET /readyz: names what is missing
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    let mut missing: Vec<Value> = Vec::new();
    let mut note = |name: &str, detail: String| {
        missing.push(json!({"name": name, "detail": detail}));
    };
    if app.is_draining() {
        note("process", "stopping".to_owned());
    }
    if let Err(detail) = bounded(tails(&app)).await {
        note("journals", detail);
    }
    for check in &app.checks {
        if let Err(detail) = bounded(check.check()).await {
            note(check.name(), detail);
        }
    }
    // Bets are taken without views: their absence is told and turns nobody away.
    let mut degraded: Vec<Value> = Vec::new();
    if let Err(detail) = bounded(views_follow(&app)).await {
        degraded.push(json!({"name": "views", "detail": detail}));
    }
    if let Some(detail) = app.rates.as_ref().and_then(Rates::trouble) {
        degraded.push(json!({"name": "rate_store", "detail": detail}));
    }
    if missing.is_empty() {
        let body = json!({"status": "ready", "missing": [], "degraded": degraded});
        json_response(StatusCode::OK, &body)
    } else {
        let body = json!({"status": "not_ready", "missing": missing, "degraded": degraded});
        let mut response = json_response(StatusCode::SERVICE_UNAVAILABLE, &body);
        // Not an error of the client's: the form of this answer is its own.
        let problem = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, problem);
        response
    }
}

async fn bounded(check: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    tokio::time::timeout(CHECK_WAIT, check)
        .await
        .unwrap_or_else(|_| Err("does not answer".to_owned()))
}

/// The log answers, and the reader is at its end.
async fn tails(app: &App) -> Result<(), String> {
    let asking = TopicPartition::journals(app.partitions).map(async |at| {
        let end = app.log.end(at).await.map_err(|error| error.to_string())?;
        let behind = end.saturating_sub(app.hub.next_offset(at).unwrap_or(0));
        if behind > LAG_MAX {
            return Err(format!("the reader of {at} is {behind} behind"));
        }
        Ok(())
    });
    try_join_all(asking).await.map(|_| ())
}

/// The views answer, and are near what was read.
async fn views_follow(app: &App) -> Result<(), String> {
    let asking = TopicPartition::journals(app.partitions).map(async |at| {
        let viewed = views::next_offset(app, at).await;
        let viewed = viewed.map_err(|_| "the views do not answer".to_owned())?;
        let behind = app.hub.next_offset(at).unwrap_or(0).saturating_sub(viewed);
        if behind > LAG_MAX {
            return Err(format!("the view of {at} is {behind} behind"));
        }
        Ok(())
    });
    try_join_all(asking).await.map(|_| ())
}

/// GET /metrics
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    let mut text = app.metrics.text();
    admission::write_figures(&app, &mut text);
    for source in &app.parts().metrics {
        source.write(&mut text);
    }
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// GET /v1/errors
pub(crate) async fn errors() -> Response {
    let items: Vec<Value> = Code::ALL
        .iter()
        .map(|code| {
            let entry = code.entry();
            json!({
                "code": entry.code,
                "status": entry.status,
                "title": entry.title,
                "advice": entry.advice,
                "retryable": entry.retryable,
            })
        })
        .collect();
    json_response(
        StatusCode::OK,
        &json!({"items": items, "next_cursor": null}),
    )
}
