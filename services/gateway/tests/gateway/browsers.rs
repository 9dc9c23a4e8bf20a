//! What a browser is told with every answer, and what another site's page cannot do.

use crate::world::*;
use axum::body::Body;
use axum::http::StatusCode;
use std::collections::BTreeSet;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, http};

/// The directives of an answer's policy.
fn policy(answer: &Answer) -> BTreeSet<String> {
    let text = answer.header("content-security-policy").unwrap();
    text.split(';').map(|part| part.trim().to_owned()).collect()
}

/// Pages, files, data, errors, figures: all that a gateway answers with.
const ANSWERS: [(&str, &str); 10] = [
    ("", "/"),
    ("", "/docs"),
    ("", "/assets/app.js"),
    ("", "/openapi.json"),
    ("", "/metrics"),
    ("", "/livez"),
    ("", "/v1/fixtures"),
    ("anna", "/v1/bets"),
    ("", "/v1/bets"),
    ("", "/nowhere"),
];

#[tokio::test(start_paused = true)]
async fn every_answer_is_shown_as_what_it_is_and_within_no_other_page() {
    let world = World::new();
    for (token, path) in ANSWERS {
        let answer = world.get(token, path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name} of {path}");
        }
        let policy = policy(&answer);
        for always in [
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(always), "{path}: {policy:?}");
        }
        let scripts = policy.iter().filter(|part| part.contains("script-src"));
        assert_eq!(scripts.count(), 0, "scripts come by default-src: {path}");
        for never in ["access-control-allow-origin", "set-cookie", "server"] {
            assert_eq!(answer.header(never), None, "{never} of {path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn data_that_is_opened_as_a_page_does_nothing_and_pages_run_only_their_own() {
    let world = World::new();
    for (token, path) in ANSWERS {
        let policy = policy(&world.get(token, path).await);
        let is_page = path == "/" || path == "/docs" || path.starts_with("/assets/");
        let default = if is_page { "'self'" } else { "'none'" };
        assert!(policy.contains(&format!("default-src {default}")), "{path}");
        assert_eq!(policy.contains("sandbox"), !is_page, "{path}");
        let inline = policy.iter().any(|part| part.contains("'unsafe-inline'"));
        assert_eq!(inline, path == "/docs", "{path}: {policy:?}");
        assert!(!policy.contains("unsafe-eval"), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_private_is_kept_by_nobody_in_between() {
    let world = World::new();
    for (token, path) in [
        ("anna", "/v1/bets"),
        ("anna", "/v1/account"),
        ("", "/v1/bets"),
    ] {
        let answer = world.get(token, path).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
}

/// A page of another site can have a browser send cookies and addresses, but no header field.
#[tokio::test(start_paused = true)]
async fn nothing_that_a_browser_sends_by_itself_signs_anybody_in() {
    let world = World::new();
    for cookie in ["anna", "access_token=anna", "authorization=Bearer anna"] {
        let asked = request("GET", "/v1/bets", "").header("cookie", cookie);
        let answer = world.send(asked.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.code(), "authentication_required", "{cookie}");
    }
    for query in ["access_token=anna", "token=anna", "authorization=anna"] {
        let answer = world.get("", &format!("/v1/account?{query}")).await;
        assert_eq!(answer.code(), "authentication_required", "{query}");
    }
    // What a form can send without a browser asking first whether it may.
    for kind in [
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain",
    ] {
        let asked = request("POST", "/v1/auth/login", "").header("content-type", kind);
        let answer = world.send(asked.body(Body::from("{}")).unwrap()).await;
        assert_eq!(answer.code(), "media_type_unsupported", "{kind}");
    }
    let asking_first = request("OPTIONS", "/v1/bets", "")
        .header("origin", "https://elsewhere.example")
        .header("access-control-request-method", "POST");
    let answer = world.send(asking_first.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.code(), "method_not_allowed");
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

/// One part of the way must not read the first of two values, and the next one the second.
#[tokio::test(start_paused = true)]
async fn what_is_said_twice_is_refused() {
    let world = World::new();
    let twice = world.get("", "/v1/fixtures?limit=1&limit=2").await;
    assert_eq!(twice.code(), "validation_failed");
    let body = r#"{"login": "anna", "password": "x", "login": "bob"}"#;
    let asked = request("POST", "/v1/auth/login", "").header("content-type", "application/json");
    let twice = world.send(asked.body(Body::from(body)).unwrap()).await;
    assert_eq!(twice.code(), "validation_failed");
}

#[tokio::test]
async fn a_socket_is_opened_by_pages_of_this_place_only() {
    let world = World::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = world.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let open = async |origin: Option<String>| {
        let mut request = format!("ws://{address}/v1/stream")
            .into_client_request()
            .unwrap();
        if let Some(origin) = origin {
            let origin = http::HeaderValue::from_str(&origin).unwrap();
            request.headers_mut().insert("origin", origin);
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok(_) => StatusCode::SWITCHING_PROTOCOLS,
            Err(Error::Http(answer)) => answer.status(),
            Err(error) => panic!("{error}"),
        }
    };
    for origin in [
        None,
        Some(format!("http://{address}")),
        Some(format!("https://{address}")),
    ] {
        let opened = open(origin.clone()).await;
        assert_eq!(opened, StatusCode::SWITCHING_PROTOCOLS, "{origin:?}");
    }
    for origin in [
        "https://elsewhere.example".to_owned(),
        format!("https://elsewhere.example/{address}"),
        format!("https://{address}.elsewhere.example"),
        "http://127.0.0.1:1".to_owned(),
        "null".to_owned(),
        address.to_string(),
    ] {
        let refused = open(Some(origin.clone())).await;
        assert_eq!(refused, StatusCode::FORBIDDEN, "{origin}");
    }
}

/// The first page: what it writes is text, what it knows it forgets with the tab, and a password
/// is typed, pasted or filled in as anybody likes.
#[tokio::test(start_paused = true)]
async fn the_first_page_makes_no_markup_and_keeps_nothing() {
    let world = World::new();
    let text = async |path| String::from_utf8(world.get("", path).await.body.to_vec()).unwrap();
    let (page, script) = (text("/").await, text("/assets/app.js").await);
    for never in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "localStorage",
        "sessionStorage",
        "indexedDB",
        "document.cookie",
        "postMessage",
        "paste",
        "location.href =",
        "window.open",
    ] {
        assert!(!script.contains(never), "{never}");
    }
    assert!(
        !page.contains("style=") && !page.contains("<style"),
        "no inline style"
    );
    assert_eq!(
        page.matches("<script").count(),
        page.matches("<script type=\"module\" src=\"/").count()
    );
    let field = r#"type="password" autocomplete="current-password""#;
    assert!(
        page.contains(field),
        "a password is masked and may be filled in"
    );
    assert!(page.contains(r#"id="sign-out""#));
}
