//! Customers who sell their slips back: they ask, and take what they were quoted, late or at once,
//! in parts or whole, whatever becomes of the markets meanwhile.

use super::Client;
use crate::world::World;
use kernel::{BetId, CashOutQuoteId, CustomerId, SelectionId, Topic, TopicPartition};
use schemas::bets;
use std::collections::BTreeSet;

/// Newer slips and quotes than these many are what anybody asks about.
const REMEMBERED: usize = 24;

/// What customers know of slips that can be sold.
#[derive(Default)]
pub(super) struct Sellers {
    struck: Vec<Slip>,
    /// What has kicked off, and slips on it: their sales wait for the delay.
    kicked_off: BTreeSet<SelectionId>,
    in_play: Vec<Slip>,
    quoted: Vec<(CashOutQuoteId, Slip)>,
    /// A quote has come since somebody last took one: it does not hold for long.
    is_fresh: bool,
}

#[derive(Clone)]
struct Slip {
    bet: BetId,
    customer: CustomerId,
    selections: Vec<SelectionId>,
}

impl Slip {
    fn is_on(&self, selections: &BTreeSet<SelectionId>) -> bool {
        self.selections.iter().any(|it| selections.contains(it))
    }
}

impl Sellers {
    /// What is struck may be sold; what is quoted may be taken.
    pub(super) fn hear(&mut self, event: &bets::Event) {
        if let bets::Event::BetAccepted(accepted) = event {
            let slip = Slip {
                bet: accepted.bet,
                customer: accepted.customer,
                selections: accepted.legs.iter().map(|leg| leg.selection).collect(),
            };
            if slip.is_on(&self.kicked_off) {
                self.in_play.push(slip.clone());
                forget(&mut self.in_play);
            }
            self.struck.push(slip);
        }
        if let bets::Event::CashOutQuoted(quoted) = event
            && let Some(slip) = self.struck.iter().find(|slip| slip.bet == quoted.bet)
        {
            self.quoted.push((quoted.quote, slip.clone()));
            self.is_fresh = true;
        }
        forget(&mut self.struck);
        forget(&mut self.quoted);
    }

    /// A market with these selections has turned in play.
    pub(super) fn hear_kick_off(&mut self, selections: &[SelectionId]) {
        let kicked_off = selections.iter().copied().collect();
        let on_it = self.struck.iter().filter(|slip| slip.is_on(&kicked_off));
        self.in_play.extend(on_it.cloned());
        forget(&mut self.in_play);
        self.kicked_off.extend(kicked_off);
    }
}

fn forget<T>(of: &mut Vec<T>) {
    let old = of.len().saturating_sub(REMEMBERED);
    of.drain(..old);
}

/// Somebody asks for a quote, or takes one late.
pub(super) fn act(world: &mut World) {
    if world.dice.permille(200) && take(world) {
        return;
    }
    ask(world);
}

/// Whoever has just been quoted takes it soon, mostly; whether somebody did.
pub(super) fn take_soon(world: &mut World) -> bool {
    world.client.sellers.is_fresh && world.dice.permille(700) && take(world)
}

fn ask(world: &mut World) {
    let in_play = world.dice.permille(500);
    let slip = any(world, |sellers| match sellers.in_play.as_slice() {
        slips if in_play && !slips.is_empty() => slips.to_vec(),
        _ => sellers.struck.clone(),
    });
    let Some(slip) = slip else {
        return;
    };
    let quote = CashOutQuoteId::from_bytes(world.client.bytes(slip.customer.partition()));
    let command = bets::Command::QuoteCashOut(bets::QuoteCashOut {
        bet: slip.bet,
        customer: slip.customer,
        quote,
        selections: slip.selections,
    });
    send(world, slip.customer, command);
}

/// Mostly the newest quote, sometimes one that was replaced or taken.
fn take(world: &mut World) -> bool {
    let newest = world.client.sellers.quoted.last().cloned();
    let chosen = if world.dice.permille(700) {
        newest
    } else {
        any(world, |sellers| sellers.quoted.clone())
    };
    let Some((quote, slip)) = chosen else {
        return false;
    };
    world.client.sellers.is_fresh = false;
    let fraction_millionths = match world.dice.below(3) {
        0 => 1_000_000,
        1 => 500_000,
        _ => 1 + u32::try_from(world.dice.below(1_000_000)).unwrap_or(0),
    };
    let command = bets::Command::CashOut(bets::CashOut {
        bet: slip.bet,
        customer: slip.customer,
        quote,
        fraction_millionths,
        selections: slip.selections,
    });
    send(world, slip.customer, command);
    true
}

fn any<T: Clone>(world: &mut World, of: impl Fn(&Sellers) -> Vec<T>) -> Option<T> {
    let all = of(&world.client.sellers);
    let which = world.dice.below(all.len().try_into().unwrap_or(1).max(1));
    all.get(usize::try_from(which).unwrap_or(0)).cloned()
}

fn send(world: &mut World, customer: CustomerId, command: bets::Command) {
    let at = TopicPartition::new(Topic::BetsCommands, customer.partition());
    Client::send(world, at, command, true);
}
