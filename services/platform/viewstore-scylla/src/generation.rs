//! Which tables are in force.
//!
//! Duty: read, and name anew, the generation of the tables. Prohibition: a generation is never
//! changed or deleted, so that everybody who reads them all agrees on the newest.

use crate::layout;
use crate::settings::Settings;
use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::statement::unprepared::Statement;
use scylla::value::CqlTimeuuid;

/// A generation of the tables. Of two that were named at once the one with the lower id is in
/// force, whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Generation {
    number: i64,
    id: String,
}

impl Generation {
    /// What the tables' names end with.
    pub(crate) fn suffix(&self) -> &str {
        &self.id
    }
}

/// Makes the keyspace and the table of generations.
pub(crate) async fn create(session: &Session, settings: &Settings) -> Result<(), ExecutionError> {
    let keyspace = &settings.keyspace;
    let replication = settings.replication.max(1);
    let statements = [
        format!(
            "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = \
             {{'class': 'NetworkTopologyStrategy', 'replication_factor': {replication}}}"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {keyspace}.generation \
             (layout int, number bigint, id timeuuid, PRIMARY KEY (layout, number, id)) \
             WITH CLUSTERING ORDER BY (number DESC, id ASC)"
        ),
    ];
    for statement in statements {
        change_schema(session, statement).await?;
    }
    Ok(())
}

/// Runs a statement that nodes must agree on; the driver waits until they do.
pub(crate) async fn change_schema(
    session: &Session,
    statement: String,
) -> Result<(), ExecutionError> {
    let mut statement = Statement::new(statement);
    statement.set_request_timeout(Some(Settings::SCHEMA_TIMEOUT));
    statement.set_is_idempotent(true);
    session.query_unpaged(statement, ()).await?;
    Ok(())
}

/// The question for the generation in force.
pub(crate) fn question(settings: &Settings) -> String {
    format!(
        "SELECT number, id FROM {}.generation WHERE layout = {} LIMIT 1",
        settings.keyspace,
        layout::VERSION
    )
}

/// The generation that an answer to [`question`] tells; none if none was named yet.
pub(crate) fn answer(
    result: scylla::response::query_result::QueryResult,
) -> Result<Option<Generation>, String> {
    let rows = result.into_rows_result().map_err(|e| e.to_string())?;
    let found = rows
        .maybe_first_row::<(i64, CqlTimeuuid)>()
        .map_err(|e| e.to_string())?;
    Ok(found.map(|(number, id)| Generation {
        number,
        id: id.to_string().replace('-', ""),
    }))
}

/// Names a new generation above this one. What is in force afterwards must be asked.
pub(crate) async fn name(
    session: &Session,
    settings: &Settings,
    above: Option<&Generation>,
) -> Result<(), ExecutionError> {
    let number = above.map_or(1, |generation| generation.number.saturating_add(1));
    let statement = format!(
        "INSERT INTO {}.generation (layout, number, id) VALUES ({}, {number}, now())",
        settings.keyspace,
        layout::VERSION
    );
    let mut statement = Statement::new(statement);
    // Twice the same number with two ids does no harm.
    statement.set_is_idempotent(true);
    session.query_unpaged(statement, ()).await?;
    Ok(())
}
