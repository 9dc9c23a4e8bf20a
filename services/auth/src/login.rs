//! Logins: one spelling each, and never in the open.
//!
//! Duty: the normal form, its keyed hash, and the partition that follows from the hash.
//! Prohibition: nothing here keeps or prints a login.

use hmac::{Hmac, KeyInit, Mac};
use kernel::{Digest, Partition};
use sha2::Sha256;

/// The longest login, in bytes of its normal form.
const LOGIN_BYTES_MAX: usize = 254;

/// Why a text is no login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefused {
    /// Nothing in it.
    #[error("the login is empty")]
    Empty,
    /// Longer than any mail address.
    #[error("the login is longer than {LOGIN_BYTES_MAX} bytes")]
    TooLong,
    /// Spaces within, or characters that cannot be seen.
    #[error("the login holds spaces or control characters")]
    CharacterNotAllowed,
}

/// The one spelling of a login: without spaces around it, in lower case.
///
/// # Errors
/// See [`LoginRefused`].
pub fn normalise(login: &str) -> Result<String, LoginRefused> {
    let normal = login.trim().to_lowercase();
    if normal.is_empty() {
        return Err(LoginRefused::Empty);
    }
    if normal.len() > LOGIN_BYTES_MAX {
        return Err(LoginRefused::TooLong);
    }
    if normal.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(LoginRefused::CharacterNotAllowed);
    }
    Ok(normal)
}

/// The keyed hash under which a login stands in the log. Without the key nobody can try names.
#[must_use]
pub fn login_hash(key: &[u8; 32], normal_login: &str) -> Digest {
    let mut mac =
        <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(b"furlong login v1:");
    mac.update(normal_login.as_bytes());
    Digest::from_bytes(mac.finalize().into_bytes().into())
}

/// The partition in which a login is decided, and its customer minted. The gateway reckons alike:
/// a login that two parts of the process put in two partitions would belong to two people.
#[must_use]
pub fn partition_of(login_hash: Digest, partitions: u16) -> Partition {
    let [a, b, c, d, ..] = login_hash.bytes();
    let number = u32::from_be_bytes([a, b, c, d]);
    let partition = number.checked_rem(u32::from(partitions)).unwrap_or(0);
    Partition::try_from(partition).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_login_are_one() {
        assert_eq!(
            normalise("  Anna@Example.COM "),
            normalise("anna@example.com")
        );
    }

    #[test]
    fn what_is_no_login_is_refused() {
        assert_eq!(normalise("  "), Err(LoginRefused::Empty));
        assert_eq!(normalise("a b"), Err(LoginRefused::CharacterNotAllowed));
        assert_eq!(normalise("a\u{0}b"), Err(LoginRefused::CharacterNotAllowed));
        assert_eq!(normalise(&"x".repeat(255)), Err(LoginRefused::TooLong));
    }

    #[test]
    fn the_hash_depends_on_the_key() {
        assert_ne!(login_hash(&[1; 32], "anna"), login_hash(&[2; 32], "anna"));
        assert_ne!(login_hash(&[1; 32], "anna"), login_hash(&[1; 32], "boris"));
    }

    #[test]
    fn every_partition_is_reached() {
        let reached: std::collections::BTreeSet<_> = (0..200)
            .map(|n| partition_of(login_hash(&[1; 32], &n.to_string()), 8))
            .collect();
        assert_eq!(
            reached.into_iter().collect::<Vec<_>>(),
            (0..8).collect::<Vec<_>>()
        );
    }
}
