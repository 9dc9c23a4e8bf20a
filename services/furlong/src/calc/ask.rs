//! `furlong calc ask`.

use crate::exit::{Ended, Failure, Outcome};
use crate::screen::Screen;
use clap::Args;
use serde_json::{Value, json};

pub const EXAMPLES: &str = r#"Examples:
  furlong calc ask '{"ask":"odds","price":"11/8"}'
  furlong calc ask '{"ask":"lines","type":"system","legs":6,"sizes":"2,3"}'
  furlong calc ask '{"ask":"deduction","struck_at":9,"withdrawals":[{"at":10,"price":"3/1"}]}'
  furlong calc ask '{"ask":"line","side":"home","line":"-0.25","score":"1-0","placed_at":"1-0"}'
  furlong calc ask '{"ask":"settle","type":"single","each_way":true,"unit_stake_minor":1000,
                     "legs":[{"price":"10/1","race":{"runners":9,"place":3}}]}'
  furlong calc ask '{"ask":"cash_out","stake_minor":10000,"margin":"0.05",
                     "legs":[{"struck":"2.5","live":"1.2"}]}'
  furlong calc ask '{"ask":"free_bet","token_minor":1000,"slip":{"type":"single",
                     "unit_stake_minor":1000,"legs":[{"price":"3.5","result":"W"}]}}'
  furlong calc ask '{"ask":"devig","method":"shin","prices":["2.7","2.3","4.4"]}'
  furlong calc ask '{"ask":"goal_market","model":{"home":1.5,"away":1.1},
                     "market":"asian_handicap","line":"-0.75"}'

POST /v1/calc takes the same questions. conformance/README.md tells all of them."#;

/// A question in JSON.
#[derive(Debug, Args)]
pub struct Ask {
    /// The question
    #[arg(value_name = "JSON")]
    question: String,
}

pub fn run(arguments: &Ask, screen: &mut Screen<'_>) -> Ended {
    let question: Value = serde_json::from_str(&arguments.question)
        .map_err(|error| Failure::Usage(format!("JSON: {error}")))?;
    screen.put_json(&answer(&question).map_err(Failure::Usage)?)?;
    Ok(Outcome::Fine)
}

/// The answer of whoever knows the question: prices are the matter of odds, slips that of bets,
/// and `steps` are answered one by one: of a `slip` by bets, of a customer's life by auth.
///
/// # Errors
/// Nobody does, or a value in it cannot be.
pub fn answer(question: &Value) -> Result<Value, String> {
    if let Some(steps) = question.get("steps").and_then(Value::as_array) {
        let answers = if question.get("slip").is_some() {
            bets::calculator::play(question).map_err(|error| error.to_string())?
        } else {
            auth::calculator::play(steps)?
        };
        Ok(json!({"answers": answers}))
    } else if odds::calculator::knows(question) {
        odds::calculator::answer(question).map_err(|error| error.to_string())
    } else {
        bets::calculator::answer(question).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::tests::{refused, typed};

    #[test]
    fn a_question_is_answered_in_json() {
        let answer = typed(r#"calc ask {"ask":"lines","type":"goliath","legs":8}"#);
        assert_eq!(answer, "{\"lines\":247}\n");
    }

    #[test]
    fn prices_and_slips_are_asked_in_one_place() {
        let answer = typed(r#"calc ask {"ask":"ladder","ladder":"classic","price":"2.01"}"#);
        assert_eq!(
            answer,
            "{\"down\":\"2\",\"nearest\":\"2\",\"up\":\"101/50\"}\n"
        );
    }

    #[test]
    fn steps_are_answered_one_by_one() {
        let answer = typed(
            r#"calc ask {"steps":[{"at_s":1,"ask":{"marketing":false}},{"at_s":2,"ask":{"marketing":true}}]}"#,
        );
        assert_eq!(answer.matches("\"marketing\":").count(), 2, "{answer}");
        assert!(answer.starts_with("{\"answers\":["), "{answer}");
    }

    #[test]
    fn what_is_no_question_says_so() {
        assert!(refused("calc ask {").contains("JSON"));
        assert!(refused(r#"calc ask {"ask":"weather"}"#).contains("weather"));
    }
}
