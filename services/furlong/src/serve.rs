//! `furlong serve`: the services for real use, without demonstrations.
//!
//! Duty: a node from one configuration. Prohibition: no user, no money and no price that nobody
//! has sent.

use crate::config::{self, SettingsFlags};
use crate::data_folder::DataFolder;
use crate::exit::{Ended, Failure, Outcome};
use crate::node::{Node, NodeOptions};
use crate::screen::Screen;
use anyhow::Context;
use clap::{Args, ValueEnum};
use gateway::RateLimit;

/// Shown below the help.
pub const EXAMPLES: &str = "\
Examples
  All services on ./book, port 7400     furlong serve all --data ./book
  From a file, with another port        furlong serve all --config furlong.toml --port 7500
";

/// Run services
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Which services. On the embedded log all of them share one process.
    #[arg(value_enum, required = true)]
    roles: Vec<Role>,
    #[command(flatten)]
    flags: SettingsFlags,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Everything.
    All,
}

/// Runs until it is told to stop.
///
/// # Errors
/// The configuration is wrong, or it cannot start.
pub fn run(serve: &Serve, screen: &mut Screen<'_>) -> Ended {
    let settings = config::load(&serve.flags)?;
    crate::trace::begin(screen.json);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the threads cannot be started")?;
    let options = NodeOptions {
        folder: DataFolder::new(&settings.data),
        listen: settings.listen,
        port: settings.port,
        partitions: settings.partitions,
        snapshot_every: settings.snapshot_every.into(),
        deadline: std::time::Duration::from_millis(settings.deadline_ms.into()),
        rate_limit: settings.rate_limit.map(|per_minute| RateLimit {
            per_minute,
            burst: settings.rate_burst,
        }),
        demo: None,
    };
    runtime.block_on(async {
        // One role is all there is on the embedded log; the grammar has room for the others.
        debug_assert!(serve.roles.iter().all(|role| *role == Role::All));
        let stop = crate::signals::stopping()?;
        let node = Node::start(options).await?;
        let data = settings.data.display();
        screen.tell(format_args!(
            "furlong serves on http://{}, data in {data}",
            node.address
        ));
        node.serve(stop).await?;
        Ok::<_, Failure>(())
    })?;
    Ok(Outcome::Fine)
}
