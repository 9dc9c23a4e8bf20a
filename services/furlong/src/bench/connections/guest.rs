//! Somebody with a socket: subscribes, hears, and looks at no more than he must.
//!
//! Duty: count frames, and say when the last price was heard. Prohibition: nothing is kept of what
//! was heard: thousands of guests share a process.

use super::house::LAST_PRICE;
use crate::bench::socket::Socket;
use anyhow::{Context, bail, ensure};
use std::net::SocketAddr;
use tokio::sync::watch;

/// The first byte of a frame that ends all.
const CLOSE: u8 = 0x88;

/// What was heard.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard {
    /// Frames.
    pub frames: u64,
    /// Sockets that the node has closed.
    pub cut: u64,
}

impl Heard {
    /// Adds another's.
    pub fn take(&mut self, other: Self) {
        self.frames = self.frames.saturating_add(other.frames);
        self.cut = self.cut.saturating_add(other.cut);
    }
}

/// One with an open socket.
pub struct Guest {
    socket: Socket,
    /// Told once, by those who watch everything.
    told: Option<watch::Sender<u32>>,
    heard: Heard,
}

impl Guest {
    /// Connects and subscribes to a market; none: to all of them, and tells when it has heard the
    /// last price.
    pub async fn open(
        address: SocketAddr,
        market: Option<&str>,
        told: &watch::Sender<u32>,
    ) -> anyhow::Result<Self> {
        let subscribe = match market {
            Some(id) => {
                format!("{{\"op\":\"subscribe\",\"channel\":\"odds\",\"markets\":[\"{id}\"]}}")
            }
            None => "{\"op\":\"subscribe\",\"channel\":\"odds\"}".to_owned(),
        };
        Ok(Self {
            socket: Socket::subscribed(address, &subscribe).await?,
            told: market.is_none().then(|| told.clone()),
            heard: Heard::default(),
        })
    }

    /// Listens until `stop`, or until the node closes.
    pub async fn listen(mut self, mut stop: watch::Receiver<bool>) -> anyhow::Result<Heard> {
        loop {
            while self.take_frame()? {}
            let open = tokio::select! {
                biased;
                read = self.socket.read() => read?,
                _ = stop.wait_for(|stop| *stop) => return Ok(self.heard),
            };
            if !open {
                self.heard.cut = 1;
                bail!("the node hung up");
            }
        }
    }

    /// Takes the next whole frame, if it is there.
    fn take_frame(&mut self) -> anyhow::Result<bool> {
        let Some((first, begin, end)) = self.socket.frame()? else {
            return Ok(false);
        };
        let text = self.socket.read_so_far().get(begin..end);
        let text = text.unwrap_or_default();
        ensure!(
            first != CLOSE,
            "the node closed: {}",
            String::from_utf8_lossy(text)
        );
        self.heard.frames = self.heard.frames.saturating_add(1);
        let last = LAST_PRICE.as_bytes();
        if self.told.is_some() && text.windows(last.len()).any(|window| window == last) {
            let told = self.told.take().context("told once")?;
            told.send_modify(|count| *count = count.saturating_add(1));
        }
        self.socket.drop_first(end);
        Ok(true)
    }
}
