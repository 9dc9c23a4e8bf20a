//! Java programs from Maven artifacts: found, fetched once, kept.
//!
//! A set of artifacts is fetched into a folder of the cache under a file lock and appears there by one rename: either
//! it is whole or it is not there. What is there is used without Maven and without a network.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::settings;

/// The Java that all three servers run on; Cassandra 5.0 on no newer one.
const VERSION: u32 = 17;

/// One fetched set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Artifacts {
    /// Its folder in the cache: name and version.
    pub folder: &'static str,
    /// The `<dependency>` elements of its project file.
    pub dependencies: &'static str,
    /// Archives are unpacked, jars are copied.
    pub unpack: bool,
}

/// Where `java` is, if it is the wanted one.
///
/// # Errors
/// There is none, or it is another version.
pub(crate) fn java() -> anyhow::Result<PathBuf> {
    let from_home =
        settings::variable("JAVA_HOME").map(|home| PathBuf::from(home).join("bin").join("java"));
    let java = from_home
        .filter(|file| file.is_file())
        .or_else(|| settings::program("java"))
        .with_context(|| format!("no java {VERSION} on the PATH"))?;
    let said = Command::new(&java)
        .arg("-version")
        .stdin(Stdio::null())
        .output()
        .context("run java -version")?;
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    let version = major(&text).with_context(|| format!("java -version said {text:?}"))?;
    anyhow::ensure!(
        version == VERSION,
        "java is {version}, these servers want {VERSION}"
    );
    Ok(java)
}

/// `openjdk version "17.0.15" …` is 17.
fn major(text: &str) -> Option<u32> {
    let quoted = text.split('"').nth(1)?;
    quoted.split('.').next()?.parse().ok()
}

impl Artifacts {
    /// Whether the set could be had: it is there, or Maven could fetch it.
    ///
    /// # Errors
    /// It is not there and there is no Maven.
    pub(crate) fn could_be_had(&self) -> anyhow::Result<()> {
        if self.place()?.is_dir() || settings::program("mvn").is_some() {
            return Ok(());
        }
        anyhow::bail!(
            "{} is not in the cache and there is no mvn on the PATH to fetch it",
            self.folder
        )
    }

    /// The set's folder, fetched when it is not there.
    ///
    /// # Errors
    /// It cannot be fetched.
    pub(crate) fn have(&self) -> anyhow::Result<PathBuf> {
        let place = self.place()?;
        if place.is_dir() {
            return Ok(place);
        }
        let cache = settings::cache_folder()?;
        fs::create_dir_all(&cache).with_context(|| format!("create {}", cache.display()))?;
        let lock = File::create(cache.join(format!("{}.lock", self.folder)))
            .context("create the lock of the cache")?;
        lock.lock().context("lock the cache")?;
        if !place.is_dir() {
            self.fetch(&cache, &place)
                .with_context(|| format!("fetch {}", self.folder))?;
        }
        Ok(place)
    }

    /// A class path of all its jars.
    pub(crate) fn class_path(&self) -> anyhow::Result<OsString> {
        Ok(self.have()?.join("*").into_os_string())
    }

    fn place(&self) -> anyhow::Result<PathBuf> {
        Ok(settings::cache_folder()?.join(self.folder))
    }

    /// Half a set never has the set's name.
    fn fetch(&self, cache: &Path, place: &Path) -> anyhow::Result<()> {
        let maven = settings::program("mvn").context("there is no mvn on the PATH")?;
        let work = tempfile::Builder::new()
            .prefix(self.folder)
            .suffix(".part")
            .tempdir_in(cache)?;
        let project = work.path().join("pom.xml");
        fs::write(&project, self.project()).context("write the project file")?;
        let got = work.path().join("got");
        let goal = if self.unpack {
            "dependency:unpack-dependencies"
        } else {
            "dependency:copy-dependencies"
        };
        let mut into = OsString::from("-DoutputDirectory=");
        into.push(&got);
        eprintln!(
            "stack: fetching {} once, into {}",
            self.folder,
            place.display()
        );
        let run = Command::new(maven)
            .args(["-q", "-B", goal])
            .arg(into)
            .current_dir(work.path())
            .stdin(Stdio::null())
            .output()
            .context("run mvn")?;
        anyhow::ensure!(
            run.status.success(),
            "mvn ended with {}: {}{}",
            run.status,
            String::from_utf8_lossy(&run.stdout),
            String::from_utf8_lossy(&run.stderr)
        );
        fs::rename(&got, place).with_context(|| format!("put {} in its place", self.folder))
    }

    fn project(&self) -> String {
        format!(
            r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>furlong</groupId>
  <artifactId>stack-{}</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
{}
  </dependencies>
</project>
"#,
            self.folder, self.dependencies
        )
    }
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn reads_the_version_of_java() {
        assert_eq!(
            major("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime"),
            Some(17)
        );
        assert_eq!(major("openjdk version \"21\" 2023-09-19"), Some(21));
        assert_eq!(major("java: command not found"), None);
    }
}
