//! Lists in pages.
//!
//! Duty: the one form of every list, `{items, next_cursor}`, and its two parameters.
//! Prohibition: a cursor is the last key of a page, nothing that a later change could make wrong.

use crate::answers::json_response;
use crate::errors::Code;
use crate::problem::Problem;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// Which page is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// The last key of the page before.
    pub after: Option<Vec<u8>>,
    /// How many items.
    pub limit: usize,
}

impl Page {
    /// Reads the two parameters.
    pub(crate) fn new(cursor: Option<&str>, limit: Option<u32>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(LIMIT_DEFAULT);
        if limit == 0 || limit > LIMIT_MAX {
            return Err(Problem::new(Code::ValidationFailed).at(
                "?limit",
                format!("between 1 and {LIMIT_MAX} items are given"),
            ));
        }
        let after = cursor
            .map(|cursor| URL_SAFE_NO_PAD.decode(cursor))
            .transpose()
            .map_err(|_| Problem::new(Code::CursorInvalid))?;
        // No key is empty: what looks like the end of a list is not its beginning.
        if after.as_ref().is_some_and(Vec::is_empty) {
            return Err(Problem::new(Code::CursorInvalid));
        }
        Ok(Self {
            after,
            limit: usize::try_from(limit).unwrap_or(1),
        })
    }

    /// The last key as an id's sixteen bytes.
    pub(crate) fn after_id(&self) -> Result<Option<[u8; 16]>, Problem> {
        self.after
            .as_deref()
            .map(<[u8; 16]>::try_from)
            .transpose()
            .map_err(|_| Problem::new(Code::CursorInvalid))
    }
}

/// The cursor that goes on after that key.
pub(crate) fn cursor_of(key: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

/// One page as an answer.
pub(crate) fn page_json(items: Vec<Value>, next_cursor: Option<String>) -> Response {
    let body = json!({"items": items, "next_cursor": next_cursor});
    json_response(StatusCode::OK, &body)
}
