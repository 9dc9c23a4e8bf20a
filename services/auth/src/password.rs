//! Passwords: argon2id, slow on purpose.
//!
//! Duty: hash and verify, each a blocking call of some tens of milliseconds and 19 MiB, to be
//! made on a few threads of their own. Verifying takes the same work whether or not there is a
//! hash to compare with.
//!
//! Prohibition: no password is kept, printed or sent on. Parameters of a stored hash are followed
//! only within bounds, so that no stored text can ask for gigabytes.

use crate::common_passwords::is_common;
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// How many random bytes salt a password.
pub const SALT_BYTES: usize = 16;
/// The fewest characters of a password.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// The most characters of a password.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// Words that anybody would try here first. They may stand in a password and count for nothing: what
/// is left without them must be long enough by itself. `docs/identity.md` lists them.
pub const HOUSE_WORDS: [&str; 9] = [
    "furlong",
    "sportsbook",
    "bookmaker",
    "betting",
    "customer",
    "trader",
    "operator",
    "auditor",
    "compliance",
];
/// A part of a login that is shorter than this says nothing of it.
const LOGIN_PART_CHARS_MIN: usize = 4;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const HASH_BYTES: usize = 32;
/// Bounds on what a stored hash may ask for.
const MEMORY_KIB_MAX: u32 = 65_536;
const PASSES_MAX: u32 = 8;
const LANES_MAX: u32 = 4;

/// Why a new password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// Too easy to guess.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters")]
    TooShort,
    /// Too long to be typed.
    #[error("a password has at most {PASSWORD_CHARS_MAX} characters")]
    TooLong,
    /// The first thing anybody would try.
    #[error("the password must not be the login")]
    IsLogin,
    /// The login or words of the house, with too little beside them.
    #[error(
        "without the login and words such as furlong or trader, {PASSWORD_CHARS_MIN} characters \
         of the password must be left"
    )]
    TooLittleElse,
    /// The second thing anybody would try.
    #[error("the password is one of those that leak most often; choose another")]
    TooCommon,
}

/// Whether this may become the password of that login (in its normal form).
///
/// # Errors
/// See [`PasswordRefused`].
pub fn judge_new_password(password: &str, normal_login: &str) -> Result<(), PasswordRefused> {
    let length = password.chars().count();
    if length < PASSWORD_CHARS_MIN {
        return Err(PasswordRefused::TooShort);
    }
    if length > PASSWORD_CHARS_MAX {
        return Err(PasswordRefused::TooLong);
    }
    if password.to_lowercase() == normal_login {
        return Err(PasswordRefused::IsLogin);
    }
    if is_common(password) {
        return Err(PasswordRefused::TooCommon);
    }
    if beside_known_words(password, normal_login) < PASSWORD_CHARS_MIN {
        return Err(PasswordRefused::TooLittleElse);
    }
    Ok(())
}

/// How many characters are left without the login, its name before the @, and words of the house.
fn beside_known_words(password: &str, normal_login: &str) -> usize {
    let name = normal_login.split('@').next().unwrap_or_default();
    let of_login = [normal_login, name]
        .into_iter()
        .filter(|part| part.chars().count() >= LOGIN_PART_CHARS_MIN);
    let left = of_login
        .chain(HOUSE_WORDS)
        .fold(password.to_lowercase(), |left, word| left.replace(word, ""));
    left.chars().count()
}

/// What comparing a password with a stored hash has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// It is the password.
    pub matches: bool,
    /// The hash was made with other parameters than today's and should be made anew.
    pub outdated: bool,
}

/// The hash of a password in PHC form. Blocks.
#[must_use]
pub fn hash_password(password: &str, salt: [u8; SALT_BYTES]) -> String {
    let hash = work(&TODAY, password, &salt);
    format!(
        "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(hash)
    )
}

/// Compares a password with a stored hash; without a readable one the answer is no, after the
/// same work. Blocks.
#[must_use]
pub fn verify_password(password: &str, stored: Option<&str>) -> Verdict {
    let readable = stored.and_then(Stored::parse);
    let (cost, salt) = readable
        .as_ref()
        .map_or((TODAY, NOBODYS_SALT.as_slice()), |stored| {
            (stored.cost, stored.salt.as_slice())
        });
    let computed = work(&cost, password, salt);
    let expected = readable.as_ref().map_or(NOBODYS_HASH, |stored| stored.hash);
    let same = equal_in_constant_time(&computed, &expected);
    Verdict {
        matches: same && readable.is_some(),
        outdated: readable.is_some() && cost != TODAY,
    }
}

/// What is compared with when there is nothing to compare with.
const NOBODYS_SALT: [u8; SALT_BYTES] = *b"furlong: nobody.";
const NOBODYS_HASH: [u8; HASH_BYTES] = [0; HASH_BYTES];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

const TODAY: Cost = Cost {
    memory_kib: MEMORY_KIB,
    passes: PASSES,
    lanes: LANES,
};

struct Stored {
    cost: Cost,
    salt: Vec<u8>,
    hash: [u8; HASH_BYTES],
}

impl Stored {
    /// Reads the PHC form exactly as [`hash_password`] writes it.
    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("$argon2id$v=19$")?;
        let mut parts = rest.split('$');
        let (cost, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let cost = Cost::parse(cost)?;
        let salt = STANDARD_NO_PAD.decode(salt).ok()?;
        let hash = STANDARD_NO_PAD.decode(hash).ok()?;
        let long_enough = (8..=64).contains(&salt.len());
        (parts.next().is_none() && long_enough).then_some(())?;
        let hash = hash.try_into().ok()?;
        Some(Self { cost, salt, hash })
    }
}

impl Cost {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let mut number =
            |name: &str| -> Option<u32> { parts.next()?.strip_prefix(name)?.parse().ok() };
        let (memory_kib, passes, lanes) = (number("m=")?, number("t=")?, number("p=")?);
        let within = parts.next().is_none()
            && memory_kib <= MEMORY_KIB_MAX
            && (1..=PASSES_MAX).contains(&passes)
            && (1..=LANES_MAX).contains(&lanes)
            && memory_kib >= lanes.saturating_mul(8);
        within.then_some(Self {
            memory_kib,
            passes,
            lanes,
        })
    }
}

fn work(cost: &Cost, password: &str, salt: &[u8]) -> [u8; HASH_BYTES] {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(HASH_BYTES))
        .expect("costs are constants or were checked against the bounds");
    let mut hash = [0; HASH_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut hash)
        .expect("salt and output are within argon2's bounds, and no password reaches 4 GiB");
    hash
}

fn equal_in_constant_time(left: &[u8; HASH_BYTES], right: &[u8; HASH_BYTES]) -> bool {
    let difference = left
        .iter()
        .zip(right)
        .fold(0_u8, |difference, (a, b)| difference | (a ^ b));
    std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_password_matches_and_another_does_not() {
        let stored = hash_password("correct horse", [7; SALT_BYTES]);
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let right = verify_password("correct horse", Some(&stored));
        assert_eq!(
            right,
            Verdict {
                matches: true,
                outdated: false
            }
        );
        assert!(!verify_password("correct horsf", Some(&stored)).matches);
    }

    #[test]
    fn a_known_hash_of_other_parameters_is_read_and_called_outdated() {
        // The reference implementation's vector for "password" with salt "somesalt".
        let reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$\
                         CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let verdict = verify_password("password", Some(reference));
        assert_eq!(
            verdict,
            Verdict {
                matches: true,
                outdated: true
            }
        );
    }

    #[test]
    fn without_a_hash_the_answer_is_no() {
        assert!(!verify_password("correct horse", None).matches);
    }

    #[test]
    fn what_is_no_hash_of_ours_never_matches_and_costs_no_more() {
        for stored in [
            "",
            "plain",
            "$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=4000000,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=19456,t=2000,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=19456,t=2,p=1$$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$",
        ] {
            assert!(Stored::parse(stored).is_none(), "{stored}");
        }
        assert!(!verify_password("", Some("plain")).matches);
    }

    #[test]
    fn words_of_the_house_and_the_login_count_for_nothing() {
        for (password, login, judged) in [
            ("Furlong2026", "anna", Err(PasswordRefused::TooLittleElse)),
            (
                "trader-operator-1",
                "anna",
                Err(PasswordRefused::TooLittleElse),
            ),
            (
                "Kestrel!1234",
                "kestrel@example.com",
                Err(PasswordRefused::TooLittleElse),
            ),
            ("twelve furlongs run", "anna", Ok(())),
            ("anna likes her tea", "anna@example.com", Ok(())),
        ] {
            assert_eq!(judge_new_password(password, login), judged, "{password}");
        }
        let told = include_str!("../../../docs/identity.md");
        for word in HOUSE_WORDS {
            assert!(
                told.contains(word),
                "docs/identity.md does not tell of {word}"
            );
        }
    }

    #[test]
    fn a_password_of_any_characters_is_taken_and_counts_to_its_last_one() {
        let of_128: String = "längste Parole ".chars().cycle().take(128).collect();
        for password in [
            "        ",
            "4071938265",
            "žluťoučký kůň",
            &"ab".repeat(32),
            &of_128,
        ] {
            assert_eq!(judge_new_password(password, "anna"), Ok(()), "{password}");
        }
        let stored = hash_password(&of_128, [7; SALT_BYTES]);
        let but_one: String = of_128.chars().take(127).collect();
        for (password, matches) in [
            (of_128.clone(), true),
            (but_one.clone(), false),
            (format!("{but_one}x"), false),
            (of_128.to_uppercase(), false),
            (format!("{of_128} "), false),
        ] {
            let verdict = verify_password(&password, Some(&stored));
            assert_eq!(verdict.matches, matches, "{password}");
        }
    }

    #[test]
    fn new_passwords_are_judged_by_length_and_by_what_leaks() {
        assert_eq!(
            judge_new_password("1234567", "anna"),
            Err(PasswordRefused::TooShort)
        );
        assert_eq!(judge_new_password("kestrel9", "anna"), Ok(()));
        assert_eq!(
            judge_new_password("Password1", "anna"),
            Err(PasswordRefused::TooCommon)
        );
        assert_eq!(
            judge_new_password(&"x".repeat(129), "anna"),
            Err(PasswordRefused::TooLong)
        );
        assert_eq!(
            judge_new_password("Anna-Arden", "anna-arden"),
            Err(PasswordRefused::IsLogin)
        );
    }
}
