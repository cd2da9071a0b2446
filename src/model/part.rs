//! A part of a dump as a dump of its own: some objects, and all that they refer to.

use super::asized::AsizedColumns;
use super::id::{AsizedId, TraceId};
use super::text::{TextArena, TextId};
use super::{ClassId, ClassRow, Contents, Dump, FrameRow, ObjectId};

impl Contents {
    /// A dump of these objects alone, in this order within their classes, with all
    /// snapshots. Classes without any of them are left out. What the snapshots say of the
    /// whole (tracked total, cached annotations) stays as it was recorded.
    ///
    /// # Panics
    ///
    /// If an id is not that of an object of this dump.
    pub fn part(&self, objects: &[ObjectId]) -> Dump {
        let mut part = Part {
            whole: self,
            dump: Contents {
                asized: AsizedColumns::new(),
                notes: self.notes.clone(),
                ..Contents::default()
            },
            texts: Own::of(self.text.len()),
            asized: Own::of(self.asized.rows.len()),
            groups: Own::of(self.asized.group_start.len()),
            traces: Own::of(self.traces.ends.len()),
            frames: Own::of(self.traces.frames.len()),
            objects: Own::of(self.objects.len()),
        };
        // Stable: those of a class keep their order.
        let mut by_class = objects.to_vec();
        let class = |&id: &ObjectId| self.object(id).class().id();
        by_class.sort_by_key(class);
        for members in by_class.chunk_by(|a, b| class(a) == class(b)) {
            part.class(&self.classes[class(&members[0]).index()], members);
        }
        part.snapshots();
        Dump {
            contents: part.dump,
        }
    }
}

/// A part on its way; the maps lead from numbers of the whole to its own.
struct Part<'d> {
    whole: &'d Contents,
    dump: Contents,
    texts: Own,
    asized: Own,
    groups: Own,
    traces: Own,
    frames: Own,
    objects: Own,
}

/// The part's own numbers of what the whole has. Of the memory only as much is used as there are
/// numbers.
struct Own(Vec<u32>);

impl Own {
    fn of(count: usize) -> Self {
        Own(vec![0; count])
    }

    fn get(&self, number: u32) -> Option<u32> {
        self.0[number as usize].checked_sub(1)
    }

    fn set(&mut self, number: u32, own: u32) {
        self.0[number as usize] = own + 1;
    }
}

/// A part has no more of anything than the whole, whose numbers fit.
const FITS: &str = "a part is no larger than the whole";

impl Part<'_> {
    fn text(&mut self, id: TextId) -> TextId {
        let (whole, arena): (_, &mut TextArena) = (&self.whole.text, &mut self.dump.text);
        if id == TextId::NONE {
            return id;
        }
        if let Some(own) = self.texts.get(id.0) {
            return TextId(own);
        }
        let own = arena.push(whole.bytes(id)).expect(FITS);
        self.texts.set(id.0, own.0);
        own
    }

    fn class(&mut self, class: &ClassRow, members: &[ObjectId]) {
        let name = self.text(class.name);
        let id = ClassId::at(self.dump.classes.len());
        let start = self.dump.listed.len() as u32;
        for &member in members {
            let own = match self.objects.get(member.0) {
                Some(own) => ObjectId(own),
                None => self.object(member),
            };
            self.dump.objects.class[own.index()] = id;
            self.dump.listed.push(own);
        }
        self.dump.classes.push(ClassRow {
            name,
            start,
            count: members.len() as u32,
        });
    }

    fn object(&mut self, id: ObjectId) -> ObjectId {
        let (whole, from) = (&self.whole.objects, id.index());
        let to = self.dump.objects.push();
        let own = ObjectId::at(to);
        let (name, repr) = (self.text(whole.name[from]), self.text(whole.repr[from]));
        let trace = self.trace(whole.trace[from]);
        let huge = whole.huge_address.get(&id);
        let huge = huge.map(|&digits| self.text(digits));
        let start = self.dump.samples.time.len() as u32;
        let samples = whole.sample_start[from] as usize;
        let count = whole.sample_count[from];
        for sample in samples..samples + count as usize {
            let asized = self.asized(self.whole.samples.asized[sample]);
            self.dump.samples.time.push(self.whole.samples.time[sample]);
            self.dump.samples.asized.push(asized);
        }
        let objects = &mut self.dump.objects;
        objects.address[to] = whole.address[from];
        if let Some(&address) = whole.wide_address.get(&id) {
            objects.wide_address.insert(own, address);
        }
        if let Some(digits) = huge {
            objects.huge_address.insert(own, digits);
        }
        objects.name[to] = name;
        objects.repr[to] = repr;
        objects.birth[to] = whole.birth[from];
        objects.set_death(to, whole.death(from));
        objects.trace[to] = trace;
        objects.resolution_level[to] = whole.resolution_level[from];
        objects.sample_start[to] = start;
        objects.sample_count[to] = count;
        self.objects.set(id.0, own.0);
        own
    }

    /// Copies an `Asized` and all that it refers to; shared parts once.
    fn asized(&mut self, root: AsizedId) -> AsizedId {
        let mut waiting = vec![root];
        let mut copied = Vec::new();
        while let Some(id) = waiting.pop() {
            if self.asized.get(id.0).is_some() {
                continue;
            }
            let own = self.dump.asized.push(TextId::NONE).expect(FITS);
            self.asized.set(id.0, own.0);
            copied.push(id);
            let group = self.whole.asized.rows[id.index()].group;
            waiting.extend(self.whole.asized.group_members(group));
        }
        for id in copied {
            let columns = &self.whole.asized;
            let row = columns.rows[id.index()];
            let (name, group) = (self.text(row.name), self.group(row.group));
            let own = self.own_asized(id);
            self.dump
                .asized
                .set(own, columns.size(id), columns.flat(id), name, group);
        }
        self.own_asized(root)
    }

    fn own_asized(&self, copied: AsizedId) -> AsizedId {
        AsizedId(self.asized.get(copied.0).expect("it was copied"))
    }

    /// Copies a group whose members were copied.
    fn group(&mut self, group: u32) -> u32 {
        if group == 0 {
            return 0;
        }
        if let Some(own) = self.groups.get(group) {
            return own;
        }
        let columns = &mut self.dump.asized;
        let own = columns.group_start.len() as u32;
        columns.group_start.push(columns.referents.len() as u32);
        let members = self.whole.asized.group_members(group);
        let own_members = members.iter().filter_map(|id| self.asized.get(id.0));
        columns.referents.extend(own_members.map(AsizedId));
        self.groups.set(group, own);
        own
    }

    fn trace(&mut self, trace: TraceId) -> TraceId {
        if trace == TraceId::NONE {
            return trace;
        }
        if let Some(own) = self.traces.get(trace.0) {
            return TraceId(own);
        }
        for &frame in self.whole.traces.frames_of(trace) {
            let own = self.frame(frame);
            self.dump.traces.frame_numbers.push(own);
        }
        let columns = &mut self.dump.traces;
        let own = TraceId::at(columns.ends.len());
        columns.ends.push(columns.frame_numbers.len() as u32);
        self.traces.set(trace.0, own.0);
        own
    }

    fn frame(&mut self, frame: u32) -> u32 {
        if let Some(own) = self.frames.get(frame) {
            return own;
        }
        let row = &self.whole.traces.frames[frame as usize];
        let copy = FrameRow {
            file: self.text(row.file),
            line: row.line,
            wide_line: self.text(row.wide_line),
            function: self.text(row.function),
            source: row
                .source
                .as_ref()
                .map(|lines| lines.iter().map(|&l| self.text(l)).collect()),
            source_index: row.source_index,
        };
        let own = self.dump.traces.frames.len() as u32;
        self.dump.traces.frames.push(copy);
        self.frames.set(frame, own);
        own
    }

    fn snapshots(&mut self) {
        for row in &self.whole.snapshots {
            let mut copy = row.clone();
            copy.each_text(|id| *id = self.text(*id));
            for cached in copy.classes.iter_mut().flatten() {
                cached.merged = cached.merged.map(|merged| self.asized(merged));
            }
            self.dump.snapshots.push(copy);
        }
        self.dump
            .snapshot_rows
            .clone_from(&self.whole.snapshot_rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::objects::{Detail, Objects};
    use crate::report::{JsonLayout, Report};
    use crate::select::{Filter, Selection};

    fn lines(dump: &Dump, filter: Filter) -> Vec<u8> {
        let mut out = Vec::new();
        let selected = Selection {
            filter,
            ..Selection::default()
        }
        .select(dump)
        .unwrap();
        let report = Objects::of(&selected, Detail::default());
        report.json(&mut out, JsonLayout::Lines).unwrap();
        out
    }

    #[test]
    fn a_part_says_of_its_objects_what_the_whole_says() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        for name in [
            "shop.dump",
            "dumps/bank-1.1-py313.dump",
            "edited/edit-ids.dump",
        ] {
            let whole = Dump::load(root.join(name)).unwrap();
            let filter = Filter {
                alive: Some(true),
                ..Filter::default()
            };
            let selection = Selection {
                filter: filter.clone(),
                ..Selection::default()
            };
            let part = whole.part(&selection.select(&whole).unwrap().objects);
            assert!(part.object_count() < whole.object_count());
            assert_eq!(part.snapshots().len(), whole.snapshots().len());
            assert_eq!(
                lines(&part, Filter::default()),
                lines(&whole, filter),
                "{name}"
            );
        }
    }
}
