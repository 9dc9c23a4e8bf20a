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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::PartitionEnd;
    use eventlog::{LogError, Record};
    use kernel::{
        CorrelationId, Currency, FixtureId, MarketId, Money, SelectionId, Timestamp, Topic,
        TopicPartition,
    };
    use schemas::odds::{
        BookPublished, Lean, ModelOpinion, ModelParameter, PriceLadder, Rejection,
        SelectionExposure, SelectionPrice,
    };
    use schemas::{Body, ClaimId, Header, Kind};

    const MARKET: MarketId = MarketId::example(10, 0);
    const HOME: SelectionId = SelectionId::example(100, 0);
    const AT: TopicPartition = TopicPartition::new(Topic::OddsEvents, 0);

    /// A log of one record.
    struct OneRecord(Record);

    impl Stored for OneRecord {
        fn partitions(&self) -> &[PartitionEnd] {
            &[]
        }

        fn group(&self, _: TopicPartition, from: u64) -> Result<Vec<Record>, LogError> {
            let found = (from <= self.0.offset).then(|| self.0.clone());
            Ok(found.into_iter().collect())
        }
    }

    fn record(events: Vec<Event>) -> OneRecord {
        let header = Header {
            kind: Kind::Decision,
            epoch: 1,
            claim_id: ClaimId::default(),
            seq: 1,
            confirmed: 0,
            prev: None,
            cause: None,
            consumed: vec![],
            request_id: None,
            request_digest: None,
            correlation_id: CorrelationId::default(),
            decided_at: Timestamp::from_millis(1),
        };
        let body = Body::<Event, Rejection> {
            rejection: None,
            events,
        };
        let schema = schemas::schema_of(AT.topic);
        OneRecord(Record {
            offset: 7,
            bytes: schemas::encode_record(schema, &header, &body).into(),
        })
    }

    fn price(text: &str) -> SelectionPrice {
        SelectionPrice {
            selection: HOME,
            price: text.parse().ok(),
        }
    }

    fn published() -> Event {
        Event::BookPublished(BookPublished {
            market: MARKET,
            version: 3,
            prices: vec![price("2.21")],
            source: "simulation".to_owned(),
            source_sequence: 41,
            published_at: Timestamp::from_millis(1),
        })
    }

    fn explained() -> Event {
        Event::BookExplained(BookExplained {
            market: MARKET,
            version: 3,
            model: Some(ModelOpinion {
                version: "dixon-coles/1".to_owned(),
                parameters: vec![ModelParameter {
                    name: "rho".to_owned(),
                    micros: -60_000,
                }],
            }),
            lean: Some(Lean {
                rules_version: 1,
                kappa_permille: 500,
                clamp_ppm: 50_000,
                booksum_least_ppm: 1_000_000,
                ladder: PriceLadder::Hundredths,
                limit_minor: 1_000,
                exposures: vec![SelectionExposure {
                    selection: HOME,
                    minor: 600,
                }],
                by: "desk".to_owned(),
            }),
            unleaning: vec![price("2.5")],
        })
    }

    fn evidence(events: Vec<Event>) -> Evidence {
        let stake = Money::from_minor(1_000, Currency::Eur);
        let price = "2.21".parse().unwrap();
        let leg = StruckLeg {
            selection: HOME,
            market: MARKET,
            fixture: FixtureId::example(1, 0),
            requested_price: price,
            price,
            market_version: 3,
            book_position: AT.at(7),
            in_play: false,
            selection_name: String::new(),
            market_name: String::new(),
            fixture_name: String::new(),
        };
        let placed = BetPlaced {
            bet: kernel::BetId::example(1, 0),
            customer: kernel::CustomerId::example(1, 0),
            bet_type: schemas::bets::BetType::Single,
            legs: vec![leg],
            stake,
            price_policy: schemas::bets::PricePolicy::Exact,
            each_way: false,
            client_ref: None,
            potential_return: stake,
            rules_version: 1,
            placed_at: Timestamp::from_millis(2),
        };
        evidence_of(&record(events), &placed).remove(0)
    }

    #[test]
    fn a_price_of_the_house_is_told_with_all_that_it_is_made_of() {
        let evidence = evidence(vec![published(), explained()]);
        let sentence = evidence.sentence();
        assert!(
            sentence.ends_with(
                "says 2.21; message 41 of simulation, model dixon-coles/1, leaning by rules 1"
            ),
            "{sentence}"
        );
        let told = evidence.to_json();
        assert_eq!(told["agrees"], true);
        let origin = &told["origin"];
        assert_eq!(origin["model"]["parameters_micros"]["rho"], -60_000);
        assert_eq!(origin["lean"]["exposures_minor"][HOME.to_string()], 600);
        assert_eq!(origin["source_sequence"], 41);
    }

    #[test]
    fn a_price_of_a_source_is_told_with_its_message() {
        let evidence = evidence(vec![published()]);
        let sentence = evidence.sentence();
        assert!(sentence.ends_with("message 41 of simulation"), "{sentence}");
        assert_eq!(evidence.to_json()["origin"]["model"], Value::Null);
    }

    #[test]
    fn without_a_book_there_is_no_origin() {
        let evidence = evidence(vec![explained()]);
        assert!(evidence.sentence().contains("NO book"));
        assert_eq!(evidence.to_json()["origin"], Value::Null);
    }
}
