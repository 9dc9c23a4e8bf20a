//! A customer's money as the views show it.
//!
//! Duty: balances now, at a time or at a position, from the rows of the ledger's view.
//! Prohibition: no sum is kept here; every figure is one that the ledger recorded.

use crate::app::App;
use crate::errors::Code;
use crate::extract::Fields;
use crate::positions::Token;
use crate::problem::Problem;
use crate::views;
use kernel::{Currency, CustomerId, Money, Partition, Position, Timestamp, Topic, TopicPartition};
use schemas::Wire;
use schemas::ledger::{Account, AccountKind, Balance};
use schemas::rows::{BalanceRow, CustomerRow, StatementRow, table};
use serde_json::{Value, json};

/// When a balance is asked for.
#[derive(Clone, Debug)]
pub(crate) enum At {
    /// As it stands.
    Now,
    /// After the last entry until then.
    Time(Timestamp),
    /// After the last entry up to that record of the ledger.
    Position(Position),
}

/// An account's amounts, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amounts {
    /// Credits less debits.
    pub posted_minor: i64,
    /// What of it is held.
    pub held_minor: i64,
    /// The last entry's record.
    pub position: Option<Position>,
}

/// A customer's account of a kind.
pub(crate) fn account(customer: CustomerId, kind: AccountKind, currency: Currency) -> Account {
    Account {
        customer: Some(customer),
        kind,
        currency,
    }
}

/// The key of an account's rows. The house has its accounts once in each partition.
pub(crate) fn key(account: &Account, partition: Partition) -> Vec<u8> {
    let mut key = account.to_bytes();
    if account.customer.is_none() {
        key.extend_from_slice(&partition.to_be_bytes());
    }
    key
}

/// The customer's row; staff and customers alike have one.
pub(crate) async fn customer(app: &App, customer: CustomerId) -> Result<CustomerRow, Problem> {
    views::row(app, table::CUSTOMER, customer.bytes().to_vec())
        .await?
        .ok_or_else(|| Problem::new(Code::CustomerUnknown))
}

/// The currency is the customer's, so that what is given or won is worth something to them.
pub(crate) async fn must_be_theirs(
    app: &App,
    of: CustomerId,
    pointer: &str,
    amount: Money,
) -> Result<(), Problem> {
    let expected = customer(app, of).await?.currency;
    if amount.currency() == expected {
        return Ok(());
    }
    let mut fields = Fields::default();
    fields.wrong(
        format!("{pointer}/currency"),
        format!("the account is in {expected}"),
    );
    fields.finish(None)
}

/// What an account holds at a point.
pub(crate) async fn amounts(app: &App, key: &[u8], at: &At) -> Result<Amounts, Problem> {
    let row: Option<BalanceRow> = views::row(app, table::BALANCE, key.to_vec()).await?;
    let Some(row) = row else {
        return Ok(Amounts::default());
    };
    let now = Amounts {
        posted_minor: row.posted_minor,
        held_minor: row.held_minor,
        position: Some(row.position),
    };
    let covers = match at {
        At::Now => true,
        At::Time(time) => row.at <= *time,
        At::Position(position) => row.position.offset <= position.offset,
    };
    if covers {
        return Ok(now);
    }
    let line = last_line(app, key, row.entry, at).await?;
    Ok(line.map_or_else(Amounts::default, |line| Amounts {
        posted_minor: line.posted_minor,
        held_minor: line.held_minor,
        position: Some(line.position),
    }))
}

/// The last statement line at a point: entries are numbered without gaps, so halving finds it.
async fn last_line(
    app: &App,
    key: &[u8],
    newest: u64,
    at: &At,
) -> Result<Option<StatementRow>, Problem> {
    let (mut low, mut high) = (1, newest);
    let mut found = None;
    while low <= high {
        let middle = low.midpoint(high);
        let line = line(app, key, middle).await?;
        let before = line.as_ref().is_some_and(|line| match at {
            At::Now => true,
            At::Time(time) => line.at <= *time,
            At::Position(position) => line.position.offset <= position.offset,
        });
        if before {
            found = line;
            low = middle.saturating_add(1);
        } else {
            high = middle.saturating_sub(1);
        }
    }
    Ok(found)
}

async fn line(app: &App, key: &[u8], entry: u64) -> Result<Option<StatementRow>, Problem> {
    let mut key = key.to_vec();
    key.extend_from_slice(&entry.to_be_bytes());
    views::row(app, table::STATEMENT, key).await
}

/// What a customer has: spendable cash, what of it is held, bonus money. `cash` and `held` are
/// apart; together they are the cash account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wallet {
    pub cash: Amounts,
    pub bonus: Amounts,
    pub receivable: Amounts,
    pub currency: Currency,
    pub seen: Token,
}

impl Wallet {
    /// As every address shows it.
    pub(crate) fn to_json(&self) -> Value {
        let shown = |minor| Money::from_minor(minor, self.currency).to_string();
        let free = self.cash.posted_minor.saturating_sub(self.cash.held_minor);
        json!({
            "cash": shown(free),
            "held": shown(self.cash.held_minor),
            "bonus": shown(self.bonus.posted_minor.saturating_sub(self.bonus.held_minor)),
            "bonus_held": shown(self.bonus.held_minor),
            "owed": shown(self.receivable.posted_minor.saturating_neg().max(0)),
            "currency": self.currency.code(),
            "position": self.seen.text(),
        })
    }

    /// Takes notice of an account's new balance, unless a newer one is known. Tells whether it
    /// was news.
    pub(crate) fn take(&mut self, account: &Account, balance: &Balance, at: Position) -> bool {
        if account.currency != self.currency {
            return false;
        }
        let shown = match account.kind {
            AccountKind::Cash => &mut self.cash,
            AccountKind::Bonus => &mut self.bonus,
            AccountKind::Receivable => &mut self.receivable,
            AccountKind::Book
            | AccountKind::Provider
            | AccountKind::Suspense
            | AccountKind::Promotions
            | AccountKind::Adjustments => return false,
        };
        // Several entries of one record come one after the other, at one position.
        if shown.position.is_some_and(|shown| shown.offset > at.offset) {
            return false;
        }
        let amounts = Amounts {
            posted_minor: balance.posted_minor,
            held_minor: balance.held_minor,
            position: Some(at),
        };
        let news = *shown != amounts;
        *shown = amounts;
        self.seen.see(at);
        news
    }
}

/// A customer's wallet at a point.
pub(crate) async fn wallet(
    app: &App,
    customer: CustomerId,
    currency: Currency,
    at: &At,
) -> Result<Wallet, Problem> {
    let ledger = TopicPartition::new(Topic::LedgerEvents, customer.partition());
    // Looked at before the rows: what is shown is at least as new as the position says.
    let read_to = views::next_offset(app, ledger).await?.checked_sub(1);
    let of = |kind| account(customer, kind, currency).to_bytes();
    let cash = amounts(app, &of(AccountKind::Cash), at).await?;
    let bonus = amounts(app, &of(AccountKind::Bonus), at).await?;
    let receivable = amounts(app, &of(AccountKind::Receivable), at).await?;
    let mut seen = Token::default();
    let stands_at = match at {
        At::Now => read_to.map(|offset| ledger.at(offset)),
        At::Time(_) => cash.position,
        At::Position(position) => Some(*position),
    };
    if let Some(position) = stands_at {
        seen.see(position);
    }
    Ok(Wallet {
        cash,
        bonus,
        receivable,
        currency,
        seen,
    })
}
