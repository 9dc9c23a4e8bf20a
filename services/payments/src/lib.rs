//! Payments at its edge: the wire, the views, the providers and their call-backs.
//!
//! Duty: join the rules of payments to the runtime, and give the worker that calls providers and
//! the gateway that hears them what they need.
//!
//! Prohibition: no rule about money is written here, and nothing here reads a clock, draws
//! randomness or sleeps; times come in as arguments.

mod callbacks;
mod chance;
mod codec;
mod door;
mod gate;
mod notices;
mod open_banking;
mod projection;
mod provider;
mod reactor;
mod service;
mod simulator;
mod snapshot;
mod stripe;
mod webhook;
mod worker;

pub use callbacks::{CallBacks, standard_key};
pub use chance::Chance;
pub use door::{Door, ProviderSecret};
pub use gate::{Gate, GateTerms, Refused};
pub use notices::{ATTEMPTS_MAX, Notice, NoticeId, Notices, Received, notices};
pub use open_banking::{HouseAccount, OpenBanking};
pub use payments_domain as domain;
pub use projection::rows;
pub use provider::{
    Answer, Call, OPEN_BANKING, Provider, ProviderFuture, SIMULATOR, STRIPE, StatusAnswer, TakenOn,
    provider_names, terms,
};
pub use service::PaymentsService;
pub use simulator::{MAGIC_AMOUNTS, MagicAmount, Script, SignedWebhook, Simulator};
pub use stripe::Stripe;
pub use webhook::{
    SIGNATURE_TOLERANCE, WebhookError, WebhookHeaders, WebhookKeys, partition_of, payment_named,
    read_report, reference_of, sign, write_report,
};
pub use worker::{Action, Worker, report_scope};
