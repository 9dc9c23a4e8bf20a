//! The client of the registry against a real one.

use anyhow::{Context, bail, ensure};
use kernel::Topic;
use schemas::{Schema, SchemaId};
use schemastore::{Entry, Held, Judgement, Registry, SchemaStore, StoreError};
use std::sync::atomic::{AtomicU32, Ordering};

/// Nobody else's schema.
pub const FOREIGN: &str = r#"{"type":"record","name":"Foreign","fields":[]}"#;

/// A prefix that nobody else uses, on a registry that others may use as well.
pub fn prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("s{}-{number}.", std::process::id())
}

fn fresh() -> anyhow::Result<Registry> {
    Ok(Registry::open(&stack::registry().url(), &prefix())?)
}

fn ids(entries: &[Entry]) -> anyhow::Result<Vec<(SchemaId, u32)>> {
    let id = |entry: &Entry| match &entry.held {
        Held::Registered { id, .. } => Ok((entry.schema, *id)),
        Held::Missing | Held::Refused(_) | Held::Different => bail!("{entry:?}"),
    };
    entries.iter().map(id).collect()
}

/// The schema in which a topic is written today; older ones stand beside it.
pub fn today(topic: Topic) -> anyhow::Result<Schema> {
    let id = schemas::schema_of(topic);
    let mut all = schemas::schemas().into_iter();
    all.find(|schema| schema.id == id)
        .with_context(|| format!("a schema of {topic}"))
}

pub fn twice() -> anyhow::Result<()> {
    let store = fresh()?;
    let first = store.register()?;
    ensure!(
        first.iter().all(|entry| entry.is_new && entry.is_guarded()),
        "{first:?}"
    );
    let again = store.register()?;
    ensure!(
        again
            .iter()
            .all(|entry| !entry.is_new && entry.is_guarded()),
        "{again:?}"
    );
    ensure!(ids(&again)? == ids(&first)?);
    let wire = store.wire_ids()?;
    for (schema, id) in ids(&first)? {
        ensure!(wire.to_wire(schema.0) == id && wire.from_wire(id) == schema.0);
    }
    Ok(())
}

pub fn incompatible() -> anyhow::Result<()> {
    let store = fresh()?;
    store.register()?;
    let text = (today(Topic::BetsEvents)?.text)();
    let field = r#"{"name":"epoch","type":"long"}"#;
    ensure!(text.contains(field), "the schema has no {field}");
    let changed = text.replacen(field, r#"{"name":"epoch","type":"string"}"#, 1);
    ensure!(store.judge(Topic::BetsEvents, &text)? == Judgement::Compatible);
    let judged = store.judge(Topic::BetsEvents, &changed)?;
    ensure!(matches!(judged, Judgement::Incompatible(_)), "{judged:?}");
    let error = store
        .publish(Topic::BetsEvents, &changed)
        .err()
        .context("it was taken")?;
    ensure!(matches!(error, StoreError::Incompatible { .. }), "{error}");
    let message = error.to_string();
    for part in ["bets.events-value", &stack::registry().url(), "409"] {
        ensure!(message.contains(part), "{message}");
    }
    let kept = store.inspect()?;
    ensure!(kept.iter().all(|entry| entry.unknown_versions.is_empty()));
    Ok(())
}

pub fn missing() -> anyhow::Result<()> {
    let store = fresh()?;
    let entries = store.inspect()?;
    ensure!(
        entries.iter().all(|entry| entry.held == Held::Missing),
        "{entries:?}"
    );
    ensure!(store.judge(Topic::OddsEvents, FOREIGN)? == Judgement::Compatible);
    let error = store.wire_ids().err().context("it has ids")?;
    ensure!(matches!(error, StoreError::Missing { .. }), "{error}");
    Ok(())
}

pub fn foreign() -> anyhow::Result<()> {
    let store = fresh()?;
    store.publish(Topic::FraudCommands, FOREIGN)?;
    let error = store.register().err().context("it was registered")?;
    ensure!(matches!(error, StoreError::Different { .. }), "{error}");
    let entries = store.inspect()?;
    for entry in entries {
        let expected = if entry.topic == Topic::FraudCommands {
            Held::Different
        } else {
            Held::Missing
        };
        ensure!(entry.held == expected, "{entry:?}");
    }
    Ok(())
}

pub fn away() -> anyhow::Result<()> {
    let registry = stack::Registry::start()?;
    let store = Registry::open(&registry.url(), "")?;
    store.register()?;
    registry.kill()?;
    let error = store.wire_ids().err().context("it answers")?;
    ensure!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    ensure!(error.to_string().contains(&registry.url()), "{error}");
    // Its schemas were in its memory: a registry that lost everything says so, and takes them again.
    registry.start_again()?;
    let error = store.wire_ids().err().context("it kept the schemas")?;
    ensure!(matches!(error, StoreError::Missing { .. }), "{error}");
    store.register()?;
    store.wire_ids()?;
    Ok(())
}
