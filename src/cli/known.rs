//! What `leaks`, `overview`, `html` and `check --no-leaks` are not to suspect.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::Result;
use clap::Args;

use ctstats::analysis::leaks::{Date, Idle, KnownLeak, load_known};
use ctstats::report::known;
use ctstats::units::{escaped, parse_bytes};

use super::{note, warn};

/// Flags without a heading: that is the command's.
#[derive(Debug, Args)]
pub(super) struct KnownArgs {
    /// Do not suspect classes that grew by fewer bytes than this: 4096, 1MiB.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(super) min_growth: Option<u64>,
    /// Ignore suspects of CLASS: the registered name of a class, or as for --class. They are counted
    /// and named. Repeatable.
    #[arg(long, value_name = "CLASS", allow_hyphen_values = true, value_parser = KnownLeak::ignored)]
    ignore: Vec<KnownLeak>,
    /// Ignore suspects that are known and accepted, from a TOML file with the reasons.
    #[arg(long, value_name = "FILE.toml")]
    pub(super) known: Option<PathBuf>,
}

fn size(text: &str) -> Result<u64, String> {
    parse_bytes(text).ok_or_else(|| "a size is a number, or a number and a unit: 4096, 1MiB".into())
}

impl KnownArgs {
    /// The first flag that is given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let flags = [
            ("--ignore", !self.ignore.is_empty()),
            ("--known", self.known.is_some()),
            ("--min-growth", self.min_growth.is_some()),
        ];
        flags.into_iter().find(|flag| flag.1).map(|flag| flag.0)
    }

    /// What is accepted today. What is accepted no more is told.
    pub(super) fn accepted(&self) -> Result<Vec<KnownLeak>> {
        let mut known = Vec::new();
        if let Some(path) = &self.known {
            known = load_known(path)?;
            if known.is_empty() {
                let path = path.display().to_string();
                note(&format!("{}: it has no [[leak]]", escaped(&path)));
            }
        }
        // The day in UTC, so that a build says the same everywhere.
        let expired = KnownLeak::take_expired(&mut known, Date::of(SystemTime::now()));
        expired.iter().for_each(|leak| warn(&known::expired(leak)));
        known.extend(self.ignore.iter().cloned());
        Ok(known)
    }
}

/// Notes what was to be ignored, and is no suspect.
pub(super) fn on_idle(idle: &[Idle]) {
    for one in idle {
        note(&known::idle(one));
    }
}
