//! Recorded data through the real owners: a tennis market as an exchange told it, and half a
//! football season settled to the penny.
//!
//! Each test reads the raw file a second time with arithmetic of its own and compares. Where the
//! recordings are not beside the repository, a test says so and does nothing.

#![expect(clippy::arithmetic_side_effects, reason = "it counts small numbers")]

use eventlog::{Chain, Faults};
use kernel::{
    BetId, Currency, CustomerId, Digest, Duration, MarketId, Money, Price, SelectionId, Timestamp,
    Topic, TopicPartition, TransferId,
};
use markets::{Market, MarketStatus};
use odds::feed::FeedUpdate;
use odds::feed::betfair::BetfairFeed;
use odds::feed::football_data;
use odds::feed::playback::Playback;
use odds::feed::router::FeedRouter;
use schemas::odds::{MarketKind, Update};
use schemas::{Blob, Decision, Events, auth, bets, ledger, odds as wire};
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use system_tests::client::Client;
use system_tests::world::{PARTITIONS, World};

const FUNDS_MINOR: i64 = 1_000_000;

/// The recorded file as text, or a word on stderr.
fn recorded(path: &str) -> Option<String> {
    let file = format!("{}/../../shared/data/{path}", env!("CARGO_MANIFEST_DIR"));
    let bytes = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("ignored: recorded data {path} is not here ({error})");
            return None;
        }
    };
    let mut text = String::new();
    if path.ends_with(".gz") {
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut text)
            .expect("a recorded file is whole");
    } else {
        text = String::from_utf8(bytes).expect("a recorded file is text");
    }
    Some(text)
}

/// A world without misfortune in which a recording is played.
struct Stage {
    world: World,
    playback: Playback,
    router: FeedRouter,
}

impl Stage {
    fn new(updates: Vec<FeedUpdate>, speed: u32) -> Self {
        let mut world = World::new(1, Faults::NONE);
        world.rest();
        let playback = Playback::new("recorded", updates, speed, world.now);
        Self {
            world,
            playback,
            router: FeedRouter::new(PARTITIONS),
        }
    }

    /// On to the next update, or by five seconds; what was told on the way, once all have heard
    /// it. Nothing at the end.
    fn next(&mut self) -> Option<Vec<FeedUpdate>> {
        let next = self.playback.next_at()?;
        self.world.now = next.min(self.world.now.plus(Duration::from_secs(5)));
        // The heartbeats of this instant come before what happens in it.
        self.world.rest();
        let told = self.playback.advance(self.world.now);
        for update in &told {
            for (partition, message) in self.router.route(update.clone(), &[]).messages {
                let at = TopicPartition::new(Topic::OddsCommands, partition);
                let command = wire::Command::ApplyFeedMessage(message);
                Client::send(&mut self.world, at, command, false);
            }
        }
        self.world.rest();
        Some(told)
    }

    fn wait(&mut self, span: Duration) {
        self.world.now = self.world.now.plus(span);
        self.world.rest();
    }

    /// Somebody with an account and money in it.
    fn customer(&mut self, partition: u16) -> CustomerId {
        let world = &mut self.world;
        let customer = CustomerId::from_bytes(world.client.bytes(partition));
        let mut login = [3_u8; 32];
        login[..16].copy_from_slice(&customer.bytes());
        let command = auth::Command::Register(auth::Register {
            customer,
            login_hash: Digest::from_bytes(login),
            password_hash: "$argon2id$v=19$recorded".to_owned(),
            sealed_profile: Blob(vec![1]),
            currency: Currency::Eur,
            roles: vec![auth::Role::Customer],
        });
        let at = TopicPartition::new(Topic::AuthCommands, partition);
        Client::send(world, at, command, false);
        let account = |customer, kind| ledger::Account {
            customer,
            kind,
            currency: Currency::Eur,
        };
        let transfer = ledger::Transfer {
            id: TransferId::from_bytes(world.client.bytes(partition)),
            debit: account(None, ledger::AccountKind::Provider),
            credit: account(Some(customer), ledger::AccountKind::Cash),
            amount: ledger::Amount::Exactly(ledger::Exactly { minor: FUNDS_MINOR }),
            kind: ledger::TransferKind::Post(ledger::Post {}),
            linked: false,
            code: ledger::TransferCode::Adjustment,
            credit_fallback: None,
            rules_waived: false,
        };
        let command = ledger::Command::PostTransfers(ledger::PostTransfers {
            transfers: vec![transfer],
        });
        let at = TopicPartition::new(Topic::LedgerCommands, partition);
        Client::send(world, at, command, false);
        world.rest();
        customer
    }

    fn single(
        &mut self,
        customer: CustomerId,
        market: &Market,
        selection: SelectionId,
        price: Price,
        policy: bets::PricePolicy,
        stake_minor: i64,
    ) -> BetId {
        let world = &mut self.world;
        let bet = BetId::from_bytes(world.client.bytes(customer.partition()));
        let slip = bets::Slip {
            bet_type: bets::BetType::Single,
            legs: vec![bets::Leg {
                selection,
                market: market.id,
                fixture: market.fixture,
                price,
                market_version: market.version,
            }],
            stake: Money::from_minor(stake_minor, Currency::Eur),
            price_policy: policy,
            each_way: false,
            client_ref: None,
        };
        let command = bets::Command::PlaceBet(bets::PlaceBet {
            bet,
            customer,
            slip,
        });
        let at = TopicPartition::new(Topic::BetsCommands, customer.partition());
        Client::send(world, at, command, true);
        world.rest();
        bet
    }

    fn market(&self, id: MarketId) -> Market {
        self.world
            .picture()
            .market(id)
            .expect("a market that was told of")
            .clone()
    }

    /// Every decision of a journal.
    fn journal(&self, topic: Topic) -> Vec<Arc<Decision>> {
        let mut decisions = Vec::new();
        for partition in 0..PARTITIONS {
            let at = TopicPartition::new(topic, partition);
            let records = self.world.log.records(at, 0, usize::MAX);
            let stretch = runtime::take(at, &mut Chain::default(), &records);
            let stretch = stretch.expect("a simulated journal never halts its reader");
            decisions.extend(stretch.decisions.into_iter().map(|one| one.decision));
        }
        decisions
    }

    /// The cash of a customer as the movements give it.
    fn cash(&self, customer: CustomerId) -> i128 {
        self.world
            .auditor
            .accounts()
            .find(|(key, _)| {
                key.customer == Some(customer) && key.kind == ledger::AccountKind::Cash
            })
            .map_or(0, |(_, state)| state.posted_minor)
    }

    fn must_be_in_order(&mut self) {
        let mut violations = self.world.check_replay();
        violations.extend(self.world.violations(true));
        assert!(violations.is_empty(), "{violations:#?}");
    }
}

/// What became of each bet, in order.
fn fates(stage: &Stage) -> BTreeMap<BetId, Vec<bets::Event>> {
    let mut fates: BTreeMap<BetId, Vec<bets::Event>> = BTreeMap::new();
    for decision in stage.journal(Topic::BetsEvents) {
        let Events::BetsEvents(body) = &decision.events else {
            continue;
        };
        for event in &body.events {
            let bet = match event {
                bets::Event::BetPlaced(placed) => placed.bet,
                bets::Event::BetDelayed(delayed) => delayed.bet,
                bets::Event::BetAccepted(accepted) => accepted.bet,
                bets::Event::BetRejected(rejected) => rejected.bet,
                bets::Event::BetSettled(settled) => settled.bet,
                bets::Event::BetAwaitsBudget(_)
                | bets::Event::SettlementStarted(_)
                | bets::Event::LegDecided(_)
                | bets::Event::SettlementReversed(_)
                | bets::Event::SettlementAdvanced(_)
                | bets::Event::BudgetRequested(_)
                | bets::Event::BudgetReturned(_)
                | bets::Event::BudgetNoticed(_)
                | bets::Event::StakeLimitNoticed(_)
                | bets::Event::ExclusionNoticed(_)
                | bets::Event::RestrictionNoticed(_)
                | bets::Event::RollbackStarted(_)
                | bets::Event::BetHeld(_) => continue,
            };
            fates.entry(bet).or_default().push(event.clone());
        }
    }
    fates
}

/// The rejections that are recorded without a bet.
fn refusals(stage: &Stage) -> Vec<bets::RejectionReason> {
    stage
        .journal(Topic::BetsEvents)
        .iter()
        .filter_map(|decision| {
            let Events::BetsEvents(body) = &decision.events else {
                return None;
            };
            body.rejection.as_ref().map(|broken| broken.reason.clone())
        })
        .collect()
}

/// Numerator over denominator, to the nearest whole number, halves to the even one.
fn half_even(numerator: i128, denominator: i128) -> i128 {
    let floor = numerator.div_euclid(denominator);
    let twice = 2 * numerator.rem_euclid(denominator);
    match twice.cmp(&denominator) {
        std::cmp::Ordering::Less => floor,
        std::cmp::Ordering::Greater => floor + 1,
        std::cmp::Ordering::Equal => floor + floor.rem_euclid(2),
    }
}

#[test]
fn halves_go_to_the_even_one() {
    let rounded: Vec<i128> = [1, 3, 5, 6, 7].map(|n| half_even(n, 2)).to_vec();
    assert_eq!(rounded, [0, 2, 2, 3, 4]);
}

mod tennis {
    use super::*;

    const FILE: &str = "betfair/1.200806927.gz";
    const SPEED: u32 = 60;

    /// What a market says of itself: state, in play, delay in seconds, and when (milliseconds).
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Stand {
        status: &'static str,
        in_play: bool,
        delay_secs: i64,
        at_ms: i64,
    }

    /// The states that the record goes through, and who won, read without our feed.
    fn raw(text: &str) -> (Vec<Stand>, Vec<(u64, bool)>) {
        let mut stands: Vec<Stand> = Vec::new();
        let mut runners = Vec::new();
        for line in text.lines() {
            let message: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
            for change in message["mc"].as_array().into_iter().flatten() {
                let definition = &change["marketDefinition"];
                if definition.is_null() {
                    continue;
                }
                let status = match definition["status"].as_str() {
                    Some("OPEN") => "open",
                    Some("SUSPENDED") => "suspended",
                    Some("CLOSED") => "settled",
                    other => panic!("{other:?} is no state of the record"),
                };
                let stand = Stand {
                    status,
                    in_play: definition["inPlay"] == true,
                    delay_secs: definition["betDelay"].as_i64().expect("a delay"),
                    at_ms: message["pt"].as_i64().expect("a time"),
                };
                push_if_new(&mut stands, stand);
                runners = definition["runners"]
                    .as_array()
                    .expect("runners")
                    .iter()
                    .map(|runner| {
                        let id = runner["id"].as_u64().expect("an id");
                        (id, runner["status"] == "WINNER")
                    })
                    .collect();
            }
        }
        (stands, runners)
    }

    fn push_if_new(stands: &mut Vec<Stand>, stand: Stand) {
        let known = stands.last().is_some_and(|last| {
            Stand {
                at_ms: stand.at_ms,
                ..last.clone()
            } == stand
        });
        if !known {
            stands.push(stand);
        }
    }

    fn stand(market: &Market, now: Timestamp) -> Stand {
        Stand {
            status: match market.status {
                MarketStatus::Open => "open",
                MarketStatus::Suspended => "suspended",
                MarketStatus::Closed => "closed",
                MarketStatus::Settled => "settled",
            },
            in_play: market.in_play,
            delay_secs: market.bet_delay.millis() / 1_000,
            at_ms: now.micros() / 1_000,
        }
    }

    #[test]
    fn a_recorded_market_opens_suspends_goes_in_play_and_closes_as_the_record_says() {
        let Some(text) = recorded(FILE) else { return };
        let (told, runners) = raw(&text);
        let mut feed = BetfairFeed::new("recorded", PARTITIONS, 1);
        let updates: Vec<FeedUpdate> = text
            .lines()
            .flat_map(|line| feed.line(line).expect("a message"))
            .collect();
        let mut stage = Stage::new(updates, SPEED);
        let customer = stage.customer(1);
        let began = stage.world.now;
        let mut seen: Vec<Stand> = Vec::new();
        let mut placed: Vec<(&'static str, SelectionId, BetId)> = Vec::new();
        let mut market_id = None;
        while let Some(updates) = stage.next() {
            for update in &updates {
                if let Update::OfferMarket(offer) = &update.update {
                    market_id = Some(offer.market);
                }
            }
            let Some(id) = market_id else { continue };
            let market = stage.market(id);
            push_if_new(&mut seen, stand(&market, stage.world.now));
            bet(&mut stage, customer, &market, &seen, &mut placed);
        }
        let market = stage.market(market_id.expect("a market"));
        let last = market.selections.last().expect("selections");
        place(
            &mut stage,
            customer,
            &market,
            last.id,
            "settled",
            &mut placed,
        );
        stage.wait(Duration::from_secs(1));

        let first_ms = told[0].at_ms;
        let expected: Vec<Stand> = told
            .into_iter()
            .map(|stand| Stand {
                at_ms: began.micros() / 1_000 + (stand.at_ms - first_ms) / i64::from(SPEED),
                ..stand
            })
            .collect();
        assert_eq!(seen, expected);
        check_bets(&stage, customer, &market, &placed, &runners);
        stage.must_be_in_order();
    }

    fn place(
        stage: &mut Stage,
        customer: CustomerId,
        market: &Market,
        selection: SelectionId,
        when: &'static str,
        placed: &mut Vec<(&'static str, SelectionId, BetId)>,
    ) {
        let price = Price::ratio(2, 1).expect("a price");
        let any = bets::PricePolicy::Any;
        let bet = stage.single(customer, market, selection, price, any, 1_003);
        placed.push((when, selection, bet));
    }

    /// Both sides are backed once in each state of the market.
    fn bet(
        stage: &mut Stage,
        customer: CustomerId,
        market: &Market,
        seen: &[Stand],
        placed: &mut Vec<(&'static str, SelectionId, BetId)>,
    ) {
        let now = seen.last().expect("the state was just seen");
        let when = match (now.status, now.in_play) {
            ("open", false) => "open",
            ("open", true) => "in play",
            ("suspended", _) => "suspended",
            _ => return,
        };
        let priced = market.selections.iter().all(|s| s.price.is_some());
        let done = placed.iter().filter(|(then, ..)| *then == when).count() > 0;
        if done || (when != "suspended" && !priced) {
            return;
        }
        for selection in &market.selections {
            place(stage, customer, market, selection.id, when, placed);
        }
    }

    fn check_bets(
        stage: &Stage,
        customer: CustomerId,
        market: &Market,
        placed: &[(&'static str, SelectionId, BetId)],
        runners: &[(u64, bool)],
    ) {
        let fates = fates(stage);
        let mut cash = i128::from(FUNDS_MINOR);
        let mut accepted = 0;
        for (when, selection, bet) in placed {
            let fate = fates.get(bet);
            if matches!(*when, "suspended" | "settled") {
                assert_eq!(fate, None, "a bet on a market that is {when} is refused");
                continue;
            }
            let fate = fate.expect("a bet on an open market is placed");
            let find = |wanted: fn(&bets::Event) -> bool| fate.iter().find(|event| wanted(event));
            let Some(bets::Event::BetPlaced(begin)) =
                find(|event| matches!(event, bets::Event::BetPlaced(_)))
            else {
                panic!("{fate:?}")
            };
            let Some(bets::Event::BetAccepted(struck)) =
                find(|event| matches!(event, bets::Event::BetAccepted(_)))
            else {
                panic!("{when}: {fate:?}")
            };
            accepted += 1;
            let waited = struck.accepted_at.since(begin.placed_at);
            if *when == "in play" {
                assert!(waited >= Duration::from_secs(5), "waited {waited:?}");
            } else {
                assert_eq!(waited, Duration::ZERO);
            }
            // Who won is told by the raw record: its runners stand in the order of the offer.
            let index = market.selections.iter().position(|s| s.id == *selection);
            let (_, won) = runners[index.expect("a selection of the market")];
            let price = struck.legs[0].price;
            cash -= 1_003;
            if won {
                cash += half_even(
                    1_003 * i128::from(price.numerator()),
                    i128::from(price.denominator()),
                );
            }
        }
        assert_eq!(accepted, 4, "two sides, before and in play");
        let refused = refusals(stage);
        assert_eq!(
            refused
                .iter()
                .filter(|reason| matches!(reason, bets::RejectionReason::MarketSuspended(_)))
                .count(),
            2
        );
        assert_eq!(
            refused
                .iter()
                .filter(|reason| matches!(reason, bets::RejectionReason::MarketClosed(_)))
                .count(),
            1
        );
        assert_eq!(stage.cash(customer), cash);
    }
}

mod football {
    use super::*;

    const FILE: &str = "football/E0-2025-26.csv";
    /// A season in half an hour.
    const SPEED: u32 = 10_000;

    /// One row of the file as text, by column.
    type Row = BTreeMap<String, String>;

    fn rows(text: &str) -> Vec<Row> {
        let mut lines = text.trim_start_matches('\u{feff}').lines();
        let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
        lines
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                let cells = line.split(',').map(|cell| cell.trim().to_owned());
                header
                    .iter()
                    .map(|name| (*name).to_owned())
                    .zip(cells)
                    .collect()
            })
            .collect()
    }

    fn cell<'a>(row: &'a Row, column: &str) -> Option<&'a str> {
        row.get(column)
            .map(String::as_str)
            .filter(|cell| !cell.is_empty())
    }

    /// A decimal number times a power of ten, exactly: "-1.75" times 100 is -175.
    fn scaled(text: &str, digits: usize) -> i128 {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        assert!(
            fraction.len() <= digits,
            "{text} has more than {digits} digits"
        );
        format!("{whole}{fraction:0<digits$}")
            .parse()
            .expect("a decimal number")
    }

    /// A line in quarters of a goal.
    fn quarters(text: &str) -> i128 {
        let hundredths = scaled(text, 2);
        assert_eq!(hundredths % 25, 0, "{text}");
        hundredths / 25
    }

    /// What is bet on, as the file alone tells it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Side {
        Home,
        Draw,
        Away,
        Over,
        Under,
    }

    /// A bet of the book.
    #[derive(Debug, Clone)]
    struct Scripted {
        customer: CustomerId,
        bet: BetId,
        stake: i128,
        returned: i128,
        what: String,
    }

    /// What a stake returns at a price of hundredths: half of it by each of two lines, which are
    /// the same one unless the line is between two.
    fn returned(stake: i128, price: &str, halves: [i128; 2]) -> i128 {
        let price = scaled(price, 2);
        let per_half = halves.map(|margin| match margin.signum() {
            1 => price,
            0 => 100,
            _ => 0,
        });
        half_even(stake * (per_half[0] + per_half[1]), 200)
    }

    /// By how many quarters of a goal each half of the stake is ahead.
    fn margins(side: Side, home: i128, away: i128, line: Option<i128>) -> [i128; 2] {
        let lead = 4 * (home - away);
        let both = |won: bool| [if won { 1 } else { -1 }; 2];
        let with_line = |ahead: i128, line: i128| {
            if line.rem_euclid(2) == 0 {
                [ahead + line; 2]
            } else {
                [ahead + line - 1, ahead + line + 1]
            }
        };
        match (side, line) {
            (Side::Home, Some(line)) => with_line(lead, line),
            (Side::Away, Some(line)) => with_line(-lead, -line),
            (Side::Home, None) => both(lead > 0),
            (Side::Draw, _) => both(lead == 0),
            (Side::Away, None) => both(lead < 0),
            (Side::Over, _) => both(home + away > 2),
            (Side::Under, _) => both(home + away < 3),
        }
    }

    #[test]
    fn quarter_lines_are_two_bets() {
        // 1-1, home -0.25: half back, half lost; 2-1, away +0.75: half lost, half back.
        assert_eq!(margins(Side::Home, 1, 1, Some(-1)), [-2, 0]);
        assert_eq!(margins(Side::Away, 2, 1, Some(-3)), [-2, 0]);
        assert_eq!(returned(1_001, "1.85", [-2, 0]), 500);
        assert_eq!(returned(1_000, "1.85", [2, 0]), 1_425);
    }

    /// The columns of a market's prices, by side, at that moment.
    fn columns(kind: &MarketKind, opening: bool) -> Vec<(Side, &'static str)> {
        let (home, draw, away) = (Side::Home, Side::Draw, Side::Away);
        match (kind, opening) {
            (MarketKind::MatchResult(_), true) => {
                vec![(home, "B365H"), (draw, "B365D"), (away, "B365A")]
            }
            (MarketKind::MatchResult(_), false) => {
                vec![(home, "B365CH"), (draw, "B365CD"), (away, "B365CA")]
            }
            (MarketKind::TotalGoals(_), true) => {
                vec![(Side::Over, "B365>2.5"), (Side::Under, "B365<2.5")]
            }
            (MarketKind::TotalGoals(_), false) => {
                vec![(Side::Over, "B365C>2.5"), (Side::Under, "B365C<2.5")]
            }
            (MarketKind::AsianHandicap(_), true) => vec![(home, "B365AHH"), (away, "B365AHA")],
            (MarketKind::AsianHandicap(_), false) => vec![(home, "AvgCAHH"), (away, "AvgCAHA")],
            (MarketKind::Winner(_), _) => panic!("no market of the season asks for a winner"),
        }
    }

    /// The selection that people would take for that side.
    fn selection_of(market: &Market, side: Side, row: &Row) -> SelectionId {
        let named = match side {
            Side::Home => &row["HomeTeam"],
            Side::Away => &row["AwayTeam"],
            Side::Draw => "Draw",
            Side::Over => "Over 2.5",
            Side::Under => "Under 2.5",
        };
        let found: Vec<_> = market
            .selections
            .iter()
            .filter(|selection| selection.name.starts_with(named))
            .collect();
        assert_eq!(found.len(), 1, "{named} in {:?}", market.selections);
        found[0].id
    }

    /// Every selection of a market that was just quoted, at the prices of the file.
    fn back_all(
        stage: &mut Stage,
        market: &Market,
        row: &Row,
        opening: bool,
        script: &mut Vec<Scripted>,
    ) {
        let (home, away) = (scaled(&row["FTHG"], 0), scaled(&row["FTAG"], 0));
        let line = matches!(market.kind, MarketKind::AsianHandicap(_))
            .then(|| quarters(&row[if opening { "AHh" } else { "AHCh" }]));
        if let (MarketKind::AsianHandicap(kind), Some(line)) = (&market.kind, line) {
            assert_eq!(i128::from(kind.line_quarters), line);
        }
        // New customers for every book, or fraud would soon restrict who bets so much.
        let partition = u16::try_from(script.len() % usize::from(PARTITIONS)).expect("small");
        let customer = stage.customer(partition);
        for (side, column) in columns(&market.kind, opening) {
            let price = cell(row, column).expect("a market is quoted where there is a price");
            let number = i64::try_from(script.len()).expect("small");
            let stake = 101 + (number * 37) % 1_900;
            let selection = selection_of(market, side, row);
            let asked = price.parse().expect("a price");
            let exact = bets::PricePolicy::Exact;
            let bet = stage.single(customer, market, selection, asked, exact, stake);
            let margins = margins(side, home, away, line);
            script.push(Scripted {
                customer,
                bet,
                stake: i128::from(stake),
                returned: returned(i128::from(stake), price, margins),
                what: format!("{side:?} {line:?} {home}-{away} {stake} at {price}"),
            });
        }
    }

    #[test]
    fn every_bet_of_a_recorded_season_settles_to_the_penny() {
        let Some(text) = recorded(FILE) else { return };
        let rows = rows(&text);
        assert_eq!(rows.len(), 180);
        let matches = football_data::read(&text).expect("a season");
        let updates = football_data::play("recorded", PARTITIONS, 1, &matches);
        let mut stage = Stage::new(updates, SPEED);
        let mut first_quoted: BTreeMap<kernel::FixtureId, Timestamp> = BTreeMap::new();
        let mut script: Vec<Scripted> = Vec::new();
        while let Some(told) = stage.next() {
            for update in told {
                let Update::QuoteBook(quote) = &update.update else {
                    continue;
                };
                let market = stage.market(quote.market);
                let fixture = stage.world.picture().fixture(market.fixture);
                let name = fixture.expect("a fixture").name.clone();
                let row = rows
                    .iter()
                    .find(|row| format!("{} v {}", row["HomeTeam"], row["AwayTeam"]) == name)
                    .expect("a row");
                let at = update.published_at;
                let opening = *first_quoted.entry(market.fixture).or_insert(at) == at;
                back_all(&mut stage, &market, row, opening, &mut script);
            }
        }
        stage.wait(Duration::from_secs(1));
        compare(&stage, &script);
        stage.must_be_in_order();
        eprintln!("{} bets on {} matches", script.len(), rows.len());
        assert!(script.len() > 180 * 10, "{} bets", script.len());
    }

    fn compare(stage: &Stage, script: &[Scripted]) {
        let fates = fates(stage);
        let mut cash: BTreeMap<CustomerId, i128> = BTreeMap::new();
        for scripted in script {
            let fate = fates.get(&scripted.bet).map_or(&[][..], Vec::as_slice);
            let Some(bets::Event::BetSettled(settled)) = fate.last() else {
                panic!("{}: {fate:?} {:?}", scripted.what, refusals(stage).last())
            };
            assert_eq!(
                i128::from(settled.returned.minor()),
                scripted.returned,
                "{}",
                scripted.what
            );
            let funds = i128::from(FUNDS_MINOR);
            *cash.entry(scripted.customer).or_insert(funds) += scripted.returned - scripted.stake;
        }
        for (customer, expected) in cash {
            assert_eq!(stage.cash(customer), expected, "{customer}");
        }
    }
}
