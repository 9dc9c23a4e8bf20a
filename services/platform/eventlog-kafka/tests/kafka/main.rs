//! The log on a real Kafka: what the port asks, and what goes wrong with brokers.

mod contract;
mod noticeboard;
mod outage;
mod reading;
mod support;
#[cfg(feature = "tls")]
mod tls;
mod topics;
mod writing;

fn main() -> std::process::ExitCode {
    stack::cluster_tests(stack::Needs::KAFKA, |trials| {
        contract::collect(trials);
        reading::collect(trials);
        writing::collect(trials);
        noticeboard::collect(trials);
        topics::collect(trials);
        outage::collect(trials);
        #[cfg(feature = "tls")]
        tls::collect(trials);
    })
}
