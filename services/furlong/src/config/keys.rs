//! The settings that exist.
//!
//! Duty: name, default and meaning of each, in one table that print, check and the environment
//! share. Prohibition: no setting that nothing reads.

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in files; `FURLONG_` and capitals in the environment.
    pub name: &'static str,
    /// Its value when nobody says otherwise.
    pub default: &'static str,
    /// What it is for.
    pub about: &'static str,
}

const fn key(name: &'static str, default: &'static str, about: &'static str) -> Key {
    Key {
        name,
        default,
        about,
    }
}

/// All of them, in the order in which they are printed.
pub const KEYS: [Key; 40] = [
    key("data", "furlong-data", "the data folder"),
    key("listen", "127.0.0.1", "the address to listen on"),
    key("port", "7400", "the port to listen on; 0 picks a free one"),
    key(
        "partitions",
        "8",
        "partitions of every topic; fixed when a log is made",
    ),
    key(
        "rate_limit",
        "100",
        "requests a minute for each user, or off",
    ),
    key("rate_burst", "150", "requests at once from rest"),
    key(
        "concurrency",
        "4000",
        "requests that are worked on at once at most, the limit finds itself below; or off",
    ),
    key("connections", "12000", "open connections of a gateway"),
    key(
        "connections_per_address",
        "256",
        "open connections from one address; this machine and trusted proxies are many people",
    ),
    key(
        "rate_store",
        "",
        "where gateways count requests together, redis://host:port/database; empty: each alone",
    ),
    key(
        "rate_store_credentials",
        "",
        "a file with user:password for the rate store",
    ),
    key(
        "staff_second_factor",
        "on",
        "whether staff need a second factor or a passkey, on or off; until then a session is good to enrol one",
    ),
    key(
        "trusted_proxies",
        "",
        "whose X-Forwarded-For is believed, addresses or networks with commas",
    ),
    key(
        "deadline_ms",
        "5000",
        "how long an answer is waited for, in milliseconds",
    ),
    key(
        "snapshot_every",
        "20000",
        "decisions between two snapshots of a partition",
    ),
    key(
        "lean_step",
        "off",
        "prices lean anew when an exposure has moved by so many thousandths of a market's maximum, or off",
    ),
    key(
        "grpc_port",
        "same",
        "where feeds speak gRPC: same (as port), a port apart, or off; needs a binary with the feature grpc",
    ),
    key(
        "brokers",
        "",
        "Kafka's brokers, host:port with commas; empty: the embedded log",
    ),
    key("topic_prefix", "", "stands before the name of every topic"),
    key(
        "kafka_options",
        "",
        "a file of further options of the Kafka client, name=value a line",
    ),
    key(
        "registry",
        "",
        "the schema registry's address; empty: the ids compiled in",
    ),
    key("replication", "3", "copies of every topic in a cluster"),
    key(
        "min_insync",
        "2",
        "copies that must have a record before it counts",
    ),
    key(
        "view_nodes",
        "",
        "ScyllaDB's or Cassandra's nodes, host:port with commas; needed with brokers",
    ),
    key("keyspace", "furlong", "the keyspace of the views"),
    key(
        "view_replication",
        "",
        "copies of every view, when the keyspace is made; empty: as many as of a topic",
    ),
    key(
        "lease_ms",
        "3000",
        "how long a silent process keeps its partitions, in milliseconds",
    ),
    key(
        "view_credentials",
        "",
        "a file with user:password for the view nodes",
    ),
    key(
        "payments_provider",
        "simulated",
        "who moves money: simulated, stripe or open_banking",
    ),
    key(
        "payments_url",
        "",
        "the provider's address, http only: a proxy speaks TLS to it",
    ),
    key(
        "payments_secret_file",
        "",
        "a file with the secret that the provider is shown",
    ),
    key(
        "payments_webhook_secret_file",
        "",
        "a file with the secret that signs the provider's call-backs",
    ),
    key(
        "payments_deadline_ms",
        "10000",
        "how long a call to the provider may take, in milliseconds",
    ),
    key(
        "payments_house_account",
        "",
        "open_banking: where deposits go, scheme:identification:name",
    ),
    key(
        "payments_approve_url",
        "",
        "open_banking: the bank's page for consents; the id is put behind it",
    ),
    key(
        "payments_review_units",
        "10000",
        "withdrawals of so many whole units of their currency and more wait for two persons; 0: all",
    ),
    key(
        "notices_url",
        "",
        "where the operator is told of payments, http only; empty: nowhere",
    ),
    key(
        "notices_secret_file",
        "",
        "a file with the secret that signs what the operator is told",
    ),
    key(
        "passkey_origin",
        "http://localhost",
        "where the pages come from that make and use passkeys, as https://bets.example.com",
    ),
    key(
        "passkey_domain",
        "",
        "the domain that passkeys are for, the origin's host or one above it; never change it; empty: the host",
    ),
];

/// The setting of that name.
#[must_use]
pub fn find(name: &str) -> Option<Key> {
    KEYS.iter().copied().find(|key| key.name == name)
}

/// The setting whose name is most like this, if any is much like it.
#[must_use]
pub fn nearest(name: &str) -> Option<Key> {
    let with_distance = KEYS.iter().map(|key| (distance(name, key.name), *key));
    with_distance
        .min_by_key(|(distance, _)| *distance)
        .filter(|(d, _)| *d <= 3)
        .map(|(_, key)| key)
}

/// How many letters have to be put in, taken out or changed.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut diagonal = index;
        let mut before = index.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (entry, other) in row.iter_mut().skip(1).zip(&right) {
            let changed = diagonal.saturating_add(usize::from(letter != *other));
            let moved = before.min(*entry).saturating_add(1);
            diagonal = *entry;
            *entry = changed.min(moved);
            before = *entry;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_edits() {
        for (left, right, edits) in [
            ("", "abc", 3),
            ("port", "port", 0),
            ("prot", "port", 2),
            ("ports", "port", 1),
        ] {
            assert_eq!(distance(left, right), edits, "{left} {right}");
        }
    }

    #[test]
    fn only_what_is_like_is_suggested() {
        assert_eq!(nearest("prot").map(|key| key.name), Some("port"));
        assert_eq!(nearest("kafka_brokers"), None);
    }
}
