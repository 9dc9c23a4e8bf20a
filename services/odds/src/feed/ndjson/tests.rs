//! One good line of each type, and what the bad ones are told.

use super::*;
use kernel::Price;

const NOW: Timestamp = Timestamp::from_millis(1_000);

fn line(text: &str) -> Result<FeedUpdate, LineError> {
    read_line(text, 8, NOW)
}

/// A line of this type with these further fields.
fn typed(kind: &str, fields: &str) -> String {
    format!(r#"{{"source":"acme","sequence":3,"type":"{kind}"{fields}}}"#)
}

#[track_caller]
fn good(kind: &str, fields: &str) -> Update {
    line(&typed(kind, fields)).unwrap().update
}

#[track_caller]
fn bad(kind: &str, fields: &str, expected: &str) {
    let error = line(&typed(kind, fields)).unwrap_err().to_string();
    assert!(
        error.contains(expected),
        "expected {expected:?} in {error:?}"
    );
}

fn names() -> FeedNames {
    FeedNames::new("acme", 8)
}

fn market() -> MarketId {
    names().market(names().fixture("f"), "m")
}

#[test]
fn the_common_fields() {
    let update = line(
        r#"{"type":"alive","source":"acme","sequence":3,"published_at":"1970-01-01T00:00:02Z"}"#,
    );
    assert_eq!(
        update,
        Ok(FeedUpdate {
            source: "acme".to_owned(),
            sequence: 3,
            published_at: Timestamp::from_millis(2_000),
            update: Update::Alive(Alive {}),
        })
    );
    assert_eq!(line(&typed("alive", "")).unwrap().published_at, NOW);
}

#[test]
fn a_fixture_and_its_progress() {
    let fixture = names().fixture("f");
    assert_eq!(
        good(
            "fixture",
            r#","fixture":"f","name":"A v B","sport":"football","starts_at":"1970-01-01T01:00:01+01:00""#
        ),
        Update::AnnounceFixture(AnnounceFixture {
            fixture,
            name: "A v B".to_owned(),
            sport: "football".to_owned(),
            starts_at: Timestamp::from_millis(1_000),
        })
    );
    assert_eq!(
        good(
            "progress",
            r#","fixture":"f","status":"in_play","score":"2-1","minute":60"#
        ),
        Update::ProgressFixture(ProgressFixture {
            fixture,
            status: FixtureStatus::InPlay,
            score: Some(schemas::odds::Score { home: 2, away: 1 }),
            minute: Some(60),
        })
    );
}

#[test]
fn a_market_and_its_book() {
    let (names, market) = (names(), market());
    assert_eq!(
        good(
            "market",
            r#","fixture":"f","market":"m","name":"Goals","kind":"total_goals","line":"2.25","selections":[{"selection":"o","name":"Over"}]"#
        ),
        Update::OfferMarket(OfferMarket {
            market,
            fixture: names.fixture("f"),
            name: "Goals".to_owned(),
            kind: MarketKind::TotalGoals(TotalGoals { line_quarters: 9 }),
            selections: vec![SelectionName {
                selection: names.selection(market, "o"),
                name: "Over".to_owned()
            }],
        })
    );
    assert_eq!(
        good(
            "book",
            r#","fixture":"f","market":"m","prices":[{"selection":"o","price":"2.50"},{"selection":"u","price":null}]"#
        ),
        Update::QuoteBook(QuoteBook {
            market,
            prices: vec![
                SelectionPrice {
                    selection: names.selection(market, "o"),
                    price: Some(Price::ratio(5, 2).unwrap())
                },
                SelectionPrice {
                    selection: names.selection(market, "u"),
                    price: None
                },
            ],
        })
    );
}

#[test]
fn stop_and_go() {
    let (fixture, market) = (names().fixture("f"), market());
    assert_eq!(
        good("suspend", r#","fixture":"f","reason":"goal""#),
        Update::Suspend(Suspend {
            fixture,
            market: None,
            reason: "goal".to_owned()
        })
    );
    assert_eq!(
        good("resume", r#","fixture":"f","market":"m""#),
        Update::Resume(Resume {
            fixture,
            market: Some(market)
        })
    );
    assert_eq!(
        good(
            "in_play",
            r#","fixture":"f","market":"m","bet_delay_ms":5000"#
        ),
        Update::TurnInPlay(TurnInPlay {
            market,
            bet_delay: Duration::from_secs(5)
        })
    );
    assert_eq!(
        good("close", r#","fixture":"f","market":"m""#),
        Update::Close(Close { market })
    );
}

#[test]
fn results_and_their_return() {
    let (names, market) = (names(), market());
    let outcome = |name: &str, kind, places, tied| SelectionOutcome {
        selection: names.selection(market, name),
        outcome: Outcome { kind, places, tied },
    };
    assert_eq!(
        good(
            "result",
            r#","fixture":"f","market":"m","outcomes":[{"selection":"a","outcome":"half_won"},{"selection":"b","outcome":"dead_heat","places":1,"tied":2}]"#
        ),
        Update::Settle(Settle {
            market,
            outcomes: vec![
                outcome("a", OutcomeKind::HalfWon, 1, 1),
                outcome("b", OutcomeKind::DeadHeat, 1, 2),
            ]
        })
    );
    assert_eq!(
        good(
            "rollback",
            r#","fixture":"f","market":"m","reason":"error""#
        ),
        Update::RollBack(RollBack {
            market,
            reason: "error".to_owned()
        })
    );
}

#[test]
fn what_sources_say_out_of_order() {
    let (names, market) = (names(), market());
    let at = |text: &str| {
        let time: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_micros(time.as_microsecond())
    };
    assert_eq!(
        good(
            "withdraw",
            r#","fixture":"f","market":"m","selection":"a","withdrawn_at":"2026-01-01T00:00:00Z","reduction":714"#
        ),
        Update::Withdraw(Withdraw {
            market,
            selection: names.selection(market, "a"),
            withdrawn_at: at("2026-01-01T00:00:00Z"),
            reduction: Some(714),
        })
    );
    assert_eq!(
        good(
            "state_result",
            r#","fixture":"f","market":"m","outcomes":[],"certainty":"live""#
        ),
        Update::StateResult(StateResult {
            market,
            outcomes: Vec::new(),
            certainty: Certainty::Live,
        })
    );
    assert_eq!(
        good(
            "withdraw_result",
            r#","fixture":"f","market":"m","reason":"error""#
        ),
        Update::WithdrawResult(WithdrawResult {
            market,
            reason: "error".to_owned()
        })
    );
    let from = Some(at("2026-01-01T00:00:00Z"));
    assert_eq!(
        good(
            "cancel_bets",
            r#","fixture":"f","market":"m","from":"2026-01-01T00:00:00Z","reason":"goal before""#
        ),
        Update::CancelBets(CancelBets {
            market,
            from,
            until: None,
            reason: "goal before".to_owned(),
        })
    );
    assert_eq!(
        good(
            "restore_bets",
            r#","fixture":"f","market":"m","from":"2026-01-01T00:00:00Z""#
        ),
        Update::RestoreBets(RestoreBets {
            market,
            from,
            until: None,
        })
    );
    assert_eq!(
        good("down", r#","reason":"upstream""#),
        Update::GoDown(GoDown {
            reason: "upstream".to_owned()
        })
    );
    assert_eq!(good("up", ""), Update::ComeUp(ComeUp {}));
}

#[test]
fn our_ids_are_names_too() {
    let fields = format!(r#","fixture":"any","market":"{}""#, market());
    assert_eq!(
        good("close", &fields),
        Update::Close(Close { market: market() })
    );
}

#[test]
fn errors_name_the_field() {
    bad("dance", "", "field type: expected one of alive");
    bad("alive", r#","colour":"red""#, "field colour: unknown here");
    bad("close", r#","fixture":"f""#, "field market: missing");
    bad(
        "close",
        r#","fixture":7,"market":"m""#,
        "field fixture: expected a text",
    );
    bad(
        "close",
        r#","fixture":"","market":"m""#,
        "field fixture: expected a text",
    );
    bad(
        "book",
        r#","fixture":"f","market":"m","prices":[{"selection":"a","price":"2.5"},{"selection":"b","price":2.5}]"#,
        "field prices[1].price: expected a decimal price",
    );
    bad(
        "book",
        r#","fixture":"f","market":"m","prices":[{"selection":"a"}]"#,
        "field prices[0].price: missing",
    );
    bad(
        "book",
        r#","fixture":"f","market":"m","prices":[{"selection":"a","price":null,"size":1}]"#,
        "field prices[0].size: unknown here",
    );
    bad(
        "book",
        r#","fixture":"f","market":"m","prices":{}"#,
        "field prices: expected a list",
    );
    bad(
        "market",
        r#","fixture":"f","market":"m","name":"x","kind":"winner","line":"1","selections":[]"#,
        "field line: unknown here",
    );
    bad(
        "market",
        r#","fixture":"f","market":"m","name":"x","kind":"total_goals","selections":[]"#,
        "field line: missing",
    );
    bad(
        "result",
        r#","fixture":"f","market":"m","outcomes":[{"selection":"a","outcome":"dead_heat","places":1}]"#,
        "field outcomes[0].tied: missing",
    );
    bad(
        "progress",
        r#","fixture":"f","status":"in_play","score":"two""#,
        "field score",
    );
    bad(
        "in_play",
        r#","fixture":"f","market":"m","bet_delay_ms":-1"#,
        "field bet_delay_ms",
    );
}

#[test]
fn what_is_no_object_is_refused() {
    for text in ["{", "[]", "null", "7", "\"alive\"", "{} {}"] {
        assert!(
            matches!(line(text), Err(LineError::NotAnObject(_))),
            "{text}"
        );
    }
    assert_eq!(
        line(&" ".repeat(LINE_BYTES_MAX + 1)),
        Err(LineError::TooLong)
    );
}

#[test]
fn a_body_is_read_line_by_line_and_errors_name_theirs() {
    let body = format!("{}\r\n\n{{\n{}\n", typed("alive", ""), typed("alive", ""));
    let read: Vec<_> = read(&body, 8, NOW).collect();
    assert_eq!(read.len(), 3);
    assert!(read[0].is_ok() && read[2].is_ok());
    assert!(
        read[1]
            .as_ref()
            .unwrap_err()
            .to_string()
            .starts_with("line 3: not a JSON object")
    );
}

proptest::proptest! {
    #[test]
    fn garbage_never_panics(text in ".{0,200}") {
        drop(line(&text));
    }
}
