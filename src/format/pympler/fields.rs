//! The attribute names of Pympler's classes, known by number from the start.

use super::object::object_fields;
use super::texts::Texts;
use crate::model::TextId;
use crate::pickle::{Outcome, Value};

macro_rules! fields {
    ($($field:ident = $name:literal,)*) => {
        /// An attribute, or a key of a cached annotation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Field { $($field,)* }

        const ALL: &[(Field, &str)] = &[$((Field::$field, $name),)*];
    };
}

// In this order they get their numbers: those of Asized, of TrackedObject, of Snapshot and what it
// holds.
object_fields! {
    fields
    Size = "size",
    Flat = "flat",
    Name = "name",
    Refs = "refs",
    ;
    Timestamp = "timestamp",
    Desc = "desc",
    TrackedTotal = "tracked_total",
    AsizeofTotal = "asizeof_total",
    Overhead = "overhead",
    SystemTotal = "system_total",
    Classes = "classes",
    Sum = "sum",
    Avg = "avg",
    Pct = "pct",
    Active = "active",
    Merged = "merged",
    Pid = "pid",
    Rss = "rss",
    Vsz = "vsz",
    Pagefaults = "pagefaults",
    OsSpecific = "os_specific",
    DataSegment = "data_segment",
    CodeSegment = "code_segment",
    SharedSegment = "shared_segment",
    StackSegment = "stack_segment",
    Available = "available",
}

/// Puts all names into an empty arena, so that their numbers are those of `ALL`.
pub(super) fn register(texts: &mut Texts) -> Outcome<()> {
    ALL.iter()
        .try_for_each(|(_, name)| texts.intern(name.as_bytes()).map(|_| ()))
}

/// The field of a key; `None` for attributes that are not Pympler's.
#[inline]
pub(super) fn field(key: Value, texts: &Texts) -> Option<Field> {
    let Value::Text(number) = key else {
        return None;
    };
    let id = TextId(number);
    if let Some((field, _)) = ALL.get(id.0 as usize) {
        return Some(*field);
    }
    // A text may stand in the arena twice.
    let name = texts.arena.bytes(id);
    ALL.iter()
        .find(|(_, known)| known.as_bytes() == name)
        .map(|(field, _)| *field)
}

/// The field of a text that is one of those registered, by its number alone.
#[inline]
pub(super) fn registered(number: u32) -> Option<Field> {
    ALL.get(number as usize).map(|(field, _)| *field)
}

pub(super) fn name(field: Field) -> &'static str {
    ALL[field as usize].1
}
