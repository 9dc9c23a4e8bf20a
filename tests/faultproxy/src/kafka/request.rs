//! The header of a request.

use super::cursor::{Cursor, Malformed, Width};

pub(crate) const PRODUCE: i16 = 0;
pub(crate) const METADATA: i16 = 3;
pub(crate) const API_VERSIONS: i16 = 18;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestHeader {
    pub(crate) api_key: i16,
    pub(crate) api_version: i16,
    pub(crate) correlation_id: i32,
    pub(crate) client_id: Option<String>,
}

impl RequestHeader {
    /// The part of the header that all versions share; tags may follow it.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            api_key: cursor.i16()?,
            api_version: cursor.i16()?,
            correlation_id: cursor.i32()?,
            client_id: cursor.text(Width::Short)?,
        })
    }
}
