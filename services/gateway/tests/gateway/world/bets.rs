//! Bets of one partition, played by the test, and the slips that it is sent.

use super::{HOME, Inbox, Owner, World, eur};
use kernel::*;
use schemas::{Body as RecordBody, Cause, CommandRecord, bets};
use serde_json::Value;

/// A slip on the home side.
pub fn slip(stake: &str) -> Value {
    serde_json::json!({
        "type": "single",
        "legs": [{"selection_id": HOME.to_string(), "price": "2.50", "market_version": 2}],
        "stake": {"amount": stake, "currency": "EUR"},
        "price_policy": "exact",
        "each_way": false,
        "client_ref": "slip-42",
    })
}

pub fn place_of(asked: &CommandRecord<bets::Command>) -> bets::PlaceBet {
    match asked.command.clone() {
        bets::Command::PlaceBet(place) => place,
        bets::Command::PlaceSlip(place) => bets::PlaceBet {
            bet: place.bet,
            customer: place.customer,
            slip: place.slip,
        },
        bets::Command::SetStakeFactor(set) => panic!("no slip: {set:?}"),
        bets::Command::PlaceSlipSaying(place) => bets::PlaceBet {
            bet: place.bet,
            customer: place.customer,
            slip: place.slip,
        },
        bets::Command::PlaceFundedSlip(place) => bets::PlaceBet {
            bet: place.bet,
            customer: place.customer,
            slip: place.slip,
        },
        bets::Command::AcceptReoffer(_)
        | bets::Command::AnswerReferral(_)
        | bets::Command::QuoteCashOut(_)
        | bets::Command::CashOut(_) => {
            panic!("not a placement: {:?}", asked.command)
        }
        grant @ (bets::Command::GrantFreeBet(_) | bets::Command::GrantBonus(_)) => {
            panic!("no slip: {grant:?}")
        }
    }
}

/// What bets records for a slip that breaks no rule.
pub fn placed(asked: &CommandRecord<bets::Command>) -> bets::BetPlaced {
    let place = place_of(asked);
    let legs = place.slip.legs.iter().map(|leg| bets::StruckLeg {
        selection: leg.selection,
        market: leg.market,
        fixture: leg.fixture,
        requested_price: leg.price,
        price: leg.price,
        market_version: leg.market_version,
        book_position: TopicPartition::new(Topic::OddsEvents, 1).at(1),
        in_play: false,
        selection_name: "Rovers".to_owned(),
        market_name: "Match result".to_owned(),
        fixture_name: "Rovers v United".to_owned(),
    });
    bets::BetPlaced {
        bet: place.bet,
        customer: place.customer,
        bet_type: place.slip.bet_type,
        legs: legs.collect(),
        stake: place.slip.stake,
        price_policy: place.slip.price_policy,
        each_way: place.slip.each_way,
        client_ref: place.slip.client_ref,
        potential_return: eur("25.00"),
        rules_version: 1,
        placed_at: Timestamp::from_millis(1_780_000_000_000),
    }
}

/// Bets of Anna's partition, played by the test.
pub struct BetsOwner {
    pub inbox: Inbox<bets::Command>,
    pub journal: Owner,
}

impl BetsOwner {
    pub async fn claim(world: &World) -> Self {
        Self {
            inbox: Inbox::new(&world.log, Topic::BetsCommands, 3),
            journal: Owner::claim(&world.log, Topic::BetsEvents, 3).await,
        }
    }

    /// Takes the next command and records its placement.
    pub async fn place_next(&mut self) -> bets::BetPlaced {
        let asked = self.inbox.next().await;
        let placed = placed(&asked);
        let events = vec![bets::Event::BetPlaced(placed.clone())];
        self.journal
            .answer::<_, _, bets::Rejection>(
                &asked,
                RecordBody {
                    rejection: None,
                    events,
                },
            )
            .await;
        placed
    }

    pub async fn accept(&mut self, placed: &bets::BetPlaced) -> Position {
        let cause = Cause::Input(TopicPartition::new(Topic::LedgerEvents, 3).at(1));
        self.accept_because(cause, placed).await
    }

    /// At the end of a delay.
    pub async fn accept_by_timer(&mut self, placed: &bets::BetPlaced) -> Position {
        let cause = Cause::Timer {
            armed_by: 1,
            due: placed.placed_at,
        };
        self.accept_because(cause, placed).await
    }

    async fn accept_because(&mut self, cause: Cause, placed: &bets::BetPlaced) -> Position {
        let event = bets::Event::BetAccepted(bets::BetAccepted {
            bet: placed.bet,
            customer: placed.customer,
            legs: placed.legs.clone(),
            potential_return: placed.potential_return,
            accepted_at: placed.placed_at,
            liabilities: vec![],
        });
        self.journal
            .decide::<_, bets::Rejection>(Some(cause), vec![event])
            .await
    }

    pub async fn refuse_next(&mut self, reason: bets::RejectionReason) {
        let asked = self.inbox.next().await;
        let body = RecordBody::<bets::Event, _> {
            rejection: Some(bets::Rejection { reason }),
            events: vec![],
        };
        self.journal.answer(&asked, body).await;
    }

    /// Accepts everything, for as long as the test runs.
    pub fn accept_all(mut self) {
        tokio::spawn(async move {
            let mut known = std::collections::BTreeSet::new();
            loop {
                let asked = self.inbox.take().await;
                if !known.insert(asked.request_id) {
                    continue;
                }
                let placed = placed(&asked);
                let events = vec![bets::Event::BetPlaced(placed.clone())];
                self.journal
                    .answer::<_, _, bets::Rejection>(
                        &asked,
                        RecordBody {
                            rejection: None,
                            events,
                        },
                    )
                    .await;
                self.accept(&placed).await;
            }
        });
    }
}
