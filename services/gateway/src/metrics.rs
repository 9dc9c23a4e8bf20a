//! Figures about the gateway, in the Prometheus text format.
//!
//! Duty: one table of names with help, counted by a few bounded labels, never by ids.
//! Prohibition: no float; durations are counted in whole microseconds and written as seconds.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "counters of requests and microseconds, far below 2^64"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Upper bounds of the duration buckets, in microseconds.
const BUCKETS: [u64; 12] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000,
];

#[derive(Default)]
struct Histogram {
    below: [u64; BUCKETS.len()],
    count: u64,
    sum_micros: u64,
}

impl Histogram {
    fn observe(&mut self, micros: u64) {
        for (count, bound) in self.below.iter_mut().zip(BUCKETS) {
            *count += u64::from(micros <= bound);
        }
        self.count += 1;
        self.sum_micros += micros;
    }

    fn write(&self, name: &str, labels: &str, out: &mut String) -> std::fmt::Result {
        let comma = if labels.is_empty() { "" } else { "," };
        for (count, bound) in self.below.iter().zip(BUCKETS) {
            let le = seconds(bound);
            writeln!(out, "{name}_bucket{{{labels}{comma}le=\"{le}\"}} {count}")?;
        }
        let (count, sum) = (self.count, seconds(self.sum_micros));
        writeln!(out, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {count}")?;
        writeln!(out, "{name}_sum{{{labels}}} {sum}")?;
        writeln!(out, "{name}_count{{{labels}}} {count}")
    }
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// The figures of one process.
#[derive(Default)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<(String, String, u16), Histogram>>,
    bets: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    acceptance: Mutex<Histogram>,
    streams: [AtomicU64; 2],
    streams_cut: AtomicU64,
}

/// What kind of stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamKind {
    /// Server-sent events.
    Sse,
    /// WebSocket.
    WebSocket,
}

impl StreamKind {
    const fn label(self) -> &'static str {
        match self {
            Self::Sse => "sse",
            Self::WebSocket => "websocket",
        }
    }
}

impl Metrics {
    /// A request was answered.
    pub(crate) fn request(&self, method: &str, route: &str, status: u16, micros: u64) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests
            .entry((method.to_owned(), route.to_owned(), status))
            .or_default()
            .observe(micros);
    }

    /// A bet was answered: outcome and code.
    pub(crate) fn bet(&self, outcome: &'static str, code: &'static str) {
        let mut bets = self.bets.lock().unwrap_or_else(PoisonError::into_inner);
        *bets.entry((outcome, code)).or_default() += 1;
    }

    /// A bet was accepted, so long after its request arrived.
    pub(crate) fn accepted(&self, micros: u64) {
        self.acceptance
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .observe(micros);
    }

    fn streams_of(&self, kind: StreamKind) -> &AtomicU64 {
        let [sse, web_socket] = &self.streams;
        match kind {
            StreamKind::Sse => sse,
            StreamKind::WebSocket => web_socket,
        }
    }

    /// A stream was opened.
    pub(crate) fn stream_opened(&self, kind: StreamKind) {
        self.streams_of(kind).fetch_add(1, Ordering::Relaxed);
    }

    /// A stream ended.
    pub(crate) fn stream_closed(&self, kind: StreamKind) {
        self.streams_of(kind).fetch_sub(1, Ordering::Relaxed);
    }

    /// How many streams are open.
    pub(crate) fn streams_open(&self) -> u64 {
        self.streams.iter().map(|s| s.load(Ordering::Relaxed)).sum()
    }

    /// A stream was too slow and was cut.
    pub(crate) fn stream_cut(&self) {
        self.streams_cut.fetch_add(1, Ordering::Relaxed);
    }

    /// All figures as text.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a String does not fail.
        self.write(&mut out).unwrap_or_default();
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let name = "furlong_http_request_duration_seconds";
        head(
            out,
            name,
            "histogram",
            "How long requests took, by method, route and status.",
        )?;
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        for ((method, route, status), histogram) in requests.iter() {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            histogram.write(name, &labels, out)?;
        }
        let name = "furlong_bets_placed_total";
        head(
            out,
            name,
            "counter",
            "Answers to placements, by outcome and code.",
        )?;
        let bets = self.bets.lock().unwrap_or_else(PoisonError::into_inner);
        for ((outcome, code), count) in bets.iter() {
            writeln!(
                out,
                "{name}{{outcome=\"{outcome}\",code=\"{code}\"}} {count}"
            )?;
        }
        let name = "furlong_bet_acceptance_duration_seconds";
        head(
            out,
            name,
            "histogram",
            "From a placement's arrival to its acceptance.",
        )?;
        let acceptance = self
            .acceptance
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        acceptance.write(name, "", out)?;
        let name = "furlong_gateway_streams_open";
        head(out, name, "gauge", "Open streams, by kind.")?;
        for kind in [StreamKind::Sse, StreamKind::WebSocket] {
            let open = self.streams_of(kind).load(Ordering::Relaxed);
            writeln!(out, "{name}{{kind=\"{}\"}} {open}", kind.label())?;
        }
        let name = "furlong_gateway_streams_cut_total";
        head(
            out,
            name,
            "counter",
            "Streams that were too slow for what must not be left out.",
        )?;
        writeln!(out, "{name} {}", self.streams_cut.load(Ordering::Relaxed))
    }
}

/// The two lines that introduce a figure.
pub(crate) fn head(out: &mut String, name: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_their_buckets() {
        let metrics = Metrics::default();
        metrics.request("GET", "/v1/fixtures", 200, 7_000);
        let text = metrics.text();
        let labels = "method=\"GET\",route=\"/v1/fixtures\",status=\"200\"";
        let name = "furlong_http_request_duration_seconds";
        for (le, count) in [("0.005000", 0), ("0.010000", 1), ("+Inf", 1)] {
            assert!(text.contains(&format!("{name}_bucket{{{labels},le=\"{le}\"}} {count}\n")));
        }
        assert!(text.contains(&format!("{name}_sum{{{labels}}} 0.007000\n")));
    }

    #[test]
    fn every_figure_is_introduced() {
        let text = Metrics::default().text();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split(['{', ' ']).next().unwrap_or_default();
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|suffix| name.strip_suffix(suffix))
                .unwrap_or(name);
            assert!(text.contains(&format!("# HELP {family} ")), "{name}");
        }
    }
}
