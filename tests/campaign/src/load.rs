//! Clients that bet, pay in and look, on and on, at a given rate.
//!
//! Duty: one thing at a time for each client, each written into the history before it is sent and
//! when its end is known; an unknown outcome is asked for again with the same key, as the
//! contract says, until it is known. Prohibition: no client believes anything but its answers,
//! and no request is given up while the load is to come to rest.

use crate::feed::{Board, Offer};
use crate::fleet::Doors;
use crate::history::{Deed, End, History, Kind, Told};
use crate::http::{Answer, Ask};
use crate::session::{Credentials, Deaf, Session};
use crate::time::{Chance, Clock, now, pass, wait_for};
use anyhow::{Context, bail};
use kernel::CustomerId;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What every customer signs in with.
const PASSWORD: &str = "correct horse battery";
/// What a customer begins with, cents.
const FIRST_MONEY: i64 = 50_000;
/// Before an unknown outcome is asked for again.
const AGAIN_MS: (u64, u64) = (10, 60);
/// How long people who come may take to be let in.
const PATIENCE: Duration = Duration::from_secs(60);

const RUN: u8 = 0;
const HOLD: u8 = 1;
const END: u8 = 2;

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// How they sign in.
    pub who: Credentials,
    /// Who they are.
    pub customer: CustomerId,
}

/// How much is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadPlan {
    /// Customers in each partition.
    pub customers_each: u16,
    /// Connections of each customer.
    pub clients_each: u16,
    /// Operations a second, of all clients together.
    pub per_second: u32,
}

impl Default for LoadPlan {
    fn default() -> Self {
        Self {
            customers_each: 1,
            clients_each: 2,
            per_second: 60,
        }
    }
}

/// One answer to one sending, whatever it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// What was asked.
    pub kind: Kind,
    /// Whether the same request had been answered before as placed and not yet accepted.
    pub placed_before: bool,
    /// When it was sent, microseconds of the run.
    pub sent_us: u64,
    /// When the answer was there, or it was clear that none comes, microseconds of the run.
    pub heard_us: u64,
    /// The status; none: the connection told nothing.
    pub status: Option<u16>,
    /// The problem's code; empty if there is none.
    pub code: String,
}

impl Answered {
    /// How long it took.
    #[must_use]
    pub const fn took(&self) -> Duration {
        Duration::from_micros(self.heard_us.saturating_sub(self.sent_us))
    }
}

/// Counts while it runs.
pub struct Stats {
    mode: AtomicU8,
    /// Only every second client looks.
    few_look: AtomicBool,
    /// Every answer, while anybody wants to know.
    answers: Mutex<Option<Vec<Answered>>>,
    idle: AtomicU64,
    done: AtomicU64,
    gap_us: AtomicU64,
    clear: AtomicU64,
    troubled: AtomicU64,
    /// The most answers of one operation that told it nothing.
    untold_max: AtomicU32,
    served: BTreeMap<(Kind, u16), AtomicU64>,
}

/// Running clients.
pub struct Load {
    stats: Arc<Stats>,
    clock: Clock,
    threads: Vec<JoinHandle<()>>,
    /// The customers.
    pub people: Vec<Person>,
    clients: u64,
}

struct Client {
    number: u32,
    person: Person,
    session: Session,
    chance: Chance,
    board: Board,
    history: Arc<History>,
    stats: Arc<Stats>,
    first_of_customer: bool,
    /// What it was told last about its own money.
    seen: Option<String>,
    asked: u64,
}

/// What an answer means.
enum Heard {
    End(End),
    Again,
}

impl Load {
    /// Lets customers in, pays them their first money, and starts.
    ///
    /// # Errors
    /// Nobody is let in, in time.
    pub fn start(
        plan: LoadPlan,
        doors: &Doors,
        board: &Board,
        history: &Arc<History>,
        partitions: u16,
        mut chance: Chance,
    ) -> anyhow::Result<Self> {
        let people = let_in(doors, partitions, plan.customers_each, &mut chance)?;
        let clients = people.len() * usize::from(plan.clients_each);
        let clients = u64::try_from(clients)?;
        let stats = Arc::new(Stats {
            mode: AtomicU8::new(RUN),
            few_look: AtomicBool::new(false),
            answers: Mutex::new(None),
            idle: AtomicU64::new(0),
            done: AtomicU64::new(0),
            gap_us: AtomicU64::new(gap_us(plan.per_second, clients)),
            clear: AtomicU64::new(0),
            troubled: AtomicU64::new(0),
            untold_max: AtomicU32::new(0),
            served: Kind::ALL
                .into_iter()
                .flat_map(|kind| (0..partitions).map(move |partition| (kind, partition)))
                .map(|place| (place, AtomicU64::new(0)))
                .collect(),
        });
        let mut load = Self {
            stats: Arc::clone(&stats),
            clock: history.clock,
            threads: Vec::new(),
            people,
            clients,
        };
        let mut number = 0;
        for person in load.people.clone() {
            for which in 0..plan.clients_each {
                let place = usize::try_from(number)?;
                let client = Client {
                    number,
                    session: Session::new(doors.clone(), person.who.clone(), place),
                    person: person.clone(),
                    chance: chance.another(),
                    board: board.clone(),
                    history: Arc::clone(history),
                    stats: Arc::clone(&stats),
                    first_of_customer: which == 0,
                    seen: None,
                    asked: 0,
                };
                number += 1;
                load.threads.push(std::thread::spawn(|| client.work()));
            }
        }
        Ok(load)
    }

    /// Asks so much from now on.
    pub fn set_rate(&self, per_second: u32) {
        let gap = gap_us(per_second, self.clients);
        self.stats.gap_us.store(gap, Ordering::Release);
    }

    /// From now on only the first client of each customer looks at balances: the others bet and
    /// pay in, whatever becomes of reads.
    pub fn let_few_look(&self, few: bool) {
        self.stats.few_look.store(few, Ordering::Release);
    }

    /// From now on every answer is noted.
    pub fn note_answers(&self) {
        *self.stats.answers() = Some(Vec::new());
    }

    /// What was noted; nothing is noted any more.
    #[must_use]
    pub fn noted_answers(&self) -> Vec<Answered> {
        self.stats.answers().take().unwrap_or_default()
    }

    /// Goes on.
    pub fn run(&self) {
        self.stats.mode.store(RUN, Ordering::Release);
    }

    /// Begins nothing new, and waits until every outcome is known. How long that took; none:
    /// some are still unknown after so much patience.
    #[must_use]
    pub fn hold(&self, patience: Duration) -> Option<Duration> {
        let begun = now();
        self.stats.mode.store(HOLD, Ordering::Release);
        let idle = || self.stats.idle.load(Ordering::Acquire) == self.clients;
        wait_for(patience, || idle().then_some(())).map(|()| begun.elapsed())
    }

    /// Operations that have ended.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.stats.done.load(Ordering::Acquire)
    }

    /// Operations that ended with their first try, and those that needed more.
    #[must_use]
    pub fn clear_and_troubled(&self) -> (u64, u64) {
        let load = |count: &AtomicU64| count.load(Ordering::Acquire);
        (load(&self.stats.clear), load(&self.stats.troubled))
    }

    /// How often the unluckiest operation was told nothing by furlong (a broken connection, or an
    /// error of what stands before it) since this was asked last.
    #[must_use]
    pub fn untold_max(&self) -> u32 {
        self.stats.untold_max.swap(0, Ordering::AcqRel)
    }

    /// Waits until, in every partition, a bet was accepted after this instant of the run.
    #[must_use]
    pub fn serving_since(&self, since_us: u64, patience: Duration) -> bool {
        self.all_served_since(&[Kind::Bet], since_us, patience)
    }

    /// Waits until, in every partition, each of these was done after this instant of the run.
    #[must_use]
    pub fn all_served_since(&self, kinds: &[Kind], since_us: u64, patience: Duration) -> bool {
        let served = || kinds.iter().all(|kind| self.serves_since(*kind, since_us));
        wait_for(patience, || served().then_some(())).is_some()
    }

    /// Whether, in every partition, such a thing was done after this instant of the run.
    #[must_use]
    pub fn serves_since(&self, kind: Kind, since_us: u64) -> bool {
        let served = self.stats.served.iter();
        let mut of_kind = served.filter(|((served, _), _)| *served == kind);
        of_kind.all(|(_, last)| last.load(Ordering::Acquire) > since_us)
    }

    /// This instant of the run.
    #[must_use]
    pub fn micros(&self) -> u64 {
        self.clock.micros()
    }

    /// Ends all clients; what they do not know stays unknown.
    pub fn stop(mut self) {
        self.stats.mode.store(END, Ordering::Release);
        for thread in self.threads.drain(..) {
            // A client that has panicked has left its operation unknown.
            drop(thread.join());
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stats.mode.store(END, Ordering::Release);
    }
}

impl Stats {
    fn answers(&self) -> std::sync::MutexGuard<'_, Option<Vec<Answered>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gap_us(per_second: u32, clients: u64) -> u64 {
    clients * 1_000_000 / u64::from(per_second.max(1))
}

/// So many customers in each partition. Where a login lives is decided by a hash that only the
/// house knows, so customers come until everywhere are enough.
fn let_in(
    doors: &Doors,
    partitions: u16,
    each: u16,
    chance: &mut Chance,
) -> anyhow::Result<Vec<Person>> {
    let mut found: BTreeMap<u16, Vec<Person>> = BTreeMap::new();
    let enough = |found: &BTreeMap<u16, Vec<Person>>| {
        (0..partitions).all(|partition| {
            let there = found.get(&partition).map_or(0, Vec::len);
            there >= usize::from(each)
        })
    };
    let run = chance.draw();
    for number in 0..u32::from(partitions) * u32::from(each) * 12 {
        if enough(&found) {
            break;
        }
        let login = format!("c{number}-{run:016x}");
        let person = register(doors, login)?;
        let there = found.entry(person.customer.partition()).or_default();
        if there.len() < usize::from(each) {
            there.push(person);
        }
    }
    if !enough(&found) {
        bail!("the logins of this seed do not reach every partition");
    }
    Ok(found.into_values().flatten().collect())
}

fn register(doors: &Doors, login: String) -> anyhow::Result<Person> {
    let who = Credentials {
        login: login.clone(),
        password: PASSWORD.to_owned(),
    };
    let mut session = Session::new(doors.clone(), who.clone(), 0);
    let body = json!({
        "login": login, "password": PASSWORD, "name": "Nobody", "born": "1990-02-28", "country": "DE",
    })
    .to_string();
    let mut last = String::new();
    let customer = wait_for(PATIENCE, || {
        let ask = Ask::post("/v1/auth/register", &body).key(&login);
        match session.ask_as_nobody(ask) {
            Ok(answer) if answer.status == 201 => answer.text("customer_id").parse().ok(),
            Ok(answer) => {
                last = answer.shown();
                None
            }
            Err(error) => {
                last = error.to_string();
                None
            }
        }
    });
    let customer = customer.with_context(|| format!("{login} was not registered: {last}"))?;
    Ok(Person { who, customer })
}

impl Client {
    fn work(mut self) {
        self.pay_in(FIRST_MONEY);
        let mut next = now();
        loop {
            match self.stats.mode.load(Ordering::Acquire) {
                RUN => {}
                HOLD => {
                    self.stats.idle.fetch_add(1, Ordering::AcqRel);
                    while self.stats.mode.load(Ordering::Acquire) == HOLD {
                        std::thread::park_timeout(Duration::from_millis(5));
                    }
                    self.stats.idle.fetch_sub(1, Ordering::AcqRel);
                    next = now();
                    continue;
                }
                _ => return,
            }
            next = self.wait_for_turn(next);
            match self.chance.below(100) {
                0..=69 => self.bet(),
                70..=77 => {
                    let minor = i64::try_from(self.chance.between(5, 20)).unwrap_or(5) * 100;
                    self.pay_in(minor);
                }
                _ if self.looks() => self.look(),
                _ => self.bet(),
            }
        }
    }

    fn looks(&self) -> bool {
        !self.stats.few_look.load(Ordering::Acquire) || self.first_of_customer
    }

    /// An open model: the next operation is due at its time, however long this one took; but what
    /// was missed while nothing answered is not made up for.
    fn wait_for_turn(&mut self, due: Instant) -> Instant {
        let at = now();
        if let Some(early) = due.checked_duration_since(at) {
            pass(early);
        }
        let gap = self.stats.gap_us.load(Ordering::Acquire);
        let gap = Duration::from_micros(self.chance.between(gap / 2, gap + gap / 2));
        due.max(at) + gap
    }

    fn key(&mut self) -> String {
        self.asked += 1;
        format!(
            "{}-{}-{:08x}",
            self.number,
            self.asked,
            self.chance.draw() >> 32
        )
    }

    fn bet(&mut self) {
        let Some(offer) = self.board.choose(&mut self.chance) else {
            return pass(Duration::from_millis(5));
        };
        let key = self.key();
        let stake_minor = i64::try_from(self.chance.between(10, 150)).unwrap_or(10);
        let body = slip(&offer, stake_minor, &key);
        let deed = Deed::Bet {
            key: key.clone(),
            stake_minor,
            selection: offer.selection,
        };
        let mut promised = None;
        let (end, answer) = self.pursue(
            deed,
            Ask::post("/v1/bets", &body).key(&key),
            |answer, history| hear_bet(answer, &key, &mut promised, history),
        );
        if let End::Ok(Told::Bet { position, .. }) = &end {
            self.seen = Some(position.clone());
            if let Some(answer) = answer.filter(|_| self.chance.below(40) == 0) {
                self.ask_again(Ask::post("/v1/bets", &body).key(&key), &key, &answer);
            }
        }
    }

    fn pay_in(&mut self, minor: i64) {
        let key = self.key();
        let body = json!({"amount": {"amount": euros(minor), "currency": "EUR"}}).to_string();
        let deed = Deed::Deposit {
            key: key.clone(),
            minor,
        };
        let ask = Ask::post("/v1/deposits", &body).key(&key);
        let (_, answer) = self.pursue(deed, ask, |answer, history| {
            hear_deposit(answer, minor, &key, history)
        });
        if let Some(answer) = answer.filter(|answer| answer.status == 202)
            && self.chance.below(10) == 0
        {
            self.ask_again(ask, &key, &answer);
        }
    }

    fn look(&mut self) {
        let at_least = self.seen.clone();
        let path = at_least.as_ref().map_or_else(
            || "/v1/account/balance".to_owned(),
            |position| format!("/v1/account/balance?min_position={position}"),
        );
        let (end, _) = self.pursue(Deed::Look { at_least }, Ask::get(&path), hear_balance);
        if let End::Ok(Told::Balance { position, .. }) = end {
            self.seen = Some(position);
        }
    }

    /// Sends until the end is known; what it was and the answer that told it.
    fn pursue(
        &mut self,
        deed: Deed,
        ask: Ask<'_>,
        mut hear: impl FnMut(&Answer, &History) -> Heard,
    ) -> (End, Option<Answer>) {
        let kind = deed.kind();
        let op = self.history.invoke(self.number, self.person.customer, deed);
        let (mut tries, mut untold) = (0, 0);
        let mut placed_before = false;
        loop {
            tries += 1;
            let sent_us = self.history.clock.micros();
            let heard = self.session.ask(ask);
            // Who could not sign in has not asked.
            if !matches!(heard, Err(Deaf::SignIn(_))) {
                self.note(kind, placed_before, sent_us, heard.as_ref().ok());
            }
            placed_before |= heard.as_ref().is_ok_and(|answer| answer.status == 202);
            untold += u32::from(heard.as_ref().map_or(true, is_of_nobody));
            self.stats.untold_max.fetch_max(untold, Ordering::AcqRel);
            match heard {
                Ok(answer) => {
                    if let Heard::End(end) = hear(&answer, &self.history) {
                        self.history.end(op, end.clone(), tries);
                        self.count(kind, &end, tries);
                        return (end, Some(answer));
                    }
                }
                Err(Deaf::NoDoor | Deaf::Connection(_) | Deaf::SignIn(_)) => {}
            }
            if self.stats.mode.load(Ordering::Acquire) == END {
                self.history.end(op, End::Info, tries);
                return (End::Info, None);
            }
            let (from, to) = AGAIN_MS;
            pass(self.chance.span_ms(from, to));
        }
    }

    fn note(&self, kind: Kind, placed_before: bool, sent_us: u64, answer: Option<&Answer>) {
        if let Some(answers) = &mut *self.stats.answers() {
            let problem = answer.filter(|answer| answer.status >= 400);
            answers.push(Answered {
                kind,
                placed_before,
                sent_us,
                heard_us: self.history.clock.micros(),
                status: answer.map(|answer| answer.status),
                code: problem.map(Answer::code).unwrap_or_default(),
            });
        }
    }

    fn count(&self, kind: Kind, end: &End, tries: u32) {
        let place = (kind, self.person.customer.partition());
        if let (End::Ok(_), Some(last)) = (end, self.stats.served.get(&place)) {
            last.store(self.history.clock.micros(), Ordering::Release);
        }
        self.stats.done.fetch_add(1, Ordering::AcqRel);
        let count = if tries == 1 {
            &self.stats.clear
        } else {
            &self.stats.troubled
        };
        count.fetch_add(1, Ordering::AcqRel);
    }

    /// A final answer must be given again, byte for byte. Without an answer nothing is learnt.
    fn ask_again(&mut self, ask: Ask<'_>, key: &str, before: &Answer) {
        let Ok(again) = self.session.ask(ask) else {
            return;
        };
        let replayed = again.headers.get("idempotency-replayed");
        let not_now = again.status == 503
            || again.status == 401
            || (again.status == 409 && again.code() == "idempotency_key_in_flight");
        if not_now {
            return;
        }
        if (again.status, &again.body) != (before.status, &before.body)
            || replayed.map(String::as_str) != Some("true")
        {
            self.history.wrong(format!(
                "{key} was answered {} and then {}",
                before.shown(),
                again.shown()
            ));
        }
    }
}

fn slip(offer: &Offer, stake_minor: i64, key: &str) -> String {
    json!({
        "type": "single",
        "legs": [{
            "selection_id": offer.selection.to_string(), "price": offer.price,
            "market_version": offer.version,
        }],
        "stake": {"amount": euros(stake_minor), "currency": "EUR"},
        "price_policy": "any",
        "client_ref": key,
    })
    .to_string()
}

fn hear_bet(answer: &Answer, key: &str, promised: &mut Option<String>, history: &History) -> Heard {
    let shown = answer.json();
    let text = |field: &str| shown[field].as_str().unwrap_or_default().to_owned();
    let id = text("id");
    if !id.is_empty() {
        let first = promised.get_or_insert_with(|| id.clone());
        if *first != id {
            history.wrong(format!("{key} was {first} and then {id}"));
        }
    }
    match answer.status {
        201 => Heard::End(End::Ok(Told::Bet {
            id,
            stake_minor: shown["stake"]["amount"]
                .as_str()
                .and_then(cents)
                .unwrap_or(-1),
            price: text("price"),
            position: text("position"),
        })),
        202 => Heard::Again,
        _ => hear_other(answer, key, history),
    }
}

fn hear_deposit(answer: &Answer, minor: i64, key: &str, history: &History) -> Heard {
    match answer.status {
        202 => Heard::End(End::Ok(Told::Deposit {
            id: answer.text("id"),
            minor: answer.json()["amount"]["amount"]
                .as_str()
                .and_then(cents)
                .unwrap_or(minor),
            position: answer.text("position"),
        })),
        _ => hear_other(answer, key, history),
    }
}

fn hear_balance(answer: &Answer, history: &History) -> Heard {
    if answer.status != 200 {
        return hear_other(answer, "a look", history);
    }
    let amount = |field: &str| cents(&answer.text(field));
    match (amount("cash"), amount("held")) {
        (Some(cash_minor), Some(held_minor)) => Heard::End(End::Ok(Told::Balance {
            cash_minor,
            held_minor,
            position: answer.text("position"),
        })),
        (_, _) => {
            history.wrong(format!("a balance without amounts: {}", answer.shown()));
            Heard::Again
        }
    }
}

/// What is neither done nor, in its own words, still going on.
/// An error that is not furlong's: its own have a code.
fn is_of_nobody(answer: &Answer) -> bool {
    matches!(answer.status, 502..=504) && answer.code().is_empty()
}

fn hear_other(answer: &Answer, what: &str, history: &History) -> Heard {
    let code = answer.code();
    match answer.status {
        401 | 408 | 429 | 503 => Heard::Again,
        _ if is_of_nobody(answer) => Heard::Again,
        409 if code == "idempotency_key_in_flight" => Heard::Again,
        422 => {
            history.wrong(format!("{what}: {}", answer.shown()));
            Heard::End(End::Fail { code })
        }
        400..=499 => Heard::End(End::Fail { code }),
        _ => {
            history.wrong(format!("{what}: {}", answer.shown()));
            Heard::Again
        }
    }
}

/// Cents as a decimal text.
fn euros(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// A decimal text as cents.
fn cents(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.')?;
    let negative = whole.starts_with('-');
    let whole: i64 = whole.trim_start_matches('-').parse().ok()?;
    let part: i64 = part.parse().ok()?;
    let minor = whole * 100 + part;
    Some(if negative { -minor } else { minor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_they_are_written() {
        for minor in [0, 5, 10, 99, 100, 12_345] {
            assert_eq!(cents(&euros(minor)), Some(minor));
        }
        assert_eq!(cents("-1.05"), Some(-105));
        assert_eq!(cents("one"), None);
    }
}
