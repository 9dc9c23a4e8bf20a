//! How an adapter reaches its provider.
//!
//! Duty: address, secret and deadline of one provider, and the sorting of what may come back into
//! the few kinds that mean something for money. Prohibition: the secret is in no message; nothing
//! here asks twice.

use kernel::{Duration, Timestamp};
use outbound::{CallError, HttpCaller, Method, Request, Response};
use serde_json::Value;
use std::fmt;

/// Providers forget idempotency keys after a day. A call that is older might be a second payment,
/// so it is not made any more: only questions are asked then.
pub(crate) const KEY_LIFE: Duration = Duration::from_secs(23 * 60 * 60);

/// Whether a call may still be made under its key.
pub(crate) fn key_lives(requested_at: Timestamp, now: Timestamp) -> bool {
    now.since(requested_at) < KEY_LIFE
}

/// Text that nobody gets to see.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderSecret(String);

impl ProviderSecret {
    /// This one, without the white space that files end with.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ProviderSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProviderSecret(…)")
    }
}

/// Where a provider is, and what shows that we are its customer.
#[derive(Clone, Debug)]
pub struct Door {
    /// `http://host:port`, with a path if need be and without a slash at the end: the egress
    /// proxy that speaks TLS to the provider.
    pub url: String,
    /// Shown as a bearer token.
    pub secret: ProviderSecret,
    /// Sends requests, each with its deadline.
    pub caller: HttpCaller,
}

/// What an answer means before anybody looks into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Done as asked.
    Done(Value),
    /// Understood and not done, for ever.
    Refused(u16, Value),
    /// Not there.
    NotThere,
    /// Nothing can be said: silence, too many requests, a fault over there, not our credentials,
    /// or words that make no sense.
    Unclear,
}

impl Door {
    pub(crate) async fn get(&self, path: &str, headers: Vec<(&'static str, String)>) -> Told {
        self.ask(Method::Get, path, headers, Vec::new()).await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> Told {
        self.ask(Method::Post, path, headers, body).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        mut headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> Told {
        headers.push(("authorization", format!("Bearer {}", self.secret.expose())));
        headers.push(("accept", "application/json".to_owned()));
        let request = Request {
            method,
            url: format!("{}{path}", self.url.trim_end_matches('/')),
            headers,
            body,
        };
        match self.caller.call(request).await {
            Ok(response) => sorted(&response),
            Err(CallError::NotSent(_) | CallError::NoAnswer(_)) => Told::Unclear,
        }
    }
}

/// Credentials that do not fit are a fault of ours that a person mends: no payment fails for it.
/// A key that is in use at this moment is asked about again.
fn sorted(response: &Response) -> Told {
    let Ok(body) = serde_json::from_slice::<Value>(&response.body) else {
        return match response.status {
            404 => Told::NotThere,
            _ => Told::Unclear,
        };
    };
    match response.status {
        200..=299 => Told::Done(body),
        404 => Told::NotThere,
        400 | 402 | 422 => Told::Refused(response.status, body),
        _ => Told::Unclear,
    }
}

/// A reason as it stands in events and on a customer's page: a word, whatever the provider says.
pub(crate) fn reason(text: Option<&str>) -> String {
    let plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    let text: String = text.unwrap_or("").chars().filter(plain).take(64).collect();
    if text.is_empty() {
        "declined".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str) -> Told {
        let body = body.as_bytes().to_vec();
        sorted(&Response { status, body })
    }

    #[test]
    fn only_a_clear_refusal_is_one() {
        assert!(matches!(told(402, "{}"), Told::Refused(402, _)));
        assert_eq!(told(404, "not json"), Told::NotThere);
        for status in [301, 401, 403, 409, 429, 500, 502, 503, 504] {
            assert_eq!(told(status, "{}"), Told::Unclear, "{status}");
        }
        assert_eq!(told(200, "<html>"), Told::Unclear);
        assert_eq!(told(402, "<html>"), Told::Unclear);
    }

    #[test]
    fn a_call_gets_too_old_before_its_key_is_forgotten() {
        let asked = Timestamp::default();
        assert!(key_lives(asked, asked.plus(Duration::from_secs(82_799))));
        assert!(!key_lives(asked, asked.plus(Duration::from_secs(82_800))));
    }

    #[test]
    fn the_secret_is_not_shown() {
        let door = Door {
            url: "http://there".to_owned(),
            secret: ProviderSecret::new("canary\n"),
            caller: HttpCaller::new(std::time::Duration::from_secs(1)),
        };
        assert_eq!(door.secret.expose(), "canary");
        assert!(!format!("{door:?}").contains("canary"));
    }

    #[test]
    fn reasons_are_words() {
        assert_eq!(reason(Some("insufficient_funds")), "insufficient_funds");
        assert_eq!(reason(Some("<b> Jane Doe")), "bJaneDoe");
        assert_eq!(reason(None), "declined");
    }
}
