//! Whatever comes in, a problem goes out: never a bare error, never a 500.

use crate::world::*;
use axum::body::Body;
use axum::http::StatusCode;
use gateway::{Config, RateLimit};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;

#[tokio::test(start_paused = true)]
async fn unknown_paths_methods_types_and_sizes_are_problems() {
    let world = World::new();
    let answer = world.get("", "/nowhere").await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (404, "not_found")
    );
    let answer = world
        .send(
            request("DELETE", "/v1/bets", "anna")
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (405, "method_not_allowed")
    );
    let allowed: BTreeSet<_> = answer
        .header("allow")
        .unwrap()
        .split(',')
        .map(str::trim)
        .collect();
    assert_eq!(allowed, BTreeSet::from(["GET", "HEAD", "POST"]));
    let text = request("POST", "/v1/bets", "anna").header("content-type", "text/plain");
    let answer = world.send(text.body(Body::from("{}")).unwrap()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (415, "media_type_unsupported")
    );
    let large = Value::String("x".repeat(70_000));
    let answer = world.post("anna", "/v1/bets", "k", &large).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (413, "payload_too_large")
    );
    let answer = world.get("", "/v1/fixtures?colour=red").await;
    assert_eq!(answer.code(), "validation_failed");
    let answer = world.get("", "/v1/stream").await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (426, "upgrade_required")
    );
}

#[tokio::test(start_paused = true)]
async fn who_asks_is_checked_first() {
    let world = World::new();
    let nobody = world.get("", "/v1/bets").await;
    assert_eq!(
        (nobody.status.as_u16(), nobody.code().as_str()),
        (401, "authentication_required")
    );
    assert_eq!(nobody.header("www-authenticate"), Some("Bearer"));
    assert_eq!(world.get("old", "/v1/bets").await.code(), "token_expired");
    assert_eq!(
        world.get("forged", "/v1/bets").await.code(),
        "token_invalid"
    );
}

/// Every route that needs somebody refuses nobody, and everybody of another kind.
#[tokio::test(start_paused = true)]
async fn roles_hold_on_every_route_of_the_document() {
    let world = World::new();
    let document = world.get("", "/openapi.json").await.json();
    let mut checked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if operation.get("security").is_none() {
                continue;
            }
            let path = path
                .replace("{id}", &MARKET.to_string())
                .replace("{topic}", "bets.events")
                .replace("{partition}", "0");
            let build = |token: &str| {
                request(&method.to_uppercase(), &path, token)
                    .header("content-type", "application/json")
                    .header("idempotency-key", "k")
                    .body(Body::from("{}"))
                    .unwrap()
            };
            let nobody = world.send(build("")).await;
            assert_eq!(nobody.code(), "authentication_required", "{method} {path}");
            let roles = operation.get("x-roles").and_then(|roles| roles.as_array());
            let for_staff = roles.is_some_and(|roles| !roles.contains(&"customer".into()));
            if for_staff {
                let customer = world.send(build("anna")).await;
                assert_eq!(customer.code(), "permission_denied", "{method} {path}");
            }
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
    let denied = world
        .post(
            "anna",
            &format!("/v1/admin/markets/{MARKET}/suspend"),
            "k",
            &serde_json::json!({"reason": "because"}),
        )
        .await;
    assert_eq!(denied.code(), "permission_denied");
    assert_eq!(
        world.get("operator", "/v1/audit/checkpoint").await.code(),
        "permission_denied"
    );
}

#[tokio::test(start_paused = true)]
async fn the_document_has_what_the_router_has() {
    let world = World::new();
    let document = world.get("", "/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{id}", "x")
            .replace("{topic}", "x")
            .replace("{partition}", "x")
            .replace("{provider}", "x")
            .replace("{file}", "app.js");
        let described: BTreeSet<String> = methods
            .as_object()
            .unwrap()
            .keys()
            .map(|m| m.to_uppercase())
            .collect();
        // A method that nobody has: the router tells which there are.
        let answer = world
            .send(request("TRACE", &path, "").body(Body::empty()).unwrap())
            .await;
        assert_eq!(answer.code(), "method_not_allowed", "{path}");
        let routed: BTreeSet<String> = answer
            .header("allow")
            .unwrap()
            .split(',')
            .map(|m| m.trim().to_owned())
            .filter(|m| m != "HEAD")
            .collect();
        assert_eq!(routed, described, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_error_codes_and_the_guide_agree() {
    let world = World::new();
    let listed = world.get("", "/v1/errors").await.json();
    let guide = include_str!("../../../../docs/ERRORS.md");
    for error in listed["items"].as_array().unwrap() {
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        let retryable = if error["retryable"].as_bool().unwrap() {
            "yes"
        } else {
            "no"
        };
        let row = format!(
            "| `{}` | {} | {} | {} | {} |",
            text("code"),
            error["status"],
            text("title"),
            retryable,
            text("advice")
        );
        assert!(guide.contains(&row), "docs/ERRORS.md lacks:\n{row}");
    }
    assert_eq!(
        guide.matches("\n| `").count(),
        listed["items"].as_array().unwrap().len()
    );
}

#[tokio::test(start_paused = true)]
async fn a_trace_is_the_name_of_its_request() {
    let world = World::new();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let asked = request("GET", "/nowhere", "")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let answer = world.send(asked.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.json()["request_id"], trace);
    assert_eq!(answer.header("x-request-id"), Some(trace));
    let garbled = request("GET", "/nowhere", "").header("traceparent", "00-zz");
    let answer = world.send(garbled.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.json()["request_id"].as_str().unwrap().len(), 32);
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_are_told_when_to_come_back() {
    let world = World::with(Config {
        rate_limit: Some(RateLimit {
            per_minute: 100,
            burst: 3,
        }),
        ..Config::default()
    });
    let passed = world.get("anna", "/v1/bets").await;
    assert_eq!(
        passed.header("ratelimit-policy"),
        Some("\"user\";q=100;w=60")
    );
    assert_eq!(passed.header("ratelimit"), Some("\"user\";r=2;t=1"));
    world.get("anna", "/v1/bets").await;
    world.get("anna", "/v1/bets").await;
    let refused = world.get("anna", "/v1/bets").await;
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (429, "rate_limited")
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(world.get("bob", "/v1/bets").await.status, StatusCode::OK);
    assert_eq!(world.get("", "/livez").await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn readiness_names_what_is_missing() {
    let world = World::new();
    world.caught_up().await;
    let ready = world.get("", "/readyz").await;
    assert_eq!(
        (ready.status, ready.json()["status"].clone()),
        (StatusCode::OK, "ready".into())
    );
    world.gateway.drain();
    let stopping = world.get("", "/readyz").await;
    assert_eq!(stopping.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(stopping.json()["missing"][0]["name"], "process");
    assert_eq!(world.get("", "/livez").await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn pages_are_served_from_within() {
    let world = World::new();
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/docs", "text/html; charset=utf-8"),
        ("/assets/app.js", "text/javascript; charset=utf-8"),
        ("/assets/style.css", "text/css; charset=utf-8"),
        ("/asyncapi.yaml", "application/yaml"),
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8"),
    ] {
        let answer = world.get("", path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("content-type"), Some(kind), "{path}");
    }
    let tag = world
        .get("", "/assets/app.js")
        .await
        .header("etag")
        .unwrap()
        .to_owned();
    let again = request("GET", "/assets/app.js", "").header("if-none-match", tag);
    assert_eq!(
        world.send(again.body(Body::empty()).unwrap()).await.status,
        StatusCode::NOT_MODIFIED
    );
    assert_eq!(
        world.get("", "/assets/..%2fCargo.toml").await.code(),
        "not_found"
    );
    assert_eq!(world.get("", "/v1/dev/demo").await.json()["login"], "demo");
}

/// Where garbage may be sent, with somebody who may send there.
const DOORS: &[(&str, &str, &str)] = &[
    ("POST", "/v1/auth/register", ""),
    ("POST", "/v1/auth/login", ""),
    ("POST", "/v1/auth/refresh", ""),
    ("POST", "/v1/auth/logout", "anna"),
    ("POST", "/v1/bets", "anna"),
    ("PUT", "/v1/account/limits", "anna"),
    ("POST", "/v1/account/exclusion", "anna"),
    ("POST", "/v1/deposits", "anna"),
    ("POST", "/v1/withdrawals", "anna"),
    ("POST", "/v1/webhooks/simulator", ""),
    ("POST", "/v1/feed/updates", "trader"),
    (
        "POST",
        "/v1/admin/markets/mkt_0000000a-0000-0000-0000-000000000001/result",
        "operator",
    ),
    (
        "POST",
        "/v1/admin/cases/cas_0000000a-0000-0000-0000-000000000001/close",
        "operator",
    ),
];

/// JSON that is nearly right, and bytes that are not.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
        Just(Value::from("EUR")),
        Just(Value::from("1e9")),
        Just(Value::from("99999999999999999999.99")),
    ];
    let name = prop_oneof![
        Just("type"),
        Just("legs"),
        Just("stake"),
        Just("amount"),
        Just("currency"),
        Just("price"),
        Just("login"),
        Just("password"),
        Just("outcomes"),
        Just("reason"),
        Just("kind"),
        Just("until"),
    ];
    let json = leaf.prop_recursive(3, 20, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    prop_oneof![
        json.prop_map(|value| value.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..64),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn garbage_is_refused_with_a_problem(body in garbage(), door in 0..DOORS.len()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let (method, path, token) = DOORS[door];
        let answer = runtime.block_on(async {
            let world = World::new();
            let request = request(method, path, token)
                .header("content-type", "application/json")
                .header("idempotency-key", "k");
            world.send(request.body(Body::from(body.clone())).unwrap()).await
        });
        // Nobody answers here, so a request that is right after all has an unknown outcome.
        let fine = answer.status.is_client_error() || answer.status == StatusCode::SERVICE_UNAVAILABLE
            || (path.ends_with("updates") && answer.status == StatusCode::OK);
        prop_assert!(fine, "{method} {path} {answer:?}");
        if answer.status != StatusCode::OK {
            answer.code();
        }
    }

    #[test]
    fn queries_and_paths_are_garbage_too(text in "[a-zA-Z0-9%=&_.~-]{0,40}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            for path in ["/v1/fixtures", "/v1/bets", "/v1/account/balance", "/v1/account/statement"] {
                let Ok(request) = request("GET", &format!("{path}?{text}"), "anna").body(Body::empty()) else { continue };
                let answer = world.send(request).await;
                assert!(answer.status != StatusCode::INTERNAL_SERVER_ERROR, "{path}?{text}");
            }
            for path in ["/v1/markets", "/v1/bets", "/v1/deposits", "/v1/audit/journals/bets.events"] {
                let Ok(request) = request("GET", &format!("{path}/{text}"), "anna").body(Body::empty()) else { continue };
                let answer = world.send(request).await;
                assert!(answer.status != StatusCode::INTERNAL_SERVER_ERROR, "{path}/{text}");
            }
        });
    }
}
