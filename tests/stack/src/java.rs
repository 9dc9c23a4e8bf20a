//! Java programs from Maven artifacts: found, fetched once, kept.
//!
//! A set of artifacts is fetched into a folder of the cache under a file lock and appears there by one rename: either
//! it is whole or it is not there. What is there is used without Maven and without a network.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::Context;

use crate::archive;
use crate::guarded::Guarded;
use crate::settings;
use crate::slot::{Running, Slot};

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

/// What a Java process begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entry {
    /// A class of the jars.
    Class(&'static str),
    /// A jar that knows its class path.
    Jar(&'static str),
}

/// One server's command line.
#[derive(Debug)]
pub(crate) struct Server {
    pub artifacts: Artifacts,
    pub options: Vec<OsString>,
    pub entry: Entry,
    pub arguments: Vec<OsString>,
    /// Where to write the archive of loaded classes when the process ends, instead of using the one that is there.
    pub training: Option<PathBuf>,
}

impl Server {
    /// Starts it in its slot.
    ///
    /// # Errors
    /// One is running there, or there is no process.
    pub(crate) fn start(self, slot: &Slot) -> anyhow::Result<()> {
        let java = java()?;
        let mut line = self.options;
        match &self.training {
            Some(to) => line.push(option("-XX:ArchiveClassesAtExit=", to)),
            None => line.extend(
                archive::of(self.artifacts)?.map(|from| option("-XX:SharedArchiveFile=", &from)),
            ),
        }
        match self.entry {
            Entry::Class(class) => {
                line.push("-cp".into());
                line.push(self.artifacts.class_path()?);
                line.push(class.into());
            }
            Entry::Jar(jar) => {
                line.push("-jar".into());
                line.push(self.artifacts.have()?.join(jar).into());
            }
        }
        line.extend(self.arguments);
        let goes_too = settings::folder_that_goes_with(slot.folder());
        slot.start(|| Guarded::start(&java, &line, &slot.log(), &goes_too).map(Running::Process))
    }
}

/// An option that ends with a path.
pub(crate) fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(path);
    option
}

/// Where `java` is, if it is the wanted one.
///
/// # Errors
/// There is none, or it is another version.
pub(crate) fn java() -> anyhow::Result<PathBuf> {
    Ok(found()?.0)
}

/// The exact version of it.
///
/// # Errors
/// As [`java`].
pub(crate) fn build() -> anyhow::Result<String> {
    Ok(found()?.1)
}

/// Looked for once.
fn found() -> anyhow::Result<(PathBuf, String)> {
    static FOUND: OnceLock<Result<(PathBuf, String), String>> = OnceLock::new();
    FOUND
        .get_or_init(|| look_for_java().map_err(|error| format!("{error:#}")))
        .clone()
        .map_err(anyhow::Error::msg)
}

fn look_for_java() -> anyhow::Result<(PathBuf, String)> {
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
    let version = version(&text).with_context(|| format!("java -version said {text:?}"))?;
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    anyhow::ensure!(
        major == Some(VERSION),
        "java is {version}, these servers want {VERSION}"
    );
    Ok((java, version.to_owned()))
}

/// What is quoted in `openjdk version "17.0.15" …`.
fn version(text: &str) -> Option<&str> {
    text.split('"').nth(1)
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

    /// Keeps other processes from changing the set and what belongs to it, until dropped.
    ///
    /// # Errors
    /// The cache cannot be written.
    pub(crate) fn lock(&self) -> anyhow::Result<File> {
        let path = settings::cache_folder()?.join(format!("{}.lock", self.folder));
        let lock = File::create(path).context("create the lock of the cache")?;
        lock.lock().context("lock the cache")?;
        Ok(lock)
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
        eprintln!(
            "stack: fetching {} once, into {}",
            self.folder,
            place.display()
        );
        let run = Command::new(maven)
            .args(["-q", "-B", goal])
            .arg(option("-DoutputDirectory=", &got))
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
    use super::version;

    #[test]
    fn reads_the_version_of_java() {
        assert_eq!(
            version("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime"),
            Some("17.0.15")
        );
        assert_eq!(version("java: command not found"), None);
    }
}
