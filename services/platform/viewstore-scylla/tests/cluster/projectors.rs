//! Several projectors of the same journal at once.

use crate::world::{AT, Dice, drop_keyspace, progress, row, run, shared, store};
use anyhow::{Context as _, ensure};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use viewstore::{MemoryViewStore, Progress, Row, Scan, StoredRow, ViewStore};
use viewstore_scylla::Settings;

const ROWS: u64 = 20_000;
const TABLES: [&str; 4] = ["bet_status", "balance", "bet_of_customer", "liability"];

/// Row `offset` of the journal: 2,500 keys, so that each is written eight times.
fn journal(offset: u64) -> Row {
    let mut dice = Dice::new(offset);
    let number = dice.roll(2_500);
    let table = TABLES[usize::try_from(number % 4).unwrap_or_default()];
    let mut key = (1_790_000_000_000_u64 + number * 60_000).to_be_bytes()[2..].to_vec();
    key.extend_from_slice(&number.to_be_bytes());
    key.extend_from_slice(&AT.partition.to_be_bytes());
    let value = format!("{offset}:").repeat(usize::try_from(dice.roll(40)).unwrap_or(1));
    row(table, &key, value.as_bytes(), offset + 1)
}

fn to(offset: u64) -> Progress {
    progress(offset)
}

async fn all(store: &dyn ViewStore) -> anyhow::Result<Vec<StoredRow>> {
    let mut rows = Vec::new();
    for table in TABLES {
        rows.extend(store.scan(Scan::of(table, [])).await?);
    }
    Ok(rows)
}

/// Follows the journal with a new handle after every few stretches, as after a crash: from the
/// stored progress, or from anywhere before it; some applies are given up half done, and rows
/// come in any order.
async fn projector(settings: Settings, seed: u64) -> anyhow::Result<u64> {
    let mut dice = Dice::new(seed);
    let mut written = 0;
    loop {
        let store = store(&settings).await?;
        let stored = store.progress(AT).await?.map_or(0, |p| p.next_offset);
        if stored == ROWS {
            return Ok(written);
        }
        let mut next = if dice.roll(3) == 0 {
            dice.roll(stored + 1)
        } else {
            stored
        };
        for _ in 0..dice.roll(12) {
            let end = ROWS.min(next + 1 + dice.roll(600));
            let mut rows: Vec<Row> = (next..end).map(journal).collect();
            for i in (1..rows.len()).rev() {
                rows.swap(i, usize::try_from(dice.roll(u64::try_from(i)? + 1))?);
            }
            let apply = store.apply(AT, rows, to(end));
            if dice.roll(10) == 0 {
                // Killed: nobody hears how it ended.
                drop(apply);
                break;
            }
            apply.await?;
            written += end - next;
            next = end;
        }
    }
}

pub fn converge() -> anyhow::Result<()> {
    run(async {
        let settings = shared();
        let watcher = store(&settings).await?;
        let done = AtomicBool::new(false);
        let projectors = async {
            let [one, two] = [11, 12].map(|seed| tokio::spawn(projector(settings.clone(), seed)));
            let written = one.await?? + two.await??;
            done.store(true, Ordering::Release);
            anyhow::Ok(written)
        };
        // No row goes back, none is mixed, and all rows below the progress are there.
        let watching = async {
            let mut seen: BTreeMap<(&str, Vec<u8>), u64> = BTreeMap::new();
            let mut dice = Dice::new(1);
            let mut looks = 0_u64;
            while !done.load(Ordering::Acquire) {
                let reached = watcher.progress(AT).await?.map_or(0, |p| p.next_offset);
                for _ in 0..20 {
                    let asked = journal(dice.roll(reached.max(1)));
                    let found = watcher.get(asked.table, asked.key.clone()).await?;
                    let seq = found.map_or(0, |row| row.seq);
                    ensure!(reached == 0 || seq >= asked.seq, "{asked:?} is behind");
                    let before = seen.insert((asked.table, asked.key), seq);
                    ensure!(before.is_none_or(|before| before <= seq), "went back");
                    looks += 1;
                }
            }
            Ok(looks)
        };
        let (written, looks) = tokio::try_join!(projectors, watching)?;
        eprintln!("{written} rows written, {looks} looked at meanwhile");
        let model = MemoryViewStore::default();
        model
            .apply(AT, (0..ROWS).map(journal).collect(), to(ROWS))
            .await?;
        let (found, expected) = (all(&*watcher).await?, all(&model).await?);
        ensure!(found.len() == expected.len());
        let other = found.iter().zip(&expected).find(|(a, b)| a != b);
        ensure!(other.is_none(), "{other:?}");
        ensure!(watcher.progress(AT).await?.context("progress")? == to(ROWS));
        drop_keyspace(&settings).await
    })
}
