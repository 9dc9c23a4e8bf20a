//! Codes of an authenticator (RFC 6238, SHA-1, six digits, thirty seconds) and recovery codes.
//!
//! Duty: say whose step a code is, and make what a customer types into the authenticator. The same
//! work is done whether a code fits or not. Prohibition: whether a step has been used is not known
//! here; auth's rules decide that. No secret and no code is kept or printed.

use auth_domain::step_at;
use hmac::{Hmac, KeyInit, Mac};
use kernel::{CustomerId, Digest, Timestamp};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// How many random bytes an authenticator shares with us.
pub const TOTP_SECRET_BYTES: usize = 20;
/// How many random bytes a recovery code holds: too many to try, so that their plain digest may
/// be stored.
pub const RECOVERY_CODE_BYTES: usize = 16;
/// How many recovery codes a customer gets.
pub const RECOVERY_CODES: usize = 10;

const DIGITS: usize = 6;
const MODULUS: u32 = 1_000_000;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The number that a step has under a secret (RFC 4226, before it is cut to digits).
fn number(secret: &[u8], step: u64) -> u32 {
    let mut mac =
        <Hmac<Sha1> as KeyInit>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let hash: [u8; 20] = mac.finalize().into_bytes().into();
    let offset = usize::from(hash[19] & 0x0f);
    let four = hash
        .get(offset..)
        .and_then(|rest| rest.first_chunk::<4>())
        .copied()
        .unwrap_or_default();
    u32::from_be_bytes(four) & 0x7fff_ffff
}

/// The code of a step, with its zeros in front.
#[must_use]
pub fn totp_code(secret: &[u8], step: u64) -> String {
    let digits = number(secret, step).checked_rem(MODULUS).unwrap_or(0);
    format!("{digits:06}")
}

/// The step whose code this is, of those that count now: the latest, should several fit.
#[must_use]
pub fn totp_step(secret: &[u8], code: &str, now: Timestamp) -> Option<u64> {
    let code = code.trim();
    let present = step_at(now);
    let digits = code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit());
    let mut found = None;
    for step in [
        present.saturating_sub(1),
        present,
        present.saturating_add(1),
    ] {
        let same = totp_code(secret, step)
            .bytes()
            .zip(code.bytes())
            .fold(0_u8, |difference, (a, b)| difference | (a ^ b))
            == 0;
        if std::hint::black_box(same && digits) {
            found = Some(step);
        }
    }
    found
}

/// Bytes as authenticators take them (RFC 4648, base 32, without padding).
#[must_use]
pub fn base32(bytes: &[u8]) -> String {
    let bits: Vec<u8> = bytes
        .iter()
        .flat_map(|byte| (0_u32..8).map(move |at| u8::from(byte.rotate_left(at) & 0x80 != 0)))
        .collect();
    let letter = |five: &[u8]| {
        let padded = five.iter().chain(std::iter::repeat(&0)).take(5);
        let value = padded.fold(0_usize, |value, bit| {
            value.saturating_mul(2).saturating_add(usize::from(*bit))
        });
        BASE32.get(value).copied().map_or('A', char::from)
    };
    bits.chunks(5).map(letter).collect()
}

/// A recovery code from fresh randomness, in groups that can be copied by hand.
#[must_use]
pub fn recovery_code(bytes: [u8; RECOVERY_CODE_BYTES]) -> String {
    let text = base32(&bytes);
    let letters: Vec<char> = text.chars().collect();
    let groups = letters.chunks(7).map(|group| group.iter().collect());
    groups.collect::<Vec<String>>().join("-")
}

/// What is recorded of a recovery code. Groups, spaces and small letters do not matter; another
/// customer's code has another digest.
#[must_use]
pub fn recovery_hash(customer: CustomerId, code: &str) -> Digest {
    let normal: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    let mut hasher = Sha256::new();
    hasher.update(b"furlong recovery v1:");
    hasher.update(customer.bytes());
    hasher.update(normal.as_bytes());
    Digest::from_bytes(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds.saturating_mul(1_000))
    }

    /// The vectors of RFC 6238, appendix B, for SHA-1: eight digits, of which six are asked for.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, eight) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130_u32),
        ] {
            let step = step_at(at(seconds));
            assert_eq!(number(RFC, step) % 100_000_000, eight, "{seconds}");
            let six = format!("{:06}", eight % 1_000_000);
            assert_eq!(totp_code(RFC, step), six);
            assert_eq!(totp_step(RFC, &six, at(seconds)), Some(step));
        }
    }

    /// The vectors of RFC 4226, appendix D.
    #[test]
    fn counters_are_those_of_the_standard() {
        let codes: Vec<String> = (0..4).map(|count| totp_code(RFC, count)).collect();
        assert_eq!(codes, ["755224", "287082", "359152", "969429"]);
    }

    #[test]
    fn a_code_counts_a_step_early_and_a_step_late() {
        let step = step_at(at(10_000));
        let code = totp_code(RFC, step);
        for (seconds, found) in [
            (10_000 - 60, false),
            (10_000 - 30, true),
            (10_000, true),
            (10_000 + 30, true),
            (10_000 + 60, false),
        ] {
            assert_eq!(
                totp_step(RFC, &code, at(seconds)).is_some(),
                found,
                "{seconds}"
            );
        }
    }

    #[test]
    fn what_is_no_code_is_of_no_step() {
        let code = totp_code(RFC, step_at(at(59)));
        for text in [
            "",
            "28708",
            "2870822",
            "28708a",
            "-87082",
            &format!("{code}0"),
        ] {
            assert_eq!(totp_step(RFC, text, at(59)), None, "{text}");
        }
        assert_eq!(totp_step(b"another secret", &code, at(59)), None);
    }

    /// The vectors of RFC 4648, section 10.
    #[test]
    fn base_32_is_that_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn recovery_codes_are_read_however_they_are_typed() {
        let code = recovery_code([7; RECOVERY_CODE_BYTES]);
        assert_eq!(code.len(), 29, "26 letters in four groups: {code}");
        let anna = CustomerId::example(1, 3);
        let typed = code.to_lowercase().replace('-', " ");
        assert_eq!(recovery_hash(anna, &code), recovery_hash(anna, &typed));
        let other = recovery_code([8; RECOVERY_CODE_BYTES]);
        assert_ne!(recovery_hash(anna, &code), recovery_hash(anna, &other));
        let boris = CustomerId::example(2, 3);
        assert_ne!(recovery_hash(anna, &code), recovery_hash(boris, &code));
    }
}
