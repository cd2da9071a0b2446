//! A report table: named columns of typed values, laid out in every form that has columns. An
//! answer that is a list of rows says once what its columns are and gets a table, CSV and
//! Markdown of them.
//!
//! Rows are made as they are needed, twice for a table: once for the widths of its columns.
//! Texts of the dump are borrowed until a cell is written, and cut before they are escaped
//! where only their end is shown.

use std::borrow::Cow;
use std::io;

use super::fit::ending;
use super::form::Rows;
use super::sparkline::sparkline;
use crate::analysis::sites::SiteFrame;
use crate::model::Text;
use crate::units::{
    ByteStyle, average, average_change, bytes, change, escaped, per_second, share, short_time,
    thousands,
};

/// Columns that the name of a row has at least, if it is as long as that.
pub(super) const LEAST_NAME: usize = 24;

/// The same for a site: the end of a path alone tells little.
pub(super) const LEAST_SITE: usize = 40;

/// Columns that any of them has where figures take all there is.
pub(super) const SHORTEST_NAME: usize = LEAST_NAME / 2;

/// How dispensable a column is that a table says otherwise.
pub(super) const NOT_IN_TABLES: u8 = u8::MAX;

/// A value, with what it is of.
#[derive(Clone, Debug)]
pub enum Value<'s> {
    /// A name of a class.
    Name(Text<'s>),
    /// Another text of the dump, of which the beginning is cut.
    Text(Text<'s>),
    /// A word of ours.
    Word(&'static str),
    /// A label of ours; what it holds of the dump is escaped.
    Label(String),
    /// An address in hexadecimal.
    Address(String),
    /// Frames, outermost first. The innermost stands in the row, the others below it, and below
    /// them that of own code, if it is none of them, and how many of it there are more.
    Site(&'s [SiteFrame<'s>], Option<(&'s SiteFrame<'s>, u64)>),
    /// How many.
    Count(u64),
    /// How many more or fewer.
    CountChange(i128),
    /// Bytes.
    Bytes(i128),
    /// More or fewer bytes.
    ByteChange(i128),
    /// A number of bytes that need not be whole.
    Average(f64),
    /// A change of such a number.
    AverageChange(f64),
    /// A share, in percent.
    Percent(f64),
    /// A change in percent.
    PercentChange(f64),
    /// A moment or a span.
    Seconds(f64),
    /// A rate.
    PerSecond(f64),
    /// A figure at each snapshot: a sparkline for people.
    Series(&'s [i128]),
    /// What is not defined.
    Nothing,
}

impl Value<'_> {
    /// A figure that may not be defined.
    pub(super) fn of<T>(value: Option<T>, of: fn(T) -> Self) -> Self {
        value.map_or(Value::Nothing, of)
    }
}

/// A column of a sheet.
#[derive(Clone, Copy, Debug)]
pub(super) struct TableColumn {
    /// Its name where it stands alone: in CSV.
    pub(super) name: &'static str,
    /// What columns beside each other have in common; may be empty.
    pub(super) group: &'static str,
    /// Its heading below that.
    pub(super) heading: &'static str,
    /// Where the page is too narrow, columns with the highest number go first; those with 0
    /// stay unless those that rows are sorted by need their room.
    pub(super) dispensable: u8,
    /// Whether rows are sorted by it: without it their order cannot be read, so it stays.
    pub(super) is_sorted_by: bool,
}

impl TableColumn {
    pub(super) const fn new(
        name: &'static str,
        group: &'static str,
        heading: &'static str,
        dispensable: u8,
    ) -> TableColumn {
        TableColumn {
            name,
            group,
            heading,
            dispensable,
            is_sorted_by: false,
        }
    }
}

/// Marks the columns of these names: rows are sorted by them.
pub(super) fn sorted_by(
    columns: &mut [TableColumn],
    names: impl IntoIterator<Item = &'static str>,
) {
    for name in names {
        let found = columns.iter_mut().filter(|column| column.name == name);
        found.for_each(|column| column.is_sorted_by = true);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    One,
    /// Those that a limit cut.
    More,
    /// All of them.
    Total,
}

/// A value for each column; the first is the row's name.
#[derive(Clone, Debug)]
pub(super) struct Row<'s> {
    pub(super) of: Of,
    pub(super) values: Vec<Value<'s>>,
}

/// What is to be said below a sheet.
pub(super) struct Note {
    /// The column that it explains, without which it is not said; empty for the whole.
    pub(super) of: &'static str,
    pub(super) text: String,
}

impl Note {
    pub(super) fn new(of: &'static str, text: impl Into<String>) -> Note {
        let text = text.into();
        Note { of, text }
    }
}

/// Columns, rows, and what is to be said below them.
pub(super) struct ReportTable<'c, R> {
    pub(super) columns: &'c [TableColumn],
    pub(super) rows: R,
    /// Columns of a page that the name has at least, if it is as long as that.
    pub(super) least_name: usize,
    /// Blanks before each row of a page.
    pub(super) indent: usize,
    pub(super) notes: Vec<Note>,
}

impl<'c, R> ReportTable<'c, R> {
    /// A table without notes.
    pub(super) fn of(columns: &'c [TableColumn], rows: R) -> Self {
        ReportTable {
            columns,
            rows,
            least_name: LEAST_NAME,
            indent: 0,
            notes: Vec::new(),
        }
    }
}

impl<'s, R: Iterator<Item = Row<'s>> + Clone> ReportTable<'_, R> {
    /// Hands out a header and the rows, but for the total. What a limit cut has no name.
    pub(super) fn rows(&self, to: &mut impl Rows) -> io::Result<()> {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        to.header(&names)?;
        let mut rows = self.rows.clone().filter(|row| row.of != Of::Total);
        rows.try_for_each(|mut row| {
            if row.of == Of::More {
                row.values[0] = Value::Nothing;
            }
            to.row(&row.values)
        })
    }
}

impl Value<'_> {
    pub(super) fn is_text(&self) -> bool {
        matches!(
            self,
            Value::Name(_) | Value::Text(_) | Value::Word(_) | Value::Label(_) | Value::Site(..)
        )
    }

    /// Whether it is a growth or a shrinkage.
    pub(super) fn direction(&self) -> std::cmp::Ordering {
        match self {
            Value::CountChange(change) | Value::ByteChange(change) => change.cmp(&0),
            Value::AverageChange(change) | Value::PercentChange(change) => change
                .partial_cmp(&0.0)
                .unwrap_or(std::cmp::Ordering::Equal),
            _ => std::cmp::Ordering::Equal,
        }
    }
}

pub(super) const NO_TRACE: &str = "(no trace)";

/// A frame in a line: `file:line in function`, or as much of that as it has.
pub(super) fn place(frame: &SiteFrame<'_>, width: Option<usize>) -> String {
    let text = |text: Text<'_>| match width {
        Some(width) => ending(text, width),
        None => escaped(&text.to_str()).into_owned(),
    };
    let mut place = text(frame.file);
    if let Some(line) = frame.line {
        place.push_str(&match width {
            Some(_) => format!(":{line:.30}"),
            None => format!(":{line}"),
        });
    }
    if let Some(function) = frame.function {
        place.push_str(" in ");
        place.push_str(&text(function));
    }
    place
}

/// A text, all of it, made harmless. Frames follow each other from the innermost.
pub(super) fn whole(value: &Value<'_>) -> String {
    match value {
        Value::Name(text) | Value::Text(text) => escaped(&text.to_str()).into_owned(),
        Value::Word(word) => (*word).into(),
        Value::Label(label) | Value::Address(label) => label.clone(),
        Value::Site([], _) => NO_TRACE.into(),
        Value::Site(frames, _) => {
            let places: Vec<String> = frames.iter().rev().map(|f| place(f, None)).collect();
            places.join(" < ")
        }
        _ => String::new(),
    }
}

/// A value for programs: exact, and nothing where it is not defined. Texts of the dump are not made
/// harmless.
pub(super) fn exact<'v>(value: &'v Value<'_>, digits: &'v mut itoa::Buffer) -> Cow<'v, str> {
    match value {
        Value::Count(count) => digits.format(*count).into(),
        Value::CountChange(count) | Value::Bytes(count) | Value::ByteChange(count) => {
            digits.format(*count).into()
        }
        Value::Average(figure)
        | Value::AverageChange(figure)
        | Value::Percent(figure)
        | Value::PercentChange(figure)
        | Value::Seconds(figure)
        | Value::PerSecond(figure) => figure.to_string().into(),
        Value::Series(figures) => {
            let figures: Vec<String> = figures.iter().map(i128::to_string).collect();
            figures.join(" ").into()
        }
        Value::Nothing | Value::Site([], _) => "".into(),
        Value::Name(text) | Value::Text(text) => text.to_str(),
        text => whole(text).into(),
    }
}

/// A figure for people.
pub(super) fn shown(value: &Value<'_>, style: ByteStyle) -> String {
    let signed = |count: i128| match count {
        0 => "=".into(),
        count if count < 0 => thousands(count),
        count => format!("+{}", thousands(count)),
    };
    match value {
        Value::Count(count) => thousands((*count).into()),
        Value::CountChange(count) => signed(*count),
        Value::Bytes(count) => bytes(*count, style),
        Value::ByteChange(0) => "=".into(),
        Value::ByteChange(count) => change(*count, style),
        Value::Average(count) => average(*count, style),
        Value::AverageChange(count) => average_change(*count, style),
        Value::Percent(percent) => share(*percent),
        Value::PercentChange(percent) => percent_change(*percent),
        Value::Seconds(seconds) => short_time(*seconds),
        Value::PerSecond(rate) => per_second(*rate),
        Value::Nothing | Value::Series([]) => "–".into(),
        Value::Series(figures) => sparkline(figures),
        text => whole(text),
    }
}

/// A change in percent, with its sign. From 1000 % on decimals tell nothing.
fn percent_change(percent: f64) -> String {
    match percent {
        0.0 => return "=".into(),
        tiny @ 0.0..0.05 if tiny > 0.0 => return "+<0.1 %".into(),
        tiny if tiny < 0.0 && tiny > -0.05 => return "-<0.1 %".into(),
        _ => {}
    }
    if percent.abs() >= 999.95 {
        let sign = if percent > 0.0 { "+" } else { "" };
        return format!("{sign}{} %", thousands(percent.round() as i128));
    }
    format!("{percent:+.1} %")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fit::width_of;
    use crate::report::form::csv::CsvRows;
    use crate::report::form::table::cell;
    use crate::report::{Dialect, Style};

    /// What a reader of the CSV gets.
    fn plain(value: &Value<'_>, dialect: Dialect) -> String {
        let mut out = Vec::new();
        CsvRows::of(&mut out, dialect)
            .row(std::slice::from_ref(value))
            .unwrap();
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.has_headers(false).from_reader(&out[..]);
        let record = reader.records().next().unwrap().unwrap();
        record[0].to_owned()
    }

    const COLUMNS: [TableColumn; 4] = [
        TableColumn::new("class", "", "class", 0),
        TableColumn::new("bytes_before", "bytes", "before", 1),
        TableColumn::new("bytes_after", "bytes", "after", 0),
        TableColumn::new("percent", "", "%", 2),
    ];

    fn sheet<'s>(
        values: [Value<'s>; 4],
    ) -> ReportTable<'static, impl Iterator<Item = Row<'s>> + Clone> {
        let row = Row {
            of: Of::One,
            values: values.to_vec(),
        };
        ReportTable {
            columns: &COLUMNS,
            rows: std::iter::once(row),
            least_name: LEAST_NAME,
            indent: 0,
            notes: vec![Note::new("", "a note"), Note::new("percent", "a share")],
        }
    }

    fn table(width: usize) -> String {
        let name = "app.models.a.class.with.a.very.long.name.indeed";
        let sheet = sheet([
            Value::Name(Text::new(name)),
            Value::Bytes(12_345_678_901),
            Value::ByteChange(1_000_000_000),
            Value::PercentChange(-12.345),
        ]);
        let mut out = Vec::new();
        let style = Style {
            width,
            bytes: ByteStyle::Exact,
            ..Style::default()
        };
        sheet.table(&mut out, style).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_dispensable_goes_first() {
        let wide = table(120);
        assert!(wide.contains("app.models.a.class"), "{wide}");
        assert!(wide.contains("─ bytes ─"), "{wide}");
        assert!(wide.contains("-12.3 %"), "{wide}");
        assert!(wide.contains("a note\na share\n"), "{wide}");
        let narrow = table(60);
        assert!(!narrow.contains("-12.3 %"), "{narrow}");
        let note = "a note\nleft out: % (--width 69 shows all)\n";
        assert!(narrow.ends_with(note), "{narrow}");
        assert!(narrow.contains("before"), "{narrow}");
        assert!(narrow.lines().all(|line| width_of(line) <= 60), "{narrow}");
    }

    #[test]
    fn figures_for_people_and_programs() {
        let cases: &[(Value<'_>, &str, &str)] = &[
            (Value::Count(1234), "1,234", "1234"),
            (Value::CountChange(0), "=", "0"),
            (Value::CountChange(-1234), "-1,234", "-1234"),
            (Value::CountChange(5), "+5", "5"),
            (Value::Bytes(2048), "2.0 KiB", "2048"),
            (Value::ByteChange(-2048), "-2.0 KiB", "-2048"),
            (Value::Average(10.5), "11 B", "10.5"),
            (Value::Percent(0.01), "<0.1 %", "0.01"),
            (Value::PercentChange(12.34), "+12.3 %", "12.34"),
            (Value::PercentChange(123_456.7), "+123,457 %", "123456.7"),
            (Value::Seconds(303.0), "5m03s", "303"),
            (Value::PerSecond(12.34), "12.3 /s", "12.34"),
            (Value::PerSecond(0.01), "0.6 /min", "0.01"),
            (Value::PerSecond(1234.4), "1,234 /s", "1234.4"),
            (Value::AverageChange(-10.5), "-11 B", "-10.5"),
            (Value::Series(&[0, 5, 10]), "▁▅█", "0 5 10"),
            (Value::Series(&[]), "–", ""),
            (Value::Nothing, "–", ""),
            (Value::Word("new"), "new", "new"),
            (Value::Name(Text::new("a\x1b")), "a\\x1b", "a\\x1b"),
        ];
        for (value, people, programs) in cases {
            assert_eq!(cell(value, ByteStyle::Units, 80), *people, "{value:?}");
            for dialect in [Dialect::Plain, Dialect::Spreadsheet] {
                assert_eq!(plain(value, dialect), *programs, "{value:?}");
            }
        }
    }

    /// Also where figures stand, which may be negative, and where a text is made of several.
    #[test]
    fn only_texts_of_the_dump_are_kept_from_running() {
        let frame = SiteFrame {
            file: Text::new("=file"),
            line: Some(crate::model::Integer::within(3)),
            function: None,
            source: None,
        };
        let frames = [frame.clone(), frame];
        let cases = [
            (Value::Name(Text::new("=1+1")), "'=1+1"),
            (Value::Name(Text::new(" @x")), "' @x"),
            (Value::Name(Text::new("a-b")), "a-b"),
            (Value::Site(&frames, None), "'=file:3 < =file:3"),
            (Value::ByteChange(-5), "-5"),
            (Value::AverageChange(-0.5), "-0.5"),
        ];
        for (value, cell) in cases {
            assert_eq!(plain(&value, Dialect::Spreadsheet), cell);
            assert!(!plain(&value, Dialect::Plain).starts_with('\''));
        }
    }

    #[test]
    fn markdown_is_text_only() {
        let sheet = sheet([
            Value::Name(Text::new("<b>|x")),
            Value::Nothing,
            Value::Nothing,
            Value::Word("new"),
        ]);
        let mut out = Vec::new();
        sheet.markdown(&mut out, ByteStyle::Units).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "| class | bytes before | bytes after | % |\n| --- | ---: | ---: | --- |\n\
             | &lt;b&gt;\\|x | – | – | new |\n\na note\n\na share\n"
        );
    }
}
