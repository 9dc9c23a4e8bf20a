//! Whether two texts are the same schema.
//!
//! Duty: look through what registries do to a text (order of attributes, spaces, names with or
//! without their namespace, `{"type":"long"}` for `"long"`, documentation) and at nothing else.
//! Stricter than Avro's parsing canonical form, which forgets defaults, aliases and logical types:
//! two schemas that differ in those read the same bytes today and part at the next version.
//!
//! Prohibition: no repair. What is not a schema is the same as nothing.

use serde_json::{Map, Value};

const PRIMITIVES: [&str; 8] = [
    "null", "boolean", "int", "long", "float", "double", "bytes", "string",
];

/// Whether both are schemas and mean the same.
pub(crate) fn same(left: &str, right: &str) -> bool {
    match (of(left), of(right)) {
        (Some(left), Some(right)) => left == right,
        (None | Some(_), None) | (None, Some(_)) => false,
    }
}

/// What a text means, in one form for all texts that mean it.
fn of(text: &str) -> Option<Value> {
    schema(&serde_json::from_str(text).ok()?, "")
}

fn schema(value: &Value, namespace: &str) -> Option<Value> {
    match value {
        Value::String(name) => Some(Value::String(full_name(name, namespace))),
        Value::Array(branches) => schemas(branches, namespace),
        Value::Object(attributes) => object(attributes, namespace),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn schemas(values: &[Value], namespace: &str) -> Option<Value> {
    let each = values.iter().map(|value| schema(value, namespace));
    each.collect::<Option<_>>().map(Value::Array)
}

fn object(attributes: &Map<String, Value>, namespace: &str) -> Option<Value> {
    let kind = attributes.get("type")?;
    let mut out = attributes.clone();
    out.remove("doc");
    let Some(kind) = kind.as_str() else {
        // A schema in a wrapper.
        return (out.len() == 1).then(|| schema(kind, namespace))?;
    };
    match kind {
        "record" | "error" | "enum" | "fixed" => {
            out.remove("namespace");
            let own = attributes.get("namespace").and_then(Value::as_str);
            let name = attributes.get("name")?.as_str()?;
            let name = full_name(name, own.unwrap_or(namespace));
            if let Some(fields) = attributes.get("fields") {
                let within = name.rsplit_once('.').map_or("", |(namespace, _)| namespace);
                let fields = fields.as_array()?.iter();
                let fields: Option<Vec<Value>> = fields.map(|value| field(value, within)).collect();
                out.insert("fields".to_owned(), Value::Array(fields?));
            }
            out.insert("name".to_owned(), Value::String(name));
        }
        "array" => {
            out.insert(
                "items".to_owned(),
                schema(attributes.get("items")?, namespace)?,
            );
        }
        "map" => {
            out.insert(
                "values".to_owned(),
                schema(attributes.get("values")?, namespace)?,
            );
        }
        bare if out.len() == 1 => return Some(Value::String(full_name(bare, namespace))),
        _decorated => {}
    }
    Some(Value::Object(out))
}

fn field(value: &Value, namespace: &str) -> Option<Value> {
    let mut out = value.as_object()?.clone();
    out.remove("doc");
    if out.get("order").is_some_and(|order| order == "ascending") {
        out.remove("order");
    }
    let kind = schema(out.get("type")?, namespace)?;
    out.insert("type".to_owned(), kind);
    Some(Value::Object(out))
}

fn full_name(name: &str, namespace: &str) -> String {
    if namespace.is_empty() || name.contains('.') || PRIMITIVES.contains(&name) {
        name.to_owned()
    } else {
        format!("{namespace}.{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"type":"record","name":"R","namespace":"n","fields":[
        {"name":"id","type":{"type":"fixed","name":"Id","size":16}},
        {"name":"again","type":["null","Id"],"default":null},
        {"name":"kind","type":{"type":"enum","name":"K","symbols":["A","B"]}},
        {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
        {"name":"list","type":{"type":"array","items":"long"}}]}"#;

    fn changed(from: &str, to: &str) -> String {
        let changed = SCHEMA.replacen(from, to, 1);
        assert_ne!(changed, SCHEMA, "{from} is not in the schema");
        changed
    }

    #[test]
    fn what_registries_do_to_a_text_does_not_count() {
        let sorted: Value = serde_json::from_str(SCHEMA).unwrap();
        assert!(same(SCHEMA, &sorted.to_string()));
        for (from, to) in [
            (r#""name":"R","namespace":"n""#, r#""name":"n.R""#),
            (r#""Id"]"#, r#""n.Id"]"#),
            (r#""name":"Id""#, r#""name":"Id","namespace":"n""#),
            (r#""items":"long""#, r#""items":{"type":"long"}"#),
            (r#""items":"long""#, r#""items":{"type":{"type":"long"}}"#),
            (r#""name":"K","#, r#""doc":"told","name":"K","#),
            (
                r#""name":"at","#,
                r#""doc":"told","order":"ascending","name":"at","#,
            ),
        ] {
            assert!(same(SCHEMA, &changed(from, to)), "{from} -> {to}");
        }
    }

    #[test]
    fn everything_else_counts() {
        for (from, to) in [
            (r#""size":16"#, r#""size":8"#),
            (r#""namespace":"n""#, r#""namespace":"m""#),
            (r#","namespace":"n""#, ""),
            (r#""A","B""#, r#""B","A""#),
            (r#""A","B""#, r#""A","B","C""#),
            (r#","default":null"#, ""),
            (r#""name":"at""#, r#""name":"on""#),
            (r#""name":"at","#, r#""aliases":["on"],"name":"at","#),
            (r#","logicalType":"timestamp-micros""#, ""),
            (r#"timestamp-micros"#, "timestamp-millis"),
            (r#"["null","Id"],"default":null"#, r#"["Id","null"]"#),
            (r#""items":"long""#, r#""items":"int""#),
        ] {
            assert!(!same(SCHEMA, &changed(from, to)), "{from} -> {to}");
        }
    }

    #[test]
    fn what_is_no_schema_is_the_same_as_nothing() {
        for text in [
            "",
            "{",
            "7",
            "null",
            "{}",
            r#"{"type":"record"}"#,
            r#"{"type":7}"#,
        ] {
            assert!(!same(text, text), "{text}");
        }
    }

    /// A text that another implementation writes of each of our schemas.
    #[test]
    fn our_schemas_are_known_again_after_another_tool_wrote_them() {
        let all = schemas::schemas();
        for schema in &all {
            let text = (schema.text)();
            let other = apache_avro::Schema::parse_str(&text).unwrap();
            let written = serde_json::to_string(&other).unwrap();
            assert!(same(&text, &written), "{}: {written}", schema.file);
            let kept = all.iter().filter(|other| same(&text, &(other.text)()));
            assert_eq!(kept.count(), 1, "{}", schema.file);
        }
    }
}
