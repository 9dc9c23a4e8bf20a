//! What stores within the process promise beyond the others.
//!
//! Duty: hold memory and file to transactions. Prohibition: nothing here is asked of a store
//! of several nodes.

use super::{AT, NEIGHBOUR, progress, row, value, write};
use crate::port::{Applied, ViewError, ViewStore};
use std::sync::Arc;

/// Runs all checks of [`super::check`], and those that hold for embedded stores alone, each on a
/// fresh store.
///
/// # Panics
/// With the obligation that does not hold.
pub async fn check_embedded(fresh: &dyn Fn() -> Arc<dyn ViewStore>) {
    super::check(fresh).await;
    what_stands_and_what_does_not_is_counted(fresh()).await;
    any_seq_can_be_stored(fresh()).await;
    a_row_of_two_partitions_is_refused_and_nothing_written(fresh()).await;
    applies_take_effect_in_the_order_of_the_calls(fresh()).await;
}

async fn what_stands_and_what_does_not_is_counted(store: Arc<dyn ViewStore>) {
    let both = Applied {
        written: 2,
        ignored: 0,
    };
    let one = Applied {
        written: 1,
        ignored: 1,
    };
    let first = vec![row(b"a", b"new", 9), row(b"c", b"c", 1)];
    assert_eq!(write(&*store, first, 9).await, both);
    let later = vec![row(b"a", b"old", 8), row(b"b", b"b", 8)];
    assert_eq!(write(&*store, later, 10).await, one);
}

async fn any_seq_can_be_stored(store: Arc<dyn ViewStore>) {
    let high = i64::MAX.cast_unsigned();
    write(&*store, vec![row(b"a", b"last", high)], 1).await;
    assert_eq!(value(&*store, b"a").await, Some((b"last".to_vec(), high)));
}

async fn a_row_of_two_partitions_is_refused_and_nothing_written(store: Arc<dyn ViewStore>) {
    write(&*store, vec![row(b"b", b"mine", 1)], 1).await;
    let rows = vec![row(b"a", b"theirs", 9), row(b"b", b"theirs", 9)];
    assert_eq!(
        store.apply(NEIGHBOUR, rows, progress(9)).await,
        Err(ViewError::TwoOwners {
            table: "slips".to_owned(),
            key: b"b".to_vec(),
            owner: AT,
            writer: NEIGHBOUR,
        })
    );
    assert_eq!(value(&*store, b"a").await, None);
    assert_eq!(value(&*store, b"b").await, Some((b"mine".to_vec(), 1)));
    assert_eq!(store.progress(NEIGHBOUR).await, Ok(None));
}

async fn applies_take_effect_in_the_order_of_the_calls(store: Arc<dyn ViewStore>) {
    let first = store.apply(AT, vec![row(b"a", b"first", 1)], progress(1));
    let second = store.apply(AT, vec![row(b"a", b"second", 1)], progress(2));
    second.await.expect("the store answers");
    first.await.expect("the store answers");
    assert_eq!(value(&*store, b"a").await, Some((b"second".to_vec(), 1)));
    assert_eq!(store.progress(AT).await, Ok(Some(progress(2))));
}
