//! The form for people: aligned columns of a given width.
//!
//! Objects are streamed: column widths follow from the page and from the names of classes, so the
//! first row is written at once and a million rows take no memory. What is said of classes
//! is a sheet.

use std::collections::HashMap;
use std::io::{self, Write};

use unicode_width::UnicodeWidthChar;

use super::Paint;
use super::class_names::{ClassNames, at_dot};
use super::sheet::{Column, LEAST_NAME, Of, Row, Sheet, Value};
use crate::analysis::objects::{Details, LeftOut, ObjectDetail, ObjectRow, SampleDetail};
use crate::analysis::referents::{Depth, ReferentDetail};
use crate::analysis::summary::{Folded, ShareOf, SnapshotSummary, Summary};
use crate::model::{Contents, Text};
use crate::select::Selected;
use crate::units::{
    self, ByteStyle, bytes, change, counted, escaped, share, short_time, thousands,
};

/// Columns of the page where there is no terminal.
pub const DEFAULT_WIDTH: usize = 120;

/// From this width on, the repr has a column of its own.
const WIDE: usize = 110;

/// Columns of the repr that stay where names of classes are long.
const LEAST_REPR: usize = 24;

/// The least that a page can be and still be read.
pub const NARROWEST: usize = 60;

/// The most: beyond it no eye finds the other end of a row.
pub const WIDEST: usize = 500;

const ADDRESS: usize = 14;
const LIFETIME: usize = 14;
const SIZE: usize = 10;

/// How a table looks.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns of the page; taken for 60 if less, for 500 if more.
    pub width: usize,
    /// How byte counts are written.
    pub bytes: ByteStyle,
    /// Whether to colour.
    pub paint: Paint,
    /// Only the rows, nothing below them.
    pub brief: bool,
    /// The referents of an object at every snapshot, also where nothing changed.
    pub every: bool,
}

impl Style {
    pub(super) fn page_width(self) -> usize {
        self.width.clamp(NARROWEST, WIDEST)
    }
}

impl Default for Style {
    fn default() -> Self {
        Style {
            width: DEFAULT_WIDTH,
            bytes: ByteStyle::Units,
            paint: Paint::default(),
            brief: false,
            every: false,
        }
    }
}

/// Writes a row for each selected object and below it, unless brief, its detail.
pub fn objects(out: &mut impl Write, selected: &Selected<'_>, style: Style) -> io::Result<LeftOut> {
    let dump = selected.contents;
    if selected.objects.is_empty() {
        return Ok(LeftOut::default());
    }
    let page = Page::of(style, dump, selected);
    page.heading(out)?;
    let mut details = Details::of(dump, &selected.sizes, Depth::Notable);
    let mut trees = Trees::default();
    for (index, &number) in selected.objects.iter().enumerate() {
        let object = dump.object(number);
        if style.brief {
            page.row(out, &details.row(object))?;
            continue;
        }
        if index > 0 {
            writeln!(out)?;
        }
        let detail = details.object(object);
        page.row(out, &detail.row)?;
        page.origin(out, &detail)?;
        let mut before: Option<SampleDetail<'_>> = None;
        // A tree that did not change is shown if no other sample follows.
        let mut waits = false;
        details.samples(object, |sample| -> io::Result<()> {
            trees.left_out |= waits;
            page.sample(out, &sample)?;
            let has_changed = match &before {
                Some(before) => !is_alike(before, &sample),
                None => true,
            };
            waits = !has_changed && !style.every && !sample.referents.is_empty();
            if !waits {
                // Beside nothing all is new, and no mark says so.
                let before = before
                    .take()
                    .filter(|before| has_changed && !before.referents.is_empty());
                trees.marked |= page.tree(out, &sample, before.as_ref().map(counts))?;
            }
            before = Some(sample);
            Ok(())
        })?;
        if let Some(last) = before.filter(|_| waits) {
            page.tree(out, &last, None)?;
        }
        page.end(out, &detail)?;
    }
    let note = match trees {
        Trees { left_out: true, .. } => {
            "referents: where they changed since the snapshot before (*: new, or of another size) \
             and at the last; --every shows all"
        }
        Trees { marked: true, .. } => "*: new, or of another size than at the snapshot before",
        _ => return Ok(details.left_out()),
    };
    writeln!(out)?;
    for line in wrap(note, style.page_width()) {
        writeln!(out, "{}", style.paint.aside(line))?;
    }
    Ok(details.left_out())
}

/// What became of trees of referents, for the note below all objects.
#[derive(Clone, Copy, Debug, Default)]
struct Trees {
    /// Some are not shown, since nothing in them changed.
    left_out: bool,
    /// Some referents are marked as changed.
    marked: bool,
}

/// How often each referent occurs: by level, name and size.
type Referents<'d> = HashMap<(usize, Option<Text<'d>>, i64), usize>;

fn counts<'d>(sample: &SampleDetail<'d>) -> Referents<'d> {
    let mut counts = Referents::new();
    for referent in &sample.referents {
        *counts.entry(key(referent)).or_default() += 1;
    }
    counts
}

fn key<'d>(referent: &ReferentDetail<'d>) -> (usize, Option<Text<'d>>, i64) {
    (referent.level, referent.name, referent.size_bytes)
}

/// Whether two samples refer to the same, as far as it is shown.
fn is_alike(a: &SampleDetail<'_>, b: &SampleDetail<'_>) -> bool {
    let [x, y] = [a, b].map(|sample| sample.referents.iter().map(key));
    x.eq(y) && a.referents_cut == b.referents_cut
}

/// Where the columns of a page stand.
struct Page<'d> {
    style: Style,
    class: usize,
    names: ClassNames<'d>,
    /// The same where an object's own class name stands beside it.
    names_beside: ClassNames<'d>,
    /// `None` where the repr stands on a line of its own.
    repr: Option<usize>,
    size: usize,
    /// Columns of a label in the detail, indentation included.
    label: usize,
}

impl<'d> Page<'d> {
    fn of(style: Style, dump: &'d Contents, selected: &Selected<'_>) -> Self {
        let width = style.page_width();
        let size = if style.bytes == ByteStyle::Exact {
            SIZE + 5
        } else {
            SIZE
        };
        // Two spaces stand between columns.
        let fixed = ADDRESS + LIFETIME + 2 * size + 4 * 2;
        let rest = width.saturating_sub(fixed).max(12);
        let mut is_shown = vec![false; dump.classes().len()];
        for &number in &selected.objects {
            is_shown[dump.object(number).class().number() as usize] = true;
        }
        let classes = dump
            .classes()
            .filter(|class| is_shown[class.number() as usize]);
        let names: Vec<Text<'d>> = classes.map(|class| class.name()).collect();
        let (class, repr) = if width >= WIDE {
            let widths = names.iter().map(|&name| width_of(&ending(name, width)));
            let longest = widths.max().unwrap_or_default();
            let class = longest.min(rest - LEAST_REPR - 2).max(rest * 2 / 5);
            (class, Some(rest - class - 2))
        } else {
            (rest, None)
        };
        // Behind the label stand a size, a change or share, and the gaps.
        let label = (width - size - (size + 2) - 2).min(100);
        Page {
            style,
            class,
            // Behind it stand a blank and, in brackets, a third of the column.
            names_beside: ClassNames::of(names.iter().copied(), class - class / 3 - 3),
            names: ClassNames::of(names, class),
            repr,
            size,
            label,
        }
    }

    fn heading(&self, out: &mut impl Write) -> io::Result<()> {
        let paint = self.style.paint;
        let right = |text: &str| paint.heading(fit_right(text, self.size));
        write!(
            out,
            "{}  {}  {}  {}  {}",
            paint.heading(fit("class", self.class)),
            paint.heading(fit("address", ADDRESS)),
            paint.heading(fit("lifetime", LIFETIME)),
            right("largest"),
            right("at peak"),
        )?;
        match self.repr {
            Some(width) => writeln!(out, "  {}", paint.heading(fit("repr", width).trim_end())),
            // It stands below each row.
            None => writeln!(out, "\n    {}", paint.heading("repr")),
        }
    }

    fn row(&self, out: &mut impl Write, row: &ObjectRow<'_>) -> io::Result<()> {
        let paint = self.style.paint;
        // Pympler sorts by the registered name and prints the object's own.
        let class = if row.name == row.class {
            self.names.cut(row.class)
        } else {
            let [class, own] = [row.class, row.name].map(|name| ending(name, self.class));
            let both = format!("{class} ({own})");
            if width_of(&both) <= self.class {
                both
            } else {
                let own = at_dot(&own, self.class / 3);
                format!("{} ({own})", self.names_beside.cut(row.class))
            }
        };
        let born = row.birth_seconds.map_or("?".into(), short_time);
        let died = match (row.alive, row.death_seconds) {
            (true, _) => "alive".into(),
            (false, Some(death)) => short_time(death),
            (false, None) => "died".into(),
        };
        let size = |count: i64| fit_right(&bytes(count.into(), self.style.bytes), self.size);
        let at_peak = match row.peak_size_bytes {
            // It was not measured in that snapshot: born later, or dead by then.
            0 => fit_right("–", self.size),
            count => size(count),
        };
        write!(
            out,
            "{}  {}  {}  {}  {}",
            paint.subject(fit_left(&class, self.class)),
            fit(&row.address, ADDRESS),
            fit(&format!("{born} – {died}"), LIFETIME),
            size(row.size_bytes),
            at_peak,
        )?;
        let repr = beginning(row.repr, self.repr.unwrap_or(self.style.page_width()));
        match self.repr {
            Some(width) => writeln!(out, "  {}", paint.aside(fit(&repr, width).trim_end())),
            None if repr.is_empty() => writeln!(out),
            None => {
                let width = self.style.page_width() - 4;
                writeln!(out, "\n    {}", paint.aside(fit(&repr, width).trim_end()))
            }
        }
    }

    /// Where an object was created, and what its samples are headed by.
    fn origin(&self, out: &mut impl Write, detail: &ObjectDetail<'_>) -> io::Result<()> {
        let paint = self.style.paint;
        let room = self.style.page_width();
        if let Some(trace) = &detail.trace {
            writeln!(out, "    {}", paint.aside("created by, outermost first"))?;
            for frame in trace {
                let place = format!(
                    "{}:{:.30} in {}",
                    ending(frame.file, room),
                    frame.line,
                    ending(frame.function, room)
                );
                writeln!(out, "      {}", fit_left(&place, room - 6).trim_end())?;
                for &line in &frame.source {
                    writeln!(
                        out,
                        "          {}",
                        paint.aside(fit(&beginning(line, room), room - 10).trim_end())
                    )?;
                }
            }
        }
        if detail.frames_cut > 0 {
            let more = counted(detail.frames_cut, "more frame", "more frames");
            writeln!(out, "      ({more})")?;
        }
        if let Some(other) = &detail.trace_as {
            let frames = counted(other.frames, "frame", "frames");
            let text = format!("created by the {frames} of {} above", other.address);
            writeln!(out, "    {}", paint.aside(text))?;
        }
        if detail.samples > 0 {
            writeln!(
                out,
                "    {}",
                paint.aside("sizes, and what they are made of")
            )?;
        }
        Ok(())
    }

    /// What there is to say behind the samples of an object.
    fn end(&self, out: &mut impl Write, detail: &ObjectDetail<'_>) -> io::Result<()> {
        let paint = self.style.paint;
        if !detail.row.alive {
            let when = detail
                .row
                .death_seconds
                .map_or("at no moment".into(), short_time);
            writeln!(out, "      {when:>6}  died")?;
        }
        if detail.samples_after_death > 0 {
            let samples = counted(detail.samples_after_death, "sample", "samples");
            let note = format!("({samples} taken after its death left out)");
            writeln!(out, "      {}", paint.aside(note))?;
        }
        Ok(())
    }

    fn sample(&self, out: &mut impl Write, sample: &SampleDetail<'_>) -> io::Result<()> {
        let paint = self.style.paint;
        let when = sample.time_seconds.map_or("?".into(), short_time);
        let what = match (sample.description, sample.change_bytes) {
            (Some(text), _) if !text.is_empty() => beginning(text, self.label),
            (Some(_), _) => format!("snapshot {}", sample.snapshot.unwrap_or_default()),
            (None, None) => "born".into(),
            (None, Some(_)) => "no snapshot of this moment".into(),
        };
        let label = fit(&format!("      {when:>6}  {what}"), self.label);
        let size = fit_right(
            &bytes(sample.size_bytes.into(), self.style.bytes),
            self.size,
        );
        let difference = match sample.change_bytes {
            None => String::new(),
            Some(0) => paint.aside(fit_right("=", self.size)),
            Some(count) => {
                let text = fit_right(&change(count.into(), self.style.bytes), self.size);
                if count > 0 {
                    paint.growth(text)
                } else {
                    paint.shrinkage(text)
                }
            }
        };
        writeln!(
            out,
            "{}",
            format!("{label}  {size}  {difference}").trim_end()
        )
    }

    /// The referents of a sample, those marked that it has not in common with the one before.
    /// Returns whether any is.
    fn tree<'s>(
        &self,
        out: &mut impl Write,
        sample: &SampleDetail<'s>,
        mut before: Option<Referents<'s>>,
    ) -> io::Result<bool> {
        let paint = self.style.paint;
        let mut marked = false;
        for referent in &sample.referents {
            let is_new = before.as_mut().is_some_and(|before| {
                let count = before.get_mut(&key(referent)).filter(|count| **count > 0);
                count.map(|count| *count -= 1).is_none()
            });
            marked |= is_new;
            let indent = (6 + 2 * referent.level).min(self.label / 2);
            let mark = if is_new { "* " } else { "" };
            let indent = format!("{mark:>indent$}");
            let name = beginning(referent.name.unwrap_or(Text::new("None")), self.label);
            writeln!(
                out,
                "{}  {}  {}",
                fit(&format!("{indent}{name}"), self.label),
                fit_right(
                    &bytes(referent.size_bytes.into(), self.style.bytes),
                    self.size
                ),
                paint.aside(fit_right(&share(referent.share_percent), self.size)),
            )?;
        }
        if sample.referents_cut {
            writeln!(
                out,
                "        (and more: the tree repeats itself or is too large)"
            )?;
        }
        Ok(marked)
    }
}

/// Writes a block for each snapshot: the process, then the classes.
pub fn summary(out: &mut impl Write, summary: &Summary<'_>, style: Style) -> io::Result<()> {
    let mut notes = Notes::default();
    let mut first = true;
    let none = if summary.has_filter() {
        "no class passes the filter"
    } else {
        "no class is tracked"
    };
    summary.each(|snapshot| -> io::Result<()> {
        if !std::mem::take(&mut first) {
            writeln!(out)?;
        }
        notes.gather(&snapshot);
        snapshot_block(out, &snapshot, none, style)
    })?;
    notes.write(out, style)
}

/// The tracked total, and what of it is in no class.
pub(super) fn tracked(snapshot: &SnapshotSummary<'_>, style: ByteStyle) -> String {
    let total = bytes(snapshot.tracked_total_bytes, style);
    match snapshot.dead_bytes {
        0 => total,
        dead => format!("{total} ({} of it of dead objects)", bytes(dead, style)),
    }
}

/// What the figures are, said once below all of them.
#[derive(Default)]
struct Notes {
    without_asizeof: bool,
    /// What shares are of, and whether that was not recorded at some snapshot.
    share_of: Option<(ShareOf, bool)>,
}

impl Notes {
    fn gather(&mut self, snapshot: &SnapshotSummary<'_>) {
        self.without_asizeof |= snapshot.asizeof_total_bytes.is_none();
        let was_lacking = self.share_of.is_some_and(|(_, lacking)| lacking);
        let lacking = was_lacking || snapshot.share_of_bytes.is_none();
        self.share_of = Some((snapshot.share_of, lacking));
    }

    fn write(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        let mut lines = Vec::new();
        if let Some((share_of, lacking)) = self.share_of {
            let lacking = if lacking { "; –: not recorded" } else { "" };
            lines.push(format!("share: of {}{lacking}", share_name(share_of)));
        }
        if self.without_asizeof {
            lines.push(
                "asizeof –: not computed; create_snapshot(compute_total=True) records it".into(),
            );
        }
        if !lines.is_empty() {
            writeln!(out)?;
        }
        let width = style.page_width();
        lines.iter().try_for_each(|line| {
            wrap(line, width)
                .iter()
                .try_for_each(|l| writeln!(out, "{}", style.paint.aside(l)))
        })
    }
}

/// What shares are of, in words.
pub(super) fn share_name(share_of: ShareOf) -> &'static str {
    match share_of {
        ShareOf::Tracked => "the snapshot's tracked total",
        ShareOf::Resident => "the process's resident size",
        ShareOf::Virtual => "the process's virtual size",
        ShareOf::Asizeof => "the snapshot's asizeof total",
    }
}

/// The classes of a snapshot. All of them fit any page.
const SUMMARY: [Column; 5] = [
    Column::new("class", "", "class", 0),
    Column::new("active", "", "active", 0),
    Column::new("sum_bytes", "", "sum", 0),
    Column::new("average_bytes", "", "average", 0),
    Column::new("share_percent", "", "share", 0),
];

fn snapshot_block(
    out: &mut impl Write,
    snapshot: &SnapshotSummary<'_>,
    none: &str,
    style: Style,
) -> io::Result<()> {
    let width = style.page_width();
    let paint = style.paint;
    let size = |count: i128| bytes(count, style.bytes);
    let when = snapshot
        .timestamp_seconds
        .map_or("at no moment".into(), short_time);
    let name = if snapshot.description.is_empty() {
        String::new()
    } else {
        format!(": {}", beginning(snapshot.description, width))
    };
    let head = format!("snapshot {}, {when}{name}", snapshot.snapshot);
    writeln!(out, "{}", paint.subject(fit(&head, width).trim_end()))?;
    let dash = |count: Option<i128>| count.map_or("–".into(), size);
    let figures = [
        (
            "process",
            format!("{} virtual", dash(snapshot.process_virtual_bytes)),
        ),
        (
            "",
            format!("{} resident", dash(snapshot.process_resident_bytes)),
        ),
        ("tracked", tracked(snapshot, style.bytes)),
        ("asizeof", dash(snapshot.asizeof_total_bytes)),
        ("overhead", size(snapshot.overhead_bytes)),
    ];
    let line: Vec<String> = figures
        .iter()
        .map(|(name, text)| format!("{name} {text}").trim().to_owned())
        .collect();
    for part in wrap(&line.join(", "), width - 2) {
        writeln!(out, "  {part}")?;
    }
    if snapshot.classes.is_empty() && snapshot.more.is_none() {
        return writeln!(out, "  {none}");
    }
    let row = |of, name, active: u64, sum, average, percent| Row {
        of,
        values: vec![
            name,
            Value::Count(active),
            Value::Bytes(sum),
            Value::Average(average),
            Value::of(percent, Value::Percent),
        ],
    };
    let classes = snapshot.classes.iter().map(|c| {
        let name = Value::Name(c.class);
        row(
            Of::One,
            name,
            c.active,
            c.sum_bytes,
            c.average_bytes,
            c.share_percent,
        )
    });
    let folded = |of, name, f: &Folded| {
        let name = Value::Label(name);
        row(
            of,
            name,
            f.active,
            f.sum_bytes,
            f.average_bytes,
            f.share_percent,
        )
    };
    let more = snapshot.more.iter().map(|more| {
        let name = format!("{} more", thousands(more.classes as i128));
        folded(Of::More, name, more)
    });
    let total = std::iter::once(&snapshot.total).map(|all| folded(Of::Total, "total".into(), all));
    let sheet = Sheet {
        columns: &SUMMARY,
        rows: classes.chain(more).chain(total),
        least_name: LEAST_NAME,
        indent: 2,
        notes: Vec::new(),
    };
    sheet.table(out, style)
}

/// The beginning of a text of the dump, made harmless, as far as it can matter for so many
/// columns: a text of megabytes that a million objects share costs no more than it shows.
pub(super) fn beginning(text: Text<'_>, width: usize) -> String {
    escaped(&text.head(looked_at(width)).to_str()).into_owned()
}

/// The same of its end.
pub(super) fn ending(text: Text<'_>, width: usize) -> String {
    escaped(&text.tail(looked_at(width)).to_str()).into_owned()
}

/// Code points that may be needed to fill so many columns: some take none.
fn looked_at(width: usize) -> usize {
    4 * width + 8
}

/// Columns that a text takes on a terminal.
pub(super) fn width_of(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// A text in exactly `width` columns: filled up, or its end cut.
pub(super) fn fit(text: &str, width: usize) -> String {
    let taken = width_of(text);
    if taken <= width {
        return format!("{text}{}", " ".repeat(width - taken));
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if used + columns > width.saturating_sub(1) {
            break;
        }
        used += columns;
        out.push(c);
    }
    out.push('…');
    out.push_str(&" ".repeat(width.saturating_sub(used + 1)));
    out
}

/// The same, but its beginning is cut: of a dotted name or a path the end tells more.
pub(super) fn fit_left(text: &str, width: usize) -> String {
    if width_of(text) <= width {
        return fit(text, width);
    }
    let mut kept = Vec::new();
    let mut used = 0;
    for c in text.chars().rev() {
        let columns = c.width().unwrap_or(0);
        if used + columns > width.saturating_sub(1) {
            break;
        }
        used += columns;
        kept.push(c);
    }
    let tail: String = kept.iter().rev().collect();
    format!("…{tail}{}", " ".repeat(width.saturating_sub(used + 1)))
}

/// As much of a text's beginning as there are columns for, made harmless.
pub(super) fn clipped(text: Text<'_>, width: usize) -> String {
    let text = fit(&beginning(text, width), width);
    text.trim_end().to_owned()
}

/// The same of its end.
pub(super) fn clipped_left(text: Text<'_>, width: usize) -> String {
    let text = fit_left(&ending(text, width), width);
    text.trim_end().to_owned()
}

/// A text at the right end of `width` columns; never cut, since it is a number.
pub(super) fn fit_right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(width_of(text))))
}

/// A text in lines of at most `width` columns, broken between words.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && width_of(line) + 1 + width_of(word) > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// The line that says how much a filter or a limit left: for standard error.
pub fn extent(selected: &Selected<'_>, style: ByteStyle) -> String {
    let (shown, all) = (selected.selected_bytes(), selected.all_bytes);
    let percent = if all == 0 {
        0.0
    } else {
        shown as f64 * 100.0 / all as f64
    };
    format!(
        "showing {} of {}, {} of {}",
        thousands(selected.objects.len() as i128),
        counted(selected.all, "object", "objects"),
        units::share(percent),
        bytes(all, style)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit_their_columns() {
        assert_eq!(fit("abc", 5), "abc  ");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("名名名", 4), "名… ");
        assert_eq!(fit_left("app.models.User", 6), "….User");
        assert_eq!(fit_left("x", 3), "x  ");
        assert_eq!(fit_right("12 B", 6), "  12 B");
        assert_eq!(fit_right("1,234,567 B", 6), "1,234,567 B");
    }

    #[test]
    fn lines_wrap_between_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("unbreakable", 4), ["unbreakable"]);
    }
}
