//! Where tests find recorded data, and what they do without it.

use std::path::PathBuf;

/// The bytes of a recorded file, or `None` (and a word on stderr) where there are none.
pub(crate) fn recorded(path: &str) -> Option<Vec<u8>> {
    let file =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    match std::fs::read(&file) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            eprintln!("ignored: recorded data {path} is not here ({error})");
            None
        }
    }
}

/// As [`recorded`], as text; `.gz` files are unpacked.
pub(crate) fn recorded_text(path: &str) -> Option<String> {
    let bytes = recorded(path)?;
    if !path.ends_with(".gz") {
        return Some(String::from_utf8(bytes).unwrap());
    }
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text)
        .unwrap();
    Some(text)
}
