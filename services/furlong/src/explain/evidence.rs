//! The book that a leg was judged on, looked up where the bet says it stands.

use crate::history::Stored;
use kernel::{Position, Price};
use schemas::Events;
use schemas::bets::{BetPlaced, StruckLeg};
use schemas::odds::Event;
use serde_json::{Value, json};

/// What stands at the position that a leg names.
pub struct Evidence {
    position: Position,
    version: u64,
    struck: Price,
    found: Found,
}

enum Found {
    /// The book of that market; the price of the selection in it, if it had one.
    Book(Option<Price>),
    /// Something else, or nothing that can be read.
    Nothing,
}

/// One for each leg, in their order.
#[must_use]
pub fn evidence_of(log: &dyn Stored, placed: &BetPlaced) -> Vec<Evidence> {
    placed
        .legs
        .iter()
        .map(|leg| Evidence {
            position: leg.book_position,
            version: leg.market_version,
            struck: leg.price,
            found: look_up(log, leg),
        })
        .collect()
}

fn look_up(log: &dyn Stored, leg: &StruckLeg) -> Found {
    let position = leg.book_position;
    let decision = log
        .record(position)
        .and_then(|r| schemas::decode_decision(position, &r.bytes).ok());
    let Some(Events::OddsEvents(body)) = decision.map(|decision| decision.events) else {
        return Found::Nothing;
    };
    let mut found = Found::Nothing;
    for event in &body.events {
        if let Event::BookPublished(book) = event
            && book.market == leg.market
        {
            let quoted = book
                .prices
                .iter()
                .find(|quoted| quoted.selection == leg.selection);
            found = Found::Book(quoted.and_then(|quoted| quoted.price));
        }
    }
    found
}

impl Evidence {
    /// For people.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self {
            position,
            version,
            struck,
            ..
        } = self;
        match self.found {
            Found::Book(Some(price)) if price == *struck => {
                format!("book {version} at {position} says {price}")
            }
            Found::Book(Some(price)) => {
                format!("book {version} at {position} says {price}, NOT the struck {struck}")
            }
            Found::Book(None) => format!("book {version} at {position} has NO price for it"),
            Found::Nothing => format!("there is NO book of this market at {position}"),
        }
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let price = match self.found {
            Found::Book(price) => price,
            Found::Nothing => None,
        };
        json!({
            "position": self.position.to_string(),
            "market_version": self.version,
            "struck": self.struck.to_string(),
            "book_price": price.map(|price| price.to_string()),
            "agrees": price == Some(self.struck),
        })
    }
}
