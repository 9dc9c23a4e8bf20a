//! Who may do what: roles and permissions, in one table.
//!
//! Duty: for every act that not everybody may do, the roles that may. A route names a permission;
//! which roles that means is told here and nowhere else. `docs/identity.md` shows the same table.
//!
//! Prohibition: no role implies another: an operator who is also to read journals has two roles.
//! Staff do not play: who knows what will happen to a market must not bet on it.

use schemas::auth::Role;

/// What may be allowed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Bet, pay in, be paid out.
    Play,
    /// Feed prices, suspend, resume, give and take back results, see what stands on them, set what
    /// a customer may stake on them.
    RunMarkets,
    /// Approve what another person has proposed about a market.
    ApproveRulings,
    /// Look at fraud cases and close them, restrict customers.
    WorkCases,
    /// Read journals, anybody's balance and checkpoints.
    ReadJournals,
    /// Have a customer's personal data made unreadable for ever.
    ErasePeople,
    /// Give free bets and bonus money.
    GivePromotions,
    /// Hold a payment provider's files against the books.
    ReconcilePayments,
    /// Propose corrections of accounts, and approve what another person has proposed.
    CorrectAccounts,
    /// Look at large withdrawals, and approve or decline them.
    ReviewWithdrawals,
    /// Hand over a code for a forgotten password.
    ResetPasswords,
}

impl Permission {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 11] = [
        Self::Play,
        Self::RunMarkets,
        Self::ApproveRulings,
        Self::WorkCases,
        Self::ReadJournals,
        Self::ErasePeople,
        Self::GivePromotions,
        Self::ReconcilePayments,
        Self::CorrectAccounts,
        Self::ReviewWithdrawals,
        Self::ResetPasswords,
    ];

    /// Whoever has one of these roles.
    pub(crate) const fn roles(self) -> &'static [Role] {
        match self {
            Self::Play => &[Role::Customer],
            Self::RunMarkets => &[Role::Operator, Role::Trader],
            Self::ApproveRulings
            | Self::ReconcilePayments
            | Self::CorrectAccounts
            | Self::ReviewWithdrawals
            | Self::ResetPasswords => &[Role::Operator, Role::Compliance],
            Self::WorkCases => &[Role::Operator, Role::Trader, Role::Compliance],
            Self::ReadJournals => &[Role::Auditor],
            Self::ErasePeople => &[Role::Compliance],
            Self::GivePromotions => &[Role::Operator],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Access, ROUTES};

    #[test]
    fn what_needs_a_role_stands_in_the_table() {
        for route in ROUTES {
            let Access::Roles(roles) = route.access else {
                continue;
            };
            assert!(
                Permission::ALL.iter().any(|known| known.roles() == roles),
                "{} {} is for {roles:?}, which is no permission: add one to permissions.rs, and \
                 its row to docs/identity.md",
                route.method,
                route.path
            );
        }
    }

    #[test]
    fn staff_do_not_play_and_customers_do_nothing_else() {
        for permission in Permission::ALL {
            let of_customers = permission.roles().contains(&Role::Customer);
            assert_eq!(of_customers, permission == Permission::Play);
            assert!(!of_customers || permission.roles().len() == 1);
        }
    }
}
