//! `furlong health`: is the furlong over there ready?
//!
//! Duty: one question to a running process, for supervisors that can run a command and no more:
//! there is nothing else in the image that could ask. Prohibition: it reads no settings, so that
//! it asks the process and not the configuration.

use crate::exit::{Ended, Failure, Outcome};
use crate::http::Server;
use crate::screen::Screen;
use clap::Args;
use serde_json::{Value, json};
use std::time::Duration;

/// Shown below the help.
pub const EXAMPLES: &str = "\
Examples:
  furlong health
  furlong health --url http://localhost:7410 --alive --json

Exit codes: 0 it is ready, 1 it is not (what is missing is named), 4 it does not answer.";

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Ask a running furlong whether it is ready
#[derive(Debug, Args)]
pub struct Health {
    /// Its address
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7400", value_parser = Server::read)]
    url: Server,
    /// Ask only whether it lives
    #[arg(long)]
    alive: bool,
}

/// Runs it.
///
/// # Errors
/// It does not answer.
pub fn run(health: &Health, screen: &mut Screen<'_>) -> Ended {
    let path = if health.alive { "/livez" } else { "/readyz" };
    let answer = health
        .url
        .get(path, PATIENCE)
        .map_err(|error| Failure::Unreadable(format!("{error:#}")))?;
    let told: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let is_well = answer.status == 200;
    if screen.json {
        screen.put_json(&json!({"ok": is_well, "answer": told}))?;
    } else {
        screen.put(told["status"].as_str().unwrap_or("not well"))?;
        let missing = told["missing"].as_array();
        for part in missing.into_iter().flatten() {
            let text = |key: &str| part[key].as_str().unwrap_or_default();
            screen.put(format_args!("{:<28} {}", text("name"), text("detail")))?;
        }
    }
    Ok(if is_well {
        Outcome::Fine
    } else {
        Outcome::Failed
    })
}

#[cfg(test)]
mod tests {
    use crate::cli::tests::run_line;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    /// Answers one request; returns what was asked for and what the command made of it.
    fn ask(options: &str, status: &str, body: &str) -> (String, (u8, String, String)) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let serving = std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = [0; 1_024];
            let length = connection.read(&mut request).unwrap();
            connection.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let told = run_line(&format!("health --url http://127.0.0.1:{port} {options}"));
        let request = serving.join().unwrap();
        (request.lines().next().unwrap_or_default().to_owned(), told)
    }

    #[test]
    fn ready_is_0() {
        let (asked, told) = ask("", "200 OK", r#"{"status":"ready","missing":[]}"#);
        assert_eq!(asked, "GET /readyz HTTP/1.1");
        assert_eq!((told.0, told.1.as_str()), (0, "ready\n"));
    }

    #[test]
    fn what_is_missing_is_named_and_is_1() {
        let body = r#"{"status":"not_ready","missing":[{"name":"log","detail":"no broker"}]}"#;
        let (_, told) = ask("", "503 Service Unavailable", body);
        assert_eq!(told.0, 1);
        assert!(told.1.contains("log") && told.1.contains("no broker"));
    }

    #[test]
    fn life_is_another_question() {
        let (asked, told) = ask("--alive --json", "200 OK", r#"{"status":"alive"}"#);
        assert_eq!(asked, "GET /livez HTTP/1.1");
        assert_eq!(told.0, 0);
        assert!(told.1.contains(r#""ok":true"#), "{}", told.1);
    }

    #[test]
    fn no_answer_is_4() {
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        let (code, out, message) = run_line(&format!("health --url http://127.0.0.1:{port}"));
        assert_eq!((code, out.as_str()), (4, ""));
        assert!(message.contains("does not answer"), "{message}");
    }
}
