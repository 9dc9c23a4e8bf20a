//! Events as JSON, by the published schema.
//!
//! Duty: turn the body of any decision into text that needs no other knowledge: ids with their
//! prefixes, amounts and prices as decimals, instants in RFC 3339, names instead of numbers.
//! Prohibition: no knowledge of single events; what the schema does not say is not shown, and
//! what is secret by its name is not shown either.

use super::until::instant_text;
use kernel::{
    BetId, CaseId, CorrelationId, CustomerId, DepositId, Digest, FixtureId, MarketId, Money,
    Position, Price, RequestId, SelectionId, SessionId, Timestamp, Topic, TransferId, WithdrawalId,
};
use schemas::{DecodeError, Input, Wire};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// An event, or the rejection in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The name of its record.
    pub name: String,
    /// Its fields, as a JSON object.
    pub json: String,
}

/// What a decision says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// The broken rule.
    pub rejection: Option<Told>,
    /// What follows.
    pub events: Vec<Told>,
}

/// The schema of a journal, ready to read its decisions.
#[derive(Clone, Debug)]
pub struct Readable {
    named: BTreeMap<String, Value>,
    rejection: Value,
    event: Value,
}

/// Fields that nobody needs to see to believe the rest.
const SECRET_FIELDS: [&str; 2] = ["password_hash", "secret_hash"];

impl Readable {
    /// For this journal; `None` for an inbox.
    #[must_use]
    pub fn of(journal: Topic) -> Option<Self> {
        let text = schema_text(journal)?;
        let schema: Value = serde_json::from_str(&text).ok()?;
        let field = |name: &str| {
            let fields = schema["fields"].as_array()?;
            fields
                .iter()
                .find(|field| field["name"] == name)
                .map(|field| field["type"].clone())
        };
        let mut named = BTreeMap::new();
        collect(&schema, &mut named);
        Some(Self {
            rejection: field("rejection")?.get(1)?.clone(),
            event: field("events")?.get("items")?.clone(),
            named,
        })
    }

    /// Reads the body of a decision.
    ///
    /// # Errors
    /// It does not follow the schema.
    pub fn body(&self, bytes: &[u8]) -> Result<Body, DecodeError> {
        let mut input = Input::new(bytes);
        let mut body = Body::default();
        if input.long()? != 0 {
            body.rejection = Some(self.rejection(&mut input)?);
        }
        loop {
            let count = input.long()?;
            if count == 0 {
                input.end()?;
                return Ok(body);
            }
            for _ in 0..count {
                let branches = self.resolve(&self.event).clone();
                body.events.push(self.branch(&branches, &mut input)?);
            }
        }
    }

    /// A rejection is a record around the union of its reasons.
    fn rejection(&self, input: &mut Input<'_>) -> Result<Told, DecodeError> {
        let record = self.resolve(&self.rejection);
        let reasons = record["fields"][0]["type"].clone();
        self.branch(self.resolve(&reasons), input)
    }

    fn branch(&self, branches: &Value, input: &mut Input<'_>) -> Result<Told, DecodeError> {
        let index = input.long()?;
        let unknown = DecodeError::UnknownBranch {
            type_name: "union",
            index,
        };
        let branch = usize::try_from(index)
            .ok()
            .and_then(|index| branches.get(index));
        let branch = self.resolve(branch.ok_or(unknown)?);
        let mut json = String::new();
        self.put(branch, input, &mut json)?;
        Ok(Told {
            name: branch["name"].as_str().unwrap_or_default().to_owned(),
            json,
        })
    }

    /// What a name stands for.
    fn resolve<'a>(&'a self, node: &'a Value) -> &'a Value {
        node.as_str()
            .and_then(|name| self.named.get(name))
            .unwrap_or(node)
    }

    fn put(
        &self,
        node: &Value,
        input: &mut Input<'_>,
        out: &mut String,
    ) -> Result<(), DecodeError> {
        let node = self.resolve(node);
        if let Some(branches) = node.as_array() {
            return self.put_union(branches, input, out);
        }
        let kind = node
            .as_str()
            .or_else(|| node["type"].as_str())
            .unwrap_or_default();
        match kind {
            "null" => out.push_str("null"),
            "boolean" => put_plain(&bool::decode(input)?, out),
            "int" | "long" if node["logicalType"] == "timestamp-micros" => {
                put_text(&instant_text(Timestamp::from_micros(input.long()?)), out);
            }
            "int" | "long" => put_plain(&input.long()?, out),
            "string" => put_text(&String::decode(input)?, out),
            "bytes" => put_text(&hex(&schemas::Blob::decode(input)?.0), out),
            "fixed" => put_fixed(node, input, out)?,
            "enum" => {
                let index = input.long()?;
                let symbol = usize::try_from(index)
                    .ok()
                    .and_then(|index| node["symbols"].get(index));
                let unknown = DecodeError::UnknownBranch {
                    type_name: "enum",
                    index,
                };
                put_text(symbol.and_then(Value::as_str).ok_or(unknown)?, out);
            }
            "array" => self.put_array(&node["items"], input, out)?,
            "record" => self.put_record(node, input, out)?,
            _ => return Err(DecodeError::NotAllowed("schema")),
        }
        Ok(())
    }

    fn put_union(
        &self,
        branches: &[Value],
        input: &mut Input<'_>,
        out: &mut String,
    ) -> Result<(), DecodeError> {
        if branches.first().is_some_and(|first| first == "null") && branches.len() == 2 {
            return match (input.long()?, branches.get(1)) {
                (0, _) => {
                    out.push_str("null");
                    Ok(())
                }
                (1, Some(value)) => self.put(value, input, out),
                (index, _) => Err(DecodeError::UnknownBranch {
                    type_name: "optional",
                    index,
                }),
            };
        }
        let told = self.branch(&Value::from(branches.to_vec()), input)?;
        let fields = told.json.trim_start_matches('{');
        let comma = if fields == "}" { "" } else { "," };
        put_formatted(
            format_args!("{{\"type\":\"{}\"{comma}{fields}", told.name),
            out,
        );
        Ok(())
    }

    fn put_array(
        &self,
        items: &Value,
        input: &mut Input<'_>,
        out: &mut String,
    ) -> Result<(), DecodeError> {
        out.push('[');
        let mut first = true;
        loop {
            let count = input.long()?;
            if count == 0 {
                out.push(']');
                return Ok(());
            }
            for _ in 0..count {
                if !first {
                    out.push(',');
                }
                first = false;
                self.put(items, input, out)?;
            }
        }
    }

    fn put_record(
        &self,
        node: &Value,
        input: &mut Input<'_>,
        out: &mut String,
    ) -> Result<(), DecodeError> {
        match node["name"].as_str() {
            Some("Money") => {
                let money = Money::decode(input)?;
                let currency = money.currency();
                put_formatted(
                    format_args!("{{\"amount\":\"{money}\",\"currency\":\"{currency}\"}}"),
                    out,
                );
                return Ok(());
            }
            Some("Price") => {
                put_text(&Price::decode(input)?.to_string(), out);
                return Ok(());
            }
            Some("Position") => {
                put_text(&Position::decode(input)?.to_string(), out);
                return Ok(());
            }
            Some(_) | None => {}
        }
        out.push('{');
        for (index, field) in node["fields"].as_array().into_iter().flatten().enumerate() {
            let name = field["name"].as_str().unwrap_or_default();
            if index > 0 {
                out.push(',');
            }
            put_formatted(format_args!("\"{name}\":"), out);
            let before = out.len();
            self.put(&field["type"], input, out)?;
            if SECRET_FIELDS.contains(&name) {
                out.truncate(before);
                out.push_str("\"withheld\"");
            }
        }
        out.push('}');
        Ok(())
    }
}

/// The published schema of a topic.
#[must_use]
pub fn schema_text(topic: Topic) -> Option<String> {
    let id = schemas::schema_of(topic);
    schemas::schemas()
        .into_iter()
        .find(|schema| schema.id == id)
        .map(|schema| (schema.text)())
}

fn collect(node: &Value, named: &mut BTreeMap<String, Value>) {
    if let Some(name) = node.get("name").and_then(Value::as_str)
        && matches!(node["type"].as_str(), Some("record" | "enum" | "fixed"))
    {
        named.insert(name.to_owned(), node.clone());
    }
    match node {
        Value::Array(children) => children.iter().for_each(|child| collect(child, named)),
        Value::Object(children) => children.values().for_each(|child| collect(child, named)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn put_formatted(text: std::fmt::Arguments<'_>, out: &mut String) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "writing into a string does not fail");
}

fn put_plain(value: &impl std::fmt::Display, out: &mut String) {
    put_formatted(format_args!("{value}"), out);
}

fn put_text(text: &str, out: &mut String) {
    out.push_str(&Value::from(text).to_string());
}

fn put_fixed(node: &Value, input: &mut Input<'_>, out: &mut String) -> Result<(), DecodeError> {
    macro_rules! ids {
        ($($name:ident),*) => {
            match node["name"].as_str() {
                $(Some(stringify!($name)) => Some($name::decode(input)?.to_string()),)*
                Some(_) | None => None,
            }
        };
    }
    let id = ids!(
        BetId,
        CaseId,
        CorrelationId,
        CustomerId,
        DepositId,
        Digest,
        FixtureId,
        MarketId,
        RequestId,
        SelectionId,
        SessionId,
        TransferId,
        WithdrawalId
    );
    match id {
        Some(id) => put_text(&id, out),
        None => {
            let size = node["size"]
                .as_u64()
                .and_then(|size| usize::try_from(size).ok());
            let bytes = input.take(size.ok_or(DecodeError::NotAllowed("fixed"))?)?;
            put_text(&hex(bytes), out);
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::bets;

    #[test]
    fn every_journal_can_be_read() {
        for topic in Topic::ALL {
            assert_eq!(
                Readable::of(*topic).is_some(),
                topic.is_journal(),
                "{topic}"
            );
        }
    }

    #[test]
    fn events_are_told_in_the_order_of_their_fields() {
        let settled = bets::Event::BetAwaitsBudget(bets::BetAwaitsBudget {
            bet: BetId::example(7, 3),
            market: MarketId::example(8, 0),
            until: Timestamp::from_micros(1),
        });
        let body = schemas::Body::<bets::Event, bets::Rejection> {
            rejection: None,
            events: vec![settled],
        };
        let told = Readable::of(Topic::BetsEvents)
            .unwrap()
            .body(&body.to_bytes())
            .unwrap();
        assert_eq!(
            told.events,
            [Told {
                name: "BetAwaitsBudget".to_owned(),
                json: format!(
                    "{{\"bet\":\"{}\",\"market\":\"{}\",\"until\":\"1970-01-01T00:00:00.000001Z\"}}",
                    BetId::example(7, 3),
                    MarketId::example(8, 0)
                )
            }]
        );
    }

    #[test]
    fn rejections_name_the_broken_rule() {
        let maximum = Money::from_minor(1_000, kernel::Currency::Eur);
        let reason = bets::RejectionReason::StakeAboveLimit(bets::StakeAboveLimit { maximum });
        let body = schemas::Body::<bets::Event, bets::Rejection> {
            rejection: Some(bets::Rejection { reason }),
            events: Vec::new(),
        };
        let told = Readable::of(Topic::BetsEvents)
            .unwrap()
            .body(&body.to_bytes())
            .unwrap();
        let rejection = told.rejection.unwrap();
        assert_eq!(rejection.name, "StakeAboveLimit");
        assert_eq!(
            rejection.json,
            "{\"maximum\":{\"amount\":\"10.00\",\"currency\":\"EUR\"}}"
        );
    }

    #[test]
    fn bytes_that_do_not_follow_the_schema_are_refused() {
        let readable = Readable::of(Topic::BetsEvents).unwrap();
        for bytes in [&[][..], &[1], &[0, 2, 254, 1], &[0, 0, 9]] {
            assert!(readable.body(bytes).is_err(), "{bytes:?}");
        }
    }
}
