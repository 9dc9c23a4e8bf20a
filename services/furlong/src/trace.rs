//! What the process says while it runs.
//!
//! Duty: log lines on stderr, for people or as JSON; a healthy start prints no warning.
//! Prohibition: no amount, no name and no secret is ever put into a log line.

use tracing_subscriber::EnvFilter;

/// What is told when nobody says otherwise: of the view store's driver only what is wrong.
const USUAL: &str = "info,scylla=error";

/// Begins to listen to what the crates tell. `FURLONG_LOG` sets what is told, as in
/// `FURLONG_LOG=debug`.
pub fn begin(json: bool) {
    let asked = std::env::var_os("FURLONG_LOG").unwrap_or_default();
    // The later beats the earlier.
    let filter = EnvFilter::new(format!("{USUAL},{}", asked.to_string_lossy()));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first one's listener.
    let begun = if json {
        lines.json().try_init()
    } else {
        lines.with_target(false).try_init()
    };
    if begun.is_err() {
        tracing::debug!("log lines were set up before");
    }
}
