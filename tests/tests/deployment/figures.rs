//! The figures that furlong exports, as a scrape finds them, and the page that explains them.

use crate::repository::text;
use furlong::data_folder::DataFolder;
use furlong::node::{Node, NodeOptions};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::time::Duration;

/// What a node answers on /metrics: the gateway's figures and those that every process has.
pub fn scraped() -> &'static str {
    static SCRAPED: OnceLock<String> = OnceLock::new();
    SCRAPED.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let options = NodeOptions {
            provider: furlong::providers::ProviderChoice::Simulated,
            notices: None,
            passkeys: furlong::house_passkeys::PasskeyPages::default(),
            folder: DataFolder::new(folder.path()),
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            partitions: 2,
            snapshot_every: 1_000,
            lean_step_permille: 0,
            withdrawal_review_units: 10_000,
            deadline: Duration::from_secs(5),
            admission: furlong::admission::AdmissionOptions::default(),
            rate_limit: None,
            demo: None,
        };
        let threads = tokio::runtime::Runtime::new().expect("threads");
        threads.block_on(async {
            let node = Node::start(options).await.expect("it starts");
            let address = node.address;
            let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
            let serving = tokio::spawn(node.serve(async { drop(stopping.await) }));
            let answer = tokio::task::spawn_blocking(move || get(address)).await;
            drop(stop);
            serving.await.expect("it ends").expect("it ends well");
            answer.expect("it answers")
        })
    })
}

fn get(address: SocketAddr) -> String {
    let mut connection = TcpStream::connect(address).expect("it listens");
    connection
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        .expect("it takes requests");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    body.to_owned()
}

/// Name and kind of each figure.
pub fn exported() -> BTreeMap<String, String> {
    let lines = scraped().lines();
    lines
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .collect()
}

/// Name and kind of each figure on the page: the rows of its tables.
fn explained(page: &str) -> BTreeMap<String, String> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|row| {
            let mut cells = row.split('|').map(|cell| cell.trim().trim_matches('`'));
            let name = cells.next().unwrap_or_default();
            let kind = cells.next().unwrap_or_default();
            (name.to_owned(), kind.to_owned())
        })
        .collect()
}

#[test]
fn the_page_explains_what_is_exported() {
    assert_eq!(explained(&text("docs/metrics.md")), exported());
}

#[test]
fn each_figure_is_told_once_and_with_its_meaning() {
    for name in exported().keys() {
        for word in ["HELP", "TYPE"] {
            let line = format!("# {word} {name} ");
            assert_eq!(scraped().matches(&line).count(), 1, "{line}");
        }
    }
}

/// The names say the unit; counters say that they only grow.
#[test]
fn names_keep_to_the_convention() {
    for (name, kind) in exported() {
        assert!(name.starts_with("furlong_"), "{name}");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
        assert_eq!(kind == "histogram", name.ends_with("_seconds"), "{name}");
    }
}

/// A node that has served tells of each of its partitions.
#[test]
fn owners_and_readers_have_figures() {
    for figure in [
        "furlong_owner_claims_total{topic=\"bets.events\",partition=\"1\"} 1",
        "furlong_owner_doubts_total{topic=\"ledger.events\",partition=\"0\"} 0",
        "furlong_owner_waiting_inputs{topic=\"auth.events\",partition=\"0\"} 0",
        "furlong_part_halted{part=\"owner of bets.events/1\"} 0",
        "furlong_owner_epoch{part=\"owner of bets.events/1\"} 1",
    ] {
        assert!(
            scraped().lines().any(|line| line == figure),
            "{figure}\n{}",
            scraped()
        );
    }
    for (begin, count) in [
        ("furlong_owner_read_back_duration_seconds_count{", 12),
        ("furlong_projector_lag_records{", 12),
        ("furlong_reader_lag_records{reader=\"picture\"", 2),
        ("furlong_reader_lag_records{reader=\"projector\"", 12),
    ] {
        let found = scraped().lines().filter(|line| line.starts_with(begin));
        assert_eq!(found.count(), count, "{begin}");
    }
}

#[test]
fn a_row_that_is_missing_or_wrong_is_found() {
    let page = text("docs/metrics.md");
    let (name, kind) = exported().pop_first().expect("a figure");
    let without = page.replace(&format!("| `{name}` |"), "| `furlong_other` |");
    assert_ne!(explained(&without), exported());
    let wrong = page.replace(
        &format!("| `{name}` | {kind}"),
        &format!("| `{name}` | word"),
    );
    assert_ne!(explained(&wrong), exported());
}
