//! Where values come from, and which of them counts.

use super::keys::{KEYS, Key, find, nearest};
use super::{Cluster, Settings};
use crate::admission::{AdmissionOptions, RateStoreAddress};
use crate::house_passkeys::PasskeyPages;
use crate::notices_desk::NoticesTo;
use crate::providers::{ProviderAddress, ProviderChoice};
use gateway::{AdmissionSettings, Bounds, ConnectionLimits};
use payments::HouseAccount;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Where a value comes from, the later beating the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody said otherwise.
    Default,
    /// The file of settings.
    File,
    /// The environment.
    Environment,
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Flag => "flag",
        })
    }
}

/// A value as it was written, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// As written.
    pub text: String,
    /// By whom.
    pub origin: Origin,
}

/// What each setting came to.
#[derive(Clone, Debug)]
pub struct Resolved(BTreeMap<&'static str, Value>);

/// Names and values of one source.
type Source = BTreeMap<String, String>;

/// The settings in a TOML file.
///
/// # Errors
/// Not TOML, or a value that is no text, number or truth.
pub(super) fn from_toml(text: &str) -> Result<Source, String> {
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| {
            let before = text.get(..span.start).unwrap_or(text);
            before.matches('\n').count().saturating_add(1)
        });
        match line {
            Some(line) => format!("line {line}: {}", error.message()),
            None => error.message().to_owned(),
        }
    })?;
    let mut source = Source::new();
    for (name, value) in table {
        // `[payments] url = …` says the same as `payments_url = …`.
        if let toml::Value::Table(inner) = value {
            for (part, value) in inner {
                let name = format!("{name}_{part}");
                source.insert(name.clone(), plain(name, value)?);
            }
        } else {
            source.insert(name.clone(), plain(name, value)?);
        }
    }
    Ok(source)
}

fn plain(name: String, value: toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(truth) => Ok(truth.to_string()),
        toml::Value::Float(_)
        | toml::Value::Datetime(_)
        | toml::Value::Array(_)
        | toml::Value::Table(_) => Err(format!("{name} is a text or a whole number")),
    }
}

/// Variables with our prefix that are no settings: what is logged, and what the tests ask of the
/// person who runs them; and secrets, which are never printed.
const NOT_SETTINGS: [&str; 7] = [
    "LOG",
    "SEED",
    "SEEDS",
    "KILLS",
    "BROWSER",
    "PAYMENTS_SECRET",
    "PAYMENTS_WEBHOOK_SECRET",
];
/// Beginnings of such names: where tests find the servers of a cluster.
const NOT_SETTINGS_BEGIN: [&str; 2] = ["TEST_", "STACK_"];

/// The settings among the variables of the environment.
///
/// # Errors
/// A variable with our prefix that names no setting.
pub(super) fn from_environment(
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Source, String> {
    let mut source = Source::new();
    for (name, value) in variables {
        let Some(rest) = name.strip_prefix("FURLONG_") else {
            continue;
        };
        let of_tests = NOT_SETTINGS_BEGIN
            .iter()
            .any(|begin| rest.starts_with(begin));
        if of_tests || NOT_SETTINGS.contains(&rest) {
            continue;
        }
        let key = rest.to_ascii_lowercase();
        known(&key).map_err(|unknown| format!("environment variable {name}: {unknown}"))?;
        source.insert(key, value);
    }
    Ok(source)
}

fn known(name: &str) -> Result<Key, String> {
    find(name).ok_or_else(|| match nearest(name) {
        Some(key) => format!("{name:?} is not a setting; did you mean {}?", key.name),
        None => {
            let names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
            format!("{name:?} is not a setting; known are {}", names.join(", "))
        }
    })
}

/// One over the other.
///
/// # Errors
/// A name that is no setting.
pub(super) fn merge(file: Source, environment: Source, flags: Source) -> Result<Resolved, String> {
    let defaults = KEYS.iter().map(|key| {
        let value = Value {
            text: key.default.to_owned(),
            origin: Origin::Default,
        };
        (key.name, value)
    });
    let mut values: BTreeMap<&'static str, Value> = defaults.collect();
    for (origin, source) in [
        (Origin::File, file),
        (Origin::Environment, environment),
        (Origin::Flag, flags),
    ] {
        for (name, text) in source {
            values.insert(known(&name)?.name, Value { text, origin });
        }
    }
    Ok(Resolved(values))
}

impl Resolved {
    /// Every setting with its value, in the order of the table.
    pub fn values(&self) -> impl Iterator<Item = (Key, &Value)> {
        KEYS.iter()
            .filter_map(|key| self.0.get(key.name).map(|value| (*key, value)))
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| &value.text)
    }

    fn read<T: FromStr>(&self, name: &str, allowed: &str) -> Result<T, String> {
        let text = self.text(name);
        let origin = self
            .0
            .get(name)
            .map_or(Origin::Default, |value| value.origin);
        text.parse()
            .map_err(|_| format!("{name} = {text:?} (from {origin}): expected {allowed}"))
    }

    fn at_least_one(&self, name: &str, most: u32) -> Result<u32, String> {
        let allowed = format!("a whole number from 1 to {most}");
        let number: u32 = self.read(name, &allowed)?;
        if (1..=most).contains(&number) {
            Ok(number)
        } else {
            Err(format!("{name} = {number}: expected {allowed}"))
        }
    }

    /// All values, checked.
    ///
    /// # Errors
    /// The first that is not allowed.
    pub fn settings(&self) -> Result<Settings, String> {
        let rate_limit = match self.text("rate_limit") {
            "off" => None,
            _ => Some(
                self.at_least_one("rate_limit", 1_000_000_000)
                    .map_err(|error| format!("{error}, or off"))?,
            ),
        };
        Ok(Settings {
            data: self.text("data").into(),
            listen: self.read("listen", "an IP address such as 127.0.0.1")?,
            port: self.read("port", "a port, 0 to 65535")?,
            grpc_port: self.read("grpc_port", "same, off, or a port, 0 to 65535")?,
            partitions: u16::try_from(self.at_least_one("partitions", 1_024)?).unwrap_or(u16::MAX),
            rate_limit,
            rate_burst: self.at_least_one("rate_burst", 1_000_000_000)?,
            admission: self.admission()?,
            deadline_ms: self.at_least_one("deadline_ms", 600_000)?,
            snapshot_every: self.at_least_one("snapshot_every", 1_000_000_000)?,
            lean_step_permille: self.lean_step()?,
            cluster: self.cluster()?,
            provider: self.provider()?,
            withdrawal_review_units: self.read(
                "payments_review_units",
                "a whole number from 0 to 4294967295",
            )?,
            notices: self.notices()?,
            passkeys: self.passkeys()?,
        })
    }

    fn passkeys(&self) -> Result<PasskeyPages, String> {
        let pages = PasskeyPages {
            origin: self.text("passkey_origin").to_owned(),
            domain: self.text("passkey_domain").to_owned(),
        };
        let wrong = |error| format!("passkey_origin, passkey_domain: {error}");
        pages.check().map(|()| pages).map_err(wrong)
    }

    fn notices(&self) -> Result<Option<NoticesTo>, String> {
        let (url, file) = (self.text("notices_url"), self.text("notices_secret_file"));
        if url.is_empty() {
            return Ok(None);
        }
        let host = url.strip_prefix("http://").unwrap_or("");
        if host.is_empty() || host.contains('@') {
            return Err(format!(
                "notices_url = {:?}: expected http://host:port/path without credentials",
                super::shown(url)
            ));
        }
        if file.is_empty() {
            return Err("notices_url needs notices_secret_file: what is sent is signed".to_owned());
        }
        Ok(Some(NoticesTo {
            url: url.to_owned(),
            secret_file: file.into(),
        }))
    }

    fn provider(&self) -> Result<ProviderChoice, String> {
        let given = |name| Some(self.text(name)).filter(|text| !text.is_empty());
        let deadline = self.at_least_one("payments_deadline_ms", 60_000)?;
        let address = || {
            let url = self.text("payments_url");
            let host = url.strip_prefix("http://").unwrap_or("");
            if host.is_empty() || host.contains('@') {
                return Err(format!(
                    "payments_url = {:?}: expected http://host:port without credentials (TLS is the egress proxy's)",
                    super::shown(url)
                ));
            }
            Ok(ProviderAddress {
                url: url.trim_end_matches('/').to_owned(),
                secret_file: given("payments_secret_file").map(Into::into),
                webhook_secret_file: given("payments_webhook_secret_file").map(Into::into),
                deadline: std::time::Duration::from_millis(deadline.into()),
            })
        };
        match self.text("payments_provider") {
            "simulated" => Ok(ProviderChoice::Simulated),
            "stripe" => Ok(ProviderChoice::Stripe(address()?)),
            "open_banking" => Ok(ProviderChoice::OpenBanking(
                address()?,
                self.house_account()?,
            )),
            other => Err(format!(
                "payments_provider = {other:?}: expected simulated, stripe or open_banking"
            )),
        }
    }

    fn house_account(&self) -> Result<HouseAccount, String> {
        let text = self.text("payments_house_account");
        let parts: Vec<&str> = text.splitn(3, ':').collect();
        let [scheme, identification, name] = parts.as_slice() else {
            return Err(
                "payments_house_account: expected scheme:identification:name, such as UK.OBIE.SortCodeAccountNumber:08080021325698:House"
                    .to_owned(),
            );
        };
        Ok(HouseAccount {
            scheme: (*scheme).to_owned(),
            identification: (*identification).to_owned(),
            name: (*name).to_owned(),
            approve_at: self.text("payments_approve_url").to_owned(),
        })
    }

    fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    fn admission(&self) -> Result<AdmissionOptions, String> {
        let proxies = "addresses or networks with commas, such as 10.0.0.7, 10.1.0.0/16";
        let rate_store = self.given("rate_store").map(|url| RateStoreAddress {
            url: url.to_owned(),
            credentials: self.given("rate_store_credentials").map(Into::into),
        });
        let settings = AdmissionSettings::default();
        let staff_second_factor = match self.text("staff_second_factor") {
            "on" => true,
            "off" => false,
            other => {
                return Err(format!(
                    "staff_second_factor: expected on or off, not {other}"
                ));
            }
        };
        Ok(AdmissionOptions {
            settings: AdmissionSettings {
                concurrency: self.concurrency()?,
                connections: ConnectionLimits {
                    connections: self.many("connections")?,
                    per_address: self.many("connections_per_address")?,
                    ..settings.connections
                },
                trusted_proxies: self.read("trusted_proxies", proxies)?,
                ..settings
            },
            staff_second_factor,
            rate_store,
        })
    }

    fn many(&self, name: &str) -> Result<usize, String> {
        let number = self.at_least_one(name, 1_000_000)?;
        Ok(usize::try_from(number).unwrap_or(usize::MAX))
    }

    fn concurrency(&self) -> Result<Option<Bounds>, String> {
        if self.text("concurrency") == "off" {
            return Ok(None);
        }
        let max = self
            .many("concurrency")
            .map_err(|error| format!("{error}, or off"))?;
        let bounds = AdmissionSettings::default().concurrency;
        Ok(bounds.map(|bounds| Bounds {
            min: bounds.min.min(max),
            first: bounds.first.min(max),
            max,
        }))
    }

    fn lean_step(&self) -> Result<u16, String> {
        if self.text("lean_step") == "off" {
            return Ok(0);
        }
        let permille = self
            .at_least_one("lean_step", 1_000)
            .map_err(|error| format!("{error}, or off"))?;
        Ok(u16::try_from(permille).unwrap_or(u16::MAX))
    }

    fn cluster(&self) -> Result<Option<Cluster>, String> {
        if self.text("brokers").is_empty() {
            return Ok(None);
        }
        let small = |name| {
            self.at_least_one(name, 100)
                .map(|number| u16::try_from(number).unwrap_or(u16::MAX))
        };
        let (replication, min_insync) = (small("replication")?, small("min_insync")?);
        if min_insync > replication {
            return Err(format!(
                "min_insync = {min_insync} is more than replication = {replication}"
            ));
        }
        let given = |name| Some(self.text(name)).filter(|text| !text.is_empty());
        let view_replication = match given("view_replication") {
            Some(_) => small("view_replication")?,
            None => replication,
        };
        Ok(Some(Cluster {
            brokers: self.text("brokers").to_owned(),
            topic_prefix: self.text("topic_prefix").to_owned(),
            kafka_options: given("kafka_options").map(Into::into),
            registry: given("registry").map(str::to_owned),
            replication,
            min_insync,
            view_nodes: listed(self.text("view_nodes")),
            view_credentials: given("view_credentials").map(Into::into),
            keyspace: self.text("keyspace").to_owned(),
            view_replication,
            lease_ms: self.at_least_one("lease_ms", 600_000)?,
        }))
    }
}

fn listed(text: &str) -> Vec<String> {
    text.split(',')
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::GrpcPort;

    fn source(pairs: &[(&str, &str)]) -> Source {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn defaults_are_valid() {
        let settings = merge(Source::new(), Source::new(), Source::new())
            .unwrap()
            .settings();
        assert_eq!(settings.map(|settings| settings.port), Ok(7_400));
    }

    #[test]
    fn flags_beat_the_environment_and_that_beats_the_file() {
        let resolved = merge(
            source(&[("port", "1"), ("partitions", "1"), ("data", "a")]),
            source(&[("port", "2"), ("partitions", "2")]),
            source(&[("port", "3")]),
        )
        .unwrap();
        let origins: Vec<_> = resolved
            .values()
            .map(|(key, value)| (key.name, value.text.as_str(), value.origin))
            .take(4)
            .collect();
        assert_eq!(
            origins,
            [
                ("data", "a", Origin::File),
                ("listen", "127.0.0.1", Origin::Default),
                ("port", "3", Origin::Flag),
                ("partitions", "2", Origin::Environment),
            ]
        );
    }

    #[test]
    fn how_large_a_withdrawal_needs_two_persons_is_a_number_of_units() {
        let units = |told: &[(&str, &str)]| {
            let merged = merge(source(told), Source::new(), Source::new()).unwrap();
            let settings = merged.settings();
            settings.map(|settings| settings.withdrawal_review_units)
        };
        assert_eq!(units(&[]), Ok(gateway::WITHDRAWAL_REVIEW_UNITS));
        assert_eq!(units(&[("payments_review_units", "0")]), Ok(0));
        for wrong in ["", "off", "-1", "99.99"] {
            let refused = units(&[("payments_review_units", wrong)]).unwrap_err();
            assert!(refused.contains("payments_review_units"), "{refused}");
        }
    }

    #[test]
    fn feeds_speak_grpc_beside_the_rest_apart_or_nowhere() {
        let port = |text: &str| {
            let told = source(&[("grpc_port", text)]);
            let merged = merge(Source::new(), Source::new(), told).unwrap();
            merged.settings().map(|settings| settings.grpc_port)
        };
        assert_eq!(port("same"), Ok(GrpcPort::Same));
        assert_eq!(port("off"), Ok(GrpcPort::Off));
        assert_eq!(port("7401"), Ok(GrpcPort::Own(7_401)));
        for wrong in ["", "on", "70000", "-1"] {
            assert!(port(wrong).unwrap_err().contains("grpc_port"), "{wrong}");
        }
    }

    #[test]
    fn brokers_make_a_cluster() {
        let settings = |pairs: &[(&str, &str)]| {
            merge(Source::new(), Source::new(), source(pairs))
                .unwrap()
                .settings()
        };
        assert_eq!(settings(&[]).unwrap().cluster, None);
        let cluster = settings(&[
            ("brokers", "a:9092,b:9092"),
            ("view_nodes", "c:9042, d:9042"),
            ("kafka_options", "kafka.properties"),
        ]);
        let cluster = cluster.unwrap().cluster.unwrap();
        assert_eq!(cluster.view_nodes, ["c:9042", "d:9042"]);
        assert_eq!((cluster.replication, cluster.view_replication), (3, 3));
        assert_eq!(cluster.kafka_options, Some("kafka.properties".into()));
        for (name, value, named) in [
            ("min_insync", "4", "min_insync"),
            ("replication", "0", "replication"),
            ("view_replication", "some", "view_replication"),
            ("lease_ms", "0", "lease_ms"),
        ] {
            let refused = settings(&[("brokers", "a:9092"), (name, value)]).unwrap_err();
            assert!(refused.contains(named), "{refused}");
        }
    }

    #[test]
    fn who_is_let_in_is_said_by_settings() {
        let settings = |pairs: &[(&str, &str)]| {
            merge(Source::new(), Source::new(), source(pairs))
                .unwrap()
                .settings()
        };
        // What nobody says otherwise is what the gateway has by itself, and staff prove who they are.
        assert_eq!(
            settings(&[]).unwrap().admission,
            AdmissionOptions {
                staff_second_factor: true,
                ..AdmissionOptions::default()
            }
        );
        let off = settings(&[("staff_second_factor", "off")]);
        assert_eq!(off.unwrap().admission, AdmissionOptions::default());
        let told = settings(&[
            ("concurrency", "10"),
            ("connections", "20"),
            ("rate_store", "redis://here:6379/0"),
        ]);
        let told = told.unwrap().admission;
        assert_eq!(
            told.settings.concurrency.map(|bounds| bounds.first),
            Some(10)
        );
        assert_eq!(told.settings.connections.connections, 20);
        assert_eq!(
            told.rate_store.map(|store| store.url).as_deref(),
            Some("redis://here:6379/0")
        );
        let off = settings(&[("concurrency", "off")]).unwrap().admission;
        assert_eq!(off.settings.concurrency, None);
        for (name, value) in [
            ("concurrency", "0"),
            ("connections", "none"),
            ("trusted_proxies", "proxy.example"),
        ] {
            let refused = settings(&[(name, value)]).unwrap_err();
            assert!(refused.contains(name), "{refused}");
        }
    }

    #[test]
    fn a_provider_is_chosen_with_all_that_it_needs_or_not_at_all() {
        let chosen = |text: &str| {
            let file = from_toml(text).unwrap();
            let resolved = merge(file, Source::new(), Source::new());
            resolved.and_then(|resolved| Ok(resolved.settings()?.provider))
        };
        assert_eq!(chosen(""), Ok(ProviderChoice::Simulated));
        let stripe = chosen("[payments]\nprovider = \"stripe\"\nurl = \"http://egress:8443/\"\n");
        let Ok(ProviderChoice::Stripe(address)) = stripe else {
            panic!("{stripe:?}");
        };
        assert_eq!(address.url, "http://egress:8443");
        for (text, named) in [
            ("payments_provider = \"cash\"", "payments_provider"),
            ("payments_provider = \"stripe\"", "payments_url"),
            (
                "[payments]\nprovider = \"stripe\"\nurl = \"https://api.stripe.com\"",
                "payments_url",
            ),
            (
                "[payments]\nprovider = \"open_banking\"\nurl = \"http://egress\"",
                "payments_house_account",
            ),
            ("[payments]\nsecret = \"canary\"", "payments_secret"),
        ] {
            let refused = chosen(text).unwrap_err();
            assert!(refused.contains(named), "{text}: {refused}");
            assert!(!refused.contains("canary"), "{refused}");
        }
    }

    #[test]
    fn the_environment_is_read_by_its_prefix_and_strictly() {
        let read = |name: &str| from_environment([(name.to_owned(), "1".to_owned())].into_iter());
        assert_eq!(read("FURLONG_PORT"), Ok(source(&[("port", "1")])));
        assert_eq!(read("PORT"), Ok(Source::new()));
        assert_eq!(read("FURLONG_LOG"), Ok(source(&[])));
        assert!(read("FURLONG_PROT").unwrap_err().contains("FURLONG_PROT"));
    }
}
