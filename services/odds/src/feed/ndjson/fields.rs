//! The fields of one JSON object, taken one by one.
//!
//! Duty: every error names its field, and what was not taken is an error too. Prohibition: no
//! knowledge of what the fields mean.

use kernel::Timestamp;
use serde_json::{Map, Value};
use std::str::FromStr;

/// Longest text of a field, in bytes.
const TEXT_BYTES_MAX: usize = 500;

/// Why a field is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// Not there.
    #[error("field {path}: missing")]
    Missing {
        /// Where, such as `prices[1].price`.
        path: String,
    },
    /// Not one of ours, or not with this `type`.
    #[error("field {path}: unknown here")]
    Unknown {
        /// Where.
        path: String,
    },
    /// Not what it should be.
    #[error("field {path}: expected {expected}, got {got}")]
    Wrong {
        /// Where.
        path: String,
        /// What should stand there.
        expected: String,
        /// What stands there, shortened.
        got: String,
    },
}

impl FieldError {
    /// Where the error is.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Missing { path } | Self::Unknown { path } | Self::Wrong { path, .. } => path,
        }
    }
}

/// What is left of an object, and where it stands.
pub(super) struct Fields {
    prefix: String,
    left: Map<String, Value>,
    /// Texts already taken, for those that are needed twice.
    taken: Vec<(&'static str, String)>,
}

impl Fields {
    pub(super) fn new(left: Map<String, Value>) -> Self {
        Self {
            prefix: String::new(),
            left,
            taken: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(super) fn missing(&self, name: &str) -> FieldError {
        FieldError::Missing {
            path: self.path(name),
        }
    }

    pub(super) fn unknown(&self, name: &str) -> FieldError {
        FieldError::Unknown {
            path: self.path(name),
        }
    }

    pub(super) fn wrong(&self, name: &str, expected: impl Into<String>, got: &Value) -> FieldError {
        let mut got = got.to_string();
        if got.len() > 80 {
            got = got.chars().take(77).chain("...".chars()).collect();
        }
        FieldError::Wrong {
            path: self.path(name),
            expected: expected.into(),
            got,
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name)
    }

    pub(super) fn optional_text(
        &mut self,
        name: &'static str,
    ) -> Result<Option<String>, FieldError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() && text.len() <= TEXT_BYTES_MAX => {
                self.taken.push((name, text.clone()));
                Ok(Some(text))
            }
            Some(other) => {
                let expected = format!("a text of 1 to {TEXT_BYTES_MAX} bytes");
                Err(self.wrong(name, expected, &other))
            }
        }
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<String, FieldError> {
        self.optional_text(name)?.ok_or_else(|| self.missing(name))
    }

    /// A text that was taken before; empty if it was not.
    pub(super) fn kept_text(&self, name: &str) -> String {
        self.taken
            .iter()
            .find(|(taken, _)| *taken == name)
            .map(|(_, text)| text.clone())
            .unwrap_or_default()
    }

    pub(super) fn optional_number<T: TryFrom<u64>>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, FieldError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        value
            .as_u64()
            .filter(|number| i64::try_from(*number).is_ok())
            .and_then(|number| T::try_from(number).ok())
            .map(Some)
            .ok_or_else(|| self.wrong(name, "a whole number in range", &value))
    }

    pub(super) fn number<T: TryFrom<u64>>(&mut self, name: &'static str) -> Result<T, FieldError> {
        self.optional_number(name)?
            .ok_or_else(|| self.missing(name))
    }

    /// A whole number that may be negative.
    pub(super) fn integer(&mut self, name: &'static str) -> Result<i64, FieldError> {
        let value = self.take(name).ok_or_else(|| self.missing(name))?;
        value
            .as_i64()
            .ok_or_else(|| self.wrong(name, "a whole number in range", &value))
    }

    pub(super) fn optional_parsed<T: FromStr>(
        &mut self,
        name: &'static str,
        expected: &str,
    ) -> Result<Option<T>, FieldError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        value
            .as_str()
            .and_then(|text| text.parse().ok())
            .map(Some)
            .ok_or_else(|| self.wrong(name, expected, &value))
    }

    /// Must be there, but may be null.
    pub(super) fn nullable_parsed<T: FromStr>(
        &mut self,
        name: &'static str,
        expected: &str,
    ) -> Result<Option<T>, FieldError> {
        match self.left.get(name) {
            None => Err(self.missing(name)),
            Some(Value::Null) => {
                self.left.remove(name);
                Ok(None)
            }
            Some(_) => self.optional_parsed(name, expected),
        }
    }

    pub(super) fn time_or(
        &mut self,
        name: &'static str,
        absent: Timestamp,
    ) -> Result<Timestamp, FieldError> {
        let expected = "a time such as \"2026-11-22T15:00:00Z\"";
        let time = self.optional_parsed::<jiff::Timestamp>(name, expected)?;
        Ok(time.map_or(absent, |time| Timestamp::from_micros(time.as_microsecond())))
    }

    pub(super) fn time(&mut self, name: &'static str) -> Result<Timestamp, FieldError> {
        if !self.left.contains_key(name) {
            return Err(self.missing(name));
        }
        self.time_or(name, Timestamp::default())
    }

    pub(super) fn optional_time(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Timestamp>, FieldError> {
        if self.left.contains_key(name) {
            self.time(name).map(Some)
        } else {
            Ok(None)
        }
    }

    pub(super) fn word<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
    ) -> Result<T, FieldError> {
        let value = self.take(name).ok_or_else(|| self.missing(name))?;
        let found = words.iter().find(|(word, _)| value.as_str() == Some(word));
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(name, format!("one of {}", known.join(", ")), &value)
        })
    }

    pub(super) fn objects(&mut self, name: &'static str) -> Result<Vec<Self>, FieldError> {
        let value = self.take(name).ok_or_else(|| self.missing(name))?;
        let Value::Array(entries) = value else {
            return Err(self.wrong(name, "a list of objects", &value));
        };
        entries
            .into_iter()
            .zip(0..)
            .map(|(entry, index): (Value, usize)| {
                if let Value::Object(left) = entry {
                    Ok(Self {
                        prefix: format!("{}[{index}].", self.path(name)),
                        left,
                        taken: Vec::new(),
                    })
                } else {
                    Err(self.wrong(&format!("{name}[{index}]"), "an object", &entry))
                }
            })
            .collect()
    }

    /// Requires that nothing is left.
    pub(super) fn end(&self) -> Result<(), FieldError> {
        match self.left.keys().next() {
            Some(name) => Err(self.unknown(name)),
            None => Ok(()),
        }
    }
}
