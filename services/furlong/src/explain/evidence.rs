//! The book that a leg was judged on, looked up where the bet says it stands.

use crate::history::Stored;
use kernel::{Position, Price};
use schemas::Events;
use schemas::bets::{BetPlaced, StruckLeg};
use schemas::odds::{BookExplained, Event};
use serde_json::{Value, json};
use std::fmt;

/// What stands at the position that a leg names.
pub struct Evidence {
    position: Position,
    version: u64,
    struck: Price,
    found: Found,
}

enum Found {
    /// The book of that market; the price of the selection in it, if it had one, and what it is
    /// made of.
    Book(Option<Price>, Box<Origin>),
    /// Something else, or nothing that can be read.
    Nothing,
}

/// Where a price came from.
struct Origin {
    source: String,
    source_sequence: u64,
    explained: Option<BookExplained>,
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
            let origin = Origin {
                source: book.source.clone(),
                source_sequence: book.source_sequence,
                explained: None,
            };
            found = Found::Book(quoted.and_then(|quoted| quoted.price), Box::new(origin));
        }
        if let Event::BookExplained(explained) = event
            && explained.market == leg.market
            && let Found::Book(_, origin) = &mut found
        {
            origin.explained = Some(explained.clone());
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
        match &self.found {
            Found::Book(Some(price), origin) if price == struck => {
                format!("book {version} at {position} says {price}; {origin}")
            }
            Found::Book(Some(price), _) => {
                format!("book {version} at {position} says {price}, NOT the struck {struck}")
            }
            Found::Book(None, _) => format!("book {version} at {position} has NO price for it"),
            Found::Nothing => format!("there is NO book of this market at {position}"),
        }
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (price, origin) = match &self.found {
            Found::Book(price, origin) => (*price, Some(origin.to_json())),
            Found::Nothing => (None, None),
        };
        json!({
            "position": self.position.to_string(),
            "market_version": self.version,
            "struck": self.struck.to_string(),
            "book_price": price.map(|price| price.to_string()),
            "agrees": price == Some(self.struck),
            "origin": origin,
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {} of {}", self.source_sequence, self.source)?;
        let model = self.explained.as_ref().and_then(|e| e.model.as_ref());
        if let Some(model) = model {
            write!(f, ", model {}", model.version)?;
        }
        let lean = self.explained.as_ref().and_then(|e| e.lean.as_ref());
        if let Some(lean) = lean {
            write!(f, ", leaning by rules {}", lean.rules_version)?;
        }
        Ok(())
    }
}

impl Origin {
    fn to_json(&self) -> Value {
        let model = self.explained.as_ref().and_then(|e| e.model.as_ref());
        let lean = self.explained.as_ref().and_then(|e| e.lean.as_ref());
        let parameters = model.map(|model| {
            let parameters = model.parameters.iter();
            parameters
                .map(|parameter| (parameter.name.clone(), Value::from(parameter.micros)))
                .collect::<serde_json::Map<_, _>>()
        });
        json!({
            "source": self.source,
            "source_sequence": self.source_sequence,
            "model": model.map(|model| json!({
                "version": model.version,
                "parameters_micros": parameters,
            })),
            "lean": lean.map(|lean| json!({
                "rules_version": lean.rules_version,
                "kappa_permille": lean.kappa_permille,
                "clamp_ppm": lean.clamp_ppm,
                "limit_minor": lean.limit_minor,
                "exposures_minor": lean
                    .exposures
                    .iter()
                    .map(|exposure| (exposure.selection.to_string(), Value::from(exposure.minor)))
                    .collect::<serde_json::Map<_, _>>(),
            })),
        })
    }
}
