//! `Asized` instances into columns: sizes, and groups of referents.

use super::fields::{Field, field};
use super::{ASIZED, EMPTY_TUPLE, GROUP, Loader, UNBUILT, built_twice};
use crate::model::{AsizedId, TextId};
use crate::pickle::{Fault, Heap, List, Outcome, Pairs, Value, bad_value, too_large};

impl Loader {
    pub(super) fn build_asized(
        &mut self,
        heap: &mut Heap,
        id: AsizedId,
        pairs: &Pairs,
    ) -> Outcome<()> {
        const CLASS: &str = "Asized";
        let (mut size, mut flat, mut group) = (None, 0, 0);
        let mut name = TextId::NONE;
        for &(key, value) in pairs {
            match field(key, &self.texts) {
                Some(Field::Size) => {
                    size = Some(self.bytes_of(value, heap, CLASS, Field::Size)?);
                }
                Some(Field::Flat) => flat = self.bytes_of(value, heap, CLASS, Field::Flat)?,
                Some(Field::Name) => name = self.text_of(value, heap, "Asized.name")?,
                Some(Field::Refs) => group = self.group_of(heap, value)?,
                _ => {}
            }
        }
        let size = size.ok_or_else(|| self.missing(CLASS, Field::Size))?;
        if self.asized.rows[id.index()].name != UNBUILT {
            return Err(built_twice(CLASS));
        }
        self.unbuilt -= 1;
        self.asized.set(id, size, flat, name, group);
        Ok(())
    }

    /// The group of referents that a value of `Asized.refs` is.
    pub(super) fn group_of(&mut self, heap: &mut Heap, value: Value) -> Outcome<u32> {
        match value {
            Value::Built(GROUP, group) => Ok(group),
            Value::Built(EMPTY_TUPLE, _) | Value::None => Ok(0),
            // Merged trees have lists.
            Value::List(list) => {
                if let List::Taken(Value::Built(GROUP, group)) = heap.list(list) {
                    return Ok(*group);
                }
                let mut members = Vec::new();
                for item in heap.list(list).values() {
                    let Value::Built(ASIZED, number) = item else {
                        return Err(self.no_referent(item));
                    };
                    members.push(AsizedId(number));
                }
                let group = self.new_group(&members)?;
                heap.set_list(list, List::Taken(Value::Built(GROUP, group)));
                Ok(group)
            }
            Value::Tuple(tuple) => {
                let odd = heap
                    .tuple(tuple)
                    .iter()
                    .find(|v| !matches!(v, Value::Built(ASIZED, _)));
                Err(self.no_referent(odd.copied().unwrap_or(value)))
            }
            other => Err(self.no_referent(other)),
        }
    }

    #[cold]
    pub(super) fn no_referent(&self, value: Value) -> Box<Fault> {
        bad_value(format!("Asized.refs holds {}", self.describe_type(value)))
    }

    pub(super) fn new_group(&mut self, members: &[AsizedId]) -> Outcome<u32> {
        if members.is_empty() {
            return Ok(0);
        }
        let columns = &mut self.asized;
        let start = u32::try_from(columns.referents.len())
            .map_err(|_| too_large("it holds more than 4,294,967,295 referents"))?;
        columns.referents.extend_from_slice(members);
        columns.group_start.push(start);
        Ok((columns.group_start.len() - 1) as u32)
    }
}
