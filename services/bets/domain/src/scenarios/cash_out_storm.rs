//! Quotes, sales, suspensions, results, rollbacks and cancellations of one slip in any order (F44, F46).
//!
//! A naive second opinion follows beside it: a number of shares of the stake, each of which ends
//! once at most. Whatever wins each race, sales and what is left add up to the stake, nothing is
//! sold from what is settled, suspended or resulted, and the rest pays what its results say.

use super::cancel::{cancel, moment, restore};
use super::world::*;
use crate::settlement::LegResult;
use crate::*;
use kernel::{CashOutQuoteId, Decider, Duration};
use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;
use std::collections::BTreeMap;

const CASES: u32 = 10_000;

#[derive(Clone, Debug)]
enum Step {
    Quote,
    /// Mostly of the newest quote.
    Take(u32, u32),
    /// The clock goes on, and what is due fires.
    Wait(i64),
    Suspend(u64),
    Resume(u64),
    TurnInPlay(u64),
    Move(u64, u32),
    Result(u64, LegResult),
    Rollback(u64),
    /// Bets of the moment at which the slip was struck do not count, or count again.
    Cancel(u64),
    Restore(u64),
    Work,
}

fn any_step() -> impl Strategy<Value = Step> {
    let market = 1_u64..3;
    let outcome = prop_oneof![
        4 => Just(LegResult::Won),
        1 => Just(LegResult::Lost),
        1 => Just(LegResult::Void),
    ];
    prop_oneof![
        6 => Just(Step::Quote),
        6 => (0_u32..3, 1_u32..1_000_001).prop_map(|(back, part)| Step::Take(back, part)),
        2 => (0_u32..2).prop_map(|back| Step::Take(back, WHOLE_MILLIONTHS)),
        3 => (1_i64..12_000).prop_map(Step::Wait),
        1 => market.clone().prop_map(Step::Suspend),
        3 => market.clone().prop_map(Step::Resume),
        1 => market.clone().prop_map(Step::TurnInPlay),
        2 => (market.clone(), 105_u32..400).prop_map(|(market, cents)| Step::Move(market, cents)),
        2 => (market.clone(), outcome).prop_map(|(market, outcome)| Step::Result(market, outcome)),
        1 => market.clone().prop_map(Step::Rollback),
        1 => market.clone().prop_map(Step::Cancel),
        1 => market.prop_map(Step::Restore),
        4 => Just(Step::Work),
    ]
}

/// A market as its source tells it.
#[derive(Clone, Copy)]
struct Board {
    open: bool,
    in_play: bool,
    version: u64,
    open_since: u64,
    cents: u32,
    /// The last result's number, and what it says while it is in force.
    last: u32,
    outcome: Option<LegResult>,
    resulted_ever: bool,
    cancelled: bool,
}

impl Board {
    /// What a leg comes to: nothing that a result says matters to one that does not count.
    fn counts(&self) -> Option<LegResult> {
        if self.cancelled {
            Some(LegResult::Void)
        } else {
            self.outcome
        }
    }
}

struct Storm {
    state: State,
    now: i64,
    boards: BTreeMap<u64, Board>,
    quotes: u64,
    /// The second opinion: what is left of the stake, and what was paid for the rest.
    left: i64,
    sold: i64,
}

impl Storm {
    fn new() -> Self {
        let board = Board {
            open: true,
            in_play: false,
            version: 8,
            open_since: 3,
            cents: 125,
            last: 0,
            outcome: None,
            resulted_ever: false,
            cancelled: false,
        };
        Self {
            state: struck_slip(nothing(), 1, &[1, 2]).state(),
            now: 10,
            boards: BTreeMap::from([(1, board), (2, board)]),
            quotes: 0,
            left: 1_000,
            sold: 0,
        }
    }

    fn seen(&self) -> Surroundings {
        let quotes = self.boards.iter().map(|(n, board)| Quote {
            status: if board.open {
                MarketStatus::Open
            } else {
                MarketStatus::Suspended
            },
            version: board.version,
            open_since: board.open_since,
            in_play: board.in_play,
            bet_delay: Duration::from_secs(2),
            price: Some(price(&format!(
                "{}.{:02}",
                board.cents / 100,
                board.cents % 100
            ))),
            book: Some(BookSum {
                sum_billionths: 1_040_000_000,
                reformed_at: 0,
            }),
            ..quote(*n, at(self.now))
        });
        seeing(at(self.now), quotes)
    }

    fn step(&mut self, step: &Step) {
        let board = |storm: &mut Self, n: u64, change: &dyn Fn(&mut Board)| {
            let board = storm.boards.get_mut(&n).unwrap();
            board.version += 1;
            change(board);
        };
        match step {
            Step::Quote => {
                self.quotes += 1;
                let asked = Command::QuoteCashOut(Box::new(QuoteCashOut {
                    bet: bet(1),
                    customer: ANN,
                    quote: CashOutQuoteId::example(self.quotes, 0),
                    now: self.seen(),
                }));
                self.decide(&asked);
            }
            Step::Take(back, millionths) => {
                let quote = self.quotes.saturating_sub(u64::from(*back));
                let asked = Command::CashOut(Box::new(CashOut {
                    bet: bet(1),
                    customer: ANN,
                    quote: CashOutQuoteId::example(quote, 0),
                    fraction_millionths: *millionths,
                    now: self.seen(),
                }));
                self.decide(&asked);
            }
            Step::Wait(millis) => {
                self.now += millis;
                while let Some((_, (bet, _))) = self
                    .state
                    .next_timer()
                    .filter(|(due, _)| *due <= at(self.now))
                    .and_then(|timer| Some((timer, self.state.timer_slip(timer)?)))
                {
                    let now = self.seen();
                    self.decide(&Command::EndWait { bet, now });
                }
            }
            Step::Suspend(n) => board(self, *n, &|board| board.open = false),
            Step::Resume(n) => board(self, *n, &|board| {
                if !board.open {
                    board.open_since = board.version;
                }
                board.open = true;
            }),
            Step::TurnInPlay(n) => board(self, *n, &|board| board.in_play = true),
            Step::Move(n, cents) => board(self, *n, &|board| board.cents = *cents),
            Step::Result(n, outcome) => {
                board(self, *n, &|board| {
                    board.last += 1;
                    board.resulted_ever = true;
                    board.outcome = Some(*outcome);
                });
                self.decide(&result(*n, self.boards[n].last, *outcome));
            }
            Step::Rollback(n) => {
                if self.boards[n].outcome.is_some() {
                    board(self, *n, &|board| board.outcome = None);
                    self.decide(&rollback(*n, self.boards[n].last));
                }
            }
            Step::Cancel(n) => {
                self.boards.get_mut(n).unwrap().cancelled = true;
                self.decide(&cancel(*n, moment()));
            }
            Step::Restore(n) => {
                self.boards.get_mut(n).unwrap().cancelled = false;
                self.decide(&restore(*n, moment()));
            }
            Step::Work => self.decide(&work()),
        }
    }

    fn decide(&mut self, command: &Command) {
        let Ok(events) = Bets::decide(&self.state, command) else {
            return;
        };
        for event in &events {
            if let Event::CashedOut(sold) = event {
                self.must_be_for_sale(sold);
                self.left -= sold.stake.minor();
                self.sold += sold.amount.minor();
            }
            Bets::evolve(&mut self.state, event);
        }
    }

    /// What the sale is made of is what the second opinion sees at this moment.
    fn must_be_for_sale(&self, sold: &CashedOut) {
        let slip = self.state.slip(bet(1)).unwrap();
        assert!(slip.is_open(), "sold from what is over");
        assert_eq!(sold.stake.minor() + sold.stake_left.minor(), self.left);
        let mut worth = BigRational::new(sold.stake.minor().into(), 1.into());
        for ((n, board), leg) in self.boards.iter().zip(&sold.worth.legs) {
            let odds = BigRational::new(5.into(), 2.into());
            worth *= if leg.live.is_some() {
                let is_for_sale = board.open && !board.resulted_ever && !board.cancelled;
                assert!(is_for_sale, "sold on market {n}");
                let now = BigRational::new(board.cents.into(), 100.into());
                odds / (now * BigRational::new(104.into(), 100.into()))
            } else {
                factor(
                    board
                        .counts()
                        .expect("a leg counts while its result is in force"),
                )
            };
        }
        let paid = (worth * BigRational::new(95.into(), 100.into())).floor();
        assert_eq!(paid.to_integer(), BigInt::from(sold.amount.minor()));
    }

    /// When all work is done, the rest pays what the results say, and what is sold is over.
    fn end(mut self) {
        while self.state.next_job().is_some() {
            self.decide(&work());
        }
        let slip = self.state.slip(bet(1)).unwrap();
        let told = slip.cash_out().and_then(|known| known.amount);
        assert_eq!(told.map_or(0, kernel::Money::minor), self.sold);
        if self.left == 0 {
            assert!(slip.is_cashed_out());
            return;
        }
        assert_eq!(slip.stake.minor(), self.left);
        let outcomes: Vec<_> = self.boards.values().map(Board::counts).collect();
        let lost = outcomes.contains(&Some(LegResult::Lost));
        let Stage::Accepted(settlements) = &slip.stage else {
            panic!("neither open nor settled: {:?}", slip.stage)
        };
        let in_force = settlements.in_force.map(|settled| settled.returned.minor());
        if lost {
            assert_eq!(in_force, Some(0));
        } else if outcomes.contains(&None) {
            assert_eq!(in_force, None);
        } else {
            let stake = BigRational::new(self.left.into(), 100.into());
            let all = outcomes.into_iter().flatten().map(factor);
            let exact = all.fold(stake, |product, factor| product * factor);
            let returned = crate::settlement::round_half_even(&exact, kernel::Currency::Eur);
            assert_eq!(in_force, returned.ok().map(kernel::Money::minor));
        }
    }
}

fn factor(outcome: LegResult) -> BigRational {
    match outcome {
        LegResult::Won => BigRational::new(5.into(), 2.into()),
        LegResult::Lost => BigRational::new(0.into(), 1.into()),
        LegResult::Void => BigRational::new(1.into(), 1.into()),
        LegResult::HalfWon | LegResult::HalfLost | LegResult::DeadHeat { .. } => {
            unreachable!("no storm has these")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn every_part_ends_once(steps in prop::collection::vec(any_step(), 0..60)) {
        let mut storm = Storm::new();
        for step in &steps {
            storm.step(step);
        }
        storm.end();
    }
}
