//! Questions to a registry over HTTP, and what may come back.
//!
//! Duty: one request at a time, each with an end, and the sorting of answers into the few kinds
//! that mean something. Prohibition: no TLS (put a proxy in front), no redirects, no proxies out
//! of the environment; the credentials of the address appear in one header and in no message.

use crate::port::StoreError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::time::Duration;
use ureq::http::{Response, Uri};
use ureq::{Agent, Body, Error};

/// From the first byte sent to the last one received.
const REQUEST_TIME: Duration = Duration::from_secs(5);
/// The largest of our schemas has a hundredth of it.
const ANSWER_BYTES_MAX: u64 = 4_000_000;
/// What is repeated of an answer that makes no sense.
const TOLD_LETTERS_MAX: usize = 300;

const CONTENT_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// A registry's address and the way to it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    agent: Agent,
    url: String,
    authorization: Option<String>,
}

/// An answer that means something.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// What was asked for.
    Here(Value),
    /// The registry knows what was asked for, and does not have it.
    NotThere,
    /// The registry's rules are against it.
    Conflict(String),
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask<'a> {
    Get,
    Put(&'a Value),
    Post(&'a Value),
}

impl Client {
    /// Reads `http://[user:password@]host[:port][/path]`.
    ///
    /// # Errors
    /// Something else.
    pub(crate) fn new(url: &str) -> Result<Self, StoreError> {
        // The password of what cannot be read is not repeated either.
        let shown = match (url.split_once("://"), url.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
            (None, Some((_, rest))) => rest.to_owned(),
            (None | Some(_), None) => url.to_owned(),
        };
        let parts = parts(url).ok_or_else(|| StoreError::BadUrl(shown.clone()))?;
        let (credentials, rest) = parts;
        let url = format!("http://{rest}");
        let is_url = url.parse::<Uri>().is_ok_and(|uri| {
            let host = uri.host().unwrap_or_default();
            let has_port = uri.authority().is_some_and(|all| all.as_str() != host);
            !host.is_empty() && uri.query().is_none() && has_port == uri.port_u16().is_some()
        });
        if !is_url {
            return Err(StoreError::BadUrl(shown));
        }
        let client = Self {
            agent: agent(REQUEST_TIME),
            url,
            authorization: None,
        };
        Ok(match credentials {
            Some(credentials) => client.with_credentials(&credentials),
            None => client,
        })
    }

    /// Shows `user:password` with every request.
    pub(crate) fn with_credentials(mut self, credentials: &[u8]) -> Self {
        self.authorization = Some(format!("Basic {}", STANDARD.encode(credentials)));
        self
    }

    /// Ends each request after so long.
    pub(crate) fn within(mut self, time: Duration) -> Self {
        self.agent = agent(time);
        self
    }

    /// The address without the credentials.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Asks, about a subject.
    ///
    /// # Errors
    /// No answer in time, not permitted, or an answer that makes no sense.
    pub(crate) fn ask(
        &self,
        subject: &str,
        path: &str,
        ask: Ask<'_>,
    ) -> Result<Answer, StoreError> {
        let url = format!("{}{path}", self.url);
        let answered = match ask {
            Ask::Get => self.authorized(self.agent.get(&url)).call(),
            Ask::Put(body) => self.send(self.agent.put(&url), body),
            Ask::Post(body) => self.send(self.agent.post(&url), body),
        };
        let mut response = answered.map_err(|error| self.failed(subject, &error))?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        let body = body
            .read_to_vec()
            .map_err(|error| self.failed(subject, &error))?;
        self.sort(subject, path, status, &body)
    }

    fn authorized<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        let request = request.header("Accept", CONTENT_TYPE);
        match &self.authorization {
            Some(authorization) => request.header("Authorization", authorization),
            None => request,
        }
    }

    fn send(
        &self,
        request: ureq::RequestBuilder<ureq::typestate::WithBody>,
        body: &Value,
    ) -> Result<Response<Body>, Error> {
        let request = self.authorized(request);
        request
            .header("Content-Type", CONTENT_TYPE)
            .send(body.to_string())
    }

    fn sort(
        &self,
        subject: &str,
        path: &str,
        status: u16,
        body: &[u8],
    ) -> Result<Answer, StoreError> {
        let value: Option<Value> = serde_json::from_slice(body).ok();
        let told = |value: &Option<Value>| {
            let message = value
                .as_ref()
                .and_then(|value| value.get("message")?.as_str());
            tellable(message.unwrap_or(&String::from_utf8_lossy(body)))
        };
        let code = value
            .as_ref()
            .and_then(|value| value.get("error_code")?.as_u64());
        match (status, value) {
            (200..=299, Some(value)) => Ok(Answer::Here(value)),
            // Behind these codes stands a registry; behind another 404 nobody that we know.
            (404, _) if code.is_some_and(|code| (40_400..40_500).contains(&code)) => {
                Ok(Answer::NotThere)
            }
            (409, value) => Ok(Answer::Conflict(told(&value))),
            (401 | 403, _) => Err(StoreError::NotPermitted {
                url: self.url.clone(),
                subject: subject.to_owned(),
                status,
            }),
            (_, value) => Err(self.unreadable(
                subject,
                format!("{path} answered {status}: {}", told(&value)),
            )),
        }
    }

    pub(crate) fn unreadable(&self, subject: &str, detail: impl Into<String>) -> StoreError {
        StoreError::Unreadable {
            url: self.url.clone(),
            subject: subject.to_owned(),
            detail: detail.into(),
        }
    }

    fn failed(&self, subject: &str, error: &Error) -> StoreError {
        let nobody = matches!(
            error,
            Error::Io(_) | Error::Timeout(_) | Error::HostNotFound | Error::ConnectionFailed
        );
        if nobody {
            StoreError::Unreachable {
                url: self.url.clone(),
                subject: subject.to_owned(),
                detail: error.to_string(),
            }
        } else {
            self.unreadable(subject, error.to_string())
        }
    }
}

fn agent(time: Duration) -> Agent {
    Agent::config_builder()
        .timeout_global(Some(time))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        // A few dozen requests in a process's life: nothing is gained by keeping connections that
        // the other side may have closed.
        .max_idle_connections(0)
        .build()
        .into()
}

/// The credentials, decoded, and everything from the host on, without a slash at the end.
fn parts(url: &str) -> Option<(Option<Vec<u8>>, &str)> {
    let rest = url.strip_prefix("http://")?.trim_end_matches('/');
    let authority_ends = rest.find('/').unwrap_or(rest.len());
    let (authority, _) = rest.split_at_checked(authority_ends)?;
    let Some((credentials, host)) = authority.rsplit_once('@') else {
        return Some((None, rest));
    };
    let from = authority.len().checked_sub(host.len())?;
    Some((Some(percent_decoded(credentials)?), rest.get(from..)?))
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            let digits = str::from_utf8(&digits).ok()?;
            out.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    Some(out)
}

/// What somebody else wrote, fit for a message of ours.
fn tellable(text: &str) -> String {
    let plain = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    let plain: String = plain.take(TOLD_LETTERS_MAX).collect();
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_may_have_a_path_and_credentials() {
        for (url, shown, authorization) in [
            ("http://localhost:8081", "http://localhost:8081", None),
            (
                "http://r/apis/ccompat/v7/",
                "http://r/apis/ccompat/v7",
                None,
            ),
            ("http://[::1]:8081", "http://[::1]:8081", None),
            ("http://me:word@r:1/a@b", "http://r:1/a@b", Some("me:word")),
            ("http://a%40b:c%3ad@r", "http://r", Some("a@b:c:d")),
            ("http://a@b:c@r", "http://r", Some("a@b:c")),
        ] {
            let client = Client::new(url).unwrap();
            let expected = authorization.map(|plain| format!("Basic {}", STANDARD.encode(plain)));
            assert_eq!(
                (client.url(), client.authorization.clone()),
                (shown, expected)
            );
        }
    }

    #[test]
    fn another_address_is_refused_without_telling_its_password() {
        for url in [
            "",
            "localhost:8081",
            "https://me:secret@r",
            "me:secret@r:80",
            "http://",
            "http:///path",
            "http://me:secret@",
            "http://me:secret%zz@r",
            "http://r/?q=1",
            "http://r:99999999",
            "http://r s",
        ] {
            let error = Client::new(url).unwrap_err();
            assert!(matches!(error, StoreError::BadUrl(_)), "{url}: {error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn what_others_wrote_is_cut_to_a_line() {
        assert_eq!(tellable(" a\n\x1b[1mb "), "a  [1mb");
        assert_eq!(
            tellable(&"ä".repeat(1_000)).chars().count(),
            TOLD_LETTERS_MAX
        );
    }
}
