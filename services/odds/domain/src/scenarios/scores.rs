//! Results told as scores, and markets with one selection for each answer.

use super::*;
use crate::outcome::{Line, Score};
use crate::rejection::Rejection;

const FIT: Rejection =
    Rejection::OutcomesIncomplete("the market has one selection for each answer, in their order");

fn offer_with(kind: MarketKind, answers: u64) -> MarketOffer {
    MarketOffer {
        kind,
        selections: (0..answers)
            .map(|n| NamedSelection {
                selection: SelectionId::example(200 + n, 0),
                name: n.to_string(),
            })
            .collect(),
        ..offer_of(MARKET)
    }
}

/// A market of that kind, settled by the score: the outcomes in their order.
fn settled(kind: MarketKind, answers: u64, score: Score) -> Vec<Outcome> {
    let offer = offer_with(kind, answers);
    let offered = Event::MarketOffered {
        offer,
        source: "acme".to_owned(),
        version: 1,
    };
    let state = Odd::given([announced(), offered, advanced(2)]).state();
    let told = said(
        3,
        Update::SettleFromScore {
            market: MARKET,
            score,
        },
    );
    let events = Odds::decide(&state, &told).unwrap();
    let Some(Event::MarketResulted { outcomes, .. }) = events.first() else {
        panic!("no result: {events:?}")
    };
    outcomes.iter().map(|result| result.outcome).collect()
}

#[test]
fn a_score_decides_every_kind_of_market_about_goals() {
    use Outcome::{HalfLost, HalfWon, Lost, Void, Won};
    let score = Score::new(2, 1);
    let line = Line::from_quarters;
    assert_eq!(
        settled(MarketKind::MatchResult, 3, score),
        [Won, Lost, Lost]
    );
    assert_eq!(
        settled(MarketKind::TotalGoals(line(12)), 2, score),
        [Void, Void]
    );
    assert_eq!(
        settled(MarketKind::TotalGoals(line(11)), 2, score),
        [HalfWon, HalfLost]
    );
    assert_eq!(
        settled(MarketKind::AsianHandicap(line(-5)), 2, score),
        [HalfLost, HalfWon]
    );
    assert_eq!(settled(MarketKind::BothToScore, 2, score), [Won, Lost]);
    assert_eq!(
        settled(MarketKind::EuropeanHandicap(-1), 3, score),
        [Lost, Won, Lost]
    );
    let scores = settled(MarketKind::CorrectScore(2), 10, score);
    let won: Vec<usize> = (0..10).filter(|at| scores[*at] == Won).collect();
    // 0-0 0-1 0-2 1-0 1-1 1-2 2-0 2-1 2-2, any other.
    assert_eq!(won, [7]);
    let beyond = settled(MarketKind::CorrectScore(2), 10, Score::new(3, 0));
    assert_eq!(beyond.last(), Some(&Won));
}

#[test]
fn an_operator_settles_by_a_score_with_a_reason() {
    let by = |reason: &str| Command::ResultFromScore {
        market: MARKET,
        score: Score::new(0, 2),
        reason: reason.to_owned(),
        by: "trader".to_owned(),
    };
    after_open([])
        .when(by("the report"))
        .then([resulted(3, 1, AWAY_WON, Some("trader"))]);
    after_open([])
        .when(by(""))
        .then_rejected(Rejection::ReasonMissing);
}

#[test]
fn no_score_decides_who_wins_a_race() {
    let offered = Event::MarketOffered {
        offer: offer_with(MarketKind::Winner, 3),
        source: "acme".to_owned(),
        version: 1,
    };
    let score = Score::new(1, 0);
    Odd::given([announced(), offered, advanced(2)])
        .when(said(
            3,
            Update::SettleFromScore {
                market: MARKET,
                score,
            },
        ))
        .then_rejected(Rejection::OutcomesIncomplete(
            "a score decides only markets about goals",
        ));
}

#[test]
fn a_market_has_one_selection_for_each_answer() {
    for (kind, answers) in [
        (MarketKind::BothToScore, 3),
        (MarketKind::CorrectScore(2), 9),
        (MarketKind::CorrectScore(11), 145),
        (MarketKind::EuropeanHandicap(1), 2),
    ] {
        Odd::given([announced(), advanced(1)])
            .when(said(2, Update::OfferMarket(offer_with(kind, answers))))
            .then_rejected(FIT);
    }
}
