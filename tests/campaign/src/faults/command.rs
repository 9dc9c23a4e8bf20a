//! Commands to the ledger that are easy to count.
//!
//! Duty: each pays a customer of its own one cent, under a request id of its own. Prohibition: no
//! two numbers of one partition make the same command.

use bytes::Bytes;
use kernel::{
    CorrelationId, Currency, CustomerId, Digest, Partition, RequestId, Timestamp, Topic, TransferId,
};
use schemas::ledger::{
    Account, AccountKind, Amount, Command, Exactly, Post, PostTransfers, Transfer, TransferCode,
    TransferKind,
};
use schemas::{CommandRecord, Wire};

/// A command and the id by which its decision is known.
pub(in crate::faults) struct Asked {
    pub(in crate::faults) request: RequestId,
    pub(in crate::faults) bytes: Bytes,
}

/// The n-th command: a customer is paid a cent.
pub(in crate::faults) fn asked(number: u64, partition: Partition) -> Asked {
    let account = |customer, kind| Account {
        customer,
        kind,
        currency: Currency::Eur,
    };
    let customer = CustomerId::example(number, partition);
    let transfer = Transfer {
        id: TransferId::example(number, partition),
        debit: account(None, AccountKind::Provider),
        credit: account(Some(customer), AccountKind::Cash),
        amount: Amount::Exactly(Exactly { minor: 1 }),
        kind: TransferKind::Post(Post {}),
        linked: false,
        code: TransferCode::Benchmark,
        credit_fallback: None,
        rules_waived: false,
    };
    let request = RequestId::example(number, partition);
    let record = CommandRecord {
        request_id: request,
        request_digest: Digest::ZERO,
        correlation_id: CorrelationId::example(number, partition),
        sent_at: Timestamp::default(),
        not_after: None,
        command: Command::PostTransfers(PostTransfers {
            transfers: vec![transfer],
        }),
    };
    let mut bytes = Vec::new();
    schemas::frame(schemas::schema_of(Topic::LedgerCommands), &mut bytes);
    record.encode(&mut bytes);
    Asked {
        request,
        bytes: bytes.into(),
    }
}
