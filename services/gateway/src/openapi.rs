//! The description of the API, OpenAPI 3.1, written from the table of routes.
//!
//! Duty: say for every route who may call it, what it takes, what it answers, and how it fails.
//! Prohibition: no route is described that the router does not have, and the other way round.

use crate::answers::json_response;
use crate::app::App;
use crate::shapes::Named;
use crate::table::{Access, Key, ROUTES, Route};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// The schemas of bodies and answers, by name.
const SCHEMAS: &str = include_str!("openapi_schemas.json");
/// The description of the streams.
const ASYNCAPI: &str = include_str!("../assets/asyncapi.yaml");

const ABOUT: &str = "Amounts and prices are decimal strings, times RFC 3339 in UTC, ids \
prefixed UUIDs. Unknown request fields are errors. Errors are `application/problem+json`; all \
codes are listed at [/v1/errors](/v1/errors). Writes answer with a `position`; sent back as \
`min_position`, a read shows at least that. The streams are described at \
[/asyncapi.yaml](/asyncapi.yaml).";

/// The whole document.
pub(crate) fn document(notes: &str) -> Value {
    let schemas: Value = serde_json::from_str(SCHEMAS).unwrap_or_default();
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(route.method.to_lowercase(), operation(route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "furlong",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!("{ABOUT}\n\n{notes}"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route),
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": parameters(route),
        "responses": responses(route),
    });
    let Some(object) = operation.as_object_mut() else {
        return operation;
    };
    match route.access {
        Access::Open => {}
        Access::SignedIn => {
            object.insert("security".to_owned(), json!([{"token": []}]));
        }
        Access::Roles(roles) => {
            let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
            let text = format!("Needs one of the roles {}.", names.join(", "));
            object.insert("security".to_owned(), json!([{"token": []}]));
            object.insert("description".to_owned(), json!(text));
            object.insert("x-roles".to_owned(), json!(names));
        }
    }
    if route.step_up {
        object.insert("x-step-up".to_owned(), json!(true));
    }
    if let Some(body) = route.body {
        let content = content(body_kind(body), body);
        // No lines at all are no lines too.
        let required = !["Logout", "FeedLines"].contains(&body);
        let request_body = json!({"required": required, "content": content});
        object.insert("requestBody".to_owned(), request_body);
    }
    operation
}

/// The route in one word: `get_v1_bets_id`.
fn operation_id(route: &Route) -> String {
    let words: Vec<&str> = route
        .path
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    format!("{}_{}", route.method.to_lowercase(), words.join("_"))
}

fn parameters(route: &Route) -> Vec<Value> {
    let mut parameters = Vec::new();
    let in_path = route.path.split('/').filter_map(|part| {
        part.strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'))
    });
    for name in in_path {
        parameters.push(json!({
            "name": name, "in": "path", "required": true, "schema": {"type": "string"},
        }));
    }
    for name in route.query {
        let required = (route.path, *name) == ("/v1/audit/balance", "account");
        let schema = query_schema(name);
        parameters.push(json!({
            "name": name, "in": "query", "required": required, "schema": schema,
        }));
    }
    match route.key {
        Key::None => {}
        Key::Optional | Key::Required => parameters.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "required": route.key == Key::Required,
            "description": "One for each intention; the same one to ask again.",
            "schema": {"type": "string", "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
        })),
    }
    if waits(route) {
        parameters.push(json!({
            "name": "Prefer",
            "in": "header",
            "description": "wait=N: seconds to wait for the decision before answering 202.",
            "schema": {"type": "string", "examples": ["wait=2"]},
        }));
    }
    parameters
}

/// What a query parameter looks like. Positions, cursors and resume tokens are opaque.
fn query_schema(name: &str) -> Value {
    match name {
        "limit" => json!({"type": "integer", "minimum": 1, "maximum": 200}),
        "from" => json!({"type": "integer", "minimum": 0}),
        "preview" => json!({"type": "boolean"}),
        "at" => json!({"type": "string", "examples": ["2026-05-01T12:00:00Z"]}),
        "cursor" | "min_position" | "since" => {
            json!({"type": "string", "pattern": "^[A-Za-z0-9_-]+$"})
        }
        _ => json!({"type": "string"}),
    }
}

/// Whether the answer may have to wait: of a slip on its way to acceptance, and of a sale.
fn waits(route: &Route) -> bool {
    route.method == "POST" && [(201, "Bet"), (200, "CashOut")].contains(&route.answer)
}

fn body_kind(schema: &str) -> &'static str {
    match schema {
        "FeedLines" => "application/x-ndjson",
        _ => "application/json",
    }
}

fn answer_kind(route: &Route) -> &'static str {
    match (route.answer.1, route.path) {
        ("OddsEvents", _) => "text/event-stream",
        ("Text", "/metrics") => "text/plain",
        ("Document", "/asyncapi.yaml") => "application/yaml",
        ("Text", _) => "text/html",
        _ => "application/json",
    }
}

fn content(kind: &str, schema: &str) -> Value {
    json!({kind: {"schema": {"$ref": format!("#/components/schemas/{schema}")}}})
}

fn responses(route: &Route) -> Value {
    let (status, schema) = route.answer;
    let mut responses = Map::new();
    let mut answer = json!({"description": "Done."});
    if let (Some(object), false) = (answer.as_object_mut(), schema.is_empty()) {
        object.insert("content".to_owned(), content(answer_kind(route), schema));
    }
    responses.insert(status.to_string(), answer);
    if waits(route) {
        let pending = json!({
            "description": "On the record, not decided yet.",
            "content": content("application/json", schema),
        });
        responses.insert("202".to_owned(), pending);
    }
    let problem = content("application/problem+json", "Problem");
    let mut fails = |status: &str, text: &str| {
        let failure = json!({"description": text, "content": problem});
        responses.insert(status.to_owned(), failure);
    };
    if route.access != Access::Open {
        fails("401", "Not signed in, or no longer.");
    }
    if matches!(route.access, Access::Roles(_)) || route.step_up {
        fails(
            "403",
            "Not with these roles, or the proof of who asks is too old.",
        );
    }
    if route.key == Key::Required {
        fails(
            "409",
            "Refused by a rule, or the first request with this key still runs.",
        );
        fails("422", "The key was used for another request.");
    }
    fails("default", "Any other error, in the same form.");
    Value::Object(responses)
}

/// GET /openapi.json
pub(crate) async fn openapi(State(app): State<App>) -> Response {
    json_response(StatusCode::OK, &document(&app.notes))
}

/// GET /asyncapi.yaml
pub(crate) async fn asyncapi() -> Response {
    ([(header::CONTENT_TYPE, "application/yaml")], ASYNCAPI).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                for (name, value) in object {
                    if let (true, Some(text)) = (name == "$ref", value.as_str()) {
                        found.insert(text.to_owned());
                    }
                    references(value, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_used() {
        let document = document("");
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let defined: BTreeSet<String> = schemas
            .keys()
            .map(|name| format!("#/components/schemas/{name}"))
            .collect();
        assert_eq!(found, defined);
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let names: BTreeSet<String> = ROUTES.iter().map(operation_id).collect();
        assert_eq!(names.len(), ROUTES.len());
    }
}
