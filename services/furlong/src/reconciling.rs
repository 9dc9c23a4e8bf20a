//! `furlong payments reconcile`: a provider's file of settled payments, held against the books.
//!
//! Duty: read the file, hand it to a running furlong in parts, and print what agrees and what does
//! not. Prohibition: nothing is compared here, and nothing is corrected anywhere: the outcome is a
//! record in the journal of payments, and a person decides.

use crate::data_folder::DataFolder;
use crate::exit::{Ended, Failure, Outcome};
use crate::screen::Screen;
use crate::sign_in::{SignIn, SignedIn, accepted};
use anyhow::Context;
use clap::{Args, Subcommand};
use kernel::{Currency, Money};
use runtime::{Clock, SystemClock};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use snapshots::FolderStore;
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  furlong payments reconcile 2026-11-21.csv --provider stripe --to http://localhost:7400 --login olga --password-file olga.pw
  furlong payments reconcile 2026-11-21.csv --to http://localhost:7400 --ready-file ready.json --json

The file is CSV with the columns reference, amount and currency, a line for each payment that the
provider has settled; other columns are passed over. The reference is the one that the provider was
given: the id of the deposit or withdrawal.

  reference,amount,currency
  dep_0190b0a0-0000-7000-8000-000000000003,50.00,EUR

Exit codes: 0 all agrees, 3 something does not, 4 the file cannot be read, 5 the login may not do this.";

/// What may be done about payments.
#[derive(Debug, Subcommand)]
pub enum Payments {
    /// Hold a provider's file against the books
    #[command(after_help = EXAMPLES)]
    Reconcile(Reconcile),
    /// Send again what the operator's receiver did not take
    #[command(after_help = REDRIVE_EXAMPLES)]
    Redrive(Redrive),
}

const REDRIVE_EXAMPLES: &str = "\
Examples:
  furlong payments redrive --data ./book

Messages to the operator are given up after 16 attempts (about half a day), and all of them stop when
the receiver answers 410. This sends them again, in the order of each customer, while furlong runs or
as soon as it does. See furlong_notices_dead and furlong_notices_receiver_gone at /metrics.";

/// Send again what the operator's receiver did not take.
#[derive(Debug, Args)]
pub struct Redrive {
    /// The data folder of the furlong that sends
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

/// Hold a provider's file against the books.
#[derive(Debug, Args)]
pub struct Reconcile {
    /// The provider's file
    file: PathBuf,
    /// Whose file it is
    #[arg(long, default_value = "simulator")]
    provider: String,
    /// A payment that was asked for before this time and is in no file is missing; a day ago if left out
    #[arg(long, value_name = "TIME")]
    missing_before: Option<jiff::Timestamp>,
    #[command(flatten)]
    sign_in: SignIn,
}

/// Lines that are posted together.
const LINES_MAX: usize = 400;
/// How often one part is sent while nobody knows what became of it.
const TRIES: u32 = 5;
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// Providers tell of a payment within a day.
const A_DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// Runs it.
///
/// # Errors
/// The file cannot be read, or the other side does not take it.
pub fn run(payments: &Payments, screen: &mut Screen<'_>) -> Ended {
    match payments {
        Payments::Reconcile(reconcile) => run_reconcile(reconcile, screen),
        Payments::Redrive(redrive) => run_redrive(redrive, screen),
    }
}

fn run_redrive(redrive: &Redrive, screen: &mut Screen<'_>) -> Ended {
    if !redrive.data.is_dir() {
        let told = format!("{} is not a data folder", redrive.data.display());
        return Err(Failure::Unreadable(told));
    }
    let folder = DataFolder::new(&redrive.data);
    let store = FolderStore::open(&folder.snapshots()).context("the snapshots cannot be opened")?;
    let number = u64::try_from(SystemClock::new(1).now().micros()).unwrap_or(0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .context("the thread cannot be started")?;
    runtime.block_on(crate::notices_desk::demand(&store, number, screen))
}

/// A settled payment by the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    reference: String,
    amount: Money,
}

fn run_reconcile(asked: &Reconcile, screen: &mut Screen<'_>) -> Ended {
    let bytes = std::fs::read(&asked.file)
        .map_err(|error| Failure::Unreadable(format!("{}: {error}", asked.file.display())))?;
    let lines = lines_of(&bytes)
        .map_err(|error| Failure::Unreadable(format!("{}: {error}", asked.file.display())))?;
    let file = kernel::Digest::from_bytes(Sha256::digest(&bytes).into()).to_string();
    let operator = asked.sign_in.as_role("operator")?;
    let missing_before = asked.missing_before.map_or_else(a_day_ago, Ok)?;
    let (mut matched, mut findings) = (0_u64, Vec::new());
    let chunks: Vec<&[Line]> = lines.chunks(LINES_MAX).collect();
    // A file without a line tells that nothing has moved, which may be wrong as well.
    let parts = if chunks.is_empty() {
        vec![&[][..]]
    } else {
        chunks
    };
    let last = parts.len().saturating_sub(1);
    for (number, part) in parts.iter().enumerate() {
        let shown: Vec<Value> = part.iter().map(shown).collect();
        let body = json!({
            "provider": asked.provider, "file": file, "part": number, "last": number == last,
            "missing_before": missing_before.to_string(), "lines": shown,
        });
        let key = format!("reconcile-{file}-{missing_before}-{number}");
        let told = posted(&operator, &key, &body.to_string())?;
        matched = matched.saturating_add(told["matched"].as_u64().unwrap_or(0));
        findings.extend(told["findings"].as_array().cloned().unwrap_or_default());
        screen.progress(format_args!(
            "{} of {} parts",
            number.saturating_add(1),
            parts.len()
        ));
    }
    tell(&file, lines.len(), matched, &findings, screen)?;
    Ok(if findings.is_empty() {
        Outcome::Fine
    } else {
        Outcome::Discrepancy
    })
}

fn tell(
    file: &str,
    lines: usize,
    matched: u64,
    findings: &[Value],
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    if screen.json {
        let answer = json!({
            "file": file, "lines": lines, "matched": matched, "findings": findings,
        });
        screen.put_json(&answer)?;
        return Ok(());
    }
    screen.put(format_args!("{lines} lines, {matched} payments agree"))?;
    for finding in findings {
        let text = |name: &str| finding[name].as_str().unwrap_or_default().replace('_', " ");
        let money = |name: &str| match &finding[name] {
            Value::Object(amount) => format!(
                "{} {}",
                amount["amount"].as_str().unwrap_or_default(),
                amount["currency"].as_str().unwrap_or_default()
            ),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => "nothing".to_owned(),
        };
        screen.put(format_args!(
            "{:<15} {}: {} here, {} there",
            text("kind"),
            finding["reference"].as_str().unwrap_or_default(),
            money("ours"),
            money("theirs")
        ))?;
    }
    Ok(())
}

fn shown(line: &Line) -> Value {
    let amount = json!({
        "amount": line.amount.to_string(), "currency": line.amount.currency().code(),
    });
    json!({"reference": line.reference, "amount": amount})
}

/// The lines of the file; what is wrong with it otherwise.
fn lines_of(bytes: &[u8]) -> Result<Vec<Line>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| {
        headers
            .iter()
            .position(|header| header.eq_ignore_ascii_case(name))
            .ok_or_else(|| format!("there is no column {name:?}"))
    };
    let (reference, amount, currency) =
        (column("reference")?, column("amount")?, column("currency")?);
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let at = record.position().map_or(0, csv::Position::line);
        let field = |column: usize| record.get(column).unwrap_or("");
        let code = field(currency).to_uppercase();
        let code: Currency = code
            .parse()
            .map_err(|error| format!("line {at}: {error}"))?;
        let amount =
            Money::parse(field(amount), code).map_err(|error| format!("line {at}: {error}"))?;
        if !amount.is_positive() || field(reference).is_empty() {
            return Err(format!(
                "line {at}: a reference and an amount above zero are expected"
            ));
        }
        lines.push(Line {
            reference: field(reference).to_owned(),
            amount,
        });
    }
    Ok(lines)
}

/// What is wrong with a line, and which it is, counted from the headings.
fn unreadable(error: &csv::Error) -> String {
    let line = error.position().map(csv::Position::line);
    line.map_or(error.to_string(), |line| format!("line {line}: {error}"))
}

fn a_day_ago() -> Result<jiff::Timestamp, Failure> {
    let now = jiff::Timestamp::from_microsecond(SystemClock::new(1).now().micros());
    let before = now.and_then(|now| now.checked_sub(A_DAY));
    Ok(before.context("the clock is broken")?)
}

/// Sends a part until it is known what became of it; the key makes it one request.
fn posted(operator: &SignedIn<'_>, key: &str, body: &str) -> Result<Value, Failure> {
    let path = "/v1/admin/payments/reconciliations";
    let once = || operator.server.post_once(path, operator.token(), key, body);
    let mut answer = once();
    for _ in 1..TRIES {
        match &answer {
            Ok(told) if !matches!(told.status, 409 | 429 | 503) => break,
            Ok(_) | Err(_) => std::thread::sleep(TRY_AGAIN),
        }
        answer = once();
    }
    accepted(&answer?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::{refused, run_line};

    #[test]
    fn a_file_has_a_line_a_payment_in_whatever_columns() {
        let text = "date,Reference,amount,fee,currency\n\
            2026-11-21, dep_1 ,50.00,0.10,EUR\n2026-11-21,\"a, b\",7,0,jpy\n";
        let lines = lines_of(text.as_bytes()).unwrap();
        let expected = [("dep_1", 5_000, Currency::Eur), ("a, b", 7, Currency::Jpy)];
        let expected = expected.map(|(reference, minor, currency)| Line {
            reference: reference.to_owned(),
            amount: Money::from_minor(minor, currency),
        });
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_line() {
        for (text, named) in [
            ("", "reference"),
            ("reference,amount\nx,1\n", "currency"),
            ("reference,amount,currency\nx,1,XXX\n", "line 2"),
            ("reference,amount,currency\nx,1.234,EUR\n", "line 2"),
            ("reference,amount,currency\nx,1,EUR\ny,-1,EUR\n", "line 3"),
            ("reference,amount,currency\n,1,EUR\n", "line 2"),
            ("reference,amount,currency\nx,1\n", "line 2"),
        ] {
            let told = lines_of(text.as_bytes()).unwrap_err();
            assert!(told.contains(named), "{text}: {told}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_unreadable_and_a_login_is_needed() {
        let line = "payments reconcile /nowhere.csv --to http://localhost:1";
        let (code, _, told) = run_line(&format!("{line} --ready-file /nowhere.json"));
        assert_eq!(code, 4, "{told}");
        assert!(refused(line).contains("ready-file"));
    }
}
