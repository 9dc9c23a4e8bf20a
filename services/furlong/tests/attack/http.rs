//! The smallest HTTP client: one connection to one port of this machine, blocking.
//!
//! Duty: send exactly the bytes that a test wants, and read an answer or fail in bounded time.
//! Prohibition: it never tries again by itself; what a broken connection means is for the caller.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// Longer than any deadline of the server: who waits longer has found a hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub token: Option<&'a str>,
    pub key: Option<&'a str>,
    /// `None`: no such header.
    pub content_type: Option<&'a str>,
    pub headers: &'a [(&'a str, &'a [u8])],
    pub body: &'a [u8],
}

impl<'a> Ask<'a> {
    pub fn get(path: &'a str) -> Self {
        Self {
            method: "GET",
            path,
            ..Self::default()
        }
    }

    pub fn post(path: &'a str, body: &'a [u8]) -> Self {
        Self {
            method: "POST",
            path,
            content_type: Some("application/json"),
            body,
            ..Self::default()
        }
    }

    pub fn by(mut self, token: &'a str) -> Self {
        self.token = Some(token);
        self
    }

    pub fn key(mut self, key: &'a str) -> Self {
        self.key = Some(key);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = format!(
            "{} {} HTTP/1.1\r\nhost: localhost\r\n",
            self.method, self.path
        )
        .into_bytes();
        let mut header = |name: &str, value: &[u8]| {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        };
        if let Some(token) = self.token {
            header("authorization", format!("Bearer {token}").as_bytes());
        }
        if let Some(key) = self.key {
            header("idempotency-key", key.as_bytes());
        }
        if let Some(kind) = self.content_type {
            header("content-type", kind.as_bytes());
        }
        for (name, value) in self.headers {
            header(name, value);
        }
        if self.method != "GET" {
            header("content-length", self.body.len().to_string().as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(self.body);
        out
    }
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// A text field of the body; empty if there is none.
    pub fn text(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap_or_default().to_owned()
    }

    pub fn code(&self) -> String {
        self.text("code")
    }

    pub fn is_replayed(&self) -> bool {
        self.headers.get("idempotency-replayed").map(String::as_str) == Some("true")
    }

    pub fn is_problem(&self) -> bool {
        let kind = self.headers.get("content-type").map(String::as_str);
        let body = self.json();
        kind == Some("application/problem+json")
            && body["status"].as_u64() == Some(u64::from(self.status))
            && ["type", "title", "code", "request_id"]
                .iter()
                .all(|field| body[field].as_str().is_some_and(|text| !text.is_empty()))
    }

    pub fn shown(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        format!(
            "{} {}",
            self.status,
            body.chars().take(600).collect::<String>()
        )
    }
}

/// One connection, made when it is first needed and kept as long as the server keeps it.
#[derive(Debug)]
pub struct Client {
    port: u16,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    pub fn new(port: u16) -> Self {
        Self { port, stream: None }
    }

    pub fn ask(&mut self, ask: Ask<'_>) -> io::Result<Answer> {
        self.send_raw(&ask.bytes())
    }

    /// Sends these bytes and reads one answer.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(connect(self.port)?),
        };
        // A server may answer before it has read everything.
        let written = stream.get_mut().write_all(bytes);
        let (answer, keep) = match (read_answer(&mut stream), written) {
            (Ok(read), _) => read,
            (Err(_), Err(error)) | (Err(error), Ok(())) => return Err(error),
        };
        if keep {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

/// A connection whose reads and writes end in bounded time.
pub fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Reads status line and headers.
pub fn read_head(stream: &mut impl BufRead) -> io::Result<(u16, BTreeMap<String, String>)> {
    let bad = |what: &str| io::Error::new(ErrorKind::InvalidData, what.to_owned());
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.trim().parse().ok())
        .ok_or_else(|| bad("no status line"))?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        if line.is_empty() {
            return Ok((status, headers));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| bad("no header"))?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
}

fn read_answer(stream: &mut BufReader<TcpStream>) -> io::Result<(Answer, bool)> {
    let (status, headers) = read_head(stream)?;
    let length = headers.get("content-length");
    let mut body = Vec::new();
    match length.map(|length| length.parse::<usize>()) {
        Some(Ok(length)) => {
            body.resize(length, 0);
            stream.read_exact(&mut body)?;
        }
        Some(Err(_)) => return Err(ErrorKind::InvalidData.into()),
        None if status == 204 => {}
        None => {
            stream.read_to_end(&mut body)?;
        }
    }
    let keep = headers.get("connection").map(String::as_str) != Some("close")
        && (length.is_some() || status == 204);
    Ok((
        Answer {
            status,
            headers,
            body,
        },
        keep,
    ))
}
