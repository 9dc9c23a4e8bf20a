//! What the process says while it runs.
//!
//! Duty: log lines on stderr, for people or as JSON; a healthy start prints no warning.
//! Prohibition: no amount, no name and no secret is ever put into a log line.

use tracing_subscriber::EnvFilter;

/// Begins to listen to what the crates tell. `FURLONG_LOG` sets what is told, as in
/// `FURLONG_LOG=debug`.
pub fn begin(json: bool) {
    let filter = EnvFilter::builder()
        .with_env_var("FURLONG_LOG")
        .with_default_directive(tracing::level_filters::LevelFilter::INFO.into())
        .from_env_lossy();
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
