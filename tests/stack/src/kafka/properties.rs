//! What a broker is told, whatever it runs in.

use super::{Cluster, node_id};

/// Lines of `server.properties` for broker `i`; the last one of a name counts.
///
/// `bind` is the address it listens on, `data` its folder.
///
/// # Errors
/// There is no such broker.
pub(crate) fn properties(
    cluster: &Cluster,
    i: usize,
    bind: &str,
    data: &str,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut lines = network(cluster, i, bind)?;
    lines.push(("log.dirs", data.to_owned()));
    lines.extend(replication(cluster.brokers.len()));
    lines.extend(patience(cluster.brokers.len()));
    lines.extend(identities(&cluster.plan.users));
    let more = cluster.plan.properties.iter().cloned();
    Ok(lines
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .chain(more)
        .collect())
}

fn network(cluster: &Cluster, i: usize, bind: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
    let broker = cluster.broker(i)?;
    let voters: anyhow::Result<Vec<String>> = cluster
        .brokers
        .iter()
        .enumerate()
        .map(|(other, broker)| {
            Ok(format!(
                "{}@127.0.0.1:{}",
                node_id(other)?,
                broker.controller.number()
            ))
        })
        .collect();
    let (client, direct, controller) = (
        broker.listening,
        broker.direct.number(),
        broker.controller.number(),
    );
    let advertised = broker.advertised;
    Ok(vec![
        ("process.roles", "broker,controller".to_owned()),
        ("node.id", node_id(i)?.to_string()),
        ("controller.quorum.voters", voters?.join(",")),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        (
            "listeners",
            format!(
                "CLIENT://{bind}:{client},DIRECT://{bind}:{direct},CONTROLLER://{bind}:{controller}"
            ),
        ),
        (
            "advertised.listeners",
            format!("CLIENT://127.0.0.1:{advertised},DIRECT://127.0.0.1:{direct}"),
        ),
        (
            "listener.security.protocol.map",
            format!(
                "CLIENT:{},DIRECT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                if cluster.plan.users.is_empty() {
                    "PLAINTEXT"
                } else {
                    "SASL_PLAINTEXT"
                }
            ),
        ),
        ("inter.broker.listener.name", "DIRECT".to_owned()),
    ])
}

/// Clients have to say who they are, and may do what they were allowed to; whoever comes in at the direct listener may
/// do everything.
fn identities(users: &[(String, String)]) -> Vec<(&'static str, String)> {
    if users.is_empty() {
        return Vec::new();
    }
    let mut login = "org.apache.kafka.common.security.plain.PlainLoginModule required".to_owned();
    for (user, password) in users {
        login.push_str(&format!(" user_{user}=\"{password}\""));
    }
    login.push(';');
    vec![
        ("sasl.enabled.mechanisms", "PLAIN".to_owned()),
        ("listener.name.client.plain.sasl.jaas.config", login),
        (
            "authorizer.class.name",
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
        ),
        ("super.users", "User:ANONYMOUS".to_owned()),
    ]
}

/// As many copies as brokers; one of three may be away.
fn replication(brokers: usize) -> Vec<(&'static str, String)> {
    let (copies, in_sync) = (brokers.to_string(), brokers.div_ceil(2).to_string());
    vec![
        ("auto.create.topics.enable", "false".to_owned()),
        ("default.replication.factor", copies.clone()),
        ("min.insync.replicas", in_sync.clone()),
        ("offsets.topic.replication.factor", copies.clone()),
        ("offsets.topic.num.partitions", "4".to_owned()),
        ("transaction.state.log.replication.factor", copies.clone()),
        ("transaction.state.log.min.isr", in_sync.clone()),
        ("transaction.state.log.num.partitions", "4".to_owned()),
        ("share.coordinator.state.topic.replication.factor", copies),
        ("share.coordinator.state.topic.min.isr", in_sync),
    ]
}

/// Times and sizes that fit a small machine and short tests.
fn patience(brokers: usize) -> Vec<(&'static str, String)> {
    // A killed broker is missed after this time, and the same node is let in again only then. Half of it is also how
    // long a broker waits for its controller's answers: less, and on a busy machine it is never let in at all.
    let (missed_ms, heartbeat_ms) = if brokers == 1 {
        ("4000", "500")
    } else {
        ("6000", "1000")
    };
    vec![
        ("broker.session.timeout.ms", missed_ms.to_owned()),
        ("broker.heartbeat.interval.ms", heartbeat_ms.to_owned()),
        (
            "initial.broker.registration.timeout.ms",
            "240000".to_owned(),
        ),
        ("group.initial.rebalance.delay.ms", "0".to_owned()),
        // The default wants 128 MiB of the heap.
        ("log.cleaner.dedupe.buffer.size", (16_u32 << 20).to_string()),
    ]
}
