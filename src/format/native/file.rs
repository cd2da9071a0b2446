//! A native file that can be read anywhere: only what a question needs is.

use std::cell::OnceCell;
use std::fs::File;

use super::column::all;
use super::container::{Sections, VERSION};
use super::rows::FileRows;
use super::{figures, rows, sound, tables};
use crate::input::ByteCount;
use crate::model::subset;
use crate::model::{
    AsizedColumns, ClassRow, ClassTotals, Cohorts, Column, Contents, KeptMergedTrees, KeptSizes,
    ObjectId, Projection, Rows, Rules, Samples, Sizes, SnapshotId, SnapshotRow, TextArena,
};
use crate::pickle::Outcome;

pub(in crate::format) struct NativeFile {
    sections: Sections,
    classes: OnceCell<Vec<ClassRow>>,
}

impl NativeFile {
    /// Reads the section table.
    pub(in crate::format) fn open(file: File, count: ByteCount) -> Outcome<Self> {
        Ok(NativeFile {
            sections: Sections::of_file(file, count)?,
            classes: OnceCell::new(),
        })
    }

    /// Where the dump ends in the file.
    pub(in crate::format) fn end(&self) -> u64 {
        self.sections.end
    }

    pub(in crate::format) fn whole(&self) -> Outcome<Contents> {
        let dump = sound(VERSION, tables::read(&self.sections)?)?;
        figures::compare(&self.sections, &dump)?;
        Ok(dump)
    }

    /// Classes and snapshots, and how much there is of everything.
    pub(in crate::format) fn digest(&self) -> Outcome<Contents> {
        self.sections.begin();
        let mut contents = self.without_objects(false)?;
        rows::unlist(&mut contents.classes);
        let mut text = TextArena::default();
        let mut whole = FileRows::of(&self.sections);
        subset::texts(&mut whole, &mut text, |see| {
            contents.each_text_of_digest(see);
        })?;
        contents.text = text;
        sound(VERSION, contents)
    }

    /// Whether it keeps what a summary tells.
    pub(in crate::format) fn has_class_totals(&self) -> bool {
        figures::has_class_totals(&self.sections)
    }

    /// What every class held at every snapshot, if it keeps that.
    pub(in crate::format) fn class_totals(&self) -> Outcome<Option<ClassTotals>> {
        self.sections.begin();
        figures::read_class_totals(&self.sections, self.classes()?)
    }

    /// Who was born and died between which snapshots, if it keeps that.
    pub(in crate::format) fn cohorts(&self, digest: &Contents) -> Outcome<Option<Cohorts>> {
        self.sections.begin();
        figures::read_cohorts(&self.sections, self.classes()?, digest)
    }

    /// The merged referents that it keeps.
    pub(in crate::format) fn merged_trees(&self) -> Outcome<KeptMergedTrees> {
        self.sections.begin();
        figures::read_merged_trees(&self.sections, self.classes()?.len())
    }

    /// The times of the snapshots in seconds, in the order of the dump.
    pub(in crate::format) fn snapshot_times(&self) -> Outcome<Vec<f64>> {
        self.sections.begin();
        let rows: Vec<SnapshotRow> = self.sections.value("snaps")?;
        let order: Vec<SnapshotId> = all(&self.sections, "snap.row")?;
        // Whoever reads the dump finds a row that is not there.
        let row = |id: &SnapshotId| rows.get(id.index());
        let timestamp = |row: &SnapshotRow| row.timestamp;
        Ok(order.iter().filter_map(row).map(timestamp).collect())
    }

    /// These columns of these objects. Those of a few get numbers from 0 on.
    pub(in crate::format) fn objects(
        &self,
        wanted: Projection,
        which: Rows<'_>,
        digest: &Contents,
    ) -> Outcome<Contents> {
        let is_of_all = matches!(which, Rows::All);
        if wanted.samples == Samples::All && is_of_all {
            return self.whole();
        }
        self.sections.begin();
        let sections = &self.sections;
        // Of all objects all texts: to pick those of a million out takes longer.
        let has_all_texts = is_of_all && (wanted.has(Column::Name) || wanted.has(Column::Repr));
        let is_of_digest = !has_all_texts && wanted.samples != Samples::All;
        let mut contents = if is_of_digest {
            let mut contents = digest.clone();
            for (class, listed) in contents.classes.iter_mut().zip(self.classes()?) {
                (class.start, class.count) = (listed.start, listed.count);
            }
            contents
        } else {
            self.without_objects(wanted.samples == Samples::All)?
        };
        contents.recorded = match which {
            Rows::All => {
                contents.listed = all(sections, "listed")?;
                None
            }
            Rows::OfClasses(classes) => {
                Some(rows::list_of_classes(sections, &mut contents, classes)?)
            }
            Rows::These(numbers) => Some(numbers.to_vec()),
        };
        let numbers = contents.recorded.as_deref();
        // A first sample may have its time from the birth.
        let columns = wanted.with_if(wanted.samples != Samples::None, Column::Birth);
        contents.objects = tables::read_objects(sections, columns, numbers)?;
        if let Some(sizes) = wanted.sizes {
            let sizes = (sizes.rules, self.sizes(sizes, numbers)?);
            let lengths = [contents.objects.len(), sizes.1.all()[0].len()];
            tables::same_length("obj", &lengths)?;
            contents.sizes = Some(Box::new(sizes));
        }
        if let Rows::These(_) = which {
            rows::list(&mut contents)?;
        }
        self.read_samples(&mut contents, wanted.samples)?;
        if wanted.has(Column::Trace) {
            contents.traces = match which {
                Rows::All => tables::read_traces(sections)?,
                _ => subset::traces(&mut FileRows::of(sections), &mut contents.objects.trace)?,
            };
        }
        if has_all_texts {
            contents.text = tables::read_text(sections)?;
        } else {
            let mut text = std::mem::take(&mut contents.text);
            subset::texts(&mut FileRows::of(sections), &mut text, |see| {
                if !is_of_digest {
                    contents.each_text_of_digest(see);
                }
                contents.each_text_of_objects(see);
            })?;
            contents.text = text;
        }
        let contents = sound(VERSION, contents)?;
        if is_of_all && wanted.has(Column::Birth) && wanted.has(Column::Death) {
            figures::compare_lives(&contents)?;
        }
        Ok(contents)
    }

    fn read_samples(&self, contents: &mut Contents, wanted: Samples) -> Outcome<()> {
        let sections = &self.sections;
        let objects = &mut contents.objects;
        let (moment, referents) = match wanted {
            Samples::None => return Ok(()),
            Samples::Sizes => (None, false),
            Samples::All => (None, true),
            Samples::At { seconds, referents } => (Some(seconds), referents),
        };
        contents.samples = rows::read_samples(sections, objects, moment)?;
        let asized = &mut contents.samples.asized;
        contents.asized = if referents {
            let merged = Contents::merged_of(&mut contents.snapshots);
            subset::asized(&mut FileRows::of(sections), asized.iter_mut().chain(merged))?
        } else {
            rows::read_sizes(sections, asized)?
        };
        Ok(())
    }

    /// The classes, the snapshots and what the file says of the whole; texts and `Asized` keep the
    /// numbers of the file for now. `with_merged`: with the merged trees that snapshots cached.
    fn without_objects(&self, with_merged: bool) -> Outcome<Contents> {
        let sections = &self.sections;
        let mut snapshots: Vec<SnapshotRow> = sections.value("snaps")?;
        if !with_merged {
            let cached = snapshots.iter_mut().flat_map(|row| row.classes.iter_mut());
            cached.flatten().for_each(|cached| cached.merged = None);
        }
        Ok(Contents {
            asized: AsizedColumns::new(),
            classes: self.classes()?.to_vec(),
            of_whole: Some(Box::new(figures::read_totals(sections)?)),
            notes: tables::read_notes(sections)?,
            snapshots,
            snapshot_rows: all(sections, "snap.row")?,
            ..Contents::default()
        })
    }

    fn classes(&self) -> Outcome<&[ClassRow]> {
        if self.classes.get().is_none() {
            // Nobody else sets it.
            let _ = self.classes.set(tables::read_classes(&mut &self.sections)?);
        }
        Ok(self.classes.get().map_or(&[], Vec::as_slice))
    }

    /// Sizes that the file keeps: those by Pympler's rules are told by how much more they are.
    fn sizes(&self, wanted: KeptSizes, numbers: Option<&[ObjectId]>) -> Outcome<Sizes> {
        let column = |documented, pympler| -> Outcome<Vec<i64>> {
            let mut sizes: Vec<i64> = tables::some(&self.sections, documented, numbers)?;
            if wanted.rules == Rules::Pympler {
                let more: Vec<i64> = tables::some(&self.sections, pympler, numbers)?;
                tables::same_length(pympler, &[sizes.len(), more.len()])?;
                for (size, more) in sizes.iter_mut().zip(more) {
                    *size = size.wrapping_add(more);
                }
            }
            Ok(sizes)
        };
        let largest = column("obj.largest", "obj.p_largest")?;
        let mut at_peak = Vec::new();
        if wanted.at_peak {
            at_peak = column("obj.at_peak", "obj.p_at_peak")?;
            tables::same_length("obj", &[largest.len(), at_peak.len()])?;
        }
        Ok(Sizes::from_parts(largest, at_peak))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{column, container, tables};
    use super::*;
    use crate::model::{ClassId, Dump};

    /// Each column by itself, and all of them with samples of each kind.
    const PROJECTIONS: [Projection; 5] = [
        Projection::ALL,
        Projection::lives().with_sizes(KeptSizes {
            rules: Rules::Pympler,
            at_peak: true,
        }),
        Projection::ALL.with_samples(Samples::None),
        Projection::lives().with_samples(Samples::Sizes),
        Projection::lives().with_samples(Samples::At {
            seconds: 3.0,
            referents: false,
        }),
    ];

    /// Found by fuzzing and by review: columns of one thing that differ in length, or that say
    /// what cannot be, checksums right.
    #[test]
    fn an_odd_column_is_damage_and_no_panic() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let dump = Dump::load(root.join("fixtures/shop.dump")).unwrap();
        let sections = tables::write(&dump);
        let names: Vec<&str> = sections.iter().map(|(name, _)| *name).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump.bin");
        let mut refused = 0;
        for name in names.iter().filter(|name| name.contains('.')) {
            // Also one that rises and falls without end, as no column of ends does.
            for (length, top) in [(0, 0), (1, 0), (100_000, 0), (100_000, 99_999)] {
                let mut sections = tables::write(&dump);
                let section = sections.iter_mut().find(|section| section.0 == *name);
                let values = (0..length).map(|place| if place % 2 == 0 { top } else { 0 });
                section.unwrap().1 = column::column(values);
                let mut bytes = Vec::new();
                container::write(&mut bytes, &sections).unwrap();
                std::fs::write(&path, &bytes).unwrap();
                refused += usize::from(Dump::read(&bytes[..]).is_err());
                let file = File::open(&path).unwrap();
                let file = NativeFile::open(file, ByteCount::default()).unwrap();
                let mut is_refused = |outcome: bool| refused += usize::from(!outcome);
                is_refused(file.class_totals().is_ok());
                is_refused(file.merged_trees().is_ok());
                let Ok(digest) = file.digest() else {
                    is_refused(false);
                    continue;
                };
                is_refused(file.cohorts(&digest).is_ok());
                for projection in PROJECTIONS {
                    for rows in [
                        Rows::All,
                        Rows::OfClasses(&[ClassId(0), ClassId(1)]),
                        Rows::These(&[ObjectId(0), ObjectId(3)]),
                    ] {
                        is_refused(file.objects(projection, rows, &digest).is_ok());
                    }
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
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump.bin");
        let with = |name: &str, values: &[i64]| {
            let mut sections = tables::write(&dump);
            let section = sections.iter_mut().find(|section| section.0 == name);
            section.unwrap().1 = column::column(values.iter().copied());
            let mut bytes = Vec::new();
            container::write(&mut bytes, &sections).unwrap();
            std::fs::write(&path, &bytes).unwrap();
            let file = File::open(&path).unwrap();
            let file = NativeFile::open(file, ByteCount::default()).unwrap();
            let wanted = Projection::ALL;
            let part = file.digest().and_then(|digest| {
                file.objects(wanted, Rows::OfClasses(&[ClassId(0), ClassId(1)]), &digest)?;
                file.objects(
                    wanted.with_samples(Samples::None),
                    Rows::These(&[ObjectId(0)]),
                    &digest,
                )
            });
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
