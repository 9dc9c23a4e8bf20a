//! Call-backs that are taken, and those that are not.

use super::*;
use proptest::prelude::*;

const KEY: &[u8] = b"the key in use";
const BODY: &[u8] = br#"{"test": 2432232314}"#;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1_000))
}

fn verify(keys: &[&[u8]], signature: &str, body: &[u8], now: i64) -> Result<(), WebhookError> {
    let headers = WebhookHeaders {
        id: "msg_1",
        timestamp: "1000",
        signature,
    };
    WebhookKeys::new(keys.iter().map(|key| key.to_vec()).collect()).verify(&headers, body, at(now))
}

fn signature() -> String {
    sign(KEY, "msg_1", "1000", BODY)
}

#[test]
fn the_published_example_of_the_scheme_verifies() {
    let key = STANDARD
        .decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        .expect("base64");
    let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", BODY);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_good_signature_is_taken_for_five_minutes_either_way() {
    for now in [700, 1_000, 1_300] {
        assert_eq!(verify(&[KEY], &signature(), BODY, now), Ok(()));
    }
    for now in [699, 1_301, 259_200] {
        let refused = verify(&[KEY], &signature(), BODY, now);
        assert_eq!(refused, Err(WebhookError::TimeOutOfTolerance));
    }
}

#[test]
fn a_changed_body_id_time_or_key_is_noticed() {
    let wrong = Err(WebhookError::SignatureWrong);
    assert_eq!(verify(&[KEY], &signature(), b"{}", 1_000), wrong);
    assert_eq!(verify(&[b"another"], &signature(), BODY, 1_000), wrong);
    assert_eq!(verify(&[], &signature(), BODY, 1_000), wrong);
    let other_id = sign(KEY, "msg_2", "1000", BODY);
    assert_eq!(verify(&[KEY], &other_id, BODY, 1_000), wrong);
    let other_time = sign(KEY, "msg_1", "1001", BODY);
    assert_eq!(verify(&[KEY], &other_time, BODY, 1_000), wrong);
}

#[test]
fn keys_rotate_with_an_overlap() {
    assert_eq!(verify(&[b"next", KEY], &signature(), BODY, 1_000), Ok(()));
    let both = format!("{} {}", sign(b"next", "msg_1", "1000", BODY), signature());
    assert_eq!(verify(&[KEY], &both, BODY, 1_000), Ok(()));
}

#[test]
fn what_is_no_signature_is_passed_over() {
    for text in ["", "v1,", "v2,AAAA", "v1,!!!", "v1a,AAAA", "AAAA"] {
        let refused = verify(&[KEY], text, BODY, 1_000);
        assert_eq!(refused, Err(WebhookError::SignatureWrong), "{text}");
    }
    let among = format!("v1a,AAAA v2,BBBB {}", signature());
    assert_eq!(verify(&[KEY], &among, BODY, 1_000), Ok(()));
    let shortened = signature().replace('=', "");
    assert!(verify(&[KEY], &shortened, BODY, 1_000).is_err());
}

#[test]
fn malformed_headers_are_refused() {
    for timestamp in ["", "-1000", "1000.0", "+1000", "9999999999999"] {
        let headers = WebhookHeaders {
            id: "msg_1",
            timestamp,
            signature: &sign(KEY, "msg_1", timestamp, BODY),
        };
        let keys = WebhookKeys::new(vec![KEY.to_vec()]);
        let refused = keys.verify(&headers, BODY, at(1_000));
        assert_eq!(refused, Err(WebhookError::HeadersMalformed), "{timestamp}");
    }
}

fn told(payment: wire::Payment, outcome: wire::Outcome) -> wire::ReportOutcome {
    wire::ReportOutcome {
        provider: "simulator".to_owned(),
        event: "evt_1".to_owned(),
        payment,
        outcome,
        occurred_at: at(5),
    }
}

const AMOUNT: Money = Money::from_minor(500, Currency::Eur);

#[test]
fn reports_survive_their_journey() {
    let deposit = DepositId::example(1, 3);
    let withdrawal = WithdrawalId::example(2, 7);
    let failed = wire::Outcome::Failed(wire::Failed {
        reason: "declined".to_owned(),
    });
    let succeeded = wire::Outcome::Succeeded(wire::Succeeded { amount: AMOUNT });
    for report in [
        told(
            wire::Payment::Deposit(wire::DepositRef { deposit }),
            succeeded.clone(),
        ),
        told(
            wire::Payment::Withdrawal(wire::WithdrawalRef { withdrawal }),
            failed,
        ),
        told(
            wire::Payment::Unknown(wire::UnknownRef {
                reference: "invoice-7".to_owned(),
                amount: AMOUNT,
            }),
            succeeded,
        ),
    ] {
        let body = write_report(&report, AMOUNT);
        assert_eq!(read_report("simulator", &body, 8), Ok(report));
    }
}

#[test]
fn an_id_of_a_partition_that_we_do_not_have_is_unknown() {
    let deposit = DepositId::example(1, 8);
    let payment = wire::Payment::Deposit(wire::DepositRef { deposit });
    let succeeded = wire::Outcome::Succeeded(wire::Succeeded { amount: AMOUNT });
    let body = write_report(&told(payment, succeeded), AMOUNT);
    let read = read_report("simulator", &body, 8).expect("readable");
    assert!(matches!(read.payment, wire::Payment::Unknown(_)));
    assert!(partition_of(&read.payment, 8) < 8);
}

#[test]
fn a_payment_of_ours_is_routed_to_its_own_partition() {
    let deposit = DepositId::example(1, 5);
    let payment = wire::Payment::Deposit(wire::DepositRef { deposit });
    assert_eq!(partition_of(&payment, 8), 5);
}

#[test]
fn bodies_with_more_or_less_than_ours_are_refused() {
    let good = r#"{"event":"e","reference":"r","outcome":"succeeded","amount_minor":5,"currency":"EUR","occurred_at_us":1}"#;
    assert!(read_report("simulator", good.as_bytes(), 8).is_ok());
    for (from, to) in [
        (r#""event":"e","#, ""),
        (r#""event":"e""#, r#""event":"""#),
        (r#""event":"e""#, r#""event":"e","admin":true"#),
        (r#""event":"e""#, r#""event":"e","event":"f""#),
        ("succeeded", "maybe"),
        ("5", "5.5"),
        ("5", "-5"),
        ("5", "0"),
        ("EUR", "XXX"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert!(
            read_report("simulator", bad.as_bytes(), 8).is_err(),
            "{bad}"
        );
    }
}

proptest! {
    #[test]
    fn garbage_never_panics(body in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        prop_assert!(read_report("simulator", &body, 8).is_err());
        prop_assert!(verify(&[KEY], &text, &body, 1_000).is_err());
    }
}
