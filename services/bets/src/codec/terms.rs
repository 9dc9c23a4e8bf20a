//! What is agreed on a slip besides prices, and what a result makes of it.

use super::{outcome_from_wire, outcome_to_wire, sizes_from_wire, sizes_to_wire};
use bets_domain::settlement::{
    Deduction, EachWayTerms, LineSide, LineTerms, PlacePart, PlaceTerms, Placing, Score, Withdrawal,
};
use bets_domain::{
    DecidedLeg, Event, LegTerms, PriceOrigin, Race, ResultDetail, ReturnParts, SlipTermsFixed,
};
use kernel::{BetId, SelectionId};
use schemas::{DecodeError, bets as wire, odds};

pub(crate) fn fixed_to_wire(bet: BetId, fixed: &SlipTermsFixed) -> wire::BetTermsFixed {
    wire::BetTermsFixed {
        bet,
        unit_stake: fixed.unit_stake,
        sizes: sizes_to_wire(fixed.sizes),
        payout_max: fixed.payout_max,
        legs: fixed.legs.iter().map(leg_terms_to_wire).collect(),
    }
}

pub(crate) fn fixed_from_wire(fixed: &wire::BetTermsFixed) -> Result<Event, DecodeError> {
    let legs: Result<Vec<LegTerms>, DecodeError> =
        fixed.legs.iter().map(leg_terms_from_wire).collect();
    Ok(Event::BetTermsFixed {
        bet: fixed.bet,
        terms: SlipTermsFixed {
            unit_stake: fixed.unit_stake,
            sizes: sizes_from_wire(&fixed.sizes),
            payout_max: fixed.payout_max,
            legs: legs?,
        },
    })
}

pub(crate) fn leg_terms_to_wire(terms: &LegTerms) -> wire::LegTerms {
    wire::LegTerms {
        starting_price: terms.starting_price,
        race: terms.race.map(|race| wire::RaceTerms {
            runners: race.runners,
            handicap: race.handicap,
            fixed: race.fixed.map(|fixed| wire::PlaceTerms {
                places: fixed.places,
                numerator: fixed.fraction.numerator(),
                denominator: fixed.fraction.denominator(),
            }),
        }),
        line: terms.line.map(|line| wire::LineTerms {
            side: match line.side {
                LineSide::Home => wire::LineSide::Home,
                LineSide::Away => wire::LineSide::Away,
                LineSide::Over => wire::LineSide::Over,
                LineSide::Under => wire::LineSide::Under,
            },
            line_quarters: line.quarters,
            score: line.placed_at.map(score_to_wire),
        }),
    }
}

pub(crate) fn leg_terms_from_wire(terms: &wire::LegTerms) -> Result<LegTerms, DecodeError> {
    Ok(LegTerms {
        starting_price: terms.starting_price,
        race: terms.race.as_ref().map(race_from_wire).transpose()?,
        line: terms.line.as_ref().map(|line| LineTerms {
            side: match line.side {
                wire::LineSide::Home => LineSide::Home,
                wire::LineSide::Away => LineSide::Away,
                wire::LineSide::Over => LineSide::Over,
                wire::LineSide::Under => LineSide::Under,
            },
            quarters: line.line_quarters,
            placed_at: line.score.as_ref().map(score_from_wire),
        }),
    })
}

fn race_from_wire(race: &wire::RaceTerms) -> Result<Race, DecodeError> {
    let fixed = race.fixed.as_ref().map(|fixed| {
        Ok(EachWayTerms {
            places: fixed.places,
            fraction: fraction(fixed.numerator, fixed.denominator)?,
        })
    });
    Ok(Race {
        runners: race.runners,
        handicap: race.handicap,
        fixed: fixed.transpose()?,
    })
}

fn fraction(numerator: u16, denominator: u16) -> Result<PlaceTerms, DecodeError> {
    PlaceTerms::new(numerator, denominator).map_err(|_| DecodeError::NotAllowed("place fraction"))
}

const fn score_to_wire(score: Score) -> odds::Score {
    odds::Score {
        home: score.home,
        away: score.away,
    }
}

const fn score_from_wire(score: &odds::Score) -> Score {
    Score {
        home: score.home,
        away: score.away,
    }
}

pub(crate) fn detail_to_wire(detail: &ResultDetail) -> wire::ResultDetail {
    wire::ResultDetail {
        runners: detail.runners,
        score: detail.score.map(score_to_wire),
        placings: detail
            .placings
            .iter()
            .map(|(selection, at)| wire::SelectionPlacing {
                selection: *selection,
                place: at.place,
                tied: at.tied,
            })
            .collect(),
        withdrawals: detail
            .withdrawals
            .iter()
            .map(|gone| wire::SelectionWithdrawal {
                version: gone.at,
                price: gone.price,
            })
            .collect(),
        starting_prices: detail
            .starting_prices
            .iter()
            .map(|(selection, price)| wire::StartingPrice {
                selection: *selection,
                price: *price,
            })
            .collect(),
    }
}

pub(crate) fn detail_from_wire(detail: &wire::ResultDetail) -> ResultDetail {
    let placings = detail.placings.iter();
    let starting_prices = detail.starting_prices.iter();
    ResultDetail {
        runners: detail.runners,
        score: detail.score.as_ref().map(score_from_wire),
        placings: placings
            .map(|at| {
                let placing = Placing {
                    place: at.place,
                    tied: at.tied,
                };
                (at.selection, placing)
            })
            .collect(),
        withdrawals: detail
            .withdrawals
            .iter()
            .map(|gone| Withdrawal {
                at: gone.version,
                price: gone.price,
            })
            .collect(),
        starting_prices: starting_prices.map(|at| (at.selection, at.price)).collect(),
    }
}

/// A leg whose outcome says it all is told as it always was.
pub(crate) fn leg_decided_to_wire(
    bet: BetId,
    selection: SelectionId,
    result: u32,
    decided: Option<DecidedLeg>,
) -> wire::Event {
    let plain = |outcome| {
        wire::Event::LegDecided(wire::LegDecided {
            bet,
            selection,
            result,
            outcome,
        })
    };
    let Some(leg) = decided else {
        return plain(None);
    };
    let full = decided_to_wire(bet, selection, leg);
    if full.place.is_none() && full.deduction_pence == 0 && full.starting_price.is_none() {
        plain(Some(full.outcome))
    } else {
        wire::Event::LegDecidedInFull(full)
    }
}

pub(crate) fn decided_to_wire(
    bet: BetId,
    selection: SelectionId,
    leg: DecidedLeg,
) -> wire::LegDecidedInFull {
    wire::LegDecidedInFull {
        bet,
        selection,
        result: leg.result,
        outcome: outcome_to_wire(leg.outcome),
        place: leg.place.map(|part| wire::PlacePart {
            outcome: outcome_to_wire(part.result),
            numerator: part.fraction.numerator(),
            denominator: part.fraction.denominator(),
        }),
        deduction_pence: leg.deduction.pence(),
        starting_price: leg.starting_price,
    }
}

pub(crate) fn plain_leg_from_wire(leg: &wire::LegDecided) -> Event {
    let decided = leg.outcome.as_ref().map(|outcome| DecidedLeg {
        result: leg.result,
        outcome: outcome_from_wire(outcome),
        place: None,
        deduction: Deduction::NONE,
        starting_price: None,
    });
    Event::LegDecided {
        bet: leg.bet,
        selection: leg.selection,
        result: leg.result,
        decided,
    }
}

pub(crate) fn full_leg_from_wire(leg: &wire::LegDecidedInFull) -> Result<Event, DecodeError> {
    Ok(Event::LegDecided {
        bet: leg.bet,
        selection: leg.selection,
        result: leg.result,
        decided: Some(decided_from_wire(leg)?),
    })
}

pub(crate) fn decided_from_wire(leg: &wire::LegDecidedInFull) -> Result<DecidedLeg, DecodeError> {
    let place = leg.place.as_ref().map(|part| {
        Ok(PlacePart {
            result: outcome_from_wire(&part.outcome),
            fraction: fraction(part.numerator, part.denominator)?,
        })
    });
    Ok(DecidedLeg {
        result: leg.result,
        outcome: outcome_from_wire(&leg.outcome),
        place: place.transpose()?,
        deduction: Deduction::from_pence(leg.deduction_pence)
            .map_err(|_| DecodeError::NotAllowed("deduction"))?,
        starting_price: leg.starting_price,
    })
}

pub(crate) fn parts_to_wire(
    bet: BetId,
    settlement: u32,
    parts: &ReturnParts,
) -> wire::ReturnExplained {
    wire::ReturnExplained {
        bet,
        settlement,
        rules_version: parts.rules_version,
        win: parts.win.clone(),
        place: parts.place.clone(),
        bonus: parts.bonus.clone(),
        capped_at: parts.capped_at,
    }
}

pub(crate) fn parts_from_wire(parts: wire::ReturnExplained) -> Event {
    Event::ReturnExplained {
        bet: parts.bet,
        settlement: parts.settlement,
        parts: ReturnParts {
            rules_version: parts.rules_version,
            win: parts.win,
            place: parts.place,
            bonus: parts.bonus,
            capped_at: parts.capped_at,
        },
    }
}

pub(crate) fn traced_to_wire(bet: BetId, legs: &[PriceOrigin]) -> wire::PricesTraced {
    wire::PricesTraced {
        bet,
        legs: legs
            .iter()
            .map(|leg| wire::PriceOrigin {
                selection: leg.selection,
                source: leg.source.clone(),
                source_sequence: leg.source_sequence,
                model: leg.model.clone(),
                lean_rules: leg.lean_rules,
                unleaning: leg.unleaning,
            })
            .collect(),
    }
}

pub(crate) fn traced_from_wire(traced: wire::PricesTraced) -> Event {
    let legs = traced.legs.into_iter();
    Event::PricesTraced {
        bet: traced.bet,
        legs: legs
            .map(|leg| PriceOrigin {
                selection: leg.selection,
                source: leg.source,
                source_sequence: leg.source_sequence,
                model: leg.model,
                lean_rules: leg.lean_rules,
                unleaning: leg.unleaning,
            })
            .collect(),
    }
}
