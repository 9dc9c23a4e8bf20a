//! The payment provider of a process: which one, where, and the gate before it.
//!
//! Duty: make the adapter that the settings name, with its secrets out of files or the
//! environment, and show how it is. Prohibition: a secret is in no setting, no message and no
//! figure, and no other provider than the one chosen is ever called or heard.

use crate::exit::Failure;
use crate::part_figures::{COUNTER, GAUGE, Text};
use gateway::ports::MetricsSource;
use kernel::{Money, Partition, Timestamp};
use keystore::Secret;
use outbound::HttpCaller;
use payments::{
    CallBacks, Door, Gate, GateTerms, HouseAccount, OPEN_BANKING, OpenBanking, Provider,
    ProviderSecret, Refused, SIMULATOR, STRIPE, Simulator, Stripe,
};
use schemas::payments::{Event, FindingKind};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Which provider, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProviderChoice {
    /// In this process: nothing moves.
    #[default]
    Simulated,
    /// Cards.
    Stripe(ProviderAddress),
    /// Bank transfers.
    OpenBanking(ProviderAddress, HouseAccount),
}

/// Where a provider is, and where its secrets are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderAddress {
    /// `http://…`: the egress proxy that speaks TLS to the provider.
    pub url: String,
    /// A file with the secret that we show it.
    pub secret_file: Option<PathBuf>,
    /// A file with the secret that signs its call-backs.
    pub webhook_secret_file: Option<PathBuf>,
    /// How long a call may take.
    pub deadline: Duration,
}

/// In the environment: the secret that we show the provider.
pub const SECRET: &str = "FURLONG_PAYMENTS_SECRET";
/// In the environment: the secret that signs its call-backs.
pub const WEBHOOK_SECRET: &str = "FURLONG_PAYMENTS_WEBHOOK_SECRET";

/// The provider, ready to be called and heard.
pub struct Outside {
    /// Its name in payments.
    pub name: &'static str,
    /// Who is called.
    pub provider: Arc<dyn Provider>,
    /// The simulated one, if it is.
    pub simulator: Option<Arc<Simulator>>,
    /// Before all calls.
    pub gate: Arc<ProviderGate>,
}

impl Outside {
    /// The chosen provider.
    ///
    /// # Errors
    /// A secret is missing or cannot be read.
    pub fn open(
        choice: &ProviderChoice,
        simulator_key: &Secret,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let mut simulator = None;
        let (name, provider): (_, Arc<dyn Provider>) = match choice {
            ProviderChoice::Simulated => {
                let simulated = Arc::new(Simulator::new(simulator_key.expose()));
                simulator = Some(Arc::clone(&simulated));
                (SIMULATOR, simulated)
            }
            ProviderChoice::Stripe(address) => (STRIPE, Arc::new(Stripe::new(address.door()?))),
            ProviderChoice::OpenBanking(address, house) => {
                let bank = OpenBanking::new(address.door()?, house.clone());
                (OPEN_BANKING, Arc::new(bank))
            }
        };
        let gate = Arc::new(ProviderGate::new(name, now));
        Ok(Self {
            name,
            provider,
            simulator,
            gate,
        })
    }
}

/// What takes the call-backs of the chosen provider.
///
/// # Errors
/// The secret is missing or cannot be read.
pub fn call_backs(
    choice: &ProviderChoice,
    simulator_key: &Secret,
    partitions: u16,
) -> Result<CallBacks, Failure> {
    let (name, secret) = match choice {
        ProviderChoice::Simulated => (SIMULATOR, simulator_key.expose().to_vec()),
        ProviderChoice::Stripe(address) => (STRIPE, address.webhook_secret()?),
        ProviderChoice::OpenBanking(address, _) => (OPEN_BANKING, address.webhook_secret()?),
    };
    CallBacks::new(name, &[secret], partitions)
        .ok_or_else(|| Failure::failed(format!("no call-backs of {name}")))
}

impl ProviderAddress {
    fn door(&self) -> Result<Door, Failure> {
        let secret = secret(self.secret_file.as_deref(), "payments_secret_file", SECRET)?;
        Ok(Door {
            url: self.url.clone(),
            secret: ProviderSecret::new(&secret),
            caller: HttpCaller::new(self.deadline),
        })
    }

    fn webhook_secret(&self) -> Result<Vec<u8>, Failure> {
        let file = self.webhook_secret_file.as_deref();
        let secret = secret(file, "payments_webhook_secret_file", WEBHOOK_SECRET)?;
        Ok(secret.trim().as_bytes().to_vec())
    }
}

/// The environment beats the file, as with settings.
fn secret(file: Option<&Path>, setting: &str, variable: &str) -> Result<String, Failure> {
    let told = std::env::var_os(variable).and_then(|value| value.into_string().ok());
    let found = match (told, file) {
        (Some(told), _) => told,
        (None, Some(path)) => std::fs::read_to_string(path).map_err(|error| {
            Failure::Usage(format!(
                "{setting}: {} cannot be read: {error}",
                path.display()
            ))
        })?,
        (None, None) => String::new(),
    };
    if found.trim().is_empty() {
        return Err(Failure::Usage(format!(
            "the payment provider needs a secret: name a file with {setting}, or set {variable}"
        )));
    }
    Ok(found)
}

/// The gate that all desks of a process share, and its figures.
pub struct ProviderGate {
    name: &'static str,
    gate: Mutex<Gate>,
    answered: AtomicU64,
    silent: AtomicU64,
    refused: AtomicU64,
    unreconciled: Mutex<Unreconciled>,
}

/// What stands between the provider's files and the books, in the partitions that are served here.
#[derive(Default)]
pub struct Unreconciled(BTreeMap<Partition, BTreeMap<String, Standing>>);

/// Enough of a finding to know what ends it.
struct Standing {
    kind: FindingKind,
    theirs: Option<Money>,
}

impl Unreconciled {
    /// Begins anew: the partition's journal is read from its beginning.
    pub fn forget(&mut self, partition: Partition) {
        self.0.remove(&partition);
    }

    /// Takes notice of an event, as the state of payments does.
    pub fn observe(&mut self, partition: Partition, event: &Event) {
        let of = self.0.entry(partition).or_default();
        let settled = |reference: String, amount: Money, of: &mut BTreeMap<String, Standing>| {
            let explains = of.get(&reference).is_some_and(|standing| {
                standing.kind == FindingKind::MissingHere && standing.theirs == Some(amount)
            });
            if explains {
                of.remove(&reference);
            }
        };
        if let Event::ProviderReconciled(outcome) = event {
            for payment in &outcome.matched {
                of.remove(&payments::reference_of(payment));
            }
            for finding in &outcome.findings {
                let standing = Standing {
                    kind: finding.kind,
                    theirs: finding.theirs,
                };
                of.insert(finding.reference.clone(), standing);
            }
        } else if let Event::DepositConfirmed(done) = event {
            settled(done.deposit.to_string(), done.amount, of);
        } else if let Event::WithdrawalPaid(done) = event {
            settled(done.withdrawal.to_string(), done.amount, of);
        } else if let Event::UnknownPaymentReported(done) = event {
            settled(done.reference.clone(), done.amount, of);
        }
    }

    fn count(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }
}

impl ProviderGate {
    /// An open one.
    #[must_use]
    pub fn new(name: &'static str, now: Timestamp) -> Self {
        Self {
            name,
            gate: Mutex::new(Gate::new(GateTerms::default(), now)),
            answered: AtomicU64::new(0),
            silent: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            unreconciled: Mutex::default(),
        }
    }

    /// Lets a call through, or says when to come again.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn enter(&self, is_repeat: bool, now: Timestamp) -> Result<(), Refused> {
        let entered = self.gate().enter(is_repeat, now);
        if entered.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        entered
    }

    /// A call has come back.
    pub fn leave(&self, answered: bool, now: Timestamp) {
        let count = if answered {
            &self.answered
        } else {
            &self.silent
        };
        count.fetch_add(1, Ordering::Relaxed);
        self.gate().leave(answered, now);
    }

    /// What stands between the provider's files and the books.
    pub fn reconciliation(&self) -> std::sync::MutexGuard<'_, Unreconciled> {
        self.unreconciled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The machine behind it never panics with the lock.
    fn gate(&self) -> std::sync::MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The provider's figures as Prometheus text.
pub struct ProviderFigures(pub Arc<ProviderGate>);

impl MetricsSource for ProviderFigures {
    fn write(&self, out: &mut String) {
        let (closed, in_flight) = {
            let gate = self.0.gate();
            (u64::from(gate.is_closed()), u64::from(gate.in_flight()))
        };
        let unreconciled = u64::try_from(self.0.reconciliation().count()).unwrap_or(u64::MAX);
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        let mut text = Text(out);
        for (name, kind, help, value) in [
            (
                "furlong_payments_unreconciled",
                GAUGE,
                "Payments on which the provider's files and the books do not agree; anything above 0 needs a person.",
                unreconciled,
            ),
            (
                "furlong_payments_provider_away",
                GAUGE,
                "Whether calls to the payment provider wait because it was silent too often.",
                closed,
            ),
            (
                "furlong_payments_provider_calls_in_flight",
                GAUGE,
                "Calls and questions to the payment provider that are on their way.",
                in_flight,
            ),
            (
                "furlong_payments_provider_answers_total",
                COUNTER,
                "Calls and questions that the payment provider answered.",
                count(&self.0.answered),
            ),
            (
                "furlong_payments_provider_silences_total",
                COUNTER,
                "Calls and questions that came back without an answer.",
                count(&self.0.silent),
            ),
            (
                "furlong_payments_provider_put_off_total",
                COUNTER,
                "Calls and questions that had to wait: too many at once, or the provider is away.",
                count(&self.0.refused),
            ),
        ] {
            text.family(name, kind, help);
            let provider = format!("provider=\"{}\"", self.0.name);
            text.sample(name, &provider, &value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(secret_file: Option<PathBuf>) -> ProviderAddress {
        ProviderAddress {
            url: "http://127.0.0.1:1".to_owned(),
            secret_file,
            webhook_secret_file: None,
            deadline: Duration::from_secs(1),
        }
    }

    #[test]
    fn a_secret_comes_out_of_its_file_and_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "canary\n").unwrap();
        let address = address(Some(path));
        assert!(address.door().is_ok());
        assert!(!format!("{:?}{:?}", address, address.door()).contains("canary"));
    }

    #[test]
    fn without_a_secret_nothing_starts_and_the_message_says_what_to_do() {
        for file in [None, Some("/nowhere/secret".into())] {
            let Err(refused) = address(file).door() else {
                panic!("it must not open");
            };
            let refused = refused.to_string();
            assert!(refused.contains("payments_secret_file"), "{refused}");
        }
    }

    #[test]
    fn a_payment_that_does_not_agree_is_counted_until_it_does() {
        use schemas::payments as wire;
        let amount = Money::from_minor(500, kernel::Currency::Eur);
        let finding = |kind| wire::ProviderFinding {
            reference: "invoice-7".to_owned(),
            kind,
            ours: None,
            theirs: Some(amount),
        };
        let outcome = |matched, findings| {
            Event::ProviderReconciled(wire::ProviderReconciled {
                provider: STRIPE.to_owned(),
                file: kernel::Digest::default(),
                part: 0,
                last: true,
                missing_before: Timestamp::default(),
                matched,
                findings,
            })
        };
        let suspended = Event::UnknownPaymentReported(wire::UnknownPaymentReported {
            provider: STRIPE.to_owned(),
            provider_event: "e1".to_owned(),
            reference: "invoice-7".to_owned(),
            amount,
        });
        let reference = "invoice-7".to_owned();
        let unknown = wire::Payment::Unknown(wire::UnknownRef { reference, amount });
        for explains in [suspended, outcome(vec![unknown], vec![])] {
            let mut unreconciled = Unreconciled::default();
            let found = outcome(vec![], vec![finding(FindingKind::MissingHere)]);
            unreconciled.observe(3, &found);
            unreconciled.observe(3, &found);
            assert_eq!(unreconciled.count(), 1);
            unreconciled.observe(3, &explains);
            assert_eq!(unreconciled.count(), 0);
        }
        let mut unreconciled = Unreconciled::default();
        unreconciled.observe(
            3,
            &outcome(vec![], vec![finding(FindingKind::AmountDiffers)]),
        );
        unreconciled.forget(3);
        assert_eq!(unreconciled.count(), 0);
    }

    #[test]
    fn figures_tell_whether_the_provider_is_away() {
        let now = Timestamp::default();
        let gate = Arc::new(ProviderGate::new(STRIPE, now));
        let shown = || {
            let mut out = String::new();
            ProviderFigures(Arc::clone(&gate)).write(&mut out);
            out
        };
        assert!(shown().contains("furlong_payments_provider_away{provider=\"stripe\"} 0"));
        for _ in 0..5 {
            assert_eq!(gate.enter(false, now), Ok(()));
            gate.leave(false, now);
        }
        assert!(gate.enter(false, now).is_err());
        let shown = shown();
        assert!(shown.contains("furlong_payments_provider_away{provider=\"stripe\"} 1"));
        assert!(shown.contains("furlong_payments_provider_put_off_total{provider=\"stripe\"} 1"));
    }
}
