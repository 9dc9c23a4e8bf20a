//! Reading rows and progress.
//!
//! Duty: single rows and slices of one head, each row checked. Prohibition: no row leaves this
//! module that was mixed from several writes, or that has two owners.

use crate::keeper::Link;
use crate::statements::ROWS_PER_PAGE;
use crate::write::{Shared, progress_checksum};
use kernel::{Topic, TopicPartition};
use scylla::deserialize::row::DeserializeRow;
use scylla::response::PagingState;
use scylla::serialize::row::SerializeRow;
use scylla::statement::prepared::PreparedStatement;
use std::ops::ControlFlow;
use viewstore::{Progress, StoredRow, ViewError};

/// `(key, source, seq, value, checksum)`
pub(crate) type Columns = (Vec<u8>, String, i64, Vec<u8>, i64);

/// The row, if it is whole.
pub(crate) fn whole(view: &str, columns: Columns) -> Result<StoredRow, ViewError> {
    let (key, source, seq, value, checksum) = columns;
    let damaged = || ViewError::Damaged {
        table: view.to_owned(),
        key: key.clone(),
    };
    let row = StoredRow {
        topic_partition: place(&source).ok_or_else(damaged)?,
        seq: seq.cast_unsigned(),
        key,
        value,
    };
    row.verified(view, checksum.cast_unsigned())
}

fn place(source: &str) -> Option<TopicPartition> {
    let (topic, partition) = source.rsplit_once('/')?;
    let topic: Topic = topic.parse().ok()?;
    Some(TopicPartition::new(topic, partition.parse().ok()?))
}

/// Refuses a row whose key is that of the one before it in order.
pub(crate) fn one_owner(
    view: &str,
    before: Option<&StoredRow>,
    row: &StoredRow,
) -> Result<(), ViewError> {
    match before {
        Some(before) if before.key == row.key => Err(ViewError::TwoOwners {
            table: view.to_owned(),
            key: row.key.clone(),
            owner: before.topic_partition.min(row.topic_partition),
            writer: before.topic_partition.max(row.topic_partition),
        }),
        Some(_) | None => Ok(()),
    }
}

/// The rows of a slice, in its order; not more than `rows_max` are asked for one after another.
pub(crate) async fn pages<R>(
    link: &Link,
    statement: &PreparedStatement,
    values: impl SerializeRow,
    mut visit: impl FnMut(R) -> Result<ControlFlow<()>, ViewError>,
) -> Result<(), ViewError>
where
    R: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata>,
{
    let failed = |error: &dyn std::fmt::Display| ViewError::Unavailable {
        operation: "scan",
        detail: error.to_string(),
    };
    let mut state = PagingState::start();
    loop {
        let (page, next) = link
            .session
            .execute_single_page(statement, &values, state)
            .await
            .map_err(|error| failed(&error))?;
        let page = page.into_rows_result().map_err(|error| failed(&error))?;
        for row in page.rows::<R>().map_err(|error| failed(&error))? {
            if visit(row.map_err(|error| failed(&error))?)?.is_break() {
                return Ok(());
            }
        }
        match next.into_paging_control_flow() {
            ControlFlow::Break(()) => return Ok(()),
            ControlFlow::Continue(next) => state = next,
        }
    }
}

/// The row with this key.
pub(crate) async fn get(
    link: &Link,
    view: &str,
    key: &[u8],
) -> Result<Option<StoredRow>, ViewError> {
    let head = crate::layout::head(view, key);
    let mut found: Option<StoredRow> = None;
    let statement = &link.statements.row;
    pages::<Columns>(link, statement, (&head, view, key), |columns| {
        let row = whole(view, columns)?;
        one_owner(view, found.as_ref(), &row)?;
        found = Some(row);
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    Ok(found)
}

/// A stretch of keys: from the lowest to below the highest, if there is one.
#[derive(Clone)]
pub(crate) struct Stretch {
    pub(crate) lowest: Vec<u8>,
    pub(crate) below: Option<Vec<u8>>,
    pub(crate) reverse: bool,
}

/// The rows of one head in this stretch, in its order, not more than `rows_max`.
pub(crate) async fn slice(
    link: &Link,
    view: &str,
    head: &[u8],
    stretch: &Stretch,
    rows_max: usize,
) -> Result<Vec<StoredRow>, ViewError> {
    let mut rows: Vec<StoredRow> = Vec::new();
    // One more, so that a second owner of the last row is seen.
    let limit = i32::try_from(rows_max.saturating_add(1)).unwrap_or(i32::MAX);
    let take = |columns| {
        let row = whole(view, columns)?;
        one_owner(view, rows.last(), &row)?;
        if rows.len() == rows_max {
            return Ok(ControlFlow::Break(()));
        }
        rows.push(row);
        Ok(ControlFlow::Continue(()))
    };
    let Stretch {
        lowest,
        below,
        reverse,
    } = stretch;
    let statements = &link.statements;
    let (bounded, open) = if *reverse {
        (&statements.rows_downwards, &statements.rows_from_downwards)
    } else {
        (&statements.rows, &statements.rows_from)
    };
    // A page is as large as what is asked for, if that is less than a page.
    let sized = |statement: &PreparedStatement| {
        let mut statement = statement.clone();
        statement.set_page_size(limit.min(ROWS_PER_PAGE));
        statement
    };
    match below {
        Some(below) => {
            let values = (head, view, lowest, below, limit);
            pages::<Columns>(link, &sized(bounded), values, take).await?;
        }
        None => {
            let values = (head, view, lowest, limit);
            pages::<Columns>(link, &sized(open), values, take).await?;
        }
    }
    Ok(rows)
}

/// How far the rows of this journal partition have come, in the generation in force.
pub(crate) async fn progress(
    shared: &Shared,
    at: TopicPartition,
) -> Result<Option<Progress>, ViewError> {
    let link = shared.link("progress")?;
    let failed = |error: &dyn std::fmt::Display| shared.trouble("progress", error);
    let newest = link.is_newest().await.map_err(|error| failed(&error))?;
    if !newest {
        return Err(failed(&"the store was emptied a moment ago"));
    }
    let answer = link
        .session
        .execute_unpaged(&link.statements.progress, (at.to_string(),))
        .await
        .map_err(|error| failed(&error))?;
    let answer = answer.into_rows_result().map_err(|error| failed(&error))?;
    let found = answer
        .maybe_first_row::<(i64, i64, Vec<u8>, i64)>()
        .map_err(|error| failed(&error))?;
    let progress = found.map(|(next_offset, seq, chain, checksum)| {
        let progress = Progress {
            next_offset: next_offset.cast_unsigned(),
            seq: seq.cast_unsigned(),
            chain,
        };
        if progress_checksum(at, &progress) == checksum {
            Ok(progress)
        } else {
            Err(ViewError::Damaged {
                table: "progress".to_owned(),
                key: at.to_string().into_bytes(),
            })
        }
    });
    let progress = progress.transpose()?;
    shared.begin(at, &link.generation);
    Ok(progress)
}
