//! Tracked objects and the samples of their size.

use std::collections::{BTreeMap, TryReserveError};

use super::asized::Asized;
use super::id::{AsizedId, ClassId, ObjectId, TraceId};
use super::text::{Text, TextId};
use super::trace::Trace;
use super::{Class, Contents, Integer};
use crate::room::make_room;

/// Marks an object that was alive at the end of the recording: a NaN with a payload of
/// ours. The loader turns every NaN of a file into the standard one, so none collides.
const ALIVE_BITS: u64 = 0x7ff8_c757_a757_0001;

/// The columns of tracked objects, by number. They are empty where a native file was not asked for
/// them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ObjectColumns {
    /// Addresses; those that do not fit stand in `wide_address`, and those beyond 128 bits there
    /// as the nearest and with their decimal digits in `huge_address`.
    pub(crate) address: Vec<u64>,
    pub(crate) wide_address: BTreeMap<ObjectId, i128>,
    pub(crate) huge_address: BTreeMap<ObjectId, TextId>,
    pub(crate) name: Vec<TextId>,
    pub(crate) repr: Vec<TextId>,
    pub(crate) birth: Vec<f64>,
    /// As they are kept, those alive marked.
    pub(crate) death: Vec<f64>,
    pub(crate) trace: Vec<TraceId>,
    /// The class in whose list the object stands, the last if in several.
    pub(crate) class: Vec<ClassId>,
    pub(crate) resolution_level: Vec<i32>,
    pub(crate) sample_start: Vec<u32>,
    pub(crate) sample_count: Vec<u32>,
    /// How many objects there are, where a native file was not asked for their classes.
    pub(crate) read_in_part: usize,
}

impl ObjectColumns {
    /// A new row, nothing in it yet; its number.
    pub(crate) fn push(&mut self) -> usize {
        self.address.push(0);
        self.name.push(TextId::NONE);
        self.repr.push(TextId::NONE);
        self.birth.push(0.0);
        self.death.push(f64::from_bits(ALIVE_BITS));
        self.trace.push(TraceId::NONE);
        self.class.push(ClassId::NONE);
        self.resolution_level.push(i32::MIN);
        self.sample_start.push(0);
        self.sample_count.push(0);
        self.address.len() - 1
    }

    /// Drops the last rows.
    pub(crate) fn truncate(&mut self, length: usize) {
        if !self.wide_address.is_empty() {
            self.wide_address.split_off(&ObjectId::at(length));
            self.huge_address.split_off(&ObjectId::at(length));
        }
        self.address.truncate(length);
        self.name.truncate(length);
        self.repr.truncate(length);
        self.birth.truncate(length);
        self.death.truncate(length);
        self.trace.truncate(length);
        self.class.truncate(length);
        self.resolution_level.truncate(length);
        self.sample_start.truncate(length);
        self.sample_count.truncate(length);
    }

    /// Makes a row one of which nothing is known, and which is in no class.
    pub(crate) fn reset(&mut self, index: usize) {
        self.address[index] = 0;
        self.wide_address.remove(&ObjectId::at(index));
        self.huge_address.remove(&ObjectId::at(index));
        self.name[index] = TextId::NONE;
        self.repr[index] = TextId::NONE;
        self.birth[index] = 0.0;
        self.set_death(index, None);
        self.trace[index] = TraceId::NONE;
        self.class[index] = ClassId::NONE;
        self.resolution_level[index] = i32::MIN;
        self.sample_start[index] = 0;
        self.sample_count[index] = 0;
    }

    pub(crate) fn len(&self) -> usize {
        self.class.len().max(self.read_in_part)
    }

    /// Makes room for what the next stretch of a file may add.
    pub(crate) fn make_room(&mut self) -> Result<(), TryReserveError> {
        make_room(&mut self.address)?;
        make_room(&mut self.name)?;
        make_room(&mut self.repr)?;
        make_room(&mut self.birth)?;
        make_room(&mut self.death)?;
        make_room(&mut self.trace)?;
        make_room(&mut self.class)?;
        make_room(&mut self.resolution_level)?;
        make_room(&mut self.sample_start)?;
        make_room(&mut self.sample_count)
    }

    /// Bytes that they take, if none of them is empty.
    pub(crate) fn held_bytes(&self) -> usize {
        /// Three columns of 8 bytes each and seven of 4.
        const ROW: usize = 3 * 8 + 7 * 4;
        /// A row of a map, with its share of the nodes.
        const WIDE: usize = 48;
        self.len() * ROW + (self.wide_address.len() + self.huge_address.len()) * WIDE
    }

    /// The length of each column. Equal, unless read from a damaged file.
    pub(crate) fn lengths(&self) -> [usize; 10] {
        [
            self.address.len(),
            self.name.len(),
            self.repr.len(),
            self.birth.len(),
            self.death.len(),
            self.trace.len(),
            self.class.len(),
            self.resolution_level.len(),
            self.sample_start.len(),
            self.sample_count.len(),
        ]
    }

    pub(crate) fn set_death(&mut self, index: usize, death: Option<f64>) {
        self.death[index] = death.unwrap_or(f64::from_bits(ALIVE_BITS));
    }

    #[inline]
    pub(crate) fn death(&self, index: usize) -> Option<f64> {
        ObjectColumns::death_of(self.death[index])
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
    /// Drops the last rows.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.time.truncate(length);
        self.asized.truncate(length);
    }

    /// Bytes that they take.
    pub(crate) fn held_bytes(&self) -> usize {
        size_of_val(&self.time[..]) + size_of_val(&self.asized[..])
    }

    /// Makes room for what the next stretch of a file may add.
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
