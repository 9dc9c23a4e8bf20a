//! Every fault of the table, as often as fits into every run of the tests, on real servers; and
//! one bet through six processes.

mod processes;

use campaign::faults;
use campaign::plan::{Plan, Runs, Stage, run, shown};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

/// What a trial says goes where the test harness says it.
fn tell(line: &str) {
    eprintln!("{line}");
}

fn main() -> ExitCode {
    let needs = stack::Needs::OWN_KAFKA | stack::Needs::OWN_CASSANDRA;
    stack::cluster_tests(needs, |trials| {
        // What only a long campaign has is in its table with a zero for this one.
        let mut here = faults::all();
        here.retain(|fault| fault.ci_runs() > 0);
        // One scene after another on the same servers: two fleets at once would measure each other.
        let stage: Arc<Mutex<Stage>> = Arc::default();
        let alone = Arc::clone(&stage);
        trials.test("six_processes", move || {
            let _alone = alone.lock().unwrap_or_else(PoisonError::into_inner);
            processes::six_processes()
        });
        let alone = Arc::clone(&stage);
        trials.test("each_role_does_its_own", move || {
            let _alone = alone.lock().unwrap_or_else(PoisonError::into_inner);
            processes::each_role_does_its_own()
        });
        for fault in here {
            let stage = Arc::clone(&stage);
            trials.test_with(
                fault.needs(),
                &fault.name().to_ascii_lowercase(),
                move || {
                    let plan = Plan {
                        runs: Runs::Ci,
                        most: None,
                        seed: 1,
                        program: env!("CARGO_BIN_EXE_campaign").into(),
                        keep: None,
                        tell,
                    };
                    let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
                    let mut row = run(&*fault, &plan, &mut stage);
                    tell(&shown(&row));
                    if row.is_unjudged() {
                        // A machine too busy to answer says nothing about money. A finding is
                        // never tried again.
                        tell("once more, on new servers: it was not judged");
                        row = run(&*fault, &plan, &mut stage);
                        tell(&shown(&row));
                    }
                    anyhow::ensure!(row.passed(), "{}", shown(&row));
                    Ok(())
                },
            );
        }
    })
}
