//! One client's connection to a broker.
//!
//! Duty: pass frames in their order, stop at one that is held, and match answers to requests by
//! correlation id. Prohibition: no frame overtakes another, in either direction.

use super::answers::{clamp_versions, readvertise};
use super::cursor::{Cursor, Malformed};
use super::frames::{FrameError, Frames};
use super::produce::{Produce, read_answer};
use super::proxy::{Deed, Shared, add};
use super::request::{API_VERSIONS, METADATA, PRODUCE, RequestHeader};
use super::rule::{Held, Lose, Loss, Order};
use bytes::{Bytes, BytesMut};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};

/// The connection ends; both sides shall see it break.
#[derive(Debug)]
pub(crate) struct Broken;

impl From<FrameError> for Broken {
    fn from(_: FrameError) -> Self {
        Self
    }
}

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// What is to be done with the answer to a request.
enum Pending {
    Versions(i16),
    Metadata(i16),
    Report(oneshot::Sender<Bytes>),
    Lose(Lose, Produce, mpsc::UnboundedSender<Loss>),
}

pub(crate) struct Pipe<'a> {
    shared: &'a Shared,
    number: u64,
    pending: Mutex<BTreeMap<i32, Pending>>,
}

impl<'a> Pipe<'a> {
    pub(crate) const fn new(shared: &'a Shared, number: u64) -> Self {
        Self {
            shared,
            number,
            pending: Mutex::new(BTreeMap::new()),
        }
    }

    /// Passes frames until one side ends. `Ok` means that it ended by closing.
    pub(crate) async fn run(
        &self,
        client: &mut TcpStream,
        broker: &mut TcpStream,
    ) -> Result<(), Broken> {
        client.set_nodelay(true)?;
        broker.set_nodelay(true)?;
        let (from_client, to_client) = client.split();
        let (from_broker, to_broker) = broker.split();
        tokio::select! {
            ended = self.requests(from_client, to_broker) => ended,
            ended = self.answers(from_broker, to_client) => ended,
        }
    }

    async fn requests(
        &self,
        mut client: ReadHalf<'_>,
        mut broker: WriteHalf<'_>,
    ) -> Result<(), Broken> {
        let mut frames = Frames::default();
        while let Some(frame) = next_frame(&mut client, &mut frames).await? {
            let frame = frame.freeze();
            let header = RequestHeader::read(&mut Cursor::new(&frame)).map_err(|_| Broken)?;
            match header.api_key {
                API_VERSIONS => self.expect(&header, Pending::Versions(header.api_version)),
                METADATA => self.expect(&header, Pending::Metadata(header.api_version)),
                PRODUCE => match self.judge(&header, frame.clone())? {
                    Judged::Pass => {}
                    Judged::Hold(ordered) => {
                        let order = tokio::select! {
                            order = ordered => order.map_err(|_| Broken)?,
                            gone = until_gone(&mut client, &mut frames) => return gone,
                        };
                        if let Some(report) = order.report {
                            self.expect(&header, Pending::Report(report));
                        }
                        write_frame(&mut broker, &order.frame).await?;
                        continue;
                    }
                },
                _ => {}
            }
            write_frame(&mut broker, &frame).await?;
        }
        Ok(())
    }

    /// Asks the rules about a Produce request.
    fn judge(&self, header: &RequestHeader, frame: Bytes) -> Result<Judged, Broken> {
        add(&self.shared.counters.produces);
        // One that cannot be read is not ours to judge.
        let Ok(produce) = Produce::read(self.number, frame) else {
            add(&self.shared.counters.unreadable);
            return Ok(Judged::Pass);
        };
        let Some(deed) = self.shared.pick(&produce) else {
            return Ok(Judged::Pass);
        };
        match deed {
            Deed::Hold(holds) => {
                let (order, ordered) = oneshot::channel::<Order>();
                let held = Held {
                    produce,
                    order: Some(order),
                    target: self.shared.target.subscribe(),
                };
                add(&self.shared.counters.held);
                // If nobody waits for it any more it is lost, and the order with it.
                drop(holds.send(held));
                Ok(Judged::Hold(ordered))
            }
            Deed::Lose(lose, losses) => {
                add(&self.shared.counters.lost);
                if lose == Lose::Request || produce.acks == 0 {
                    let answers = Vec::new();
                    drop(losses.send(Loss { produce, answers }));
                    return Err(Broken);
                }
                self.expect(header, Pending::Lose(lose, produce, losses));
                Ok(Judged::Pass)
            }
        }
    }

    fn count_unreadable(&self, read: Result<(), Malformed>) {
        if read.is_err() {
            add(&self.shared.counters.unreadable);
        }
    }

    fn expect(&self, header: &RequestHeader, pending: Pending) {
        let mut all = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(header.correlation_id, pending);
    }

    fn expected(&self, answer: &[u8]) -> Option<Pending> {
        let id = answer.first_chunk::<4>()?;
        let mut all = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&i32::from_be_bytes(*id))
    }

    async fn answers(
        &self,
        mut broker: ReadHalf<'_>,
        mut client: WriteHalf<'_>,
    ) -> Result<(), Broken> {
        let mut frames = Frames::default();
        let mut deaf = false;
        while let Some(mut frame) = next_frame(&mut broker, &mut frames).await? {
            match self.expected(&frame) {
                None => {}
                Some(Pending::Versions(version)) => {
                    let version_max = self.shared.produce_version_max;
                    let clamped = clamp_versions(&mut frame, version, PRODUCE, version_max);
                    self.count_unreadable(clamped);
                }
                Some(Pending::Metadata(version)) => {
                    let told = readvertise(&mut frame, version, &self.shared.ports());
                    self.count_unreadable(told);
                }
                Some(Pending::Report(report)) => {
                    // Whoever released it may have gone on.
                    drop(report.send(Bytes::copy_from_slice(&frame)));
                }
                Some(Pending::Lose(lose, produce, losses)) => {
                    let answers = read_answer(produce.version, &frame).unwrap_or_default();
                    drop(losses.send(Loss { produce, answers }));
                    if lose != Lose::EveryAnswer {
                        return Err(Broken);
                    }
                    deaf = true;
                }
            }
            if !deaf {
                write_frame(&mut client, &frame).await?;
            }
        }
        Ok(())
    }
}

enum Judged {
    Pass,
    Hold(oneshot::Receiver<Order>),
}

/// Reads on, so that the client's end is noticed; what it says meanwhile waits.
async fn until_gone(client: &mut ReadHalf<'_>, frames: &mut Frames) -> Result<(), Broken> {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let n = client.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        frames.push(buffer.get(..n).unwrap_or_default());
    }
}

const READ_BYTES: usize = 64 * 1024;

/// The next frame of a stream; `None` when it has ended.
pub(crate) async fn next_frame(
    stream: &mut (impl AsyncRead + Unpin),
    frames: &mut Frames,
) -> Result<Option<BytesMut>, ReadError> {
    let mut buffer = BytesMut::new();
    loop {
        if let Some(frame) = frames.pop()? {
            return Ok(Some(frame));
        }
        buffer.reserve(READ_BYTES);
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(None);
        }
        frames.push(&buffer);
        buffer.clear();
    }
}

/// Why no frame could be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Connection(#[from] io::Error),
}

impl From<ReadError> for Broken {
    fn from(_: ReadError) -> Self {
        Self
    }
}

impl From<ReadError> for super::rule::ReleaseError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Frame(error) => Self::Frame(error),
            ReadError::Connection(error) => Self::Connection(error),
        }
    }
}

/// Writes length and frame at once.
pub(crate) async fn write_frame(
    stream: &mut (impl AsyncWrite + Unpin),
    frame: &[u8],
) -> io::Result<()> {
    let length = i32::try_from(frame.len()).map_err(io::Error::other)?;
    let mut bytes = BytesMut::with_capacity(frame.len().saturating_add(4));
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(frame);
    stream.write_all(&bytes).await
}
