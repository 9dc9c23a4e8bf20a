//! Where the price of a bet came from.
//!
//! Duty: read it out of the record that the leg names: the book of that version, whose message it came
//! with, what a model thought and how far it leant. Prohibition: nothing is looked up anywhere else, so
//! the answer is the same as long as the log is.

use crate::positions::Token;
use crate::shapes::time;
use schemas::bets::StruckLeg;
use schemas::odds::{BookExplained, BookPublished, Event};
use schemas::{Decision, Events};
use serde_json::{Map, Value, json};

/// The book that a record holds for the leg's market, and what explains it.
fn book<'a>(
    leg: &StruckLeg,
    decision: &'a Decision,
) -> Option<(&'a BookPublished, Option<&'a BookExplained>)> {
    let Events::OddsEvents(body) = &decision.events else {
        return None;
    };
    let published = body.events.iter().rev().find_map(|event| {
        if let Event::BookPublished(book) = event
            && book.market == leg.market
        {
            Some(book)
        } else {
            None
        }
    })?;
    let explained = body.events.iter().find_map(|event| {
        if let Event::BookExplained(explained) = event
            && explained.market == leg.market
            && explained.version == published.version
        {
            Some(explained)
        } else {
            None
        }
    });
    Some((published, explained))
}

/// One leg's price; without a book at the place that it names, null stands for all that is not known.
pub(crate) fn of_leg(leg: &StruckLeg, decision: &Decision) -> Value {
    let found = book(leg, decision);
    let price_in = |prices: &[schemas::odds::SelectionPrice]| {
        let found = prices.iter().find(|told| told.selection == leg.selection);
        found.and_then(|told| told.price)
    };
    let (published, explained) = match found {
        Some((published, explained)) => (Some(published), explained),
        None => (None, None),
    };
    let in_book = published.and_then(|book| price_in(&book.prices));
    json!({
        "selection_id": leg.selection.to_string(),
        "price": leg.price.to_string(),
        "market_version": leg.market_version,
        "book": published.map(|book| json!({
            "position": Token::of(&[leg.book_position]).text(),
            "version": book.version,
            "price": in_book.map(|price| price.to_string()),
        })),
        "agrees": in_book == Some(leg.price),
        "source": published.map(|book| book.source.clone()),
        "source_sequence": published.map(|book| book.source_sequence),
        "published_at": published.map(|book| time(book.published_at)),
        "model": explained.and_then(model),
        "lean": explained.and_then(lean),
        "price_before_leaning": explained
            .and_then(|explained| price_in(&explained.unleaning))
            .map(|price| price.to_string()),
    })
}

fn model(explained: &BookExplained) -> Option<Value> {
    let model = explained.model.as_ref()?;
    let parameters: Map<String, Value> = model
        .parameters
        .iter()
        .map(|told| (told.name.clone(), json!(told.micros)))
        .collect();
    Some(json!({"version": model.version, "parameters_micros": parameters}))
}

fn lean(explained: &BookExplained) -> Option<Value> {
    let lean = explained.lean.as_ref()?;
    let exposures: Map<String, Value> = lean
        .exposures
        .iter()
        .map(|told| (told.selection.to_string(), json!(told.minor)))
        .collect();
    Some(json!({
        "rules_version": lean.rules_version,
        "kappa_permille": lean.kappa_permille,
        "clamp_ppm": lean.clamp_ppm,
        "limit_minor": lean.limit_minor,
        "exposures_minor": exposures,
        "by": lean.by,
    }))
}
