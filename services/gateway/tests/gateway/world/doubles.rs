//! The ports that the process around the gateway would fill, as simple as they can be: names for
//! tokens, a word for a signature, a counter for a clock.

use super::{ANNA, BOB, PARTITIONS};
use axum::http::HeaderMap;
use eventlog::{EventLog, MemoryLog};
use futures::FutureExt;
use futures::future::BoxFuture;
use gateway::ports::*;
use gateway::{Config, Demo, Parts};
use kernel::*;
use markets::MarketView;
use schemas::auth::{PasskeyProof, Role};
use schemas::bets::SlipOutcome;
use schemas::promotions::{Bonus, Division, StakeFunded};
use schemas::{Blob, odds, payments};
use sha2::Digest as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use viewstore::MemoryViewStore;

pub fn parts(
    log: &MemoryLog,
    views: &MemoryViewStore,
    markets: &Arc<RwLock<MarketView>>,
    config: Config,
) -> Parts {
    Parts {
        log: Arc::new(log.clone()),
        views: Arc::new(views.clone()),
        markets: Arc::clone(markets),
        partitions: PARTITIONS,
        config,
        clock: Arc::new(Ticking(AtomicU64::new(0))),
        mint: Arc::new(Counting(AtomicU64::new(0))),
        passwords: Arc::new(PlainPasswords),
        tokens: Arc::new(PlainTokens),
        rate_store: None,
        sealer: Arc::new(PlainSealer),
        factors: Arc::new(PlainFactors),
        passkeys: Arc::new(NoPasskeys),
        webhooks: Arc::new(PlainWebhooks),
        feed: Some(Arc::new(NumberLines)),
        receipts: None,
        calculator: Some(Arc::new(Echo)),
        foresight: Some(Arc::new(TwiceTheStake)),
        checkpoints: None,
        checks: vec![],
        metrics: vec![],
        notes: String::new(),
        demo: Some(Demo {
            login: "demo".to_owned(),
            password: "pass".to_owned(),
        }),
    }
}

/// A slip whose first leg wins pays twice its stake, another one nothing.
pub struct TwiceTheStake;

impl Foresight for TwiceTheStake {
    fn returned_if(
        &self,
        _: &MarketView,
        slip: &SlipRows,
        _: MarketId,
        outcomes: Option<&[odds::SelectionOutcome]>,
    ) -> Result<Option<(Money, SlipOutcome)>, String> {
        let stake = slip.placed.stake;
        let wins = |outcomes: &[odds::SelectionOutcome]| {
            outcomes.iter().any(|told| {
                told.selection == slip.legs[0].selection
                    && told.outcome.kind == odds::OutcomeKind::Won
            })
        };
        let paid = |times| Money::from_minor(stake.minor() * times, stake.currency());
        Ok(outcomes.map(|outcomes| {
            if wins(outcomes) {
                (paid(2), SlipOutcome::Won)
            } else {
                (paid(0), SlipOutcome::Lost)
            }
        }))
    }

    /// All of it becomes bonus money, whatever pays for the slip.
    fn divided(&self, funded: &StakeFunded, returned: Money, _: SlipOutcome) -> Division {
        Division {
            to_cash: Money::zero(returned.currency()),
            to_bonus: returned,
            wagered: funded.stake.promotional,
        }
    }

    /// All that is wagered more becomes cash.
    fn converted_more(&self, _: &Bonus, _: i64, wagered_minor: i64) -> i64 {
        wagered_minor
    }
}

/// Answers a question with itself; one without `ask` is none.
pub struct Echo;

impl Calculator for Echo {
    fn answer(&self, question: &serde_json::Value) -> Result<serde_json::Value, String> {
        match question.get("ask") {
            Some(_) => Ok(serde_json::json!({"asked": question})),
            None => Err("not a question".to_owned()),
        }
    }
}

/// Counts up; tests own the time.
pub struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let step = self.0.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_micros(1_780_000_000_000_000 + i64::try_from(step).unwrap())
    }
}

pub struct Counting(AtomicU64);

impl Mint for Counting {
    fn id(&self, partition: Partition) -> [u8; 16] {
        BetId::example(1_000 + self.0.fetch_add(1, Ordering::Relaxed), partition).bytes()
    }
    fn secret(&self) -> [u8; 32] {
        sha2::Sha256::digest(self.id(0)).into()
    }
}

pub struct PlainPasswords;

impl PasswordWorkers for PlainPasswords {
    fn hash(&self, password: String) -> BoxFuture<'static, Result<String, WorkersBusy>> {
        async move { Ok(hashed(&password)) }.boxed()
    }
    fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> BoxFuture<'static, Result<bool, WorkersBusy>> {
        async move { Ok(hash == Some(hashed(&password))) }.boxed()
    }
    fn judge(&self, password: &str, _: &str) -> Result<(), String> {
        if password.len() < 8 {
            return Err("too short".to_owned());
        }
        Ok(())
    }
}

fn hashed(password: &str) -> String {
    format!("{:?}", sha2::Sha256::digest(password))
}

/// Tokens are names.
pub struct PlainTokens;

impl Tokens for PlainTokens {
    fn issue(
        &self,
        customer: CustomerId,
        _: SessionId,
        _: &[Role],
        _: Option<Timestamp>,
        _: Timestamp,
    ) -> AccessToken {
        AccessToken {
            text: format!("{customer}"),
            expires_in_s: 600,
        }
    }
    fn verify(&self, token: &str, now: Timestamp) -> Result<Subject, TokenError> {
        let (customer, roles) = match token {
            "anna" | "anna refreshed" => (ANNA, vec![Role::Customer]),
            "bob" => (BOB, vec![Role::Customer]),
            "trader" => (CustomerId::example(3, 0), vec![Role::Trader]),
            "operator" => (CustomerId::example(4, 0), vec![Role::Operator]),
            "auditor" => (CustomerId::example(5, 0), vec![Role::Auditor]),
            "old" => return Err(TokenError::Expired),
            _ => return Err(TokenError::Invalid),
        };
        Ok(Subject {
            customer,
            session: SessionId::example(9, customer.partition()),
            roles,
            expires_at: now.plus(kernel::Duration::from_secs(600)),
            proved_at: (token != "anna refreshed").then_some(now),
        })
    }
    fn published(&self, _: Timestamp) -> Vec<PublishedKey> {
        vec![PublishedKey {
            id: "key-1".to_owned(),
            public: [1; 32],
        }]
    }
    fn successor(&self, _: CustomerId, _: SessionId, secret: [u8; 32]) -> [u8; 32] {
        sha2::Sha256::digest(secret).into()
    }
}

/// The code of every step is its number; secrets are not secret.
pub struct PlainFactors;

impl SecondFactors for PlainFactors {
    fn offer(&self, _: CustomerId) -> BoxFuture<'static, Result<OfferedSecret, KeysUnavailable>> {
        let text = "SECRET".to_owned();
        let sealed = Blob(b"terces".to_vec());
        async move { Ok(OfferedSecret { text, sealed }) }.boxed()
    }
    fn step_of(
        &self,
        _: CustomerId,
        _: Blob,
        code: String,
        _: Timestamp,
    ) -> BoxFuture<'static, Result<Option<u64>, KeysUnavailable>> {
        async move { Ok(code.parse().ok()) }.boxed()
    }
    fn recovery_codes(&self) -> Vec<String> {
        vec!["one".to_owned(), "two".to_owned()]
    }
    fn recovery_hash(&self, _: CustomerId, code: &str) -> kernel::Digest {
        kernel::Digest::from_bytes(sha2::Sha256::digest(code).into())
    }
}

/// Nobody has any; the whole house is asked with real ones.
pub struct NoPasskeys;

impl Passkeys for NoPasskeys {
    fn ask_to_add(
        &self,
        _: PasskeyPurpose,
        _: CustomerId,
        _: String,
        _: Vec<KeptPasskey>,
        _: Timestamp,
    ) -> BoxFuture<'static, Result<PasskeyQuestion, PasskeyRefused>> {
        async { Err(PasskeyRefused::NotProved) }.boxed()
    }
    fn add(
        &self,
        _: PasskeyPurpose,
        _: CustomerId,
        _: PasskeyAnswer,
        _: Timestamp,
    ) -> BoxFuture<'static, Result<MadePasskey, PasskeyRefused>> {
        async { Err(PasskeyRefused::NotProved) }.boxed()
    }
    fn ask_to_prove(
        &self,
        _: PasskeyPurpose,
        _: CustomerId,
        _: Vec<KeptPasskey>,
        _: Timestamp,
    ) -> BoxFuture<'static, Result<PasskeyQuestion, PasskeyRefused>> {
        async { Err(PasskeyRefused::NotProved) }.boxed()
    }
    fn claimed(&self, _: &serde_json::Value) -> Option<CustomerId> {
        None
    }
    fn prove(
        &self,
        _: PasskeyPurpose,
        _: CustomerId,
        _: Vec<KeptPasskey>,
        _: PasskeyAnswer,
        _: Timestamp,
    ) -> BoxFuture<'static, Result<PasskeyProof, PasskeyRefused>> {
        async { Err(PasskeyRefused::NotProved) }.boxed()
    }
    fn name(
        &self,
        _: CustomerId,
        _: Blob,
    ) -> BoxFuture<'static, Result<Option<String>, PasskeyRefused>> {
        async { Ok(None) }.boxed()
    }
}

pub struct PlainSealer;

impl ProfileSealer for PlainSealer {
    fn seal(
        &self,
        _: CustomerId,
        profile: Vec<u8>,
    ) -> BoxFuture<'static, Result<Blob, KeysUnavailable>> {
        async move { Ok(Blob(profile.into_iter().map(|byte| !byte).collect())) }.boxed()
    }
    fn open(
        &self,
        _: CustomerId,
        sealed: Blob,
    ) -> BoxFuture<'static, Result<Option<Vec<u8>>, KeysUnavailable>> {
        async move { Ok(Some(sealed.0.into_iter().map(|byte| !byte).collect())) }.boxed()
    }
    fn destroy(&self, _: CustomerId) -> BoxFuture<'static, Result<(), KeysUnavailable>> {
        async move { Ok(()) }.boxed()
    }
    fn login_hash(&self, login: &str) -> kernel::Digest {
        kernel::Digest::from_bytes(sha2::Sha256::digest(login).into())
    }
    fn fingerprint(&self, content: &[u8]) -> kernel::Digest {
        kernel::Digest::from_bytes(sha2::Sha256::digest(content).into())
    }
}

/// Takes bodies that are the word of the day.
pub struct PlainWebhooks;

impl WebhookVerifier for PlainWebhooks {
    fn verify(
        &self,
        provider: &str,
        _: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<WebhookCall, WebhookError> {
        if provider != "simulator" {
            return Err(WebhookError::ProviderUnknown);
        }
        if body != b"signed" {
            return Err(WebhookError::SignatureInvalid("wrong word".to_owned()));
        }
        let report = payments::ReportOutcome {
            provider: provider.to_owned(),
            event: "evt-1".to_owned(),
            payment: payments::Payment::Deposit(payments::DepositRef {
                deposit: DepositId::example(1, 3),
            }),
            outcome: payments::Outcome::Failed(payments::Failed {
                reason: "no".to_owned(),
            }),
            occurred_at: now,
        };
        Ok(WebhookCall {
            report,
            partition: 3,
        })
    }

    fn payment_named(&self, reference: &str, amount: Money) -> (payments::Payment, Partition) {
        match reference.parse::<DepositId>() {
            Ok(deposit) => {
                let payment = payments::Payment::Deposit(payments::DepositRef { deposit });
                (payment, deposit.partition())
            }
            Err(_) => {
                let reference = reference.to_owned();
                let unknown = payments::UnknownRef { reference, amount };
                (payments::Payment::Unknown(unknown), 3)
            }
        }
    }
}

/// Lines are sequence numbers of alive messages.
pub struct NumberLines;

impl FeedIngest for NumberLines {
    fn take<'a>(
        &'a self,
        _: &'a dyn EventLog,
        body: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<FeedLine>, FeedNotTaken>> {
        let mut wrong = Vec::new();
        let mut lines = Vec::new();
        for (text, line) in body.lines().zip(1..) {
            let Ok(sequence) = text.parse() else {
                wrong.push(FeedLineError {
                    line,
                    pointer: "/sequence".to_owned(),
                    message: format!("{text:?} is not a number"),
                });
                continue;
            };
            let message = odds::ApplyFeedMessage {
                source: "test".to_owned(),
                sequence,
                published_at: now,
                update: odds::Update::Alive(odds::Alive {}),
            };
            lines.push(FeedLine {
                line,
                source: "test".to_owned(),
                arrival: FeedArrival::InOrder,
                messages: vec![(1, message)],
            });
        }
        let taken = if wrong.is_empty() {
            Ok(lines)
        } else {
            Err(FeedNotTaken::Lines(wrong))
        };
        Box::pin(std::future::ready(taken))
    }
}
