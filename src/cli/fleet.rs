//! What commands of many dumps have in common: how the dumps are read.

use anyhow::Result;
use clap::Args;

use ctstats::fleet::{FleetFile, read_each};
use ctstats::units::counted;
use ctstats::{ByteCount, DumpFile, Error, threads};

use super::{READING, ReadingArgs};
use crate::progress::Progress;

/// What to do about dumps that cannot be read.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct FleetArgs {
    /// Exit with 0 though files could not be read.
    #[arg(long, help_heading = READING)]
    pub(super) keep_going: bool,
}

impl FleetArgs {
    /// Asks each file of some runs, one run after the other, and shows the answers in the order of the
    /// files. Ends early if `see` fails.
    pub(super) fn read<'f, T: Send>(
        self,
        files: &'f [FleetFile],
        runs: impl IntoIterator<Item = &'f [FleetFile]>,
        reading: ReadingArgs,
        ask: impl Fn(&FleetFile, DumpFile) -> Result<T, Error> + Sync,
        mut see: impl FnMut(&FleetFile, Result<T, Error>) -> Result<(), Error>,
    ) -> Result<()> {
        let count = ByteCount::default();
        let total = files.iter().map(|file| file.size_bytes).sum();
        let what = format!("reading {}", counted(files.len(), "dump", "dumps"));
        let _progress = Progress::watch(reading.progress, what, count.clone(), Some(total));
        let mut outcome = Ok(());
        for run in runs {
            read_each(
                run,
                threads::limit(),
                reading.damage(),
                &count,
                &ask,
                |file, answer| {
                    outcome = see(file, answer);
                    outcome.is_ok()
                },
            );
            if outcome.is_err() {
                break;
            }
        }
        Ok(outcome?)
    }
}
