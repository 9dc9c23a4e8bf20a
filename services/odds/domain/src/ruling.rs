//! Rulings: prices that were obviously wrong, and the bets struck at them.
//!
//! Duty: one person proposes what was wrong, with the price shown and the price held to be right;
//! another one approves it in time; both acts are events with all of their evidence. Bets then voids
//! the legs. Prohibition: no ruling on prices that a customer could have taken for right, none on
//! bets that are still to come, and none is changed after its approval.

use crate::event::Event;
use crate::market::Market;
use crate::rejection::Rejection;
use kernel::{Duration, Objection, Price, Proposal, SelectionId, Timestamp};

/// The house's rules for rulings. A version that was ever in force never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RulingRules {
    /// Its number, recorded with every proposal.
    pub version: u32,
    /// A price is obviously wrong from so many times the right one: numerator and denominator.
    pub wrong_from: (i64, i64),
    /// How long a proposal waits for the second person.
    pub lapses_after: Duration,
}

impl RulingRules {
    /// The rules in force.
    pub const PRESENT: Self = Self {
        version: 1,
        wrong_from: (3, 2),
        lapses_after: Duration::from_secs(24 * 3_600),
    };

    /// Whether nobody could have taken the price for right.
    fn is_obvious(&self, price: &MistakenPrice) -> bool {
        let (times, of) = self.wrong_from;
        let product = |factors: [i64; 3]| {
            let factors = factors.into_iter().map(i128::from);
            factors.fold(1_i128, i128::saturating_mul)
        };
        let shown = product([of, price.shown.numerator(), price.right.denominator()]);
        let right = product([times, price.right.numerator(), price.shown.denominator()]);
        shown >= right
    }
}

/// A wrong price and its evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MistakenPrice {
    /// Of which selection.
    pub selection: SelectionId,
    /// What was shown; bets at longer prices are concerned as well.
    pub shown: Price,
    /// What is held to be right.
    pub right: Price,
}

/// What was wrong, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Bets accepted from then on.
    pub from: Timestamp,
    /// Bets accepted until then; both bounds belong to it.
    pub until: Timestamp,
    /// Only on these selections.
    pub prices: Vec<MistakenPrice>,
    /// What happened, as the customer reads it.
    pub reason: String,
}

/// A ruling of a market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// What one person proposed.
    pub proposal: Proposal<Mistake>,
    /// Whether another one approved it.
    pub approved: bool,
}

impl From<Objection> for Rejection {
    fn from(objection: Objection) -> Self {
        match objection {
            Objection::OwnProposal => Self::OwnProposal,
            Objection::Lapsed { lapsed_at } => Self::ProposalLapsed { lapsed_at },
        }
    }
}

impl Market {
    /// One person says what was wrong.
    pub(crate) fn propose_ruling(
        &self,
        mistake: &Mistake,
        by: &str,
        at: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        let rules = RulingRules::PRESENT;
        if mistake.from > mistake.until || mistake.until > at {
            return Err(Rejection::StretchNotOver);
        }
        if mistake.prices.is_empty() {
            return Err(Rejection::PricesMissing);
        }
        for price in &mistake.prices {
            if !self.selections.contains(&price.selection) {
                return Err(Rejection::SelectionUnknown(price.selection));
            }
            if !rules.is_obvious(price) {
                return Err(Rejection::PriceNotObviouslyWrong(price.selection));
            }
        }
        let count = u32::try_from(self.rulings.len()).unwrap_or(u32::MAX);
        Ok(vec![Event::RulingProposed {
            market: self.market,
            ruling: count.saturating_add(1),
            rules_version: rules.version,
            proposal: Proposal {
                what: mistake.clone(),
                by: by.to_owned(),
                proposed_at: at,
                lapses_at: at.plus(rules.lapses_after),
            },
        }])
    }

    /// Another one agrees. Said again, it changes nothing.
    pub(crate) fn approve_ruling(
        &self,
        number: u32,
        reason: &str,
        by: &str,
        at: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        let ruling = self
            .rulings
            .get(&number)
            .ok_or(Rejection::RulingUnknown(number))?;
        if ruling.approved {
            return Ok(Vec::new());
        }
        ruling.proposal.may_be_approved(by, at)?;
        Ok(vec![Event::RulingApproved {
            market: self.market,
            ruling: number,
            proposal: ruling.proposal.clone(),
            reason: reason.to_owned(),
            by: by.to_owned(),
            approved_at: at,
        }])
    }

    pub(crate) fn note_proposal(&mut self, number: u32, proposal: &Proposal<Mistake>) {
        let ruling = Ruling {
            proposal: proposal.clone(),
            approved: false,
        };
        self.rulings.insert(number, ruling);
    }

    pub(crate) fn note_approval(&mut self, number: u32) {
        if let Some(ruling) = self.rulings.get_mut(&number) {
            ruling.approved = true;
        }
    }
}
