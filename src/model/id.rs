//! The numbers of what a dump has many of: each kind has a type of its own, so that none is taken
//! for another. They count from 0 in the order of the columns.

use std::fmt;

use bincode::{Decode, Encode};
use serde::Serialize;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Decode, Encode,
        )]
        #[serde(transparent)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// That of a row of the columns, which have no more rows than there are ids.
            #[inline]
            pub(crate) fn at(index: usize) -> Self {
                $name(index as u32)
            }

            /// The same as a place, from 0.
            #[inline]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        /// Its number.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        /// The id of a number. A dump may have nothing of that id.
        impl From<u32> for $name {
            fn from(number: u32) -> Self {
                $name(number)
            }
        }
    )*};
}

ids! {
    /// Which tracked object of a dump: from 0, in the order of the index.
    ObjectId;
    /// Which class of a dump: from 0, in the order of registration.
    ClassId;
    /// Which size of a dump, be it that of an object or of something that it refers to: from 0, in
    /// the order of the file. Equal ids are the same size, which several may share.
    AsizedId;
    /// Which trace of a dump: from 0. Equal traces have equal ids.
    TraceId;
    /// Which snapshot of a dump: from 0, in the order of the file. A dump may have one at several
    /// places, which [`Snapshot::index`](super::Snapshot::index) tells.
    SnapshotId;
}

impl TraceId {
    /// Stands for no trace.
    pub(crate) const NONE: TraceId = TraceId(u32::MAX);
}

impl ClassId {
    /// Stands for no class, which is that of objects that no class lists.
    pub(crate) const NONE: ClassId = ClassId(u32::MAX);
}
