//! Three nodes, three copies: one may be gone.

use crate::world::{AT, insist, progress, row, run, settings};
use anyhow::{Context as _, ensure};
use stack::{Cassandra, CassandraPlan};
use viewstore::{Row, Scan, ViewStore as _};
use viewstore_scylla::ScyllaViewStore;

const CYCLES: u64 = 2;
const ROWS: u64 = 200;

fn rows(cycle: u64) -> Vec<Row> {
    (0..ROWS)
        .map(|n| {
            let key = n.to_be_bytes().repeat(2);
            row("bet_status", &key, &cycle.to_be_bytes(), cycle * ROWS + n)
        })
        .collect()
}

/// All rows of this cycle, and no row of an earlier one.
async fn all_stand(store: &ScyllaViewStore, cycle: u64) -> anyhow::Result<()> {
    for row in rows(cycle) {
        let found = store.get(row.table, row.key.clone()).await?;
        let found = found.context("lost")?;
        ensure!(found.value == row.value, "cycle {cycle}: {found:?}");
    }
    ensure!(store.progress(AT).await? == Some(progress(cycle)));
    Ok(())
}

pub fn one_gone() -> anyhow::Result<()> {
    run(async {
        let server = Cassandra::start(CassandraPlan {
            nodes: 3,
            ..CassandraPlan::default()
        })?;
        let mut settings = settings(server.contact_points());
        settings.replication = 3;
        let store = ScyllaViewStore::connect(settings).await?;
        insist(&store, rows(1), 1).await?;
        for cycle in 2..2 + CYCLES {
            let gone = usize::try_from(cycle % 3)?;
            server.kill(gone)?;
            insist(&store, rows(cycle), cycle).await?;
            all_stand(&store, cycle).await?;
            server.start_again(gone)?;
            all_stand(&store, cycle).await?;
        }
        ensure!(store.scan(Scan::of("bet_status", [])).await?.len() == usize::try_from(ROWS)?);
        Ok(())
    })
}
