//! Prometheus and Grafana: what they ask for is what furlong exports, and where it is.

use crate::compose::{is_ours, runs_once, services};
use crate::figures::exported;
use crate::repository::{entries, path, text, texts, yaml};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const PROMETHEUS: &str = "deploy/prometheus/prometheus.yml";
const DASHBOARD: &str = "deploy/grafana/dashboards/furlong.json";

/// The names in a question that are figures, and not functions, labels or words: whatever stands
/// before a selector or begins like one of ours.
fn named(question: &str) -> BTreeSet<String> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':';
    let mut quoted = question.split('"');
    // What is quoted is a label's value.
    let bare: Vec<&str> = quoted.by_ref().step_by(2).collect();
    let bare = bare.join("\"");
    let mut names = BTreeSet::new();
    let mut rest = bare.as_str();
    while let Some(begin) = rest.find(|letter: char| letter.is_ascii_alphabetic()) {
        let word = &rest[begin..];
        let end = word.find(|letter| !is_word(letter)).unwrap_or(word.len());
        let (name, after) = word.split_at(end);
        if name.starts_with("furlong_") || after.starts_with(['{', '[']) {
            names.insert(name.to_owned());
        }
        rest = after;
    }
    names
}

/// What is wrong with a question, given what is exported.
fn fault(question: &str, exported: &BTreeMap<String, String>) -> Option<String> {
    let names = named(question);
    if names.is_empty() {
        return Some(format!("{question:?} asks for nothing"));
    }
    let unknown = names.iter().find(|name| {
        let parts = ["_bucket", "_sum", "_count"];
        let family = parts.iter().find_map(|part| name.strip_suffix(part));
        let is_part = family
            .is_some_and(|family| exported.get(family).is_some_and(|kind| kind == "histogram"));
        let is_figure = exported
            .get(name.as_str())
            .is_some_and(|kind| kind != "histogram");
        // What Prometheus adds to each scrape.
        !(is_part || is_figure || *name == "up")
    });
    unknown.map(|name| format!("{name} is not exported: {question}"))
}

/// Every text under a key, at any depth.
fn under<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value.as_str() {
                    Some(text) if name == key => found.push(text),
                    _ => under(value, key, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| under(item, key, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn all<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    under(value, key, &mut found);
    found
}

fn dashboard() -> Value {
    serde_json::from_str(&text(DASHBOARD)).expect("JSON")
}

fn alerts() -> Value {
    let config = yaml(PROMETHEUS);
    let files = texts(&config["rule_files"]);
    assert_eq!(files, ["alerts.yml"]);
    yaml("deploy/prometheus/alerts.yml")
}

#[test]
fn dashboards_ask_for_what_is_exported() {
    let (dashboard, exported) = (dashboard(), exported());
    let questions = all(&dashboard, "expr");
    assert!(questions.len() >= 20, "{}", questions.len());
    let faults: Vec<String> = questions
        .iter()
        .filter_map(|question| fault(question, &exported))
        .collect();
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn alerts_ask_for_what_is_exported() {
    let (alerts, exported) = (alerts(), exported());
    let questions = all(&alerts, "expr");
    assert!(questions.len() >= 10, "{}", questions.len());
    let faults: Vec<String> = questions
        .iter()
        .filter_map(|question| fault(question, &exported))
        .collect();
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn what_is_not_exported_is_found() {
    let exported = BTreeMap::from([
        ("furlong_a_total".to_owned(), "counter".to_owned()),
        ("furlong_b_seconds".to_owned(), "histogram".to_owned()),
    ]);
    for (question, is_fine) in [
        ("sum(rate(furlong_a_total{topic=~\"x.+\"}[1m]))", true),
        (
            "histogram_quantile(0.9, sum by (le) (rate(furlong_b_seconds_bucket[1m])))",
            true,
        ),
        ("up{job=\"furlong\"} == 0", true),
        ("furlong_a_total unless on (part) furlong_c", false),
        ("furlong_a_total_bucket", false),
        ("furlong_b_seconds > 1", false),
        ("rate(kafka_records[1m])", false),
        ("vector(0)", false),
        ("furlong_a_total{x=\"furlong_d\"}", true),
    ] {
        assert_eq!(fault(question, &exported).is_none(), is_fine, "{question}");
    }
}

/// Every process of ours that stays is scraped, by its name in the compose file, and nothing else.
#[test]
fn every_process_is_scraped() {
    let config = yaml(PROMETHEUS);
    let jobs = config["scrape_configs"].as_array().expect("jobs");
    let scraped: BTreeSet<&str> = jobs
        .iter()
        .flat_map(|job| job["dns_sd_configs"].as_array().expect("names"))
        .flat_map(|names| texts(&names["names"]))
        .collect();
    let services = services();
    let there: BTreeSet<&str> = entries(&services)
        .filter(|(_, service)| is_ours(service) && !runs_once(service))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(scraped, there);
    // Alerts and panels name this job.
    assert_eq!(
        jobs.iter().map(|job| &job["job_name"]).collect::<Vec<_>>(),
        ["furlong"]
    );
}

/// Grafana finds its data source, and the folder of its dashboards where it is mounted.
#[test]
fn grafana_is_provisioned() {
    let source = &yaml("deploy/grafana/provisioning/datasources/prometheus.yml")["datasources"][0];
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().expect("panels");
    for target in panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
    {
        assert_eq!(target["datasource"]["uid"], source["uid"], "{target}");
    }
    let provider = &yaml("deploy/grafana/provisioning/dashboards/furlong.yml")["providers"][0];
    let folder = provider["options"]["path"].as_str().expect("a path");
    let services = services();
    let grafana = &services["grafana"];
    let from = texts(&grafana["volumes"])
        .into_iter()
        .find_map(|mount| mount.strip_suffix(&format!(":{folder}:ro")))
        .expect("the folder is mounted");
    let home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].as_str();
    let file = home
        .and_then(|home| home.strip_prefix(folder))
        .expect("one of the dashboards");
    assert_eq!(
        path(from)
            .join(file.trim_start_matches('/'))
            .canonicalize()
            .ok(),
        path(DASHBOARD).canonicalize().ok()
    );
    let address = source["url"]
        .as_str()
        .and_then(|url| url.strip_prefix("http://"));
    let host = address
        .and_then(|address| address.split(':').next())
        .expect("a host");
    assert!(services.get(host).is_some(), "{host}");
}

/// Panels lie beside each other, not over each other, and each has an id of its own.
#[test]
fn panels_do_not_overlap() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(
            ids.insert(panel["id"].as_u64().expect("an id")),
            "{}",
            panel["title"]
        );
        let of = |key: &str| panel["gridPos"][key].as_u64().expect("a place");
        for x in of("x")..of("x") + of("w") {
            assert!(x < 24, "{}", panel["title"]);
            for y in of("y")..of("y") + of("h") {
                assert!(taken.insert((x, y)), "{}", panel["title"]);
            }
        }
    }
}

/// Every alert says what to do: a heading of the runbook.
#[test]
fn every_alert_leads_to_the_runbook() {
    let alerts = alerts();
    let names = all(&alerts, "alert");
    let runbooks = all(&alerts, "runbook");
    assert_eq!(names.len(), runbooks.len());
    let headings = crate::runbook::anchors();
    for runbook in runbooks {
        let anchor = runbook.strip_prefix(&format!("{}#", crate::runbook::FILE));
        let anchor = anchor.unwrap_or_else(|| panic!("{runbook}"));
        assert!(headings.contains(anchor), "{anchor}: {headings:?}");
    }
}
