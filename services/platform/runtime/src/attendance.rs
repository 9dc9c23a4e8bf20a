//! A process's place on the roll.
//!
//! Duty: post our notice again and again, hear the others', and turn the roll into a duty for
//! each partition of each role that we offer. Our own notice counts like anybody's: who is not
//! read back is not there.
//!
//! Prohibition: nothing here makes anything safe. While the board is silent everybody stands by
//! what they claimed, and the claims in the log decide.

use crate::duty::Duty;
use crate::health::{Condition, Health};
use crate::roll::{MemberId, Notice, Roll};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use kernel::Partition;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Small notices to whoever listens now. Any may be lost, late or doubled.
pub trait Noticeboard: Send + Sync + 'static {
    /// Puts a notice up. Resolves when that is done or has failed.
    fn post(&self, notice: String) -> BoxFuture<'static, ()>;

    /// What is put up from now on, by anybody.
    fn follow(&self) -> BoxStream<'static, String>;
}

/// The duties of one process: a channel for each partition of each role.
#[derive(Debug, Default)]
pub struct Seats(BTreeMap<(String, Partition), watch::Sender<Duty>>);

impl Seats {
    /// A seat for each partition of each role, with this duty to begin with.
    #[must_use]
    pub fn new(roles: &BTreeSet<String>, partitions: u16, duty: Duty) -> Self {
        let seats = roles.iter().flat_map(|role| {
            (0..partitions).map(|partition| ((role.clone(), partition), watch::Sender::new(duty)))
        });
        Self(seats.collect())
    }

    /// Hears the duty of a seat. One that we do not have is never ours to serve.
    #[must_use]
    pub fn hear(&self, role: &str, partition: Partition) -> watch::Receiver<Duty> {
        self.0.get(&(role.to_owned(), partition)).map_or_else(
            || watch::Sender::new(Duty::StandBy).subscribe(),
            watch::Sender::subscribe,
        )
    }

    /// Gives every seat this duty.
    pub fn set_all(&self, duty: Duty) {
        for seat in self.0.values() {
            set(seat, duty);
        }
    }
}

/// A stopped seat stays stopped.
fn set(seat: &watch::Sender<Duty>, duty: Duty) {
    seat.send_if_modified(|now| {
        let changes = *now != duty && *now != Duty::Stop;
        if changes {
            *now = duty;
        }
        changes
    });
}

/// What attending takes.
pub struct Attendance {
    /// Where notices are put up.
    pub board: Arc<dyn Noticeboard>,
    /// Who we are.
    pub me: MemberId,
    /// What we offer.
    pub roles: BTreeSet<String>,
    /// Partitions of each role.
    pub partitions: u16,
    /// How long a process stays on the roll after its last notice.
    pub lease: Duration,
    /// The duties to keep.
    pub seats: Arc<Seats>,
    /// Where it is told whether we are on the roll.
    pub health: Arc<Health>,
}

/// The part's name in the health.
const PART: &str = "place on the roll";

/// Notices within a lease: several may be lost before a process is taken for dead.
const NOTICES_PER_LEASE: u32 = 6;

impl Attendance {
    /// Attends until `leave` says true; then tells the others and leaves every claim to them, and
    /// ends when that is told. Nothing is served before the others had time to be heard.
    pub async fn attend(&self, mut leave: watch::Receiver<bool>) {
        let began = Instant::now();
        let mut notices = self.board.follow();
        let mut roll = Roll::new(self.lease);
        let every = self
            .lease
            .checked_div(NOTICES_PER_LEASE)
            .unwrap_or(self.lease);
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // Two rounds of everybody's notices, from when our own was first read back.
        let listen_for = every.saturating_mul(2);
        let mut heard_myself: Option<Duration> = None;
        let mut on_roll = true;
        self.tell(false, &mut on_roll);
        // None: not shared out since somebody came, went or changed what they offer.
        let mut shared_out = None;
        loop {
            tokio::select! {
                biased;
                _ = leave.wait_for(|leave| *leave) => break,
                _ = ticks.tick() => drop(tokio::spawn(self.post(false))),
                Some(text) = notices.next() => {
                    let Some(notice) = Notice::from_text(&text) else { continue };
                    if notice.member == self.me {
                        heard_myself.get_or_insert(began.elapsed());
                    }
                    roll.hear(notice, began.elapsed());
                }
            }
            roll.expire(began.elapsed());
            let settled = heard_myself
                .is_some_and(|heard| began.elapsed().saturating_sub(heard) >= listen_for);
            if settled && shared_out != Some(roll.changes()) {
                self.share_out(&roll);
                shared_out = Some(roll.changes());
            }
            self.tell(settled && roll.has(self.me), &mut on_roll);
        }
        self.seats.set_all(Duty::StandBy);
        self.post(true).await;
    }

    fn tell(&self, is_on: bool, was_on: &mut bool) {
        if is_on == *was_on {
            return;
        }
        *was_on = is_on;
        let condition = if is_on {
            Condition::Ready
        } else {
            Condition::Starting("our notices are not read back".to_owned())
        };
        self.health.set(PART, condition);
    }

    fn post(&self, leaving: bool) -> BoxFuture<'static, ()> {
        let notice = Notice {
            member: self.me,
            leaving,
            roles: self.roles.clone(),
        };
        self.board.post(notice.to_text())
    }

    /// Without our own notice on the roll nothing is ours to claim.
    fn share_out(&self, roll: &Roll) {
        if !roll.has(self.me) {
            self.seats.set_all(Duty::StandBy);
            return;
        }
        for role in &self.roles {
            for (partition, member) in (0..self.partitions).zip(roll.shares(role, self.partitions))
            {
                let duty = if member == self.me {
                    Duty::Serve
                } else {
                    Duty::StandBy
                };
                if let Some(seat) = self.seats.0.get(&(role.clone(), partition)) {
                    set(seat, duty);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use tokio::sync::broadcast;

    struct Board(broadcast::Sender<String>);

    impl Noticeboard for Board {
        fn post(&self, notice: String) -> BoxFuture<'static, ()> {
            // Nobody may be listening.
            self.0.send(notice).unwrap_or_default();
            futures::future::ready(()).boxed()
        }

        fn follow(&self) -> BoxStream<'static, String> {
            let receiver = self.0.subscribe();
            futures::stream::unfold(receiver, |mut receiver| async {
                receiver.recv().await.ok().map(|text| (text, receiver))
            })
            .boxed()
        }
    }

    struct Process {
        seats: Arc<Seats>,
        leave: watch::Sender<bool>,
        task: tokio::task::JoinHandle<()>,
    }

    fn start(board: &Arc<Board>, n: u8) -> Process {
        let roles = BTreeSet::from(["bets".to_owned()]);
        let seats = Arc::new(Seats::new(&roles, 8, Duty::StandBy));
        let attendance = Attendance {
            board: Arc::<Board>::clone(board),
            me: MemberId([n; 16]),
            roles,
            partitions: 8,
            lease: Duration::from_secs(3),
            seats: Arc::clone(&seats),
            health: Arc::default(),
        };
        let leave = watch::Sender::new(false);
        let leaving = leave.subscribe();
        let task = tokio::spawn(async move { attendance.attend(leaving).await });
        Process { seats, leave, task }
    }

    impl Process {
        fn served(&self) -> Vec<u16> {
            (0..8)
                .filter(|partition| *self.seats.hear("bets", *partition).borrow() == Duty::Serve)
                .collect()
        }
    }

    fn board() -> Arc<Board> {
        Arc::new(Board(broadcast::channel(64).0))
    }

    async fn pass(secs: u64) {
        tokio::time::sleep(Duration::from_secs(secs)).await;
    }

    /// Runs on paused time: a second costs nothing.
    fn timed(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(test);
    }

    #[test]
    fn alone_a_process_serves_everything_after_listening() {
        timed(async {
            let one = start(&board(), 1);
            tokio::time::sleep(Duration::from_millis(400)).await;
            assert_eq!(one.served(), [], "it has not listened yet");
            pass(2).await;
            assert_eq!(one.served().len(), 8);
        });
    }

    #[test]
    fn a_second_process_takes_its_share() {
        timed(async {
            let board = board();
            let one = start(&board, 1);
            pass(2).await;
            let two = start(&board, 2);
            pass(2).await;
            assert_eq!(one.served().len(), 4);
            assert_eq!(two.served().len(), 4);
            let mut both = [one.served(), two.served()].concat();
            both.sort_unstable();
            assert_eq!(both, (0..8).collect::<Vec<u16>>());
        });
    }

    #[test]
    fn the_dead_are_replaced_within_a_lease_and_a_round() {
        timed(async {
            let board = board();
            let one = start(&board, 1);
            let two = start(&board, 2);
            pass(3).await;
            assert_eq!(one.served().len(), 4);
            two.task.abort();
            tokio::time::sleep(Duration::from_millis(3_500)).await;
            assert_eq!(one.served().len(), 8);
        });
    }

    #[test]
    fn who_leaves_claims_nothing_more_and_is_replaced_at_once() {
        timed(async {
            let board = board();
            let one = start(&board, 1);
            let two = start(&board, 2);
            pass(3).await;
            two.leave.send_replace(true);
            two.task.await.unwrap();
            assert!(
                (0..8).all(|partition| *two.seats.hear("bets", partition).borrow() != Duty::Serve)
            );
            tokio::time::sleep(Duration::from_millis(600)).await;
            assert_eq!(one.served().len(), 8);
        });
    }

    #[test]
    fn who_is_not_read_back_serves_nothing() {
        struct Deaf(Arc<Board>);
        impl Noticeboard for Deaf {
            fn post(&self, _: String) -> BoxFuture<'static, ()> {
                futures::future::ready(()).boxed()
            }
            fn follow(&self) -> BoxStream<'static, String> {
                self.0.follow()
            }
        }
        timed(async {
            let roles = BTreeSet::from(["bets".to_owned()]);
            let seats = Arc::new(Seats::new(&roles, 8, Duty::StandBy));
            let attendance = Attendance {
                board: Arc::new(Deaf(board())),
                me: MemberId([1; 16]),
                roles,
                partitions: 8,
                lease: Duration::from_secs(3),
                seats: Arc::clone(&seats),
                health: Arc::default(),
            };
            let leave = watch::Sender::new(false);
            let leaving = leave.subscribe();
            let attending = tokio::spawn(async move { attendance.attend(leaving).await });
            pass(10).await;
            assert!(
                (0..8).all(|partition| *seats.hear("bets", partition).borrow() == Duty::StandBy)
            );
            attending.abort();
        });
    }

    #[test]
    fn a_stopped_seat_stays_stopped() {
        let roles = BTreeSet::from(["bets".to_owned()]);
        let seats = Seats::new(&roles, 1, Duty::Serve);
        let duty = seats.hear("bets", 0);
        seats.set_all(Duty::Stop);
        seats.set_all(Duty::Serve);
        assert_eq!(*duty.borrow(), Duty::Stop);
    }
}
