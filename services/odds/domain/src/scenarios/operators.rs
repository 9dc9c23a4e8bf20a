//! What operators may do to a market.

use super::*;
use crate::event::Doubt;
use crate::rejection::Rejection;

fn stop() -> Command {
    Command::SuspendMarket {
        market: MARKET,
        reason: "odd bets".to_owned(),
        by: "trader".to_owned(),
    }
}

fn go() -> Command {
    Command::ResumeMarket {
        market: MARKET,
        reason: "explained".to_owned(),
        by: "trader".to_owned(),
    }
}

fn give(outcomes: [Outcome; 3]) -> Command {
    Command::ResultMarket {
        market: MARKET,
        outcomes: results(outcomes),
        reason: "seen on video".to_owned(),
        by: "trader".to_owned(),
    }
}

fn take_back() -> Command {
    Command::RollBackResult {
        market: MARKET,
        reason: "wrong match".to_owned(),
        by: "trader".to_owned(),
    }
}

const fn not_in_state(state: &'static str) -> Rejection {
    Rejection::MarketNotInState {
        market: MARKET,
        state,
    }
}

#[test]
fn an_operator_stops_a_market_once() {
    after_open([])
        .when(stop())
        .then([suspended(3, by_operator())]);
    after_open([suspended(3, by_operator())])
        .when(stop())
        .then_nothing();
}

#[test]
fn an_operator_lets_it_go_on() {
    after_open([suspended(3, by_operator())])
        .when(go())
        .then([resumed(4, Some("trader"))]);
    after_open([]).when(go()).then_nothing();
}

#[test]
fn an_operator_cannot_lift_what_the_source_has_stopped() {
    after_open([suspended(3, by_source("goal"))])
        .when(go())
        .then_rejected(not_in_state("suspended by its source"));
    after_open([suspended(3, SuspensionCause::Doubt(Doubt::SourceSilent))])
        .when(go())
        .then_rejected(not_in_state("suspended because its source is in doubt"));
}

#[test]
fn going_on_tells_what_is_left() {
    after_open([suspended(3, by_source("goal")), suspended(4, by_operator())])
        .when(go())
        .then([resumed(5, Some("trader")), suspended(6, by_source("goal"))]);
    let doubt = SuspensionCause::Doubt(Doubt::SourceSilent);
    after_open([suspended(3, by_operator()), suspended(4, doubt.clone())])
        .when(go())
        .then([resumed(5, Some("trader")), suspended(6, doubt)]);
}

#[test]
fn an_operator_gives_a_result_and_takes_it_back() {
    after_open([])
        .when(give(HOME_WON))
        .then([resulted(3, 1, HOME_WON, Some("trader"))]);
    after_open([resulted(3, 1, HOME_WON, None)])
        .when(take_back())
        .then([Event::ResultRolledBack {
            market: MARKET,
            version: 4,
            result: 1,
            reason: "wrong match".to_owned(),
            by: Some("trader".to_owned()),
        }]);
}

#[test]
fn there_is_nothing_to_take_back_before_a_result() {
    after_open([])
        .when(take_back())
        .then_rejected(not_in_state("open"));
}

#[test]
fn a_settled_market_cannot_be_stopped_or_let_go() {
    for command in [stop(), go()] {
        after_open([resulted(3, 1, HOME_WON, None)])
            .when(command)
            .then_rejected(not_in_state("settled"));
    }
}

#[test]
fn an_unknown_market_is_refused() {
    for command in [stop(), go(), give(HOME_WON), take_back()] {
        Odd::given([])
            .when(command)
            .then_rejected(Rejection::MarketUnknown(MARKET));
    }
}

#[test]
fn an_act_needs_a_reason() {
    let (market, by) = (MARKET, "trader".to_owned());
    for reason in ["", "  "] {
        let (by, reason) = (|| by.clone(), || reason.to_owned());
        for command in [
            Command::SuspendMarket {
                market,
                by: by(),
                reason: reason(),
            },
            Command::ResumeMarket {
                market,
                by: by(),
                reason: reason(),
            },
            Command::ResultMarket {
                market,
                outcomes: results(HOME_WON),
                by: by(),
                reason: reason(),
            },
            Command::RollBackResult {
                market,
                by: by(),
                reason: reason(),
            },
        ] {
            after_open([])
                .when(command)
                .then_rejected(Rejection::ReasonMissing);
        }
    }
}
