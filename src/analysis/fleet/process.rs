//! By what a process is known again in several dumps of it: by its number, and by its oldest objects.

use std::collections::{BinaryHeap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use foldhash::fast::FixedState;

use crate::error::Error;
use crate::fleet::Label;
use crate::model::{Column, Contents, Projection, Rows};
use crate::source::Source;

/// By how many of its oldest objects a process is known again. A tracker may forget some of them.
const OLDEST: usize = 16;

/// By what the process of a dump is known again in another dump.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessMarks {
    /// The number of the process, where the dump has it.
    pid: Option<i64>,
    /// Marks of its oldest objects, by address, birth and class: no other process has them.
    oldest: Vec<u64>,
    /// The moment of the last snapshot, in seconds since the program started; 0 without one.
    pub(super) end_seconds: f64,
}

impl ProcessMarks {
    /// Gathers them.
    ///
    /// # Errors
    ///
    /// If the dump cannot be read.
    pub fn of(source: &impl Source) -> Result<ProcessMarks, Error> {
        let contents = source.digest()?.contents;
        let times = contents.snapshots().map(|s| s.timestamp_seconds());
        let last = times.fold(f64::NEG_INFINITY, f64::max);
        Ok(ProcessMarks {
            pid: contents.snapshots().find_map(|s| s.process().pid),
            oldest: oldest(source)?,
            end_seconds: if last > f64::NEG_INFINITY { last } else { 0.0 },
        })
    }
}

/// Marks of the objects that were born first.
fn oldest(source: &impl Source) -> Result<Vec<u64>, Error> {
    let wanted = Projection::of([Column::Class, Column::Birth, Column::Address]);
    let fetched = source.fetch(wanted, Rows::All)?;
    let contents: &Contents = &fetched;
    // The latest birth of those that are kept is on top. Births are ordered by their bits, which is
    // their order, for none is negative but in dumps that nobody recorded.
    let mut oldest: BinaryHeap<(u64, u64)> = BinaryHeap::with_capacity(OLDEST + 1);
    for object in contents.objects() {
        let birth = object.birth_seconds().to_bits();
        if oldest.len() == OLDEST && oldest.peek().is_some_and(|&(latest, _)| latest < birth) {
            continue;
        }
        let mut mark = DefaultHasher::new();
        (birth, object.address()).hash(&mut mark);
        object.class().name().as_bytes().hash(&mut mark);
        oldest.push((birth, mark.finish()));
        if oldest.len() > OLDEST {
            oldest.pop();
        }
    }
    Ok(oldest.into_iter().map(|(_, mark)| mark).collect())
}

/// Processes, numbered in the order in which their first dumps came.
#[derive(Debug, Default)]
pub(super) struct Processes {
    /// Which process has objects of these marks.
    marks: HashMap<(u64, Owner), u32, FixedState>,
    count: u32,
}

/// Who has an object. A process that was forked has objects of its parent, but a number of its own;
/// where the dump does not tell the number, the labels of its path must do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Owner {
    Pid(i64),
    Labels(Vec<Label>),
}

impl Processes {
    /// The process of a dump, whose worker has these labels.
    pub(super) fn number(
        &mut self,
        process: &ProcessMarks,
        labels: impl FnOnce() -> Vec<Label>,
    ) -> u32 {
        let owner = match process.pid {
            Some(pid) => Owner::Pid(pid),
            None => Owner::Labels(labels()),
        };
        let marks = || process.oldest.iter().map(|&mark| (mark, owner.clone()));
        let known = marks().find_map(|mark| self.marks.get(&mark).copied());
        let number = known.unwrap_or(self.count);
        self.count = self.count.max(number + 1);
        self.marks.extend(marks().map(|mark| (mark, number)));
        number
    }
}

/// For each dump the last one of the same process, if it is another: that one has all snapshots and
/// objects of this one.
pub fn last_checkpoints(dumps: &[ProcessMarks]) -> Vec<Option<usize>> {
    let mut processes = Processes::default();
    let numbers: Vec<u32> = dumps
        .iter()
        .map(|dump| processes.number(dump, Vec::new))
        .collect();
    let mut last: HashMap<u32, usize> = HashMap::new();
    for (place, number) in numbers.iter().enumerate() {
        let last = last.entry(*number).or_insert(place);
        if dumps[place].end_seconds > dumps[*last].end_seconds {
            *last = place;
        }
    }
    let numbers = numbers.into_iter().enumerate();
    numbers
        .map(|(place, number)| {
            let last = last[&number];
            (dumps[place].end_seconds < dumps[last].end_seconds).then_some(last)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(pid: Option<i64>, oldest: &[u64], end_seconds: f64) -> ProcessMarks {
        ProcessMarks {
            pid,
            oldest: oldest.to_vec(),
            end_seconds,
        }
    }

    #[test]
    fn earlier_checkpoints_know_the_last_one() {
        let dumps = [
            dump(Some(1), &[10, 11], 5.0),
            // Another process, forked: it has an object of its parent.
            dump(Some(2), &[10, 21], 9.0),
            // It forgot one of its oldest objects.
            dump(Some(1), &[11, 12], 7.0),
            // The same again is no later one.
            dump(Some(1), &[11, 12], 7.0),
            // Nothing tells of what process these are.
            dump(None, &[], 1.0),
            dump(None, &[], 2.0),
        ];
        let expected = [Some(2), None, None, None, None, None];
        assert_eq!(last_checkpoints(&dumps), expected);
    }
}
