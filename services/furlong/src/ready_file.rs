//! The file that tells other programs that a process is ready.
//!
//! Duty: address and process id, whole or not at all. Prohibition: nothing secret but what `dev`
//! puts there for its own users.

use crate::exit::Failure;
use anyhow::Context;
use std::net::SocketAddr;
use std::path::Path;

/// Writes it for a process without users of its own.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write(path: &Path, address: SocketAddr) -> Result<(), Failure> {
    let told = serde_json::json!({
        "url": format!("http://{address}"),
        "pid": std::process::id(),
    });
    put(path, &told)
}

/// Puts it there whole.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn put(path: &Path, told: &serde_json::Value) -> Result<(), Failure> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".draft");
    std::fs::write(&draft, told.to_string())
        .and_then(|()| std::fs::rename(&draft, path))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(())
}
