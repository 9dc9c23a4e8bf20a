//! How far the views have come, asked by one for all who wait.
//!
//! Duty: while many requests wait for the same view, one of them looks and the others hear what
//! it saw. Prohibition: nothing is remembered for longer than somebody waits for more: a view can
//! be emptied, and then it has come less far than before.

use kernel::{Offset, TopicPartition};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks at how far a view has come.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The looks that are shared.
#[derive(Default)]
pub(crate) struct SharedLooks(Mutex<BTreeMap<TopicPartition, Arc<Look>>>);

#[derive(Default)]
struct Look {
    seen: watch::Sender<Offset>,
    looking: tokio::sync::Mutex<()>,
}

impl SharedLooks {
    fn of(&self, at: TopicPartition) -> Arc<Look> {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(looks.entry(at).or_default())
    }

    /// Waits until a look has shown this offset or a later one. `look` tells how far the view is.
    ///
    /// # Errors
    /// What a look of our own has failed with.
    pub(crate) async fn reached<E, F>(
        &self,
        at: TopicPartition,
        offset: Offset,
        look: impl Fn() -> F,
    ) -> Result<(), E>
    where
        F: Future<Output = Result<Offset, E>>,
    {
        let shared = self.of(at);
        let mut seen = shared.seen.subscribe();
        // What was seen before we came may be of a view that was emptied since.
        seen.mark_unchanged();
        loop {
            tokio::select! {
                biased;
                changed = seen.changed() => {
                    if changed.is_ok() && *seen.borrow() >= offset {
                        return Ok(());
                    }
                }
                _looking = shared.looking.lock() => {
                    let next = look().await?;
                    shared.seen.send_replace(next);
                    if next >= offset {
                        return Ok(());
                    }
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Topic;
    use std::sync::atomic::{AtomicU64, Ordering};

    const AT: TopicPartition = TopicPartition::new(Topic::BetsEvents, 3);

    fn timed(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(test);
    }

    #[test]
    fn a_hundred_that_wait_look_as_often_as_one() {
        timed(async {
            let looks = SharedLooks::default();
            let count = AtomicU64::new(0);
            let look = || async {
                let seen = count.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(1)).await;
                Ok::<u64, ()>(seen)
            };
            let waiting = (0..100).map(|_| looks.reached(AT, 20, look));
            for ended in futures::future::join_all(waiting).await {
                assert_eq!(ended, Ok(()));
            }
            let looked = count.load(Ordering::Relaxed);
            assert!((21..=23).contains(&looked), "{looked} looks");
        });
    }

    #[test]
    fn who_comes_later_looks_again() {
        timed(async {
            let looks = SharedLooks::default();
            assert_eq!(
                looks.reached(AT, 5, || async { Ok::<u64, ()>(9) }).await,
                Ok(())
            );
            let emptied = looks.reached(AT, 5, || async { Err::<u64, &str>("emptied") });
            assert_eq!(emptied.await, Err("emptied"));
        });
    }
}
