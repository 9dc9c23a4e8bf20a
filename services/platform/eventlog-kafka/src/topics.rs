//! Making and checking the topics.
//!
//! Duty: every property that the log's promises rest on is set when a topic is made and compared
//! before it is used; a wrong one is named with what to do about it. Prohibition: a topic that is
//! there is never changed, emptied or deleted.

use crate::about::{self, About, Found, unreachable_at};
use crate::client::Complaints;
use crate::error::TopicsError;
use crate::settings::{Settings, TOPIC_BYTES_MIN};
use futures::executor::block_on;
use kernel::Topic;
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, OwnedResourceSpecifier, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::metadata::Metadata;
use rdkafka::types::RDKafkaErrorCode;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

pub use crate::about::ABOUT;
pub use crate::noticeboard::PRESENCE;

/// How the topics have to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Partitions of each topic. Fixed for ever.
    pub partitions: u16,
    /// Replicas of each partition, at least.
    pub replication: u16,
    /// Replicas that must have a record before it is acknowledged.
    pub min_insync: u16,
    /// The name of the function from keys to partitions. Fixed for ever.
    pub key_function: String,
}

/// A topic that is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its full name.
    pub topic: String,
    /// It was not there before.
    pub created: bool,
}

/// A topic that is not as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The topic's full name.
    pub topic: String,
    /// Which of its settings.
    pub setting: &'static str,
    /// What is there.
    pub found: String,
    /// What has to be there.
    pub needed: String,
    /// What to do.
    pub remedy: &'static str,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            topic,
            setting,
            found,
            needed,
            remedy,
        } = self;
        write!(
            f,
            "topic {topic}: {setting} is {found}, needed is {needed}: {remedy}"
        )
    }
}

/// How long the brokers may take to answer at all.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long they may take to make topics, or to tell of many.
const WORK_TIMEOUT: Duration = Duration::from_secs(30);
/// Between two looks whether new topics have their leaders.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Looks before that.
const LOOKS_MAX: u32 = 200;

const MAKE: &str = "make the topics with `furlong topics create`";
const ALTER: &str = "set it with the broker's own tools";
const REPARTITION: &str = "the number is fixed for ever: use other topics (topic_prefix)";
const REASSIGN: &str = "add replicas with the broker's own tools";
const OTHER_LOG: &str =
    "these topics belong to another installation: use other topics (topic_prefix)";

/// What a setting has to be.
#[derive(Clone, Debug)]
enum Needed {
    Is(String),
    AtLeast(u64),
}

impl Needed {
    fn holds(&self, found: Option<&str>) -> bool {
        match self {
            Self::Is(value) => found == Some(value.as_str()),
            Self::AtLeast(least) => found
                .and_then(|found| found.parse::<u64>().ok())
                .is_some_and(|found| found >= *least),
        }
    }

    fn value(&self) -> String {
        match self {
            Self::Is(value) => value.clone(),
            Self::AtLeast(least) => least.to_string(),
        }
    }
}

impl fmt::Display for Needed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(value) => f.write_str(value),
            Self::AtLeast(least) => write!(f, "at least {least}"),
        }
    }
}

/// A topic as it has to be.
struct Wanted {
    name: String,
    partitions: u16,
    settings: Vec<(&'static str, Needed)>,
}

fn wanted(settings: &Settings, plan: &Plan) -> Vec<Wanted> {
    let for_ever = |name: String, partitions| Wanted {
        name,
        partitions,
        settings: vec![
            ("cleanup.policy", Needed::Is("delete".to_owned())),
            ("retention.ms", Needed::Is("-1".to_owned())),
            ("retention.bytes", Needed::Is("-1".to_owned())),
            (
                "unclean.leader.election.enable",
                Needed::Is("false".to_owned()),
            ),
            (
                "min.insync.replicas",
                Needed::AtLeast(plan.min_insync.into()),
            ),
            ("max.message.bytes", Needed::AtLeast(TOPIC_BYTES_MIN)),
        ],
    };
    let presence = Wanted {
        name: settings.prefixed(PRESENCE),
        partitions: 1,
        settings: vec![("cleanup.policy", Needed::Is("delete".to_owned()))],
    };
    let ours = Topic::ALL
        .iter()
        .map(|topic| for_ever(settings.topic_name(*topic), plan.partitions));
    ours.chain([for_ever(settings.prefixed(ABOUT), 1), presence])
        .collect()
}

/// Set when the noticeboard is made; whoever wants to keep notices longer may.
const PRESENCE_SETTINGS: [(&str, &str); 2] =
    [("retention.ms", "3600000"), ("segment.ms", "600000")];

/// Makes the topics that are not there, and writes down what is fixed for ever. One that is there
/// is left as it is: [`check`] tells whether it is right. Blocks.
///
/// # Errors
/// The brokers do not answer or refuse; what is fixed for ever is fixed otherwise.
pub fn create(settings: &Settings, plan: &Plan) -> Result<Vec<Made>, TopicsError> {
    let admin = Admin::new(settings)?;
    let wanted = wanted(settings, plan);
    let metadata = admin.metadata()?;
    let is_missing = |topic: &Wanted| partitions_of(&metadata, &topic.name).is_none();
    let missing: Vec<&Wanted> = wanted.iter().filter(|topic| is_missing(topic)).collect();
    let made = admin.make(&missing, plan)?;
    let is_made = |topic: &&Wanted| made.contains(&topic.name);
    let new: Vec<&Wanted> = wanted.iter().filter(is_made).collect();
    admin.wait_for_leaders(&new)?;
    write_about(settings, plan)?;
    let told = wanted.iter().map(|topic| Made {
        topic: topic.name.clone(),
        created: is_made(&topic),
    });
    Ok(told.collect())
}

/// Compares the topics with the plan; right if nothing is returned. Blocks.
///
/// # Errors
/// The brokers do not answer or refuse.
pub fn check(settings: &Settings, plan: &Plan) -> Result<Vec<Mismatch>, TopicsError> {
    let admin = Admin::new(settings)?;
    let wanted = wanted(settings, plan);
    let metadata = admin.metadata()?;
    let all: Vec<&Wanted> = wanted.iter().collect();
    let mut found = admin.mismatches(&metadata, &all, plan)?;
    let about_is_there = partitions_of(&metadata, &settings.prefixed(ABOUT)).is_some();
    if about_is_there {
        found.extend(about_mismatches(settings, plan)?);
    }
    Ok(found)
}

fn write_about(settings: &Settings, plan: &Plan) -> Result<(), TopicsError> {
    if about::read(settings)? == Found::Nothing {
        about::write(settings, &About::of(plan))?;
    }
    // Somebody else may have been first.
    match about_mismatches(settings, plan)?.into_iter().next() {
        None => Ok(()),
        Some(mismatch) => Err(TopicsError::Mismatch(mismatch)),
    }
}

fn about_mismatches(settings: &Settings, plan: &Plan) -> Result<Vec<Mismatch>, TopicsError> {
    let needed = About::of(plan);
    let mismatch = |setting, found: String, needed: String, remedy| Mismatch {
        topic: settings.prefixed(ABOUT),
        setting,
        found,
        needed,
        remedy,
    };
    Ok(match about::read(settings)? {
        Found::Nothing => vec![mismatch(
            "its record",
            "missing".to_owned(),
            "what is fixed for ever".to_owned(),
            MAKE,
        )],
        Found::Unreadable(text) => vec![mismatch(
            "its record",
            text,
            "what is fixed for ever".to_owned(),
            OTHER_LOG,
        )],
        Found::About(found) => [
            (
                "format",
                found.format.to_string(),
                needed.format.to_string(),
            ),
            (
                "partitions",
                found.partitions.to_string(),
                needed.partitions.to_string(),
            ),
            ("key_function", found.key_function, needed.key_function),
        ]
        .into_iter()
        .filter(|(_, found, needed)| found != needed)
        .map(|(setting, found, needed)| mismatch(setting, found, needed, OTHER_LOG))
        .collect(),
    })
}

/// The partitions' replica counts; `None` when there is no such topic.
fn partitions_of(metadata: &Metadata, name: &str) -> Option<Vec<usize>> {
    let topic = metadata
        .topics()
        .iter()
        .find(|topic| topic.name() == name)?;
    let replicas = topic.partitions().iter().map(|p| p.replicas().len());
    Some(replicas.collect())
}

struct Admin<'a> {
    client: AdminClient<DefaultClientContext>,
    /// Asks for metadata: of an admin client nobody hears why it fails.
    asking: BaseConsumer<Complaints>,
    settings: &'a Settings,
}

impl<'a> Admin<'a> {
    fn new(settings: &'a Settings) -> Result<Self, TopicsError> {
        let refused = |error: KafkaError| TopicsError::Settings(error.to_string());
        let config = settings.asker();
        Ok(Self {
            client: config.create().map_err(refused)?,
            asking: BaseConsumer::from_config_and_context(&config, Complaints::default())
                .map_err(refused)?,
            settings,
        })
    }

    fn unreachable(&self, error: impl fmt::Display) -> TopicsError {
        unreachable_at(self.settings, error.to_string())
    }

    fn metadata(&self) -> Result<Metadata, TopicsError> {
        self.asking.fetch_metadata(None, TIMEOUT).map_err(|error| {
            let newest = Complaints::newest_of(&self.asking);
            let why = newest.map_or_else(String::new, |complaint| format!(": {complaint}"));
            self.unreachable(format!("{error}{why}"))
        })
    }

    fn options() -> AdminOptions {
        AdminOptions::new()
            .request_timeout(Some(WORK_TIMEOUT))
            .operation_timeout(Some(WORK_TIMEOUT))
    }

    /// Makes them and tells which were really made: somebody else may have been quicker.
    fn make(&self, missing: &[&Wanted], plan: &Plan) -> Result<BTreeSet<String>, TopicsError> {
        if missing.is_empty() {
            return Ok(BTreeSet::new());
        }
        let presence = self.settings.prefixed(PRESENCE);
        let values: Vec<Vec<(&str, String)>> = missing
            .iter()
            .map(|topic| {
                let needed = topic.settings.iter().map(|(name, n)| (*name, n.value()));
                let own = PRESENCE_SETTINGS.iter().filter(|_| topic.name == presence);
                let own = own.map(|(name, value)| (*name, (*value).to_owned()));
                needed.chain(own).collect()
            })
            .collect();
        let new: Vec<NewTopic<'_>> = missing
            .iter()
            .zip(&values)
            .map(|(topic, values)| {
                let replication = TopicReplication::Fixed(plan.replication.into());
                let new = NewTopic::new(&topic.name, topic.partitions.into(), replication);
                values
                    .iter()
                    .fold(new, |new, (name, value)| new.set(name, value))
            })
            .collect();
        let made = block_on(self.client.create_topics(&new, &Self::options()))
            .map_err(|error| self.unreachable(error))?;
        let mut names = BTreeSet::new();
        for result in made {
            match result {
                Ok(name) => {
                    names.insert(name);
                }
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => {
                    return Err(TopicsError::Refused {
                        topic,
                        detail: code.to_string(),
                    });
                }
            }
        }
        Ok(names)
    }

    fn wait_for_leaders(&self, made: &[&Wanted]) -> Result<(), TopicsError> {
        if made.is_empty() {
            return Ok(());
        }
        for _ in 0..LOOKS_MAX {
            let metadata = self.metadata()?;
            let led = |wanted: &&Wanted| {
                metadata.topics().iter().any(|topic| {
                    topic.name() == wanted.name
                        && topic.partitions().len() == usize::from(wanted.partitions)
                        && topic.partitions().iter().all(|p| p.leader() >= 0)
                })
            };
            if made.iter().all(led) {
                return Ok(());
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Err(self.unreachable("the new topics have no leaders"))
    }

    fn mismatches(
        &self,
        metadata: &Metadata,
        wanted: &[&Wanted],
        plan: &Plan,
    ) -> Result<Vec<Mismatch>, TopicsError> {
        let mut found = Vec::new();
        let mut there = Vec::new();
        for topic in wanted {
            let mismatch = |setting, found: String, needed: String, remedy| Mismatch {
                topic: topic.name.clone(),
                setting,
                found,
                needed,
                remedy,
            };
            let Some(replicas) = partitions_of(metadata, &topic.name) else {
                found.push(mismatch(
                    "the topic",
                    "missing".to_owned(),
                    format!("{} partitions", topic.partitions),
                    MAKE,
                ));
                continue;
            };
            there.push(*topic);
            if replicas.len() != usize::from(topic.partitions) {
                found.push(mismatch(
                    "the number of partitions",
                    replicas.len().to_string(),
                    topic.partitions.to_string(),
                    REPARTITION,
                ));
            }
            let fewest = replicas.iter().copied().min().unwrap_or(0);
            if fewest < usize::from(plan.replication) {
                found.push(mismatch(
                    "the replication factor",
                    fewest.to_string(),
                    format!("at least {}", plan.replication),
                    REASSIGN,
                ));
            }
        }
        let configs = self.configs(&there)?;
        for topic in there {
            let config = configs.get(&topic.name);
            for (setting, needed) in &topic.settings {
                let value = config
                    .and_then(|config| config.get(setting))
                    .and_then(|entry| entry.value.as_deref());
                if !needed.holds(value) {
                    found.push(Mismatch {
                        topic: topic.name.clone(),
                        setting,
                        found: value.unwrap_or("unknown").to_owned(),
                        needed: needed.to_string(),
                        remedy: ALTER,
                    });
                }
            }
        }
        Ok(found)
    }

    fn configs(&self, topics: &[&Wanted]) -> Result<BTreeMap<String, ConfigResource>, TopicsError> {
        if topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        let asked: Vec<ResourceSpecifier<'_>> = topics
            .iter()
            .map(|topic| ResourceSpecifier::Topic(&topic.name))
            .collect();
        let described = block_on(self.client.describe_configs(&asked, &Self::options()))
            .map_err(|error| self.unreachable(error))?;
        let mut configs = BTreeMap::new();
        for config in described {
            let config = config.map_err(|code| self.unreachable(code))?;
            if let OwnedResourceSpecifier::Topic(name) = &config.specifier {
                configs.insert(name.clone(), config);
            }
        }
        Ok(configs)
    }
}
