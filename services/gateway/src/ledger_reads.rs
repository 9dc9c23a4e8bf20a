//! Waiting for the ledger's part of what a client has seen.
//!
//! Duty: a client that has seen a bet accepted or settled or a deposit confirmed reads a balance
//! that shows it, although the ledger records its part elsewhere, and its views may be behind those
//! of bets. Prohibition: no wait without bound, and none for what the ledger passes over in silence.

use crate::app::App;
use crate::errors::Code;
use crate::positions::Token;
use crate::problem::Problem;
use crate::{events, views};
use kernel::{Position, Topic};
use schemas::rows::{BetRow, table};
use schemas::{Decision, bets, payments};
use std::time::Duration;

/// Between two looks at how far the ledger has come.
const LOOK_AGAIN: Duration = Duration::from_millis(3);

/// Waits until the views have passed the token's records, and the ledger's answers to them.
pub(crate) async fn wait_for(app: &App, token: &Token) -> Result<(), Problem> {
    let waiting = async {
        for position in token.positions() {
            views::passed(app, position).await?;
            if let Some(answer) = ledger_answer(app, position).await? {
                views::passed(app, answer).await?;
            }
        }
        Ok(())
    };
    tokio::time::timeout(app.config.view_wait, waiting)
        .await
        .unwrap_or_else(|_| Err(Problem::new(Code::ViewBehind)))
}

/// A record of the ledger that stands at or after its answer to what this record tells of; none
/// where it answers nothing.
async fn ledger_answer(app: &App, position: Position) -> Result<Option<Position>, Problem> {
    let Some(asked) = asked_of_ledger(app, position).await? else {
        return Ok(None);
    };
    // What is older than this process was answered long ago.
    if app.hub.is_older(asked) {
        return Ok(None);
    }
    loop {
        let answered = app.hub.ledger_answer(asked.topic_partition());
        if let Some((_, answer)) = answered.filter(|(offset, _)| *offset >= asked.offset) {
            return Ok(Some(answer));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The record that the ledger answers, of what this record tells: itself where it moves money; the
/// placement where it goes on from a hold, be it caused by a timer or by the answer of odds.
async fn asked_of_ledger(app: &App, position: Position) -> Result<Option<Position>, Problem> {
    match position.topic {
        Topic::BetsEvents | Topic::PaymentsEvents => {}
        Topic::AuthEvents
        | Topic::AuthCommands
        | Topic::OddsEvents
        | Topic::OddsCommands
        | Topic::BetsCommands
        | Topic::LedgerEvents
        | Topic::LedgerCommands
        | Topic::PaymentsCommands
        | Topic::FraudEvents
        | Topic::FraudCommands => return Ok(None),
    }
    // A position need not be a record of ours; then there is nothing to wait for.
    let Ok(decision) = views::decision_at(app, position).await else {
        return Ok(None);
    };
    if moves_money(&decision) {
        return Ok(Some(position));
    }
    let mut asked: Option<Position> = None;
    let going_on = events::of_bets(&decision).iter();
    for bet in going_on.filter_map(events::followed_bet) {
        let row: Option<BetRow> = views::row(app, table::BET, bet.bytes().to_vec()).await?;
        asked = asked.max(row.map(|row| row.position));
    }
    Ok(asked)
}

/// Whether the ledger has something to do after this decision.
fn moves_money(decision: &Decision) -> bool {
    let bets = events::of_bets(decision).iter().any(|event| {
        use bets::Event as E;
        matches!(
            event,
            E::BetPlaced(_)
                | E::BetSettled(_)
                | E::SettlementReversed(_)
                | E::BonusGranted(_)
                | E::BonusLapsed(_)
        ) || matches!(event, E::BetRejected(rejected) if rejected.held)
    });
    let payments = events::of_payments(decision).iter().any(|event| {
        use payments::Event as E;
        matches!(
            event,
            E::DepositConfirmed(_)
                | E::WithdrawalRequested(_)
                | E::WithdrawalPaid(_)
                | E::AdjustmentApproved(_)
        ) || matches!(event, E::WithdrawalFailed(failed) if failed.held)
    });
    bets || payments
}
