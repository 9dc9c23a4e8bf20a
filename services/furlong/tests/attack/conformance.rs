//! Every vector of `conformance/`, put to a running house.

use crate::http::Ask;
use crate::rig::{Dev, Place};
use serde_json::Value;
use std::fs;

/// What computed numbers may differ by.
const TOLERANCE: f64 = 1e-9;

fn agrees(wanted: &Value, got: &Value) -> bool {
    match (wanted, got) {
        (Value::Number(wanted), Value::Number(got)) => {
            let difference = wanted.as_f64().zip(got.as_f64()).map(|(a, b)| a - b);
            wanted == got || difference.is_some_and(|by| by.abs() <= TOLERANCE)
        }
        (Value::Array(wanted), Value::Array(got)) => {
            let mut pairs = wanted.iter().zip(got);
            wanted.len() == got.len() && pairs.all(|(wanted, got)| agrees(wanted, got))
        }
        (Value::Object(wanted), Value::Object(got)) => wanted
            .iter()
            .all(|(field, wanted)| agrees(wanted, &got[field])),
        _ => wanted == got,
    }
}

/// What the house says that the vector does not.
fn disagreement(dev: &Dev, vector: &Value) -> Option<String> {
    let question = vector.get("ask").unwrap_or(vector).to_string();
    let answer = dev.ask(Ask::post("/v1/calc", question.as_bytes()));
    if answer.status != 200 {
        return Some(answer.shown());
    }
    let answer = answer.json();
    let differs = |wanted: &Value, got: &Value| !agrees(wanted, got);
    match vector["steps"].as_array() {
        None => differs(&vector["answer"], &answer).then(|| answer.to_string()),
        Some(steps) => steps.iter().enumerate().find_map(|(index, step)| {
            let got = &answer["answers"][index];
            differs(&step["answer"], got).then(|| format!("step {index}: {got}"))
        }),
    }
}

#[test]
fn every_vector_holds_over_http() {
    let place = Place::new();
    let mut dev = place.start();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance");
    let mut asked = 0;
    let mut wrong = vec![];
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a readable family");
        let family: Value = serde_json::from_str(&text).expect("JSON");
        for vector in family["vectors"].as_array().expect("vectors") {
            asked += 1;
            let found = disagreement(&dev, vector);
            wrong.extend(found.map(|found| format!("{}: {found}", vector["name"])));
        }
    }
    assert_eq!(wrong, [] as [String; 0]);
    assert!(asked > 700, "only {asked} vectors were found");
    assert!(dev.process.stop().success());
}
