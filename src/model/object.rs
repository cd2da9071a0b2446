//! Tracked objects and the samples of their size.

use std::collections::{BTreeMap, TryReserveError};
use std::ops::Range;

use super::asized::Asized;
use super::id::{AsizedId, ClassId, ObjectId, TraceId};
use super::text::{Text, TextId};
use super::trace::Trace;
use super::{Class, Contents, Integer};
use crate::room::make_room;

/// Marks an object that was alive at the end of the recording: a NaN with a payload of
/// ours. The loader turns every NaN of a file into the standard one, so none collides.
const ALIVE_BITS: u64 = 0x7ff8_c757_a757_0001;

/// Defines the columns of tracked objects: of each by which name it is asked for, its type, and what
/// stands in it for nothing. All that is done with every column is written here once.
macro_rules! object_columns {
    (
        $($(#[$doc:meta])* $name:ident, $column:ident: $cell:ty = $nothing:expr;)*
        { $($more:ident: $more_cell:ty = $more_nothing:expr;)* }
    ) => {
        /// A column of tracked objects that is read only if it is asked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Column {
            $($(#[$doc])* $name,)*
        }

        object_columns! {
            $($(#[$doc])* $column: $cell = $nothing,)* $($more: $more_cell = $more_nothing,)*
        }
    };
    ($($(#[$doc:meta])* $column:ident: $cell:ty = $nothing:expr,)*) => {
        /// The columns of tracked objects, by number. They are empty where a native file was not
        /// asked for them.
        #[derive(Clone, Debug, Default)]
        pub(crate) struct ObjectColumns {
            $($(#[$doc])* pub(crate) $column: Vec<$cell>,)*
            /// Addresses beyond 64 bits; of those beyond 128 bits the nearest.
            pub(crate) wide_address: BTreeMap<ObjectId, i128>,
            /// The decimal digits of addresses beyond 128 bits.
            pub(crate) huge_address: BTreeMap<ObjectId, TextId>,
            /// How many objects there are, where a native file was not asked for their classes.
            pub(crate) read_in_part: usize,
        }

        impl ObjectColumns {
            /// Bytes that an object takes in all columns.
            const ROW_BYTES: usize = 0 $(+ size_of::<$cell>())*;

            /// A new row, nothing in it yet; its number.
            pub(crate) fn push(&mut self) -> usize {
                $(self.$column.push($nothing);)*
                self.class.len() - 1
            }

            pub(crate) fn truncate(&mut self, length: usize) {
                if !self.wide_address.is_empty() {
                    self.wide_address.split_off(&ObjectId::at(length));
                    self.huge_address.split_off(&ObjectId::at(length));
                }
                $(self.$column.truncate(length);)*
            }

            /// Appends rows of other columns, none of which has a wide address.
            pub(crate) fn append(
                &mut self,
                other: &ObjectColumns,
                rows: Range<usize>,
            ) -> Result<(), TryReserveError> {
                $(self.$column.try_reserve(rows.len())?;)*
                $(self.$column.extend_from_slice(&other.$column[rows.clone()]);)*
                Ok(())
            }

            /// Makes a row one of which nothing is known, and which is in no class.
            pub(crate) fn reset(&mut self, index: usize) {
                self.wide_address.remove(&ObjectId::at(index));
                self.huge_address.remove(&ObjectId::at(index));
                $(self.$column[index] = $nothing;)*
            }

            pub(crate) fn make_room(&mut self) -> Result<(), TryReserveError> {
                $(make_room(&mut self.$column)?;)*
                Ok(())
            }

            /// The length of each column. Equal, unless read from a damaged file.
            pub(crate) fn lengths(&self) -> Vec<usize> {
                vec![$(self.$column.len()),*]
            }

            /// The rows of these objects.
            pub(crate) fn gather(&self, objects: &[ObjectId]) -> ObjectColumns {
                let mut gathered = ObjectColumns {
                    $($column: objects.iter().map(|id| self.$column[id.index()]).collect(),)*
                    ..ObjectColumns::default()
                };
                if !self.wide_address.is_empty() {
                    for (own, id) in objects.iter().enumerate() {
                        let own = ObjectId::at(own);
                        let wide = self.wide_address.get(id).map(|&address| (own, address));
                        gathered.wide_address.extend(wide);
                        let huge = self.huge_address.get(id).map(|&digits| (own, digits));
                        gathered.huge_address.extend(huge);
                    }
                }
                gathered
            }
        }
    };
}

object_columns! {
    /// Their addresses; those that do not fit stand in columns of their own.
    Address, address: u64 = 0;
    /// Their own class names.
    Name, name: TextId = TextId::NONE;
    /// Their reprs.
    Repr, repr: TextId = TextId::NONE;
    /// When they were created.
    Birth, birth: f64 = 0.0;
    /// When they died; those alive are marked.
    Death, death: f64 = f64::from_bits(ALIVE_BITS);
    /// The frames that created them.
    Trace, trace: TraceId = TraceId::NONE;
    /// The class of each: the last in whose list it stands, for it may be in several.
    Class, class: ClassId = ClassId::NONE;
    /// Pympler's `resolution_level`.
    ResolutionLevel, resolution_level: i32 = i32::MIN;
    // Where the samples stand, which are asked for otherwise.
    {
        sample_start: u32 = 0;
        sample_count: u32 = 0;
    }
}

impl ObjectColumns {
    pub(crate) fn len(&self) -> usize {
        self.class.len().max(self.read_in_part)
    }

    /// Bytes that they take, if none of them is empty.
    pub(crate) fn held_bytes(&self) -> usize {
        /// A row of a map, with its share of the nodes.
        const WIDE: usize = 48;
        let odd = self.wide_address.len() + self.huge_address.len();
        self.len() * ObjectColumns::ROW_BYTES + odd * WIDE
    }

    pub(crate) fn set_death(&mut self, index: usize, death: Option<f64>) {
        self.death[index] = death.unwrap_or(f64::from_bits(ALIVE_BITS));
    }

    /// A death as it is kept; `None` if it marks those alive.
    #[inline]
    pub(crate) fn death_of(raw: f64) -> Option<f64> {
        (raw.to_bits() != ALIVE_BITS).then_some(raw)
    }
}

/// Samples of all objects: when, and which `Asized`.
#[derive(Clone, Debug, Default)]
pub(crate) struct SampleColumns {
    pub(crate) time: Vec<f64>,
    pub(crate) asized: Vec<AsizedId>,
}

impl SampleColumns {
    pub(crate) fn truncate(&mut self, length: usize) {
        self.time.truncate(length);
        self.asized.truncate(length);
    }

    /// Appends samples of other columns, whose `Asized` have numbers that are so much larger in these.
    pub(crate) fn append(
        &mut self,
        other: &SampleColumns,
        samples: Range<usize>,
        by: u32,
    ) -> Result<(), TryReserveError> {
        self.time.try_reserve(samples.len())?;
        self.asized.try_reserve(samples.len())?;
        self.time.extend_from_slice(&other.time[samples.clone()]);
        let asized = other.asized[samples].iter();
        self.asized
            .extend(asized.map(|id| AsizedId(id.0.wrapping_add(by))));
        Ok(())
    }

    pub(crate) fn held_bytes(&self) -> usize {
        size_of_val(&self.time[..]) + size_of_val(&self.asized[..])
    }

    pub(crate) fn make_room(&mut self) -> Result<(), TryReserveError> {
        make_room(&mut self.time)?;
        make_room(&mut self.asized)
    }
}

/// Whether who was born and died then lived at a moment; see [`TrackedObject::is_active_at`].
#[inline]
pub(super) fn lives_at(birth: f64, death: Option<f64>, seconds: f64) -> bool {
    birth < seconds && death.is_none_or(|death| death > seconds)
}

/// Who reads objects states the columns that it needs: `Filter::projection` and the `projection`
/// of an analysis' options. One that is missing there is a mistake of ours.
#[cold]
fn not_projected(column: &str) -> ! {
    panic!("the column {column} of the objects is asked for, but no projection names it")
}

/// An object that the tracker followed: its life and its sizes.
#[derive(Clone, Copy)]
pub struct TrackedObject<'d> {
    pub(crate) dump: &'d Contents,
    pub(crate) id: ObjectId,
}

impl<'d> TrackedObject<'d> {
    #[inline]
    fn index(self) -> usize {
        self.id.index()
    }

    /// Its row of a column, which whoever read the objects asked for.
    #[inline]
    fn cell<T: Copy>(self, column: &[T], name: &str) -> T {
        match column.get(self.index()) {
            Some(cell) => *cell,
            None => not_projected(name),
        }
    }

    /// Which object of the dump it is.
    pub fn id(self) -> ObjectId {
        self.id
    }

    /// The class under which it was registered: Pympler's `classname`.
    pub fn class(self) -> Class<'d> {
        Class {
            dump: self.dump,
            id: self.cell(&self.dump.objects.class, "class"),
        }
    }

    /// The object's own class name; the registered one in most dumps.
    pub fn name(self) -> Text<'d> {
        self.dump
            .text
            .get(self.cell(&self.dump.objects.name, "name"))
    }

    /// The object's repr when it was last sized, clipped by Pympler to 128 characters.
    /// Empty if it died before it was sized.
    pub fn repr(self) -> Text<'d> {
        self.dump
            .text
            .get(self.cell(&self.dump.objects.repr, "repr"))
    }

    /// Its address: Python's `id()`, whatever its size.
    pub fn exact_address(self) -> Integer<'d> {
        match self.dump.objects.huge_address.get(&self.id) {
            Some(&digits) => Integer::of_digits(self.dump.text.get(digits)),
            None => Integer::within(self.address()),
        }
    }

    /// Its address: Python's `id()`. Addresses are used again after a death. Of one beyond 128
    /// bits, as only other tools write it, the nearest.
    pub fn address(self) -> i128 {
        let columns = &self.dump.objects;
        let wide = if columns.wide_address.is_empty() {
            None
        } else {
            columns.wide_address.get(&self.id).copied()
        };
        wide.unwrap_or_else(|| i128::from(self.cell(&columns.address, "address")))
    }

    /// When it was created, in seconds since the program started tracking.
    #[inline]
    pub fn birth_seconds(self) -> f64 {
        self.cell(&self.dump.objects.birth, "birth")
    }

    /// When it died; `None` while alive.
    #[inline]
    pub fn death_seconds(self) -> Option<f64> {
        ObjectColumns::death_of(self.cell(&self.dump.objects.death, "death"))
    }

    /// Whether it was alive at the end of the recording.
    pub fn is_alive(self) -> bool {
        self.death_seconds().is_none()
    }

    /// Whether it lived at a moment, as Pympler counts: born before and not dead by then, both strictly.
    #[inline]
    pub fn is_active_at(self, seconds: f64) -> bool {
        lives_at(self.birth_seconds(), self.death_seconds(), seconds)
    }

    /// Where it was created; `None` unless tracked with `trace=True`.
    pub fn trace(self) -> Option<Trace<'d>> {
        let id = self.cell(&self.dump.objects.trace, "trace");
        (id != TraceId::NONE).then_some(Trace {
            dump: self.dump,
            id,
        })
    }

    /// How deep referents were recorded; `None` where the dump does not say.
    pub fn resolution_level(self) -> Option<i32> {
        let level = self.cell(&self.dump.objects.resolution_level, "resolution_level");
        Some(level).filter(|&level| level != i32::MIN)
    }

    /// Its sizes in the order recorded: first the basic size at birth, then one for each snapshot.
    ///
    /// Pympler goes on sampling dead objects; [`Sample::is_after`] tells those.
    #[inline]
    pub fn samples(
        self,
    ) -> impl DoubleEndedIterator<Item = Sample<'d>> + ExactSizeIterator + Clone {
        let dump = self.dump;
        let start = self.cell(&dump.objects.sample_start, "samples") as usize;
        let end = start + self.cell(&dump.objects.sample_count, "samples") as usize;
        let times = &dump.samples.time[start..end];
        let asized = &dump.samples.asized[start..end];
        times
            .iter()
            .zip(asized)
            .map(move |(&time_seconds, &id)| Sample {
                time_seconds,
                asized: Asized { dump, id },
            })
    }

    /// Its samples but for those that Pympler took after its death.
    #[inline]
    pub fn live_samples(self) -> impl DoubleEndedIterator<Item = Sample<'d>> + Clone {
        let death = self.death_seconds();
        self.samples().filter(move |sample| !sample.is_after(death))
    }

    /// The sample of this moment: of several at one moment the last counts.
    pub(crate) fn sample_at(self, seconds: f64) -> Option<Sample<'d>> {
        self.samples()
            .rfind(|sample| sample.time_seconds == seconds)
    }

    /// The same, unless it died before.
    pub(crate) fn live_sample_at(self, seconds: f64) -> Option<Sample<'d>> {
        let death = self.death_seconds();
        self.sample_at(seconds)
            .filter(|sample| !sample.is_after(death))
    }
}

/// The size of an object at one moment.
#[derive(Clone, Copy)]
pub struct Sample<'d> {
    /// Seconds since the program started tracking. Equal, to the bit, to the snapshot's timestamp.
    pub time_seconds: f64,
    /// The size and what made it up.
    pub asized: Asized<'d>,
}

impl Sample<'_> {
    /// Whether it was taken after this death: a phantom of 16 or 0 bytes, the size of `None`.
    #[inline]
    pub fn is_after(&self, death_seconds: Option<f64>) -> bool {
        death_seconds.is_some_and(|death| self.time_seconds > death)
    }
}
