//! A server that speaks as much of the Redis protocol as the client needs: arrays of texts in,
//! `SCRIPT LOAD` and `EVALSHA` answered. It runs no Lua: it counts by the same rule written here a
//! second time, so that a real server (see `main.rs`) is what shows the script itself.

use sha1::{Digest, Sha1};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::time::Instant;

#[derive(Default)]
struct Kept {
    scripts: Vec<String>,
    due_micros: BTreeMap<String, i64>,
}

/// A running one.
pub struct Fake {
    pub address: SocketAddr,
    connections: Arc<Mutex<Vec<TcpStream>>>,
    stopping: Arc<AtomicBool>,
    pub silent: Arc<AtomicBool>,
}

impl Fake {
    pub fn start(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let fake = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            stopping: Arc::default(),
            silent: Arc::default(),
        };
        let (connections, stopping) = (Arc::clone(&fake.connections), Arc::clone(&fake.stopping));
        let silent = Arc::clone(&fake.silent);
        std::thread::spawn(move || {
            let kept = Arc::new(Mutex::new(Kept::default()));
            let began = Instant::now();
            while let Ok((stream, _)) = listener.accept() {
                if stopping.load(Ordering::SeqCst) {
                    return;
                }
                connections
                    .lock()
                    .unwrap()
                    .push(stream.try_clone().unwrap());
                let (kept, silent) = (Arc::clone(&kept), Arc::clone(&silent));
                std::thread::spawn(move || serve(stream, &kept, &silent, began));
            }
        });
        fake
    }

    /// Dies with all connections, and forgets everything.
    pub fn kill(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts, which then closes the port.
        TcpStream::connect(self.address).unwrap();
        for stream in self.connections.lock().unwrap().drain(..) {
            stream.shutdown(Shutdown::Both).unwrap_or_default();
        }
    }
}

fn serve(stream: TcpStream, kept: &Mutex<Kept>, silent: &AtomicBool, began: Instant) {
    let mut reading = BufReader::new(stream.try_clone().unwrap());
    let mut writing = stream;
    while let Some(command) = command(&mut reading) {
        if silent.load(Ordering::SeqCst) {
            continue;
        }
        let now = i64::try_from(began.elapsed().as_micros()).unwrap();
        let answer = answer(&command, &mut kept.lock().unwrap(), now);
        if writing.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// An array of texts.
fn command(from: &mut impl BufRead) -> Option<Vec<String>> {
    let parts: usize = line(from)?.strip_prefix('*')?.parse().ok()?;
    (0..parts)
        .map(|_| {
            let bytes: usize = line(from)?.strip_prefix('$')?.parse().ok()?;
            let mut text = vec![0; bytes + 2];
            from.read_exact(&mut text).ok()?;
            text.truncate(bytes);
            String::from_utf8(text).ok()
        })
        .collect()
}

fn line(from: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    from.read_line(&mut line).ok().filter(|read| *read > 0)?;
    Some(line.trim_end().to_owned())
}

fn answer(command: &[String], kept: &mut Kept, now: i64) -> String {
    let texts: Vec<&str> = command.iter().map(String::as_str).collect();
    match texts.as_slice() {
        ["SCRIPT", "LOAD", script] => {
            let hash: String = Sha1::digest(script.as_bytes())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            kept.scripts.push(hash.clone());
            format!("${}\r\n{hash}\r\n", hash.len())
        }
        ["EVALSHA", hash, ..] if !kept.scripts.iter().any(|known| known == hash) => {
            "-NOSCRIPT No matching script.\r\n".to_owned()
        }
        ["EVALSHA", _, "1", key, tolerance, take] => {
            let tolerance: i64 = tolerance.parse().unwrap();
            let take: i64 = take.parse().unwrap();
            let due = kept.due_micros.entry((*key).to_owned()).or_insert(now);
            let ahead = (*due - now).max(0);
            let admitted = ahead <= tolerance;
            if admitted && take > 0 {
                *due = now + ahead + take;
            }
            format!("*2\r\n:{}\r\n:{ahead}\r\n", i64::from(admitted))
        }
        // What clients say of themselves.
        _ => "+OK\r\n".to_owned(),
    }
}
