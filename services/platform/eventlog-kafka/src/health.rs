//! How the log is doing.
//!
//! Duty: the standing fault of the newest append and of the newest fetch. A fault stands until
//! the same kind of work succeeds, or until the brokers answer again and it was not renewed.
//! Prohibition: nothing is decided by it; outcomes and errors stand for themselves.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// After so many answers of the brokers without a new fault an old one is over.
const QUIET_PROBES: u8 = 2;

#[derive(Default)]
pub(crate) struct Faults {
    append: Fault,
    fetch: Fault,
}

#[derive(Default)]
struct Fault {
    stands: AtomicBool,
    told: Mutex<Option<(String, u8)>>,
}

impl Fault {
    fn set(&self, detail: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none() {
            tracing::warn!(detail, "kafka fails");
        }
        *told = Some((detail.to_owned(), 0));
        self.stands.store(true, Ordering::Release);
    }

    fn clear(&self) {
        if self.stands.load(Ordering::Acquire) {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            *told = None;
            self.stands.store(false, Ordering::Release);
            tracing::info!("kafka works again");
        }
    }

    fn brokers_answer(&self) {
        let quiet = match &mut *self.told.lock().unwrap_or_else(PoisonError::into_inner) {
            None => false,
            Some((_, quiet)) => {
                *quiet = quiet.saturating_add(1);
                *quiet >= QUIET_PROBES
            }
        };
        if quiet {
            self.clear();
        }
    }

    fn told(&self) -> Option<String> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.as_ref().map(|(detail, _)| detail.clone())
    }
}

impl Faults {
    pub(crate) fn append_failed(&self, detail: &str) {
        self.append.set(detail);
    }

    pub(crate) fn appended(&self) {
        self.append.clear();
    }

    pub(crate) fn fetch_failed(&self, detail: &str) {
        self.fetch.set(detail);
    }

    pub(crate) fn fetched(&self) {
        self.fetch.clear();
    }

    /// Whether the brokers should be asked whether they are back.
    pub(crate) fn any(&self) -> bool {
        self.append.stands.load(Ordering::Acquire) || self.fetch.stands.load(Ordering::Acquire)
    }

    /// The brokers have answered a question.
    pub(crate) fn brokers_answer(&self) {
        self.append.brokers_answer();
        self.fetch.brokers_answer();
    }

    /// What stands against appends, else what stands against fetches.
    pub(crate) fn standing(&self) -> Option<String> {
        self.append.told().or_else(|| self.fetch.told())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_stands_until_the_same_work_succeeds() {
        let faults = Faults::default();
        faults.append_failed("no leader");
        faults.fetched();
        assert_eq!(faults.standing().as_deref(), Some("no leader"));
        faults.appended();
        assert_eq!(faults.standing(), None);
        assert!(!faults.any());
    }

    #[test]
    fn an_old_fault_is_over_when_the_brokers_answer_and_a_new_one_is_not() {
        let faults = Faults::default();
        faults.fetch_failed("gone");
        faults.brokers_answer();
        faults.fetch_failed("gone again");
        faults.brokers_answer();
        assert_eq!(faults.standing().as_deref(), Some("gone again"));
        faults.brokers_answer();
        assert_eq!(faults.standing(), None);
    }
}
