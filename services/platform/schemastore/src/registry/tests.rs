//! The registry's client against a server in the same process.

mod fake;

use super::*;
use fake::{BREAKS, Fake, http};
use std::net::TcpListener;

fn store(fake: &Fake) -> Registry {
    Registry::open(&fake.url(), "").unwrap()
}

fn registered(entries: &[Entry]) -> Vec<(SchemaId, u32)> {
    let id = |entry: &Entry| match entry.held {
        Held::Registered { id, .. } => (entry.schema, id),
        Held::Missing | Held::Refused(_) | Held::Different => panic!("{entry:?}"),
    };
    entries.iter().map(id).collect()
}

/// A schema of somebody else.
const FOREIGN: &str = r#"{"type":"record","name":"Foreign","fields":[]}"#;

#[test]
fn what_is_missing_is_published_once() {
    let fake = Fake::start();
    let store = store(&fake);
    let first = store.register().unwrap();
    assert_eq!(first.len(), schemas::schemas().len());
    assert!(first.iter().all(|entry| entry.is_new && entry.is_guarded()));
    let changes = fake.changes();
    let again = store.register().unwrap();
    assert_eq!(registered(&again), registered(&first));
    assert!(
        again
            .iter()
            .all(|entry| !entry.is_new && entry.is_guarded())
    );
    assert_eq!(fake.changes(), changes, "nothing changes twice");
    assert_eq!(store.inspect().unwrap(), again);
}

#[test]
fn the_wire_carries_the_ids_that_the_registry_gave() {
    let fake = Fake::start();
    fake.with(|state| {
        state.publish("somebody-value", FOREIGN);
        // From here on its ids are beyond all of ours.
        state.texts.insert(100_000, "\"bytes\"".to_owned());
    });
    let store = store(&fake);
    let entries = store.register().unwrap();
    let ids = store.wire_ids().unwrap();
    for (schema, wire) in registered(&entries) {
        assert_ne!(schema.0, wire);
        assert_eq!(
            (ids.to_wire(schema.0), ids.from_wire(wire)),
            (wire, schema.0)
        );
    }
}

#[test]
fn a_missing_schema_is_named_with_its_place_and_the_way_out() {
    let fake = Fake::start();
    let store = store(&fake);
    store.register().unwrap();
    fake.with(|state| state.subjects.remove("bets.events-value"));
    let held = |entry: &Entry| entry.held == Held::Missing;
    let entries = store.inspect().unwrap();
    let missing: Vec<_> = entries.iter().filter(|entry| held(entry)).collect();
    assert_eq!(missing.len(), versions_of(&store, Topic::BetsEvents));
    assert!(missing.iter().all(|entry| entry.topic == Topic::BetsEvents));
    let message = store.wire_ids().unwrap_err().to_string();
    for part in ["bets.events-value", &fake.url(), "furlong schema register"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn another_schema_in_the_place_of_ours_is_refused_and_nothing_is_published() {
    let fake = Fake::start();
    fake.with(|state| state.publish("fraud.commands-value", FOREIGN));
    let store = store(&fake);
    let expected = StoreError::Different {
        url: fake.url(),
        subject: "fraud.commands-value".to_owned(),
        versions: vec![1],
    };
    assert_eq!(store.register(), Err(expected.clone()));
    assert_eq!(fake.changes(), 0);
    let rest = |state: &mut fake::State| {
        for schema in schemas::schemas() {
            if schema.topic != Topic::FraudCommands {
                state.publish(&format!("{}-value", schema.topic), &(schema.text)());
            }
        }
    };
    fake.with(rest);
    assert_eq!(store.wire_ids(), Err(expected));
    let entries = store.inspect().unwrap();
    let different: Vec<_> = entries
        .iter()
        .filter(|entry| entry.held == Held::Different)
        .collect();
    assert_eq!(different.len(), 1);
    assert_eq!(different[0].unknown_versions, [1]);
}

#[test]
fn a_schema_of_another_kind_is_none_of_ours() {
    let fake = Fake::start();
    let store = store(&fake);
    store.register().unwrap();
    let text = (schemas::schemas()[0].text)();
    let body = json!({"version": 1, "id": 3, "schema": text, "schemaType": "JSON"});
    fake.twist(
        "/subjects/auth.events-value/versions/1",
        200,
        body.to_string(),
    );
    assert_eq!(store.inspect().unwrap()[0].held, Held::Different);
}

#[test]
fn a_registry_may_write_a_text_in_its_own_way() {
    let fake = Fake::start();
    let store = store(&fake);
    let ids = registered(&store.register().unwrap());
    fake.with(|state| {
        for text in state.texts.values_mut() {
            let parsed: Value = serde_json::from_str(text).unwrap();
            *text = serde_json::to_string_pretty(&parsed).unwrap();
        }
    });
    assert_eq!(registered(&store.inspect().unwrap()), ids);
}

/// Readers are upgraded before writers: the older ones start again beside the newer schema.
#[test]
fn a_newer_version_beside_ours_is_told_and_no_obstacle() {
    let fake = Fake::start();
    let store = store(&fake);
    let ids = registered(&store.register().unwrap());
    fake.with(|state| state.publish("bets.events-value", FOREIGN));
    let entries = store.register().unwrap();
    assert_eq!(registered(&entries), ids);
    for entry in entries {
        let is_bets = entry.topic == Topic::BetsEvents;
        let next = u32::try_from(versions_of(&store, Topic::BetsEvents)).unwrap() + 1;
        let unknown: &[u32] = if is_bets { &[next] } else { &[] };
        assert_eq!(entry.unknown_versions, unknown);
    }
    assert!(store.wire_ids().is_ok());
}

/// How many versions of a topic's schema we have.
fn versions_of(store: &Registry, topic: Topic) -> usize {
    store.ours.iter().filter(|ours| ours.topic == topic).count()
}

/// A store whose fraud journal, which has one version, has a second one.
fn with_second_version(fake: &Fake, text: &str) -> Registry {
    let mut store = store(fake);
    store.register().unwrap();
    let id = SchemaId(u32::try_from(store.ours.len()).unwrap() + 1);
    store.ours.push(Ours {
        id,
        topic: Topic::FraudEvents,
        version: 2,
        text: text.to_owned(),
    });
    store
}

#[test]
fn a_second_version_is_published_beside_the_first() {
    let fake = Fake::start();
    let store = with_second_version(&fake, FOREIGN);
    let entries = store.register().unwrap();
    let last = entries.last().unwrap();
    assert!(last.is_new);
    assert!(matches!(last.held, Held::Registered { version: 2, .. }));
    assert!(
        entries
            .iter()
            .all(|entry| entry.unknown_versions.is_empty())
    );
}

#[test]
fn a_second_version_that_breaks_history_is_refused_before_anything_is_published() {
    let fake = Fake::start();
    let text = FOREIGN.replace("Foreign", BREAKS);
    let store = with_second_version(&fake, &text);
    let refused = Held::Refused(r#"["it breaks"]"#.to_owned());
    assert_eq!(store.inspect().unwrap().last().unwrap().held, refused);
    let changes = fake.changes();
    let error = store.register().unwrap_err();
    assert!(matches!(error, StoreError::Incompatible { .. }), "{error}");
    assert_eq!(fake.changes(), changes);
}

#[test]
fn a_refusal_by_the_registry_itself_is_told() {
    let fake = Fake::start();
    let text = FOREIGN.replace("Foreign", BREAKS);
    let error = store(&fake).publish(Topic::BetsEvents, &text).unwrap_err();
    let message = error.to_string();
    for part in ["bets.events-value", &fake.url(), "409", "it breaks"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_registry_that_lets_everything_through_is_told() {
    let fake = Fake::start();
    fake.twist("/config/", 200, r#"{"compatibilityLevel":"NONE"}"#);
    let error = store(&fake).register().unwrap_err();
    assert!(matches!(&error, StoreError::Unguarded { level, .. } if level == "NONE"));
    assert!(
        fake.with(|state| state.subjects.is_empty()),
        "not even the first"
    );
}

#[test]
fn a_registry_may_take_no_word_on_what_is_not_there_yet() {
    let fake = Fake::start();
    fake.with(|state| {
        let seen = std::sync::Mutex::new(std::collections::BTreeSet::new());
        state.twist = Some(Box::new(move |request| {
            let is_first =
                request.method == "PUT" && seen.lock().unwrap().insert(request.path.clone());
            is_first.then(|| http(404, r#"{"error_code":40401}"#).into_bytes())
        }));
    });
    let entries = store(&fake).register().unwrap();
    assert!(entries.iter().all(Entry::is_guarded));
}

#[test]
fn a_stricter_registry_stays_as_strict() {
    let fake = Fake::start();
    fake.with(|state| {
        for topic in Topic::ALL {
            let level = "FULL_TRANSITIVE".to_owned();
            state.config.insert(format!("{topic}-value"), level);
        }
    });
    for entry in store(&fake).register().unwrap() {
        assert_eq!(entry.compatibility.as_deref(), Some("FULL_TRANSITIVE"));
    }
}

#[test]
fn odd_answers_are_told_for_what_they_are() {
    let fake = Fake::start();
    let store = store(&fake);
    store.register().unwrap();
    let many = format!("[{}1]", "1,".repeat(VERSIONS_MAX));
    let large = format!("{{\"schema\":\"{}\"}}", "x".repeat(5_000_000));
    let version = |id: &str| format!(r#"{{"version":1,"id":{id},"schema":"x"}}"#);
    let list = "/subjects/auth.events-value/versions";
    let one = "/subjects/auth.events-value/versions/1";
    for (part, status, body, told) in [
        (
            list,
            500,
            "{\"message\":\"out of disks\"}",
            "500: out of disks",
        ),
        (list, 500, "oh no", "500: oh no"),
        (list, 404, "<html>nothing here</html>", "404"),
        (list, 404, "{\"error_code\":404}", "404"),
        (list, 302, "", "302"),
        (list, 409, "{\"message\":\"no\"}", "no"),
        (list, 200, "<html>", "<html>"),
        (list, 200, "{}", "no list"),
        (list, 200, &many, "no list"),
        (list, 200, "[1.5]", "version is 1.5"),
        (list, 200, "[\"1\"]", "version is \"1\""),
        (one, 200, &version("-1"), "id is -1"),
        (one, 200, &version("5000000000"), "id is 5000000000"),
        (one, 200, &version("null"), "id is null"),
        (one, 200, "{\"id\":1}", "no schema"),
        (one, 200, &large, "limit"),
        (
            "/schemas/ids/",
            200,
            "{\"schema\":\"\\\"long\\\"\"}",
            "lead back",
        ),
        ("/schemas/ids/", 404, "{\"error_code\":40403}", "lead back"),
    ] {
        fake.twist(part, status, body);
        let error = store.wire_ids().unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, StoreError::Unreadable { .. }), "{message}");
        for part in ["auth.events-value", &fake.url(), told] {
            assert!(message.contains(part), "{body:.40}: {message}");
        }
    }
}

#[test]
fn an_answer_that_is_no_answer_is_told() {
    let fake = Fake::start();
    let store = store(&fake);
    for bytes in [
        &b""[..],
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1",
    ] {
        fake.with(|state| state.twist = Some(Box::new(move |_| Some(bytes.to_vec()))));
        let error = store.wire_ids().unwrap_err();
        let told = matches!(
            error,
            StoreError::Unreadable { .. } | StoreError::Unreachable { .. }
        );
        assert!(told, "{error}");
    }
}

#[test]
fn an_id_that_no_record_can_carry_is_refused() {
    let fake = Fake::start();
    let store = store(&fake);
    store.register().unwrap();
    fake.with(|state| {
        let fraud = |schema: &&schemas::Schema| schema.topic == Topic::FraudEvents;
        let text = (schemas::schemas().iter().find(fraud).unwrap().text)();
        state.texts.insert(1 << 31, text);
        state
            .subjects
            .insert("fraud.events-value".to_owned(), vec![1 << 31]);
    });
    let error = store.wire_ids().unwrap_err();
    assert!(matches!(error, StoreError::Ids { .. }), "{error}");
}

#[test]
fn who_may_not_ask_is_told_so() {
    let fake = Fake::start();
    for status in [401, 403] {
        fake.twist(
            "",
            status,
            "{\"error_code\":40101,\"message\":\"Unauthorized\"}",
        );
        let error = store(&fake).wire_ids().unwrap_err();
        let told = matches!(error, StoreError::NotPermitted { status: told, .. } if told == status);
        assert!(told, "{error}");
    }
}

#[test]
fn credentials_go_with_every_request_and_into_no_message() {
    let fake = Fake::start();
    let url = fake.url().replace("http://", "http://me:secret@");
    let store = Registry::open(&url, "").unwrap();
    store.register().unwrap();
    let other = Registry::open(&url.replace("me:", "you:"), "").unwrap();
    other.with_credentials("me:secret").inspect().unwrap();
    fake.with(|state| {
        // echo -n me:secret | base64
        let expected = Some("Basic bWU6c2VjcmV0".to_owned());
        let all = state.requests.iter();
        assert!(
            all.map(|request| &request.authorization)
                .all(|sent| *sent == expected)
        );
    });
    fake.twist("", 500, "");
    let message = store.wire_ids().unwrap_err().to_string();
    assert!(!message.contains("secret"), "{message}");
    assert_eq!(store.url(), fake.url());
}

#[test]
fn a_prefix_sets_the_subjects_apart() {
    let fake = Fake::start();
    let store = |prefix| Registry::open(&fake.url(), prefix).unwrap();
    let plain = store("").register().unwrap();
    let other = store("eu.").register().unwrap();
    assert_eq!(registered(&plain), registered(&other), "the same texts");
    let subjects = fake.with(|state| state.subjects.len());
    assert_eq!(subjects, 2 * Topic::ALL.len());
}

#[test]
fn a_registry_that_is_away_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let store = Registry::open(&url, "").unwrap();
    // It takes connections and says nothing.
    let silent = store.clone().within(Duration::from_millis(50));
    let error = silent.wire_ids().unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    drop(listener);
    let error = store.wire_ids().unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    let message = error.to_string();
    for part in ["auth.events-value", &url, "start it"] {
        assert!(message.contains(part), "{message}");
    }
}
