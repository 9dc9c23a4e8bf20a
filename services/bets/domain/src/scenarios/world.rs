//! The few facts that the scenarios play with.

use crate::settlement::{BetType, LegResult};
use crate::*;
use kernel::{
    BetId, Currency, CustomerId, Duration, FixtureId, MarketId, Money, Price, Scenario,
    SelectionId, Timestamp, Topic, TopicPartition,
};
use std::collections::BTreeMap;

pub(super) type Story = Scenario<Bets>;

pub(super) const ANN: CustomerId = CustomerId::example(1, 0);

pub(super) const fn bet(n: u64) -> BetId {
    BetId::example(n, 0)
}
pub(super) const fn market(n: u64) -> MarketId {
    MarketId::example(n, 3)
}
pub(super) const fn fixture(n: u64) -> FixtureId {
    FixtureId::example(n, 3)
}
/// The selection of market n that the slips of these scenarios are on.
pub(super) const fn selection(n: u64) -> SelectionId {
    SelectionId::example(n, 3)
}
pub(super) const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000_000 + millis)
}
pub(super) const fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::Eur)
}
pub(super) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

/// Market n, open at 2.50, version 7, prematch, seen this instant.
pub(super) fn quote(n: u64, now: Timestamp) -> Quote {
    Quote {
        market: market(n),
        fixture: fixture(n),
        sport: "football".to_owned(),
        market_kind: "match_result".to_owned(),
        status: MarketStatus::Open,
        version: 7,
        open_since: 3,
        price: Some(price("2.5")),
        in_play: false,
        bet_delay: Duration::ZERO,
        budget_each: eur(100_000),
        exposure_max: eur(1_000_000),
        seen_at: Some(now),
        position: TopicPartition::new(Topic::OddsEvents, 3).at(90 + n),
        names: Names::default(),
        asks: Asks::Outcome,
        origin: None,
        book: None,
    }
}

pub(super) fn in_play(n: u64, now: Timestamp) -> Quote {
    Quote {
        in_play: true,
        bet_delay: Duration::from_secs(5),
        ..quote(n, now)
    }
}

pub(super) fn seeing(now: Timestamp, quotes: impl IntoIterator<Item = Quote>) -> Surroundings {
    let by_selection = |quote: Quote| {
        let n = (1..100).find(|n| market(*n) == quote.market).unwrap();
        (selection(n), quote)
    };
    Surroundings {
        at: now,
        evidence: quotes.into_iter().map(by_selection).collect(),
        rules: plain_rules(),
    }
}

/// All or nothing at once: the scenarios of re-offers and referrals say so when it is otherwise.
pub(super) fn plain_rules() -> HouseRules {
    HouseRules {
        acceptance: AcceptanceRules::PLAIN,
        ..HouseRules::default()
    }
}

pub(super) fn leg(n: u64) -> RequestedLeg {
    RequestedLeg {
        selection: selection(n),
        market: market(n),
        fixture: fixture(n),
        price: price("2.5"),
        market_version: 7,
        starting_price: false,
    }
}

/// 10.00 at 2.50 on each of the markets.
pub(super) fn slip(markets: &[u64]) -> SlipRequest {
    SlipRequest {
        bet_type: match markets.len() {
            1 => BetType::Single,
            2 => BetType::Double,
            3 => BetType::Treble,
            _ => BetType::Accumulator,
        },
        legs: markets.iter().map(|n| leg(*n)).collect(),
        sizes: None,
        unit_stake: eur(1_000),
        price_policy: PricePolicy::Exact,
        each_way: false,
        client_ref: None,
        accepts_part: false,
    }
}

pub(super) fn place_seeing(n: u64, slip: SlipRequest, now: Surroundings) -> Command {
    Command::Place(Box::new(Place {
        bet: bet(n),
        customer: ANN,
        slip,
        source: StakeSource::Cash,
        now,
    }))
}

/// Placement at the beginning, all markets open.
pub(super) fn place(n: u64, markets: &[u64]) -> Command {
    let quotes = markets.iter().map(|m| quote(*m, at(0)));
    place_seeing(n, slip(markets), seeing(at(0), quotes))
}

pub(super) fn notice_at(now: Timestamp, notice: Notice) -> Command {
    Command::Notice {
        at: now,
        rules: HouseRules::default(),
        notices: vec![notice],
    }
}

pub(super) fn notice(notice: Notice) -> Command {
    notice_at(at(5), notice)
}

pub(super) fn hold(n: u64) -> Command {
    notice(Notice::Hold {
        bet: bet(n),
        outcome: HoldOutcome::Held,
    })
}

pub(super) fn look(n: u64, now: Surroundings) -> Command {
    Command::EndWait { bet: bet(n), now }
}

pub(super) fn result_of(m: u64, number: u32, outcome: LegResult) -> Notice {
    let result = ResultInForce {
        number,
        outcomes: BTreeMap::from([(selection(m), outcome)]),
        detail: ResultDetail::default(),
    };
    Notice::Results(BTreeMap::from([(market(m), result)]))
}

pub(super) fn result(m: u64, number: u32, outcome: LegResult) -> Command {
    notice(result_of(m, number, outcome))
}

pub(super) fn rollback(m: u64, number: u32) -> Command {
    notice(Notice::Rollback {
        market: market(m),
        result: number,
    })
}

pub(super) fn work() -> Command {
    Command::ContinueWork {
        at: at(60),
        slips_max: 2,
    }
}

pub(super) fn struck(m: u64) -> StruckLeg {
    StruckLeg {
        selection: selection(m),
        market: market(m),
        fixture: fixture(m),
        requested_price: price("2.5"),
        price: price("2.5"),
        market_version: 7,
        book_position: quote(m, at(0)).position,
        in_play: false,
        names: Names::default(),
    }
}

pub(super) fn placed(n: u64, markets: &[u64], potential_return: i64) -> Event {
    Event::BetPlaced(BetPlaced {
        bet: bet(n),
        customer: ANN,
        bet_type: slip(markets).bet_type,
        legs: markets.iter().map(|m| struck(*m)).collect(),
        each_way: false,
        stake: eur(1_000),
        price_policy: PricePolicy::Exact,
        client_ref: None,
        potential_return: eur(potential_return),
        rules_version: 2,
        placed_at: at(0),
    })
}

pub(super) fn accepted(n: u64, markets: &[u64], potential_return: i64, now: Timestamp) -> Event {
    Event::BetAccepted {
        bet: bet(n),
        customer: ANN,
        legs: markets.iter().map(|m| struck(*m)).collect(),
        potential_return: eur(potential_return),
        accepted_at: now,
        liabilities: markets
            .iter()
            .map(|m| standing(*m, 1, potential_return))
            .collect(),
    }
}

/// So many slips of 10.00 on the market's selection.
pub(super) fn standing(m: u64, slips: u32, returns: i64) -> Liability {
    Liability {
        market: market(m),
        selection: selection(m),
        open: OpenStakes {
            stakes: eur(1_000 * i64::from(slips)),
            returns: eur(returns),
            slips,
        },
    }
}

pub(super) fn rejected(n: u64, held: bool, rejection: Rejection) -> Event {
    Event::BetRejected {
        bet: bet(n),
        customer: ANN,
        held,
        stake: eur(1_000),
        rejection,
    }
}

pub(super) fn leg_decided(n: u64, m: u64, number: u32, outcome: Option<LegResult>) -> Event {
    Event::LegDecided {
        bet: bet(n),
        selection: selection(m),
        result: number,
        decided: outcome.map(|outcome| decided(number, outcome)),
    }
}

/// An outcome and nothing else.
pub(super) const fn decided(result: u32, outcome: LegResult) -> DecidedLeg {
    DecidedLeg {
        result,
        outcome,
        place: None,
        deduction: crate::settlement::Deduction::NONE,
        starting_price: None,
    }
}

pub(super) fn settled(n: u64, number: u32, returned: i64, exact: &str, word: SlipOutcome) -> Event {
    Event::BetSettled {
        bet: bet(n),
        customer: ANN,
        settlement: number,
        stake: eur(1_000),
        returned: eur(returned),
        exact: exact.to_owned(),
        outcome: word,
        settled_at: at(60),
    }
}

pub(super) fn reversed(n: u64, number: u32, returned: i64) -> Event {
    Event::SettlementReversed {
        bet: bet(n),
        customer: ANN,
        settlement: number,
        stake: eur(1_000),
        returned: eur(returned),
    }
}

pub(super) fn advanced(m: u64, part: u32, last: Option<u64>, finished: bool) -> Event {
    advanced_to(m, part, last, finished, vec![])
}

/// The same, when slips opened or closed.
pub(super) fn advanced_to(
    m: u64,
    part: u32,
    last: Option<u64>,
    finished: bool,
    standing: Vec<Liability>,
) -> Event {
    Event::SettlementAdvanced {
        market: market(m),
        part,
        last: last.map(bet),
        finished,
        liabilities: standing,
    }
}

/// Slip n on these markets, struck.
pub(super) fn struck_slip(story: Story, n: u64, markets: &[u64]) -> Story {
    story.after(place(n, markets)).after(hold(n))
}

/// The beginning.
pub(super) fn nothing() -> Story {
    Story::given([])
}
