//! The whole state as bytes.
//!
//! Duty: equal states give equal bytes, and the bytes give the state back. Prohibition: this is
//! no published schema: a snapshot of another form is ignored and the log read instead.

use crate::codec;
use kernel::{Duration, FixtureId, MarketId, Money, Price, SelectionId, Timestamp};
use odds_domain::{
    BookOrigin, Budgets, CancelWord, Doubt, Fixture, FixtureDescription, Leaning, Market,
    OperatorStop, PartitionBudget, Phase, Source, State, Sweep, Window,
};
use schemas::odds::{
    BookExplained, FixtureStatus, MarketKind, RaceDescribed, ResultWord, RulingProposed, Score,
    SelectionOutcome, SelectionStakes, StakesNoted,
};
use schemas::{DecodeError, Input, Wire, wire};
use std::collections::BTreeSet;

wire! {
    /// The state.
    record StateBytes {
        fixtures: Vec<FixtureBytes>,
        markets: Vec<MarketBytes>,
        sources: Vec<SourceBytes>,
        heartbeat_at: Option<Timestamp>,
        sweeps: u64,
    }
    /// A fixture.
    record FixtureBytes {
        fixture: FixtureId,
        name: String,
        sport: String,
        starts_at: Timestamp,
        status: FixtureStatus,
        score: Option<Score>,
        minute: Option<u16>,
        markets: Vec<MarketId>,
    }
    /// A market.
    record MarketBytes {
        market: MarketId,
        fixture: FixtureId,
        source: String,
        kind: MarketKind,
        selections: Vec<SelectionId>,
        version: u64,
        prices: Vec<PriceBytes>,
        origin: Option<OriginBytes>,
        in_play: Option<Duration>,
        stopped_by_operator: Option<OperatorStopBytes>,
        stopped_by_source: Option<String>,
        doubt: Option<DoubtBytes>,
        phase: PhaseBytes,
        outcomes: Vec<SelectionOutcome>,
        results: u32,
        resulted_by_operator: bool,
        withdrawn: Vec<SelectionId>,
        result_word: Option<WordBytes>,
        cancellations: Vec<CancellationBytes>,
        rulings: Vec<RulingBytes>,
        exposure_max: Money,
        budget_each: Money,
        budgets: Vec<BudgetBytes>,
        short: Vec<u16>,
    }
    /// What later versions know besides, of markets that have any of it: appended, so that the bytes
    /// of earlier versions are read as a state without it.
    record MoreBytes { markets: Vec<MoreOfMarket> }
    /// See [`MoreBytes`].
    record MoreOfMarket { market: MarketId, race: Option<RaceDescribed>, leaning: Option<LeaningBytes> }
    /// What prices lean against by themselves.
    record LeaningBytes { step_minor: i64, standing: Vec<StakesNoted> }
    /// Where the last book came from.
    record OriginBytes { source_sequence: u64, published_at: Timestamp, explained: BookExplained }
    /// A price or none; a union within a list is a record's field.
    record PriceBytes { price: Option<Price> }
    /// An operator's stop.
    record OperatorStopBytes { by: String, reason: String }
    /// Where a market is in its life.
    enum PhaseBytes { Open, Closed, Resulted }
    /// Why nobody knows what a source would say.
    enum DoubtBytes { SourceSilent, MessagesMissing, SourceDown }
    /// The newest word on a result.
    record WordBytes { said_at: Timestamp, word: ResultWord }
    /// The newest word on the bets of a window.
    record CancellationBytes {
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        said_at: Timestamp,
        cancelled: bool,
    }
    /// A ruling.
    record RulingBytes { proposed: RulingProposed, approved: bool }
    /// A bets partition's budget.
    record BudgetBytes { partition: u16, granted_minor: i64, returned_minor: i64 }
    /// A source.
    record SourceBytes {
        name: String,
        sequence: u64,
        fresh: bool,
        last_heard_at: Option<Timestamp>,
        silent: bool,
        down: Option<String>,
        live: Vec<MarketId>,
        doubted: Vec<MarketId>,
        sweep: Option<SweepBytes>,
    }
    /// A sweep.
    record SweepBytes { number: u64, done: u32, doubt: DoubtBytes }
}

/// The state's bytes.
pub(crate) fn to_bytes(state: &State) -> Vec<u8> {
    let bytes = StateBytes {
        fixtures: state.fixtures.values().map(fixture_to).collect(),
        markets: state.markets.values().map(market_to).collect(),
        sources: state
            .sources
            .iter()
            .map(|(name, source)| source_to(name, source))
            .collect(),
        heartbeat_at: state.heartbeat_at,
        sweeps: state.sweeps,
    };
    let more = MoreBytes {
        markets: state.markets.values().filter_map(more_of).collect(),
    };
    let mut out = Vec::new();
    bytes.encode(&mut out);
    more.encode(&mut out);
    out
}

/// The state of such bytes.
pub(crate) fn from_bytes(bytes: &[u8]) -> Result<State, DecodeError> {
    let mut input = Input::new(bytes);
    let bytes = StateBytes::decode(&mut input)?;
    let more = match input.rest() {
        [] => MoreBytes { markets: vec![] },
        _ => MoreBytes::decode(&mut input)?,
    };
    input.end()?;
    let mut state = State {
        heartbeat_at: bytes.heartbeat_at,
        sweeps: bytes.sweeps,
        ..State::default()
    };
    for fixture in bytes.fixtures {
        state
            .fixtures
            .insert(fixture.fixture, fixture_from(fixture));
    }
    for market in bytes.markets {
        state.markets.insert(market.market, market_from(market)?);
    }
    for known in more.markets {
        if let Some(market) = state.markets.get_mut(&known.market) {
            market.race = known.race.map(|race| codec::described_from_wire(race).0);
            market.leaning = known.leaning.map(|leaning| leaning_from(&leaning));
        }
    }
    for source in bytes.sources {
        state
            .sources
            .insert(source.name.clone(), source_from(source));
    }
    Ok(state)
}

fn fixture_to(fixture: &Fixture) -> FixtureBytes {
    let description = fixture.description.clone();
    FixtureBytes {
        fixture: description.fixture,
        name: description.name,
        sport: description.sport,
        starts_at: description.starts_at,
        status: codec::status_to_wire(fixture.status),
        score: fixture.score.map(codec::score_to_wire),
        minute: fixture.minute,
        markets: fixture.markets.iter().copied().collect(),
    }
}

fn fixture_from(bytes: FixtureBytes) -> Fixture {
    Fixture {
        description: FixtureDescription {
            fixture: bytes.fixture,
            name: bytes.name,
            sport: bytes.sport,
            starts_at: bytes.starts_at,
        },
        status: codec::status_from_wire(bytes.status),
        score: bytes.score.as_ref().map(codec::score_from_wire),
        minute: bytes.minute,
        markets: bytes.markets.into_iter().collect(),
    }
}

fn market_to(market: &Market) -> MarketBytes {
    let (phase, outcomes) = match &market.phase {
        Phase::Open => (PhaseBytes::Open, Vec::new()),
        Phase::Closed => (PhaseBytes::Closed, Vec::new()),
        Phase::Resulted(results) => (PhaseBytes::Resulted, codec::results_to_wire(results)),
    };
    let budgets = &market.budgets;
    MarketBytes {
        market: market.market,
        fixture: market.fixture,
        source: market.source.clone(),
        kind: codec::kind_to_wire(market.kind),
        selections: market.selections.clone(),
        version: market.version,
        prices: market
            .prices
            .iter()
            .map(|&price| PriceBytes { price })
            .collect(),
        origin: market.origin.as_ref().map(|origin| OriginBytes {
            source_sequence: origin.source_sequence,
            published_at: origin.published_at,
            explained: codec::explain::to_wire(
                market.market,
                market.version,
                origin.explanation.clone(),
            ),
        }),
        in_play: market.in_play,
        stopped_by_operator: market
            .stopped_by_operator
            .as_ref()
            .map(|stop| OperatorStopBytes {
                by: stop.by.clone(),
                reason: stop.reason.clone(),
            }),
        stopped_by_source: market.stopped_by_source.clone(),
        doubt: market.doubt.map(doubt_to),
        phase,
        outcomes,
        results: market.results,
        resulted_by_operator: market.resulted_by_operator,
        withdrawn: market.withdrawn.iter().copied().collect(),
        result_word: market.result_word.map(|(said_at, word)| WordBytes {
            said_at,
            word: codec::word_to_wire(word),
        }),
        cancellations: market
            .cancellations
            .iter()
            .map(|(window, word)| CancellationBytes {
                from: window.from,
                until: window.until,
                said_at: word.said_at,
                cancelled: word.cancelled,
            })
            .collect(),
        rulings: market
            .rulings
            .iter()
            .map(|(number, ruling)| RulingBytes {
                proposed: codec::rulings::proposed_to_wire(
                    market.market,
                    *number,
                    0,
                    ruling.proposal.clone(),
                ),
                approved: ruling.approved,
            })
            .collect(),
        exposure_max: budgets.terms.exposure_max,
        budget_each: budgets.terms.budget_each,
        budgets: budgets
            .partitions
            .iter()
            .map(|(&partition, budget)| BudgetBytes {
                partition,
                granted_minor: budget.granted_minor,
                returned_minor: budget.returned_minor,
            })
            .collect(),
        short: budgets.short.iter().copied().collect(),
    }
}

fn market_from(bytes: MarketBytes) -> Result<Market, DecodeError> {
    Ok(Market {
        market: bytes.market,
        fixture: bytes.fixture,
        source: bytes.source,
        kind: codec::kind_from_wire(&bytes.kind),
        selections: bytes.selections,
        version: bytes.version,
        prices: bytes
            .prices
            .into_iter()
            .map(|priced| priced.price)
            .collect(),
        origin: bytes.origin.map(|origin| BookOrigin {
            source_sequence: origin.source_sequence,
            published_at: origin.published_at,
            explanation: codec::explain::from_wire(origin.explained),
        }),
        in_play: bytes.in_play,
        stopped_by_operator: bytes.stopped_by_operator.map(|stop| OperatorStop {
            by: stop.by,
            reason: stop.reason,
        }),
        stopped_by_source: bytes.stopped_by_source,
        doubt: bytes.doubt.map(doubt_from),
        phase: match bytes.phase {
            PhaseBytes::Open => Phase::Open,
            PhaseBytes::Closed => Phase::Closed,
            PhaseBytes::Resulted => Phase::Resulted(codec::results_from_wire(bytes.outcomes)),
        },
        results: bytes.results,
        resulted_by_operator: bytes.resulted_by_operator,
        withdrawn: bytes.withdrawn.into_iter().collect(),
        race: None,
        result_word: bytes
            .result_word
            .map(|word| (word.said_at, codec::word_from_wire(word.word))),
        cancellations: bytes
            .cancellations
            .into_iter()
            .map(|word| {
                let window = Window {
                    from: word.from,
                    until: word.until,
                };
                let cancelled = word.cancelled;
                let said_at = word.said_at;
                (window, CancelWord { said_at, cancelled })
            })
            .collect(),
        rulings: bytes
            .rulings
            .into_iter()
            .map(|ruling| codec::rulings::ruling_from_wire(ruling.proposed, ruling.approved))
            .collect(),
        budgets: Budgets {
            terms: codec::exposure(bytes.exposure_max, bytes.budget_each)?,
            partitions: bytes
                .budgets
                .into_iter()
                .map(|budget| {
                    (
                        budget.partition,
                        PartitionBudget {
                            granted_minor: budget.granted_minor,
                            returned_minor: budget.returned_minor,
                        },
                    )
                })
                .collect(),
            short: bytes.short.into_iter().collect(),
        },
        leaning: None,
    })
}

fn more_of(market: &Market) -> Option<MoreOfMarket> {
    let is_more = market.race.is_some() || market.leaning.is_some();
    is_more.then(|| MoreOfMarket {
        market: market.market,
        race: market
            .race
            .clone()
            .map(|race| codec::race_to_wire(race, None)),
        leaning: market
            .leaning
            .as_ref()
            .map(|leaning| leaning_to(market.market, leaning)),
    })
}

fn leaning_to(market: MarketId, leaning: &Leaning) -> LeaningBytes {
    let standing = leaning.standing.iter();
    LeaningBytes {
        step_minor: leaning.step_minor,
        standing: standing
            .map(
                |(&(bets_partition, selection), &(stakes_minor, returns_minor))| StakesNoted {
                    market,
                    bets_partition,
                    standing: vec![SelectionStakes {
                        selection,
                        stakes_minor,
                        returns_minor,
                    }],
                },
            )
            .collect(),
    }
}

fn leaning_from(bytes: &LeaningBytes) -> Leaning {
    let mut leaning = Leaning::begun(bytes.step_minor);
    for noted in &bytes.standing {
        for stakes in &noted.standing {
            let held = (stakes.stakes_minor, stakes.returns_minor);
            let key = (noted.bets_partition, stakes.selection);
            leaning.standing.insert(key, held);
        }
    }
    leaning
}

fn source_to(name: &str, source: &Source) -> SourceBytes {
    let list = |markets: &BTreeSet<MarketId>| markets.iter().copied().collect();
    SourceBytes {
        name: name.to_owned(),
        sequence: source.sequence,
        fresh: source.fresh,
        last_heard_at: source.last_heard_at,
        silent: source.silent,
        down: source.down.clone(),
        live: list(&source.live),
        doubted: list(&source.doubted),
        sweep: source.sweep.map(|sweep| SweepBytes {
            number: sweep.number,
            done: sweep.done,
            doubt: doubt_to(sweep.doubt),
        }),
    }
}

fn source_from(bytes: SourceBytes) -> Source {
    Source {
        sequence: bytes.sequence,
        fresh: bytes.fresh,
        last_heard_at: bytes.last_heard_at,
        silent: bytes.silent,
        down: bytes.down,
        live: bytes.live.into_iter().collect(),
        doubted: bytes.doubted.into_iter().collect(),
        sweep: bytes.sweep.map(|sweep| Sweep {
            number: sweep.number,
            done: sweep.done,
            doubt: doubt_from(sweep.doubt),
        }),
    }
}

const fn doubt_to(doubt: Doubt) -> DoubtBytes {
    match doubt {
        Doubt::SourceSilent => DoubtBytes::SourceSilent,
        Doubt::MessagesMissing => DoubtBytes::MessagesMissing,
        Doubt::SourceDown => DoubtBytes::SourceDown,
    }
}

const fn doubt_from(doubt: DoubtBytes) -> Doubt {
    match doubt {
        DoubtBytes::SourceSilent => Doubt::SourceSilent,
        DoubtBytes::MessagesMissing => Doubt::MessagesMissing,
        DoubtBytes::SourceDown => Doubt::SourceDown,
    }
}
