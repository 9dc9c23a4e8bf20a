//! What a new house is without: people, passwords that come with it, demonstrations.

use crate::rig::{Ask, House};
use axum::http::StatusCode;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_house_begins_without_anybody() {
    let (house, folder) = House::open().await;
    for login in ["demo", "admin", "root", "operator", "trader", "auditor"] {
        for password in [login, "", "admin", "password", "furlong"] {
            let body = json!({"login": login, "password": password});
            let answer = house.ask(&Ask::post("/v1/auth/login", &body)).await;
            let refused = ["credentials_wrong", "sign_in_blocked"];
            assert!(refused.contains(&answer.code().as_str()), "{answer:?}");
        }
    }
    let demo = house.ask(&Ask::get("/v1/dev/demo")).await;
    assert_eq!(demo.status, StatusCode::NOT_FOUND);
    assert!(!folder.path().join("dev-users.json").exists());
    let fixtures = house.ask(&Ask::get("/v1/fixtures")).await.json();
    assert_eq!(fixtures["items"], json!([]), "nobody has sent a price");
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_looks_like_a_statement_is_text() {
    let (house, _folder) = House::open().await;
    house.customer("bob@example.com", "Bob").await;
    let statement = "Robert'); DELETE FROM rows; DROP TABLE records; --";
    let login = "x'or'1'='1";
    house.customer(login, statement).await;
    let access = house.sign_in(login).await.access;
    let profile = house
        .ask(&Ask::get("/v1/account/profile").by(&access))
        .await;
    assert_eq!(profile.text("name"), statement);
    for path in [
        "/v1/bets?status='or'1'='1",
        "/v1/bets?cursor='or'1'='1",
        "/v1/bets/'or'1'='1",
        "/v1/fixtures?sport='or'1'='1",
    ] {
        let answer = house.ask(&Ask::get(path).by(&access)).await;
        assert!(!answer.status.is_server_error(), "{path}: {answer:?}");
        assert!(!answer.body.contains("bob"), "{path}: {answer:?}");
    }
    house.sign_in("bob@example.com").await;
    house.node.stop().await;
}
