//! The people of a development world.
//!
//! Duty: the four users with passwords of their own, kept with the data so that a second start on
//! the same folder lets the same people in; their accounts; the demo customer's money, through
//! the provider like anybody's. Prohibition: they exist in `dev` only.

use crate::data_folder::DataFolder;
use crate::exit::Failure;
use crate::node::Node;
use anyhow::Context;
use auth::SALT_BYTES;
use runtime::Entropy;
use schemas::auth::Role;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

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
        let registrar = node.registrar();
        for (login, role) in LOGINS {
            let Some(user) = self.of_login(login) else {
                continue;
            };
            let password = user.password.clone();
            let mut salt = [0; SALT_BYTES];
            entropy.fill(&mut salt);
            let hashing = tokio::task::spawn_blocking(move || auth::hash_password(&password, salt));
            let customer = registrar.account(login, role, hashing).await?;
            if role == Role::Customer {
                registrar.fund(customer, DEMO_FUNDS_MINOR).await;
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
