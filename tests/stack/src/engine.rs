//! Whether a container engine answers on this machine. A command-line client without an engine is no engine.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use crate::settings;

/// How long an engine may take to say that it is there.
const ANSWER: Duration = Duration::from_secs(5);
const QUESTION: &[u8] = b"GET /_ping HTTP/1.0\r\nHost: localhost\r\n\r\n";

/// Asks the engine of `DOCKER_HOST`, else those at the usual sockets.
///
/// # Errors
/// None answers; the error names where was asked.
pub(crate) fn answers() -> anyhow::Result<()> {
    if let Some(host) = settings::variable("DOCKER_HOST") {
        let answer = match (host.strip_prefix("unix://"), host.strip_prefix("tcp://")) {
            (Some(path), _) => ask_at(Path::new(path)),
            (None, Some(address)) => TcpStream::connect(address)
                .map_err(anyhow::Error::from)
                .and_then(|mut stream| {
                    stream.set_read_timeout(Some(ANSWER))?;
                    ask(&mut stream)
                }),
            (None, None) => Err(anyhow::anyhow!("neither unix:// nor tcp://")),
        };
        return answer.with_context(|| format!("no container engine answers at {host}"));
    }
    let sockets = usual_sockets();
    if sockets.iter().any(|socket| ask_at(socket).is_ok()) {
        return Ok(());
    }
    let places: Vec<String> = sockets
        .iter()
        .map(|socket| socket.display().to_string())
        .collect();
    anyhow::bail!("no container engine answers at {}", places.join(" or "))
}

fn usual_sockets() -> Vec<PathBuf> {
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
    sockets.extend(
        settings::variable("XDG_RUNTIME_DIR").map(|folder| Path::new(&folder).join("docker.sock")),
    );
    sockets.extend(
        settings::variable("HOME").map(|home| Path::new(&home).join(".docker/run/docker.sock")),
    );
    sockets
}

fn ask_at(socket: &Path) -> anyhow::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(ANSWER))?;
    ask(&mut stream)
}

fn ask(stream: &mut (impl Read + Write)) -> anyhow::Result<()> {
    stream.write_all(QUESTION)?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    anyhow::ensure!(
        answer.ends_with(b" 200"),
        "it answers {}",
        String::from_utf8_lossy(&answer)
    );
    Ok(())
}
