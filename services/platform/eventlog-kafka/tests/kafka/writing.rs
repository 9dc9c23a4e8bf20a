//! Writers: stale ones, doubtful ones, and the ids on the wire.

use crate::support::{JOURNAL, all, append, block_on, follow, fresh, open, settings};
use anyhow::ensure;
use bytes::Bytes;
use eventlog::{AppendOutcome, Chain, EventLog, Verdict};
use eventlog_kafka::Settings;
use kernel::{CorrelationId, Timestamp};
use schemas::{Body, ClaimId, Header, Kind, WireIds, schema_of, schemas};
use stack::Trials;

pub fn collect(trials: &mut Trials) {
    trials.test(
        "a_stale_writers_records_are_stored_and_have_no_effect",
        || {
            let log = fresh(&stack::kafka().bootstrap());
            block_on(async {
                let (old, new) = (log.writer(JOURNAL), log.writer(JOURNAL));
                let mut old_chain = Chain::default();
                let first = record(Kind::Claim, 1, &mut old_chain);
                let mut new_chain = old_chain.clone();
                let second = record(Kind::Claim, 2, &mut new_chain);
                ensure!(old.append(vec![first]).await == [AppendOutcome::Sent]);
                ensure!(new.append(vec![second]).await == [AppendOutcome::Sent]);
                let late = (0..5).map(|_| record(Kind::Decision, 1, &mut old_chain));
                let outcomes = old.append(late.collect()).await;
                ensure!(
                    outcomes == [AppendOutcome::Sent; 5],
                    "a report is no answer"
                );
                let valid = (0..5).map(|_| record(Kind::Decision, 2, &mut new_chain));
                ensure!(new.append(valid.collect()).await == [AppendOutcome::Sent; 5]);
                let mut chain = Chain::default();
                let stored = follow(&log, 0, 12).await;
                for (offset, record) in (0_u64..).zip(&stored) {
                    let judged = chain.judge(JOURNAL, offset, record)?;
                    let stale = (2..7).contains(&offset);
                    ensure!(
                        (judged.verdict == Verdict::Stale) == stale,
                        "offset {offset}"
                    );
                }
                ensure!((chain.epoch, chain.seq, chain.counts.stale) == (2, 5, 5));
                ensure!(chain.head == new_chain.head);
                Ok(())
            })
        },
    );
    trials.test("a_writer_in_doubt_writes_no_more", || {
        let log = fresh(&stack::kafka().bootstrap());
        block_on(async {
            let writer = log.writer(JOURNAL);
            let too_large = vec![1; eventlog::record_bytes_max() + 100_000];
            let outcomes = writer
                .append(vec!["a".into(), too_large.into(), "b".into()])
                .await;
            ensure!(outcomes[1..] == [AppendOutcome::Unknown; 2], "{outcomes:?}");
            ensure!(writer.append(vec!["c".into()]).await == [AppendOutcome::Unknown]);
            append(&log, vec!["d".into()]).await;
            ensure!(all(&log).await == [Bytes::from("a"), Bytes::from("d")]);
            ensure!(log.health().is_none());
            Ok(())
        })
    });
    trials.test("ids_are_the_registrys_in_the_topic_and_ours_inside", || {
        let canonical = settings(&stack::kafka().bootstrap());
        let pairs = schemas().into_iter().map(|s| (s.id, s.id.0 + 500));
        let registry = Settings {
            wire_ids: WireIds::new(pairs)?,
            ..canonical.clone()
        };
        let (ours, wire) = (open(&registry), open(&canonical));
        block_on(async {
            let claim = record(Kind::Claim, 1, &mut Chain::default());
            append(&ours, vec![claim.clone()]).await;
            let on_the_wire = follow(&wire, 0, 1).await.remove(0);
            let id = schema_of(JOURNAL.topic).0 + 500;
            ensure!(schemas::framed_id(&on_the_wire) == Some(id));
            ensure!(on_the_wire[5..] == claim[5..]);
            ensure!(
                follow(&ours, 0, 1).await == [claim.clone()],
                "from the broker"
            );
            append(&ours, vec![claim.clone()]).await;
            ensure!(follow(&ours, 1, 1).await == [claim.clone()], "at the tail");
            // One whose id the registry never gave: the fold halts and names it.
            append(&wire, vec![claim]).await;
            let stranger = follow(&ours, 2, 1).await.remove(0);
            let halt = Chain::default().judge(JOURNAL, 2, &stranger).unwrap_err();
            let named = format!("schema id {}", schema_of(JOURNAL.topic).0);
            ensure!(halt.to_string().contains(&named), "{halt}");
            Ok(())
        })
    });
    trials.test("a_closed_log_acknowledges_and_reads_nothing", || {
        let log = fresh(&stack::kafka().bootstrap());
        block_on(async {
            append(&log, vec!["a".into()]).await;
            let writer = log.writer(JOURNAL);
            let log = tokio::task::spawn_blocking(move || {
                log.close();
                log
            });
            let log = log.await?;
            ensure!(writer.append(vec!["b".into()]).await == [AppendOutcome::Unknown]);
            ensure!(log.send(JOURNAL, "c".into()).await == AppendOutcome::Unknown);
            ensure!(log.read(JOURNAL, 0, 1).await.is_err());
            ensure!(all(&open(log.settings())).await == [Bytes::from("a")]);
            Ok(())
        })
    });
}

/// The next record of a writer, moved onto its chain.
fn record(kind: Kind, epoch: u64, chain: &mut Chain) -> Bytes {
    let decides = kind == Kind::Decision;
    let claim_id = ClaimId([u8::try_from(epoch).unwrap_or(0); 16]);
    let header = Header {
        kind,
        epoch,
        claim_id,
        seq: if decides { chain.seq + 1 } else { 0 },
        confirmed: 0,
        prev: decides.then_some(chain.head),
        cause: None,
        consumed: Vec::new(),
        request_id: None,
        request_digest: None,
        correlation_id: CorrelationId::from_bytes(claim_id.0),
        decided_at: Timestamp::MIN,
    };
    let body = Body::<schemas::ledger::Event, schemas::ledger::Rejection> {
        rejection: None,
        events: Vec::new(),
    };
    let record = schemas::encode_record(schema_of(JOURNAL.topic), &header, &body);
    chain.judge(JOURNAL, 0, &record).expect("a good record");
    record.into()
}
