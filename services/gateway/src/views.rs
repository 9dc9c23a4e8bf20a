//! Reading the views.
//!
//! Duty: typed rows, and the bounded wait for a position. Prohibition: nothing is decided here,
//! and a row that cannot be read is an error, never an absence.

use crate::app::App;
use crate::errors::Code;
use crate::positions::Token;
use crate::problem::Problem;
use kernel::{Offset, Position, TopicPartition};
use schemas::{Decision, Wire};
use viewstore::{Scan, ViewError};

fn unavailable(error: &ViewError) -> Problem {
    tracing::warn!(%error, "a view does not answer");
    Problem::new(Code::ViewUnavailable)
}

fn decoded<T: Wire>(table: &'static str, value: &[u8]) -> Result<T, Problem> {
    T::from_bytes(value).map_err(|error| {
        tracing::error!(table, %error, "a row of a view cannot be read");
        Problem::new(Code::ViewUnavailable)
    })
}

/// The row with that key.
pub(crate) async fn row<T: Wire>(
    app: &App,
    table: &'static str,
    key: Vec<u8>,
) -> Result<Option<T>, Problem> {
    let found = app.views.get(table, key).await;
    match found.map_err(|error| unavailable(&error))? {
        Some(row) => decoded(table, &row.value).map(Some),
        None => Ok(None),
    }
}

/// The rows of a walk, with their keys.
pub(crate) async fn rows<T: Wire>(app: &App, scan: Scan) -> Result<Vec<(Vec<u8>, T)>, Problem> {
    let table = scan.table;
    let found = app.views.scan(scan).await;
    found
        .map_err(|error| unavailable(&error))?
        .into_iter()
        .map(|row| Ok((row.key, decoded(table, &row.value)?)))
        .collect()
}

/// The keys of a walk, of a table whose rows say nothing more.
pub(crate) async fn keys(app: &App, scan: Scan) -> Result<Vec<Vec<u8>>, Problem> {
    let found = app
        .views
        .scan(scan)
        .await
        .map_err(|error| unavailable(&error))?;
    Ok(found.into_iter().map(|row| row.key).collect())
}

/// How far a journal partition's rows have come: the next offset.
pub(crate) async fn next_offset(app: &App, at: TopicPartition) -> Result<Offset, Problem> {
    let progress = app.views.progress(at).await;
    Ok(progress
        .map_err(|error| unavailable(&error))?
        .map_or(0, |progress| progress.next_offset))
}

/// Waits until the views have passed all records of the token, for as long as reads may wait.
pub(crate) async fn wait_for(app: &App, token: &Token) -> Result<(), Problem> {
    let waiting = async {
        for position in token.positions() {
            passed(app, position).await?;
        }
        Ok(())
    };
    tokio::time::timeout(app.config.view_wait, waiting)
        .await
        .unwrap_or_else(|_| Err(Problem::new(Code::ViewBehind)))
}

/// Waits until the view has passed a record, however long.
pub(crate) async fn passed(app: &App, position: Position) -> Result<(), Problem> {
    let next = position.offset.saturating_add(1);
    reached(app, position.topic_partition(), next).await
}

/// Waits until the view has come to this offset, however long.
pub(crate) async fn reached(app: &App, at: TopicPartition, next: Offset) -> Result<(), Problem> {
    app.looks.reached(at, next, || next_offset(app, at)).await
}

/// Reads the decision at a position that a view or a journal's tail has named as effective.
pub(crate) async fn decision_at(app: &App, position: Position) -> Result<Decision, Problem> {
    let record = eventlog::record_at(&*app.log, position).await;
    let record = record.map_err(|error| {
        tracing::warn!(%error, "the log does not answer");
        Problem::new(Code::LogUnavailable)
    })?;
    let decision = record.and_then(|record| schemas::decode_decision(position, &record.bytes).ok());
    decision.ok_or_else(|| {
        tracing::error!(%position, "the log does not have what a view has seen there");
        Problem::new(Code::LogUnavailable)
    })
}
