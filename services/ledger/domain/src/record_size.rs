//! Whether the facts of a batch fit one record.
//!
//! Duty: a bound, never too low, of the bytes that events take on the wire. Prohibition: not the
//! encoding itself; a test at the edge holds the two together.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "sums of at most 8,189 sizes of less than 200 bytes"
)]

use crate::account::Balance;
use crate::event::Event;

/// So many transfers always fit, whatever they lead to.
pub const TRANSFERS_ALWAYS_FIT: u32 = 6_000;

/// What a record's events may take: a record holds 1,000,000 bytes, and its header some of them.
const EVENTS_BYTES_MAX: usize = 990_000;

/// Branch, a transfer's id, two accounts, a code, the content's digest.
const COMMON_BYTES: usize = 1 + 16 + 2 * ACCOUNT_BYTES + 1 + 8;
const ACCOUNT_BYTES: usize = 1 + 16 + 1 + 1;

/// Whether a record can hold these events.
pub(crate) fn fits(events: &[Event]) -> bool {
    events.iter().map(bytes_max).sum::<usize>() <= EVENTS_BYTES_MAX
}

/// No fewer bytes than the event takes on the wire.
#[must_use]
pub fn bytes_max(event: &Event) -> usize {
    COMMON_BYTES
        + match event {
            Event::TransferPosted(posted) => {
                long(posted.minor) + balance(posted.debit_after) + balance(posted.credit_after)
            }
            Event::TransferHeld(held) => {
                let end = held.expires_at.map_or(0, |at| long(at.micros()));
                long(held.minor) + 1 + end + balance(held.debit_after)
            }
            Event::HoldCaptured(captured) => {
                16 + long(captured.minor)
                    + long(captured.released_minor)
                    + balance(captured.debit_after)
                    + balance(captured.credit_after)
            }
            Event::HoldVoided(voided) => 16 + long(voided.minor) + balance(voided.debit_after),
            Event::HoldExpired(expired) => long(expired.minor) + balance(expired.debit_after),
            Event::TransferRefused(refused) => 2 + refused.available_minor.map_or(0, long),
            Event::AccountRulesSet(set) => 3 + set.rules.balance_max.map_or(0, long),
            Event::NothingMoved(_) => 0,
        }
}

fn balance(balance: Balance) -> usize {
    let entry = i64::try_from(balance.entry).unwrap_or(i64::MAX);
    long(balance.posted_minor) + long(balance.held_minor) + long(entry)
}

/// Seven bits a byte, after the sign has been folded into the lowest bit.
const fn long(value: i64) -> usize {
    let folded = (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned();
    match folded.leading_zeros() {
        57.. => 1,
        50..57 => 2,
        43..50 => 3,
        36..43 => 4,
        29..36 => 5,
        22..29 => 6,
        15..22 => 7,
        8..15 => 8,
        1..8 => 9,
        0 => 10,
    }
}
