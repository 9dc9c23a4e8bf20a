//! The ledger's state as bytes.
//!
//! Duty: equal states give equal bytes, and bytes that are not such a state are refused.
//! Prohibition: nobody but this module knows the format; it is told apart by its first byte.

use crate::codec::{
    account_from_wire, account_to_wire, balance_from_wire, balance_to_wire, code_from_wire,
    code_to_wire,
};
use kernel::{Timestamp, TransferId};
use ledger_domain::{Account, HoldEnd, Image, Ledger, OpenHold, Rules, Standing, Use};
use schemas::ledger::{self as wire, ContentHash};
use schemas::{DecodeError, Input, Wire};

/// Changes whenever the bytes do.
const FORMAT: u64 = 1;

pub(crate) fn encode(ledger: &Ledger) -> Vec<u8> {
    let image = ledger.image();
    let mut out = Vec::new();
    FORMAT.encode(&mut out);
    put_all(&image.accounts, &mut out, |(account, standing), out| {
        account_to_wire(*account).encode(out);
        balance_to_wire(standing.balance).encode(out);
        standing.rules.debits_blocked.encode(out);
        standing.rules.credits_blocked.encode(out);
        standing.rules.balance_max.encode(out);
    });
    put_all(&image.known, &mut out, |(id, its_use), out| {
        id.encode(out);
        ContentHash(its_use.bytes()).encode(out);
    });
    put_all(&image.holds, &mut out, |(id, hold), out| {
        id.encode(out);
        account_to_wire(hold.debit).encode(out);
        account_to_wire(hold.credit).encode(out);
        hold.minor.encode(out);
        code_to_wire(hold.code).encode(out);
        hold.end.map(|end| (end.at, end.number)).encode(out);
    });
    image.ends_armed.encode(&mut out);
    out
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Ledger, DecodeError> {
    let mut input = Input::new(bytes);
    if u64::decode(&mut input)? != FORMAT {
        return Err(DecodeError::NotAllowed("snapshot format"));
    }
    let image = Image {
        accounts: take_all(&mut input, take_account)?,
        known: take_all(&mut input, |input| {
            let id = TransferId::decode(input)?;
            Ok((id, Use::from_bytes(ContentHash::decode(input)?.0)))
        })?,
        holds: take_all(&mut input, take_hold)?,
        ends_armed: u64::decode(&mut input)?,
    };
    input.end()?;
    Ok(Ledger::from_image(&image))
}

fn take_account(input: &mut Input<'_>) -> Result<(Account, Standing), DecodeError> {
    let account = account_from_wire(&wire::Account::decode(input)?);
    let standing = Standing {
        balance: balance_from_wire(&wire::Balance::decode(input)?),
        rules: Rules {
            debits_blocked: bool::decode(input)?,
            credits_blocked: bool::decode(input)?,
            balance_max: Wire::decode(input)?,
        },
    };
    Ok((account, standing))
}

fn take_hold(input: &mut Input<'_>) -> Result<(TransferId, OpenHold), DecodeError> {
    let id = TransferId::decode(input)?;
    let hold = OpenHold {
        debit: account_from_wire(&wire::Account::decode(input)?),
        credit: account_from_wire(&wire::Account::decode(input)?),
        minor: i64::decode(input)?,
        code: code_from_wire(wire::TransferCode::decode(input)?),
        end: Option::<(Timestamp, u64)>::decode(input)?.map(|(at, number)| HoldEnd { at, number }),
    };
    Ok((id, hold))
}

fn put_all<T>(items: &[T], out: &mut Vec<u8>, put: impl Fn(&T, &mut Vec<u8>)) {
    // A count that does not fit cannot be in memory.
    u64::try_from(items.len()).unwrap_or(u64::MAX).encode(out);
    for item in items {
        put(item, out);
    }
}

fn take_all<T>(
    input: &mut Input<'_>,
    take: impl Fn(&mut Input<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let count = u64::decode(input)?;
    let left = u64::try_from(input.rest().len()).unwrap_or(u64::MAX);
    // Every item takes at least a byte, so a count above what is left is a lie.
    if count > left {
        return Err(DecodeError::UnexpectedEnd);
    }
    (0..count).map(|_| take(input)).collect()
}
