//! Obviously wrong prices: what odds is asked, who may ask it, and what a preview tells.

use crate::world::*;
use axum::http::StatusCode;
use kernel::*;
use schemas::rows::{BalanceRow, BetFundingRow, BetRow, BetStatus, BetStatusRow, BonusRow, table};
use schemas::{Body as RecordBody, Wire, bets, ledger, odds, promotions};
use serde_json::{Value, json};

fn path(rest: &str) -> String {
    format!("/v1/admin/markets/{MARKET}/{rest}")
}

fn mistake() -> Value {
    json!({
        "from": "2026-11-22T15:00:00Z",
        "until": "2026-11-22T15:05:00Z",
        "prices": [{"selection_id": HOME.to_string(), "shown": "25", "right": "2.5"}],
        "reason": "the point was left out",
    })
}

fn recorded(asked: &odds::ProposeRuling) -> odds::RulingProposed {
    odds::RulingProposed {
        market: asked.market,
        ruling: 1,
        rules_version: 1,
        mistake: asked.mistake.clone(),
        by: asked.by.clone(),
        proposed_at: Timestamp::from_millis(1_780_000_000_000),
        lapses_at: Timestamp::from_millis(1_880_000_000_000),
    }
}

#[tokio::test(start_paused = true)]
async fn one_person_proposes_and_another_one_approves() {
    let world = World::new();
    let mut inbox = Inbox::<odds::Command>::new(&world.log, Topic::OddsCommands, 1);
    let mut journal = world.offer().await;
    let playing = async {
        let asked = inbox.next().await;
        let odds::Command::ProposeRuling(wish) = &asked.command else {
            panic!("{asked:?}")
        };
        assert_eq!(wish.mistake.prices[0].shown, "25".parse().unwrap());
        let proposed = recorded(wish);
        let body = RecordBody {
            rejection: None,
            events: vec![odds::Event::RulingProposed(proposed.clone())],
        };
        journal.answer::<_, _, odds::Rejection>(&asked, body).await;
        let asked = inbox.next().await;
        let odds::Command::ApproveRuling(wish) = &asked.command else {
            panic!("{asked:?}")
        };
        assert_ne!(wish.by, proposed.by);
        let approved = odds::RulingApproved {
            market: MARKET,
            ruling: wish.ruling,
            mistake: proposed.mistake,
            proposed_by: proposed.by,
            proposed_at: proposed.proposed_at,
            lapses_at: proposed.lapses_at,
            reason: wish.reason.clone(),
            by: wish.by.clone(),
            approved_at: Timestamp::from_millis(1_780_000_001_000),
        };
        let body = RecordBody {
            rejection: None,
            events: vec![odds::Event::RulingApproved(approved)],
        };
        journal.answer::<_, _, odds::Rejection>(&asked, body).await;
    };
    let asking = async {
        let proposed = world
            .post("trader", &path("void-prices"), "p", &mistake())
            .await;
        assert_eq!(proposed.status, StatusCode::OK, "{:?}", proposed.json());
        assert_eq!(proposed.json()["ruling"], 1);
        assert!(proposed.json()["lapses_at"].is_string());
        world.caught_up().await;
        let waiting = world.get("operator", &path("void-prices")).await.json();
        assert_eq!(waiting["items"][0]["status"], "proposed");
        let body = json!({"ruling": 1, "reason": "seen the same"});
        let approved = world
            .post("operator", &path("void-prices/approve"), "a", &body)
            .await;
        assert_eq!(approved.json()["status"], "approved");
        world.caught_up().await;
        let list = world.get("operator", &path("void-prices")).await.json();
        assert_eq!(list["items"][0]["status"], "approved");
        assert_eq!(list["items"][0]["mistake"]["prices"][0]["right"], "2.50");
        assert_eq!(list["items"][0]["approval"]["reason"], "seen the same");
    };
    tokio::join!(asking, playing);
}

#[tokio::test(start_paused = true)]
async fn one_s_own_proposal_is_refused_with_what_to_do() {
    let world = World::new();
    let mut inbox = Inbox::<odds::Command>::new(&world.log, Topic::OddsCommands, 1);
    let mut journal = world.offer().await;
    let refusing = async {
        let asked = inbox.next().await;
        let body = RecordBody::<odds::Event, _> {
            rejection: Some(odds::Rejection {
                reason: odds::RejectionReason::OwnProposal(odds::OwnProposal {}),
            }),
            events: vec![],
        };
        journal.answer(&asked, body).await;
    };
    let body = json!({"ruling": 1, "reason": "mine"});
    let route = path("void-prices/approve");
    let (refused, ()) = tokio::join!(world.post("operator", &route, "a", &body), refusing);
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (409, "own_proposal")
    );
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("another person")
    );
}

#[tokio::test(start_paused = true)]
async fn customers_and_traders_approve_nothing() {
    let world = World::new();
    let body = json!({"ruling": 1, "reason": "please"});
    for person in ["anna", "trader"] {
        let refused = world
            .post(person, &path("void-prices/approve"), "k", &body)
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{person}");
    }
    let mut without = mistake();
    without["prices"][0]["right"] = json!("none");
    let wrong = world
        .post("trader", &path("void-prices"), "k", &without)
        .await;
    assert_eq!(wrong.json()["errors"][0]["pointer"], "/prices/0/right");
}

/// Anna's settled slip on the home side: 10.00 staked, 25.00 returned, 3.00 left of it.
async fn settled_slip(world: &World) {
    let bet = BetId::example(70, 3);
    let position = TopicPartition::new(Topic::BetsEvents, 3).at(1);
    let leg = bets::StruckLeg {
        selection: HOME,
        market: MARKET,
        fixture: FIXTURE,
        requested_price: "2.5".parse().unwrap(),
        price: "2.5".parse().unwrap(),
        market_version: 2,
        book_position: TopicPartition::new(Topic::OddsEvents, 1).at(1),
        in_play: false,
        selection_name: "Rovers".to_owned(),
        market_name: "Match result".to_owned(),
        fixture_name: "Rovers v United".to_owned(),
    };
    let row = BetRow {
        placed: bets::BetPlaced {
            bet,
            customer: ANNA,
            bet_type: bets::BetType::Single,
            legs: vec![leg],
            stake: eur("10.00"),
            price_policy: bets::PricePolicy::Exact,
            each_way: false,
            client_ref: None,
            potential_return: eur("25.00"),
            rules_version: 1,
            placed_at: Timestamp::from_millis(1),
        },
        position,
    };
    let status = BetStatusRow {
        bet,
        customer: ANNA,
        status: BetStatus::Settled,
        legs: vec![],
        potential_return: None,
        pending_until: None,
        rejection: None,
        settlement: 1,
        returned: Some(eur("25.00")),
        exact: None,
        outcome: Some(bets::SlipOutcome::Won),
        accepted_position: None,
        position,
        at: Timestamp::from_millis(2),
    };
    let at = TopicPartition::new(Topic::BetsEvents, 3);
    world.row(at, table::BET, &bet.bytes(), &row).await;
    world
        .row(at, table::BET_STATUS, &bet.bytes(), &status)
        .await;
    let account = ledger::Account {
        customer: Some(ANNA),
        kind: ledger::AccountKind::Cash,
        currency: Currency::Eur,
    };
    let balance = BalanceRow {
        account: account.clone(),
        posted_minor: 800,
        held_minor: 500,
        entry: 4,
        position: TopicPartition::new(Topic::LedgerEvents, 3).at(1),
        at: Timestamp::from_millis(2),
    };
    let at = TopicPartition::new(Topic::LedgerEvents, 3);
    world
        .row(at, table::BALANCE, &account.to_bytes(), &balance)
        .await;
}

/// The slip's stake was bonus money, and so is its return; what is wagered more becomes cash.
#[tokio::test(start_paused = true)]
async fn a_preview_tells_bonus_money_apart_from_what_would_be_owed() {
    let world = World::new();
    let _journal = world.offer().await;
    settled_slip(&world).await;
    let bonus = promotions::Bonus {
        bonus: BonusId::example(2, 3),
        amount: eur("10.00"),
        wagering_required: eur("10.00"),
        price_min: None,
        converted_max: None,
        expires_at: Timestamp::MAX,
        reason: "welcome".to_owned(),
        granted_by: "bob".to_owned(),
        granted_at: Timestamp::from_millis(1),
        worth: eur("25.00"),
        available: eur("0.00"),
        wagered: eur("10.00"),
        converted: eur("25.00"),
        lapses: 0,
        open_slips: 0,
    };
    let funded = promotions::StakeFunded {
        bet: BetId::example(70, 3),
        customer: ANNA,
        stake: promotions::StakeParts {
            cash: eur("0.00"),
            promotional: eur("10.00"),
        },
        forfeited: eur("0.00"),
        promotion: promotions::Promotion::Bonus(bonus.clone()),
    };
    let at = TopicPartition::new(Topic::BetsEvents, 3);
    let key = funded.bet.bytes().to_vec();
    world
        .row(at, table::BET_FUNDING, &key, &BetFundingRow { funded })
        .await;
    let key = [ANNA.bytes(), bonus.bonus.bytes()].concat();
    let row = BonusRow {
        customer: ANNA,
        bonus,
        position: at.at(2),
    };
    world.row(at, table::BONUS, &key, &row).await;
    let told = world
        .post("operator", &path("rollback?preview=true"), "k", &json!({}))
        .await
        .json();
    // All of the return is taken back, but of the cash only what the wagering had made of it:
    // 10.00, of which 3.00 are there.
    assert_eq!(
        told["returned"],
        json!([{"amount": "25.00", "currency": "EUR"}])
    );
    let owed = json!([{"amount": "7.00", "currency": "EUR"}]);
    assert_eq!(told["debts"]["sum"], owed);
}

#[tokio::test(start_paused = true)]
async fn a_preview_tells_bets_money_and_debts_and_asks_nobody() {
    let world = World::new();
    let inbox = Inbox::<odds::Command>::new(&world.log, Topic::OddsCommands, 1);
    let _journal = world.offer().await;
    settled_slip(&world).await;
    let rollback = world
        .post("operator", &path("rollback?preview=true"), "k", &json!({}))
        .await
        .json();
    assert_eq!(
        (&rollback["bets"], &rollback["accounts"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        rollback["returned"],
        json!([{"amount": "25.00", "currency": "EUR"}])
    );
    assert_eq!(rollback["paid"], json!([]));
    let owes =
        json!([{"customer_id": ANNA.to_string(), "owes": {"amount": "22.00", "currency": "EUR"}}]);
    assert_eq!(rollback["debts"]["items"], owes);
    // Won again, at twice the stake: 5.00 less, of which 3.00 are there.
    let outcomes = json!({"reason": "r", "outcomes": [
        {"selection_id": HOME.to_string(), "outcome": "won"},
        {"selection_id": AWAY.to_string(), "outcome": "lost"},
    ]});
    let result = world
        .post("operator", &path("result?preview=true"), "k", &outcomes)
        .await
        .json();
    assert_eq!(
        (&result["bets"], &result["bets_settled"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        result["paid"],
        json!([{"amount": "20.00", "currency": "EUR"}])
    );
    assert_eq!(
        result["debts"]["sum"],
        json!([{"amount": "2.00", "currency": "EUR"}])
    );
    assert_eq!(inbox.count().await, 0, "nobody was asked to do anything");
}
