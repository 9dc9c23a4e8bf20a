//! A registry with the Confluent-compatible interface.
//!
//! Duty: find our schemas among what a subject holds by what they mean, publish those that are
//! missing, and have the registry refuse what could not read our history. Prohibition: nothing is
//! overwritten or deleted, and nothing at all is published while a subject of ours holds schemas
//! of somebody else in place of ours.

use crate::client::{Answer, Ask, Client};
use crate::meaning;
use crate::port::{Entry, Held, Judgement, SchemaStore, StoreError};
use crate::subjects::Subjects;
use kernel::Topic;
use schemas::{SchemaId, WireIds};
use serde_json::{Value, json};
use std::time::Duration;

#[cfg(test)]
mod tests;

/// What every subject of ours is set to: whoever reads with the newest schema reads everything
/// that was ever written.
const GUARD: &str = "BACKWARD_TRANSITIVE";
/// No topic of ours changes so often; a registry that says otherwise is not asked a million times.
const VERSIONS_MAX: usize = 200;

/// A registry, asked over HTTP.
#[derive(Clone, Debug)]
pub struct Registry {
    client: Client,
    subjects: Subjects,
    ours: Vec<Ours>,
}

/// One of our schemas.
#[derive(Clone, Debug)]
struct Ours {
    id: SchemaId,
    topic: Topic,
    version: u32,
    text: String,
}

/// A version in the registry.
#[derive(Clone, Debug)]
struct Theirs {
    version: u32,
    id: u32,
    text: String,
}

impl Registry {
    /// At `http://[user:password@]host[:port][/path]`, for topics whose names begin with the
    /// prefix. Does not ask it yet.
    ///
    /// # Errors
    /// Not such an address, or a prefix that no topic may have.
    pub fn open(url: &str, topic_prefix: &str) -> Result<Self, StoreError> {
        let ours = schemas::schemas().into_iter().map(|schema| Ours {
            id: schema.id,
            topic: schema.topic,
            version: schema.version,
            text: (schema.text)(),
        });
        Ok(Self {
            client: Client::new(url)?,
            subjects: Subjects::new(topic_prefix)?,
            ours: ours.collect(),
        })
    }

    /// Shows these credentials, `user:password`, instead of those in the address.
    #[must_use]
    pub fn with_credentials(mut self, credentials: &str) -> Self {
        self.client = self.client.with_credentials(credentials.as_bytes());
        self
    }

    /// Ends each request after so long instead of 5 seconds.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.client = self.client.within(time);
        self
    }

    /// The address, without credentials.
    #[must_use]
    pub fn url(&self) -> &str {
        self.client.url()
    }

    /// Adds a version to the topic's subject, or finds it there. Returns the id on the wire.
    ///
    /// # Errors
    /// The registry refuses it or cannot be asked.
    pub fn publish(&self, topic: Topic, text: &str) -> Result<u32, StoreError> {
        let subject = self.subjects.of(topic);
        let path = format!("/subjects/{subject}/versions");
        match self
            .client
            .ask(&subject, &path, Ask::Post(&json!({ "schema": text })))?
        {
            Answer::Here(answer) => self.number(&subject, &answer, "id"),
            Answer::NotThere => Err(self.client.unreadable(&subject, "it takes no new subject")),
            Answer::Conflict(reason) => Err(StoreError::Incompatible {
                url: self.url().to_owned(),
                subject,
                reason,
            }),
        }
    }

    fn number(&self, subject: &str, answer: &Value, name: &str) -> Result<u32, StoreError> {
        let number = answer.get(name).and_then(Value::as_u64);
        number
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| {
                let found = answer.get(name).unwrap_or(&Value::Null);
                let detail = format!("{name} is {found}, not a number of 32 bits");
                self.client.unreadable(subject, detail)
            })
    }

    /// All versions of a subject; none: there is no such subject.
    fn versions(&self, subject: &str) -> Result<Vec<Theirs>, StoreError> {
        let list = match self.get(subject, &format!("/subjects/{subject}/versions"))? {
            Some(list) => list,
            None => return Ok(Vec::new()),
        };
        let list = list.as_array().filter(|list| list.len() <= VERSIONS_MAX);
        let list = list.ok_or_else(|| {
            let detail = format!("its versions are no list of at most {VERSIONS_MAX}");
            self.client.unreadable(subject, detail)
        })?;
        let mut found = Vec::new();
        for version in list {
            let version = self.number(subject, &json!({ "version": version }), "version")?;
            // One that was deleted since the list was made is none.
            found.extend(self.version(subject, version)?);
        }
        Ok(found)
    }

    fn version(&self, subject: &str, version: u32) -> Result<Option<Theirs>, StoreError> {
        let path = format!("/subjects/{subject}/versions/{version}");
        let Some(answer) = self.get(subject, &path)? else {
            return Ok(None);
        };
        Ok(Some(Theirs {
            version,
            id: self.number(subject, &answer, "id")?,
            text: self.text(subject, &answer)?,
        }))
    }

    /// The schema in an answer. One of another kind than Avro is none of ours, whatever it says.
    fn text(&self, subject: &str, answer: &Value) -> Result<String, StoreError> {
        let kind = answer.get("schemaType").and_then(Value::as_str);
        if kind.is_some_and(|kind| kind != "AVRO") {
            return Ok(String::new());
        }
        let text = answer.get("schema").and_then(Value::as_str);
        text.map(str::to_owned)
            .ok_or_else(|| self.client.unreadable(subject, "an answer has no schema"))
    }

    fn get(&self, subject: &str, path: &str) -> Result<Option<Value>, StoreError> {
        match self.client.ask(subject, path, Ask::Get)? {
            Answer::Here(answer) => Ok(Some(answer)),
            Answer::NotThere => Ok(None),
            Answer::Conflict(reason) => Err(self.client.unreadable(subject, reason)),
        }
    }

    /// What a reader gets who knows nothing but the id in a record must be what we wrote with.
    fn resolve(&self, subject: &str, ours: &Ours, id: u32) -> Result<(), StoreError> {
        let text = match self.get(subject, &format!("/schemas/ids/{id}"))? {
            Some(answer) => self.text(subject, &answer)?,
            None => String::new(),
        };
        if meaning::same(&ours.text, &text) {
            Ok(())
        } else {
            let detail = format!("its id {id} does not lead back to the schema");
            Err(self.client.unreadable(subject, detail))
        }
    }

    /// Which changes the registry lets through; none: nobody said so for this subject.
    fn compatibility(&self, subject: &str) -> Result<Option<String>, StoreError> {
        let answer = self.get(subject, &format!("/config/{subject}"))?;
        let level = answer.as_ref().and_then(|answer| {
            let level = answer.get("compatibilityLevel");
            level.or_else(|| answer.get("compatibility"))?.as_str()
        });
        Ok(level.map(str::to_owned))
    }

    /// What stands where the schema belongs, and which versions are none of ours.
    fn held(
        &self,
        ours: &Ours,
        subject: &str,
        theirs: &[Theirs],
    ) -> Result<(Held, Vec<u32>), StoreError> {
        let is_known = |theirs: &&Theirs| {
            let mut same_topic = self.ours.iter().filter(|other| other.topic == ours.topic);
            same_topic.any(|other| meaning::same(&other.text, &theirs.text))
        };
        let unknown: Vec<u32> = theirs
            .iter()
            .filter(|theirs| !is_known(theirs))
            .map(|theirs| theirs.version)
            .collect();
        let found = theirs
            .iter()
            .find(|theirs| meaning::same(&ours.text, &theirs.text));
        let held = match found {
            Some(found) => {
                self.resolve(subject, ours, found.id)?;
                Held::Registered {
                    version: found.version,
                    id: found.id,
                }
            }
            None if !unknown.is_empty() => Held::Different,
            None if theirs.is_empty() => Held::Missing,
            None => match self.judge(ours.topic, &ours.text)? {
                Judgement::Compatible => Held::Missing,
                Judgement::Incompatible(reason) => Held::Refused(reason),
            },
        };
        Ok((held, unknown))
    }

    fn entry(&self, ours: &Ours) -> Result<Entry, StoreError> {
        let subject = self.subjects.of(ours.topic);
        let theirs = self.versions(&subject)?;
        let (held, unknown_versions) = self.held(ours, &subject, &theirs)?;
        Ok(Entry {
            schema: ours.id,
            topic: ours.topic,
            version: ours.version,
            held,
            is_new: false,
            compatibility: self.compatibility(&subject)?,
            unknown_versions,
            subject,
        })
    }

    /// Has the registry refuse what could not read the subject's history.
    fn guard(&self, entry: &mut Entry) -> Result<(), StoreError> {
        if entry.is_guarded() {
            return Ok(());
        }
        let path = format!("/config/{}", entry.subject);
        let wanted = json!({ "compatibility": GUARD });
        let answer = self.client.ask(&entry.subject, &path, Ask::Put(&wanted))?;
        entry.compatibility = self.compatibility(&entry.subject)?;
        match answer {
            Answer::Here(_) if entry.is_guarded() => Ok(()),
            // Some registries take no word about a subject before it is there.
            Answer::NotThere if entry.held == Held::Missing => Ok(()),
            Answer::Here(_) | Answer::NotThere | Answer::Conflict(_) => {
                Err(StoreError::Unguarded {
                    url: self.url().to_owned(),
                    subject: entry.subject.clone(),
                    level: entry
                        .compatibility
                        .clone()
                        .unwrap_or_else(|| "its default".to_owned()),
                })
            }
        }
    }

    /// The id of a schema that is there, or why it is not.
    fn id(&self, entry: Entry) -> Result<(SchemaId, u32), StoreError> {
        let url = self.url().to_owned();
        let subject = entry.subject;
        match entry.held {
            Held::Registered { id, .. } => Ok((entry.schema, id)),
            Held::Missing => Err(StoreError::Missing {
                url,
                subject,
                version: entry.version,
            }),
            Held::Refused(reason) => Err(StoreError::Incompatible {
                url,
                subject,
                reason,
            }),
            Held::Different => Err(StoreError::Different {
                url,
                subject,
                versions: entry.unknown_versions,
            }),
        }
    }
}

impl SchemaStore for Registry {
    fn wire_ids(&self) -> Result<WireIds, StoreError> {
        let entries = self.inspect()?.into_iter();
        let ids: Result<Vec<_>, _> = entries.map(|entry| self.id(entry)).collect();
        WireIds::new(ids?).map_err(|source| StoreError::Ids {
            url: self.url().to_owned(),
            source,
        })
    }

    fn inspect(&self) -> Result<Vec<Entry>, StoreError> {
        self.ours.iter().map(|ours| self.entry(ours)).collect()
    }

    fn register(&self) -> Result<Vec<Entry>, StoreError> {
        let before = self.inspect()?;
        for entry in &before {
            if entry.held != Held::Missing {
                self.id(entry.clone())?;
            }
        }
        let mut after = Vec::new();
        for (ours, mut entry) in self.ours.iter().zip(before) {
            // Before anything is added, so that there is no moment in which anything could be.
            self.guard(&mut entry)?;
            if entry.held == Held::Missing {
                self.publish(ours.topic, &ours.text)?;
                entry = self.entry(ours)?;
                entry.is_new = true;
                self.guard(&mut entry)?;
                self.id(entry.clone())?;
            }
            after.push(entry);
        }
        Ok(after)
    }

    fn judge(&self, topic: Topic, text: &str) -> Result<Judgement, StoreError> {
        let subject = self.subjects.of(topic);
        let path = format!("/compatibility/subjects/{subject}/versions?verbose=true");
        let asked = json!({ "schema": text });
        let answer = match self.client.ask(&subject, &path, Ask::Post(&asked))? {
            Answer::Here(answer) => answer,
            // Nothing was ever written: everything can be read.
            Answer::NotThere => return Ok(Judgement::Compatible),
            Answer::Conflict(reason) => return Ok(Judgement::Incompatible(reason)),
        };
        match answer.get("is_compatible").and_then(Value::as_bool) {
            Some(true) => Ok(Judgement::Compatible),
            Some(false) => {
                let reason = answer.get("messages").or_else(|| answer.get("reason"));
                let reason = reason.unwrap_or(&Value::Null);
                let reason = reason
                    .as_str()
                    .map_or_else(|| reason.to_string(), str::to_owned);
                Ok(Judgement::Incompatible(reason))
            }
            None => Err(self.client.unreadable(&subject, "no word on compatibility")),
        }
    }
}
