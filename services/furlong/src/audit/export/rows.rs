//! CSV and NDJSON.

use super::Encoder;
use crate::history::{Body, Readable, instant_text};
use anyhow::Context;
use kernel::Topic;
use runtime::Effective;
use schemas::{Cause, Header};
use serde_json::Value;

const COLUMNS: [&str; 12] = [
    "journal",
    "partition",
    "offset",
    "seq",
    "epoch",
    "decided_at",
    "cause",
    "request_id",
    "correlation_id",
    "index",
    "type",
    "fields",
];

fn readable(topic: Topic) -> anyhow::Result<Readable> {
    Readable::of(topic).with_context(|| format!("{topic} has no readable schema"))
}

fn cause_text(header: &Header) -> String {
    match header.cause {
        None => String::new(),
        Some(Cause::Input(position)) => position.to_string(),
        Some(Cause::Timer { armed_by, due }) => {
            format!("timer {armed_by} due {}", instant_text(due))
        }
        Some(Cause::Work { started_by, part }) => format!("work {started_by} part {part}"),
    }
}

/// One line for each event; a rejection, and a decision without events, has one as well.
pub(super) struct Csv {
    readable: Readable,
    lines: csv::Writer<Vec<u8>>,
}

impl Csv {
    pub(super) fn new(topic: Topic) -> anyhow::Result<Self> {
        let mut lines = lines();
        lines.write_record(COLUMNS)?;
        Ok(Self {
            readable: readable(topic)?,
            lines,
        })
    }

    fn line(&mut self, decision: &schemas::Decision, told: [&str; 3]) -> anyhow::Result<()> {
        let (position, header) = (decision.position, &decision.header);
        let before = [
            position.topic.to_string(),
            position.partition.to_string(),
            position.offset.to_string(),
            header.seq.to_string(),
            header.epoch.to_string(),
            instant_text(header.decided_at),
            cause_text(header),
            header
                .request_id
                .map_or_else(String::new, |id| id.to_string()),
            header.correlation_id.to_string(),
        ];
        let fields = before.iter().map(String::as_str).chain(told);
        Ok(self.lines.write_record(fields)?)
    }
}

/// RFC 4180: lines end with CR LF, quotes are doubled.
fn lines() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new())
}

impl Encoder for Csv {
    fn decision(&mut self, effective: &Effective, _: &[u8]) -> anyhow::Result<()> {
        let Body { rejection, events } = self.readable.body(&effective.body)?;
        let decision = &effective.decision;
        if let Some(rejection) = &rejection {
            let name = format!("rejected:{}", rejection.name);
            return self.line(decision, ["", &name, &rejection.json]);
        }
        if events.is_empty() {
            return self.line(decision, ["", "", ""]);
        }
        for (index, event) in events.iter().enumerate() {
            self.line(decision, [&index.to_string(), &event.name, &event.json])?;
        }
        Ok(())
    }

    fn rest(&mut self) -> anyhow::Result<()> {
        Ok(self.lines.flush()?)
    }

    fn take(&mut self) -> Vec<u8> {
        let lines = std::mem::replace(&mut self.lines, lines());
        // A vector takes everything.
        lines.into_inner().unwrap_or_default()
    }
}

/// One decision a line.
pub(super) struct Ndjson {
    readable: Readable,
    lines: Vec<u8>,
}

impl Ndjson {
    pub(super) fn new(topic: Topic) -> anyhow::Result<Self> {
        Ok(Self {
            readable: readable(topic)?,
            lines: Vec::new(),
        })
    }
}

impl Encoder for Ndjson {
    fn decision(&mut self, effective: &Effective, _: &[u8]) -> anyhow::Result<()> {
        let body = self.readable.body(&effective.body)?;
        let line = decision_json(&effective.decision, &body);
        self.lines.extend_from_slice(line.as_bytes());
        self.lines.push(b'\n');
        Ok(())
    }

    fn rest(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.lines)
    }
}

/// A decision as one JSON object, with its fields in a stated order.
fn decision_json(decision: &schemas::Decision, body: &Body) -> String {
    let (position, header) = (decision.position, &decision.header);
    let optional = |text: Option<String>| text.map_or(Value::Null, Value::from).to_string();
    let told = |event: &crate::history::Told| {
        format!("{{\"type\":\"{}\",\"fields\":{}}}", event.name, event.json)
    };
    let rejection = body
        .rejection
        .as_ref()
        .map_or_else(|| "null".to_owned(), told);
    let events: Vec<String> = body.events.iter().map(told).collect();
    format!(
        "{{\"journal\":\"{}\",\"partition\":{},\"offset\":{},\"seq\":{},\"epoch\":{},\"decided_at\":\"{}\",\"cause\":{},\"request_id\":{},\"correlation_id\":\"{}\",\"rejection\":{rejection},\"events\":[{}]}}",
        position.topic,
        position.partition,
        position.offset,
        header.seq,
        header.epoch,
        instant_text(header.decided_at),
        Value::from(cause_text(header)),
        optional(header.request_id.map(|id| id.to_string())),
        header.correlation_id,
        events.join(","),
    )
}
