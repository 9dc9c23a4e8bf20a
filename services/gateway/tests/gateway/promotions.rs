//! Free bets and bonus money from outside: who gives, what bets is asked, what customers see.

use crate::money::with_money;
use crate::world::*;
use axum::http::StatusCode;
use kernel::*;
use schemas::bets::{Command, Event};
use schemas::promotions::{Bonus, FreeBet, StakeSource};
use schemas::rows::{BetFundingRow, BonusRow, FreeBetRow, table};
use schemas::{Body as RecordBody, bets, promotions};
use serde_json::{Value, json};

const TOKEN: FreeBetId = FreeBetId::example(1, 3);
const END: Timestamp = Timestamp::from_millis(4_000_000_000_000);

fn eur_cents(minor: i64) -> Money {
    Money::from_minor(minor, Currency::Eur)
}

fn token(used_by: &[BetId]) -> FreeBet {
    FreeBet {
        free_bet: TOKEN,
        value: eur("10.00"),
        price_min: "1.5".parse().ok(),
        stake_returned: false,
        expires_at: END,
        reason: "sorry".to_owned(),
        granted_by: "bob".to_owned(),
        granted_at: Timestamp::from_millis(1),
        used_by: used_by.to_vec(),
    }
}

fn bonus(available: i64, wagered: i64) -> Bonus {
    Bonus {
        bonus: BonusId::example(2, 3),
        amount: eur("20.00"),
        wagering_required: eur("100.00"),
        price_min: None,
        converted_max: None,
        expires_at: END,
        reason: "welcome".to_owned(),
        granted_by: "bob".to_owned(),
        granted_at: Timestamp::from_millis(1),
        worth: eur_cents(available),
        available: eur_cents(available),
        wagered: eur_cents(wagered),
        converted: eur_cents(0),
        lapses: 0,
        open_slips: 0,
    }
}

fn bonus_path() -> String {
    format!("/v1/admin/customers/{ANNA}/bonus")
}

fn token_path() -> String {
    format!("/v1/admin/customers/{ANNA}/free-bets")
}

fn bonus_body() -> Value {
    json!({
        "amount": {"amount": "20.00", "currency": "EUR"},
        "wagering_times": 5,
        "price_min": "1.50",
        "converted_max": {"amount": "100.00", "currency": "EUR"},
        "expires_at": "2096-10-02T07:06:40Z",
        "reason": "welcome",
    })
}

fn token_body() -> Value {
    json!({
        "value": {"amount": "10.00", "currency": "EUR"},
        "expires_at": "2096-10-02T07:06:40Z",
        "reason": "sorry",
    })
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

fn recorded(events: Vec<Event>) -> RecordBody<Event, bets::Rejection> {
    RecordBody {
        rejection: None,
        events,
    }
}

#[tokio::test(start_paused = true)]
async fn an_operator_gives_bonus_money_once_for_a_key() {
    let world = World::new();
    with_money(&world).await;
    let mut owner = BetsOwner::claim(&world).await;
    let given = async {
        let asked = owner.inbox.next().await;
        let Command::GrantBonus(grant) = &asked.command else {
            panic!("{asked:?}")
        };
        assert_eq!((grant.customer, grant.amount), (ANNA, eur("20.00")));
        assert_eq!((grant.wagering_times, grant.expires_at), (5, END));
        assert_eq!(grant.price_min, "1.5".parse().ok());
        assert_eq!(grant.converted_max, Some(eur("100.00")));
        assert_eq!(grant.reason, "welcome");
        assert!(grant.by.starts_with("cus_"));
        let event = Event::BonusGranted(promotions::BonusGranted {
            customer: ANNA,
            bonus: bonus(2_000, 0),
        });
        owner.journal.answer(&asked, recorded(vec![event])).await;
    };
    let (path, body) = (bonus_path(), bonus_body());
    let (answer, ()) = tokio::join!(world.post("operator", &path, "k1", &body), given);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    assert_eq!(answer.json()["bonus"]["wagering_left"]["amount"], "100.00");
    world.caught_up().await;
    let again = world.post("operator", &path, "k1", &body).await;
    assert_eq!(again.json(), answer.json());
    let other = with(bonus_body(), "wagering_times", json!(6));
    let other = world.post("operator", &path, "k1", &other).await;
    assert_eq!(other.code(), "idempotency_key_reused");
}

#[tokio::test(start_paused = true)]
async fn an_operator_gives_a_token() {
    let world = World::new();
    with_money(&world).await;
    let mut owner = BetsOwner::claim(&world).await;
    let given = async {
        let asked = owner.inbox.next().await;
        let Command::GrantFreeBet(grant) = &asked.command else {
            panic!("{asked:?}")
        };
        assert_eq!((grant.value, grant.stake_returned), (eur("10.00"), false));
        let event = Event::FreeBetGranted(promotions::FreeBetGranted {
            customer: ANNA,
            free_bet: token(&[]),
        });
        owner.journal.answer(&asked, recorded(vec![event])).await;
    };
    let (path, body) = (token_path(), token_body());
    let (answer, ()) = tokio::join!(world.post("operator", &path, "k1", &body), given);
    assert_eq!(answer.json()["free_bet"]["status"], "open");
    assert_eq!(answer.json()["free_bet"]["id"], TOKEN.to_string());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_given_is_told_by_its_field() {
    let world = World::new();
    with_money(&world).await;
    for (path, body, code) in [
        (
            bonus_path(),
            with(bonus_body(), "wagering_times", json!(0)),
            "validation_failed",
        ),
        (
            bonus_path(),
            with(bonus_body(), "reason", json!(" ")),
            "reason_missing",
        ),
        (
            bonus_path(),
            with(bonus_body(), "expires_at", json!("soon")),
            "validation_failed",
        ),
        (
            bonus_path(),
            with(bonus_body(), "price_min", json!("0.5")),
            "validation_failed",
        ),
        (
            token_path(),
            with(
                token_body(),
                "value",
                json!({"amount": "1.00", "currency": "GBP"}),
            ),
            "validation_failed",
        ),
        (
            token_path(),
            with(
                token_body(),
                "value",
                json!({"amount": "0.00", "currency": "EUR"}),
            ),
            "validation_failed",
        ),
    ] {
        let refused = world.post("operator", &path, "k", &body).await;
        assert_eq!(refused.code(), code, "{body}");
    }
    for (path, body) in [(bonus_path(), bonus_body()), (token_path(), token_body())] {
        let refused = world.post("anna", &path, "k", &body).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    let nobody = format!("/v1/admin/customers/{}/bonus", CustomerId::example(77, 3));
    let refused = world.post("operator", &nobody, "k", &bonus_body()).await;
    assert_eq!(refused.code(), "customer_unknown");
}

async fn source_of(name: &str, value: &str) -> Option<StakeSource> {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    let body = with(slip("10.00"), name, json!(value));
    world.post("anna", "/v1/bets", "k1", &body).await;
    let mut inbox = Inbox::<Command>::new(&world.log, Topic::BetsCommands, 3);
    match inbox.next().await.command {
        Command::PlaceFundedSlip(place) => Some(place.source),
        Command::PlaceBet(_) => None,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_slip_says_who_pays() {
    let token = source_of("free_bet", &TOKEN.to_string()).await;
    assert!(matches!(token, Some(StakeSource::TokenStake(it)) if it.free_bet == TOKEN));
    let alone = source_of("stake_source", "bonus").await;
    assert!(matches!(alone, Some(StakeSource::BonusStake(it)) if !it.cash_allowed));
    let mixed = source_of("stake_source", "mixed").await;
    assert!(matches!(mixed, Some(StakeSource::BonusStake(it)) if it.cash_allowed));
    assert_eq!(source_of("stake_source", "cash").await, None);
}

#[tokio::test(start_paused = true)]
async fn no_part_of_a_stake_that_a_promotion_pays_for_is_asked_for() {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    let in_part = |source| {
        let body = with(slip("10.00"), "stake_source", json!(source));
        with(body, "accept_partial", json!(true))
    };
    let refused = world
        .post("anna", "/v1/bets", "k1", &in_part("mixed"))
        .await;
    assert_eq!(refused.code(), "validation_failed");
    assert_eq!(refused.json()["errors"][0]["pointer"], "/accept_partial");
    let cash = world.post("anna", "/v1/bets", "k2", &in_part("cash")).await;
    assert!(cash.status.is_success(), "{}", cash.json());
}

#[tokio::test(start_paused = true)]
async fn a_bet_shows_what_its_stake_is_made_of() {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    world.post("anna", "/v1/bets", "k1", &slip("10.00")).await;
    world.caught_up().await;
    let bets = world.get("anna", "/v1/bets").await.json();
    let bet: BetId = bets["items"][0]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(bets["items"][0]["funding"], Value::Null);
    let funded = promotions::StakeFunded {
        bet,
        customer: ANNA,
        stake: promotions::StakeParts {
            cash: eur("0.00"),
            promotional: eur("10.00"),
        },
        forfeited: eur("0.00"),
        promotion: promotions::Promotion::FreeBet(token(&[bet])),
    };
    let at = TopicPartition::new(Topic::BetsEvents, 3);
    world
        .row(
            at,
            table::BET_FUNDING,
            &bet.bytes(),
            &BetFundingRow { funded },
        )
        .await;
    let shown = world.get("anna", &format!("/v1/bets/{bet}")).await.json();
    assert_eq!(shown["funding"]["source"], "free_bet");
    assert_eq!(shown["funding"]["id"], TOKEN.to_string());
    assert_eq!(shown["funding"]["promotional"]["amount"], "10.00");
}

#[tokio::test(start_paused = true)]
async fn who_pays_is_part_of_the_slip() {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    let by = |source: &str| with(slip("10.00"), "stake_source", json!(source));
    world.post("anna", "/v1/bets", "k1", &by("bonus")).await;
    world.caught_up().await;
    let other = world.post("anna", "/v1/bets", "k1", &by("mixed")).await;
    assert_eq!(other.code(), "idempotency_key_reused");
    let wrong = world.post("anna", "/v1/bets", "k2", &by("luck")).await;
    assert_eq!(wrong.code(), "validation_failed");
    let both = with(by("bonus"), "free_bet", json!(TOKEN.to_string()));
    let wrong = world.post("anna", "/v1/bets", "k3", &both).await;
    assert_eq!(wrong.code(), "validation_failed");
}

#[tokio::test(start_paused = true)]
async fn a_refused_promotion_tells_the_next_step() {
    use bets::RejectionReason as R;
    for (reason, code, field, value) in [
        (
            R::FreeBetUsed(bets::FreeBetUsed { free_bet: TOKEN }),
            "free_bet_used",
            "free_bet_id",
            json!(TOKEN.to_string()),
        ),
        (
            R::FreeBetUnknown(bets::FreeBetUnknown { free_bet: TOKEN }),
            "free_bet_unknown",
            "free_bet_id",
            json!(TOKEN.to_string()),
        ),
        (
            R::FreeBetExpired(bets::FreeBetExpired {
                expired_at: Timestamp::from_millis(0),
            }),
            "free_bet_expired",
            "expired_at",
            json!("1970-01-01T00:00:00Z"),
        ),
        (
            R::PriceBelowMinimum(bets::PriceBelowMinimum {
                selection: HOME,
                minimum: "1.5".parse().unwrap(),
            }),
            "price_below_minimum",
            "minimum",
            json!("1.50"),
        ),
        (
            R::BonusInsufficient(bets::BonusInsufficient {
                available: eur("3.00"),
            }),
            "bonus_insufficient",
            "available",
            json!({"amount": "3.00", "currency": "EUR"}),
        ),
    ] {
        let world = World::new();
        world.offer().await;
        let mut owner = BetsOwner::claim(&world).await;
        let body = with(slip("10.00"), "free_bet", json!(TOKEN.to_string()));
        let (answer, ()) = tokio::join!(
            world.post("anna", "/v1/bets", "k1", &body),
            owner.refuse_next(reason)
        );
        assert_eq!(
            (answer.code().as_str(), &answer.json()[field]),
            (code, &value)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn customers_see_their_tokens_and_how_far_the_wagering_is() {
    let world = World::new();
    with_money(&world).await;
    let at = TopicPartition::new(Topic::BetsEvents, 3);
    let bet = BetId::example(9, 3);
    let row = FreeBetRow {
        customer: ANNA,
        free_bet: token(&[bet]),
        position: at.at(4),
    };
    let key = [ANNA.bytes(), TOKEN.bytes()].concat();
    world.row(at, table::FREE_BET, &key, &row).await;
    let row = BonusRow {
        customer: ANNA,
        bonus: bonus(1_250, 3_000),
        position: at.at(5),
    };
    let key = [ANNA.bytes(), row.bonus.bonus.bytes()].concat();
    world.row(at, table::BONUS, &key, &row).await;
    let shown = world.get("anna", "/v1/account/bonuses").await.json();
    let token = &shown["free_bets"][0];
    assert_eq!(
        (&token["status"], &token["bet_ids"]),
        (&json!("used"), &json!([bet.to_string()]))
    );
    let bonus = &shown["bonuses"][0];
    assert_eq!(bonus["status"], "open");
    assert_eq!(bonus["available"]["amount"], "12.50");
    assert_eq!(bonus["wagering_left"]["amount"], "70.00");
}
