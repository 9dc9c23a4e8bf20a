//! Free bets and bonus money: giving them, seeing them, staking with them.
//!
//! Duty: each grant needs a role, a reason and a key, and becomes a command to bets under the name
//! of who gives; a customer sees what is there and how far the wagering is. Prohibition: whether
//! something may be given or staked is judged by bets, on the record.

use crate::answers::json_response;
use crate::app::App;
use crate::extract::{ApiJson, ApiPath, ApiQuery, Caller, Fields, MoneyBody, OneQuery, position};
use crate::money::must_be_theirs;
use crate::permissions::Permission;
use crate::problem::Problem;
use crate::routes::admin::{Act, by, done, reason};
use crate::shapes::{money, time};
use crate::views;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kernel::{BonusId, CustomerId, FreeBetId, Money, Price, Timestamp, Topic};
use schemas::auth::Role;
use schemas::bets::Command;
use schemas::promotions::{
    Bonus, BonusStake, FreeBet, GrantBonus, GrantFreeBet, StakeSource, TokenStake,
};
use schemas::rows::{BonusRow, FreeBetRow, table};
use serde::Deserialize;
use serde_json::{Value, json};
use viewstore::Scan;

/// Who gives.
pub(crate) const GRANT_ROLES: &[Role] = Permission::GivePromotions.roles();
/// As many times a bonus may have to be staked.
const WAGERING_TIMES_MAX: u16 = 100;
/// So many of each kind are shown, the newest.
const SHOWN_MAX: usize = 200;

/// What a slip says of who pays. Cash is what is not said.
pub(crate) fn source(
    fields: &mut Fields,
    free_bet: Option<&str>,
    stake_source: Option<&str>,
) -> Option<StakeSource> {
    let of_bonus = |cash_allowed| Some(StakeSource::BonusStake(BonusStake { cash_allowed }));
    match (free_bet, stake_source) {
        (None, None | Some("cash")) => None,
        (None, Some("bonus")) => of_bonus(false),
        (None, Some("mixed")) => of_bonus(true),
        (Some(token), None) => {
            let free_bet = fields.parse("/free_bet", token)?;
            Some(StakeSource::TokenStake(TokenStake { free_bet }))
        }
        (Some(_), Some(_)) => {
            fields.wrong(
                "/stake_source",
                "a token is staked alone or with cash: leave this out",
            );
            None
        }
        (None, Some(_)) => {
            fields.wrong("/stake_source", "one of cash, bonus, mixed is expected");
            None
        }
    }
}

/// The source as part of a slip's content.
pub(crate) fn canonical(source: &StakeSource) -> Value {
    match source {
        StakeSource::TokenStake(token) => json!(token.free_bet.to_string()),
        StakeSource::BonusStake(bonus) if bonus.cash_allowed => json!("mixed"),
        StakeSource::BonusStake(_) => json!("bonus"),
    }
}

/// The body of bonus money.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BonusBody {
    amount: MoneyBody,
    wagering_times: u16,
    #[serde(default)]
    price_min: Option<String>,
    #[serde(default)]
    converted_max: Option<MoneyBody>,
    expires_at: String,
    reason: Option<String>,
}

/// The body of a token.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FreeBetBody {
    value: MoneyBody,
    #[serde(default)]
    stake_returned: bool,
    #[serde(default)]
    price_min: Option<String>,
    expires_at: String,
    reason: Option<String>,
}

fn price_min(fields: &mut Fields, text: Option<&str>) -> Option<Price> {
    text.and_then(|text| fields.parse("/price_min", text))
}

/// POST /v1/admin/customers/{id}/bonus
pub(crate) async fn give_bonus(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(customer): ApiPath<CustomerId>,
    ApiJson(body): ApiJson<BonusBody>,
) -> Result<Response, Problem> {
    let why = reason(body.reason, "/reason")?;
    let mut fields = Fields::default();
    let amount = fields.money("/amount", &body.amount.amount, &body.amount.currency);
    let price_min = price_min(&mut fields, body.price_min.as_deref());
    let most = body.converted_max.as_ref();
    let converted_max =
        most.and_then(|most| fields.money("/converted_max", &most.amount, &most.currency));
    let expires_at = fields.time("/expires_at", &body.expires_at);
    if !(1..=WAGERING_TIMES_MAX).contains(&body.wagering_times) {
        let message = format!("between 1 and {WAGERING_TIMES_MAX} times are expected");
        fields.wrong("/wagering_times", message);
    }
    let (amount, expires_at) = fields.finish(amount.zip(expires_at))?;
    must_be_theirs(&app, customer, "/amount", amount).await?;
    let act = Act {
        caller: &caller,
        headers: &headers,
        route: "POST /v1/admin/customers/bonus",
        content: json!([
            customer.to_string(),
            money(amount),
            body.wagering_times,
            price_min.map(|price| price.to_string()),
            converted_max.map(money),
            time(expires_at),
            why,
        ]),
        inbox: Topic::BetsCommands,
        journal: Topic::BetsEvents,
        partition: customer.partition(),
    };
    let command = Command::GrantBonus(GrantBonus {
        bonus: BonusId::from_bytes(app.mint.id(customer.partition())),
        customer,
        amount,
        wagering_times: body.wagering_times,
        price_min,
        converted_max,
        expires_at,
        reason: why,
        by: by(&caller),
    });
    let answer = act.ask(&app, command).await?;
    let given = crate::events::of_bets(&answer.decision)
        .iter()
        .find_map(crate::events::bonus_given);
    let decided_at = answer.decision.header.decided_at;
    let shown = given.map(|bonus| bonus_json(bonus, decided_at));
    Ok(done(&answer, granted(customer, "bonus", shown)))
}

/// POST /v1/admin/customers/{id}/free-bets
pub(crate) async fn give_free_bet(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(customer): ApiPath<CustomerId>,
    ApiJson(body): ApiJson<FreeBetBody>,
) -> Result<Response, Problem> {
    let why = reason(body.reason, "/reason")?;
    let mut fields = Fields::default();
    let value = fields.money("/value", &body.value.amount, &body.value.currency);
    let price_min = price_min(&mut fields, body.price_min.as_deref());
    let expires_at = fields.time("/expires_at", &body.expires_at);
    let (value, expires_at) = fields.finish(value.zip(expires_at))?;
    must_be_theirs(&app, customer, "/value", value).await?;
    let act = Act {
        caller: &caller,
        headers: &headers,
        route: "POST /v1/admin/customers/free-bets",
        content: json!([
            customer.to_string(),
            money(value),
            body.stake_returned,
            price_min.map(|price| price.to_string()),
            time(expires_at),
            why,
        ]),
        inbox: Topic::BetsCommands,
        journal: Topic::BetsEvents,
        partition: customer.partition(),
    };
    let command = Command::GrantFreeBet(GrantFreeBet {
        free_bet: FreeBetId::from_bytes(app.mint.id(customer.partition())),
        customer,
        value,
        price_min,
        stake_returned: body.stake_returned,
        expires_at,
        reason: why,
        by: by(&caller),
    });
    let answer = act.ask(&app, command).await?;
    let given = crate::events::of_bets(&answer.decision)
        .iter()
        .find_map(crate::events::token_given);
    let decided_at = answer.decision.header.decided_at;
    let shown = given.map(|token| token_json(token, decided_at));
    Ok(done(&answer, granted(customer, "free_bet", shown)))
}

fn granted(customer: CustomerId, kind: &str, shown: Option<Value>) -> Value {
    json!({"customer_id": customer.to_string(), kind: shown})
}

/// GET /v1/account/bonuses, newest first
pub(crate) async fn bonuses(
    State(app): State<App>,
    caller: Caller,
    ApiQuery(query): ApiQuery<OneQuery>,
) -> Result<Response, Problem> {
    if let Some(token) = position(query.min_position.as_deref())? {
        views::wait_for(&app, &token).await?;
    }
    let of = caller.subject.customer.bytes().to_vec();
    let now = app.now();
    let newest = |table| Scan::of(table, of.clone()).reversed().rows_max(SHOWN_MAX);
    let tokens = views::rows::<FreeBetRow>(&app, newest(table::FREE_BET)).await?;
    let money = views::rows::<BonusRow>(&app, newest(table::BONUS)).await?;
    let tokens: Vec<Value> = tokens
        .iter()
        .map(|(_, row)| token_json(&row.free_bet, now))
        .collect();
    let money: Vec<Value> = money
        .iter()
        .map(|(_, row)| bonus_json(&row.bonus, now))
        .collect();
    let body = json!({"free_bets": tokens, "bonuses": money});
    Ok(json_response(StatusCode::OK, &body))
}

fn token_json(token: &FreeBet, now: Timestamp) -> Value {
    let status = if !token.used_by.is_empty() {
        "used"
    } else if token.expires_at <= now {
        "expired"
    } else {
        "open"
    };
    let bets: Vec<String> = token.used_by.iter().map(ToString::to_string).collect();
    json!({
        "id": token.free_bet.to_string(),
        "status": status,
        "value": money(token.value),
        "price_min": token.price_min.map(|price| price.to_string()),
        "stake_returned": token.stake_returned,
        "expires_at": time(token.expires_at),
        "granted_at": time(token.granted_at),
        "bet_ids": bets,
    })
}

fn bonus_json(bonus: &Bonus, now: Timestamp) -> Value {
    let left = bonus
        .wagering_required
        .minor()
        .saturating_sub(bonus.wagered.minor())
        .max(0);
    let status = if left == 0 {
        "converted"
    } else if bonus.expires_at <= now && bonus.open_slips == 0 {
        "expired"
    } else {
        "open"
    };
    json!({
        "id": bonus.bonus.to_string(),
        "status": status,
        "amount": money(bonus.amount),
        "available": money(bonus.available),
        "wagering_required": money(bonus.wagering_required),
        "wagered": money(bonus.wagered),
        "wagering_left": money(Money::from_minor(left, bonus.amount.currency())),
        "price_min": bonus.price_min.map(|price| price.to_string()),
        "converted": money(bonus.converted),
        "converted_max": bonus.converted_max.map(money),
        "open_slips": bonus.open_slips,
        "expires_at": time(bonus.expires_at),
        "granted_at": time(bonus.granted_at),
    })
}
