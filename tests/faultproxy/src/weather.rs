//! The present behaviour of the network, as faults have left it.
//!
//! Duty: fold faults into a state that connections obey. Prohibition: no sockets, no time.

use crate::fault::{Fault, Way};
use std::time::Duration;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Flow {
    #[default]
    Open,
    /// Bytes wait.
    Stalled,
    /// Bytes vanish.
    Swallowed,
}

/// One direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LaneWeather {
    pub(crate) delay_ms: u32,
    pub(crate) jitter_ms: u32,
    /// 0: unbounded.
    pub(crate) bytes_per_second: u32,
    /// 0: whole.
    pub(crate) slice_bytes: u16,
    pub(crate) flow: Flow,
}

impl LaneWeather {
    /// How much later a piece arrives; `luck` of 65535 parts of the jitter are its own.
    pub(crate) fn delay(&self, luck: u16) -> Duration {
        let jitter = u64::from(self.jitter_ms)
            .saturating_mul(u64::from(luck))
            .checked_shr(16)
            .unwrap_or(0);
        Duration::from_millis(u64::from(self.delay_ms).saturating_add(jitter))
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weather {
    pub(crate) to_server: LaneWeather,
    pub(crate) to_client: LaneWeather,
    pub(crate) refuse: bool,
    /// Connections from before the newest reset break.
    pub(crate) resets: u64,
}

impl Weather {
    pub(crate) fn apply(&mut self, fault: Fault) {
        match fault {
            Fault::Latency {
                way,
                delay_ms,
                jitter_ms,
            } => self.each(way, |lane| {
                lane.delay_ms = delay_ms;
                lane.jitter_ms = jitter_ms;
            }),
            Fault::Bandwidth {
                way,
                bytes_per_second,
            } => self.each(way, |lane| lane.bytes_per_second = bytes_per_second),
            Fault::Slice { way, bytes } => self.each(way, |lane| lane.slice_bytes = bytes),
            Fault::Reset => self.resets = self.resets.saturating_add(1),
            Fault::Refuse => self.refuse = true,
            Fault::HalfOpen { way } => self.each(way, |lane| lane.flow = Flow::Swallowed),
            Fault::Partition { way } => self.each(way, |lane| lane.flow = Flow::Stalled),
            Fault::Heal => {
                *self = Self {
                    resets: self.resets,
                    ..Self::default()
                }
            }
        }
    }

    fn each(&mut self, way: Way, change: impl Fn(&mut LaneWeather)) {
        match way {
            Way::ToServer => change(&mut self.to_server),
            Way::ToClient => change(&mut self.to_client),
            Way::Both => {
                change(&mut self.to_server);
                change(&mut self.to_client);
            }
        }
    }

    /// A handshake needs both directions.
    pub(crate) fn lets_connect(&self) -> bool {
        self.to_server.flow == Flow::Open && self.to_client.flow == Flow::Open
    }
}
