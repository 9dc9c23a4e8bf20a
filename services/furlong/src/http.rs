//! A small HTTP client, for tools that talk to a furlong.
//!
//! Duty: one request and its answer over a plain connection. Prohibition: no TLS, no redirects,
//! no cookies; put a proxy in front of what is not on this machine or network.

use anyhow::{Context, bail, ensure};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The longest silence in the middle of an answer.
const SILENCE: Duration = Duration::from_secs(60);

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    authority: String,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Server {
    /// Reads `http://host:port`.
    ///
    /// # Errors
    /// Something else.
    pub fn read(url: &str) -> Result<Self, String> {
        let authority = url
            .strip_prefix("http://")
            .map(|rest| rest.trim_end_matches('/'));
        let authority = authority.filter(|rest| !rest.is_empty() && !rest.contains('/'));
        let authority = authority
            .ok_or_else(|| format!("{url:?} is not a base such as http://localhost:7400"))?;
        let has_port = authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        Ok(Self {
            authority: if has_port {
                authority.to_owned()
            } else {
                format!("{authority}:80")
            },
        })
    }

    /// Posts a body.
    ///
    /// # Errors
    /// No connection, or no HTTP answer on it.
    pub fn post(
        &self,
        path: &str,
        content_type: &str,
        token: Option<&str>,
        body: &str,
    ) -> anyhow::Result<Answer> {
        let authorization = token
            .map(|token| format!("Authorization: Bearer {token}\r\n"))
            .unwrap_or_default();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: {content_type}\r\n{authorization}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.authority,
            body.len()
        );
        self.ask(&request, SILENCE)
    }

    /// Posts JSON as one request however often it is sent: the key says which.
    ///
    /// # Errors
    /// No connection, or no HTTP answer on it.
    pub fn post_once(
        &self,
        path: &str,
        token: &str,
        key: &str,
        body: &str,
    ) -> anyhow::Result<Answer> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {key}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.authority,
            body.len()
        );
        self.ask(&request, SILENCE)
    }

    /// Gets what is at a path.
    ///
    /// # Errors
    /// No connection, or no HTTP answer on it in time.
    pub fn get(&self, path: &str, patience: Duration) -> anyhow::Result<Answer> {
        let host = &self.authority;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        self.ask(&request, patience)
    }

    fn ask(&self, request: &str, silence: Duration) -> anyhow::Result<Answer> {
        let mut connection = TcpStream::connect(&self.authority)
            .with_context(|| format!("{} does not answer", self.authority))?;
        connection.set_read_timeout(Some(silence))?;
        connection.write_all(request.as_bytes())?;
        connection.flush()?;
        let mut bytes = Vec::new();
        connection
            .read_to_end(&mut bytes)
            .context("the answer was cut off")?;
        answer(&bytes)
    }
}

/// The beginning of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// Bytes before the body.
    pub bytes: usize,
    /// Bytes of the body, where they are told.
    pub body_bytes: Option<usize>,
}

/// Reads the beginning of an answer; none: not all of it is there yet.
///
/// # Errors
/// Not an HTTP answer, or one whose body comes in pieces.
pub fn head(bytes: &[u8]) -> anyhow::Result<Option<Head>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = bytes.get(..end).unwrap_or_default();
    let text = std::str::from_utf8(text).context("not an HTTP answer")?;
    let mut lines = text.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok())
        .context("not an HTTP answer")?;
    let mut body_bytes = None;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            let told = value.trim().parse();
            body_bytes = Some(told.context("a length that is no number")?);
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("an answer in pieces, which this client does not read");
        }
    }
    Ok(Some(Head {
        status,
        bytes: end.saturating_add(4),
        body_bytes,
    }))
}

fn answer(bytes: &[u8]) -> anyhow::Result<Answer> {
    let head = head(bytes)?.context("not an HTTP answer")?;
    let body = bytes.get(head.bytes..).unwrap_or_default();
    if let Some(told) = head.body_bytes {
        ensure!(told == body.len(), "the answer was cut off");
    }
    Ok(Answer {
        status: head.status,
        body: String::from_utf8_lossy(body).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_base_is_read() {
        let authority = |url: &str| Server::read(url).map(|server| server.authority).ok();
        assert_eq!(
            authority("http://localhost:7400/").as_deref(),
            Some("localhost:7400")
        );
        assert_eq!(
            authority("http://example.org").as_deref(),
            Some("example.org:80")
        );
        for url in ["", "localhost:7400", "https://x", "http://", "http://x/v1"] {
            assert_eq!(authority(url), None, "{url}");
        }
    }

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let whole = b"HTTP/1.1 201 Created\r\ncontent-length: 7\r\n\r\n{\"a\"";
        let expected = Head {
            status: 201,
            bytes: 43,
            body_bytes: Some(7),
        };
        assert_eq!(head(whole).unwrap(), Some(expected));
        assert_eq!(head(&whole[..42]).unwrap(), None);
    }

    #[test]
    fn answers_are_taken_whole_or_not_at_all() {
        let ok = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        assert_eq!((ok.status, ok.body.as_str()), (200, "{}"));
        for bytes in [
            &b""[..],
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
            b"SSH-2.0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert!(answer(bytes).is_err(), "{bytes:?}");
        }
    }
}
