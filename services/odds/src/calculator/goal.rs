//! Questions about goals.

use super::question::{FitResults, GoalMarket, Goals, Model};
use super::{Unanswerable, wrong};
use odds_domain::goals::fit::{FitError, FitTerms, PlayedMatch, fit};
use odds_domain::goals::{GoalModel, GoalModelError, rates_of};
use odds_domain::outcome::{Line, OutcomeError, Score, Side};
use odds_domain::question::GoalQuestion;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Most results and sides of one fit: what is answered within a request.
const RESULTS_MAX: usize = 1_000;
const SIDES_MAX: usize = 40;

fn model(asked: &Model) -> Result<GoalModel, Unanswerable> {
    let refused = wrong::<GoalModelError>("model");
    let (home, away) = match (asked.home, asked.away, asked.total, asked.supremacy) {
        (Some(home), Some(away), None, None) => (home, away),
        (None, None, Some(total), Some(supremacy)) => {
            rates_of(total, supremacy).map_err(&refused)?
        }
        _either_pair => {
            let reason = "either home and away, or total and supremacy";
            return Err(wrong("model")(reason));
        }
    };
    let model = match (asked.rho, asked.shared) {
        (rho, None) => GoalModel::dixon_coles(home, away, rho.unwrap_or(0.0)),
        (None, Some(shared)) => GoalModel::bivariate(home, away, shared),
        (Some(_), Some(_)) => return Err(wrong("model")("either rho or shared")),
    };
    let model = model.map_err(&refused)?;
    match asked.minutes_left {
        None => Ok(model),
        Some(minutes) => model.with_minutes_left(minutes).map_err(&refused),
    }
}

fn score(text: Option<&str>) -> Result<Score, Unanswerable> {
    text.map_or(Ok(Score::default()), |text| {
        text.parse().map_err(wrong::<OutcomeError>("score"))
    })
}

pub(super) fn goals(asked: &Goals) -> Result<Value, Unanswerable> {
    let model = model(&asked.model)?;
    let grid = model.grid();
    let markets = grid.markets(score(asked.score.as_deref())?);
    Ok(json!({
        "model": model.version(),
        "home_rate": model.home_rate(),
        "away_rate": model.away_rate(),
        "home": markets.home,
        "draw": markets.draw,
        "away": markets.away,
        "over25": markets.over25,
        "btts": markets.btts,
        "mass": grid.mass(),
        "grid": grid.cells(),
        "lowest": grid.cells().iter().take(2).map(|row| row.iter().take(2).collect()).collect::<Vec<Vec<_>>>(),
    }))
}

fn question(asked: &GoalMarket) -> Result<GoalQuestion, Unanswerable> {
    let line = || -> Result<Line, Unanswerable> {
        let text = asked.line.as_deref().unwrap_or_default();
        text.parse().map_err(wrong::<OutcomeError>("line"))
    };
    Ok(match asked.market.as_str() {
        "result" => GoalQuestion::Result,
        "both_to_score" => GoalQuestion::BothToScore,
        "total" => GoalQuestion::Total(line()?),
        "home_total" => GoalQuestion::SideTotal(Side::Home, line()?),
        "away_total" => GoalQuestion::SideTotal(Side::Away, line()?),
        "asian_handicap" => GoalQuestion::AsianHandicap(line()?),
        "european_handicap" => {
            let goals = asked.goals.filter(|goals| (-20..=20).contains(goals));
            let missing = || wrong("goals")("whole goals, 20 at most");
            GoalQuestion::EuropeanHandicap(goals.ok_or_else(missing)?)
        }
        "correct_score" => {
            let most = asked.up_to.filter(|most| *most <= 10);
            let missing = || wrong("up_to")("10 goals at most");
            GoalQuestion::CorrectScore(most.ok_or_else(missing)?)
        }
        other => return Err(wrong("market")(format!("{other:?} is no market of goals"))),
    })
}

pub(super) fn market(asked: &GoalMarket) -> Result<Value, Unanswerable> {
    let model = model(&asked.model)?;
    let score = score(asked.score.as_deref())?;
    let sheet = model.grid().sheet(score, question(asked)?);
    let selections: Vec<Value> = sheet
        .into_iter()
        .map(|(selection, chances)| {
            json!({
                "selection": selection.to_string(),
                "won": chances.won,
                "half_won": chances.half_won,
                "push": chances.push,
                "half_lost": chances.half_lost,
                "lost": chances.lost,
                "fair_probability": chances.fair_probability(),
                "fair_price": chances.fair_price(),
            })
        })
        .collect();
    Ok(json!({"model": model.version(), "selections": selections}))
}

pub(super) fn fitted(asked: &FitResults) -> Result<Value, Unanswerable> {
    let sides: BTreeSet<&str> = asked
        .results
        .iter()
        .flat_map(|result| [result.home.as_str(), result.away.as_str()])
        .collect();
    if asked.results.len() > RESULTS_MAX || sides.len() > SIDES_MAX {
        let reason = format!("at most {RESULTS_MAX} results of {SIDES_MAX} sides");
        return Err(wrong("results")(reason));
    }
    let results = asked
        .results
        .iter()
        .map(|result| {
            Ok(PlayedMatch {
                day: result.day,
                home: result.home.clone(),
                away: result.away.clone(),
                score: score(Some(&result.score))?,
            })
        })
        .collect::<Result<Vec<_>, Unanswerable>>()?;
    let standard = FitTerms::standard(asked.as_of);
    let terms = FitTerms {
        xi: asked.xi.unwrap_or(standard.xi),
        ridge: asked.ridge.unwrap_or(standard.ridge),
        with_rho: asked.with_rho.unwrap_or(standard.with_rho),
        ..standard
    };
    let fitted = fit(&results, &terms).map_err(wrong::<FitError>("results"))?;
    let sides: Map<String, Value> = fitted
        .sides
        .iter()
        .map(|(name, side)| {
            let strength = json!({"attack": side.attack, "defence": side.defence});
            (name.clone(), strength)
        })
        .collect();
    Ok(json!({
        "base": fitted.base,
        "at_home": fitted.at_home,
        "rho": fitted.rho,
        "sides": sides,
        "matches": fitted.matches,
        "weight": fitted.weight,
        "log_likelihood": fitted.log_likelihood,
    }))
}
