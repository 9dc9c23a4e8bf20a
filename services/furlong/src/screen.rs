//! Where a command writes.
//!
//! Duty: data to one writer, messages to another, and whether a person watches. Tests hand in
//! buffers. Prohibition: no command writes to the process's streams by itself.

use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// The two streams of a command, and what is known about who reads them.
pub struct Screen<'a> {
    /// Answers go here.
    pub out: &'a mut dyn Write,
    /// Progress, warnings and hints go here.
    pub messages: &'a mut dyn Write,
    /// Answers as JSON.
    pub json: bool,
    /// A person watches the messages: progress may be drawn.
    pub watched: bool,
    /// Where colour is welcome.
    pub colour: Colour,
}

impl Screen<'_> {
    /// One JSON value on a line of its own.
    ///
    /// # Errors
    /// The stream does not take it.
    pub fn put_json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut *self.out, value)?;
        writeln!(self.out)
    }

    /// A line of the answer.
    ///
    /// # Errors
    /// The stream does not take it.
    pub fn put(&mut self, line: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    /// A line beside the answer. That it may be lost is no reason to stop.
    pub fn tell(&mut self, line: impl std::fmt::Display) {
        drop(writeln!(self.messages, "{line}"));
    }

    /// A line that replaces itself; only where a person watches.
    pub fn progress(&mut self, line: impl std::fmt::Display) {
        if self.watched {
            drop(write!(self.messages, "\r\x1b[K{line}"));
            drop(self.messages.flush());
        }
    }

    /// Takes the progress line away.
    pub fn progress_done(&mut self) {
        if self.watched {
            drop(write!(self.messages, "\r\x1b[K"));
        }
    }
}

/// Which of the two streams may be coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Colour {
    /// Answers.
    pub answers: bool,
    /// Messages.
    pub messages: bool,
}

/// Whether messages go to a terminal that can redraw a line.
#[must_use]
pub fn is_watched() -> bool {
    io::stderr().is_terminal() && variable("TERM").is_none_or(|kind| kind != "dumb")
}

/// Colour only for terminals, and only if nobody minds (`NO_COLOR`, whatever its value).
#[must_use]
pub fn colours() -> Colour {
    let minded = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = variable("TERM").is_some_and(|kind| kind == "dumb");
    let wanted = !minded && !dumb;
    Colour {
        answers: wanted && io::stdout().is_terminal(),
        messages: wanted && io::stderr().is_terminal(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how the terminal wants to be written to is not configuration"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
