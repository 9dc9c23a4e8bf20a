//! `furlong explain BET_ID`: why this bet stands as it does.
//!
//! Duty: gather from the log every event, posting, price and score that concerns one bet, in the
//! order of time, each with its position, so that whoever doubts one can look it up.
//! Prohibition: no view is asked; only the log is evidence.

mod evidence;
mod summary;

use crate::exit::{Ended, Failure, Outcome};
use crate::history::{PlaceFlags, Readable, Stored, Told, Until, Visitor, instant_text, walk};
use crate::screen::Screen;
use clap::Args;
use eventlog::Chain;
use evidence::{Evidence, evidence_of};
use kernel::{BetId, Partition, Position, Timestamp, Topic, TopicPartition};
use runtime::Effective;
use schemas::bets::{BetPlaced, Event};
use schemas::{Cause, Events};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub const EXAMPLES: &str = "\
Examples:
  furlong explain bet_019aa0c1-7d2e-7000-8000-000000000003 --data ./data
  furlong explain bet_019aa0c1-7d2e-7000-8000-000000000003 --data ./data --json
  furlong explain bet_019aa0c1-7d2e-7000-8000-000000000003 --brokers localhost:9092

Works beside a running process. The position on each line can be given to `furlong replay --until`;
--json has every field.";

/// What odds records of a market that decides what its bets pay.
const SAID_OF_MARKETS: [&str; 6] = [
    "MarketResulted",
    "ResultRolledBack",
    "BetsCancelled",
    "BetsRestored",
    "RulingProposed",
    "RulingApproved",
];

/// Every event, posting, price evidence and score of one bet.
#[derive(Debug, Args)]
pub struct Explain {
    /// The bet
    bet: BetId,
    #[command(flatten)]
    place: PlaceFlags,
}

/// One line of the story.
struct Line {
    at: Timestamp,
    position: Position,
    told: Told,
}

/// Runs it.
///
/// # Errors
/// The log cannot be opened or does not know the bet.
pub fn run(arguments: &Explain, screen: &mut Screen<'_>) -> Ended {
    let log = arguments.place.find()?.log()?;
    let story = tell(&*log, arguments.bet)?;
    let evidence = evidence_of(&*log, &story.placed);
    if screen.json {
        screen.put_json(&story.to_json(&evidence))?;
    } else {
        story.put(&evidence, screen)?;
    }
    Ok(Outcome::Fine)
}

struct Story {
    bet: BetId,
    placed: BetPlaced,
    lines: Vec<Line>,
}

fn tell(log: &dyn Stored, bet: BetId) -> Result<Story, Failure> {
    let mut gatherer = Gatherer {
        bet: bet.to_string(),
        placed: None,
        customer: String::new(),
        markets: Vec::new(),
        causes: BTreeSet::new(),
        lines: Vec::new(),
        readable: None,
        error: None,
    };
    // Bets first: what the others did about it is known by its positions.
    for topic in [Topic::BetsEvents, Topic::LedgerEvents, Topic::FraudEvents] {
        gatherer.readable = Readable::of(topic);
        let at = TopicPartition::new(topic, bet.partition());
        let walked = walk(log, at, &Until::default(), &mut gatherer);
        if let Some(error) = gatherer.error.take() {
            return Err(Failure::Unreadable(error));
        }
        if walked.stopped.is_some() {
            return Err(Failure::Unreadable(format!(
                "{at} cannot be read beyond {}; furlong audit verify says why",
                walked.chain.next_offset
            )));
        }
    }
    gatherer.readable = Readable::of(Topic::OddsEvents);
    for partition in gatherer.odds_partitions() {
        let at = TopicPartition::new(Topic::OddsEvents, partition);
        walk(log, at, &Until::default(), &mut gatherer);
        if let Some(error) = gatherer.error.take() {
            return Err(Failure::Unreadable(error));
        }
    }
    let placed = gatherer
        .placed
        .ok_or_else(|| Failure::failed(format!("this log does not know {bet}")))?;
    let mut lines = gatherer.lines;
    lines.sort_by_key(|line| (line.at, line.position));
    Ok(Story { bet, placed, lines })
}

struct Gatherer {
    bet: String,
    placed: Option<BetPlaced>,
    customer: String,
    markets: Vec<String>,
    causes: BTreeSet<Position>,
    lines: Vec<Line>,
    readable: Option<Readable>,
    error: Option<String>,
}

impl Gatherer {
    /// Whether this event of a decision is about the bet.
    fn concerns(&self, topic: Topic, cause: Option<Cause>, told: &Told) -> bool {
        if topic == Topic::OddsEvents {
            let said = SAID_OF_MARKETS.contains(&told.name.as_str());
            return said && self.markets.iter().any(|market| told.json.contains(market));
        }
        if topic != Topic::LedgerEvents {
            return told.json.contains(&self.bet);
        }
        // The ledger knows no bets: it is followed by what it answers, and by whose money moves.
        let answers = matches!(cause, Some(Cause::Input(input)) if self.causes.contains(&input));
        answers && told.json.contains(&self.customer)
    }

    /// Where odds speaks of the bet's markets.
    fn odds_partitions(&self) -> BTreeSet<Partition> {
        let legs = self.placed.iter().flat_map(|placed| &placed.legs);
        legs.map(|leg| leg.market.partition()).collect()
    }

    fn note_placement(&mut self, effective: &Effective) {
        let Events::BetsEvents(body) = &effective.decision.events else {
            return;
        };
        for event in &body.events {
            if let Event::BetPlaced(placed) = event
                && placed.bet.to_string() == self.bet
            {
                self.customer = placed.customer.to_string();
                let markets = placed.legs.iter().map(|leg| leg.market.to_string());
                self.markets = markets.collect();
                self.placed = Some(placed.clone());
            }
        }
    }
}

impl Visitor for Gatherer {
    fn decision(&mut self, at: TopicPartition, effective: Effective, _: &[u8], _: &Chain) {
        let Some(readable) = &self.readable else {
            return;
        };
        let decision = &effective.decision;
        let body = match readable.body(&effective.body) {
            Ok(body) => body,
            Err(error) => {
                self.error = Some(format!("{}: {error}", decision.position));
                return;
            }
        };
        self.note_placement(&effective);
        for told in body.events {
            if self.concerns(at.topic, decision.header.cause, &told) {
                if at.topic == Topic::BetsEvents {
                    self.causes.insert(decision.position);
                }
                self.lines.push(Line {
                    at: decision.header.decided_at,
                    position: decision.position,
                    told,
                });
            }
        }
    }
}

impl Story {
    fn to_json(&self, evidence: &[Evidence]) -> Value {
        let line = |line: &Line| {
            let fields: Value = serde_json::from_str(&line.told.json).unwrap_or(Value::Null);
            json!({
                "at": instant_text(line.at),
                "position": line.position.to_string(),
                "journal": line.position.topic.as_str(),
                "type": line.told.name,
                "fields": fields,
            })
        };
        json!({
            "bet": self.bet.to_string(),
            "customer": self.placed.customer.to_string(),
            "stake": {
                "amount": self.placed.stake.to_string(),
                "currency": self.placed.stake.currency().code(),
            },
            "status": self.status(),
            "evidence": evidence.iter().map(Evidence::to_json).collect::<Vec<_>>(),
            "events": self.lines.iter().map(line).collect::<Vec<_>>(),
        })
    }

    /// The last event of the slip in one word.
    fn status(&self) -> &'static str {
        let of_bets = self
            .lines
            .iter()
            .rev()
            .filter(|line| line.position.topic == Topic::BetsEvents);
        let mut states = of_bets.filter_map(|line| match line.told.name.as_str() {
            "BetSettled" => Some("settled"),
            "CashedOut" if nothing_is_left(&line.told.json) => Some("cashed_out"),
            "BetRejected" => Some("rejected"),
            "BetAccepted" | "SettlementReversed" => Some("accepted"),
            _ => None,
        });
        states.next().unwrap_or("pending")
    }

    fn put(&self, evidence: &[Evidence], screen: &mut Screen<'_>) -> std::io::Result<()> {
        let placed = &self.placed;
        screen.put(format_args!("{}  {}", self.bet, self.status()))?;
        screen.put(format_args!(
            "{:?}, {} {}, could return {}, by {}",
            placed.bet_type,
            placed.stake,
            placed.stake.currency(),
            placed.potential_return,
            placed.customer
        ))?;
        for (leg, evidence) in placed.legs.iter().zip(evidence) {
            screen.put(format_args!(
                "  {} / {} / {}  asked {}, struck {}",
                leg.fixture_name,
                leg.market_name,
                leg.selection_name,
                leg.requested_price,
                leg.price
            ))?;
            screen.put(format_args!("    {}", evidence.sentence()))?;
        }
        screen.put("")?;
        for line in &self.lines {
            screen.put(format_args!(
                "{}  {:<22} {:<20} {}",
                instant_text(line.at),
                line.position.to_string(),
                line.told.name,
                summary::summary(&line.told.json),
            ))?;
        }
        Ok(())
    }
}

/// Whether this sale sold all that was still staked.
fn nothing_is_left(sale: &str) -> bool {
    let told: Value = serde_json::from_str(sale).unwrap_or_default();
    let left = told["stake_left"]["amount"].as_str();
    left.is_some_and(|amount| amount.bytes().all(|byte| matches!(byte, b'0' | b'.')))
}
