//! What the process says while it runs.
//!
//! Duty: log lines on stderr, for people or as JSON; a healthy start prints no warning. One event is
//! one line, whatever stands in it: nobody who is told of in a line can write a line of his own.
//! Prohibition: no amount, no name and no secret is ever put into a log line.

use std::io::{self, IsTerminal, Write};
use tracing_subscriber::EnvFilter;

/// What is told when nobody says otherwise: of the view store's driver only what is wrong.
const USUAL: &str = "info,scylla=error";
/// What is never told, whoever asks: the library of passkeys shows what authenticators say.
const NEVER: &str = "webauthn_rs=off,webauthn_rs_core=off,webauthn_rs_proto=off";

/// Begins to listen to what the crates tell. `FURLONG_LOG` sets what is told, as in
/// `FURLONG_LOG=debug`.
pub fn begin(json: bool) {
    let asked = std::env::var_os("FURLONG_LOG").unwrap_or_default();
    // The later beats the earlier.
    let filter = EnvFilter::new(format!("{USUAL},{},{NEVER}", asked.to_string_lossy()));
    let colours = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours)
        .with_writer(move || OneLine {
            to: io::stderr(),
            colours,
        });
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

/// Hands an event on as one line of characters that can be seen.
struct OneLine<W> {
    to: W,
    /// Colours begin with an escape character. Whatever else holds one has been escaped before.
    colours: bool,
}

impl<W> OneLine<W> {
    /// An event comes whole, with the end of its line.
    fn shown(&self, event: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(event);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let mut shown = String::with_capacity(text.len());
        for letter in line.chars() {
            let passes = !letter.is_control() || (self.colours && letter == '\u{1b}');
            if passes {
                shown.push(letter);
            } else {
                shown.extend(letter.escape_default());
            }
        }
        shown.push('\n');
        shown.into_bytes()
    }
}

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.to.write_all(&self.shown(event))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex, PoisonError};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written when this is told of, in both forms.
    fn told(source: &str) -> [String; 2] {
        [false, true].map(|json| {
            let kept = Kept::default();
            let to = kept.clone();
            let lines = tracing_subscriber::fmt()
                .with_ansi(false)
                .with_writer(move || OneLine {
                    to: to.clone(),
                    colours: false,
                });
            let tell =
                || tracing::warn!(error = %source, source, "a source does not keep its promise");
            if json {
                tracing::subscriber::with_default(lines.json().finish(), tell);
            } else {
                tracing::subscriber::with_default(lines.finish(), tell);
            }
            let kept = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
            String::from_utf8_lossy(&kept).into_owned()
        })
    }

    #[test]
    fn nobody_who_is_told_of_writes_a_line_of_his_own() {
        let forged = "x\r\n2026-01-01T00:00:00Z  INFO all is well\u{1b}[2K\u{8}\u{9b}";
        for text in told(forged) {
            assert_eq!(text.lines().count(), 1, "{text:?}");
            assert!(text.contains("all is well"), "it is told: {text:?}");
            let hidden = text.trim_end_matches('\n').chars().any(char::is_control);
            assert!(!hidden, "{text:?}");
        }
    }

    #[test]
    fn what_is_plain_is_told_as_it_is() {
        for text in told("Zürich, 3 of 4") {
            assert!(text.contains("Zürich, 3 of 4"), "{text}");
        }
    }
}
