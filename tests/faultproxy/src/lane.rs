//! One direction of one connection.
//!
//! Duty: carry bytes from one socket to the other in their order, as the present weather has it.
//! The end of the stream and its breaking travel in the same line as the bytes, so a partition
//! hides them too. Prohibition: a lane never reorders, repeats or changes a byte; where it has
//! swallowed some it never lets later ones through, but breaks.

use crate::dice::Dice;
use crate::weather::{Flow, LaneWeather, Weather};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// Both sides shall see the connection break.
#[derive(Debug)]
pub(crate) struct Broken;

enum Parcel {
    Bytes(Vec<u8>),
    End,
    Broken,
}

struct Arrival {
    parcel: Parcel,
    at: Instant,
    luck: u16,
}

const READ_BYTES: usize = 16 * 1024;
/// Arrivals on the road at once: about what socket buffers hold.
const ROAD_ARRIVALS: usize = 64;

pub(crate) struct Lane<'a> {
    pub(crate) reader: ReadHalf<'a>,
    pub(crate) writer: WriteHalf<'a>,
    pub(crate) weather: watch::Receiver<Weather>,
    pub(crate) pick: fn(&Weather) -> LaneWeather,
    pub(crate) bytes: &'a AtomicU64,
    pub(crate) dice: Dice,
}

impl Lane<'_> {
    /// Carries until the stream has ended and all is delivered.
    pub(crate) async fn carry(self) -> Result<(), Broken> {
        let (road, arrivals) = mpsc::channel(ROAD_ARRIVALS);
        let deliver = Deliver {
            writer: self.writer,
            weather: self.weather,
            pick: self.pick,
            bytes: self.bytes,
            arrivals,
            holed: false,
        };
        let receive = async {
            receive(self.reader, road, self.dice).await;
            // What is on the road is still to be delivered.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            delivered = deliver.run() => delivered,
            () = receive => Ok(()),
        }
    }
}

async fn receive(mut reader: ReadHalf<'_>, road: mpsc::Sender<Arrival>, mut dice: Dice) {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let parcel = match reader.read(&mut buffer).await {
            Ok(0) => Parcel::End,
            Ok(n) => Parcel::Bytes(buffer.get(..n).unwrap_or_default().to_vec()),
            Err(_) => Parcel::Broken,
        };
        let last = !matches!(parcel, Parcel::Bytes(_));
        let luck = u16::try_from(dice.between(0, u32::from(u16::MAX))).unwrap_or(0);
        let arrival = Arrival {
            parcel,
            at: Instant::now(),
            luck,
        };
        if road.send(arrival).await.is_err() || last {
            return;
        }
    }
}

struct Deliver<'a> {
    writer: WriteHalf<'a>,
    weather: watch::Receiver<Weather>,
    pick: fn(&Weather) -> LaneWeather,
    bytes: &'a AtomicU64,
    arrivals: mpsc::Receiver<Arrival>,
    /// Something was swallowed: nothing may follow it.
    holed: bool,
}

impl Deliver<'_> {
    async fn run(mut self) -> Result<(), Broken> {
        while let Some(arrival) = self.next().await? {
            let mut parcel = arrival.parcel;
            if !self.wait_until_due(arrival.at, arrival.luck).await? {
                self.holed = true;
                continue;
            }
            match &mut parcel {
                Parcel::Bytes(bytes) => self.write(bytes).await?,
                Parcel::End => self.writer.shutdown().await.map_err(|_| Broken)?,
                Parcel::Broken => return Err(Broken),
            }
        }
        Ok(())
    }

    fn now(&mut self) -> LaneWeather {
        (self.pick)(&self.weather.borrow_and_update())
    }

    async fn change(&mut self) -> Result<(), Broken> {
        self.weather.changed().await.map_err(|_| Broken)
    }

    /// The next arrival, unless the connection is seen to be broken before.
    async fn next(&mut self) -> Result<Option<Arrival>, Broken> {
        loop {
            if self.holed && self.now().flow != Flow::Swallowed {
                return Err(Broken);
            }
            tokio::select! {
                arrival = self.arrivals.recv() => match arrival {
                    // The stream has ended, but nobody was told.
                    None if self.holed => self.change().await?,
                    other => return Ok(other),
                },
                changed = self.weather.changed() => changed.map_err(|_| Broken)?,
            }
        }
    }

    /// False: it is swallowed instead.
    async fn wait_until_due(&mut self, arrived: Instant, luck: u16) -> Result<bool, Broken> {
        loop {
            let lane = self.now();
            match lane.flow {
                Flow::Swallowed => return Ok(false),
                Flow::Stalled => self.change().await?,
                Flow::Open if self.holed => return Err(Broken),
                Flow::Open => {
                    let delay = lane.delay(luck);
                    let due = arrived.checked_add(delay).unwrap_or(arrived);
                    if delay.is_zero() || due <= Instant::now() {
                        return Ok(true);
                    }
                    tokio::select! {
                        () = sleep_until(due) => {}
                        changed = self.weather.changed() => changed.map_err(|_| Broken)?,
                    }
                }
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let lane = self.now();
            match lane.flow {
                Flow::Open => {}
                Flow::Stalled => {
                    self.change().await?;
                    continue;
                }
                Flow::Swallowed => {
                    self.holed = true;
                    return Ok(());
                }
            }
            let (piece, later) = rest.split_at(piece_bytes(&lane, rest.len()));
            self.writer.write_all(piece).await.map_err(|_| Broken)?;
            rest = later;
            let written = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            self.bytes.fetch_add(written, Ordering::Relaxed);
            self.pause(&lane, written).await?;
        }
        Ok(())
    }

    async fn pause(&mut self, lane: &LaneWeather, written: u64) -> Result<(), Broken> {
        let nanos = written
            .saturating_mul(1_000_000_000)
            .checked_div(u64::from(lane.bytes_per_second));
        match nanos {
            // A pause is cut short when the weather changes.
            Some(nanos) => tokio::select! {
                () = sleep(Duration::from_nanos(nanos)) => Ok(()),
                changed = self.weather.changed() => changed.map_err(|_| Broken),
            },
            None if lane.slice_bytes > 0 => {
                tokio::task::yield_now().await;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

fn piece_bytes(lane: &LaneWeather, left: usize) -> usize {
    let mut piece = left;
    if lane.slice_bytes > 0 {
        piece = piece.min(usize::from(lane.slice_bytes));
    }
    if lane.bytes_per_second > 0 {
        // Twenty pieces a second.
        let share = lane.bytes_per_second.checked_div(20).unwrap_or(0).max(1);
        piece = piece.min(usize::try_from(share).unwrap_or(left));
    }
    piece
}
