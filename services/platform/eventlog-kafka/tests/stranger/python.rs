//! A Python with what the stranger needs, in a folder of the build.

use anyhow::{Context, ensure};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The stranger's folder.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/consumer")
}

/// Makes the environment once; what was made for the same requirements is used again.
///
/// # Errors
/// There is no Python, or the packages cannot be had.
pub fn interpreter() -> anyhow::Result<PathBuf> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stranger");
    let python = place.join("bin/python");
    let requirements = std::fs::read_to_string(folder().join("requirements.txt"))?;
    let made_for = place.join("made-for");
    // One trial makes it, the others wait. Unlocked when it is dropped.
    let lock = File::create(place.with_extension("lock"))?;
    lock.lock()?;
    if std::fs::read_to_string(&made_for).is_ok_and(|made| made == requirements) {
        return Ok(python);
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&place))
    .context("python3 with venv is needed")?;
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .arg("--requirement")
        .arg(folder().join("requirements.txt")))
    .context("its packages cannot be had")?;
    std::fs::write(made_for, requirements)?;
    Ok(python)
}

/// What it printed.
///
/// # Errors
/// It cannot be run, or complains.
pub fn run(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{command:?}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{command:?}: {}: {complaint}",
        output.status
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether a machine without what a test needs has failed it.
pub fn is_required() -> bool {
    std::env::var_os("FURLONG_TEST_CLUSTER").is_some_and(|value| value == "required")
}
