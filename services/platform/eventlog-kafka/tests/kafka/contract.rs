//! What every log promises.

use crate::support::{block_on, fresh};
use eventlog::EventLog;
use stack::Trials;
use std::sync::Arc;

pub fn collect(trials: &mut Trials) {
    trials.test("keeps_the_contract", || {
        let brokers = stack::kafka().bootstrap();
        let fresh = || -> Arc<dyn EventLog> { Arc::new(fresh(&brokers)) };
        block_on(eventlog::contract::check(&fresh));
        Ok(())
    });
}
