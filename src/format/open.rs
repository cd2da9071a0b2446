//! A dump that is read as far as a question needs it.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::native::{self, NativeFile};
use super::{Damage, explain};
use crate::error::Error;
use crate::input::{self, ByteCount, Decompressed};
use crate::model::{
    ClassTotals, Cohorts, Contents, Dump, KeptMergedTrees, KeptTrees, Population, Projection, Rows,
};
use crate::pickle::{Fault, Outcome};
use crate::source::{Digest, Fetched, KeptFigures, Source};

/// Native files up to this size are read whole, and so checked whole: it takes no time.
const SMALL_BYTES: u64 = if cfg!(any(test, fuzzing)) { 0 } else { 1 << 20 };

/// How much of a file tells whether it is a dump: the first tracked object is within.
const HEAD_BYTES: u64 = 64 << 10;

/// An open dump.
///
/// A native file that is neither compressed nor a pipe is read where it is asked: a summary
/// takes no objects, and a selection those that it selects. Every other dump is read whole.
pub struct DumpFile(Kind);

enum Kind {
    Whole(Box<Dump>),
    Native(Box<Native>),
}

impl DumpFile {
    /// Opens a path, or standard input for `-`. Fails as [`Dump::load`].
    pub fn open(path: impl AsRef<Path>) -> Result<DumpFile, Error> {
        DumpFile::open_with(path, &ByteCount::default(), Damage::Refuse)
    }

    /// The same of a dump that may be cut short or damaged; and counts the bytes of the file as
    /// they are read.
    ///
    /// # Errors
    ///
    /// As [`Dump::load`]; of what is salvaged, if not one object is whole.
    pub fn open_with(
        path: impl AsRef<Path>,
        count: &ByteCount,
        damage: Damage,
    ) -> Result<DumpFile, Error> {
        let path = path.as_ref();
        let Some(file) = native_file(path) else {
            let dump = super::load_stream(path, count, damage)?;
            return Ok(DumpFile::from(dump));
        };
        let name = path.display().to_string();
        match NativeFile::open(file, count.clone()) {
            Ok(file) => {
                let native = Native::of(Arc::new(Mutex::new(file)), name, damage);
                Ok(DumpFile(Kind::Native(Box::new(native))))
            }
            Err(fault) => Err(explain(*fault, native::MAGIC, damage).in_file(&name)),
        }
    }

    /// The same for those who count lives: if the times contradict the order of the snapshots, the
    /// dump is read whole and [put in order](Dump::put_in_order). Fails as [`Dump::load`].
    pub fn in_order(self) -> Result<DumpFile, Error> {
        if let Kind::Native(native) = &self.0
            && native.has_times_in_order()?
        {
            return Ok(self);
        }
        let mut dump = self.into_whole()?;
        dump.put_in_order();
        Ok(DumpFile::from(dump))
    }

    /// Whether a file begins as a dump does, of either format, compressed or not: for those who
    /// are about to replace it. No is also the answer where it cannot be read.
    pub fn is_dump(path: impl AsRef<Path>) -> bool {
        let file = input::open(path.as_ref()).ok();
        let plain = file.and_then(|file| Decompressed::new(file).ok());
        let mut head = Vec::new();
        // Of a damaged one as much as can be read.
        let read = plain.map(|plain| plain.take(HEAD_BYTES).read_to_end(&mut head));
        read.is_some() && super::begins_as_dump(&head)
    }

    /// Whether all of it is in memory, so that no question reads more.
    pub fn is_read_whole(&self) -> bool {
        matches!(self.0, Kind::Whole(_))
    }

    /// The same open file, of which nothing is read yet: for those who ask many questions and keep
    /// none of the answers, and for threads, which then wait for each other only while they read.
    /// `None` of what is in memory anyway, which they may share.
    pub fn apart(&self) -> Option<DumpFile> {
        let Kind::Native(native) = &self.0 else {
            return None;
        };
        let file = Arc::clone(&native.file);
        let apart = Native::of(file, native.name.clone(), native.damage);
        Some(DumpFile(Kind::Native(Box::new(apart))))
    }

    /// Everything, for those who own it. Fails as [`Dump::load`].
    pub fn into_whole(self) -> Result<Dump, Error> {
        match self.0 {
            Kind::Whole(dump) => Ok(*dump),
            Kind::Native(native) => {
                native.whole()?;
                Ok(native.whole.into_inner().unwrap_or_default())
            }
        }
    }
}

impl From<Dump> for DumpFile {
    fn from(dump: Dump) -> Self {
        DumpFile(Kind::Whole(Box::new(dump)))
    }
}

impl DumpFile {
    fn source(&self) -> &dyn Source {
        match &self.0 {
            Kind::Whole(dump) => &**dump,
            Kind::Native(native) => &**native,
        }
    }
}

impl Source for DumpFile {
    fn digest(&self) -> Result<Digest<'_>, Error> {
        self.source().digest()
    }

    fn fetch(&self, wanted: Projection, rows: Rows<'_>) -> Result<Fetched<'_>, Error> {
        self.source().fetch(wanted, rows)
    }

    fn keep<'s>(&'s self, fetched: Fetched<'s>) -> &'s Contents {
        self.source().keep(fetched)
    }

    fn whole(&self) -> Result<&Dump, Error> {
        self.source().whole()
    }

    fn name(&self) -> &str {
        self.source().name()
    }
}

/// A native file that can be read anywhere, and what was read of it.
struct Native {
    /// Locked while something is read, and only then.
    file: Arc<Mutex<NativeFile>>,
    name: String,
    damage: Damage,
    digest: OnceLock<Contents>,
    class_totals: OnceLock<Option<ClassTotals>>,
    cohorts: OnceLock<Option<Cohorts>>,
    merged: OnceLock<KeptMergedTrees>,
    whole: OnceLock<Dump>,
    kept: Shelf,
}

impl Native {
    fn of(file: Arc<Mutex<NativeFile>>, name: String, damage: Damage) -> Native {
        Native {
            file,
            name,
            damage,
            digest: OnceLock::new(),
            class_totals: OnceLock::new(),
            cohorts: OnceLock::new(),
            merged: OnceLock::new(),
            whole: OnceLock::new(),
            kept: Shelf::default(),
        }
    }

    fn file(&self) -> MutexGuard<'_, NativeFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Native {
    fn digest(&self) -> Result<Digest<'_>, Error> {
        Ok(Digest {
            contents: once(&self.digest, || self.read(NativeFile::digest))?,
            file: Some(self),
        })
    }

    fn fetch(&self, wanted: Projection, rows: Rows<'_>) -> Result<Fetched<'_>, Error> {
        if let Some(dump) = self.whole.get() {
            return dump.fetch(wanted, rows);
        }
        let digest = self.digest()?.contents;
        let contents = self.read(|file| file.objects(wanted, rows, digest))?;
        Ok(Fetched::Read(Box::new(contents)))
    }

    fn keep<'s>(&'s self, fetched: Fetched<'s>) -> &'s Contents {
        match fetched {
            Fetched::Known(contents) => contents,
            Fetched::Read(contents) => self.kept.put(contents),
        }
    }

    fn whole(&self) -> Result<&Dump, Error> {
        once(&self.whole, || {
            let contents = self.read(NativeFile::whole)?;
            Ok(Dump { contents })
        })
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl KeptFigures for Native {
    fn class_totals(&self) -> Result<Option<&ClassTotals>, Error> {
        let read = || self.explained(self.file().class_totals());
        Ok(once(&self.class_totals, read)?.as_ref())
    }

    fn cohorts(&self) -> Result<Option<&Cohorts>, Error> {
        let digest = self.digest()?;
        let read = || self.explained(self.file().cohorts(digest.contents));
        Ok(once(&self.cohorts, read)?.as_ref())
    }

    fn merged_referents(&self, population: Population) -> Result<Option<KeptTrees<'_>>, Error> {
        let read = || self.explained(self.file().merged_trees());
        Ok(once(&self.merged, read)?.trees(population))
    }
}

impl Native {
    /// Whether it says what follows from its times, which files say only of times that are in
    /// order. Those of version 0.1.0 said it of any, so the snapshots are looked at too.
    fn has_times_in_order(&self) -> Result<bool, Error> {
        let times = self.explained(self.file().snapshot_times())?;
        let goes_back = times.windows(2).any(|pair| pair[1] < pair[0]);
        Ok(self.file().has_class_totals() && !goes_back)
    }

    fn explained<T>(&self, outcome: Outcome<T>) -> Result<T, Error> {
        outcome.map_err(|fault| self.explain(*fault))
    }

    fn explain(&self, fault: Fault) -> Error {
        explain(fault, native::MAGIC, self.damage).in_file(&self.name)
    }

    fn read(&self, read: impl FnOnce(&NativeFile) -> Outcome<Contents>) -> Result<Contents, Error> {
        let file = self.file();
        let mut contents = self.explained(read(&file))?;
        let size = input::size(Path::new(&self.name));
        let notes = &mut contents.notes;
        notes.checksum = Some(native::CHECKSUM);
        notes.file_bytes = size;
        notes.dump_bytes = file.end();
        notes.trailing_bytes = size.map_or(0, |size| size.saturating_sub(file.end()));
        Ok(contents)
    }
}

fn once<T>(cell: &OnceLock<T>, read: impl FnOnce() -> Result<T, Error>) -> Result<&T, Error> {
    if let Some(known) = cell.get() {
        return Ok(known);
    }
    let read = read()?;
    Ok(cell.get_or_init(|| read))
}

/// What was read and is kept, one behind the other. Nothing is taken out again, so that answers
/// may borrow from it.
#[derive(Default)]
struct Shelf(OnceLock<Box<(Box<Contents>, Shelf)>>);

impl Shelf {
    fn put(&self, contents: Box<Contents>) -> &Contents {
        let mut row = Box::new((contents, Shelf::default()));
        let mut end = self;
        loop {
            // Another thread may be faster.
            let taken = end.0.set(row);
            let there = end.0.get().expect("somebody has put a row there");
            match taken {
                Ok(()) => return &there.0,
                Err(back) => row = back,
            }
            end = &there.1;
        }
    }
}

/// The file, if it can be read anywhere and is a native one of a version that can. What
/// cannot be opened or read is told by those who then read it as a stream.
fn native_file(path: &Path) -> Option<File> {
    let mut file = input::open_file(path, SMALL_BYTES)?;
    let mut head = [0; 12];
    file.read_exact(&mut head).ok()?;
    native::is_columnar(&head).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diff::{Diff, DiffOptions};
    use crate::analysis::info::Info;
    use crate::analysis::leaks::{Leaks, LeaksOptions};
    use crate::analysis::lifetimes::{Lifetimes, LifetimesOptions};
    use crate::analysis::summary::{Summary, SummaryOptions};
    use crate::format::answers::answers;
    use crate::model::Rules;
    use crate::report::objects::{Detail, Objects};
    use crate::report::{Dialect, Form, JsonLayout, Report, pympler};
    use crate::select::{Filter, Limit, Selected, Selection, SortKey};

    /// Whatever can be loaded is known by its first bytes, and nothing else is.
    #[test]
    fn dumps_are_known_by_their_first_bytes() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut known = 0;
        for folder in ["dumps", "edited", "variants", "native", "invalid"] {
            for entry in root.join("fixtures").join(folder).read_dir().unwrap() {
                let path = entry.unwrap().path();
                let loads = Dump::load(&path).is_ok();
                let is_dump = DumpFile::is_dump(&path);
                assert!(is_dump || !loads, "{}", path.display());
                known += usize::from(is_dump);
            }
        }
        assert!(known > 240, "{known}");
        let others = ["tests/expected", "src/format", "src/report"].map(|name| root.join(name));
        for entry in others.iter().flat_map(|folder| folder.read_dir().unwrap()) {
            let path = entry.unwrap().path();
            assert!(!DumpFile::is_dump(&path), "{}", path.display());
        }
        let invalid = root.join("fixtures/invalid");
        let mut others = 0;
        for entry in invalid.read_dir().unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if ["other-", "packed-gz-of-text", "packed-zip", "packed-b64"]
                .iter()
                .any(|other| name.starts_with(other))
            {
                assert!(!DumpFile::is_dump(&path), "{name}");
                others += 1;
            }
        }
        assert!(others > 10, "{others}");
    }

    fn selections() -> Vec<Selection> {
        let limit = |limit| Selection {
            limit: Some(limit),
            ..Selection::default()
        };
        let mut all = vec![
            Selection::default(),
            limit(Limit::Count(1)),
            limit(Limit::Share(0.1)),
        ];
        for key in SortKey::NAMED.map(|(_, key)| key) {
            for (rules, reverse) in [(Rules::Documented, false), (Rules::Pympler, true)] {
                all.push(Selection {
                    sort: vec![key],
                    reverse,
                    rules,
                    ..limit(Limit::Count(2))
                });
            }
        }
        let filters = [
            Filter {
                classes: vec!["a".into()],
                ..Filter::default()
            },
            Filter {
                names: vec!["e".into()],
                ..Filter::default()
            },
            Filter {
                reprs: vec!["0x1".into()],
                ..Filter::default()
            },
            Filter {
                alive: Some(false),
                min_size_bytes: Some(100),
                ..Filter::default()
            },
        ];
        for filter in filters {
            all.push(Selection {
                filter,
                ..limit(Limit::Count(3))
            });
        }
        all
    }

    fn objects(selected: &Selected<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        let report = Objects::of(selected, Detail::default());
        report.json(&mut out, JsonLayout::Document).unwrap();
        pympler::Writer::new(&mut out, false)
            .objects(selected)
            .unwrap();
        out.extend(format!("{} {}", selected.all, selected.all_bytes).bytes());
        out
    }

    fn summary(summary: &Summary<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        Form::Csv(Dialect::Plain).write(&mut out, summary).unwrap();
        summary.json(&mut out, JsonLayout::Document).unwrap();
        out
    }

    /// Whether a native file was asked for everything.
    fn was_read_whole(file: &DumpFile) -> bool {
        matches!(&file.0, Kind::Native(native) if native.whole.get().is_some())
    }

    /// How many merged_trees a native file keeps, and whether it keeps cohorts.
    fn kept(file: &DumpFile) -> (usize, bool) {
        let Kind::Native(native) = &file.0 else {
            return (0, false);
        };
        let merged_trees = native.file().merged_trees().unwrap().merged_trees.len();
        (
            merged_trees,
            KeptFigures::cohorts(&**native).unwrap().is_some(),
        )
    }

    fn fixtures() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
    }

    /// Dumps of Pympler, each with the path of the same as a native file.
    fn each_as_native(mut see: impl FnMut(&Dump, &Path)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump.bin");
        let dumps = ["dumps", "edited"].map(|name| fixtures().join(name).read_dir().unwrap());
        let paths = dumps
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path());
        let more = ["leaky_shop.dump", "histories.dump.gz"].map(|name| fixtures().join(name));
        for dump in paths.chain(more) {
            if let Ok(whole) = Dump::load(dump) {
                whole.dump_stats(&path).unwrap();
                see(&whole, &path);
            }
        }
    }

    /// Whatever is asked of a file, it says what the whole of it says.
    #[test]
    fn a_part_read_is_what_the_whole_says() {
        let (mut parts, mut files) = (0, 0);
        each_as_native(|whole, path| {
            for selection in selections() {
                let file = DumpFile::open(path).unwrap();
                let selected = selection.select(&file).unwrap();
                let expected = objects(&selection.select(whole).unwrap());
                assert!(objects(&selected) == expected, "{selection:?}");
                parts += usize::from(!was_read_whole(&file));
            }
            for rules in [Rules::Documented, Rules::Pympler] {
                let options = SummaryOptions {
                    rules,
                    ..SummaryOptions::default()
                };
                let file = DumpFile::open(path).unwrap();
                let of_file = summary(&Summary::of(&file, options.clone()).unwrap());
                assert!(!was_read_whole(&file) || whole.clock_fault().is_some());
                assert!(of_file == summary(&Summary::of(whole, options).unwrap()));
            }
            let told = |info: Info<'_>| {
                format!(
                    "{:?}",
                    (info.alive, info.dead, info.samples, info.traps, info.peak)
                )
            };
            let file = DumpFile::open(path).unwrap();
            assert_eq!(
                told(Info::of(&file).unwrap()),
                told(Info::of(whole).unwrap())
            );
            files += 1;
        });
        assert!(files > 90 && parts > 500, "{files} files, {parts} parts");
    }

    #[test]
    fn analyses_of_a_part_say_what_the_whole_says() {
        let (mut parts, mut merged_trees) = (0, 0);
        each_as_native(|whole, path| {
            let mut filters: Vec<Filter> = selections().into_iter().map(|s| s.filter).collect();
            filters.dedup_by(|a, b| a.is_empty() && b.is_empty());
            assert_eq!(filters.len(), 5);
            for filter in filters {
                let file = DumpFile::open(path).unwrap();
                let of_file = answers(&file, &filter);
                for (part, expected) in of_file.iter().zip(answers(whole, &filter)) {
                    assert!(*part == expected, "{filter:?}\n{part}\n{expected}");
                }
            }
            let file = DumpFile::open(path).unwrap();
            Leaks::of(&file, &LeaksOptions::default()).unwrap();
            parts += usize::from(!was_read_whole(&file));
            merged_trees += kept(&file).0;
        });
        assert!(
            parts > 80 && merged_trees > 50,
            "{parts} parts, {merged_trees} merged_trees"
        );
    }

    /// Two checkpoints of one process are known again by what is read of native files.
    #[test]
    fn identities_are_read_of_native_files() {
        let folder = tempfile::tempdir().unwrap();
        let dumps = ["checkpoint_early", "checkpoint_late"].map(|name| {
            let whole = Dump::load(fixtures().join(name).with_extension("dump")).unwrap();
            let path = folder.path().join(name);
            whole.dump_stats(&path).unwrap();
            (whole, DumpFile::open(&path).unwrap())
        });
        let [(old, old_file), (new, new_file)] = &dumps;
        let options = DiffOptions::default();
        let whole = Diff::of_dumps(old, new, &options).unwrap();
        assert!(whole.is_one_process);
        let part = Diff::of_dumps(old_file, new_file, &options).unwrap();
        assert_eq!(format!("{part:?}"), format!("{whole:?}"));
        assert!(!was_read_whole(old_file) && !was_read_whole(new_file));
    }

    /// Found by review: walks that end at their budget end at the same place, though a part has
    /// fewer referents than the whole.
    #[test]
    fn a_tree_that_contains_itself_is_cut_alike() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump.bin");
        let mut whole = Dump::load(fixtures().join("leaky_shop.dump")).unwrap();
        let cart = whole
            .objects()
            .filter(|object| object.class().name().contains("Cart") && object.is_alive())
            .last();
        let asized = cart.unwrap().samples().next_back().unwrap().asized.id();
        let group = whole.asized.rows[asized.index()].group;
        let members = whole.asized.group_range(group);
        whole.contents.asized.referents[members.start] = asized;
        whole.dump_stats(&path).unwrap();
        let file = DumpFile::open(&path).unwrap();
        // That of the first snapshot, at which the cart was not there.
        assert_eq!(kept(&file).0, 1);
        let filter = Filter::default();
        assert_eq!(answers(&file, &filter), answers(&whole, &filter));
    }

    /// As ctstats wrote it before it kept cohorts and trees: the columns tell the same.
    #[test]
    fn older_files_say_the_same() {
        let whole = Dump::load(fixtures().join("shop.dump")).unwrap();
        let filter = Filter::default();
        for (name, merged_trees, cohorts) in
            [("shop-v2.bin", 0, false), ("shop-v2-cohorts.bin", 3, true)]
        {
            let file = DumpFile::open(fixtures().join("native").join(name)).unwrap();
            assert_eq!(answers(&file, &filter), answers(&whole, &filter), "{name}");
            assert_eq!(kept(&file), (merged_trees, cohorts), "{name}");
        }
    }

    /// No byte of a file can be changed so that a command says something else.
    #[test]
    fn damage_is_refused_or_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump.bin");
        let whole = Dump::load(fixtures().join("shop.dump")).unwrap();
        let mut bytes = Vec::new();
        whole.dump_stats_to(&mut bytes).unwrap();
        let selection = Selection {
            sort: vec![SortKey::Size],
            limit: Some(Limit::Count(3)),
            ..Selection::default()
        };
        let options = LifetimesOptions::default();
        let lifetimes = |of: Lifetimes<'_>| serde_json::to_string(&of).unwrap();
        let printed = objects(&selection.select(&whole).unwrap());
        let summed = summary(&Summary::of(&whole, SummaryOptions::default()).unwrap());
        let lived = lifetimes(Lifetimes::of(&whole, &options).unwrap());
        let mut refused = 0;
        for index in (0..bytes.len()).step_by(3) {
            bytes[index] ^= 0x41;
            std::fs::write(&path, &bytes).unwrap();
            bytes[index] ^= 0x41;
            let Ok(file) = DumpFile::open(&path) else {
                refused += 1;
                continue;
            };
            match selection.select(&file) {
                Ok(selected) => assert!(objects(&selected) == printed, "{index}"),
                Err(_) => refused += 1,
            }
            if let Ok(of) = Summary::of(&file, SummaryOptions::default()) {
                assert!(summary(&of) == summed, "{index}");
            }
            if let Ok(of) = Lifetimes::of(&file, &options) {
                assert!(lifetimes(of) == lived, "{index}");
            }
        }
        assert!(refused > bytes.len() / 10, "{refused}");
    }
}
