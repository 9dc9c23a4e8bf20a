//! What is a token, and what only looks like one.

use super::*;
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;

const SEED: [u8; 32] = [5; 32];
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn tokens() -> AccessTokens {
    AccessTokens::new("furlong", "furlong-api", &SEED)
}

fn issued() -> String {
    let grant = Grant {
        customer: CustomerId::example(1, 3),
        session: SessionId::example(2, 3),
        roles: &[Role::Customer, Role::Trader],
        proved_at: Some(NOW),
    };
    tokens().issue(&grant, [9; TOKEN_ID_BYTES], NOW)
}

fn encode(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

fn kid() -> String {
    key_id(&tokens().public_key())
}

fn header() -> String {
    format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{}"}}"#, kid())
}

/// Claims with one of them replaced; the text is inserted as it is.
fn claims_with(name: &str, value: &str) -> String {
    let now = seconds(NOW);
    let fields = [
        ("iss", r#""furlong""#.to_owned()),
        ("aud", r#""furlong-api""#.to_owned()),
        ("sub", format!(r#""{}""#, CustomerId::example(1, 3))),
        ("sid", format!(r#""{}""#, SessionId::example(2, 3))),
        ("jti", r#""x""#.to_owned()),
        ("roles", r#"["customer"]"#.to_owned()),
        ("iat", now.to_string()),
        ("nbf", now.to_string()),
        ("exp", now.saturating_add(600).to_string()),
    ];
    let fields: Vec<String> = fields
        .iter()
        .map(|(field, usual)| {
            let value = if *field == name { value } else { usual };
            format!(r#""{field}":{value}"#)
        })
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// A token of our own key that says this; only a leak of the key or a mistake could make one.
fn signed(header: &str, claims: &str) -> String {
    tokens().sign(&encode(header), &encode(claims))
}

fn verdict(token: &str) -> Result<Subject, TokenError> {
    tokens().verify(token, NOW)
}

fn with_claim(name: &str, value: &str) -> Result<Subject, TokenError> {
    verdict(&signed(&header(), &claims_with(name, value)))
}

#[test]
fn a_token_says_who_asks() {
    let expected = Subject {
        customer: CustomerId::example(1, 3),
        session: SessionId::example(2, 3),
        roles: vec![Role::Customer, Role::Trader],
        expires_at: NOW.plus(ACCESS_LIFETIME),
        proved_at: Some(NOW),
    };
    assert_eq!(verdict(&issued()), Ok(expected));
    assert!(with_claim("none", "").is_ok());
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let none = r#"{"alg":"none","typ":"at+jwt","kid":""}"#;
    let claims = encode(&claims_with("none", ""));
    for token in [
        format!("{}.{claims}.", encode(none)),
        format!("{}.{claims}", encode(none)),
        format!("{}.{claims}.", encode(&header())),
    ] {
        assert!(verdict(&token).is_err(), "{token}");
    }
    let token = format!("{}.{claims}.", encode(none));
    assert_eq!(verdict(&token), Err(TokenError::AlgorithmNotAllowed));
}

#[test]
fn our_public_key_is_nobody_s_secret() {
    let header = format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"{}"}}"#, kid());
    let text = format!("{}.{}", encode(&header), encode(&claims_with("none", "")));
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(tokens().public_key().as_bytes())
        .expect("any length");
    mac.update(text.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    let token = format!("{text}.{signature}");
    assert_eq!(verdict(&token), Err(TokenError::AlgorithmNotAllowed));
}

#[test]
fn other_algorithms_and_spellings_are_refused() {
    for algorithm in ["RS256", "ES256", "eddsa", "EDDSA", "Ed25519", ""] {
        let header = header().replace("EdDSA", algorithm);
        let token = signed(&header, &claims_with("none", ""));
        assert_eq!(verdict(&token), Err(TokenError::AlgorithmNotAllowed));
    }
}

#[test]
fn other_types_are_refused() {
    let token = signed(&header().replace("at+jwt", "JWT"), &claims_with("none", ""));
    assert_eq!(verdict(&token), Err(TokenError::TypeNotAllowed));
}

#[test]
fn keys_come_from_the_fixed_set_only() {
    let stranger = header().replace(&kid(), "../../etc/passwd");
    let token = signed(&stranger, &claims_with("none", ""));
    assert_eq!(verdict(&token), Err(TokenError::KeyUnknown));
    for extra in ["jku", "x5u", "jwk", "x5c", "crit"] {
        let header = header().replacen('{', &format!(r#"{{"{extra}":"https://evil","#), 1);
        let token = signed(&header, &claims_with("none", ""));
        assert_eq!(verdict(&token), Err(TokenError::Malformed), "{extra}");
    }
}

#[test]
fn another_key_under_our_name_is_refused() {
    let other = AccessTokens::new("furlong", "furlong-api", &[6; 32]);
    let token = other.sign(&encode(&header()), &encode(&claims_with("none", "")));
    assert_eq!(verdict(&token), Err(TokenError::SignatureWrong));
}

#[test]
fn an_earlier_key_is_taken_while_it_is_named() {
    let newer = AccessTokens::new("furlong", "furlong-api", &[6; 32]);
    assert_eq!(newer.verify(&issued(), NOW), Err(TokenError::KeyUnknown));
    let until = NOW.plus(Duration::from_secs(60));
    let both = newer.also_taking(tokens().public_key(), Some(until));
    let last = until.minus(Duration::from_micros(1));
    assert!(both.verify(&issued(), last).is_ok());
    assert_eq!(both.published(last).len(), 2);
    assert_eq!(both.verify(&issued(), until), Err(TokenError::KeyUnknown));
    assert_eq!(both.published(until).len(), 1);
}

#[test]
fn nobody_has_proved_anything_later_than_the_token() {
    let now = seconds(NOW);
    let said = |at: i64| with_claim("jti", &format!(r#""x","auth_time":{at}"#));
    let earlier = said(now.saturating_sub(500)).expect("a good token");
    let then = NOW.minus(Duration::from_secs(500));
    assert_eq!(earlier.proved_at, Some(then));
    assert_eq!(said(now.saturating_add(1)), Err(TokenError::Malformed));
    assert_eq!(
        with_claim("none", "").map(|subject| subject.proved_at),
        Ok(None)
    );
}

#[test]
fn issuer_and_audience_are_ours() {
    assert_eq!(
        with_claim("iss", r#""other""#),
        Err(TokenError::IssuerWrong)
    );
    assert_eq!(
        with_claim("aud", r#""other""#),
        Err(TokenError::AudienceWrong)
    );
    let list = with_claim("aud", r#"["furlong-api","other"]"#);
    assert_eq!(list, Err(TokenError::Malformed));
}

#[test]
fn a_token_ends_with_little_leeway() {
    let end = NOW.plus(ACCESS_LIFETIME);
    let last = end.plus(LEEWAY).minus(Duration::from_micros(1));
    assert!(tokens().verify(&issued(), last).is_ok());
    let over = tokens().verify(&issued(), end.plus(LEEWAY));
    assert_eq!(over, Err(TokenError::Expired));
}

#[test]
fn a_token_begins_with_little_leeway() {
    let now = seconds(NOW);
    let near = with_claim("nbf", &now.saturating_add(30).to_string());
    assert!(near.is_ok());
    let far = with_claim("nbf", &now.saturating_add(31).to_string());
    assert_eq!(far, Err(TokenError::NotYetGood));
}

#[test]
fn no_token_lives_longer_than_ours() {
    let year = seconds(NOW).saturating_add(31_536_000).to_string();
    assert_eq!(with_claim("exp", &year), Err(TokenError::Malformed));
    assert_eq!(
        with_claim("exp", &i64::MAX.to_string()),
        Err(TokenError::Malformed)
    );
}

#[test]
fn what_is_huge_is_not_looked_at() {
    let roles = format!("[{}]", vec![r#""customer""#; 1_000].join(","));
    let token = signed(&header(), &claims_with("roles", &roles));
    assert_eq!(verdict(&token), Err(TokenError::TooLong));
    assert_eq!(verdict(&"a.".repeat(5_000)), Err(TokenError::TooLong));
}

#[test]
fn claims_said_twice_or_never_heard_of_are_refused() {
    let now = seconds(NOW);
    let twice = with_claim(
        "exp",
        &format!(r#"{now},"exp":{}"#, now.saturating_add(600)),
    );
    assert_eq!(twice, Err(TokenError::Malformed));
    let unknown = with_claim("jti", r#""x","admin":true"#);
    assert_eq!(unknown, Err(TokenError::Malformed));
    let missing = claims_with("none", "").replace(r#""jti":"x","#, "");
    assert_eq!(
        verdict(&signed(&header(), &missing)),
        Err(TokenError::Malformed)
    );
}

#[test]
fn claims_have_their_types() {
    for (name, value) in [
        ("exp", r#""1800000600""#),
        ("exp", "1.8e9"),
        ("exp", "null"),
        ("sub", r#""bet_00000000-0000-0000-0000-000000000000""#),
        ("sid", r#""""#),
        ("roles", r#"["root"]"#),
        ("roles", r#""customer""#),
    ] {
        assert_eq!(
            with_claim(name, value),
            Err(TokenError::Malformed),
            "{name} {value}"
        );
    }
}

#[test]
fn one_token_has_one_spelling() {
    let token = issued();
    assert!(verdict(&format!("{token}=")).is_err());
    assert!(verdict(&format!(" {token}")).is_err());
    assert!(verdict(&format!("{token}.x")).is_err());
    // The last character of a signature holds four bits that mean nothing.
    let last = token.chars().last().expect("a token is not empty");
    let stem = token.strip_suffix(last).expect("it ends so");
    let spellings = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(['-', '_']);
    let taken = spellings.filter(|c| verdict(&format!("{stem}{c}")).is_ok());
    assert_eq!(taken.count(), 1);
}

proptest! {
    #[test]
    fn a_changed_character_is_noticed(index in 0_usize..600, to in "[A-Za-z0-9_.-]") {
        let token = issued();
        let index = index.checked_rem(token.len()).expect("a token is not empty");
        let changed = format!("{}{to}{}", &token[..index], &token[index.saturating_add(1)..]);
        prop_assert!(changed == token || verdict(&changed).is_err());
    }

    #[test]
    fn garbage_never_panics(text in "\\PC{0,200}") {
        prop_assert!(verdict(&text).is_err());
    }
}
