//! People who are let in by command: staff, and those of a development world or a benchmark.
//!
//! Duty: an account and money for a login, by the commands that the gateway would send, once per
//! login whatever happens; the provider's call-backs for that money. Prohibition: no rule of the
//! services is passed by.

use crate::exit::Failure;
use crate::feed_desk::framed;
use crate::node::Node;
use anyhow::{Context, anyhow};
use axum::body::Body;
use axum::http::Request;
use eventlog::EventLog;
use kernel::{
    CorrelationId, Currency, CustomerId, DepositId, Digest, Money, RequestId, Topic, TopicPartition,
};
use keystore::{KeyStore, NONCE_BYTES, Purpose, ServiceKey};
use runtime::{Clock, Entropy, mint};
use schemas::auth::{AdmitStaff, Command as AuthCommand, Register, Role};
use schemas::payments::{Command as PaymentsCommand, RequestDeposit};
use schemas::rows::{CredentialRow, table};
use schemas::{Blob, CommandRecord, Wire};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;
use viewstore::ViewStore;

/// How long a registration may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What letting somebody in takes.
#[derive(Clone)]
pub struct Registrar {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The views, where it is seen that a login has its account.
    pub views: Arc<dyn ViewStore>,
    /// The keys under which logins and profiles are kept.
    pub keys: Arc<dyn KeyStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and nonces.
    pub entropy: Arc<dyn Entropy>,
    /// Partitions of every topic.
    pub partitions: u16,
}

impl Registrar {
    /// The account of a customer who has money and no password: nobody can sign in as one, for
    /// there is no password whose hash this is.
    ///
    /// # Errors
    /// The services do not take it.
    pub async fn customer_without_password(
        &self,
        login: &str,
        funds_minor: i64,
    ) -> Result<CustomerId, Failure> {
        let hash = std::future::ready(Ok("!".to_owned()));
        let customer = self.account(login, Role::Customer, hash).await?;
        self.fund(customer, funds_minor).await;
        Ok(customer)
    }

    /// The account of a login: the one that it has, or a new one.
    ///
    /// # Errors
    /// The services do not take it.
    pub async fn account(
        &self,
        login: &str,
        role: Role,
        password_hash: impl Future<Output = Result<String, tokio::task::JoinError>>,
    ) -> Result<CustomerId, Failure> {
        self.admitted(login, role, password_hash, AuthCommand::Register)
            .await
    }

    /// The account of somebody who works here: a person, who replaces this password at the first
    /// sign-in, or a machine. Whoever has the login keeps the account as it is.
    ///
    /// # Errors
    /// The services do not take it.
    pub async fn staff(
        &self,
        login: &str,
        role: Role,
        machine: bool,
        password_hash: impl Future<Output = Result<String, tokio::task::JoinError>>,
    ) -> Result<CustomerId, Failure> {
        let admit = |registration| {
            AuthCommand::AdmitStaff(AdmitStaff {
                registration,
                machine,
            })
        };
        self.admitted(login, role, password_hash, admit).await
    }

    async fn admitted(
        &self,
        login: &str,
        role: Role,
        password_hash: impl Future<Output = Result<String, tokio::task::JoinError>>,
        admit: impl FnOnce(Register) -> AuthCommand,
    ) -> Result<CustomerId, Failure> {
        let key = self
            .keys
            .service_key(ServiceKey::LoginHash)
            .context("the key store cannot be used")?;
        let login = &*auth::normalise(login).context("not a login")?;
        let login_hash = auth::login_hash(key.expose(), login);
        if let Some(customer) = self.registered(login_hash).await? {
            return Ok(customer);
        }
        let partition = auth::partition_of(login_hash, self.partitions);
        let customer = CustomerId::from_bytes(mint(self.clock.now(), &*self.entropy, partition));
        let mut nonce = [0; NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        let profile = format!("{{\"login\":\"{login}\",\"name\":\"{login}\"}}");
        let sealed = self
            .keys
            .seal(customer, Purpose::Profile, profile.as_bytes(), nonce)
            .context("a profile cannot be sealed")?;
        let command = admit(Register {
            customer,
            login_hash,
            password_hash: password_hash.await.context("a password cannot be hashed")?,
            sealed_profile: Blob(sealed),
            currency: Currency::Eur,
            roles: vec![role],
        });
        let scope = format!("dev/register/{login}");
        self.send(Topic::AuthCommands, partition, &scope, command)
            .await;
        let waiting = async {
            loop {
                if let Some(customer) = self.registered(login_hash).await? {
                    return Ok(customer);
                }
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .map_err(|_| anyhow!("{login} was not registered in time"))?
    }

    async fn registered(&self, login_hash: Digest) -> Result<Option<CustomerId>, Failure> {
        let row = self
            .views
            .get(table::CREDENTIAL, login_hash.bytes().to_vec())
            .await
            .context("the views cannot be read")?;
        Ok(row
            .and_then(|row| CredentialRow::from_bytes(&row.value).ok())
            .map(|row| row.customer))
    }

    /// Money through the provider, once per customer whatever happens.
    pub async fn fund(&self, customer: CustomerId, minor: i64) {
        let partition = customer.partition();
        let deposit = DepositId::from_bytes(mint(self.clock.now(), &*self.entropy, partition));
        let command = PaymentsCommand::RequestDeposit(RequestDeposit {
            deposit,
            customer,
            amount: Money::from_minor(minor, Currency::Eur),
            provider: payments::SIMULATOR.to_owned(),
        });
        let scope = format!("dev/funds/{customer}");
        self.send(Topic::PaymentsCommands, partition, &scope, command)
            .await;
    }

    /// Sends a command whose request id follows from the scope.
    async fn send<C: Wire>(&self, inbox: Topic, partition: u16, scope: &str, command: C) {
        let hash: [u8; 32] = Sha256::digest(scope.as_bytes()).into();
        let mut id = [0; 16];
        id.copy_from_slice(hash.first_chunk::<16>().unwrap_or(&[0; 16]));
        let record = CommandRecord {
            request_id: RequestId::from_bytes(id),
            request_digest: Digest::from_bytes(hash),
            correlation_id: CorrelationId::from_bytes(id),
            sent_at: self.clock.now(),
            not_after: None,
            command,
        };
        let at = TopicPartition::new(inbox, partition);
        self.log.send(at, framed(inbox, &record)).await;
    }
}

/// Posts the simulated provider's call-backs to the gateway, signed, like a real provider's.
pub fn deliver_call_backs(node: &mut Node) {
    let Some(provider) = node.provider.simulator.clone() else {
        return;
    };
    let clock = Arc::clone(&node.engine.ground().clock);
    let router = node.gateway.router();
    node.engine.beside(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(250)).await;
            for call_back in provider.call_backs_due(clock.now()) {
                let request = Request::post(format!("/v1/webhooks/{}", payments::SIMULATOR))
                    .header("content-type", "application/json")
                    .header("webhook-id", &call_back.id)
                    .header("webhook-timestamp", &call_back.timestamp)
                    .header("webhook-signature", &call_back.signature)
                    .body(Body::from(call_back.body.clone()));
                let Ok(request) = request else { continue };
                match router.clone().oneshot(request).await {
                    Ok(response) if response.status().is_success() => {}
                    Ok(response) => {
                        tracing::warn!(status = %response.status(), "call-back not taken")
                    }
                    Err(never) => match never {},
                }
            }
        }
    });
}
