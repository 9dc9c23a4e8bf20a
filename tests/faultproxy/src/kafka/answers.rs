//! Answers that the proxy changes: which versions the broker speaks, and where brokers are.
//!
//! Duty: lower the highest version of Produce to one that the proxy reads, and put the proxies'
//! ports where the brokers' stand. Both keep every length. Prohibition: nothing else is touched;
//! an answer that cannot be read passes as it is.

use super::cursor::{Cursor, Malformed, Width};
use std::collections::BTreeMap;

const UNSUPPORTED_VERSION: i16 = 35;

/// In an ApiVersions answer: no higher version than `version_max` of that kind of request.
pub(crate) fn clamp_versions(
    frame: &mut [u8],
    version: i16,
    api_key: i16,
    version_max: i16,
) -> Result<(), Malformed> {
    let mut cursor = Cursor::new(frame);
    cursor.i32()?; // correlation id; this header has no tags in any version
    let error = cursor.i16()?;
    let flexible = version >= 3 && error != UNSUPPORTED_VERSION;
    let width = if flexible {
        Width::Compact
    } else {
        Width::Long
    };
    let mut highest = Vec::new();
    for _ in 0..cursor.count(width)? {
        let found = cursor.i16()?;
        cursor.i16()?; // lowest
        let range = cursor.range(2)?;
        if found == api_key {
            highest.push(range);
        }
        if flexible {
            cursor.skip_tags()?;
        }
    }
    for range in highest {
        lower(frame, range, version_max);
    }
    Ok(())
}

fn lower(frame: &mut [u8], range: std::ops::Range<usize>, version_max: i16) {
    let Some(bytes) = frame.get_mut(range) else {
        return;
    };
    let Ok(found) = <[u8; 2]>::try_from(&*bytes) else {
        return;
    };
    let lowered = i16::from_be_bytes(found).min(version_max);
    bytes.copy_from_slice(&lowered.to_be_bytes());
}

/// In a Metadata answer: brokers at these ports are to be found at those.
pub(crate) fn readvertise(
    frame: &mut [u8],
    version: i16,
    ports: &BTreeMap<u16, u16>,
) -> Result<(), Malformed> {
    let flexible = version >= 9;
    let mut cursor = Cursor::new(frame);
    cursor.i32()?; // correlation id
    if flexible {
        cursor.skip_tags()?;
    }
    if version >= 3 {
        cursor.i32()?; // throttle time
    }
    let (text, many) = if flexible {
        (Width::Compact, Width::Compact)
    } else {
        (Width::Short, Width::Long)
    };
    let mut changes = Vec::new();
    for _ in 0..cursor.count(many)? {
        cursor.i32()?; // node
        cursor.nullable(text)?; // host
        let at = cursor.clone().range(4)?;
        let port = cursor.i32()?;
        let port = u16::try_from(port).ok().and_then(|port| ports.get(&port));
        changes.extend(port.map(|port| (at, i32::from(*port))));
        if version >= 1 {
            cursor.nullable(text)?; // rack
        }
        if flexible {
            cursor.skip_tags()?;
        }
    }
    for (at, port) in changes {
        if let Some(bytes) = frame.get_mut(at) {
            bytes.copy_from_slice(&port.to_be_bytes());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// ApiVersions v0: correlation 7, no error, Produce 3..13 and Fetch 4..17.
    const VERSIONS_V0: &[u8] = &[
        0, 0, 0, 7, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 13, 0, 1, 0, 4, 0, 17,
    ];
    /// The same as v3, with a tag behind the first.
    const VERSIONS_V3: &[u8] = &[
        0, 0, 0, 7, 0, 0, 3, 0, 0, 0, 3, 0, 13, 1, 0, 1, 99, 0, 1, 0, 4, 0, 17, 0, 0, 0, 0, 0, 0,
    ];

    #[test]
    fn only_that_request_is_clamped() {
        for (version, fixture, at) in [(0, VERSIONS_V0, 15), (3, VERSIONS_V3, 12)] {
            let mut frame = fixture.to_vec();
            clamp_versions(&mut frame, version, 0, 9).unwrap();
            let mut expected = fixture.to_vec();
            expected[at] = 9;
            assert_eq!(frame, expected);
        }
    }

    #[test]
    fn a_lower_version_stays() {
        let mut frame = VERSIONS_V0.to_vec();
        clamp_versions(&mut frame, 0, 0, 20).unwrap();
        assert_eq!(frame, VERSIONS_V0);
    }

    #[test]
    fn a_broker_that_knows_no_such_version_answers_in_the_oldest_form() {
        let mut frame = VERSIONS_V0.to_vec();
        frame[5] = 35;
        clamp_versions(&mut frame, 4, 0, 9).unwrap();
        assert_eq!(frame[15], 9);
    }

    /// Metadata v12: correlation 7, brokers 1 at h:9092 and 2 at h:9093 (rack "r"), the rest cut.
    const METADATA_V12: &[u8] = &[
        0, 0, 0, 7, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 2, b'h', 0, 0, 0x23, 0x84, 0, 0, 0, 0, 0, 2, 2,
        b'h', 0, 0, 0x23, 0x85, 2, b'r', 0,
    ];
    /// Metadata v1: one broker, no rack.
    const METADATA_V1: &[u8] = &[
        0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, b'h', 0, 0, 0x23, 0x84, 0xFF, 0xFF,
    ];

    #[test]
    fn brokers_are_advertised_at_their_proxies() {
        let ports = BTreeMap::from([(9092, 4000), (9093, 4001)]);
        let mut frame = METADATA_V12.to_vec();
        readvertise(&mut frame, 12, &ports).unwrap();
        assert_eq!(frame[16..20], 4000_i32.to_be_bytes());
        assert_eq!(frame[28..32], 4001_i32.to_be_bytes());
        let mut frame = METADATA_V1.to_vec();
        readvertise(&mut frame, 1, &ports).unwrap();
        assert_eq!(frame[15..19], 4000_i32.to_be_bytes());
    }

    #[test]
    fn a_broker_without_a_proxy_stays() {
        let mut frame = METADATA_V12.to_vec();
        readvertise(&mut frame, 12, &BTreeMap::from([(1, 2)])).unwrap();
        assert_eq!(frame, METADATA_V12);
    }

    proptest! {
        #[test]
        fn garbage_keeps_its_length(mut garbage: Vec<u8>, version in 0_i16..16) {
            let length = garbage.len();
            clamp_versions(&mut garbage, version, 0, 9).ok();
            readvertise(&mut garbage, version, &BTreeMap::from([(0, 1)])).ok();
            prop_assert_eq!(garbage.len(), length);
        }
    }
}
