//! What the gateway asks of the process around it.
//!
//! Duty: traits for everything that needs a clock, randomness, keys or another service's
//! knowledge, in the gateway's own words. The composition root adapts the crates that have it.
//!
//! Prohibition: no trait here decides anything about money; none hands a secret back.

use axum::http::HeaderMap;
use eventlog::{EventLog, LogError};
use futures::future::BoxFuture;
use kernel::{CustomerId, Digest, MarketId, Money, Partition, SelectionId, SessionId, Timestamp};
use markets::MarketView;
use schemas::auth::{PasskeyProof, Role};
use schemas::bets::{BetPlaced, BetTermsFixed, PartAgreed, SlipOutcome, StruckLeg};
use schemas::promotions::{Bonus, Division, StakeFunded};
use schemas::{Blob, odds, payments};
use std::collections::BTreeSet;

/// The process's one clock.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// New ids and secrets.
pub trait Mint: Send + Sync + 'static {
    /// The bytes of a UUIDv7 whose last two name the partition.
    fn id(&self, partition: Partition) -> [u8; 16];
    /// Unpredictable bytes.
    fn secret(&self) -> [u8; 32];
}

/// There are more passwords to check than there are workers; ask again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all password workers are busy")]
pub struct WorkersBusy;

/// Slow hashing, bounded, off the request's task.
pub trait PasswordWorkers: Send + Sync + 'static {
    /// The hash to store for a new password.
    ///
    /// # Errors
    /// Too many are waiting.
    fn hash(&self, password: String) -> BoxFuture<'static, Result<String, WorkersBusy>>;
    /// Whether the password is the one behind the hash. Without a hash it takes as long and is
    /// false, so that nobody learns from the time which logins exist.
    ///
    /// # Errors
    /// Too many are waiting.
    fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> BoxFuture<'static, Result<bool, WorkersBusy>>;
    /// Whether this may become the password of that login (in its normal form). Quick.
    ///
    /// # Errors
    /// Why not, in words for whoever chose it.
    fn judge(&self, password: &str, login: &str) -> Result<(), String>;
}

/// Who asks, as an access token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Which customer (staff are customers with roles).
    pub customer: CustomerId,
    /// Which session.
    pub session: SessionId,
    /// What the person may do.
    pub roles: Vec<Role>,
    /// When the token ends.
    pub expires_at: Timestamp,
    /// When the person last proved who he is; none: not for this token.
    pub proved_at: Option<Timestamp>,
}

/// A key by which others can check access tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedKey {
    /// Its name, as tokens give it.
    pub id: String,
    /// The Ed25519 public key.
    pub public: [u8; 32],
}

/// An access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// What goes behind `Bearer`.
    pub text: String,
    /// How long it is good for, in seconds.
    pub expires_in_s: u64,
}

/// Why a token says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token of ours.
    #[error("the token is not one of ours")]
    Invalid,
    /// It was one.
    #[error("the token has expired")]
    Expired,
}

/// Signs and checks access tokens.
pub trait Tokens: Send + Sync + 'static {
    /// A new token. `proved_at`: when the person proved who he is, if that was just now.
    fn issue(
        &self,
        customer: CustomerId,
        session: SessionId,
        roles: &[Role],
        proved_at: Option<Timestamp>,
        now: Timestamp,
    ) -> AccessToken;
    /// What a token says.
    ///
    /// # Errors
    /// Not ours, or over.
    fn verify(&self, token: &str, now: Timestamp) -> Result<Subject, TokenError>;
    /// The keys whose tokens are taken now.
    fn published(&self, now: Timestamp) -> Vec<PublishedKey>;
    /// What comes after a refresh token's secret: always the same, so that a client whose answer
    /// was lost gets the very same token when it asks again.
    fn successor(&self, customer: CustomerId, session: SessionId, secret: [u8; 32]) -> [u8; 32];
}

/// The key store could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key store does not answer: {0}")]
pub struct KeysUnavailable(pub String);

/// Everything personal on its way into the log.
pub trait ProfileSealer: Send + Sync + 'static {
    /// The profile under the customer's own key, made when it is not there.
    ///
    /// # Errors
    /// The key store does not answer.
    fn seal(
        &self,
        customer: CustomerId,
        profile: Vec<u8>,
    ) -> BoxFuture<'static, Result<Blob, KeysUnavailable>>;
    /// The profile again; none: its key was destroyed.
    ///
    /// # Errors
    /// The key store does not answer.
    fn open(
        &self,
        customer: CustomerId,
        sealed: Blob,
    ) -> BoxFuture<'static, Result<Option<Vec<u8>>, KeysUnavailable>>;
    /// Destroys all keys of the customer's personal data, for ever. Again: no change.
    ///
    /// # Errors
    /// The key store does not answer; some keys may still stand.
    fn destroy(&self, customer: CustomerId) -> BoxFuture<'static, Result<(), KeysUnavailable>>;
    /// The keyed hash of a login that was brought into its normal form.
    fn login_hash(&self, login: &str) -> Digest;
    /// The keyed fingerprint of a request's secret or personal content.
    fn fingerprint(&self, content: &[u8]) -> Digest;
}

/// A new secret for an authenticator.
#[derive(Clone)]
pub struct OfferedSecret {
    /// As the authenticator takes it, for the customer alone.
    pub text: String,
    /// Under the customer's key, for the log.
    pub sealed: Blob,
}

/// Codes of authenticators, and recovery codes.
pub trait SecondFactors: Send + Sync + 'static {
    /// A new secret.
    ///
    /// # Errors
    /// The key store does not answer.
    fn offer(
        &self,
        customer: CustomerId,
    ) -> BoxFuture<'static, Result<OfferedSecret, KeysUnavailable>>;
    /// The step whose code this is, of those that count now; none: it is of no such step.
    ///
    /// # Errors
    /// The key store does not answer.
    fn step_of(
        &self,
        customer: CustomerId,
        sealed: Blob,
        code: String,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<u64>, KeysUnavailable>>;
    /// New recovery codes.
    fn recovery_codes(&self) -> Vec<String>;
    /// What is recorded of a recovery code.
    fn recovery_hash(&self, customer: CustomerId, code: &str) -> Digest;
}

/// What a passkey is asked for. An answer counts for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyPurpose {
    /// A new passkey for that customer, asked for in that session.
    Add(CustomerId, SessionId),
    /// Signing in; whose passkey it will be is not known yet.
    SignIn,
    /// That customer proves once more, in that session, who he is.
    StepUp(CustomerId, SessionId),
}

/// What a browser is to ask of an authenticator, and the ticket to send with the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct PasskeyQuestion {
    /// The ticket.
    pub ticket: String,
    /// The argument of `navigator.credentials`, with bytes as base64url.
    pub options: serde_json::Value,
}

/// What a browser says, and the ticket of the question.
#[derive(Clone, Debug, PartialEq)]
pub struct PasskeyAnswer {
    /// The ticket.
    pub ticket: String,
    /// The credential as the browser sends it.
    pub credential: serde_json::Value,
}

/// A passkey as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPasskey {
    /// Its number among its owner's.
    pub passkey: u64,
    /// Under the owner's key.
    pub sealed: Blob,
}

/// A new passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadePasskey {
    /// Under the owner's key, for the log.
    pub sealed: Blob,
    /// The name that its owner gave it.
    pub name: String,
    /// How often the authenticator says that it was used; 0: it may not count.
    pub sign_count: u32,
    /// Digest of the challenge that was answered.
    pub challenge: Digest,
    /// From when on no answer to it is taken.
    pub challenge_until: Timestamp,
}

/// Why an authenticator's answer counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyRefused {
    /// The ticket is not one of ours for this, or has lapsed.
    #[error("the ticket is of no use")]
    TicketSpent,
    /// Not a credential as browsers send it.
    #[error("not a credential")]
    Malformed,
    /// No passkey of that person has answered this.
    #[error("the passkey proves nothing")]
    NotProved,
    /// The key store does not answer.
    #[error(transparent)]
    Keys(#[from] KeysUnavailable),
}

/// Passkeys: questions for authenticators, and judgements on their answers.
pub trait Passkeys: Send + Sync + 'static {
    /// A question for a new passkey under that name, on an authenticator that holds none of these.
    ///
    /// # Errors
    /// The key store does not answer.
    fn ask_to_add(
        &self,
        purpose: PasskeyPurpose,
        customer: CustomerId,
        name: String,
        kept: Vec<KeptPasskey>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<PasskeyQuestion, PasskeyRefused>>;
    /// The passkey that an authenticator made.
    ///
    /// # Errors
    /// See [`PasskeyRefused`].
    fn add(
        &self,
        purpose: PasskeyPurpose,
        customer: CustomerId,
        answer: PasskeyAnswer,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<MadePasskey, PasskeyRefused>>;
    /// A question for one of these passkeys; for any, where none is named.
    ///
    /// # Errors
    /// The key store does not answer.
    fn ask_to_prove(
        &self,
        purpose: PasskeyPurpose,
        customer: CustomerId,
        kept: Vec<KeptPasskey>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<PasskeyQuestion, PasskeyRefused>>;
    /// Whose passkey a credential says that it is. Nothing is proved by that.
    fn claimed(&self, credential: &serde_json::Value) -> Option<CustomerId>;
    /// Which of the customer's passkeys has answered. Where none has, that takes as long.
    ///
    /// # Errors
    /// See [`PasskeyRefused`].
    fn prove(
        &self,
        purpose: PasskeyPurpose,
        customer: CustomerId,
        kept: Vec<KeptPasskey>,
        answer: PasskeyAnswer,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<PasskeyProof, PasskeyRefused>>;
    /// The name of a passkey, for its owner; none: its key was destroyed.
    ///
    /// # Errors
    /// The key store does not answer.
    fn name(
        &self,
        customer: CustomerId,
        sealed: Blob,
    ) -> BoxFuture<'static, Result<Option<String>, PasskeyRefused>>;
}

/// A call-back of a payment provider, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookCall {
    /// What it reports. Its `event` is the provider's own id of the message.
    pub report: payments::ReportOutcome,
    /// Where the payment lives; of a reference that is not ours, the partition of its hash.
    pub partition: Partition,
}

/// Why a call-back is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Nobody of that name.
    #[error("no such provider")]
    ProviderUnknown,
    /// Not signed by the provider, or too long ago.
    #[error("the signature does not fit: {0}")]
    SignatureInvalid(String),
    /// Signed, and about something that changes no payment.
    #[error("the message tells no outcome")]
    NoOutcome,
    /// Signed, and yet not readable.
    #[error("the message cannot be read: {0}")]
    Unreadable(String),
}

/// Checks and reads call-backs.
pub trait WebhookVerifier: Send + Sync + 'static {
    /// The call-back behind these bytes.
    ///
    /// # Errors
    /// See [`WebhookError`].
    fn verify(
        &self,
        provider: &str,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<WebhookCall, WebhookError>;

    /// The payment that a provider's reference names, and where it lives; of a reference that is
    /// not ours, the partition of its hash.
    fn payment_named(&self, reference: &str, amount: Money) -> (payments::Payment, Partition);
}

/// One line of a feed, read and routed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedLine {
    /// The line, from 1.
    pub line: usize,
    /// Whose.
    pub source: String,
    /// What its number says.
    pub arrival: FeedArrival,
    /// What to send, and to which partition of odds.
    pub messages: Vec<(Partition, odds::ApplyFeedMessage)>,
}

/// What a source's own count says about a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedArrival {
    /// The next one, or the first.
    InOrder,
    /// Taken before; there is nothing to send.
    Repeated {
        /// The highest number taken so far.
        last: u64,
    },
    /// Some before it are missing.
    Gap {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        got: u64,
    },
}

/// What is wrong with a line of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedLineError {
    /// The line, from 1.
    pub line: usize,
    /// Which field, as a JSON pointer; empty for the line as a whole.
    pub pointer: String,
    /// What is wrong with it.
    pub message: String,
}

/// Why none of the lines was counted.
#[derive(Debug)]
pub enum FeedNotTaken {
    /// These lines are not of the format.
    Lines(Vec<FeedLineError>),
    /// What others have counted cannot be read.
    Log(LogError),
}

/// Reads the lines that producers post, and counts for each source.
pub trait FeedIngest: Send + Sync + 'static {
    /// The messages of all lines, in order: all of them or none. What other gateways have counted
    /// of a source is learnt from the log first, where there may be something.
    ///
    /// # Errors
    /// Why nothing was counted.
    fn take<'a>(
        &'a self,
        log: &'a dyn EventLog,
        body: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<FeedLine>, FeedNotTaken>>;
}

/// Signs receipts of bets. The same statement always gets the same signature.
pub trait Receipts: Send + Sync + 'static {
    /// The name of the key, and the signature over the statement's bytes.
    fn sign(&self, statement: &[u8]) -> (String, Vec<u8>);
}

/// The house's arithmetic, in JSON.
pub trait Calculator: Send + Sync + 'static {
    /// Answers a question.
    ///
    /// # Errors
    /// Why it has no answer.
    fn answer(&self, question: &serde_json::Value) -> Result<serde_json::Value, String>;
}

/// A struck slip as the views show it.
#[derive(Clone, Debug, PartialEq)]
pub struct SlipRows {
    /// As placed.
    pub placed: BetPlaced,
    /// As struck.
    pub legs: Vec<StruckLeg>,
    /// What else was agreed.
    pub terms: Option<BetTermsFixed>,
    /// What is staked, where that is less than was asked for.
    pub part: Option<PartAgreed>,
    /// What is left of the stake, where a part of it was sold back.
    pub stake_left: Option<Money>,
    /// Legs that do not count.
    pub voided: BTreeSet<SelectionId>,
    /// What pays for it beside cash.
    pub funded: Option<StakeFunded>,
}

/// What slips would pay if a market came out otherwise, by the rules of bets.
pub trait Foresight: Send + Sync + 'static {
    /// What the slip would pay if the market had these outcomes, or none; none: it would be open.
    ///
    /// # Errors
    /// What of the rows cannot be.
    fn returned_if(
        &self,
        view: &MarketView,
        slip: &SlipRows,
        market: MarketId,
        outcomes: Option<&[odds::SelectionOutcome]>,
    ) -> Result<Option<(Money, SlipOutcome)>, String>;

    /// What becomes of such a return: in cash, in bonus money, and towards the wagering.
    fn divided(&self, funded: &StakeFunded, returned: Money, outcome: SlipOutcome) -> Division;

    /// How much more of the bonus money would be cash if it were worth so much more and so much
    /// more were wagered, or less; in minor units.
    fn converted_more(&self, bonus: &Bonus, worth_minor: i64, wagered_minor: i64) -> i64;
}

/// The newest signed checkpoint.
pub trait Checkpoints: Send + Sync + 'static {
    /// The checkpoint as it is published, as JSON; none before the first.
    ///
    /// # Errors
    /// What hinders.
    fn newest(&self) -> BoxFuture<'static, Result<Option<serde_json::Value>, String>>;
}

/// Something that must be well before requests are taken.
pub trait Check: Send + Sync + 'static {
    /// What it is, in one word or two.
    fn name(&self) -> &str;
    /// Whether it is well.
    ///
    /// # Errors
    /// What is missing.
    fn check(&self) -> BoxFuture<'static, Result<(), String>>;
}

/// What a request takes of its subject's rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateTake {
    /// How far ahead of the present the subject may be for it to pass, in microseconds.
    pub tolerance_micros: i64,
    /// How much further ahead it then is, in microseconds; 0: the request only asks.
    pub take_micros: i64,
}

/// What a store of rates said of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateTaken {
    /// Whether it passes.
    pub admitted: bool,
    /// How far ahead of the present its subject was before it, in microseconds.
    pub ahead_micros: i64,
}

/// The store of rates has not answered in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RateStoreAway(pub String);

/// Where all gateways count requests together, on one clock.
pub trait RateStore: Send + Sync + 'static {
    /// Counts a request for a key, at once or not at all.
    ///
    /// # Errors
    /// No answer; whether it counted is not known. It comes within a bound that nobody minds.
    fn take<'a>(
        &'a self,
        key: &'a str,
        take: RateTake,
    ) -> BoxFuture<'a, Result<RateTaken, RateStoreAway>>;
}

/// Figures of other parts of the process.
pub trait MetricsSource: Send + Sync + 'static {
    /// Appends them in the Prometheus text format.
    fn write(&self, out: &mut String);
}
