//! Making and checking topics.

use crate::support::{plan, settings, unmade};
use anyhow::{Context, ensure};
use eventlog_kafka::topics::{Mismatch, Plan, check, create};
use eventlog_kafka::{Settings, TopicsError};
use futures::executor::block_on;
use kernel::Topic;
use rdkafka::ClientConfig;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use stack::Trials;
use std::time::Duration;

pub fn collect(trials: &mut Trials) {
    trials.test("topics_are_made_once_and_right", || {
        let settings = unmade(&stack::kafka().bootstrap());
        let missing = check(&settings, &plan())?;
        ensure!(missing.len() == 14 && missing.iter().all(|m| m.setting == "the topic"));
        ensure!(create(&settings, &plan())?.iter().all(|made| made.created));
        ensure!(check(&settings, &plan())? == []);
        let again = create(&settings, &plan())?;
        ensure!(again.len() == 14 && again.iter().all(|made| !made.created));
        ensure!(check(&settings, &plan())? == []);
        Ok(())
    });
    trials.test("each_wrong_setting_of_a_topic_is_named", || {
        let settings = settings(&stack::kafka().bootstrap());
        let topic = settings.topic_name(Topic::BetsEvents);
        let right = [
            ("cleanup.policy", "delete", "compact"),
            ("retention.ms", "-1", "604800000"),
            ("retention.bytes", "-1", "1000000"),
            ("unclean.leader.election.enable", "false", "true"),
            ("max.message.bytes", "1048588", "500000"),
        ];
        for (wrong, _, value) in right {
            let of = |(name, right, _)| (name, if name == wrong { value } else { right });
            alter(&settings, &topic, &right.map(of))?;
            // A broker tells of a change a moment after it has agreed to it.
            let is_named = |found: &[Mismatch]| match found {
                [only] => (only.topic.as_str(), only.setting) == (topic.as_str(), wrong),
                _ => false,
            };
            let mut found = check(&settings, &plan())?;
            for _ in 0..200 {
                if is_named(&found) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
                found = check(&settings, &plan())?;
            }
            ensure!(is_named(&found), "{wrong}: {found:?}");
            let text = found[0].to_string();
            ensure!(
                text.contains(&topic) && text.contains(wrong) && text.contains(value),
                "{text}"
            );
        }
        Ok(())
    });
    trials.test("a_plan_that_the_topics_do_not_fit_is_named", || {
        let settings = settings(&stack::kafka().bootstrap());
        let named = |plan: &Plan| -> anyhow::Result<Vec<&str>> {
            let mut named: Vec<_> = check(&settings, plan)?.iter().map(|m| m.setting).collect();
            named.sort_unstable();
            named.dedup();
            Ok(named)
        };
        let replication = Plan {
            replication: 2,
            ..plan()
        };
        ensure!(named(&replication)? == ["the replication factor"]);
        let min_insync = Plan {
            min_insync: 2,
            ..plan()
        };
        ensure!(named(&min_insync)? == ["min.insync.replicas"]);
        let partitions = Plan {
            partitions: 6,
            ..plan()
        };
        ensure!(named(&partitions)? == ["partitions", "the number of partitions"]);
        let function = Plan {
            key_function: "another".to_owned(),
            ..plan()
        };
        ensure!(named(&function)? == ["key_function"]);
        Ok(())
    });
    trials.test("what_is_fixed_for_ever_is_written_once", || {
        let settings = settings(&stack::kafka().bootstrap());
        let other = Plan {
            key_function: "another".to_owned(),
            ..plan()
        };
        let refused = create(&settings, &other).err().context("it is fixed")?;
        let TopicsError::Mismatch(Mismatch {
            setting,
            found,
            needed,
            ..
        }) = refused
        else {
            anyhow::bail!("{refused}");
        };
        ensure!((setting, found.as_str(), needed.as_str()) == ("key_function", "test", "another"));
        ensure!(check(&settings, &plan())? == [], "and stays as it was");
        Ok(())
    });
    trials.test("a_topic_that_somebody_made_badly_is_left_and_named", || {
        let settings = unmade(&stack::kafka().bootstrap());
        let topic = settings.topic_name(Topic::OddsEvents);
        let new = NewTopic::new(&topic, 2, TopicReplication::Fixed(1));
        let made = block_on(admin(&settings)?.create_topics(&[new], &AdminOptions::new()))?;
        made.into_iter()
            .next()
            .context("one")?
            .map_err(|(_, code)| code)?;
        let made = create(&settings, &plan())?;
        ensure!(made.iter().filter(|made| !made.created).count() == 1);
        let found = check(&settings, &plan())?;
        ensure!(found.iter().all(|m| m.topic == topic));
        let named: Vec<&str> = found.iter().map(|m| m.setting).collect();
        ensure!(
            named == ["the number of partitions", "retention.ms"],
            "{found:?}"
        );
        Ok(())
    });
    trials.test("brokers_that_do_not_answer_are_named", || {
        let nobody = Settings::new("127.0.0.1:1", "");
        let refused = check(&nobody, &plan()).err().context("nobody is there")?;
        ensure!(matches!(refused, TopicsError::Unreachable { .. }));
        ensure!(refused.to_string().contains("127.0.0.1:1"), "{refused}");
        Ok(())
    });
    trials.test("an_unknown_property_is_refused", || {
        let mut settings = Settings::new("127.0.0.1:1", "");
        settings
            .client_options
            .insert("no.such".to_owned(), "1".to_owned());
        let refused = eventlog_kafka::KafkaLog::connect(settings).err();
        ensure!(
            refused
                .context("it is unknown")?
                .to_string()
                .contains("no.such")
        );
        Ok(())
    });
}

fn admin(settings: &Settings) -> anyhow::Result<AdminClient<DefaultClientContext>> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.brokers);
    Ok(config.create()?)
}

fn alter(settings: &Settings, topic: &str, values: &[(&str, &str)]) -> anyhow::Result<()> {
    let mut change = AlterConfig::new(ResourceSpecifier::Topic(topic));
    for (name, value) in values {
        change = change.set(name, value);
    }
    let done = block_on(admin(settings)?.alter_configs(&[change], &AdminOptions::new()))?;
    done.into_iter()
        .next()
        .context("one")?
        .map_err(|(_, code)| code)?;
    Ok(())
}
