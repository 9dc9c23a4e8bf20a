//! `furlong serve`: the services for real use, without demonstrations.
//!
//! Duty: a process from one configuration: everything on the embedded log, or some roles on a
//! cluster. Prohibition: no user, no money and no price that nobody has sent.

use crate::config::{self, Settings, SettingsFlags};
use crate::data_folder::DataFolder;
use crate::exit::{Ended, Failure, Outcome};
use crate::feed_door::FeedDoor;
use crate::node::{Node, NodeOptions};
use crate::roles::Roles;
use crate::screen::Screen;
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;

/// Shown below the help.
pub const EXAMPLES: &str = "\
Examples
  All services on ./book, port 7400     furlong serve all --data ./book
  From a file, with another port        furlong serve all --config furlong.toml --port 7500
  Some roles of a cluster               furlong serve bets ledger --config furlong.toml --port 7410
  Feeds over gRPC on a port apart       FURLONG_GRPC_PORT=7401 furlong serve all --data ./book
  Topics first                          furlong topics create --config furlong.toml
";

/// Run services
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Which roles: gateway auth odds bets ledger payments fraud audit projector, or all. On the
    /// embedded log all of them share one process.
    #[arg(required = true, value_name = "ROLE", value_parser = Roles::one_or_all)]
    roles: Vec<Roles>,
    /// Write the address and the process id here once ready
    #[arg(long, value_name = "F")]
    ready_file: Option<PathBuf>,
    #[command(flatten)]
    flags: SettingsFlags,
}

/// Runs until it is told to stop.
///
/// # Errors
/// The configuration is wrong, or it cannot start.
pub fn run(serve: &Serve, screen: &mut Screen<'_>) -> Ended {
    let settings = config::load(&serve.flags)?;
    let roles = Roles::of(serve.roles.iter().flat_map(Roles::iter));
    let ready_file = serve.ready_file.as_deref();
    if settings.cluster.is_some() {
        crate::cluster::serve(&settings, roles, ready_file, screen)?;
    } else if roles == Roles::all() {
        embedded(&settings, ready_file, screen)?;
    } else {
        return Err(Failure::Usage(
            "on the embedded log all roles share one process: `furlong serve all`; for roles of \
             their own name Kafka's brokers with --brokers"
                .to_owned(),
        ));
    }
    Ok(Outcome::Fine)
}

fn embedded(
    settings: &Settings,
    ready_file: Option<&std::path::Path>,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
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
        lean_step_permille: settings.lean_step_permille,
        deadline: settings.deadline(),
        rate_limit: settings.rate_limit(),
        admission: settings.admission.clone(),
        demo: None,
        provider: settings.provider.clone(),
        withdrawal_review_units: settings.withdrawal_review_units,
        notices: settings.notices.clone(),
        passkeys: settings.passkeys.clone(),
    };
    runtime.block_on(async {
        let stop = crate::signals::stopping()?;
        let mut node = Node::start(options).await?;
        let door = FeedDoor::open(settings.grpc_port, settings.listen).await?;
        let data = settings.data.display();
        screen.tell(format_args!(
            "furlong serves on http://{}, data in {data}",
            node.address
        ));
        screen.tell(format_args!("{}", door.told(node.address)));
        node.feeds_speak_grpc(door);
        if let Some(path) = ready_file {
            crate::ready_file::write(path, node.address)?;
        }
        node.serve(stop).await
    })
}
