//! What a person says to something that waits for another one's word.
//!
//! Duty: the word, its reason and who says it become one command to payments, asked once for a key.
//! Prohibition: whose word counts, and how many are wanted, is decided by payments, not here.

use crate::app::App;
use crate::asking::Answer;
use crate::extract::Caller;
use crate::problem::Problem;
use crate::routes::admin::{Act, ReasonBody, by};
use axum::http::HeaderMap;
use kernel::{Partition, Topic};
use schemas::payments::Command;
use serde_json::json;
use std::fmt::Display;

/// It is to be, or it is not.
#[derive(Clone, Copy)]
pub(crate) enum Word {
    Approve,
    Decline,
}

impl Word {
    /// What belongs to the word.
    pub(crate) fn of<T>(self, approve: T, decline: T) -> T {
        match self {
            Self::Approve => approve,
            Self::Decline => decline,
        }
    }
}

/// A word about something, as it came in.
pub(crate) struct Said<'a, Id> {
    pub caller: &'a Caller,
    pub headers: &'a HeaderMap,
    pub route: &'static str,
    pub id: Id,
    pub partition: Partition,
    pub body: ReasonBody,
}

impl<Id: Display> Said<'_, Id> {
    /// Asks payments; `command` is made of the id, the reason, and who says it.
    pub(crate) async fn ask(
        self,
        app: &App,
        command: impl FnOnce(Id, String, String) -> Command,
    ) -> Result<Answer, Problem> {
        let reason = self.body.said()?;
        let act = Act {
            caller: self.caller,
            headers: self.headers,
            route: self.route,
            content: json!([self.id.to_string(), reason]),
            inbox: Topic::PaymentsCommands,
            journal: Topic::PaymentsEvents,
            partition: self.partition,
        };
        let command = command(self.id, reason, by(self.caller));
        act.ask(app, command).await
    }
}
