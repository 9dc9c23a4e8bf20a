//! What keeps a market from taking bets: its source, an operator, or doubt about its source.
//!
//! Duty: who may stop it, who may lift which stop, and which stop takes the place of a lifted one.
//! Prohibition: the source never lifts an operator's stop, nor an operator the source's.

use crate::event::{Doubt, Event, SuspensionCause};
use crate::market::{Market, OperatorStop};
use crate::rejection::Rejection;

impl Market {
    fn suspended(&self, changes: u64, cause: SuspensionCause) -> Event {
        Event::MarketSuspended {
            market: self.market,
            version: self.version_after(changes),
            cause,
        }
    }

    fn resumed(&self, changes: u64, by: Option<String>) -> Event {
        Event::MarketResumed {
            market: self.market,
            version: self.version_after(changes),
            by,
        }
    }

    /// The source says stop.
    pub(crate) fn stop_by_source(&self, reason: &str) -> Option<Event> {
        let stops = self.is_live() && self.stopped_by_source.as_deref() != Some(reason);
        stops.then(|| {
            self.suspended(
                1,
                SuspensionCause::Source {
                    reason: reason.to_owned(),
                },
            )
        })
    }

    /// Nobody knows what the source would say. A stop by the source stands anyway.
    pub(crate) fn stop_in_doubt(&self, doubt: Doubt) -> Option<Event> {
        self.may_be_doubted()
            .then(|| self.suspended(1, SuspensionCause::Doubt(doubt)))
    }

    /// Whether doubt about the source would change anything here.
    pub(crate) fn may_be_doubted(&self) -> bool {
        self.is_live() && self.stopped_by_source.is_none() && self.doubt.is_none()
    }

    /// The source has spoken of this market. `changes` is how many events about the market come
    /// before these; `lifts_own_stop` tells a word that lets betting go on from a mere price.
    pub(crate) fn go_on_by_source(&self, changes: u64, lifts_own_stop: bool) -> Vec<Event> {
        let stopped = self.doubt.is_some() || (lifts_own_stop && self.stopped_by_source.is_some());
        if !stopped || !self.is_live() {
            return Vec::new();
        }
        let mut events = vec![self.resumed(changes.saturating_add(1), None)];
        if let Some(stop) = &self.stopped_by_operator {
            let cause = SuspensionCause::Operator {
                reason: stop.reason.clone(),
                by: stop.by.clone(),
            };
            events.push(self.suspended(changes.saturating_add(2), cause));
        }
        events
    }

    /// The source lifts its own stop while it is not up to date: the doubt takes its place.
    pub(crate) fn go_on_while_down(&self) -> Vec<Event> {
        if self.stopped_by_source.is_none() || !self.is_live() {
            return Vec::new();
        }
        let doubt = SuspensionCause::Doubt(Doubt::SourceDown);
        vec![self.resumed(1, None), self.suspended(2, doubt)]
    }

    /// An operator says stop.
    pub(crate) fn stop_by_operator(&self, reason: &str, by: &str) -> Result<Vec<Event>, Rejection> {
        if !self.is_live() {
            return Err(self.not_in_state());
        }
        if self.stopped_by_operator.is_some() {
            return Ok(Vec::new());
        }
        let cause = SuspensionCause::Operator {
            reason: reason.to_owned(),
            by: by.to_owned(),
        };
        Ok(vec![self.suspended(1, cause)])
    }

    /// An operator says go on: that lifts operators' stops, not the source's.
    pub(crate) fn go_on_by_operator(&self, by: &str) -> Result<Vec<Event>, Rejection> {
        if !self.is_live() {
            return Err(self.not_in_state());
        }
        let left = match (&self.stopped_by_source, self.doubt) {
            (Some(reason), _) => Some(SuspensionCause::Source {
                reason: reason.clone(),
            }),
            (None, Some(doubt)) => Some(SuspensionCause::Doubt(doubt)),
            (None, None) => None,
        };
        match (&self.stopped_by_operator, left) {
            (None, None) => Ok(Vec::new()),
            (None, Some(_)) => Err(self.not_in_state()),
            (Some(_), left) => {
                let mut events = vec![self.resumed(1, Some(by.to_owned()))];
                events.extend(left.map(|cause| self.suspended(2, cause)));
                Ok(events)
            }
        }
    }

    /// Takes notice of a stop.
    pub(crate) fn suspend(&mut self, cause: &SuspensionCause) {
        match cause {
            SuspensionCause::Operator { reason, by } => {
                self.stopped_by_operator = Some(OperatorStop {
                    by: by.clone(),
                    reason: reason.clone(),
                });
            }
            SuspensionCause::Source { reason } => {
                self.stopped_by_source = Some(reason.clone());
                self.doubt = None;
            }
            SuspensionCause::Doubt(doubt) => self.doubt = Some(*doubt),
        }
    }
}
