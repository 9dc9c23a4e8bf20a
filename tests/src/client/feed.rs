//! The feed: fixtures, markets, prices, results and what takes them back.
//!
//! Duty: say something about a market, mostly sensible. Prohibition: its own count of messages never
//! goes back.

use super::{Client, FEED, partition};
use crate::world::World;
use kernel::{Duration, FixtureId, MarketId, Price, SelectionId, Topic, TopicPartition};
use schemas::odds::{self, OutcomeKind, Update};

impl Client {
    pub(super) fn feed(world: &mut World, partition: u16, update: Update) {
        let sequence = world.client.sequences.entry(partition).or_insert(0);
        *sequence += 1;
        let message = odds::ApplyFeedMessage {
            source: FEED.to_owned(),
            sequence: *sequence,
            published_at: world.now,
            update,
        };
        let at = TopicPartition::new(Topic::OddsCommands, partition);
        Self::send(world, at, odds::Command::ApplyFeedMessage(message), false);
    }

    pub(super) fn announce(world: &mut World) {
        if world.client.fixtures.len() >= 6 {
            let partition = partition(world);
            Self::feed(world, partition, Update::Alive(odds::Alive {}));
            return;
        }
        let partition = partition(world);
        let fixture = FixtureId::from_bytes(world.client.bytes(partition));
        world.client.fixtures.push(fixture);
        let starts_at = world.now.plus(Duration::from_secs(600));
        let update = odds::AnnounceFixture {
            fixture,
            name: format!("Fixture {fixture}"),
            sport: "football".to_owned(),
            starts_at,
        };
        Self::feed(world, partition, Update::AnnounceFixture(update));
    }

    pub(super) fn offer(world: &mut World) {
        let count = world.client.fixtures.len();
        if count == 0 || world.client.markets.len() >= 18 {
            return;
        }
        let which = world.dice.below(count.try_into().unwrap_or(1));
        let fixture = world.client.fixtures[usize::try_from(which).unwrap_or(0)];
        let market = MarketId::from_bytes(world.client.bytes(fixture.partition()));
        let selections: Vec<SelectionId> = (0..3)
            .map(|_| SelectionId::from_bytes(world.client.bytes(fixture.partition())))
            .collect();
        let named = ["home", "draw", "away"];
        let update = odds::OfferMarket {
            market,
            fixture,
            name: "Match result".to_owned(),
            kind: odds::MarketKind::MatchResult(odds::MatchResult {}),
            selections: selections
                .iter()
                .zip(named)
                .map(|(selection, name)| odds::SelectionName {
                    selection: *selection,
                    name: name.to_owned(),
                })
                .collect(),
        };
        world.client.markets.push((market, fixture, selections));
        Self::feed(world, fixture.partition(), Update::OfferMarket(update));
    }

    pub(super) fn feed_market(world: &mut World) {
        let count = world.client.markets.len();
        if count == 0 {
            return;
        }
        let which = world.dice.below(count.try_into().unwrap_or(1));
        let (market, fixture, selections) =
            world.client.markets[usize::try_from(which).unwrap_or(0)].clone();
        let update = match world.dice.below(100) {
            0..=50 => Update::QuoteBook(odds::QuoteBook {
                market,
                prices: selections
                    .iter()
                    .map(|selection| odds::SelectionPrice {
                        selection: *selection,
                        price: Price::from_micros(
                            1_050_000 + 10_000 * i64::try_from(world.dice.below(400)).unwrap_or(0),
                        )
                        .ok(),
                    })
                    .collect(),
            }),
            51..=57 => Update::Suspend(odds::Suspend {
                fixture,
                market: Some(market),
                reason: "possible goal".to_owned(),
            }),
            58..=68 => Update::Resume(odds::Resume {
                fixture,
                market: Some(market),
            }),
            69..=75 => Update::TurnInPlay(odds::TurnInPlay {
                market,
                bet_delay: Duration::from_secs(2),
            }),
            76 => Update::Close(odds::Close { market }),
            77..=91 => Self::settle(world, market, &selections),
            92..=94 => Self::roll_back(world, market),
            95..=97 => Self::cancel_bets(world, market),
            _ => Self::restore_bets(world, market),
        };
        let partition = update_partition(&update).unwrap_or(fixture.partition());
        Self::feed(world, partition, update);
    }

    /// Mostly a market that has a result.
    pub(super) fn roll_back(world: &mut World, market: MarketId) -> Update {
        let count = world.client.resulted.len();
        let which = usize::try_from(world.dice.below(count.try_into().unwrap_or(1)));
        let resulted = world.client.resulted.get(which.unwrap_or(0)).copied();
        Update::RollBack(odds::RollBack {
            market: resulted.unwrap_or(market),
            reason: "wrong result".to_owned(),
        })
    }

    /// Somebody says that prices of the last moments were obviously wrong, or somebody agrees,
    /// perhaps the same person, perhaps to nothing.
    pub(super) fn rule(world: &mut World) {
        let count = world.client.markets.len();
        if count == 0 {
            return;
        }
        let which = world.dice.below(count.try_into().unwrap_or(1));
        let (market, _, selections) =
            world.client.markets[usize::try_from(which).unwrap_or(0)].clone();
        let by = if world.dice.permille(500) {
            "ann"
        } else {
            "bob"
        };
        let command = if world.dice.permille(400) {
            let millis = i64::try_from(world.dice.below(60_000)).unwrap_or(0);
            let price = |micros| Price::from_micros(micros).ok();
            let shown = 1_520_000 + 10_000 * i64::try_from(world.dice.below(100)).unwrap_or(0);
            let Some((shown, right)) = price(shown).zip(price(1_010_000)) else {
                return;
            };
            odds::Command::ProposeRuling(odds::ProposeRuling {
                market,
                mistake: odds::Mistake {
                    from: world.now.minus(Duration::from_millis(millis)),
                    until: world.now.minus(Duration::from_millis(millis.min(5))),
                    prices: selections
                        .iter()
                        .take(2)
                        .map(|selection| odds::MistakenPrice {
                            selection: *selection,
                            shown,
                            right,
                        })
                        .collect(),
                    reason: "the point was left out".to_owned(),
                },
                by: by.to_owned(),
            })
        } else {
            odds::Command::ApproveRuling(odds::ApproveRuling {
                market,
                ruling: 1 + u32::try_from(world.dice.below(3)).unwrap_or(0),
                reason: "seen the same".to_owned(),
                by: by.to_owned(),
            })
        };
        let at = TopicPartition::new(Topic::OddsCommands, market.partition());
        Self::send(world, at, command, true);
    }

    /// The source says that bets of the last moments, of all time or from now on do not count.
    pub(super) fn cancel_bets(world: &mut World, market: MarketId) -> Update {
        let back = |world: &mut World| {
            let millis = i64::try_from(world.dice.below(30_000)).unwrap_or(0);
            world.now.minus(Duration::from_millis(millis))
        };
        let (from, until) = match world.dice.below(4) {
            0 => (Some(back(world)), None),
            1 => (None, Some(back(world))),
            2 => (None, None),
            _ => {
                let (a, b) = (back(world), back(world));
                (Some(a.min(b)), Some(a.max(b)))
            }
        };
        world.client.cancelled.push((market, from, until));
        Update::CancelBets(odds::CancelBets {
            market,
            from,
            until,
            reason: "the start was told too late".to_owned(),
        })
    }

    /// It takes such a word back, mostly one that it said.
    pub(super) fn restore_bets(world: &mut World, market: MarketId) -> Update {
        let count = world.client.cancelled.len();
        let which = usize::try_from(world.dice.below(count.try_into().unwrap_or(1)));
        let said = world.client.cancelled.get(which.unwrap_or(0)).copied();
        let (market, from, until) = said.unwrap_or((market, None, None));
        Update::RestoreBets(odds::RestoreBets {
            market,
            from,
            until,
        })
    }

    pub(super) fn settle(
        world: &mut World,
        market: MarketId,
        selections: &[SelectionId],
    ) -> Update {
        world.client.resulted.push(market);
        let first = usize::try_from(world.dice.below(3)).unwrap_or(0);
        let kinds = Self::kinds(world.dice.below(10));
        let outcomes = selections
            .iter()
            .cycle()
            .skip(first)
            .zip(kinds)
            .map(|(selection, kind)| odds::SelectionOutcome {
                selection: *selection,
                outcome: odds::Outcome {
                    kind,
                    places: u16::from(kind == OutcomeKind::DeadHeat),
                    tied: 2 * u16::from(kind == OutcomeKind::DeadHeat),
                },
            })
            .collect();
        Update::Settle(odds::Settle { market, outcomes })
    }

    /// What becomes of three selections: mostly one wins, now and then something rarer.
    pub(super) const fn kinds(rolled: u64) -> [OutcomeKind; 3] {
        use OutcomeKind::{DeadHeat, HalfLost, HalfWon, Lost, Void, Won};
        match rolled {
            0 => [Void, Void, Void],
            1 => [Won, Lost, Void],
            2 => [HalfWon, HalfLost, Lost],
            3 => [DeadHeat, DeadHeat, Lost],
            4 => [HalfLost, HalfWon, Void],
            _ => [Won, Lost, Lost],
        }
    }

    /// Most markets get a last result, and some of those a last correction.
    pub(super) fn final_whistle(world: &mut World) -> bool {
        let left = match &mut world.client.finals {
            Some(left) => left,
            none => none.insert(world.client.markets.clone()),
        };
        let Some((market, fixture, selections)) = left.pop() else {
            return false;
        };
        if world.dice.permille(400) {
            let wrong = odds::RollBack {
                market,
                reason: "corrected".to_owned(),
            };
            Self::feed(world, fixture.partition(), Update::RollBack(wrong));
        }
        if world.dice.permille(800) {
            let update = Self::settle(world, market, &selections);
            Self::feed(world, fixture.partition(), update);
        }
        if world.dice.permille(300)
            && let Some(left) = &mut world.client.finals
        {
            left.insert(0, (market, fixture, selections));
        }
        true
    }
}

/// The partition of a roll-back, which may be of another fixture's market.
pub(super) fn update_partition(update: &Update) -> Option<u16> {
    if let Update::RollBack(wrong) = update {
        Some(wrong.market.partition())
    } else if let Update::RestoreBets(restored) = update {
        Some(restored.market.partition())
    } else {
        None
    }
}
