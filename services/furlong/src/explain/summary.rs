//! An event in a few words.

use kernel::{Currency, Money};
use serde_json::Value;

/// What every line of the story shares, or what is too long for one.
const LEFT_OUT: [&str; 12] = [
    "bet",
    "customer",
    "legs",
    "liabilities",
    "content",
    "id",
    "rules_version",
    "slip_digest",
    "client_ref",
    "each_way",
    "at",
    "type",
];

/// The fields that tell something, on one line.
#[must_use]
pub fn summary(json: &str) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(json) else {
        return String::new();
    };
    let fields = Value::Object(fields);
    movement(&fields).unwrap_or_else(|| plain(&fields))
}

/// A movement of money: how much, from where to where, and what stands there now.
fn movement(fields: &Value) -> Option<String> {
    let currency: Currency = fields["debit"]["currency"].as_str()?.parse().ok()?;
    let amount = |minor: &Value| Some(Money::from_minor(minor.as_i64()?, currency));
    let moved = amount(&fields["minor"])?;
    let mut text = format!("{moved} {currency} {}", fields["debit"]["kind"].as_str()?);
    for (joint, part) in [(" → ", &fields["credit"]["kind"]), (", ", &fields["code"])] {
        if let Some(part) = part.as_str() {
            text.push_str(joint);
            text.push_str(part);
        }
    }
    for side in ["debit", "credit"] {
        let after = &fields[format!("{side}_after")];
        let of_customer = fields[side]["customer"].is_string();
        if let (true, Some(posted), Some(held)) = (
            of_customer,
            amount(&after["posted_minor"]),
            amount(&after["held_minor"]),
        ) {
            let kind = fields[side]["kind"].as_str().unwrap_or_default();
            text.push_str(&format!("; {kind} now {posted}, {held} of it held"));
        }
    }
    Some(text)
}

fn plain(fields: &Value) -> String {
    let told = fields
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, value)| !value.is_null() && !LEFT_OUT.contains(&name.as_str()));
    let words: Vec<String> = told
        .map(|(name, value)| format!("{name} {}", short(value)))
        .collect();
    words.join(", ")
}

fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => match (&fields.get("amount"), &fields.get("currency")) {
            (Some(Value::String(amount)), Some(Value::String(currency))) => {
                format!("{amount} {currency}")
            }
            _ => match fields.get("type").and_then(Value::as_str) {
                Some(name) => match plain(value) {
                    rest if rest.is_empty() => name.to_owned(),
                    rest => format!("{name} ({rest})"),
                },
                None => format!("({})", plain(value)),
            },
        },
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(short).collect();
            format!("[{}]", items.join("; "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_movement_tells_what_stands_afterwards() {
        let json = r#"{"id":"trf_x","debit":{"customer":"cus_x","kind":"Cash","currency":"EUR"},
            "credit":{"customer":null,"kind":"Book","currency":"EUR"},"minor":1600,"code":"Stake",
            "debit_after":{"posted_minor":1000000,"held_minor":1600,"entry":2}}"#;
        assert_eq!(
            summary(json),
            "16.00 EUR Cash → Book, Stake; Cash now 10000.00, 16.00 of it held"
        );
    }

    #[test]
    fn other_events_tell_their_own_fields() {
        let json = r#"{"bet":"bet_x","outcome":"Won","returned":{"amount":"25.00","currency":"EUR"},"exact":"25"}"#;
        assert_eq!(summary(json), "exact 25, outcome Won, returned 25.00 EUR");
        assert_eq!(
            summary(r#"{"rejection":{"reason":{"type":"MarketClosed"}}}"#),
            "rejection (reason MarketClosed)"
        );
        assert_eq!(summary("no JSON"), "");
    }
}
