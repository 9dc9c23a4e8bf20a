//! Brokers as containers of the project's own image. Neither compiled to the end nor run where this was written.

use super::properties::properties;
use super::{CLUSTER_ID, Cluster};
use crate::containers::{Container, Image};
use crate::slot::Running;

/// Starts broker `i`. The image formats its folder when it finds it empty.
///
/// # Errors
/// It is running, or the engine cannot run it.
pub(crate) fn start(cluster: &Cluster, i: usize) -> anyhow::Result<()> {
    let broker = cluster.broker(i)?;
    let on_the_host = cluster.brokers.len() > 1;
    let bind = if on_the_host { "127.0.0.1" } else { "0.0.0.0" };
    let told = properties(cluster, i, bind, "/var/lib/kafka/data")?;
    let mut environment: Vec<(String, String)> = told
        .into_iter()
        .map(|(name, value)| (variable(&name), value))
        .collect();
    environment.push(("CLUSTER_ID".to_owned(), CLUSTER_ID.to_owned()));
    environment.push((
        "KAFKA_HEAP_OPTS".to_owned(),
        format!("-Xmx{}m", cluster.heap_mib()),
    ));
    let image = Image {
        name: "apache/kafka",
        tag: "4.1.0",
        environment,
        command: Vec::new(),
        ports: [broker.listening, broker.direct.number()]
            .map(|port| (port, port))
            .to_vec(),
        on_the_host,
    };
    broker
        .slot
        .start(|| Container::start(image).map(Running::Container))
}

/// How the image wants a property as a variable: `log.dirs` is `KAFKA_LOG_DIRS`.
fn variable(property: &str) -> String {
    let name = property
        .replace('_', "__")
        .replace('-', "___")
        .replace('.', "_");
    format!("KAFKA_{}", name.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::variable;

    #[test]
    fn names_properties_as_the_image_does() {
        assert_eq!(variable("log.dirs"), "KAFKA_LOG_DIRS");
        assert_eq!(variable("a.b-c_d"), "KAFKA_A_B___C__D");
    }
}
