//! What holds for every history.

use super::world::*;
use crate::settlement::{BetType, LegResult, SettledLeg};
use crate::*;
use kernel::{BetId, Currency, Decider, Money, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const MARKETS: u64 = 4;

/// So many histories of each property.
const CASES: u32 = 10_000;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Strike(Kind, Vec<u64>),
    PlaceOnly(Kind, Vec<u64>),
    Result(u64, LegResult),
    /// A result that was told before is told again, perhaps otherwise.
    Stale(u64, u32, LegResult),
    /// Of the last result, or of one so many before it.
    Rollback(u64, u32),
    Cancel(u64, Stretch),
    Restore(u64, Stretch),
    Work(usize),
}

/// A stretch around the moment at which every other slip is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stretch {
    Early,
    Late,
    All,
}

impl Stretch {
    /// Slips with an odd number are struck early, the others late.
    fn window(self) -> Window {
        let noon = at(7);
        match self {
            Self::Early => Window {
                from: None,
                until: Some(noon),
            },
            Self::Late => Window {
                from: Some(at(8)),
                until: Some(at(9)),
            },
            Self::All => Window {
                from: Some(at(0)),
                until: Some(at(9)),
            },
        }
    }
}

fn any_stretch() -> impl Strategy<Value = Stretch> {
    prop_oneof![
        Just(Stretch::Early),
        Just(Stretch::Late),
        Just(Stretch::All)
    ]
}

fn struck_at(slip: u64) -> Timestamp {
    if slip % 2 == 1 { at(5) } else { at(9) }
}

fn cancellation(m: u64, stretch: Stretch) -> Notice {
    Notice::Cancellation {
        market: market(m),
        by: CancelledBy::Source(stretch.window()),
        cancellation: Cancellation {
            window: stretch.window(),
            prices_from: BTreeMap::new(),
            reason: "late start".to_owned(),
        },
    }
}

fn restoration(m: u64, stretch: Stretch) -> Notice {
    Notice::Restoration {
        market: market(m),
        by: CancelledBy::Source(stretch.window()),
    }
}

fn any_outcome() -> impl Strategy<Value = LegResult> {
    prop_oneof![
        3 => Just(LegResult::Won),
        2 => Just(LegResult::Lost),
        1 => Just(LegResult::Void),
        1 => Just(LegResult::HalfWon),
        1 => Just(LegResult::HalfLost),
        1 => Just(LegResult::DeadHeat { places: 1, tied: 3 }),
    ]
}

/// One line of all legs, or many lines.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Multiple,
    System,
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Multiple), Just(Kind::System)]
}

fn request(kind: Kind, markets: &[u64]) -> SlipRequest {
    let (bet_type, sizes) = match (kind, markets.len()) {
        (Kind::Multiple, _) | (Kind::System, 1) => return slip(markets),
        (Kind::System, 2) => (BetType::System, Some("1")),
        (Kind::System, 3) => (BetType::Trixie, None),
        (Kind::System, _) => (BetType::Lucky15, None),
    };
    SlipRequest {
        bet_type,
        sizes: sizes.map(|text| text.parse().unwrap()),
        ..slip(markets)
    }
}

fn any_markets() -> impl Strategy<Value = Vec<u64>> {
    prop::sample::subsequence((1..=MARKETS).collect::<Vec<_>>(), 1..=4)
}

fn any_back() -> impl Strategy<Value = u32> {
    prop_oneof![3 => Just(0_u32), 1 => 1_u32..4]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any_kind(), any_markets()).prop_map(|(kind, on)| Step::Strike(kind, on)),
        1 => (any_kind(), any_markets()).prop_map(|(kind, on)| Step::PlaceOnly(kind, on)),
        3 => (1..=MARKETS, any_outcome()).prop_map(|(m, outcome)| Step::Result(m, outcome)),
        1 => (1..=MARKETS, 0_u32..4, any_outcome())
            .prop_map(|(m, back, outcome)| Step::Stale(m, back, outcome)),
        2 => (1..=MARKETS, any_back()).prop_map(|(m, back)| Step::Rollback(m, back)),
        2 => (1..=MARKETS, any_stretch()).prop_map(|(m, stretch)| Step::Cancel(m, stretch)),
        1 => (1..=MARKETS, any_stretch()).prop_map(|(m, stretch)| Step::Restore(m, stretch)),
        4 => (1_usize..4).prop_map(Step::Work),
    ]
}

/// A partition, and what the test itself remembers of it.
#[derive(Default)]
struct Partition {
    state: State,
    slips: u64,
    /// By market: the last number of a result, and the result in force.
    results: BTreeMap<u64, (u32, Option<LegResult>)>,
    /// By market, the stretches that do not count.
    cancelled: BTreeMap<u64, BTreeSet<Stretch>>,
    /// By slip: the settlement in force, from the events alone.
    in_force: BTreeMap<BetId, (u32, Money)>,
    settlements: BTreeMap<BetId, u32>,
}

impl Partition {
    /// Carries a command out; placements may be rejected.
    fn take(&mut self, command: &Command) -> Vec<Event> {
        let events = Bets::decide(&self.state, command).unwrap_or_default();
        for event in &events {
            Bets::evolve(&mut self.state, event);
            self.keep_count(event);
        }
        self.liabilities_must_be_told_as_they_are(&events);
        events
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other events tell no liabilities"
    )]
    fn liabilities_must_be_told_as_they_are(&self, events: &[Event]) {
        for event in events {
            let told = match event {
                Event::BetAccepted { liabilities, .. }
                | Event::SettlementAdvanced { liabilities, .. } => liabilities,
                _ => continue,
            };
            for liability in told {
                let market = self.state.market(liability.market).unwrap();
                let slips = market.open.get(&liability.selection).map_or(0, |o| o.slips);
                assert_eq!(slips, liability.open.slips);
                if slips > 0 {
                    assert_eq!(market.open[&liability.selection], liability.open);
                }
            }
        }
    }

    /// Each slip has at most one settlement in force, and they are numbered without gap.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only settlements are counted here"
    )]
    fn keep_count(&mut self, event: &Event) {
        match event {
            Event::BetSettled {
                bet,
                settlement,
                returned,
                ..
            } => {
                let last = self.settlements.entry(*bet).or_default();
                *last += 1;
                assert_eq!(*settlement, *last);
                let before = self.in_force.insert(*bet, (*settlement, *returned));
                assert_eq!(before, None, "two settlements in force");
            }
            Event::SettlementReversed {
                bet,
                settlement,
                returned,
                ..
            } => {
                let in_force = self.in_force.remove(bet);
                assert_eq!(in_force, Some((*settlement, *returned)));
            }
            _ => {}
        }
    }

    /// Places the next slip. The view shows markets with a result as closed: it has seen at least
    /// what the partition has seen, and a result without slips here leaves no other trace.
    fn place(&mut self, kind: Kind, markets: &[u64]) {
        self.slips += 1;
        // After a first result a market takes no bets any more, be it rolled back.
        let is_closed = |m: &u64| self.results.get(m).is_some_and(|(last, _)| *last > 0);
        let now = struck_at(self.slips);
        let is_cancelled = |m: &u64| self.is_cancelled(*m, now);
        let shown = |m: &u64| Quote {
            status: if is_cancelled(m) {
                MarketStatus::Suspended
            } else if is_closed(m) {
                MarketStatus::Closed
            } else {
                MarketStatus::Open
            },
            ..quote(*m, at(0))
        };
        let now = seeing(at(0), markets.iter().map(shown));
        self.take(&place_seeing(self.slips, request(kind, markets), now));
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Strike(kind, markets) => {
                self.place(*kind, markets);
                let held = Notice::Hold {
                    bet: bet(self.slips),
                    outcome: HoldOutcome::Held,
                };
                self.take(&notice_at(struck_at(self.slips), held));
            }
            Step::PlaceOnly(kind, markets) => self.place(*kind, markets),
            Step::Result(m, outcome) => {
                let (last, in_force) = self.results.entry(*m).or_default();
                *last += 1;
                *in_force = Some(*outcome);
                let last = *last;
                self.take(&result(*m, last, *outcome));
            }
            Step::Stale(m, back, outcome) => {
                let (last, _) = self.results.entry(*m).or_default();
                let number = last.saturating_sub(*back);
                if number > 0 {
                    self.take(&result(*m, number, *outcome));
                }
            }
            Step::Rollback(m, back) => {
                let (last, in_force) = self.results.entry(*m).or_default();
                if *back == 0 {
                    *in_force = None;
                }
                let number = last.saturating_sub(*back);
                self.take(&rollback(*m, number));
            }
            Step::Cancel(m, stretch) => {
                self.cancelled.entry(*m).or_default().insert(*stretch);
                self.take(&notice(cancellation(*m, *stretch)));
            }
            Step::Restore(m, stretch) => {
                self.cancelled.entry(*m).or_default().remove(stretch);
                self.take(&notice(restoration(*m, *stretch)));
            }
            Step::Work(slips_max) => {
                self.take(&Command::ContinueWork {
                    at: at(60),
                    slips_max: *slips_max,
                });
            }
        }
    }

    fn is_cancelled(&self, m: u64, at: Timestamp) -> bool {
        let said = self.cancelled.get(&m).into_iter().flatten();
        said.into_iter().any(|stretch| stretch.window().holds(at))
    }

    fn finish(&mut self) {
        let mut parts = 0;
        while self.state.next_job().is_some() {
            let events = self.take(&work());
            assert!(
                !events.is_empty(),
                "work that says nothing goes on for ever"
            );
            parts += 1;
            assert!(parts < 10_000);
        }
    }

    /// What a slip must pay, from the results in force alone.
    fn due(&self, slip: &Slip) -> Option<Money> {
        let outcomes: Vec<Option<LegResult>> = slip
            .legs
            .iter()
            .map(|leg| {
                let m = (1..=MARKETS).find(|m| market(*m) == leg.struck.market);
                let m = m.unwrap();
                if self.is_cancelled(m, slip.struck_at.unwrap()) {
                    return Some(LegResult::Void);
                }
                self.results.get(&m).and_then(|(_, result)| *result)
            })
            .collect();
        let terms = slip.terms();
        let smallest = terms.line_sizes(outcomes.len()).unwrap().smallest();
        let alive = outcomes
            .iter()
            .filter(|outcome| **outcome != Some(LegResult::Lost));
        if alive.count() < usize::try_from(smallest).unwrap() {
            return Some(eur(0));
        }
        let legs: Option<Vec<SettledLeg>> = slip
            .legs
            .iter()
            .zip(outcomes)
            .map(|(leg, outcome)| Some(SettledLeg::plain(leg.struck.price, outcome?)))
            .collect();
        Some(terms.settle(slip.unit_stake, &legs?).unwrap().returned)
    }

    /// By slip, what is in force.
    fn paid(&self) -> BTreeMap<BetId, Money> {
        let paid = |(bet, (_, returned)): (&BetId, &(u32, Money))| (*bet, *returned);
        self.in_force.iter().map(paid).collect()
    }
}

fn used_by_slips(state: &State) -> BTreeMap<kernel::MarketId, i64> {
    let mut used: BTreeMap<_, i64> = state.markets().map(|(id, _)| (id, 0)).collect();
    for (_, slip) in state.slips().filter(|(_, slip)| slip.is_reserved()) {
        for leg in &slip.legs {
            *used.entry(leg.struck.market).or_default() += slip.liability_minor();
        }
    }
    used
}

/// What stands on each selection.
fn open_stakes(state: &State) -> Vec<(kernel::SelectionId, OpenStakes)> {
    let markets = state.markets();
    markets
        .flat_map(|(_, market)| market.open.iter().map(|(id, open)| (*id, *open)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    /// A million steps in all. Whatever the order of results, rollbacks, cancellations and parts of
    /// work, told late or twice: when the work is done, every struck slip pays what the results in
    /// force say, and nothing else.
    #[test]
    fn work_ends_where_the_results_point(steps in prop::collection::vec(any_step(), 0..200)) {
        let mut partition = Partition::default();
        for step in &steps {
            partition.step(step);
        }
        partition.finish();
        for (bet, slip) in partition.state.slips() {
            if slip.is_accepted() {
                let paid = partition.in_force.get(&bet).map(|(_, returned)| *returned);
                prop_assert_eq!(paid, partition.due(slip), "{}", bet);
            }
        }
    }

    /// What is kept beside the slips never parts from them.
    #[test]
    fn sums_and_orders_follow_from_the_slips(steps in prop::collection::vec(any_step(), 0..60)) {
        let mut partition = Partition::default();
        for step in &steps {
            partition.step(step);
            let state = &partition.state;
            prop_assert_eq!(&State::from_parts(state.parts()), state);
            let used: BTreeMap<_, i64> =
                state.markets().map(|(id, market)| (id, market.budget.used_minor)).collect();
            prop_assert_eq!(used, used_by_slips(state));
            let staked: i64 = state.slips().map(|(_, slip)| slip.stake.minor()).sum();
            let tally = &state.customer(ANN).tally;
            let counted: i64 = tally.days.values().map(|day| day.staked_minor).sum();
            prop_assert_eq!(counted, staked);
            let settled = state.slips().filter_map(|(_, slip)| {
                let settlement = slip.settlement_in_force()?;
                Some((slip.stake.minor(), settlement.returned.minor()))
            });
            let (gone, returned) = settled.fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
            let lost: i64 = tally.days.values().map(|day| day.lost_minor).sum();
            prop_assert_eq!(lost, gone - returned);
            prop_assert_eq!(tally.open(Currency::Eur), staked - gone);
        }
    }

    /// settle(A); rollback; settle(B) pays as settle(B), wherever the parts fall.
    #[test]
    fn a_withdrawn_result_leaves_no_trace(
        slips in prop::collection::vec((any_kind(), any_markets()), 1..12),
        a in any_outcome(),
        b in any_outcome(),
        others in prop::collection::vec((2..=MARKETS, any_outcome()), 0..4),
        parts_of_a in 0_usize..6,
        parts_of_rollback in 0_usize..6,
    ) {
        let begin = || {
            let mut partition = Partition::default();
            for (kind, markets) in &slips {
                partition.step(&Step::Strike(*kind, markets.clone()));
            }
            for (m, outcome) in &others {
                partition.step(&Step::Result(*m, *outcome));
            }
            partition
        };
        let mut detour = begin();
        detour.step(&Step::Result(1, a));
        for _ in 0..parts_of_a {
            detour.step(&Step::Work(1));
        }
        detour.step(&Step::Rollback(1, 0));
        for _ in 0..parts_of_rollback {
            detour.step(&Step::Work(1));
        }
        detour.step(&Step::Result(1, b));
        detour.finish();
        let mut straight = begin();
        straight.step(&Step::Result(1, b));
        straight.finish();
        prop_assert_eq!(detour.paid(), straight.paid());
    }

    /// settle; rollback takes back exactly what was paid, and the book stands as it stood.
    #[test]
    fn a_rollback_is_the_inverse_of_its_settlement(
        slips in prop::collection::vec((any_kind(), any_markets()), 1..12),
        outcome in any_outcome(),
        others in prop::collection::vec((2..=MARKETS, any_outcome()), 0..4),
    ) {
        let mut partition = Partition::default();
        for (kind, markets) in &slips {
            partition.step(&Step::Strike(*kind, markets.clone()));
        }
        for (m, outcome) in &others {
            partition.step(&Step::Result(*m, *outcome));
        }
        partition.finish();
        let (paid, open) = (partition.paid(), open_stakes(&partition.state));
        partition.step(&Step::Result(1, outcome));
        partition.finish();
        partition.step(&Step::Rollback(1, 0));
        partition.finish();
        prop_assert_eq!(partition.paid(), paid);
        prop_assert_eq!(open_stakes(&partition.state), open);
    }

    /// Void of everything, by results, by cancellations or by both, returns every stake, whatever
    /// was paid before.
    #[test]
    fn void_of_everything_returns_every_stake(
        slips in prop::collection::vec((any_kind(), any_markets()), 1..12),
        before in prop::collection::vec((1..=MARKETS, any_outcome()), 0..6),
        by_result in prop::collection::vec(any::<bool>(), 4),
        parts in 0_usize..6,
    ) {
        let mut partition = Partition::default();
        for (kind, markets) in &slips {
            partition.step(&Step::Strike(*kind, markets.clone()));
        }
        for (m, outcome) in &before {
            partition.step(&Step::Result(*m, *outcome));
        }
        for _ in 0..parts {
            partition.step(&Step::Work(1));
        }
        for (m, by_result) in (1..=MARKETS).zip(by_result) {
            if by_result {
                partition.step(&Step::Result(m, LegResult::Void));
            } else {
                partition.step(&Step::Cancel(m, Stretch::All));
            }
        }
        partition.finish();
        for (bet, slip) in partition.state.slips().filter(|(_, slip)| slip.is_accepted()) {
            let paid = partition.in_force.get(&bet).map(|(_, returned)| *returned);
            prop_assert_eq!(paid, Some(slip.stake), "{}", bet);
        }
    }

    /// cancel; restore takes back exactly what was paid, and the book stands as it stood.
    #[test]
    fn a_restoration_is_the_inverse_of_its_cancellation(
        slips in prop::collection::vec((any_kind(), any_markets()), 1..12),
        stretch in any_stretch(),
        results in prop::collection::vec((1..=MARKETS, any_outcome()), 0..4),
        parts in 0_usize..6,
    ) {
        let mut partition = Partition::default();
        for (kind, markets) in &slips {
            partition.step(&Step::Strike(*kind, markets.clone()));
        }
        for (m, outcome) in &results {
            partition.step(&Step::Result(*m, *outcome));
        }
        partition.finish();
        let (paid, open) = (partition.paid(), open_stakes(&partition.state));
        partition.step(&Step::Cancel(1, stretch));
        for _ in 0..parts {
            partition.step(&Step::Work(1));
        }
        partition.step(&Step::Restore(1, stretch));
        partition.finish();
        prop_assert_eq!(partition.paid(), paid);
        prop_assert_eq!(open_stakes(&partition.state), open);
    }
}
