//! The one configuration file of a cluster, and what the environment of a container changes of it.

use crate::compose::{is_ours, services};
use crate::repository::{entries, text};
use furlong::config::KEYS;
use furlong::screen::{Colour, Screen};
use std::ffi::OsString;

const FILE: &str = "deploy/furlong.toml";

/// What `furlong config check` says of a file with this in it.
fn check(content: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("furlong.toml");
    std::fs::write(&path, content).expect("the file is written");
    let words = ["furlong", "config", "check", "--config"].map(OsString::from);
    let (mut out, mut messages) = (Vec::new(), Vec::new());
    let mut screen = Screen {
        out: &mut out,
        messages: &mut messages,
        json: false,
        watched: false,
        colour: Colour::default(),
    };
    match furlong::cli::run_with(words.into_iter().chain([path.into()]), &mut screen) {
        0 => Ok(()),
        _ => Err(String::from_utf8_lossy(&messages).into_owned()),
    }
}

#[test]
fn the_file_is_known_and_valid() {
    check(&text(FILE)).expect("every setting is known");
    let unknown = format!("{}\nbrocers = \"x\"\n", text(FILE));
    assert!(check(&unknown).is_err_and(|error| error.contains("brocers")));
}

/// A setting that is not in the file, set or as a comment, is one that nobody will find.
#[test]
fn the_file_shows_every_setting() {
    let file = text(FILE);
    for key in KEYS {
        let shown = file.lines().any(|line| {
            let line = line.trim_start_matches('#');
            line.split_once('=')
                .is_some_and(|(name, _)| name.trim() == key.name)
        });
        assert!(shown, "{}", key.name);
    }
}

/// The comments that are settings are valid too.
#[test]
fn what_is_left_out_could_be_put_in() {
    let all: String = text(FILE)
        .lines()
        .map(|line| {
            let bare = line.strip_prefix('#').filter(|rest| !rest.starts_with(' '));
            format!("{}\n", bare.unwrap_or(line))
        })
        .collect();
    check(&all).expect("every setting is known");
}

/// The environment of each container, on top of the file.
#[test]
fn containers_change_only_what_there_is() {
    let services = services();
    for (name, service) in entries(&services).filter(|(_, service)| is_ours(service)) {
        let mut settings = text(FILE);
        for (variable, value) in entries(&service["environment"]) {
            let key = variable.strip_prefix("FURLONG_").expect("one of ours");
            let key = key.to_ascii_lowercase();
            let value = value.as_str().expect("a text");
            let others = settings
                .lines()
                .filter(|line| !line.starts_with(&format!("{key} =")));
            let others: Vec<&str> = others.collect();
            settings = format!("{}\n{key} = {value:?}\n", others.join("\n"));
        }
        if let Err(error) = check(&settings) {
            panic!("{name}: {error}");
        }
    }
}
