//! What a process without a gateway serves: whether it lives, is ready, and its figures.
//!
//! Duty: the three routes that supervisors and Prometheus ask of every process. Prohibition:
//! nothing of the business is served here.

use crate::exit::Failure;
use crate::part_figures::PartFigures;
use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use gateway::ports::MetricsSource;
use runtime::Health;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Serves until `stop` resolves.
///
/// # Errors
/// The server failed.
pub async fn serve(
    listener: TcpListener,
    health: Arc<Health>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    let router = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(health);
    axum::serve(listener, router)
        .with_graceful_shutdown(stop)
        .await
        .context("the server failed")?;
    Ok(())
}

async fn livez() -> Response {
    axum::Json(serde_json::json!({"status": "alive"})).into_response()
}

async fn readyz(State(health): State<Arc<Health>>) -> Response {
    let missing: Vec<serde_json::Value> = health
        .missing()
        .into_iter()
        .map(|(part, condition)| serde_json::json!({"name": part, "detail": condition.to_string()}))
        .collect();
    let (status, word) = if missing.is_empty() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
    };
    let body = serde_json::json!({"status": word, "missing": missing});
    (status, axum::Json(body)).into_response()
}

async fn metrics(State(health): State<Arc<Health>>) -> Response {
    let mut out = String::new();
    PartFigures(health).write(&mut out);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], out).into_response()
}
