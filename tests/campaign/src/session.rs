//! A signed-in connection that lives through restarts.
//!
//! Duty: go to a gateway that is there, sign in when a token is missing or over, ask once.
//! Prohibition: no request is sent a second time by itself; who asked decides about that.

use crate::fleet::Doors;
use crate::http::{Answer, Ask, Connection};
use crate::time::now;
use serde_json::json;
use std::time::{Duration, Instant};

/// Access tokens live for ten minutes; a new one is fetched well before that.
const TOKEN_LIFE: Duration = Duration::from_secs(420);

/// Who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The login.
    pub login: String,
    /// The password.
    pub password: String,
}

/// Why nothing was heard.
#[derive(Debug, thiserror::Error)]
pub enum Deaf {
    /// No gateway is there.
    #[error("no gateway is there")]
    NoDoor,
    /// The connection told nothing.
    #[error("the connection told nothing: {0}")]
    Connection(#[from] std::io::Error),
    /// The sign-in did not work; the request itself was not sent.
    #[error("not signed in: {0}")]
    SignIn(String),
}

/// One person's connection.
pub struct Session {
    doors: Doors,
    who: Credentials,
    /// Which of several gateways is liked best.
    client: usize,
    failures: usize,
    connection: Option<Connection>,
    token: Option<(String, Instant)>,
}

impl Session {
    /// Not signed in yet.
    #[must_use]
    pub const fn new(doors: Doors, who: Credentials, client: usize) -> Self {
        Self {
            doors,
            who,
            client,
            failures: 0,
            connection: None,
            token: None,
        }
    }

    /// Asks once, signed in.
    ///
    /// # Errors
    /// Nothing was heard: what was asked may or may not have been done, unless the error says
    /// that it was not sent.
    pub fn ask(&mut self, ask: Ask<'_>) -> Result<Answer, Deaf> {
        let token = self.token()?;
        let answer = self.send(ask.by(&token))?;
        if answer.status == 401 {
            self.token = None;
        }
        Ok(answer)
    }

    /// Asks once, as nobody.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn ask_as_nobody(&mut self, ask: Ask<'_>) -> Result<Answer, Deaf> {
        self.send(ask)
    }

    fn token(&mut self) -> Result<String, Deaf> {
        if let Some((token, since)) = &self.token
            && since.elapsed() < TOKEN_LIFE
        {
            return Ok(token.clone());
        }
        let body = json!({"login": self.who.login, "password": self.who.password}).to_string();
        let answer = self.send(Ask::post("/v1/auth/login", &body))?;
        if answer.status != 200 {
            return Err(Deaf::SignIn(answer.shown()));
        }
        let token = answer.text("access_token");
        self.token = Some((token.clone(), now()));
        Ok(token)
    }

    fn send(&mut self, ask: Ask<'_>) -> Result<Answer, Deaf> {
        let port = self.doors.port(self.client, self.failures);
        let port = port.ok_or(Deaf::NoDoor)?;
        let mut connection = match self.connection.take() {
            Some(connection) if connection.port() == port => connection,
            Some(_) | None => Connection::new(port),
        };
        match connection.ask(ask) {
            Ok(answer) => {
                self.connection = Some(connection);
                Ok(answer)
            }
            Err(error) => {
                self.failures += 1;
                Err(error.into())
            }
        }
    }
}
