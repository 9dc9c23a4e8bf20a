//! Rows and walks.

use crate::world::{AT, Dice, drop_keyspace, progress, row, run, shared, store};
use anyhow::{Context as _, ensure};
use kernel::TopicPartition;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::runtime::Handle;
use viewstore::{MemoryViewStore, Row, Scan, ViewError, ViewStore, checksum};

pub fn keeps_the_contract() -> anyhow::Result<()> {
    run(async {
        let made = Mutex::new(Vec::new());
        let fresh = || -> Arc<dyn ViewStore> {
            let settings = shared();
            made.lock().unwrap().push(settings.clone());
            tokio::task::block_in_place(|| {
                Handle::current()
                    .block_on(store(&settings))
                    .expect("the server is there")
            })
        };
        viewstore::contract::check(&fresh).await;
        let made = made.lock().unwrap().clone();
        for settings in made {
            drop_keyspace(&settings).await?;
        }
        Ok(())
    })
}

/// The same rows from the newest to the oldest, and again: the newest stands.
pub fn late_old_writes_lose() -> anyhow::Result<()> {
    run(async {
        let settings = shared();
        let [first, second] = [store(&settings).await?, store(&settings).await?];
        for seq in (1..=100_u64).rev() {
            let store = if seq % 2 == 0 { &first } else { &second };
            let value = seq.to_string().repeat(5);
            let late = row("balance", b"account", value.as_bytes(), seq);
            store.apply(AT, vec![late], progress(seq)).await?;
        }
        let found = first.get("balance", b"account".to_vec()).await?;
        let found = found.context("a row")?;
        ensure!(
            found.seq == 100 && found.value == b"100".repeat(5),
            "{found:?}"
        );
        ensure!(second.progress(AT).await? == Some(progress(100)));
        drop_keyspace(&settings).await
    })
}

/// Two values of one row at one seq, made so that the store takes one's value and the other's
/// checksum.
pub fn mixed_cells_are_told() -> anyhow::Result<()> {
    let sum = |value: &[u8]| checksum("bet_status", b"bet", AT, 7, value);
    let one = (0..=u8::MAX)
        .map(|n| [b'a', n])
        .find(|one| sum(one) > sum(b"b"))
        .context("half of all values are such")?;
    run(async {
        let settings = shared();
        let store = store(&settings).await?;
        for value in [&one[..], b"b"] {
            let rows = vec![row("bet_status", b"bet", value, 7)];
            store.apply(AT, rows, progress(1)).await?;
        }
        let damaged = ViewError::Damaged {
            table: "bet_status".to_owned(),
            key: b"bet".to_vec(),
        };
        let found = store.get("bet_status", b"bet".to_vec()).await;
        ensure!(found == Err(damaged.clone()), "{found:?}");
        let found = store.scan(Scan::of("bet_status", [])).await;
        ensure!(found == Err(damaged), "{found:?}");
        drop_keyspace(&settings).await
    })
}

/// An id as things get them: a time, a number, a journal partition.
fn id(millis: u64, number: u64, partition: u16) -> Vec<u8> {
    let mut id = millis.to_be_bytes()[2..].to_vec();
    id.extend_from_slice(&number.to_be_bytes());
    id.extend_from_slice(&partition.to_be_bytes());
    id
}

fn views(dice: &mut Dice) -> Vec<Row> {
    let mut rows = Vec::new();
    for number in 0..300 {
        // Over three days, so that heads by time differ.
        let thing = id(1_790_000_000_000 + dice.roll(3 * 86_400_000), number, 3);
        let customer = id(1_700_000_000_000, dice.roll(7), 3);
        let account = [&[2][..], &customer, &[0, 0]].concat();
        let house = [0, 6, 0, 0, 3];
        let entry = number.to_be_bytes();
        for (table, key) in [
            ("bet", thing.clone()),
            ("case", thing.clone()),
            ("bet_of_customer", [&customer[..], &thing].concat()),
            ("statement", [&account[..], &entry].concat()),
            ("statement", [&house[..], &entry].concat()),
            ("balance", account),
            ("liability", [&customer[..], &thing, &[0, 3]].concat()),
            ("answer", thing),
        ] {
            rows.push(row(table, &key, &entry, number + 1));
        }
    }
    rows
}

/// Every walk that a service asks for, and some more, against the store in memory.
pub fn walks_are_in_order() -> anyhow::Result<()> {
    run(async {
        let settings = shared();
        let real = store(&settings).await?;
        let model = MemoryViewStore::default();
        let mut dice = Dice::new(4);
        let mut mine: BTreeMap<TopicPartition, Vec<Row>> = BTreeMap::new();
        for mut row in views(&mut dice) {
            // The same view from several journal partitions.
            let at = TopicPartition::new(AT.topic, u16::try_from(row.seq % 3)?);
            if row.table == "bet" || row.table == "case" {
                row.key.truncate(14);
                row.key.extend_from_slice(&at.partition.to_be_bytes());
                mine.entry(at).or_default().push(row);
            } else {
                mine.entry(AT).or_default().push(row);
            }
        }
        for (at, rows) in &mine {
            model.apply(*at, rows.clone(), progress(1)).await?;
            real.apply(*at, rows.clone(), progress(1)).await?;
        }
        let mut walked = 0;
        for row in mine.values().flatten().step_by(37) {
            for prefix_len in [0, 1, 3, 16, 17, 19, row.key.len()] {
                let prefix = row.key.get(..prefix_len).unwrap_or(&row.key).to_vec();
                let up = Scan::of(row.table, prefix);
                let down = up.clone().reversed();
                for scan in [
                    up.clone(),
                    down.clone(),
                    up.clone().rows_max(5),
                    down.clone().rows_max(5),
                    up.after(row.key.clone()).rows_max(20),
                    down.clone().after(row.key.clone()).rows_max(20),
                    down.from(row.key.clone()).rows_max(20),
                ] {
                    let expected = model.scan(scan.clone()).await?;
                    let found = real.scan(scan.clone()).await?;
                    ensure!(
                        found == expected,
                        "{scan:?}: {} rows, not {}",
                        found.len(),
                        expected.len()
                    );
                    walked += found.len();
                }
            }
        }
        ensure!(walked > 10_000, "only {walked} rows walked");
        drop_keyspace(&settings).await
    })
}
