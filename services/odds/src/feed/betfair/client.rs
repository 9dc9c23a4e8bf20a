//! A session over bytes: lines out of a stream, requests into it, connecting again.
//!
//! Duty: carry out what the session says. The stream gives bytes or, after a short while without
//! any, a time-out, so that the session is asked about silence. Prohibition: no protocol; nothing
//! is read that is longer than a line may be.

use super::session::{Act, Session, SessionFailure};
use crate::feed::FeedUpdate;
use kernel::Timestamp;
use runtime::Clock;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::ops::ControlFlow;

/// Most bytes of one line: an image of 200 markets with whole ladders has a few millions.
pub const LINE_BYTES_MAX: usize = 32 << 20;

/// A connection. Reading gives up with [`ErrorKind::WouldBlock`] or [`ErrorKind::TimedOut`] after
/// a short while without bytes.
pub trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

/// Makes connections.
pub trait Dial {
    /// Connects.
    ///
    /// # Errors
    /// Nobody is there.
    fn dial(&mut self) -> std::io::Result<Box<dyn Stream>>;

    /// Waits until then.
    fn wait(&mut self, until: Timestamp);
}

/// Follows the stream until every market is over, or `tell` says that it is enough.
///
/// # Errors
/// The exchange refuses what connecting again would not mend.
pub fn follow(
    session: &mut Session,
    dial: &mut dyn Dial,
    clock: &dyn Clock,
    tell: &mut dyn FnMut(FeedUpdate) -> ControlFlow<()>,
) -> Result<(), SessionFailure> {
    loop {
        let ended = match dial.dial() {
            Ok(stream) => {
                let mut link = Link::new(stream);
                link.run(session, clock, tell)
            }
            Err(error) => {
                let acts = session.disconnected(&error.to_string(), clock.now());
                Link::<std::io::Empty>::without(acts, tell)
            }
        };
        match ended {
            Ended::Enough => return Ok(()),
            Ended::Refused(failure) => return Err(failure),
            Ended::Again(at) => dial.wait(at),
        }
    }
}

/// Whether nothing came for a while.
fn is_pause(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

enum Ended {
    Enough,
    Refused(SessionFailure),
    Again(Timestamp),
}

struct Link<S> {
    stream: Option<S>,
    /// Bytes that are no whole line yet.
    rest: Vec<u8>,
    lines: VecDeque<Vec<u8>>,
}

impl<S: Read + Write> Link<S> {
    const fn new(stream: S) -> Self {
        Self {
            stream: Some(stream),
            rest: Vec::new(),
            lines: VecDeque::new(),
        }
    }

    fn without(acts: Vec<Act>, tell: &mut dyn FnMut(FeedUpdate) -> ControlFlow<()>) -> Ended {
        let mut none = Self {
            stream: None,
            rest: Vec::new(),
            lines: VecDeque::new(),
        };
        match none.carry_out(acts, tell) {
            Ok(()) | Err(None) => Ended::Enough,
            Err(Some(ended)) => ended,
        }
    }

    fn run(
        &mut self,
        session: &mut Session,
        clock: &dyn Clock,
        tell: &mut dyn FnMut(FeedUpdate) -> ControlFlow<()>,
    ) -> Ended {
        let mut acts = session.connected(clock.now());
        loop {
            match self.carry_out(acts, tell) {
                Ok(()) => {}
                Err(Some(ended)) => return ended,
                Err(None) => {
                    acts = session.disconnected("a request could not be sent", clock.now());
                    continue;
                }
            }
            if session.is_over() {
                return Ended::Enough;
            }
            acts = match self.next_line() {
                Ok(Some(line)) => match std::str::from_utf8(&line) {
                    Ok(text) => session.line(text, clock.now()),
                    Err(_) => session.line("", clock.now()),
                },
                Ok(None) => session.tick(clock.now()),
                Err(reason) => session.disconnected(&reason, clock.now()),
            };
        }
    }

    /// `Err(None)`: a request could not be sent.
    fn carry_out(
        &mut self,
        acts: Vec<Act>,
        tell: &mut dyn FnMut(FeedUpdate) -> ControlFlow<()>,
    ) -> Result<(), Option<Ended>> {
        for act in acts {
            match act {
                Act::Send(line) => {
                    let sent = self.stream.as_mut().map(|stream| {
                        stream.write_all(line.as_bytes())?;
                        stream.flush()
                    });
                    if !matches!(sent, Some(Ok(()))) {
                        return Err(None);
                    }
                }
                Act::Tell(update) => {
                    if tell(update).is_break() {
                        return Err(Some(Ended::Enough));
                    }
                }
                Act::Reconnect { at, .. } => return Err(Some(Ended::Again(at))),
                Act::Stop(failure) => return Err(Some(Ended::Refused(failure))),
            }
        }
        Ok(())
    }

    /// The next line without its end; none after a while without bytes.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, String> {
        let mut chunk = [0_u8; 16 * 1024];
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Ok(Some(line));
            }
            let stream = self.stream.as_mut().ok_or("no connection")?;
            let read = match stream.read(&mut chunk) {
                Ok(0) => return Err("the exchange hung up".to_owned()),
                Ok(read) => read,
                Err(error) if is_pause(&error) => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.to_string()),
            };
            self.take(chunk.get(..read).unwrap_or(&[]))?;
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(part);
            if self.rest.len() > LINE_BYTES_MAX {
                return Err("a line is too long".to_owned());
            }
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.rest);
                let end = line.trim_ascii_end().len();
                let line = line.get(..end).unwrap_or(&[]).to_vec();
                if !line.is_empty() {
                    self.lines.push_back(line);
                }
            }
        }
        Ok(())
    }
}
