//! What a client has asked for and what it was told: the only thing that these tests believe.
//!
//! Duty: one entry per idempotency key, from invoked over unknown to one final answer, and the
//! money that follows from the final ones. Prohibition: nothing here asks the server what it
//! thinks has happened.

use crate::http::{Answer, Ask, Client};
use crate::rig::deposit;
use serde_json::Value;
use std::collections::BTreeMap;

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    Bet { minor: i64, wins: bool },
    Deposit { minor: i64 },
}

/// What is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Sent, and no final answer came.
    Nothing,
    /// Done: the thing's id, and the answer as it came.
    Done { id: String, body: Vec<u8> },
    /// Refused for ever.
    Refused { code: String },
}

/// One key.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: String,
    pub wish: Wish,
    body: String,
    pub known: Known,
    /// The id that an answer named before the final one.
    promised: Option<String>,
    /// How often it was sent.
    pub sent: u32,
}

impl Entry {
    pub fn bet(key: String, minor: i64, wins: bool, slip: &Value) -> Self {
        Self::new(key, Wish::Bet { minor, wins }, slip.to_string())
    }

    pub fn deposit(key: String, minor: i64) -> Self {
        Self::new(key, Wish::Deposit { minor }, deposit(minor))
    }

    fn new(key: String, wish: Wish, body: String) -> Self {
        Self {
            key,
            wish,
            body,
            known: Known::Nothing,
            promised: None,
            sent: 0,
        }
    }

    pub fn is_unknown(&self) -> bool {
        self.known == Known::Nothing
    }

    /// Sends it, for the first time or again. What comes back is noted, and returned; an error
    /// is a connection that told nothing.
    pub fn send(&mut self, client: &mut Client, token: &str) -> std::io::Result<Answer> {
        self.sent += 1;
        let path = match self.wish {
            Wish::Bet { .. } => "/v1/bets",
            Wish::Deposit { .. } => "/v1/deposits",
        };
        let ask = Ask::post(path, self.body.as_bytes())
            .by(token)
            .key(&self.key);
        let answer = client.ask(ask)?;
        self.note(&answer);
        Ok(answer)
    }

    fn note(&mut self, answer: &Answer) {
        let id = answer.text("id");
        let known = match (&self.wish, answer.status) {
            (Wish::Bet { .. }, 201) | (Wish::Deposit { .. }, 202) => Known::Done {
                id: id.clone(),
                body: answer.body.clone(),
            },
            // Placed and durable: from now on this bet exists.
            (Wish::Bet { .. }, 202) => {
                self.must_be_promised(&id);
                self.promised = Some(id);
                return;
            }
            (_, 409) if answer.code() == "idempotency_key_in_flight" => return,
            (_, 503) => return,
            (_, 400..=499) => Known::Refused {
                code: answer.code(),
            },
            (_, _) => panic!("{}: unlawful answer {}", self.key, answer.shown()),
        };
        if let Known::Done { id, .. } = &known {
            self.must_be_promised(id);
        }
        match &self.known {
            Known::Nothing => self.known = known,
            before => assert_eq!(
                *before,
                known,
                "{}: a final answer changed to {}",
                self.key,
                answer.shown()
            ),
        }
    }

    fn must_be_promised(&self, id: &str) {
        if let Some(promised) = &self.promised {
            assert_eq!(promised, id, "{}: another bet than was promised", self.key);
        }
    }

    /// Asks until there is a final answer.
    pub fn resolve(&mut self, client: &mut Client, token: &str) {
        crate::rig::wait_for(&format!("an answer to {}", self.key), || {
            let answer = self.send(client, token);
            assert!(answer.is_ok(), "{}: {answer:?}", self.key);
            (!self.is_unknown()).then_some(())
        });
    }
}

/// Everything that one customer has asked for.
#[derive(Clone, Debug, Default)]
pub struct History(pub Vec<Entry>);

impl History {
    /// Cents that cash and held must show before anything is settled.
    pub fn cash_and_held(&self, first: i64) -> (i64, i64) {
        let done = self.0.iter().filter(|entry| entry.is_done());
        done.fold((first, 0), |(cash, held), entry| match entry.wish {
            Wish::Bet { minor, .. } => (cash - minor, held + minor),
            Wish::Deposit { minor } => (cash + minor, held),
        })
    }

    /// What winning bets return at these odds of so many to one, stake included.
    pub fn returns(&self, price: i64) -> i64 {
        let done = self.0.iter().filter(|entry| entry.is_done());
        done.map(|entry| match entry.wish {
            Wish::Bet { minor, wins: true } => minor * price,
            Wish::Bet { .. } | Wish::Deposit { .. } => 0,
        })
        .sum()
    }

    /// Held against the customer's whole list of bets: none lost, none doubled, none made up.
    pub fn must_be_listed(&self, bets: &[Value]) {
        let mut listed: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for bet in bets {
            let key = bet["client_ref"].as_str().expect("all slips carried one");
            listed.entry(key).or_default().push(bet);
        }
        for entry in &self.0 {
            let Wish::Bet { .. } = entry.wish else {
                continue;
            };
            let found = listed.remove(entry.key.as_str()).unwrap_or_default();
            let ids = |status: &str| -> Vec<&str> {
                let of_status = found.iter().filter(|bet| bet["status"] == status);
                of_status.filter_map(|bet| bet["id"].as_str()).collect()
            };
            match &entry.known {
                Known::Done { id, .. } => {
                    assert_eq!(ids("accepted"), [id.as_str()], "{}: {found:?}", entry.key);
                    assert_eq!(found.len(), 1, "{}: {found:?}", entry.key);
                }
                Known::Refused { code } => {
                    let others = found.len() - ids("rejected").len();
                    assert_eq!(others, 0, "{} was refused ({code}): {found:?}", entry.key);
                    assert!(found.len() <= 1, "{}: {found:?}", entry.key);
                }
                Known::Nothing => panic!("{} was never answered", entry.key),
            }
        }
        assert!(listed.is_empty(), "bets that nobody asked for: {listed:?}");
    }
}

impl Entry {
    pub fn is_done(&self) -> bool {
        matches!(self.known, Known::Done { .. })
    }
}
