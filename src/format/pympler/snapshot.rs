//! `Snapshot` instances into rows: the process, and annotations that Pympler had cached.

use super::fields::{Field, field};
use super::{ASIZED, Loader, PROCESS, UNBUILT, built_twice};
use crate::model::{AsizedId, CachedClass, Number, ProcessMemory, SnapshotId, SnapshotRow, TextId};
use crate::pickle::{Heap, Outcome, Pairs, Value};

impl Loader {
    pub(super) fn build_snapshot(
        &mut self,
        heap: &mut Heap,
        id: SnapshotId,
        pairs: &Pairs,
    ) -> Outcome<()> {
        const CLASS: &str = "Snapshot";
        let mut row = SnapshotRow::empty(TextId::NONE);
        let mut timestamp = None;
        for &(key, value) in pairs {
            let Some(of) = field(key, &self.texts) else {
                continue;
            };
            let int = || {
                heap.as_int(value)
                    .ok_or_else(|| self.no_number(value, CLASS, of))
            };
            let nearest = || {
                self.nearest_int(value, heap)
                    .ok_or_else(|| self.no_number(value, CLASS, of))
            };
            match of {
                Field::Timestamp => timestamp = Some(self.seconds_of(value, heap, CLASS, of)?),
                Field::TrackedTotal => row.tracked_total = nearest()?,
                // Pympler prints it, but for one beyond its units.
                Field::AsizeofTotal => row.asizeof_total = int()?,
                Field::Overhead => row.overhead = nearest()?,
                Field::Desc => row.desc = self.text_of(value, heap, "Snapshot.desc")?,
                Field::SystemTotal => match value {
                    Value::Built(PROCESS, process) => {
                        self.labels += self.processes[process as usize].os_specific.len();
                        heap.afford(2 * self.labels)?;
                        row.process = self.processes[process as usize].clone();
                    }
                    // Shares then refer to the next best figure.
                    _ => row.process = ProcessMemory::default(),
                },
                Field::Classes => row.classes = self.cached_classes(heap, id, value)?,
                _ => {}
            }
        }
        row.timestamp = timestamp.ok_or_else(|| self.missing(CLASS, Field::Timestamp))?;
        let slot = &mut self.snapshots[id.index()];
        if slot.desc != UNBUILT {
            return Err(built_twice(CLASS));
        }
        self.unbuilt -= 1;
        *slot = row;
        Ok(())
    }

    /// `Snapshot.classes`: what annotate_snapshot had computed before the dump.
    fn cached_classes(
        &mut self,
        heap: &mut Heap,
        snapshot: SnapshotId,
        value: Value,
    ) -> Outcome<Option<Vec<CachedClass>>> {
        let Value::Dict(dict) = value else {
            return Ok(None);
        };
        // A copy of a snapshot, as copy.copy makes it, has the same dict.
        if let Some(&snapshot) = self.cached.get(&dict) {
            let classes = self.snapshots[snapshot.index()].classes.clone();
            self.cached_copies += classes.as_ref().map_or(0, Vec::len);
            // A row takes more than a hundred bytes, and none in the file.
            heap.afford(8 * self.cached_copies)?;
            return Ok(classes);
        }
        let mut classes = Vec::new();
        for &(key, value) in heap.dict(dict)? {
            let class = self.text_of(key, heap, "a class name of Snapshot.classes")?;
            let Value::Dict(figures) = value else {
                continue;
            };
            let mut cached = CachedClass::empty(class);
            for &(key, value) in heap.dict(figures)? {
                let Some(of) = field(key, &self.texts) else {
                    continue;
                };
                let figure = match of {
                    Field::Sum => &mut cached.sum,
                    Field::Avg => &mut cached.average,
                    Field::Pct => &mut cached.percent,
                    Field::Active => &mut cached.active,
                    Field::Merged => {
                        if let Value::Built(ASIZED, number) = value {
                            cached.merged = Some(AsizedId(number));
                        }
                        continue;
                    }
                    _ => continue,
                };
                *figure = match value {
                    Value::Float(float) => Number::Float(float),
                    Value::Huge(digits)
                        if digits != Value::ENDLESS && matches!(of, Field::Active | Field::Pct) =>
                    {
                        Number::Huge(TextId(digits))
                    }
                    other => Number::Int(
                        heap.as_int(other)
                            .ok_or_else(|| self.no_number(other, "Snapshot.classes", of))?,
                    ),
                };
            }
            classes.push(cached);
        }
        // The dicts inside are states in all but name: let them go with their owner.
        for (_, figures) in heap.take_dict(dict)? {
            if let Value::Dict(figures) = figures
                && let Ok(pairs) = heap.take_dict(figures)
            {
                heap.recycle(pairs);
            }
        }
        self.cached_classes += classes.len();
        self.cached.insert(dict, snapshot);
        Ok(Some(classes))
    }

    pub(super) fn build_process(&mut self, heap: &Heap, number: u32, pairs: &Pairs) -> Outcome<()> {
        const CLASS: &str = "ProcessMemoryInfo";
        let mut row = ProcessMemory {
            kind: self.processes[number as usize].kind,
            ..Default::default()
        };
        for &(key, value) in pairs {
            let Some(of) = field(key, &self.texts) else {
                continue;
            };
            let nearest = || {
                self.nearest_int(value, heap)
                    .ok_or_else(|| self.no_number(value, CLASS, of))
            };
            let small = || heap.as_int(value).and_then(|int| i64::try_from(int).ok());
            match of {
                Field::Vsz => row.virtual_bytes = nearest()?,
                Field::Rss => row.resident_bytes = nearest()?,
                Field::Available => row.available = !matches!(heap.as_int(value), None | Some(0)),
                Field::Pid => row.pid = small(),
                Field::Pagefaults => row.pagefaults = small(),
                Field::DataSegment => row.data_segment = small(),
                Field::CodeSegment => row.code_segment = small(),
                Field::SharedSegment => row.shared_segment = small(),
                Field::StackSegment => row.stack_segment = small(),
                Field::OsSpecific => {
                    for item in Self::items(heap, value).into_iter().flatten() {
                        let mut pair = Self::items(heap, item).into_iter().flatten();
                        if let (Some(Value::Text(label)), Some(Value::Text(text)), None) =
                            (pair.next(), pair.next(), pair.next())
                        {
                            row.os_specific.push((TextId(label), TextId(text)));
                        }
                    }
                    // Many may have the same list.
                    self.labels += row.os_specific.len();
                    heap.afford(2 * self.labels)?;
                }
                _ => {}
            }
        }
        self.processes[number as usize] = row;
        Ok(())
    }
}
