//! Lists and tuples, of which either stands for the other: other tools that rebuild a dump write
//! what Pympler wrote as one as the other, and Pympler prints both alike.

use super::{ASIZED, EMPTY_TUPLE, Loader, SAMPLE};
use crate::model::AsizedId;
use crate::pickle::{Heap, List, Outcome, Value};

impl Loader {
    /// The items of a list or tuple; `None` of anything else.
    pub(super) fn items<'h>(
        heap: &'h Heap,
        value: Value,
    ) -> Option<Box<dyn Iterator<Item = Value> + 'h>> {
        match value {
            Value::Built(EMPTY_TUPLE, _) => Some(Box::new(std::iter::empty())),
            value => heap.items(value),
        }
    }

    /// What was made of a list or tuple that came before, so that one that many objects share is
    /// taken once.
    pub(super) fn taken(&self, heap: &Heap, value: Value) -> Option<Value> {
        match value {
            Value::List(list) => match heap.list(list) {
                &List::Taken(taken) => Some(taken),
                _ => None,
            },
            Value::Tuple(tuple) => self.taken_tuples.get(&tuple).copied(),
            _ => None,
        }
    }

    /// Notes what was made of a list, which lets its items go, or of a tuple.
    pub(super) fn take(&mut self, heap: &mut Heap, value: Value, made: Value) {
        match value {
            Value::List(list) => heap.set_list(list, List::Taken(made)),
            Value::Tuple(tuple) => {
                self.taken_tuples.insert(tuple, made);
            }
            _ => {}
        }
    }

    /// The sample that a list of a time and an `Asized` is, which Pympler writes as a tuple.
    pub(super) fn sample_of(&mut self, heap: &mut Heap, value: Value) -> Outcome<Option<u32>> {
        if let Value::Built(SAMPLE, number) = value {
            return Ok(Some(number));
        }
        if let Some(Value::Built(SAMPLE, number)) = self.taken(heap, value) {
            return Ok(Some(number));
        }
        let mut items = Self::items(heap, value).into_iter().flatten();
        let (Some(time), Some(Value::Built(ASIZED, asized)), None) =
            (items.next(), items.next(), items.next())
        else {
            return Ok(None);
        };
        drop(items);
        let Some(time) = self.seconds(time, heap) else {
            return Ok(None);
        };
        let number = self.new_sample(time, AsizedId(asized))?;
        self.take(heap, value, Value::Built(SAMPLE, number));
        Ok(Some(number))
    }
}
