//! Half a season of football: a scripted book, settled to the penny as the file alone says.

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
        (
            MarketKind::Winner(_)
            | MarketKind::BothToScore(_)
            | MarketKind::CorrectScore(_)
            | MarketKind::EuropeanHandicap(_),
            _,
        ) => panic!("the season has no prices for {kind:?}"),
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
