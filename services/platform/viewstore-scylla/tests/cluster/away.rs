//! The store is not there, not yet, or does not answer.

use crate::world::{
    AT, drop_keyspace, insist, is_unavailable, progress, row, run, settings, until,
};
use anyhow::ensure;
use stack::{Cassandra, CassandraPlan};
use std::time::Duration;
use viewstore::{Scan, ViewStore as _};
use viewstore_scylla::{ScyllaViewStore, Settings};

/// No call may take longer than this, whatever the store does.
const IN_TIME: Duration = Duration::from_secs(2);
const BACK_WITHIN: Duration = Duration::from_secs(30);

fn impatient(nodes: Vec<String>) -> Settings {
    let mut settings = settings(nodes);
    settings.timeout = Duration::from_millis(800);
    settings
}

/// Every call fails as unavailable, and soon.
async fn all_fail_in_time(store: &ScyllaViewStore) -> anyhow::Result<()> {
    let calls = async {
        let rows = vec![row("bet", b"b", b"bet", 1)];
        let applied = store.apply(AT, rows, progress(1)).await;
        ensure!(is_unavailable(&applied), "{applied:?}");
        anyhow::Ok(())
    };
    tokio::time::timeout(IN_TIME, calls).await??;
    let get = tokio::time::timeout(IN_TIME, store.get("bet", b"b".to_vec())).await?;
    ensure!(is_unavailable(&get), "{get:?}");
    let scan = tokio::time::timeout(IN_TIME, store.scan(Scan::of("bet", []))).await?;
    ensure!(is_unavailable(&scan), "{scan:?}");
    let reached = tokio::time::timeout(IN_TIME, store.progress(AT)).await?;
    ensure!(is_unavailable(&reached), "{reached:?}");
    Ok(())
}

pub fn nobody_there() -> anyhow::Result<()> {
    run(async {
        // A port of our own that nobody listens at.
        let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let settings = impatient(vec![closed.to_string()]);
        let refused = ScyllaViewStore::connect(settings.clone()).await;
        let error = refused.err().map(|error| error.to_string());
        let error = error.unwrap_or_default();
        ensure!(error.contains(&closed.to_string()), "{error:?}");

        let store = ScyllaViewStore::start(settings);
        all_fail_in_time(&store).await?;
        let health = store.health().err().unwrap_or_default();
        ensure!(health.contains(&closed.to_string()), "{health:?}");
        Ok(())
    })
}

pub fn paused() -> anyhow::Result<()> {
    run(async {
        let server = Cassandra::start(CassandraPlan::default())?;
        let settings = impatient(server.contact_points());
        let store = ScyllaViewStore::connect(settings.clone()).await?;
        let bet = || vec![row("bet", b"b", b"bet", 1)];
        insist(&store, bet(), 1).await?;
        ensure!(store.health() == Ok(()));

        server.pause(0)?;
        let began = tokio::time::Instant::now();
        let mut failed = 0;
        while began.elapsed() < Duration::from_secs(8) {
            all_fail_in_time(&store).await?;
            failed += 4;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        ensure!(
            store.health().is_err(),
            "called healthy after {failed} failures"
        );
        server.resume(0)?;

        let began = tokio::time::Instant::now();
        until("it is back", BACK_WITHIN, async || {
            let rows = vec![row("bet", b"c", b"bet", 2)];
            let applied = store.apply(AT, rows, progress(2)).await;
            applied.map_err(|error| error.to_string())
        })
        .await?;
        eprintln!(
            "{failed} calls failed in time; back {:?} after it went on",
            began.elapsed()
        );
        ensure!(store.scan(Scan::of("bet", [])).await?.len() == 2);
        until("healthy again", BACK_WITHIN, async || store.health()).await?;
        drop_keyspace(&settings).await
    })
}

/// The process starts before its store does, and the store is killed and comes back.
pub fn comes_later() -> anyhow::Result<()> {
    run(async {
        let server = Cassandra::start(CassandraPlan::default())?;
        server.kill(0)?;
        let settings = impatient(server.contact_points());
        let store = ScyllaViewStore::start(settings.clone());
        all_fail_in_time(&store).await?;
        for round in 1..=2 {
            server.start_again(0)?;
            let came = tokio::time::Instant::now();
            until("it comes", BACK_WITHIN, async || {
                let rows = vec![row("bet", b"b", b"bet", round)];
                let applied = store.apply(AT, rows, progress(round)).await;
                applied.map_err(|error| error.to_string())
            })
            .await?;
            eprintln!("used {:?} after it had come", came.elapsed());
            ensure!(store.progress(AT).await? == Some(progress(round)));
            server.kill(0)?;
            all_fail_in_time(&store).await?;
        }
        Ok(())
    })
}
