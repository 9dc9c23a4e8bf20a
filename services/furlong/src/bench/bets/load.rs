//! Load in an open model.
//!
//! Duty: begin work at times that were fixed beforehand, whatever has become of the work before,
//! and measure each piece from the time at which it was to begin. Work that waits because others
//! are slow is slow itself. Prohibition: no piece is left out; what is not done in time is counted.
#![expect(
    clippy::float_arithmetic,
    reason = "times in seconds, as figures for people"
)]

use crate::bench::measure::Mark;
use anyhow::Context;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

/// How long after its end no more work is begun.
const GRACE_S: f64 = 1.0;

/// Somebody who does one piece of work after another.
pub trait Worker: Send + 'static {
    /// Does a piece; its number is never used again.
    fn work(&mut self, number: u64) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// What to ask for.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Pieces a second.
    pub rate: u32,
    /// For so many seconds.
    pub seconds: f64,
    /// The number of the first piece.
    pub first: u64,
}

/// What has become of it.
#[derive(Debug, Default)]
pub struct Done {
    /// Pieces that were to be done.
    pub offered: u32,
    /// Microseconds from the time at which each piece was to begin; of those that were done.
    pub micros: Vec<f64>,
    /// Pieces that were done before the end of the load.
    pub in_time: u32,
    /// Pieces that failed.
    pub errors: u32,
    /// Pieces that were not begun.
    pub lost: u32,
    /// What was wrong with one that failed.
    pub error: Option<String>,
}

/// A piece and when it was to begin, in seconds after the start.
struct Piece {
    number: u64,
    due: f64,
}

type Queue = Arc<Mutex<UnboundedReceiver<Piece>>>;

impl Load {
    /// Has the workers do it. They come back for the next load.
    pub async fn run<W: Worker>(self, workers: &mut Vec<W>) -> anyhow::Result<Done> {
        let (sender, receiver) = unbounded_channel();
        let queue: Queue = Arc::new(Mutex::new(receiver));
        let start = Mark::now();
        let mut tasks = JoinSet::new();
        for worker in workers.drain(..) {
            let queue = Arc::clone(&queue);
            tasks.spawn(async move { self.serve(worker, &queue, start).await });
        }
        // A thread of its own: timers of the runtime are good for a millisecond only.
        let pacing = std::thread::spawn(move || self.pace(start, &sender));
        let mut all = Done::default();
        while let Some(ended) = tasks.join_next().await {
            let (worker, done) = ended.context("a worker has panicked")?;
            workers.push(worker);
            all.take(done);
        }
        all.offered = pacing.join().ok().context("the pacer has panicked")?;
        all.micros.sort_by(f64::total_cmp);
        Ok(all)
    }

    /// Hands out pieces when they are due. Returns how many.
    fn pace(self, start: Mark, to: &UnboundedSender<Piece>) -> u32 {
        let mut offered = 0_u32;
        loop {
            let due = f64::from(offered) / f64::from(self.rate.max(1));
            if due >= self.seconds {
                return offered;
            }
            let left = due - start.wall();
            if left > 0.0 {
                std::thread::sleep(Duration::from_secs_f64(left));
            }
            let number = self.first.saturating_add(offered.into());
            if to.send(Piece { number, due }).is_err() {
                return offered;
            }
            offered = offered.saturating_add(1);
        }
    }

    async fn serve<W: Worker>(self, mut worker: W, queue: &Queue, start: Mark) -> (W, Done) {
        let mut done = Done::default();
        loop {
            let piece = queue.lock().await.recv().await;
            let Some(Piece { number, due }) = piece else {
                return (worker, done);
            };
            if start.wall() > self.seconds + GRACE_S {
                done.lost = done.lost.saturating_add(1);
                continue;
            }
            match worker.work(number).await {
                Ok(()) => {
                    let now = start.wall();
                    done.micros.push((now - due) * 1e6);
                    let in_time = u32::from(now <= self.seconds);
                    done.in_time = done.in_time.saturating_add(in_time);
                }
                Err(error) => {
                    done.errors = done.errors.saturating_add(1);
                    done.error = Some(format!("{error:#}"));
                }
            }
        }
    }
}

impl Done {
    fn take(&mut self, other: Self) {
        self.micros.extend(other.micros);
        self.in_time = self.in_time.saturating_add(other.in_time);
        self.errors = self.errors.saturating_add(other.errors);
        self.lost = self.lost.saturating_add(other.lost);
        self.error = self.error.take().or(other.error);
    }

    /// Which part of the work was done before its end.
    #[must_use]
    pub fn share_in_time(&self) -> f64 {
        f64::from(self.in_time) / f64::from(self.offered.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so long over each piece, and fails at one of them.
    struct Slow(Duration, u64);

    impl Worker for Slow {
        async fn work(&mut self, number: u64) -> anyhow::Result<()> {
            tokio::time::sleep(self.0).await;
            anyhow::ensure!(number != self.1, "piece {number}");
            Ok(())
        }
    }

    fn done(load: Load, mut workers: Vec<Slow>) -> Done {
        let threads = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let count = workers.len();
        let done = threads.block_on(load.run(&mut workers)).unwrap();
        assert_eq!(workers.len(), count, "workers come back");
        done
    }

    #[test]
    fn what_waits_for_others_is_slow_itself() {
        let load = Load {
            rate: 100,
            seconds: 0.1,
            first: 0,
        };
        // Ten pieces, due 10 ms apart, by one worker who takes 30 ms: the last one is done no
        // sooner than 300 ms after the start and was due after 90.
        let done = done(load, vec![Slow(Duration::from_millis(30), u64::MAX)]);
        assert_eq!((done.offered, done.micros.len()), (10, 10));
        assert!(done.micros.last().unwrap() >= &209_000.0, "{done:?}");
        assert!(done.in_time <= 3, "{done:?}");
    }

    #[test]
    fn nothing_is_left_out() {
        let load = Load {
            rate: 1_000,
            seconds: 0.05,
            first: 7,
        };
        let one_fails = |_| Slow(Duration::ZERO, 20);
        let done = done(load, (0..4).map(one_fails).collect());
        assert_eq!((done.offered, done.micros.len(), done.errors), (50, 49, 1));
        assert_eq!(done.error.as_deref(), Some("piece 20"));
    }
}
