//! A payment provider's file, held against the books.
//!
//! Duty: give each line of a part to the partition of its payment, and tell what agreed and what
//! did not; behind the last part every partition looks for what was in no file. The outcome is an
//! event of payments, so that auditors see it.
//!
//! Prohibition: nothing is compared here, the owners do that; a file names no customer.

use crate::answers::{json_response, mark_replayed};
use crate::app::App;
use crate::asking::{self, Request};
use crate::errors::Code;
use crate::events;
use crate::extract::{ApiJson, Caller, Fields, idempotency_key};
use crate::permissions::Permission;
use crate::positions::Token;
use crate::problem::Problem;
use crate::refusals;
use crate::shapes::money;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kernel::{Digest, Partition, Timestamp, Topic};
use schemas::Wire;
use schemas::auth::Role;
use schemas::payments::{
    Command, Event, FindingKind, ProviderFinding, ProviderLine, ReconcileProvider,
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Digest as _;
use std::collections::BTreeMap;

/// Who holds files against the books.
pub(crate) const RECONCILER_ROLES: &[Role] = Permission::ReconcilePayments.roles();

/// Lines of one part.
const LINES_MAX: usize = 500;

/// A part of a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileBody {
    provider: String,
    file: String,
    part: u32,
    last: bool,
    missing_before: String,
    lines: Vec<LineBody>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LineBody {
    reference: String,
    amount: AmountBody,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AmountBody {
    amount: String,
    currency: String,
}

/// A part, checked, with its lines where they belong.
struct Part {
    file: Digest,
    missing_before: Timestamp,
    lines: BTreeMap<Partition, Vec<ProviderLine>>,
}

/// POST /v1/admin/payments/reconciliations
pub(crate) async fn reconcile(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(body): ApiJson<FileBody>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    let mut part = checked(&app, &body)?;
    if body.last {
        for partition in 0..app.partitions {
            part.lines.entry(partition).or_default();
        }
    }
    let (mut matched, mut findings, mut positions) = (0_usize, Vec::new(), Vec::new());
    let mut replayed = true;
    for (partition, lines) in part.lines {
        let command = Command::ReconcileProvider(ReconcileProvider {
            provider: body.provider.clone(),
            file: part.file,
            part: body.part,
            last: body.last,
            missing_before: part.missing_before,
            lines,
        });
        let route = format!("POST /v1/admin/payments/reconciliations {partition}");
        let request = Request {
            id: asking::request_id(caller.subject.customer, &route, key),
            digest: Digest::from_bytes(sha2::Sha256::digest(command.to_bytes()).into()),
            correlation: caller.correlation(),
            inbox: Topic::PaymentsCommands,
            journal: Topic::PaymentsEvents,
            partition,
        };
        let answer = asking::ask(&app, request, || Ok(command)).await?;
        if let Some(problem) = refusals::rejection_of(&answer.decision, answer.replayed) {
            return Err(problem);
        }
        replayed &= answer.replayed;
        positions.push(answer.decision.position);
        for event in events::of_payments(&answer.decision) {
            if let Event::ProviderReconciled(outcome) = event {
                matched = matched.saturating_add(outcome.matched.len());
                findings.extend(outcome.findings.iter().map(shown));
            }
        }
    }
    let body = json!({
        "matched": matched,
        "findings": findings,
        "position": Token::of(&positions).text(),
    });
    let mut response = json_response(StatusCode::OK, &body);
    mark_replayed(&mut response, replayed);
    Ok(response)
}

fn checked(app: &App, body: &FileBody) -> Result<Part, Problem> {
    if body.provider != app.config.provider {
        return Err(Problem::new(Code::ProviderUnknown).with("provider", json!(body.provider)));
    }
    let mut fields = Fields::default();
    let file = digest(&body.file);
    if file.is_none() {
        fields.wrong("/file", "64 hexadecimal digits are expected");
    }
    let missing_before = fields.time("/missing_before", &body.missing_before);
    if body.lines.len() > LINES_MAX {
        fields.wrong("/lines", format!("at most {LINES_MAX} lines a part"));
    }
    let mut lines: BTreeMap<Partition, Vec<ProviderLine>> = BTreeMap::new();
    for (number, line) in body.lines.iter().enumerate() {
        let pointer = format!("/lines/{number}");
        if line.reference.is_empty() || line.reference.len() > 255 {
            fields.wrong(
                format!("{pointer}/reference"),
                "1 to 255 characters are expected",
            );
            continue;
        }
        let at = format!("{pointer}/amount");
        let Some(amount) = fields.money(&at, &line.amount.amount, &line.amount.currency) else {
            continue;
        };
        let (payment, partition) = app.webhooks.payment_named(&line.reference, amount);
        let line = ProviderLine { payment, amount };
        lines.entry(partition).or_default().push(line);
    }
    let both = file.zip(missing_before);
    fields.finish(both.map(|(file, missing_before)| Part {
        file,
        missing_before,
        lines,
    }))
}

fn digest(text: &str) -> Option<Digest> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, at) in bytes.iter_mut().zip((0_usize..).step_by(2)) {
        let pair = text.get(at..at.checked_add(2)?)?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(Digest::from_bytes(bytes))
}

fn shown(finding: &ProviderFinding) -> Value {
    json!({
        "reference": finding.reference,
        "kind": match finding.kind {
            FindingKind::MissingHere => "missing_here",
            FindingKind::MissingThere => "missing_there",
            FindingKind::AmountDiffers => "amount_differs",
        },
        "ours": finding.ours.map(money),
        "theirs": finding.theirs.map(money),
    })
}
