//! Asking an owner exactly once: the idempotency protocol.
//!
//! Duty: name a request, look whether it was answered before, send it if not, and find its
//! answer on the journal's tail or in the view of answers. The registration on the tail comes
//! first: what the tail does not bring any more, the view has or will have.
//!
//! Prohibition: no answer without a record that was read back. What is not known at the deadline
//! is called unknown, and the client asks again with the same key.

use crate::app::App;
use crate::errors::Code;
use crate::extract::Caller;
use crate::hub::InFlight;
use crate::problem::Problem;
use crate::ticket::Ticket;
use crate::views;
use bytes::Bytes;
use failpoints::Point;
use kernel::{
    CorrelationId, CustomerId, Digest, Partition, RequestId, Timestamp, Topic, TopicPartition,
};
use schemas::rows::{AnswerRow, table};
use schemas::{CommandRecord, Decision, Wire};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Between two looks into the view of answers.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A request as the protocol sees it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Whose hash of scope and key.
    pub id: RequestId,
    /// Hash of what is asked.
    pub digest: Digest,
    /// Shared by all that follows.
    pub correlation: CorrelationId,
    /// The owner's inbox.
    pub inbox: Topic,
    /// The owner's journal.
    pub journal: Topic,
    /// The owner's partition.
    pub partition: Partition,
}

/// An owner's answer.
pub(crate) struct Answer {
    /// The decision, read back.
    pub decision: Arc<Decision>,
    /// Whether it had been given before.
    pub replayed: bool,
    /// For what follows the decision, when it came from the tail.
    pub ticket: Option<Ticket>,
}

/// The id of a request: the first half of a hash over whose it is, what it does and its key.
pub(crate) fn request_id(customer: CustomerId, route: &str, key: &str) -> RequestId {
    let mut hasher = Sha256::new();
    for part in [&customer.bytes()[..], route.as_bytes(), key.as_bytes()] {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(digest) {
        *to = from;
    }
    RequestId::from_bytes(id)
}

/// The digest of a request's canonical content.
pub(crate) fn digest(content: &serde_json::Value) -> Digest {
    Digest::from_bytes(Sha256::digest(content.to_string().as_bytes()).into())
}

/// A signed-in customer's request to auth.
pub(crate) fn to_auth(caller: &Caller, id: RequestId, content: &serde_json::Value) -> Request {
    Request {
        id,
        digest: digest(content),
        correlation: caller.correlation(),
        inbox: Topic::AuthCommands,
        journal: Topic::AuthEvents,
        partition: caller.subject.customer.partition(),
    }
}

fn in_flight(error: InFlight) -> Problem {
    if error.same_content {
        Problem::new(Code::IdempotencyKeyInFlight).retry_after_s(1)
    } else {
        Problem::new(Code::IdempotencyKeyReused)
    }
}

/// Asks, and waits for the answer until the deadline. `build` makes the command when the request
/// is not known yet; when it fails, nothing was sent and the key stays free.
pub(crate) async fn ask<C: Wire>(
    app: &App,
    request: Request,
    build: impl FnOnce() -> Result<C, Problem>,
) -> Result<Answer, Problem> {
    let journal = TopicPartition::new(request.journal, request.partition);
    let ticket = app
        .hub
        .register(request.id, request.digest, journal)
        .map_err(in_flight)?;
    let deadline = until(app.config.deadline);
    // A view that does not answer is no reason not to send: the owner recognises a repeat.
    let known = timeout_at(deadline, known_answer(app, &request)).await;
    if let Ok(Ok(Some(decision))) = known {
        return replay(&request, decision, Some(ticket));
    }
    let record = CommandRecord {
        request_id: request.id,
        request_digest: request.digest,
        correlation_id: request.correlation,
        sent_at: app.now(),
        not_after: Some(not_after(app)),
        command: build()?,
    };
    let inbox = TopicPartition::new(request.inbox, request.partition);
    failpoints::pass(Point::Asking);
    let sending = app.log.send(inbox, encoded(request.inbox, &record));
    // The outcome of a send is no answer; whatever it says, only the journal tells.
    let sent = timeout_at(deadline, sending).await;
    tracing::trace!(?sent, %inbox, "command sent");
    timeout_at(deadline, answered(app, &request, journal, ticket))
        .await
        .unwrap_or_else(|_| Err(Problem::new(Code::OutcomeUnknown)))
}

/// A command as it stands in an inbox.
pub(crate) fn encoded<C: Wire>(inbox: Topic, record: &CommandRecord<C>) -> Bytes {
    let mut out = Vec::with_capacity(512);
    schemas::frame(schemas::schema_of(inbox), &mut out);
    record.encode(&mut out);
    Bytes::from(out)
}

/// The answer from the tail or, after a while and until it has passed the registration, from the
/// view.
async fn answered(
    app: &App,
    request: &Request,
    journal: TopicPartition,
    mut ticket: Ticket,
) -> Result<Answer, Problem> {
    let in_view = from_view(app, request, journal, ticket.registered_at);
    tokio::pin!(in_view);
    let mut looking = true;
    loop {
        tokio::select! {
            biased;
            decision = ticket.next() => match decision {
                Some(decision) => {
                    failpoints::pass(Point::Answering);
                    return from_tail(request, decision, ticket);
                }
                None => return Err(Problem::new(Code::OutcomeUnknown)),
            },
            found = &mut in_view, if looking => match found {
                Some(decision) => return replay(request, decision, Some(ticket)),
                None => looking = false,
            },
        }
    }
}

fn from_tail(
    request: &Request,
    decision: Arc<Decision>,
    ticket: Ticket,
) -> Result<Answer, Problem> {
    if decision.header.request_digest != Some(request.digest) {
        return Err(Problem::new(Code::IdempotencyKeyReused));
    }
    Ok(Answer {
        decision,
        replayed: false,
        ticket: Some(ticket),
    })
}

fn replay(
    request: &Request,
    decision: Arc<Decision>,
    ticket: Option<Ticket>,
) -> Result<Answer, Problem> {
    if decision.header.request_digest != Some(request.digest) {
        return Err(Problem::new(Code::IdempotencyKeyReused));
    }
    Ok(Answer {
        decision,
        replayed: true,
        ticket,
    })
}

/// Looks into the view of answers until it has passed the registration; then the tail is sure to
/// bring whatever there is.
async fn from_view(
    app: &App,
    request: &Request,
    journal: TopicPartition,
    registered_at: u64,
) -> Option<Arc<Decision>> {
    // It was looked for just before: what was decided in between is rare, the tail is not.
    tokio::time::sleep(LOOK_AGAIN).await;
    // A view that does not answer now may answer before the deadline.
    while views::reached(app, journal, registered_at).await.is_err() {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    known_answer(app, request).await.ok().flatten()
}

/// The answer that the view knows, as it stands in the log.
pub(crate) async fn known_answer(
    app: &App,
    request: &Request,
) -> Result<Option<Arc<Decision>>, Problem> {
    let key = request.id.bytes().to_vec();
    let Some(row) = views::row::<AnswerRow>(app, table::ANSWER, key).await? else {
        return Ok(None);
    };
    views::decision_at(app, row.position)
        .await
        .map(|decision| Some(Arc::new(decision)))
}

/// When a wait that begins now is over.
pub(crate) fn until(wait: Duration) -> Instant {
    // A wait beyond what can be told is none that anybody asked for.
    let now = Instant::now();
    now.checked_add(wait).unwrap_or(now)
}

/// The instant after which a command is not to be carried out any more.
pub(crate) fn not_after(app: &App) -> Timestamp {
    let span = i64::try_from(app.config.deadline.as_micros()).unwrap_or(i64::MAX);
    app.now().plus(kernel::Duration::from_micros(span))
}
