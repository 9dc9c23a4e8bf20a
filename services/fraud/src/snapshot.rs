//! The state as bytes.
//!
//! Duty: equal states give equal bytes, and the bytes give the state back. Prohibition: what can
//! be derived is not stored.

use fraud_domain::{BelowThreshold, BetSeen, Customer, HourOfMoney, RuleId, State, Tape, TapedLeg};
use kernel::{
    BetId, CaseId, Currency, CustomerId, Digest, MarketId, Price, SelectionId, Timestamp,
};
use schemas::{DecodeError, Input, Wire, wire};
use std::collections::{BTreeMap, VecDeque};

/// Of this shape of the bytes. The first shape began with a time, which is never as large.
const LAYOUT: u64 = 0x6672_6175_0000_0002;
const TIMES_BELOW: u64 = 1 << 62;

wire! {
    /// All of one partition.
    record Saved { layout: u64, first: SavedFirst, below_threshold: Vec<SavedBelow> }
    /// What the first shape had.
    record SavedFirst { newest: Timestamp, customers: Vec<SavedCustomer>, tapes: Vec<SavedTape> }
    /// Of a customer with deposits just below the threshold.
    record SavedBelow { customer: CustomerId, deposits: Vec<SavedBelowThreshold> }
    /// See [`BelowThreshold`].
    record SavedBelowThreshold { at: Timestamp, currency: Currency }
    /// See [`Customer`].
    record SavedCustomer {
        customer: CustomerId,
        last_seen: Timestamp,
        bets: Vec<SavedBet>,
        deposits: Vec<Timestamp>,
        failed_sign_ins: Vec<Timestamp>,
        money: Vec<SavedHour>,
        contributions: Vec<SavedContribution>,
        open_case: Option<CaseId>,
        closed_cases: Vec<CaseId>,
        stake_permille: u16,
        restricted_in: Option<CaseId>,
    }
    /// See [`BetSeen`].
    record SavedBet { at: Timestamp, bet: BetId, slip_digest: Digest, before_move: bool }
    /// See [`HourOfMoney`].
    record SavedHour { hour: i64, currency: Currency, paid_in_minor: i64, played_minor: i64, paid_out_minor: i64 }
    /// A rule's points in the last score.
    record SavedContribution { rule: String, points: u16 }
    /// See [`Tape`].
    record SavedTape { market: MarketId, newest: Timestamp, legs: Vec<SavedLeg> }
    /// See [`TapedLeg`].
    record SavedLeg { at: Timestamp, customer: CustomerId, bet: BetId, selection: SelectionId, price: Price }
}

pub(crate) fn encode(state: &State) -> Vec<u8> {
    let first = SavedFirst {
        newest: state.newest(),
        customers: state
            .customers()
            .iter()
            .map(|(id, customer)| save_customer(*id, customer))
            .collect(),
        tapes: state
            .tapes()
            .iter()
            .map(|(id, tape)| save_tape(*id, tape))
            .collect(),
    };
    let below = state
        .customers()
        .iter()
        .filter(|(_, customer)| !customer.below_threshold.is_empty())
        .map(|(id, customer)| SavedBelow {
            customer: *id,
            deposits: customer.below_threshold.iter().map(save_below).collect(),
        });
    Saved {
        layout: LAYOUT,
        first,
        below_threshold: below.collect(),
    }
    .to_bytes()
}

const fn save_below(seen: &BelowThreshold) -> SavedBelowThreshold {
    SavedBelowThreshold {
        at: seen.at,
        currency: seen.currency,
    }
}

pub(crate) fn decode(bytes: &[u8]) -> Result<State, DecodeError> {
    let begins = u64::decode(&mut Input::new(bytes))?;
    let (saved, below) = if begins == LAYOUT {
        let saved = Saved::from_bytes(bytes)?;
        (saved.first, saved.below_threshold)
    } else if begins < TIMES_BELOW {
        (SavedFirst::from_bytes(bytes)?, Vec::new())
    } else {
        return Err(DecodeError::NotAllowed("a snapshot of another layout"));
    };
    let mut customers = saved
        .customers
        .into_iter()
        .map(load_customer)
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    for saved in below {
        if let Some(customer) = customers.get_mut(&saved.customer) {
            let deposits = saved.deposits.into_iter().map(|seen| BelowThreshold {
                at: seen.at,
                currency: seen.currency,
            });
            customer.below_threshold = deposits.collect();
        }
    }
    let tapes = saved.tapes.into_iter().map(load_tape).collect();
    Ok(State::from_parts(customers, tapes, saved.newest))
}

fn save_customer(id: CustomerId, customer: &Customer) -> SavedCustomer {
    SavedCustomer {
        customer: id,
        last_seen: customer.last_seen,
        bets: customer
            .bets
            .iter()
            .map(|bet| SavedBet {
                at: bet.at,
                bet: bet.bet,
                slip_digest: bet.slip_digest,
                before_move: bet.before_move,
            })
            .collect(),
        deposits: customer.deposits.iter().copied().collect(),
        failed_sign_ins: customer.failed_sign_ins.iter().copied().collect(),
        money: customer
            .money
            .iter()
            .map(|hour| SavedHour {
                hour: hour.hour,
                currency: hour.currency,
                paid_in_minor: hour.paid_in_minor,
                played_minor: hour.played_minor,
                paid_out_minor: hour.paid_out_minor,
            })
            .collect(),
        contributions: customer
            .contributions
            .iter()
            .map(|(rule, points)| SavedContribution {
                rule: rule.as_str().to_owned(),
                points: *points,
            })
            .collect(),
        open_case: customer.open_case,
        closed_cases: customer.closed_cases.iter().copied().collect(),
        stake_permille: customer.stake_permille,
        restricted_in: customer.restricted_in,
    }
}

fn load_customer(saved: SavedCustomer) -> Result<(CustomerId, Customer), DecodeError> {
    let contributions = saved
        .contributions
        .into_iter()
        .map(|contribution| {
            let rule: RuleId = contribution
                .rule
                .parse()
                .map_err(|_| DecodeError::NotAllowed("SavedContribution.rule"))?;
            Ok((rule, contribution.points))
        })
        .collect::<Result<_, DecodeError>>()?;
    let customer = Customer {
        last_seen: saved.last_seen,
        bets: saved
            .bets
            .into_iter()
            .map(|bet| BetSeen {
                at: bet.at,
                bet: bet.bet,
                slip_digest: bet.slip_digest,
                before_move: bet.before_move,
            })
            .collect(),
        deposits: saved.deposits.into(),
        failed_sign_ins: saved.failed_sign_ins.into(),
        money: saved
            .money
            .into_iter()
            .map(|hour| HourOfMoney {
                hour: hour.hour,
                currency: hour.currency,
                paid_in_minor: hour.paid_in_minor,
                played_minor: hour.played_minor,
                paid_out_minor: hour.paid_out_minor,
            })
            .collect(),
        below_threshold: VecDeque::new(),
        contributions,
        open_case: saved.open_case,
        closed_cases: saved.closed_cases.into_iter().collect(),
        stake_permille: saved.stake_permille,
        restricted_in: saved.restricted_in,
    };
    Ok((saved.customer, customer))
}

fn save_tape(id: MarketId, tape: &Tape) -> SavedTape {
    SavedTape {
        market: id,
        newest: tape.newest,
        legs: tape
            .legs
            .iter()
            .map(|leg| SavedLeg {
                at: leg.at,
                customer: leg.customer,
                bet: leg.bet,
                selection: leg.selection,
                price: leg.price,
            })
            .collect(),
    }
}

fn load_tape(saved: SavedTape) -> (MarketId, Tape) {
    let tape = Tape {
        newest: saved.newest,
        legs: saved
            .legs
            .into_iter()
            .map(|leg| TapedLeg {
                at: leg.at,
                customer: leg.customer,
                bet: leg.bet,
                selection: leg.selection,
                price: leg.price,
            })
            .collect(),
    };
    (saved.market, tape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_of_the_first_shape_is_read() {
        let first = SavedFirst {
            newest: Timestamp::from_millis(1_800_000_000_000),
            customers: vec![],
            tapes: vec![],
        };
        let state = decode(&first.to_bytes()).expect("it is read");
        assert_eq!(state.newest(), first.newest);
        assert_eq!(decode(&encode(&state)), Ok(state));
    }

    #[test]
    fn deposits_just_below_the_threshold_survive() {
        let seen = BelowThreshold {
            at: Timestamp::from_millis(5),
            currency: Currency::Gbp,
        };
        let customer = Customer {
            below_threshold: [seen].into(),
            ..Customer::default()
        };
        let customers = BTreeMap::from([(CustomerId::example(1, 3), customer)]);
        let state = State::from_parts(customers, BTreeMap::new(), Timestamp::default());
        assert_eq!(decode(&encode(&state)), Ok(state));
    }
}
