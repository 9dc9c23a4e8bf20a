//! The stream's rules on small messages, then whole recordings.

use super::message::PriceSize;
use super::*;
use crate::feed::FeedUpdate;
use crate::feed::recorded::recorded_text;
use crate::feed::words::word;
use kernel::{Duration, Price, SelectionId, Timestamp};
use schemas::odds::{OutcomeKind, Update};

fn changes(line: &str) -> MarketChanges {
    let Message::Markets(changes) = decode(line).unwrap() else {
        panic!("expected market changes: {line}")
    };
    changes
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

/// A definition in the exchange's words.
fn definition(status: &str, in_play: bool, delay: u32, runners: &str) -> String {
    format!(
        r#"{{"eventId":"9","eventTypeId":"7","marketType":"WIN","numberOfWinners":1,
        "marketTime":"2017-06-14T18:55:00.000Z","status":"{status}","inPlay":{in_play},
        "betDelay":{delay},"version":1,"runners":[{runners}]}}"#
    )
}

const TWO: &str = r#"{"id":1,"status":"ACTIVE"},{"id":2,"status":"ACTIVE"}"#;

fn defined(status: &str, in_play: bool, delay: u32, runners: &str) -> String {
    format!(
        r#"{{"op":"mcm","pt":5,"clk":"a","mc":[{{"id":"1.1","marketDefinition":{}}}]}}"#,
        definition(status, in_play, delay, runners)
    )
}

fn back(runner: u64, ladder: &str) -> String {
    format!(
        r#"{{"op":"mcm","pt":6,"clk":"b","mc":[{{"id":"1.1","rc":[{{"id":{runner},"atb":{ladder}}}]}}]}}"#
    )
}

/// What the updates say, in one word each.
fn words(updates: &[FeedUpdate]) -> Vec<&'static str> {
    updates.iter().map(word).collect()
}

#[test]
fn ladders_take_sizes_by_price_and_drop_zero() {
    let mut cache = MarketCache::default();
    cache
        .apply(&changes(&back(1, "[[2.0,10],[2.5,4]]")))
        .unwrap();
    cache
        .apply(&changes(&back(1, "[[2.5,0],[1.9,3]]")))
        .unwrap();
    let ladders = &cache.market("1.1").unwrap().runners[&1];
    let expected = [(price("1.9"), 3.0), (price("2"), 10.0)];
    assert_eq!(
        ladders
            .available_to_back
            .iter()
            .map(|(p, s)| (*p, *s))
            .collect::<Vec<_>>(),
        expected
    );
    assert_eq!(ladders.best_back(), Some(price("2")));
}

#[test]
fn levels_are_replaced_by_number() {
    let mut cache = MarketCache::default();
    let line = |batb: &str| {
        changes(&format!(
            r#"{{"op":"mcm","pt":6,"mc":[{{"id":"1.1","rc":[{{"id":1,"batb":{batb}}}]}}]}}"#
        ))
    };
    cache.apply(&line("[[0,2.5,9],[1,2.4,8]]")).unwrap();
    cache.apply(&line("[[0,2.6,1],[1,0,0]]")).unwrap();
    let ladders = &cache.market("1.1").unwrap().runners[&1];
    assert_eq!(ladders.best_to_back.len(), 1);
    assert_eq!(ladders.best_back(), Some(price("2.6")));
}

#[test]
fn an_image_of_one_market_replaces_that_market() {
    let mut cache = MarketCache::default();
    cache.apply(&changes(&back(1, "[[2.0,10]]"))).unwrap();
    cache
        .apply(&changes(
            r#"{"op":"mcm","pt":7,"ct":"RESUB_DELTA","mc":[{"id":"1.1","img":true,"rc":[{"id":1,"atb":[[3,1]]}]}]}"#,
        ))
        .unwrap();
    let ladders = &cache.market("1.1").unwrap().runners[&1];
    assert_eq!(ladders.available_to_back.len(), 1);
    assert_eq!(ladders.best_back(), Some(price("3")));
}

#[test]
fn a_whole_image_replaces_everything_but_its_later_segments_do_not() {
    let mut cache = MarketCache::default();
    cache.apply(&changes(&back(1, "[[2.0,10]]"))).unwrap();
    let part = |segment: &str, id: &str, clocks: &str| {
        changes(&format!(
            r#"{{"op":"mcm","pt":7,"ct":"SUB_IMAGE","segmentType":"{segment}",{clocks}"mc":[{{"id":"{id}","img":true}}]}}"#
        ))
    };
    let old = cache.resume();
    cache
        .apply(&part("SEG_START", "1.2", r#""initialClk":"i","clk":"c1","#))
        .unwrap();
    assert_eq!(cache.resume(), old);
    cache.apply(&part("SEG", "1.3", "")).unwrap();
    assert_eq!(cache.resume(), old);
    cache
        .apply(&part("SEG_END", "1.4", r#""clk":"c2","#))
        .unwrap();
    assert_eq!(
        cache.resume(),
        Some(ResumeClocks {
            initial_clk: "i".to_owned(),
            clk: "c2".to_owned()
        })
    );
    assert_eq!(
        cache.markets().keys().collect::<Vec<_>>(),
        ["1.2", "1.3", "1.4"]
    );
}

#[test]
fn a_heartbeat_moves_the_clock_and_says_alive() {
    let mut feed = BetfairFeed::new("betfair", 8, 1);
    let updates = feed
        .line(r#"{"op":"mcm","pt":7,"ct":"HEARTBEAT","clk":"h","status":503,"heartbeatMs":5000}"#)
        .unwrap();
    assert_eq!(words(&updates), ["alive", "down"]);
    assert_eq!(feed.cache().clk(), Some("h"));
    assert!(feed.cache().upstream_late);
    assert_eq!(feed.cache().heartbeat_ms, Some(5000));
}

#[test]
fn a_market_is_told_in_the_order_in_which_it_must_be_heard() {
    let mut feed = BetfairFeed::new("betfair", 8, 1);
    let mut hear = |line: &str| words(&feed.line(line).unwrap());
    assert_eq!(hear(&defined("OPEN", false, 0, TWO)), ["fixture", "market"]);
    assert_eq!(hear(&back(1, "[[2.0,10]]")), ["book"]);
    assert_eq!(hear(&back(1, "[[1.9,10]]")), [""; 0]);
    assert_eq!(hear(&defined("SUSPENDED", false, 0, TWO)), ["suspend"]);
    assert_eq!(hear(&back(1, "[[2.1,10]]")), [""; 0]);
    assert_eq!(
        hear(&defined("OPEN", true, 5, TWO)),
        ["progress", "in_play", "book", "resume"]
    );
    assert_eq!(hear(&defined("OPEN", true, 3, TWO)), ["in_play"]);
    assert_eq!(
        hear(&defined(
            "CLOSED",
            true,
            3,
            r#"{"id":1,"status":"LOSER"},{"id":2,"status":"WINNER"}"#
        )),
        ["close", "result", "progress"]
    );
    assert_eq!(hear(&defined("OPEN", true, 3, TWO)), [""; 0]);
}

const ONE_LEFT: &str = r#"{"id":1,"status":"ACTIVE"},{"id":2,"status":"REMOVED","adjustmentFactor":7.14,"removalDate":"2017-06-14T07:01:41.932Z"}"#;

#[test]
fn a_withdrawal_is_told_once_with_its_factor_and_time() {
    let mut feed = BetfairFeed::new("betfair", 8, 1);
    feed.line(&defined("OPEN", false, 0, TWO)).unwrap();
    feed.line(&back(2, "[[3.0,10]]")).unwrap();
    let updates = feed.line(&defined("OPEN", false, 0, ONE_LEFT)).unwrap();
    assert_eq!(words(&updates), ["withdraw", "book"]);
    let Update::Withdraw(withdraw) = &updates[0].update else {
        panic!("{updates:?}")
    };
    assert_eq!(withdraw.reduction, Some(714));
    assert_eq!(
        withdraw.withdrawn_at,
        Timestamp::from_millis(1_497_423_701_932)
    );
    assert!(!has_price(&updates[1].update, withdraw.selection));
    let again = feed.line(&defined("OPEN", false, 0, ONE_LEFT)).unwrap();
    assert_eq!(words(&again), [""; 0]);
}

#[test]
fn a_segmented_message_is_told_when_it_is_whole() {
    let mut feed = BetfairFeed::unconnected("betfair", 8, 1);
    let part = |segment: &str, more: &str| {
        format!(r#"{{"op":"mcm","pt":7,"ct":"SUB_IMAGE","segmentType":"{segment}",{more}}}"#)
    };
    let start = format!(
        r#""initialClk":"i","clk":"c1","mc":[{{"id":"1.1","img":true,"marketDefinition":{}}}]"#,
        definition("OPEN", false, 0, TWO)
    );
    let mut hear = |line: &str| words(&feed.line(line).unwrap());
    assert_eq!(hear(&part("SEG_START", &start)), [""; 0]);
    assert_eq!(
        hear(&part(
            "SEG",
            r#""mc":[{"id":"1.1","rc":[{"id":1,"atb":[[2.0,1]]}]}]"#
        )),
        [""; 0]
    );
    assert_eq!(
        hear(&part(
            "SEG_END",
            r#""clk":"c2","mc":[{"id":"1.1","rc":[{"id":2,"atb":[[3.0,1]]}]}]"#
        )),
        ["up", "fixture", "market", "book"]
    );
    assert_eq!(feed.cache().clk(), Some("c2"));
}

#[test]
fn segments_that_do_not_follow_each_other_are_no_message() {
    let part = |segment: &str| {
        format!(r#"{{"op":"mcm","pt":7,"segmentType":"{segment}","clk":"x","mc":[]}}"#)
    };
    for lines in [
        vec![part("SEG")],
        vec![part("SEG_END")],
        vec![part("SEG_START"), part("SEG_START")],
        vec![part("SEG_START"), back(1, "[[2.0,1]]")],
    ] {
        let mut feed = BetfairFeed::new("betfair", 8, 1);
        let last = lines.iter().map(|line| feed.line(line)).last();
        assert!(
            matches!(last, Some(Err(BetfairError::SegmentOutOfOrder))),
            "{lines:?}"
        );
        assert_eq!(feed.cache().clk(), None);
    }
}

#[test]
fn while_the_exchange_is_late_the_source_is_down() {
    let mut feed = BetfairFeed::new("betfair", 8, 1);
    feed.line(&defined("OPEN", false, 0, TWO)).unwrap();
    feed.line(&back(1, "[[2.0,10]]")).unwrap();
    let late = r#"{"op":"mcm","pt":7,"ct":"HEARTBEAT","clk":"h","status":503}"#;
    let well = r#"{"op":"mcm","pt":8,"ct":"HEARTBEAT","clk":"i"}"#;
    let mut hear = |line: &str| words(&feed.line(line).unwrap());
    assert_eq!(hear(late), ["alive", "down"]);
    assert_eq!(hear(late), ["alive"]);
    assert_eq!(hear(well), ["alive", "up", "book"]);
    assert_eq!(hear(well), ["alive"]);
}

#[test]
fn a_market_that_is_missing_in_a_new_image_is_stopped() {
    let mut feed = BetfairFeed::new("betfair", 8, 1);
    feed.line(&defined("OPEN", false, 0, TWO)).unwrap();
    let image = r#"{"op":"mcm","pt":7,"ct":"SUB_IMAGE","initialClk":"i","clk":"c","mc":[]}"#;
    assert_eq!(words(&feed.line(image).unwrap()), ["suspend"]);
    assert_eq!(words(&feed.line(image).unwrap()), [""; 0]);
}

#[test]
fn orders_and_prices_may_come_in_either_order() {
    let order = r#"{"op":"ocm","pt":6,"clk":"o","oc":[{"id":"1.1"}]}"#;
    let lines = [defined("OPEN", false, 0, TWO), back(1, "[[2.0,10]]")];
    let hear = |lines: &[&str]| {
        let mut feed = BetfairFeed::new("betfair", 8, 1);
        let told = lines.iter().flat_map(|line| feed.line(line).unwrap());
        told.collect::<Vec<_>>()
    };
    let after = hear(&[&lines[0], &lines[1], order]);
    assert_eq!(hear(&[order, &lines[0], &lines[1]]), after);
    assert_eq!(hear(&[&lines[0], order, &lines[1]]), after);
}

#[test]
fn every_ladder_is_patched_by_its_key() {
    let mut cache = MarketCache::default();
    for name in ["atb", "atl", "trd", "spb", "spl"] {
        let line = |ladder: &str| {
            changes(&format!(
                r#"{{"op":"mcm","pt":6,"mc":[{{"id":"{name}","rc":[{{"id":1,"{name}":{ladder}}}]}}]}}"#
            ))
        };
        cache.apply(&line("[[2.0,10],[2.5,4]]")).unwrap();
        cache.apply(&line("[[2.5,0],[2.0,3]]")).unwrap();
        let ladders = &cache.market(name).unwrap().runners[&1];
        let kept: usize = [
            &ladders.available_to_back,
            &ladders.available_to_lay,
            &ladders.traded,
            &ladders.starting_backs,
            &ladders.starting_lays,
        ]
        .iter()
        .map(|ladder| ladder.len())
        .sum();
        assert_eq!(kept, 1, "{name}");
    }
    for name in ["batb", "batl", "bdatb", "bdatl"] {
        let line = |ladder: &str| {
            changes(&format!(
                r#"{{"op":"mcm","pt":6,"mc":[{{"id":"{name}","rc":[{{"id":1,"{name}":{ladder}}}]}}]}}"#
            ))
        };
        cache.apply(&line("[[0,2.0,10],[1,2.5,4]]")).unwrap();
        cache.apply(&line("[[0,2.2,5],[1,0,0]]")).unwrap();
        let ladders = &cache.market(name).unwrap().runners[&1];
        let kept: Vec<_> = [
            &ladders.best_to_back,
            &ladders.best_to_lay,
            &ladders.displayed_to_back,
            &ladders.displayed_to_lay,
        ]
        .iter()
        .flat_map(|ladder| ladder.iter())
        .map(|(level, (price, _))| (*level, *price))
        .collect();
        assert_eq!(kept, [(0, price("2.2"))], "{name}");
    }
}

fn outcomes(updates: &[FeedUpdate]) -> Vec<(OutcomeKind, u16, u16)> {
    updates
        .iter()
        .find_map(|update| {
            let Update::Settle(settle) = &update.update else {
                return None;
            };
            let outcomes = settle.outcomes.iter().map(|result| &result.outcome);
            Some(outcomes.map(|o| (o.kind, o.places, o.tied)).collect())
        })
        .unwrap_or_default()
}

#[test]
fn the_withdrawn_are_void_and_a_dead_heat_is_shared() {
    let mut feed = BetfairFeed::new("betfair", 8, 1);
    let runners = |statuses: [&str; 4]| {
        (1..)
            .zip(statuses)
            .map(|(id, status)| format!(r#"{{"id":{id},"status":"{status}"}}"#))
            .collect::<Vec<_>>()
            .join(",")
    };
    feed.line(&defined("OPEN", false, 0, &runners(["ACTIVE"; 4])))
        .unwrap();
    let closed = runners(["WINNER", "WINNER", "LOSER", "REMOVED"]);
    let updates = feed.line(&defined("CLOSED", false, 0, &closed)).unwrap();
    assert_eq!(
        outcomes(&updates),
        [
            (OutcomeKind::DeadHeat, 1, 2),
            (OutcomeKind::DeadHeat, 1, 2),
            (OutcomeKind::Lost, 1, 1),
            (OutcomeKind::Void, 1, 1)
        ]
    );
}

#[test]
fn a_market_that_closes_without_a_result_has_none() {
    let mut feed = BetfairFeed::new("betfair", 8, 1);
    feed.line(&defined("OPEN", false, 0, TWO)).unwrap();
    let updates = feed.line(&defined("CLOSED", false, 0, TWO)).unwrap();
    assert_eq!(words(&updates), ["close"]);
}

#[test]
fn garbage_is_an_error_and_strange_fields_are_not() {
    for line in ["", "{", "[]", r#"{"op":"dance"}"#, r#"{"op":"mcm"}"#] {
        assert!(decode(line).is_err(), "{line:?}");
    }
    let strange = r#"{"op":"mcm","pt":1,"_stream_id":7,"mc":[{"id":"1.1","new":[]}]}"#;
    assert!(decode(strange).is_ok());
    let mut cache = MarketCache::default();
    assert!(cache.apply(&changes(&back(1, "[[0.5,10]]"))).is_err());
}

#[test]
fn recorded_single_messages() {
    let read = |name: &str| {
        recorded_text(&format!("betfair/streaming_{name}.json"))
            .map(|text| decode(text.trim()).unwrap())
    };
    let Some(connection) = read("connection") else {
        return;
    };
    assert!(matches!(connection, Message::Connection { .. }));
    assert!(matches!(
        read("status"),
        Some(Message::Status {
            success: true,
            connection_closed: false,
            error_code: None,
            id: Some(_),
        })
    ));
    for (name, count) in [
        ("ocm_SUB_IMAGE", 1),
        ("ocm_FULL_IMAGE", 1),
        ("ocm_UPDATE", 1),
    ] {
        let Some(Message::Orders { markets, .. }) = read(name) else {
            panic!("{name} holds no orders")
        };
        assert_eq!(markets.len(), count);
    }
    for (name, change_type, count) in [
        ("mcm_SUB_IMAGE", ChangeType::Image, 1),
        ("mcm_SUB_IMAGE_no_market_def", ChangeType::Image, 137),
        ("mcm_RESUB_DELTA", ChangeType::Resumed, 43),
    ] {
        let Some(Message::Markets(changes)) = read(name) else {
            panic!("{name} holds no market changes")
        };
        assert_eq!(changes.change_type, change_type);
        let mut cache = MarketCache::default();
        cache.apply(&changes).unwrap();
        assert_eq!(cache.markets().len(), count);
        assert_eq!(cache.heartbeat_ms, Some(5000));
        assert!(cache.resume().is_some());
        let undefined = cache
            .markets()
            .values()
            .filter(|m| m.definition.is_none())
            .count();
        let silent = BetfairFeed::new("betfair", 8, 1).apply(&changes).unwrap();
        let offered = words(&silent)
            .iter()
            .filter(|word| **word == "market")
            .count();
        assert_eq!(offered + undefined, count, "{name}");
    }
}

/// Plays a recording from its beginning.
fn play(text: &str) -> (BetfairFeed, Vec<FeedUpdate>) {
    let mut feed = BetfairFeed::new("betfair", 8, 1);
    let mut updates = Vec::new();
    for line in text.lines() {
        updates.extend(feed.line(line).unwrap());
    }
    (feed, updates)
}

/// All but the books, with their times.
fn milestones(updates: &[FeedUpdate]) -> Vec<(i64, &'static str)> {
    updates
        .iter()
        .zip(words(updates))
        .filter(|(_, word)| *word != "book")
        .map(|(update, word)| (update.published_at.micros() / 1_000, word))
        .collect()
}

#[test]
fn the_recorded_match_opens_goes_in_play_and_closes_as_the_record_says() {
    let Some(text) = recorded_text("betfair/1.200806927.gz") else {
        return;
    };
    let (feed, updates) = play(&text);
    assert_eq!(
        milestones(&updates),
        [
            (1657018212979, "fixture"),
            (1657018212979, "market"),
            (1657537201427, "suspend"),
            (1657537220540, "progress"),
            (1657537220540, "in_play"),
            (1657537220540, "resume"),
            (1657550798245, "suspend"),
            (1657550847332, "close"),
            (1657550847332, "result"),
            (1657550847332, "progress"),
        ]
    );
    let delay = updates.iter().find_map(|update| {
        if let Update::TurnInPlay(turn) = &update.update {
            Some(turn.bet_delay)
        } else {
            None
        }
    });
    assert_eq!(delay, Some(Duration::from_secs(5)));
    assert_eq!(
        outcomes(&updates),
        [(OutcomeKind::Won, 1, 1), (OutcomeKind::Lost, 1, 1)]
    );
    assert_eq!(feed.cache().markets().len(), 1);
    let sequences = updates.iter().map(|update| update.sequence);
    assert!(sequences.eq(1..=u64::try_from(updates.len()).unwrap()));
}

/// What the exchange sends to somebody who resumes: all that was missed, in one message.
fn merged(lines: &[&str]) -> MarketChanges {
    let mut all = changes(lines[0]);
    all.change_type = ChangeType::Resumed;
    for line in &lines[1..] {
        let next = changes(line);
        all.clk = next.clk;
        all.published_at = next.published_at;
        all.markets.extend(next.markets);
    }
    all
}

#[test]
fn a_stream_resumed_at_any_clock_ends_in_the_same_ladders() {
    let Some(text) = recorded_text("betfair/1.200806927.gz") else {
        return;
    };
    let lines: Vec<&str> = text.lines().collect();
    let mut feed = BetfairFeed::new("betfair", 8, 1);
    for (index, line) in lines.iter().enumerate() {
        feed.line(line).unwrap();
        let missed = &lines[index + 1..(index + 301).min(lines.len())];
        if index % 1_000 != 7 || missed.is_empty() {
            continue;
        }
        let mut resumed = feed.clone();
        resumed.apply(&merged(missed)).unwrap();
        let mut unbroken = feed.clone();
        for line in missed {
            unbroken.line(line).unwrap();
        }
        assert_eq!(resumed.cache().markets(), unbroken.cache().markets());
        assert_eq!(resumed.cache().clk(), unbroken.cache().clk());
    }
}

/// What the exchange sends to somebody who resumes there: the last word on each price of each ladder.
#[derive(Default)]
struct Net {
    definition: Option<MarketDefinition>,
    /// By runner and ladder: price and size, by the bits of the price.
    sizes: std::collections::BTreeMap<(u64, usize, u64), PriceSize>,
    ltp: std::collections::BTreeMap<u64, f64>,
    tv: std::collections::BTreeMap<u64, f64>,
}

impl Net {
    /// Takes a change that comes before all that it knows.
    fn before(&mut self, change: &MarketChange) {
        if self.definition.is_none() {
            self.definition.clone_from(&change.definition);
        }
        for runner in &change.runners {
            if let Some(ltp) = runner.ltp {
                self.ltp.entry(runner.id).or_insert(ltp);
            }
            if let Some(tv) = runner.tv {
                self.tv.entry(runner.id).or_insert(tv);
            }
            let mut own = std::collections::BTreeMap::new();
            for (ladder, sizes) in [&runner.atb, &runner.atl, &runner.trd].iter().enumerate() {
                for &(price, size) in *sizes {
                    own.insert((runner.id, ladder, price.to_bits()), (price, size));
                }
            }
            for (key, size) in own {
                self.sizes.entry(key).or_insert(size);
            }
        }
    }

    fn message(&self, last: &MarketChanges, id: &str) -> MarketChanges {
        let mut runners: std::collections::BTreeMap<u64, RunnerChange> = self
            .ltp
            .keys()
            .chain(self.tv.keys())
            .map(|&id| {
                let change = RunnerChange {
                    id,
                    ltp: self.ltp.get(&id).copied(),
                    tv: self.tv.get(&id).copied(),
                    ..RunnerChange::default()
                };
                (id, change)
            })
            .collect();
        for (&(id, ladder, _), &size) in &self.sizes {
            let runner = runners.entry(id).or_insert_with(|| RunnerChange {
                id,
                ..RunnerChange::default()
            });
            match ladder {
                0 => runner.atb.push(size),
                1 => runner.atl.push(size),
                _ => runner.trd.push(size),
            }
        }
        MarketChanges {
            change_type: ChangeType::Resumed,
            markets: vec![MarketChange {
                id: id.to_owned(),
                con: true,
                definition: self.definition.clone(),
                runners: runners.into_values().collect(),
                ..MarketChange::default()
            }],
            ..last.clone()
        }
    }
}

#[test]
fn whoever_resumes_at_a_clock_with_the_net_change_has_the_final_book() {
    const EVERY: usize = 20;
    let Some(text) = recorded_text("betfair/1.200806927.gz") else {
        return;
    };
    let messages: Vec<MarketChanges> = text.lines().map(changes).collect();
    let id = "1.200806927";
    let mut cache = MarketCache::default();
    let mut known = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        cache.apply(message).unwrap();
        if index % EVERY == 0 {
            known.push((index, cache.clone()));
        }
    }
    let last = messages.last().unwrap();
    let ended = cache.market(id).unwrap();
    let mut net = Net::default();
    let mut resumed_at = 0;
    for (index, message) in messages.iter().enumerate().rev() {
        if let Some((_, mut resumed)) = known.pop_if(|(at, _)| *at == index) {
            resumed.apply(&net.message(last, id)).unwrap();
            let market = resumed.market(id).unwrap();
            assert_eq!(market.runners, ended.runners, "resumed after {index}");
            assert_eq!(market.definition, ended.definition, "resumed after {index}");
            assert_eq!(resumed.clk(), cache.clk());
            resumed_at += 1;
        }
        for change in &message.markets {
            net.before(change);
        }
    }
    assert!(known.is_empty() && resumed_at > 900, "{resumed_at}");
}

#[test]
fn the_recorded_race_has_two_withdrawn_runners_and_one_winner() {
    let Some(text) = recorded_text("betfair/BASIC-1.132153978") else {
        return;
    };
    let (feed, updates) = play(&text);
    let definition = feed
        .cache()
        .market("1.132153978")
        .unwrap()
        .definition
        .clone()
        .unwrap();
    let removed: Vec<(u64, Option<f64>)> = definition
        .runners
        .iter()
        .filter(|runner| runner.status == RunnerStatus::Removed)
        .map(|runner| (runner.id, runner.adjustment_factor))
        .collect();
    assert_eq!(removed, [(11198538, Some(7.14)), (9606433, Some(5.55))]);
    assert!(
        definition
            .runners
            .iter()
            .filter(|runner| runner.status == RunnerStatus::Removed)
            .all(|runner| runner.removal_date.is_some())
    );
    assert_eq!(
        milestones(&updates)
            .iter()
            .map(|(_, word)| *word)
            .collect::<Vec<_>>(),
        [
            "fixture", "market", "race", "withdraw", "withdraw", "race", "progress", "in_play",
            "suspend", "close", "result", "progress"
        ]
    );
    let races: Vec<(bool, usize)> = updates
        .iter()
        .filter_map(|update| {
            if let Update::DescribeRace(race) = &update.update {
                Some((race.handicap, race.starting_prices.len()))
            } else {
                None
            }
        })
        .collect();
    // A handicap by its name; twelve started.
    assert_eq!(races, [(true, 0), (true, 12)]);
    let outcomes = outcomes(&updates);
    let count = |kind| outcomes.iter().filter(|outcome| outcome.0 == kind).count();
    assert_eq!(
        (
            count(OutcomeKind::Won),
            count(OutcomeKind::Lost),
            count(OutcomeKind::Void)
        ),
        (1, 11, 2)
    );
}

#[test]
fn a_withdrawn_runner_loses_its_price_at_once() {
    let Some(text) = recorded_text("betfair/BASIC-1.132153978") else {
        return;
    };
    let (_, updates) = play(&text);
    let names = crate::feed::names::FeedNames::new("betfair", 8);
    let market = names.market(names.fixture("28270094"), "1.132153978");
    let withdrawn = names.selection(market, "11198538");
    let removed_at = Timestamp::from_millis(1497423701932);
    let priced = |at_or_after: bool| {
        updates
            .iter()
            .filter(|update| (update.published_at >= removed_at) == at_or_after)
            .filter(|update| has_price(&update.update, withdrawn))
            .count()
    };
    assert!(priced(false) > 0);
    assert_eq!(priced(true), 0);
}

fn has_price(update: &Update, selection: SelectionId) -> bool {
    let Update::QuoteBook(book) = update else {
        return false;
    };
    book.prices
        .iter()
        .any(|entry| entry.selection == selection && entry.price.is_some())
}
