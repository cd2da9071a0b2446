//! The containers of a pickle while it is being read.
//!
//! Lists stay for the whole pickle, because picklers refer back to them; most are
//! a run of values that the builder numbered one after the other and cost nothing.
//! Dicts are the states of instances: they go as soon as the instance is built, so
//! that the heap never holds more than what is unfinished.

use std::collections::TryReserveError;

use super::fault::{Fault, Outcome, bad_value, malformed, no_memory, too_large};
use super::value::{Kind, Value};
use crate::room::make_room;

/// Values of one kind, numbered on from the first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) kind: Kind,
    pub(crate) first: u32,
    pub(crate) length: u32,
}

impl Run {
    fn values(self) -> impl Iterator<Item = Value> {
        (self.first..self.first + self.length).map(move |n| Value::Built(self.kind, n))
    }

    /// Whether a value is the next one of it.
    fn goes_on_with(self, kind: Kind, number: u32) -> bool {
        let next = u64::from(self.first) + u64::from(self.length);
        self.kind == kind && next == u64::from(number)
    }
}

/// A list of the pickle.
#[derive(Debug)]
pub(crate) enum List {
    /// Values that the builder numbered one after the other. An empty list is a run of none.
    Run(Run),
    /// One value: the source line of a frame, mostly.
    One(Value),
    /// Anything else.
    Items(Vec<Value>),
    /// A run that the builder has taken over and that must not grow any more.
    Frozen(Run),
    /// Taken by the builder, which made this of it.
    Taken(Value),
}

impl List {
    pub(crate) const EMPTY: List = List::Run(Run {
        kind: 0,
        first: 0,
        length: 0,
    });

    fn push(&mut self, value: Value) -> Outcome<()> {
        match (&mut *self, value) {
            (List::Run(run), Value::Built(kind, number)) if run.goes_on_with(kind, number) => {
                run.length += 1;
            }
            (List::Run(run), value) if run.length == 0 => {
                *self = match value {
                    Value::Built(kind, first) => List::Run(Run {
                        kind,
                        first,
                        length: 1,
                    }),
                    value => List::One(value),
                };
            }
            (List::Run(run), value) => *self = List::Items(run.values().chain([value]).collect()),
            (&mut List::One(first), value) => *self = List::Items(vec![first, value]),
            (List::Items(items), value) => {
                if items.len() == items.capacity() {
                    items.try_reserve(1).map_err(no_memory)?;
                }
                items.push(value);
            }
            (List::Taken(_) | List::Frozen(_), _) => {
                return Err(malformed("a list grows after it was used"));
            }
        }
        Ok(())
    }

    /// What its values take of the heap beside it, in values.
    fn loose_items(&self) -> usize {
        match self {
            List::Items(items) => LIST_ITEMS + items.len(),
            _ => 0,
        }
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = Value> + '_ {
        let (run, items): (_, &[Value]) = match self {
            List::Run(run) | List::Frozen(run) => (Some(*run), &[]),
            List::One(value) | List::Taken(value) => (None, std::slice::from_ref(value)),
            List::Items(items) => (None, items),
        };
        let run = run.into_iter().flat_map(Run::values);
        run.chain(items.iter().copied())
    }
}

/// Keys and values in the order of insertion; a key may come twice, the last counts.
pub(crate) type Pairs = Vec<(Value, Value)>;

#[derive(Default)]
pub(crate) struct Heap {
    lists: Vec<List>,
    /// Dicts ordered by number, the last one living; `None` where one was let go before
    /// a later one. Numbers are never used again, so that a memo entry cannot come to
    /// mean another dict.
    dicts: Vec<(u32, Option<Pairs>)>,
    next_dict: u32,
    /// Emptied pairs, kept so that a dict costs no allocation.
    spare: Vec<Pairs>,
    tuples: Vec<(u32, u32)>,
    tuple_items: Vec<Value>,
    wide: Vec<i128>,
    /// Values in lists that are no runs, each list for so many more as it takes itself.
    loose_items: usize,
    /// Pairs in living dicts.
    living_pairs: usize,
    /// How far the pickle has been read, as far as the heap was told.
    offset: u64,
}

/// A list of items takes as much as so many of them, whatever it holds.
const LIST_ITEMS: usize = 4;

/// What may be unfinished at once before any pickler has reason to.
const FLOOR: u64 = 1 << 20;

impl Heap {
    pub(crate) fn held_bytes(&self) -> usize {
        size_of_val(&self.lists[..])
            + size_of_val(&self.dicts[..])
            + size_of_val(&self.tuples[..])
            + size_of_val(&self.tuple_items[..])
            + size_of_val(&self.wide[..])
            + self.loose_items * size_of::<Value>()
            + self.living_pairs * size_of::<(Value, Value)>()
    }

    /// Makes room for what the next stretch of the pickle may add.
    pub(crate) fn make_room(&mut self) -> Result<(), TryReserveError> {
        make_room(&mut self.lists)?;
        make_room(&mut self.dicts)?;
        make_room(&mut self.tuples)?;
        make_room(&mut self.tuple_items)?;
        make_room(&mut self.wide)
    }

    /// Refuses more than what `offset` bytes of an honest pickle make: an empty list is one
    /// byte in the file and tens in memory.
    #[inline]
    pub(crate) fn afford(&self, held: usize) -> Outcome<()> {
        if held as u64 > FLOOR + self.offset / 8 {
            return Err(too_large(format!(
                "{held} unfinished values are more than any pickler leaves"
            )));
        }
        Ok(())
    }

    /// Says how far the pickle has been read, which is what can be afforded.
    #[inline]
    pub(crate) fn at(&mut self, offset: u64) -> &mut Self {
        self.offset = offset;
        self
    }

    pub(crate) fn new_list(&mut self) -> Outcome<Value> {
        self.afford(self.lists.len())?;
        self.lists.push(List::EMPTY);
        Ok(Value::List((self.lists.len() - 1) as u32))
    }

    /// Takes a list that a shortcut made; its number.
    #[inline]
    pub(crate) fn adopt_list(&mut self, list: List) -> u32 {
        self.lists.push(list);
        (self.lists.len() - 1) as u32
    }

    pub(crate) fn list_count(&self) -> usize {
        self.lists.len()
    }

    /// Takes back the lists that a shortcut made.
    pub(crate) fn truncate_lists(&mut self, count: usize) {
        self.lists.truncate(count);
    }

    pub(crate) fn list(&self, number: u32) -> &List {
        &self.lists[number as usize]
    }

    pub(crate) fn set_list(&mut self, number: u32, list: List) {
        let before = std::mem::replace(&mut self.lists[number as usize], list);
        self.loose_items = self.loose_items.saturating_sub(before.loose_items());
    }

    pub(crate) fn append(&mut self, number: u32, values: &[Value]) -> Outcome<()> {
        let list = &mut self.lists[number as usize];
        let before = list.loose_items();
        values.iter().try_for_each(|&value| list.push(value))?;
        let after = list.loose_items();
        if after > before {
            self.loose_items += after - before;
            self.afford(self.loose_items)?;
        }
        Ok(())
    }

    pub(crate) fn new_dict(&mut self) -> Outcome<Value> {
        self.afford(self.dicts.len())?;
        let number = self.next_dict;
        self.next_dict = number
            .checked_add(1)
            .ok_or_else(|| too_large("more than 4,294,967,295 dicts"))?;
        self.dicts
            .push((number, Some(self.spare.pop().unwrap_or_default())));
        Ok(Value::Dict(number))
    }

    /// Where a dict stands. The last one first: that is the one in hand.
    fn dict_index(&self, number: u32) -> Option<usize> {
        match self.dicts.last() {
            Some((last, _)) if *last == number => Some(self.dicts.len() - 1),
            _ => self.dicts.binary_search_by_key(&number, |(n, _)| *n).ok(),
        }
    }

    pub(crate) fn dict(&self, number: u32) -> Outcome<&Pairs> {
        self.dict_index(number)
            .and_then(|index| self.dicts[index].1.as_ref())
            .ok_or_else(let_go)
    }

    pub(crate) fn set_items(&mut self, number: u32, items: &[Value]) -> Outcome<()> {
        let pairs = self
            .dict_index(number)
            .and_then(|index| self.dicts[index].1.as_mut());
        let pairs = pairs.ok_or_else(let_go)?;
        pairs.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
        self.living_pairs += items.len() / 2;
        self.afford(self.living_pairs)
    }

    /// Lets a dict go and hands out its pairs; give them back with [`recycle`](Self::recycle).
    pub(crate) fn take_dict(&mut self, number: u32) -> Outcome<Pairs> {
        let index = self.dict_index(number).ok_or_else(let_go)?;
        let pairs = self.dicts[index].1.take().ok_or_else(let_go)?;
        self.living_pairs -= pairs.len();
        while let Some((_, None)) = self.dicts.last() {
            self.dicts.pop();
        }
        Ok(pairs)
    }

    pub(crate) fn recycle(&mut self, mut pairs: Pairs) {
        if self.spare.len() < 64 && pairs.capacity() <= 64 {
            pairs.clear();
            self.spare.push(pairs);
        }
    }

    pub(crate) fn new_tuple(&mut self, items: &[Value]) -> Outcome<Value> {
        self.afford(self.tuples.len())?;
        self.afford(self.tuple_items.len() / 2)?;
        let start = self.tuple_items.len() as u32;
        self.tuple_items.extend_from_slice(items);
        self.tuples.push((start, items.len() as u32));
        Ok(Value::Tuple((self.tuples.len() - 1) as u32))
    }

    pub(crate) fn tuple(&self, number: u32) -> &[Value] {
        let (start, length) = self.tuples[number as usize];
        &self.tuple_items[start as usize..(start + length) as usize]
    }

    /// The items of a list or of a tuple that the builder did not take; `None` of anything else.
    pub(crate) fn items(&self, value: Value) -> Option<Box<dyn Iterator<Item = Value> + '_>> {
        match value {
            Value::List(number) => Some(Box::new(self.list(number).values())),
            Value::Tuple(number) => Some(Box::new(self.tuple(number).iter().copied())),
            _ => None,
        }
    }

    /// An int: small where it fits.
    pub(crate) fn int(&mut self, value: i128) -> Value {
        i64::try_from(value).map_or_else(
            |_| {
                self.wide.push(value);
                Value::Wide((self.wide.len() - 1) as u32)
            },
            Value::Int,
        )
    }

    pub(crate) fn wide(&self, number: u32) -> i128 {
        self.wide[number as usize]
    }

    /// An int's value: `None` for other types and for ints beyond 128 bits. Bools are ints, as in Python.
    pub(crate) fn as_int(&self, value: Value) -> Option<i128> {
        match value {
            Value::Bool(b) => Some(i128::from(b)),
            Value::Int(i) => Some(i128::from(i)),
            Value::Wide(n) => Some(self.wide(n)),
            _ => None,
        }
    }
}

#[cold]
fn let_go() -> Box<Fault> {
    bad_value("two instances share one dict as their state, which no pickler writes")
}
