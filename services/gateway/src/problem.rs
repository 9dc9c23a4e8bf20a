//! Errors as clients see them: RFC 9457, always.
//!
//! Duty: carry a code, its data and its pointers to the edge, where the request's id is known
//! and the body is written. Prohibition: no message of a library or a panic reaches a client.

use crate::errors::Code;
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// A field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where, as a JSON pointer into the body; `?name` for a query parameter.
    pub pointer: String,
    /// What is wrong with it.
    pub message: String,
}

/// An error on its way to the client.
#[derive(Clone, Debug)]
pub struct Problem(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    code: Code,
    detail: Option<String>,
    errors: Vec<FieldError>,
    data: Map<String, Value>,
    retry_after_s: Option<u64>,
    request_id: Option<String>,
    replayed: bool,
}

impl Problem {
    /// The problem of that code, with the code's own words.
    #[must_use]
    pub fn new(code: Code) -> Self {
        let retry_after_s = (code.entry().status == 503).then_some(1);
        Self(Box::new(Inner {
            code,
            detail: None,
            errors: Vec::new(),
            data: Map::new(),
            retry_after_s,
            request_id: None,
            replayed: false,
        }))
    }

    /// With a sentence about this occurrence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// With a pointer to a wrong field.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.errors.push(FieldError {
            pointer: pointer.into(),
            message: message.into(),
        });
        self
    }

    /// With data for the next step.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0.data.insert(name.to_owned(), value);
        self
    }

    /// Not before so many seconds.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds.max(1));
        self
    }

    /// Under the id of the request that was answered first: a stored answer never changes.
    #[must_use]
    pub(crate) fn of_request(mut self, request_id: String) -> Self {
        self.0.request_id = Some(request_id);
        self
    }

    /// A stored answer given again.
    #[must_use]
    pub(crate) fn replayed(mut self, replayed: bool) -> Self {
        self.0.replayed = replayed;
        self
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The whole as JSON.
    #[must_use]
    pub fn to_json(&self, request_id: &str) -> Value {
        let entry = self.0.code.entry();
        let mut body = self.0.data.clone();
        body.insert(
            "type".to_owned(),
            json!(format!("/v1/errors#{}", entry.code)),
        );
        body.insert("title".to_owned(), json!(entry.title));
        body.insert("status".to_owned(), json!(entry.status));
        body.insert(
            "detail".to_owned(),
            json!(self.0.detail.as_deref().unwrap_or(entry.advice)),
        );
        body.insert("code".to_owned(), json!(entry.code));
        body.insert("retryable".to_owned(), json!(entry.retryable));
        let request_id = self.0.request_id.as_deref().unwrap_or(request_id);
        body.insert("request_id".to_owned(), json!(request_id));
        let errors: Vec<Value> = self
            .0
            .errors
            .iter()
            .map(|error| json!({"pointer": error.pointer, "message": error.message}))
            .collect();
        body.insert("errors".to_owned(), Value::Array(errors));
        Value::Object(body)
    }

    /// The whole as an answer.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        let body = serde_json::to_vec(&self.to_json(request_id)).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.0.code.status();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.0.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.replayed {
            headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
        }
        if self.0.code.entry().status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The body is written at the edge, by the layer that knows the request's id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.0.code.status();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}
