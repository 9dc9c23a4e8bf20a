//! A test binary whose trials want real servers: run where they can be had, reported as ignored with the reason where
//! not, or as failed where they are required.

use std::ops::BitOr;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::settings;
use crate::shared;
use crate::supply::Part;

/// How many trials run at a time when nobody says otherwise: the servers need the machine as well.
const THREADS: usize = 2;

/// What a test binary, or one trial, needs of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs(u8);

impl Needs {
    /// Nothing.
    pub const NOTHING: Self = Self(0);
    /// Any Kafka: [`crate::kafka`].
    pub const KAFKA: Self = Self(1);
    /// Any Cassandra or ScyllaDB: [`crate::cassandra`].
    pub const CASSANDRA: Self = Self(2);
    /// Any schema registry: [`crate::registry`].
    pub const REGISTRY: Self = Self(4);
    /// A Kafka of its own, to be killed: [`crate::Kafka::start`]. An address in the environment does not do.
    pub const OWN_KAFKA: Self = Self(8);
    /// A Cassandra of its own, to be killed: [`crate::Cassandra::start`].
    pub const OWN_CASSANDRA: Self = Self(16);
    /// A registry of its own, to be killed: [`crate::Registry::start`].
    pub const OWN_REGISTRY: Self = Self(32);
    /// The programs `haproxy` and `openssl`.
    pub const HAPROXY: Self = Self(64);

    const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Why this cannot be had here, if it cannot.
    fn missing(self, look: Look) -> Option<String> {
        let parts = [
            (Self::KAFKA, Part::Kafka, true),
            (Self::CASSANDRA, Part::Cassandra, true),
            (Self::REGISTRY, Part::Registry, true),
            (Self::OWN_KAFKA, Part::Kafka, false),
            (Self::OWN_CASSANDRA, Part::Cassandra, false),
            (Self::OWN_REGISTRY, Part::Registry, false),
        ];
        let reasons = parts
            .into_iter()
            .filter(|(need, ..)| self.includes(*need))
            .filter_map(|(_, part, may_be_given)| {
                if may_be_given && part.given().is_some() {
                    return None;
                }
                let answer = match look {
                    Look::Only => part.own_could_be(),
                    Look::AndFetch => part.own(),
                };
                let reason = format!("{:#}", answer.err()?);
                Some(if may_be_given {
                    format!("{reason} (and {} is not set)", part.variable())
                } else {
                    reason
                })
            });
        let programs = [(Self::HAPROXY, "haproxy"), (Self::HAPROXY, "openssl")];
        let programs = programs
            .into_iter()
            .filter(|(need, program)| self.includes(*need) && !is_on_path(program))
            .map(|(_, program)| format!("there is no program {program}"));
        reasons
            .chain(programs)
            .reduce(|all, one| format!("{all}; {one}"))
    }
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

impl BitOr for Needs {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// How thoroughly it is decided whether a part can be had.
#[derive(Clone, Copy, Debug)]
enum Look {
    /// For a list of the trials.
    Only,
    /// For a run of them.
    AndFetch,
}

type Body = Box<dyn FnOnce() -> anyhow::Result<()> + Send>;

/// The trials of a test binary.
#[derive(Default)]
pub struct Trials(Vec<(String, Needs, Body)>);

impl Trials {
    /// A trial that needs what the whole binary needs.
    pub fn test(&mut self, name: &str, body: impl FnOnce() -> anyhow::Result<()> + Send + 'static) {
        self.test_with(Needs::NOTHING, name, body);
    }

    /// A trial that needs something more; ignored alone where only that is missing.
    pub fn test_with(
        &mut self,
        more: Needs,
        name: &str,
        body: impl FnOnce() -> anyhow::Result<()> + Send + 'static,
    ) {
        self.0.push((name.to_owned(), more, Box::new(body)));
    }
}

/// The `main` of a test binary with `harness = false`: understands the arguments of the usual test harness.
///
/// Whether what is needed can be had is decided once, before the first trial. The shared servers are started by the
/// trial that asks first, and stopped after the last trial, whether it passed, failed or panicked.
pub fn cluster_tests(needs: Needs, collect: impl FnOnce(&mut Trials)) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let look = if arguments.list {
        Look::Only
    } else {
        Look::AndFetch
    };
    let mut trials = Trials::default();
    collect(&mut trials);
    let mut known: Vec<(Needs, Option<String>)> = Vec::new();
    let mut missing = |needs: Needs| {
        if let Some((_, reason)) = known.iter().find(|(asked, _)| *asked == needs) {
            return reason.clone();
        }
        let reason = needs.missing(look);
        if let Some(reason) = &reason {
            let verdict = if settings::cluster_is_required() {
                "failed"
            } else {
                "ignored"
            };
            eprintln!("{verdict}: {reason}");
        }
        known.push((needs, reason.clone()));
        reason
    };
    let trials = trials
        .0
        .into_iter()
        .map(|(name, more, body)| trial(&name, missing(needs | more), body))
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    shared::stop();
    conclusion.exit_code()
}

/// With everything at hand the body; else a trial that is ignored, or fails when the cluster is required. Who runs
/// ignored trials by force hears the reason.
fn trial(name: &str, missing: Option<String>, body: Body) -> Trial {
    let Some(reason) = missing else {
        return Trial::test(name, move || {
            body().map_err(|error| Failed::from(format!("{error:#}")))
        });
    };
    Trial::test(name, move || Err(Failed::from(reason)))
        .with_ignored_flag(!settings::cluster_is_required())
}
