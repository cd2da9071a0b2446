//! A native file that can be read anywhere: only what a command needs is.

use std::fs::File;

use super::column::all;
use super::container::{Sections, VERSION};
use super::{derived, part, snapshots, sound, survivors, tables, verified};
use crate::format::Lives;
use crate::input::ByteCount;
use crate::model::{Dump, ObjectColumns, Rules, Sizes, Survivors};
use crate::pickle::{Outcome, malformed};
use crate::select::{Selected, Selection, SortKey};

/// Of so many objects at most one is worth reading on its own.
const SPARSE: usize = 8;

/// Sizes, and what those that Pympler tells are more.
struct SizeColumns {
    documented: &'static str,
    pympler: &'static str,
}

const LARGEST: SizeColumns = SizeColumns {
    documented: "obj.largest",
    pympler: "obj.p_largest",
};

const AT_PEAK: SizeColumns = SizeColumns {
    documented: "obj.at_peak",
    pympler: "obj.p_at_peak",
};

/// Which columns of objects to read beside their classes.
struct Wanted {
    births: bool,
    deaths: bool,
    traces: bool,
    names: bool,
    reprs: bool,
    addresses: bool,
}

/// An open file.
pub(in crate::format) struct NativeFile {
    sections: Sections,
}

impl NativeFile {
    /// Reads the section table.
    pub(in crate::format) fn open(file: File, count: ByteCount) -> Outcome<Self> {
        Ok(NativeFile {
            sections: Sections::of_file(file, count)?,
        })
    }

    /// Where the dump ends in the file.
    pub(in crate::format) fn end(&self) -> u64 {
        self.sections.end
    }

    /// Everything.
    pub(in crate::format) fn whole(&self) -> Outcome<Dump> {
        let dump = sound(VERSION, tables::read(&self.sections)?)?;
        derived::compare(&self.sections, &dump)?;
        Ok(dump)
    }

    /// Classes, snapshots and what the file says of the whole, but no objects.
    pub(in crate::format) fn outline(&self) -> Outcome<Dump> {
        self.outline_with(derived::Wanted::default())
    }

    /// The same, and who was born and died between which snapshots: what the file keeps of that,
    /// or else the lives of all objects. If asked for also the trees of referents that it keeps.
    pub(in crate::format) fn history(&self, trees: bool) -> Outcome<Dump> {
        let wanted = derived::Wanted {
            cohorts: true,
            forests: trees,
        };
        if derived::has_cohorts(&self.sections) {
            return self.outline_with(wanted);
        }
        Ok(self.objects(Lives::default(), wanted)?.0)
    }

    /// Whether it keeps what a summary tells.
    pub(in crate::format) fn has_cells(&self) -> bool {
        derived::has_cells(&self.sections)
    }

    /// The times of the snapshots in seconds, in the order of the dump.
    pub(in crate::format) fn snapshot_times(&self) -> Outcome<Vec<f64>> {
        self.sections.begin();
        let rows = snapshots::read_value(&self.sections)?;
        let order: Vec<u32> = all(&self.sections, "snap.row")?;
        // Whoever reads the dump finds a row that is not there.
        let row = |&row: &u32| rows.get(row as usize);
        Ok(order
            .iter()
            .filter_map(row)
            .map(|row| row.timestamp)
            .collect())
    }

    /// The same, and how many are alive is compared with who lived when, if the file keeps that.
    pub(in crate::format) fn told(&self) -> Outcome<Dump> {
        self.outline_with(derived::Wanted {
            cohorts: true,
            forests: false,
        })
    }

    /// The same with the lives and addresses of all objects.
    pub(in crate::format) fn identities(&self, trees: bool) -> Outcome<Dump> {
        let more = Lives {
            addresses: true,
            ..Lives::default()
        };
        let wanted = derived::Wanted {
            cohorts: true,
            forests: trees,
        };
        Ok(self.objects(more, wanted)?.0)
    }

    fn outline_with(&self, wanted: derived::Wanted) -> Outcome<Dump> {
        self.sections.begin();
        let mut dump = self.without_objects(wanted)?;
        part::unlist(&mut dump.classes);
        part::read_texts(&self.sections, &mut dump)?;
        sound(VERSION, dump)
    }

    /// All objects with their classes and their lives, and what `more` asks for, but without
    /// their samples; and their largest sizes, if asked for.
    pub(in crate::format) fn lives(&self, more: Lives) -> Outcome<(Dump, Sizes)> {
        self.objects(more, derived::Wanted::default())
    }

    fn objects(&self, more: Lives, wanted: derived::Wanted) -> Outcome<(Dump, Sizes)> {
        self.sections.begin();
        let sections = &self.sections;
        let mut dump = self.without_objects(wanted)?;
        dump.listed = all(sections, "listed")?;
        dump.objects = self.columns(Wanted {
            births: true,
            deaths: true,
            traces: more.traces,
            names: more.names,
            reprs: more.reprs,
            addresses: more.addresses,
        })?;
        if more.traces {
            dump.traces = tables::read_traces(sections)?;
        }
        let mut sizes = Vec::new();
        if more.sizes {
            sizes = self.sizes(LARGEST, Rules::Documented)?;
            tables::same_length("obj", &[dump.objects.len(), sizes.len()])?;
        }
        self.texts(&mut dump)?;
        let dump = sound(VERSION, dump)?;
        derived::compare_lives(&dump)?;
        Ok((dump, Sizes::from_parts(sizes, Vec::new())))
    }

    /// The classes, the snapshots and what the file says of the whole; texts keep the numbers of the
    /// file for now.
    fn without_objects(&self, wanted: derived::Wanted) -> Outcome<Dump> {
        let sections = &self.sections;
        let classes = tables::read_classes(sections)?;
        let derived = derived::read(sections, &classes, wanted)?;
        let mut dump = part::without_objects(sections, classes, derived)?;
        // Their trees are not told without samples.
        for snapshot in &mut dump.snapshots {
            for cached in snapshot.classes.iter_mut().flatten() {
                cached.merged = None;
            }
        }
        Ok(dump)
    }

    /// Some columns of all objects; the others are empty. One of nothing for a million objects
    /// would take as long as one that is read.
    fn columns(&self, wanted: Wanted) -> Outcome<ObjectColumns> {
        let sections = &self.sections;
        let mut objects = ObjectColumns::default();
        objects.class = all(sections, "obj.class")?;
        let mut lengths = vec![objects.len()];
        if wanted.births {
            objects.birth = tables::read_floats(sections, "obj.birth")?;
            lengths.push(objects.birth.len());
        }
        if wanted.deaths {
            objects.set_raw_deaths(tables::read_floats(sections, "obj.death")?);
            lengths.push(objects.raw_deaths().len());
        }
        if wanted.traces {
            objects.trace = all(sections, "obj.trace")?;
            lengths.push(objects.trace.len());
        }
        if wanted.names {
            objects.name = tables::read_texts(sections, "obj.name")?;
            lengths.push(objects.name.len());
        }
        if wanted.reprs {
            objects.repr = tables::read_texts(sections, "obj.repr")?;
            lengths.push(objects.repr.len());
        }
        if wanted.addresses {
            tables::read_addresses(sections, &mut objects)?;
            lengths.push(objects.address.len());
        }
        tables::same_length("obj", &lengths)?;
        Ok(objects)
    }

    /// The texts of a dump of all objects: all of them if objects have some, since picking those
    /// of a million out takes longer.
    fn texts(&self, dump: &mut Dump) -> Outcome<()> {
        if dump.objects.name.is_empty() && dump.objects.repr.is_empty() {
            return part::read_texts(&self.sections, dump);
        }
        dump.text = tables::read_text(&self.sections)?;
        Ok(())
    }

    /// The survivors of these classes, with their samples of the moment at which they are alive,
    /// and what these refer to if asked for. Reprs and addresses are read of those alone that
    /// `shown` names, by their numbers in the dump that it is given.
    pub(in crate::format) fn survivors(
        &self,
        classes: &[u32],
        survivors: Survivors,
        referents: bool,
        shown: impl FnOnce(&Dump) -> Vec<u32>,
    ) -> Outcome<Dump> {
        self.sections.begin();
        let sections = &self.sections;
        let (dump, numbers) = survivors::read(sections, classes, survivors, referents)?;
        let mut dump = verified(VERSION, dump)?;
        let shown = shown(&dump);
        survivors::identify(sections, &mut dump, &numbers, shown)?;
        verified(VERSION, dump)
    }

    /// Selects objects by the columns that this takes, and reads those alone; `None` where
    /// they are so many that the whole is read sooner.
    pub(in crate::format) fn select(
        &self,
        selection: &Selection,
    ) -> Outcome<Option<(Dump, Selected)>> {
        if selection.limit.is_none() && selection.filter.is_empty() {
            return Ok(None);
        }
        self.sections.begin();
        let whole = self.selectable(selection)?;
        let rules = selection.rules;
        let count = whole.objects.len();
        let largest = self.sizes(LARGEST, rules)?;
        tables::same_length("obj", &[count, largest.len()])?;
        let mut at_peak = Vec::new();
        let by_peak = selection.keys().contains(&SortKey::Tsize);
        if by_peak {
            at_peak = self.sizes(AT_PEAK, rules)?;
            tables::same_length("obj", &[count, at_peak.len()])?;
        }
        let chosen = selection.select_by(&whole, Sizes::from_parts(largest, at_peak));
        if chosen.objects.len() > count / SPARSE {
            return Ok(None);
        }
        let mut numbers = chosen.objects.clone();
        numbers.sort_unstable();
        numbers.dedup();
        let dump = sound(VERSION, part::read(&self.sections, &numbers)?)?;
        let own = |number| numbers.binary_search(number).unwrap_or_default() as u32;
        // The file's own figures chose them, but those of the samples are told.
        let sizes = Sizes::of(&dump, rules);
        let same = |(own, &n): (u32, &u32)| {
            sizes.largest_bytes(own) == chosen.sizes.largest_bytes(n)
                && (!by_peak || sizes.at_peak_bytes(own) == chosen.sizes.at_peak_bytes(n))
        };
        if !(0..).zip(&numbers).all(same) {
            let what = "section 'obj.largest' or 'obj.at_peak' is damaged: \
                        it is not what the samples say";
            return Err(malformed(what));
        }
        let selected = Selected {
            objects: chosen.objects.iter().map(own).collect(),
            sizes,
            ..chosen
        };
        Ok(Some((dump, selected)))
    }

    /// A dump of all objects with no more of them than a selection looks at: their other
    /// columns are empty.
    fn selectable(&self, selection: &Selection) -> Outcome<Dump> {
        let sections = &self.sections;
        let keys = selection.keys();
        let filter = &selection.filter;
        let has = |key| keys.contains(&key);
        let mut dump = Dump {
            classes: tables::read_classes(sections)?,
            listed: all(sections, "listed")?,
            objects: self.columns(Wanted {
                births: has(SortKey::Birth),
                deaths: has(SortKey::Death) || filter.alive.is_some(),
                traces: false,
                names: has(SortKey::Name) || !filter.names.is_empty(),
                reprs: has(SortKey::Repr) || !filter.reprs.is_empty(),
                addresses: false,
            })?,
            ..Dump::default()
        };
        self.texts(&mut dump)?;
        sound(VERSION, dump)
    }

    /// Sizes of all objects by some rules.
    fn sizes(&self, columns: SizeColumns, rules: Rules) -> Outcome<Vec<i64>> {
        let mut sizes: Vec<i64> = all(&self.sections, columns.documented)?;
        if rules == Rules::Pympler {
            let more: Vec<i64> = all(&self.sections, columns.pympler)?;
            tables::same_length(columns.pympler, &[sizes.len(), more.len()])?;
            for (size, more) in sizes.iter_mut().zip(more) {
                *size = size.wrapping_add(more);
            }
        }
        Ok(sizes)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{column, container, tables};
    use super::*;
    use crate::select::Limit;

    /// Found by fuzzing and by review: columns of one thing that differ in length, or that say
    /// what cannot be, checksums right.
    #[test]
    fn an_odd_column_is_damage_and_no_panic() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let dump = Dump::load(root.join("fixtures/shop.dump")).unwrap();
        let (sections, _) = tables::write(&dump);
        let names: Vec<&str> = sections.iter().map(|(name, _)| *name).collect();
        let survivors = Survivors::of(dump.first_and_last_snapshots().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump.bin");
        let all = Lives {
            traces: true,
            names: true,
            reprs: true,
            addresses: true,
            sizes: true,
        };
        let mut refused = 0;
        for name in names.iter().filter(|name| name.contains('.')) {
            // Also one that rises and falls without end, as no column of ends does.
            for (length, top) in [(0, 0), (1, 0), (100_000, 0), (100_000, 99_999)] {
                let (mut sections, _) = tables::write(&dump);
                let section = sections.iter_mut().find(|section| section.0 == *name);
                let values = (0..length).map(|place| if place % 2 == 0 { top } else { 0 });
                section.unwrap().1 = column::column(values);
                let mut bytes = Vec::new();
                container::write(&mut bytes, &sections, 0).unwrap();
                std::fs::write(&path, &bytes).unwrap();
                refused += usize::from(Dump::read(&bytes[..]).is_err());
                for (_, key) in SortKey::NAMED {
                    let selection = Selection {
                        sort: vec![key],
                        limit: Some(Limit::Count(1)),
                        ..Selection::default()
                    };
                    let file = File::open(&path).unwrap();
                    let file = NativeFile::open(file, ByteCount::default()).unwrap();
                    refused += usize::from(file.select(&selection).is_err());
                    refused += usize::from(file.outline().is_err());
                    refused += usize::from(file.lives(all).is_err());
                    refused += usize::from(file.history(true).is_err());
                    refused += usize::from(
                        file.survivors(&[0, 1], survivors, true, |_| vec![0])
                            .is_err(),
                    );
                }
            }
        }
        assert!(refused > 100, "{refused}");
    }

    /// Found by review: classes that share what they list, and a file without the group of none.
    #[test]
    fn what_a_part_relies_on_is_checked() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let dump = Dump::load(root.join("fixtures/shop.dump")).unwrap();
        let survivors = Survivors::of(dump.first_and_last_snapshots().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump.bin");
        let with = |name: &str, values: &[i64]| {
            let (mut sections, integers) = tables::write(&dump);
            let section = sections.iter_mut().find(|section| section.0 == name);
            section.unwrap().1 = column::column(values.iter().copied());
            let mut bytes = Vec::new();
            container::write(&mut bytes, &sections, integers).unwrap();
            std::fs::write(&path, &bytes).unwrap();
            let file = File::open(&path).unwrap();
            let file = NativeFile::open(file, ByteCount::default()).unwrap();
            let part = file.survivors(&[0, 1], survivors, false, |_| Vec::new());
            (Dump::read(&bytes[..]).is_ok(), part.is_ok())
        };
        let classes = |of: fn(&crate::model::ClassRow) -> u32| -> Vec<i64> {
            dump.classes.iter().map(|row| of(row).into()).collect()
        };
        let (mut starts, mut counts) = (classes(|row| row.start), classes(|row| row.count));
        assert_eq!(with("class.start", &starts), (true, true));
        starts[1] = 0;
        assert_eq!(with("class.start", &starts), (false, false));
        *counts.last_mut().unwrap() -= 1;
        assert_eq!(with("class.count", &counts), (false, false));
        assert_eq!(with("group.start", &[]), (false, true));
    }
}
