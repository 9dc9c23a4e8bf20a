//! What the desk answers, as gRPC says it.
//!
//! Duty: name each repeat, gap and refusal by the message's number in the stream and by its source,
//! tell how far each source has come, and turn a problem into a status that says what to do.
//! Prohibition: nothing is hidden.

use proto::{Acknowledgement, Durable, Gap, Message, Refused, Repeated};
use serde_json::Value;
use std::collections::BTreeMap;
use tonic::{Code, Status};

/// Messages that are handed in together.
pub(crate) struct Batch<'a> {
    /// In their order.
    pub messages: &'a [Message],
    /// How many of the stream came before.
    pub before: u64,
}

/// Why the desk took nothing of a batch.
pub(crate) struct Refusal {
    pub status: Status,
    /// The first line that cannot be read, from 1, if that is why.
    wrong_line: Option<usize>,
}

impl Refusal {
    /// How many lines there are before the first that cannot be read.
    pub(crate) fn good_lines(&self) -> usize {
        self.wrong_line.unwrap_or(0).saturating_sub(1)
    }
}

impl Batch<'_> {
    fn all(&self) -> u64 {
        let count = u64::try_from(self.messages.len()).unwrap_or(u64::MAX);
        self.before.saturating_add(count)
    }

    /// The number in the stream of the message that an entry of the answer is about, and itself.
    fn named(&self, said: &Value) -> (u64, Option<&Message>) {
        let line = said["line"].as_u64().unwrap_or(0);
        let index = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        (self.before.saturating_add(line), self.messages.get(index))
    }

    /// The acknowledgement that this status and body amount to.
    ///
    /// # Errors
    /// The desk took nothing of it, and why.
    pub(crate) fn answer(&self, status: u16, body: &[u8]) -> Result<Acknowledgement, Refusal> {
        let told: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        if status != 200 {
            return Err(self.refusal(status, &told));
        }
        Ok(Acknowledgement {
            messages: self.all(),
            position: text(&told, "position"),
            durable: self.durable(&told),
            repeated: list(&told, "repeated")
                .map(|said| {
                    let (message, of) = self.named(said);
                    Repeated {
                        message,
                        source: source(of),
                        last: number(said, "last"),
                    }
                })
                .collect(),
            gaps: list(&told, "gaps")
                .map(|said| {
                    let (message, of) = self.named(said);
                    Gap {
                        message,
                        source: source(of),
                        expected: number(said, "expected"),
                        got: number(said, "got"),
                    }
                })
                .collect(),
            refused: list(&told, "refused")
                .map(|said| {
                    let (message, of) = self.named(said);
                    Refused {
                        message,
                        source: source(of),
                        sequence: of.map_or(0, |it| it.sequence),
                        code: text(said, "code"),
                        detail: text(said, "detail"),
                    }
                })
                .collect(),
        })
    }

    /// The highest number of each source: of those that came, and of those that repeats tell.
    fn durable(&self, told: &Value) -> Vec<Durable> {
        let mut highest: BTreeMap<&str, u64> = BTreeMap::new();
        let came = self
            .messages
            .iter()
            .map(|message| (message.source.as_str(), message.sequence));
        let repeats = list(told, "repeated").filter_map(|said| {
            let (_, message) = self.named(said);
            message.map(|message| (message.source.as_str(), number(said, "last")))
        });
        for (source, sequence) in came.chain(repeats) {
            let known = highest.entry(source).or_default();
            *known = sequence.max(*known);
        }
        highest
            .into_iter()
            .map(|(source, sequence)| Durable {
                source: source.to_owned(),
                sequence,
            })
            .collect()
    }

    fn refusal(&self, status: u16, told: &Value) -> Refusal {
        let wrong: Vec<(usize, String, String)> = list(told, "errors")
            .filter_map(|error| {
                let (line, path) = line_of(error["pointer"].as_str()?)?;
                Some((line, path, text(error, "message")))
            })
            .collect();
        let wrong_line = wrong.iter().map(|(line, _, _)| *line).min();
        let mut words = reason(told);
        let first = wrong
            .iter()
            .filter(|(line, _, _)| Some(*line) == wrong_line);
        for (line, path, message) in first {
            let line = u64::try_from(*line).unwrap_or(0);
            let number = self.before.saturating_add(line);
            words.push_str(&format!("; message {number} {path}: {message}"));
        }
        if wrong_line.is_none() {
            let first = self.before.saturating_add(1);
            let last = self.all();
            words.push_str(&format!(
                "; messages {first} to {last} are not acknowledged"
            ));
        }
        Refusal {
            status: Status::new(code_of(status), words),
            wrong_line,
        }
    }
}

/// The status of a problem that is not about messages.
pub(crate) fn problem(status: u16, body: &[u8]) -> Status {
    let told: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    Status::new(code_of(status), reason(&told))
}

/// `token_invalid: what to do`
fn reason(told: &Value) -> String {
    format!("{}: {}", text(told, "code"), text(told, "detail"))
}

fn code_of(status: u16) -> Code {
    match status {
        400 | 413 | 415 | 422 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 => Code::ResourceExhausted,
        408 | 503 => Code::Unavailable,
        _ => Code::Internal,
    }
}

/// `line 3/prices/0`: the line, and where in it.
fn line_of(pointer: &str) -> Option<(usize, String)> {
    let rest = pointer.strip_prefix("line ")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (line, path) = rest.split_at_checked(end)?;
    Some((line.parse().ok()?, path.to_owned()))
}

fn list<'a>(told: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    told[name].as_array().into_iter().flatten()
}

fn text(told: &Value, name: &str) -> String {
    told[name].as_str().unwrap_or_default().to_owned()
}

fn number(told: &Value, name: &str) -> u64 {
    told[name].as_u64().unwrap_or(0)
}

fn source(message: Option<&Message>) -> String {
    message.map_or("", |it| &it.source).to_owned()
}
