//! What kind of file a dump is, how much is in it, and what was not recorded.

use serde::Serialize;

use crate::error::Error;
use crate::model::{Contents, Origin, Salvaged, Snapshot, Totals};
use crate::source::Source;

/// A dump as a whole.
#[derive(Clone, Debug, Serialize)]
pub struct Info {
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
    /// What is missing, and what would record it.
    pub missing: Vec<Missing>,
    /// Globals that the pickle names and no Pympler dump needs. None was imported.
    pub unknown_globals: Vec<String>,
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

/// Something that a recording can have and this one has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Tracked objects.
    Objects,
    /// Snapshots.
    Snapshots,
    /// Where objects were created.
    Traces,
    /// What objects refer to.
    Referents,
    /// What asizeof found in all.
    AsizeofTotal {
        /// Whether the snapshots that may have it are missing in a salvaged file.
        is_lost: bool,
    },
    /// The size of the process.
    ProcessSize {
        /// As for the asizeof total.
        is_lost: bool,
    },
    /// Sizes of objects.
    Sizes,
}

impl Missing {
    /// Its name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Missing::Objects => "objects",
            Missing::Snapshots => "snapshots",
            Missing::Traces => "traces",
            Missing::Referents => "referents",
            Missing::AsizeofTotal { .. } => "asizeof_total",
            Missing::ProcessSize { .. } => "process_size",
            Missing::Sizes => "sizes",
        }
    }
}

impl Info {
    /// Counts what is there. Fails if the dump cannot be read.
    pub fn of(source: &impl Source) -> Result<Info, Error> {
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
            missing: missing(dump, &totals),
            unknown_globals: notes.unknown_globals.clone(),
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

fn missing(dump: &Contents, totals: &Totals) -> Vec<Missing> {
    let objects = totals.objects > 0;
    let snapshots = dump.snapshots().len() > 0;
    let lost = dump.notes.salvaged.as_ref();
    let is_lost = lost.is_some_and(|lost| lost.snapshots == 0 && lost.snapshots_rebuilt > 0);
    let has_asizeof = |snapshot: Snapshot<'_>| snapshot.asizeof_total_bytes().is_some();
    let has_process = |snapshot: Snapshot<'_>| snapshot.process().available;
    let all = [
        (!objects, Missing::Objects),
        (!snapshots, Missing::Snapshots),
        (objects && totals.traces == 0, Missing::Traces),
        (
            objects && snapshots && totals.referents == 0,
            Missing::Referents,
        ),
        (
            snapshots && !dump.snapshots().any(has_asizeof),
            Missing::AsizeofTotal { is_lost },
        ),
        (
            snapshots && !dump.snapshots().any(has_process),
            Missing::ProcessSize { is_lost },
        ),
        (objects && snapshots && !totals.has_sizes, Missing::Sizes),
    ];
    let missing = all.into_iter().filter(|(is_missing, _)| *is_missing);
    missing.map(|(_, missing)| missing).collect()
}
