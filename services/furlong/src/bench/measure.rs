//! Time, and what is made of it.
//!
//! Duty: wall and CPU clocks, medians, and a report that tells its conditions.
#![expect(
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "figures for people: quotients of counts that a float holds exactly"
)]

use rustix::time::{ClockId, Timespec, clock_gettime};
use serde_json::{Map, Value, json};

/// An instant, by both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    wall: Timespec,
    cpu: Timespec,
}

/// What has passed since.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Seconds.
    pub wall: f64,
    /// Seconds of the whole process, all threads, user and system.
    pub cpu: f64,
}

impl Mark {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self {
            wall: clock_gettime(ClockId::Monotonic),
            cpu: clock_gettime(ClockId::ProcessCPUTime),
        }
    }

    /// Seconds from this instant until another, by the wall; below zero if that was before.
    #[must_use]
    pub fn until(self, other: Self) -> f64 {
        seconds(self.wall, other.wall)
    }

    /// So much later by the wall.
    #[must_use]
    pub fn later(self, by: std::time::Duration) -> Self {
        let nanos = self.wall.tv_nsec + i64::from(by.subsec_nanos());
        let wall = Timespec {
            tv_sec: self.wall.tv_sec + by.as_secs() as i64 + nanos / 1_000_000_000,
            tv_nsec: nanos % 1_000_000_000,
        };
        Self { wall, ..self }
    }

    /// Seconds that have passed since, by the wall.
    #[must_use]
    pub fn wall(self) -> f64 {
        seconds(self.wall, clock_gettime(ClockId::Monotonic))
    }

    /// What has passed since.
    #[must_use]
    pub fn span(self) -> Span {
        let now = Self::now();
        Span {
            wall: seconds(self.wall, now.wall),
            cpu: seconds(self.cpu, now.cpu),
        }
    }
}

fn seconds(from: Timespec, to: Timespec) -> f64 {
    (to.tv_sec - from.tv_sec) as f64 + (to.tv_nsec - from.tv_nsec) as f64 / 1e9
}

/// Seconds of CPU that this thread has taken.
#[must_use]
pub fn thread_cpu_s() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// How many a second.
#[must_use]
pub fn rate(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds.max(1e-9)
}

/// Nanoseconds for each of so many.
#[must_use]
pub fn nanos_each(seconds: f64, count: u64) -> f64 {
    seconds * 1e9 / (count.max(1) as f64)
}

/// Least, median and most of several rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// The one in the middle.
    pub median: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// Of these; zeros where there is none.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self {
            min: values.first().copied().unwrap_or(0.0),
            median: percentile(&values, 50),
            max: values.last().copied().unwrap_or(0.0),
        }
    }
}

/// The value below which so many percent of the sorted values lie.
#[must_use]
pub fn percentile(sorted: &[f64], percent: usize) -> f64 {
    per_mille(sorted, percent.saturating_mul(10))
}

/// The value below which so many in a thousand of the sorted values lie.
#[must_use]
pub fn per_mille(sorted: &[f64], per_mille: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted
        .get(last.saturating_mul(per_mille).div_ceil(1_000).min(last))
        .copied()
        .unwrap_or(0.0)
}

/// Named figures and the conditions of the run.
#[derive(Debug)]
pub struct Report {
    name: &'static str,
    began: Mark,
    load_before: String,
    figures: Map<String, Value>,
    lines: Vec<String>,
}

impl Report {
    /// Begins now.
    #[must_use]
    pub fn begin(name: &'static str) -> Self {
        Self {
            name,
            began: Mark::now(),
            load_before: load_average(),
            figures: Map::new(),
            lines: Vec::new(),
        }
    }

    /// A figure.
    pub fn figure(&mut self, name: &str, value: impl Into<Value>) {
        self.figures.insert(name.to_owned(), value.into());
    }

    /// A figure over several rounds, and how far it spread.
    pub fn spread(&mut self, name: &str, spread: Spread) {
        self.figure(name, round(spread.median));
        self.figure(&format!("{name}_min"), round(spread.min));
        self.figure(&format!("{name}_max"), round(spread.max));
    }

    /// A line for people.
    pub fn line(&mut self, text: impl Into<String>) {
        self.lines.push(text.into());
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let span = self.began.span();
        let mut all = self.figures.clone();
        all.insert("bench".to_owned(), self.name.into());
        all.insert(
            "conditions".to_owned(),
            json!({
                "version": env!("CARGO_PKG_VERSION"),
                "optimised": !cfg!(debug_assertions),
                "load_average_before": self.load_before,
                "load_average_after": load_average(),
                "cpu_seconds": round(span.cpu),
                "wall_seconds": round(span.wall),
            }),
        );
        Value::Object(all)
    }

    /// For people.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let span = self.began.span();
        let mut lines = self.lines.clone();
        lines.push(format!(
            "load average {} before, {} after; {:.1} s of CPU in {:.1} s",
            self.load_before,
            load_average(),
            span.cpu,
            span.wall
        ));
        if cfg!(debug_assertions) {
            lines.push("built without optimisation: only the quotients mean anything".to_owned());
        }
        lines
    }
}

/// Four significant digits are more than any of this is worth.
fn round(value: f64) -> Value {
    let text = if value.abs() >= 1000.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.4}")
    };
    text.parse::<f64>().map_or(Value::Null, Value::from)
}

fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ')
        .next()
        .filter(|load| !load.is_empty())
        .unwrap_or("unknown")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_percentiles() {
        let spread = Spread::of(vec![3.0, 1.0, 2.0]);
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 2.0, 3.0));
        let sorted: Vec<f64> = (0..=100_u32).map(f64::from).collect();
        assert!((percentile(&sorted, 99) - 99.0).abs() < 1e-9);
        assert!((per_mille(&sorted, 999) - 100.0).abs() < 1e-9);
        assert!(percentile(&[], 50).abs() < 1e-9);
    }

    #[test]
    fn both_clocks_move_with_work() {
        let mark = Mark::now();
        let mut sum = 0_u64;
        while mark.span().cpu < 0.01 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(mark.span().wall > 0.0 && sum > 0);
    }
}
