//! Objects of a report written by several threads, in blocks that come out in order.
//!
//! What a report writes of an object may depend on what it wrote before: long texts and trees of
//! referents are written as long as a budget lasts. A block is made as if there was no end to it,
//! within bounds of its own, and its expenses are booked when its turn comes. If the budget does
//! not cover them, or the block is beyond its bounds, it is thrown away and written anew by the
//! thread that writes all others, so the text is always the one that a single thread writes.

use std::io::{self, Write};
use std::ops::Range;

use crate::threads::{self, BlockSize, Taken};

/// How many bytes are gathered before they are written.
const BUFFER_BYTES: usize = 64 << 10;

/// How large blocks are to be, and how large one may be: some of its objects may be larger than
/// those before. Tests have blocks of few objects.
const BLOCK_BYTES: usize = if cfg!(test) { 2 << 10 } else { 256 << 10 };
const MOST_BLOCK_BYTES: usize = if cfg!(test) { 1 << 20 } else { 8 << 20 };

/// How many objects the first blocks have, and how many are written at a time by one thread.
const FIRST_OBJECTS: usize = if cfg!(test) { 1 } else { 64 };
const OBJECTS: usize = 1024;

/// How many threads write objects at most: one of them takes all that they write to the output.
const MOST_THREADS: usize = 16;

/// What an account is kept of, over all objects of a report.
pub(super) trait Ledger {
    /// Begins a block that is made apart from others.
    fn begin_block(&mut self);

    /// Whether the block stayed within its bounds.
    fn is_within_bounds(&self) -> bool;

    /// Books what a block took. `false`, and nothing is booked, if less than that is left.
    fn book(&mut self, block: &Self) -> bool;
}

/// Writes the objects of a report, or a block of them.
pub(super) trait ObjectWriter {
    type Ledger: Ledger;
    type Out: Write;

    /// Writes the objects at some places of the report. Fails as the output does.
    fn objects(&mut self, places: Range<usize>) -> io::Result<()>;

    fn ledger(&mut self) -> &mut Self::Ledger;

    fn page(&mut self) -> &mut Page<Self::Out>;
}

/// Writes blocks into memory.
pub(super) trait BlockWriter<L>: ObjectWriter<Ledger = L, Out = Apart> + Send {}

impl<L, W: ObjectWriter<Ledger = L, Out = Apart> + Send> BlockWriter<L> for W {}

/// Writes all objects of a report, and whatever was gathered before. `block` is a writer of blocks,
/// that begins with nothing.
pub(super) fn write_objects<W: ObjectWriter, B: BlockWriter<W::Ledger>>(
    count: usize,
    writer: &mut W,
    block: impl Fn() -> B + Sync,
) -> io::Result<()> {
    let size = BlockSize {
        first_items: FIRST_OBJECTS,
        weight: BLOCK_BYTES,
    };
    let new = || (block(), false);
    let make = |(block, is_whole): &mut (B, bool), places: Range<usize>| {
        block.page().bytes.clear();
        // One block may have been large.
        block.page().bytes.shrink_to(4 * BLOCK_BYTES);
        block.ledger().begin_block();
        *is_whole = block.objects(places).is_ok() && block.ledger().is_within_bounds();
    };
    let take = |(block, is_whole): &mut (B, bool), places: Range<usize>| -> io::Result<Taken> {
        let weight = block.page().bytes.len();
        let is_covered = *is_whole && writer.ledger().book(block.ledger());
        if is_covered {
            // What is gathered until now goes first.
            writer.page().flush()?;
            std::mem::swap(&mut writer.page().bytes, &mut block.page().bytes);
            writer.page().flush()?;
        } else {
            writer.objects(places)?;
        }
        // Where little is left of the budget, other blocks would not be covered either.
        let goes_on = is_covered || !*is_whole;
        Ok(Taken { weight, goes_on })
    };
    let threads = threads::limit().min(MOST_THREADS);
    let written = threads::in_order(count, size, threads, new, make, take)?;
    for start in (written..count).step_by(OBJECTS) {
        writer.objects(start..count.min(start + OBJECTS))?;
    }
    writer.page().flush()
}

/// Text on its way into an output.
pub(super) struct Page<W> {
    pub(super) bytes: Vec<u8>,
    most_bytes: usize,
    out: W,
}

/// The output of a block, which stays in memory until its turn comes: there is none.
pub(super) struct Apart;

impl<W: Write> Page<W> {
    pub(super) fn new(out: W) -> Self {
        Page {
            bytes: Vec::new(),
            most_bytes: BUFFER_BYTES,
            out,
        }
    }

    /// Whether more is to be written before more is gathered.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() > self.most_bytes
    }

    /// Writes what was gathered. Fails as the output does, and if it is a block.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }

    /// The same if that is much.
    #[inline]
    pub(super) fn flush_if_full(&mut self) -> io::Result<()> {
        match self.is_full() {
            true => self.flush(),
            false => Ok(()),
        }
    }
}

impl Page<Apart> {
    pub(super) fn apart() -> Self {
        Page {
            most_bytes: MOST_BLOCK_BYTES,
            ..Page::new(Apart)
        }
    }
}

impl<W: Write> Write for Page<W> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        self.flush_if_full()
    }

    /// Does nothing: whoever writes on a page does not end it.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Apart {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("the block is too large"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{DumpBuilder, FrameRecord, ObjectRecord};
    use crate::model::{AsizedId, Dump};
    use crate::report::objects::{Detail, Objects};
    use crate::report::{Dialect, Form, JsonLayout, Style, pympler};
    use crate::select::{Selected, Selection};
    use crate::threads::with;
    use crate::units::ByteStyle;

    /// Each way to write objects, and what was left out.
    fn write(selected: &Selected<'_>, form: usize, out: &mut impl Write) -> io::Result<bool> {
        let detail = [Detail::Rows, Detail::Trees, Detail::EveryTree];
        let forms = [
            Form::Table(Style::default()),
            Form::Table(Style::default()),
            Form::Table(Style::default()),
            Form::Json(JsonLayout::Document),
            Form::Json(JsonLayout::Lines),
            Form::Csv(Dialect::Plain),
            Form::Csv(Dialect::Spreadsheet),
            Form::Markdown(ByteStyle::Exact),
        ];
        let Some(layout) = forms.get(form) else {
            let escape = form > forms.len();
            let cut = pympler::Writer::new(out, escape).objects(selected)?;
            return Ok(cut.cut);
        };
        let objects = Objects::of(selected, *detail.get(form).unwrap_or(&Detail::Trees));
        layout.write(out, &objects)?;
        Ok(objects.left_out().referents || objects.left_out().texts)
    }

    const FORMS: usize = 10;

    fn written(selected: &Selected<'_>, form: usize, threads: usize) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        let cut = with(threads, || write(selected, form, &mut out)).expect("a vector takes all");
        (out, cut)
    }

    /// Whether something was left out, which must be the same with one thread and with several.
    fn is_cut(dump: &Dump, form: usize) -> bool {
        let selected = Selection::default().select(dump).expect("it is in memory");
        let one = written(&selected, form, 1);
        let many = written(&selected, form, 3);
        assert!(one == many, "form {form}");
        one.1
    }

    fn fixture(name: &str) -> Dump {
        let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
        Dump::load(path).expect("it is a dump")
    }

    #[test]
    fn many_threads_write_what_one_does() {
        for name in [
            "leaky_shop.dump",
            "markup.dump",
            "long_names.dump.gz",
            "shop.dump",
        ] {
            let dump = fixture(name);
            for form in 0..FORMS {
                assert!(!is_cut(&dump, form), "{name}");
            }
        }
    }

    /// Trees and texts of which little is left for the last objects, and traces that are written
    /// once: what a block writes depends on those before it.
    fn spendthrift() -> Dump {
        let mut builder = DumpBuilder::new().expect("there is memory");
        let texts: Vec<_> = (b'a'..=b'h')
            .map(|c| builder.text(&[c; 300_000]).expect("there is memory"))
            .collect();
        let short = builder.text(b"short").expect("there is memory");
        // Each tree is twice as large as the one before, and all are made of the same few referents.
        let mut trees: Vec<AsizedId> = Vec::new();
        for level in 0..18 {
            let referents: Vec<_> = trees.last().map_or(vec![], |&last| vec![last; 2]);
            let tree = builder.asized(1 << 20, level, Some(short), &referents);
            trees.push(tree.expect("there is memory"));
        }
        let frame = builder.frame(&FrameRecord {
            file: short,
            line: 7,
            function: short,
            source: None,
            source_index: None,
        });
        let frame = frame.expect("there is memory");
        let traces: Vec<_> = [3, 101, 102]
            .map(|frames| builder.trace(&vec![frame; frames]))
            .into_iter()
            .collect::<Result<_, _>>()
            .expect("there is memory");
        let objects: Vec<_> = (0..150)
            .map(|number| {
                let tree = match number {
                    40 | 90 => trees[17],
                    _ => trees[number % 4],
                };
                let repr = match number % 2 {
                    0 => short,
                    _ => texts[number / 2 % texts.len()],
                };
                builder.object(&ObjectRecord {
                    address: number as i128,
                    name: Some(short),
                    repr: Some(repr),
                    trace: Some(traces[number * number % 7 % 3]),
                    samples: &[(1.0, tree), (2.0, trees[0])],
                    ..ObjectRecord::default()
                })
            })
            .collect::<Result<_, _>>()
            .expect("there is memory");
        builder.class(b"Spend", &objects).expect("there is memory");
        builder.finish().expect("there is memory")
    }

    #[test]
    fn budgets_end_where_those_of_one_thread_do() {
        let dump = spendthrift();
        // Rows alone have no trees, and their texts are clipped.
        assert!(!is_cut(&dump, 0));
        for form in [1, 4, 5, 8] {
            assert!(is_cut(&dump, form), "form {form}");
        }
    }

    /// Takes so many bytes, then fails.
    struct Narrow {
        taken: Vec<u8>,
        most: usize,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = bytes.len().min(self.most - self.taken.len());
            self.taken.extend_from_slice(&bytes[..room]);
            match room {
                0 => Err(io::ErrorKind::BrokenPipe.into()),
                _ => Ok(room),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_output_that_fails_ends_it() {
        let dump = fixture("leaky_shop.dump");
        let selected = Selection::default().select(&dump).expect("it is in memory");
        for form in 0..FORMS {
            let (whole, _) = written(&selected, form, 1);
            for most in [0, 100, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
                let mut narrow = Narrow {
                    taken: Vec::new(),
                    most,
                };
                let outcome = with(3, || write(&selected, form, &mut narrow));
                let error = outcome.expect_err("the output is too narrow");
                assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
                assert!(narrow.taken == whole[..most], "form {form}, {most} bytes");
            }
        }
    }
}
