//! The binary. All it does stands in the library beside it, where tests can call it.

use std::process::ExitCode;

fn main() -> ExitCode {
    furlong::cli::run()
}
