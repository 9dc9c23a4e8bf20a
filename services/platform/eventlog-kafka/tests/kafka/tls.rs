//! Brokers that speak TLS and know their clients by certificates. By hand, because building it needs
//! OpenSSL's headers: `cargo test -p eventlog-kafka --features tls --test kafka tls`.

use crate::support::{block_on, plan, unmade};
use anyhow::ensure;
use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog as _};
use eventlog_kafka::{KafkaLog, Settings, topics};
use kernel::{Topic, TopicPartition};
use stack::{Kafka, KafkaPlan, Needs, Trials};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

pub fn collect(trials: &mut Trials) {
    trials.test_with(
        Needs::OWN_KAFKA,
        "tls_knows_clients_by_their_certificates",
        known_by_certificate,
    );
}

fn known_by_certificate() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    certificate(folder, "house", None)?;
    certificate(folder, "127.0.0.1", Some("house"))?;
    certificate(folder, "bets", Some("house"))?;
    certificate(folder, "elsewhere", None)?;
    certificate(folder, "stranger", Some("elsewhere"))?;
    let kafka = Kafka::start(KafkaPlan {
        properties: speaking_tls(folder)?,
        ..KafkaPlan::default()
    })?;
    let made = unmade(&kafka.direct());
    topics::create(&made, &plan())?;
    let own = format!("{}bets.events", made.topic_prefix);
    kafka.allow("User:CN=bets", &own, &["Describe", "Write"])?;
    let bets = Settings {
        brokers: kafka.bootstrap(),
        client_options: signing_in(folder, "bets"),
        ..made.clone()
    };
    let log = KafkaLog::connect(bets)?;
    let send = |topic| {
        let at = TopicPartition::new(topic, 0);
        block_on(async { log.send(at, Bytes::from_static(b"a record")).await })
    };
    ensure!(send(Topic::BetsEvents) == AppendOutcome::Sent, "its own");
    let others = send(Topic::LedgerEvents);
    ensure!(others != AppendOutcome::Sent, "another's is {others:?}");
    let believes = |client_options| {
        let one = Settings {
            brokers: kafka.bootstrap(),
            client_options,
            ..made.clone()
        };
        let told = topics::check(&one, &plan()).expect_err("they are not of one house");
        told.to_string()
    };
    // Brokers whom a client has no reason to believe are not told who it is.
    let mut elsewhere = signing_in(folder, "bets");
    elsewhere.insert(
        "ssl.ca.location".to_owned(),
        folder.join("elsewhere.pem").display().to_string(),
    );
    let told = believes(elsewhere);
    ensure!(told.contains("certificate verify failed"), "{told}");
    let told = believes(signing_in(folder, "stranger"));
    ensure!(
        told.contains("SSL") || told.contains("certificate"),
        "{told}"
    );
    Ok(())
}

/// A certificate of its own, or signed by another one: `NAME.pem` and `NAME.key`.
fn certificate(folder: &Path, name: &str, signer: Option<&str>) -> anyhow::Result<()> {
    let file = |name: &str, kind: &str| folder.join(format!("{name}.{kind}"));
    let mut command = Command::new("openssl");
    command
        .args(["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec"])
        .args(["-pkeyopt", "ec_paramgen_curve:P-256", "-subj"])
        .arg(format!("/CN={name}"))
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
        .arg(file(name, "key"))
        .arg("-out")
        .arg(file(name, "pem"));
    if let Some(signer) = signer {
        command.arg("-CA").arg(file(signer, "pem"));
        command.arg("-CAkey").arg(file(signer, "key"));
    }
    let made = command.output()?;
    let words = String::from_utf8_lossy(&made.stderr);
    ensure!(made.status.success(), "openssl: {words}");
    Ok(())
}

/// The broker's half.
fn speaking_tls(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let read = |file: &str| std::fs::read_to_string(folder.join(file));
    let store = folder.join("broker.pem");
    std::fs::write(&store, read("127.0.0.1.key")? + &read("127.0.0.1.pem")?)?;
    let lines = [
        (
            "listener.security.protocol.map",
            "CLIENT:SSL,DIRECT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned(),
        ),
        ("ssl.keystore.type", "PEM".to_owned()),
        ("ssl.keystore.location", store.display().to_string()),
        ("ssl.truststore.type", "PEM".to_owned()),
        (
            "ssl.truststore.location",
            folder.join("house.pem").display().to_string(),
        ),
        ("ssl.client.auth", "required".to_owned()),
        (
            "authorizer.class.name",
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
        ),
        ("super.users", "User:ANONYMOUS".to_owned()),
    ];
    Ok(lines.map(|(name, value)| (name.to_owned(), value)).to_vec())
}

/// The client's half.
fn signing_in(folder: &Path, name: &str) -> BTreeMap<String, String> {
    let file = |file: String| folder.join(file).display().to_string();
    [
        ("security.protocol", "ssl".to_owned()),
        ("ssl.ca.location", file("house.pem".to_owned())),
        ("ssl.certificate.location", file(format!("{name}.pem"))),
        ("ssl.key.location", file(format!("{name}.key"))),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
