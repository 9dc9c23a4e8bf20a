//! A schema registry with the Confluent-compatible API: its own Apicurio process or one that is already there.
//!
//! Its schemas live in memory: a registry that is killed and started again is empty, as a lost one would be.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;

use crate::archive;
use crate::clock::Deadline;
#[cfg(feature = "containers")]
use crate::containers::{Container, Image};
use crate::folder::Folder;
use crate::java::{self, Artifacts, Entry};
use crate::ports::Port;
use crate::settings;
#[cfg(feature = "containers")]
use crate::slot::Running;
use crate::slot::Slot;
use crate::supply::{Means, Part};
use crate::wire;

/// How long it may take to be ready, on a machine that has other things to do.
const READY_WITHIN: Duration = Duration::from_secs(300);
/// Where the server has the Confluent-compatible API.
const API: &str = "/apis/ccompat/v7";
/// What the server does not do by itself: its default is to compare nothing.
const COMPATIBILITY: &str = r#"{"compatibility":"BACKWARD_TRANSITIVE"}"#;

/// The server, an archive with its jars; the libraries its project file names are in the archive already.
pub(crate) const ARTIFACTS: Artifacts = Artifacts {
    folder: "apicurio-registry-app-2.6.13",
    dependencies: "    <dependency><groupId>io.apicurio</groupId><artifactId>apicurio-registry-app</artifactId><version>2.6.13.Final</version>
      <type>tar.gz</type><classifier>all</classifier>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>",
    unpack: true,
};
/// The program in the archive.
const PROGRAM: &str = "apicurio-registry-app-2.6.13.Final-runner.jar";

/// A registry that answers.
#[derive(Debug)]
pub struct Registry {
    server: Server,
}

#[derive(Debug)]
enum Server {
    Given(String),
    Own(Box<Own>),
}

/// A registry of our own.
#[derive(Debug)]
struct Own {
    means: Means,
    slot: Slot,
    port: Port,
    /// Where to write the classes it has loaded.
    training: Option<PathBuf>,
    // Last: the folder goes when the process is gone.
    folder: Folder,
}

impl Registry {
    /// Starts one of our own, even where the environment gives an address.
    ///
    /// # Errors
    /// It cannot be had here, or is not ready in time (the error ends with its log).
    pub fn start() -> anyhow::Result<Self> {
        let means = Part::Registry.own()?;
        if means == Means::Java {
            archive::ensure(ARTIFACTS, |to| {
                let registry = Self::start_own(means, Some(to.to_owned()))?;
                registry.own()?.slot.end(Deadline::after(READY_WITHIN))
            })?;
        }
        Self::start_own(means, None)
    }

    fn start_own(means: Means, training: Option<PathBuf>) -> anyhow::Result<Self> {
        let folder = Folder::new("registry")?;
        let slot = Slot::new(
            "the schema registry".to_owned(),
            folder.path().join("registry"),
        );
        std::fs::create_dir_all(slot.folder()).context("create the registry's folder")?;
        let registry = Self {
            server: Server::Own(Box::new(Own {
                means,
                slot,
                port: Port::free()?,
                training,
                folder,
            })),
        };
        registry.start_again()?;
        Ok(registry)
    }

    /// The one at the address in the environment, else one of our own.
    pub(crate) fn shared() -> anyhow::Result<Self> {
        let Some(url) = settings::variable(settings::REGISTRY) else {
            return Self::start();
        };
        Ok(Self {
            server: Server::Given(url.trim_end_matches('/').to_owned()),
        })
    }

    /// The base of the Confluent-compatible API, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.server {
            Server::Given(url) => url.clone(),
            Server::Own(own) => format!("http://127.0.0.1:{}{API}", own.port.number()),
        }
    }

    /// Whether it is ours to kill and to stop.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        matches!(self.server, Server::Own(_))
    }

    /// Kills it with SIGKILL; its schemas are gone with it.
    ///
    /// # Errors
    /// It is not ours, or not running.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.own()?.slot.kill()
    }

    /// Starts the killed registry at the same address, empty; returns when it serves.
    ///
    /// # Errors
    /// It is not ours, is running, or is not ready in time.
    pub fn start_again(&self) -> anyhow::Result<()> {
        let own = self.own()?;
        own.launch()?;
        let config = format!("{}/config", self.url());
        let ready = Deadline::after(READY_WITHIN).until(
            || own.slot.given_up(),
            || {
                let answer = wire::http::request("PUT", &config, Some(COMPATIBILITY))?;
                anyhow::ensure!(
                    answer.status == 200,
                    "PUT /config: {} {}",
                    answer.status,
                    answer.body
                );
                Ok(())
            },
        );
        own.slot.with_log(ready)
    }

    /// Stops its process (SIGSTOP): its connections stay, nothing is answered.
    ///
    /// # Errors
    /// It is not ours, or not running.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.own()?.slot.pause()
    }

    /// Lets the paused registry go on.
    ///
    /// # Errors
    /// It is not ours, or not running.
    pub fn resume(&self) -> anyhow::Result<()> {
        self.own()?.slot.resume()
    }

    /// Its process id.
    ///
    /// # Errors
    /// It is not ours, or not running.
    pub fn pid(&self) -> anyhow::Result<u32> {
        self.own()?.slot.pid()
    }

    /// What it wrote to its output.
    ///
    /// # Errors
    /// It is not ours.
    pub fn log(&self) -> anyhow::Result<PathBuf> {
        Ok(self.own()?.slot.log())
    }

    /// Stops it for good if it is ours.
    pub(crate) fn stop(&self) {
        if let Server::Own(own) = &self.server {
            own.slot.stop();
            own.folder.remove();
        }
    }

    fn own(&self) -> anyhow::Result<&Own> {
        match &self.server {
            Server::Own(own) => Ok(own),
            Server::Given(_) => {
                anyhow::bail!("the registry of {} is not ours to stop", settings::REGISTRY)
            }
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Own {
    fn launch(&self) -> anyhow::Result<()> {
        match self.means {
            Means::Java => self.launch_java(),
            #[cfg(feature = "containers")]
            Means::Containers => self.launch_container(),
        }
    }

    fn launch_java(&self) -> anyhow::Result<()> {
        let options: [OsString; 6] = [
            "-Xmx512m".into(),
            "-XX:TieredStopAtLevel=1".into(),
            "-Djava.util.logging.manager=org.jboss.logmanager.LogManager".into(),
            "-Dquarkus.http.host=127.0.0.1".into(),
            format!("-Dquarkus.http.port={}", self.port.number()).into(),
            "-Dquarkus.log.console.color=false".into(),
        ];
        let server = java::Server {
            artifacts: ARTIFACTS,
            options: options.to_vec(),
            entry: Entry::Jar(PROGRAM),
            arguments: Vec::new(),
            training: self.training.clone(),
        };
        server.start(&self.slot)
    }

    /// Neither compiled to the end nor run where this was written.
    #[cfg(feature = "containers")]
    fn launch_container(&self) -> anyhow::Result<()> {
        const INSIDE: u16 = 8080;
        let image = Image {
            name: "quay.io/apicurio/apicurio-registry-mem",
            tag: "2.6.13.Final",
            environment: Vec::new(),
            command: Vec::new(),
            ports: vec![(self.port.number(), INSIDE)],
            on_the_host: false,
        };
        self.slot
            .start(|| Container::start(image).map(Running::Container))
    }
}
