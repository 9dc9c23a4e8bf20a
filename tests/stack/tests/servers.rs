//! What the crate promises about the servers it starts.

use std::process::ExitCode;
use std::time::Duration;

use stack::{Kafka, KafkaPlan, Needs, NewTopic, wire};

fn main() -> ExitCode {
    stack::cluster_tests(
        Needs::KAFKA | Needs::CASSANDRA | Needs::REGISTRY,
        |trials| {
            trials.test("a_broker_answers", || {
                let metadata = stack::kafka().metadata()?;
                anyhow::ensure!(
                    metadata.nodes == [1] && metadata.has_controller,
                    "{metadata:?}"
                );
                Ok(())
            });
            trials.test_with(
                Needs::OWN_KAFKA,
                "a_killed_broker_comes_back_with_its_topics",
                killed_broker,
            );
            trials.test("a_node_runs_statements", || {
                let rows = stack::cassandra().run(0, "SELECT cluster_name FROM system.local")?;
                anyhow::ensure!(rows == 1, "{rows} rows");
                Ok(())
            });
            trials.test("the_registry_gives_ids", || {
                let subject = format!("{}/subjects/trial-value/versions", stack::registry().url());
                let answer =
                    wire::http::request("POST", &subject, Some(r#"{"schema":"\"string\""}"#))?;
                anyhow::ensure!(
                    answer.status == 200 && answer.body.contains("\"id\""),
                    "{answer:?}"
                );
                Ok(())
            });
        },
    )
}

fn topic(name: &str, replication: i16) -> NewTopic<'_> {
    NewTopic {
        name,
        partitions: 3,
        replication,
        settings: &[("cleanup.policy", "delete")],
    }
}

fn killed_broker() -> anyhow::Result<()> {
    let kafka = Kafka::start(KafkaPlan::default())?;
    kafka.create_topic(topic("kept", 1))?;
    let before = kafka.pid(0)?;
    kafka.kill(0)?;
    anyhow::ensure!(
        wire::kafka::api_versions(&kafka.bootstrap()).is_err(),
        "a killed broker answers"
    );
    kafka.start_again(0)?;
    anyhow::ensure!(kafka.pid(0)? != before, "the same process");
    kafka.wait_until_in_sync(Duration::from_secs(30))?;
    anyhow::ensure!(
        kafka.metadata()?.topics.contains_key("kept"),
        "the topic is gone"
    );
    Ok(())
}
