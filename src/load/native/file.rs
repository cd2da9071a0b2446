//! A native file that can be read anywhere: only what a command needs is.

use std::fs::File;

use super::column::all;
use super::container::{Sections, VERSION};
use super::{part, snapshots, tables, verify};
use crate::model::{Dump, ObjectColumns, Origin, Rules, Sizes};
use crate::pickle::{Outcome, malformed};
use crate::select::{Selected, Selection, SortKey};

/// Of so many objects at most one is worth reading on its own.
const SPARSE: usize = 8;

/// An open file.
pub(in crate::load) struct NativeFile {
    sections: Sections,
}

impl NativeFile {
    /// Reads the section table.
    pub(in crate::load) fn open(file: File) -> Outcome<Self> {
        Ok(NativeFile {
            sections: Sections::of_file(file)?,
        })
    }

    /// Where the dump ends in the file.
    pub(in crate::load) fn end(&self) -> u64 {
        self.sections.end
    }

    /// Everything.
    pub(in crate::load) fn whole(&self) -> Outcome<Dump> {
        sound(tables::read(&self.sections)?)
    }

    /// Classes, snapshots and what the file says of the whole, but no objects.
    pub(in crate::load) fn outline(&self) -> Outcome<Dump> {
        let classes = part::read_classes(&self.sections)?;
        let derived = tables::read_derived(&self.sections, classes.len())?;
        let mut dump = Dump {
            classes,
            snapshots: snapshots::read_value(&self.sections)?,
            snapshot_rows: all(&self.sections, "snap.row")?,
            notes: tables::read_notes(&self.sections)?,
            derived: Some(Box::new(derived)),
            ..Dump::default()
        };
        // Their trees are not told without objects.
        for cached in dump
            .snapshots
            .iter_mut()
            .flat_map(|s| s.classes.iter_mut().flatten())
        {
            cached.merged = None;
        }
        part::read_texts(&self.sections, &mut dump)?;
        sound(dump)
    }

    /// Selects objects by the columns that this takes, and reads those alone; `None` where
    /// they are so many that the whole is read sooner.
    pub(in crate::load) fn select(
        &self,
        selection: &Selection,
    ) -> Outcome<Option<(Dump, Selected)>> {
        if selection.limit.is_none() && selection.filter.is_empty() {
            return Ok(None);
        }
        let whole = self.selectable(selection)?;
        let sizes = self.sizes(selection.rules, whole.objects.len())?;
        let chosen = selection.select_by(&whole, sizes);
        if chosen.objects.len() > whole.objects.len() / SPARSE {
            return Ok(None);
        }
        let mut numbers = chosen.objects.clone();
        numbers.sort_unstable();
        numbers.dedup();
        let dump = sound(part::read(&self.sections, &numbers)?)?;
        let own = |number| numbers.binary_search(number).unwrap_or_default() as u32;
        let selected = Selected {
            objects: chosen.objects.iter().map(own).collect(),
            sizes: chosen.sizes.of_those(&numbers),
            ..chosen
        };
        Ok(Some((dump, selected)))
    }

    /// A dump of all objects with no more of them than a selection looks at.
    fn selectable(&self, selection: &Selection) -> Outcome<Dump> {
        let sections = &self.sections;
        let keys = selection.keys();
        let filter = &selection.filter;
        let has = |key| keys.contains(&key);
        let names = has(SortKey::Name) || !filter.names.is_empty();
        let reprs = has(SortKey::Repr) || !filter.reprs.is_empty();
        let deaths = has(SortKey::Death) || filter.alive.is_some();
        let class: Vec<u32> = all(sections, "obj.class")?;
        let count = class.len();
        let mut objects = ObjectColumns::of_nothing(count);
        objects.class = class;
        if has(SortKey::Birth) {
            objects.birth = tables::read_floats(sections, "obj.birth")?;
        }
        if deaths {
            objects.set_raw_deaths(tables::read_floats(sections, "obj.death")?);
        }
        if names {
            objects.name = tables::read_texts(sections, "obj.name")?;
        }
        if reprs {
            objects.repr = tables::read_texts(sections, "obj.repr")?;
        }
        tables::same_length("obj", &objects.lengths())?;
        let mut dump = Dump {
            classes: tables::read_classes(sections)?,
            listed: all(sections, "listed")?,
            objects,
            ..Dump::default()
        };
        if names || reprs {
            dump.text = tables::read_text(sections)?;
        } else {
            part::read_texts(sections, &mut dump)?;
        }
        sound(dump)
    }

    fn sizes(&self, rules: Rules, count: usize) -> Outcome<Sizes> {
        let mut largest: Vec<i64> = all(&self.sections, "obj.largest")?;
        let mut at_peak: Vec<i64> = all(&self.sections, "obj.at_peak")?;
        if rules == Rules::Pympler {
            for (sizes, name) in [
                (&mut largest, "obj.p_largest"),
                (&mut at_peak, "obj.p_at_peak"),
            ] {
                let more: Vec<i64> = all(&self.sections, name)?;
                tables::same_length(name, &[sizes.len(), more.len()])?;
                for (size, more) in sizes.iter_mut().zip(more) {
                    *size = size.wrapping_add(more);
                }
            }
        }
        Sizes::from_parts(largest, at_peak)
            .filter(|sizes| sizes.count() == count)
            .ok_or_else(|| malformed("section 'obj' is damaged: its columns differ in length"))
    }
}

fn sound(mut dump: Dump) -> Outcome<Dump> {
    dump.notes.origin = Origin::Native { version: VERSION };
    verify::verify(&dump)?;
    Ok(dump)
}
