//! Our topics and our schemas as others see them: a registry that numbers schemas in its own way,
//! and a reader in another language who has nothing but the two addresses.

mod python;
mod registry;
mod topics;

use stack::Needs;

fn main() -> std::process::ExitCode {
    stack::cluster_tests(Needs::REGISTRY, |trials| {
        trials.test("what_is_published_twice_keeps_its_ids", registry::twice);
        trials.test("an_incompatible_schema_is_refused", registry::incompatible);
        trials.test("a_subject_that_is_not_there_is_missing", registry::missing);
        trials.test(
            "a_subject_of_somebody_else_is_left_alone",
            registry::foreign,
        );
        trials.test_with(
            Needs::OWN_REGISTRY,
            "a_registry_that_is_away_is_told",
            registry::away,
        );
        trials.test_with(
            Needs::KAFKA,
            "a_stranger_decodes_every_golden_record",
            topics::golden,
        );
        trials.test_with(
            Needs::KAFKA,
            "a_stranger_works_out_the_heads",
            topics::heads,
        );
    })
}
