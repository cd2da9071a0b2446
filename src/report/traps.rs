//! Traps of a recording as sentences, each with the lines of Python that mend it in the next one.

use serde::Serialize;

use super::advice::python_name;
use super::form::markdown;
use crate::analysis::traps::Trap;
use crate::units::{ByteStyle, bytes, counted, escaped, share, short_time, thousands};

/// Pympler asks the wall clock; this clock never goes back.
const STEADY_CLOCK: [&str; 3] = [
    "import time, pympler.classtracker as ct",
    "ct.time = time.monotonic",
    "ct._local_start = ct.time()",
];

const TRACKING: [&str; 3] = [
    "tracker.track_class(Cls)  # before its first instance is created",
    "tracker.track_object(obj, name='Cls')  # exists already, was copied or was unpickled",
    "@dataclass(slots=True, weakref_slot=True)  # or '__weakref__' in __slots__",
];

/// How many characters of a class name a sentence takes.
const NAME: usize = 80;

const ROUND: &str = "tracker.create_snapshot('round 1')";
const END: &str = "tracker.create_snapshot('end')";

/// A trap in words: its code and figures, what it is, and what mends it.
#[derive(Serialize)]
pub(super) struct ToldTrap<'t, 'd> {
    #[serde(flatten)]
    trap: &'t Trap<'d>,
    what: String,
    /// `None` where the lines of Python say all.
    remedy: Option<&'static str>,
    python: Vec<String>,
}

/// Traps in words.
pub(super) fn told<'t, 'd>(traps: &'t [Trap<'d>]) -> Vec<ToldTrap<'t, 'd>> {
    let told = |trap: &'t Trap<'d>| {
        let (remedy, python) = remedy(trap);
        ToldTrap {
            trap,
            what: what(trap),
            remedy: Some(remedy).filter(|remedy| !remedy.is_empty()),
            python,
        }
    };
    traps.iter().map(told).collect()
}

impl ToldTrap<'_, '_> {
    /// A sentence, and the lines of Python below it, which are to be copied. A single line ends the
    /// sentence where that has no other remedy.
    pub(super) fn lines(&self) -> (String, &[String]) {
        match (self.remedy, &self.python[..]) {
            (None, [line]) => (format!("{}: {line}", self.what), &[]),
            (_, python) => (self.sentence(), python),
        }
    }

    /// The same in Markdown.
    pub(super) fn markdown(&self, is_cell: bool) -> String {
        let sentence = self.sentence();
        let mut text = if is_cell {
            markdown::cell(&sentence)
        } else {
            markdown::text(&sentence)
        };
        for line in &self.python {
            text += " ";
            text += &markdown::code(line, is_cell);
        }
        text
    }

    fn sentence(&self) -> String {
        let remedy = self.remedy.map(|remedy| format!("; {remedy}"));
        let end = if self.python.is_empty() { "" } else { ":" };
        format!("{}{}{end}", self.what, remedy.unwrap_or_default())
    }
}

fn what(trap: &Trap<'_>) -> String {
    let count = |count: u64| thousands(count.into());
    match trap {
        Trap::NoObjects => "no tracked objects".into(),
        Trap::NothingTracked { count, classes } => {
            let names = classes
                .iter()
                .map(|name| escaped(&name.head(NAME).to_str()).into_owned());
            let mut names: Vec<String> = names.collect();
            if *count > names.len() {
                names.push(format!("{} more", count - names.len()));
            }
            format!(
                "{} of which no object was tracked ({})",
                counted(*count, "class", "classes"),
                names.join(", ")
            )
        }
        Trap::NoSnapshots => "no snapshots".into(),
        Trap::FewSnapshots { snapshots } => format!(
            "{}, too few to tell growth from chance and a leak from a cache that fills",
            counted(*snapshots, "snapshot", "snapshots")
        ),
        Trap::Burst {
            snapshots,
            burst_seconds,
            recording_seconds,
        } => format!(
            "all {snapshots} snapshots were taken within {} of a recording of {}",
            short_time(*burst_seconds),
            short_time(*recording_seconds)
        ),
        Trap::SnapshotsStop {
            last_snapshot_seconds,
            end_seconds,
            born_after,
            objects,
            ..
        } => format!(
            "snapshots stop at {}, and the recording goes on to {}: {} of {} objects were created \
             after the last one",
            short_time(*last_snapshot_seconds),
            short_time(*end_seconds),
            count(*born_after),
            count(*objects)
        ),
        Trap::BornAfterLastSnapshot {
            born_after,
            objects,
        } => format!(
            "{} of {} objects were created after the last snapshot, so nothing measured them",
            count(*born_after),
            count(*objects)
        ),
        Trap::OlderThanFirstSnapshot { objects } => format!(
            "all {} objects are older than the first snapshot: it cannot be seen whether objects \
             accumulate, only whether each of them grows",
            count(*objects)
        ),
        Trap::ClockSetBack { .. }
        | Trap::MeasuredBeforeBirth { .. }
        | Trap::ClockSetForward { .. } => clock(trap),
        Trap::NoTraces => "no instantiation traces".into(),
        Trap::NoReferents => "no referents".into(),
        Trap::NoAsizeofTotal { .. } => "no asizeof total".into(),
        Trap::NoProcessSize { .. } => "no process size".into(),
        Trap::NoSizes => "no sizes".into(),
        Trap::HeavyTracker { .. } => heavy_tracker(trap),
    }
}

fn heavy_tracker(trap: &Trap<'_>) -> String {
    let Trap::HeavyTracker {
        snapshot,
        overhead_bytes,
        tracked_bytes,
        resident_bytes,
        class,
        class_objects,
        objects,
        class_dead,
    } = trap
    else {
        return String::new();
    };
    let size = |count| bytes(count, ByteStyle::Units);
    let count = |count: u64| thousands(count.into());
    let part = resident_bytes.map_or(String::new(), |resident| {
        let percent = *overhead_bytes as f64 * 100.0 / resident as f64;
        // Of memory that is swapped out it may be more than all.
        let part = if percent > 100.0 {
            "more than".into()
        } else {
            format!("{} of", share(percent))
        };
        format!(", {part} the process's {} resident", size(resident))
    });
    format!(
        "the tracker itself holds {}{part} at snapshot {snapshot}, and what it measures holds {}; \
         {} of its {} records are of {}, {} of them of dead objects",
        size(*overhead_bytes),
        size(*tracked_bytes),
        count(*class_objects),
        count(*objects),
        escaped(&class.head(NAME).to_str()),
        count(*class_dead),
    )
}

/// What the clock did, and what that means for the answers.
fn clock(trap: &Trap<'_>) -> String {
    let done = "lives are judged by the order of the snapshots, rates by the second are unknown";
    match trap {
        Trap::ClockSetBack {
            snapshot,
            earlier_seconds,
        } => {
            let by = earlier_seconds.map_or(String::new(), |by| format!("{} ", short_time(by)));
            format!(
                "the clock was set back: snapshot {snapshot} is {by}earlier than the one before \
                 it; {done}, and other traps in the times of snapshots are not looked for"
            )
        }
        Trap::MeasuredBeforeBirth { objects } => format!(
            "{}: the clock was set back, or threads created objects while a snapshot was taken; \
             {done}",
            match objects {
                1 => "1 object was measured before its birth".into(),
                _ => format!(
                    "{} objects were measured before their birth",
                    thousands((*objects).into())
                ),
            }
        ),
        Trap::ClockSetForward {
            snapshot,
            jump_seconds,
            interval_seconds,
        } => format!(
            "snapshot {snapshot} is {} later than the one before it, where others are {} apart: \
             the clock was set forward, or the program stood still; rates by the second are too \
             low",
            short_time(*jump_seconds),
            short_time(*interval_seconds)
        ),
        _ => String::new(),
    }
}

/// What to do, and the lines of Python that do it.
fn remedy(trap: &Trap<'_>) -> (&'static str, Vec<String>) {
    let lines = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
    let periodic = |seconds: f64| {
        let interval = plain_seconds(seconds);
        format!("tracker.start_periodic_snapshots(interval={interval})")
    };
    match trap {
        Trap::NoObjects | Trap::NothingTracked { .. } => ("", lines(&TRACKING)),
        Trap::NoSnapshots | Trap::FewSnapshots { .. } => (
            "take one after each round of the same work, six or more",
            lines(&[ROUND]),
        ),
        Trap::Burst {
            recording_seconds, ..
        } => (
            "take one after each round of the same work, or let a thread take them",
            vec![ROUND.into(), periodic(recording_seconds / 10.0)],
        ),
        Trap::SnapshotsStop {
            interval_seconds,
            without_descriptions: true,
            ..
        } => (
            "Pympler's dump_stats and print_stats end periodic snapshots, so begin again after each",
            vec![periodic(*interval_seconds)],
        ),
        Trap::SnapshotsStop { .. } | Trap::BornAfterLastSnapshot { .. } => (
            "go on taking them, the last one just before dump_stats",
            lines(&[END]),
        ),
        Trap::OlderThanFirstSnapshot { .. } => (
            "take one before the work begins, then one after each round of it",
            lines(&["tracker.create_snapshot('ready')"]),
        ),
        Trap::ClockSetBack { .. } | Trap::ClockSetForward { .. } => (
            "before anything is tracked, give Pympler a clock that nobody sets",
            lines(&STEADY_CLOCK),
        ),
        Trap::MeasuredBeforeBirth { .. } => (
            "take snapshots while no other thread creates objects, and give Pympler a clock that \
             nobody sets",
            lines(&STEADY_CLOCK),
        ),
        Trap::NoTraces => ("", lines(&["tracker.track_class(Cls, trace=True)"])),
        Trap::NoReferents => ("", lines(&["tracker.track_class(Cls, resolution_level=2)"])),
        Trap::NoAsizeofTotal { is_lost: true } | Trap::NoProcessSize { is_lost: true } => (
            "the snapshots that may have it are missing in the file",
            Vec::new(),
        ),
        Trap::NoAsizeofTotal { .. } => {
            let line = "tracker.create_snapshot('end', compute_total=True)";
            ("", lines(&[line]))
        }
        Trap::NoProcessSize { .. } => (
            "Pympler knows it on Linux; elsewhere shares are of the next best total",
            Vec::new(),
        ),
        Trap::NoSizes => ("take a snapshot while the objects live", lines(&[ROUND])),
        Trap::HeavyTracker { class, .. } => (
            "leave out its traces and referents, or track it for a shorter time",
            lighter(&class.to_str()),
        ),
    }
}

/// Lines that make the tracker keep less of a class.
fn lighter(class: &str) -> Vec<String> {
    let short = python_name(class).unwrap_or("Cls");
    // Without its name the class would go on under another one.
    let is_plain = |c: char| c.is_alphanumeric() || "._".contains(c);
    let name = class.chars().all(is_plain).then_some(class);
    vec![
        format!(
            "tracker.track_class({short}, name='{}')",
            name.unwrap_or(short)
        ),
        format!("tracker.detach_class({short})"),
    ]
}

/// Seconds as a number of Python with one digit that is not 0.
fn plain_seconds(seconds: f64) -> String {
    // Others are no interval that anybody waits for.
    let seconds = seconds.clamp(0.001, 86_400.0);
    let digit = 10f64.powf(seconds.log10().floor());
    let rounded = (seconds / digit).round() * digit;
    if rounded.is_nan() {
        return "1".into();
    }
    // Not 0.30000000000000004.
    let decimals = (-digit.log10()).max(0.0) as usize;
    format!("{rounded:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_one_digit() {
        let cases = [
            (0.0, "0.001"),
            (f64::INFINITY, "90000"),
            (f64::NAN, "1"),
            (0.0312, "0.03"),
            (0.32, "0.3"),
            (0.97, "1.0"),
            (3.0, "3"),
            (64.0, "60"),
            (950.0, "1000"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(plain_seconds(seconds), expected, "{seconds}");
        }
    }
}
