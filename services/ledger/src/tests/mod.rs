//! The service's edge as scenarios: decisions of other journals in, balances out.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "tests: an overflow or an unexpected event fails them"
)]

mod codec;
mod projection;
mod reactor_bets;
mod reactor_payments;
mod reactor_promotions;
mod snapshot;

use crate::{LedgerService, codec as joined};
use kernel::{
    BetId, CorrelationId, Currency, CustomerId, Decider, Money, Timestamp, Topic, TopicPartition,
    TransferId,
};
use ledger_domain::{
    Account, AccountKind, Amount, Balance, Command, Event, Ledger, Rules, Transfer, TransferCode,
    TransferKind,
};
use runtime::Service as _;
use schemas::bets::{self, SlipOutcome};
use schemas::{Body, ClaimId, Decision, Events, Header, Kind, Wire, ledger as wire, payments};

const PARTITION: u16 = 3;

fn ann() -> CustomerId {
    CustomerId::example(1, PARTITION)
}

fn bet() -> BetId {
    BetId::example(7, PARTITION)
}

fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::Eur)
}

fn of_ann(kind: AccountKind) -> Account {
    Account {
        customer: Some(ann()),
        kind,
        currency: Currency::Eur,
    }
}

fn house(kind: AccountKind) -> Account {
    Account {
        customer: None,
        ..of_ann(kind)
    }
}

fn header(seq: u64) -> Header {
    Header {
        kind: Kind::Decision,
        epoch: 1,
        claim_id: ClaimId::default(),
        seq,
        confirmed: 0,
        prev: None,
        cause: None,
        consumed: vec![],
        request_id: None,
        request_digest: None,
        correlation_id: CorrelationId::default(),
        decided_at: Timestamp::from_millis(5),
    }
}

fn decision(topic: Topic, events: Events) -> Decision {
    Decision {
        position: TopicPartition::new(topic, PARTITION).at(40),
        header: header(9),
        events,
    }
}

fn by_bets(events: impl IntoIterator<Item = bets::Event>) -> Decision {
    let body = Body {
        rejection: None,
        events: events.into_iter().collect(),
    };
    decision(Topic::BetsEvents, Events::BetsEvents(body))
}

fn by_payments(events: impl IntoIterator<Item = payments::Event>) -> Decision {
    let body = Body {
        rejection: None,
        events: events.into_iter().collect(),
    };
    decision(Topic::PaymentsEvents, Events::PaymentsEvents(body))
}

fn placed(stake: i64) -> bets::Event {
    bets::Event::BetPlaced(bets::BetPlaced {
        bet: bet(),
        customer: ann(),
        bet_type: bets::BetType::Single,
        legs: vec![],
        stake: eur(stake),
        price_policy: bets::PricePolicy::Exact,
        each_way: false,
        client_ref: None,
        potential_return: eur(stake),
        rules_version: 1,
        placed_at: Timestamp::from_millis(1),
    })
}

fn rejected(stake: i64, held: bool) -> bets::Event {
    bets::Event::BetRejected(bets::BetRejected {
        bet: bet(),
        customer: ann(),
        held,
        stake: eur(stake),
        rejection: bets::Rejection {
            reason: bets::RejectionReason::CustomerRestricted(bets::CustomerRestricted {}),
        },
    })
}

fn settled(settlement: u32, stake: i64, returned: i64, outcome: SlipOutcome) -> bets::Event {
    bets::Event::BetSettled(bets::BetSettled {
        bet: bet(),
        customer: ann(),
        settlement,
        stake: eur(stake),
        returned: eur(returned),
        exact: returned.to_string(),
        outcome,
        settled_at: Timestamp::from_millis(2),
    })
}

fn won(settlement: u32, stake: i64, returned: i64) -> bets::Event {
    settled(settlement, stake, returned, SlipOutcome::Won)
}

fn reversed(settlement: u32, stake: i64, returned: i64) -> bets::Event {
    bets::Event::SettlementReversed(bets::SettlementReversed {
        bet: bet(),
        customer: ann(),
        settlement,
        stake: eur(stake),
        returned: eur(returned),
    })
}

/// A part of the stake is sold; so much is left.
fn sold(settlement: u32, stake: i64, amount: i64, left: i64) -> bets::Event {
    bets::Event::CashedOut(bets::CashedOut {
        bet: bet(),
        customer: ann(),
        quote: kernel::CashOutQuoteId::example(1, PARTITION),
        fraction_millionths: 1,
        settlement,
        stake: eur(stake),
        amount: eur(amount),
        worth: bets::CashOutWorth {
            rules_version: 1,
            margin_permille: 50,
            fair: String::new(),
            exact: String::new(),
            legs: vec![],
        },
        stake_left: eur(left),
        potential_return_left: eur(left),
        stake_sold_total: eur(stake),
        amount_total: eur(amount),
        cashed_out_at: Timestamp::from_millis(2),
        liabilities: vec![],
    })
}

/// A ledger that hears of decisions as its owner task would let it.
#[derive(Clone)]
struct World {
    ledger: Ledger,
    transfers: u64,
}

impl World {
    fn new() -> Self {
        Self {
            ledger: Ledger::initial(),
            transfers: 0,
        }
    }

    /// Ann has so much cash.
    fn funded(minor: i64) -> Self {
        let mut world = Self::new();
        world.post(
            house(AccountKind::Provider),
            of_ann(AccountKind::Cash),
            minor,
        );
        world
    }

    /// Ann owes so much.
    fn owing(mut self, minor: i64) -> Self {
        self.post(
            of_ann(AccountKind::Receivable),
            house(AccountKind::Book),
            minor,
        );
        self
    }

    fn ruled(mut self, rules: Rules) -> Self {
        self.carry_out(&Command::SetAccountRules {
            partition: PARTITION,
            account: of_ann(AccountKind::Cash),
            rules,
        });
        self
    }

    fn hears(mut self, decision: &Decision) -> Self {
        self.hear(decision);
        self
    }

    fn hear(&mut self, decision: &Decision) -> Vec<Event> {
        match LedgerService::react(PARTITION, decision, &(), Timestamp::MIN) {
            Some(command) => self.carry_out(&command),
            None => vec![],
        }
    }

    fn post(&mut self, debit: Account, credit: Account, minor: i64) -> Vec<Event> {
        self.transfers += 1;
        self.carry_out(&Command::PostTransfers {
            partition: PARTITION,
            transfers: vec![Transfer {
                id: TransferId::example(self.transfers, PARTITION),
                debit,
                credit,
                amount: Amount::Exactly(minor),
                kind: TransferKind::Post,
                linked: false,
                code: TransferCode::Adjustment,
                credit_fallback: None,
                rules_waived: false,
            }],
        })
    }

    /// Every fact is noticed as it would be read back: from bytes.
    fn carry_out(&mut self, command: &Command) -> Vec<Event> {
        let events = Ledger::decide(&self.ledger, command).expect("the command is not rejected");
        for event in &events {
            let bytes = LedgerService::event_to_wire(event).to_bytes();
            let read = wire::Event::from_bytes(&bytes).expect("what was written can be read");
            let read = LedgerService::event_from_wire(read).expect("and has a meaning");
            assert_eq!(read, *event);
            Ledger::evolve(&mut self.ledger, &read);
        }
        events
    }

    fn balance(&self, account: Account) -> Balance {
        self.ledger.balance(account)
    }

    /// Posted and held.
    fn cash(&self) -> (i64, i64) {
        let balance = self.balance(of_ann(AccountKind::Cash));
        (balance.posted_minor, balance.held_minor)
    }

    /// What Ann owes, as a positive amount.
    fn debt(&self) -> i64 {
        -self.balance(of_ann(AccountKind::Receivable)).posted_minor
    }

    fn posted(&self, account: Account) -> i64 {
        self.balance(account).posted_minor
    }
}

fn has_refusal(events: &[Event]) -> bool {
    let refused = |event: &Event| matches!(event, Event::TransferRefused(_));
    events.iter().any(refused)
}
