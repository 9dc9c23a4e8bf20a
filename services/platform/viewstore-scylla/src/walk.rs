//! Walks: rows in the order of their keys.
//!
//! Duty: find the cheapest way that a walk allows: one head, the listed heads in order, or the
//! whole table. Prohibition: the store is never asked to filter.

use crate::keeper::Link;
use crate::layout;
use crate::read::{Columns, Stretch, one_owner, pages, slice, whole};
use futures::stream::{StreamExt as _, TryStreamExt as _};
use std::ops::{Bound, ControlFlow};
use viewstore::{Scan, StoredRow, ViewError};

/// Heads that are read at once.
const HEADS_AT_ONCE: usize = 16;

/// The rows of a walk.
pub(crate) async fn scan(link: &Link, scan: &Scan) -> Result<Vec<StoredRow>, ViewError> {
    let Some(stretch) = stretch(scan) else {
        return Ok(Vec::new());
    };
    if scan.rows_max == 0 {
        return Ok(Vec::new());
    }
    let view = scan.table;
    if let Some(head) = layout::head_of_prefix(view, &scan.prefix) {
        return slice(link, view, &head, &stretch, scan.rows_max).await;
    }
    if layout::listed(view) {
        return by_heads(link, view, &stretch, scan.rows_max).await;
    }
    whole_table(link, view, &stretch, scan.rows_max).await
}

/// The walk's bounds as the store is asked for them; the first key behind a key is that key with
/// a zero.
fn stretch(scan: &Scan) -> Option<Stretch> {
    let behind = |mut key: Vec<u8>| {
        key.push(0);
        key
    };
    let (lowest, highest) = scan.key_range()?;
    let lowest = match lowest {
        Bound::Included(key) => key,
        Bound::Excluded(key) => behind(key),
        Bound::Unbounded => Vec::new(),
    };
    let below = match highest {
        Bound::Included(key) => Some(behind(key)),
        Bound::Excluded(key) => Some(key),
        Bound::Unbounded => None,
    };
    Some(Stretch {
        lowest,
        below,
        reverse: scan.reverse,
    })
}

/// Heads whose keys may lie between one another's.
type Group = Vec<Vec<u8>>;

/// Walks listed heads. Keys of a lower rank lie before all keys of a higher one.
async fn by_heads(
    link: &Link,
    view: &str,
    stretch: &Stretch,
    rows_max: usize,
) -> Result<Vec<StoredRow>, ViewError> {
    let mut groups = groups(link, view, stretch).await?;
    if stretch.reverse {
        groups.reverse();
    }
    let mut found = Vec::new();
    let mut groups = futures::stream::iter(groups)
        .map(|group| group_rows(link, view, group, stretch, rows_max))
        .buffered(ahead(rows_max));
    while let Some(rows) = groups.try_next().await? {
        let missing = rows_max.saturating_sub(found.len());
        found.extend(rows.into_iter().take(missing));
        if found.len() == rows_max {
            break;
        }
    }
    Ok(found)
}

/// A short page is likely found in the first heads.
fn ahead(rows_max: usize) -> usize {
    if rows_max <= 100 { 2 } else { HEADS_AT_ONCE }
}

async fn group_rows(
    link: &Link,
    view: &str,
    heads: Group,
    stretch: &Stretch,
    rows_max: usize,
) -> Result<Vec<StoredRow>, ViewError> {
    let several = heads.len() > 1;
    let mut rows: Vec<StoredRow> = futures::stream::iter(heads)
        .map(|head| async move { slice(link, view, &head, stretch, rows_max).await })
        .buffer_unordered(HEADS_AT_ONCE)
        .try_concat()
        .await?;
    if several {
        sort(&mut rows, stretch.reverse);
    }
    Ok(rows)
}

/// The heads that can hold keys of this stretch, upwards, those of one rank together.
async fn groups(link: &Link, view: &str, stretch: &Stretch) -> Result<Vec<Group>, ViewError> {
    let lowest = layout::rank(view, &stretch.lowest);
    let highest = stretch.below.as_ref().map(|key| layout::rank(view, key));
    let from = layout::lowest_head(view, &lowest);
    let mut groups: Vec<(Vec<u8>, Group)> = Vec::new();
    pages::<(Vec<u8>,)>(link, &link.statements.heads, (view, &from), |(head,)| {
        let rank = layout::rank_of_head(view, &head).to_vec();
        if highest.as_ref().is_some_and(|highest| rank > *highest) {
            return Ok(ControlFlow::Break(()));
        }
        match groups.last_mut() {
            Some((same, group)) if *same == rank => group.push(head),
            Some(_) | None => groups.push((rank, vec![head])),
        }
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

/// Reads every row of every view, keeps those of the walk and sorts them.
async fn whole_table(
    link: &Link,
    view: &str,
    stretch: &Stretch,
    rows_max: usize,
) -> Result<Vec<StoredRow>, ViewError> {
    type Found = (String, Vec<u8>, String, i64, Vec<u8>, i64);
    let mut rows: Vec<StoredRow> = Vec::new();
    pages::<Found>(link, &link.statements.every_row, (), |found| {
        let (of_view, key, source, seq, value, checksum) = found;
        let inside = key >= stretch.lowest && stretch.below.as_ref().is_none_or(|end| key < *end);
        if of_view == view && inside {
            let columns: Columns = (key, source, seq, value, checksum);
            rows.push(whole(view, columns)?);
        }
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    sort(&mut rows, stretch.reverse);
    for pair in rows.windows(2) {
        if let [before, row] = pair {
            one_owner(view, Some(before), row)?;
        }
    }
    rows.truncate(rows_max);
    Ok(rows)
}

fn sort(rows: &mut [StoredRow], reverse: bool) {
    rows.sort_by(|a, b| {
        let upwards = a.key.cmp(&b.key);
        if reverse { upwards.reverse() } else { upwards }
    });
}
