//! A bet as it is shown.
//!
//! Duty: one form of a bet, from rows of the view or from events of the journal, so that the
//! list, the stream and the first answer cannot differ. Prohibition: what is shown comes from
//! recorded data only; an answer rendered again is the same, byte for byte.

use crate::positions::Token;
use crate::refusals;
use crate::shapes::{Named, money, time};
use kernel::{Money, Position, SelectionId, Timestamp};
use schemas::bets::{
    BetPlaced, BetTermsFixed, Event, LegTerms, PartAgreed, Rejection, ReturnExplained, SlipOutcome,
    StruckLeg,
};
use schemas::odds::{Outcome, OutcomeKind};
use schemas::promotions::{Promotion, StakeFunded};
use schemas::rows::{
    BetAcceptedRow, BetLegRow, BetRow, BetStatus, BetStatusRow, BetTermsRow, CashOutRow,
    CashOutStatusRow, LegVoidRow,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A bet at one position of its journal.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    placed: BetPlaced,
    terms: Option<BetTermsFixed>,
    status: BetStatus,
    legs: Vec<StruckLeg>,
    potential_return: Money,
    pending_until: Option<Timestamp>,
    /// It waits for a trader.
    referred: bool,
    /// What is staked, where that is less than was asked for.
    part: Option<PartAgreed>,
    /// What pays for it beside cash.
    funded: Option<StakeFunded>,
    rejection: Option<Rejection>,
    settlement: u32,
    returned: Option<Money>,
    exact: Option<String>,
    outcome: Option<SlipOutcome>,
    /// Why legs do not count.
    voids: BTreeMap<SelectionId, String>,
    /// What was sold of it before its end.
    sold: Option<Sold>,
    /// A sale waits until then.
    cash_out_until: Option<Timestamp>,
    position: Position,
    at: Timestamp,
}

/// What was sold of a bet before its end.
#[derive(Clone, Copy, Debug)]
struct Sold {
    stake: Money,
    amount: Money,
    stake_left: Money,
}

impl Picture {
    /// As it was placed.
    pub(crate) fn placed(placed: &BetPlaced, position: Position) -> Self {
        Self {
            status: BetStatus::Pending,
            legs: placed.legs.clone(),
            potential_return: placed.potential_return,
            pending_until: None,
            referred: false,
            part: None,
            funded: None,
            rejection: None,
            settlement: 0,
            returned: None,
            exact: None,
            outcome: None,
            voids: BTreeMap::new(),
            sold: None,
            cash_out_until: None,
            position,
            at: placed.placed_at,
            placed: placed.clone(),
            terms: None,
        }
    }

    /// With what is agreed besides, as the record of its placement tells it.
    pub(crate) fn agreed(mut self, events: &[Event]) -> Self {
        self.terms = events.iter().find_map(|event| {
            if let Event::BetTermsFixed(terms) = event
                && terms.bet == self.placed.bet
            {
                Some(terms.clone())
            } else {
                None
            }
        });
        self.funded = events.iter().find_map(|event| {
            if let Event::StakeFunded(funded) = event
                && funded.bet == self.placed.bet
            {
                Some(funded.clone())
            } else {
                None
            }
        });
        self
    }

    /// With what pays for it beside cash.
    pub(crate) fn with_funding(mut self, funded: Option<StakeFunded>) -> Self {
        self.funded = funded;
        self
    }

    /// As the view shows it: as placed, as struck, and where it stands.
    pub(crate) fn of_rows(
        row: &BetRow,
        accepted: Option<BetAcceptedRow>,
        status: Option<BetStatusRow>,
        terms: Option<BetTermsRow>,
    ) -> Self {
        let mut picture = Self::placed(&row.placed, row.position);
        picture.terms = terms.map(|row| row.terms);
        if let Some(accepted) = accepted {
            picture.status = BetStatus::Accepted;
            picture.legs = accepted.legs;
            picture.potential_return = accepted.potential_return;
            picture.position = accepted.position;
            picture.at = accepted.at;
        }
        let Some(status) = status else {
            return picture;
        };
        picture.status = status.status;
        picture.pending_until = status.pending_until;
        picture.rejection = status.rejection;
        picture.settlement = status.settlement;
        picture.returned = status.returned;
        picture.exact = status.exact;
        picture.outcome = status.outcome;
        picture.position = status.position;
        picture.at = status.at;
        picture
    }

    /// Of a bet that may wait for a trader: it does. Of a bet of which less may have been taken: what.
    pub(crate) fn with(mut self, referred: bool, part: Option<PartAgreed>) -> Self {
        self.referred = referred;
        if let Some(part) = part {
            if self.status == BetStatus::Pending {
                self.potential_return = part.potential_return;
            }
            self.part = Some(part);
        }
        self
    }

    /// With what the view shows of its sales.
    pub(crate) fn with_sales(
        mut self,
        last: Option<CashOutStatusRow>,
        sold: Option<CashOutRow>,
    ) -> Self {
        if let Some(sold) = sold {
            self.potential_return = sold.potential_return_left;
            self.sold = Some(Sold {
                stake: sold.stake_sold,
                amount: sold.amount,
                stake_left: sold.stake_left,
            });
        }
        if let Some(last) = last {
            self.cash_out_until = last.pending_until;
            if last.position.offset > self.position.offset {
                self.position = last.position;
                self.at = last.at;
            }
        }
        self
    }

    /// Until when it is pending, as far as is known.
    pub(crate) fn pending_until(&self) -> Option<Timestamp> {
        self.pending_until
    }

    /// With the reasons for which legs do not count.
    pub(crate) fn with_voids(mut self, rows: Vec<LegVoidRow>) -> Self {
        let told = rows.into_iter();
        self.voids = told
            .filter_map(|row| Some((row.selection, row.void?.reason)))
            .collect();
        self
    }

    /// The selections that it is on.
    pub(crate) fn selections(&self) -> Vec<SelectionId> {
        self.legs.iter().map(|leg| leg.selection).collect()
    }

    /// Where it stands, in one word.
    pub(crate) fn status(&self) -> BetStatus {
        self.status
    }

    /// Its legs as they are struck.
    pub(crate) fn legs(&self) -> &[StruckLeg] {
        &self.legs
    }

    /// The record that it stands on.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// The rule that it broke.
    pub(crate) fn rejection(&self) -> Option<&Rejection> {
        self.rejection.as_ref()
    }

    /// Takes notice of an event about this bet.
    pub(crate) fn take(&mut self, event: &Event, position: Position, decided_at: Timestamp) {
        let changed = match event {
            Event::BetHeld(_) => true,
            Event::BetDelayed(event) => {
                self.pending_until = Some(event.until);
                true
            }
            Event::BetAwaitsBudget(event) => {
                self.pending_until = Some(event.until);
                true
            }
            Event::BetReferred(event) => {
                self.pending_until = Some(event.until);
                self.referred = true;
                true
            }
            Event::PartAgreed(event) => {
                self.potential_return = event.potential_return;
                self.part = Some(event.clone());
                true
            }
            Event::BetAccepted(event) => {
                self.status = BetStatus::Accepted;
                self.legs.clone_from(&event.legs);
                self.potential_return = event.potential_return;
                self.pending_until = None;
                true
            }
            Event::BetRejected(event) => {
                self.status = BetStatus::Rejected;
                self.rejection = Some(event.rejection.clone());
                self.pending_until = None;
                true
            }
            Event::BetSettled(event) => {
                self.status = BetStatus::Settled;
                self.settlement = event.settlement;
                self.returned = Some(event.returned);
                self.exact = Some(event.exact.clone());
                self.outcome = Some(event.outcome);
                true
            }
            Event::SettlementReversed(_) => {
                self.status = BetStatus::Accepted;
                self.returned = None;
                self.exact = None;
                self.outcome = None;
                true
            }
            Event::LegVoided(event) => {
                self.voids.insert(event.selection, event.reason.clone());
                true
            }
            Event::LegRestored(event) => self.voids.remove(&event.selection).is_some(),
            Event::CashOutDelayed(event) => {
                self.cash_out_until = Some(event.until);
                true
            }
            Event::CashedOut(event) => {
                self.cash_out_until = None;
                self.sold = Some(Sold {
                    stake: event.stake_sold_total,
                    amount: event.amount_total,
                    stake_left: event.stake_left,
                });
                self.potential_return = event.potential_return_left;
                if !event.stake_left.is_positive() {
                    self.status = BetStatus::CashedOut;
                    self.settlement = event.settlement;
                    self.returned = Some(event.amount_total);
                }
                true
            }
            Event::CashOutRefused(_) => {
                self.cash_out_until = None;
                true
            }
            Event::CancellationStarted(_)
            | Event::RestorationStarted(_)
            | Event::BetPlaced(_)
            | Event::BetReoffered(_)
            | Event::ReofferAccepted(_)
            | Event::PartAllowed(_)
            | Event::ReferralAnswered(_)
            | Event::StakeReduced(_)
            | Event::SettlementStarted(_)
            | Event::RollbackStarted(_)
            | Event::LegDecided(_)
            | Event::BetTermsFixed(_)
            | Event::SettlementStartedInFull(_)
            | Event::LegDecidedInFull(_)
            | Event::ReturnExplained(_)
            | Event::PricesTraced(_)
            | Event::CashOutQuoted(_)
            | Event::FreeBetGranted(_)
            | Event::BonusGranted(_)
            | Event::StakeFunded(_)
            | Event::FundingReleased(_)
            | Event::ReturnDivided(_)
            | Event::DivisionReversed(_)
            | Event::BonusLapsed(_)
            | Event::SettlementAdvanced(_)
            | Event::BudgetRequested(_)
            | Event::BudgetReturned(_)
            | Event::BudgetNoticed(_)
            | Event::StakeLimitNoticed(_)
            | Event::OwnLimitNoticed(_)
            | Event::StakeFactorSet(_)
            | Event::ExclusionNoticed(_)
            | Event::RestrictionNoticed(_) => false,
        };
        if changed {
            self.position = position;
            self.at = decided_at;
        }
    }

    /// The whole, as every address shows it.
    pub(crate) fn to_json(&self) -> Map<String, Value> {
        let placed = &self.placed;
        let mut shown = Map::new();
        let mut put = |name: &str, value: Value| {
            shown.insert(name.to_owned(), value);
        };
        put("id", json!(placed.bet.to_string()));
        put("status", json!(self.status.name()));
        put("type", json!(placed.bet_type.name()));
        put("price", json!(self.price()));
        let part = self.part.as_ref();
        put("stake", money(self.staked()));
        if let Some(part) = part {
            put("asked_stake", money(part.asked));
        }
        if let Some(funded) = &self.funded {
            put("funding", funding(funded));
        }
        put("unit_stake", money(self.unit_stake()));
        put("lines", json!(self.lines()));
        if let Some(sizes) = self.terms.as_ref().map(|terms| &terms.sizes)
            && !sizes.is_empty()
        {
            put("sizes", json!(sizes));
        }
        put("rules_version", json!(placed.rules_version));
        put("potential_return", money(self.potential_return));
        put("price_policy", json!(placed.price_policy.name()));
        put("each_way", json!(placed.each_way));
        put("client_ref", json!(placed.client_ref));
        put("placed_at", time(placed.placed_at));
        put("changed_at", time(self.at));
        put("position", json!(Token::of(&[self.position]).text()));
        let agreed = self.terms.iter().flat_map(|terms| &terms.legs);
        let agreed = agreed.map(Some).chain(std::iter::repeat(None));
        let legs = self.legs.iter().zip(agreed);
        let legs: Vec<Value> = legs
            .map(|(struck, terms)| self.leg(struck, terms))
            .collect();
        put("legs", Value::Array(legs));
        if self.sold.is_some() || self.cash_out_until.is_some() {
            put("cash_out", self.cash_out());
        }
        match self.status {
            BetStatus::Pending => {
                put("until", json!(self.pending_until.map(time)));
                if self.referred {
                    put("waiting_for", json!("referral"));
                }
            }
            BetStatus::Accepted => {}
            BetStatus::CashedOut => put("returned", json!(self.returned.map(money))),
            BetStatus::Rejected => {
                if let Some(rejection) = &self.rejection {
                    put("rejection", rejection_json(rejection));
                }
            }
            BetStatus::Settled => {
                put("outcome", json!(self.outcome.map(Named::name)));
                put("returned", json!(self.returned.map(money)));
                put("exact", json!(self.exact));
                put("settlement", json!(self.settlement));
            }
        }
        shown
    }

    /// A leg as struck, with the reason for which it does not count, where there is one.
    fn leg(&self, struck: &StruckLeg, terms: Option<&LegTerms>) -> Value {
        let mut shown = leg(struck, terms);
        if let (Some(reason), Some(object)) =
            (self.voids.get(&struck.selection), shown.as_object_mut())
        {
            object.insert("voided".to_owned(), json!(reason));
        }
        shown
    }

    /// What was staked on all lines, sold or not.
    fn staked(&self) -> Money {
        let part = self.part.as_ref();
        part.map_or(self.placed.stake, |part| part.stake)
    }

    /// What stands on each line.
    fn unit_stake(&self) -> Money {
        let part = self.part.as_ref();
        part.map_or_else(|| self.asked_unit_stake(), |part| part.unit_stake)
    }

    fn asked_unit_stake(&self) -> Money {
        let terms = self.terms.as_ref();
        terms.map_or(self.placed.stake, |terms| terms.unit_stake)
    }

    /// How many lines there are, those of the place part included.
    fn lines(&self) -> i64 {
        let unit = self.asked_unit_stake().minor();
        self.placed.stake.minor().checked_div(unit).unwrap_or(1)
    }

    /// The whole with what became of each leg, and what the return is made of.
    pub(crate) fn to_json_in_full(
        &self,
        legs: &[BetLegRow],
        explained: Option<&ReturnExplained>,
    ) -> Map<String, Value> {
        let mut shown = self.to_json();
        if let Some(Value::Array(items)) = shown.get_mut("legs") {
            for (item, leg) in items.iter_mut().zip(&self.legs) {
                let decided = legs.iter().find(|row| row.selection == leg.selection);
                if let (Some(item), Some(decided)) = (item.as_object_mut(), decided) {
                    item.insert("result".to_owned(), result_of(decided));
                }
            }
        }
        let in_force = explained.filter(|explained| {
            self.status == BetStatus::Settled && explained.settlement == self.settlement
        });
        if let Some(parts) = in_force {
            let parts = json!({
                "win": parts.win,
                "place": parts.place,
                "bonus": parts.bonus,
                "capped_at": parts.capped_at.map(money),
            });
            shown.insert("return_parts".to_owned(), parts);
        }
        shown
    }

    /// What was sold, what goes on, and whether a sale waits.
    fn cash_out(&self) -> Value {
        let sold = self.sold;
        json!({
            "stake_sold": sold.map(|sold| money(sold.stake)),
            "amount": sold.map(|sold| money(sold.amount)),
            "stake_left": money(sold.map_or(self.staked(), |sold| sold.stake_left)),
            "pending_until": self.cash_out_until.map(time),
        })
    }

    /// The price of the whole slip: the product of its legs' prices.
    fn price(&self) -> String {
        let mut product: Option<(i128, i128)> = Some((1, 1));
        for leg in &self.legs {
            product = product.and_then(|(numerator, denominator)| {
                let numerator = numerator.checked_mul(i128::from(leg.price.numerator()))?;
                let denominator = denominator.checked_mul(i128::from(leg.price.denominator()))?;
                Some(lowest_terms(numerator, denominator))
            });
        }
        // Beyond what can be multiplied exactly, what the stake returns tells it well enough.
        let (numerator, denominator) = product.unwrap_or_else(|| {
            let stake = i128::from(self.placed.stake.minor()).max(1);
            (i128::from(self.potential_return.minor()), stake)
        });
        decimal(numerator, denominator)
    }
}

fn rejection_json(rejection: &Rejection) -> Value {
    let mut shown = refusals::bet_rejection(rejection).to_json("");
    if let Some(object) = shown.as_object_mut() {
        for name in ["request_id", "errors", "status", "type"] {
            object.remove(name);
        }
    }
    shown
}

/// What a stake is made of.
fn funding(funded: &StakeFunded) -> Value {
    let (source, id) = match &funded.promotion {
        Promotion::FreeBet(token) => ("free_bet", token.free_bet.to_string()),
        Promotion::Bonus(bonus) => ("bonus", bonus.bonus.to_string()),
    };
    json!({
        "source": source,
        "id": id,
        "cash": money(funded.stake.cash),
        "promotional": money(funded.stake.promotional),
    })
}

fn leg(leg: &StruckLeg, terms: Option<&LegTerms>) -> Value {
    let mut shown = json!({
        "selection_id": leg.selection.to_string(),
        "market_id": leg.market.to_string(),
        "fixture_id": leg.fixture.to_string(),
        "selection_name": leg.selection_name,
        "market_name": leg.market_name,
        "fixture_name": leg.fixture_name,
        "requested_price": leg.requested_price.to_string(),
        "price": leg.price.to_string(),
        "market_version": leg.market_version,
        "in_play": leg.in_play,
    });
    if let (Some(terms), Some(object)) = (terms, shown.as_object_mut()) {
        object.insert("starting_price".to_owned(), json!(terms.starting_price));
        if let Some(race) = &terms.race {
            let fixed = race.fixed.as_ref().map(|fixed| {
                let fraction = format!("{}/{}", fixed.numerator, fixed.denominator);
                json!({"places": fixed.places, "fraction": fraction})
            });
            let race = json!({
                "runners": race.runners, "handicap": race.handicap, "fixed_places": fixed,
            });
            object.insert("race".to_owned(), race);
        }
        if let Some(score) = terms.line.as_ref().and_then(|line| line.score.as_ref()) {
            let score = json!({"home": score.home, "away": score.away});
            object.insert("counts_from_score".to_owned(), score);
        }
    }
    shown
}

/// What became of a leg; null after its result was withdrawn.
fn result_of(row: &BetLegRow) -> Value {
    let Some(outcome) = &row.outcome else {
        return Value::Null;
    };
    let place = row.place.as_ref().map(|place| {
        let fraction = format!("{}/{}", place.numerator, place.denominator);
        json!({"outcome": outcome_of(&place.outcome), "fraction": fraction})
    });
    let left = i128::from(100_u8.saturating_sub(row.deduction_pence));
    let (numerator, denominator) = lowest_terms(left, 100);
    json!({
        "number": row.result,
        "outcome": outcome_of(outcome),
        "place": place,
        "deduction_pence": row.deduction_pence,
        "winnings_factor": format!("{numerator}/{denominator}"),
        "starting_price": row.starting_price.map(|price| price.to_string()),
    })
}

fn outcome_of(outcome: &Outcome) -> Value {
    match outcome.kind {
        OutcomeKind::DeadHeat => {
            json!({"name": "dead_heat", "places": outcome.places, "tied": outcome.tied})
        }
        OutcomeKind::Won
        | OutcomeKind::Lost
        | OutcomeKind::Void
        | OutcomeKind::HalfWon
        | OutcomeKind::HalfLost => json!({"name": outcome.kind.name()}),
    }
}

fn lowest_terms(numerator: i128, denominator: i128) -> (i128, i128) {
    let (mut a, mut b) = (numerator, denominator);
    while b != 0 {
        (a, b) = (b, a.checked_rem(b).unwrap_or(0));
    }
    let divisor = a.max(1);
    (
        numerator.checked_div(divisor).unwrap_or(numerator),
        denominator.checked_div(divisor).unwrap_or(denominator),
    )
}

/// A ratio with two to six decimals, cut and never rounded up.
fn decimal(numerator: i128, denominator: i128) -> String {
    let whole = numerator.checked_div(denominator).unwrap_or(0);
    let rest = numerator.checked_rem(denominator).unwrap_or(0);
    let micros = rest
        .checked_mul(1_000_000)
        .and_then(|scaled| scaled.checked_div(denominator))
        .unwrap_or(0);
    let digits = format!("{micros:0>6}");
    format!("{whole}.{:0<2}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_of_slips_are_cut() {
        assert_eq!(decimal(5, 2), "2.50");
        assert_eq!(decimal(3, 1), "3.00");
        assert_eq!(decimal(13, 3), "4.333333");
        assert_eq!(decimal(19_999_999, 10_000_000), "1.999999");
    }
}
