//! Columns of tables: how each is described, and how it grows.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::model::Text;

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Signed, of 64 bits.
    Integer,
    /// Of 64 bits.
    Float,
    /// Yes or no.
    Boolean,
    /// Texts that differ from row to row.
    Text,
    /// Texts of which there are few: numbers into a list of them.
    Name,
    /// Moments: microseconds since 1970 in UTC, signed, of 64 bits.
    Timestamp,
    /// Names with their values: any number of them in a row.
    Labels,
}

/// A column as it is described.
#[derive(Clone, Copy, Debug)]
pub struct ColumnSchema {
    /// Its name: that of the field in JSON, where there is one.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Whether a value may be missing.
    pub is_nullable: bool,
    /// What its numbers count: `bytes`, `seconds`, `percent`; empty where they only count or there
    /// are none.
    pub unit: &'static str,
    doc: &'static str,
}

impl ColumnSchema {
    /// A column that is made by other means than [`columns!`].
    #[cfg(feature = "fleet")]
    pub(crate) const fn of(
        name: &'static str,
        kind: Kind,
        is_nullable: bool,
        unit: &'static str,
        doc: &'static str,
    ) -> ColumnSchema {
        ColumnSchema {
            name,
            kind,
            is_nullable,
            unit,
            doc,
        }
    }

    pub(super) const fn new<C: Cells>(
        name: &'static str,
        unit: &'static str,
        doc: &'static str,
    ) -> ColumnSchema {
        ColumnSchema {
            name,
            kind: C::KIND,
            is_nullable: C::IS_NULLABLE,
            unit,
            doc,
        }
    }

    /// What it says of a row, in a sentence or two.
    pub fn description(&self) -> &'static str {
        self.doc.trim()
    }
}

/// The values of a column in a batch.
#[derive(Clone, Debug)]
pub struct ColumnData {
    /// A value for each row; that of a missing one means nothing.
    pub values: Values,
    /// Which rows have a value; `None` where all of them do.
    pub present: Option<Vec<bool>>,
}

/// Values, each kind in its own vector.
#[derive(Clone, Debug)]
pub enum Values {
    /// Of [`Kind::Integer`].
    Integers(Vec<i64>),
    /// Of [`Kind::Float`].
    Floats(Vec<f64>),
    /// Of [`Kind::Boolean`].
    Booleans(Vec<bool>),
    /// Of [`Kind::Text`].
    Texts(Strings),
    /// Of [`Kind::Name`].
    Names {
        /// The place in `names` of each row.
        keys: Vec<i32>,
        /// Each once, in the order in which they come first.
        names: Strings,
    },
    /// Of [`Kind::Timestamp`].
    Timestamps(Vec<i64>),
    /// Of [`Kind::Labels`].
    Labels {
        /// Where the labels of each row begin, and at last where those of the last one end.
        offsets: Vec<i32>,
        /// The name of each label.
        names: Strings,
        /// The value of each label.
        values: Strings,
    },
}

/// Texts, one behind the other.
#[derive(Clone, Debug)]
pub struct Strings {
    /// Where each begins, and at last where the last one ends.
    pub offsets: Vec<i64>,
    /// All of them.
    pub text: String,
}

impl Default for Strings {
    fn default() -> Self {
        Strings {
            offsets: vec![0],
            text: String::new(),
        }
    }
}

impl Strings {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of a place.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    pub fn get(&self, place: usize) -> &str {
        &self.text[self.offsets[place] as usize..self.offsets[place + 1] as usize]
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.offsets.push(self.text.len() as i64);
    }
}

impl<'t> FromIterator<&'t str> for Strings {
    fn from_iter<T: IntoIterator<Item = &'t str>>(texts: T) -> Self {
        let mut strings = Strings::default();
        texts.into_iter().for_each(|text| strings.push(text));
        strings
    }
}

impl ColumnData {
    /// A column whose rows all have one name.
    #[cfg(feature = "fleet")]
    pub(crate) fn same_name(name: &str, rows: usize) -> ColumnData {
        ColumnData {
            values: Values::Names {
                keys: vec![0; rows],
                names: Strings::from_iter([name]),
            },
            present: None,
        }
    }

    /// About how many bytes its values take in memory.
    #[cfg(feature = "fleet")]
    #[cfg(feature = "parquet")]
    pub(crate) fn held_bytes(&self) -> usize {
        let of = |strings: &Strings| size_of_val(&strings.offsets[..]) + strings.text.len();
        let present = self.present.as_ref().map_or(0, Vec::len);
        present
            + match &self.values {
                Values::Integers(values) | Values::Timestamps(values) => size_of_val(&values[..]),
                Values::Floats(values) => size_of_val(&values[..]),
                Values::Booleans(values) => values.len(),
                Values::Texts(texts) => of(texts),
                Values::Names { keys, names } => size_of_val(&keys[..]) + of(names),
                Values::Labels {
                    offsets,
                    names,
                    values,
                } => size_of_val(&offsets[..]) + of(names) + of(values),
            }
    }
}

/// A column that grows.
pub(super) trait Cells: Default {
    const KIND: Kind;
    const IS_NULLABLE: bool = false;

    /// Adds what stands in for a missing value.
    fn push_nothing(&mut self);

    fn finish(self) -> ColumnData;
}

macro_rules! plain_cells {
    ($($cell:ty: $values:ident, $kind:ident;)*) => {$(
        impl Cells for Vec<$cell> {
            const KIND: Kind = Kind::$kind;

            fn push_nothing(&mut self) {
                self.push(<$cell>::default());
            }

            fn finish(self) -> ColumnData {
                ColumnData { values: Values::$values(self), present: None }
            }
        }
    )*};
}

plain_cells! {
    i64: Integers, Integer;
    f64: Floats, Float;
    bool: Booleans, Boolean;
}

/// Texts that differ from row to row.
#[derive(Default)]
pub(super) struct Texts(Strings);

impl Texts {
    pub(super) fn push(&mut self, text: Text<'_>) {
        self.0.push(&text.to_str());
    }
}

impl Cells for Texts {
    const KIND: Kind = Kind::Text;

    fn push_nothing(&mut self) {
        self.0.push("");
    }

    fn finish(self) -> ColumnData {
        ColumnData {
            values: Values::Texts(self.0),
            present: None,
        }
    }
}

/// Texts of which there are few. Most rows have that of the row before; most others have one that
/// stands where another row's does, so that few texts are compared.
#[derive(Default)]
pub(super) struct Names {
    keys: Vec<i32>,
    names: Strings,
    last: Option<(Place, i32)>,
    by_place: HashMap<Place, i32, FixedState>,
    by_text: HashMap<Box<str>, i32, FixedState>,
}

/// Where a text stands in memory, and its length.
type Place = (usize, usize);

impl Names {
    #[inline]
    pub(super) fn push(&mut self, text: Text<'_>) {
        let bytes = text.as_bytes();
        let place = (bytes.as_ptr().addr(), bytes.len());
        let key = match self.last {
            Some((last, key)) if last == place => key,
            _ => self.key(text, place),
        };
        self.last = Some((place, key));
        self.keys.push(key);
    }

    fn key(&mut self, text: Text<'_>, place: Place) -> i32 {
        if let Some(&key) = self.by_place.get(&place) {
            return key;
        }
        let text = text.to_str();
        let key = match self.by_text.get(&*text) {
            Some(&key) => key,
            None => {
                let key = self.names.len() as i32;
                self.names.push(&text);
                self.by_text.insert(text.into(), key);
                key
            }
        };
        self.by_place.insert(place, key);
        key
    }
}

impl Cells for Names {
    const KIND: Kind = Kind::Name;

    fn push_nothing(&mut self) {
        self.keys.push(0);
    }

    fn finish(self) -> ColumnData {
        ColumnData {
            values: Values::Names {
                keys: self.keys,
                names: self.names,
            },
            present: None,
        }
    }
}

/// Values of which some may be missing.
#[derive(Default)]
pub(super) struct Nullable<C> {
    cells: C,
    present: Vec<bool>,
}

impl<C: Cells> Nullable<C> {
    #[inline]
    fn push_with<T>(&mut self, value: Option<T>, push: impl FnOnce(&mut C, T)) {
        self.present.push(value.is_some());
        match value {
            Some(value) => push(&mut self.cells, value),
            None => self.cells.push_nothing(),
        }
    }
}

impl<T> Nullable<Vec<T>>
where
    Vec<T>: Cells,
{
    #[inline]
    pub(super) fn push(&mut self, value: Option<T>) {
        self.push_with(value, Vec::push);
    }
}

impl Nullable<Texts> {
    pub(super) fn push(&mut self, text: Option<Text<'_>>) {
        self.push_with(text, |cells, text| cells.push(text));
    }
}

impl Nullable<Names> {
    #[inline]
    pub(super) fn push(&mut self, text: Option<Text<'_>>) {
        self.push_with(text, |cells, text| cells.push(text));
    }
}

impl<C: Cells> Cells for Nullable<C> {
    const KIND: Kind = C::KIND;
    const IS_NULLABLE: bool = true;

    fn push_nothing(&mut self) {
        self.present.push(false);
        self.cells.push_nothing();
    }

    fn finish(self) -> ColumnData {
        ColumnData {
            present: Some(self.present),
            ..self.cells.finish()
        }
    }
}

/// All columns of a table.
pub(super) trait Columns: Default {
    const SCHEMA: &'static [ColumnSchema];

    fn finish(self) -> Vec<ColumnData>;
}

/// Defines the columns of a table: of each what it says, its name, what it holds, and its unit.
macro_rules! columns {
    (
        $(#[$meta:meta])*
        $table:ident {
            $($(#[doc = $doc:literal])+ $column:ident: $cells:ty, $unit:literal;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Default)]
        pub(super) struct $table {
            $($(#[doc = $doc])+ $column: $cells,)*
        }

        impl $crate::tables::column::Columns for $table {
            const SCHEMA: &'static [$crate::tables::column::ColumnSchema] = &[$(
                $crate::tables::column::ColumnSchema::new::<$cells>(
                    stringify!($column),
                    $unit,
                    concat!($($doc),+),
                ),
            )*];

            fn finish(self) -> Vec<$crate::tables::column::ColumnData> {
                use $crate::tables::column::Cells;
                vec![$(self.$column.finish()),*]
            }
        }
    };
}

pub(super) use columns;
