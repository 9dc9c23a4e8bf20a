//! Servers in containers, for machines with an engine and without Java.
//!
//! A single server publishes its ports on 127.0.0.1 under the numbers it has inside; three brokers share the network of
//! the machine, so that they find each other as processes do. Killing is `stop` without a time to end, pausing is the
//! engine's freezer, and the data stays in the container until it is removed. A signal to the tests removes their
//! containers; after a SIGKILL of the tests those with the label `furlong-stack` remain.
//!
//! Neither compiled to the end nor run where this was written: there was no engine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::Context;
use testcontainers::core::IntoContainerPort;
use testcontainers::runners::SyncRunner;
use testcontainers::{GenericImage, ImageExt};

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub name: &'static str,
    pub tag: &'static str,
    pub environment: Vec<(String, String)>,
    pub command: Vec<String>,
    /// On 127.0.0.1, and inside.
    pub ports: Vec<(u16, u16)>,
    /// Whether the container has no network of its own.
    pub on_the_host: bool,
}

/// A container of ours; removed when dropped.
#[derive(Debug)]
pub(crate) struct Container {
    inner: Option<testcontainers::Container<GenericImage>>,
    killed: AtomicBool,
}

impl Container {
    /// # Errors
    /// The engine cannot run the image.
    pub(crate) fn start(image: Image) -> anyhow::Result<Self> {
        let name = format!("{}:{}", image.name, image.tag);
        let inner = apart(move || {
            let mut request =
                GenericImage::new(image.name, image.tag).with_label("furlong-stack", "1");
            for (variable, value) in image.environment {
                request = request.with_env_var(variable, value);
            }
            if image.on_the_host {
                request = request.with_network("host");
            } else {
                for (outside, inside) in image.ports {
                    request = request.with_mapped_port(outside, inside.tcp());
                }
            }
            if !image.command.is_empty() {
                request = request.with_cmd(image.command);
            }
            request.start()
        })?
        .with_context(|| format!("run {name}"))?;
        Ok(Self {
            inner: Some(inner),
            killed: AtomicBool::new(false),
        })
    }

    /// # Errors
    /// The engine cannot.
    pub(crate) fn kill(&self) -> anyhow::Result<()> {
        self.killed.store(true, Ordering::Release);
        self.ask(|container| container.stop_with_timeout(Some(0)))
    }

    /// # Errors
    /// The engine cannot.
    pub(crate) fn start_again(&self) -> anyhow::Result<()> {
        self.ask(testcontainers::Container::start)?;
        self.killed.store(false, Ordering::Release);
        Ok(())
    }

    /// # Errors
    /// The engine cannot.
    pub(crate) fn pause(&self) -> anyhow::Result<()> {
        self.ask(|container| futures::executor::block_on(container.pause()))
    }

    /// # Errors
    /// The engine cannot.
    pub(crate) fn resume(&self) -> anyhow::Result<()> {
        self.ask(|container| futures::executor::block_on(container.unpause()))
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.killed.load(Ordering::Acquire)
            || !self
                .ask(testcontainers::Container::is_running)
                .unwrap_or(false)
    }

    /// The end of what it wrote.
    pub(crate) fn log_tail(&self) -> String {
        const BYTES: usize = 8_000;
        let output = self.ask(|container| {
            let mut output = container.stdout_to_vec()?;
            output.extend(container.stderr_to_vec()?);
            Ok(output)
        });
        match output {
            Ok(output) => {
                let from = output.len().saturating_sub(BYTES);
                String::from_utf8_lossy(output.get(from..).unwrap_or_default()).into_owned()
            }
            Err(error) => format!("({error:#})"),
        }
    }

    fn ask<T: Send>(
        &self,
        question: impl FnOnce(
            &testcontainers::Container<GenericImage>,
        ) -> testcontainers::core::error::Result<T>
        + Send,
    ) -> anyhow::Result<T> {
        let container = self.inner.as_ref().context("the container is gone")?;
        Ok(apart(|| question(container))??)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let inner = self.inner.take();
        if let Err(error) = apart(|| drop(inner)) {
            eprintln!("stack: {error:#}");
        }
    }
}

/// On a thread of its own: the client of the engine waits in a way that is forbidden inside of an asynchronous test.
fn apart<T: Send>(act: impl FnOnce() -> T + Send) -> anyhow::Result<T> {
    thread::scope(|scope| scope.spawn(act).join())
        .map_err(|_| anyhow::anyhow!("the client of the container engine panicked"))
}
