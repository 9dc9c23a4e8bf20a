//! Journal records as JSON, by their own schemas.
//!
//! Duty: show an auditor every field of a record under the name that the published schema gives
//! it. Prohibition: nothing is left out or explained; ids are shown in their text form, bytes in
//! hexadecimal.

use kernel::{
    BetId, CaseId, CorrelationId, CustomerId, DepositId, FixtureId, MarketId, RequestId,
    SelectionId, SessionId, Topic, TransferId, WithdrawalId,
};
use schemas::{DecodeError, Input, Wire};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A schema as it is walked.
#[derive(Clone, Debug)]
enum Shape {
    Null,
    Boolean,
    Integer,
    Text,
    Bytes,
    Fixed(String, usize),
    Symbols(Vec<String>),
    Items(Box<Shape>),
    Record(Vec<(String, Shape)>),
    Branches(Vec<Shape>),
    Named(String),
}

/// Reads the records of one topic.
pub(crate) struct Reader {
    root: Shape,
    names: BTreeMap<String, Shape>,
}

impl Reader {
    /// By the schema in which the topic is written; none: the schema text cannot be read.
    pub(crate) fn of(topic: Topic) -> Option<Self> {
        let id = schemas::schema_of(topic);
        let schema = schemas::schemas()
            .into_iter()
            .find(|schema| schema.id == id)?;
        let text: Value = serde_json::from_str(&(schema.text)()).ok()?;
        let mut names = BTreeMap::new();
        let root = shape(&text, &mut names)?;
        Some(Self { root, names })
    }

    /// A framed record as JSON.
    ///
    /// # Errors
    /// Not a record of this topic.
    pub(crate) fn read(&self, topic: Topic, record: &[u8]) -> Result<Value, DecodeError> {
        let mut input = Input::new(schemas::unframe(topic, record)?);
        let value = self.value(&self.root, &mut input)?;
        match input.rest().len() {
            0 => Ok(value),
            left => Err(DecodeError::TrailingBytes(left)),
        }
    }

    fn value(&self, shape: &Shape, input: &mut Input<'_>) -> Result<Value, DecodeError> {
        Ok(match shape {
            Shape::Null => Value::Null,
            Shape::Boolean => json!(bool::decode(input)?),
            Shape::Integer => json!(input.long()?),
            Shape::Text => json!(String::decode(input)?),
            Shape::Bytes => json!(hexadecimal(&schemas::Blob::decode(input)?.0)),
            Shape::Fixed(name, size) => json!(fixed(name, input.take(*size)?)),
            Shape::Symbols(symbols) => json!(branch(symbols, input)?),
            Shape::Items(item) => Value::Array(self.items(item, input)?),
            Shape::Record(fields) => {
                let mut object = Map::new();
                for (name, shape) in fields {
                    object.insert(name.clone(), self.value(shape, input)?);
                }
                Value::Object(object)
            }
            Shape::Branches(branches) => {
                let chosen = branch(branches, input)?;
                let value = self.value(chosen, input)?;
                // Which branch of a union of records it is, its name alone tells.
                match (chosen, branches.len()) {
                    (Shape::Named(name), 3..) => json!({name.as_str(): value}),
                    _ => value,
                }
            }
            Shape::Named(name) => match self.names.get(name) {
                Some(shape) => self.value(shape, input)?,
                None => return Err(DecodeError::NotAllowed("name")),
            },
        })
    }

    fn items(&self, item: &Shape, input: &mut Input<'_>) -> Result<Vec<Value>, DecodeError> {
        let mut items = Vec::new();
        loop {
            let count = input.long()?;
            if count == 0 {
                return Ok(items);
            }
            if count < 0 {
                input.long()?;
            }
            for _ in 0..count.unsigned_abs() {
                items.push(self.value(item, input)?);
            }
        }
    }
}

fn branch<'a, T>(all: &'a [T], input: &mut Input<'_>) -> Result<&'a T, DecodeError> {
    let index = input.long()?;
    usize::try_from(index)
        .ok()
        .and_then(|index| all.get(index))
        .ok_or(DecodeError::UnknownBranch {
            type_name: "union",
            index,
        })
}

/// A schema's shape. Named types are kept by name and referred to.
fn shape(schema: &Value, names: &mut BTreeMap<String, Shape>) -> Option<Shape> {
    match schema {
        Value::String(name) => Some(match name.as_str() {
            "null" => Shape::Null,
            "boolean" => Shape::Boolean,
            "int" | "long" => Shape::Integer,
            "string" => Shape::Text,
            "bytes" => Shape::Bytes,
            named => Shape::Named(named.to_owned()),
        }),
        Value::Array(branches) => {
            let branches: Option<Vec<Shape>> =
                branches.iter().map(|branch| shape(branch, names)).collect();
            branches.map(Shape::Branches)
        }
        Value::Object(object) => {
            let kind = object.get("type")?;
            let Some(kind) = kind.as_str() else {
                return shape(kind, names);
            };
            let name = object
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            let described = match kind {
                "array" => {
                    return Some(Shape::Items(Box::new(shape(object.get("items")?, names)?)));
                }
                "fixed" => {
                    let size = usize::try_from(object.get("size")?.as_u64()?).ok()?;
                    Shape::Fixed(name.clone(), size)
                }
                "enum" => {
                    let symbols = object.get("symbols")?.as_array()?.iter();
                    Shape::Symbols(
                        symbols
                            .filter_map(Value::as_str)
                            .map(str::to_owned)
                            .collect(),
                    )
                }
                "record" => {
                    let mut fields = Vec::new();
                    for field in object.get("fields")?.as_array()? {
                        let named = field.get("name")?.as_str()?.to_owned();
                        fields.push((named, shape(field.get("type")?, names)?));
                    }
                    Shape::Record(fields)
                }
                plain => return shape(&json!(plain), names),
            };
            names.insert(name.clone(), described);
            Some(Shape::Named(name))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Bytes of a fixed size: an id in its text form, others in hexadecimal.
fn fixed(name: &str, bytes: &[u8]) -> String {
    macro_rules! ids {
        ($($id:ident),*) => {
            match (name, <[u8; 16]>::try_from(bytes)) {
                $((stringify!($id), Ok(bytes)) => $id::from_bytes(bytes).to_string(),)*
                _ => hexadecimal(bytes),
            }
        };
    }
    ids!(
        BetId,
        CaseId,
        CorrelationId,
        CustomerId,
        DepositId,
        FixtureId,
        MarketId,
        RequestId,
        SelectionId,
        SessionId,
        TransferId,
        WithdrawalId
    )
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_journal_and_inbox_can_be_read() {
        for topic in Topic::ALL {
            assert!(Reader::of(*topic).is_some(), "{topic}");
        }
    }

    #[test]
    fn garbage_is_refused_and_never_panics() {
        let reader = Reader::of(Topic::LedgerEvents).unwrap();
        let mut record = Vec::new();
        schemas::frame(schemas::schema_of(Topic::LedgerEvents), &mut record);
        for byte in 0..=255_u8 {
            record.push(byte);
            assert!(reader.read(Topic::LedgerEvents, &record).is_err());
        }
    }
}
