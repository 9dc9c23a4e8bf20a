//! The smallest HTTP client: one connection to one port of this machine, blocking.
//!
//! Duty: send one request and read one answer, or fail in bounded time. Prohibition: it never
//! tries again by itself; what a broken connection means is for the caller.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any deadline of the gateway's.
const PATIENCE: Duration = Duration::from_secs(12);
/// To a port of this machine.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);

/// One request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Whose access token, if anybody's.
    pub token: Option<&'a str>,
    /// The idempotency key.
    pub key: Option<&'a str>,
    /// Of the body.
    pub content_type: &'a str,
    /// The body.
    pub body: &'a str,
}

impl<'a> Ask<'a> {
    /// A read.
    #[must_use]
    pub fn get(path: &'a str) -> Self {
        Self {
            method: "GET",
            path,
            ..Self::default()
        }
    }

    /// Something in JSON.
    #[must_use]
    pub fn post(path: &'a str, body: &'a str) -> Self {
        Self {
            method: "POST",
            path,
            content_type: "application/json",
            body,
            ..Self::default()
        }
    }

    /// By somebody.
    #[must_use]
    pub const fn by(mut self, token: &'a str) -> Self {
        self.token = Some(token);
        self
    }

    /// Under a key.
    #[must_use]
    pub const fn key(mut self, key: &'a str) -> Self {
        self.key = Some(key);
        self
    }

    fn text(&self) -> String {
        let mut out = format!(
            "{} {} HTTP/1.1\r\nhost: localhost\r\n",
            self.method, self.path
        );
        if let Some(token) = self.token {
            out.push_str(&format!("authorization: Bearer {token}\r\n"));
        }
        if let Some(key) = self.key {
            out.push_str(&format!("idempotency-key: {key}\r\n"));
        }
        if !self.content_type.is_empty() {
            out.push_str(&format!("content-type: {}\r\n", self.content_type));
        }
        if self.method != "GET" {
            out.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        out.push_str("\r\n");
        out.push_str(self.body);
        out
    }
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers, their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body; null if it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// A text field of the body; empty if there is none.
    #[must_use]
    pub fn text(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap_or_default().to_owned()
    }

    /// The error's code.
    #[must_use]
    pub fn code(&self) -> String {
        self.text("code")
    }

    /// For people.
    #[must_use]
    pub fn shown(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        let short: String = body.chars().take(400).collect();
        format!("{} {short}", self.status)
    }
}

/// One connection, made when it is first needed and kept as long as the server keeps it.
#[derive(Debug)]
pub struct Connection {
    port: u16,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    /// To this port.
    #[must_use]
    pub const fn new(port: u16) -> Self {
        Self { port, stream: None }
    }

    /// Where it leads.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Asks once.
    ///
    /// # Errors
    /// The connection told nothing, or nothing that can be read.
    pub fn ask(&mut self, ask: Ask<'_>) -> io::Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(connect(self.port)?),
        };
        stream.get_mut().write_all(ask.text().as_bytes())?;
        let (answer, keep) = read_answer(&mut stream)?;
        if keep {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, CONNECT_PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn read_answer(stream: &mut BufReader<TcpStream>) -> io::Result<(Answer, bool)> {
    let bad = |what: &str| io::Error::new(ErrorKind::InvalidData, what.to_owned());
    let line = read_line(stream)?;
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.trim().parse().ok())
        .ok_or_else(|| bad("no status line"))?;
    let mut headers = BTreeMap::new();
    loop {
        let line = read_line(stream)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| bad("no header"))?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length");
    let length = length.map(|length| length.parse::<usize>());
    let mut body = Vec::new();
    let mut keep = headers.get("connection").is_none_or(|told| told != "close");
    match length {
        Some(Ok(length)) => {
            body.resize(length, 0);
            stream.read_exact(&mut body)?;
        }
        Some(Err(_)) => return Err(bad("no length")),
        None if status == 204 => {}
        None => {
            stream.read_to_end(&mut body)?;
            keep = false;
        }
    }
    let answer = Answer {
        status,
        headers,
        body,
    };
    Ok((answer, keep))
}

fn read_line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(line)
}
