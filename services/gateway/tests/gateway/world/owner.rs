//! The owners that the test plays: journals written with claims and chains, inboxes read in order.

use super::within;
use bytes::Bytes;
use eventlog::{Chain, EventLog, MemoryLog, Writer};
use kernel::*;
use schemas::{
    AvroType, Body as RecordBody, Cause, ClaimId, CommandRecord, Header, Kind, Wire, bets,
};
use std::sync::Arc;

/// The owner of one partition, played by the test: it claims and then writes what it is told.
pub struct Owner {
    log: MemoryLog,
    at: TopicPartition,
    writer: Arc<dyn Writer>,
    chain: Chain,
}

impl Owner {
    pub async fn claim(log: &MemoryLog, topic: Topic, partition: u16) -> Self {
        let at = TopicPartition::new(topic, partition);
        let mut owner = Self {
            log: log.clone(),
            at,
            writer: log.writer(at),
            chain: Chain::default(),
        };
        let header = Header {
            kind: Kind::Claim,
            epoch: 1,
            claim_id: ClaimId([7; 16]),
            prev: None,
            ..owner.header()
        };
        owner
            .append::<bets::Event, bets::Rejection>(
                header,
                RecordBody {
                    rejection: None,
                    events: vec![],
                },
            )
            .await;
        owner
    }

    fn header(&self) -> Header {
        Header {
            kind: Kind::Decision,
            epoch: self.chain.epoch,
            claim_id: self.chain.claim_id,
            seq: 0,
            confirmed: self.chain.seq,
            prev: Some(self.chain.head),
            cause: None,
            consumed: vec![],
            request_id: None,
            request_digest: None,
            correlation_id: CorrelationId::example(5, 0),
            decided_at: Timestamp::from_micros(
                1_780_000_000_000_000 + i64::try_from(self.chain.seq).unwrap(),
            ),
        }
    }

    async fn append<E: Wire, R: Wire>(
        &mut self,
        header: Header,
        body: RecordBody<E, R>,
    ) -> Position {
        let schema = schemas::schema_of(self.at.topic);
        let bytes = schemas::encode_record(schema, &header, &body);
        self.writer.append(vec![Bytes::from(bytes)]).await;
        let mut last = 0;
        for record in self
            .log
            .read(self.at, self.chain.next_offset, usize::MAX)
            .await
            .unwrap()
        {
            self.chain
                .judge(self.at, record.offset, &record.bytes)
                .unwrap();
            last = record.offset;
        }
        self.at.at(last)
    }

    /// The last record.
    pub fn newest(&self) -> Position {
        self.at.at(self.chain.next_offset - 1)
    }

    /// A decision that no client asked for.
    pub async fn decide<E: Wire, R: Wire>(
        &mut self,
        cause: Option<Cause>,
        events: Vec<E>,
    ) -> Position {
        let header = Header {
            seq: self.chain.seq + 1,
            cause,
            ..self.header()
        };
        self.append::<E, R>(
            header,
            RecordBody {
                rejection: None,
                events,
            },
        )
        .await
    }

    /// The answer to a request.
    pub async fn answer<C, E: Wire, R: Wire>(
        &mut self,
        asked: &CommandRecord<C>,
        body: RecordBody<E, R>,
    ) -> Position {
        let header = Header {
            seq: self.chain.seq + 1,
            request_id: Some(asked.request_id),
            request_digest: Some(asked.request_digest),
            correlation_id: asked.correlation_id,
            ..self.header()
        };
        self.append(header, body).await
    }
}

/// The inbox of a service, as its owner reads it.
pub struct Inbox<C> {
    log: MemoryLog,
    at: TopicPartition,
    next: Offset,
    command: std::marker::PhantomData<C>,
}

impl<C: Wire + AvroType> Inbox<C> {
    pub fn new(log: &MemoryLog, topic: Topic, partition: u16) -> Self {
        let at = TopicPartition::new(topic, partition);
        Self {
            log: log.clone(),
            at,
            next: 0,
            command: std::marker::PhantomData,
        }
    }

    pub async fn next(&mut self) -> CommandRecord<C> {
        within("a command", self.take()).await
    }

    /// Waits until there is a command to take.
    pub async fn arrived(&self) {
        within("a command", self.log.wait(self.at, self.next)).await;
    }

    /// The next command, however late.
    pub async fn take(&mut self) -> CommandRecord<C> {
        self.log.wait(self.at, self.next).await;
        let record = self
            .log
            .read(self.at, self.next, 1)
            .await
            .unwrap()
            .remove(0);
        self.next = record.offset + 1;
        let bytes = schemas::unframe(self.at.topic, &record.bytes).unwrap();
        CommandRecord::from_bytes(bytes).unwrap()
    }

    /// How many commands there are.
    pub async fn count(&self) -> usize {
        self.log.read(self.at, 0, usize::MAX).await.unwrap().len()
    }
}
