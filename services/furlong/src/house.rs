//! What the gateway asks of the process around it, from the crates that have it.
//!
//! Duty: adapt auth, payments, keystore and the clock to the gateway's ports, so that the gateway
//! names none of them. Prohibition: nothing is decided here, and no secret leaves but in use.

use audit::{checkpoint, receipt};
use auth::SALT_BYTES;
use eventlog_sqlite::SqliteLog;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use gateway::ports;
use kernel::{CustomerId, Digest, Partition, Timestamp};
use keystore::{KeyError, KeyStore, NONCE_BYTES, Purpose, Secret, ServiceKey};
use payments::CallBacks;
use runtime::{Clock, Entropy, Health, mint};
use schemas::Blob;
use sha2::{Digest as _, Sha256};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Passwords that may wait for a worker before more are turned away.
const PASSWORDS_WAITING: usize = 64;
/// Whoever has waited for so long is turned away; no work is done for whoever does not wait.
const PASSWORD_WAIT: Duration = Duration::from_secs(3);

/// The clock and the randomness of the process, for the gateway.
pub struct HouseClock {
    /// The one clock.
    pub clock: Arc<dyn Clock>,
    /// The one source of randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl ports::Clock for HouseClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl ports::Mint for HouseClock {
    fn id(&self, partition: Partition) -> [u8; 16] {
        mint(self.clock.now(), &*self.entropy, partition)
    }

    fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        self.entropy.fill(&mut secret);
        secret
    }
}

/// Argon2 on threads of its own, one password at a time: a flood of sign-ins waits for itself
/// and not for bets, and the memory that a password takes is taken once a thread.
pub struct Passwords {
    entropy: Arc<dyn Entropy>,
    waiting: SyncSender<Job>,
    patience: Duration,
}

type Job = Box<dyn FnOnce() + Send>;

impl Passwords {
    /// Workers on so many threads, which end with this.
    #[must_use]
    pub fn new(entropy: Arc<dyn Entropy>, threads: usize) -> Self {
        let (waiting, jobs) = sync_channel::<Job>(PASSWORDS_WAITING);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads.max(1) {
            let jobs = Arc::clone(&jobs);
            let worker = std::thread::Builder::new().name("passwords".to_owned());
            let started = worker.spawn(move || {
                loop {
                    let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(job) = next else { return };
                    job();
                }
            });
            if let Err(error) = started {
                tracing::error!(%error, "no thread for passwords");
            }
        }
        Self {
            entropy,
            waiting,
            patience: PASSWORD_WAIT,
        }
    }

    fn work<T: Send + 'static>(
        &self,
        run: impl FnOnce() -> T + Send + 'static,
    ) -> BoxFuture<'static, Result<T, ports::WorkersBusy>> {
        let (answer, answered) = oneshot::channel();
        let queued = self.waiting.try_send(Box::new(move || {
            // Who asked may have gone.
            if !answer.is_closed() {
                drop(answer.send(run()));
            }
        }));
        let patience = self.patience;
        async move {
            queued.map_err(|_| ports::WorkersBusy)?;
            let answered = tokio::time::timeout(patience, answered).await;
            answered
                .map_err(|_| ports::WorkersBusy)?
                .map_err(|_| ports::WorkersBusy)
        }
        .boxed()
    }
}

impl ports::PasswordWorkers for Passwords {
    fn hash(&self, password: String) -> BoxFuture<'static, Result<String, ports::WorkersBusy>> {
        let mut salt = [0; SALT_BYTES];
        self.entropy.fill(&mut salt);
        self.work(move || auth::hash_password(&password, salt))
    }

    fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> BoxFuture<'static, Result<bool, ports::WorkersBusy>> {
        self.work(move || auth::verify_password(&password, hash.as_deref()).matches)
    }

    fn judge(&self, password: &str, login: &str) -> Result<(), String> {
        auth::judge_new_password(password, login).map_err(|refused| refused.to_string())
    }
}

/// Seals profiles under each customer's key, and hashes what is secret under the house's.
pub struct Sealer {
    keys: Arc<dyn KeyStore>,
    entropy: Arc<dyn Entropy>,
    login_key: Secret,
    digest_key: Secret,
}

impl Sealer {
    /// Uses the keys of this store.
    ///
    /// # Errors
    /// The key store cannot be used.
    pub fn new(keys: Arc<dyn KeyStore>, entropy: Arc<dyn Entropy>) -> Result<Self, KeyError> {
        let login_key = keys.service_key(ServiceKey::LoginHash)?;
        let digest_key = keys.service_key(ServiceKey::RequestDigest)?;
        Ok(Self {
            keys,
            entropy,
            login_key,
            digest_key,
        })
    }
}

impl ports::ProfileSealer for Sealer {
    fn seal(
        &self,
        customer: CustomerId,
        profile: Vec<u8>,
    ) -> BoxFuture<'static, Result<Blob, ports::KeysUnavailable>> {
        let mut nonce = [0; NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        let keys = Arc::clone(&self.keys);
        on_keys(move || {
            keys.seal(customer, Purpose::Profile, &profile, nonce)
                .map(Blob)
        })
    }

    fn open(
        &self,
        customer: CustomerId,
        sealed: Blob,
    ) -> BoxFuture<'static, Result<Option<Vec<u8>>, ports::KeysUnavailable>> {
        let keys = Arc::clone(&self.keys);
        on_keys(
            move || match keys.open(customer, Purpose::Profile, &sealed.0) {
                Ok(opened) => Ok(Some(opened)),
                Err(KeyError::Destroyed) => Ok(None),
                Err(error) => Err(error),
            },
        )
    }

    fn destroy(
        &self,
        customer: CustomerId,
    ) -> BoxFuture<'static, Result<(), ports::KeysUnavailable>> {
        let keys = Arc::clone(&self.keys);
        on_keys(move || {
            for purpose in Purpose::ALL {
                keys.destroy(customer, purpose)?;
            }
            Ok(())
        })
    }

    fn login_hash(&self, login: &str) -> Digest {
        auth::login_hash(self.login_key.expose(), login)
    }

    fn fingerprint(&self, content: &[u8]) -> Digest {
        let mut hasher = Sha256::new();
        hasher.update(self.digest_key.expose());
        hasher.update(content);
        Digest::from_bytes(hasher.finalize().into())
    }
}

/// Asks the key store, which reads a file, on a thread where that may take a while.
pub(crate) fn on_keys<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, KeyError> + Send + 'static,
) -> BoxFuture<'static, Result<T, ports::KeysUnavailable>> {
    tokio::task::spawn_blocking(ask)
        .map(|asked| match asked {
            Ok(answer) => answer.map_err(|error| ports::KeysUnavailable(error.to_string())),
            Err(error) => Err(ports::KeysUnavailable(error.to_string())),
        })
        .boxed()
}

/// Checks the provider's call-backs.
pub struct Webhooks {
    call_backs: CallBacks,
    partitions: u16,
}

impl Webhooks {
    /// Takes these.
    #[must_use]
    pub const fn new(call_backs: CallBacks, partitions: u16) -> Self {
        Self {
            call_backs,
            partitions,
        }
    }
}

impl ports::WebhookVerifier for Webhooks {
    fn verify(
        &self,
        provider: &str,
        headers: &axum::http::HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<ports::WebhookCall, ports::WebhookError> {
        if self.call_backs.provider() != provider {
            return Err(ports::WebhookError::ProviderUnknown);
        }
        let header = |name: &str| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or("")
        };
        let report = match self.call_backs.read(header, body, now) {
            Ok(Some(report)) => report,
            Ok(None) => return Err(ports::WebhookError::NoOutcome),
            Err(error @ payments::WebhookError::Unreadable(_)) => {
                return Err(ports::WebhookError::Unreadable(error.to_string()));
            }
            Err(error) => {
                return Err(ports::WebhookError::SignatureInvalid(error.to_string()));
            }
        };
        let partition = payments::partition_of(&report.payment, self.partitions);
        Ok(ports::WebhookCall { report, partition })
    }

    fn payment_named(
        &self,
        reference: &str,
        amount: kernel::Money,
    ) -> (schemas::payments::Payment, Partition) {
        let payment = payments::payment_named(reference.to_owned(), amount, self.partitions);
        let partition = payments::partition_of(&payment, self.partitions);
        (payment, partition)
    }
}

/// Signs receipts.
pub struct ReceiptSigner(pub Secret);

impl ports::Receipts for ReceiptSigner {
    fn sign(&self, statement: &[u8]) -> (String, Vec<u8>) {
        let key = Digest::from_bytes(checkpoint::public_key(self.0.expose())).to_string();
        let name = key.get(..16).unwrap_or(&key).to_owned();
        (name, receipt::sign(statement, self.0.expose()))
    }
}

/// The checkpoint that was signed last, as it is published.
#[derive(Default)]
pub struct NewestCheckpoint(Mutex<Option<serde_json::Value>>);

impl NewestCheckpoint {
    /// Publishes a newer one.
    pub fn publish(&self, checkpoint: serde_json::Value) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(checkpoint);
    }
}

impl ports::Checkpoints for NewestCheckpoint {
    fn newest(&self) -> BoxFuture<'static, Result<Option<serde_json::Value>, String>> {
        let newest = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        ready(Ok(newest)).boxed()
    }
}

/// Whether the services are ready.
pub struct EngineReady(pub Arc<Health>);

impl ports::Check for EngineReady {
    fn name(&self) -> &'static str {
        "engine"
    }

    fn check(&self) -> BoxFuture<'static, Result<(), String>> {
        let missing = self.0.missing();
        let told: Vec<String> = missing
            .iter()
            .map(|(part, condition)| format!("{part}: {condition}"))
            .collect();
        ready(if told.is_empty() {
            Ok(())
        } else {
            Err(told.join("; "))
        })
        .boxed()
    }
}

/// Whether the log takes records.
pub struct LogWrites(pub Arc<SqliteLog>);

impl ports::Check for LogWrites {
    fn name(&self) -> &'static str {
        "log"
    }

    fn check(&self) -> BoxFuture<'static, Result<(), String>> {
        let fault = self.0.health().standing_fault;
        ready(fault.map_or(Ok(()), |fault| {
            Err(format!("the last commit failed: {fault}"))
        }))
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::SystemEntropy;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// One worker that is kept busy; the rest of the queue is filled by sign-ins.
    #[tokio::test]
    async fn no_work_is_done_for_who_does_not_wait_and_more_than_the_queue_are_turned_away() {
        let passwords = Passwords::new(Arc::new(SystemEntropy), 1);
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let (begun, begins) = oneshot::channel();
        let busy = passwords.work(move || {
            begun.send(()).unwrap_or_default();
            wait.recv().unwrap_or_default();
        });
        begins.await.unwrap();
        let worked = Arc::new(AtomicU32::new(0));
        let mut waiting = Vec::new();
        for _ in 0..PASSWORDS_WAITING {
            let worked = Arc::clone(&worked);
            waiting.push(passwords.work(move || worked.fetch_add(1, Ordering::SeqCst)));
        }
        let turned_away = passwords.work(|| ()).await;
        assert_eq!(turned_away, Err(ports::WorkersBusy));
        // All but the last go; the worker is free again.
        let last = waiting.pop().unwrap();
        drop(waiting);
        go_on.send(()).unwrap();
        busy.await.unwrap();
        assert_eq!(last.await, Ok(0));
        assert_eq!(worked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_the_patience() {
        let mut passwords = Passwords::new(Arc::new(SystemEntropy), 1);
        passwords.patience = Duration::from_millis(10);
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let busy = passwords.work(move || wait.recv().unwrap_or_default());
        let waited = passwords.work(|| ()).await;
        assert_eq!(waited, Err(ports::WorkersBusy));
        drop((go_on, busy));
    }
}
