//! The schema gate: published files say what the code writes, other readers understand it, what
//! was ever written stays readable, and an incompatible change is refused.

mod samples;

use apache_avro::Schema as Avro;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema_compatibility::SchemaCompatibility;
use kernel::Topic;
use schemas::{CommandRecord, DecodeError, Events, Header, Input, Schema, Wire};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(file(path)).unwrap_or_else(|error| {
        panic!("{path}: {error}; `cargo run -p schemas --example publish` writes new versions")
    })
}

/// Decodes a datum of the topic with our codec and encodes it again.
fn through_our_codec(topic: Topic, datum: &[u8]) -> Result<Vec<u8>, DecodeError> {
    fn inbox<C: Wire>(datum: &[u8]) -> Result<Vec<u8>, DecodeError> {
        Ok(CommandRecord::<C>::from_bytes(datum)?.to_bytes())
    }
    match topic {
        Topic::AuthCommands => inbox::<schemas::auth::Command>(datum),
        Topic::OddsCommands => inbox::<schemas::odds::Command>(datum),
        Topic::BetsCommands => inbox::<schemas::bets::Command>(datum),
        Topic::LedgerCommands => inbox::<schemas::ledger::Command>(datum),
        Topic::PaymentsCommands => inbox::<schemas::payments::Command>(datum),
        Topic::FraudCommands => inbox::<schemas::fraud::Command>(datum),
        Topic::AuthEvents
        | Topic::OddsEvents
        | Topic::BetsEvents
        | Topic::LedgerEvents
        | Topic::PaymentsEvents
        | Topic::FraudEvents => {
            let mut input = Input::new(datum);
            let mut out = Header::decode(&mut input)?.to_bytes();
            match Events::decode(topic, input)? {
                Events::AuthEvents(body) => body.encode(&mut out),
                Events::OddsEvents(body) => body.encode(&mut out),
                Events::BetsEvents(body) => body.encode(&mut out),
                Events::LedgerEvents(body) => body.encode(&mut out),
                Events::PaymentsEvents(body) => body.encode(&mut out),
                Events::FraudEvents(body) => body.encode(&mut out),
            }
            Ok(out)
        }
    }
}

fn parse(schema: &Schema) -> Avro {
    Avro::parse_str(&read(schema.file)).unwrap_or_else(|error| panic!("{}: {error}", schema.file))
}

#[test]
fn published_files_say_what_the_code_writes() {
    for schema in schemas::schemas() {
        let published: Value = serde_json::from_str(&read(schema.file)).expect("JSON");
        let written: Value = serde_json::from_str(&(schema.text)()).expect("JSON");
        assert_eq!(
            published, written,
            "{} differs from the code: add a version",
            schema.file
        );
    }
}

#[test]
fn every_topic_has_a_schema_and_ids_are_unique() {
    let all = schemas::schemas();
    let mut ids: Vec<u32> = all.iter().map(|schema| schema.id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all.len());
    for topic in Topic::ALL {
        assert!(
            all.iter().any(|schema| schema.topic == *topic),
            "{topic} has no schema"
        );
    }
}

#[test]
fn golden_bytes_decode_to_the_same_bytes_for_ever() {
    let mut records = 0;
    for schema in schemas::schemas() {
        let golden = read(&format!("golden/{}.v{}.hex", schema.topic, schema.version));
        for line in golden.lines() {
            let datum: Vec<u8> = (0..line.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&line[at..at + 2], 16).expect("hex"))
                .collect();
            let again = through_our_codec(schema.topic, &datum)
                .unwrap_or_else(|error| panic!("{}: {error}: {line}", schema.file));
            assert_eq!(again, datum, "{}", schema.file);
            records += 1;
        }
    }
    assert!(records > 200, "only {records} golden records");
}

#[test]
fn another_reader_understands_every_branch() {
    for schema in schemas::schemas() {
        let json: Value = serde_json::from_str(&(schema.text)()).expect("JSON");
        let avro = parse(&schema);
        let reader = GenericDatumReader::builder(&avro)
            .build()
            .expect("a reader of the schema");
        for sample in samples::of(&json) {
            let mut rest = sample.as_slice();
            let value = reader.read_value(&mut rest);
            assert!(
                value.is_ok() && rest.is_empty(),
                "{}: {value:?}",
                schema.file
            );
        }
    }
}

/// Whether everything that was written with one schema can be read with another. The library is
/// asked first; but it lets a reader forget symbols and branches, which would only fail on the
/// record that has one, so the stricter rule of `extends` must hold as well.
fn can_read(writer: &str, reader: &str) -> Result<(), String> {
    let avro = |text: &str| Avro::parse_str(text).map_err(|error| error.to_string());
    SchemaCompatibility::can_read(&avro(writer)?, &avro(reader)?)
        .map_err(|error| error.to_string())?;
    let json = |text: &str| serde_json::from_str::<Value>(text).map_err(|error| error.to_string());
    let (older, newer) = (json(writer)?, json(reader)?);
    let named = [samples::named(&older), samples::named(&newer)];
    extends(&named, &older, &newer)
}

/// The named types of an older and a newer schema.
type Named = [BTreeMap<String, Value>; 2];

/// A newer schema adds symbols, branches and fields with defaults, at the end, and nothing else. A
/// type is written in full where it first appears, which may be elsewhere in the newer schema.
fn extends(named: &Named, older: &Value, newer: &Value) -> Result<(), String> {
    let [of_older, of_newer] = named;
    let older = in_full(of_older, older, newer);
    let newer = in_full(of_newer, newer, older);
    let differs = || Err(format!("{older} became {newer}"));
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    match (older, newer) {
        (Value::Array(before), Value::Array(after)) if before.len() <= after.len() => before
            .iter()
            .zip(after)
            .try_for_each(|(before, after)| extends(named, before, after)),
        (Value::Object(_), Value::Object(_))
            if older["type"] == newer["type"] && older["name"] == newer["name"] =>
        {
            let (symbols, fields) = (list(&older["symbols"]), list(&older["fields"]));
            let (new_symbols, new_fields) = (list(&newer["symbols"]), list(&newer["fields"]));
            if !new_symbols.starts_with(&symbols)
                || older["size"] != newer["size"]
                || new_fields.len() < fields.len()
            {
                return differs();
            }
            if let Some(bare) = new_fields
                .iter()
                .skip(fields.len())
                .find(|field| field.get("default").is_none())
            {
                return Err(format!("the new field {bare} has no default"));
            }
            for (field, new_field) in fields.iter().zip(&new_fields) {
                if field["name"] != new_field["name"] {
                    return differs();
                }
                extends(named, &field["type"], &new_field["type"])?;
            }
            extends(named, &older["items"], &newer["items"])
        }
        _leaf if older == newer => Ok(()),
        _changed => differs(),
    }
}

/// A type's definition in place of its name, where the other schema has the definition.
fn in_full<'a>(named: &'a BTreeMap<String, Value>, value: &'a Value, other: &Value) -> &'a Value {
    match value {
        Value::String(name) if other.is_object() => named.get(name).unwrap_or(value),
        _in_full_already => value,
    }
}

#[test]
fn newer_versions_read_all_older_ones() {
    let all = schemas::schemas();
    for newer in &all {
        for older in all
            .iter()
            .filter(|older| older.topic == newer.topic && older.version <= newer.version)
        {
            can_read(&read(older.file), &read(newer.file)).unwrap_or_else(|error| {
                panic!("{} cannot read {}: {error}", newer.file, older.file)
            });
        }
    }
}

/// Each of these would make history unreadable; the check must see it.
#[test]
fn incompatible_changes_are_refused() {
    let writer = r#"{"type":"record","name":"R","fields":[
        {"name":"id","type":{"type":"fixed","name":"Id","size":16}},
        {"name":"minor","type":"long"},
        {"name":"kind","type":{"type":"enum","name":"K","symbols":["A","B"]}},
        {"name":"what","type":["null","string"]},
        {"name":"list","type":{"type":"array","items":"long"}}]}"#;
    let changes = [
        (r#""size":16"#, r#""size":8"#),
        (
            r#""name":"minor","type":"long""#,
            r#""name":"minor","type":"string""#,
        ),
        (
            r#""name":"minor","type":"long""#,
            r#""name":"minor","type":"int""#,
        ),
        (
            r#""name":"minor","type":"long""#,
            r#""name":"cents","type":"long""#,
        ),
        (r#""symbols":["A","B"]"#, r#""symbols":["A"]"#),
        (r#""symbols":["A","B"]"#, r#""symbols":["A","C"]"#),
        (r#"["null","string"]"#, r#"["null","long"]"#),
        (r#"["null","string"]"#, r#""null""#),
        (r#""items":"long""#, r#""items":"string""#),
        (
            r#"{"name":"minor","type":"long"}"#,
            r#"{"name":"minor","type":"long"},{"name":"new","type":"long"}"#,
        ),
        (r#""name":"R""#, r#""name":"Other""#),
        (r#""name":"Id""#, r#""name":"Key""#),
        (r#""type":"record""#, r#""type":"error""#),
        (
            r#""name":"kind","type":{"type":"enum","name":"K","symbols":["A","B"]}"#,
            r#""name":"kind","type":"string""#,
        ),
        (
            r#""name":"list","type":{"type":"array","items":"long"}"#,
            r#""name":"list","type":{"type":"map","values":"long"}"#,
        ),
    ];
    assert_eq!(can_read(writer, writer), Ok(()));
    for (from, to) in changes {
        let changed = writer.replacen(from, to, 1);
        assert_ne!(changed, writer, "{from} is not in the schema");
        assert!(
            can_read(writer, &changed).is_err(),
            "{from} -> {to} was let through"
        );
    }
}
