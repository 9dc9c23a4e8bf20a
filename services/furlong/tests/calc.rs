//! The binary itself: streams and exit codes as a script sees them.

use std::process::{Command, Output};

fn furlong(line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_furlong"))
        .args(line.split_whitespace())
        .output()
        .expect("the binary was built for this test")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn an_answer_is_on_stdout_and_nothing_on_stderr() {
    let output = furlong(
        "calc settle --type lucky15 --prices 2.5,3,1.8,4.2 --results W,W,W,W --unit-stake 1 --json",
    );
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stdout),
        "{\"stake\":\"15\",\"return\":\"202.84\",\"exact\":\"5071/25\",\"lines\":15}\n"
    );
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn wrong_usage_is_2_on_stderr_and_nothing_on_stdout() {
    for line in [
        "calc settle --type double --prices 2 --results W --unit-stake 1",
        "calc devig --method shin --prices 2,0.5",
        "calc goals --home 1",
        "no-such-command",
    ] {
        let output = furlong(line);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert_eq!(text(&output.stdout), "", "{line}");
        assert!(text(&output.stderr).starts_with("error"), "{line}");
    }
}

#[test]
fn help_is_data_and_begins_with_examples() {
    for line in ["", "--help", "help"] {
        let output = furlong(line);
        assert_eq!(output.status.code(), Some(0), "{line}");
        assert!(text(&output.stdout).starts_with("Examples"), "{line}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    use std::process::Stdio;
    let mut child = Command::new(env!("CARGO_BIN_EXE_furlong"))
        .args(["calc", "goals", "--home", "1", "--away", "1", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
