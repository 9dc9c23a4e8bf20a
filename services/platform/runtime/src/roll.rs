//! Who is there, and who is to serve what.
//!
//! Duty: keep the processes that have been heard of lately, and share each role's partitions out
//! among those that offer it: every process comes to the same result from the same notices, no
//! process gets more than its share, and few partitions move when one comes or goes.
//!
//! Prohibition: no I/O and no clock. The roll is a hint; safety is in the claims of the log.

use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// A process, for as long as it lives: random, never a configured name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub [u8; 16]);

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a process says of itself, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Which process.
    pub member: MemberId,
    /// Whether it is about to stop.
    pub leaving: bool,
    /// What it offers to serve.
    pub roles: BTreeSet<String>,
}

/// The first word of a notice; another format takes another one.
const FORMAT: &str = "furlong-notice-1";

impl Notice {
    /// As text: `furlong-notice-1 <member> here|leaving <role>…`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let state = if self.leaving { "leaving" } else { "here" };
        let roles: Vec<&str> = self.roles.iter().map(String::as_str).collect();
        format!("{FORMAT} {} {state} {}", self.member, roles.join(" "))
    }

    /// Reads such a text; anything else is nobody's notice.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        if words.next() != Some(FORMAT) {
            return None;
        }
        let member = member(words.next()?)?;
        let leaving = match words.next()? {
            "here" => false,
            "leaving" => true,
            _ => return None,
        };
        let roles = words.map(str::to_owned).collect();
        Some(Self {
            member,
            leaving,
            roles,
        })
    }
}

fn member(digits: &str) -> Option<MemberId> {
    let mut bytes = [0_u8; 16];
    if digits.len() != 32 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(MemberId(bytes))
}

/// The processes that have been heard of lately.
#[derive(Clone, Debug)]
pub struct Roll {
    lease: Duration,
    members: BTreeMap<MemberId, Seen>,
    changes: u64,
}

#[derive(Clone, Debug)]
struct Seen {
    roles: BTreeSet<String>,
    heard_at: Duration,
}

impl Roll {
    /// An empty roll, on which a process stays for `lease` after its last notice.
    #[must_use]
    pub const fn new(lease: Duration) -> Self {
        Self {
            lease,
            members: BTreeMap::new(),
            changes: 0,
        }
    }

    /// How often somebody has come, gone or changed what they offer: while this stands, so do all
    /// shares.
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// Takes a notice. Instants are counted from any one beginning.
    pub fn hear(&mut self, notice: Notice, now: Duration) {
        if notice.leaving {
            let left = self.members.remove(&notice.member);
            self.note(left.is_some());
            return;
        }
        let seen = Seen {
            roles: notice.roles,
            heard_at: now,
        };
        let offers = seen.roles.clone();
        let before = self.members.insert(notice.member, seen);
        self.note(before.is_none_or(|before| before.roles != offers));
    }

    fn note(&mut self, changed: bool) {
        self.changes = self.changes.saturating_add(u64::from(changed));
    }

    /// Strikes off who has not been heard of for a lease.
    pub fn expire(&mut self, now: Duration) {
        let lease = self.lease;
        let before = self.members.len();
        self.members
            .retain(|_, seen| now.saturating_sub(seen.heard_at) <= lease);
        self.note(self.members.len() != before);
    }

    /// Whether that process is on it.
    #[must_use]
    pub fn has(&self, member: MemberId) -> bool {
        self.members.contains_key(&member)
    }

    /// Who is to serve each partition of a role, in the order of the partitions; nobody offers
    /// the role: empty. Rendezvous hashing with a cap (Thaler and Ravishankar 1998; the cap is
    /// ours): a partition goes to the highest hash among those that have room.
    #[must_use]
    pub fn shares(&self, role: &str, partitions: u16) -> Vec<MemberId> {
        let offering: Vec<MemberId> = self
            .members
            .iter()
            .filter(|(_, seen)| seen.roles.contains(role))
            .map(|(member, _)| *member)
            .collect();
        let Some(cap) = usize::from(partitions)
            .checked_add(offering.len().saturating_sub(1))
            .and_then(|padded| padded.checked_div(offering.len()))
        else {
            return Vec::new();
        };
        let mut room: BTreeMap<MemberId, usize> =
            offering.iter().map(|member| (*member, cap)).collect();
        (0..partitions)
            .filter_map(|partition| {
                let chosen = room
                    .iter()
                    .filter(|(_, room)| **room > 0)
                    .map(|(member, _)| *member)
                    .max_by_key(|member| weight(*member, role, partition))?;
                if let Some(room) = room.get_mut(&chosen) {
                    *room = room.saturating_sub(1);
                }
                Some(chosen)
            })
            .collect()
    }
}

fn weight(member: MemberId, role: &str, partition: u16) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(member.0);
    hasher.update(partition.to_be_bytes());
    hasher.update(role.as_bytes());
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(3);

    fn id(n: u8) -> MemberId {
        MemberId([n; 16])
    }

    fn here(n: u8, roles: &[&str]) -> Notice {
        Notice {
            member: id(n),
            leaving: false,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        }
    }

    fn at(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn roll(members: &[u8]) -> Roll {
        let mut roll = Roll::new(LEASE);
        for n in members {
            roll.hear(here(*n, &["bets"]), at(0));
        }
        roll
    }

    fn count(shares: &[MemberId], n: u8) -> usize {
        shares.iter().filter(|member| **member == id(n)).count()
    }

    #[test]
    fn a_notice_is_read_as_written() {
        for notice in [
            here(7, &["bets", "ledger"]),
            here(0, &[]),
            Notice {
                leaving: true,
                ..here(255, &["odds"])
            },
        ] {
            assert_eq!(Notice::from_text(&notice.to_text()), Some(notice));
        }
    }

    #[test]
    fn what_is_no_notice_is_nobodys() {
        let good = here(7, &["bets"]).to_text();
        for text in [
            "",
            "furlong-notice-2 07 here",
            &good.replace("here", "there"),
            &good.replace("0707", "07"),
            &good.replace("0707", "zz07"),
            "furlong-notice-1",
        ] {
            assert_eq!(Notice::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn alone_one_serves_everything() {
        assert_eq!(count(&roll(&[1]).shares("bets", 8), 1), 8);
    }

    #[test]
    fn nobody_serves_what_nobody_offers() {
        assert_eq!(roll(&[1, 2]).shares("ledger", 8), []);
        assert_eq!(Roll::new(LEASE).shares("bets", 8), []);
    }

    #[test]
    fn nobody_gets_more_than_a_fair_share() {
        for members in 1..=9_u8 {
            let all: Vec<u8> = (1..=members).collect();
            let shares = roll(&all).shares("bets", 64);
            let cap = 64_usize.div_ceil(usize::from(members));
            assert_eq!(shares.len(), 64);
            for n in all {
                assert!(count(&shares, n) <= cap, "{members} members, member {n}");
            }
        }
    }

    #[test]
    fn what_the_others_served_mostly_stays_when_one_goes() {
        let before = roll(&[1, 2, 3, 4]).shares("bets", 64);
        let after = roll(&[1, 2, 4]).shares("bets", 64);
        let moved = before
            .iter()
            .zip(&after)
            .filter(|(before, after)| **before != id(3) && before != after)
            .count();
        assert!(moved <= 16, "{moved} partitions moved without need");
    }

    #[test]
    fn the_order_of_notices_does_not_matter() {
        let up = roll(&[1, 2, 3]).shares("bets", 16);
        assert_eq!(up, roll(&[3, 1, 2]).shares("bets", 16));
    }

    #[test]
    fn roles_are_shared_separately() {
        let mut roll = Roll::new(LEASE);
        roll.hear(here(1, &["bets"]), at(0));
        roll.hear(here(2, &["ledger"]), at(0));
        assert_eq!(count(&roll.shares("bets", 4), 1), 4);
        assert_eq!(count(&roll.shares("ledger", 4), 2), 4);
    }

    #[test]
    fn what_changes_shares_is_counted_and_signs_of_life_are_not() {
        let mut roll = roll(&[1, 2]);
        let before = roll.changes();
        roll.hear(here(1, &["bets"]), at(1));
        roll.expire(at(2));
        assert_eq!(roll.changes(), before, "nothing is new");
        roll.hear(here(1, &["bets", "odds"]), at(2));
        assert_eq!(roll.changes(), before + 1, "one offers more");
        roll.expire(at(4));
        assert_eq!(roll.changes(), before + 2, "one is struck off");
        let leaving = Notice {
            leaving: true,
            ..here(1, &[])
        };
        roll.hear(leaving.clone(), at(4));
        assert_eq!(roll.changes(), before + 3, "one leaves");
        roll.hear(leaving, at(4));
        assert_eq!(
            roll.changes(),
            before + 3,
            "who has left cannot leave again"
        );
    }

    #[test]
    fn who_is_silent_for_a_lease_is_struck_off() {
        let mut roll = roll(&[1, 2]);
        roll.hear(here(1, &["bets"]), at(2));
        roll.expire(at(3));
        assert!(roll.has(id(2)), "exactly a lease is still within it");
        roll.expire(at(4));
        assert!(!roll.has(id(2)));
        assert_eq!(count(&roll.shares("bets", 8), 1), 8);
    }

    #[test]
    fn who_leaves_is_struck_off_at_once() {
        let mut roll = roll(&[1, 2]);
        let leaving = Notice {
            leaving: true,
            ..here(1, &["bets"])
        };
        roll.hear(leaving, at(1));
        assert!(!roll.has(id(1)));
        roll.hear(here(1, &["bets"]), at(1));
        assert!(roll.has(id(1)), "and may come back");
    }
}
