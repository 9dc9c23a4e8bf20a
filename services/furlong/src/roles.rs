//! What a process does.
//!
//! Duty: the roles and what each of them needs. Prohibition: a service never learns its role or
//! its neighbours'; only the composition root reads this.

use clap::ValueEnum;
use kernel::Topic;
use std::collections::BTreeSet;

/// One of the things that a process can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Role {
    /// HTTP for everybody: any number of processes, each answers as the others would.
    Gateway,
    /// Owns partitions of auth.events.
    Auth,
    /// Owns partitions of odds.events.
    Odds,
    /// Owns partitions of bets.events.
    Bets,
    /// Owns partitions of ledger.events.
    Ledger,
    /// Owns partitions of payments.events and calls the provider.
    Payments,
    /// Owns partitions of fraud.events.
    Fraud,
    /// Signs checkpoints of every topic.
    Audit,
    /// Writes the views.
    Projector,
}

/// The roles of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// These.
    #[must_use]
    pub fn of(roles: impl IntoIterator<Item = Role>) -> Self {
        Self(roles.into_iter().collect())
    }

    /// Every role there is.
    #[must_use]
    pub fn all() -> Self {
        Self::of(Role::value_variants().iter().copied())
    }

    /// One by its name, or `all`.
    ///
    /// # Errors
    /// No role has this name.
    pub fn one_or_all(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::all());
        }
        Role::from_str(text, false)
            .map(|role| Self::of([role]))
            .map_err(|_| format!("roles are {}, or all", Self::all().names()))
    }

    /// One after another.
    pub fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// The roles whose partitions are shared out among processes, by name.
    #[must_use]
    pub fn shared_out(&self) -> BTreeSet<String> {
        self.0
            .iter()
            .filter(|role| role.owns().is_some() || **role == Role::Projector)
            .map(|role| role.name())
            .collect()
    }

    /// Their names, in order.
    #[must_use]
    pub fn names(&self) -> String {
        let names: Vec<String> = self.0.iter().map(|role| role.name()).collect();
        names.join(" ")
    }
}

impl Role {
    /// As it is typed.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// The journal whose partitions it owns, if it owns any.
    #[must_use]
    pub const fn owns(self) -> Option<Topic> {
        match self {
            Self::Auth => Some(Topic::AuthEvents),
            Self::Odds => Some(Topic::OddsEvents),
            Self::Bets => Some(Topic::BetsEvents),
            Self::Ledger => Some(Topic::LedgerEvents),
            Self::Payments => Some(Topic::PaymentsEvents),
            Self::Fraud => Some(Topic::FraudEvents),
            Self::Gateway | Self::Audit | Self::Projector => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_journal_has_a_role_that_owns_it() {
        let owned: BTreeSet<Topic> = Role::value_variants()
            .iter()
            .filter_map(|role| role.owns())
            .collect();
        let journals: BTreeSet<Topic> = Topic::journals().collect();
        assert_eq!(owned, journals);
    }

    #[test]
    fn gateways_and_the_audit_share_nothing_out() {
        let roles = Roles::of([Role::Gateway, Role::Audit, Role::Bets, Role::Projector]);
        let shared: Vec<String> = roles.shared_out().into_iter().collect();
        assert_eq!(shared, ["bets", "projector"]);
    }
}
