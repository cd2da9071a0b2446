//! What Pympler 1.1 prints for the same call, byte for byte, quirks included, so that
//! scripts that parse its text can switch.
//!
//! Where Pympler raises an exception in the middle of its output, this form goes on:
//! sizes beyond its units are written in its last unit, moments that are no numbers as
//! `inf` or `nan`, trees without end are cut (the caller is told), referents of an
//! object of size zero are left out. Lone surrogates come out in their three-byte form.

use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::{DerefMut, Range};

use crate::analysis::referents::{Cut, Depth, ReferentRow, Walker};
use crate::analysis::summary::{ClassFigures, SnapshotSummary, Summary};
use crate::model::{
    Asized, CachedClass, Contents, Integer, Number, Text, Trace, TraceId, TrackedObject,
};
use crate::select::Selected;
use crate::units;

use super::blocks::{self, Ledger, ObjectWriter, Page};
use super::digits;

/// The units of Pympler's `pp()`. There is no PB.
const UNITS: [&str; 6] = ["B", "KB", "MB", "GB", "TB", "EB"];

/// How many bytes of texts of traces are kept. Programs create objects at tens of places.
const KEPT_BYTES: usize = 1 << 20;

/// How many moments are kept as text. Most samples are of one of few snapshots.
const KEPT_MOMENTS: usize = 64;

/// Bytes of the text of a moment, with the blanks around it.
const MOMENT_BYTES: usize = 33;

/// Writes in Pympler's form.
pub struct Writer<W> {
    page: Page<W>,
    /// Whether control characters are written as escapes: for terminals.
    escape: bool,
    /// Texts of traces written before, and their bytes together.
    traces: HashMap<TraceId, Box<[u8]>, foldhash::fast::FixedState>,
    kept_bytes: usize,
    /// Texts of moments written before, each with the bits of its seconds.
    moments: Box<[(u64, [u8; MOMENT_BYTES]); KEPT_MOMENTS]>,
}

impl<W: Write> Writer<W> {
    /// Writes to `out`. With `escape`, control characters of the dump are written as
    /// escapes, which is no longer what Pympler prints but safe on a terminal.
    pub fn new(out: W, escape: bool) -> Self {
        Writer::on(Page::new(out), escape)
    }

    fn on(page: Page<W>, escape: bool) -> Self {
        Writer {
            page,
            escape,
            traces: HashMap::default(),
            kept_bytes: 0,
            // The bits of a number that is no moment.
            moments: Box::new([(u64::MAX, [0; MOMENT_BYTES]); KEPT_MOMENTS]),
        }
    }

    /// `ConsoleStats.print_stats`: the detail of each selected object.
    pub fn objects(&mut self, selected: &Selected<'_>) -> io::Result<Cut> {
        let escape = self.escape;
        let block = || Details {
            selected,
            trees: Trees::of(selected.contents),
            writer: Box::new(Writer::on(Page::apart(), escape)),
        };
        let mut all = Details {
            selected,
            trees: Trees::of(selected.contents),
            writer: self,
        };
        blocks::write_objects(selected.objects.len(), &mut all, block)?;
        Ok(all.trees.cut)
    }

    /// `ConsoleStats.print_object`.
    fn object(&mut self, object: TrackedObject<'_>, trees: &mut Trees) -> io::Result<()> {
        self.field(object.name(), 32, Side::Left);
        let death = object.death_seconds();
        // A death at 0.0 is no death to Python's `if`.
        if death.is_some_and(|death| death != 0.0) {
            self.page.bytes.extend_from_slice(b" ( free )   ");
        } else {
            self.page.bytes.extend_from_slice(b" 0x");
            self.address(object.exact_address());
            self.page.bytes.push(b' ');
        }
        self.field(object.repr(), 35, Side::Right);
        self.page.bytes.push(b'\n');
        if let Some(trace) = object.trace() {
            self.trace(trace)?;
        }
        for sample in object.samples() {
            self.moment(sample.time_seconds);
            pp(
                Figure::Int(sample.asized.size_bytes().into()),
                &mut self.page.bytes,
            );
            self.page.bytes.push(b'\n');
            self.referents(sample.asized, trees)?;
            self.page.flush_if_full()?;
        }
        if let Some(death) = death {
            self.moment(death);
            self.page.bytes.extend_from_slice(b"finalize\n");
        }
        self.page.flush_if_full()
    }

    /// `%08x`.
    fn address(&mut self, address: Integer<'_>) {
        if let Some(value) = address.value() {
            return digits::hexadecimal(value, 8, &mut self.page.bytes);
        }
        let sign = if address.is_negative() { "-" } else { "" };
        self.page.bytes.extend_from_slice(sign.as_bytes());
        let digits = address.hexadecimal();
        self.page.bytes.extend_from_slice(digits.as_bytes());
    }

    /// `_format_trace`. Objects are created at few places, so the text is kept, unless it is long.
    fn trace(&mut self, trace: Trace<'_>) -> io::Result<()> {
        if let Some(text) = self.traces.get(&trace.id()) {
            self.page.bytes.extend_from_slice(text);
            return Ok(());
        }
        let start = self.page.bytes.len();
        let mut is_whole = true;
        for frame in trace.frames() {
            for line in frame.source_lines() {
                self.page.bytes.extend_from_slice(b"    ");
                self.text(python_strip(line.as_bytes()));
                self.page.bytes.push(b'\n');
            }
            self.page.bytes.extend_from_slice(b"  ");
            self.text(frame.file().as_bytes());
            self.page.bytes.push(b':');
            match frame.exact_line().value() {
                Some(line) => digits::decimal(line, 4, &mut self.page.bytes),
                None => self
                    .page
                    .bytes
                    .extend(frame.exact_line().to_string().bytes()),
            }
            self.page.bytes.extend_from_slice(b" in ");
            self.text(frame.function().as_bytes());
            self.page.bytes.push(b'\n');
            if self.page.is_full() {
                self.page.flush()?;
                is_whole = false;
            }
        }
        if is_whole {
            let text = &self.page.bytes[start..];
            self.kept_bytes += text.len();
            if self.kept_bytes > KEPT_BYTES {
                self.traces.clear();
                self.kept_bytes = text.len();
            }
            self.traces.insert(trace.id(), text.into());
        }
        Ok(())
    }

    /// `ConsoleStats._print_refs`.
    fn referents(&mut self, asized: Asized<'_>, trees: &mut Trees) -> io::Result<()> {
        let walker = &mut trees.walker;
        let cut = walker.walk(asized, Depth::Notable, |row| self.referent(row))?;
        trees.cut.cut |= cut.cut;
        Ok(())
    }

    fn referent(&mut self, row: ReferentRow<'_>) -> io::Result<()> {
        let name = row.asized.name().unwrap_or(Text::new("None")).as_bytes();
        let start = self.page.bytes.len();
        let indent = 2 + 2 * row.level;
        if !self.escape && indent + name.len() <= 50 && name.is_ascii() {
            self.page.bytes.resize(start + indent, b' ');
            self.page.bytes.extend_from_slice(name);
            bars(&mut self.page.bytes[start..]);
            pad(&mut self.page.bytes, start, 50);
        } else {
            // The width is cut with the indentation, so more than it is never seen.
            let mut label = vec![b' '; indent.min(64)];
            label.extend_from_slice(Text::from_wtf8(name).head(64).as_bytes());
            self.padded(&label, 50, Side::Right);
        }
        self.page.bytes.push(b' ');
        let size = self.page.bytes.len();
        pp(
            Figure::Int(row.asized.size_bytes().into()),
            &mut self.page.bytes,
        );
        pad(&mut self.page.bytes, size, 14);
        self.page.bytes.push(b' ');
        digits::decimal(python_int(row.share_percent), 3, &mut self.page.bytes);
        self.page.bytes.extend_from_slice(b"% [");
        digits::decimal(row.level as i128, 0, &mut self.page.bytes);
        self.page.bytes.extend_from_slice(b"]\n");
        self.page.flush_if_full()
    }

    /// `ConsoleStats.print_summary`. `summary` must be by [`Rules::Pympler`](crate::model::Rules).
    pub fn summary(&mut self, summary: &Summary<'_>) -> io::Result<()> {
        let dump = summary.contents();
        self.page.bytes.extend_from_slice(b"---- SUMMARY ");
        self.page.bytes.extend_from_slice(&[b'-'; 66]);
        self.page.bytes.push(b'\n');
        summary.each(|snapshot| self.snapshot(dump, &snapshot))?;
        self.page.bytes.extend_from_slice(&[b'-'; 79]);
        self.page.bytes.push(b'\n');
        self.page.flush()
    }

    fn snapshot(&mut self, dump: &Contents, figures: &SnapshotSummary<'_>) -> io::Result<()> {
        let Some(snapshot) = dump.snapshots().nth(figures.snapshot) else {
            return Ok(());
        };
        self.field(snapshot.description(), 35, Side::Right);
        let asizeof_total = snapshot.row().asizeof_total;
        self.page.bytes.extend_from_slice(b"      active ");
        self.number(Figure::Int(asizeof_total), 12);
        self.page.bytes.extend_from_slice(b"      average   pct\n");
        // Of a key that comes twice the last value counts, as in a dict.
        let cached = snapshot.row().classes.iter().flatten();
        let cached: HashMap<_, _> = cached.map(|c| (dump.text.get(c.class), c)).collect();
        for class in &figures.classes {
            let name = dump.class_name(class.id);
            self.page.bytes.extend_from_slice(b"  ");
            self.field(name, 33, Side::Right);
            self.page.bytes.push(b' ');
            self.class(dump, cached.get(&name).copied(), class)?;
            self.page.flush_if_full()?;
        }
        self.page.flush_if_full()
    }

    /// A cached annotation is printed as it is, even when it is stale; for a class that
    /// it lacks Pympler raises KeyError, and the figures computed take their place.
    fn class(
        &mut self,
        dump: &Contents,
        cached: Option<&CachedClass>,
        computed: &ClassFigures<'_>,
    ) -> io::Result<()> {
        let (active, sum, average, percent) = match cached {
            Some(c) => (
                truncated(c.active, dump),
                figure(c.sum),
                figure(c.average),
                truncated(c.percent, dump),
            ),
            None => (
                Integer::within(computed.active.into()),
                Figure::Int(computed.sum_bytes),
                // Python's division gives a float, `0` for none is an int: both print alike.
                Figure::Float(computed.average_bytes),
                Integer::within(python_int(computed.share_percent.unwrap_or(0.0))),
            ),
        };
        write!(self.page.bytes, "{:>11} ", active.to_string())?;
        self.number(sum, 12);
        self.page.bytes.push(b' ');
        self.number(average, 12);
        writeln!(self.page.bytes, " {:>4}%", percent.to_string())
    }

    /// A right-aligned `pp()`.
    fn number(&mut self, figure: Figure, width: usize) {
        let mut text = Vec::new();
        pp(figure, &mut text);
        self.page.bytes.resize(
            self.page.bytes.len() + width.saturating_sub(text.len()),
            b' ',
        );
        self.page.bytes.extend_from_slice(&text);
    }

    /// `  %-30s ` of a moment.
    fn moment(&mut self, seconds: f64) {
        let bits = seconds.to_bits();
        let place = (bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize;
        let (kept, text) = &mut self.moments[place];
        if *kept == bits {
            return self.page.bytes.extend_from_slice(text);
        }
        let page = &mut self.page.bytes;
        let whole = page.len();
        page.extend_from_slice(b"  ");
        digits::clock(seconds, page);
        pad(page, whole + 2, 30);
        page.push(b' ');
        // Those of thousands of years are longer.
        if let Ok(written) = page[whole..].try_into() {
            (*kept, *text) = (bits, written);
        }
    }

    /// `%-Ns` of `trunc(text, N)`.
    fn field(&mut self, text: Text<'_>, width: usize, side: Side) {
        self.padded(text.as_bytes(), width, side);
    }

    fn padded(&mut self, text: &[u8], width: usize, side: Side) {
        if !self.escape && text.len() <= width && text.is_ascii() {
            let start = self.page.bytes.len();
            self.page.bytes.extend_from_slice(text);
            bars(&mut self.page.bytes[start..]);
            pad(&mut self.page.bytes, start, width);
            return;
        }
        // No more is looked at than is shown, however long a text many objects share.
        let text = Text::from_wtf8(text);
        let shown = text.head(width + 1).code_points().count();
        let mut cut = Vec::new();
        match side {
            _ if shown <= width => cut.extend_from_slice(text.as_bytes()),
            Side::Right => {
                cut.extend_from_slice(text.head(width - 3).as_bytes());
                cut.extend_from_slice(b"...");
            }
            Side::Left => {
                cut.extend_from_slice(b"...");
                cut.extend_from_slice(text.tail(width - 3).as_bytes());
            }
        }
        bars(&mut cut);
        self.text(&cut);
        self.page
            .bytes
            .resize(self.page.bytes.len() + width - shown.min(width), b' ');
    }

    fn text(&mut self, wtf8: &[u8]) {
        if self.escape {
            let text = String::from_utf8_lossy(wtf8);
            self.page
                .bytes
                .extend_from_slice(units::escaped(&text).as_bytes());
        } else {
            self.page.bytes.extend_from_slice(wtf8);
        }
    }
}

/// The details of selected objects, by a writer.
struct Details<'s, P> {
    selected: &'s Selected<'s>,
    trees: Trees,
    writer: P,
}

/// The trees of referents of all objects.
struct Trees {
    walker: Walker,
    cut: Cut,
}

impl Trees {
    fn of(dump: &Contents) -> Self {
        Trees {
            walker: Walker::of(dump),
            cut: Cut::default(),
        }
    }
}

impl<W: Write, P: DerefMut<Target = Writer<W>>> ObjectWriter for Details<'_, P> {
    type Ledger = Trees;
    type Out = W;

    fn objects(&mut self, places: Range<usize>) -> io::Result<()> {
        let dump = self.selected.contents;
        let mut objects = self.selected.objects[places].iter();
        objects.try_for_each(|&id| self.writer.object(dump.object(id), &mut self.trees))
    }

    fn ledger(&mut self) -> &mut Trees {
        &mut self.trees
    }

    fn page(&mut self) -> &mut Page<W> {
        &mut self.writer.page
    }
}

impl Ledger for Trees {
    fn begin_block(&mut self) {
        self.walker.begin_block();
        self.cut = Cut::default();
    }

    fn is_within_bounds(&self) -> bool {
        self.walker.is_within_bounds()
    }

    fn book(&mut self, block: &Trees) -> bool {
        if !self.walker.covers(&block.walker) {
            return false;
        }
        self.walker.charge(&block.walker);
        self.cut.cut |= block.cut.cut;
        true
    }
}

/// Which end of a long text Pympler's `trunc` cuts.
#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// A number as Python holds it.
#[derive(Clone, Copy)]
enum Figure {
    Int(i128),
    Float(f64),
}

fn figure(number: Number) -> Figure {
    match number {
        Number::Int(int) => Figure::Int(int),
        Number::Float(float) => Figure::Float(float),
        // Loading refuses it where a size belongs.
        Number::Huge(_) => Figure::Int(i128::MAX),
    }
}

/// `%d` of a number.
fn truncated(number: Number, dump: &Contents) -> Integer<'_> {
    match number {
        Number::Int(int) => Integer::within(int),
        Number::Float(float) => Integer::within(python_int(float)),
        Number::Huge(digits) => Integer::of_digits(dump.text.get(digits)),
    }
}

/// Python's `int()` of a float; it raises for what is no number, we write 0 or the largest.
fn python_int(float: f64) -> i128 {
    float as i128
}

/// Line feeds become bars, as in Pympler's `trunc`.
fn bars(text: &mut [u8]) {
    text.iter_mut()
        .filter(|byte| **byte == b'\n')
        .for_each(|byte| *byte = b'|');
}

fn pad(buffer: &mut Vec<u8>, start: usize, width: usize) {
    if buffer.len() < start + width {
        buffer.resize(start + width, b' ');
    }
}

/// Pympler's `pp()`: `%4d     B` up to 1024, then `%7.2f` and a unit.
///
/// `pp` divides floats by 1024 and rounds to two digits. For ints below 2^53 all of its
/// divisions are exact, so the same digits come from integers, ties to even.
fn pp(figure: Figure, out: &mut Vec<u8>) {
    let value = match figure {
        Figure::Int(bytes @ ..=1024) => {
            digits::decimal(bytes, 4, out);
            out.extend_from_slice(b"     B");
            return;
        }
        Figure::Int(bytes @ 1025..0x20_0000_0000_0000) => {
            let bytes = bytes as u64;
            let mut degree = 0;
            // The float is above 1024 as long as the int is above the unit's 1024.
            while bytes > 1024 << (10 * degree) && degree < 5 {
                degree += 1;
            }
            digits::hundredths(
                digits::round_shifted(u128::from(bytes) * 100, 10 * degree),
                7,
                out,
            );
            out.push(b' ');
            out.extend_from_slice(UNITS[degree as usize].as_bytes());
            return;
        }
        Figure::Int(bytes) => bytes as f64,
        Figure::Float(value) => value,
    };
    let (mut value, mut degree) = (value, 0);
    while value > 1024.0 && degree < UNITS.len() - 1 {
        value /= 1024.0;
        degree += 1;
    }
    let _ = if degree == 0 {
        write!(out, "{:4}     B", python_int(value))
    } else {
        write!(out, "{value:7.2} {}", UNITS[degree])
    };
}

/// Python's `str.strip()`: all that `str.isspace` holds for, the separators \x1c to \x1f
/// included and U+200B not.
fn python_strip(wtf8: &[u8]) -> &[u8] {
    let is_space = |c: char| {
        matches!(c,
            '\t'..='\r' | '\x1c'..=' ' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}'
            | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
    };
    let mut text = wtf8;
    for chunk in text.utf8_chunks().take(1) {
        text = &text[chunk.valid().len() - chunk.valid().trim_start_matches(is_space).len()..];
    }
    // The last stretch of valid text; behind a surrogate there may be none.
    if let Some(last) = text.utf8_chunks().last()
        && last.invalid().is_empty()
    {
        let valid = last.valid();
        text = &text[..text.len() - (valid.len() - valid.trim_end_matches(is_space).len())];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(figure: Figure) -> String {
        let mut out = Vec::new();
        pp(figure, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// Printed by Pympler 1.1's `pp`.
    #[test]
    fn sizes_are_those_of_pp() {
        let cases: &[(i128, &str)] = &[
            (0, "   0     B"),
            (56, "  56     B"),
            (1024, "1024     B"),
            (1025, "   1.00 KB"),
            (1029, "   1.00 KB"),
            (1030, "   1.01 KB"),
            (1_048_576, "1024.00 KB"),
            (1_048_577, "   1.00 MB"),
            (-1_000_000_000, "-1000000000     B"),
            (1 << 50, "1024.00 TB"),
            ((1 << 50) + 1, "   1.00 EB"),
            (1 << 51, "   2.00 EB"),
            (1 << 60, "1024.00 EB"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(printed(Figure::Int(*bytes)), *expected, "{bytes}");
        }
        assert_eq!(printed(Figure::Float(1024.5)), "   1.00 KB");
        assert_eq!(printed(Figure::Float(99.9)), "  99     B");
    }

    /// The integer way and the float way of Python agree, ties included.
    #[test]
    fn integers_round_as_floats_do() {
        let mut bytes: i128 = 1025;
        while bytes < 1 << 53 {
            for step in -3..=3 {
                let n = bytes + step * 128 / 25;
                if n > 1024 {
                    assert_eq!(
                        printed(Figure::Int(n)),
                        printed(Figure::Float(n as f64)),
                        "{n}"
                    );
                }
            }
            bytes += bytes / 7;
        }
    }

    #[test]
    fn stripping_is_that_of_python() {
        assert_eq!(python_strip(b"  a b \n"), b"a b");
        assert_eq!(python_strip(b"\x1c\x1fa\x1d"), b"a");
        assert_eq!(
            python_strip("\u{3000}a\u{200b}\u{a0}".as_bytes()),
            "a\u{200b}".as_bytes()
        );
        assert_eq!(python_strip(b"   "), b"");
        assert_eq!(python_strip(b" \xed\xb2\x80 x "), b"\xed\xb2\x80 x");
        assert_eq!(python_strip(b" x \xed\xb2\x80"), b"x \xed\xb2\x80");
    }
}
