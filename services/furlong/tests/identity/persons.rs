//! Personal data: nowhere in the open, and gone for ever when its keys are.

use crate::rig::{Ask, House, PASSWORD};
use axum::http::StatusCode;
use bytes::Bytes;
use kernel::TopicPartition;
use schemas::auth::Role;
use serde_json::json;
use std::path::Path;

const LOGIN: &str = "canary-anna@example.com";
const NAME: &str = "Canary Annabella";
const NEW_NAME: &str = "Canary Belinda";

/// All records of all journals, in the log's order.
async fn journals(house: &House) -> Vec<Vec<Bytes>> {
    let ground = house.node.engine.ground();
    let mut all = Vec::new();
    for at in TopicPartition::journals(ground.partitions) {
        let read = ground.log.read(at, 0, usize::MAX).await.expect("readable");
        all.push(read.into_iter().map(|record| record.bytes).collect());
    }
    all
}

/// Which files below a folder hold one of these texts.
fn files_with(folder: &Path, texts: &[&str], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files_with(&path, texts, found);
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        for text in texts {
            let holds = bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes());
            if holds {
                found.push(format!("{text:?} in {}", path.display()));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_data_is_unreadable_for_ever_and_no_record_has_changed() {
    let (house, folder) = House::open().await;
    let anna = house.customer(LOGIN, NAME).await;
    house.customer("bob@example.com", "Bob").await;
    let carl = house.staff("carl", Role::Compliance).await;
    let access = house.sign_in(LOGIN).await.access;
    let profile = || Ask::get("/v1/account/profile").by(&access);
    assert_eq!(house.ask(&profile()).await.text("name"), NAME);
    let body = json!({"name": NEW_NAME, "born": "1990-02-28", "country": "DE"});
    let replaced = house
        .ask(&Ask::put("/v1/account/profile", &body).by(&access))
        .await;
    assert_eq!(replaced.status, StatusCode::OK, "{replaced:?}");
    assert_eq!(house.ask(&profile()).await.text("name"), NEW_NAME);

    let before = journals(&house).await;
    let path = format!("/v1/admin/customers/{}/erase", anna.id);
    let erase = Ask::post(&path, &json!({"reason": "she asked for it"}))
        .by(house.token_of(&carl))
        .key("erase");
    let erased = house.ask(&erase).await;
    assert_eq!(erased.status, StatusCode::OK, "{erased:?}");
    let again = house.ask(&erase).await;
    assert_eq!((again.status, &again.body), (StatusCode::OK, &erased.body));

    // A token of a session that nobody ended: what it opens cannot be read any more.
    let still = Ask::get("/v1/account/profile").by(house.token_of(&anna));
    assert_eq!(house.ask(&still).await.code(), "personal_data_erased");
    assert_eq!(house.ask(&profile()).await.code(), "session_ended");
    let login = json!({"login": LOGIN, "password": PASSWORD});
    let refused = house.ask(&Ask::post("/v1/auth/login", &login)).await;
    assert_eq!(refused.code(), "credentials_wrong");

    for (before, after) in before.iter().zip(journals(&house).await) {
        assert_eq!(before.as_slice(), &after[..before.len()]);
    }
    house.node.stop().await;
    let mut found = Vec::new();
    let texts = [NAME, NEW_NAME, LOGIN, PASSWORD];
    files_with(folder.path(), &texts, &mut found);
    assert!(found.is_empty(), "{found:?}");
}
