//! Writes the schema files and golden bytes of versions that have none yet.
//!
//! A published file is never touched: this refuses to change one. To change a shape, add a
//! version in `registry.rs` first.

#[path = "../tests/samples/mod.rs"]
mod samples;

use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    for schema in schemas::schemas() {
        let json: serde_json::Value = serde_json::from_str(&(schema.text)())?;
        let text = format!("{}\n", serde_json::to_string_pretty(&json)?);
        publish(&root.join(schema.file), &text)?;
        let golden = root
            .join("golden")
            .join(format!("{}.v{}.hex", schema.topic, schema.version));
        let lines: Vec<String> = samples::of(&json).iter().map(|bytes| hex(bytes)).collect();
        publish(&golden, &format!("{}\n", lines.join("\n")))?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn publish(path: &Path, text: &str) -> Result<(), Box<dyn std::error::Error>> {
    match fs::read_to_string(path) {
        Ok(published) if published == text => Ok(()),
        Ok(_) => Err(format!("{} is published and would change", path.display()).into()),
        Err(_) => {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            Ok(fs::write(path, text)?)
        }
    }
}
