//! What Kafka has to allow a process of which roles, and nothing more.
//!
//! Duty: the table of who reads and who writes which topic, taken from the services themselves
//! where they say it. With it the broker keeps a stolen password of one role from writing the
//! journal of another. Prohibition: nothing is granted because it might be needed one day.

use crate::config::Cluster;
use crate::exit::{Ended, Outcome};
use crate::roles::{Role, Roles};
use crate::screen::Screen;
use crate::topics::Acls;
use auth::AuthService;
use bets::BetsService;
use eventlog_kafka::topics::{ABOUT, PRESENCE};
use fraud::FraudService;
use kernel::Topic;
use ledger::LedgerService;
use odds::OddsService;
use payments::PaymentsService;
use runtime::Service;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What may be done with a topic, as Kafka's authorizer names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Ask for its partitions and their ends.
    Describe,
    /// Ask for its settings, which every start compares.
    DescribeConfigs,
    /// Read records.
    Read,
    /// Append records.
    Write,
}

impl Operation {
    /// As Kafka's tools spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Describe => "Describe",
            Self::DescribeConfigs => "DescribeConfigs",
            Self::Read => "Read",
            Self::Write => "Write",
        }
    }
}

/// What one process may do, by the full names of topics.
pub type Grants = BTreeMap<String, BTreeSet<Operation>>;

/// What a process of these roles needs, on topics whose names begin with `prefix`.
#[must_use]
pub fn of(roles: &Roles, prefix: &str) -> Grants {
    let named = |name: &str| format!("{prefix}{name}");
    let compared = [Operation::Describe, Operation::DescribeConfigs];
    let all = Topic::ALL.iter().map(|topic| named(topic.as_str()));
    let kept = [named(ABOUT), named(PRESENCE)];
    let mut grants: Grants = all
        .chain(kept.clone())
        .map(|topic| (topic, BTreeSet::from(compared)))
        .collect();
    let mut grant = |topic: String, operation| {
        grants.entry(topic).or_default().insert(operation);
    };
    let [about, presence] = kept;
    grant(about, Operation::Read);
    // Everybody announces itself, and believes who announces itself: that moves work, never money.
    grant(presence.clone(), Operation::Read);
    grant(presence, Operation::Write);
    for role in roles.iter() {
        for topic in read_by(role) {
            grant(named(topic.as_str()), Operation::Read);
        }
        for topic in written_by(role) {
            grant(named(topic.as_str()), Operation::Write);
        }
    }
    grants
}

fn read_by(role: Role) -> BTreeSet<Topic> {
    match role {
        Role::Auth => read_by_owner::<AuthService>(),
        Role::Odds => read_by_owner::<OddsService>(),
        // The picture of the markets is drawn beside the owner.
        Role::Bets => with(read_by_owner::<BetsService>(), Topic::OddsEvents),
        Role::Ledger => read_by_owner::<LedgerService>(),
        Role::Payments => read_by_owner::<PaymentsService>(),
        Role::Fraud => read_by_owner::<FraudService>(),
        // What a source has sent already is counted where it waits.
        Role::Gateway => with(Topic::journals().collect(), Topic::OddsCommands),
        Role::Projector => Topic::journals().collect(),
        // `audit verify` as this user: that nobody was asked what nobody has decided.
        Role::Audit => Topic::ALL.iter().copied().collect(),
    }
}

fn read_by_owner<S: Service>() -> BTreeSet<Topic> {
    let causes = S::causes(0, 1).into_iter().map(|cause| cause.topic);
    causes.chain([S::JOURNAL, S::INBOX]).collect()
}

fn with(mut topics: BTreeSet<Topic>, one: Topic) -> BTreeSet<Topic> {
    topics.insert(one);
    topics
}

fn written_by(role: Role) -> BTreeSet<Topic> {
    let own = role.owns();
    let asked: Vec<Topic> = match role {
        Role::Gateway => Topic::ALL
            .iter()
            .copied()
            .filter(|topic| is_asked(*topic))
            .collect(),
        // Its desk tells it what the provider has said.
        Role::Payments => vec![Topic::PaymentsCommands],
        Role::Auth
        | Role::Odds
        | Role::Bets
        | Role::Ledger
        | Role::Fraud
        | Role::Projector
        | Role::Audit => Vec::new(),
    };
    own.into_iter().chain(asked).collect()
}

/// The inboxes that take what people and feeds ask for. The ledger's takes nothing of anybody's:
/// it follows what others have decided.
const fn is_asked(topic: Topic) -> bool {
    match topic {
        Topic::AuthCommands
        | Topic::OddsCommands
        | Topic::BetsCommands
        | Topic::PaymentsCommands
        | Topic::FraudCommands => true,
        Topic::LedgerCommands
        | Topic::AuthEvents
        | Topic::OddsEvents
        | Topic::BetsEvents
        | Topic::LedgerEvents
        | Topic::PaymentsEvents
        | Topic::FraudEvents => false,
    }
}

/// A process as Kafka knows it, and what it is.
struct Principal {
    name: String,
    roles: Roles,
}

impl Principal {
    fn named(name: Option<&str>, roles: Roles) -> Self {
        let usual = || format!("User:{}", roles.names().replace(' ', "-"));
        Self {
            name: name.map_or_else(usual, str::to_owned),
            roles,
        }
    }
}

/// Prints the rights that were asked for.
///
/// # Errors
/// The output cannot be written.
pub fn print(cluster: &Cluster, acls: &Acls, screen: &mut Screen<'_>) -> Ended {
    let principals: Vec<Principal> = if acls.roles.is_empty() {
        let each = Roles::all();
        each.iter()
            .map(|role| Principal::named(None, Roles::of([role])))
            .collect()
    } else {
        let roles = Roles::of(acls.roles.iter().flat_map(Roles::iter));
        vec![Principal::named(acls.principal.as_deref(), roles)]
    };
    if screen.json {
        let told: Vec<_> = principals
            .iter()
            .map(|who| {
                let grants = of(&who.roles, &cluster.topic_prefix);
                let topics: Vec<_> = grants
                    .iter()
                    .map(|(topic, operations)| json!({"topic": topic, "operations": names(operations)}))
                    .collect();
                json!({"principal": who.name, "roles": who.roles.names(), "topics": topics})
            })
            .collect();
        screen.put_json(&json!({ "principals": told }))?;
        return Ok(Outcome::Fine);
    }
    for who in &principals {
        screen.put(format_args!("# {}", who.roles.names()))?;
        for command in commands(who, cluster) {
            screen.put(command)?;
        }
    }
    Ok(Outcome::Fine)
}

fn names(operations: &BTreeSet<Operation>) -> Vec<&'static str> {
    operations
        .iter()
        .map(|operation| operation.name())
        .collect()
}

/// One command for all topics with which the same may be done.
fn commands(who: &Principal, cluster: &Cluster) -> Vec<String> {
    let mut alike: BTreeMap<BTreeSet<Operation>, Vec<String>> = BTreeMap::new();
    for (topic, operations) in of(&who.roles, &cluster.topic_prefix) {
        alike.entry(operations).or_default().push(topic);
    }
    alike
        .iter()
        .map(|(operations, topics)| {
            let operations = names(operations).join(" --operation ");
            let topics = topics.join(" --topic ");
            format!(
                "kafka-acls.sh --bootstrap-server {} --add --allow-principal '{}' --operation {operations} --topic {topics}",
                cluster.brokers, who.name
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    fn writers_of(topic: Topic) -> Vec<Role> {
        let roles = Role::value_variants().iter().copied();
        roles
            .filter(|role| {
                let grants = of(&Roles::of([*role]), "eu.");
                grants
                    .get(&format!("eu.{}", topic.as_str()))
                    .is_some_and(|operations| operations.contains(&Operation::Write))
            })
            .collect()
    }

    #[test]
    fn a_journal_is_written_by_its_owner_alone() {
        for topic in Topic::journals() {
            let writers = writers_of(topic);
            assert!(
                matches!(writers.as_slice(), [role] if role.owns() == Some(topic)),
                "{} is written by {writers:?}",
                topic.as_str()
            );
        }
    }

    #[test]
    fn nobody_asks_the_ledger_for_anything() {
        assert_eq!(writers_of(Topic::LedgerCommands), []);
        assert_eq!(writers_of(Topic::BetsCommands), [Role::Gateway]);
    }

    #[test]
    fn who_signs_checkpoints_writes_nothing_but_its_presence() {
        let grants = of(&Roles::of([Role::Audit]), "");
        let written: Vec<&str> = grants
            .iter()
            .filter(|(_, operations)| operations.contains(&Operation::Write))
            .map(|(topic, _)| topic.as_str())
            .collect();
        assert_eq!(written, ["furlong.presence"]);
    }

    #[test]
    fn several_roles_have_what_each_has() {
        let both = of(&Roles::of([Role::Odds, Role::Payments]), "");
        for role in [Role::Odds, Role::Payments] {
            for (topic, operations) in of(&Roles::of([role]), "") {
                let granted = both.get(&topic).cloned().unwrap_or_default();
                assert!(granted.is_superset(&operations), "{topic}");
            }
        }
    }
}
