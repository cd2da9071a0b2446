//! A sheet: named columns of typed values, laid out in every form that has columns. An
//! answer that is a list of rows says once what its columns are and gets a table, CSV and
//! Markdown of them.
//!
//! Rows are made as they are needed, twice for a table: once for the widths of its columns.
//! Texts of the dump are borrowed until a cell is written, and cut before they are escaped
//! where only their end is shown.

use std::io::{self, Write};

use super::class_names::ClassNames;
use super::csv::{self, Dialect};
use super::markdown;
use super::table::{Style, WIDEST, clipped, ending, fit, fit_left, fit_right, width_of, wrap};
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
const SHORTEST_NAME: usize = LEAST_NAME / 2;

/// How dispensable a column is that a table says otherwise.
pub(super) const NOT_IN_TABLES: u8 = u8::MAX;

/// A value, with what it is of.
#[derive(Clone, Debug)]
pub(super) enum Value<'s> {
    /// A name of a class.
    Name(Text<'s>),
    /// Another text of the dump, of which the beginning is cut.
    Text(Text<'s>),
    /// A word of ours.
    Word(&'static str),
    /// A label of ours; what it holds of the dump is escaped.
    Label(String),
    /// Frames, outermost first. The innermost stands in the row, the others below it.
    Site(&'s [SiteFrame<'s>]),
    Count(u64),
    CountChange(i128),
    Bytes(i128),
    ByteChange(i128),
    /// A number of bytes that need not be whole.
    Average(f64),
    AverageChange(f64),
    /// A share, in percent.
    Percent(f64),
    PercentChange(f64),
    Seconds(f64),
    PerSecond(f64),
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
pub(super) struct Column {
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

impl Column {
    pub(super) const fn new(
        name: &'static str,
        group: &'static str,
        heading: &'static str,
        dispensable: u8,
    ) -> Column {
        Column {
            name,
            group,
            heading,
            dispensable,
            is_sorted_by: false,
        }
    }
}

/// Marks the columns of these names: rows are sorted by them.
pub(super) fn sorted_by(columns: &mut [Column], names: impl IntoIterator<Item = &'static str>) {
    for name in names {
        let found = columns.iter_mut().filter(|column| column.name == name);
        found.for_each(|column| column.is_sorted_by = true);
    }
}

/// What a row is of.
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
pub(super) struct Sheet<'c, R> {
    pub(super) columns: &'c [Column],
    pub(super) rows: R,
    /// Columns of a page that the name has at least, if it is as long as that.
    pub(super) least_name: usize,
    /// Blanks before each row of a page.
    pub(super) indent: usize,
    pub(super) notes: Vec<Note>,
}

impl<'s, R: Iterator<Item = Row<'s>> + Clone> Sheet<'_, R> {
    /// Writes aligned columns of a page, as many as there is room for.
    pub(super) fn table(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        let page = Page::of(self, style);
        page.headings(out, self.columns)?;
        for row in self.rows.clone() {
            page.row(out, &row)?;
        }
        let has = |of| {
            let mut shown = page.columns.iter();
            shown.any(|&(column, _)| self.columns[column].name == of)
        };
        let notes = self.notes.iter();
        let notes = notes.filter(|note| note.of.is_empty() || has(note.of));
        let mut notes: Vec<&str> = notes.map(|note| &*note.text).collect();
        notes.extend(page.left_out.as_deref());
        if !notes.is_empty() {
            writeln!(out)?;
        }
        for line in notes.iter().flat_map(|note| wrap(note, page.width)) {
            writeln!(out, "{}", style.paint.aside(line))?;
        }
        Ok(())
    }

    /// Writes a header and the rows, but for the total. What a limit cut has an empty name.
    pub(super) fn csv(&self, out: &mut impl Write, dialect: Dialect) -> io::Result<()> {
        let mut writer = dialect.writer(out);
        writer
            .write_record(self.columns.iter().map(|column| column.name))
            .map_err(csv::io_error)?;
        for row in self.rows.clone().filter(|row| row.of != Of::Total) {
            let cells = row.values.iter().enumerate().map(|(column, value)| {
                if column == 0 && row.of == Of::More {
                    return String::new();
                }
                plain(value, dialect)
            });
            writer.write_record(cells).map_err(csv::io_error)?;
        }
        writer.flush()
    }

    /// Writes a Markdown table and the notes.
    pub(super) fn markdown(&self, out: &mut impl Write, style: ByteStyle) -> io::Result<()> {
        let heading = |column: &Column| format!("{} {}", column.group, column.heading);
        let headings: Vec<String> = self.columns.iter().map(heading).collect();
        let headings: Vec<&str> = headings.iter().map(|heading| heading.trim()).collect();
        writeln!(out, "| {} |", headings.join(" | "))?;
        let first = self.rows.clone().find(|row| row.of == Of::One);
        let right = |column: usize| {
            let value = first.as_ref().and_then(|row| row.values.get(column));
            column > 0 && !value.is_some_and(|value| value.is_text())
        };
        let rules: Vec<&str> = (0..headings.len())
            .map(|column| if right(column) { "---:" } else { "---" })
            .collect();
        writeln!(out, "| {} |", rules.join(" | "))?;
        for row in self.rows.clone() {
            write!(out, "|")?;
            for (column, value) in row.values.iter().enumerate() {
                let text = match value {
                    value if value.is_text() => markdown::cell(&whole(value)),
                    value => shown(value, style),
                };
                match (column, row.of) {
                    (0, Of::More) => write!(out, " *{text}* |")?,
                    (0, Of::Total) => write!(out, " **{text}** |")?,
                    _ => write!(out, " {text} |")?,
                }
            }
            writeln!(out)?;
        }
        for note in &self.notes {
            writeln!(out, "\n{}", markdown::text(&note.text))?;
        }
        Ok(())
    }
}

/// Which columns a page has, and how wide they are.
struct Page<'s> {
    style: Style,
    /// Columns behind the indentation.
    width: usize,
    indent: String,
    /// How the names of the rows are cut to their column.
    names: ClassNames<'s>,
    /// Column numbers and widths; the first is the name's.
    columns: Vec<(usize, usize)>,
    /// Which columns found no room, and which width has it.
    left_out: Option<String>,
}

impl<'s> Page<'s> {
    fn of<R: Iterator<Item = Row<'s>> + Clone>(sheet: &Sheet<'_, R>, style: Style) -> Self {
        let width = style.page_width() - sheet.indent;
        let mut widths: Vec<usize> = sheet
            .columns
            .iter()
            .map(|column| width_of(column.heading))
            .collect();
        for row in sheet.rows.clone() {
            for (taken, value) in widths.iter_mut().zip(&row.values) {
                *taken = width_of(&cell(value, style.bytes, width)).max(*taken);
            }
        }
        let mut columns: Vec<(usize, usize)> = widths.into_iter().enumerate().collect();
        columns.retain(|&(column, _)| sheet.columns[column].dispensable != NOT_IN_TABLES);
        let name = columns.first().map_or(0, |&(_, width)| width);
        // Two spaces stand between columns.
        let figures = |columns: &[(usize, usize)]| -> usize {
            columns.iter().skip(1).map(|(_, width)| width + 2).sum()
        };
        let whole = figures(&columns) + name.min(sheet.least_name);
        let all: Vec<usize> = columns.iter().map(|&(column, _)| column).collect();
        while figures(&columns) + name.min(sheet.least_name) > width {
            // Whether it may go, then how gladly; of those that are alike the last goes first.
            let ranked = columns.iter().skip(1).map(|&(number, _)| {
                let column = &sheet.columns[number];
                (!column.is_sorted_by, column.dispensable, number)
            });
            let Some((true, most, last)) = ranked.max() else {
                break;
            };
            if most == 0 && figures(&columns) + name.min(SHORTEST_NAME) <= width {
                break;
            }
            columns.retain(|&(number, _)| {
                let column = &sheet.columns[number];
                let goes = if most == 0 {
                    number == last
                } else {
                    column.dispensable == most && !column.is_sorted_by
                };
                number == 0 || !goes
            });
        }
        let left_out = all
            .iter()
            .filter(|&&c| columns.iter().all(|&(shown, _)| shown != c));
        let left_out = left_out.map(|&column| &sheet.columns[column]);
        let left_out = left_out_of(left_out, whole);
        let room = width.saturating_sub(figures(&columns)).max(SHORTEST_NAME);
        let mut names = ClassNames::default();
        if let Some((_, name)) = columns.first_mut() {
            *name = (*name).min(room);
            names = ClassNames::of(sheet.rows.clone().filter_map(name_of), *name);
        }
        Page {
            style,
            width,
            indent: " ".repeat(sheet.indent),
            names,
            columns,
            left_out,
        }
    }

    fn headings(&self, out: &mut impl Write, columns: &[Column]) -> io::Result<()> {
        let paint = self.style.paint;
        if columns.iter().any(|column| !column.group.is_empty()) {
            let mut line = String::new();
            let mut rest = self.columns.iter().peekable();
            while let Some(&(column, width)) = rest.next() {
                let group = columns[column].group;
                let mut width = width;
                while let Some((_, more)) =
                    rest.next_if(|&&(next, _)| !group.is_empty() && columns[next].group == group)
                {
                    width += 2 + more;
                }
                if column > 0 {
                    line.push_str("  ");
                }
                line.push_str(&fit(&ruled(group, width), width));
            }
            writeln!(out, "{}{}", self.indent, paint.aside(line.trim_end()))?;
        }
        let mut line = String::new();
        for &(column, width) in &self.columns {
            let heading = columns[column].heading;
            if column == 0 {
                line.push_str(&fit(heading, width));
            } else {
                line.push_str("  ");
                line.push_str(&fit_right(heading, width));
            }
        }
        writeln!(out, "{}{}", self.indent, paint.heading(line.trim_end()))
    }

    fn row(&self, out: &mut impl Write, row: &Row<'_>) -> io::Result<()> {
        let paint = self.style.paint;
        let mut line = self.indent.clone();
        for &(column, width) in &self.columns {
            let Some(value) = row.values.get(column) else {
                continue;
            };
            let text = match (column, value) {
                (0, &Value::Name(name)) => self.names.cut(name),
                _ => cell(value, self.style.bytes, self.width),
            };
            if column == 0 {
                let text = fit_left(&text, width);
                line.push_str(&match row.of {
                    Of::One => paint.subject(text),
                    Of::More => paint.aside(text),
                    Of::Total => text,
                });
                continue;
            }
            line.push_str("  ");
            let text = fit_right(&text, width);
            line.push_str(&match value.direction() {
                std::cmp::Ordering::Greater => paint.growth(text),
                std::cmp::Ordering::Less => paint.shrinkage(text),
                std::cmp::Ordering::Equal => text,
            });
        }
        writeln!(out, "{}", line.trim_end())?;
        if let Some(Value::Site(frames)) = row.values.first() {
            self.below(out, frames)?;
        }
        Ok(())
    }

    /// What stands under a site: its source line, and where it was called from.
    fn below(&self, out: &mut impl Write, frames: &[SiteFrame<'_>]) -> io::Result<()> {
        let paint = self.style.paint;
        for (index, frame) in frames.iter().rev().enumerate() {
            if index > 0 {
                let room = self.width.saturating_sub(12);
                let place = fit_left(&place(frame, Some(room)), room);
                writeln!(out, "  called by {}", place.trim_end())?;
            }
            if let Some(source) = frame.source.filter(|source| !source.is_empty()) {
                let room = self.width.saturating_sub(6);
                writeln!(out, "      {}", paint.aside(clipped(source, room)))?;
            }
        }
        Ok(())
    }
}

/// A note on the columns that found no room: those of a group together.
fn left_out_of<'c>(columns: impl Iterator<Item = &'c Column>, whole: usize) -> Option<String> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for column in columns {
        match groups.last_mut() {
            Some((group, headings)) if *group == column.group => headings.push(column.heading),
            _ => groups.push((column.group, vec![column.heading])),
        }
    }
    if groups.is_empty() {
        return None;
    }
    let groups = groups.iter().map(|(group, headings)| {
        let headings = headings.join(", ");
        format!("{group} {headings}").trim_start().to_owned()
    });
    let names: Vec<String> = groups.collect();
    let remedy = if whole <= WIDEST {
        format!("--width {whole}")
    } else {
        "--format csv".into()
    };
    Some(format!(
        "left out: {} ({remedy} shows all)",
        names.join("; ")
    ))
}

/// The class that a row is named after.
fn name_of<'s>(row: Row<'s>) -> Option<Text<'s>> {
    match row.values.first() {
        Some(&Value::Name(name)) => Some(name),
        _ => None,
    }
}

/// A group's name in the middle of a line over its columns.
fn ruled(group: &str, width: usize) -> String {
    let taken = width_of(group);
    if group.is_empty() || width < taken + 4 {
        return fit_right(group, width);
    }
    let left = (width - taken - 2) / 2;
    let right = width - taken - 2 - left;
    format!("{} {group} {}", "─".repeat(left), "─".repeat(right))
}

impl Value<'_> {
    fn is_text(&self) -> bool {
        matches!(
            self,
            Value::Name(_) | Value::Text(_) | Value::Word(_) | Value::Label(_) | Value::Site(_)
        )
    }

    /// Whether it is a growth or a shrinkage.
    fn direction(&self) -> std::cmp::Ordering {
        match self {
            Value::CountChange(change) | Value::ByteChange(change) => change.cmp(&0),
            Value::AverageChange(change) | Value::PercentChange(change) => change
                .partial_cmp(&0.0)
                .unwrap_or(std::cmp::Ordering::Equal),
            _ => std::cmp::Ordering::Equal,
        }
    }
}

/// A value for people, texts no longer than can matter for a page of this width.
fn cell(value: &Value<'_>, style: ByteStyle, width: usize) -> String {
    match value {
        Value::Name(text) | Value::Text(text) => ending(*text, width),
        Value::Site(frames) => frames
            .last()
            .map_or(NO_TRACE.into(), |frame| place(frame, Some(width))),
        value => shown(value, style),
    }
}

const NO_TRACE: &str = "(no trace)";

/// A frame in a line: `file:line in function`, or as much of that as it has.
fn place(frame: &SiteFrame<'_>, width: Option<usize>) -> String {
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
fn whole(value: &Value<'_>) -> String {
    match value {
        Value::Name(text) | Value::Text(text) => escaped(&text.to_str()).into_owned(),
        Value::Word(word) => (*word).into(),
        Value::Label(label) => label.clone(),
        Value::Site([]) => NO_TRACE.into(),
        Value::Site(frames) => {
            let places: Vec<String> = frames.iter().rev().map(|f| place(f, None)).collect();
            places.join(" < ")
        }
        _ => String::new(),
    }
}

/// A figure for people.
fn shown(value: &Value<'_>, style: ByteStyle) -> String {
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
        Value::Nothing => "–".into(),
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

/// A value for programs: exact, and nothing where it is not defined.
fn plain(value: &Value<'_>, dialect: Dialect) -> String {
    match value {
        Value::Count(count) => count.to_string(),
        Value::CountChange(count) | Value::Bytes(count) | Value::ByteChange(count) => {
            count.to_string()
        }
        Value::Average(figure)
        | Value::AverageChange(figure)
        | Value::Percent(figure)
        | Value::PercentChange(figure)
        | Value::Seconds(figure)
        | Value::PerSecond(figure) => figure.to_string(),
        Value::Nothing | Value::Site([]) => String::new(),
        text => dialect.cell(&whole(text)).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::new("class", "", "class", 0),
        Column::new("bytes_before", "bytes", "before", 1),
        Column::new("bytes_after", "bytes", "after", 0),
        Column::new("percent", "", "%", 2),
    ];

    fn sheet<'s>(values: [Value<'s>; 4]) -> Sheet<'static, impl Iterator<Item = Row<'s>> + Clone> {
        let row = Row {
            of: Of::One,
            values: values.to_vec(),
        };
        Sheet {
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
            (Value::Site(&frames), "'=file:3 < =file:3"),
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
