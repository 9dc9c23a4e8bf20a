//! Waiting for the ledger's part of what a client has seen.
//!
//! Duty: a client that has seen a bet settled or a deposit confirmed reads a balance that shows
//! it, although the ledger records its part a moment later and elsewhere. Prohibition: no wait
//! without bound, and none for what the ledger passes over in silence.

use crate::app::App;
use crate::errors::Code;
use crate::positions::Token;
use crate::problem::Problem;
use crate::{events, views};
use kernel::{Position, Topic};
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

/// A record of the ledger that stands at or after its answer to this record; none where it
/// answers nothing.
async fn ledger_answer(app: &App, position: Position) -> Result<Option<Position>, Problem> {
    let moves_money = match position.topic {
        Topic::BetsEvents | Topic::PaymentsEvents => {
            // A position need not be a record of ours; then there is nothing to wait for.
            let decision = views::decision_at(app, position).await.ok();
            decision.is_some_and(|decision| moves_money(&decision))
        }
        Topic::AuthEvents
        | Topic::AuthCommands
        | Topic::OddsEvents
        | Topic::OddsCommands
        | Topic::BetsCommands
        | Topic::LedgerEvents
        | Topic::LedgerCommands
        | Topic::PaymentsCommands
        | Topic::FraudEvents
        | Topic::FraudCommands => false,
    };
    // What is older than this process was answered long ago.
    if !moves_money || app.hub.is_older(position) {
        return Ok(None);
    }
    loop {
        let answered = app.hub.ledger_answer(position.topic_partition());
        if let Some((_, answer)) = answered.filter(|(offset, _)| *offset >= position.offset) {
            return Ok(Some(answer));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Whether the ledger has something to do after this decision.
fn moves_money(decision: &Decision) -> bool {
    let bets = events::of_bets(decision).iter().any(|event| {
        use bets::Event as E;
        matches!(
            event,
            E::BetPlaced(_) | E::BetSettled(_) | E::SettlementReversed(_)
        ) || matches!(event, E::BetRejected(rejected) if rejected.held)
    });
    let payments = events::of_payments(decision).iter().any(|event| {
        use payments::Event as E;
        matches!(
            event,
            E::DepositConfirmed(_) | E::WithdrawalRequested(_) | E::WithdrawalPaid(_)
        ) || matches!(event, E::WithdrawalFailed(failed) if failed.held)
    });
    bets || payments
}
