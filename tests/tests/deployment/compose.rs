//! docker-compose.yml.

use crate::repository::{entries, is_pinned, package, path, read_yaml, text, texts, yaml};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub fn services() -> Value {
    yaml("docker-compose.yml")["services"].clone()
}

/// Whether a service runs our image.
pub fn is_ours(service: &Value) -> bool {
    image(service).starts_with("furlong:")
}

fn image(service: &Value) -> &str {
    service["image"].as_str().unwrap_or_default()
}

/// Whether a service runs to its end and is not started again.
pub fn runs_once(service: &Value) -> bool {
    service["restart"] == "no"
}

fn profiles(service: &Value) -> BTreeSet<&str> {
    texts(&service["profiles"]).into_iter().collect()
}

fn has_health_check(service: &Value) -> bool {
    service["healthcheck"]["test"].is_array()
}

/// What is wrong with a compose file.
fn faults(file: &Value) -> Vec<String> {
    let services = &file["services"];
    let mut faults = Vec::new();
    for (name, service) in entries(services) {
        let mut fault = |what: String| faults.push(format!("{name}: {what}"));
        if !is_pinned(image(service)) {
            fault(format!("the image {:?} is not pinned", image(service)));
        }
        for port in texts(&service["ports"]) {
            if !port.starts_with("127.0.0.1:") {
                fault(format!("the port {port} is open to others"));
            }
        }
        if profiles(service).is_empty() {
            fault("it is in no profile".to_owned());
        }
        if !runs_once(service) && !has_health_check(service) {
            fault("nobody asks for its health".to_owned());
        }
        if service["privileged"] == true || service.get("network_mode").is_some() {
            fault("it leaves its container".to_owned());
        }
        if is_ours(service) {
            rights(service, &mut fault);
            words(service, &mut fault);
        }
        waits(services, service, &mut fault);
        mounts(file, service, &mut fault);
    }
    clashes(services, &mut faults);
    faults
}

fn rights(service: &Value, fault: &mut impl FnMut(String)) {
    let user = service["user"].as_str().unwrap_or("root");
    let number = user.split(':').next().unwrap_or_default();
    if !number.parse::<u32>().is_ok_and(|number| number > 0) {
        fault(format!("it runs as {user}"));
    }
    if texts(&service["cap_drop"]) != ["ALL"] {
        fault("it keeps capabilities".to_owned());
    }
    if service["read_only"] != true {
        fault("it can write to its own system".to_owned());
    }
}

/// The command line and the health check, as furlong itself reads them.
fn words(service: &Value, fault: &mut impl FnMut(String)) {
    let command = texts(&service["command"]);
    if command.is_empty() {
        fault("it has no command of its own".to_owned());
    }
    let check = texts(&service["healthcheck"]["test"]);
    let check = check.strip_prefix(["CMD", "furlong"].as_slice());
    if !runs_once(service) && check.is_none() {
        fault("its health is not asked by furlong".to_owned());
    }
    for words in [Some(command.as_slice()), check].into_iter().flatten() {
        if let Err(error) = furlong::cli::accepts(words) {
            fault(format!("furlong {}: {error}", words.join(" ")));
        }
    }
    let at = command.iter().position(|word| *word == "--config");
    if let Some(file) = at.and_then(|at| command.get(at.saturating_add(1))) {
        let mounted = texts(&service["volumes"]);
        if !mounted
            .iter()
            .any(|mount| mount.contains(&format!(":{file}:")))
        {
            fault(format!("{file} is not mounted"));
        }
    }
}

/// Everything that is waited for is there, is in every profile that we are in, and can fulfil
/// the condition.
fn waits(services: &Value, service: &Value, fault: &mut impl FnMut(String)) {
    if service["depends_on"].is_array() {
        fault("it waits without a condition".to_owned());
        return;
    }
    for (on, how) in entries(&service["depends_on"]) {
        let other = &services[on];
        if other.is_null() {
            fault(format!("it waits for {on}, which is not there"));
        } else if !profiles(service).is_subset(&profiles(other)) {
            fault(format!("it waits for {on}, which a profile leaves out"));
        }
        let can_be = match how["condition"].as_str() {
            Some("service_healthy") => has_health_check(other),
            Some("service_completed_successfully") => runs_once(other),
            _ => false,
        };
        if !can_be {
            fault(format!("it waits for {on} without a condition that holds"));
        }
    }
}

/// What is mounted from here exists, and volumes are declared.
fn mounts(file: &Value, service: &Value, fault: &mut impl FnMut(String)) {
    for mount in texts(&service["volumes"]) {
        let from = mount.split(':').next().unwrap_or_default();
        if from.starts_with('.') {
            if !path(from).exists() {
                fault(format!("{from} is not there"));
            }
        } else if file["volumes"].get(from).is_none() {
            fault(format!("the volume {from} is not declared"));
        }
    }
}

/// No two services of one profile publish the same port.
fn clashes(services: &Value, faults: &mut Vec<String>) {
    let mut taken: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for (name, service) in entries(services) {
        for port in texts(&service["ports"]) {
            let here = port.rsplit_once(':').map_or(port, |(here, _)| here);
            for profile in profiles(service) {
                if let Some(other) = taken.insert((profile, here), name) {
                    faults.push(format!(
                        "{name} and {other} both publish {here} in {profile}"
                    ));
                }
            }
        }
    }
}

#[test]
fn the_file_has_no_fault() {
    assert_eq!(faults(&yaml("docker-compose.yml")), Vec::<String>::new());
}

#[test]
fn ours_is_the_version_of_the_workspace() {
    let version = package("version");
    for (name, service) in entries(&services()).filter(|(_, service)| is_ours(service)) {
        assert_eq!(image(service), format!("furlong:{version}"), "{name}");
    }
}

#[test]
fn every_role_is_served_in_the_cluster() {
    let services = services();
    let served: BTreeSet<&str> = entries(&services)
        .filter(|(_, service)| is_ours(service) && profiles(service).contains("cluster"))
        .flat_map(|(_, service)| texts(&service["command"]))
        .collect();
    for role in furlong::roles::Roles::all().iter() {
        assert!(served.contains(role.name().as_str()), "{}", role.name());
    }
}

/// One container of ours, when nobody asks for anything else.
#[test]
fn the_default_is_one_container() {
    let file = text(".env");
    let chosen = file
        .lines()
        .find_map(|line| line.strip_prefix("COMPOSE_PROFILES="))
        .expect("a default");
    let services = services();
    let started: Vec<&str> = entries(&services)
        .filter(|(_, service)| profiles(service).contains(chosen))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(started, ["furlong"]);
}

#[test]
fn every_profile_of_the_product_is_there() {
    let services = services();
    let all: BTreeSet<&str> = entries(&services)
        .flat_map(|(_, service)| profiles(service))
        .collect();
    for profile in [
        "one",
        "kafka",
        "scylla",
        "registry",
        "cluster",
        "observability",
    ] {
        assert!(all.contains(profile), "{profile}");
    }
}

/// A file without a fault, and every way in which it is broken here.
#[test]
fn each_fault_is_found() {
    let good = r#"
services:
  a:
    image: furlong:0.1.0
    profiles: [p]
    user: "1:1"
    read_only: true
    cap_drop: [ALL]
    command: ["serve", "all"]
    ports: ["127.0.0.1:1:1"]
    volumes: ["v:/data"]
    healthcheck: {test: ["CMD", "furlong", "health"]}
    depends_on:
      b: {condition: service_healthy}
  b:
    image: b:1
    profiles: [p]
    ports: ["127.0.0.1:2:1"]
    healthcheck: {test: ["CMD", "true"]}
volumes: {v: {}}
"#;
    assert_eq!(faults(&read_yaml(good)), Vec::<String>::new());
    for (from, to, found) in [
        (
            "image: b:1",
            "image: b:latest",
            "b: the image \"b:latest\" is not pinned",
        ),
        ("127.0.0.1:1:1", "1:1", "a: the port 1:1 is open to others"),
        (
            "127.0.0.1:2:1",
            "127.0.0.1:1:1",
            "b and a both publish 127.0.0.1:1 in p",
        ),
        ("user: \"1:1\"", "user: \"0:1\"", "a: it runs as 0:1"),
        ("user: \"1:1\"", "user: root", "a: it runs as root"),
        (
            "read_only: true",
            "read_only: false",
            "a: it can write to its own system",
        ),
        ("[ALL]", "[CHOWN]", "a: it keeps capabilities"),
        (
            "\"all\"]",
            "\"everything\"]",
            "a: furlong serve everything: ",
        ),
        (
            "\"all\"]",
            "\"all\", \"--config\", \"/f\"]",
            "a: /f is not mounted",
        ),
        (
            "\"furlong\", \"health\"",
            "\"curl\"",
            "a: its health is not asked by furlong",
        ),
        (
            "\"furlong\", \"health\"",
            "\"furlong\", \"healthy\"",
            "a: furlong healthy: ",
        ),
        (
            "{test: [\"CMD\", \"true\"]}",
            "{}",
            "b: nobody asks for its health",
        ),
        (
            "service_healthy",
            "service_started",
            "a: it waits for b without a condition that holds",
        ),
        (
            "b: {condition: service_healthy}",
            "- b",
            "a: it waits without a condition",
        ),
        (
            "    profiles: [p]\n    ports",
            "    profiles: [q]\n    ports",
            "a: it waits for b, which a profile leaves out",
        ),
        ("v:/data", "w:/data", "a: the volume w is not declared"),
        ("v:/data", "./nowhere:/data", "a: ./nowhere is not there"),
        (
            "image: b:1",
            "image: b:1\n    privileged: true",
            "b: it leaves its container",
        ),
    ] {
        let broken = good.replacen(from, to, 1);
        assert_ne!(broken, good, "{from}");
        let faults = faults(&read_yaml(&broken));
        assert!(
            faults.iter().any(|fault| fault.starts_with(found)),
            "{to}: {faults:?}"
        );
    }
}
