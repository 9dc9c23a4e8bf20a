//! How the store is reached.
//!
//! Duty: the settings, and the driver's session that they amount to. Prohibition: no table is
//! named here.

use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::errors::NewSessionError;
use scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use scylla::statement::Consistency;
use std::sync::Arc;
use std::time::Duration;

/// How the store is reached, and what is asked of it.
#[derive(Clone)]
pub struct Settings {
    /// Nodes to ask first, `host:port`; they name the others.
    pub nodes: Vec<String>,
    /// The keyspace, made if it is absent.
    pub keyspace: String,
    /// Copies of each row in a data centre, when the keyspace is made.
    pub replication: u16,
    /// After this long an answer is no longer waited for. A call that needs several answers (a
    /// walk, a large `apply`) takes this long after the last one came.
    pub timeout: Duration,
    /// Who we are, where the store asks.
    pub user: Option<String>,
    /// Our password.
    pub password: Option<String>,
}

impl Settings {
    /// These nodes, this keyspace, three copies, 800 ms, no password.
    #[must_use]
    pub fn new(nodes: Vec<String>, keyspace: impl Into<String>) -> Self {
        Self {
            nodes,
            keyspace: keyspace.into(),
            replication: 3,
            timeout: Duration::from_millis(800),
            user: None,
            password: None,
        }
    }

    /// How long a change of tables may take: nodes agree on it among themselves.
    pub(crate) const SCHEMA_TIMEOUT: Duration = Duration::from_secs(20);

    pub(crate) async fn session(&self) -> Result<Session, NewSessionError> {
        // Every statement may be sent twice: a node that does not answer is not waited for if
        // another one can.
        let second_try = SimpleSpeculativeExecutionPolicy {
            max_retry_count: 1,
            retry_interval: self.timeout.checked_div(3).unwrap_or_default(),
        };
        let profile = ExecutionProfile::builder()
            .consistency(Consistency::LocalQuorum)
            .request_timeout(Some(self.timeout))
            .speculative_execution_policy(Some(Arc::new(second_try)))
            .build();
        let mut builder = SessionBuilder::new()
            .known_nodes(&self.nodes)
            .default_execution_profile_handle(profile.into_handle())
            .connection_timeout(self.timeout)
            .keepalive_interval(Duration::from_millis(1_500))
            .keepalive_timeout(Duration::from_secs(2))
            .schema_agreement_interval(Duration::from_millis(50))
            .schema_agreement_timeout(Self::SCHEMA_TIMEOUT)
            .keyspaces_to_fetch([&self.keyspace]);
        if let (Some(user), Some(password)) = (&self.user, &self.password) {
            builder = builder.user(user, password);
        }
        builder.build().await
    }
}

/// The password stays out of logs.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("nodes", &self.nodes)
            .field("keyspace", &self.keyspace)
            .field("replication", &self.replication)
            .field("timeout", &self.timeout)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
