//! A registry of a few lines, which can be told to answer oddly.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A schema with this in it is incompatible with everything.
pub const BREAKS: &str = "breaks_history";

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub authorization: Option<String>,
    pub body: Value,
}

/// What the server sends instead, if anything: the bytes of a whole answer.
pub type Twist = Box<dyn Fn(&Request) -> Option<Vec<u8>> + Send>;

#[derive(Default)]
pub struct State {
    pub subjects: BTreeMap<String, Vec<u32>>,
    pub texts: BTreeMap<u32, String>,
    pub config: BTreeMap<String, String>,
    pub requests: Vec<Request>,
    pub twist: Option<Twist>,
    is_over: bool,
}

pub struct Fake {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            for connection in listener.incoming() {
                if shared.lock().unwrap().is_over {
                    return;
                }
                // A client that went away is its own matter.
                drop(serve(&connection.unwrap(), &shared));
            }
        });
        Self {
            address,
            state,
            thread: Some(thread),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    /// Answers like this wherever the path contains that.
    pub fn twist(&self, part: &'static str, status: u16, body: impl Into<String>) {
        let body = body.into();
        self.with(|state| {
            state.twist = Some(Box::new(move |request| {
                request
                    .path
                    .contains(part)
                    .then(|| http(status, &body).into_bytes())
            }));
        });
    }

    /// How often something was asked to change.
    pub fn changes(&self) -> usize {
        self.with(|state| {
            let changing = state
                .requests
                .iter()
                .filter(|request| request.method != "GET" && !request.path.contains("/compat"));
            changing.count()
        })
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.with(|state| state.is_over = true);
        drop(TcpStream::connect(self.address));
        self.thread.take().unwrap().join().unwrap();
    }
}

pub fn http(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\nLocation: /elsewhere\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn serve(connection: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let header = |name: &str| {
        let found = lines.iter().filter_map(|line| line.split_once(": "));
        let mut found = found.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.to_owned())
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = lines[0].split(' ').map(str::to_owned);
    let request = Request {
        method: words.next().unwrap(),
        path: words.next().unwrap(),
        authorization: header("authorization"),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    let mut state = state.lock().unwrap();
    let twisted = state.twist.as_ref().and_then(|twist| twist(&request));
    let bytes = twisted.unwrap_or_else(|| {
        let (status, body) = state.answer(&request);
        http(status, &body.to_string()).into_bytes()
    });
    state.requests.push(request);
    drop(state);
    (&mut &*connection).write_all(&bytes)
}

fn missing(code: u32) -> (u16, Value) {
    (404, json!({"error_code": code, "message": "not found"}))
}

impl State {
    fn answer(&mut self, request: &Request) -> (u16, Value) {
        let path = request.path.split('?').next().unwrap();
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let text = request.body["schema"].as_str().unwrap_or_default();
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["subjects", subject, "versions"]) => match self.subjects.get(*subject) {
                Some(ids) => (200, json!((1..=ids.len()).collect::<Vec<_>>())),
                None => missing(40_401),
            },
            ("GET", ["subjects", subject, "versions", version]) => {
                let ids = &self.subjects[*subject];
                let id = ids[version.parse::<usize>().unwrap() - 1];
                let version: u32 = version.parse().unwrap();
                (
                    200,
                    json!({"subject": subject, "version": version, "id": id, "schema": self.texts[&id]}),
                )
            }
            ("GET", ["schemas", "ids", id]) => match self.texts.get(&id.parse().unwrap()) {
                Some(text) => (200, json!({ "schema": text })),
                None => missing(40_403),
            },
            ("GET", ["config", subject]) => match self.config.get(*subject) {
                Some(level) => (200, json!({ "compatibilityLevel": level })),
                None => missing(40_408),
            },
            ("PUT", ["config", subject]) => {
                let level = request.body["compatibility"].as_str().unwrap().to_owned();
                self.config.insert((*subject).to_owned(), level);
                (200, request.body.clone())
            }
            ("POST", ["compatibility", "subjects", _, "versions"]) => {
                let fits = !text.contains(BREAKS);
                (
                    200,
                    json!({"is_compatible": fits, "messages": ["it breaks"]}),
                )
            }
            ("POST", ["subjects", _, "versions"]) if text.contains(BREAKS) => {
                (409, json!({"error_code": 409, "message": "it breaks"}))
            }
            ("POST", ["subjects", subject, "versions"]) => {
                (200, json!({ "id": self.publish(subject, text) }))
            }
            other => panic!("{other:?}"),
        }
    }

    /// Ids with gaps, the same one for the same text.
    pub fn publish(&mut self, subject: &str, text: &str) -> u32 {
        let known = self.texts.iter().find(|(_, known)| *known == text);
        let id = known.map_or_else(
            || 3 + 7 * u32::try_from(self.texts.len()).unwrap(),
            |(id, _)| *id,
        );
        self.texts.insert(id, text.to_owned());
        let ids = self.subjects.entry(subject.to_owned()).or_default();
        if !ids.contains(&id) {
            ids.push(id);
        }
        id
    }
}
