//! Named instants at which a process can be made to die.
//!
//! Duty: a closed list of the instants around a commit at which a crash would hurt most, and a
//! death at the nth passing of one of them. Tests arm it; nothing of the product does, so that one
//! passing costs one relaxed load.
//!
//! Prohibition: no delay, no error, no business: a process dies here or goes on.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

macro_rules! points {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// An instant.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Point { $($(#[$doc])* $name,)* }

        impl Point {
            /// All of them, in the order in which a decision meets them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        impl FromStr for Point {
            type Err = UnknownPoint;

            fn from_str(text: &str) -> Result<Self, UnknownPoint> {
                match text {
                    $($text => Ok(Self::$name),)*
                    other => Err(UnknownPoint(other.to_owned())),
                }
            }
        }
    };
}

points! {
    /// The gateway is about to send a command to an inbox.
    Asking = "asking",
    /// An owner has read its journal and is about to append its claim.
    Claiming = "claiming",
    /// An owner's claim was appended and has not been read back.
    Claimed = "claimed",
    /// An owner has decided, and nothing has left yet.
    Decided = "decided",
    /// Decisions were handed over to the log, and nothing is known of them.
    Produced = "produced",
    /// The log has said what became of an append.
    Reported = "reported",
    /// Decisions were read back: they count.
    ReadBack = "read_back",
    /// Rows are about to be written to the views.
    Projecting = "projecting",
    /// Rows were written, and the progress beside them was not.
    RowsWritten = "rows_written",
    /// Rows and progress were written.
    Projected = "projected",
    /// The gateway knows the outcome and is about to tell it.
    Answering = "answering",
    /// A snapshot was written, and has not taken its place.
    SnapshotWritten = "snapshot_written",
    /// A snapshot has taken its place.
    SnapshotKept = "snapshot_kept",
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No such instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPoint(pub String);

impl fmt::Display for UnknownPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no point of failure is named {:?}", self.0)
    }
}

impl std::error::Error for UnknownPoint {}

/// When this process is to die.
struct Armed {
    point: Point,
    passings_left: AtomicU32,
}

static IS_ARMED: AtomicBool = AtomicBool::new(false);
static ARMED: OnceLock<Armed> = OnceLock::new();

/// This process is to die when it passes the point for the nth time. The first call counts.
pub fn arm(point: Point, nth: u32) {
    let armed = Armed {
        point,
        passings_left: AtomicU32::new(nth.max(1)),
    };
    if ARMED.set(armed).is_ok() {
        IS_ARMED.store(true, Ordering::Release);
    }
}

/// The process passes this point, or dies there without tidying up anything.
#[inline]
pub fn pass(point: Point) {
    if IS_ARMED.load(Ordering::Relaxed) && is_last(point) {
        std::process::abort();
    }
}

#[cold]
fn is_last(point: Point) -> bool {
    ARMED.get().is_some_and(|armed| {
        armed.point == point && armed.passings_left.fetch_sub(1, Ordering::AcqRel) == 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_written() {
        for point in Point::ALL {
            assert_eq!(point.as_str().parse(), Ok(*point));
        }
        assert_eq!(Point::from_str("now"), Err(UnknownPoint("now".to_owned())));
    }

    /// One test: what is armed is armed for the whole process.
    #[test]
    fn the_nth_passing_of_the_armed_point_is_the_last() {
        pass(Point::Decided);
        arm(Point::Decided, 3);
        arm(Point::Claimed, 1);
        assert!(!is_last(Point::Claimed), "the first call counts");
        pass(Point::Decided);
        assert!(!is_last(Point::Decided));
        assert!(is_last(Point::Decided));
        assert!(!is_last(Point::Decided), "once only");
    }
}
