//! The process's journal reader: it feeds the market view, the hub and, as projectors would, the
//! rows that the tests look at.

use eventlog::{Chain, EventLog, MemoryLog, Verdict};
use gateway::Hub;
use kernel::*;
use markets::MarketView;
use schemas::rows::*;
use schemas::{Blob, Decision, Events, Wire, bets};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use tokio::sync::watch;
use viewstore::{MemoryViewStore, Progress, Row, ViewStore};

pub struct Reader {
    pub log: MemoryLog,
    pub views: MemoryViewStore,
    pub hub: Arc<Hub>,
    pub markets: Arc<RwLock<MarketView>>,
    pub read_to: watch::Sender<BTreeMap<TopicPartition, Offset>>,
    pub projecting: Arc<AtomicBool>,
}

impl Reader {
    pub async fn run(self, at: TopicPartition) {
        let mut chain = Chain::default();
        loop {
            self.log.wait(at, chain.next_offset).await;
            let mut decisions = Vec::new();
            for record in self
                .log
                .read(at, chain.next_offset, usize::MAX)
                .await
                .unwrap()
            {
                let judged = chain.judge(at, record.offset, &record.bytes).unwrap();
                if judged.verdict == Verdict::Effective {
                    let decision = schemas::decode_decision(at.at(record.offset), &record.bytes);
                    decisions.push(Arc::new(decision.unwrap()));
                }
            }
            for decision in &decisions {
                self.markets.write().unwrap().apply(decision);
            }
            self.hub.take(at, &decisions, chain.next_offset);
            if self.projecting.load(Ordering::Relaxed) {
                let rows = decisions
                    .iter()
                    .flat_map(|decision| rows(decision))
                    .collect();
                let progress = Progress {
                    next_offset: chain.next_offset,
                    seq: chain.seq,
                    chain: vec![],
                };
                self.views.apply(at, rows, progress).await.unwrap();
            }
            self.read_to.send_modify(|read_to| {
                read_to.insert(at, chain.next_offset);
            });
        }
    }
}

/// The rows that the tests look at.
pub fn rows(decision: &Decision) -> Vec<Row> {
    let mut rows = Vec::new();
    let seq = decision.header.seq;
    let (position, at) = (decision.position, decision.header.decided_at);
    if let Some(request) = decision.header.request_id {
        let row = AnswerRow {
            request,
            digest: decision.header.request_digest.unwrap(),
            position,
            decided_at: at,
            body: Blob(vec![]),
        };
        rows.push(Row {
            table: table::ANSWER,
            key: request.bytes().to_vec(),
            value: row.to_bytes(),
            seq,
        });
    }
    let Events::BetsEvents(body) = &decision.events else {
        return rows;
    };
    let status = |bet: BetId, customer, status, rejection| {
        let row = BetStatusRow {
            bet,
            customer,
            status,
            legs: vec![],
            potential_return: None,
            pending_until: None,
            rejection,
            settlement: 0,
            returned: None,
            exact: None,
            outcome: None,
            accepted_position: None,
            position,
            at,
        };
        Row {
            table: table::BET_STATUS,
            key: bet.bytes().to_vec(),
            value: row.to_bytes(),
            seq,
        }
    };
    for event in &body.events {
        match event {
            bets::Event::BetPlaced(placed) => {
                let row = BetRow {
                    placed: placed.clone(),
                    position,
                };
                let key = placed.bet.bytes().to_vec();
                let own = [placed.customer.bytes(), placed.bet.bytes()].concat();
                rows.push(Row {
                    table: table::BET,
                    key,
                    value: row.to_bytes(),
                    seq,
                });
                rows.push(Row {
                    table: table::BET_OF_CUSTOMER,
                    key: own,
                    value: vec![],
                    seq,
                });
                rows.push(status(
                    placed.bet,
                    placed.customer,
                    BetStatus::Pending,
                    None,
                ));
            }
            bets::Event::BetAccepted(event) => {
                let row = BetAcceptedRow {
                    bet: event.bet,
                    customer: event.customer,
                    legs: event.legs.clone(),
                    potential_return: event.potential_return,
                    position,
                    at,
                };
                let key = event.bet.bytes().to_vec();
                rows.push(Row {
                    table: table::BET_ACCEPTED,
                    key,
                    value: row.to_bytes(),
                    seq,
                });
                rows.push(status(event.bet, event.customer, BetStatus::Accepted, None));
            }
            bets::Event::BetRejected(event) => {
                let rejection = Some(event.rejection.clone());
                rows.push(status(
                    event.bet,
                    event.customer,
                    BetStatus::Rejected,
                    rejection,
                ));
            }
            bets::Event::BetReferred(told) => {
                let mut key = told.until.micros().to_be_bytes().to_vec();
                key.extend(told.bet.bytes());
                let row = ReferralRow {
                    told: told.clone(),
                    position,
                    at,
                };
                rows.push(Row {
                    table: table::REFERRAL,
                    key,
                    value: row.to_bytes(),
                    seq,
                });
            }
            bets::Event::ReferralAnswered(told) => {
                let row = ReferralAnsweredRow {
                    told: told.clone(),
                    position,
                };
                rows.push(Row {
                    table: table::REFERRAL_ANSWERED,
                    key: told.bet.bytes().to_vec(),
                    value: row.to_bytes(),
                    seq,
                });
            }
            bets::Event::BetReoffered(told) => {
                let row = ReofferRow {
                    told: told.clone(),
                    position,
                };
                rows.push(Row {
                    table: table::REOFFER,
                    key: told.bet.bytes().to_vec(),
                    value: row.to_bytes(),
                    seq,
                });
            }
            bets::Event::CashOutDelayed(event) => {
                let until = Some(event.until);
                rows.extend(sale(decision, event.bet, event.quote, until, None));
            }
            bets::Event::CashOutRefused(event) => {
                let rejection = Some(event.rejection.clone());
                rows.extend(sale(decision, event.bet, event.quote, None, rejection));
            }
            bets::Event::CashedOut(event) => {
                rows.extend(sale(decision, event.bet, event.quote, None, None));
                let row = CashOutRow {
                    bet: event.bet,
                    customer: event.customer,
                    stake_sold: event.stake_sold_total,
                    amount: event.amount_total,
                    stake_left: event.stake_left,
                    potential_return_left: event.potential_return_left,
                    settlement: event.settlement,
                    position,
                    at,
                };
                rows.push(Row {
                    table: table::CASH_OUT,
                    key: event.bet.bytes().to_vec(),
                    value: row.to_bytes(),
                    seq,
                });
            }
            _ => {}
        }
    }
    rows
}

/// Where a sale stands, under the bet and under the quote.
fn sale(
    decision: &Decision,
    bet: BetId,
    quote: CashOutQuoteId,
    pending_until: Option<Timestamp>,
    rejection: Option<bets::Rejection>,
) -> [Row; 2] {
    let row = CashOutStatusRow {
        bet,
        customer: CustomerId::default(),
        quote,
        pending_until,
        rejection,
        position: decision.position,
        at: decision.header.decided_at,
    };
    [bet.bytes(), quote.bytes()].map(|key| Row {
        table: table::CASH_OUT_STATUS,
        key: key.to_vec(),
        value: row.to_bytes(),
        seq: decision.header.seq,
    })
}
