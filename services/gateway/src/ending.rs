//! What ends that which a request began.
//!
//! Duty: the two states in which a request can be answered, and the wait for the first of them by
//! way of a view. Prohibition: a view that is behind what this process has read is never taken for
//! proof that something is pending: somebody may know better.

use crate::app::App;
use crate::asking;
use crate::errors::Code;
use crate::problem::Problem;
use crate::views;
use kernel::{Position, Timestamp, TopicPartition};
use schemas::Decision;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How far something has come that a request began.
pub(crate) enum Last {
    /// This decided it.
    Final(Arc<Decision>),
    /// It waits, until then as far as is known.
    Pending(Option<Timestamp>),
}

/// The same, as a row of a view tells it.
pub(crate) enum Looked {
    /// The decision there ended it.
    EndedAt(Position),
    /// It waits, until then as far as is known.
    Pending(Option<Timestamp>),
}

/// Looks into a view of the journal, with this much time between two looks, until there is an end
/// or the wait is over.
pub(crate) async fn looked_up<Look: Future<Output = Result<Looked, Problem>>>(
    app: &App,
    journal: TopicPartition,
    until: Instant,
    pause: Duration,
    mut look: impl FnMut() -> Look,
) -> Result<Last, Problem> {
    let read_to = app.hub.next_offset(journal).unwrap_or(0);
    let mut is_current = false;
    loop {
        is_current = is_current || views::next_offset(app, journal).await? >= read_to;
        let pending_until = match look().await? {
            Looked::EndedAt(position) => {
                let decision = views::decision_at(app, position).await?;
                return Ok(Last::Final(Arc::new(decision)));
            }
            Looked::Pending(until) => until,
        };
        let next_look = asking::until(pause);
        if next_look > until {
            return if is_current {
                Ok(Last::Pending(pending_until))
            } else {
                Err(Problem::new(Code::ViewBehind))
            };
        }
        tokio::time::sleep_until(next_look).await;
    }
}
