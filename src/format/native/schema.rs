//! The columns of objects in a native file: one row for each. Whoever writes, reads, gathers or
//! checks them goes through these rows.

use super::column::{PackedColumn, column};
use super::container::{SectionOut, Sections};
use super::tables;
use crate::model::{
    AsizedId, ClassId, Column, ObjectColumns, ObjectId, Projection, Samples, SnapshotId, TextId,
    TraceId,
};
use crate::pickle::Outcome;

/// A column of objects.
pub(super) struct Row {
    /// The name of its section.
    pub(super) name: &'static str,
    /// When it is read.
    needed: Needed,
    /// What its numbers refer to.
    pub(super) refers_to: To,
    cells: fn(&ObjectColumns) -> &dyn Cells,
    cells_mut: fn(&mut ObjectColumns) -> &mut dyn Cells,
}

/// When a column is read.
#[derive(Clone, Copy)]
enum Needed {
    /// If it is asked for.
    For(Column),
    /// With all samples of the objects.
    ForSamples,
}

/// What the numbers of a column refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// Nothing: they are figures.
    Nothing,
    /// Texts.
    Text,
    /// Traces.
    Trace,
}

macro_rules! row {
    ($name:literal, $needed:expr, $refers_to:expr, $field:ident) => {
        Row {
            name: $name,
            needed: $needed,
            refers_to: $refers_to,
            cells: |objects| &objects.$field,
            cells_mut: |objects| &mut objects.$field,
        }
    };
}

/// All of them, in the order of the file.
pub(super) const OBJECTS: [Row; 10] = [
    row!("obj.class", Needed::For(Column::Class), To::Nothing, class),
    row!("obj.birth", Needed::For(Column::Birth), To::Nothing, birth),
    row!("obj.death", Needed::For(Column::Death), To::Nothing, death),
    row!("obj.name", Needed::For(Column::Name), To::Text, name),
    row!("obj.repr", Needed::For(Column::Repr), To::Text, repr),
    row!(
        "obj.address",
        Needed::For(Column::Address),
        To::Nothing,
        address
    ),
    row!("obj.trace", Needed::For(Column::Trace), To::Trace, trace),
    row!(
        "obj.level",
        Needed::For(Column::ResolutionLevel),
        To::Nothing,
        resolution_level
    ),
    row!("obj.first", Needed::ForSamples, To::Nothing, sample_start),
    row!("obj.samples", Needed::ForSamples, To::Nothing, sample_count),
];

impl Row {
    /// Packs the column.
    pub(super) fn write(&self, objects: &ObjectColumns) -> SectionOut<'static> {
        (self.cells)(objects).pack()
    }

    /// Whether all numbers of the column are below a bound; those that stand for nothing are.
    pub(super) fn all_below(&self, objects: &ObjectColumns, bound: u32) -> bool {
        (self.cells)(objects).all_below(bound)
    }
}

/// Reads the columns that are asked for: all of them, or those of objects whose numbers ascend.
pub(super) fn read(
    sections: &Sections,
    wanted: Projection,
    numbers: Option<&[ObjectId]>,
) -> Outcome<ObjectColumns> {
    let mut objects = ObjectColumns::default();
    let count = match numbers {
        None => PackedColumn::open(sections, "obj.class")?.count() as usize,
        Some(numbers) => numbers.len(),
    };
    let mut lengths = vec![count];
    for row in &OBJECTS {
        let is_wanted = match row.needed {
            Needed::For(column) => wanted.has(column),
            Needed::ForSamples => wanted.samples != Samples::None,
        };
        if is_wanted {
            (row.cells_mut)(&mut objects).read(sections, row.name, numbers)?;
            lengths.push((row.cells)(&objects).len());
        }
    }
    tables::same_length("obj", &lengths)?;
    if objects.class.is_empty() {
        objects.read_in_part = count;
    }
    Ok(objects)
}

/// A column in memory, whatever its type.
trait Cells {
    fn len(&self) -> usize;

    fn pack(&self) -> SectionOut<'static>;

    fn read(
        &mut self,
        sections: &Sections,
        name: &'static str,
        numbers: Option<&[ObjectId]>,
    ) -> Outcome<()>;

    /// Whether all are below a bound; those that stand for nothing are.
    fn all_below(&self, bound: u32) -> bool;
}

impl<T: Stored> Cells for Vec<T> {
    fn len(&self) -> usize {
        self.len()
    }

    fn pack(&self) -> SectionOut<'static> {
        column(self.iter().map(|cell| cell.to_file()))
    }

    fn read(
        &mut self,
        sections: &Sections,
        name: &'static str,
        numbers: Option<&[ObjectId]>,
    ) -> Outcome<()> {
        *self = tables::some(sections, name, numbers)?;
        Ok(())
    }

    fn all_below(&self, bound: u32) -> bool {
        self.iter().all(|cell| cell.is_below(bound))
    }
}

/// What a column of a file may hold: how it stands there as an integer.
pub(super) trait Stored: Copy {
    fn to_file(self) -> i64;

    /// `None` if no such integer stands for one.
    fn of_file(integer: i64) -> Option<Self>;

    /// Whether it is the number of something of which there are so many, or stands for nothing.
    fn is_below(self, bound: u32) -> bool {
        (0..i64::from(bound)).contains(&self.to_file())
    }
}

macro_rules! stored_as_they_are {
    ($($integer:ty),*) => {
        $(impl Stored for $integer {
            #[inline]
            fn to_file(self) -> i64 {
                self.into()
            }

            #[inline]
            fn of_file(integer: i64) -> Option<Self> {
                Self::try_from(integer).ok()
            }
        })*
    };
}

stored_as_they_are!(u8, u32, i32, i64);

/// Its bits.
impl Stored for u64 {
    #[inline]
    fn to_file(self) -> i64 {
        self as i64
    }

    #[inline]
    fn of_file(integer: i64) -> Option<Self> {
        Some(integer as u64)
    }
}

/// Its bits.
impl Stored for f64 {
    #[inline]
    fn to_file(self) -> i64 {
        self.to_bits() as i64
    }

    #[inline]
    fn of_file(integer: i64) -> Option<Self> {
        Some(f64::from_bits(integer as u64))
    }
}

macro_rules! stored_as_their_numbers {
    ($($id:ident),*) => {
        $(impl Stored for $id {
            #[inline]
            fn to_file(self) -> i64 {
                self.0.into()
            }

            #[inline]
            fn of_file(integer: i64) -> Option<Self> {
                u32::of_file(integer).map($id)
            }
        })*
    };
}

stored_as_their_numbers!(AsizedId, ClassId, ObjectId, SnapshotId);

/// Its number plus one, and 0 for none.
impl Stored for TraceId {
    #[inline]
    fn to_file(self) -> i64 {
        self.0.wrapping_add(1).into()
    }

    #[inline]
    fn of_file(integer: i64) -> Option<Self> {
        u32::of_file(integer).map(|number| TraceId(number.wrapping_sub(1)))
    }

    fn is_below(self, bound: u32) -> bool {
        self == TraceId::NONE || self.0 < bound
    }
}

impl Stored for TextId {
    #[inline]
    fn to_file(self) -> i64 {
        self.0.into()
    }

    #[inline]
    fn of_file(integer: i64) -> Option<Self> {
        u32::of_file(integer).map(TextId)
    }

    fn is_below(self, bound: u32) -> bool {
        self == TextId::NONE || self.0 < bound
    }
}
