//! The log on a real Kafka.

mod contract;
mod support;

fn main() -> std::process::ExitCode {
    stack::cluster_tests(stack::Needs::KAFKA, |trials| {
        contract::collect(trials);
    })
}
