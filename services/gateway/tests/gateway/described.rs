//! What the description of the API demands is demanded: the faults that Schemathesis has found
//! (`.ci/schemathesis`), each once.

use crate::world::*;
use axum::body::Body;
use serde_json::{Value, json};

/// What may be null may not be left out: a forgotten field would take a limit away.
#[tokio::test(start_paused = true)]
async fn a_forgotten_field_takes_nothing_away() {
    let world = World::new();
    let leaning = "/v1/admin/markets/mkt_0000000a-0000-0000-0000-000000000001/leaning";
    for (method, path, login, body, field) in [
        (
            "PUT",
            "/v1/account/limits",
            "anna",
            json!({"kind": "stake_day"}),
            "amount",
        ),
        (
            "POST",
            "/v1/account/limits/confirm",
            "anna",
            json!({"kind": "stake_day"}),
            "amount",
        ),
        (
            "PUT",
            "/v1/account/reality-check",
            "anna",
            json!({}),
            "interval_minutes",
        ),
        ("PUT", leaning, "operator", json!({}), "step"),
    ] {
        let asking = request(method, path, login)
            .header("content-type", "application/json")
            .header("idempotency-key", "k");
        let answer = world
            .send(asking.body(Body::from(body.to_string())).unwrap())
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, "validation_failed"),
            "{path}"
        );
        let told = answer.json()["errors"].to_string();
        assert!(
            told.contains(&format!("missing field `{field}`")),
            "{path}: {told}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_of_visible_characters() {
    let world = World::new();
    let amount = json!({"amount": {"amount": "10.00", "currency": "EUR"}});
    for key in ["a\tb", ""] {
        let answer = world.post("anna", "/v1/deposits", key, &amount).await;
        assert!(answer.code().starts_with("idempotency_key_"), "{key:?}");
    }
    let nothing = json!({"amount": {"amount": "0.00", "currency": "EUR"}});
    let answer = world
        .post("anna", "/v1/deposits", "\"a ~b!\"", &nothing)
        .await;
    assert_eq!(answer.code(), "validation_failed");
}

#[tokio::test(start_paused = true)]
async fn an_empty_cursor_is_no_beginning() {
    let world = World::new();
    for path in ["/v1/bets", "/v1/account/statement", "/v1/fixtures"] {
        let answer = world.get("anna", &format!("{path}?cursor=")).await;
        assert_eq!(answer.code(), "cursor_invalid", "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_description_tells_what_is_taken_and_answered() {
    let world = World::new();
    let document = world.get("", "/openapi.json").await.json();
    let of = |method: &str, path: &str| document["paths"][path][method].clone();
    let parameter = |operation: &Value, name: &str| {
        let all = operation["parameters"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap().clone()
    };
    let limit = parameter(&of("get", "/v1/bets"), "limit");
    assert_eq!(
        (&limit["schema"]["minimum"], &limit["schema"]["maximum"]),
        (&json!(1), &json!(200))
    );
    assert_eq!(
        parameter(&of("get", "/v1/audit/balance"), "account")["required"],
        true
    );
    // No lines at all are taken.
    let feed = of("post", "/v1/feed/updates");
    assert_eq!(feed["requestBody"]["required"], false);
    let empty = request("POST", "/v1/feed/updates", "trader");
    let answer = world.send(empty.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status.as_u16(), 200);
    let streams = of("get", "/asyncapi.yaml");
    assert_eq!(
        streams["responses"]["200"]["content"]["application/yaml"]["schema"]["$ref"],
        "#/components/schemas/Document"
    );
    // Staff have told nothing of themselves.
    let told = &document["components"]["schemas"]["ProfileTold"]["properties"]["born"];
    assert_eq!(told["anyOf"][1]["const"], "");
}
