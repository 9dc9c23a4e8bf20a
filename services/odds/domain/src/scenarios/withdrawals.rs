//! Selections that take no part any more.

use super::*;
use crate::command::Withdrawal;
use crate::rejection::Rejection;

const SINCE: Timestamp = Timestamp::from_millis(4);

fn withdrawal(reduction: Option<u32>) -> Withdrawal {
    Withdrawal {
        market: MARKET,
        selection: DRAW,
        withdrawn_at: SINCE,
        reduction,
    }
}

fn withdrawn(version: u64, price: Option<&str>) -> Event {
    Event::SelectionWithdrawn {
        withdrawal: withdrawal(Some(714)),
        version,
        price: price.and_then(|text| text.parse().ok()),
        by: None,
    }
}

fn withdraw() -> Update {
    Update::Withdraw(withdrawal(Some(714)))
}

#[test]
fn a_withdrawal_tells_the_last_price() {
    after_open([])
        .when(said(4, withdraw()))
        .then([withdrawn(3, Some("3.4")), advanced(4)]);
}

#[test]
fn a_withdrawal_before_the_first_book_has_no_price() {
    Odd::given([announced(), offered(MARKET), advanced(2)])
        .when(said(3, withdraw()))
        .then([withdrawn(2, None), advanced(3)]);
}

#[test]
fn a_withdrawal_again_changes_nothing() {
    after_open([withdrawn(3, Some("3.4"))])
        .when(said(4, withdraw()))
        .then([advanced(4)]);
}

#[test]
fn the_withdrawn_have_no_price_whatever_a_book_says() {
    after_open([withdrawn(3, Some("3.4"))])
        .when(said(4, quote(["2.2", "3.4", "2.6"])))
        .then([published(4, ["2.2", "none", "2.6"], 4), advanced(4)]);
    let state = after_open([withdrawn(3, Some("3.4"))]).state();
    assert_eq!(state.markets[&MARKET].prices[1], None);
}

#[test]
fn only_a_selection_of_the_market_can_be_withdrawn() {
    let stranger = SelectionId::example(999, 0);
    let update = Update::Withdraw(Withdrawal {
        selection: stranger,
        ..withdrawal(None)
    });
    after_open([])
        .when(said(4, update))
        .then_rejected(Rejection::SelectionUnknown(stranger));
}

#[test]
fn after_the_result_nobody_withdraws() {
    after_open([resulted(3, 1, HOME_WON, None)])
        .when(said(4, withdraw()))
        .then_rejected(Rejection::MarketNotInState {
            market: MARKET,
            state: "settled",
        });
}

fn by_trader(reason: &str) -> Command {
    Command::WithdrawSelection {
        market: MARKET,
        selection: DRAW,
        withdrawn_at: SINCE,
        reason: reason.to_owned(),
        by: "trader".to_owned(),
    }
}

#[test]
fn an_operator_withdraws_with_a_reason() {
    after_open([]).when(by_trader("lame")).then([{
        Event::SelectionWithdrawn {
            withdrawal: withdrawal(None),
            version: 3,
            price: "3.4".parse().ok(),
            by: Some("trader".to_owned()),
        }
    }]);
    after_open([])
        .when(by_trader(" "))
        .then_rejected(Rejection::ReasonMissing);
    Odd::given([])
        .when(by_trader("lame"))
        .then_rejected(Rejection::MarketUnknown(MARKET));
}
