//! The gate on virtual time: single rules first, then a house with so many hands under ten times
//! what it can do.

use super::*;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

const MS: u64 = 1_000;

fn fixed(limit: usize) -> Queue {
    Queue::new(Bounds {
        min: limit,
        first: limit,
        max: limit,
    })
}

fn waits(arrival: Arrival) -> Number {
    match arrival {
        Arrival::Waits(number, _) => number,
        Arrival::In | Arrival::Away => panic!("{arrival:?}"),
    }
}

fn fill(queue: &mut Queue, priority: Priority, count: usize) {
    for _ in 0..count {
        assert_eq!(queue.arrive(priority, 0), Arrival::In);
    }
}

#[test]
fn readers_hold_half_and_bets_all() {
    let mut queue = fixed(16);
    fill(&mut queue, Priority::Browsing, 6);
    waits(queue.arrive(Priority::Browsing, 0));
    fill(&mut queue, Priority::History, 2);
    waits(queue.arrive(Priority::History, 0));
    fill(&mut queue, Priority::Quoting, 4);
    waits(queue.arrive(Priority::Quoting, 0));
    fill(&mut queue, Priority::Placing, 4);
    waits(queue.arrive(Priority::Placing, 0));
}

#[test]
fn what_must_go_on_is_let_in_always() {
    let mut queue = fixed(8);
    fill(&mut queue, Priority::Placing, 8);
    fill(&mut queue, Priority::Settling, 1_000);
    assert_eq!(queue.figures(Priority::Settling), (1_000, 0, 0));
}

#[test]
fn the_higher_priority_is_next_and_of_it_the_newest() {
    let mut queue = fixed(8);
    fill(&mut queue, Priority::Placing, 8);
    waits(queue.arrive(Priority::History, 0));
    let older = waits(queue.arrive(Priority::Placing, 1));
    let newer = waits(queue.arrive(Priority::Placing, 2));
    waits(queue.arrive(Priority::Quoting, 3));
    let next = |queue: &mut Queue| queue.leave(Priority::Placing, None, 10);
    assert_eq!(next(&mut queue), [Call::In(newer)]);
    assert_eq!(next(&mut queue), [Call::In(older)]);
    // Seven bets still work: less than six eighths are needed for a quote.
    assert_eq!(next(&mut queue), []);
}

#[test]
fn whoever_waited_too_long_is_turned_away_before_any_work() {
    let mut queue = fixed(8);
    fill(&mut queue, Priority::Placing, 8);
    let late = waits(queue.arrive(Priority::Placing, 0));
    let calls = queue.leave(Priority::Placing, None, 10 * MS);
    assert_eq!(calls, [Call::Away(late)]);
    assert_eq!(queue.figures(Priority::Placing), (7, 0, 1));
}

#[test]
fn when_many_wait_whoever_comes_is_told_at_once() {
    let mut queue = fixed(8);
    fill(&mut queue, Priority::Placing, 8);
    for at in 0..16 {
        assert!(!queue.is_full(Priority::Placing));
        waits(queue.arrive(Priority::Placing, at));
    }
    assert!(queue.is_full(Priority::Placing));
    assert_eq!(queue.arrive(Priority::Placing, 20), Arrival::Away);
    assert_eq!(queue.figures(Priority::Placing), (8, 16, 1));
    // What waits of one priority keeps no other from waiting.
    waits(queue.arrive(Priority::History, 20));
    assert!(!queue.is_full(Priority::Settling));
}

#[test]
fn whoever_gives_up_is_not_called() {
    let mut queue = fixed(8);
    fill(&mut queue, Priority::Placing, 8);
    let gone = waits(queue.arrive(Priority::Placing, 0));
    assert!(queue.give_up(Priority::Placing, gone));
    assert!(!queue.give_up(Priority::Placing, gone));
    assert_eq!(queue.leave(Priority::Placing, None, 1), []);
}

/// What happens next in the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Done { piece: u64 },
    Comes { piece: u64 },
    GivesUp { piece: u64 },
}

#[derive(Clone, Copy)]
struct Piece {
    priority: Priority,
    came: u64,
    began: u64,
    waits: Option<u64>,
}

/// So many hands, each piece of work so long; what is let in and finds no hand waits inside, which
/// is what the gate is to prevent.
struct House {
    queue: Queue,
    hands: usize,
    work: u64,
    now: u64,
    next: BinaryHeap<Reverse<(u64, Next)>>,
    pieces: BTreeMap<u64, Piece>,
    numbers: BTreeMap<u64, u64>,
    inside: VecDeque<u64>,
    at_work: usize,
    most_kept: usize,
    /// Priority, when it came, from coming to done.
    done: Vec<(Priority, u64, u64)>,
    /// Priority and how long until it was told.
    away: Vec<(Priority, u64)>,
}

impl House {
    fn new(hands: usize, work: u64) -> Self {
        Self {
            queue: Queue::new(Bounds {
                min: 8,
                first: 500,
                max: 2_000,
            }),
            hands,
            work,
            now: 0,
            next: BinaryHeap::new(),
            pieces: BTreeMap::new(),
            numbers: BTreeMap::new(),
            inside: VecDeque::new(),
            at_work: 0,
            most_kept: 0,
            done: Vec::new(),
            away: Vec::new(),
        }
    }

    /// `per_s` pieces a second between these seconds, of priorities in turn.
    fn offer(&mut self, per_s: u64, from_s: u64, until_s: u64, of: &[Priority]) {
        let first = u64::try_from(self.pieces.len()).unwrap();
        for index in 0..per_s * (until_s - from_s) {
            let came = from_s * 1_000_000 + index * 1_000_000 / per_s;
            let piece = first + index;
            let priority = of[usize::try_from(index).unwrap() % of.len()];
            self.pieces.insert(
                piece,
                Piece {
                    priority,
                    came,
                    began: 0,
                    waits: None,
                },
            );
            self.next.push(Reverse((came, Next::Comes { piece })));
        }
    }

    fn run(&mut self) {
        while let Some(Reverse((at, next))) = self.next.pop() {
            self.now = at;
            match next {
                Next::Comes { piece } => self.comes(piece),
                Next::Done { piece } => self.done(piece),
                Next::GivesUp { piece } => self.gives_up(piece),
            }
            let kept = self.numbers.len() + self.inside.len() + self.at_work;
            self.most_kept = self.most_kept.max(kept);
        }
    }

    fn comes(&mut self, piece: u64) {
        let priority = self.pieces[&piece].priority;
        match self.queue.arrive(priority, self.now) {
            Arrival::Away => self.away.push((priority, 0)),
            Arrival::In => self.begins(piece),
            Arrival::Waits(Number(number), until) => {
                self.numbers.insert(number, piece);
                self.pieces.get_mut(&piece).unwrap().waits = Some(number);
                self.next.push(Reverse((until, Next::GivesUp { piece })));
            }
        }
    }

    fn gives_up(&mut self, piece: u64) {
        let Some(number) = self.pieces[&piece].waits else {
            return;
        };
        let number = Number(number);
        assert!(self.queue.give_up(self.pieces[&piece].priority, number));
        self.call([Call::Away(number)]);
    }

    fn call(&mut self, calls: impl IntoIterator<Item = Call>) {
        for call in calls {
            match call {
                Call::In(Number(number)) => {
                    let piece = self.numbers.remove(&number).unwrap();
                    self.pieces.get_mut(&piece).unwrap().waits = None;
                    self.begins(piece);
                }
                Call::Away(Number(number)) => {
                    let piece = self.numbers.remove(&number).unwrap();
                    let piece = self.pieces.get_mut(&piece).unwrap();
                    piece.waits = None;
                    self.away.push((piece.priority, self.now - piece.came));
                }
            }
        }
    }

    fn begins(&mut self, piece: u64) {
        self.pieces.get_mut(&piece).unwrap().began = self.now;
        self.inside.push_back(piece);
        self.hand_out();
    }

    fn hand_out(&mut self) {
        while self.at_work < self.hands {
            let Some(piece) = self.inside.pop_front() else {
                return;
            };
            self.at_work += 1;
            // From three quarters to five quarters of it, as the piece's number has it.
            let took = self.work * 3 / 4 + piece * 7_919 % (self.work / 2 + 1);
            self.next
                .push(Reverse((self.now + took, Next::Done { piece })));
        }
    }

    fn done(&mut self, piece: u64) {
        self.at_work -= 1;
        let Piece {
            priority,
            came,
            began,
            ..
        } = self.pieces[&piece];
        self.done.push((priority, came, self.now - came));
        let calls = self
            .queue
            .leave(priority, Some((began, self.now)), self.now);
        self.call(calls);
        self.hand_out();
    }

    /// How many of a priority that came between these seconds were done, and the slowest but one in
    /// a hundred of them.
    fn of(&self, priority: Priority, from_s: u64, until_s: u64) -> (usize, u64) {
        let mut took: Vec<u64> = self
            .done
            .iter()
            .filter(|(of, came, _)| {
                *of == priority && (from_s * 1_000_000..until_s * 1_000_000).contains(came)
            })
            .map(|(_, _, took)| *took)
            .collect();
        took.sort_unstable();
        let p99 = took.get(took.len() * 99 / 100).copied().unwrap_or(0);
        (took.len(), p99)
    }
}

/// 16 hands, 15 to 25 ms each: 800 a second. Five calm seconds at a quarter of that, twenty at ten times.
#[test]
fn ten_times_the_capacity_leaves_four_fifths_of_it() {
    let mut house = House::new(16, 20 * MS);
    house.offer(200, 0, 5, &[Priority::Placing]);
    house.offer(8_000, 5, 25, &[Priority::Placing]);
    house.run();
    let (_, calm_p99) = house.of(Priority::Placing, 0, 5);
    assert!((24 * MS..=25 * MS).contains(&calm_p99), "{calm_p99}");
    // Two seconds to find the limit.
    let (done, p99) = house.of(Priority::Placing, 7, 25);
    let goodput_percent = done * 100 / (800 * 18);
    assert!(goodput_percent >= 80, "{goodput_percent} % of the capacity");
    assert!(p99 <= 2 * calm_p99, "accepted p99 {p99} µs");
    let slowest_refusal = house.away.iter().map(|(_, took)| *took).max();
    assert!(slowest_refusal <= Some(50 * MS), "{slowest_refusal:?}");
    // What is kept is bounded by the limit, whatever comes: the first limit and a quarter of it.
    assert!(house.most_kept <= 700, "{}", house.most_kept);
}

/// Everything is asked for at once, ten times what can be done: what settles is never turned away,
/// bets get what is left, readers next to nothing.
#[test]
fn the_order_holds_under_ten_times_the_capacity() {
    let mut house = House::new(16, 20 * MS);
    house.offer(200, 0, 5, &[Priority::Placing]);
    let mixed = [
        Priority::Placing,
        Priority::Browsing,
        Priority::History,
        Priority::Browsing,
        Priority::Quoting,
        Priority::Browsing,
        Priority::History,
        Priority::Browsing,
    ];
    house.offer(7_900, 5, 25, &mixed);
    house.offer(100, 5, 25, &[Priority::Settling]);
    house.run();
    let done = |priority| house.of(priority, 7, 25).0;
    assert_eq!(done(Priority::Settling), 100 * 18);
    assert!(!house.away.iter().any(|(of, _)| *of == Priority::Settling));
    // About a thousand bets a second come for 700 places.
    assert!(
        done(Priority::Placing) > 500 * 18,
        "{}",
        done(Priority::Placing)
    );
    let readers = done(Priority::History) + done(Priority::Browsing);
    assert!(readers * 5 < done(Priority::Placing), "{readers}");
}

/// A flood of readers leaves bets alone.
#[test]
fn readers_do_not_keep_bets_out() {
    let mut house = House::new(16, 20 * MS);
    house.offer(200, 0, 25, &[Priority::Placing]);
    house.offer(8_000, 5, 25, &[Priority::Browsing]);
    house.run();
    let (done, p99) = house.of(Priority::Placing, 7, 25);
    assert!(done >= 200 * 18 * 95 / 100, "{done} bets");
    assert!(p99 <= 50 * MS, "{p99} µs");
}
