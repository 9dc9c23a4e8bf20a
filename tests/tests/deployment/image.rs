//! The Dockerfile and what is handed to it.

use crate::repository::{is_pinned, manifest, package, text};

/// The instructions, continued lines joined, comments left out.
fn instructions(file: &str) -> Vec<(String, String)> {
    let kept: Vec<&str> = file
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect();
    kept.join("\n")
        .replace("\\\n", " ")
        .lines()
        .filter_map(|line| line.trim().split_once(' '))
        .map(|(word, rest)| (word.to_owned(), rest.trim().to_owned()))
        .collect()
}

/// What is wrong with a Dockerfile of a workspace with this version of Rust.
fn faults(file: &str, rust: &str) -> Vec<String> {
    let instructions = instructions(file);
    let mut faults = Vec::new();
    let stages: Vec<&str> = instructions
        .iter()
        .filter(|(word, _)| word == "FROM")
        .map(|(_, rest)| rest.split(' ').next().unwrap_or_default())
        .collect();
    if stages.len() < 2 {
        faults.push("what builds is in the image".to_owned());
    }
    for stage in stages.iter().filter(|stage| !is_pinned(stage)) {
        faults.push(format!("{stage} is not pinned"));
    }
    let builder = stages.first().and_then(|stage| stage.strip_prefix("rust:"));
    let fits = builder
        .and_then(|tag| tag.strip_prefix(rust))
        .is_some_and(|rest| rest.starts_with(['.', '-']));
    if !fits {
        faults.push(format!("it is not built with Rust {rust}"));
    }
    let last = instructions
        .iter()
        .rposition(|(word, _)| word == "FROM")
        .unwrap_or(0);
    let of_last = |wanted: &str| {
        let found = instructions[last..]
            .iter()
            .rev()
            .find(|(word, _)| word == wanted);
        found.map(|(_, rest)| rest.as_str())
    };
    let user = of_last("USER").and_then(|user| user.split(':').next()?.parse::<u32>().ok());
    if user.is_none_or(|user| user == 0) {
        faults.push("it runs as root".to_owned());
    }
    if of_last("ENTRYPOINT") != Some("[\"furlong\"]") {
        faults.push("it is not furlong that runs".to_owned());
    }
    let check = of_last("HEALTHCHECK").and_then(|check| check.split_once("CMD "));
    let lines = [
        (
            "HEALTHCHECK",
            check.map(|(_, words)| words.replacen("\"furlong\", ", "", 1)),
        ),
        ("CMD", of_last("CMD").map(str::to_owned)),
    ];
    for (instruction, words) in lines {
        let words: Vec<String> = words
            .and_then(|words| serde_json::from_str(&words).ok())
            .unwrap_or_default();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if words.is_empty() {
            faults.push(format!("no {instruction}"));
        } else if let Err(error) = furlong::cli::accepts(&words) {
            faults.push(format!("{instruction} {}: {error}", words.join(" ")));
        }
    }
    let builds = instructions.iter().any(|(word, rest)| {
        word == "RUN" && rest.contains("cargo build") && rest.contains("--locked")
    });
    if !builds {
        faults.push("it does not build what Cargo.lock says".to_owned());
    }
    faults
}

#[test]
fn the_image_has_no_fault() {
    let faults = faults(&text("Dockerfile"), &package("rust-version"));
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_image_says_its_version() {
    let label = format!(
        "org.opencontainers.image.version=\"{}\"",
        package("version")
    );
    assert!(text("Dockerfile").contains(&label));
}

/// Cargo wants every member of the workspace to be there.
#[test]
fn the_builder_is_handed_every_member() {
    let ignored = text(".dockerignore");
    assert_eq!(
        ignored.lines().find(|line| !line.starts_with('#')),
        Some("*")
    );
    let manifest = manifest();
    let members = manifest["workspace"]["members"]
        .as_array()
        .expect("members");
    let folders = members.iter().map(|member| {
        let member = member.as_str().expect("a path");
        member.split('/').next().expect("a folder").to_owned()
    });
    for needed in folders.chain(["Cargo.toml".to_owned(), "Cargo.lock".to_owned()]) {
        let kept = format!("!{needed}");
        assert!(ignored.lines().any(|line| line == kept), "{needed}");
    }
}

#[test]
fn each_fault_is_found() {
    let good = "\
FROM rust:1.95.0-bookworm AS build
# FROM nothing
RUN cargo build \\
    --locked
FROM debian:12.12-slim
USER 10001:10001
HEALTHCHECK --interval=5s CMD [\"furlong\", \"health\"]
ENTRYPOINT [\"furlong\"]
CMD [\"dev\"]
";
    assert_eq!(faults(good, "1.95"), Vec::<String>::new());
    for (from, to, found) in [
        (
            "rust:1.95.0",
            "rust:1.9.5",
            "it is not built with Rust 1.95",
        ),
        (
            "rust:1.95.0",
            "rust:1.951",
            "it is not built with Rust 1.95",
        ),
        ("debian:12.12-slim", "debian", "debian is not pinned"),
        (
            "FROM debian:12.12-slim\n",
            "",
            "what builds is in the image",
        ),
        ("USER 10001:10001\n", "", "it runs as root"),
        ("USER 10001", "USER 0", "it runs as root"),
        ("\"health\"", "\"healthy\"", "HEALTHCHECK healthy: "),
        (
            "HEALTHCHECK --interval=5s CMD",
            "HEALTHCHECK NONE",
            "no HEALTHCHECK",
        ),
        ("[\"dev\"]", "[\"devel\"]", "CMD devel: "),
        (
            "[\"furlong\"]\n",
            "[\"sh\"]\n",
            "it is not furlong that runs",
        ),
        (
            "--locked",
            "--release",
            "it does not build what Cargo.lock says",
        ),
    ] {
        let broken = good.replacen(from, to, 1);
        assert_ne!(broken, good, "{from}");
        let faults = faults(&broken, "1.95");
        assert!(
            faults.iter().any(|fault| fault.starts_with(found)),
            "{to}: {faults:?}"
        );
    }
}
