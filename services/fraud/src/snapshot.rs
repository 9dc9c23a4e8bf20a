//! The state as bytes.
//!
//! Duty: equal states give equal bytes, and the bytes give the state back. Prohibition: what can
//! be derived is not stored.

use fraud_domain::{BetSeen, Customer, HourOfMoney, RuleId, State, Tape, TapedLeg};
use kernel::{
    BetId, CaseId, Currency, CustomerId, Digest, MarketId, Price, SelectionId, Timestamp,
};
use schemas::{DecodeError, Wire, wire};

wire! {
    /// All of one partition.
    record Saved { newest: Timestamp, customers: Vec<SavedCustomer>, tapes: Vec<SavedTape> }
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
    Saved {
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
    }
    .to_bytes()
}

pub(crate) fn decode(bytes: &[u8]) -> Result<State, DecodeError> {
    let saved = Saved::from_bytes(bytes)?;
    let customers = saved
        .customers
        .into_iter()
        .map(load_customer)
        .collect::<Result<_, _>>()?;
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
