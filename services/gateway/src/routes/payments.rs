//! Deposits, withdrawals, and the call-backs of providers.

use crate::answers::{json_response, mark_replayed};
use crate::app::App;
use crate::asking::{self, Request};
use crate::edge::RequestContext;
use crate::errors::Code;
use crate::extract::{
    ApiJson, ApiPath, ApiQuery, Caller, Fields, OneQuery, idempotency_key, position,
};
use crate::ports::WebhookError;
use crate::positions::Token;
use crate::problem::Problem;
use crate::shapes::{Named, money, time};
use crate::{events, refusals, views};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use kernel::{
    Currency, CustomerId, DepositId, Digest, Duration, Money, Timestamp, Topic, WithdrawalId,
};
use schemas::Wire;
use schemas::payments::{
    Command, Event, RequestDeposit, RequestDepositFrom, RequestWithdrawalWithReview,
};
use schemas::rows::{DepositRow, PaymentStatus, PaymentTakenOnRow, WithdrawalRow, table};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Digest as _;

/// The body of both: `{"amount": {"amount": "10.00", "currency": "EUR"}}`, or the same flat.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentBody {
    amount: AmountBody,
    currency: Option<String>,
    provider: Option<String>,
    /// The provider's token for a card or an account.
    instrument: Option<String>,
}

/// What is asked for, checked.
struct Payment {
    amount: Money,
    provider: String,
    instrument: Option<String>,
}

/// A row of digits as long as that is a number of a card or an account, which has no business here.
const DIGITS_MAX: usize = 11;

/// Whether it looks like a provider's token and not like a number of a card or an account.
fn is_token(text: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    let rows = text.split(|letter: char| !letter.is_ascii_digit() && !matches!(letter, '-' | '.'));
    let longest = rows
        .map(|row| row.bytes().filter(u8::is_ascii_digit).count())
        .max();
    !text.is_empty()
        && text.len() <= 128
        && text.bytes().all(plain)
        && longest.is_none_or(|longest| longest <= DIGITS_MAX)
}

/// An amount with its currency, or beside it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum AmountBody {
    Flat(String),
    Nested(NestedAmount),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NestedAmount {
    amount: String,
    currency: String,
}

impl PaymentBody {
    fn checked(self, app: &App) -> Result<Payment, Problem> {
        let mut fields = Fields::default();
        let amount = match (&self.amount, &self.currency) {
            (AmountBody::Flat(amount), Some(currency)) => fields.money("", amount, currency),
            (AmountBody::Flat(amount), None) => {
                fields.money("", amount, app.config.currency.code())
            }
            (AmountBody::Nested(nested), None) => {
                fields.money("/amount", &nested.amount, &nested.currency)
            }
            (AmountBody::Nested(_), Some(_)) => {
                fields.wrong("/currency", "the currency is told twice");
                None
            }
        };
        let provider = self.provider.unwrap_or_else(|| app.config.provider.clone());
        if provider.is_empty() || provider.len() > 64 {
            fields.wrong("/provider", "1 to 64 characters are expected");
        }
        if self
            .instrument
            .as_deref()
            .is_some_and(|text| !is_token(text))
        {
            let expected =
                "a token of the provider is expected, never a number of a card or an account";
            fields.wrong("/instrument", expected);
        }
        let instrument = self.instrument;
        // Only one is ever called; a payment through another would wait for ever.
        let known = provider == app.config.provider;
        let amount = fields.finish(amount)?;
        if !known {
            return Err(Problem::new(Code::ProviderUnknown).with("provider", json!(provider)));
        }
        Ok(Payment {
            amount,
            provider,
            instrument,
        })
    }
}

/// Asks payments for something that has a status of its own from here on.
async fn ask(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    route: &'static str,
    body: PaymentBody,
    command: impl FnOnce(CustomerId, Payment) -> Command,
) -> Result<Response, Problem> {
    let key = idempotency_key(headers)?;
    let asked = body.checked(app)?;
    let customer = caller.subject.customer;
    let request = Request {
        id: asking::request_id(customer, route, key),
        digest: asking::digest(&content(&asked)),
        correlation: caller.correlation(),
        inbox: Topic::PaymentsCommands,
        journal: Topic::PaymentsEvents,
        partition: customer.partition(),
    };
    let command = command(customer, asked);
    let answer = asking::ask(app, request, || Ok(command)).await?;
    if let Some(problem) = refusals::rejection_of(&answer.decision, answer.replayed) {
        return Err(problem);
    }
    let asked = events::of_payments(&answer.decision)
        .iter()
        .find_map(requested);
    let Some((id, address, amount)) = asked else {
        return Err(Problem::new(Code::OutcomeUnknown));
    };
    let body = json!({
        "id": id,
        "status": PaymentStatus::Pending.name(),
        "amount": money(amount),
        "requested_at": time(answer.decision.header.decided_at),
        "position": Token::of(&[answer.decision.position]).text(),
    });
    let mut response = json_response(StatusCode::ACCEPTED, &body);
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(&format!("{address}/{id}")) {
        headers.insert(header::LOCATION, location);
    }
    mark_replayed(&mut response, answer.replayed);
    Ok(response)
}

/// What a repeat must agree with. Without an instrument as it was before there were any.
fn content(asked: &Payment) -> Value {
    let (amount, provider) = (money(asked.amount), &asked.provider);
    match &asked.instrument {
        None => json!([amount, provider]),
        Some(instrument) => json!([amount, provider, instrument]),
    }
}

fn requested(event: &Event) -> Option<(String, &'static str, Money)> {
    if let Event::DepositRequested(event) = event {
        Some((event.deposit.to_string(), "/v1/deposits", event.amount))
    } else if let Event::WithdrawalRequested(event) = event {
        Some((
            event.withdrawal.to_string(),
            "/v1/withdrawals",
            event.amount,
        ))
    } else {
        None
    }
}

/// POST /v1/deposits
pub(crate) async fn deposit(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(body): ApiJson<PaymentBody>,
) -> Result<Response, Problem> {
    let deposit = DepositId::from_bytes(app.mint.id(caller.subject.customer.partition()));
    let command = |customer, asked: Payment| match asked.instrument {
        None => Command::RequestDeposit(RequestDeposit {
            deposit,
            customer,
            amount: asked.amount,
            provider: asked.provider,
        }),
        Some(instrument) => Command::RequestDepositFrom(RequestDepositFrom {
            deposit,
            customer,
            amount: asked.amount,
            provider: asked.provider,
            instrument,
        }),
    };
    ask(&app, &caller, &headers, "POST /v1/deposits", body, command).await
}

/// So many whole units of a currency.
fn units(units: u32, currency: Currency) -> Money {
    let per_unit = 10_i64.saturating_pow(currency.exponent());
    Money::from_minor(i64::from(units).saturating_mul(per_unit), currency)
}

/// POST /v1/withdrawals
pub(crate) async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(body): ApiJson<PaymentBody>,
) -> Result<Response, Problem> {
    let withdrawal = WithdrawalId::from_bytes(app.mint.id(caller.subject.customer.partition()));
    // The setting of this moment goes along, so that payments decides without it.
    let review_units = app.config.withdrawal_review_units;
    let command = |customer, asked: Payment| {
        Command::RequestWithdrawalWithReview(RequestWithdrawalWithReview {
            withdrawal,
            customer,
            amount: asked.amount,
            provider: asked.provider,
            instrument: asked.instrument,
            review_from: units(review_units, asked.amount.currency()),
        })
    };
    ask(
        &app,
        &caller,
        &headers,
        "POST /v1/withdrawals",
        body,
        command,
    )
    .await
}

/// After so long a customer is told that it takes its time.
const DELAYED_AFTER: Duration = Duration::from_secs(10);
/// What the customer is told then. There is nothing that could be asked again: it goes on.
const DELAYED: &str = "payment processing delayed";

/// What a customer is told of a payment that is not done.
#[derive(Default)]
struct Waiting {
    approve_at: Option<String>,
    notice: Option<&'static str>,
}

async fn waiting(
    app: &App,
    status: PaymentStatus,
    payment: Vec<u8>,
    since: Timestamp,
) -> Result<Waiting, Problem> {
    match status {
        PaymentStatus::Confirmed | PaymentStatus::Failed => return Ok(Waiting::default()),
        PaymentStatus::Pending => {}
    }
    let taken_on: Option<PaymentTakenOnRow> =
        views::row(app, table::PAYMENT_TAKEN_ON, payment).await?;
    let approve_at = taken_on.and_then(|row| row.approve_at);
    let is_late = app.now().since(since) >= DELAYED_AFTER;
    // Until the customer has approved it, it is the customer's time.
    let notice = (is_late && approve_at.is_none()).then_some(DELAYED);
    Ok(Waiting { approve_at, notice })
}

/// GET /v1/deposits/{id}
pub(crate) async fn show_deposit(
    State(app): State<App>,
    caller: Caller,
    ApiPath(id): ApiPath<DepositId>,
    ApiQuery(query): ApiQuery<OneQuery>,
) -> Result<Response, Problem> {
    if let Some(token) = position(query.min_position.as_deref())? {
        views::wait_for(&app, &token).await?;
    }
    let row: Option<DepositRow> = views::row(&app, table::DEPOSIT, id.bytes().to_vec()).await?;
    let own = row.filter(|row| row.customer == caller.subject.customer);
    let row = own.ok_or_else(|| Problem::new(Code::NotFound))?;
    let waiting = waiting(&app, row.status, id.bytes().to_vec(), row.at).await?;
    let shown = json!({
        "id": row.deposit.to_string(),
        "status": row.status.name(),
        "amount": money(row.amount),
        "reason": row.reason,
        "changed_at": time(row.at),
        "approve_at": waiting.approve_at,
        "notice": waiting.notice,
        "position": Token::of(&[row.position]).text(),
    });
    Ok(json_response(StatusCode::OK, &shown))
}

/// GET /v1/withdrawals/{id}
pub(crate) async fn show_withdrawal(
    State(app): State<App>,
    caller: Caller,
    ApiPath(id): ApiPath<WithdrawalId>,
    ApiQuery(query): ApiQuery<OneQuery>,
) -> Result<Response, Problem> {
    if let Some(token) = position(query.min_position.as_deref())? {
        views::wait_for(&app, &token).await?;
    }
    let row: Option<WithdrawalRow> =
        views::row(&app, table::WITHDRAWAL, id.bytes().to_vec()).await?;
    let own = row.filter(|row| row.customer == caller.subject.customer);
    let row = own.ok_or_else(|| Problem::new(Code::NotFound))?;
    let waiting = waiting(&app, row.status, id.bytes().to_vec(), row.at).await?;
    let shown = json!({
        "id": row.withdrawal.to_string(),
        "status": row.status.name(),
        "amount": money(row.amount),
        "reason": row.reason,
        "changed_at": time(row.at),
        "approve_at": waiting.approve_at,
        "notice": waiting.notice,
        "position": Token::of(&[row.position]).text(),
    });
    Ok(json_response(StatusCode::OK, &shown))
}

/// POST /v1/webhooks/{provider}: the signature is over the bytes as they came
pub(crate) async fn webhook(
    State(app): State<App>,
    Extension(context): Extension<RequestContext>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let call = match app.webhooks.verify(&provider, &headers, &body, app.now()) {
        Ok(call) => call,
        // A provider that is refused sends it again for days.
        Err(WebhookError::NoOutcome) => {
            let body = json!({"taken": false, "repeated": false, "position": null});
            return Ok(json_response(StatusCode::OK, &body));
        }
        Err(WebhookError::ProviderUnknown) => return Err(Problem::new(Code::NotFound)),
        Err(WebhookError::SignatureInvalid(detail)) => {
            return Err(Problem::new(Code::SignatureInvalid).detail(detail));
        }
        Err(WebhookError::Unreadable(detail)) => {
            return Err(Problem::new(Code::RequestMalformed).detail(detail));
        }
    };
    if call.partition >= app.partitions {
        return Err(Problem::new(Code::RequestMalformed).detail("no such reference"));
    }
    let route = format!("webhook {provider}");
    let content = sha2::Sha256::digest(call.report.to_bytes());
    let request = Request {
        id: asking::request_id(CustomerId::default(), &route, &call.report.event),
        digest: Digest::from_bytes(content.into()),
        correlation: context.correlation,
        inbox: Topic::PaymentsCommands,
        journal: Topic::PaymentsEvents,
        partition: call.partition,
    };
    let command = Command::ReportOutcome(call.report);
    let answer = asking::ask(&app, request, || Ok(command)).await?;
    let position = Token::of(&[answer.decision.position]).text();
    if let Some(problem) = refusals::rejection_of(&answer.decision, answer.replayed) {
        return Err(problem);
    }
    let body: Value = json!({"taken": true, "repeated": answer.replayed, "position": position});
    Ok(json_response(StatusCode::OK, &body))
}

#[cfg(test)]
mod tests {
    use super::{is_token, units};
    use kernel::Currency;

    #[test]
    fn a_threshold_is_in_whole_units_of_each_currency() {
        let minor = |currency| units(10_000, currency).minor();
        assert_eq!(minor(Currency::Eur), 1_000_000);
        assert_eq!(minor(Currency::Jpy), 10_000);
        assert_eq!(minor(Currency::Kwd), 10_000_000);
    }

    #[test]
    fn tokens_are_taken_and_numbers_of_cards_and_accounts_are_not() {
        for token in ["tok_1", "pm_1NvQ2eLkdIwHu7ix", "ba_1.x:y-z"] {
            assert!(is_token(token), "{token}");
        }
        for number in [
            "",
            "4242424242424242",
            "4242-4242-4242-4242",
            "GB29NWBK60161331926819",
            "a b",
            "é",
        ] {
            assert!(!is_token(number), "{number}");
        }
        assert!(!is_token(&"x".repeat(129)));
    }
}
