//! The ctstats command: parse, run, print the error, exit.

mod cli;
mod interrupt;
mod pager;
mod progress;
#[cfg(unix)]
mod start;

use std::io::{self, Write};
use std::process::ExitCode;

use ctstats::output::Output;

use cli::{Breach, Cli, Usage};

/// The dump or a file could not be read or written.
const FAILED: u8 = 1;
/// What was asked for makes no sense.
const USAGE: u8 = 2;
/// The dump breaks a limit of `ctstats check`.
const BREACH: u8 = 3;

fn main() -> ExitCode {
    interrupt::heed_limits();
    interrupt::heed_memory(FAILED);
    let done = match Cli::read() {
        Ok(cli) => cli.run(),
        Err(error) if error.use_stderr() => {
            // If nobody can read it, the exit status says it all.
            let _ = error.print();
            return ExitCode::from(USAGE);
        }
        Err(help) => print(&help).map_err(anyhow::Error::from),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // `ctstats … | head`: the reader has what it wanted.
        Err(error) if cli::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) if error.is::<Breach>() => ExitCode::from(BREACH),
        Err(error) => {
            report(&error);
            ExitCode::from(if error.is::<Usage>() { USAGE } else { FAILED })
        }
    }
}

/// Prints the help or the version. clap's own way takes what cannot be written for written.
fn print(help: &clap::Error) -> io::Result<()> {
    drop(Output::open(None)?);
    help.print()?;
    io::stdout().flush()
}

fn report(error: &anyhow::Error) {
    // Whatever is read has its file's name in the error; what is bare arose in writing.
    let writing = if error.is::<std::io::Error>() {
        "writing the output failed: "
    } else {
        ""
    };
    cli::say(&format!("{writing}{error:#}"));
}
