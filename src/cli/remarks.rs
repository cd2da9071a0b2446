//! What a filter does not find. An answer about nothing must not read like an all-clear, so it is
//! said on standard error.

use std::path::Path;

use anyhow::Result;

use ctstats::analysis::SitesOptions;
use ctstats::report::{joined, salvaged, unmatched};
use ctstats::select::{Criterion, Filter, Selected, Unmatched};
use ctstats::units::{counted, escaped, short_time};
use ctstats::{ClockFault, Notes, Origin, Salvaged, Source};

use super::{FilterArgs, Opened, note, warn};

/// Says what loading noticed: what is lost, what follows the dump, what the clock did.
pub(super) fn on_loading(path: &Path, notes: &Notes) {
    if let Some(lost) = &notes.salvaged {
        on_salvage(path, lost, notes.origin);
    }
    if notes.trailing_bytes > 0 {
        on_trailing_bytes(path, notes);
    }
    if let Some(fault) = &notes.clock {
        on_clock(path, fault);
    }
}

fn on_trailing_bytes(path: &Path, notes: &Notes) {
    let more = if notes.trailing_uncounted {
        "more than "
    } else {
        ""
    };
    let bytes = counted(notes.trailing_bytes as usize, "byte", "bytes");
    let why = match notes.origin {
        Origin::Pympler => {
            ", as Pympler does (dump_stats with close=False may have appended another)"
        }
        Origin::Native { .. } => {
            ": the dump is whole, but something was appended to the file that ctstats did not \
             write; copy it again, or convert the dump again"
        }
    };
    warn(&format!(
        "{}: {more}{bytes} behind the dump ignored{why}",
        escaped(&path.display().to_string()),
    ));
}

/// Warns of texts of a filter that fit nothing in a dump, and if no object passes it.
pub(super) fn on_filter(filter: &Filter, dump: &Opened) -> Result<()> {
    if dump.ask(|file| file.digest())?.contents.classes().len() == 0 {
        on_nothing_tracked();
        return Ok(());
    }
    let (unmatched, some_pass) = dump.ask(|file| filter.unmatched(file))?;
    on_unmatched(filter, &unmatched, some_pass);
    Ok(())
}

/// The same of two dumps together: a class may be in either.
pub(super) fn on_filter_of_two(filter: &Filter, old: &Opened, new: &Opened) -> Result<()> {
    let (mut unmatched, new_pass) = new.ask(|file| filter.unmatched(file))?;
    let (in_old, old_pass) = old.ask(|file| filter.unmatched(file))?;
    unmatched.retain(|text| {
        let same = |old: &Unmatched| (old.criterion, &old.text) == (text.criterion, &text.text);
        in_old.iter().any(same)
    });
    on_unmatched(filter, &unmatched, old_pass || new_pass);
    Ok(())
}

/// The same if it is known which texts fit nothing.
fn on_unmatched(filter: &Filter, unmatched: &[Unmatched], some_pass: bool) {
    if some_pass || filter.is_empty() {
        unmatched.iter().for_each(|text| warn(&not_found(text)));
    } else {
        warn(&nothing_passes(filter, unmatched));
    }
}

/// Says what is lost of a dump that was read only as far as it is whole. A file of ctstats' own
/// format remembers that it was made of such a one.
fn on_salvage(path: &Path, lost: &Salvaged, origin: Origin) {
    let what = match origin {
        Origin::Pympler => "salvaged",
        Origin::Native { .. } => "converted from a dump that was salvaged",
    };
    warn(&format!(
        "{}: {what}: {}",
        escaped(&path.display().to_string()),
        salvaged::clauses(lost).join("; "),
    ));
}

/// The same of a selection.
pub(super) fn on_selection(filter: &Filter, selected: &Selected) {
    if selected.all == 0 {
        on_nothing_tracked();
    } else {
        on_unmatched(filter, &selected.unmatched, !selected.objects.is_empty());
    }
}

/// Notes that there is nothing that a filter could find.
pub(super) fn on_nothing_tracked() {
    note("the dump holds no tracked objects; track_class follows those created after it");
}

/// Says which snapshot is meant where a description names several, and warns if nothing was alive
/// at one although objects pass the filter.
pub(super) fn on_snapshots(options: &SitesOptions, is_nothing: bool, dump: &Opened) -> Result<()> {
    let contents = dump.ask(|file| file.digest())?.contents;
    let given = [
        ("--alive-at", &options.alive_at),
        ("--snapshot", &options.snapshot),
    ];
    for (flag, selector) in given {
        let Some(selector) = selector else { continue };
        let named = selector.find(contents);
        if let [first, _, ..] = named[..] {
            let selector: String = selector.to_string().chars().take(200).collect();
            note(&format!(
                "{} are described as '{}'; {flag} takes the first, number {}",
                counted(named.len(), "snapshot", "snapshots"),
                escaped(&selector),
                first.index(),
            ));
        }
    }
    let told = given.iter().filter_map(|(flag, selector)| {
        let selector: String = selector.as_ref()?.to_string().chars().take(200).collect();
        Some(format!("{flag} '{}'", escaped(&selector)))
    });
    let told: Vec<String> = told.collect();
    if is_nothing && !told.is_empty() && dump.ask(|file| options.filter.unmatched(file))?.1 {
        let told = told.join(" and ");
        warn(&format!("no selected object was alive at {told}"));
    }
    Ok(())
}

/// Warns of what was named as own code and is no file's.
pub(super) fn on_own(unused: &[String]) {
    for prefix in unused {
        let prefix: String = prefix.chars().take(200).collect();
        let prefix = escaped(&prefix);
        warn(&format!(
            "no file of a trace is in --own '{prefix}'; --depth 9 shows the files"
        ));
    }
}

/// That no object passes a filter, and why as far as a single text explains it.
pub(super) fn nothing_passes(filter: &Filter, unmatched: &[Unmatched]) -> String {
    if !unmatched.is_empty() {
        let texts: Vec<String> = unmatched.iter().map(not_found).collect();
        return format!("no object passes the filter: {}", joined(&texts));
    }
    let flags = FilterArgs::flags(filter).into_iter();
    let given: Vec<&str> = flags.filter(|flag| flag.1).map(|flag| flag.0).collect();
    let together = if given.len() > 1 { " together" } else { "" };
    format!("no object passes {}{together}", given.join(" and "))
}

fn not_found(of: &Unmatched) -> String {
    unmatched::sentence(of, |criterion| match criterion {
        Criterion::Class => "--class",
        Criterion::Name => "--name",
        Criterion::Repr => "--repr",
    })
}

/// Warns of times of a dump that contradict its order, and says what is done about it.
pub(super) fn on_clock(path: &Path, fault: &ClockFault) {
    let done = "lives are judged by the order of the snapshots";
    let what = match fault.snapshot {
        Some(snapshot) => {
            let by = Some(fault.set_back_seconds).filter(|seconds| seconds.is_finite());
            let by = by.map_or(String::new(), |seconds| format!("{} ", short_time(seconds)));
            format!(
                "the clock was set back while this was recorded: snapshot {snapshot} is \
                 {by}earlier than the one before it; {done}, and times after it are moved"
            )
        }
        None => format!(
            "{} measured before their birth: the clock was set back, or threads created objects \
             while a snapshot was taken; {done}",
            counted(fault.objects as usize, "object was", "objects were"),
        ),
    };
    warn(&format!("{}: {what}", escaped(&path.display().to_string())));
}
