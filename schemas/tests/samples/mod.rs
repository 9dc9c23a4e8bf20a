//! Sample records made from a schema alone.
//!
//! Duty: for every branch of every union at least one encoding, written by a second, naive Avro
//! writer that knows nothing of the Rust types.

use serde_json::Value;
use std::collections::BTreeMap;

/// Encodings that together take every branch of the schema.
pub fn of(schema: &Value) -> Vec<Vec<u8>> {
    samples(schema, &named(schema))
}

/// The definitions of all named types of the schema.
pub fn named(schema: &Value) -> BTreeMap<String, Value> {
    let mut named = BTreeMap::new();
    collect(schema, &mut named);
    named
}

fn collect(schema: &Value, named: &mut BTreeMap<String, Value>) {
    match schema {
        Value::Array(branches) => branches.iter().for_each(|branch| collect(branch, named)),
        Value::Object(object) => {
            if let Some(name) = object.get("name").and_then(Value::as_str) {
                named.insert(name.to_owned(), schema.clone());
            }
            for field in object
                .get("fields")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                collect(&field["type"], named);
            }
            if let Some(items) = object.get("items") {
                collect(items, named);
            }
        }
        _simple => {}
    }
}

fn long(value: i64) -> Vec<u8> {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    let mut out = Vec::new();
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
    out
}

fn samples(schema: &Value, named: &BTreeMap<String, Value>) -> Vec<Vec<u8>> {
    match schema {
        Value::String(name) => primitive(name).unwrap_or_else(|| {
            samples(
                named
                    .get(name)
                    .unwrap_or_else(|| panic!("{name} is not defined")),
                named,
            )
        }),
        Value::Array(branches) => branches
            .iter()
            .enumerate()
            .flat_map(|(index, branch)| {
                samples(branch, named)
                    .into_iter()
                    .map(move |sample| [long(index as i64), sample].concat())
            })
            .collect(),
        Value::Object(object) => match object["type"].as_str().expect("a type has a name") {
            "record" if object["name"] == "Price" => vec![[long(5), long(2)].concat()],
            "record" => record(
                object["fields"].as_array().expect("a record has fields"),
                named,
            ),
            "enum" => {
                let symbols = object["symbols"].as_array().map_or(0, Vec::len);
                (0..symbols).map(|index| long(index as i64)).collect()
            }
            "fixed" => {
                let size = object["size"].as_u64().expect("a fixed has a size");
                vec![(0..size).map(|index| index as u8).collect()]
            }
            "array" => {
                let items = samples(&object["items"], named);
                let one = |item: Vec<u8>| [long(1), item, long(0)].concat();
                [long(0)]
                    .into_iter()
                    .chain(items.into_iter().map(one))
                    .collect()
            }
            simple => primitive(simple).unwrap_or_else(|| panic!("{simple} is not a type of ours")),
        },
        other => panic!("{other} is not a schema"),
    }
}

fn primitive(name: &str) -> Option<Vec<Vec<u8>>> {
    Some(match name {
        "null" => vec![Vec::new()],
        "boolean" => vec![vec![0], vec![1]],
        "int" => vec![long(0), long(200)],
        "long" => vec![long(1), long(4_000_000_000)],
        "string" => vec![[long(4), b"text".to_vec()].concat()],
        "bytes" => vec![[long(2), vec![0xc0, 0xff]].concat()],
        _other => return None,
    })
}

/// As many records as the field with the most samples has; the others repeat theirs.
fn record(fields: &[Value], named: &BTreeMap<String, Value>) -> Vec<Vec<u8>> {
    let by_field: Vec<Vec<Vec<u8>>> = fields
        .iter()
        .map(|field| samples(&field["type"], named))
        .collect();
    let count = by_field.iter().map(Vec::len).max().unwrap_or(1).max(1);
    (0..count)
        .map(|index| {
            by_field
                .iter()
                .flat_map(|field| field[index % field.len()].clone())
                .collect()
        })
        .collect()
}
