//! `furlong schema register|check`: our schemas in a registry.
//!
//! Duty: what to ask which registry, and one line for each schema. Prohibition: nothing in a
//! registry is replaced or deleted: `register` adds what is missing, or says why it does not.

use crate::config;
use crate::exit::{Ended, Failure, Outcome};
use crate::screen::Screen;
use clap::{Args, Subcommand};
use schemastore::{Entry, Held, Registry, SchemaStore, StoreError};
use serde_json::{Value, json};
use std::path::PathBuf;

const EXAMPLES_REGISTER: &str = "\
Examples:
  furlong schema register --registry http://localhost:8081
  furlong schema register --registry http://me:word@registry:8080/apis/ccompat/v7 --topic-prefix eu.
  FURLONG_REGISTRY=http://localhost:8081 furlong schema register --json

Each topic's schemas stand under the subject <prefix><topic>-value, set to BACKWARD_TRANSITIVE.
Nothing is published while one of these subjects holds somebody else's schema in place of ours.

Exit codes: 0 all are there, 1 one is refused or somebody else's stands there, 4 the registry does
not answer or cannot be understood, 5 it does not permit it.";

const EXAMPLES_CHECK: &str = "\
Examples:
  furlong schema check --registry http://localhost:8081
  furlong schema check --config furlong.toml --json

Exit codes: 0 all are there and guarded, 1 one is missing, different or not guarded (each is named),
4 the registry does not answer or cannot be understood: nothing is known then, 5 it does not permit
it.";

/// Publish or check the schemas of the topics
#[derive(Debug, Subcommand)]
pub enum Schema {
    /// Publish in a registry what it does not have
    #[command(after_help = EXAMPLES_REGISTER)]
    Register(Flags),
    /// Compare what a registry has with what is needed
    #[command(after_help = EXAMPLES_CHECK)]
    Check(Flags),
}

/// Which registry, and whose subjects there.
#[derive(Debug, Args)]
pub struct Flags {
    /// A file of settings in TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The base of the registry's Confluent-compatible API
    #[arg(long, value_name = "URL")]
    registry: Option<String>,
    /// Stands before the name of every topic
    #[arg(long, value_name = "PREFIX")]
    topic_prefix: Option<String>,
    /// A file with user:password for the registry
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// No registry is named, or it cannot be asked, or it refuses.
pub fn run(schema: &Schema, screen: &mut Screen<'_>) -> Ended {
    let (flags, publishes) = match schema {
        Schema::Register(flags) => (flags, true),
        Schema::Check(flags) => (flags, false),
    };
    let registry = registry(flags)?;
    let entries = if publishes {
        registry.register()
    } else {
        registry.inspect()
    };
    report(&registry, &entries.map_err(failure)?, screen)
}

fn registry(flags: &Flags) -> Result<Registry, Failure> {
    let named = [
        ("registry", &flags.registry),
        ("topic_prefix", &flags.topic_prefix),
    ];
    let resolved = config::resolve_with(flags.config.as_deref(), &named)?;
    let text = |name: &str| {
        let mut values = resolved.values();
        let found = values.find(|(key, _)| key.name == name);
        found.map_or("", |(_, value)| value.text.as_str())
    };
    let url = text("registry");
    if url.is_empty() {
        return Err(Failure::Usage(
            "no registry is named: --registry URL, or the setting `registry`; without one the ids compiled in are used and there is nothing to publish".to_owned(),
        ));
    }
    let registry = Registry::open(url, text("topic_prefix")).map_err(failure)?;
    let Some(path) = &flags.credentials else {
        return Ok(registry);
    };
    let credentials = std::fs::read_to_string(path).map_err(|error| {
        Failure::Usage(format!(
            "--credentials: {} cannot be read: {error}",
            path.display()
        ))
    })?;
    Ok(registry.with_credentials(credentials.trim_end()))
}

/// Which ending a store's trouble is. A registry that does not answer, or answers nonsense, is data
/// that cannot be read: nothing is known about the schemas. One that answers "no" is a failure.
pub(crate) fn failure(error: StoreError) -> Failure {
    let text = error.to_string();
    match error {
        StoreError::BadUrl(_) | StoreError::BadPrefix(_) => Failure::Usage(text),
        StoreError::NotPermitted { .. } => Failure::NotPermitted(text),
        StoreError::Unreachable { .. } | StoreError::Unreadable { .. } | StoreError::Ids { .. } => {
            Failure::Unreadable(text)
        }
        StoreError::Missing { .. }
        | StoreError::Different { .. }
        | StoreError::Incompatible { .. }
        | StoreError::Unguarded { .. } => Failure::failed(text),
    }
}

fn report(registry: &Registry, entries: &[Entry], screen: &mut Screen<'_>) -> Ended {
    let is_fine =
        |entry: &Entry| matches!(entry.held, Held::Registered { .. }) && entry.is_guarded();
    let fine = entries.iter().all(is_fine);
    if screen.json {
        let subjects: Vec<Value> = entries.iter().map(told).collect();
        screen.put_json(&json!({"ok": fine, "registry": registry.url(), "subjects": subjects}))?;
    } else {
        screen.put(format_args!(
            "{:<36} {:>7} {:>10}  state",
            "subject", "version", "id"
        ))?;
        for entry in entries {
            let (version, id) = numbers(entry);
            let text = |number: Option<u32>| number.map_or("-".to_owned(), |n| n.to_string());
            screen.put(format_args!(
                "{:<36} {:>7} {:>10}  {}",
                entry.subject,
                text(version),
                text(id),
                state(entry)
            ))?;
        }
    }
    for entry in entries {
        advise(registry, entry, screen);
    }
    Ok(if fine { Outcome::Fine } else { Outcome::Failed })
}

const fn state(entry: &Entry) -> &'static str {
    match entry.held {
        Held::Registered { .. } if entry.is_new => "published",
        Held::Registered { .. } => "registered",
        Held::Missing => "missing",
        Held::Refused(_) => "refused",
        Held::Different => "different",
    }
}

/// The registry's version and id.
const fn numbers(entry: &Entry) -> (Option<u32>, Option<u32>) {
    match entry.held {
        Held::Registered { version, id } => (Some(version), Some(id)),
        Held::Missing | Held::Refused(_) | Held::Different => (None, None),
    }
}

fn told(entry: &Entry) -> Value {
    let (version, id) = numbers(entry);
    json!({
        "subject": entry.subject,
        "topic": entry.topic.as_str(),
        "schema": entry.schema.0,
        "schema_version": entry.version,
        "state": state(entry),
        "version": version,
        "id": id,
        "compatibility": entry.compatibility,
        "unknown_versions": entry.unknown_versions,
    })
}

/// What to do about what is not as it should be.
fn advise(registry: &Registry, entry: &Entry, screen: &mut Screen<'_>) {
    let subject = &entry.subject;
    let unknown = &entry.unknown_versions;
    match &entry.held {
        Held::Missing => {
            let url = registry.url();
            screen.tell(format_args!(
                "{subject}: publish it: furlong schema register --registry {url}"
            ));
        }
        Held::Refused(reason) => screen.tell(format_args!(
            "{subject}: the registry would refuse our version {}: {reason}",
            entry.version
        )),
        Held::Different => screen.tell(format_args!(
            "{subject}: somebody else's schema stands there (versions {unknown:?}); use another topic_prefix, or remove the subject if nobody needs it"
        )),
        Held::Registered { .. } => {
            if !unknown.is_empty() {
                screen.tell(format_args!(
                    "{subject}: versions {unknown:?} are not known to this furlong; its partitions halt at the first record of one"
                ));
            }
            if !entry.is_guarded() {
                let level = entry.compatibility.as_deref().unwrap_or("the default");
                screen.tell(format_args!(
                    "{subject}: its compatibility is {level}; furlong schema register sets it to BACKWARD_TRANSITIVE"
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::tests::{refused, run_line};
    use serde_json::Value;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    /// A server that says one thing, whatever it is asked.
    fn says(status: u16, body: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let mut lines = BufReader::new(&connection).lines();
                while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                let length = body.len();
                write!(
                    connection,
                    "HTTP/1.1 {status} Told\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                )
                .unwrap();
            }
        });
        url
    }

    #[test]
    fn a_registry_has_to_be_named_by_an_address() {
        for command in ["register", "check"] {
            assert!(refused(&format!("schema {command}")).contains("--registry"));
            let message = refused(&format!("schema {command} --registry localhost:8081"));
            assert!(message.contains("localhost:8081"), "{message}");
        }
        let message = refused("schema check --registry http://r --topic-prefix a/b");
        assert!(message.contains("a/b"), "{message}");
        let message = refused("schema check --registry http://r --credentials /nowhere/word");
        assert!(message.contains("/nowhere/word"), "{message}");
    }

    #[test]
    fn an_empty_registry_lacks_every_subject() {
        let url = says(
            404,
            r#"{"error_code":40401,"message":"Subject not found."}"#,
        );
        let (code, out, messages) = run_line(&format!("schema check --registry {url}"));
        assert_eq!(code, 1, "{messages}");
        let missing = out.lines().filter(|line| line.ends_with("missing"));
        assert_eq!(missing.count(), schemas::schemas().len());
        assert!(messages.contains(&format!("furlong schema register --registry {url}")));
        let (code, out, _) = run_line(&format!("schema check --json --registry {url}"));
        let answer: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, &answer["ok"]), (1, &false.into()));
        let first = &answer["subjects"][0];
        assert_eq!(first["subject"], "auth.events-value");
        assert_eq!(
            (&first["state"], &first["id"]),
            (&"missing".into(), &Value::Null)
        );
    }

    #[test]
    fn each_trouble_has_its_exit_code() {
        let away = TcpListener::bind("127.0.0.1:0").unwrap();
        let nobody = format!("http://{}", away.local_addr().unwrap());
        drop(away);
        for (url, expected) in [
            (nobody, 4),
            (says(500, "oh"), 4),
            (says(200, "<html>"), 4),
            (says(404, "not found"), 4),
            (says(401, "{}"), 5),
            (says(403, "{}"), 5),
        ] {
            for command in ["register", "check"] {
                let (code, out, messages) = run_line(&format!("schema {command} --registry {url}"));
                assert_eq!((code, out.as_str()), (expected, ""), "{messages}");
                for part in ["auth.events-value", &url] {
                    assert!(messages.contains(part), "{messages}");
                }
            }
        }
    }
}
