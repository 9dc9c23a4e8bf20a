//! Bytes that prove that they are whole and in their place.
//!
//! Duty: put a hash of name and content before the content, and give the content back only if
//! the hash holds. Prohibition: no guess: a cut, a flipped bit, a file under another file's
//! name and a foreign file are all the same thing, namely nothing.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

const MAGIC: &[u8; 8] = b"furlong1";
const HASH_BYTES: usize = 32;

/// What stands before the content.
pub(crate) fn seal(name: &str, content: &[u8]) -> Vec<u8> {
    [&MAGIC[..], &hash(name, content)[..]].concat()
}

/// The content, if it is what was sealed under that name.
pub(crate) fn open(name: &str, stored: Vec<u8>) -> Option<Bytes> {
    let mut content = Bytes::from(stored);
    let magic = split(&mut content, MAGIC.len())?;
    let stored_hash = split(&mut content, HASH_BYTES)?;
    (magic == MAGIC[..] && stored_hash == hash(name, &content)[..]).then_some(content)
}

fn split(bytes: &mut Bytes, at: usize) -> Option<Bytes> {
    (bytes.len() >= at).then(|| bytes.split_to(at))
}

fn hash(name: &str, content: &[u8]) -> [u8; HASH_BYTES] {
    let mut hasher = Sha256::new();
    hasher.update(MAGIC);
    // The name's end must be told from the content's beginning; no name holds a zero.
    hasher.update(name.as_bytes());
    hasher.update([0]);
    hasher.update(content);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> Vec<u8> {
        let mut stored = seal("bets.events/0/7-1", b"content");
        stored.extend(b"content");
        stored
    }

    #[test]
    fn whole_bytes_open() {
        assert_eq!(
            open("bets.events/0/7-1", sealed()),
            Some(Bytes::from_static(b"content"))
        );
    }

    #[test]
    fn every_flipped_bit_every_cut_and_every_addition_is_nothing() {
        for at in 0..sealed().len() {
            for bit in 0..8 {
                let mut stored = sealed();
                stored[at] ^= 1 << bit;
                assert_eq!(
                    open("bets.events/0/7-1", stored),
                    None,
                    "byte {at} bit {bit}"
                );
            }
            let mut cut = sealed();
            cut.truncate(at);
            assert_eq!(open("bets.events/0/7-1", cut), None, "cut at {at}");
        }
        let mut longer = sealed();
        longer.push(0);
        assert_eq!(open("bets.events/0/7-1", longer), None);
    }

    #[test]
    fn another_name_is_nothing() {
        assert_eq!(open("bets.events/1/7-1", sealed()), None);
    }
}
