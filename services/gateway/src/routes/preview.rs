//! What taking a result back, or giving another one, would touch.
//!
//! Duty: the bets, the accounts, the money and the debts, from the views and at the position that
//! they stand at, before anybody decides. Prohibition: nothing is decided, and the verdict on each
//! slip is that of bets, not one of our own.

use crate::answers::json_response;
use crate::app::App;
use crate::errors::Code;
use crate::money::{self, At};
use crate::ports::{Foresight, SlipRows};
use crate::positions::Token;
use crate::problem::Problem;
use crate::shapes::{Named, money as money_json};
use crate::views;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::{BetId, BonusId, Currency, CustomerId, MarketId, Money, Topic, TopicPartition};
use schemas::bets::SlipOutcome;
use schemas::ledger::AccountKind;
use schemas::odds::SelectionOutcome;
use schemas::promotions::{Division, Promotion};
use schemas::rows::{
    BetAcceptedRow, BetFundingRow, BetPartRow, BetRow, BetStatus, BetStatusRow, BetTermsRow,
    BonusRow, CashOutRow, LegVoidRow, table,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use viewstore::Scan;

const ROWS_AT_ONCE: usize = 1_000;

/// Debts are listed one by one up to so many; the sums hold all of them.
const DEBTS_LISTED_MAX: usize = 100;

/// What becomes of the market: its result is withdrawn, or it gets these outcomes.
pub(crate) type Becomes = Option<Vec<SelectionOutcome>>;

/// Sums by currency, in minor units.
type Sums = BTreeMap<Currency, i64>;

fn add(sums: &mut Sums, money: Money) {
    let sum = sums.entry(money.currency()).or_default();
    *sum = sum.saturating_add(money.minor());
}

fn sums_json(sums: &Sums) -> Value {
    let one =
        |(currency, minor): (&Currency, &i64)| money_json(Money::from_minor(*minor, *currency));
    Value::Array(sums.iter().map(one).collect())
}

/// What would happen, in all.
#[derive(Default)]
struct Touched {
    looked_at: u64,
    taken_back: u64,
    settled: u64,
    unchanged: u64,
    open: u64,
    paid_before: Sums,
    paid_after: Sums,
    /// By account, what it would gain or lose.
    accounts: BTreeMap<(CustomerId, Currency), i64>,
    /// By grant, what its worth and its wagering would gain or lose.
    bonuses: BTreeMap<(CustomerId, BonusId), [i64; 2]>,
}

/// A return, and what of it is not cash.
#[derive(Clone, PartialEq, Eq)]
struct Return {
    whole: Money,
    of_bonus: Option<(BonusId, Division)>,
}

impl Return {
    fn of(told: (Money, SlipOutcome), slip: &SlipRows, foresight: &dyn Foresight) -> Self {
        let (whole, outcome) = told;
        let funded = slip.funded.as_ref();
        let of_bonus = funded.and_then(|funded| match &funded.promotion {
            Promotion::FreeBet(_) => None,
            Promotion::Bonus(bonus) => {
                Some((bonus.bonus, foresight.divided(funded, whole, outcome)))
            }
        });
        Self { whole, of_bonus }
    }

    fn cash(&self) -> Money {
        let divided = self.of_bonus.as_ref();
        divided.map_or(self.whole, |(_, division)| division.to_cash)
    }
}

impl Touched {
    /// A slip that pays `before` would pay `after`; none: it is or would be open.
    fn slip(&mut self, customer: CustomerId, before: Option<Return>, after: Option<Return>) {
        self.looked_at = self.looked_at.saturating_add(1);
        if before == after {
            let count = if before.is_some() {
                &mut self.unchanged
            } else {
                &mut self.open
            };
            *count = count.saturating_add(1);
            return;
        }
        let changes = [(&before, -1_i64), (&after, 1)];
        for (told, sign) in changes {
            let Some(told) = told else { continue };
            let money = told.cash();
            let account = self
                .accounts
                .entry((customer, money.currency()))
                .or_default();
            *account = account.saturating_add(money.minor().saturating_mul(sign));
            if let Some((bonus, division)) = &told.of_bonus {
                let [worth, wagered] = self.bonuses.entry((customer, *bonus)).or_default();
                let change = |money: Money| money.minor().saturating_mul(sign);
                *worth = worth.saturating_add(change(division.to_bonus));
                *wagered = wagered.saturating_add(change(division.wagered));
            }
        }
        if let Some(before) = before {
            self.taken_back = self.taken_back.saturating_add(1);
            add(&mut self.paid_before, before.whole);
        }
        if let Some(after) = after {
            self.settled = self.settled.saturating_add(1);
            add(&mut self.paid_after, after.whole);
        }
    }
}

/// The preview as an answer.
pub(crate) async fn preview(
    app: &App,
    market: MarketId,
    becomes: Becomes,
) -> Result<Response, Problem> {
    let known = app
        .market_view()
        .market(market)
        .map(|market| (market.status, market.result));
    let (status, result) = known.ok_or_else(|| Problem::new(Code::MarketUnknown))?;
    let foresight = app.foresight.as_ref();
    let foresight = foresight.ok_or_else(|| Problem::new(Code::NotFound))?;
    let position = stands_at(app).await?;
    let touched = touched_by(app, market, &becomes, foresight.as_ref()).await?;
    let debts = debts(app, &touched).await?;
    let mut owed = Sums::new();
    debts.iter().for_each(|(_, debt)| add(&mut owed, *debt));
    let listed = debts.iter().take(DEBTS_LISTED_MAX).map(
        |(customer, debt)| json!({"customer_id": customer.to_string(), "owes": money_json(*debt)}),
    );
    let body = json!({
        "preview": true,
        "market_id": market.to_string(),
        "status": status.name(),
        "result": result,
        "position": position.text(),
        "bets_looked_at": touched.looked_at,
        "bets": touched.taken_back,
        "bets_settled": touched.settled,
        "bets_unchanged": touched.unchanged,
        "bets_open": touched.open,
        "accounts": touched.accounts.len(),
        "returned": sums_json(&touched.paid_before),
        "paid": sums_json(&touched.paid_after),
        "debts": {
            "accounts": debts.len(),
            "sum": sums_json(&owed),
            "items": listed.collect::<Vec<_>>(),
        },
    });
    Ok(json_response(StatusCode::OK, &body))
}

/// The records up to which the views of bets and the ledger tell.
async fn stands_at(app: &App) -> Result<Token, Problem> {
    let mut positions = Vec::new();
    for topic in [Topic::BetsEvents, Topic::LedgerEvents] {
        for partition in 0..app.partitions {
            let at = TopicPartition::new(topic, partition);
            let next = views::next_offset(app, at).await?;
            positions.extend(next.checked_sub(1).map(|last| at.at(last)));
        }
    }
    Ok(Token::of(&positions))
}

async fn touched_by(
    app: &App,
    market: MarketId,
    becomes: &Becomes,
    foresight: &dyn Foresight,
) -> Result<Touched, Problem> {
    let mut touched = Touched::default();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let mut scan = Scan::of(table::BET, Vec::new()).rows_max(ROWS_AT_ONCE);
        if let Some(after) = after.take() {
            scan = scan.after(after);
        }
        let rows = views::rows::<BetRow>(app, scan).await?;
        let full = rows.len() == ROWS_AT_ONCE;
        after = rows.last().filter(|_| full).map(|(key, _)| key.clone());
        for (_, row) in rows {
            if row.placed.legs.iter().any(|leg| leg.market == market) {
                look_at(app, &row, market, becomes, foresight, &mut touched).await?;
            }
        }
        if after.is_none() {
            convert(app, foresight, &mut touched).await?;
            return Ok(touched);
        }
    }
}

/// What bonus money would become cash by that, or would be bonus money again.
async fn convert(
    app: &App,
    foresight: &dyn Foresight,
    touched: &mut Touched,
) -> Result<(), Problem> {
    for ((customer, bonus), [worth, wagered]) in &touched.bonuses {
        let key = [customer.bytes(), bonus.bytes()].concat();
        let known: Option<BonusRow> = views::row(app, table::BONUS, key).await?;
        let Some(row) = known else { continue };
        let more = foresight.converted_more(&row.bonus, *worth, *wagered);
        let of = (*customer, row.bonus.amount.currency());
        let account = touched.accounts.entry(of).or_default();
        *account = account.saturating_add(more);
    }
    Ok(())
}

async fn look_at(
    app: &App,
    row: &BetRow,
    market: MarketId,
    becomes: &Becomes,
    foresight: &dyn Foresight,
    touched: &mut Touched,
) -> Result<(), Problem> {
    let bet: BetId = row.placed.bet;
    let key = bet.bytes().to_vec();
    let status: Option<BetStatusRow> = views::row(app, table::BET_STATUS, key.clone()).await?;
    let Some(status) = status else {
        return Ok(());
    };
    match status.status {
        BetStatus::Settled | BetStatus::Accepted => {}
        BetStatus::Pending | BetStatus::Rejected | BetStatus::CashedOut => return Ok(()),
    }
    let accepted: Option<BetAcceptedRow> =
        views::row(app, table::BET_ACCEPTED, key.clone()).await?;
    let terms: Option<BetTermsRow> = views::row(app, table::BET_TERMS, key.clone()).await?;
    let part: Option<BetPartRow> = views::row(app, table::BET_PART, key.clone()).await?;
    let sold: Option<CashOutRow> = views::row(app, table::CASH_OUT, key.clone()).await?;
    let funded: Option<BetFundingRow> = views::row(app, table::BET_FUNDING, key).await?;
    let voids = views::rows::<LegVoidRow>(app, Scan::of(table::LEG_VOID, bet.bytes())).await?;
    let voided = voids.into_iter().map(|(_, row)| row);
    let slip = SlipRows {
        placed: row.placed.clone(),
        legs: accepted.map_or_else(|| row.placed.legs.clone(), |accepted| accepted.legs),
        terms: terms.map(|row| row.terms),
        part: part.map(|row| row.told),
        stake_left: sold.map(|row| row.stake_left),
        voided: voided
            .filter(|row| row.void.is_some())
            .map(|row| row.selection)
            .collect(),
        funded: funded.map(|row| row.funded),
    };
    let view = app.market_view();
    let after = foresight
        .returned_if(&view, &slip, market, becomes.as_deref())
        .map_err(|detail| Problem::new(Code::Internal).detail(detail))?;
    let of = |told| Return::of(told, &slip, foresight);
    let before = status.returned.zip(status.outcome).map(of);
    touched.slip(row.placed.customer, before, after.map(of));
    Ok(())
}

/// Who would owe, and how much: what is available and owed now, with what would be taken.
async fn debts(app: &App, touched: &Touched) -> Result<Vec<(CustomerId, Money)>, Problem> {
    let mut debts = Vec::new();
    for ((customer, currency), change) in &touched.accounts {
        if *change >= 0 {
            continue;
        }
        let mut net = *change;
        for kind in [AccountKind::Cash, AccountKind::Receivable] {
            let account = money::account(*customer, kind, *currency);
            let key = money::key(&account, customer.partition());
            let amounts = money::amounts(app, &key, &At::Now).await?;
            let available = amounts.posted_minor.saturating_sub(amounts.held_minor);
            net = net.saturating_add(available);
        }
        if net < 0 {
            debts.push((
                *customer,
                Money::from_minor(net.saturating_neg(), *currency),
            ));
        }
    }
    Ok(debts)
}
