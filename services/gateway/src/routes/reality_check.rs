//! Reality checks: how long this session has lasted, and what it has cost.
//!
//! Duty: tell whether one is due, by the session's beginning, the last one seen and the interval
//! that the customer chose, with the result that the statement gives; take the word that it was
//! seen. Prohibition: nothing is stored to tell that; a check is due because time has passed.

use crate::answers::json_response;
use crate::app::App;
use crate::extract::{ApiJson, Caller, Fields, MoneyBody, null_or};
use crate::money;
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::protection::decided;
use crate::shapes::{self, time};
use crate::{ports::Subject, views};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kernel::{Currency, CustomerId, Duration, Money, Timestamp};
use schemas::Wire;
use schemas::auth::{AcknowledgeRealityCheck, Command, SetRealityCheck};
use schemas::ledger::{AccountKind, TransferCode};
use schemas::rows::{RealityCheckRow, SessionReminderRow, StatementRow, table};
use serde::Deserialize;
use serde_json::{Value, json};
use viewstore::Scan;

const MINUTE_SECS: i64 = 60;
/// Lines of a statement that are read at once.
const LINES_AT_ONCE: usize = 500;

/// What is known of a session's reality checks.
struct Standing {
    interval: Option<Duration>,
    /// None: the session began before such rows were written.
    reminder: Option<SessionReminderRow>,
}

impl Standing {
    async fn of(app: &App, subject: &Subject) -> Result<Self, Problem> {
        let key = subject.customer.to_bytes();
        let chosen: Option<RealityCheckRow> = views::row(app, table::REALITY_CHECK, key).await?;
        let key = subject.session.to_bytes();
        let reminder: Option<SessionReminderRow> =
            views::row(app, table::SESSION_REMINDER, key).await?;
        Ok(Self {
            interval: chosen.and_then(|row| row.interval),
            reminder: reminder.filter(|row| row.customer == subject.customer),
        })
    }

    fn due_at(&self) -> Option<Timestamp> {
        let reminder = self.reminder.as_ref()?;
        Some(reminder.reminded_at.plus(self.interval?))
    }

    async fn to_json(&self, app: &App, subject: &Subject) -> Result<Value, Problem> {
        let now = app.now();
        let started_at = self.reminder.as_ref().map(|row| row.started_at);
        let seen_at = self.reminder.as_ref().map(|row| row.reminded_at);
        let net = match started_at {
            Some(from) => Some(net_result(app, subject.customer, from).await?),
            None => None,
        };
        let minutes = self.interval.map(|interval| {
            let secs = interval.millis().div_euclid(1_000);
            secs.div_euclid(MINUTE_SECS)
        });
        Ok(json!({
            "interval_minutes": minutes,
            "session_id": subject.session.to_string(),
            "session_started_at": started_at.map(time),
            "elapsed_s": started_at.map(|from| now.since(from).millis().div_euclid(1_000)),
            "last_seen_at": seen_at.filter(|seen| Some(*seen) != started_at).map(time),
            "due_at": self.due_at().map(time),
            "due": self.due_at().is_some_and(|due_at| due_at <= now),
            "net_result": net.map(shapes::money),
            "at": time(now),
        }))
    }
}

/// What has been won less what has been lost from then on: slips that are settled, nothing else.
async fn net_result(app: &App, customer: CustomerId, from: Timestamp) -> Result<Money, Problem> {
    let currency = money::customer(app, customer).await?.currency;
    let mut net = 0_i64;
    let mut after: Option<Vec<u8>> = None;
    loop {
        let lines = statement(app, customer, currency, after.take()).await?;
        let full = lines.len() == LINES_AT_ONCE;
        after = lines.last().map(|(key, _)| key.clone());
        for (_, line) in lines {
            if line.at < from {
                return Ok(Money::from_minor(net, currency));
            }
            let of_slips = matches!(
                line.code,
                TransferCode::Stake
                    | TransferCode::StakeReturned
                    | TransferCode::Winnings
                    | TransferCode::SettlementReversed
                    | TransferCode::CashOut
            );
            if of_slips {
                net = net.saturating_add(line.posted_change_minor);
            }
        }
        if !full {
            return Ok(Money::from_minor(net, currency));
        }
    }
}

/// Newest first.
async fn statement(
    app: &App,
    customer: CustomerId,
    currency: Currency,
    after: Option<Vec<u8>>,
) -> Result<Vec<(Vec<u8>, StatementRow)>, Problem> {
    let account = money::account(customer, AccountKind::Cash, currency);
    let mut scan = Scan::of(table::STATEMENT, account.to_bytes())
        .reversed()
        .rows_max(LINES_AT_ONCE);
    if let Some(key) = after {
        scan = scan.after(key);
    }
    views::rows::<StatementRow>(app, scan).await
}

/// What a stream tells when a reality check is due; none when none is.
pub(crate) async fn reminder(app: &App, subject: &Subject) -> Result<Option<Value>, Problem> {
    let standing = Standing::of(app, subject).await?;
    if standing.due_at().is_none_or(|due_at| app.now() < due_at) {
        return Ok(None);
    }
    standing.to_json(app, subject).await.map(Some)
}

/// GET /v1/account/reality-check
pub(crate) async fn show(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let standing = Standing::of(&app, &caller.subject).await?;
    let body = standing.to_json(&app, &caller.subject).await?;
    Ok(json_response(StatusCode::OK, &body))
}

/// The body of an interval.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IntervalBody {
    /// Null: no reality checks.
    #[serde(deserialize_with = "null_or")]
    interval_minutes: Option<u32>,
}

/// PUT /v1/account/reality-check
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(body): ApiJson<IntervalBody>,
) -> Result<Response, Problem> {
    let interval = body.interval_minutes.map(|minutes| {
        let secs = i64::from(minutes).saturating_mul(MINUTE_SECS);
        Duration::from_secs(secs)
    });
    let command = Command::SetRealityCheck(SetRealityCheck {
        customer: caller.subject.customer,
        interval,
    });
    let route = "PUT /v1/account/reality-check";
    let content = json!([body.interval_minutes]);
    let decision = decided(&app, &caller, &headers, route, &content, command).await?;
    let answer = json!({
        "interval_minutes": body.interval_minutes,
        "position": Token::of(&[decision.position]).text(),
    });
    Ok(json_response(StatusCode::OK, &answer))
}

/// The body of a word that a check was seen: the result that was shown.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeenBody {
    net_result: MoneyBody,
}

/// A result may be below zero, other than what is paid or staked.
fn signed(shown: &MoneyBody) -> Result<Money, Problem> {
    let mut fields = Fields::default();
    let currency: Option<Currency> = fields.parse("/net_result/currency", &shown.currency);
    let money = currency.and_then(|currency| match Money::parse(&shown.amount, currency) {
        Ok(money) => Some(money),
        Err(error) => {
            fields.wrong("/net_result/amount", error);
            None
        }
    });
    fields.finish(money)
}

/// POST /v1/account/reality-check/acknowledge
pub(crate) async fn acknowledge(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(body): ApiJson<SeenBody>,
) -> Result<Response, Problem> {
    let net_result = signed(&body.net_result)?;
    let command = Command::AcknowledgeRealityCheck(AcknowledgeRealityCheck {
        customer: caller.subject.customer,
        session: caller.subject.session,
        net_result,
    });
    let route = "POST /v1/account/reality-check/acknowledge";
    let session = caller.subject.session.to_string();
    let content = json!([session, shapes::money(net_result)]);
    let decision = decided(&app, &caller, &headers, route, &content, command).await?;
    let answer = json!({
        "net_result": shapes::money(net_result),
        "position": Token::of(&[decision.position]).text(),
    });
    Ok(json_response(StatusCode::OK, &answer))
}
