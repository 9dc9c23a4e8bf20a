//! Links that can fail, and storms over some of them.
//!
//! Duty: stand a failing link before a server, and play random schedules on several links at
//! once. Prohibition: a link knows no frame; what tells Kafka's clients to stay on it stands
//! behind it and touches nothing else. Every storm can be printed and replayed.

use crate::time::Chance;
use faultproxy::{KafkaPlan, KafkaProxy, Schedule, TcpFaults};
use std::fmt;
use std::net::SocketAddr;

/// The way of one process to one server.
pub(super) struct Link {
    name: String,
    faults: TcpFaults,
    /// Behind the faults: tells clients that the broker is where the faults are.
    _broker: Option<KafkaProxy>,
}

impl Link {
    /// To a Kafka of one broker.
    pub(super) async fn to_kafka(process: &str, broker: SocketAddr) -> anyhow::Result<Self> {
        let plan = KafkaPlan {
            target: Some(broker),
            ..KafkaPlan::default()
        };
        let proxy = KafkaProxy::start(plan).await?;
        let faults = TcpFaults::start(proxy.address()).await?;
        proxy.advertise(broker.port(), faults.address().port());
        Ok(Self {
            name: format!("{process} to Kafka"),
            faults,
            _broker: Some(proxy),
        })
    }

    /// To the one node of a view store.
    pub(super) async fn to_views(process: &str, node: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self {
            name: format!("{process} to the views"),
            faults: TcpFaults::start(node).await?,
            _broker: None,
        })
    }

    /// Where the process finds its server.
    pub(super) const fn address(&self) -> SocketAddr {
        self.faults.address()
    }

    /// Connections that ended by RST.
    pub(super) fn broken(&self) -> u64 {
        self.faults.counts().broken
    }
}

/// One schedule for each of some links, at the same time.
pub(super) struct Storm<'a>(Vec<(&'a Link, Schedule)>);

impl<'a> Storm<'a> {
    /// On one link, a few, or all: each shows other faults. It lasts 1.5 to 5 seconds.
    pub(super) fn by_chance(links: &'a [Link], chance: &mut Chance) -> Self {
        let duration = chance.span_ms(1_500, 5_000);
        let struck = match chance.below(6) {
            0..=2 => 1,
            3..=4 => usize::try_from(chance.between(2, 4)).unwrap_or(2),
            _ => links.len(),
        };
        let mut left: Vec<&Link> = links.iter().collect();
        let mut storm = Vec::new();
        while storm.len() < struck && !left.is_empty() {
            let which = chance.below(u64::try_from(left.len()).unwrap_or(1));
            let link = left.swap_remove(usize::try_from(which).unwrap_or(0));
            storm.push((link, Schedule::random(chance.draw(), duration)));
        }
        Self(storm)
    }

    /// To the end, when all is well again.
    pub(super) async fn play(&self) {
        let plays = self.0.iter();
        futures::future::join_all(plays.map(|(link, schedule)| link.faults.play(schedule))).await;
    }
}

impl fmt::Display for Storm<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (link, schedule) in &self.0 {
            write!(out, "{}: {schedule}", link.name)?;
        }
        Ok(())
    }
}
