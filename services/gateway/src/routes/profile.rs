//! Personal data: shown to its owner, replaced, erased.
//!
//! Duty: open and seal under the customer's own key; on a compliance officer's word, recorded
//! first with who and why, destroy all keys of a customer. Prohibition: nothing readable goes into
//! a record, and erasing touches none: what stands in the log stays as it is, and says nothing.

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::extract::{ApiJson, ApiPath, Caller, Fields};
use crate::positions::Token;
use crate::problem::Problem;
use crate::routes::admin::{Act, ReasonBody, by, done, reason};
use crate::routes::protection::decided;
use crate::routes::registering::check_person;
use crate::routes::second_factor::keys_away;
use crate::{money, views};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kernel::{CustomerId, Topic};
use schemas::Wire;
use schemas::auth::{Command, ErasePersonalData, ReplaceProfile};
use schemas::rows::{ProfileRow, table};
use serde::Deserialize;
use serde_json::{Value, json};

/// GET /v1/account/profile
pub(crate) async fn show(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let customer = caller.subject.customer;
    let row: Option<ProfileRow> = views::row(&app, table::PROFILE, customer.to_bytes()).await?;
    let sealed = match row {
        Some(row) => row.sealed_profile,
        None => money::customer(&app, customer).await?.sealed_profile,
    };
    let opened = app.sealer.open(customer, sealed).await.map_err(keys_away)?;
    let opened = opened.ok_or_else(|| Problem::new(Code::PersonalDataErased))?;
    let kept: Value = serde_json::from_slice(&opened).unwrap_or_default();
    let text = |field: &str| kept[field].as_str().unwrap_or_default().to_owned();
    let body = json!({"name": text("name"), "born": text("born"), "country": text("country")});
    Ok(json_response(StatusCode::OK, &body))
}

/// The body of a profile.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileBody {
    name: String,
    born: String,
    country: String,
}

/// PUT /v1/account/profile
pub(crate) async fn replace(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(body): ApiJson<ProfileBody>,
) -> Result<Response, Problem> {
    let mut fields = Fields::default();
    check_person(&app, &mut fields, &body.name, &body.born, &body.country);
    fields.finish(Some(()))?;
    let customer = caller.subject.customer;
    let profile = json!({"name": body.name, "born": body.born, "country": body.country});
    let profile = profile.to_string().into_bytes();
    // Personal fields enter the digest of the request only under a key.
    let content = json!([app.sealer.fingerprint(&profile).to_string()]);
    let sealed = app.sealer.seal(customer, profile).await;
    let sealed_profile = sealed.map_err(keys_away)?;
    let command = Command::ReplaceProfile(ReplaceProfile {
        customer,
        sealed_profile,
    });
    let route = "PUT /v1/account/profile";
    let decision = decided(&app, &caller, &headers, route, &content, command).await?;
    let position = Token::of(&[decision.position]);
    views::wait_for(&app, &position).await.unwrap_or_default();
    let body = json!({"position": position.text()});
    Ok(json_response(StatusCode::OK, &body))
}

/// POST /v1/admin/customers/{id}/erase
pub(crate) async fn erase(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(customer): ApiPath<CustomerId>,
    ApiJson(body): ApiJson<ReasonBody>,
) -> Result<Response, Problem> {
    let reason = reason(body.reason, "/reason")?;
    let by = by(&caller);
    let act = Act {
        caller: &caller,
        headers: &headers,
        route: "POST /v1/admin/customers/erase",
        content: json!([customer.to_string(), reason]),
        inbox: Topic::AuthCommands,
        journal: Topic::AuthEvents,
        partition: customer.partition(),
    };
    let command = Command::ErasePersonalData(ErasePersonalData {
        customer,
        by,
        reason,
    });
    let answer = act.ask(&app, command).await?;
    // First the record, then the keys: whoever was cut off in between asks again with the same
    // key, and the keys are destroyed then.
    app.sealer.destroy(customer).await.map_err(keys_away)?;
    Ok(done(&answer, json!({"customer_id": customer.to_string()})))
}
