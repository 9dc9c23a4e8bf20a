//! Avro object container files.
//!
//! Duty: the published schema and, behind it, the very bytes that stand in the journal, less
//! their framing: nothing is decoded and encoded again on the way to an auditor. The marker
//! between blocks is a function of the schema, so that the same records give the same file.

use super::Encoder;
use crate::history::schema_text;
use anyhow::Context;
use kernel::Topic;
use runtime::Effective;
use schemas::{Blob, Wire};

/// Blocks are closed at so many bytes.
const BLOCK_BYTES: usize = 64_000;

pub(super) struct Container {
    topic: Topic,
    marker: [u8; 16],
    out: Vec<u8>,
    block: Vec<u8>,
    count: i64,
}

impl Container {
    pub(super) fn new(topic: Topic) -> anyhow::Result<Self> {
        let schema = schema_text(topic).with_context(|| format!("{topic} has no schema"))?;
        let digest = eventlog::digest(schema.as_bytes()).bytes();
        let (marker, _) = digest
            .split_first_chunk()
            .context("a digest has 32 bytes")?;
        let mut out = b"Obj\x01".to_vec();
        2_i64.encode(&mut out);
        for (key, value) in [("avro.schema", schema.as_bytes()), ("avro.codec", b"null")] {
            key.to_owned().encode(&mut out);
            Blob(value.to_vec()).encode(&mut out);
        }
        0_i64.encode(&mut out);
        out.extend_from_slice(marker);
        Ok(Self {
            topic,
            marker: *marker,
            out,
            block: Vec::new(),
            count: 0,
        })
    }

    fn close_block(&mut self) {
        if self.count > 0 {
            self.count.encode(&mut self.out);
            Blob(std::mem::take(&mut self.block)).encode(&mut self.out);
            self.out.extend_from_slice(&self.marker);
            self.count = 0;
        }
    }
}

impl Encoder for Container {
    fn decision(&mut self, _: &Effective, record: &[u8]) -> anyhow::Result<()> {
        self.block
            .extend_from_slice(schemas::unframe(self.topic, record)?);
        self.count = self.count.saturating_add(1);
        if self.block.len() >= BLOCK_BYTES {
            self.close_block();
        }
        Ok(())
    }

    fn rest(&mut self) -> anyhow::Result<()> {
        self.close_block();
        Ok(())
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }
}
