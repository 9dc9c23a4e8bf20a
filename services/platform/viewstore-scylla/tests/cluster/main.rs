//! The views on a real server: everything that the port asks, and what a cluster does to them.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "a test: an overflow or a poisoned lock is a failure"
)]

mod away;
mod emptied;
mod projectors;
mod rows;
mod three;
mod world;

fn main() -> std::process::ExitCode {
    stack::cluster_tests(stack::Needs::CASSANDRA, |trials| {
        trials.test("keeps_the_contract", rows::keeps_the_contract);
        trials.test("late_old_writes_lose", rows::late_old_writes_lose);
        trials.test("mixed_cells_are_told", rows::mixed_cells_are_told);
        trials.test("walks_of_every_view_are_in_order", rows::walks_are_in_order);
        trials.test("two_projectors_make_what_one_makes", projectors::converge);
        trials.test("a_lost_keyspace_is_refilled", emptied::lost_keyspace);
        trials.test("an_emptied_store_is_told_to_others", emptied::by_another);
        trials.test("nobody_there_is_a_clear_error", away::nobody_there);
        trials.test(
            "a_paused_store_is_told_in_time_and_comes_back",
            away::paused,
        );
        trials.test("a_store_may_come_later", away::comes_later);
        trials.test("one_of_three_nodes_may_be_gone", three::one_gone);
    })
}
