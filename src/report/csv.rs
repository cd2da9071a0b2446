//! CSV by RFC 4180: a header, then a row for each object, or for each class of each
//! snapshot. Exact bytes. What may act on a terminal is escaped (`\x1b`, `\n`), so that
//! every record is one line. What a spreadsheet would run is made text if it is for one.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::analysis::long_texts::LongTexts;
use crate::analysis::objects::{Details, LeftOut};
use crate::analysis::referents::Depth;
use crate::analysis::summary::{SnapshotSummary, Summary};
use crate::select::Selected;
use crate::units::escaped;

/// Who reads the CSV.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Programs, which take a cell for what it is.
    #[default]
    Plain,
    /// Excel, LibreOffice and their like, which take a cell that begins with `=`, `+`, `-` or `@`
    /// for a formula and run it: texts of the dump that begin so get a `'` in front. Whatever is
    /// no figure stands in quotes, as some of them part cells at other characters than commas.
    Spreadsheet,
}

impl Dialect {
    pub(super) fn writer<W: Write>(self, out: W) -> csv::Writer<W> {
        let quotes = match self {
            Dialect::Plain => csv::QuoteStyle::Necessary,
            Dialect::Spreadsheet => csv::QuoteStyle::NonNumeric,
        };
        csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .quote_style(quotes)
            .from_writer(out)
    }

    /// A text of the dump as a cell. Figures, which may be negative, are none.
    pub(super) fn cell(self, text: &str) -> Cow<'_, str> {
        // The wide ones are formulas where people type them.
        let begins = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
        let text = escaped(text);
        if self == Dialect::Spreadsheet && text.trim_start().starts_with(begins) {
            return format!("'{text}").into();
        }
        text
    }
}

/// Writes the selected objects.
pub fn objects(
    out: &mut impl Write,
    selected: &Selected<'_>,
    dialect: Dialect,
) -> io::Result<LeftOut> {
    let dump = selected.contents;
    let mut details = Details::of(dump, &selected.sizes, Depth::All);
    let mut writer = dialect.writer(out);
    writer
        .write_record([
            "class",
            "name",
            "address",
            "birth_seconds",
            "death_seconds",
            "size_bytes",
            "peak_size_bytes",
            "created_in",
            "repr",
        ])
        .map_err(io_error)?;
    for &number in &selected.objects {
        let object = dump.object(number);
        let row = details.row(object);
        let created_in = details
            .created_in(object)
            .map(|frame| format!("{}:{} in {}", frame.file, frame.line, frame.function));
        writer
            .write_record([
                &*dialect.cell(&row.class.to_str()),
                &dialect.cell(&row.name.to_str()),
                &row.address,
                &optional(row.birth_seconds),
                &optional(row.death_seconds),
                &row.size_bytes.to_string(),
                &row.peak_size_bytes.to_string(),
                &dialect.cell(&created_in.unwrap_or_default()),
                &dialect.cell(&row.repr.to_str()),
            ])
            .map_err(io_error)?;
    }
    writer.flush()?;
    Ok(details.left_out())
}

/// Writes the classes of each snapshot; classes that a limit folded are one row whose
/// class is empty. Whether a long description was cut where it came again.
pub fn summary(out: &mut impl Write, summary: &Summary<'_>, dialect: Dialect) -> io::Result<bool> {
    let mut writer = dialect.writer(out);
    writer
        .write_record([
            "snapshot",
            "description",
            "timestamp_seconds",
            "process_virtual_bytes",
            "process_resident_bytes",
            "tracked_total_bytes",
            "asizeof_total_bytes",
            "overhead_bytes",
            "class",
            "active",
            "sum_bytes",
            "average_bytes",
            "share_percent",
            "share_of",
            "dead_bytes",
        ])
        .map_err(io_error)?;
    let mut texts = LongTexts::new();
    summary.each(|snapshot: SnapshotSummary<'_>| -> io::Result<()> {
        let mut head = [
            snapshot.snapshot.to_string(),
            String::new(),
            optional(snapshot.timestamp_seconds),
            optional(snapshot.process_virtual_bytes),
            optional(snapshot.process_resident_bytes),
            snapshot.tracked_total_bytes.to_string(),
            optional(snapshot.asizeof_total_bytes),
            snapshot.overhead_bytes.to_string(),
        ];
        let share_of = snapshot.share_of.name().to_owned();
        let classes = snapshot.classes.iter().map(|c| {
            (
                dialect.cell(&c.class.to_str()).into_owned(),
                c.active,
                c.sum_bytes,
                c.average_bytes,
                c.share_percent,
            )
        });
        let more = snapshot.more.iter().map(|m| {
            (
                String::new(),
                m.active,
                m.sum_bytes,
                m.average_bytes,
                m.share_percent,
            )
        });
        for (class, active, sum, average, share) in classes.chain(more) {
            let figures = [
                class,
                active.to_string(),
                sum.to_string(),
                average.to_string(),
                optional(share),
                share_of.clone(),
                snapshot.dead_bytes.to_string(),
            ];
            texts.begin_row();
            let description = texts.shown(snapshot.description);
            head[1] = dialect.cell(&description.to_str()).into_owned();
            writer
                .write_record(head.iter().chain(&figures))
                .map_err(io_error)?;
        }
        Ok(())
    })?;
    writer.flush()?;
    Ok(texts.is_cut)
}

pub(super) fn optional(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Unwraps the io error, so that a closed pipe is seen as one.
pub(super) fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
