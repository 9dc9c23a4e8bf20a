//! Opening an account.
//!
//! Duty: check the form, hash the password, seal the profile. Prohibition: no password and no
//! readable personal field goes beyond this module.

use crate::answers::json_response;
use crate::app::App;
use crate::asking;
use crate::edge::RequestContext;
use crate::errors::Code;
use crate::extract::{ApiJson, Fields};
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::auth::{busy, normal_login, optional_key, refused, request};
use crate::{events, views};
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kernel::{Currency, CustomerId, Digest, Partition};
use schemas::auth::{Command, Event, Register, Role};
use serde::Deserialize;
use serde_json::json;

/// The youngest who may bet, in years.
const AGE_MIN: i16 = 18;

/// The partition in which a login lives, and with it its customer. Auth reckons alike for those who
/// are let in by command; a test of the whole holds the two together.
pub(crate) fn partition_of(app: &App, login: Digest) -> Partition {
    let [a, b, c, d, ..] = login.bytes();
    let number = u32::from_be_bytes([a, b, c, d]);
    let partition = number.checked_rem(u32::from(app.partitions)).unwrap_or(0);
    Partition::try_from(partition).unwrap_or(0)
}

/// The body of a registration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterBody {
    login: String,
    password: String,
    name: String,
    born: String,
    country: String,
    currency: Option<String>,
}

impl RegisterBody {
    /// The login in its normal form and the account's currency, if everything holds.
    fn checked(&self, app: &App) -> Result<(String, Currency), Problem> {
        let mut fields = Fields::default();
        let login = normal_login(&self.login);
        let length = login.chars().count();
        if !(3..=254).contains(&length)
            || login.chars().any(|c| c.is_whitespace() || c.is_control())
        {
            fields.wrong("/login", "3 to 254 characters without spaces are expected");
        }
        if let Err(why) = app.passwords.judge(&self.password, &login) {
            fields.wrong("/password", why);
        }
        check_person(app, &mut fields, &self.name, &self.born, &self.country);
        let currency = match &self.currency {
            Some(code) => fields.parse("/currency", code),
            None => Some(app.config.currency),
        };
        fields.finish(currency.map(|currency| (login, currency)))
    }
}

/// What is asked of the personal fields.
pub(crate) fn check_person(app: &App, fields: &mut Fields, name: &str, born: &str, country: &str) {
    if name.trim().is_empty() || name.chars().count() > 200 {
        fields.wrong("/name", "1 to 200 characters are expected");
    }
    let country = country.as_bytes();
    if country.len() != 2 || !country.iter().all(u8::is_ascii_uppercase) {
        fields.wrong(
            "/country",
            "a country code of two capital letters is expected",
        );
    }
    if let Some(born) = fields.parse::<jiff::civil::Date>("/born", born)
        && !is_adult(app, born)
    {
        let text = format!("customers are at least {AGE_MIN} years old");
        fields.wrong("/born", text);
    }
}

/// Whether somebody born on that day is old enough today, anywhere on earth.
fn is_adult(app: &App, born: jiff::civil::Date) -> bool {
    let now = jiff::Timestamp::from_microsecond(app.now().micros()).unwrap_or_default();
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let birthday = jiff::civil::Date::new(
        born.year().saturating_add(AGE_MIN),
        born.month(),
        born.day(),
    )
    .or_else(|_| jiff::civil::Date::new(born.year().saturating_add(AGE_MIN), 3, 1));
    birthday.is_ok_and(|birthday| birthday <= today)
}

/// POST /v1/auth/register
pub(crate) async fn register(
    State(app): State<App>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    ApiJson(body): ApiJson<RegisterBody>,
) -> Result<Response, Problem> {
    let (login, currency) = body.checked(&app)?;
    let login_hash = app.sealer.login_hash(&login);
    let partition = partition_of(&app, login_hash);
    let content = json!([
        login,
        body.password,
        body.name,
        body.born,
        body.country,
        currency.code()
    ]);
    // The scope of the key is the login: there is no customer yet.
    let key = optional_key(&app, &headers)?;
    let route = format!("POST /v1/auth/register {login_hash}");
    let id = asking::request_id(CustomerId::default(), &route, &key);
    let fingerprint = app.sealer.fingerprint(content.to_string().as_bytes());

    let customer = CustomerId::from_bytes(app.mint.id(partition));
    let profile = json!({"name": body.name, "born": body.born, "country": body.country});
    let sealed_profile = app
        .sealer
        .seal(customer, profile.to_string().into_bytes())
        .await
        .map_err(|error| {
            tracing::error!(%error, "a profile cannot be sealed");
            Problem::new(Code::Overloaded)
        })?;
    let password_hash = app.passwords.hash(body.password).await.map_err(busy)?;
    let command = Command::Register(Register {
        customer,
        login_hash,
        password_hash,
        sealed_profile,
        currency,
        roles: vec![Role::Customer],
    });
    let request = request(&context, id, fingerprint, partition);
    let answer = asking::ask(&app, request, || Ok(command)).await?;
    let decision = refused(answer)?;
    let registered = events::of_auth(&decision).iter().find_map(registration);
    let position = Token::of(&[decision.position]);
    // Whoever registers signs in next, and signing in reads the view.
    views::wait_for(&app, &position).await.unwrap_or_default();
    let body = json!({
        "customer_id": registered.unwrap_or(customer).to_string(),
        "position": position.text(),
    });
    Ok(json_response(StatusCode::CREATED, &body))
}

fn registration(event: &Event) -> Option<CustomerId> {
    if let Event::CustomerRegistered(event) = event {
        Some(event.customer)
    } else {
        None
    }
}
