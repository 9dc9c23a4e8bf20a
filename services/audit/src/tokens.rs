//! Tokens, folded a second time.
//!
//! Duty: from what was given and staked alone, which bets have a token; that it pays one bet at a
//! time, no more than it is worth and nothing but the stake, and is free again after a void or a
//! rejection and only then. Prohibition: what events tell of a token is compared and never taken
//! over.

use crate::findings::Findings;
use kernel::{BetId, FreeBetId, InvariantId, Money, Position};
use rustc_hash::FxHashMap;
use schemas::bets::{Event, SlipOutcome};
use schemas::promotions::{Conversion, FreeBet, Promotion, StakeParts};
use std::collections::BTreeSet;

/// A token as the movements leave it.
#[derive(Debug)]
struct Token {
    value: Money,
    used_by: BTreeSet<BetId>,
}

#[derive(Debug, Default)]
pub(crate) struct Tokens {
    tokens: FxHashMap<FreeBetId, Token>,
    /// The settlement that is divided next: whether it is void throughout.
    settled: Option<(BetId, bool)>,
}

/// What an event does with a token.
struct Move<'a> {
    bet: BetId,
    stake: &'a StakeParts,
    token: &'a FreeBet,
}

impl Tokens {
    pub(crate) fn take_bets(&mut self, position: Position, event: &Event, findings: &mut Findings) {
        if let Event::FreeBetGranted(granted) = event {
            let token = Token {
                value: granted.free_bet.value,
                used_by: BTreeSet::new(),
            };
            let known = self.tokens.insert(granted.free_bet.free_bet, token);
            let once = InvariantId::OneEffectPerRequest;
            findings.require(known.is_none(), once, position, || {
                format!("{} is given twice", granted.free_bet.free_bet)
            });
        } else if let Event::StakeFunded(told) = event {
            if let Some(staked) = moved(told.bet, &told.stake, &told.promotion) {
                self.stake(position, &staked, told.forfeited, findings);
            }
        } else if let Event::FundingReleased(told) = event {
            if let Some(released) = moved(told.bet, &told.stake, &told.promotion) {
                nothing_but_the_token(position, &released, &told.conversion, 0, findings);
                self.follow(position, &released, findings, |used_by| {
                    used_by.remove(&told.bet);
                });
            }
        } else if let Event::BetSettled(settled) = event {
            self.settled = Some((settled.bet, settled.outcome == SlipOutcome::Void));
        } else if let Event::ReturnDivided(told) = event {
            if let Some(divided) = moved(told.bet, &told.stake, &told.promotion) {
                let is_void = self.settled == Some((told.bet, true));
                let back = if is_void {
                    told.stake.promotional.minor()
                } else {
                    0
                };
                nothing_but_the_token(position, &divided, &told.conversion, back, findings);
                let in_cash = told.division.to_bonus.minor() == 0;
                findings.require(in_cash, InvariantId::MoneyIsExact, position, || {
                    format!("{} returns a token's stake to bonus money", told.bet)
                });
                self.follow(position, &divided, findings, |used_by| {
                    if is_void {
                        used_by.remove(&told.bet);
                    }
                });
            }
        } else if let Event::DivisionReversed(told) = event
            && let Some(reversed) = moved(told.bet, &told.stake, &told.promotion)
        {
            let used_by = self.tokens.get(&reversed.token.free_bet);
            let was_void = used_by.is_some_and(|token| !token.used_by.contains(&told.bet));
            let taken = if was_void {
                told.stake.promotional.minor()
            } else {
                0
            };
            let taken = taken.saturating_neg();
            nothing_but_the_token(position, &reversed, &told.conversion, taken, findings);
            self.follow(position, &reversed, findings, |used_by| {
                used_by.insert(told.bet);
            });
        }
    }

    /// It was free, and pays no more than it is worth.
    fn stake(
        &mut self,
        position: Position,
        staked: &Move<'_>,
        forfeited: Money,
        findings: &mut Findings,
    ) {
        let known = self.tokens.get(&staked.token.free_bet);
        let free = known.is_some_and(|token| token.used_by.is_empty());
        findings.require(free, InvariantId::StakesAreReserved, position, || {
            format!(
                "{} is staked on {} and was not free",
                staked.token.free_bet, staked.bet
            )
        });
        let pays = staked.stake.promotional.minor();
        let whole = pays.saturating_add(forfeited.minor());
        let exact = known.is_none_or(|token| pays > 0 && whole == token.value.minor());
        findings.require(exact, InvariantId::MoneyIsExact, position, || {
            format!(
                "{} pays {pays} and loses {forfeited:?}",
                staked.token.free_bet
            )
        });
        self.follow(position, staked, findings, |used_by| {
            used_by.insert(staked.bet);
        });
    }

    /// The bets that have it are those that the record tells.
    fn follow(
        &mut self,
        position: Position,
        told: &Move<'_>,
        findings: &mut Findings,
        change: impl FnOnce(&mut BTreeSet<BetId>),
    ) {
        let name = told.token.free_bet;
        let Some(token) = self.tokens.get_mut(&name) else {
            findings.report(
                InvariantId::RecordsBalance,
                position,
                format!("{name} was never given"),
            );
            return;
        };
        change(&mut token.used_by);
        let agrees = token.used_by.iter().eq(&told.token.used_by);
        findings.require(agrees, InvariantId::RecordsBalance, position, || {
            format!(
                "{name} is on {:?} by the record, on {:?} by its movements",
                told.token.used_by, token.used_by
            )
        });
    }
}

fn moved<'a>(bet: BetId, stake: &'a StakeParts, promotion: &'a Promotion) -> Option<Move<'a>> {
    match promotion {
        Promotion::FreeBet(token) => Some(Move { bet, stake, token }),
        Promotion::Bonus(_) => None,
    }
}

/// No token becomes cash, and so much of it goes to the house.
fn nothing_but_the_token(
    position: Position,
    told: &Move<'_>,
    conversion: &Conversion,
    to_house: i64,
    findings: &mut Findings,
) {
    let moved = (conversion.converted.minor(), conversion.to_house.minor());
    findings.require(
        moved == (0, to_house),
        InvariantId::MoneyIsExact,
        position,
        || {
            format!(
                "{} moves {conversion:?} of a token that paid {:?}; the rule says {to_house}",
                told.bet, told.stake.promotional
            )
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Currency, CustomerId, Timestamp, Topic, TopicPartition};
    use schemas::bets::BetSettled;
    use schemas::promotions::{
        Division, DivisionReversed, FreeBetGranted, ReturnDivided, StakeFunded,
    };

    const ANN: CustomerId = CustomerId::example(1, 0);
    const TOKEN: FreeBetId = FreeBetId::example(3, 0);

    const fn eur(minor: i64) -> Money {
        Money::from_minor(minor, Currency::Eur)
    }

    const fn bet(n: u64) -> BetId {
        BetId::example(n, 0)
    }

    fn token(used_by: &[u64]) -> FreeBet {
        FreeBet {
            free_bet: TOKEN,
            value: eur(800),
            price_min: None,
            stake_returned: false,
            expires_at: Timestamp::MAX,
            reason: "why".to_owned(),
            granted_by: "bob".to_owned(),
            granted_at: Timestamp::MIN,
            used_by: used_by.iter().map(|n| bet(*n)).collect(),
        }
    }

    const STAKE: StakeParts = StakeParts {
        cash: eur(200),
        promotional: eur(800),
    };

    fn granted() -> Event {
        Event::FreeBetGranted(FreeBetGranted {
            customer: ANN,
            free_bet: token(&[]),
        })
    }

    fn funded(n: u64, used_by: &[u64]) -> Event {
        Event::StakeFunded(StakeFunded {
            bet: bet(n),
            customer: ANN,
            stake: STAKE,
            forfeited: eur(0),
            promotion: Promotion::FreeBet(token(used_by)),
        })
    }

    const fn to_house(minor: i64) -> Conversion {
        Conversion {
            converted: eur(0),
            to_house: eur(minor),
        }
    }

    const fn cash(minor: i64) -> Division {
        Division {
            to_cash: eur(minor),
            to_bonus: eur(0),
            wagered: eur(0),
        }
    }

    fn settled(outcome: SlipOutcome, returned: i64, house: i64, used_by: &[u64]) -> [Event; 2] {
        [
            Event::BetSettled(BetSettled {
                bet: bet(1),
                customer: ANN,
                settlement: 1,
                stake: eur(1_000),
                returned: eur(returned),
                exact: String::new(),
                outcome,
                settled_at: Timestamp::MIN,
            }),
            Event::ReturnDivided(ReturnDivided {
                bet: bet(1),
                customer: ANN,
                settlement: 1,
                stake: STAKE,
                division: cash(returned),
                conversion: to_house(house),
                promotion: Promotion::FreeBet(token(used_by)),
            }),
        ]
    }

    fn reversed(house: i64) -> Event {
        Event::DivisionReversed(DivisionReversed {
            bet: bet(1),
            customer: ANN,
            settlement: 1,
            stake: STAKE,
            division: cash(200),
            conversion: to_house(house),
            promotion: Promotion::FreeBet(token(&[1])),
        })
    }

    fn found(events: &[&[Event]]) -> usize {
        let mut tokens = Tokens::default();
        let mut findings = Findings::default();
        let at = TopicPartition::new(Topic::BetsEvents, 0).at(1);
        for event in events.concat() {
            tokens.take_bets(at, &event, &mut findings);
        }
        findings.violations.len()
    }

    #[test]
    fn a_token_goes_and_comes_with_its_slip() {
        let staked = [granted(), funded(1, &[1])];
        let won = settled(SlipOutcome::Won, 1_700, 0, &[1]);
        assert_eq!(found(&[&staked, &won]), 0);
        let void = settled(SlipOutcome::Void, 200, 800, &[]);
        assert_eq!(found(&[&staked, &void, &[funded(2, &[2])]]), 0);
        assert_eq!(found(&[&staked, &void, &[reversed(-800)]]), 0);
    }

    #[test]
    fn a_token_that_pays_twice_or_stays_away_is_found() {
        let staked = [granted(), funded(1, &[1])];
        assert_eq!(found(&[&staked, &[funded(2, &[1, 2])]]), 1);
        assert_eq!(found(&[&staked, &[granted()]]), 1);
        // A loss does not give it back, and a void does.
        assert_eq!(found(&[&staked, &settled(SlipOutcome::Lost, 0, 0, &[])]), 1);
        let kept = settled(SlipOutcome::Void, 200, 0, &[1]);
        assert_eq!(found(&[&staked, &kept]), 2);
        assert!(found(&[&[funded(1, &[1])]]) > 0);
    }
}
