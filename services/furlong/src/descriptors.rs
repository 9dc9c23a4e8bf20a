//! How many files and connections the process may have open.
//!
//! Duty: as many as the system allows without asking anybody. Prohibition: nothing is taken for
//! granted: whoever needs so many asks how many there are.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the number to what the system allows this user, and tells it; none: without bound.
pub(crate) fn raise() -> Option<u64> {
    let limits = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limits.maximum,
        maximum: limits.maximum,
    };
    if limits.current == limits.maximum {
        return limits.current;
    }
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limits.maximum,
        Err(error) => {
            tracing::debug!(%error, "the number of descriptors cannot be raised");
            limits.current
        }
    }
}
