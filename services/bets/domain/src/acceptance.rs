//! The house's rules of acceptance, by version: what happens to slips that cannot be taken as they
//! are asked for.
//!
//! Duty: one table of versions. Prohibition: a version never changes; a change is a new one, and
//! the events that follow a rule carry what it came to.

use kernel::Duration;

/// One version of the rules of acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptanceRules {
    /// Its number.
    pub version: u32,
    /// How long a re-offer stands; none: nothing is offered instead.
    pub reoffer_lasts: Option<Duration>,
    /// A slip of a larger stake, in minor units, waits for a trader; none: no slip does. A
    /// customer's restriction lowers it in proportion.
    pub automatic_max_minor: Option<i64>,
    /// How long a slip waits for a trader.
    pub referral_wait: Duration,
}

impl AcceptanceRules {
    /// All or nothing, at once: before there were re-offers and referrals.
    pub const PLAIN: Self = Self {
        version: 0,
        reoffer_lasts: None,
        automatic_max_minor: None,
        referral_wait: Duration::ZERO,
    };

    /// Re-offers of half a minute, and traders who have two minutes for stakes above 5,000.00.
    pub const REFERRING: Self = Self {
        version: 1,
        reoffer_lasts: Some(Duration::from_secs(30)),
        automatic_max_minor: Some(500_000),
        referral_wait: Duration::from_secs(120),
    };

    /// The version in force.
    pub const PRESENT: Self = Self::REFERRING;
}
