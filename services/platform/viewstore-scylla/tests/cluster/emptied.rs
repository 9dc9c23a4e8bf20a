//! The store loses everything while it is in use.

use crate::world::{AT, drop_keyspace, insist, progress, row, run, shared, store, until};
use anyhow::ensure;
use std::time::Duration;
use viewstore::{Row, Scan, ViewError, ViewStore as _};

fn rows(from: u64, to: u64) -> Vec<Row> {
    (from..to)
        .map(|n| row("case", &n.to_be_bytes().repeat(2), b"case", n + 1))
        .collect()
}

/// The keyspace is dropped under a projector: it is told, begins again, and everything stands as
/// before.
pub fn lost_keyspace() -> anyhow::Result<()> {
    run(async {
        let settings = shared();
        let store = store(&settings).await?;
        insist(&store, rows(0, 500), 500).await?;
        let before = store.scan(Scan::of("case", [])).await?;
        ensure!(before.len() == 500);

        drop_keyspace(&settings).await?;
        // The projector goes on where it believes to stand. It must not get through.
        until("it is told", Duration::from_secs(60), async || match store
            .apply(AT, rows(500, 510), progress(510))
            .await
        {
            Err(ViewError::Cleared) => Ok(Ok(())),
            Err(error) => Err(error.to_string()),
            Ok(_) => Ok(Err(anyhow::anyhow!("written as if nothing had happened"))),
        })
        .await??;
        let again = store.apply(AT, rows(500, 510), progress(510)).await;
        ensure!(again == Err(ViewError::Cleared), "{again:?}");
        ensure!(store.progress(AT).await?.is_none());
        ensure!(store.scan(Scan::of("case", [])).await?.is_empty());

        insist(&store, rows(0, 500), 500).await?;
        ensure!(store.scan(Scan::of("case", [])).await? == before);
        ensure!(store.progress(AT).await? == Some(progress(500)));
        drop_keyspace(&settings).await
    })
}

/// One process empties the store while another one writes: what the other writes later is not
/// in the new views, and it is told to begin again.
pub fn by_another() -> anyhow::Result<()> {
    run(async {
        let settings = shared();
        let (ours, theirs) = (store(&settings).await?, store(&settings).await?);
        insist(&theirs, rows(0, 100), 100).await?;
        ours.clear().await?;
        ensure!(ours.progress(AT).await?.is_none());
        until(
            "the other is told",
            Duration::from_secs(30),
            async || match theirs.apply(AT, rows(100, 110), progress(110)).await {
                Err(ViewError::Cleared) => Ok(Ok(())),
                Err(error) => Err(error.to_string()),
                Ok(_) => Ok(Err(anyhow::anyhow!("written into the new views"))),
            },
        )
        .await??;
        ensure!(ours.progress(AT).await?.is_none());
        ensure!(ours.scan(Scan::of("case", [])).await?.is_empty());
        ensure!(until_begun(&theirs).await?.is_none());
        insist(&theirs, rows(0, 100), 100).await?;
        ensure!(ours.scan(Scan::of("case", [])).await?.len() == 100);
        ensure!(ours.progress(AT).await? == Some(progress(100)));
        drop_keyspace(&settings).await
    })
}

async fn until_begun(
    store: &viewstore_scylla::ScyllaViewStore,
) -> anyhow::Result<Option<viewstore::Progress>> {
    until("progress is told", Duration::from_secs(30), async || {
        store.progress(AT).await.map_err(|error| error.to_string())
    })
    .await
}
