//! The conformance vectors of odds, every one, and questions that cannot be asked.

use super::*;
use std::fs;

#[test]
fn every_vector_has_its_answer() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance");
    let mut count = 0_u32;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(family) = name
            .strip_prefix("odds-")
            .and_then(|name| name.strip_suffix(".json"))
        else {
            continue;
        };
        let file: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(file["family"], family);
        for vector in file["vectors"].as_array().unwrap() {
            let name = format!("{family}: {}", vector["name"]);
            assert!(knows(&vector["ask"]), "{name}");
            let answer = answer(&vector["ask"]).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(
                agrees(&vector["answer"], &answer),
                "{name}: {answer}, wanted {}",
                vector["answer"]
            );
            count = count.saturating_add(1);
        }
    }
    assert!(count > 180, "only {count} vectors");
}

#[test]
fn agreement_is_exact_but_for_reals() {
    for (wanted, got, agree) in [
        (json!({"a": 1}), json!({"a": 1, "b": 2}), true),
        (json!({"a": 1}), json!({"b": 1}), false),
        (json!({"a": 1}), json!({"a": 2}), false),
        (json!([0.5]), json!([0.500_000_000_4]), true),
        (json!([0.5]), json!([0.500_000_002]), false),
        (json!([0.5]), json!([0.5, 0.5]), false),
        (json!(null), json!(0), false),
        (json!("27/10"), json!("2.7"), false),
    ] {
        assert_eq!(agrees(&wanted, &got), agree, "{wanted} {got}");
    }
}

#[test]
fn what_cannot_be_asked_says_why() {
    let model = json!({"home": 1.5, "away": 1.1});
    let rule = |least: u32| json!({"kappa_permille": 1, "limit_minor": 1, "clamp_ppm": 1, "booksum_least_ppm": least});
    for (question, why) in [
        (json!({"ask": "weather"}), "weather"),
        (
            json!({"ask": "devig", "method": "best", "prices": ["2", "2"]}),
            "method",
        ),
        (
            json!({"ask": "devig", "method": "shin", "prices": ["2", "x"]}),
            "price",
        ),
        (
            json!({"ask": "devig", "method": "shin", "prices": ["2"]}),
            "prices",
        ),
        (
            json!({"ask": "devig", "method": "shin", "prices": ["2", "2"], "more": 1}),
            "more",
        ),
        (
            json!({"ask": "margin", "method": "shin", "probabilities": [0.25, 0.25, 0.25, 0.25], "booksum": 4.000_000_1}),
            "out of reach",
        ),
        (json!({"ask": "ladder", "ladder": "rungs"}), "ladder"),
        (json!({"ask": "goals", "model": {"home": 1.5}}), "model"),
        (
            json!({"ask": "goals", "model": {"home": 1.5, "away": 1.1, "rho": -0.67}}),
            "rho",
        ),
        (
            json!({"ask": "goals", "model": {"home": 1.5, "away": 1.1, "rho": 0.61}}),
            "rho",
        ),
        (
            json!({"ask": "goals", "model": {"home": 1.5, "away": 1.1, "shared": 1.2}}),
            "shared",
        ),
        (
            json!({"ask": "goals", "model": {"total": 2.0, "supremacy": 2.5}}),
            "supremacy",
        ),
        (
            json!({"ask": "goals", "model": model, "score": "1:0"}),
            "score",
        ),
        (
            json!({"ask": "goal_market", "model": model, "market": "corners"}),
            "market",
        ),
        (
            json!({"ask": "goal_market", "model": model, "market": "total"}),
            "line",
        ),
        (
            json!({"ask": "goal_market", "model": model, "market": "european_handicap"}),
            "goals",
        ),
        (
            json!({"ask": "goal_market", "model": model, "market": "correct_score", "up_to": 11}),
            "up_to",
        ),
        (
            json!({"ask": "exposures", "stakes_minor": [1], "returns_minor": []}),
            "returns_minor",
        ),
        (
            json!({"ask": "shade", "fair_parts": [1, 2], "exposures_minor": [0, 0], "rule": rule(1_000_000)}),
            "fair_parts",
        ),
        (
            json!({"ask": "reprice", "prices": ["2", "2"], "exposures_minor": [0, 0], "rule": rule(999_999), "ladder": "classic"}),
            "booksum",
        ),
        (
            json!({"ask": "quote", "parts": [1, 2], "booksum_ppm": 999_999, "ladder": "classic"}),
            "booksum_ppm",
        ),
        (json!({"ask": "fit", "results": [], "as_of": 1}), "results"),
    ] {
        let error = answer(&question).unwrap_err().to_string();
        assert!(error.contains(why), "{question}: {error}");
    }
}

#[test]
fn results_become_strengths() {
    let result = |day: i64, home: &str, away: &str, score: &str| json!({"day": day, "home": home, "away": away, "score": score});
    let asked = json!({"ask": "fit", "as_of": 5, "results": [
        result(1, "Ashford", "Brook", "2-0"),
        result(2, "Brook", "Ashford", "1-1"),
        result(3, "Ashford", "Cairn", "3-1"),
        result(4, "Cairn", "Brook", "0-0"),
    ]});
    let fitted = answer(&asked).unwrap();
    assert_eq!(fitted["matches"], 4);
    let attack = |side: &str| fitted["sides"][side]["attack"].as_f64().unwrap();
    assert!(attack("Ashford") > attack("Brook"));
    assert_eq!(answer(&asked), Ok(fitted));
}
