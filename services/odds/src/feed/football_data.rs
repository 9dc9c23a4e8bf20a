//! Seasons from football-data.co.uk: one CSV row a match, with prices and the result.
//!
//! Duty: read the rows, with opening and closing books, and play them as a feed ([`play`]) in the
//! order of time. Prohibition: no prices are made up; a column that is absent gives no book.

mod play;

pub use play::play;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{Offset, TimeZone};
use kernel::{Price, Timestamp};
use odds_domain::outcome::{Line, Score};
use std::collections::BTreeMap;

/// Why a file is not a season.
#[derive(Debug, thiserror::Error)]
pub enum FootballDataError {
    /// Not a table.
    #[error("not a CSV table")]
    Csv(#[from] csv::Error),
    /// A cell that does not hold what its column should.
    #[error("line {line}, column {column}: {detail}, got {value:?}")]
    Cell {
        /// Line of the file, from 1.
        line: u64,
        /// The column's header.
        column: &'static str,
        /// What was expected.
        detail: &'static str,
        /// What was found.
        value: String,
    },
    /// A column without which there is no match.
    #[error("line {line}: no column {column}")]
    ColumnMissing {
        /// Line of the file, from 1.
        line: u64,
        /// The column's header.
        column: &'static str,
    },
}

/// Prices of home, draw, away.
pub type ResultPrices = [Price; 3];

/// An Asian handicap: the home side's line, then the prices of home and away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandicapPrices {
    /// Goals added to the home side.
    pub line: Line,
    /// Home with the line.
    pub home: Price,
    /// Away with the opposite line.
    pub away: Price,
}

/// The books of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Who wins.
    pub result: Option<ResultPrices>,
    /// Over and under 2.5 goals.
    pub total: Option<[Price; 2]>,
    /// The handicap.
    pub handicap: Option<HandicapPrices>,
}

/// One match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchRow {
    /// The league's code, `E0` for the Premier League.
    pub division: String,
    /// When it began.
    pub kick_off: Timestamp,
    /// The side named first.
    pub home: String,
    /// The side named second.
    pub away: String,
    /// Goals at the end; absent where the match was not played yet.
    pub full_time: Option<Score>,
    /// Goals at half time.
    pub half_time: Option<Score>,
    /// Prices when the market opened.
    pub opening: Books,
    /// Prices at kick-off.
    pub closing: Books,
}

/// Reads a season.
///
/// # Errors
/// The first cell that is wrong, by line and column.
pub fn read(text: &str) -> Result<Vec<MatchRow>, FootballDataError> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let columns: BTreeMap<String, usize> = reader
        .headers()?
        .iter()
        .enumerate()
        .map(|(index, name)| (name.to_owned(), index))
        .collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        let line = record.position().map_or(0, csv::Position::line);
        rows.push(
            Cells {
                columns: &columns,
                record: &record,
                line,
            }
            .row()?,
        );
    }
    Ok(rows)
}

struct Cells<'a> {
    columns: &'a BTreeMap<String, usize>,
    record: &'a csv::StringRecord,
    line: u64,
}

impl Cells<'_> {
    fn row(&self) -> Result<MatchRow, FootballDataError> {
        Ok(MatchRow {
            division: self.required("Div")?.to_owned(),
            kick_off: self.kick_off()?,
            home: self.required("HomeTeam")?.to_owned(),
            away: self.required("AwayTeam")?.to_owned(),
            full_time: self.score("FTHG", "FTAG")?,
            half_time: self.score("HTHG", "HTAG")?,
            opening: Books {
                result: self.prices(["B365H", "B365D", "B365A"])?,
                total: self.prices(["B365>2.5", "B365<2.5"])?,
                handicap: self.handicap("AHh", ["B365AHH", "B365AHA"])?,
            },
            closing: Books {
                result: self.prices(["B365CH", "B365CD", "B365CA"])?,
                total: self.prices(["B365C>2.5", "B365C<2.5"])?,
                handicap: self.handicap("AHCh", ["AvgCAHH", "AvgCAHA"])?,
            },
        })
    }

    /// The cell of a column, if it is there and not empty.
    fn cell(&self, column: &str) -> Option<&str> {
        let index = self.columns.get(column)?;
        self.record.get(*index).filter(|cell| !cell.is_empty())
    }

    fn required(&self, column: &'static str) -> Result<&str, FootballDataError> {
        self.cell(column).ok_or(FootballDataError::ColumnMissing {
            line: self.line,
            column,
        })
    }

    fn wrong(&self, column: &'static str, detail: &'static str) -> FootballDataError {
        FootballDataError::Cell {
            line: self.line,
            column,
            detail,
            value: self.cell(column).unwrap_or_default().to_owned(),
        }
    }

    fn parsed<T: std::str::FromStr>(
        &self,
        column: &'static str,
        detail: &'static str,
    ) -> Result<Option<T>, FootballDataError> {
        self.cell(column)
            .map(|cell| cell.parse().map_err(|_| self.wrong(column, detail)))
            .transpose()
    }

    fn score(
        &self,
        home: &'static str,
        away: &'static str,
    ) -> Result<Option<Score>, FootballDataError> {
        let home = self.parsed(home, "expected a number of goals")?;
        let away = self.parsed(away, "expected a number of goals")?;
        Ok(home.zip(away).map(|(home, away)| Score::new(home, away)))
    }

    /// All prices of a book, or none of them.
    fn prices<const N: usize>(
        &self,
        columns: [&'static str; N],
    ) -> Result<Option<[Price; N]>, FootballDataError> {
        let mut prices = Vec::with_capacity(N);
        for column in columns {
            match self.parsed(column, "expected a decimal price above 1")? {
                Some(price) => prices.push(price),
                None => return Ok(None),
            }
        }
        Ok(prices.try_into().ok())
    }

    fn handicap(
        &self,
        line: &'static str,
        columns: [&'static str; 2],
    ) -> Result<Option<HandicapPrices>, FootballDataError> {
        let line = self.parsed(line, "expected a line in quarters of a goal")?;
        let prices = self.prices(columns)?;
        Ok(line
            .zip(prices)
            .map(|(line, [home, away])| HandicapPrices { line, home, away }))
    }

    /// Date and time are those of clocks in Britain.
    fn kick_off(&self) -> Result<Timestamp, FootballDataError> {
        let date = self.required("Date")?;
        let wrong_date = || self.wrong("Date", "expected a date such as 15/08/2025");
        let [day, month, year] = numbers(date, '/').ok_or_else(wrong_date)?;
        let year = if year < 100 {
            year.saturating_add(2000)
        } else {
            year
        };
        let date = civil_date(year, month, day).ok_or_else(wrong_date)?;
        let time = self.cell("Time").unwrap_or("15:00");
        let [hour, minute] = numbers(time, ':')
            .ok_or_else(|| self.wrong("Time", "expected a time such as 15:00"))?;
        let time = civil_time(hour, minute)
            .ok_or_else(|| self.wrong("Time", "expected a time such as 15:00"))?;
        british(date.to_datetime(time)).ok_or_else(wrong_date)
    }
}

fn numbers<const N: usize>(text: &str, separator: char) -> Option<[i16; N]> {
    let parts: Option<Vec<i16>> = text
        .split(separator)
        .map(|part| part.parse().ok())
        .collect();
    parts?.try_into().ok()
}

fn civil_date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
}

fn civil_time(hour: i16, minute: i16) -> Option<Time> {
    Time::new(hour.try_into().ok()?, minute.try_into().ok()?, 0, 0).ok()
}

/// The instant at which clocks in Britain show this: an hour ahead from the last Sunday of March
/// to the last Sunday of October, changing at one in the morning, universal time.
fn british(local: DateTime) -> Option<Timestamp> {
    let last_sunday = |month: i8| {
        let date = Date::new(local.year(), month, 1).ok()?;
        date.nth_weekday_of_month(-1, Weekday::Sunday).ok()
    };
    let from = last_sunday(3)?.to_datetime(Time::constant(1, 0, 0, 0));
    let until = last_sunday(10)?.to_datetime(Time::constant(2, 0, 0, 0));
    let offset = if local >= from && local < until {
        Offset::constant(1)
    } else {
        Offset::UTC
    };
    let instant = TimeZone::fixed(offset).to_timestamp(local).ok()?;
    Some(Timestamp::from_micros(instant.as_microsecond()))
}

#[cfg(test)]
mod tests;
