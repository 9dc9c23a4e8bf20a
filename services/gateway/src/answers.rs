//! Answers that are JSON.

use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// A JSON answer.
pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response {
    (status, axum::Json(body)).into_response()
}

/// Marks an answer that had been given before.
pub(crate) fn mark_replayed(response: &mut Response, replayed: bool) {
    if replayed {
        let told = HeaderValue::from_static("true");
        response.headers_mut().insert("idempotency-replayed", told);
    }
}
