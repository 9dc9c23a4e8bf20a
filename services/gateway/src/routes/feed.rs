//! What producers post: fixtures, books, suspensions, results, one message a line.
//!
//! Duty: all lines or none, in their order; an answer when the journals have them all; repeats
//! and gaps of each source told. Prohibition: no message is judged here.

use crate::answers::json_response;
use crate::app::App;
use crate::asking::{self, encoded};
use crate::errors::Code;
use crate::extract::Caller;
use crate::ports::{FeedArrival, FeedLine, FeedNotTaken};
use crate::positions::Token;
use crate::problem::Problem;
use crate::refusals;
use crate::ticket::Ticket;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use eventlog::AppendOutcome;
use futures::future::join_all;
use kernel::{CustomerId, Digest, Partition, Topic, TopicPartition};
use schemas::odds::{ApplyFeedMessage, Command};
use schemas::{CommandRecord, Wire};
use serde_json::{Value, json};
use sha2::Digest as _;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{sleep, timeout_at};

/// Wrong lines that are named; the rest is like them.
const WRONG_LINES_MAX: usize = 20;

/// Between two attempts to send what the log did not take.
const SEND_AGAIN: Duration = Duration::from_millis(50);

/// A command that was counted and may not be in its inbox yet.
pub(crate) type Unsent = (TopicPartition, Bytes);

/// A message on its way.
struct Sent {
    line: usize,
    ticket: Ticket,
}

/// POST /v1/feed/updates
pub(crate) async fn updates(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let feed = app
        .feed
        .as_ref()
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    let body = axum::body::to_bytes(request.into_body(), app.config.feed_bytes_max)
        .await
        .map_err(|_| Problem::new(Code::PayloadTooLarge))?;
    let text = std::str::from_utf8(&body)
        .map_err(|_| Problem::new(Code::RequestMalformed).detail("the body is not UTF-8"))?;
    // Counting and sending are one step: a source's messages must not overtake each other.
    let mut unsent = app.feed_unsent.lock().await;
    let lines = feed
        .take(&*app.log, text, app.now())
        .await
        .map_err(|why| not_taken(&why))?;
    let sent = register(&app, &caller, &lines, &mut unsent);
    let all_sent = send(&app, &mut unsent).await;
    drop(unsent);
    if !all_sent {
        return Err(Problem::new(Code::OutcomeUnknown).detail(
            "the log does not take the lines now; they are kept, and go before whatever comes next",
        ));
    }
    answered(&app, &lines, sent).await
}

fn not_taken(why: &FeedNotTaken) -> Problem {
    match why {
        FeedNotTaken::Lines(wrong) => {
            let mut problem = Problem::new(Code::FeedLineInvalid);
            for error in wrong.iter().take(WRONG_LINES_MAX) {
                let pointer = format!("line {}{}", error.line, error.pointer);
                problem = problem.at(pointer, error.message.clone());
            }
            problem.with("lines_wrong", json!(wrong.len()))
        }
        FeedNotTaken::Log(error) => Problem::new(Code::LogUnavailable).detail(format!(
            "nothing was taken: the inboxes cannot be read: {error}"
        )),
    }
}

/// Puts all messages behind what waits already, each with a registration for its answer.
fn register(
    app: &App,
    caller: &Caller,
    lines: &[FeedLine],
    unsent: &mut VecDeque<Unsent>,
) -> Vec<Sent> {
    let mut sent = Vec::new();
    for line in lines {
        for (partition, message) in &line.messages {
            let Some((ticket, record)) = command(app, caller, *partition, message) else {
                continue;
            };
            let inbox = TopicPartition::new(Topic::OddsCommands, *partition);
            unsent.push_back((inbox, encoded(Topic::OddsCommands, &record)));
            sent.push(Sent {
                line: line.line,
                ticket,
            });
        }
    }
    sent
}

/// Sends what waits, in its order, until the log has it all or the deadline is over. A message was
/// counted, so it must not be lost: what the log may not have is sent again, and has one effect.
async fn send(app: &App, unsent: &mut VecDeque<Unsent>) -> bool {
    let deadline = asking::until(app.config.deadline);
    while !unsent.is_empty() {
        let sending = unsent
            .iter()
            .map(|(inbox, bytes)| app.log.send(*inbox, bytes.clone()));
        // Polled in their order, so they take their places in it.
        let Ok(outcomes) = timeout_at(deadline, join_all(sending)).await else {
            return false;
        };
        let mut outcomes = outcomes.into_iter();
        unsent.retain(|_| outcomes.next() != Some(AppendOutcome::Sent));
        if !unsent.is_empty() && timeout_at(deadline, sleep(SEND_AGAIN)).await.is_err() {
            return false;
        }
    }
    true
}

/// A message as a command; none while the same message is being sent already.
fn command(
    app: &App,
    caller: &Caller,
    partition: Partition,
    message: &ApplyFeedMessage,
) -> Option<(Ticket, CommandRecord<Command>)> {
    let scope = format!("feed {}", message.source);
    let key = format!("{partition}/{}", message.sequence);
    let request_id = asking::request_id(CustomerId::default(), &scope, &key);
    let request_digest = Digest::from_bytes(sha2::Sha256::digest(message.to_bytes()).into());
    let journal = TopicPartition::new(Topic::OddsEvents, partition);
    let ticket = app.hub.register(request_id, request_digest, journal).ok()?;
    let record = CommandRecord {
        request_id,
        request_digest,
        correlation_id: caller.correlation(),
        sent_at: app.now(),
        // What a feed says stays true; it is taken whenever it is met.
        not_after: None,
        command: Command::ApplyFeedMessage(message.clone()),
    };
    Some((ticket, record))
}

/// Waits for all of them to be in the journal.
async fn answered(app: &App, lines: &[FeedLine], sent: Vec<Sent>) -> Result<Response, Problem> {
    let deadline = asking::until(app.config.deadline);
    let mut seen = Token::default();
    let mut refused: Vec<Value> = Vec::new();
    let messages = sent.len();
    for mut message in sent {
        let decision = timeout_at(deadline, message.ticket.next()).await;
        let Ok(Some(decision)) = decision else {
            return Err(Problem::new(Code::OutcomeUnknown)
                .detail("the lines were sent; whether all were taken is not known yet"));
        };
        seen.see(decision.position);
        if let Some(problem) = refusals::rejection_of(&decision, false) {
            let code = problem.code().entry().code;
            let said = lines.iter().find(|line| line.line == message.line);
            let source = said.map_or("", |line| line.source.as_str());
            // A producer that does not read its answers must not be the only one to know.
            tracing::warn!(
                source,
                line = message.line,
                code,
                "a feed message was refused"
            );
            refused.push(json!({
                "line": message.line,
                "source": source,
                "code": code,
                "detail": problem.to_json("")["detail"],
            }));
        }
    }
    let repeated: Vec<Value> = lines.iter().filter_map(repeat).collect();
    let gaps: Vec<Value> = lines.iter().filter_map(gap).collect();
    let body = json!({
        "lines": lines.len(),
        "messages": messages,
        "repeated": repeated,
        "gaps": gaps,
        "refused": refused,
        "position": seen.text(),
    });
    Ok(json_response(StatusCode::OK, &body))
}

fn repeat(line: &FeedLine) -> Option<Value> {
    match line.arrival {
        FeedArrival::Repeated { last } => {
            Some(json!({"line": line.line, "source": line.source, "last": last}))
        }
        FeedArrival::InOrder | FeedArrival::Gap { .. } => None,
    }
}

fn gap(line: &FeedLine) -> Option<Value> {
    match line.arrival {
        FeedArrival::Gap { expected, got } => Some(json!({
            "line": line.line,
            "source": line.source,
            "expected": expected,
            "got": got,
        })),
        FeedArrival::InOrder | FeedArrival::Repeated { .. } => None,
    }
}
