//! What goes first when not everything can.
//!
//! Duty: a priority for every route. Prohibition: nothing about a request but its route counts, so
//! that nobody gets ahead by what he writes.

/// From what must go on to what can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Priority {
    /// Results and suspensions, payment confirmations, self-exclusion: never turned away.
    Settling,
    /// Bets, payments, and whatever else is written.
    Placing,
    /// Offers and calculations that a decision is made on.
    Quoting,
    /// One's own bets and money, and the staff's lists.
    History,
    /// Fixtures, prices, pages; opening a stream.
    Browsing,
}

impl Priority {
    /// How many there are.
    pub(crate) const COUNT: usize = 5;
    /// The first to go first.
    pub(crate) const ALL: [Self; Self::COUNT] = [
        Self::Settling,
        Self::Placing,
        Self::Quoting,
        Self::History,
        Self::Browsing,
    ];

    /// Its place in [`Self::ALL`].
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Settling => 0,
            Self::Placing => 1,
            Self::Quoting => 2,
            Self::History => 3,
            Self::Browsing => 4,
        }
    }

    /// Its name in figures and problems.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Settling => "settling",
            Self::Placing => "placing",
            Self::Quoting => "quoting",
            Self::History => "history",
            Self::Browsing => "browsing",
        }
    }
}

/// What supervisors ask must be answered above all under load, and sign-ins have a gate of their
/// own: those wait for passwords to be hashed, which tells nothing of how busy the rest is.
const APART: [&str; 8] = [
    "/livez",
    "/readyz",
    "/metrics",
    "/v1/auth/login",
    "/v1/auth/register",
    "/v1/auth/step-up",
    "/v1/auth/password",
    "none",
];

/// The routes of these beginnings or names that write and are never turned away.
const SETTLING: [&str; 6] = [
    "/v1/admin/",
    "/v1/feed/",
    "/v1/webhooks/",
    "/v1/account/exclusion",
    "/v1/account/limits",
    "/v1/auth/logout",
];

const HISTORY: [&str; 6] = [
    "/v1/account",
    "/v1/admin/",
    "/v1/audit/",
    "/v1/bets",
    "/v1/deposits",
    "/v1/withdrawals",
];

/// The priority of a route of the table; none: it is not held at the gate.
pub(crate) fn priority_of(method: &str, path: &str) -> Option<Priority> {
    let begins = |beginnings: &[&str]| beginnings.iter().any(|begin| path.starts_with(begin));
    if APART.contains(&path) {
        None
    } else if path == "/v1/calc" || path.ends_with("/quotes") {
        Some(Priority::Quoting)
    } else if method != "GET" && method != "HEAD" {
        Some(if begins(&SETTLING) {
            Priority::Settling
        } else {
            Priority::Placing
        })
    } else if begins(&HISTORY) {
        Some(Priority::History)
    } else {
        Some(Priority::Browsing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::ROUTES;

    #[test]
    fn the_order_is_the_list() {
        for (index, priority) in Priority::ALL.into_iter().enumerate() {
            assert_eq!(priority.index(), index);
        }
        assert!(Priority::ALL.is_sorted());
    }

    #[test]
    fn every_kind_of_route_has_its_place() {
        for (method, path, expected) in [
            ("POST", "/v1/webhooks/{provider}", Some(Priority::Settling)),
            (
                "POST",
                "/v1/admin/markets/{id}/result",
                Some(Priority::Settling),
            ),
            ("POST", "/v1/feed/updates", Some(Priority::Settling)),
            ("POST", "/v1/account/exclusion", Some(Priority::Settling)),
            ("POST", "/v1/bets", Some(Priority::Placing)),
            ("POST", "/v1/withdrawals", Some(Priority::Placing)),
            ("POST", "/v1/auth/refresh", Some(Priority::Placing)),
            (
                "POST",
                "/v1/bets/{id}/cash-out/quotes",
                Some(Priority::Quoting),
            ),
            ("POST", "/v1/bets/{id}/cash-out", Some(Priority::Placing)),
            ("GET", "/v1/bets/{id}", Some(Priority::History)),
            ("GET", "/v1/account/balance", Some(Priority::History)),
            ("GET", "/v1/fixtures", Some(Priority::Browsing)),
            ("GET", "/v1/stream", Some(Priority::Browsing)),
            ("GET", "/", Some(Priority::Browsing)),
            ("GET", "/livez", None),
            ("POST", "/v1/auth/login", None),
        ] {
            assert_eq!(priority_of(method, path), expected, "{method} {path}");
        }
    }

    /// What is named here is in the table, so that a route that moves takes its place along.
    #[test]
    fn what_is_named_exists() {
        for named in APART.iter().chain(&SETTLING).chain(&HISTORY) {
            let found = ROUTES.iter().any(|route| route.path.starts_with(named));
            assert!(found || *named == "none", "{named}");
        }
    }

    #[test]
    fn what_writes_is_never_browsing() {
        for route in ROUTES.iter().filter(|route| route.method != "GET") {
            let priority = priority_of(route.method, route.path);
            assert!(priority < Some(Priority::History), "{}", route.path);
        }
    }
}
