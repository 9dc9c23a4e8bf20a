//! What `dev` adds: the demo customer's sign-in, for the first page.

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::problem::Problem;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

/// GET /v1/dev/demo; there is none outside `dev`
pub(crate) async fn demo(State(app): State<App>) -> Result<Response, Problem> {
    let demo = app
        .demo
        .as_ref()
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    let body = json!({"login": demo.login, "password": demo.password});
    Ok(json_response(StatusCode::OK, &body))
}
