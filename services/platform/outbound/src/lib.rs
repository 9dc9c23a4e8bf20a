//! HTTP requests to others: payment providers, receivers of call-backs.
//!
//! Duty: one request and its answer, each with an end, off the threads that serve. What came to
//! nothing before a byte was sent is told apart from what may have arrived.
//!
//! Prohibition: no TLS (an egress proxy ends it, see docs/payments.md), no redirects, no proxies
//! out of the environment, no retries: whoever asks knows whether asking again is safe. No header
//! and no body is ever part of a message.

use std::fmt;
use std::time::Duration;
use ureq::{Agent, Error};

/// An answer longer than this is not read.
const ANSWER_BYTES_MAX: u64 = 1_000_000;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Without a body.
    Get,
    /// With one.
    Post,
}

/// One request.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked.
    pub method: Method,
    /// The whole address; `http` only.
    pub url: String,
    /// Headers by name. Their values may be secret.
    pub headers: Vec<(&'static str, String)>,
    /// What is sent.
    pub body: Vec<u8>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// One answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nothing was sent: there is no connection, or the address is none.
    #[error("nothing was sent: {0}")]
    NotSent(String),
    /// It may have arrived.
    #[error("no answer in time: {0}")]
    NoAnswer(String),
}

/// Sends requests.
#[derive(Clone, Debug)]
pub struct HttpCaller {
    agent: Agent,
}

impl HttpCaller {
    /// A caller whose requests end after so long, connecting and reading included.
    #[must_use]
    pub fn new(deadline: Duration) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(deadline))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            // A connection that the other side has closed meanwhile would look like a lost answer.
            .max_idle_connections(0)
            .build();
        Self {
            agent: agent.into(),
        }
    }

    /// Sends a request and waits for its answer, on a thread where that may take a while.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call(&self, request: Request) -> Result<Response, CallError> {
        let agent = self.agent.clone();
        let calling = tokio::task::spawn_blocking(move || send(&agent, &request));
        calling
            .await
            .unwrap_or_else(|error| Err(CallError::NoAnswer(error.to_string())))
    }
}

fn send(agent: &Agent, request: &Request) -> Result<Response, CallError> {
    let answered = match request.method {
        Method::Get => {
            let asked = agent.get(&request.url);
            let asked = request.headers.iter().fold(asked, |asked, (name, value)| {
                asked.header(*name, value.as_str())
            });
            asked.call()
        }
        Method::Post => {
            let asked = agent.post(&request.url);
            let asked = request.headers.iter().fold(asked, |asked, (name, value)| {
                asked.header(*name, value.as_str())
            });
            asked.send(&request.body)
        }
    };
    let mut response = answered.map_err(|error| sorted(&error))?;
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
    let body = body
        .read_to_vec()
        .map_err(|error| CallError::NoAnswer(error.to_string()))?;
    Ok(Response { status, body })
}

/// Only what surely never left counts as not sent.
fn sorted(error: &Error) -> CallError {
    let text = error.to_string();
    let refused =
        matches!(error, Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused);
    let nobody = matches!(
        error,
        Error::HostNotFound | Error::ConnectionFailed | Error::BadUri(_)
    );
    if refused || nobody {
        CallError::NotSent(text)
    } else {
        CallError::NoAnswer(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    fn request(url: String) -> Request {
        Request {
            method: Method::Post,
            url,
            headers: vec![("authorization", "Bearer canary".to_owned())],
            body: b"canary".to_vec(),
        }
    }

    /// A server that reads a request, and answers with these bytes or hangs up.
    fn server(answer: Option<&'static [u8]>) -> (String, std::thread::JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/there", listener.local_addr().unwrap());
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut read = Vec::new();
            let mut buffer = [0; 1_024];
            while !read.ends_with(b"canary") {
                let count = stream.read(&mut buffer).unwrap();
                read.extend_from_slice(&buffer[..count]);
            }
            if let Some(answer) = answer {
                stream.write_all(answer).unwrap();
            }
            read
        });
        (url, serving)
    }

    #[tokio::test]
    async fn an_answer_of_any_status_is_an_answer() {
        let (url, serving) = server(Some(
            b"HTTP/1.1 402 Declined\r\nContent-Length: 2\r\n\r\nno",
        ));
        let caller = HttpCaller::new(Duration::from_secs(5));
        let response = caller.call(request(url)).await.unwrap();
        assert_eq!(
            (response.status, response.body.as_slice()),
            (402, &b"no"[..])
        );
        let sent = String::from_utf8(serving.join().unwrap()).unwrap();
        assert!(sent.starts_with("POST /there HTTP/1.1\r\n"), "{sent}");
        assert!(sent.to_lowercase().contains("authorization: bearer canary"));
    }

    /// Whoever answers for a provider must not send its secret on to somebody else.
    #[tokio::test]
    async fn an_answer_that_points_elsewhere_is_not_followed() {
        for answer in [
            &b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"[..],
            b"HTTP/1.1 307 Other\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        ] {
            let (url, serving) = server(Some(answer));
            let caller = HttpCaller::new(Duration::from_secs(5));
            let response = caller.call(request(url)).await.unwrap();
            assert!([302, 307].contains(&response.status), "{response:?}");
            serving.join().unwrap();
        }
    }

    #[tokio::test]
    async fn what_may_have_arrived_is_told_from_what_has_not() {
        let caller = HttpCaller::new(Duration::from_secs(5));
        let (url, serving) = server(None);
        let lost = caller.call(request(url)).await.unwrap_err();
        assert!(matches!(lost, CallError::NoAnswer(_)), "{lost:?}");
        serving.join().unwrap();
        let nobody = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let unsent = caller.call(request(format!("http://{nobody}/"))).await;
        assert!(matches!(unsent, Err(CallError::NotSent(_))), "{unsent:?}");
    }

    #[tokio::test]
    async fn silence_ends_at_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let caller = HttpCaller::new(Duration::from_millis(50));
        let silent = caller.call(request(url)).await.unwrap_err();
        assert!(matches!(silent, CallError::NoAnswer(_)), "{silent:?}");
    }

    #[test]
    fn neither_headers_nor_bodies_are_shown() {
        let shown = format!("{:?}", request("http://there".to_owned()));
        assert!(!shown.contains("canary"), "{shown}");
    }
}
