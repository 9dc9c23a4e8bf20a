//! docs/running-a-cluster.md: its commands can be typed, and its headings are found.

use crate::compose::services;
use crate::repository::text;
use std::collections::BTreeSet;

pub const FILE: &str = "docs/running-a-cluster.md";

/// The headings as links name them.
pub fn anchors() -> BTreeSet<String> {
    text(FILE)
        .lines()
        .filter_map(|line| line.strip_prefix("## ").or(line.strip_prefix("### ")))
        .map(|heading| {
            let kept = heading
                .chars()
                .filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-');
            kept.collect::<String>().to_lowercase().replace(' ', "-")
        })
        .collect()
}

/// The lines of shell blocks.
fn typed(page: &str) -> Vec<String> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in page.lines() {
        match (inside, line.starts_with("```")) {
            (false, true) => inside = line == "```sh",
            (true, true) => inside = false,
            (true, false) => lines.push(line.to_owned()),
            (false, false) => {}
        }
    }
    lines
}

/// The words for furlong in a line: behind its name, up to what is the shell's.
fn words(line: &str) -> Option<Vec<&str>> {
    let line = line
        .split(['|', '<', '>', '#', ';', '&'])
        .find(|part| part.split_whitespace().any(|word| word == "furlong"))?;
    let all: Vec<&str> = line.split_whitespace().collect();
    let at = all.iter().position(|word| *word == "furlong")?;
    let ours = &all[at.saturating_add(1)..];
    Some(ours.to_vec())
}

#[test]
fn its_commands_can_be_typed() {
    let page = text(FILE);
    let lines = typed(&page);
    let commands: Vec<Vec<&str>> = lines.iter().filter_map(|line| words(line)).collect();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        if let Err(error) = furlong::cli::accepts(&command) {
            panic!("furlong {}: {error}", command.join(" "));
        }
    }
}

/// Containers that it names are in the compose file.
#[test]
fn its_containers_are_there() {
    let page = text(FILE);
    let services = services();
    let mut named = 0;
    for line in typed(&page)
        .iter()
        .filter(|line| line.contains("docker compose"))
    {
        for verb in ["exec -T ", "stop ", "start ", "restart ", "logs "] {
            if let Some((_, rest)) = line.split_once(verb) {
                let service = rest.split_whitespace().next().unwrap_or_default();
                assert!(services.get(service).is_some(), "{line}");
                named += 1;
            }
        }
    }
    assert!(named > 0, "none is named");
}

#[test]
fn words_are_found_wherever_furlong_stands() {
    assert_eq!(
        words("furlong dev --port 0 # x"),
        Some(vec!["dev", "--port", "0"])
    );
    let line = "docker compose exec -T owners-a furlong staff add anna < file";
    assert_eq!(words(line), Some(vec!["staff", "add", "anna"]));
    assert_eq!(words("cat x | furlong doctor"), Some(vec!["doctor"]));
    assert_eq!(words("docker build -t furlong:0.1.0 ."), None);
    assert!(furlong::cli::accepts(&["staff", "ad"]).is_err());
}
