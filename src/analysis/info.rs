//! What kind of file a dump is, how much is in it, and what makes the recording hard to judge.

use serde::Serialize;

use super::traps::Trap;
use crate::error::Error;
use crate::model::{Origin, Salvaged, Snapshot};
use crate::select::Filter;
use crate::source::Source;

/// A dump as a whole.
#[derive(Clone, Debug, Serialize)]
pub struct Info<'d> {
    /// `pympler` or `native`.
    pub format: &'static str,
    /// The native format's version; `None` for Pympler's.
    pub format_version: Option<u32>,
    /// The pickle protocols of the index and of the snapshots, also of a dump that was converted.
    pub pickle_protocols: [u8; 2],
    /// `gzip`, `zstd` or `xz`; `None` for plain files.
    pub compression: Option<&'static str>,
    /// Which checksum proves that the dump is what was written: `crc32` (gzip, ctstats' own
    /// format), `crc64`, `sha256` (xz) or `xxh64` (zstd); `None` where nothing does.
    pub checksum: Option<&'static str>,
    /// The file's size; `None` for standard input.
    pub file_bytes: Option<u64>,
    /// What is lost of the dump, if it was read only as far as it is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salvaged: Option<Salvaged>,
    /// The dump's size without compression.
    pub dump_bytes: u64,
    /// How many classes were registered.
    pub classes: usize,
    /// How many objects were tracked.
    pub objects: usize,
    /// Those alive at the end.
    pub alive: usize,
    /// Those that died.
    pub dead: usize,
    /// Sizes measured, those at birth and after death included.
    pub samples: usize,
    /// Sizes of referents that were recorded.
    pub referents: usize,
    /// Distinct places where objects were created.
    pub sites: usize,
    /// How many snapshots were taken.
    pub snapshots: usize,
    /// The first birth or snapshot, in seconds since tracking began.
    pub first_seconds: Option<f64>,
    /// The last birth, death or snapshot.
    pub last_seconds: Option<f64>,
    /// The largest snapshot.
    pub peak: Option<Peak>,
    /// Globals that the pickle names and no Pympler dump needs. None was imported.
    pub unknown_globals: Vec<String>,
    /// What its answers suffer from. The report adds sentences to it.
    #[serde(skip)]
    pub traps: Vec<Trap<'d>>,
}

/// The snapshot with the greatest tracked total.
#[derive(Clone, Debug, Serialize)]
pub struct Peak {
    /// Its number, from 0.
    pub snapshot: usize,
    /// Its description; may be empty.
    pub description: String,
    /// Seconds since tracking began.
    pub timestamp_seconds: Option<f64>,
    /// Bytes of all tracked objects.
    pub tracked_total_bytes: i128,
    /// The process's virtual size; `None` where it was not recorded.
    pub process_virtual_bytes: Option<i128>,
    /// The process's resident size; `None` where it was not recorded.
    pub process_resident_bytes: Option<i128>,
    /// The tracked total as a share of the virtual size, in percent.
    pub share_of_virtual_percent: Option<f64>,
    /// The tracked total as a share of the resident size, in percent.
    pub share_of_resident_percent: Option<f64>,
}

impl<'d> Info<'d> {
    /// Counts what is there. Fails if the dump cannot be read.
    pub fn of(source: &'d impl Source) -> Result<Self, Error> {
        let cohorts = Filter::default().cohorts(source)?;
        let totals = source.digest()?.totals()?;
        Info::with(source, Trap::among(&totals, &cohorts, source)?)
    }

    /// The same for whoever knows the traps: of a pickle they take a pass over all objects.
    pub(crate) fn with(source: &'d impl Source, traps: Vec<Trap<'d>>) -> Result<Self, Error> {
        let digest = source.digest()?;
        let (dump, totals) = (digest.contents, digest.totals()?);
        let notes = dump.notes();
        let [objects, alive, samples, referents, sites] = [
            totals.objects,
            totals.alive,
            totals.samples,
            totals.referents,
            totals.traces,
        ]
        .map(|count| count as usize);
        let (format, format_version) = match notes.origin {
            Origin::Pympler => ("pympler", None),
            Origin::Native { version } => ("native", Some(version)),
        };
        Ok(Info {
            format,
            format_version,
            pickle_protocols: notes.protocols,
            compression: notes.compression,
            checksum: notes.checksum,
            file_bytes: notes.file_bytes,
            salvaged: notes.salvaged.clone(),
            dump_bytes: notes.dump_bytes,
            classes: dump.classes().len(),
            objects,
            alive,
            dead: objects - alive,
            samples,
            referents,
            sites,
            snapshots: dump.snapshots().len(),
            first_seconds: totals.span_seconds.map(|(first, _)| first),
            last_seconds: totals.span_seconds.map(|(_, last)| last),
            peak: dump.peak_snapshot().map(Peak::of),
            unknown_globals: notes.unknown_globals.clone(),
            traps,
        })
    }
}

impl Peak {
    fn of(snapshot: Snapshot<'_>) -> Peak {
        let process = snapshot.process();
        let tracked = snapshot.tracked_total_bytes();
        let known = |bytes: i128| Some(bytes).filter(|&bytes| bytes != 0);
        let virtual_bytes = known(process.virtual_bytes).filter(|_| process.available);
        let resident = known(process.resident_bytes);
        let share = |whole: Option<i128>| whole.map(|whole| tracked as f64 * 100.0 / whole as f64);
        Peak {
            snapshot: snapshot.index(),
            description: snapshot.description().to_str().into(),
            timestamp_seconds: Some(snapshot.timestamp_seconds()).filter(|t| t.is_finite()),
            tracked_total_bytes: tracked,
            process_virtual_bytes: virtual_bytes,
            process_resident_bytes: resident,
            share_of_virtual_percent: share(virtual_bytes),
            share_of_resident_percent: share(resident),
        }
    }
}
