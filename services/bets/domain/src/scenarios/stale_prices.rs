//! A hundred thousand placements on prices that have moved, aged, stopped or gone since they were
//! seen, each judged a second time by rules that are written out here.

use super::world::*;
use crate::*;
use kernel::Duration;

const PLACEMENTS: u64 = 100_000;
/// The house's oldest picture to accept on, as its rules say it.
const VIEW_AGE_MAX_MS: i64 = 3_000;
const NOW_MS: i64 = 60_000;

/// SplitMix64: the same placements everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

/// What the customer saw, and what the market shows when the slip is judged. Prices in hundredths.
#[derive(Debug)]
struct Case {
    seen: i64,
    seen_version: u64,
    policy: PricePolicy,
    shown: Option<i64>,
    version: u64,
    status: MarketStatus,
    age_ms: Option<i64>,
}

fn any_case(dice: &mut Dice) -> Case {
    Case {
        seen: dice.pick(&[150, 200, 250]),
        seen_version: dice.pick(&[5, 6, 7]),
        policy: dice.pick(&[PricePolicy::Exact, PricePolicy::Better, PricePolicy::Any]),
        shown: dice.pick(&[None, Some(150), Some(200), Some(200), Some(250), Some(250)]),
        version: dice.pick(&[6, 7]),
        status: dice.pick(&[
            MarketStatus::Open,
            MarketStatus::Open,
            MarketStatus::Open,
            MarketStatus::Suspended,
            MarketStatus::Closed,
        ]),
        age_ms: dice.pick(&[
            None,
            Some(0),
            Some(2_999),
            Some(3_000),
            Some(3_001),
            Some(60_000),
        ]),
    }
}

fn hundredths(price: i64) -> String {
    format!("{}.{:02}", price / 100, price % 100)
}

fn judged(case: &Case) -> Result<Vec<Event>, Rejection> {
    let quote = Quote {
        status: case.status,
        version: case.version,
        open_since: 1,
        price: case.shown.map(|shown| price(&hundredths(shown))),
        seen_at: case.age_ms.map(|age| at(NOW_MS - age)),
        ..quote(1, at(0))
    };
    let mut slip = slip(&[1]);
    slip.price_policy = case.policy;
    slip.legs[0].price = price(&hundredths(case.seen));
    slip.legs[0].market_version = case.seen_version;
    Bets::decide(
        &Bets::initial(),
        &place_seeing(1, slip, seeing(at(NOW_MS), [quote])),
    )
}

/// All rules that the placement breaks, in words.
fn broken(case: &Case) -> Vec<&'static str> {
    let agreed = |shown: i64| match case.policy {
        PricePolicy::Exact => shown == case.seen,
        PricePolicy::Better => shown >= case.seen,
        PricePolicy::Any => true,
    };
    let rules = [
        ("stale", case.age_ms.is_none_or(|age| age > VIEW_AGE_MAX_MS)),
        // The customer has seen what this picture does not show yet.
        ("stale", case.seen_version > case.version),
        ("suspended", case.status == MarketStatus::Suspended),
        ("closed", case.status == MarketStatus::Closed),
        ("unavailable", case.shown.is_none()),
        ("price", case.shown.is_some_and(|shown| !agreed(shown))),
    ];
    let broken = rules.into_iter().filter(|(_, is_broken)| *is_broken);
    broken.map(|(name, _)| name).collect()
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other rule can be broken here"
)]
fn named(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::PricesStale { .. } => "stale",
        Rejection::MarketSuspended { .. } => "suspended",
        Rejection::MarketClosed { .. } => "closed",
        Rejection::SelectionUnavailable { .. } => "unavailable",
        Rejection::PriceChanged { .. } => "price",
        other => panic!("{other}"),
    }
}

fn struck_at(events: &[Event]) -> kernel::Price {
    let Some(Event::BetPlaced(placed)) = events.first() else {
        panic!("not placed: {events:?}");
    };
    placed.legs[0].price
}

#[test]
fn no_stale_price_is_accepted_and_the_reason_is_exact() {
    let mut dice = Dice(45);
    let mut accepted = 0;
    let mut refused = std::collections::BTreeMap::<_, u64>::new();
    for _ in 0..PLACEMENTS {
        let case = any_case(&mut dice);
        let broken = broken(&case);
        match judged(&case) {
            Ok(events) => {
                assert_eq!(broken, [] as [&str; 0], "{case:?}");
                assert_eq!(struck_at(&events), price(&hundredths(case.shown.unwrap())));
                accepted += 1;
            }
            Err(rejection) => {
                let name = named(&rejection);
                assert!(broken.contains(&name), "{case:?}: {rejection}");
                *refused.entry(name).or_default() += 1;
            }
        }
    }
    assert!(accepted > 5_000, "only {accepted}");
    assert_eq!(refused.len(), 5, "{refused:?}");
    assert!(refused.values().all(|times| *times > 1_000), "{refused:?}");
    assert_eq!(
        plain_rules().view_age_max,
        Duration::from_millis(VIEW_AGE_MAX_MS)
    );
}
