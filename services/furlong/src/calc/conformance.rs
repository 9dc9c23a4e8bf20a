//! `furlong calc conformance`: the vectors of `conformance/`, compiled in.

use crate::exit::{Ended, Failure, Outcome};
use crate::screen::Screen;
use clap::Args;
use serde::Serialize;
use serde_json::Value;

pub const EXAMPLES: &str = "\
Examples:
  furlong calc conformance
  furlong calc conformance rule-4 --print
  furlong calc conformance systems each-way --json

Exit codes: 0 all agree, 1 one does not.";

macro_rules! families {
    ($($area:literal: $($name:literal),*;)*) => {
        &[$($(($name, include_str!(concat!("../../../../conformance/", $area, "-", $name, ".json")))),*),*]
    };
}

const FAMILIES: &[(&str, &str)] = families!(
    "odds": "goal-models", "ladders", "margin", "shading";
    "responsible": "gambling";
    "settlement": "acceptance", "asian-lines", "bonus-money", "bonuses", "caps", "cash-out",
        "dead-heats", "each-way",
        "free-bets", "lines", "lives", "odds-formats", "outcomes", "rule-4", "systems";
);

/// Which vectors.
#[derive(Debug, Args)]
pub struct Conformance {
    /// Only these families
    #[arg(value_name = "FAMILY")]
    families: Vec<String>,
    /// Print the vectors instead of running them, one a line
    #[arg(long)]
    print: bool,
}

#[derive(Serialize)]
struct Ran {
    family: &'static str,
    vectors: usize,
    failures: Vec<String>,
}

pub fn run(arguments: &Conformance, screen: &mut Screen<'_>) -> Ended {
    let known = |wanted: &String| FAMILIES.iter().any(|(name, _)| name == wanted);
    if let Some(stranger) = arguments.families.iter().find(|wanted| !known(wanted)) {
        let names: Vec<&str> = FAMILIES.iter().map(|(name, _)| *name).collect();
        return Err(Failure::Usage(format!(
            "there is no family {stranger:?}; known are {}",
            names.join(", ")
        )));
    }
    let wanted = |name: &str| {
        arguments.families.is_empty() || arguments.families.iter().any(|family| family == name)
    };
    let mut all = Vec::new();
    for (family, text) in FAMILIES.iter().filter(|(name, _)| wanted(name)) {
        let vectors = vectors(text)?;
        if arguments.print {
            for vector in &vectors {
                screen.put_json(vector)?;
            }
            continue;
        }
        let failures: Vec<String> = vectors.iter().filter_map(disagreement).collect();
        all.push(Ran {
            family,
            vectors: vectors.len(),
            failures,
        });
    }
    tell(&all, screen)?;
    let agree = all.iter().all(|ran| ran.failures.is_empty());
    Ok(if agree {
        Outcome::Fine
    } else {
        Outcome::Failed
    })
}

fn vectors(text: &str) -> Result<Vec<Value>, Failure> {
    let file: Value = serde_json::from_str(text)
        .map_err(|error| Failure::Unreadable(format!("a family of vectors: {error}")))?;
    Ok(file
        .get("vectors")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default())
}

/// What is wrong with our answer, if anything.
fn disagreement(vector: &Value) -> Option<String> {
    let name = vector.get("name").and_then(Value::as_str).unwrap_or("?");
    let difference = match vector.get("steps").and_then(Value::as_array) {
        Some(steps) => life_differs(vector, steps),
        None => match vector.get("ask").map(super::ask::answer) {
            Some(Ok(answer)) => differs(vector, &answer),
            Some(Err(error)) => Some(error),
            None => Some("asks nothing".to_owned()),
        },
    };
    difference.map(|difference| format!("{name}: {difference}"))
}

/// What is wrong with our answers to the steps of a life.
fn life_differs(vector: &Value, steps: &[Value]) -> Option<String> {
    let answers = match super::ask::answer(vector) {
        Ok(answer) => answer.get("answers").cloned().unwrap_or_default(),
        Err(error) => return Some(error),
    };
    steps.iter().enumerate().find_map(|(index, asked)| {
        let answer = answers.get(index).unwrap_or(&Value::Null);
        differs(asked, answer).map(|difference| format!("step {index}: {difference}"))
    })
}

/// The first field that the answer wanted does not find.
fn differs(asked: &Value, answer: &Value) -> Option<String> {
    let wanted = asked.get("answer").and_then(Value::as_object)?;
    wanted
        .iter()
        .find(|(field, value)| {
            let got = answer.get(field.as_str());
            got.is_none_or(|got| !odds::calculator::agrees(value, got))
        })
        .map(|(field, value)| {
            let got = answer.get(field.as_str()).unwrap_or(&Value::Null);
            format!("{field} is {got}, not {value}")
        })
}

fn tell(all: &[Ran], screen: &mut Screen<'_>) -> Result<(), Failure> {
    if screen.json && !all.is_empty() {
        return Ok(screen.put_json(&all)?);
    }
    for ran in all {
        let verdict = if ran.failures.is_empty() {
            "agree".to_owned()
        } else {
            format!("{} DISAGREE", ran.failures.len())
        };
        screen.put(format_args!(
            "{:<14} {:>4} vectors  {verdict}",
            ran.family, ran.vectors
        ))?;
        for failure in &ran.failures {
            screen.put(format_args!("  {failure}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::{refused, typed};

    #[test]
    fn every_vector_agrees() {
        let told = typed("calc conformance");
        assert_eq!(told.lines().count(), FAMILIES.len(), "{told}");
        assert!(told.lines().all(|line| line.ends_with("agree")), "{told}");
    }

    #[test]
    fn a_wrong_answer_is_told() {
        let vector = serde_json::json!({"name": "two", "ask": {"ask": "lines", "type": "double",
            "legs": 2}, "answer": {"lines": 2}});
        let told = disagreement(&vector).expect("one line is not two");
        assert_eq!(told, "two: lines is 1, not 2");
    }

    #[test]
    fn a_wrong_step_of_a_life_is_told() {
        let vector = serde_json::json!({"name": "one", "steps": [
            {"at_s": 5, "ask": {"marketing": true}, "answer": {"marketing": false}}]});
        let told = disagreement(&vector).expect("it is allowed");
        assert_eq!(told, "one: step 0: marketing is true, not false");
    }

    #[test]
    fn vectors_are_printed_one_a_line() {
        let printed = typed("calc conformance caps --print");
        assert_eq!(printed.lines().count(), 5);
        assert!(printed.contains("\"ask\":"));
    }

    #[test]
    fn no_file_of_the_folder_is_left_out() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance");
        let mut files: Vec<(String, String)> = std::fs::read_dir(folder)
            .expect("the folder is there")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| {
                let family = name.strip_suffix(".json")?.split_once('-')?;
                Some((family.0.to_owned(), family.1.to_owned()))
            })
            .collect();
        files.sort();
        let files: Vec<&str> = files.iter().map(|(_, family)| family.as_str()).collect();
        let known: Vec<&str> = FAMILIES.iter().map(|(name, _)| *name).collect();
        assert_eq!(files, known);
    }

    #[test]
    fn unknown_families_are_refused() {
        assert!(refused("calc conformance weather").contains("rule-4"));
    }
}
