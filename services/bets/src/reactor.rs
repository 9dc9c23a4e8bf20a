//! What other journals' decisions ask of bets.
//!
//! Duty: pick out of each decision the news that concern slips here and make one command of them.
//! Prohibition: nothing is judged; whether a slip or market is known here is the domain's matter.

use crate::{codec, evidence};
use bets_domain::{
    Cancellation, CancelledBy, Command, HoldOutcome, HouseRules, Notice, OwnLimit, ResultInForce,
    Window,
};
use kernel::{BetId, CustomerId, MarketId, Money, Partition, Timestamp, TransferId};
use markets::MarketView;
use schemas::bets::{bet_of_promotional_hold, bet_of_stake_hold};
use schemas::ledger::{AccountKind, RefusalReason, TransferCode};
use schemas::{Decision, Events, auth, fraud, ledger, odds};
use std::collections::BTreeMap;

/// The command that a decision amounts to, if it concerns bets.
pub(crate) fn react(
    partition: Partition,
    decision: &Decision,
    view: &MarketView,
    now: Timestamp,
) -> Option<Command> {
    let notices = match &decision.events {
        Events::OddsEvents(body) => from_odds(partition, &body.events, view),
        Events::LedgerEvents(body) => from_ledger(&body.events),
        Events::AuthEvents(body) => from_auth(&body.events),
        Events::FraudEvents(body) => from_fraud(&body.events),
        Events::BetsEvents(_) | Events::PaymentsEvents(_) => vec![],
    };
    if notices.is_empty() {
        return None;
    }
    Some(Command::Notice {
        at: now,
        rules: HouseRules::default(),
        notices,
    })
}

/// Withdrawn results come before new ones of the same record, as they do in it. Grants are totals,
/// so the highest of a record says it all.
fn from_odds(partition: Partition, events: &[odds::Event], view: &MarketView) -> Vec<Notice> {
    let mut notices = vec![];
    let mut results = BTreeMap::new();
    let mut grants: BTreeMap<MarketId, Money> = BTreeMap::new();
    let mut recalls = BTreeMap::new();
    for event in events {
        match event {
            odds::Event::MarketResulted(resulted) => {
                let result = ResultInForce {
                    number: resulted.result,
                    outcomes: codec::outcomes_from_wire(&resulted.outcomes),
                    detail: evidence::detail(view, resulted.market),
                };
                results.insert(resulted.market, result);
            }
            odds::Event::ResultRolledBack(rolled_back) => notices.push(Notice::Rollback {
                market: rolled_back.market,
                result: rolled_back.result,
            }),
            // Two words on one stretch in one record cannot be: each is a record's answer.
            odds::Event::BetsCancelled(cancelled) => notices.push(Notice::Cancellation {
                market: cancelled.market,
                by: CancelledBy::Source(stretch(cancelled.from, cancelled.until)),
                cancellation: Cancellation {
                    window: stretch(cancelled.from, cancelled.until),
                    prices_from: BTreeMap::new(),
                    reason: cancelled.reason.clone(),
                },
            }),
            odds::Event::RulingApproved(approved) => notices.push(ruled(approved)),
            odds::Event::BetsRestored(restored) => notices.push(Notice::Restoration {
                market: restored.market,
                by: CancelledBy::Source(stretch(restored.from, restored.until)),
            }),
            odds::Event::BudgetGranted(granted) if granted.bets_partition == partition => {
                let total = grants.entry(granted.market).or_insert(granted.total);
                *total = granted.total.max(*total);
            }
            odds::Event::BudgetRecalled(recalled) => {
                if let Some(market) = view.market(recalled.market) {
                    recalls.insert(recalled.market, market.budget_each);
                }
            }
            odds::Event::FixtureAnnounced(_)
            | odds::Event::FixtureProgressed(_)
            | odds::Event::MarketOffered(_)
            | odds::Event::BookPublished(_)
            | odds::Event::MarketSuspended(_)
            | odds::Event::MarketResumed(_)
            | odds::Event::MarketTurnedInPlay(_)
            | odds::Event::MarketClosed(_)
            | odds::Event::SourceAdvanced(_)
            | odds::Event::SourceGapSeen(_)
            | odds::Event::SourceWentSilent(_)
            | odds::Event::SourceReturned(_)
            | odds::Event::BudgetGranted(_)
            | odds::Event::BudgetReturnNoticed(_)
            | odds::Event::SelectionWithdrawn(_)
            | odds::Event::RaceDescribed(_)
            | odds::Event::LeaningSet(_)
            | odds::Event::StakesNoted(_)
            | odds::Event::ResultWordTaken(_)
            | odds::Event::RulingProposed(_)
            | odds::Event::SourceWentDown(_)
            | odds::Event::SourceCameUp(_)
            | odds::Event::SourceDoubted(_)
            | odds::Event::BookExplained(_)
            | odds::Event::HeartbeatSent(_) => {}
        }
    }
    let grants = grants.into_iter();
    notices.extend(grants.map(|(market, total)| Notice::Grant { market, total }));
    let recalls = recalls.into_iter();
    notices.extend(recalls.map(|(market, budget_each)| Notice::Recall {
        market,
        budget_each,
    }));
    if !results.is_empty() {
        notices.push(Notice::Results(results));
    }
    notices
}

/// Two persons agree that prices were obviously wrong: bets struck at them do not count.
fn ruled(approved: &odds::RulingApproved) -> Notice {
    let mistake = &approved.mistake;
    let prices = mistake.prices.iter();
    Notice::Cancellation {
        market: approved.market,
        by: CancelledBy::Ruling(approved.ruling),
        cancellation: Cancellation {
            window: stretch(Some(mistake.from), Some(mistake.until)),
            prices_from: prices.map(|price| (price.selection, price.shown)).collect(),
            reason: format!("obvious error: {}", mistake.reason),
        },
    }
}

const fn stretch(from: Option<Timestamp>, until: Option<Timestamp>) -> Window {
    Window { from, until }
}

/// Answers for first holds. The hold that a rollback restores has another id, which belongs to no
/// slip here and is passed over. A stake of two parts has two answers of one record, which are one
/// piece of news: both are held or neither, and the missing money says more than the chain that
/// broke by it.
fn from_ledger(events: &[ledger::Event]) -> Vec<Notice> {
    let mut answers: BTreeMap<BetId, HoldOutcome> = BTreeMap::new();
    for (bet, outcome) in events.iter().filter_map(hold_answer) {
        match answers.get(&bet) {
            Some(HoldOutcome::ShortOfFunds { .. }) => {}
            Some(HoldOutcome::Held | HoldOutcome::Blocked) | None => {
                answers.insert(bet, outcome);
            }
        }
    }
    let answers = answers.into_iter();
    answers
        .map(|(bet, outcome)| Notice::Hold { bet, outcome })
        .collect()
}

fn hold_answer(event: &ledger::Event) -> Option<(BetId, HoldOutcome)> {
    match event {
        ledger::Event::TransferHeld(held) if held.code == TransferCode::Stake => {
            Some((bet_of_hold(held.id, held.debit.kind), HoldOutcome::Held))
        }
        ledger::Event::TransferRefused(refused) if refused.code == TransferCode::Stake => {
            let bet = bet_of_hold(refused.id, refused.debit.kind);
            Some((bet, refusal(refused)))
        }
        ledger::Event::TransferHeld(_)
        | ledger::Event::TransferRefused(_)
        | ledger::Event::TransferPosted(_)
        | ledger::Event::HoldCaptured(_)
        | ledger::Event::HoldVoided(_)
        | ledger::Event::HoldExpired(_)
        | ledger::Event::AccountRulesSet(_)
        | ledger::Event::NothingMoved(_) => None,
    }
}

/// Tokens and bonus money are held under other ids than cash.
fn bet_of_hold(hold: TransferId, debit: AccountKind) -> BetId {
    match debit {
        AccountKind::Bonus | AccountKind::Promotions => bet_of_promotional_hold(hold, 0),
        AccountKind::Cash
        | AccountKind::Receivable
        | AccountKind::Book
        | AccountKind::Provider
        | AccountKind::Suspense
        | AccountKind::Adjustments => bet_of_stake_hold(hold, 0),
    }
}

fn refusal(refused: &ledger::TransferRefused) -> HoldOutcome {
    match refused.reason {
        RefusalReason::DebitExceedsAvailable => HoldOutcome::ShortOfFunds {
            available: Money::from_minor(
                refused.available_minor.unwrap_or(0),
                refused.debit.currency,
            ),
        },
        RefusalReason::AccountsMustDiffer
        | RefusalReason::CurrenciesMustMatch
        | RefusalReason::AmountMustBePositive
        | RefusalReason::IdReusedWithOtherContent
        | RefusalReason::CreditExceedsLimit
        | RefusalReason::DebitsBlocked
        | RefusalReason::CreditsBlocked
        | RefusalReason::HoldUnknown
        | RefusalReason::HoldNotOpen
        | RefusalReason::CaptureExceedsHold
        | RefusalReason::Overflow
        | RefusalReason::LinkedTransferRefused
        | RefusalReason::ChainOpen
        | RefusalReason::RestOfUnknown
        | RefusalReason::HoldOfOtherAccounts
        | RefusalReason::AccountOfOtherPartition => HoldOutcome::Blocked,
    }
}

/// The last limit of each kind of a record counts; those for one slip and one day are one notice.
fn from_auth(events: &[auth::Event]) -> Vec<Notice> {
    let mut limits: BTreeMap<CustomerId, [Option<Option<Money>>; 2]> = BTreeMap::new();
    let mut further = BTreeMap::new();
    let mut exclusions = BTreeMap::new();
    for event in events {
        match event {
            auth::Event::LimitSet(set) => match of_kind(set.kind) {
                Some(OwnLimit::StakeSlip) => {
                    let [per_slip, _] = limits.entry(set.customer).or_default();
                    *per_slip = Some(set.amount);
                }
                Some(OwnLimit::StakeDay) => {
                    let [_, per_day] = limits.entry(set.customer).or_default();
                    *per_day = Some(set.amount);
                }
                Some(
                    limit @ (OwnLimit::StakeWeek
                    | OwnLimit::StakeMonth
                    | OwnLimit::LossDay
                    | OwnLimit::LossWeek
                    | OwnLimit::LossMonth),
                ) => {
                    further.insert((set.customer, limit), set.amount);
                }
                None => {}
            },
            auth::Event::CustomerExcluded(excluded) => {
                exclusions.insert(excluded.customer, excluded.until);
            }
            auth::Event::CustomerRegistered(_)
            | auth::Event::SignedIn(_)
            | auth::Event::SignInFailed(_)
            | auth::Event::SessionRefreshed(_)
            | auth::Event::SessionRevoked(_)
            | auth::Event::LimitIncreaseRequested(_)
            | auth::Event::PasswordChanged(_)
            | auth::Event::RoleGranted(_)
            | auth::Event::LimitIncreaseAsked(_)
            | auth::Event::LimitIncreaseConfirmed(_)
            | auth::Event::LimitIncreaseLapsed(_)
            | auth::Event::ExclusionKindSet(_)
            | auth::Event::MarketingSet(_)
            | auth::Event::RealityCheckSet(_)
            | auth::Event::RealityCheckAcknowledged(_)
            | auth::Event::SessionRefreshRepeated(_)
            | auth::Event::StrangerTurnedAway(_)
            | auth::Event::SecondFactorOffered(_)
            | auth::Event::SecondFactorEnabled(_)
            | auth::Event::SecondFactorRemoved(_)
            | auth::Event::SecondFactorProved(_)
            | auth::Event::RecoveryCodeUsed(_)
            | auth::Event::SteppedUp(_)
            | auth::Event::RoleRevoked(_)
            | auth::Event::ProfileReplaced(_)
            | auth::Event::PersonalDataErased(_)
            | auth::Event::PasswordResetOffered(_)
            | auth::Event::PasswordResetTaken(_)
            | auth::Event::StaffAdmitted(_)
            | auth::Event::EnrolmentOwed(_)
            | auth::Event::PasskeyAdded(_)
            | auth::Event::PasskeyRemoved(_)
            | auth::Event::PasskeyUsed(_) => {}
        }
    }
    let limits = limits
        .into_iter()
        .map(|(customer, [per_slip, per_day])| Notice::StakeLimits {
            customer,
            per_slip,
            per_day,
        });
    let exclusions = exclusions
        .into_iter()
        .map(|(customer, until)| Notice::Exclusion { customer, until });
    let further = further
        .into_iter()
        .map(|((customer, limit), amount)| Notice::OwnLimit {
            customer,
            limit,
            amount,
        });
    limits.chain(further).chain(exclusions).collect()
}

/// The limits that bets counts against; deposits are counted by payments.
const fn of_kind(kind: auth::LimitKind) -> Option<OwnLimit> {
    match kind {
        auth::LimitKind::StakeSlip => Some(OwnLimit::StakeSlip),
        auth::LimitKind::StakeDay => Some(OwnLimit::StakeDay),
        auth::LimitKind::StakeWeek => Some(OwnLimit::StakeWeek),
        auth::LimitKind::StakeMonth => Some(OwnLimit::StakeMonth),
        auth::LimitKind::LossDay => Some(OwnLimit::LossDay),
        auth::LimitKind::LossWeek => Some(OwnLimit::LossWeek),
        auth::LimitKind::LossMonth => Some(OwnLimit::LossMonth),
        auth::LimitKind::DepositDay
        | auth::LimitKind::DepositWeek
        | auth::LimitKind::DepositMonth => None,
    }
}

/// The last restriction of a customer counts.
fn from_fraud(events: &[fraud::Event]) -> Vec<Notice> {
    let mut restrictions = BTreeMap::new();
    for event in events {
        match event {
            fraud::Event::CustomerRestricted(restricted) => {
                restrictions.insert(restricted.customer, restricted.stake_permille);
            }
            fraud::Event::CustomerObserved(_)
            | fraud::Event::CustomerScored(_)
            | fraud::Event::CaseOpened(_)
            | fraud::Event::CaseClosed(_)
            | fraud::Event::PriceMoveObserved(_) => {}
        }
    }
    restrictions
        .into_iter()
        .map(|(customer, stake_permille)| Notice::Restriction {
            customer,
            stake_permille,
        })
        .collect()
}
