//! The ledger's rules as scenarios: one a rule, one a refusal, one a repeat; and what must hold
//! whatever is asked.

mod amounts;
mod chains;
mod holds;
mod posting;
mod properties;
mod repeats;
mod rules;

use crate::{
    Account, AccountKind, Amount, Balance, Command, Event, Ledger, RefusalReason, Transfer,
    TransferCode, TransferKind,
};
use kernel::{Currency, CustomerId, Decider, Scenario, Timestamp, TransferId};

fn id(number: u64) -> TransferId {
    TransferId::example(number, 7)
}

fn of_ann(kind: AccountKind) -> Account {
    Account {
        customer: Some(CustomerId::example(1, 0)),
        kind,
        currency: Currency::Eur,
    }
}

fn ann() -> Account {
    of_ann(AccountKind::Cash)
}

fn anns_debt() -> Account {
    of_ann(AccountKind::Receivable)
}

fn bob() -> Account {
    Account {
        customer: Some(CustomerId::example(2, 0)),
        ..ann()
    }
}

fn house(kind: AccountKind) -> Account {
    Account {
        customer: None,
        ..of_ann(kind)
    }
}

fn book() -> Account {
    house(AccountKind::Book)
}

fn provider() -> Account {
    house(AccountKind::Provider)
}

/// A posting of an exact amount; changed by struct update where a test needs something else.
fn post(number: u64, debit: Account, credit: Account, minor: i64) -> Transfer {
    Transfer {
        id: id(number),
        debit,
        credit,
        amount: Amount::Exactly(minor),
        kind: TransferKind::Post,
        linked: false,
        code: TransferCode::Adjustment,
        credit_fallback: None,
        rules_waived: false,
    }
}

fn linked(transfer: Transfer) -> Transfer {
    Transfer {
        linked: true,
        ..transfer
    }
}

fn up_to(transfer: Transfer) -> Transfer {
    let Amount::Exactly(minor) = transfer.amount else {
        panic!("only an exact amount can be made a maximum")
    };
    Transfer {
        amount: Amount::UpTo(minor),
        ..transfer
    }
}

fn hold(number: u64, debit: Account, credit: Account, minor: i64) -> Transfer {
    Transfer {
        kind: TransferKind::Hold { expires_at: None },
        ..post(number, debit, credit, minor)
    }
}

fn hold_until(number: u64, debit: Account, credit: Account, minor: i64, at: i64) -> Transfer {
    let expires_at = Some(Timestamp::from_micros(at));
    Transfer {
        kind: TransferKind::Hold { expires_at },
        ..post(number, debit, credit, minor)
    }
}

fn capture(number: u64, held: Transfer, minor: i64) -> Transfer {
    Transfer {
        kind: TransferKind::CaptureHold { hold: held.id },
        ..post(number, held.debit, held.credit, minor)
    }
}

fn void(number: u64, held: Transfer) -> Transfer {
    Transfer {
        id: id(number),
        kind: TransferKind::VoidHold { hold: held.id },
        ..held
    }
}

fn batch(transfers: impl IntoIterator<Item = Transfer>) -> Command {
    Command::PostTransfers {
        partition: 0,
        transfers: transfers.into_iter().collect(),
    }
}

/// Ann has so much, from the provider, by transfer 1,000,000.
fn funded(minor: i64) -> Scenario<Ledger> {
    Scenario::given([]).after(batch([post(1_000_000, provider(), ann(), minor)]))
}

/// What each transfer of a decision came to, in one word.
fn reasons(events: &[Event]) -> Vec<(TransferId, Option<RefusalReason>)> {
    let reason = |event: &Event| match event {
        Event::TransferRefused(refused) => (refused.id, Some(refused.reason)),
        Event::TransferPosted(posted) => (posted.id, None),
        Event::TransferHeld(held) => (held.id, None),
        Event::HoldCaptured(captured) => (captured.id, None),
        Event::HoldVoided(voided) => (voided.id, None),
        Event::NothingMoved(nothing) => (nothing.id, None),
        Event::HoldExpired(_) | Event::AccountRulesSet(_) => panic!("not of a transfer: {event:?}"),
    };
    events.iter().map(reason).collect()
}

/// This transfer alone is refused for this reason.
#[track_caller]
fn refused(scenario: Scenario<Ledger>, transfer: Transfer, reason: RefusalReason) {
    let events = scenario.when(batch([transfer])).events();
    assert_eq!(reasons(&events), [(transfer.id, Some(reason))]);
}

fn balance(posted_minor: i64, held_minor: i64, entry: u64) -> Balance {
    Balance {
        posted_minor,
        held_minor,
        entry,
    }
}

/// Carries a command out.
fn carry_out(ledger: &mut Ledger, command: &Command) -> Vec<Event> {
    let events = Ledger::decide(ledger, command).expect("the command is not rejected");
    for event in &events {
        Ledger::evolve(ledger, event);
    }
    events
}
