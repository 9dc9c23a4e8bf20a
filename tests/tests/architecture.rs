//! The arrows between crates, as `cargo metadata` tells them, against this list.
//!
//! A crate that is missing here, or an arrow that is not listed, fails: a new arrow is a decision
//! and is made here, in view.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// What each crate of ours may name of ours.
const ARROWS: &[(&str, &[&str])] = &[
    // The language and the wire.
    ("kernel", &[]),
    ("schemas", &["kernel"]),
    ("proto", &[]),
    ("failpoints", &[]),
    // The platform: ports, adapters that only know their port, the machinery.
    ("eventlog", &["kernel", "schemas"]),
    ("sqlite-readers", &[]),
    ("eventlog-sqlite", &["kernel", "eventlog", "sqlite-readers"]),
    ("eventlog-kafka", &["kernel", "schemas", "eventlog"]),
    ("viewstore", &["kernel"]),
    (
        "viewstore-sqlite",
        &["kernel", "viewstore", "sqlite-readers"],
    ),
    ("viewstore-scylla", &["kernel", "failpoints", "viewstore"]),
    ("snapshots", &["kernel", "failpoints"]),
    ("keystore", &["kernel"]),
    ("passkeys", &["kernel"]),
    ("ratestore-redis", &[]),
    ("schemastore", &["kernel", "schemas"]),
    ("outbound", &[]),
    (
        "runtime",
        &[
            "kernel",
            "schemas",
            "failpoints",
            "eventlog",
            "viewstore",
            "snapshots",
        ],
    ),
    // Pure rules know the language alone.
    ("auth-domain", &["kernel"]),
    ("odds-domain", &["kernel"]),
    ("bets-domain", &["kernel"]),
    ("ledger-domain", &["kernel"]),
    ("payments-domain", &["kernel"]),
    ("fraud-domain", &["kernel"]),
    // Edges join their own rules with the wire and the machinery; no service names another.
    (
        "auth",
        &["kernel", "schemas", "runtime", "viewstore", "auth-domain"],
    ),
    (
        "odds",
        &["kernel", "schemas", "runtime", "viewstore", "odds-domain"],
    ),
    (
        "bets",
        &[
            "kernel",
            "schemas",
            "runtime",
            "viewstore",
            "markets",
            "bets-domain",
        ],
    ),
    (
        "ledger",
        &["kernel", "schemas", "runtime", "viewstore", "ledger-domain"],
    ),
    (
        "payments",
        &[
            "kernel",
            "schemas",
            "runtime",
            "viewstore",
            "outbound",
            "payments-domain",
        ],
    ),
    (
        "fraud",
        &["kernel", "schemas", "runtime", "viewstore", "fraud-domain"],
    ),
    // Pictures and judgements over the wire alone.
    ("markets", &["kernel", "schemas", "runtime"]),
    ("audit", &["kernel", "schemas"]),
    (
        "gateway",
        &[
            "kernel",
            "failpoints",
            "schemas",
            "eventlog",
            "viewstore",
            "runtime",
            "markets",
        ],
    ),
    // A second door before the gateway's routes; it names neither them nor the wire.
    ("feed-grpc", &["proto"]),
];

/// Everything is joined here, and only here.
const COMPOSITION_ROOTS: &[&str] = &["furlong", "system-tests", "campaign"];

/// Models and tools of tests stand beside the code and share nothing with it.
const MODELS: &[&str] = &["claim-model", "stack", "faultproxy"];

/// Heavy or telling dependencies, and who may name them.
const ONLY: &[(&str, &[&str])] = &[
    (
        "rusqlite",
        &["sqlite-readers", "eventlog-sqlite", "viewstore-sqlite"],
    ),
    ("rdkafka", &["eventlog-kafka"]),
    ("scylla", &["viewstore-scylla"]),
    ("redis", &["ratestore-redis"]),
    ("axum", &["gateway", "furlong"]),
    ("argon2", &["auth"]),
    ("clap", &["furlong", "campaign", "stack"]),
    ("ureq", &["schemastore", "outbound"]),
    ("getrandom", &["runtime"]),
    ("chacha20poly1305", &["keystore"]),
    ("prost", &["proto"]),
    ("tonic", &["proto", "feed-grpc"]),
    ("tonic-prost", &["proto"]),
    ("webauthn-rs", &["passkeys"]),
];

/// What rules may name besides the language.
const PURE: &[&str] = &[
    "kernel",
    "num-bigint",
    "num-integer",
    "num-rational",
    "num-traits",
    "rustc-hash",
    "sha2",
    "thiserror",
];

fn packages() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let name = package["name"].as_str().expect("a name").to_owned();
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            let normal = dependencies
                .iter()
                .filter(|dependency| dependency["kind"] != "dev");
            let names =
                normal.map(|dependency| dependency["name"].as_str().expect("a name").to_owned());
            (name, names.collect())
        })
        .collect()
}

#[test]
fn every_arrow_is_listed() {
    let packages = packages();
    let listed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (name, dependencies) in &packages {
        if COMPOSITION_ROOTS.contains(&name.as_str()) || MODELS.contains(&name.as_str()) {
            continue;
        }
        let Some(allowed) = listed.get(name.as_str()) else {
            wrong.push(format!("{name} is not in the list"));
            continue;
        };
        for dependency in dependencies
            .iter()
            .filter(|dependency| packages.contains_key(*dependency))
        {
            if !allowed.contains(&dependency.as_str()) {
                wrong.push(format!("{name} -> {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that are not listed: {wrong:#?}");
}

#[test]
fn nobody_names_a_composition_root_or_a_model() {
    for (name, dependencies) in packages() {
        for root in COMPOSITION_ROOTS.iter().chain(MODELS) {
            // Tests of the whole stand above it.
            let allowed = COMPOSITION_ROOTS.contains(&name.as_str()) && name != "furlong";
            assert!(allowed || !dependencies.contains(*root), "{name} -> {root}");
        }
    }
}

#[test]
fn rules_are_pure() {
    for (name, dependencies) in packages() {
        if name.ends_with("-domain") {
            let impure: Vec<_> = dependencies
                .iter()
                .filter(|dependency| !PURE.contains(&dependency.as_str()))
                .collect();
            assert!(impure.is_empty(), "{name} names {impure:?}");
        }
    }
}

#[test]
fn heavy_clients_are_named_by_their_adapters_only() {
    for (name, dependencies) in packages() {
        for (heavy, owners) in ONLY {
            let allowed = !dependencies.contains(*heavy) || owners.contains(&name.as_str());
            assert!(allowed, "{name} names {heavy}, which belongs to {owners:?}");
        }
    }
}

#[test]
fn no_crate_could_hold_anything() {
    for name in packages().keys() {
        for vague in ["common", "util", "helper", "shared", "core", "misc"] {
            assert!(
                !name.contains(vague),
                "{name}: name it for the one thing that it holds"
            );
        }
    }
}
