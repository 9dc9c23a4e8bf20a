//! Slips that wait for a trader.
//!
//! Duty: the traders' list, and their answers as commands under the name of who answers.
//! Prohibition: the view only says which slips there are; whether one still waits is the owner's
//! matter.

use crate::app::App;
use crate::errors::Code;
use crate::extract::{ApiJson, ApiPath, ApiQuery, Caller, Fields, MoneyBody};
use crate::lists::{Page, cursor_of, page_json};
use crate::problem::Problem;
use crate::routes::admin::{Act, ReasonBody, by, done, reason};
use crate::routes::bets::picture_of;
use crate::shapes::{Named, money, time};
use crate::views;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use kernel::{BetId, Money, Topic};
use schemas::bets::{AnswerReferral, Command, ReferralWord};
use schemas::rows::{BetRow, BetStatus, BetStatusRow, ReferralAnsweredRow, ReferralRow, table};
use serde::Deserialize;
use serde_json::{Value, json};
use viewstore::Scan;

/// What the list may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReferralsQuery {
    cursor: Option<String>,
    limit: Option<u32>,
}

/// GET /v1/admin/referrals, the first to end first
pub(crate) async fn list(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<ReferralsQuery>,
) -> Result<Response, Problem> {
    let page = Page::new(query.cursor.as_deref(), query.limit)?;
    // Keys begin with the end of the wait: what has ended stands before.
    let mut ended = app.now().micros().to_be_bytes().to_vec();
    ended.extend([u8::MAX; 16]);
    let after = page.after.unwrap_or_default().max(ended);
    let scan = Scan::of(table::REFERRAL, Vec::new())
        .rows_max(page.limit)
        .after(after);
    let rows = views::rows::<ReferralRow>(&app, scan).await?;
    let full = rows.len() == page.limit;
    let next_cursor = rows.last().filter(|_| full).map(|(key, _)| cursor_of(key));
    let mut items = Vec::new();
    for (_, row) in rows {
        if waits(&app, row.told.bet).await? {
            items.push(referral(&app, &row).await?);
        }
    }
    Ok(page_json(items, next_cursor))
}

/// Whether nobody has answered and nothing has ended the slip.
async fn waits(app: &App, bet: BetId) -> Result<bool, Problem> {
    let key = bet.bytes().to_vec();
    let answered: Option<ReferralAnsweredRow> =
        views::row(app, table::REFERRAL_ANSWERED, key.clone()).await?;
    let status: Option<BetStatusRow> = views::row(app, table::BET_STATUS, key).await?;
    Ok(answered.is_none() && status.is_some_and(|row| row.status == BetStatus::Pending))
}

async fn referral(app: &App, row: &ReferralRow) -> Result<Value, Problem> {
    let told = &row.told;
    let picture = picture_of(app, told.bet).await?;
    Ok(json!({
        "id": told.bet.to_string(),
        "customer_id": told.customer.to_string(),
        "stake": money(told.stake),
        "automatic_max": money(told.automatic_max),
        "rules_version": told.rules_version,
        "referred_at": time(row.at),
        "until": time(told.until),
        "bet": picture.map(|(_, picture)| Value::Object(picture.to_json())),
    }))
}

/// The body of an acceptance or an offer. The stake is that of one line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerBody {
    reason: Option<String>,
    stake: Option<MoneyBody>,
}

impl AnswerBody {
    fn checked(self) -> Result<(String, Option<Money>), Problem> {
        let mut fields = Fields::default();
        let stake = self
            .stake
            .map(|stake| fields.money("/stake", &stake.amount, &stake.currency));
        fields.finish(Some(()))?;
        Ok((reason(self.reason, "/reason")?, stake.flatten()))
    }
}

/// POST /v1/admin/referrals/{id}/accept
pub(crate) async fn accept(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(bet): ApiPath<BetId>,
    ApiJson(body): ApiJson<AnswerBody>,
) -> Result<Response, Problem> {
    let (reason, stake) = body.checked()?;
    let said = (ReferralWord::Accepted, reason, stake);
    answer(&app, (&caller, &headers), bet, said).await
}

/// POST /v1/admin/referrals/{id}/decline
pub(crate) async fn decline(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(bet): ApiPath<BetId>,
    ApiJson(body): ApiJson<ReasonBody>,
) -> Result<Response, Problem> {
    let reason = body.said()?;
    let said = (ReferralWord::Declined, reason, None);
    answer(&app, (&caller, &headers), bet, said).await
}

/// POST /v1/admin/referrals/{id}/offer
pub(crate) async fn offer(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(bet): ApiPath<BetId>,
    ApiJson(body): ApiJson<AnswerBody>,
) -> Result<Response, Problem> {
    let (reason, stake) = body.checked()?;
    if stake.is_none() {
        return Err(Problem::new(Code::ValidationFailed).at("/stake", "what is offered"));
    }
    let said = (ReferralWord::Offered, reason, stake);
    answer(&app, (&caller, &headers), bet, said).await
}

async fn answer(
    app: &App,
    (caller, headers): (&Caller, &HeaderMap),
    bet: BetId,
    (word, reason, unit_stake): (ReferralWord, String, Option<Money>),
) -> Result<Response, Problem> {
    let row: Option<BetRow> = views::row(app, table::BET, bet.bytes().to_vec()).await?;
    let row = row.ok_or_else(|| Problem::new(Code::ReferralUnknown))?;
    let selections = row.placed.legs.iter().map(|leg| leg.selection);
    let act = Act {
        caller,
        headers,
        route: "POST /v1/admin/referrals",
        content: json!([bet.to_string(), word.name(), unit_stake.map(money), reason]),
        inbox: Topic::BetsCommands,
        journal: Topic::BetsEvents,
        partition: bet.partition(),
    };
    let command = Command::AnswerReferral(AnswerReferral {
        bet,
        answer: word,
        unit_stake,
        by: by(caller),
        reason,
        selections: selections.collect(),
    });
    let answer = act.ask(app, command).await?;
    let body = json!({"id": bet.to_string(), "answer": word.name()});
    Ok(done(&answer, body))
}
