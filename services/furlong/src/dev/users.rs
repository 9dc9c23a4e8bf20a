//! The people of a development world.
//!
//! Duty: the four users with passwords of their own, kept with the data so that a second start on
//! the same folder lets the same people in; their accounts; the demo customer's money, through
//! the provider like anybody's. Prohibition: they exist in `dev` only.

use crate::data_folder::DataFolder;
use crate::dev::PARTITIONS;
use crate::exit::Failure;
use crate::feed_desk::framed;
use crate::node::Node;
use anyhow::{Context, anyhow};
use auth::SALT_BYTES;
use axum::body::Body;
use axum::http::Request;
use kernel::{
    CorrelationId, Currency, CustomerId, DepositId, Digest, Money, RequestId, Topic, TopicPartition,
};
use keystore::{NONCE_BYTES, Purpose, ServiceKey};
use runtime::{Entropy, mint};
use schemas::auth::{Command as AuthCommand, Register, Role};
use schemas::payments::{Command as PaymentsCommand, RequestDeposit};
use schemas::rows::{CredentialRow, table};
use schemas::{Blob, CommandRecord, Wire};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;

/// A user of the development world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    /// What is typed to sign in.
    pub login: String,
    /// The password, made at the first start.
    pub password: String,
}

/// All of them.
pub struct Users(Vec<User>);

const LOGINS: [(&str, Role); 4] = [
    ("demo", Role::Customer),
    ("trader", Role::Trader),
    ("auditor", Role::Auditor),
    ("operator", Role::Operator),
];
/// What the demo customer begins with: a thousand euros.
const DEMO_FUNDS_MINOR: i64 = 100_000;
/// How long a registration may take.
const PATIENCE: Duration = Duration::from_secs(20);

impl Users {
    /// The users of this folder; new ones where there are none yet.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn of(folder: &DataFolder, entropy: &dyn Entropy) -> Result<Self, Failure> {
        let path = folder.path().join("dev-users.json");
        if let Ok(text) = std::fs::read_to_string(&path) {
            let users = serde_json::from_str(&text)
                .with_context(|| format!("{} is not a list of users", path.display()))?;
            return Ok(Self(users));
        }
        let users: Vec<User> = LOGINS
            .iter()
            .map(|(login, _)| User {
                login: (*login).to_owned(),
                password: password(entropy),
            })
            .collect();
        std::fs::create_dir_all(folder.path())
            .with_context(|| format!("{} cannot be made", folder.path().display()))?;
        let text = serde_json::to_string_pretty(&users).context("users have a JSON form")?;
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(Self(users))
    }

    /// The user of that login.
    #[must_use]
    pub fn of_login(&self, login: &str) -> Option<&User> {
        self.0.iter().find(|user| user.login == login)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &User> {
        self.0.iter()
    }

    /// Gives everybody an account, and the demo customer money.
    ///
    /// # Errors
    /// The services do not take it.
    pub async fn settle_in(&self, node: &Node, entropy: &dyn Entropy) -> Result<(), Failure> {
        for (login, role) in LOGINS {
            let Some(user) = self.of_login(login) else {
                continue;
            };
            let password = user.password.clone();
            let mut salt = [0; SALT_BYTES];
            entropy.fill(&mut salt);
            let hashing = tokio::task::spawn_blocking(move || auth::hash_password(&password, salt));
            let customer = account(node, entropy, login, role, hashing).await?;
            if role == Role::Customer {
                fund(node, entropy, customer, DEMO_FUNDS_MINOR).await;
            }
        }
        Ok(())
    }
}

/// Sixteen letters and digits that are hard to confuse.
fn password(entropy: &dyn Entropy) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567892";
    let mut bytes = [0_u8; 16];
    entropy.fill(&mut bytes);
    bytes
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .collect()
}

/// The account of a login: the one that it has, or a new one.
pub(super) async fn account(
    node: &Node,
    entropy: &dyn Entropy,
    login: &str,
    role: Role,
    password_hash: impl Future<Output = Result<String, tokio::task::JoinError>>,
) -> Result<CustomerId, Failure> {
    let key = node
        .keys
        .service_key(ServiceKey::LoginHash)
        .context("the key store cannot be used")?;
    let login_hash = auth::login_hash(key.expose(), login);
    if let Some(customer) = registered(node, login_hash).await? {
        return Ok(customer);
    }
    let partition = auth::partition_of(login_hash, PARTITIONS);
    let now = node.engine.ground().clock.now();
    let customer = CustomerId::from_bytes(mint(now, entropy, partition));
    let mut nonce = [0; NONCE_BYTES];
    entropy.fill(&mut nonce);
    let profile = format!("{{\"login\":\"{login}\",\"name\":\"{login}\"}}");
    let sealed = node
        .keys
        .seal(customer, Purpose::Profile, profile.as_bytes(), nonce)
        .context("a profile cannot be sealed")?;
    let command = AuthCommand::Register(Register {
        customer,
        login_hash,
        password_hash: password_hash.await.context("a password cannot be hashed")?,
        sealed_profile: Blob(sealed),
        currency: Currency::Eur,
        roles: vec![role],
    });
    send(
        node,
        Topic::AuthCommands,
        partition,
        &format!("dev/register/{login}"),
        command,
    )
    .await;
    let waiting = async {
        loop {
            if let Some(customer) = registered(node, login_hash).await? {
                return Ok(customer);
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .map_err(|_| anyhow!("{login} was not registered in time"))?
}

async fn registered(node: &Node, login_hash: Digest) -> Result<Option<CustomerId>, Failure> {
    let row = node
        .engine
        .ground()
        .views
        .get(table::CREDENTIAL, login_hash.bytes().to_vec())
        .await
        .context("the views cannot be read")?;
    Ok(row
        .and_then(|row| CredentialRow::from_bytes(&row.value).ok())
        .map(|row| row.customer))
}

/// Money through the provider, once per customer whatever happens.
pub(super) async fn fund(node: &Node, entropy: &dyn Entropy, customer: CustomerId, minor: i64) {
    let now = node.engine.ground().clock.now();
    let deposit = DepositId::from_bytes(mint(now, entropy, customer.partition()));
    let command = PaymentsCommand::RequestDeposit(RequestDeposit {
        deposit,
        customer,
        amount: Money::from_minor(minor, Currency::Eur),
        provider: payments::SIMULATOR.to_owned(),
    });
    let scope = format!("dev/funds/{customer}");
    send(
        node,
        Topic::PaymentsCommands,
        customer.partition(),
        &scope,
        command,
    )
    .await;
}

/// Sends a command whose request id follows from the scope.
async fn send<C: Wire>(node: &Node, inbox: Topic, partition: u16, scope: &str, command: C) {
    let hash: [u8; 32] = Sha256::digest(scope.as_bytes()).into();
    let mut id = [0; 16];
    id.copy_from_slice(hash.first_chunk::<16>().unwrap_or(&[0; 16]));
    let record = CommandRecord {
        request_id: RequestId::from_bytes(id),
        request_digest: Digest::from_bytes(hash),
        correlation_id: CorrelationId::from_bytes(id),
        sent_at: node.engine.ground().clock.now(),
        not_after: None,
        command,
    };
    let at = TopicPartition::new(inbox, partition);
    node.engine
        .ground()
        .log
        .send(at, framed(inbox, &record))
        .await;
}

/// Posts the simulated provider's call-backs to the gateway, signed, like a real provider's.
pub(super) fn deliver_call_backs(node: &mut Node) {
    let provider = Arc::clone(&node.provider);
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
