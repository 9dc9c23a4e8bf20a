//! What a process without a gateway serves: whether it lives, is ready, and its figures.
//!
//! Duty: the three routes that supervisors and Prometheus ask of every process. Prohibition:
//! nothing of the business is served here.

use crate::exit::Failure;
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

/// What a process counts: its parts, and what its roles add.
pub type Figures = Arc<Vec<Arc<dyn MetricsSource>>>;

/// Serves until `stop` resolves.
///
/// # Errors
/// The server failed.
pub async fn serve(
    listener: TcpListener,
    health: Arc<Health>,
    figures: Figures,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    axum::serve(listener, router(health, figures))
        .with_graceful_shutdown(stop)
        .await
        .context("the server failed")?;
    Ok(())
}

fn router(health: Arc<Health>, figures: Figures) -> Router {
    let supervised = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .with_state(health);
    Router::new()
        .route("/metrics", get(metrics))
        .with_state(figures)
        .merge(supervised)
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

async fn metrics(State(figures): State<Figures>) -> Response {
    let mut out = String::new();
    for source in figures.iter() {
        source.write(&mut out);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], out).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part_figures::PartFigures;
    use crate::providers::{ProviderFigures, ProviderGate};
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use kernel::Timestamp;
    use tower::ServiceExt;

    /// A process that serves payments alone tells what its provider does, like one with a gateway.
    #[tokio::test]
    async fn the_figures_of_all_that_a_process_does_are_served() {
        let health = Arc::new(Health::default());
        let gate = Arc::new(ProviderGate::new(payments::STRIPE, Timestamp::default()));
        let sources: Vec<Arc<dyn MetricsSource>> = vec![
            Arc::new(PartFigures(Arc::clone(&health))),
            Arc::new(ProviderFigures(gate)),
        ];
        let asked = Request::get("/metrics").body(Body::empty());
        let answer = router(health, Arc::new(sources)).oneshot(asked.expect("a request"));
        let answer = answer.await.expect("routers do not fail");
        assert_eq!(answer.status(), StatusCode::OK);
        let body = to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
        let text = String::from_utf8_lossy(&body);
        assert!(text.contains("furlong_payments_provider_away"), "{text}");
        assert!(text.contains("furlong_payments_unreconciled"), "{text}");
    }
}
