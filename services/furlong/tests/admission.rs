//! The benches of admission, short: what they promise holds on any machine, however busy it is.
//! Times are looked at by people, in `docs/performance.md`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::Value;
use std::process::Command;

fn told(arguments: &[&str]) -> Value {
    let ran = Command::new(env!("CARGO_BIN_EXE_furlong"))
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{arguments:?}: {text}");
    serde_json::from_slice(&ran.stdout).unwrap()
}

/// Ten times the peak at a gate of fixed width: most is turned away, nothing is begun of that (the
/// bench compares the inboxes with the answers and fails otherwise), and bets go on being accepted.
#[test]
fn ten_times_too_much_is_turned_away_before_any_work() {
    let told = told(&[
        "bench",
        "overload",
        "--concurrency",
        "16",
        "--seconds",
        "2",
        "--rounds",
        "1",
        "--json",
    ]);
    let number = |name: &str| {
        told[name]
            .as_f64()
            .unwrap_or_else(|| panic!("{name}: {told}"))
    };
    assert!(number("shed") > 0.0, "{told}");
    assert!(number("accepted") > 0.0, "{told}");
    assert!(number("resident_ratio") < 3.0, "{told}");
}

/// Some hundred sockets, a fifth of them busy: none is cut and every busy one hears the last price
/// (the bench fails otherwise), and what each takes is bounded.
#[test]
fn hundreds_of_sockets_cost_little_each() {
    let told = told(&[
        "bench",
        "connections",
        "--connections",
        "300",
        "--busy",
        "60",
        "--seconds",
        "2",
        "--json",
    ]);
    assert_eq!(told["cut"], 0);
    for name in ["bytes_per_idle_connection", "bytes_per_busy_connection"] {
        let bytes = told[name].as_f64().unwrap();
        assert!(bytes < 200_000.0, "{name}: {told}");
    }
    assert!(told["frames"].as_u64() > Some(300), "{told}");
}
