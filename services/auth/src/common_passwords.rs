//! Passwords that everybody tries first.
//!
//! Duty: know the ones that were found most often in leaks and are long enough to be taken
//! otherwise. The list is built in, so that no password and no part of its hash ever leaves the
//! process to be looked up. Prohibition: no call over the network.
//!
//! `common_passwords.txt` holds those of eight characters or more among the 30,000 of zxcvbn
//! (Dan Wheeler and Dropbox, MIT licence), in lower case, sorted.

use std::collections::BTreeSet;
use std::sync::LazyLock;

const LIST: &str = include_str!("common_passwords.txt");
static COMMON: LazyLock<BTreeSet<&str>> = LazyLock::new(|| LIST.lines().collect());

/// Whether it is one of them, in whatever case.
pub(crate) fn is_common(password: &str) -> bool {
    COMMON.contains(password.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PASSWORD_CHARS_MIN;

    #[test]
    fn the_list_holds_what_the_length_does_not_refuse() {
        assert!(COMMON.len() > 3_000, "the standard asks for 3,000");
        assert!(COMMON.iter().all(|word| word.len() >= PASSWORD_CHARS_MIN));
    }

    #[test]
    fn common_ones_are_known_in_any_case() {
        for password in ["password", "Password", "QWERTYUIOP", "iloveyou", "12345678"] {
            assert!(is_common(password), "{password}");
        }
        assert!(!is_common("seven lazy canaries sing"));
    }
}
