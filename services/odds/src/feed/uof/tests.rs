//! The feed's messages, written from its public documentation, and what becomes of them.

use super::*;
use crate::feed::words::word;
use kernel::{Duration, Price, Timestamp};
use schemas::odds::{Certainty, OutcomeKind, Update};

const LIVE: u32 = 1;
const PREMATCH: u32 = 3;
const NOON: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn after(secs: i64) -> Timestamp {
    NOON.plus(Duration::from_secs(secs))
}

/// Milliseconds of that second, as the feed writes them.
fn ms(secs: i64) -> i64 {
    after(secs).micros() / 1_000
}

fn alive(product: u32, secs: i64, subscribed: u8) -> String {
    format!(
        r#"<alive product="{product}" timestamp="{}" subscribed="{subscribed}"/>"#,
        ms(secs)
    )
}

fn complete(product: u32, request: u64) -> String {
    format!(r#"<snapshot_complete product="{product}" timestamp="1" request_id="{request}"/>"#)
}

/// The match result market of one match at these prices.
fn odds(product: u32, secs: i64, status: i8, prices: [&str; 3]) -> String {
    let outcomes: Vec<String> = (1..)
        .zip(prices)
        .map(|(id, price)| format!(r#"<outcome id="{id}" odds="{price}" active="1"/>"#))
        .collect();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
        <odds_change product="{product}" event_id="sr:match:7" timestamp="{}">
          <odds><market id="1" status="{status}">{}</market></odds>
        </odds_change>"#,
        ms(secs),
        outcomes.concat()
    )
}

const PRICES: [&str; 3] = ["2.5", "3.4", "2.9"];

fn settlement(secs: i64, certainty: u8, rows: &str) -> String {
    format!(
        r#"<bet_settlement certainty="{certainty}" product="{LIVE}" event_id="sr:match:7" timestamp="{}">
          <outcomes><market id="1">{rows}</market></outcomes></bet_settlement>"#,
        ms(secs)
    )
}

const HOME_WON: &str =
    r#"<outcome id="1" result="1"/><outcome id="2" result="0"/><outcome id="3" result="0"/>"#;

fn words(heard: &Heard) -> Vec<&'static str> {
    heard.updates.iter().map(word).collect()
}

/// A feed whose time is handed in.
struct World {
    feed: UofFeed,
    sequences: std::collections::BTreeMap<String, u64>,
}

impl World {
    /// Both producers expected, none recovered.
    fn new() -> Self {
        let mut feed = UofFeed::new("uof", 8, 1, Terms::default());
        let mut world = Vec::new();
        for product in [LIVE, PREMATCH] {
            world.extend(feed.expect(product, None, NOON));
        }
        assert_eq!(world.iter().map(word).collect::<Vec<_>>(), ["down", "down"]);
        let mut world = Self {
            feed,
            sequences: [("uof/1".to_owned(), 1), ("uof/3".to_owned(), 1)].into(),
        };
        world.check(&Heard::default());
        world
    }

    /// The live producer has recovered.
    fn up() -> Self {
        let mut world = Self::new();
        world.hear(&alive(LIVE, 0, 1), 0);
        assert_eq!(words(&world.hear(&complete(LIVE, 1), 1)), ["up"]);
        world
    }

    /// Each source counts without a gap.
    fn check(&mut self, heard: &Heard) {
        for update in &heard.updates {
            let last = self.sequences.entry(update.source.clone()).or_default();
            assert_eq!(update.sequence, last.saturating_add(1), "{update:?}");
            *last = update.sequence;
        }
    }

    fn hear(&mut self, xml: &str, secs: i64) -> Heard {
        let heard = self
            .feed
            .message(xml.as_bytes(), after(secs))
            .unwrap_or_else(|error| panic!("{error}: {xml}"));
        self.check(&heard);
        heard
    }

    fn tick(&mut self, secs: i64) -> Heard {
        let heard = self.feed.tick(after(secs));
        self.check(&heard);
        heard
    }
}

fn recovery(product: u32, after: Timestamp, request_id: u64) -> Ask {
    Ask::Recovery {
        product,
        after,
        request_id,
    }
}

#[test]
fn a_producer_is_up_only_when_its_own_snapshot_is_complete() {
    let mut world = World::new();
    let heard = world.hear(&alive(LIVE, 0, 1), 0);
    let furthest = NOON.minus(super::producer::WINDOW_MAX);
    assert_eq!(heard.asks, [recovery(LIVE, furthest, 1)]);
    assert_eq!(words(&world.hear(&complete(LIVE, 99), 1)), [""; 0]);
    assert_eq!(words(&world.hear(&complete(PREMATCH, 1), 1)), [""; 0]);
    assert_eq!(words(&world.hear(&complete(LIVE, 1), 2)), ["up"]);
    assert!(world.feed.producer(LIVE).unwrap().is_up());
    assert!(!world.feed.producer(PREMATCH).unwrap().is_up());
}

#[test]
fn a_silent_producer_goes_down_and_asks_from_the_last_alive_message_when_it_is_back() {
    let mut world = World::up();
    world.hear(&alive(LIVE, 10, 1), 10);
    world.hear(&alive(LIVE, 20, 1), 20);
    assert_eq!(words(&world.tick(35)), [""; 0]);
    let gone = world.tick(36);
    assert_eq!((words(&gone), gone.asks), (vec!["down"], vec![]));
    assert_eq!(words(&world.tick(60)), [""; 0]);
    let back = world.hear(&alive(LIVE, 90, 1), 90);
    assert_eq!(back.asks, [recovery(LIVE, after(20), 2)]);
    assert_eq!(words(&back), ["alive"]);
    assert_eq!(words(&world.hear(&complete(LIVE, 1), 91)), [""; 0]);
    assert_eq!(words(&world.hear(&complete(LIVE, 2), 92)), ["up"]);
}

#[test]
fn the_silence_shows_when_the_producer_is_heard_again_before_any_tick() {
    let mut world = World::up();
    let back = world.hear(&alive(LIVE, 40, 1), 40);
    assert_eq!(words(&back), ["down", "alive"]);
    assert_eq!(back.asks, [recovery(LIVE, after(0), 2)]);
}

#[test]
fn alive_messages_of_a_recovery_count_only_once_it_is_complete() {
    let mut world = World::up();
    world.feed.lost("the queue is gone", after(5));
    world.sequences.clear();
    world.sequences.insert("uof/1".to_owned(), 4);
    world.sequences.insert("uof/3".to_owned(), 1);
    let first = world.hear(&alive(LIVE, 10, 1), 10);
    assert_eq!(first.asks, [recovery(LIVE, after(0), 2)]);
    world.hear(&alive(LIVE, 20, 1), 20);
    // It breaks again before it was complete: from the old place.
    world.tick(40);
    let second = world.hear(&alive(LIVE, 50, 1), 50);
    assert_eq!(second.asks, [recovery(LIVE, after(0), 3)]);
    world.hear(&alive(LIVE, 60, 1), 60);
    world.hear(&complete(LIVE, 3), 61);
    assert_eq!(
        world.feed.producer(LIVE).unwrap().processed(),
        Some(after(60))
    );
}

#[test]
fn whoever_is_not_subscribed_must_recover() {
    let mut world = World::up();
    let heard = world.hear(&alive(LIVE, 10, 0), 10);
    assert_eq!(words(&heard), ["down", "alive"]);
    assert_eq!(heard.asks, [recovery(LIVE, after(0), 2)]);
}

#[test]
fn a_producer_may_say_that_it_is_down() {
    let mut world = World::up();
    assert_eq!(
        words(&world.hear(r#"<product_down product="1"/>"#, 3)),
        ["down"]
    );
    assert_eq!(world.hear(&alive(LIVE, 10, 1), 10).asks.len(), 1);
}

#[test]
fn requests_are_rare_and_the_last_is_made_up_for() {
    let mut world = World::new();
    let mut asked = 0;
    for round in 0..6 {
        asked += world
            .hear(&alive(LIVE, round * 20, 0), round * 20)
            .asks
            .len();
    }
    assert_eq!(asked, 4);
    let last = 100;
    assert_eq!(world.feed.tick(after(last)).asks, []);
    // Alive all the while; the first request is ten minutes old at 601.
    let mut at = None;
    for secs in last..700 {
        if secs % 10 == 0 {
            let heard = world
                .feed
                .message(alive(LIVE, secs, 1).as_bytes(), after(secs));
            if !heard.unwrap().asks.is_empty() {
                at = Some(secs);
            }
        }
        if !world.feed.tick(after(secs)).asks.is_empty() {
            at = at.or(Some(secs));
        }
    }
    assert_eq!(at, Some(601));
}

#[test]
fn a_recovery_that_does_not_end_is_asked_for_again() {
    let mut world = World::new();
    world.hear(&alive(LIVE, 0, 1), 0);
    let mut again = Vec::new();
    for secs in (10..=620).step_by(10) {
        again.extend(world.hear(&alive(LIVE, secs, 1), secs).asks);
    }
    assert_eq!(again.len(), 1);
}

#[test]
fn a_restarted_process_goes_on_from_where_it_was() {
    let mut feed = UofFeed::new("uof", 8, 500, Terms::default());
    feed.expect(LIVE, Some(after(-60)), NOON);
    let heard = feed.message(alive(LIVE, 0, 1).as_bytes(), NOON).unwrap();
    assert_eq!(heard.asks, [recovery(LIVE, after(-60), 500)]);
}

#[test]
fn a_market_is_offered_priced_and_opened() {
    let mut world = World::up();
    let heard = world.hear(&odds(LIVE, 2, 1, PRICES), 2);
    assert_eq!(words(&heard), ["fixture", "market", "book", "resume"]);
    let Update::QuoteBook(book) = &heard.updates[2].update else {
        panic!("{heard:?}")
    };
    let prices: Vec<Option<Price>> = book.prices.iter().map(|priced| priced.price).collect();
    assert_eq!(prices, PRICES.map(|text| text.parse().ok()));
    assert_eq!(heard.updates[2].published_at, after(2));
    assert_eq!(words(&world.hear(&odds(LIVE, 3, 1, PRICES), 3)), [""; 0]);
    let moved = ["2.4", "3.4", "3.0"];
    assert_eq!(words(&world.hear(&odds(LIVE, 4, 1, moved), 4)), ["book"]);
}

#[test]
fn every_state_of_a_market_is_told() {
    for (status, told) in [
        (0, "suspend"),
        (-1, "suspend"),
        (-2, "suspend"),
        (-3, "close"),
        (-4, "close"),
    ] {
        let mut world = World::up();
        world.hear(&odds(LIVE, 2, 1, PRICES), 2);
        let heard = world.hear(&odds(LIVE, 3, status, PRICES), 3);
        assert_eq!(words(&heard), [told], "{status}");
        let again = words(&world.hear(&odds(LIVE, 4, 1, PRICES), 4));
        let expected: &[&str] = if told == "close" { &[] } else { &["resume"] };
        assert_eq!(again, expected, "{status}");
    }
}

#[test]
fn an_inactive_outcome_has_no_price() {
    let mut world = World::up();
    let xml = odds(LIVE, 2, 1, PRICES).replacen(r#"active="1""#, r#"active="0""#, 1);
    let heard = world.hear(&xml, 2);
    let Update::QuoteBook(book) = &heard.updates[2].update else {
        panic!("{heard:?}")
    };
    assert_eq!(book.prices[0].price, None);
    assert!(book.prices[1].price.is_some());
}

#[test]
fn the_order_of_specifiers_does_not_matter() {
    let keys = ["a=1|b=2", "b=2|a=1"].map(|specifiers| {
        let xml = format!(
            r#"<rollback_bet_settlement product="1" event_id="e" timestamp="1"><market id="9" specifiers="{specifiers}"/></rollback_bet_settlement>"#
        );
        Message::read(xml.as_bytes()).unwrap()
    });
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn lines_come_from_specifiers() {
    let mut world = World::up();
    let heard = world.hear(
        &format!(
            r#"<odds_change product="1" event_id="sr:match:7" timestamp="{}"><odds>
            <market id="18" specifiers="total=2.75" status="1">
              <outcome id="13" odds="1.9"/><outcome id="12" odds="1.95"/></market>
            <market id="16" specifiers="hcp=-0.25" status="1">
              <outcome id="1714" odds="1.9"/><outcome id="1715" odds="1.95"/></market>
            <market id="29" status="1"><outcome id="76" odds="1.9"/><outcome id="74" odds="1.95"/></market>
            <market id="14" specifiers="hcp=0:1" status="1"><outcome id="1713" odds="1.9"/>
              <outcome id="1711" odds="4.95"/><outcome id="1712" odds="3.95"/></market>
            <market id="97" status="1"><outcome id="76" odds="1.9"/><outcome id="74" odds="1.95"/></market>
            </odds></odds_change>"#,
            ms(2)
        ),
        2,
    );
    let kinds: Vec<_> = heard
        .updates
        .iter()
        .filter_map(|update| {
            if let Update::OfferMarket(offer) = &update.update {
                Some((offer.name.clone(), format!("{:?}", offer.kind)))
            } else {
                None
            }
        })
        .collect();
    assert_eq!(kinds.len(), 5);
    assert!(kinds[0].0 == "Total total=2.75" && kinds[0].1.contains("line_quarters: 11"));
    assert!(kinds[1].1.contains("AsianHandicap") && kinds[1].1.contains("line_quarters: -1"));
    assert!(kinds[2].0 == "Both teams to score" && kinds[2].1.contains("BothToScore"));
    assert!(kinds[3].1.contains("EuropeanHandicap") && kinds[3].1.contains("goals: -1"));
    assert!(kinds[4].0 == "Market 97" && kinds[4].1.contains("Winner"));
}

fn stop(secs: i64, groups: &str) -> String {
    format!(
        r#"<bet_stop product="{LIVE}" event_id="sr:match:7" timestamp="{}" groups="{groups}" market_status="-1"/>"#,
        ms(secs)
    )
}

#[test]
fn a_stop_holds_until_a_newer_price() {
    let mut world = World::up();
    world.hear(&odds(LIVE, 2, 1, PRICES), 2);
    assert_eq!(words(&world.hear(&stop(10, "all"), 10)), ["suspend"]);
    // Said before the stop, arrived after it.
    let late = world.hear(&odds(LIVE, 9, 1, ["2", "3", "4"]), 11);
    assert_eq!(words(&late), [""; 0]);
    let newer = world.hear(&odds(LIVE, 12, 1, ["2", "3", "4"]), 12);
    assert_eq!(words(&newer), ["book", "resume"]);
}

#[test]
fn a_stop_of_a_group_stops_its_markets_and_those_whose_groups_are_unknown() {
    let mut world = World::up();
    world.hear(&odds(LIVE, 2, 1, PRICES), 2);
    let corner = odds(LIVE, 2, 1, PRICES).replace(r#"id="1" status"#, r#"id="166" status"#);
    world.hear(&corner, 2);
    assert_eq!(words(&world.hear(&stop(10, "corners"), 10)), ["suspend"]);
    assert_eq!(
        words(&world.hear(&stop(11, "corners|score"), 11)),
        ["suspend", "suspend"]
    );
}

#[test]
fn going_live_tells_the_score_and_the_delay() {
    let mut world = World::up();
    let xml = odds(LIVE, 2, 1, PRICES).replace(
        "<odds>",
        r#"<sport_event_status status="1" match_status="6" home_score="1.0" away_score="0"/><odds>"#,
    );
    let heard = world.hear(&xml, 2);
    assert_eq!(
        words(&heard),
        ["fixture", "progress", "market", "book", "resume", "in_play"]
    );
    let Update::ProgressFixture(progress) = &heard.updates[1].update else {
        panic!("{heard:?}")
    };
    let score = progress.score.as_ref().unwrap();
    assert_eq!((score.home, score.away), (1, 0));
}

#[test]
fn while_a_producer_is_down_prices_are_told_and_repeated_when_it_is_up() {
    let mut world = World::up();
    world.hear(&odds(LIVE, 2, 1, PRICES), 2);
    let other = |secs| odds(LIVE, secs, 1, PRICES).replace("sr:match:7", "sr:match:8");
    world.hear(&other(2), 2);
    assert_eq!(words(&world.tick(16)), ["down"]);
    world.hear(&alive(LIVE, 20, 1), 20);
    let moved = ["2.4", "3.4", "3.0"];
    assert_eq!(words(&world.hear(&odds(LIVE, 21, 1, moved), 21)), ["book"]);
    // Only what the recovery named is priced again: the other match stays in doubt.
    let up = world.hear(&complete(LIVE, 2), 30);
    assert_eq!(words(&up), ["up", "book"]);
    let Update::QuoteBook(book) = &up.updates[1].update else {
        panic!("{up:?}")
    };
    assert_eq!(book.prices[0].price, "2.4".parse().ok());
    assert_eq!(words(&world.hear(&other(31), 31)), [""; 0]);
}

#[test]
fn settlements_of_a_recovery_are_told() {
    let mut world = World::new();
    world.hear(&alive(LIVE, 0, 1), 0);
    let recovered =
        settlement(-50, 2, HOME_WON).replace("timestamp", r#"request_id="1" timestamp"#);
    assert_eq!(words(&world.hear(&recovered, 1)), ["state_result"]);
}

#[test]
fn a_settlement_tells_every_row_of_the_table() {
    let rows = r#"<outcome id="1" result="1" void_factor="0.5"/>
        <outcome id="2" result="0" void_factor="0.5"/><outcome id="3" result="0" void_factor="1.0"/>
        <outcome id="4" result="1" dead_heat_factor="0.5"/><outcome id="5" result="1"/><outcome id="6" result="0"/>"#;
    let mut world = World::up();
    let heard = world.hear(&settlement(5, 1, rows), 5);
    let Update::StateResult(stated) = &heard.updates[0].update else {
        panic!("{heard:?}")
    };
    assert_eq!(stated.certainty, Certainty::Live);
    let kinds: Vec<OutcomeKind> = stated.outcomes.iter().map(|row| row.outcome.kind).collect();
    assert_eq!(
        kinds,
        [
            OutcomeKind::HalfWon,
            OutcomeKind::HalfLost,
            OutcomeKind::Void,
            OutcomeKind::DeadHeat,
            OutcomeKind::Won,
            OutcomeKind::Lost
        ]
    );
    assert_eq!(stated.outcomes[3].outcome.tied, 2);
}

#[test]
fn a_market_with_an_undecided_outcome_has_no_result_yet() {
    let mut world = World::up();
    let rows = HOME_WON.replacen(r#"result="0""#, r#"result="-1""#, 1);
    assert_eq!(words(&world.hear(&settlement(5, 1, &rows), 5)), [""; 0]);
}

#[test]
fn cancellations_and_both_rollbacks_are_told_with_their_windows() {
    let mut world = World::up();
    let window = format!(r#"start_time="{}" end_time="{}""#, ms(1), ms(2));
    let message = |name: &str, more: &str| {
        format!(
            r#"<{name} product="1" event_id="sr:match:7" timestamp="{}" {more}><market id="1" void_reason="12"/></{name}>"#,
            ms(9)
        )
    };
    let heard = world.hear(&message("bet_cancel", &window), 9);
    let Update::CancelBets(cancel) = &heard.updates[0].update else {
        panic!("{heard:?}")
    };
    assert_eq!(
        (cancel.from, cancel.until),
        (Some(after(1)), Some(after(2)))
    );
    assert_eq!(cancel.reason, "void reason 12");
    let heard = world.hear(&message("bet_cancel", ""), 9);
    assert!(matches!(
        &heard.updates[0].update,
        Update::CancelBets(cancel) if cancel.from.is_none() && cancel.until.is_none()
    ));
    let heard = world.hear(&message("rollback_bet_cancel", &window), 9);
    assert!(matches!(
        &heard.updates[0].update,
        Update::RestoreBets(restore) if restore.from == Some(after(1)) && restore.market == cancel.market
    ));
    let heard = world.hear(&message("rollback_bet_settlement", ""), 9);
    assert_eq!(words(&heard), ["withdraw_result"]);
    assert_eq!(heard.updates[0].published_at, after(9));
}

#[test]
fn a_fixture_changes() {
    let mut world = World::up();
    world.feed.describe(
        "sr:match:7",
        FixtureWords {
            name: "Reds v Blues".to_owned(),
            sport: "football".to_owned(),
            starts_at: after(100),
        },
    );
    let change = |secs: i64, more: &str| {
        format!(
            r#"<fixture_change product="1" event_id="sr:match:7" timestamp="{}" {more}/>"#,
            ms(secs)
        )
    };
    let heard = world.hear(&change(1, &format!(r#"start_time="{}""#, ms(200))), 1);
    assert_eq!(words(&heard), ["fixture", "fixture"]);
    let Update::AnnounceFixture(told) = &heard.updates[1].update else {
        panic!("{heard:?}")
    };
    assert_eq!(
        (told.name.as_str(), told.starts_at),
        ("Reds v Blues", after(200))
    );
    assert_eq!(
        words(&world.hear(&change(2, r#"change_type="3""#), 2)),
        ["progress", "suspend"]
    );
}

#[test]
fn one_producer_takes_over_from_the_other() {
    let mut world = World::up();
    world.hear(&alive(PREMATCH, 1, 1), 1);
    world.hear(&complete(PREMATCH, 1), 1);
    let offered = world.hear(&odds(PREMATCH, 2, 1, PRICES), 2);
    assert_eq!(offered.updates[0].source, "uof/3");
    assert_eq!(
        words(&world.hear(&odds(PREMATCH, 3, -2, PRICES), 3)),
        ["suspend"]
    );
    let taken = world.hear(&odds(LIVE, 4, 1, PRICES), 4);
    assert_eq!(words(&taken), ["book", "resume"]);
    assert_eq!(taken.updates[0].source, "uof/1");
    // The word of the one who handed over comes late.
    assert_eq!(
        words(&world.hear(&odds(PREMATCH, 5, -2, PRICES), 5)),
        [""; 0]
    );
}

#[test]
fn entities_large_and_deep_documents_are_refused() {
    let bomb = r#"<!DOCTYPE alive [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><alive product="1" timestamp="1" subscribed="&b;"/>"#;
    let deep = format!("{}{}", "<a>".repeat(9), "</a>".repeat(9));
    let wide = format!("<a>{}</a>", "<b/>".repeat(ELEMENTS_MAX));
    let large = format!("<a b=\"{}\"/>", "x".repeat(MESSAGE_BYTES_MAX));
    let attributes: String = (0..65).map(|n| format!(" a{n}=\"1\"")).collect();
    let many = format!("<a{attributes}/>");
    for xml in [
        bomb,
        r#"<alive product="&product;" timestamp="1" subscribed="1"/>"#,
        "<a>&b;</a>",
        "<a>text</a>",
        "<a><![CDATA[x]]></a>",
        "<?php x?><a/>",
        "<a/><b/>",
        "<a><b></a>",
        "<a>",
        "</a>",
        "",
        "no xml",
        "\u{0}",
        &deep,
        &wide,
        &large,
        &many,
    ] {
        let shown: String = xml.chars().take(60).collect();
        assert!(
            matches!(Message::read(xml.as_bytes()), Err(UofError::Xml(_))),
            "{shown}"
        );
    }
    assert!(matches!(
        Message::read(&[b'<', 0xff, b'/', b'>']),
        Err(UofError::Xml(XmlError::NotUtf8))
    ));
}

#[test]
fn fields_that_are_missing_or_wrong_are_named() {
    for (xml, expected) in [
        (
            r#"<alive timestamp="1" subscribed="1"/>"#,
            "alive has no product",
        ),
        (
            r#"<alive product="one" timestamp="1" subscribed="1"/>"#,
            "product of alive is not \"one\"",
        ),
        (
            r#"<alive product="1" timestamp="-1" subscribed="1"/>"#,
            "timestamp of alive is not \"-1\"",
        ),
        (
            r#"<alive product="1" timestamp="1" subscribed="2"/>"#,
            "subscribed of alive is not \"2\"",
        ),
        (
            r#"<bet_stop product="1" timestamp="1"/>"#,
            "bet_stop has no event_id",
        ),
        (
            r#"<odds_change product="1" event_id="e" timestamp="1"><odds><market id="1" status="7"/></odds></odds_change>"#,
            "status of market is not \"7\"",
        ),
        (
            r#"<odds_change product="1" event_id="e" timestamp="1"><odds><market id="1"><outcome id="1" odds="NaN"/></market></odds></odds_change>"#,
            "odds of outcome is not \"NaN\"",
        ),
        (
            r#"<bet_settlement certainty="3" product="1" event_id="e" timestamp="1"/>"#,
            "certainty of bet_settlement is not \"3\"",
        ),
        (
            r#"<bet_settlement certainty="1" product="1" event_id="e" timestamp="1"><outcomes><market id="1"><outcome id="1" result="1" void_factor="1.0"/></market></outcomes></bet_settlement>"#,
            "a result of 1 does not go with a void factor of 1.0",
        ),
    ] {
        let error = Message::read(xml.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(
        Message::read(b"<something_new/>"),
        Ok(Message::Other {
            name: "something_new".to_owned()
        })
    );
}

mod garbage {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever comes, the next message is taken: nothing waits and nothing breaks.
        #[test]
        fn never_stops_the_feed(junk in proptest::collection::vec(any::<u8>(), 0..300), cut in 0_usize..400) {
            let mut world = World::up();
            let _refused = world.feed.message(&junk, after(2));
            let whole = odds(LIVE, 3, 1, PRICES);
            let part = whole.get(..cut.min(whole.len())).unwrap_or("");
            let _refused = world.feed.message(part.as_bytes(), after(2));
            let heard = world.feed.message(odds(LIVE, 4, 1, ["9", "9", "9"]).as_bytes(), after(4));
            prop_assert!(heard.is_ok_and(|heard| heard.updates.iter().any(|told| word(told) == "book")));
        }
    }
}
