//! The data folder: two processes, a taken port, a changed byte, a clean stop, a full disk.
//!
//! Duty: what an operator meets, with the message and the exit code that help. Prohibition: a
//! folder is changed only while no process uses it, apart from the disk that fills up.

use crate::http::{Answer, Ask};
use crate::rig::{Dev, Place, Selection, wait_for};
use serde_json::Value;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

const COMMANDS: [&[&str]; 2] = [&["replay"], &["audit", "verify"]];

fn place_bet(dev: &Dev, token: &str, selection: &Selection, key: &str) -> Answer {
    let slip = selection.single(100, key).to_string();
    dev.ask(Ask::post("/v1/bets", slip.as_bytes()).by(token).key(key))
}

/// A folder that a stopped process has left, with a customer's bets in it.
fn left_behind() -> Place {
    let place = Place::new();
    let mut dev = place.start();
    let token = dev.customer("passer-by", 5_000);
    let selection = dev.selection();
    for number in 0..5 {
        let answer = place_bet(&dev, &token, &selection, &format!("bet {number}"));
        assert_eq!(answer.status, 201, "{}", answer.shown());
    }
    assert_eq!(dev.process.stop().code(), Some(0), "{}", place.stderr());
    place
}

#[test]
fn a_second_process_is_told_who_has_the_folder() {
    let place = Place::new();
    let dev = place.start();
    let second = Place::with_data(place.data().to_owned());
    let status = second.spawn(&["--port", "0"]).wait();
    assert_eq!(status.code(), Some(1));
    let said = second.stderr();
    let folder = place.data().display().to_string();
    assert!(said.contains(&folder), "names the folder: {said}");
    let pid = dev.process.id().to_string();
    assert!(said.contains(&pid), "names process {pid}: {said}");
    // The first one has not noticed.
    let token = dev.customer("undisturbed", 1_000);
    let answer = place_bet(&dev, &token, &dev.selection(), "bet");
    assert_eq!(answer.status, 201, "{}", answer.shown());
}

#[test]
fn a_taken_port_is_named_with_the_flag() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let place = Place::new();
    let status = place.spawn(&["--port", &port]).wait();
    assert_eq!(status.code(), Some(1));
    let said = place.stderr();
    assert!(said.contains(&port), "names the port: {said}");
    assert!(said.contains("--port"), "names the flag: {said}");
}

#[test]
fn a_stop_and_a_start_keep_every_cent() {
    let place = Place::new();
    let mut dev = place.start();
    let token = dev.customer("saver", 5_000);
    let selection = dev.selection();
    for number in 0..5 {
        let answer = place_bet(&dev, &token, &selection, &format!("bet {number}"));
        assert_eq!(answer.status, 201, "{}", answer.shown());
    }
    let (balance, bets) = (dev.balance(&token), dev.bets(&token));
    assert_eq!(balance, (4_500, 500));
    assert_eq!(dev.process.stop().code(), Some(0), "{}", place.stderr());
    place.must_be_sound("after a stop");
    let mut dev = place.start();
    assert_eq!(dev.balance(&token), balance);
    assert_eq!(dev.bets(&token), bets);
    assert!(!dev.customer_again("saver").is_empty());
    assert_eq!(dev.process.stop().code(), Some(0), "{}", place.stderr());
    place.must_be_sound("after a second stop");
}

/// Changes one bit of one record, and says which one: `topic/partition@offset`.
fn change_a_byte(data: &Path, topic: &str, nth: i64) -> String {
    let db = rusqlite::Connection::open(data.join("log.db")).expect("the log's file");
    // The topic's partition that has most to change.
    let (partition, first, last): (i64, i64, i64) = db
        .query_row(
            "SELECT partition.partition, min(key), max(key) FROM record JOIN partition
             ON record.key >> 40 = partition.id WHERE topic = ?1
             GROUP BY partition.id ORDER BY count(*) DESC LIMIT 1",
            [topic],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .expect("the topic has records");
    let (key, mut bytes): (i64, Vec<u8>) = db
        .query_row(
            "SELECT key, bytes FROM record WHERE key BETWEEN ?1 AND ?2 ORDER BY key LIMIT 1 OFFSET ?3",
            [first, last, nth],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("a record");
    let place = bytes.len() * 2 / 3;
    bytes[place] ^= 0x10;
    db.execute("UPDATE record SET bytes = ?1 WHERE key = ?2", (bytes, key))
        .expect("SQL");
    format!("{topic}/{partition}@{}", key & ((1 << 40) - 1))
}

#[test]
fn one_changed_byte_is_3_and_named() {
    let whole = left_behind();
    for (topic, nth) in [
        ("bets.events", 2),
        ("ledger.events", 3),
        ("bets.commands", 1),
        ("odds.events", 5),
        ("payments.events", 1),
    ] {
        let place = Place::new();
        copy(whole.data(), place.data());
        place.must_be_sound("as a copy");
        let changed = change_a_byte(place.data(), topic, nth);
        for words in COMMANDS {
            let (code, text) = place.furlong(words);
            assert_eq!(code, Some(3), "{words:?} {changed}: {text}");
            let (topic, _) = changed.split_once('@').expect("a position");
            assert!(text.contains(topic), "{words:?} {changed}: {text}");
            if !topic.contains("commands") {
                assert!(text.contains(&changed), "{words:?} {changed}: {text}");
            }
        }
    }
}

#[test]
fn a_damaged_file_is_4() {
    let place = left_behind();
    let log = place.data().join("log.db");
    let length = std::fs::metadata(&log).expect("the log's file").len();
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .open(&log)
        .expect("the log's file");
    file.write_all(&[0x5a; 512]).expect("the first bytes");
    drop(file);
    assert_eq!(std::fs::metadata(&log).expect("a file").len(), length);
    for words in COMMANDS {
        let (code, text) = place.furlong(words);
        assert_eq!(code, Some(4), "{words:?}: {text}");
        assert!(text.contains("log"), "{text}");
    }
    // And nobody starts on it.
    let status = place.spawn(&["--port", "0"]).wait();
    assert_ne!(status.code(), Some(0));
    let folder = place.data().display().to_string();
    assert!(place.stderr().contains(&folder), "{}", place.stderr());
}

#[test]
fn a_file_cut_short_is_not_called_sound() {
    let place = left_behind();
    let log = place.data().join("log.db");
    let length = std::fs::metadata(&log).expect("the log's file").len();
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(&log)
        .expect("the log's file");
    file.set_len(length / 2).expect("half of it");
    drop(file);
    for words in COMMANDS {
        let (code, text) = place.furlong(words);
        assert!(matches!(code, Some(3 | 4)), "{words:?} {code:?}: {text}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}

/// A file system of its own, so small that it can be filled.
struct SmallDisk {
    at: tempfile::TempDir,
}

impl SmallDisk {
    fn new(megabytes: u32) -> Result<Self, String> {
        let at = tempfile::tempdir().expect("a temporary folder");
        let output = Command::new("mount")
            .args(["-t", "tmpfs", "-o"])
            .arg(format!("size={megabytes}m"))
            .arg("tmpfs")
            .arg(at.path())
            .output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(Self { at })
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }

    fn filler(&self) -> PathBuf {
        self.at.path().join("filler")
    }

    /// Takes all room that is left, to the last byte.
    fn fill(&self) {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.filler())
            .expect("a file");
        for size in [4_096, 1] {
            while file.write_all(&vec![7; size]).is_ok() {}
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let done = Command::new("umount")
            .arg("-l")
            .arg(self.at.path())
            .status();
        if !done.is_ok_and(|status| status.success()) {
            eprintln!("{} stays mounted", self.at.path().display());
        }
    }
}

#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let disk = match SmallDisk::new(24) {
        Ok(disk) => disk,
        Err(reason) => {
            eprintln!("ignored: a small file system cannot be mounted here: {reason}");
            return;
        }
    };
    let place = Place::with_data(disk.at.path().join("data"));
    let mut dev = place.start();
    let token = dev.customer("unlucky", 100_000);
    let selection = dev.selection();
    let mut taken: Vec<(String, Answer)> = Vec::new();
    let mut bet = |dev: &Dev, key: String| -> Answer {
        let answer = place_bet(dev, &token, &selection, &key);
        if answer.status == 201 {
            taken.push((key, answer.clone()));
        }
        answer
    };
    for number in 0..10 {
        let answer = bet(&dev, format!("room {number}"));
        assert_eq!(answer.status, 201, "{}", answer.shown());
    }
    disk.fill();
    // Pages that are there already may still take some.
    let mut number = 0;
    let (key, refused) = wait_for("the disk to be full", || {
        number += 1;
        let key = format!("full {number}");
        let answer = bet(&dev, key.clone());
        // 202: the slip is durable, its acceptance is not.
        assert!(
            matches!(answer.status, 201 | 202 | 503),
            "{}",
            answer.shown()
        );
        (answer.status == 503).then_some((key, answer))
    });
    assert!(refused.is_problem(), "{}", refused.shown());
    assert_eq!(refused.json()["retryable"], Value::Bool(true));
    assert_eq!(dev.ask(Ask::get("/livez")).status, 200);
    std::fs::remove_file(disk.filler()).expect("room again");
    // The same key, until the log writes again.
    wait_for("an answer to what was unknown", || {
        let answer = bet(&dev, key.clone());
        assert!(
            matches!(answer.status, 201 | 409 | 503),
            "{}",
            answer.shown()
        );
        (answer.status != 503).then_some(())
    });
    let after = wait_for("a bet with room again", || {
        number += 1;
        let answer = bet(&dev, format!("after {number}"));
        (answer.status == 201).then_some(answer)
    });
    assert!(!after.text("id").is_empty());
    eprintln!("full disk: {} with code {}", refused.status, refused.code());
    let held = |dev: &Dev| {
        let listed = dev.bets(&token);
        let accepted = listed.iter().filter(|bet| bet["status"] == "accepted");
        accepted.count()
    };
    for life in ["the same process", "another process"] {
        for (key, answer) in &taken {
            let again = place_bet(&dev, &token, &selection, key);
            assert_eq!(again.text("id"), answer.text("id"), "{key} in {life}");
        }
        let stakes = i64::try_from(held(&dev)).expect("a count") * 100;
        assert_eq!(dev.balance(&token), (100_000 - stakes, stakes), "{life}");
        dev.process.kill();
        place.must_be_sound("after a full disk and a kill");
        dev = place.start();
    }
}
