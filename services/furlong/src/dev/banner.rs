//! What `dev` says once it is ready.
//!
//! Duty: exact addresses, users, where data lies, and one command to try next; the same as JSON
//! for scripts. Prohibition: no word about what is not there.

use super::bots::BOTS;
use super::users::Users;
use crate::data_folder::DataFolder;
use crate::exit::Failure;
use crate::node::Node;
use crate::screen::Screen;
use std::path::Path;

/// Everything worth telling.
pub(super) struct Told<'a> {
    pub(super) node: &'a Node,
    pub(super) users: &'a Users,
    pub(super) folder: &'a DataFolder,
    pub(super) temporary: bool,
    pub(super) bots: bool,
}

impl Told<'_> {
    /// Shows it.
    ///
    /// # Errors
    /// The screen cannot be written.
    pub(super) fn show(&self, screen: &mut Screen<'_>) -> Result<(), Failure> {
        if screen.json {
            return Ok(screen.put(self.json().to_string())?);
        }
        screen.tell(self.text());
        Ok(())
    }

    /// Writes the ready file: first beside it, then under its name, so that nobody reads half.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn write_ready_file(&self, path: &Path) -> Result<(), Failure> {
        crate::ready_file::put(path, &self.json())
    }

    fn url(&self) -> String {
        format!("http://localhost:{}", self.node.address.port())
    }

    fn json(&self) -> serde_json::Value {
        let users: serde_json::Map<String, serde_json::Value> = self
            .users
            .iter()
            .map(|user| {
                let told = serde_json::json!({"login": user.login, "password": user.password});
                (user.login.clone(), told)
            })
            .collect();
        serde_json::json!({
            "url": self.url(),
            "pid": std::process::id(),
            "users": users,
            "data": self.folder.path(),
            "temporary": self.temporary,
        })
    }

    fn text(&self) -> String {
        let url = self.url();
        let version = env!("CARGO_PKG_VERSION");
        let data = if self.temporary {
            "temporary folder, gone at exit (--data DIR keeps it)".to_owned()
        } else {
            self.folder.path().display().to_string()
        };
        let (fixtures, markets) = {
            let view = self.node.engine.markets.look();
            (view.fixtures().count(), view.markets().count())
        };
        let bots = if self.bots {
            format!("{BOTS} bots place 20 bets a second (--no-bots)")
        } else {
            "no bots".to_owned()
        };
        let users: Vec<String> = self
            .users
            .iter()
            .map(|user| format!("{} / {}", user.login, user.password))
            .collect();
        format!(
            "\n  furlong {version} · dev mode, not for production · data: {data}\n\
             \x20 Board      {url}\n\
             \x20 HTTP API   {url}/v1     explorer {url}/docs     spec {url}/openapi.json\n\
             \x20 Streams    curl -N {url}/v1/odds/stream      WebSocket {}/v1/stream\n\
             \x20 Metrics    {url}/metrics\n\
             \x20 Users      {}\n\
             \x20 Seeded     {fixtures} fixtures · {markets} markets · {bots}\n\
             \x20 Try        open {url} and bet as demo      Ctrl-C stops\n",
            url.replace("http:", "ws:"),
            users.join("   "),
        )
    }
}
