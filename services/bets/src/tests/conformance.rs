//! The conformance vectors of settlement, every one.

use crate::calculator;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

fn files() -> Vec<(String, Value)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance"));
    let mut files: Vec<(String, Value)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.to_owned();
            let family = name.strip_prefix("settlement-")?.strip_suffix(".json")?;
            let text = fs::read_to_string(&path).unwrap();
            Some((family.to_owned(), serde_json::from_str(&text).unwrap()))
        })
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

/// What is asked, a question or the steps of a life, with our answers.
fn answered<'a>(vector: &'a Value, name: &str) -> Vec<(&'a Value, Value)> {
    match vector["steps"].as_array() {
        Some(steps) => {
            let answers = calculator::play(vector);
            let answers = answers.unwrap_or_else(|error| panic!("{name}: {error}"));
            steps.iter().zip(answers).collect()
        }
        None => {
            let answer = calculator::answer(&vector["ask"]);
            vec![(
                vector,
                answer.unwrap_or_else(|error| panic!("{name}: {error}")),
            )]
        }
    }
}

#[test]
fn every_vector_has_its_answer() {
    let mut count = 0;
    for (family, file) in files() {
        assert_eq!(file["family"], json!(family));
        for vector in file["vectors"].as_array().unwrap() {
            let name = format!("{family}: {}", vector["name"]);
            for (asked, answer) in answered(vector, &name) {
                for (field, wanted) in asked["answer"].as_object().unwrap() {
                    assert_eq!(
                        &answer[field], wanted,
                        "{name}: {field} of {}",
                        asked["ask"]
                    );
                }
            }
            count += 1;
        }
    }
    assert!(count > 450, "only {count} vectors");
}

#[test]
fn what_cannot_be_asked_says_why() {
    for (question, why) in [
        (json!({"ask": "nothing"}), "nothing"),
        (json!({"ask": "lines", "type": "trixie"}), "legs"),
        (json!({"ask": "lines", "type": "trixie", "legs": 4}), "legs"),
        (
            json!({"ask": "lines", "type": "trixie", "legs": 3, "more": 1}),
            "more",
        ),
        (json!({"ask": "odds", "price": "1"}), "price"),
        (
            json!({"ask": "odds", "price": "2", "format": "roman"}),
            "format",
        ),
        (
            json!({"ask": "settle", "type": "single", "unit_stake_minor": 0, "legs": []}),
            "unit_stake_minor",
        ),
        (
            json!({"ask": "settle", "type": "single", "unit_stake_minor": 1, "rules": 99,
                "legs": [{"price": "2", "result": "W"}]}),
            "rules",
        ),
        (
            json!({"ask": "settle", "type": "single", "unit_stake_minor": 1,
                "legs": [{"price": "2"}]}),
            "result",
        ),
        (
            json!({"ask": "settle", "type": "system", "sizes": "2", "unit_stake_minor": 1,
                "legs": vec![json!({"price": "2", "result": "W"}); 21]}),
            "legs",
        ),
        (
            json!({"ask": "settle", "type": "accumulator", "unit_stake_minor": 1,
                "legs": vec![json!({"price": "2", "result": "W"}); 101]}),
            "legs",
        ),
    ] {
        let error = calculator::answer(&question).unwrap_err().to_string();
        assert!(error.contains(why), "{question}: {error}");
    }
}

#[test]
fn a_life_that_cannot_be_says_why() {
    let single = json!({"type": "single", "unit_stake_minor": 100, "legs": [{"price": "2"}]});
    let one = |ask: Value| json!([{"at_s": 0, "ask": ask}]);
    for (slip, steps, why) in [
        (json!({"type": "single"}), json!([]), "unit_stake_minor"),
        (
            json!({"type": "single", "unit_stake_minor": 1, "legs": []}),
            json!([]),
            "legs",
        ),
        (single.clone(), one(json!("dance")), "dance"),
        (single.clone(), one(json!({"suspend": {"leg": 2}})), "leg"),
        (
            single.clone(),
            one(json!({"result": {"leg": 1, "is": "?"}})),
            "is",
        ),
        (
            single.clone(),
            one(json!({"trader": {"says": "hm"}})),
            "says",
        ),
        (
            single,
            json!([{"at_s": 2, "ask": "wait"}, {"at_s": 1, "ask": "wait"}]),
            "at_s",
        ),
    ] {
        let life = json!({"slip": slip, "steps": steps});
        let error = calculator::play(&life).unwrap_err().to_string();
        assert!(error.contains(why), "{life}: {error}");
    }
}
