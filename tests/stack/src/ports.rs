//! Free ports on loopback that stay free while a server is down for a moment.
//!
//! A port is taken below the range from which the kernel serves outgoing connections, so that a killed server finds
//! its port again, and a locked file per port keeps other test processes from choosing it.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::path::PathBuf;

use anyhow::Context;

/// The first port that may be chosen.
const FIRST: u16 = 18_000;
/// How many ports may be chosen; the last stays below the usual range of outgoing connections (from 32768).
const HOW_MANY: u16 = 14_000;

/// A port that belongs to this process until it is dropped.
#[derive(Debug)]
pub struct Port {
    number: u16,
    // Locked: the lock is the claim, the file has no content.
    _claim: File,
}

impl Port {
    /// A port that is free on 127.0.0.1.
    ///
    /// # Errors
    /// No port of the range is free, or the folder of the claims cannot be written.
    pub fn free() -> anyhow::Result<Self> {
        Self::free_on(&[Ipv4Addr::LOCALHOST])
    }

    /// A port that is free on each of these addresses of this machine.
    ///
    /// # Errors
    /// No port of the range is free, or the folder of the claims cannot be written.
    pub fn free_on(addresses: &[Ipv4Addr]) -> anyhow::Result<Self> {
        let folder = claims_folder();
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        let start = first_try();
        for step in 0..HOW_MANY {
            let number =
                FIRST.saturating_add(start.wrapping_add(step).checked_rem(HOW_MANY).unwrap_or(0));
            let path = folder.join(number.to_string());
            let claim =
                File::create(&path).with_context(|| format!("create {}", path.display()))?;
            if claim.try_lock().is_err() {
                continue;
            }
            let is_free = addresses
                .iter()
                .all(|address| TcpListener::bind(SocketAddrV4::new(*address, number)).is_ok());
            if is_free {
                return Ok(Self {
                    number,
                    _claim: claim,
                });
            }
        }
        anyhow::bail!("no port from {FIRST} on is free")
    }

    /// The number.
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.number
    }
}

/// All users of the machine meet here.
fn claims_folder() -> PathBuf {
    std::env::temp_dir().join("furlong-stack-ports")
}

/// Processes begin at different places, so that they seldom meet.
fn first_try() -> u16 {
    let spread = std::process::id()
        .wrapping_mul(37)
        .checked_rem(u32::from(HOW_MANY))
        .unwrap_or(0);
    u16::try_from(spread).unwrap_or(0)
}
