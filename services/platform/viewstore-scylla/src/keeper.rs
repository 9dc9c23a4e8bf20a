//! The task that keeps the way to the store open.
//!
//! Duty: connect, make what is missing, notice when the store goes away, comes back, or was
//! emptied by somebody else; tell everybody what stands. Prohibition: no caller waits for it;
//! while the store is away calls fail at once.

use crate::generation::{self, Generation};
use crate::settings::Settings;
use crate::statements::{self, Statements};
use scylla::client::session::Session;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::response::query_result::QueryResult;
use scylla::statement::unprepared::Statement;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use viewstore::ViewError;

/// A way to the store that worked a moment ago.
pub(crate) struct Link {
    pub(crate) session: Arc<Session>,
    pub(crate) statements: Statements,
    pub(crate) generation: Generation,
}

/// What stands.
#[derive(Clone)]
pub(crate) enum State {
    /// The store cannot be used, for this reason.
    Away(Arc<str>),
    /// It can.
    Here(Arc<Link>),
}

impl State {
    pub(crate) fn link(&self, operation: &'static str) -> Result<Arc<Link>, ViewError> {
        match self {
            Self::Here(link) => Ok(Arc::clone(link)),
            Self::Away(reason) => Err(ViewError::Unavailable {
                operation,
                detail: reason.to_string(),
            }),
        }
    }
}

/// Between two looks at the store.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Looks that fail before the store is called away: one may be late.
const LATE_LOOKS_MAX: u32 = 2;
/// Looks that fail before a new session is tried; the old one may have lost its nodes' addresses.
const LOOKS_PER_SESSION: u32 = 6;
/// How long others get to make the tables that they named.
const TABLES_WAIT: Duration = Duration::from_millis(250);
const TABLES_WAITS_MAX: u32 = 12;
/// How often the first way is tried again.
const TRIES_MAX: u32 = 8;

/// The first way to the store. Processes that start together make the same tables at the same time,
/// and a node may fail over that, or take longer than a question usually may: it is tried again.
pub(crate) async fn open(settings: &Settings) -> Result<Link, String> {
    let session = settings.session().await.map_err(|e| e.to_string())?;
    let session = Arc::new(session);
    let mut tries = 0;
    loop {
        match link(Arc::clone(&session), settings).await {
            Err(reason) if tries < TRIES_MAX => {
                tracing::info!(reason, "the view store cannot be used yet");
                tries = tries.saturating_add(1);
                tokio::time::sleep(TABLES_WAIT).await;
            }
            found => return found,
        }
    }
}

/// Makes what is missing and prepares.
async fn link(session: Arc<Session>, settings: &Settings) -> Result<Link, String> {
    let (generation, ours) = newest(&session, settings).await?;
    let mut waits = 0;
    loop {
        let failed = match Statements::prepare(&session, settings, &generation).await {
            Ok(statements) => {
                return Ok(Link {
                    session,
                    statements,
                    generation,
                });
            }
            Err(error) => error.to_string(),
        };
        if waits == TABLES_WAITS_MAX {
            return Err(failed);
        }
        if ours || waits >= TABLES_WAITS_MAX / 2 {
            statements::create(&session, settings, &generation)
                .await
                .map_err(|e| e.to_string())?;
        } else {
            tokio::time::sleep(TABLES_WAIT).await;
        }
        waits = waits.saturating_add(1);
    }
}

/// The generation in force, and whether we had to name it.
async fn newest(session: &Session, settings: &Settings) -> Result<(Generation, bool), String> {
    let found = match ask(session, settings).await {
        // Another process may make it at the same time: then its generation is found.
        Err(error) if is_missing(&error) => {
            generation::create(session, settings)
                .await
                .map_err(|e| e.to_string())?;
            ask(session, settings).await
        }
        answer => answer,
    };
    let found = found.map_err(|e| e.to_string())?;
    if let Some(generation) = generation::answer(found)? {
        return Ok((generation, false));
    }
    generation::name(session, settings, None)
        .await
        .map_err(|e| e.to_string())?;
    let named = ask(session, settings).await.map_err(|e| e.to_string())?;
    let named = generation::answer(named)?;
    Ok((named.ok_or("no generation can be named")?, true))
}

async fn ask(session: &Session, settings: &Settings) -> Result<QueryResult, ExecutionError> {
    let mut statement = Statement::new(generation::question(settings));
    statement.set_is_idempotent(true);
    session.query_unpaged(statement, ()).await
}

/// Whether the store answered that there is no such keyspace or table.
fn is_missing(error: &ExecutionError) -> bool {
    matches!(
        error,
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(DbError::Invalid, _))
    )
}

/// Whether nobody answered in time: then there is no sense in asking for more.
fn is_silence(error: &ExecutionError) -> bool {
    matches!(
        error,
        ExecutionError::RequestTimeout(_)
            | ExecutionError::ConnectionPoolError(_)
            | ExecutionError::EmptyPlan
            | ExecutionError::LastAttemptError(RequestAttemptError::BrokenConnectionError(_))
    )
}

impl Link {
    async fn ask(&self) -> Result<QueryResult, ExecutionError> {
        let question = &self.statements.generation;
        self.session.execute_unpaged(question, ()).await
    }

    /// Whether our tables are the ones in force.
    pub(crate) async fn is_newest(&self) -> Result<bool, String> {
        let answer = self.ask().await.map_err(|e| e.to_string())?;
        let newest = generation::answer(answer)?;
        Ok(newest.as_ref() == Some(&self.generation))
    }

    /// Names a new generation, makes its tables and drops ours.
    pub(crate) async fn renew(&self, settings: &Settings) -> Result<Self, String> {
        let session = Arc::clone(&self.session);
        generation::name(&session, settings, Some(&self.generation))
            .await
            .map_err(|e| e.to_string())?;
        let (newest, _) = newest(&session, settings).await?;
        statements::create(&session, settings, &newest)
            .await
            .map_err(|e| e.to_string())?;
        let link = link(session, settings).await?;
        if link.generation != self.generation
            && let Err(error) =
                statements::drop_tables(&link.session, settings, &self.generation).await
        {
            tracing::warn!(%error, "tables of an old generation are left behind");
        }
        Ok(link)
    }
}

/// Watches the store until the handles are gone.
pub(crate) struct Keeper {
    pub(crate) settings: Settings,
    pub(crate) state: watch::Sender<State>,
    /// Somebody had trouble: look at once.
    pub(crate) trouble: Arc<Notify>,
}

impl Keeper {
    pub(crate) async fn run(self, mut link: Option<Arc<Link>>) {
        let mut failed_looks = 0_u32;
        loop {
            match self.look(link.as_ref()).await {
                Ok(found) => {
                    self.tell_here(&found);
                    link = Some(found);
                    failed_looks = 0;
                }
                Err(reason) => {
                    failed_looks = failed_looks.saturating_add(1);
                    if failed_looks >= LATE_LOOKS_MAX || link.is_none() {
                        self.tell_away(&reason);
                    }
                    if failed_looks.is_multiple_of(LOOKS_PER_SESSION) {
                        link = None;
                    }
                }
            }
            tokio::select! {
                () = self.trouble.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn look(&self, link: Option<&Arc<Link>>) -> Result<Arc<Link>, String> {
        let Some(old) = link else {
            return open(&self.settings).await.map(Arc::new);
        };
        match old.ask().await.map(generation::answer) {
            Ok(Ok(Some(generation))) if generation == old.generation => Ok(Arc::clone(old)),
            Err(error) if is_silence(&error) => Err(error.to_string()),
            // Emptied, by us or by others, or the tables are gone.
            Ok(_) | Err(_) => {
                let session = Arc::clone(&old.session);
                let found = crate::keeper::link(session, &self.settings).await?;
                Ok(Arc::new(found))
            }
        }
    }

    fn tell_here(&self, link: &Arc<Link>) {
        self.state.send_if_modified(|state| {
            let same = matches!(state, State::Here(old) if Arc::ptr_eq(old, link));
            if !same {
                tracing::info!("the view store is there");
                *state = State::Here(Arc::clone(link));
            }
            !same
        });
    }

    fn tell_away(&self, reason: &str) {
        let reason = away(&self.settings, reason);
        self.state.send_if_modified(|state| {
            let news = matches!(state, State::Here(_));
            if news {
                tracing::warn!(reason, "the view store is away");
            }
            *state = State::Away(reason.as_str().into());
            news
        });
    }
}

/// Why nothing can be asked, with the names of those who were asked.
pub(crate) fn away(settings: &Settings, reason: &str) -> String {
    format!(
        "the view store at {} (keyspace {}) cannot be used: {reason}",
        settings.nodes.join(", "),
        settings.keyspace
    )
}
