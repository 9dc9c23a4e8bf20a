//! One HTTP/1.1 request to a server on this machine.

use std::io::{Read, Write};

use anyhow::Context;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

/// Sends one request with a JSON body (or none) to `http://host:port/path` and reads the whole answer.
///
/// # Errors
/// The address is not of that form, or nobody answers in HTTP.
pub fn request(method: &str, url: &str, body: Option<&str>) -> anyhow::Result<Answer> {
    let rest = url
        .strip_prefix("http://")
        .with_context(|| format!("{url} is no http:// address"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let body = body.unwrap_or_default();
    let text = format!(
        "{method} /{path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\nAccept: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = super::connect(host)?;
    stream
        .write_all(text.as_bytes())
        .with_context(|| format!("ask {host}"))?;
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .with_context(|| format!("read the answer of {host}"))?;
    parse(&String::from_utf8_lossy(&answer))
        .with_context(|| format!("{host} does not answer in HTTP"))
}

/// Version 1.0 was asked for, so the body is what follows the blank line.
fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    Some(Answer {
        status,
        body: body.to_owned(),
    })
}
