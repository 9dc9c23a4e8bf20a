//! Which Produce requests are caught, and what then becomes of them.
//!
//! Duty: pick requests, hand the held ones to the test, and deliver them on its word.
//! Prohibition: a rule never changes a request; only a [`Release`] may, when it is told to.

use super::cursor::Malformed;
use super::frames::FrameError;
use super::pipe::{next_frame, write_frame};
use super::produce::{Answer, Produce, read_answer};
use bytes::Bytes;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};

/// Picks Produce requests: those that match, from the n-th on, so many times.
pub struct Rule {
    matches: Box<dyn Fn(&Produce) -> bool + Send + Sync>,
    skip: u32,
    times: u32,
}

impl fmt::Debug for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Rule(skip {}, {} times)", self.skip, self.times)
    }
}

impl Rule {
    /// Picks the first request that matches.
    pub fn new(matches: impl Fn(&Produce) -> bool + Send + Sync + 'static) -> Self {
        Self {
            matches: Box::new(matches),
            skip: 0,
            times: 1,
        }
    }

    /// Lets so many matching ones pass before.
    #[must_use]
    pub fn skip(self, skip: u32) -> Self {
        Self { skip, ..self }
    }

    /// Picks so many.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    pub(crate) const fn is_spent(&self) -> bool {
        self.times == 0
    }

    pub(crate) fn picks(&mut self, produce: &Produce) -> bool {
        if self.is_spent() || !(self.matches)(produce) {
            return false;
        }
        if self.skip > 0 {
            self.skip = self.skip.saturating_sub(1);
            return false;
        }
        self.times = self.times.saturating_sub(1);
        true
    }
}

/// The requests that a rule holds, as they are caught. Dropping it ends the rule.
#[derive(Debug)]
pub struct Holds(pub(crate) mpsc::UnboundedReceiver<Held>);

impl Holds {
    /// Waits for the next one; `None` once the rule has picked as many as it may.
    pub async fn next(&mut self) -> Option<Held> {
        self.0.recv().await
    }
}

/// How much of an exchange is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lose {
    /// The request never arrives: the connection breaks instead.
    Request,
    /// The broker does as it is asked, but the connection breaks instead of an answer.
    Answer,
    /// The broker does as it is asked, and from then on the client hears nothing more on this
    /// connection, which seems to live.
    EveryAnswer,
}

/// An exchange that was lost.
#[derive(Clone, Debug)]
pub struct Loss {
    /// What was asked.
    pub produce: Produce,
    /// What the broker answered; empty if it was not asked.
    pub answers: Vec<Answer>,
}

/// The exchanges that a rule has lost. Dropping it ends the rule.
#[derive(Debug)]
pub struct Losses(pub(crate) mpsc::UnboundedReceiver<Loss>);

impl Losses {
    /// Waits for the next one; `None` once the rule has picked as many as it may.
    pub async fn next(&mut self) -> Option<Loss> {
        self.0.recv().await
    }
}

/// What the connection of a held request shall send.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) frame: Bytes,
    pub(crate) report: Option<oneshot::Sender<Bytes>>,
}

/// A request that is on its way.
///
/// While it is held, the later requests of the same connection wait behind it, as TCP would have
/// them; all other connections go on. When the client gives up, those later ones are lost with
/// its connection, the held one is not. Dropping this loses it, and breaks the connection.
#[derive(Debug)]
pub struct Held {
    pub(crate) produce: Produce,
    pub(crate) order: Option<oneshot::Sender<Order>>,
    pub(crate) target: watch::Receiver<Option<SocketAddr>>,
}

/// How a held request is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    copies: u32,
    anonymous: bool,
    apart: bool,
}

impl Release {
    /// Once, as it is, on the client's connection if that still lives, else on an own one.
    #[must_use]
    pub const fn once() -> Self {
        Self {
            copies: 1,
            anonymous: false,
            apart: false,
        }
    }

    /// So many times, one after the other; all but the first on own connections.
    #[must_use]
    pub const fn copies(self, copies: u32) -> Self {
        Self { copies, ..self }
    }

    /// Without producer id, epoch and sequence, so that the broker stores it in any case.
    #[must_use]
    pub const fn anonymous(self) -> Self {
        Self {
            anonymous: true,
            ..self
        }
    }

    /// Never on the client's connection: that one stays as it is and waits.
    #[must_use]
    pub const fn apart(self) -> Self {
        Self {
            apart: true,
            ..self
        }
    }
}

/// One delivery of a held request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// It went through the client's own connection, and so did the answer.
    pub by_client: bool,
    /// What the broker said; empty for a request that wants no answer.
    pub answers: Vec<Answer>,
}

/// Why a held request could not be delivered, or its answer not be had.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The proxy has not been aimed at a broker.
    #[error("no broker to release to")]
    NoBroker,
    /// The connection to the broker failed; the request may or may not have been taken.
    #[error("connection to the broker: {0}")]
    Connection(#[from] io::Error),
    /// The connection ended without an answer; the request may or may not have been taken.
    #[error("the broker did not answer")]
    Unanswered,
    /// The broker's answer is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The broker's answer cannot be read.
    #[error("the broker's answer: {0}")]
    Answer(#[from] Malformed),
}

impl Held {
    /// What is held.
    #[must_use]
    pub const fn produce(&self) -> &Produce {
        &self.produce
    }

    /// Whether the client has given up: its connection is gone.
    #[must_use]
    pub fn is_orphan(&self) -> bool {
        self.order.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    /// Waits until the client has given up. At once if the request went out on its connection.
    pub async fn orphaned(&mut self) {
        if let Some(order) = &mut self.order {
            order.closed().await;
        }
    }

    /// Breaks the client's connection; the request stays held.
    pub fn cut(&mut self) {
        self.order = None;
    }

    /// Delivers it, and may do so again later.
    ///
    /// # Errors
    /// The first delivery that fails ends it.
    pub async fn release(&mut self, release: Release) -> Result<Vec<Delivery>, ReleaseError> {
        let frame = if release.anonymous {
            self.produce.anonymous()
        } else {
            self.produce.frame.clone()
        };
        let mut deliveries = Vec::new();
        for _ in 0..release.copies {
            deliveries.push(self.deliver(frame.clone(), release.apart).await?);
        }
        Ok(deliveries)
    }

    async fn deliver(&mut self, frame: Bytes, apart: bool) -> Result<Delivery, ReleaseError> {
        let order = if apart { None } else { self.order.take() };
        if let Some(order) = order {
            let (report, reported) = oneshot::channel();
            let wants_answer = self.produce.acks != 0;
            let ordered = order.send(Order {
                frame: frame.clone(),
                report: wants_answer.then_some(report),
            });
            if ordered.is_ok() {
                let answers = if wants_answer {
                    let answer = reported.await.map_err(|_| ReleaseError::Unanswered)?;
                    read_answer(self.produce.version, &answer)?
                } else {
                    Vec::new()
                };
                return Ok(Delivery {
                    by_client: true,
                    answers,
                });
            }
        }
        Ok(Delivery {
            by_client: false,
            answers: self.deliver_apart(&frame).await?,
        })
    }

    async fn deliver_apart(&self, frame: &[u8]) -> Result<Vec<Answer>, ReleaseError> {
        let target = *self.target.borrow();
        let mut stream = TcpStream::connect(target.ok_or(ReleaseError::NoBroker)?).await?;
        stream.set_nodelay(true)?;
        write_frame(&mut stream, frame).await?;
        if self.produce.acks == 0 {
            return Ok(Vec::new());
        }
        let answer = next_frame(&mut stream, &mut super::Frames::default()).await?;
        let answer = answer.ok_or(ReleaseError::Unanswered)?;
        Ok(read_answer(self.produce.version, &answer)?)
    }
}
