//! Every event and rejection there and back.

use super::*;
use bets_domain::settlement::{
    BetType, Deduction, EachWayTerms, LegResult, LineSide, LineTerms, PlacePart, PlaceTerms,
    Placing, Score, Withdrawal,
};
use bets_domain::{
    BetReferred, BetReoffered, Cancellation, CancelledBy, DecidedLeg, Event, FactorScope, LegTerms,
    OfferedPrice, OwnLimit, PartAgreed, PricePolicy, Race, ReferralAnswered, ReferralWord,
    Rejection, RequestedLeg, ResultDetail, ReturnParts, SetFactor, SlipRequest, SlipTermsFixed,
    Window,
};
use schemas::Wire;
use std::collections::BTreeMap;

fn every_rejection() -> Vec<Rejection> {
    let offered = OfferedPrice {
        selection: HOME,
        price: "2.4".parse().unwrap(),
        market_version: 4,
    };
    vec![
        Rejection::PriceChanged {
            offered: vec![offered],
        },
        Rejection::MarketSuspended { market: MARKET },
        Rejection::MarketClosed { market: MARKET },
        Rejection::SelectionUnavailable { selection: HOME },
        Rejection::PricesStale {
            newest_at: Some(at(1)),
        },
        Rejection::StakeAboveLimit { maximum: eur(5) },
        Rejection::StakeAboveOwnLimit {
            limit: OwnLimit::LossWeek,
            maximum: eur(5),
            left: eur(9),
            resets_at: Some(at(7)),
        },
        Rejection::StakeBelowMinimum { minimum: eur(6) },
        Rejection::InsufficientFunds { available: eur(7) },
        Rejection::CustomerExcluded { until: at(2) },
        Rejection::CustomerRestricted,
        Rejection::LegsRelated { fixture: FIXTURE },
        Rejection::LegsDoNotFitType {
            expected_min: 2,
            expected_max: 20,
            got: 1,
        },
        Rejection::ExposureReached { market: MARKET },
        Rejection::EachWayNotOffered,
        Rejection::CurrencyMismatch {
            expected: Currency::Gbp,
        },
        Rejection::AccountBlocked,
        Rejection::SizesDoNotFit { legs: 3 },
        Rejection::StartingPriceNotOffered { market: MARKET },
        Rejection::ScoreUnknown { market: MARKET },
        Rejection::ReofferUnknown { reoffer: bet(2) },
        Rejection::ReofferExpired { until: at(3) },
        Rejection::ReofferTaken { bet: bet(3) },
        Rejection::ReferralUnknown { bet: bet(4) },
        Rejection::StakeNotHeld { bet: bet(5) },
        Rejection::ReferralDeclined,
        Rejection::ReferralLapsed,
        Rejection::PartNotAgreed,
        Rejection::BetUnknown,
        Rejection::BetNotOpen,
        Rejection::CashOutNotOffered,
        Rejection::CashOutQuoteUnknown,
        Rejection::CashOutQuoteExpired { expired_at: at(8) },
        Rejection::CashOutValueFell { offered: eur(8) },
        Rejection::CashOutPending { until: at(9) },
        Rejection::CashOutTooSmall,
        Rejection::FreeBetUnknown {
            free_bet: kernel::FreeBetId::example(1, 0),
        },
        Rejection::FreeBetExpired { expired_at: at(8) },
        Rejection::FreeBetUsed {
            free_bet: kernel::FreeBetId::example(2, 0),
        },
        Rejection::PriceBelowMinimum {
            selection: HOME,
            minimum: "1.5".parse().unwrap(),
        },
        Rejection::BonusInsufficient { available: eur(9) },
        Rejection::GrantNotAllowed { maximum: eur(10) },
        Rejection::GrantEnded { ended_at: at(9) },
        Rejection::PromotionalInWhole { bet: bet(3) },
    ]
}

/// Those that the stories of these tests do not come by.
fn other_events() -> Vec<Event> {
    let outcomes = [
        LegResult::Won,
        LegResult::Lost,
        LegResult::Void,
        LegResult::HalfWon,
        LegResult::HalfLost,
        LegResult::DeadHeat { places: 2, tied: 5 },
    ];
    let mut events = vec![
        Event::BetAwaitsBudget {
            bet: bet(1),
            market: MARKET,
            until: at(4),
        },
        Event::BetTermsFixed {
            bet: bet(1),
            terms: SlipTermsFixed {
                unit_stake: eur(25),
                sizes: "2,3".parse().ok(),
                payout_max: Some(eur(50_000)),
                legs: leg_terms().to_vec(),
            },
        },
        Event::ReturnExplained {
            bet: bet(1),
            settlement: 2,
            parts: ReturnParts {
                rules_version: 3,
                win: "5071/25".to_owned(),
                place: "0".to_owned(),
                bonus: "1/3".to_owned(),
                capped_at: Some(eur(4)),
            },
        },
        Event::BetReoffered(BetReoffered {
            bet: bet(1),
            customer: CUSTOMER,
            why: Rejection::StakeAboveLimit { maximum: eur(5) },
            slip: SlipRequest {
                bet_type: BetType::System,
                sizes: "2,3".parse().ok(),
                legs: vec![RequestedLeg {
                    selection: HOME,
                    market: MARKET,
                    fixture: FIXTURE,
                    price: "2.4".parse().unwrap(),
                    market_version: 4,
                    starting_price: true,
                }],
                unit_stake: eur(5),
                price_policy: PricePolicy::Better,
                each_way: true,
                client_ref: Some("slip".to_owned()),
                accepts_part: false,
            },
            stake: eur(10),
            potential_return: eur(30),
            cleared: true,
            offered_at: at(3),
            until: at(33),
        }),
        Event::PartAllowed { bet: bet(1) },
        Event::BetReferred(BetReferred {
            bet: bet(1),
            customer: CUSTOMER,
            stake: eur(9),
            automatic_max: eur(8),
            rules_version: 1,
            until: at(4),
        }),
        Event::PartAgreed(PartAgreed {
            bet: bet(1),
            customer: CUSTOMER,
            asked: eur(9),
            unit_stake: eur(2),
            stake: eur(8),
            potential_return: eur(20),
            until: at(4),
        }),
        Event::StakeReduced {
            bet: bet(1),
            customer: CUSTOMER,
            held: eur(9),
            stake: eur(8),
        },
        Event::ReofferAccepted {
            reoffer: bet(1),
            bet: bet(2),
        },
        Event::CancellationStarted {
            market: MARKET,
            by: CancelledBy::Ruling(2),
            cancellation: Cancellation {
                window: Window {
                    from: Some(at(1)),
                    until: None,
                },
                prices_from: BTreeMap::from([(HOME, "21".parse().unwrap())]),
                reason: "obvious error".to_owned(),
            },
            struck_slips: 7,
        },
        Event::RestorationStarted {
            market: MARKET,
            by: CancelledBy::Source(Window {
                from: None,
                until: Some(at(3)),
            }),
            struck_slips: 7,
        },
        Event::LegVoided {
            bet: bet(1),
            selection: HOME,
            by: CancelledBy::Source(Window::default()),
            reason: "late start".to_owned(),
        },
        Event::LegRestored {
            bet: bet(1),
            selection: HOME,
        },
        Event::BudgetRequested {
            market: MARKET,
            total: eur(1),
        },
        Event::BudgetNoticed {
            market: MARKET,
            total: eur(2),
        },
        Event::BudgetReturned {
            market: MARKET,
            total: eur(3),
        },
        Event::StakeLimitNoticed {
            customer: CUSTOMER,
            per_slip: Some(eur(4)),
            per_day: None,
        },
        Event::StakeFactorSet(SetFactor {
            customer: CUSTOMER,
            scope: FactorScope {
                sport: Some("tennis".to_owned()),
                market_kind: None,
            },
            stake_permille: Some(7),
            reason: "sharp".to_owned(),
            by: "trader".to_owned(),
            at: at(6),
        }),
        Event::ExclusionNoticed {
            customer: CUSTOMER,
            until: at(5),
        },
        Event::RestrictionNoticed {
            customer: CUSTOMER,
            stake_permille: 6,
        },
    ];
    events.extend(OwnLimit::ALL.map(|limit| Event::OwnLimitNoticed {
        customer: CUSTOMER,
        limit,
        amount: (limit != OwnLimit::LossDay).then(|| eur(8)),
    }));
    for outcome in outcomes {
        events.push(Event::SettlementStarted {
            market: MARKET,
            result: 1,
            outcomes: BTreeMap::from([(HOME, outcome)]),
            detail: ResultDetail::default(),
            open_slips: 3,
        });
        events.push(Event::SettlementStarted {
            market: MARKET,
            result: 1,
            outcomes: BTreeMap::from([(HOME, outcome)]),
            detail: detail(),
            open_slips: 3,
        });
        events.push(Event::LegDecided {
            bet: bet(1),
            selection: HOME,
            result: 1,
            decided: Some(plainly(outcome)),
        });
        events.push(Event::LegDecided {
            bet: bet(1),
            selection: HOME,
            result: 1,
            decided: Some(DecidedLeg {
                place: Some(PlacePart {
                    result: outcome,
                    fraction: PlaceTerms::new(1, 5).unwrap(),
                }),
                deduction: Deduction::from_pence(35).unwrap(),
                starting_price: "7.5".parse().ok(),
                ..plainly(outcome)
            }),
        });
    }
    let words = [
        ReferralWord::Accepted,
        ReferralWord::Declined,
        ReferralWord::Offered,
    ];
    events.extend(words.map(|word| {
        Event::ReferralAnswered(ReferralAnswered {
            bet: bet(1),
            customer: CUSTOMER,
            word,
            unit_stake: Some(eur(3)),
            by: "tom".to_owned(),
            reason: "known".to_owned(),
            answered_at: at(5),
            until: at(6),
        })
    }));
    let rejected = |rejection| Event::BetRejected {
        bet: bet(1),
        customer: CUSTOMER,
        held: true,
        stake: eur(9),
        rejection,
    };
    events.extend(every_rejection().into_iter().map(rejected));
    events
}

const fn plainly(outcome: LegResult) -> DecidedLeg {
    DecidedLeg {
        result: 1,
        outcome,
        place: None,
        deduction: Deduction::NONE,
        starting_price: None,
    }
}

fn detail() -> ResultDetail {
    ResultDetail {
        runners: Some(9),
        score: Some(Score { home: 2, away: 1 }),
        placings: BTreeMap::from([(HOME, Placing { place: 2, tied: 3 })]),
        withdrawals: vec![Withdrawal {
            at: 12,
            price: "4.5".parse().unwrap(),
        }],
        starting_prices: BTreeMap::from([(HOME, "7.5".parse().unwrap())]),
    }
}

fn leg_terms() -> [LegTerms; 3] {
    let fixed = EachWayTerms {
        places: 4,
        fraction: PlaceTerms::new(1, 4).unwrap(),
    };
    let race = |fixed| {
        Some(Race {
            runners: 16,
            handicap: true,
            fixed,
        })
    };
    let line = |side, placed_at| {
        Some(LineTerms {
            side,
            quarters: -3,
            placed_at,
        })
    };
    [
        LegTerms {
            starting_price: true,
            race: race(Some(fixed)),
            line: line(LineSide::Home, Some(Score { home: 1, away: 0 })),
        },
        LegTerms {
            starting_price: false,
            race: race(None),
            line: line(LineSide::Under, None),
        },
        LegTerms::default(),
    ]
}

#[test]
fn every_kind_of_slip_keeps_its_name() {
    for bet_type in BetType::ALL {
        let wire = crate::codec::type_to_wire(*bet_type);
        assert_eq!(crate::codec::type_from_wire(wire), *bet_type);
    }
}

#[test]
fn events_keep_their_meaning_through_the_bytes() {
    for event in other_events() {
        let bytes = BetsService::event_to_wire(&event).to_bytes();
        let read = bets::Event::from_bytes(&bytes).unwrap();
        assert_eq!(BetsService::event_from_wire(read), Ok(event));
    }
}

#[test]
fn a_placed_slip_is_never_rejected_for_its_command_s_sake() {
    for rejection in [
        BetsService::expired(),
        BetsService::undecodable("garbage".to_owned()),
    ] {
        let recorded = bets::Event::BetRejected(bets::BetRejected {
            bet: bet(1),
            customer: CUSTOMER,
            held: true,
            stake: eur(9),
            rejection,
        });
        assert!(BetsService::event_from_wire(recorded).is_err());
    }
}

#[test]
fn a_slip_with_a_place_part_is_read_as_one() {
    let mut partition = Partition::new();
    let placed = partition.request(place(1), at(10));
    let [bets::Event::BetPlaced(placed)] = &placed[..] else {
        panic!("placed")
    };
    let each_way = bets::BetPlaced {
        each_way: true,
        ..placed.clone()
    };
    assert!(matches!(
        BetsService::event_from_wire(bets::Event::BetPlaced(each_way)),
        Ok(Event::BetPlaced(read)) if read.each_way
    ));
}

#[test]
fn damaged_snapshots_are_refused() {
    let mut partition = Partition::new();
    partition.request(place(1), at(10));
    let bytes = BetsService::snapshot(&partition.state);
    for length in 0..bytes.len() {
        assert!(BetsService::restore(&bytes[..length]).is_err());
    }
}
