//! Every number of a dump that was read from columns points to something that is there.
//! The views rely on it.

use super::schema::{self, To};
use crate::model::{Contents, Number, TextId};
use crate::pickle::{Outcome, invalid_at, malformed};

pub(super) fn verify(dump: &Contents) -> Outcome<()> {
    let texts = dump.text.len();
    let mut all = (0..texts as u32).map(|number| dump.text.bytes(TextId(number)));
    if !all.all(|text| invalid_at(text).is_none()) {
        return Err(malformed("a text is not UTF-8"));
    }
    let text = |id: TextId| id == TextId::NONE || (id.0 as usize) < texts;
    let objects = &dump.objects;
    let rows = dump.asized.rows.len();
    let listed = dump.listed.len() as u64;
    let samples = dump.samples.time.len() as u64;

    let mut end = 0;
    let all = dump.classes.iter().all(|class| {
        let follows = u64::from(class.start) == end;
        end += u64::from(class.count);
        follows && text(class.name)
    });
    check("a class", all && end == listed)?;
    check("a listed object", {
        dump.listed.iter().all(|id| {
            // An object in no list may be in no class.
            let class = objects.class.get(id.index());
            let has_class = class.is_none_or(|class| class.index() < dump.classes.len());
            id.index() < objects.len() && has_class
        })
    })?;
    check("an object's text", {
        holds(dump, To::Text) && objects.huge_address.values().all(|&id| text(id))
    })?;
    check("an object's trace", holds(dump, To::Trace))?;
    let mut ranges = objects.sample_start.iter().zip(&objects.sample_count);
    check("an object's samples", {
        ranges.all(|(&start, &count)| u64::from(start) + u64::from(count) <= samples)
    })?;
    let mut sizes = dump.samples.asized.iter();
    check("a sample", sizes.all(|id| id.index() < rows))?;
    let groups = &dump.asized.group_start;
    let mut asized = dump.asized.rows.iter();
    check("an Asized", {
        asized.all(|row| text(row.name) && (row.group as usize) < groups.len())
    })?;
    let referents = &dump.asized.referents;
    let last = groups.last().map_or(0, |&last| last as usize);
    check("a group of referents", {
        groups.is_sorted() && last <= referents.len()
    })?;
    check("a referent", referents.iter().all(|id| id.index() < rows))?;
    check("a frame", {
        dump.traces.frames.iter().all(|frame| {
            let lines = frame.source.iter().flatten();
            let names = [frame.file, frame.function, frame.wide_line];
            names.into_iter().chain(lines.copied()).all(&text)
        })
    })?;
    traces_and_snapshots(dump, text)
}

/// Checks those of traces and snapshots; `text` says whether there is a text.
fn traces_and_snapshots(dump: &Contents, text: impl Fn(TextId) -> bool) -> Outcome<()> {
    let (ends, numbers) = (&dump.traces.ends, &dump.traces.frame_numbers);
    check("a trace", {
        ends.is_sorted() && ends.last().copied().unwrap_or(0) as usize == numbers.len()
    })?;
    let rows = dump.asized.rows.len();
    let frames = dump.traces.frames.len();
    check("a trace's frame", {
        numbers.iter().all(|&number| (number as usize) < frames)
    })?;
    check("a snapshot", {
        dump.snapshots.iter().all(|snapshot| {
            let mut labels = snapshot.process.os_specific.iter();
            let mut classes = snapshot.classes.iter().flatten();
            text(snapshot.desc)
                && labels.all(|&(label, value)| text(label) && text(value))
                && classes.all(|cached| {
                    let digits = |number| !matches!(number, Number::Huge(id) if !text(id));
                    text(cached.class)
                        && digits(cached.active)
                        && digits(cached.percent)
                        && cached.merged.is_none_or(|root| root.index() < rows)
                })
        })
    })?;
    let snapshots = dump.snapshots.len();
    check("the order of snapshots", {
        dump.snapshot_rows.iter().all(|id| id.index() < snapshots)
    })?;
    Ok(())
}

/// Whether all columns of objects that refer to such things refer to what is there.
fn holds(dump: &Contents, to: To) -> bool {
    let bound = match to {
        To::Nothing => return true,
        To::Text => dump.text.len(),
        To::Trace => dump.traces.ends.len(),
    };
    let mut rows = schema::OBJECTS.iter().filter(|row| row.refers_to == to);
    rows.all(|row| row.all_below(&dump.objects, bound as u32))
}

fn check(what: &str, holds: bool) -> Outcome<()> {
    match holds {
        true => Ok(()),
        false => Err(malformed(format!(
            "{what} refers to something that is not in the file"
        ))),
    }
}
