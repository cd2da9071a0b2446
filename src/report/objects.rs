//! The tracked objects that were selected, in each form.
//!
//! Objects are streamed: column widths follow from the page and from the names of classes, so the
//! first row is written at once and a million rows take no memory.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::Range;

use super::blocks::{self, Ledger, ObjectWriter, Page};
use super::class_names::{ClassNames, at_dot};
use super::fit::{beginning, ending, fit, fit_left, fit_right, width_of, wrap};
use super::form::csv::{CsvRows, Dialect};
use super::form::json::{self, JsonLayout};
use super::form::markdown;
use super::form::table::Style;
use super::form::{Report, Rows};
use super::report_table::Value;
use crate::analysis::objects::{
    Details, LeftOut, LongTraces, ObjectDetail, ObjectRow, SampleDetail,
};
use crate::analysis::referents::{Depth, ReferentDetail};
use crate::model::{Contents, Text, TrackedObject};
use crate::select::Selected;
use crate::units::{self, ByteStyle, bytes, change, counted, share, short_time, thousands};

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.print/1";

/// From this width on, the repr has a column of its own.
const WIDE: usize = 110;

/// Columns of the repr that stay where names of classes are long.
const LEAST_REPR: usize = 24;

const ADDRESS: usize = 14;
const LIFETIME: usize = 14;
const SIZE: usize = 10;

/// What a table shows of each object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Only its row.
    Rows,
    /// Also trace, sizes and referents: these where they changed.
    #[default]
    Trees,
    /// The same, with the referents at every snapshot.
    EveryTree,
}

/// Selected objects on their way into a form.
pub struct Objects<'s> {
    selected: &'s Selected<'s>,
    detail: Detail,
    left_out: Cell<LeftOut>,
}

impl<'s> Objects<'s> {
    /// A report on these.
    pub fn of(selected: &'s Selected<'s>, detail: Detail) -> Self {
        Objects {
            selected,
            detail,
            left_out: Cell::default(),
        }
    }

    /// What the report left out, once it is written.
    pub fn left_out(&self) -> LeftOut {
        self.left_out.get()
    }
}

impl Report for Objects<'_> {
    /// Writes a row for each selected object and below it, unless brief, its detail.
    fn table(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        let selected = self.selected;
        if selected.objects.is_empty() {
            return Ok(());
        }
        let layout = ObjectsLayout::of(style, selected.contents, selected);
        let traces = match self.detail {
            Detail::Rows => LongTraces::default(),
            Detail::Trees | Detail::EveryTree => self.long_traces(),
        };
        let table = Table {
            layout: &layout,
            traces: &traces,
            detail: self.detail,
        };
        let mut out = Page::new(out);
        layout.heading(&mut out)?;
        let (mut out, trees) = self.written(&table, out, Depth::Notable)?;
        let note = match trees {
            Trees { left_out: true, .. } => {
                "referents: where they changed since the snapshot before (*: new, or of another size) \
                 and at the last; --every shows all"
            }
            Trees { marked: true, .. } => "*: new, or of another size than at the snapshot before",
            _ => return Ok(()),
        };
        writeln!(out)?;
        for line in wrap(note, style.page_width()) {
            writeln!(out, "{}", style.paint.aside(line))?;
        }
        out.flush()
    }

    /// Writes the selected objects with all that was recorded of them.
    fn json(&self, out: &mut impl Write, layout: JsonLayout) -> io::Result<()> {
        let selected = self.selected;
        let is_document = layout == JsonLayout::Document;
        let mut out = Page::new(out);
        if is_document {
            json::document(&mut out, SCHEMA)?
                .salvaged("salvaged", selected.contents.notes().salvaged.as_ref())?
                .field("objects_in_dump", &selected.all)?
                .field("objects_selected", &selected.objects.len())?
                .begin_list("objects")?;
        }
        let traces = &self.long_traces();
        let json = Json {
            traces,
            is_document,
        };
        let (mut out, _) = self.written(&json, out, Depth::All)?;
        if is_document {
            writeln!(out, "\n]}}")?;
        }
        out.flush()
    }

    fn rows(&self, to: &mut impl Rows) -> io::Result<()> {
        let dump = self.selected.contents;
        let mut details = Details::of(dump, &self.selected.sizes, Depth::All);
        to.header(&COLUMNS)?;
        for &number in &self.selected.objects {
            row_of(dump.object(number), &mut details, to)?;
        }
        self.left_out.set(details.left_out());
        Ok(())
    }

    fn csv(&self, out: &mut impl Write, dialect: Dialect) -> io::Result<()> {
        let mut out = Page::new(out);
        let mut header = CsvRows::of(&mut out, dialect);
        header.header(&COLUMNS)?;
        header.flush()?;
        drop(header);
        self.written(&dialect, out, Depth::All).map(drop)
    }

    /// Writes a table of the selected objects.
    fn markdown(&self, out: &mut impl Write, style: ByteStyle) -> io::Result<()> {
        let mut out = Page::new(out);
        writeln!(
            out,
            "| class | address | born | died | largest | at peak | repr |"
        )?;
        writeln!(out, "| --- | --- | ---: | ---: | ---: | ---: | --- |")?;
        self.written(&Markdown(style), out, Depth::All).map(drop)
    }
}

const COLUMNS: [&str; 9] = [
    "class",
    "name",
    "address",
    "birth_seconds",
    "death_seconds",
    "size_bytes",
    "peak_size_bytes",
    "created_in",
    "repr",
];

fn row_of<'d>(
    object: TrackedObject<'d>,
    details: &mut Details<'d, '_>,
    to: &mut impl Rows,
) -> io::Result<()> {
    let row = details.row(object);
    let created_in = details
        .created_in(object)
        .map(|frame| format!("{}:{} in {}", frame.file, frame.line, frame.function));
    to.row(&[
        Value::Name(row.class),
        Value::Name(row.name),
        Value::Address(row.address),
        Value::of(row.birth_seconds, Value::Seconds),
        Value::of(row.death_seconds, Value::Seconds),
        Value::Bytes(row.size_bytes.into()),
        Value::Bytes(row.peak_size_bytes.into()),
        Value::of(created_in, Value::Label),
        Value::Text(row.repr),
    ])
}

impl<'s> Objects<'s> {
    fn long_traces(&self) -> LongTraces<'s> {
        LongTraces::among(self.selected.contents, &self.selected.objects)
    }

    /// Writes all objects in a form, and what is on the page before them.
    fn written<W: Write>(
        &self,
        form: &impl ObjectForm<'s>,
        page: Page<W>,
        depth: Depth,
    ) -> io::Result<(Page<W>, Trees)> {
        let selected = self.selected;
        let mut writer = FormWriter::new(form, selected, page, depth);
        let block = || FormWriter::new(form, selected, Page::apart(), depth);
        blocks::write_objects(selected.objects.len(), &mut writer, block)?;
        self.left_out.set(writer.gathered.details.left_out());
        Ok((writer.page, writer.gathered.trees))
    }
}

/// How objects are laid out in one form.
trait ObjectForm<'s>: Sync {
    /// Writes some that follow each other, each with its place in the report.
    fn objects(
        &self,
        objects: impl Iterator<Item = (usize, TrackedObject<'s>)>,
        gathered: &mut Gathered<'s>,
        out: &mut impl Write,
    ) -> io::Result<()>;
}

/// What is gathered from one object to the next.
struct Gathered<'s> {
    details: Details<'s, 's>,
    trees: Trees,
}

/// Writes objects in a form.
struct FormWriter<'r, 's, F, W> {
    form: &'r F,
    selected: &'s Selected<'s>,
    gathered: Gathered<'s>,
    page: Page<W>,
}

impl<'r, 's, F: ObjectForm<'s>, W: Write> FormWriter<'r, 's, F, W> {
    fn new(form: &'r F, selected: &'s Selected<'s>, page: Page<W>, depth: Depth) -> Self {
        FormWriter {
            form,
            selected,
            gathered: Gathered {
                details: Details::of(selected.contents, &selected.sizes, depth),
                trees: Trees::default(),
            },
            page,
        }
    }
}

impl<'s, F: ObjectForm<'s>, W: Write> ObjectWriter for FormWriter<'_, 's, F, W> {
    type Ledger = Gathered<'s>;
    type Out = W;

    fn objects(&mut self, places: Range<usize>) -> io::Result<()> {
        let dump = self.selected.contents;
        let ids = self.selected.objects[places.clone()].iter();
        let objects = places.zip(ids.map(|&id| dump.object(id)));
        self.form
            .objects(objects, &mut self.gathered, &mut self.page)
    }

    fn ledger(&mut self) -> &mut Gathered<'s> {
        &mut self.gathered
    }

    fn page(&mut self) -> &mut Page<W> {
        &mut self.page
    }
}

impl Ledger for Gathered<'_> {
    fn begin_block(&mut self) {
        self.details.begin_block();
        self.trees = Trees::default();
    }

    fn is_within_bounds(&self) -> bool {
        self.details.is_within_bounds()
    }

    fn book(&mut self, block: &Self) -> bool {
        let is_booked = self.details.book(&block.details);
        self.trees.left_out |= is_booked && block.trees.left_out;
        self.trees.marked |= is_booked && block.trees.marked;
        is_booked
    }
}

/// Rows for people, and the details below them.
struct Table<'r, 's> {
    layout: &'r ObjectsLayout<'s>,
    traces: &'r LongTraces<'s>,
    detail: Detail,
}

impl<'s> ObjectForm<'s> for Table<'_, 's> {
    fn objects(
        &self,
        objects: impl Iterator<Item = (usize, TrackedObject<'s>)>,
        gathered: &mut Gathered<'s>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let (page, shown) = (self.layout, self.detail);
        let Gathered { details, trees } = gathered;
        for (place, object) in objects {
            if shown == Detail::Rows {
                page.row(out, &details.row(object))?;
                continue;
            }
            if place > 0 {
                writeln!(out)?;
            }
            let detail = details.object(place, object, self.traces);
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
                waits = !has_changed && shown != Detail::EveryTree && !sample.referents.is_empty();
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
        Ok(())
    }
}

/// All that was recorded of each, in a list of a document or a line each.
struct Json<'r, 's> {
    traces: &'r LongTraces<'s>,
    is_document: bool,
}

impl<'s> ObjectForm<'s> for Json<'_, 's> {
    fn objects(
        &self,
        objects: impl Iterator<Item = (usize, TrackedObject<'s>)>,
        gathered: &mut Gathered<'s>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let details = &mut gathered.details;
        let mut head = Vec::new();
        for (place, object) in objects {
            let detail = details.object(place, object, self.traces);
            if self.is_document {
                out.write_all(if place == 0 { b"\n" } else { b",\n" })?;
            }
            // What follows goes into the same braces.
            head.clear();
            json::value(&mut head, &detail)?;
            head.pop();
            out.write_all(&head)?;
            out.write_all(b",\"samples\":")?;
            let mut before: &[u8] = b"[";
            details.samples(object, |sample| {
                out.write_all(std::mem::replace(&mut before, b","))?;
                json::value(out, &sample)
            })?;
            if detail.samples == 0 {
                out.write_all(b"[")?;
            }
            let after_death = detail.samples_after_death;
            write!(out, "],\"samples_after_death\":{after_death}}}")?;
            if !self.is_document {
                writeln!(out)?;
            }
        }
        Ok(())
    }
}

impl<'s> ObjectForm<'s> for Dialect {
    fn objects(
        &self,
        objects: impl Iterator<Item = (usize, TrackedObject<'s>)>,
        gathered: &mut Gathered<'s>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let mut rows = CsvRows::of(out, *self);
        for (_, object) in objects {
            row_of(object, &mut gathered.details, &mut rows)?;
        }
        rows.flush()
    }
}

/// A row each, for tickets.
struct Markdown(ByteStyle);

impl<'s> ObjectForm<'s> for Markdown {
    fn objects(
        &self,
        objects: impl Iterator<Item = (usize, TrackedObject<'s>)>,
        gathered: &mut Gathered<'s>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let Markdown(style) = *self;
        for (_, object) in objects {
            let row = gathered.details.row(object);
            let died = match row.death_seconds {
                Some(death) => short_time(death),
                None if row.alive => "alive".into(),
                None => "at no moment".into(),
            };
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} |",
                markdown::cell(&row.class.to_str()),
                row.address,
                row.birth_seconds.map_or("?".into(), short_time),
                died,
                bytes(row.size_bytes.into(), style),
                bytes(row.peak_size_bytes.into(), style),
                markdown::cell(&row.repr.to_str()),
            )?;
        }
        Ok(())
    }
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
struct ObjectsLayout<'d> {
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

impl<'d> ObjectsLayout<'d> {
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
            is_shown[dump.object(number).class().id().index()] = true;
        }
        let classes = dump.classes().filter(|class| is_shown[class.id().index()]);
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
        ObjectsLayout {
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
