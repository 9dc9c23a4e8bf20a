//! Where rows lie: from a key to its head, which is the store's partition key.
//!
//! Duty: heads that keep together what is read and written together, that stay bounded, and that
//! a prefix of a key determines wherever a service walks one. Prohibition: no key's meaning is
//! needed to read a row back; the key is stored whole beside its head. A change here needs a new
//! [`VERSION`], since rows would be looked for elsewhere.
//!
//! Bounds: a customer's head grows by about 600 bytes a bet (100 MB at 160,000 bets of one
//! customer). A head of things by time holds what one journal partition made in 35 minutes: a
//! kilobyte a bet, so 30 MB at 15 bets a second in one journal partition (a thousand a second
//! over 64 of them). A head of answers grows with the log: 16 journal partitions make 4,096 of
//! them, and 100 million answers 25,000 in each. A house account's statement is cut every 65,536
//! lines.

/// Part of the generation: other layouts, other tables.
pub(crate) const VERSION: i32 = 1;

/// How the heads of a view are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// The first sixteen bytes are whose it is.
    Owner,
    /// An account, whose second to seventeenth bytes are the customer, if it has one.
    Account,
    /// As an account, and then a number in eight bytes.
    Line,
    /// An id that begins with the time it was made and ends with its journal partition.
    Time,
    /// An id that is a hash.
    Hash,
    /// Nothing is known of the keys.
    Plain,
}

fn shape(view: &str) -> Shape {
    match view {
        "customer"
        | "exclusion"
        | "exclusion_kind"
        | "increase"
        | "marketing"
        | "reality_check"
        | "own_limit"
        | "bet_of_customer"
        | "restriction"
        | "liability"
        | "stake_factor"
        | "second_factor"
        | "passkey"
        | "profile"
        | "session_of_customer"
        | "session_use" => Shape::Owner,
        "balance" => Shape::Account,
        "statement" => Shape::Line,
        "bet" | "bet_accepted" | "bet_status" | "bet_terms" | "bet_part" | "bet_return"
        | "reoffer" | "referral_answered" | "case" | "case_closed" | "deposit" | "withdrawal"
        | "session" | "session_reminder" => Shape::Time,
        // A bet, and then a selection of it.
        "leg_void" | "bet_leg" => Shape::Owner,
        "answer" | "credential" => Shape::Hash,
        _ => Shape::Plain,
    }
}

/// Whether the view's heads are listed, so that it can be walked as a whole in order.
pub(crate) fn listed(view: &str) -> bool {
    matches!(view, "bet" | "case" | "liability") || shape(view) == Shape::Plain
}

/// The bytes of a key that stand in front in its head, and so keep the order of keys: of two
/// keys in order their ranks are in order or equal. Only for views that are listed.
pub(crate) fn rank(view: &str, key: &[u8]) -> Vec<u8> {
    match shape(view) {
        Shape::Owner => first(key, 16),
        Shape::Time => match key {
            // 27 bits of milliseconds since 1970, in 48 bits: about 35 minutes.
            [a, b, c, d, ..] => vec![*a, *b, *c, *d & 0xe0],
            short => short.to_vec(),
        },
        Shape::Plain | Shape::Account | Shape::Line | Shape::Hash => first(key, 2),
    }
}

/// The head of a row. It begins with the shape's letter, so that no two shapes meet, and is
/// never empty.
pub(crate) fn head(view: &str, key: &[u8]) -> Vec<u8> {
    let shape = shape(view);
    let (letter, parts): (u8, [&[u8]; 2]) = match shape {
        Shape::Owner => (b'o', [key.get(..16).unwrap_or(key), &[]]),
        Shape::Account | Shape::Line => match customer_of(key) {
            Some(customer) => (b'o', [customer, &[]]),
            None if shape == Shape::Line => (b'a', [but_last(key, 2), &[]]),
            None => (b'a', [key, &[]]),
        },
        Shape::Time => return tagged(b't', &[&rank(view, key), &last_two(key)]),
        Shape::Hash => return tagged(b'h', &[&first(key, 1), &last_two(key)]),
        Shape::Plain => return tagged(b'p', &[&rank(view, key)]),
    };
    tagged(letter, &parts)
}

/// The head of all rows whose keys begin so, if there is but one.
pub(crate) fn head_of_prefix(view: &str, prefix: &[u8]) -> Option<Vec<u8>> {
    match shape(view) {
        Shape::Owner if prefix.len() >= 16 => Some(head(view, prefix)),
        Shape::Account | Shape::Line if customer_of(prefix).is_some() => Some(head(view, prefix)),
        Shape::Owner | Shape::Account | Shape::Line | Shape::Time | Shape::Hash | Shape::Plain => {
            None
        }
    }
}

/// How many bytes of a head come after its letter and before what keeps no order.
pub(crate) fn rank_of_head<'a>(view: &str, head: &'a [u8]) -> &'a [u8] {
    let rank = head.get(1..).unwrap_or_default();
    if shape(view) == Shape::Time {
        but_last(rank, 2)
    } else {
        rank
    }
}

/// The lowest head that a key of this rank can have.
pub(crate) fn lowest_head(view: &str, rank: &[u8]) -> Vec<u8> {
    let letter = match shape(view) {
        Shape::Owner => b'o',
        Shape::Time => b't',
        Shape::Plain | Shape::Account | Shape::Line | Shape::Hash => b'p',
    };
    tagged(letter, &[rank])
}

/// An account's first byte tells whether a customer follows (Avro's branch of the union).
fn customer_of(account: &[u8]) -> Option<&[u8]> {
    let (has_customer, rest) = account.split_first()?;
    rest.get(..16).filter(|_| *has_customer == 2)
}

fn tagged(letter: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut head = vec![letter];
    for part in parts {
        head.extend_from_slice(part);
    }
    head
}

fn first(key: &[u8], len: usize) -> Vec<u8> {
    key.get(..len).unwrap_or(key).to_vec()
}

/// Where an id names its journal partition.
fn last_two(key: &[u8]) -> [u8; 2] {
    key.last_chunk().copied().unwrap_or_default()
}

fn but_last(key: &[u8], len: usize) -> &[u8] {
    key.get(..key.len().saturating_sub(len)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{BetId, Currency, CustomerId};
    use schemas::Wire as _;
    use schemas::ledger::{Account, AccountKind};
    use schemas::rows::table;

    const VIEWS: [&str; 26] = [
        table::ANSWER,
        table::BALANCE,
        table::BET,
        table::BET_ACCEPTED,
        table::BET_OF_CUSTOMER,
        table::BET_STATUS,
        table::BET_TERMS,
        table::CASE,
        table::CASE_CLOSED,
        table::CREDENTIAL,
        table::CUSTOMER,
        table::DEPOSIT,
        table::EXCLUSION,
        table::EXCLUSION_KIND,
        table::INCREASE,
        table::MARKETING,
        table::REALITY_CHECK,
        table::SESSION_REMINDER,
        table::LEG_VOID,
        table::LIABILITY,
        table::OWN_LIMIT,
        table::RESTRICTION,
        table::SESSION,
        table::STAKE_FACTOR,
        table::STATEMENT,
        table::WITHDRAWAL,
    ];

    #[test]
    fn every_view_of_the_services_has_a_place() {
        for view in VIEWS {
            assert_ne!(shape(view), Shape::Plain, "{view}");
        }
    }

    #[test]
    fn the_walks_of_the_services_have_one_head_or_listed_ones() {
        let customer = CustomerId::example(1, 2);
        let account = account(Some(customer));
        let bytes = customer.bytes();
        assert!(head_of_prefix(table::STATEMENT, &account).is_some());
        assert!(head_of_prefix(table::BET_OF_CUSTOMER, &bytes).is_some());
        assert!(head_of_prefix(table::OWN_LIMIT, &bytes).is_some());
        assert!(head_of_prefix(table::LIABILITY, &bytes).is_some());
        for view in [table::CASE, table::BET, table::LIABILITY] {
            assert!(listed(view), "{view}");
        }
    }

    fn account(customer: Option<CustomerId>) -> Vec<u8> {
        let (kind, currency) = (AccountKind::Cash, Currency::Eur);
        Account {
            customer,
            kind,
            currency,
        }
        .to_bytes()
    }

    #[test]
    fn what_belongs_to_a_customer_lies_together() {
        let customer = CustomerId::example(1, 2);
        let bet = BetId::example(7, 2);
        let line = [account(Some(customer)), vec![0; 8]].concat();
        let of_customer = [customer.bytes(), bet.bytes()].concat();
        let expected = head(table::CUSTOMER, &customer.bytes());
        assert_eq!(head(table::BALANCE, &account(Some(customer))), expected);
        assert_eq!(head(table::STATEMENT, &line), expected);
        assert_eq!(head(table::BET_OF_CUSTOMER, &of_customer), expected);
        assert_ne!(
            head(table::CUSTOMER, &CustomerId::example(2, 2).bytes()),
            expected
        );
    }

    #[test]
    fn a_statement_of_the_house_is_cut() {
        let line = |entry: u64| [account(None), vec![0, 2], entry.to_be_bytes().to_vec()].concat();
        let of = |entry| head(table::STATEMENT, &line(entry));
        assert_eq!(of(65_536), of(131_071));
        assert_ne!(of(65_536), of(65_535));
    }

    #[test]
    fn ranks_keep_the_order_of_keys_and_heads_the_order_of_ranks() {
        let mut keys: Vec<Vec<u8>> = (0..2_000_u64)
            .map(|n| {
                let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                [n.to_be_bytes(), n.to_le_bytes()].concat()
            })
            .collect();
        keys.sort();
        for view in ["bet", "case", "liability", "unknown"] {
            let ranks: Vec<Vec<u8>> = keys.iter().map(|key| rank(view, key)).collect();
            assert!(ranks.is_sorted(), "{view}");
            for (key, rank) in keys.iter().zip(&ranks) {
                let head = head(view, key);
                assert_eq!(rank_of_head(view, &head), rank, "{view}");
                assert!(head >= lowest_head(view, rank), "{view}");
            }
        }
    }
}
