//! Files of the repository.

use serde_json::Value;
use std::path::{Path, PathBuf};

pub fn path(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(name)
}

pub fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Refuses duplicate keys, follows anchors and merges.
pub fn read_yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}"))
}

pub fn yaml(name: &str) -> Value {
    read_yaml(&text(name))
}

pub fn manifest() -> toml::Table {
    text("Cargo.toml").parse().expect("the manifest is TOML")
}

/// A value of `[workspace.package]`.
pub fn package(key: &str) -> String {
    let manifest = manifest();
    let value = &manifest["workspace"]["package"][key];
    value.as_str().expect("a text").to_owned()
}

/// The texts of a list; of nothing, none.
pub fn texts(value: &Value) -> Vec<&str> {
    let items = value.as_array().into_iter().flatten();
    items
        .map(|item| item.as_str().unwrap_or_else(|| panic!("{item} is no text")))
        .collect()
}

/// The entries of a table; of nothing, none.
pub fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.as_str(), value))
}

/// Whether an image is named with one version. `latest`, no tag and a tag without a number move.
pub fn is_pinned(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    if name.contains("@sha256:") {
        return true;
    }
    name.split_once(':').is_some_and(|(_, tag)| {
        tag != "latest" && tag.contains(|letter: char| letter.is_ascii_digit())
    })
}

#[test]
fn only_a_version_pins_an_image() {
    for (image, pinned) in [
        ("apache/kafka:4.1.0", true),
        ("debian:12.12-slim", true),
        ("a@sha256:0123", true),
        ("apache/kafka", false),
        ("apache/kafka:latest", false),
        ("localhost:5000/kafka", false),
        ("distroless/cc:nonroot", false),
    ] {
        assert_eq!(is_pinned(image), pinned, "{image}");
    }
}
