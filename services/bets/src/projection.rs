//! Rows that readers see: slips, where they stand, what stands on each selection.
//!
//! Duty: turn each recorded event into full rows, from that event alone. Prohibition: no sum and
//! no memory; a total that a row needs is told by the event.

use kernel::{BetId, CashOutQuoteId, CustomerId, Partition, Position, SelectionId, Timestamp};
use schemas::bets::{
    BetAccepted, BetPlaced, BetReferred, CashOutDelayed, CashOutRefused, CashedOut, Event,
    Liability, Rejection, StakeFactorSet,
};
use schemas::promotions::{Bonus, FreeBet, Promotion};
use schemas::rows::{
    BetAcceptedRow, BetFundingRow, BetLegRow, BetPartRow, BetReturnRow, BetRow, BetStatus,
    BetStatusRow, BetTermsRow, BonusRow, CashOutRow, CashOutStatusRow, FreeBetRow, LegVoid,
    LegVoidRow, LiabilityRow, ReferralAnsweredRow, ReferralRow, ReofferRow, StakeFactorRow, table,
};
use schemas::{Decision, Events, Wire};
use std::collections::BTreeMap;
use viewstore::Row;

/// The rows of one effective decision of `bets.events`.
#[must_use]
pub fn rows(decision: &Decision) -> Vec<Row> {
    let Events::BetsEvents(body) = &decision.events else {
        return vec![];
    };
    let stand = Stand {
        position: decision.position,
        seq: decision.header.seq,
        at: decision.header.decided_at,
    };
    // A slip that is reversed and settled anew by one decision has one status row, the last.
    let mut rows = BTreeMap::new();
    for row in body.events.iter().flat_map(|event| stand.rows(event)) {
        rows.insert((row.table, row.key.clone()), row);
    }
    rows.into_values().collect()
}

/// Where and when the decision was taken.
#[derive(Clone, Copy)]
struct Stand {
    position: Position,
    seq: u64,
    at: Timestamp,
}

impl Stand {
    fn rows(self, event: &Event) -> Vec<Row> {
        match event {
            Event::BetPlaced(placed) => self.placed(placed),
            Event::BetDelayed(delayed) => vec![self.status(BetStatusRow {
                pending_until: Some(delayed.until),
                ..self.blank(delayed.bet, delayed.customer, BetStatus::Pending)
            })],
            Event::BetAccepted(accepted) => self.accepted(accepted),
            Event::BetRejected(rejected) => vec![self.status(BetStatusRow {
                rejection: Some(rejected.rejection.clone()),
                ..self.blank(rejected.bet, rejected.customer, BetStatus::Rejected)
            })],
            Event::BetSettled(settled) => vec![self.status(BetStatusRow {
                settlement: settled.settlement,
                returned: Some(settled.returned),
                exact: Some(settled.exact.clone()),
                outcome: Some(settled.outcome),
                ..self.blank(settled.bet, settled.customer, BetStatus::Settled)
            })],
            // The slip is open again, with the number of the settlement that was taken back.
            Event::SettlementReversed(reversed) => vec![self.status(BetStatusRow {
                settlement: reversed.settlement,
                ..self.blank(reversed.bet, reversed.customer, BetStatus::Accepted)
            })],
            Event::StakeFactorSet(set) => vec![self.factor(set)],
            Event::LegVoided(voided) => {
                let void = LegVoid {
                    by: voided.by.clone(),
                    reason: voided.reason.clone(),
                };
                vec![self.void(voided.bet, voided.selection, Some(void))]
            }
            Event::LegRestored(restored) => {
                vec![self.void(restored.bet, restored.selection, None)]
            }
            Event::CashOutDelayed(delayed) => self.cash_out_waits(delayed),
            Event::CashedOut(sold) => self.sold(sold),
            Event::CashOutRefused(refused) => self.cash_out_over(refused),
            Event::SettlementAdvanced(advanced) => self.liabilities(&advanced.liabilities),
            Event::BetReoffered(told) => {
                let row = ReofferRow {
                    told: told.clone(),
                    position: self.position,
                };
                vec![self.row(table::REOFFER, told.bet.bytes().to_vec(), row.to_bytes())]
            }
            Event::BetReferred(told) => self.referred(told),
            Event::ReferralAnswered(told) => {
                let row = ReferralAnsweredRow {
                    told: told.clone(),
                    position: self.position,
                };
                let key = told.bet.bytes().to_vec();
                vec![self.row(table::REFERRAL_ANSWERED, key, row.to_bytes())]
            }
            Event::PartAgreed(told) => {
                let row = BetPartRow { told: told.clone() };
                vec![self.row(table::BET_PART, told.bet.bytes().to_vec(), row.to_bytes())]
            }
            Event::BetTermsFixed(terms) => {
                let row = BetTermsRow {
                    terms: terms.clone(),
                };
                let key = terms.bet.bytes().to_vec();
                vec![self.row(table::BET_TERMS, key, row.to_bytes())]
            }
            Event::LegDecided(decided) => vec![self.leg(&BetLegRow {
                bet: decided.bet,
                selection: decided.selection,
                result: decided.result,
                outcome: decided.outcome.clone(),
                place: None,
                deduction_pence: 0,
                starting_price: None,
            })],
            Event::LegDecidedInFull(decided) => vec![self.leg(&BetLegRow {
                bet: decided.bet,
                selection: decided.selection,
                result: decided.result,
                outcome: Some(decided.outcome.clone()),
                place: decided.place.clone(),
                deduction_pence: decided.deduction_pence,
                starting_price: decided.starting_price,
            })],
            Event::ReturnExplained(explained) => {
                let row = BetReturnRow {
                    explained: explained.clone(),
                };
                let key = explained.bet.bytes().to_vec();
                vec![self.row(table::BET_RETURN, key, row.to_bytes())]
            }
            Event::FreeBetGranted(granted) => {
                vec![self.free_bet(granted.customer, &granted.free_bet)]
            }
            Event::BonusGranted(granted) => vec![self.bonus(granted.customer, &granted.bonus)],
            Event::StakeFunded(funded) => {
                let row = BetFundingRow {
                    funded: funded.clone(),
                };
                let key = funded.bet.bytes().to_vec();
                vec![
                    self.row(table::BET_FUNDING, key, row.to_bytes()),
                    self.promotion(funded.customer, &funded.promotion),
                ]
            }
            Event::FundingReleased(released) => {
                vec![self.promotion(released.customer, &released.promotion)]
            }
            Event::ReturnDivided(divided) => {
                vec![self.promotion(divided.customer, &divided.promotion)]
            }
            Event::DivisionReversed(reversed) => {
                vec![self.promotion(reversed.customer, &reversed.promotion)]
            }
            Event::BonusLapsed(lapsed) => vec![self.bonus(lapsed.customer, &lapsed.bonus)],
            Event::ReofferAccepted(_)
            | Event::PartAllowed(_)
            | Event::StakeReduced(_)
            | Event::BetHeld(_)
            | Event::BetAwaitsBudget(_)
            | Event::CancellationStarted(_)
            | Event::RestorationStarted(_)
            | Event::SettlementStarted(_)
            | Event::RollbackStarted(_)
            | Event::SettlementStartedInFull(_)
            | Event::PricesTraced(_)
            | Event::CashOutQuoted(_)
            | Event::BudgetRequested(_)
            | Event::BudgetNoticed(_)
            | Event::BudgetReturned(_)
            | Event::StakeLimitNoticed(_)
            | Event::OwnLimitNoticed(_)
            | Event::ExclusionNoticed(_)
            | Event::RestrictionNoticed(_) => vec![],
        }
    }

    fn referred(self, told: &BetReferred) -> Vec<Row> {
        let row = ReferralRow {
            told: told.clone(),
            position: self.position,
            at: self.at,
        };
        let mut key = told.until.micros().to_be_bytes().to_vec();
        key.extend(told.bet.bytes());
        vec![
            self.row(table::REFERRAL, key, row.to_bytes()),
            self.status(BetStatusRow {
                pending_until: Some(told.until),
                ..self.blank(told.bet, told.customer, BetStatus::Pending)
            }),
        ]
    }

    fn leg(self, leg: &BetLegRow) -> Row {
        let key = [leg.bet.bytes(), leg.selection.bytes()].concat();
        self.row(table::BET_LEG, key, leg.to_bytes())
    }

    fn placed(self, placed: &BetPlaced) -> Vec<Row> {
        let (bet, customer) = (placed.bet, placed.customer);
        let row = BetRow {
            placed: placed.clone(),
            position: self.position,
        };
        let of_customer = [customer.bytes(), bet.bytes()].concat();
        vec![
            self.row(table::BET, bet.bytes().to_vec(), row.to_bytes()),
            self.row(table::BET_OF_CUSTOMER, of_customer, vec![]),
            self.status(BetStatusRow {
                legs: placed.legs.clone(),
                potential_return: Some(placed.potential_return),
                ..self.blank(bet, customer, BetStatus::Pending)
            }),
        ]
    }

    fn accepted(self, accepted: &BetAccepted) -> Vec<Row> {
        let (bet, customer) = (accepted.bet, accepted.customer);
        let struck = BetAcceptedRow {
            bet,
            customer,
            legs: accepted.legs.clone(),
            potential_return: accepted.potential_return,
            position: self.position,
            at: self.at,
        };
        let mut rows = vec![
            self.row(table::BET_ACCEPTED, bet.bytes().to_vec(), struck.to_bytes()),
            self.status(BetStatusRow {
                legs: accepted.legs.clone(),
                potential_return: Some(accepted.potential_return),
                accepted_position: Some(self.position),
                ..self.blank(bet, customer, BetStatus::Accepted)
            }),
        ];
        rows.extend(self.liabilities(&accepted.liabilities));
        rows
    }

    /// What was sold of the slip, and where it stands if that was all.
    fn sold(self, sold: &CashedOut) -> Vec<Row> {
        let (bet, customer) = (sold.bet, sold.customer);
        let row = CashOutRow {
            bet,
            customer,
            stake_sold: sold.stake_sold_total,
            amount: sold.amount_total,
            stake_left: sold.stake_left,
            potential_return_left: sold.potential_return_left,
            settlement: sold.settlement,
            position: self.position,
            at: self.at,
        };
        let mut rows = vec![self.row(table::CASH_OUT, bet.bytes().to_vec(), row.to_bytes())];
        rows.extend(self.cash_out_status(bet, customer, sold.quote, None, None));
        if !sold.stake_left.is_positive() {
            rows.push(self.status(BetStatusRow {
                settlement: sold.settlement,
                returned: Some(sold.amount_total),
                ..self.blank(bet, customer, BetStatus::CashedOut)
            }));
        }
        rows.extend(self.liabilities(&sold.liabilities));
        rows
    }

    fn cash_out_waits(self, delayed: &CashOutDelayed) -> Vec<Row> {
        let until = Some(delayed.until);
        self.cash_out_status(delayed.bet, delayed.customer, delayed.quote, until, None)
    }

    fn cash_out_over(self, refused: &CashOutRefused) -> Vec<Row> {
        let rejection = Some(refused.rejection.clone());
        self.cash_out_status(
            refused.bet,
            refused.customer,
            refused.quote,
            None,
            rejection,
        )
    }

    fn cash_out_status(
        self,
        bet: BetId,
        customer: CustomerId,
        quote: CashOutQuoteId,
        pending_until: Option<Timestamp>,
        rejection: Option<Rejection>,
    ) -> Vec<Row> {
        let row = CashOutStatusRow {
            bet,
            customer,
            quote,
            pending_until,
            rejection,
            position: self.position,
            at: self.at,
        };
        let keys = [bet.bytes(), quote.bytes()];
        keys.map(|key| self.row(table::CASH_OUT_STATUS, key.to_vec(), row.to_bytes()))
            .into()
    }

    fn liabilities(self, liabilities: &[Liability]) -> Vec<Row> {
        let partition: Partition = self.position.partition;
        liabilities
            .iter()
            .map(|liability| {
                let row = LiabilityRow {
                    market: liability.market,
                    selection: liability.selection,
                    stakes: liability.stakes,
                    returns: liability.returns,
                    slips: liability.slips,
                };
                let mut key = liability.market.bytes().to_vec();
                key.extend(liability.selection.bytes());
                key.extend(partition.to_be_bytes());
                self.row(table::LIABILITY, key, row.to_bytes())
            })
            .collect()
    }

    fn factor(self, set: &StakeFactorSet) -> Row {
        let mut key = set.customer.bytes().to_vec();
        key.extend(set.scope.to_bytes());
        let row = StakeFactorRow { set: set.clone() };
        self.row(table::STAKE_FACTOR, key, row.to_bytes())
    }

    fn void(self, bet: BetId, selection: SelectionId, void: Option<LegVoid>) -> Row {
        let row = LegVoidRow {
            bet,
            selection,
            void,
            position: self.position,
        };
        let key = [bet.bytes(), selection.bytes()].concat();
        self.row(table::LEG_VOID, key, row.to_bytes())
    }

    fn promotion(self, customer: CustomerId, promotion: &Promotion) -> Row {
        match promotion {
            Promotion::FreeBet(token) => self.free_bet(customer, token),
            Promotion::Bonus(bonus) => self.bonus(customer, bonus),
        }
    }

    fn free_bet(self, customer: CustomerId, free_bet: &FreeBet) -> Row {
        let key = [customer.bytes(), free_bet.free_bet.bytes()].concat();
        let row = FreeBetRow {
            customer,
            free_bet: free_bet.clone(),
            position: self.position,
        };
        self.row(table::FREE_BET, key, row.to_bytes())
    }

    fn bonus(self, customer: CustomerId, bonus: &Bonus) -> Row {
        let key = [customer.bytes(), bonus.bonus.bytes()].concat();
        let row = BonusRow {
            customer,
            bonus: bonus.clone(),
            position: self.position,
        };
        self.row(table::BONUS, key, row.to_bytes())
    }

    const fn blank(self, bet: BetId, customer: CustomerId, status: BetStatus) -> BetStatusRow {
        BetStatusRow {
            bet,
            customer,
            status,
            legs: vec![],
            potential_return: None,
            pending_until: None,
            rejection: None,
            settlement: 0,
            returned: None,
            exact: None,
            outcome: None,
            accepted_position: None,
            position: self.position,
            at: self.at,
        }
    }

    fn status(self, row: BetStatusRow) -> Row {
        self.row(table::BET_STATUS, row.bet.bytes().to_vec(), row.to_bytes())
    }

    const fn row(self, table: &'static str, key: Vec<u8>, value: Vec<u8>) -> Row {
        Row {
            table,
            key,
            value,
            seq: self.seq,
        }
    }
}
