//! Large withdrawals: what payments is asked, who may ask it, and what is shown.

use crate::world::*;
use axum::http::StatusCode;
use kernel::*;
use schemas::payments::{ReviewedWithdrawal, WithdrawalApproval};
use schemas::rows::*;
use schemas::{Body as RecordBody, payments};
use serde_json::json;

const ROUTE: &str = "/v1/admin/withdrawals";
const ID: WithdrawalId = WithdrawalId::example(5, 3);

fn approval(by: &str) -> WithdrawalApproval {
    WithdrawalApproval {
        reason: "the winnings are real".to_owned(),
        by: by.to_owned(),
        approved_at: Timestamp::from_millis(2),
    }
}

fn reviewed(withdrawal: WithdrawalId, approvals: &[&str]) -> ReviewedWithdrawal {
    ReviewedWithdrawal {
        withdrawal,
        customer: ANNA,
        amount: eur("12000.00"),
        provider: "simulator".to_owned(),
        requested_at: Timestamp::from_millis(1),
        review_from: eur("10000.00"),
        approvals: approvals.iter().map(|by| approval(by)).collect(),
    }
}

fn approved(by: &str, before: &[&str]) -> payments::Event {
    payments::Event::WithdrawalApproved(payments::WithdrawalApproved {
        reviewed: reviewed(ID, before),
        approval: approval(by),
        last: !before.is_empty(),
    })
}

fn refused(reason: payments::RejectionReason) -> RecordBody<payments::Event, payments::Rejection> {
    RecordBody {
        rejection: Some(payments::Rejection { reason }),
        events: vec![],
    }
}

#[tokio::test(start_paused = true)]
async fn a_withdrawal_carries_from_which_amount_on_two_persons_look_at_it() {
    let world = World::new();
    let mut inbox = Inbox::<payments::Command>::new(&world.log, Topic::PaymentsCommands, 3);
    let mut journal = Owner::claim(&world.log, Topic::PaymentsEvents, 3).await;
    let playing = async {
        let asked = inbox.next().await;
        let payments::Command::RequestWithdrawalWithReview(wish) = &asked.command else {
            panic!("{asked:?}")
        };
        assert_eq!(wish.review_from, eur("10000.00"));
        assert_eq!(wish.instrument.as_deref(), Some("tok_1"));
        let requested = payments::Event::WithdrawalRequested(payments::WithdrawalRequested {
            withdrawal: wish.withdrawal,
            customer: wish.customer,
            amount: wish.amount,
            provider: wish.provider.clone(),
            requested_at: Timestamp::from_millis(1),
        });
        let body = RecordBody {
            rejection: None,
            events: vec![requested],
        };
        journal
            .answer::<_, _, payments::Rejection>(&asked, body)
            .await;
    };
    let body = json!({"amount": "50.00", "currency": "EUR", "instrument": "tok_1"});
    let (asked, ()) = tokio::join!(world.post("anna", "/v1/withdrawals", "k", &body), playing);
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{asked:?}");
    assert_eq!(asked.json()["status"], "pending");
}

#[tokio::test(start_paused = true)]
async fn what_a_person_says_goes_to_payments_under_the_name_of_who_says_it() {
    let world = World::new();
    let mut inbox = Inbox::<payments::Command>::new(&world.log, Topic::PaymentsCommands, 3);
    let mut journal = Owner::claim(&world.log, Topic::PaymentsEvents, 3).await;
    let operator = CustomerId::example(4, 0).to_string();
    let answers = [
        RecordBody {
            rejection: None,
            events: vec![approved(&operator, &[])],
        },
        refused(payments::RejectionReason::ApprovedBefore(
            payments::ApprovedBefore {},
        )),
        RecordBody {
            rejection: None,
            events: vec![approved("otto", &[&operator])],
        },
        RecordBody {
            rejection: None,
            events: vec![],
        },
    ];
    let playing = async {
        for body in answers {
            let asked = inbox.next().await;
            let payments::Command::ApproveWithdrawal(wish) = &asked.command else {
                panic!("{asked:?}")
            };
            assert_eq!((wish.withdrawal, &wish.by), (ID, &operator));
            assert_eq!(wish.reason, "seen");
            journal.answer(&asked, body).await;
        }
    };
    let approve = format!("{ROUTE}/{ID}/approve");
    let body = json!({"reason": " seen "});
    let asking = async {
        let first = world.post("operator", &approve, "1", &body).await;
        assert_eq!(first.status, StatusCode::OK, "{:?}", first.json());
        assert_eq!(first.json()["status"], "waiting");
        let again = world.post("operator", &approve, "2", &body).await;
        assert_eq!(
            (again.status.as_u16(), again.code().as_str()),
            (409, "approved_before")
        );
        for key in ["3", "4"] {
            let last = world.post("operator", &approve, key, &body).await;
            assert_eq!(last.json()["status"], "approved", "{:?}", last.json());
        }
    };
    tokio::join!(asking, playing);
}

#[tokio::test(start_paused = true)]
async fn who_declines_is_told_so_and_every_refusal_has_its_code() {
    use payments::RejectionReason as R;
    let world = World::new();
    let mut inbox = Inbox::<payments::Command>::new(&world.log, Topic::PaymentsCommands, 3);
    let mut journal = Owner::claim(&world.log, Topic::PaymentsEvents, 3).await;
    let declined = payments::Event::WithdrawalDeclined(payments::WithdrawalDeclined {
        reviewed: reviewed(ID, &[]),
        reason: "not now".to_owned(),
        by: "olga".to_owned(),
        declined_at: Timestamp::from_millis(2),
    });
    let refusals = [
        (
            R::WithdrawalUnknown(payments::WithdrawalUnknown {}),
            404,
            "withdrawal_unknown",
        ),
        (
            R::WithdrawalNotInReview(payments::WithdrawalNotInReview {}),
            409,
            "withdrawal_not_in_review",
        ),
        (
            R::WithdrawalAnsweredBefore(payments::WithdrawalAnsweredBefore {}),
            409,
            "withdrawal_answered_before",
        ),
        (R::OwnAccount(payments::OwnAccount {}), 409, "own_account"),
    ];
    let answers = refusals.clone().map(|(reason, _, _)| refused(reason));
    let playing = async {
        let asked = inbox.next().await;
        let payments::Command::DeclineWithdrawal(wish) = &asked.command else {
            panic!("{asked:?}")
        };
        assert_eq!((wish.withdrawal, wish.reason.as_str()), (ID, "not now"));
        let body = RecordBody {
            rejection: None,
            events: vec![declined],
        };
        journal
            .answer::<_, _, payments::Rejection>(&asked, body)
            .await;
        for body in answers {
            let asked = inbox.next().await;
            journal.answer(&asked, body).await;
        }
    };
    let decline = format!("{ROUTE}/{ID}/decline");
    let body = json!({"reason": "not now"});
    let asking = async {
        let said = world.post("operator", &decline, "k", &body).await;
        assert_eq!(said.json()["status"], "declined", "{:?}", said.json());
        for (_, status, code) in &refusals {
            let refused = world.post("operator", &decline, code, &body).await;
            assert_eq!(
                (refused.status.as_u16(), refused.code().as_str()),
                (*status, *code)
            );
        }
    };
    tokio::join!(asking, playing);
}

#[tokio::test(start_paused = true)]
async fn only_who_may_looks_at_large_withdrawals_and_says_why() {
    let world = World::new();
    for person in ["anna", "trader", "auditor"] {
        for word in ["approve", "decline"] {
            let path = format!("{ROUTE}/{ID}/{word}");
            let body = json!({"reason": "please"});
            let refused = world.post(person, &path, "k", &body).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{person}");
        }
        let list = world.get(person, ROUTE).await;
        assert_eq!(list.status, StatusCode::FORBIDDEN, "{person}");
    }
    let path = format!("{ROUTE}/{ID}/approve");
    let body = json!({"reason": " "});
    let refused = world.post("operator", &path, "k", &body).await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/reason");
}

#[tokio::test(start_paused = true)]
async fn staff_see_what_waits_and_who_has_said_what() {
    let world = World::new();
    let at = TopicPartition::new(Topic::PaymentsEvents, 3);
    for (number, status, approvals) in [
        (5, ReviewStatus::Waiting, &["olga"][..]),
        (6, ReviewStatus::Approved, &["olga", "otto"]),
        (7, ReviewStatus::Declined, &[]),
    ] {
        let id = WithdrawalId::example(number, 3);
        let decline = AdjustmentAnswer {
            by: "otto".to_owned(),
            reason: "not now".to_owned(),
            at: Timestamp::from_millis(3),
        };
        let row = WithdrawalReviewRow {
            reviewed: reviewed(id, approvals),
            status,
            decline: (status == ReviewStatus::Declined).then_some(decline),
            position: at.at(1),
            at: Timestamp::from_millis(3),
        };
        world
            .row(at, table::WITHDRAWAL_REVIEW, &id.bytes(), &row)
            .await;
    }
    let all = world.get("operator", ROUTE).await.json();
    let ids = all["items"].as_array().unwrap().iter();
    let ids: Vec<_> = ids.map(|item| item["status"].clone()).collect();
    assert_eq!(ids, ["declined", "approved", "waiting"], "newest first");
    let waiting = world
        .get("operator", &format!("{ROUTE}?status=waiting"))
        .await
        .json();
    assert_eq!(waiting["items"].as_array().unwrap().len(), 1, "{waiting}");
    let item = &waiting["items"][0];
    assert_eq!(item["customer_id"], ANNA.to_string());
    assert_eq!(item["amount"]["amount"], "12000.00");
    assert_eq!(item["review_from"]["amount"], "10000.00");
    assert_eq!(item["approvals"][0]["by"], "olga");
    assert_eq!(item["approvals"][0]["reason"], "the winnings are real");
    let declined = format!("{ROUTE}/{}", WithdrawalId::example(7, 3));
    let declined = world.get("operator", &declined).await.json();
    assert_eq!(declined["decline"]["reason"], "not now");
    let none = format!("{ROUTE}/{}", WithdrawalId::example(8, 3));
    let none = world.get("operator", &none).await;
    assert_eq!(none.code(), "withdrawal_unknown");
    let odd = world
        .get("operator", &format!("{ROUTE}?status=lapsed"))
        .await;
    assert_eq!(odd.code(), "validation_failed");
}

#[tokio::test(start_paused = true)]
async fn what_has_waited_for_long_is_found_behind_what_was_answered_since() {
    let world = World::new();
    let at = TopicPartition::new(Topic::PaymentsEvents, 3);
    // More than are looked at at once.
    for number in 1..=430 {
        let id = WithdrawalId::example(number, 3);
        let waits = number == 1 || number == 429;
        let status = if waits {
            ReviewStatus::Waiting
        } else {
            ReviewStatus::Approved
        };
        let row = WithdrawalReviewRow {
            reviewed: reviewed(id, &[]),
            status,
            decline: None,
            position: at.at(1),
            at: Timestamp::from_millis(3),
        };
        world
            .row(at, table::WITHDRAWAL_REVIEW, &id.bytes(), &row)
            .await;
    }
    let page = format!("{ROUTE}?status=waiting&limit=2");
    let list = world.get("operator", &page).await.json();
    let ids = list["items"].as_array().unwrap().iter();
    let ids: Vec<_> = ids.map(|item| item["id"].clone()).collect();
    let expected = [429, 1].map(|number| WithdrawalId::example(number, 3).to_string());
    assert_eq!(ids, expected, "{list}");
    let rest = list["next_cursor"].as_str().expect("it may go on");
    let rest = format!("{page}&cursor={rest}");
    let rest = world.get("operator", &rest).await.json();
    assert_eq!(
        (&rest["items"], &rest["next_cursor"]),
        (&json!([]), &json!(null))
    );
    // Page by page, each once.
    let (mut seen, mut cursor) = (0, String::new());
    loop {
        let list = world
            .get("operator", &format!("{ROUTE}?limit=43{cursor}"))
            .await
            .json();
        seen += list["items"].as_array().unwrap().len();
        match list["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, 430);
}
