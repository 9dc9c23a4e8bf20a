//! Cells, British clocks and the recorded season.

use super::*;
use crate::feed::FeedUpdate;
use crate::feed::recorded::recorded_text;
use schemas::odds::{OutcomeKind, Update};
use std::collections::BTreeSet;

const HEADER: &str = "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,B365H,B365D,B365A,\
    B365>2.5,B365<2.5,AHh,B365AHH,B365AHA,AHCh,AvgCAHH,AvgCAHA";

fn one(row: &str) -> MatchRow {
    read(&format!("{HEADER}\n{row}\n")).unwrap().remove(0)
}

const PLAYED: &str =
    "E0,15/08/2025,20:00,Reds,Blues,4,2,H,1.3,6,8.5,1.36,3.2,-1.5,1.83,2.03,-1.75,1.94,1.76";

#[test]
fn a_row_is_read() {
    let row = one(PLAYED);
    assert_eq!((row.home.as_str(), row.away.as_str()), ("Reds", "Blues"));
    assert_eq!(row.full_time, Some(Score::new(4, 2)));
    assert_eq!(row.half_time, None);
    assert_eq!(
        row.opening.result.unwrap().map(|p| p.to_string()),
        ["1.30", "6.00", "8.50"]
    );
    assert_eq!(row.opening.handicap.unwrap().line, Line::from_quarters(-6));
    assert_eq!(row.closing.handicap.unwrap().line, Line::from_quarters(-7));
    assert_eq!(row.closing.total, None);
}

#[test]
fn clocks_in_britain_are_an_hour_ahead_in_summer() {
    let kick_off = |date: &str, time: &str| {
        let micros = one(&PLAYED.replace("15/08/2025,20:00", &format!("{date},{time}")))
            .kick_off
            .micros();
        jiff::Timestamp::from_microsecond(micros)
            .unwrap()
            .to_string()
    };
    assert_eq!(kick_off("15/08/2025", "20:00"), "2025-08-15T19:00:00Z");
    assert_eq!(kick_off("25/10/2025", "15:00"), "2025-10-25T14:00:00Z");
    assert_eq!(kick_off("26/10/2025", "15:00"), "2025-10-26T15:00:00Z");
    assert_eq!(kick_off("28/03/2026", "15:00"), "2026-03-28T15:00:00Z");
    assert_eq!(kick_off("29/03/2026", "15:00"), "2026-03-29T14:00:00Z");
    assert_eq!(kick_off("01/01/26", "12:30"), "2026-01-01T12:30:00Z");
}

#[test]
fn a_match_to_come_has_no_result() {
    let row = one("E0,15/08/2025,20:00,Reds,Blues,,,,1.3,6,8.5,,,,,,,,");
    assert_eq!(row.full_time, None);
    assert_eq!(row.opening.total, None);
    let words = play("fd", 8, 1, &[row]);
    assert!(
        !words
            .iter()
            .any(|update| matches!(update.update, Update::Settle(_)))
    );
}

#[test]
fn wrong_cells_are_named() {
    for (from, to, expected) in [
        ("1.3,6", "one,6", "line 2, column B365H"),
        ("1.3,6", "1.0,6", "line 2, column B365H"),
        ("15/08/2025", "2025-08-15", "line 2, column Date"),
        ("15/08/2025", "31/02/2025", "line 2, column Date"),
        ("20:00", "25:00", "line 2, column Time"),
        ("4,2,H", "four,2,H", "line 2, column FTHG"),
        ("-1.5,", "-1.4,", "line 2, column AHh"),
        ("Reds", "", "line 2: no column HomeTeam"),
    ] {
        let error = read(&format!("{HEADER}\n{}\n", PLAYED.replace(from, to))).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    assert!(read("Div,Date\nE0\n").is_err());
}

#[test]
fn a_moved_line_is_another_market_and_both_are_settled() {
    let updates = play("fd", 8, 1, &[one(PLAYED)]);
    let markets: BTreeSet<_> = updates.iter().filter_map(FeedUpdate::market).collect();
    // Result, total, handicap -1.5 and handicap -1.75.
    assert_eq!(markets.len(), 4);
    for market in &markets {
        let count = |wanted: fn(&Update) -> bool| {
            updates
                .iter()
                .filter(|update| update.market() == Some(*market) && wanted(&update.update))
                .count()
        };
        assert_eq!(count(|u| matches!(u, Update::OfferMarket(_))), 1);
        assert_eq!(count(|u| matches!(u, Update::Close(_))), 1);
        assert_eq!(count(|u| matches!(u, Update::Settle(_))), 1);
    }
}

#[test]
fn quarter_lines_are_settled_by_halves() {
    let updates = play("fd", 8, 1, &[one(PLAYED)]);
    let kinds: BTreeSet<Vec<OutcomeKind>> = updates
        .iter()
        .filter_map(|update| {
            let Update::Settle(settle) = &update.update else {
                return None;
            };
            Some(settle.outcomes.iter().map(|o| o.outcome.kind).collect())
        })
        .collect();
    use OutcomeKind::{HalfLost, HalfWon, Lost, Won};
    // 4-2: -1.5 and over win outright, -1.75 wins by half.
    assert_eq!(
        kinds,
        [
            vec![Won, Lost, Lost],
            vec![Won, Lost],
            vec![HalfWon, HalfLost]
        ]
        .into()
    );
}

#[test]
fn the_recorded_season_is_read_and_played_in_order() {
    let Some(text) = recorded_text("football/E0-2025-26.csv") else {
        return;
    };
    let rows = read(&text).unwrap();
    assert_eq!(rows.len(), 180);
    let quarter_lines = rows
        .iter()
        .filter(|row| {
            row.opening
                .handicap
                .is_some_and(|handicap| handicap.line.is_quarter())
        })
        .count();
    assert_eq!(quarter_lines, 97);
    assert!(
        rows.iter()
            .all(|row| row.full_time.is_some() && row.half_time.is_some())
    );
    let updates = play("football-data", 8, 1, &rows);
    assert!(updates.is_sorted_by_key(|update| update.published_at));
    assert!(
        updates
            .iter()
            .map(|update| update.sequence)
            .eq(1..=u64::try_from(updates.len()).unwrap())
    );
    let count = |wanted: fn(&Update) -> bool| {
        updates
            .iter()
            .filter(|update| wanted(&update.update))
            .count()
    };
    assert_eq!(count(|u| matches!(u, Update::AnnounceFixture(_))), 180);
    let offered = count(|u| matches!(u, Update::OfferMarket(_)));
    assert_eq!(count(|u| matches!(u, Update::Settle(_))), offered);
    assert_eq!(count(|u| matches!(u, Update::Close(_))), offered);
}

#[test]
fn margins_of_the_recorded_books_are_those_of_a_bookmaker() {
    use odds_domain::ladder::{as_float, booksum};
    use odds_domain::margin::{MarginMethod, remove_margin};
    let Some(text) = recorded_text("football/E0-2025-26.csv") else {
        return;
    };
    for row in read(&text).unwrap() {
        let prices = row.opening.result.unwrap();
        assert!(
            (1.0..1.12).contains(&booksum(&prices)),
            "{} {}",
            row.home,
            row.away
        );
        let fair = remove_margin(MarginMethod::Shin, &prices.map(as_float)).unwrap();
        assert!((fair.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(fair.parameter.unwrap() > 0.0);
    }
}
