//! The code in `src/generated.rs` is what `feed.proto` says now.

use std::path::Path;

#[test]
fn the_code_is_what_the_description_says() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let description = protox::compile(["feed.proto"], [here]).expect("feed.proto compiles");
    let out = tempfile::tempdir().expect("a temporary folder");
    tonic_prost_build::configure()
        .build_transport(false)
        .out_dir(out.path())
        .compile_fds(description)
        .expect("code is made");
    let made = std::fs::read_to_string(out.path().join("furlong.feed.v1.rs")).expect("made");
    let kept = here.join("src/generated.rs");
    if std::env::var_os("FURLONG_GENERATE").is_some() {
        std::fs::write(&kept, &made).expect("src/generated.rs is written");
    }
    let kept = std::fs::read_to_string(&kept).expect("src/generated.rs");
    assert!(
        made == kept,
        "feed.proto has changed: FURLONG_GENERATE=1 cargo test -p proto"
    );
}
