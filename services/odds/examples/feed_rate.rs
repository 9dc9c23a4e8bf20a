//! How many selection updates a core normalises in a second, from a recorded stream.
//!
//! `cargo run --release -p odds --example feed_rate -- FILE [MARKETS] [LINES] [ROUNDS]`
//!
//! Duty: the measuring of `furlong bench feed` without building the rest of furlong; it counts wall
//! time of one thread, so leave the machine alone. Prohibition: nothing else is measured.

use odds::feed::betfair::{Multiplexed, multiplex};
use runtime::{Clock as _, SystemClock};
use std::io::{Read as _, Write as _};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("which recorded file?")?;
    let mut number = |default: usize| -> Result<usize, std::num::ParseIntError> {
        arguments.next().map_or(Ok(default), |text| text.parse())
    };
    let (markets, lines, rounds) = (number(200)?, number(500)?, number(7)?);
    let text = read(&file)?;
    let many = multiplex(&text, u32::try_from(markets)?, lines)?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} lines, {} selection updates on {markets} markets",
        many.lines.len(),
        many.selection_updates
    )?;
    for _ in 0..rounds {
        let (micros, books) = round(&many)?;
        let rate = many
            .selection_updates
            .saturating_mul(1_000_000)
            .checked_div(micros.max(1))
            .unwrap_or(0);
        writeln!(
            out,
            "{rate} selection updates a second of wall time on one thread, {books} books"
        )?;
    }
    Ok(())
}

fn round(many: &Multiplexed) -> Result<(u64, u64), Box<dyn std::error::Error>> {
    let clock = SystemClock::new(1);
    let began = clock.now();
    let played = many.play()?;
    let micros = u64::try_from(clock.now().since(began).micros())?;
    Ok((micros, played.books))
}

fn read(file: &str) -> std::io::Result<String> {
    let bytes = std::fs::read(file)?;
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut text)?;
    } else {
        text = String::from_utf8_lossy(&bytes).into_owned();
    }
    Ok(text)
}
