//! The arithmetic of the house, for anybody who wants to check it.

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::extract::ApiJson;
use crate::problem::Problem;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

/// POST /v1/calc
pub(crate) async fn ask(
    State(app): State<App>,
    ApiJson(question): ApiJson<Value>,
) -> Result<Response, Problem> {
    let calculator = app
        .calculator
        .as_ref()
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    let answer = calculator
        .answer(&question)
        .map_err(|why| Problem::new(Code::ValidationFailed).detail(why))?;
    Ok(json_response(StatusCode::OK, &answer))
}
