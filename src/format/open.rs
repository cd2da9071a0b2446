//! A dump that is read as far as a command needs it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::native::{self, NativeFile};
use super::{Damage, explain};
use crate::error::Error;
use crate::input::{self, ByteCount, Decompressed};
use crate::model::{Dump, Rules, Sizes, Survivors};
use crate::pickle::{Fault, Outcome};
use crate::select::{Filter, Selected, Selection};

/// Native files up to this size are read whole, and so checked whole: it takes no time.
const SMALL_BYTES: u64 = if cfg!(any(test, fuzzing)) { 0 } else { 1 << 20 };

/// How much of a file tells whether it is a dump: the first tracked object is within.
const HEAD_BYTES: u64 = 64 << 10;

/// An open dump.
///
/// A native file that is neither compressed nor a pipe is read where it is asked: a summary
/// takes no objects, and a selection those that it selects. Every other dump is read whole.
pub struct DumpFile(Kind);

/// What to read of objects beside their classes, births and deaths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lives {
    /// Their traces.
    pub traces: bool,
    /// Their own class names.
    pub names: bool,
    /// Their reprs.
    pub reprs: bool,
    /// Their addresses.
    pub addresses: bool,
    /// Their largest sizes.
    pub sizes: bool,
}

enum Kind {
    Whole(Box<Dump>),
    Native(Native),
}

/// A native file that can be read anywhere.
struct Native {
    file: NativeFile,
    name: String,
    damage: Damage,
}

impl DumpFile {
    /// Opens a path, or standard input for `-`.
    ///
    /// # Errors
    ///
    /// As [`Dump::load`].
    pub fn open(path: impl AsRef<Path>) -> Result<DumpFile, Error> {
        DumpFile::open_counted(path, &ByteCount::default())
    }

    /// The same, and counts the bytes of the file as they are read.
    ///
    /// # Errors
    ///
    /// As [`Dump::load`].
    pub fn open_counted(path: impl AsRef<Path>, count: &ByteCount) -> Result<DumpFile, Error> {
        DumpFile::open_with(path, count, Damage::Refuse)
    }

    /// The same of a dump that may be cut short or damaged.
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
            return Ok(DumpFile(Kind::Whole(Box::new(dump))));
        };
        let name = path.display().to_string();
        match NativeFile::open(file, count.clone()) {
            Ok(file) => Ok(DumpFile(Kind::Native(Native { file, name, damage }))),
            Err(fault) => Err(explain(*fault, native::MAGIC, damage).in_file(&name)),
        }
    }

    /// The same for those who count lives: if the times contradict the order of the snapshots, the
    /// dump is read whole and [put in order](Dump::put_in_order).
    ///
    /// # Errors
    ///
    /// As [`Dump::load`].
    pub fn in_order(self) -> Result<DumpFile, Error> {
        if let Kind::Native(native) = &self.0
            && native.has_times_in_order()?
        {
            return Ok(self);
        }
        let mut dump = self.whole()?;
        dump.put_in_order();
        Ok(DumpFile(Kind::Whole(Box::new(dump))))
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

    /// Everything.
    ///
    /// # Errors
    ///
    /// As [`Dump::load`].
    pub fn whole(self) -> Result<Dump, Error> {
        self.read(NativeFile::whole)
    }

    /// At least what a summary of these objects tells.
    ///
    /// # Errors
    ///
    /// As [`Dump::load`].
    pub fn summary(self, filter: &Filter) -> Result<Dump, Error> {
        Ok(self.in_outline(filter, NativeFile::outline)?.0)
    }

    /// At least what a summary of these objects tells, and who was born and died between which
    /// snapshots; with `trees` also the coalesced trees of referents that the file keeps. Where
    /// that is not all, the rest is handed out too, to be read if it takes more.
    ///
    /// # Errors
    ///
    /// As [`Dump::load`].
    pub fn history(self, filter: &Filter, trees: bool) -> Result<(Dump, Option<DumpFile>), Error> {
        self.in_outline(filter, |file| file.history(trees))
    }

    /// The same with the lives and addresses of all objects.
    ///
    /// # Errors
    ///
    /// As [`Dump::load`].
    pub fn identities(
        self,
        filter: &Filter,
        trees: bool,
    ) -> Result<(Dump, Option<DumpFile>), Error> {
        self.in_outline(filter, |file| file.identities(trees))
    }

    /// At least what a summary of these objects tells, and when they were born and died.
    ///
    /// # Errors
    ///
    /// As [`Dump::load`].
    pub fn lifetimes(self, filter: &Filter) -> Result<Dump, Error> {
        let read = |file: &NativeFile| Ok(file.lives(Lives::default())?.0);
        Ok(self.in_outline(filter, read)?.0)
    }

    /// Reads less than the whole, if that has what a summary tells of these objects.
    fn in_outline(
        self,
        filter: &Filter,
        read: impl FnOnce(&NativeFile) -> Outcome<Dump>,
    ) -> Result<(Dump, Option<DumpFile>), Error> {
        if let Kind::Native(native) = &self.0
            && filter.admits_every_object()
            && native.file.has_cells()
        {
            let dump = native.read(read)?;
            return Ok((dump, Some(self)));
        }
        Ok((self.whole()?, None))
    }

    /// At least the objects of these classes that survived, with other numbers, and their
    /// samples of the moment at which they are alive; and what these refer to if asked for.
    /// Classes and snapshots keep their numbers. Addresses and reprs may be missing but for those
    /// of the objects that `shown` names, by their numbers in the dump that it is given.
    ///
    /// # Errors
    ///
    /// As [`Dump::load`].
    pub fn survivors(
        self,
        classes: &[u32],
        survivors: Survivors,
        referents: bool,
        shown: impl FnOnce(&Dump) -> Vec<u32>,
    ) -> Result<Dump, Error> {
        self.read(|file| file.survivors(classes, survivors, referents, shown))
    }

    /// At least the lives of all objects, with what is asked for, and their largest sizes by
    /// [`Rules::Documented`]. What is not asked for may be missing: texts read `None`, and
    /// objects have no samples.
    ///
    /// # Errors
    ///
    /// As [`Dump::load`].
    pub fn lives(self, more: Lives) -> Result<(Dump, Sizes), Error> {
        let mut sizes = None;
        let dump = self.read(|file| {
            let (dump, some) = file.lives(more)?;
            sizes = Some(some);
            Ok(dump)
        })?;
        let sizes = sizes.unwrap_or_else(|| Sizes::of(&dump, Rules::Documented));
        Ok((dump, sizes))
    }

    /// At least what [`Info`](crate::analysis::info::Info) tells.
    ///
    /// # Errors
    ///
    /// As [`Dump::load`].
    pub fn outline(self) -> Result<Dump, Error> {
        self.read(NativeFile::told)
    }

    /// At least the objects that a selection selects, and those.
    ///
    /// # Errors
    ///
    /// As [`Dump::load`].
    pub fn select(self, selection: &Selection) -> Result<(Dump, Selected), Error> {
        let mut selected = None;
        let dump = self.read(|file| match file.select(selection)? {
            Some((dump, some)) => {
                selected = Some(some);
                Ok(dump)
            }
            None => file.whole(),
        })?;
        let selected = selected.unwrap_or_else(|| selection.select(&dump));
        Ok((dump, selected))
    }

    fn read(self, read: impl FnOnce(&NativeFile) -> Outcome<Dump>) -> Result<Dump, Error> {
        match self.0 {
            Kind::Whole(dump) => Ok(*dump),
            Kind::Native(native) => native.read(read),
        }
    }
}

impl Native {
    /// Whether it says what follows from its times, which files say only of times that are in
    /// order. Those of version 0.1.0 said it of any, so the snapshots are looked at too.
    fn has_times_in_order(&self) -> Result<bool, Error> {
        let times = self.file.snapshot_times();
        let times = times.map_err(|fault| self.explain(*fault))?;
        let goes_back = times.windows(2).any(|pair| pair[1] < pair[0]);
        Ok(self.file.has_cells() && !goes_back)
    }

    fn explain(&self, fault: Fault) -> Error {
        explain(fault, native::MAGIC, self.damage).in_file(&self.name)
    }

    fn read(&self, read: impl FnOnce(&NativeFile) -> Outcome<Dump>) -> Result<Dump, Error> {
        let Native { file, name, .. } = self;
        let mut dump = read(file).map_err(|fault| self.explain(*fault))?;
        let size = input::size(Path::new(name));
        dump.notes.checksum = Some(native::CHECKSUM);
        dump.notes.file_bytes = size;
        dump.notes.dump_bytes = file.end();
        dump.notes.trailing_bytes = size.map_or(0, |size| size.saturating_sub(file.end()));
        Ok(dump)
    }
}

/// The file, if it can be read anywhere and is a native one of a version that can. What
/// cannot be opened or read is told by those who then read it as a stream.
fn native_file(path: &Path) -> Option<File> {
    if path == Path::new(input::STDIN) {
        return None;
    }
    // A pipe by name would lose what is read of it here.
    input::size(path).filter(|&size| size > SMALL_BYTES)?;
    let mut file = File::open(path).ok()?;
    let mut head = [0; 12];
    file.read_exact(&mut head).ok()?;
    native::is_columnar(&head).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diff::{Diff, DiffOptions};
    use crate::analysis::info::Info;
    use crate::analysis::lifetimes::{Lifetimes, LifetimesOptions};
    use crate::analysis::summary::{Summary, SummaryOptions};
    use crate::format::answers::answers;
    use crate::report::{csv, json, pympler};
    use crate::select::{Limit, SortKey};

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

    fn objects(dump: &Dump, selected: &Selected) -> Vec<u8> {
        let mut out = Vec::new();
        json::objects(&mut out, dump, selected, json::Stringing::Document).unwrap();
        pympler::Writer::new(&mut out, false)
            .objects(dump, selected)
            .unwrap();
        out.extend(format!("{} {}", selected.all, selected.all_bytes).bytes());
        out
    }

    fn summary(dump: &Dump, options: &SummaryOptions) -> Vec<u8> {
        let mut out = Vec::new();
        let summary = Summary::of(dump, options.clone()).unwrap();
        csv::summary(&mut out, &summary, csv::Dialect::Plain).unwrap();
        json::summary(&mut out, &summary, json::Stringing::Document).unwrap();
        out
    }

    /// Whatever is asked of a file, it says what the whole of it says.
    #[test]
    fn a_part_read_is_what_the_whole_says() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump.bin");
        let (mut parts, mut files) = (0, 0);
        let dumps = ["dumps", "edited"].map(|name| root.join(name).read_dir().unwrap());
        for entry in dumps.into_iter().flatten() {
            let Ok(whole) = Dump::load(entry.unwrap().path()) else {
                continue;
            };
            whole.dump_stats(&path).unwrap();
            let file = || DumpFile::open(&path).unwrap();
            for selection in selections() {
                let (dump, selected) = file().select(&selection).unwrap();
                let expected = objects(&whole, &selection.select(&whole));
                assert!(objects(&dump, &selected) == expected, "{selection:?}");
                parts += usize::from(dump.object_count() < whole.object_count());
            }
            for rules in [Rules::Documented, Rules::Pympler] {
                let options = SummaryOptions {
                    rules,
                    ..SummaryOptions::default()
                };
                let dump = file().summary(&options.filter).unwrap();
                assert!(dump.derived.is_some() || whole.clock_fault().is_some());
                assert!(summary(&dump, &options) == summary(&whole, &options));
            }
            let told = |dump: &Dump| {
                let info = Info::of(dump);
                format!(
                    "{:?}",
                    (info.alive, info.dead, info.samples, info.missing, info.peak)
                )
            };
            assert_eq!(told(&file().outline().unwrap()), told(&whole));
            files += 1;
        }
        assert!(files > 90 && parts > 500, "{files} files, {parts} parts");
    }

    #[test]
    fn analyses_of_a_part_say_what_the_whole_says() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump.bin");
        let (mut parts, mut forests) = (0, 0);
        let dumps = ["dumps", "edited"].map(|name| root.join(name).read_dir().unwrap());
        let dumps = dumps.into_iter().flatten();
        let paths = dumps.map(|entry| entry.unwrap().path());
        for dump in paths.chain([root.join("leaky_shop.dump"), root.join("histories.dump.gz")]) {
            let Ok(whole) = Dump::load(dump) else {
                continue;
            };
            whole.dump_stats(&path).unwrap();
            let file = || DumpFile::open(&path).unwrap();
            let mut filters: Vec<Filter> = selections().into_iter().map(|s| s.filter).collect();
            filters.dedup_by(|a, b| a.is_empty() && b.is_empty());
            assert_eq!(filters.len(), 5);
            for filter in filters {
                for [part, expected] in answers(&whole, file, &filter) {
                    assert!(part == expected, "{filter:?}\n{part}\n{expected}");
                }
            }
            let (dump, rest) = file().history(&Filter::default(), true).unwrap();
            parts += usize::from(rest.is_some() && dump.objects.len() < whole.objects.len());
            forests += dump.derived.map_or(0, |derived| derived.forests.len());
        }
        assert!(
            parts > 80 && forests > 50,
            "{parts} parts, {forests} forests"
        );
    }

    /// Two checkpoints of one process are known again by what is read of native files.
    #[test]
    fn identities_are_read_of_native_files() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let folder = tempfile::tempdir().unwrap();
        let filter = Filter::default();
        let dumps = ["checkpoint_early", "checkpoint_late"].map(|name| {
            let whole = Dump::load(root.join(name).with_extension("dump")).unwrap();
            let path = folder.path().join(name);
            whole.dump_stats(&path).unwrap();
            let file = DumpFile::open(&path).unwrap();
            let (part, rest) = file.identities(&filter, false).unwrap();
            assert!(rest.is_some(), "it is not read whole");
            (whole, part)
        });
        let [(old, old_part), (new, new_part)] = &dumps;
        let options = DiffOptions::default();
        let whole = Diff::of_dumps(old, new, &options).unwrap();
        assert!(whole.is_one_process);
        let part = Diff::of_dumps(old_part, new_part, &options).unwrap();
        assert_eq!(format!("{part:?}"), format!("{whole:?}"));
    }

    /// Found by review: walks that end at their budget end at the same place, though a part has
    /// fewer referents than the whole.
    #[test]
    fn a_tree_that_contains_itself_is_cut_alike() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump.bin");
        let mut whole = Dump::load(root.join("leaky_shop.dump")).unwrap();
        let cart = whole
            .objects()
            .filter(|object| object.class().name().contains("Cart") && object.is_alive())
            .last();
        let asized = cart.unwrap().samples().next_back().unwrap().asized.number;
        let group = whole.asized.rows[asized as usize].group;
        let members = whole.asized.group_range(group);
        whole.asized.referents[members.start] = asized;
        whole.dump_stats(&path).unwrap();
        let file = || DumpFile::open(&path).unwrap();
        let (dump, _) = file().history(&Filter::default(), true).unwrap();
        // That of the first snapshot, at which the cart was not there.
        assert_eq!(dump.derived.unwrap().forests.len(), 1);
        for [part, expected] in answers(&whole, file, &Filter::default()) {
            assert!(part == expected, "{part}\n{expected}");
        }
    }

    /// As ctstats wrote it before it kept cohorts and trees: the columns tell the same.
    #[test]
    fn older_files_say_the_same() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let whole = Dump::load(root.join("shop.dump")).unwrap();
        for (name, cohorts) in [("shop-v2.bin", false), ("shop-v2-cohorts.bin", true)] {
            let file = || DumpFile::open(root.join("native").join(name)).unwrap();
            for [part, expected] in answers(&whole, file, &Filter::default()) {
                assert!(part == expected, "{name}\n{part}\n{expected}");
            }
            let (dump, _) = file().history(&Filter::default(), true).unwrap();
            let derived = dump.derived.unwrap();
            assert_eq!(derived.cohorts.is_some(), cohorts);
            assert_eq!(derived.forests.len(), if cohorts { 3 } else { 0 });
        }
    }

    /// No byte of a file can be changed so that a command says something else.
    #[test]
    fn damage_is_refused_or_does_not_matter() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump.bin");
        let whole = Dump::load(root.join("shop.dump")).unwrap();
        let mut bytes = Vec::new();
        whole.dump_stats_to(&mut bytes).unwrap();
        let selection = Selection {
            sort: vec![SortKey::Size],
            limit: Some(Limit::Count(3)),
            ..Selection::default()
        };
        let options = SummaryOptions::default();
        let printed = objects(&whole, &selection.select(&whole));
        let summed = summary(&whole, &options);
        let lifetimes = |dump: &Dump| {
            let lifetimes = Lifetimes::of(dump, &LifetimesOptions::default());
            serde_json::to_string(&lifetimes).unwrap()
        };
        let lived = lifetimes(&whole);
        let mut refused = 0;
        for index in (0..bytes.len()).step_by(3) {
            bytes[index] ^= 0x41;
            std::fs::write(&path, &bytes).unwrap();
            bytes[index] ^= 0x41;
            let file = || DumpFile::open(&path);
            match file().and_then(|file| file.select(&selection)) {
                Ok((dump, selected)) => assert!(objects(&dump, &selected) == printed, "{index}"),
                Err(_) => refused += 1,
            }
            if let Ok(dump) = file().and_then(|file| file.summary(&options.filter)) {
                assert!(summary(&dump, &options) == summed, "{index}");
            }
            if let Ok(dump) = file().and_then(|file| file.lifetimes(&options.filter)) {
                assert!(lifetimes(&dump) == lived, "{index}");
            }
        }
        assert!(refused > bytes.len() / 10, "{refused}");
    }
}
