//! F28: gap, duplicate, reorder, garbage, stall and kill, through the real lines, counts and rules.
//!
//! Time is handed in. After every step: a market that takes bets has the price that its source
//! last gave it, as far as the count of messages can tell; and no market of a source that has been
//! silent for the limit and two seconds takes bets. At the end a repeat of all books opens everything
//! again at the right prices.

use super::FeedUpdate;
use super::ndjson::read_line;
use super::router::{Arrival, FeedRouter};
use crate::{OddsService, Terms, codec};
use kernel::{Decider, Duration, Partition, Price, Timestamp};
use odds_domain::{Command, Event, Market, Odds, SOURCE_SILENT_AFTER, State};
use proptest::prelude::*;
use runtime::Service;
use schemas::odds as wire;
use std::collections::BTreeMap;

const PARTITIONS: Partition = 3;
const MARKETS: usize = 6;
const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);
/// How late the suspension of a silent source may be.
const LATE_MAX: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
enum Act {
    Say(usize, u32),
    Lose(usize, u32),
    Garble(usize, u32),
    Twice(usize, u32),
    Swap((usize, u32), (usize, u32)),
    Stall(i64),
    Kill,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let one = || (0..MARKETS, 101_u32..900);
    let act = prop_oneof![
        8 => one().prop_map(|(market, price)| Act::Say(market, price)),
        1 => one().prop_map(|(market, price)| Act::Lose(market, price)),
        1 => one().prop_map(|(market, price)| Act::Garble(market, price)),
        1 => one().prop_map(|(market, price)| Act::Twice(market, price)),
        1 => (one(), one()).prop_map(|(first, second)| Act::Swap(first, second)),
        1 => (1_i64..40).prop_map(Act::Stall),
        1 => Just(Act::Kill),
    ];
    proptest::collection::vec(act, 1..60)
}

struct World {
    now: Timestamp,
    router: FeedRouter,
    states: BTreeMap<Partition, State>,
    /// The number of the source's next message.
    next: u64,
    /// By number: the market and what it is priced at from there on.
    said: BTreeMap<u64, (usize, u32)>,
    /// Up to which number the source was heard.
    heard: u64,
    heard_at: Timestamp,
    gaps: Vec<(u64, u64)>,
}

/// Names of a market, as the source calls it.
fn named(market: usize) -> String {
    format!(r#""fixture":"f{market}","market":"m""#)
}

fn decimal(price: u32) -> String {
    format!("{}.{:02}", price / 100, price % 100)
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            now: START,
            router: FeedRouter::new(PARTITIONS),
            states: BTreeMap::new(),
            next: 1,
            said: BTreeMap::new(),
            heard: 0,
            heard_at: START,
            gaps: Vec::new(),
        };
        for market in 0..MARKETS {
            let fixture = format!(r#""fixture":"f{market}""#);
            world.tell(&format!(
                r#""type":"fixture",{fixture},"name":"n","sport":"s","starts_at":"2027-01-15T08:00:00Z""#
            ));
            world.tell(&format!(
                r#""type":"market",{},"name":"n","kind":"winner","selections":[{{"selection":"a","name":"A"}}]"#,
                named(market)
            ));
            world.say(market, 200);
        }
        world
    }

    /// The next line of the source, and its number.
    fn line(&mut self, fields: &str) -> (u64, String) {
        let sequence = self.next;
        self.next += 1;
        let line = format!(r#"{{"source":"acme","sequence":{sequence},{fields}}}"#);
        (sequence, line)
    }

    fn book(&mut self, market: usize, price: u32) -> (u64, String) {
        let (sequence, line) = self.line(&format!(
            r#""type":"book",{},"prices":[{{"selection":"a","price":"{}"}}]"#,
            named(market),
            decimal(price)
        ));
        self.said.insert(sequence, (market, price));
        (sequence, line)
    }

    fn tell(&mut self, fields: &str) {
        let (_, line) = self.line(fields);
        self.arrive(&line);
    }

    fn say(&mut self, market: usize, price: u32) {
        let (_, line) = self.book(market, price);
        self.arrive(&line);
    }

    /// A line reaches the desk.
    fn arrive(&mut self, line: &str) {
        let Ok(update) = read_line(line, PARTITIONS, self.now) else {
            return;
        };
        self.take(update);
        self.check();
    }

    fn take(&mut self, update: FeedUpdate) {
        let sequence = update.sequence;
        let routed = self.router.route(update);
        if let Arrival::Gap { expected, got } = routed.arrival {
            self.gaps.push((expected, got));
        }
        if !matches!(routed.arrival, Arrival::Repeated { .. }) {
            self.heard = sequence;
            self.heard_at = self.now;
        }
        for (partition, message) in routed.messages {
            let command = wire::Command::ApplyFeedMessage(message);
            let command = codec::command_from_wire(command, &Terms::standard(1), Timestamp::MIN);
            self.decide(partition, &command);
        }
        self.sweep();
    }

    fn decide(&mut self, partition: Partition, command: &Command) {
        let state = self.states.entry(partition).or_default();
        let events = Odds::decide(state, command)
            .unwrap_or_else(|rejection| panic!("{command:?}: {rejection}"));
        for event in &events {
            Odds::evolve(state, event);
        }
    }

    /// Internal work, as the runtime does it: at once.
    fn sweep(&mut self) {
        for partition in 0..PARTITIONS {
            while let Some(due) = self.states.entry(partition).or_default().next_sweep() {
                self.decide(partition, &Command::SuspendDoubted { source: due.source });
            }
        }
    }

    /// Time passes, second by second; timers fire when they are due.
    fn wait(&mut self, secs: i64) {
        for _ in 0..secs {
            self.now = self.now.plus(Duration::from_secs(1));
            for partition in 0..PARTITIONS {
                loop {
                    let state = self.states.entry(partition).or_default();
                    let Some(timer) = OddsService::next_timer(state) else {
                        break;
                    };
                    if timer.due > self.now {
                        break;
                    }
                    let command =
                        OddsService::fire(state, timer, &Terms::standard(1), self.now).unwrap();
                    self.decide(partition, &command);
                }
            }
            self.sweep();
            self.check();
        }
    }

    /// The process dies and comes back: what it knew of counts is what the partitions recorded, and
    /// the source goes on with what was not acknowledged, which is its last message.
    fn kill(&mut self) {
        self.router = FeedRouter::new(PARTITIONS);
        for (partition, state) in &self.states {
            let bytes = OddsService::snapshot(state);
            assert_eq!(&OddsService::restore(&bytes).unwrap(), state);
            for (name, source) in &state.sources {
                self.router.recover(name, *partition, source.sequence);
            }
        }
        if let Some((&sequence, &(market, price))) = self.said.last_key_value()
            && sequence == self.heard
        {
            let line = format!(
                r#"{{"source":"acme","sequence":{sequence},"type":"book",{},"prices":[{{"selection":"a","price":"{}"}}]}}"#,
                named(market),
                decimal(price)
            );
            self.arrive(&line);
        } else {
            self.tell(r#""type":"alive""#);
        }
    }

    fn markets(&self) -> impl Iterator<Item = &Market> {
        self.states
            .values()
            .flat_map(|state| state.markets.values())
    }

    /// What each market was last priced at among the messages up to the last one heard.
    fn truth(&self) -> BTreeMap<usize, u32> {
        let heard = self.said.range(..=self.heard);
        heard.map(|(_, &(market, price))| (market, price)).collect()
    }

    fn priced(&self, market: usize) -> &Market {
        let names = super::names::FeedNames::new("acme", PARTITIONS);
        let id = names.market(names.fixture(&format!("f{market}")), "m");
        let found = self.markets().find(|known| known.market == id);
        found.expect("a market that was offered")
    }

    fn check(&self) {
        let silent_for = self.now.since(self.heard_at);
        let too_long =
            silent_for > Duration::from_micros(SOURCE_SILENT_AFTER.micros() + LATE_MAX.micros());
        for (number, price) in self.truth() {
            let market = self.priced(number);
            if !takes_bets(market) {
                continue;
            }
            assert!(!too_long, "market {number} takes bets after {silent_for:?}");
            let expected: Price = decimal(price).parse().unwrap();
            assert_eq!(market.prices, [Some(expected)], "market {number}");
        }
    }
}

fn takes_bets(market: &Market) -> bool {
    market.state() == "open" && market.prices.iter().any(Option::is_some)
}

fn play(acts: Vec<Act>) -> World {
    let mut world = World::new();
    for act in acts {
        match act {
            Act::Say(market, price) => world.say(market, price),
            Act::Lose(market, price) => drop(world.book(market, price)),
            Act::Garble(market, price) => {
                let (_, line) = world.book(market, price);
                world.arrive(&line.replace("\"type\"", "\"ty\u{fffd}e\""));
                world.arrive(line.get(..line.len() / 2).unwrap_or(""));
            }
            Act::Twice(market, price) => {
                let (_, line) = world.book(market, price);
                world.arrive(&line);
                world.arrive(&line);
            }
            Act::Swap(first, second) => {
                let (_, early) = world.book(first.0, first.1);
                let (_, late) = world.book(second.0, second.1);
                world.arrive(&late);
                world.arrive(&early);
            }
            Act::Stall(secs) => world.wait(secs),
            Act::Kill => {
                // What is in the air when the process dies was not acknowledged either.
                if world.heard + 1 == world.next {
                    world.kill();
                }
            }
        }
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn no_market_takes_bets_at_a_price_that_its_source_does_not_give(acts in acts()) {
        let mut world = play(acts);
        // The snapshot: every book once more.
        let last: BTreeMap<usize, u32> = world.said.values().copied().collect();
        world.tell(r#""type":"alive""#);
        for (market, price) in last {
            world.say(market, price);
        }
        for market in 0..MARKETS {
            prop_assert!(takes_bets(world.priced(market)), "market {} stays shut", market);
        }
    }
}

#[test]
fn a_stall_stops_everything_within_two_seconds_of_the_limit_and_a_book_each_opens_it() {
    let mut world = World::new();
    world.wait(10);
    world.tell(r#""type":"alive""#);
    world.wait(15);
    assert!((0..MARKETS).all(|market| takes_bets(world.priced(market))));
    world.wait(2);
    assert!((0..MARKETS).all(|market| !takes_bets(world.priced(market))));
    world.say(3, 220);
    let open: Vec<usize> = (0..MARKETS)
        .filter(|market| takes_bets(world.priced(*market)))
        .collect();
    assert_eq!(open, [3]);
}

#[test]
fn a_gap_is_named_and_shuts_what_it_may_have_concerned() {
    let mut world = World::new();
    let before = world.next;
    drop(world.book(1, 300));
    drop(world.book(2, 300));
    world.say(0, 250);
    assert_eq!(world.gaps, [(before, before + 2)]);
    let open: Vec<usize> = (0..MARKETS)
        .filter(|market| takes_bets(world.priced(*market)))
        .collect();
    assert_eq!(open, [0]);
    let mut gaps = world
        .states
        .values()
        .flat_map(|state| state.sources.values());
    assert!(gaps.all(|source| source.sequence > 0));
}

#[test]
fn gaps_stand_in_the_events_of_every_partition() {
    let mut router = FeedRouter::new(1);
    let update = |sequence| {
        let line = format!(r#"{{"source":"acme","sequence":{sequence},"type":"alive"}}"#);
        read_line(&line, 1, START).unwrap()
    };
    let mut state = State::default();
    let mut seen = Vec::new();
    for sequence in [1, 2, 6] {
        for (_, message) in router.route(update(sequence)).messages {
            let command = wire::Command::ApplyFeedMessage(message);
            let command = codec::command_from_wire(command, &Terms::standard(1), Timestamp::MIN);
            for event in Odds::decide(&state, &command).unwrap() {
                Odds::evolve(&mut state, &event);
                if matches!(event, Event::SourceGapSeen { .. }) {
                    seen.push(event);
                }
            }
        }
    }
    let gap = Event::SourceGapSeen {
        source: "acme".to_owned(),
        expected: 3,
        got: 6,
    };
    assert_eq!(seen, [gap]);
}
