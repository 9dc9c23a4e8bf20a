//! Asks a Cassandra or ScyllaDB node for its options, and has it run a statement.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::Context;

use super::bytes::{Reader, Writer};

const REQUEST_OF_VERSION_4: i8 = 4;
const STARTUP: i8 = 0x01;
const OPTIONS: i8 = 0x05;
const QUERY: i8 = 0x07;
const ERROR: u8 = 0x00;
const READY: u8 = 0x02;
const SUPPORTED: u8 = 0x06;
const RESULT: u8 = 0x08;
const ROWS: i32 = 2;
const CONSISTENCY_ONE: i16 = 1;
const LONGEST: usize = 64 << 20;

/// Asks what the node supports.
///
/// # Errors
/// It does not answer, or otherwise than with what it supports.
pub fn options(address: &str) -> anyhow::Result<()> {
    let mut stream = super::connect(address)?;
    let (opcode, _) = ask(&mut stream, OPTIONS, &[])?;
    anyhow::ensure!(
        opcode == SUPPORTED,
        "{address} answers OPTIONS with opcode {opcode}"
    );
    Ok(())
}

/// Runs one statement at consistency ONE and gives the number of rows of its first page.
///
/// # Errors
/// The node does not answer, or refuses the statement (its message is in the error).
pub fn rows(address: &str, statement: &str) -> anyhow::Result<usize> {
    let mut stream = super::connect(address)?;
    let startup = Writer::default()
        .i16(1)
        .short_string("CQL_VERSION")?
        .short_string("3.0.0")?
        .done();
    let (opcode, body) = ask(&mut stream, STARTUP, &startup)?;
    anyhow::ensure!(
        opcode == READY,
        "{address} answers STARTUP with opcode {opcode}: {}",
        message(&body)
    );
    let query = Writer::default()
        .long_string(statement)?
        .i16(CONSISTENCY_ONE)
        .i8(0)
        .done();
    let (opcode, body) = ask(&mut stream, QUERY, &query)?;
    anyhow::ensure!(
        opcode == RESULT,
        "{address} refuses {statement}: {}",
        message(&body)
    );
    count_rows(&body)
}

/// The rows of a result: kind, flags, columns with their specifications, then the count.
///
/// The specifications have no length, so the count is asked for in another way: see `SELECT count(*)`.
fn count_rows(body: &[u8]) -> anyhow::Result<usize> {
    let mut body = Reader(body);
    if body.i32()? != ROWS {
        return Ok(0);
    }
    let flags = body.i32()?;
    let columns = body.count()?;
    anyhow::ensure!(
        flags == 1 && columns == 1,
        "only statements with one column of a plain type are read"
    );
    body.short_string()?;
    body.short_string()?;
    body.short_string()?;
    body.i16()?;
    body.count()
}

/// The text of an error frame, for people.
fn message(body: &[u8]) -> String {
    let mut body = Reader(body);
    let code = body.i32().unwrap_or_default();
    format!(
        "{code:#x} {}",
        body.short_string().ok().flatten().unwrap_or_default()
    )
}

/// One frame there, one frame back: its opcode and body.
fn ask(stream: &mut TcpStream, opcode: i8, body: &[u8]) -> anyhow::Result<(u8, Vec<u8>)> {
    let length = i32::try_from(body.len()).context("a frame too long")?;
    let frame = Writer::default()
        .i8(REQUEST_OF_VERSION_4)
        .i8(0)
        .i16(0)
        .i8(opcode)
        .i32(length)
        .raw(body)
        .done();
    stream.write_all(&frame).context("ask the node")?;
    let mut head = [0; 9];
    stream
        .read_exact(&mut head)
        .context("wait for the node's answer")?;
    let mut head = Reader(&head);
    head.take(4)?;
    let opcode = head.u8()?;
    let length = head.count()?;
    anyhow::ensure!(length <= LONGEST, "an answer of {length} bytes");
    let mut body = vec![0; length];
    stream
        .read_exact(&mut body)
        .context("read the node's answer")?;
    if opcode == ERROR {
        anyhow::bail!("the node answers with error {}", message(&body));
    }
    Ok((opcode, body))
}
