//! I18, where it begins: a customer's own limits are loosened only by the customer's second word,
//! and an exclusion never gets shorter.
//!
//! Duty: fold auth's journal alone. A limit that is raised or lifted was asked for, its cool-off
//! is over, and the confirmation stands in the same record; an exclusion ends no earlier than the
//! one before it said, and while it lasts nothing is loosened and nobody is written to; a reality
//! check is seen no earlier than its interval. Prohibition: what bets and payments make of it is
//! judged in `limits`.

use crate::findings::Findings;
use kernel::{CustomerId, Duration, InvariantId, Money, Position, SessionId, Timestamp};
use rustc_hash::FxHashMap;
use schemas::auth::{
    CustomerExcluded, Event, ExclusionKind, ExclusionKindSet, LimitKind, LimitSet,
    RealityCheckAcknowledged,
};

/// The promise: nobody loosens a limit on an impulse.
const COOL_OFF: Duration = Duration::from_secs(24 * 60 * 60);
/// No six months are longer; a minute is left to clocks.
const SELF_EXCLUSION: Duration = Duration::from_secs(184 * 24 * 60 * 60 - 60);

type Key = (CustomerId, LimitKind);

#[derive(Debug, Default)]
pub(crate) struct Protection {
    in_force: FxHashMap<Key, Money>,
    waiting: FxHashMap<Key, Waiting>,
    /// Confirmed by the record that is being read.
    confirmed: FxHashMap<Key, Option<Money>>,
    excluded_until: FxHashMap<CustomerId, Timestamp>,
    self_excluded_until: FxHashMap<CustomerId, Timestamp>,
    intervals: FxHashMap<CustomerId, Duration>,
    reminded_at: FxHashMap<SessionId, Timestamp>,
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    amount: Option<Money>,
    from: Timestamp,
    /// None: asked for before confirmations, and promised for `from`.
    lapses_at: Option<Timestamp>,
}

impl Protection {
    /// Takes the events of one record.
    pub(crate) fn take_auth(
        &mut self,
        position: Position,
        decided_at: Timestamp,
        events: &[Event],
        findings: &mut Findings,
    ) {
        self.confirmed.clear();
        let named = events
            .iter()
            .any(|event| matches!(event, Event::ExclusionKindSet(_)));
        for event in events {
            self.take(position, decided_at, event, findings);
            // One of the time before kinds is what its length says.
            if let Event::CustomerExcluded(excluded) = event
                && !named
                && excluded.until >= excluded.at.plus(SELF_EXCLUSION)
            {
                self.self_excluded_until
                    .insert(excluded.customer, excluded.until);
            }
        }
    }

    fn take(&mut self, at: Position, now: Timestamp, event: &Event, findings: &mut Findings) {
        let bind = InvariantId::RestrictionsBind;
        match event {
            Event::LimitIncreaseAsked(asked) => {
                let waits = asked.confirm_from >= now.plus(COOL_OFF);
                findings.require(waits, bind, at, || {
                    format!("{}'s increase does not cool off for a day", asked.customer)
                });
                let waiting = Waiting {
                    amount: asked.amount,
                    from: asked.confirm_from,
                    lapses_at: Some(asked.lapses_at),
                };
                self.waiting.insert((asked.customer, asked.kind), waiting);
            }
            Event::LimitIncreaseRequested(asked) => {
                let waiting = Waiting {
                    amount: asked.amount,
                    from: asked.effective_at,
                    lapses_at: None,
                };
                self.waiting.insert((asked.customer, asked.kind), waiting);
            }
            Event::LimitIncreaseConfirmed(confirmed) => {
                let key = (confirmed.customer, confirmed.kind);
                let in_time = self.waiting.get(&key).is_some_and(|waiting| {
                    waiting.amount == confirmed.amount
                        && waiting.from <= now
                        && waiting.lapses_at.is_some_and(|lapses_at| now < lapses_at)
                });
                findings.require(in_time && !self.is_excluded(key.0, now), bind, at, || {
                    format!("{} confirms an increase out of its time", key.0)
                });
                self.confirmed.insert(key, confirmed.amount);
            }
            Event::LimitIncreaseLapsed(lapsed) => {
                self.waiting.remove(&(lapsed.customer, lapsed.kind));
            }
            Event::LimitSet(set) => self.set(at, now, set, findings),
            Event::CustomerExcluded(excluded) => self.exclude(at, excluded, findings),
            Event::ExclusionKindSet(set) => self.name_exclusion(at, now, set, findings),
            Event::MarketingSet(set) => {
                let allowed = set.allowed && self.is_excluded(set.customer, now);
                findings.require(!allowed, bind, at, || {
                    format!("{} is written to although excluded", set.customer)
                });
            }
            Event::RealityCheckSet(set) => {
                match set.interval {
                    Some(interval) => self.intervals.insert(set.customer, interval),
                    None => self.intervals.remove(&set.customer),
                };
            }
            Event::SignedIn(opened) => {
                self.reminded_at.insert(opened.session, opened.at);
            }
            Event::SessionRevoked(revoked) => {
                self.reminded_at.remove(&revoked.session);
            }
            Event::RealityCheckAcknowledged(seen) => self.seen(at, seen, findings),
            Event::CustomerRegistered(_)
            | Event::SignInFailed(_)
            | Event::SessionRefreshed(_)
            | Event::RoleGranted(_)
            | Event::PasswordChanged(_)
            | Event::SessionRefreshRepeated(_)
            | Event::StrangerTurnedAway(_)
            | Event::SecondFactorOffered(_)
            | Event::SecondFactorEnabled(_)
            | Event::SecondFactorRemoved(_)
            | Event::SecondFactorProved(_)
            | Event::RecoveryCodeUsed(_)
            | Event::SteppedUp(_)
            | Event::RoleRevoked(_)
            | Event::ProfileReplaced(_)
            | Event::PersonalDataErased(_)
            | Event::PasswordResetOffered(_)
            | Event::PasswordResetTaken(_)
            | Event::StaffAdmitted(_)
            | Event::EnrolmentOwed(_)
            | Event::PasskeyAdded(_)
            | Event::PasskeyRemoved(_)
            | Event::PasskeyUsed(_) => {}
        }
    }

    fn is_excluded(&self, customer: CustomerId, now: Timestamp) -> bool {
        let until = self.excluded_until.get(&customer);
        until.is_some_and(|until| now < *until)
    }

    fn set(&mut self, at: Position, now: Timestamp, set: &LimitSet, findings: &mut Findings) {
        let key = (set.customer, set.kind);
        let looser = self.in_force.get(&key).is_some_and(|before| {
            set.amount
                .is_none_or(|amount| amount.minor() > before.minor())
        });
        let confirmed = self.confirmed.get(&key) == Some(&set.amount);
        let promised = self.waiting.get(&key).is_some_and(|waiting| {
            waiting.lapses_at.is_none() && waiting.amount == set.amount && waiting.from <= now
        });
        findings.require(
            !looser || confirmed || promised,
            InvariantId::RestrictionsBind,
            at,
            || {
                format!(
                    "{}'s {:?} is loosened without confirmation",
                    set.customer, set.kind
                )
            },
        );
        self.waiting.remove(&key);
        match set.amount {
            Some(amount) => self.in_force.insert(key, amount),
            None => self.in_force.remove(&key),
        };
    }

    fn exclude(&mut self, at: Position, excluded: &CustomerExcluded, findings: &mut Findings) {
        let before = self.excluded_until.get(&excluded.customer);
        let shorter =
            before.is_some_and(|before| excluded.at < *before && excluded.until < *before);
        findings.require(!shorter, InvariantId::RestrictionsBind, at, || {
            format!("the exclusion of {} gets shorter", excluded.customer)
        });
        self.excluded_until
            .insert(excluded.customer, excluded.until);
    }

    fn name_exclusion(
        &mut self,
        at: Position,
        now: Timestamp,
        set: &ExclusionKindSet,
        findings: &mut Findings,
    ) {
        let before = self.self_excluded_until.get(&set.customer);
        let already = before.is_some_and(|until| now < *until);
        let holds = match set.kind {
            ExclusionKind::SelfExclusion => already || set.until >= now.plus(SELF_EXCLUSION),
            ExclusionKind::TimeOut => !already,
        };
        findings.require(holds, InvariantId::RestrictionsBind, at, || {
            format!("{} is excluded for less than was said", set.customer)
        });
        if set.kind == ExclusionKind::SelfExclusion {
            self.self_excluded_until.insert(set.customer, set.until);
        }
    }

    fn seen(&mut self, at: Position, seen: &RealityCheckAcknowledged, findings: &mut Findings) {
        let interval = self.intervals.get(&seen.customer);
        let before = self.reminded_at.get(&seen.session);
        let due = interval.zip(before);
        let in_time = due.is_some_and(|(interval, before)| seen.at >= before.plus(*interval));
        findings.require(in_time, InvariantId::RestrictionsBind, at, || {
            format!(
                "{} has seen a reality check before it was due",
                seen.customer
            )
        });
        self.reminded_at.insert(seen.session, seen.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Currency, Topic, TopicPartition};
    use schemas::auth::{
        LimitIncreaseAsked, LimitIncreaseConfirmed, LimitIncreaseRequested, MarketingSet,
        RealityCheckSet, Role, SignedIn,
    };

    const ANNA: CustomerId = CustomerId::example(1, 3);
    const KIND: LimitKind = LimitKind::DepositDay;
    const DAY: i64 = 86_400;
    const SESSION: SessionId = SessionId::example(2, 3);

    const fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs.saturating_mul(1_000))
    }

    fn eur(minor: i64) -> Money {
        Money::from_minor(minor, Currency::Eur)
    }

    fn set(minor: Option<i64>) -> Event {
        Event::LimitSet(LimitSet {
            customer: ANNA,
            kind: KIND,
            amount: minor.map(eur),
        })
    }

    fn asked(minor: i64, from: i64) -> Event {
        Event::LimitIncreaseAsked(LimitIncreaseAsked {
            customer: ANNA,
            kind: KIND,
            amount: Some(eur(minor)),
            current: eur(100),
            confirm_from: at(from),
            lapses_at: at(from.saturating_add(7 * DAY)),
        })
    }

    fn confirmed(minor: i64) -> Event {
        Event::LimitIncreaseConfirmed(LimitIncreaseConfirmed {
            customer: ANNA,
            kind: KIND,
            amount: Some(eur(minor)),
        })
    }

    fn excluded(kind: ExclusionKind, until: i64, now: i64) -> Vec<Event> {
        let customer = ANNA;
        let until = at(until);
        let excluded = CustomerExcluded {
            customer,
            until,
            at: at(now),
        };
        let named = ExclusionKindSet {
            customer,
            kind,
            until,
        };
        vec![
            Event::CustomerExcluded(excluded),
            Event::ExclusionKindSet(named),
        ]
    }

    /// How many things are found in records of these times.
    fn found(records: &[(i64, Vec<Event>)]) -> usize {
        let mut protection = Protection::default();
        let mut findings = Findings::default();
        let journal = TopicPartition::new(Topic::AuthEvents, 3);
        for (secs, events) in records {
            protection.take_auth(journal.at(1), at(*secs), events, &mut findings);
        }
        findings.violations.len()
    }

    #[test]
    fn an_increase_is_in_force_only_when_it_was_confirmed_in_its_time() {
        let begin = (0, vec![set(Some(100))]);
        let ask = (10, vec![asked(500, DAY + 10)]);
        let both = vec![confirmed(500), set(Some(500))];
        let of = |record: (i64, Vec<Event>)| found(&[begin.clone(), ask.clone(), record]);
        assert_eq!(of((DAY + 10, both.clone())), 0);
        assert_eq!(of((8 * DAY + 9, both.clone())), 0);
        // Too early, too late, without the word, with another word.
        assert_eq!(of((DAY + 9, both.clone())), 1);
        assert_eq!(of((8 * DAY + 10, both.clone())), 1);
        assert_eq!(of((DAY + 10, vec![set(Some(500))])), 1);
        assert_eq!(of((DAY + 10, vec![set(None)])), 1);
        assert_eq!(of((DAY + 10, vec![confirmed(501), set(Some(501))])), 1);
        // Without having asked; with a word that an earlier record gave.
        assert_eq!(found(&[begin.clone(), (DAY + 10, both)]), 1);
        let split = [
            begin.clone(),
            ask.clone(),
            (DAY + 10, vec![confirmed(500)]),
            (DAY + 11, vec![set(Some(500))]),
        ];
        assert_eq!(found(&split), 1);
        // Tightening needs no word.
        assert_eq!(of((11, vec![set(Some(99))])), 0);
    }

    #[test]
    fn an_increase_cools_off_for_a_day() {
        assert_eq!(found(&[(10, vec![asked(500, DAY + 9)])]), 1);
    }

    #[test]
    fn an_old_promise_is_kept_and_not_before_its_time() {
        let promise = Event::LimitIncreaseRequested(LimitIncreaseRequested {
            customer: ANNA,
            kind: KIND,
            amount: Some(eur(500)),
            effective_at: at(DAY),
            current: Some(eur(100)),
        });
        let begin = (0, vec![set(Some(100)), promise]);
        assert_eq!(found(&[begin.clone(), (DAY, vec![set(Some(500))])]), 0);
        assert_eq!(found(&[begin, (DAY - 1, vec![set(Some(500))])]), 1);
    }

    #[test]
    fn an_exclusion_never_gets_shorter_or_weaker() {
        use ExclusionKind::{SelfExclusion, TimeOut};
        let half_year = 184 * DAY;
        let first = (0, excluded(TimeOut, 9 * DAY, 0));
        assert_eq!(
            found(&[first.clone(), (1, excluded(TimeOut, 10 * DAY, 1))]),
            0
        );
        assert_eq!(found(&[first, (1, excluded(TimeOut, 8 * DAY, 1))]), 1);
        assert_eq!(found(&[(0, excluded(SelfExclusion, 9 * DAY, 0))]), 1);
        let away = (0, excluded(SelfExclusion, half_year, 0));
        let longer = excluded(SelfExclusion, half_year + 1, DAY);
        assert_eq!(found(&[away.clone(), (DAY, longer)]), 0);
        assert_eq!(
            found(&[away, (DAY, excluded(TimeOut, half_year + 1, DAY))]),
            1
        );
    }

    #[test]
    fn nothing_is_loosened_and_nobody_written_to_while_excluded() {
        let begin = (0, vec![set(Some(100)), asked(500, DAY)]);
        let away = (1, excluded(ExclusionKind::TimeOut, 2 * DAY, 1));
        let both = vec![confirmed(500), set(Some(500))];
        assert_eq!(found(&[begin.clone(), away.clone(), (DAY, both)]), 1);
        let written = Event::MarketingSet(MarketingSet {
            customer: ANNA,
            allowed: true,
        });
        assert_eq!(found(&[away.clone(), (2, vec![written.clone()])]), 1);
        assert_eq!(found(&[away, (2 * DAY, vec![written])]), 0);
    }

    #[test]
    fn a_reality_check_is_seen_when_it_is_due() {
        let opened = Event::SignedIn(SignedIn {
            customer: ANNA,
            session: SESSION,
            refresh_hash: kernel::Digest::from_bytes([1; 32]),
            roles: vec![Role::Customer],
            expires_at: at(DAY),
            at: at(0),
        });
        let chosen = Event::RealityCheckSet(RealityCheckSet {
            customer: ANNA,
            interval: Some(Duration::from_secs(600)),
        });
        let seen = |secs| {
            let event = Event::RealityCheckAcknowledged(RealityCheckAcknowledged {
                customer: ANNA,
                session: SESSION,
                session_started_at: at(0),
                due_at: at(600),
                net_result: eur(-5),
                at: at(secs),
            });
            (secs, vec![event])
        };
        let begin = (0, vec![opened, chosen]);
        assert_eq!(found(&[begin.clone(), seen(600), seen(1_200)]), 0);
        assert_eq!(found(&[begin.clone(), seen(599)]), 1);
        assert_eq!(found(&[begin, seen(600), seen(1_199)]), 1);
        assert_eq!(found(&[seen(600)]), 1);
    }
}
