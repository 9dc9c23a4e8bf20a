//! Who works, who waits, who goes.
//!
//! Duty: the gate as a state: work up to the limit, a short queue for each priority with a deadline,
//! and the choice of who is next. The lower a priority, the smaller the part of the limit up to which
//! it is let in: a flood of readers never holds what bets need, and under a flood of bets the readers
//! are those who wait. Within a priority the newest goes first (as in Facebook's adaptive LIFO,
//! "Fail at Scale", 2015): whoever waited longest is the one whose client gives up next, and with the
//! oldest first everybody would be served late. When as many wait as a quarter of the limit, whoever
//! comes is told at once, which costs next to nothing. What must go on is let in always.
//!
//! Prohibition: no clock, no tasks; whoever holds it tells the time and wakes the waiting.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "counts of requests in one process, far from the ends of their types"
)]

use super::limit::{Bounds, Limit};
use super::priority::Priority;
use std::collections::VecDeque;

/// How long anybody may wait, in microseconds: a refusal is worth most at once, and what waits adds to how long the
/// accepted take.
const PATIENCE_MICROS: u64 = 5_000;
/// So many may wait of each priority however low the limit is.
const WAITING_MIN: usize = 16;
/// Up to which part of the limit each priority is let in, in eighths.
const SHARE_EIGHTHS: [usize; Priority::COUNT] = [8, 8, 6, 4, 3];

/// Somebody who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Number(u64);

#[derive(Clone, Copy, Debug)]
struct Waiting {
    number: Number,
    until: u64,
}

/// What becomes of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It works at once.
    In,
    /// It waits under this number, no longer than until then.
    Waits(Number, u64),
    /// So many wait that it would be in vain.
    Away,
}

/// Who is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// It works now.
    In(Number),
    /// It is turned away, before any work.
    Away(Number),
}

/// In work, waiting and turned away so far, of a priority.
pub(crate) type Figures = (usize, usize, u64);

/// The gate's state.
#[derive(Debug)]
pub(crate) struct Queue {
    limit: Limit,
    in_work: [usize; Priority::COUNT],
    waiting: [VecDeque<Waiting>; Priority::COUNT],
    shed: [u64; Priority::COUNT],
    next: u64,
}

impl Queue {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            limit: Limit::new(bounds),
            in_work: [0; Priority::COUNT],
            waiting: Default::default(),
            shed: [0; Priority::COUNT],
            next: 0,
        }
    }

    /// How much may be worked on at once.
    pub(crate) const fn limit(&self) -> usize {
        self.limit.now()
    }

    /// In work, waiting and turned away so far, of a priority.
    pub(crate) fn figures(&self, priority: Priority) -> Figures {
        let at = priority.index();
        (
            self.in_work.get(at).copied().unwrap_or(0),
            self.waiting.get(at).map_or(0, VecDeque::len),
            self.shed.get(at).copied().unwrap_or(0),
        )
    }

    fn has_room(&self, priority: Priority) -> bool {
        if priority == Priority::Settling {
            return true;
        }
        let eighths = SHARE_EIGHTHS.get(priority.index()).copied().unwrap_or(8);
        let up_to = (self.limit.now() * eighths / 8).max(1);
        self.in_work.iter().sum::<usize>() < up_to
    }

    fn begin(&mut self, priority: Priority) {
        if let Some(count) = self.in_work.get_mut(priority.index()) {
            *count += 1;
        }
        self.limit.busy(self.in_work.iter().sum());
    }

    /// Whether somebody who came now would be turned away: there is no room, and of those who wait
    /// already few will be let in before their deadline.
    pub(crate) fn is_full(&self, priority: Priority) -> bool {
        let most = (self.limit.now() / 4).max(WAITING_MIN);
        let waiting = self.waiting.get(priority.index()).map_or(0, VecDeque::len);
        waiting >= most && !self.has_room(priority)
    }

    /// Somebody comes.
    pub(crate) fn arrive(&mut self, priority: Priority, now: u64) -> Arrival {
        if self.has_room(priority) {
            self.begin(priority);
            return Arrival::In;
        }
        if self.is_full(priority) {
            self.count_shed(priority);
            return Arrival::Away;
        }
        let number = Number(self.next);
        self.next += 1;
        let until = now + PATIENCE_MICROS;
        if let Some(queue) = self.waiting.get_mut(priority.index()) {
            queue.push_back(Waiting { number, until });
        }
        Arrival::Waits(number, until)
    }

    /// Somebody is done, with work that began and ended then (none: nobody knows how long it took);
    /// and who is next, or too late.
    pub(crate) fn leave(
        &mut self,
        priority: Priority,
        took: Option<(u64, u64)>,
        now: u64,
    ) -> Vec<Call> {
        if let Some(count) = self.in_work.get_mut(priority.index()) {
            *count = count.saturating_sub(1);
        }
        if let Some((began, ended)) = took {
            self.limit.took(priority, began, ended);
        }
        let mut calls = Vec::new();
        for priority in Priority::ALL {
            while self.has_room(priority) {
                let Some(queue) = self.waiting.get_mut(priority.index()) else {
                    break;
                };
                let Some(newest) = queue.pop_back() else {
                    break;
                };
                if newest.until <= now {
                    calls.push(Call::Away(newest.number));
                    self.count_shed(priority);
                    continue;
                }
                calls.push(Call::In(newest.number));
                self.begin(priority);
            }
        }
        calls
    }

    /// Somebody stops waiting. False: he does not wait any more, a call is under way.
    pub(crate) fn give_up(&mut self, priority: Priority, number: Number) -> bool {
        let Some(queue) = self.waiting.get_mut(priority.index()) else {
            return false;
        };
        let Some(at) = queue.iter().position(|waiting| waiting.number == number) else {
            return false;
        };
        queue.remove(at);
        self.count_shed(priority);
        true
    }

    /// Somebody was turned away before he came this far.
    pub(crate) fn count_shed(&mut self, priority: Priority) {
        if let Some(count) = self.shed.get_mut(priority.index()) {
            *count += 1;
        }
    }
}

#[cfg(test)]
mod tests;
