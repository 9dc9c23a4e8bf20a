//! What one decision of another journal tells fraud.
//!
//! Duty: pick, purely, the facts that a rule reads. Prohibition: nothing is remembered here, and
//! what no rule reads does not become an observation, for each one is stored for ever.

use fraud_domain::{BetTaken, Fact, LegTaken, Observation};
use kernel::{CustomerId, Digest};
use schemas::{Decision, Events, Wire, auth, bets, odds, payments};
use sha2::{Digest as _, Sha256};

/// The observations of one decision, in the order of its events.
pub(crate) fn observations(decision: &Decision) -> Vec<Observation> {
    let behaviour = |(customer, fact)| Observation::Behaviour {
        customer,
        at: decision.header.decided_at,
        source: decision.position,
        fact,
    };
    match &decision.events {
        Events::AuthEvents(body) => facts(&body.events, of_auth).map(behaviour).collect(),
        Events::BetsEvents(body) => facts(&body.events, of_bets).map(behaviour).collect(),
        Events::PaymentsEvents(body) => {
            let told = |event| of_payments(event, &body.events);
            body.events.iter().filter_map(told).map(behaviour).collect()
        }
        Events::OddsEvents(body) => body
            .events
            .iter()
            .filter_map(|event| book(decision, event))
            .collect(),
        Events::LedgerEvents(_) | Events::FraudEvents(_) => Vec::new(),
    }
}

fn facts<E>(
    events: &[E],
    of: fn(&E) -> Option<(CustomerId, Fact)>,
) -> impl Iterator<Item = (CustomerId, Fact)> {
    events.iter().filter_map(of)
}

fn of_auth(event: &auth::Event) -> Option<(CustomerId, Fact)> {
    if let auth::Event::SignInFailed(failed) = event {
        Some((failed.customer, Fact::SignInFailed))
    } else {
        None
    }
}

/// A slip counts from its placement: whoever tests the book with slips that are refused is worth
/// seeing too. The stake of one that comes to nothing is no play, and is taken back; of one that is sold
/// back before its end only what the sale has lost was played.
fn of_bets(event: &bets::Event) -> Option<(CustomerId, Fact)> {
    if let bets::Event::BetPlaced(placed) = event {
        return Some((placed.customer, Fact::BetTaken(bet_taken(placed))));
    }
    if let bets::Event::BetRejected(rejected) = event {
        let returned = Fact::BetReturned {
            bet: rejected.bet,
            returned: rejected.stake,
        };
        return Some((rejected.customer, returned));
    }
    if let bets::Event::BetSettled(settled) = event
        && settled.outcome == bets::SlipOutcome::Void
    {
        let returned = Fact::BetReturned {
            bet: settled.bet,
            returned: settled.stake,
        };
        return Some((settled.customer, returned));
    }
    if let bets::Event::CashedOut(sold) = event {
        let returned = Fact::BetReturned {
            bet: sold.bet,
            returned: sold.amount.min(sold.stake),
        };
        return Some((sold.customer, returned));
    }
    None
}

/// Money is on its way out once it is held: before the persons who look at a large withdrawal have
/// said anything, so that they see what follows from it. It does not count again when it goes on.
fn of_payments(event: &payments::Event, beside: &[payments::Event]) -> Option<(CustomerId, Fact)> {
    if let payments::Event::DepositConfirmed(confirmed) = event {
        let amount = confirmed.amount;
        return Some((confirmed.customer, Fact::PaidIn { amount }));
    }
    if let payments::Event::WithdrawalReviewStarted(started) = event {
        let amount = started.reviewed.amount;
        return Some((started.reviewed.customer, Fact::PaidOut { amount }));
    }
    if let payments::Event::WithdrawalSubmitted(submitted) = event
        && !beside.iter().any(|other| approves(other, submitted))
    {
        let amount = submitted.amount;
        return Some((submitted.customer, Fact::PaidOut { amount }));
    }
    None
}

fn approves(event: &payments::Event, submitted: &payments::WithdrawalSubmitted) -> bool {
    if let payments::Event::WithdrawalApproved(approved) = event {
        approved.reviewed.withdrawal == submitted.withdrawal
    } else {
        false
    }
}

fn book(decision: &Decision, event: &odds::Event) -> Option<Observation> {
    let odds::Event::BookPublished(published) = event else {
        return None;
    };
    let prices = published
        .prices
        .iter()
        .filter_map(|quoted| quoted.price.map(|price| (quoted.selection, price)))
        .collect();
    Some(Observation::Book {
        market: published.market,
        at: decision.header.decided_at,
        prices,
    })
}

fn bet_taken(placed: &bets::BetPlaced) -> BetTaken {
    BetTaken {
        bet: placed.bet,
        legs: placed
            .legs
            .iter()
            .map(|leg| LegTaken {
                market: leg.market,
                selection: leg.selection,
                price: leg.price,
            })
            .collect(),
        stake: placed.stake,
        slip_digest: slip_digest(placed),
    }
}

/// Equal for slips with the same type, selections in any order, stake and each-way, at whatever
/// prices.
fn slip_digest(placed: &bets::BetPlaced) -> Digest {
    let mut selections: Vec<_> = placed.legs.iter().map(|leg| leg.selection).collect();
    selections.sort_unstable();
    let mut bytes = Vec::new();
    placed.bet_type.encode(&mut bytes);
    selections.encode(&mut bytes);
    placed.stake.encode(&mut bytes);
    placed.each_way.encode(&mut bytes);
    Digest::from_bytes(Sha256::digest(&bytes).into())
}
