//! The house's arithmetic, asked through the API.

use crate::world::*;
use axum::http::StatusCode;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_to_anybody() {
    let world = World::new();
    let question = json!({"ask": "lines", "type": "trixie", "legs": 3});
    let answer = world.post("", "/v1/calc", "", &question).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json(), json!({"asked": question}));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_question_is_refused_with_the_reason() {
    let world = World::new();
    let answer = world
        .post("", "/v1/calc", "", &json!({"type": "trixie"}))
        .await;
    assert_eq!(answer.code(), "validation_failed");
    assert_eq!(answer.json()["detail"], "not a question");
}
