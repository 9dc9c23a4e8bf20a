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
use runtime::{Condition, Health};
use std::fmt::Write as _;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The conditions of a process's parts as Prometheus figures.
pub struct PartFigures(pub Arc<Health>);

impl MetricsSource for PartFigures {
    fn write(&self, out: &mut String) {
        out.push_str(
            "# HELP furlong_part_ready Whether a part of the process is as it should be\n\
             # TYPE furlong_part_ready gauge\n",
        );
        let parts = self.0.parts();
        for (part, condition) in &parts {
            let ready = u8::from(!condition.is_missing());
            // A text that is written to a string is always written.
            writeln!(out, "furlong_part_ready{{part=\"{part}\"}} {ready}").unwrap_or_default();
        }
        out.push_str(
            "# HELP furlong_owner_epoch The claim under which this process serves a partition\n\
             # TYPE furlong_owner_epoch gauge\n",
        );
        for (part, condition) in &parts {
            if let Condition::Serving { epoch } = condition {
                writeln!(out, "furlong_owner_epoch{{part=\"{part}\"}} {epoch}").unwrap_or_default();
            }
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_tell_who_serves_what() {
        let health = Arc::new(Health::default());
        health.set("owner of bets.events/3", Condition::Serving { epoch: 7 });
        health.set("owner of bets.events/4", Condition::StandingBy);
        health.set("place on the roll", Condition::Starting("x".to_owned()));
        let mut out = String::new();
        PartFigures(health).write(&mut out);
        for line in [
            "furlong_part_ready{part=\"owner of bets.events/3\"} 1",
            "furlong_part_ready{part=\"owner of bets.events/4\"} 1",
            "furlong_part_ready{part=\"place on the roll\"} 0",
            "furlong_owner_epoch{part=\"owner of bets.events/3\"} 7",
        ] {
            assert!(out.lines().any(|found| found == line), "{line}\n{out}");
        }
        assert_eq!(out.matches("furlong_owner_epoch{").count(), 1);
    }
}
