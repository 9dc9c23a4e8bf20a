//! Admission: who gets in when there is too much.
//!
//! Duty: in this order, each cheaper than what it keeps out: limits of connections and sizes, the
//! rate of each subject, the limit of what is worked on at once with its short queue, and the
//! gate of sign-ins. What each refuses, and why, is in `docs/degradation.md`.
//!
//! Prohibition: nothing here knows what a request does beyond its route; nothing that was let in
//! is stopped again.

mod address;
mod connections;
mod gate;
mod gcra;
mod limit;
mod priority;
mod queue;
mod rates;
mod seats;

pub(crate) use address::{ClientAddress, client_address};
pub use address::{NetworkInvalid, TrustedProxies};
pub use connections::ConnectionLimits;
pub(crate) use connections::serve;
pub(crate) use gate::{Gate, Work};
pub(crate) use gcra::{Gcra, Standing};
pub use limit::Bounds;
pub(crate) use priority::{Priority, priority_of};
pub(crate) use rates::{Rates, Subject};
pub(crate) use seats::{Seat, Seats};

use crate::app::{App, RateLimit};
use crate::metrics::head;
use std::fmt::Write as _;
use std::time::Duration;

/// What is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmissionSettings {
    /// How much is worked on at once; none: as much as comes.
    pub concurrency: Option<Bounds>,
    /// Bounds of connections.
    pub connections: ConnectionLimits,
    /// How long a body may take to arrive.
    pub body_wait: Duration,
    /// What a socket may ask for in a minute, and at once.
    pub socket_asks: RateLimit,
    /// Sockets on which one customer may be signed in at a time.
    pub sockets_per_customer: usize,
    /// A socket that has subscribed to nothing for so long is closed.
    pub socket_idle: Duration,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
}

impl Default for AdmissionSettings {
    fn default() -> Self {
        Self {
            concurrency: Some(Bounds {
                min: 32,
                first: 1_000,
                max: 4_000,
            }),
            connections: ConnectionLimits::default(),
            body_wait: Duration::from_secs(20),
            socket_asks: RateLimit {
                per_minute: 100,
                burst: 150,
            },
            sockets_per_customer: 100,
            socket_idle: Duration::from_secs(60),
            trusted_proxies: TrustedProxies::default(),
        }
    }
}

/// Appends the figures of admission in the Prometheus text format.
pub(crate) fn write_figures(app: &App, out: &mut String) {
    // Writing to a String does not fail.
    figures(app, out).unwrap_or_default();
}

fn figures(app: &App, out: &mut String) -> std::fmt::Result {
    let (up, alone) = app.rates.as_ref().map_or((true, 0), Rates::store_figures);
    let name = "furlong_rate_store_up";
    let help = "0 while the store that gateways count requests in together is away.";
    head(out, name, "gauge", help)?;
    writeln!(out, "{name} {}", u8::from(up))?;
    let name = "furlong_rate_store_missed_total";
    let help = "Requests that were counted without the store.";
    head(out, name, "counter", help)?;
    writeln!(out, "{name} {alone}")?;
    let (limit, by_priority) = app.gate.as_ref().map_or_else(
        || (0, Priority::ALL.map(|priority| (priority, (0, 0, 0)))),
        |gate| gate.figures(),
    );
    let name = "furlong_admission_limit";
    let help = "How many requests may be worked on at once; 0: as many as come.";
    head(out, name, "gauge", help)?;
    writeln!(out, "{name} {limit}")?;
    let names = [
        (
            "furlong_admission_in_work",
            "gauge",
            "Requests that are worked on.",
        ),
        (
            "furlong_admission_waiting",
            "gauge",
            "Requests that wait for a place at work.",
        ),
        (
            "furlong_admission_shed_total",
            "counter",
            "Requests that were turned away before any work.",
        ),
    ];
    for (at, (name, kind, help)) in names.into_iter().enumerate() {
        head(out, name, kind, help)?;
        for (priority, (in_work, waiting, shed)) in by_priority {
            let counts = [u64::try_from(in_work), u64::try_from(waiting), Ok(shed)];
            let count = counts.get(at).and_then(|count| count.ok()).unwrap_or(0);
            let label = priority.name();
            writeln!(out, "{name}{{priority=\"{label}\"}} {count}")?;
        }
    }
    Ok(())
}
