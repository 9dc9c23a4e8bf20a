//! How a tool makes itself known to a running furlong.
//!
//! Duty: the arguments that say where and as whom, the sign-in, and one reading of what the other
//! side answers. Prohibition: a password is never an argument and never shown.

use crate::exit::Failure;
use crate::http::{Answer, Server};
use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Where to, and as whom.
#[derive(Debug, Args)]
pub struct SignIn {
    /// The running furlong, such as http://localhost:7400
    #[arg(long, value_name = "URL", value_parser = Server::read)]
    to: Server,
    /// The login of somebody who may do this
    #[arg(long, requires = "password_file")]
    login: Option<String>,
    /// A file with that person's password
    #[arg(long, value_name = "FILE", requires = "login")]
    password_file: Option<PathBuf>,
    /// The ready file of `furlong dev`, which names people of each role
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "login",
        required_unless_present = "login"
    )]
    ready_file: Option<PathBuf>,
}

/// A signed-in person at a running furlong.
pub struct SignedIn<'a> {
    /// The running furlong.
    pub server: &'a Server,
    login: String,
    password: String,
    token: String,
}

impl SignIn {
    /// Signs in: as told, or as the person that the ready file names for this role.
    ///
    /// # Errors
    /// A file cannot be read or names nobody of the role; the other side does not let in.
    pub fn as_role(&self, role: &str) -> Result<SignedIn<'_>, Failure> {
        let (login, password) = self.credentials(role)?;
        let mut signed_in = SignedIn {
            server: &self.to,
            login,
            password,
            token: String::new(),
        };
        signed_in.renew()?;
        Ok(signed_in)
    }

    fn credentials(&self, role: &str) -> Result<(String, String), Failure> {
        let read = |path: &Path| {
            let told = |error| Failure::Usage(format!("{}: {error}", path.display()));
            std::fs::read_to_string(path).map_err(told)
        };
        if let (Some(login), Some(path)) = (&self.login, &self.password_file) {
            let password = read(path)?.trim_end_matches(['\r', '\n']).to_owned();
            return Ok((login.clone(), password));
        }
        let path = self.ready_file.as_deref();
        let path = path.ok_or_else(|| Failure::Usage("--login or --ready-file".to_owned()))?;
        let no_ready_file =
            |error| Failure::Usage(format!("{} is no ready file: {error}", path.display()));
        let ready: Value = serde_json::from_str(&read(path)?).map_err(no_ready_file)?;
        let of = |name: &str| ready["users"][role][name].as_str().map(str::to_owned);
        let found = of("login").zip(of("password"));
        found.ok_or_else(|| Failure::Usage(format!("{} names no {role}", path.display())))
    }
}

impl SignedIn<'_> {
    /// Signs in anew: access tokens live for minutes, recordings for hours.
    ///
    /// # Errors
    /// The other side does not let in, or is not there.
    pub fn renew(&mut self) -> Result<(), Failure> {
        let body = json!({"login": self.login, "password": self.password}).to_string();
        let answer = self
            .server
            .post("/v1/auth/login", "application/json", None, &body)?;
        let told = accepted(&answer)?;
        let token = told["access_token"].as_str();
        self.token = token.context("the other side gave no token")?.to_owned();
        Ok(())
    }

    /// What shows who asks.
    pub fn token(&self) -> &str {
        &self.token
    }
}

/// What a good answer says.
///
/// # Errors
/// It is not a good one: told with all that it says.
pub fn accepted(answer: &Answer) -> Result<Value, Failure> {
    let told: Value = serde_json::from_str(&answer.body).unwrap_or(Value::Null);
    if (200..300).contains(&answer.status) {
        return Ok(told);
    }
    let mut said = format!("the other side answered {}", answer.status);
    let texts = ["code", "title", "detail"].map(|name| told[name].as_str());
    let errors = told["errors"].as_array().into_iter().flatten();
    let errors: Vec<String> = errors.map(ToString::to_string).collect();
    let errors = errors.iter().map(String::as_str);
    for text in texts.into_iter().flatten().chain(errors) {
        said.push_str(": ");
        said.push_str(text);
    }
    Err(match answer.status {
        401 | 403 => Failure::NotPermitted(said),
        _ => Failure::failed(said),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_whole_and_says_who_may_not() {
        let answer = |status, body: &str| Answer {
            status,
            body: body.to_owned(),
        };
        let body = r#"{"code":"invalid_request","title":"T","detail":"D","errors":[{"at":1}]}"#;
        let told = accepted(&answer(422, body)).unwrap_err().to_string();
        let expected = "the other side answered 422: invalid_request: T: D: {\"at\":1}";
        assert_eq!(told, expected);
        for status in [401, 403] {
            let refused = accepted(&answer(status, "{}")).unwrap_err();
            assert!(matches!(refused, Failure::NotPermitted(_)), "{refused}");
        }
        let told = accepted(&answer(502, "no JSON")).unwrap_err().to_string();
        assert_eq!(told, "the other side answered 502");
        assert_eq!(accepted(&answer(201, "{}")).unwrap(), json!({}));
    }
}
