//! Shortcuts: whole instances taken in one step.
//!
//! In a dump of Python 3.4 or later nearly all bytes are `Asized` and `TrackedObject`
//! instances of one shape: the same opcodes in the same order, other numbers and
//! names. Where the bytes at hand have that shape, they are read field by field
//! instead of opcode by opcode, with the same effect on memo, heap and columns. Where
//! they do not (another protocol, an unusual value, the end of the window), everything
//! is taken back and the machine goes on opcode by opcode. So nothing here decides
//! what is valid, and nothing needs to be complete.

use super::fields::{Field, registered};
use super::frames::FrameParts;
use super::leaf::{Leaf, LeafKeys, skip};
use super::lists::Of;
use super::texts::CACHED_BYTES;
use super::{ASIZED, FRAME, GROUP, Loader, OBJECT, SAMPLE, SAMPLES, SLOTS, TRACE};
use crate::model::{AsizedId, TextId, TraceId};
use crate::pickle::opcode as op;
use crate::pickle::{Heap, InstanceTags, List, Memo, MemoEnd, Packed, Value, packed};

/// How deep a tree of referents is read here. Trackers record a few levels.
const MAX_DEPTH: u32 = 12;

const TEXT: u32 = packed::TEXT_TAG;
const CLASS: u32 = packed::CLASS_TAG;
const ASIZED_TAG: u32 = packed::built_tag(ASIZED);

/// From behind the class to the first key: an instance, its state None and a dict.
pub(super) const ASIZED_OPENING: [u8; 7] = [
    op::EMPTY_TUPLE,
    op::NEWOBJ,
    op::MEMOIZE,
    op::NONE,
    op::EMPTY_DICT,
    op::MEMOIZE,
    op::MARK,
];
/// From behind the last value to the end of the instance.
pub(super) const ASIZED_CLOSING: [u8; 4] = [op::SETITEMS, op::TUPLE2, op::MEMOIZE, op::BUILD];
pub(super) const OBJECT_OPENING: [u8; 6] = [
    op::EMPTY_TUPLE,
    op::NEWOBJ,
    op::MEMOIZE,
    op::EMPTY_DICT,
    op::MEMOIZE,
    op::MARK,
];
const OBJECT_CLOSING: [u8; 2] = [op::SETITEMS, op::BUILD];

/// Takes an `Asized`, from behind its class.
pub(super) fn asized(
    loader: &mut Loader,
    bytes: &[u8],
    heap: &mut Heap,
    memo: &mut Memo,
) -> Option<(usize, Value)> {
    attempt(loader, bytes, heap, memo, |shape| {
        let id = shape.asized(None, TextId::NONE, 0)?;
        Some(Value::Built(ASIZED, id.0))
    })
}

/// Takes a `TrackedObject`, from behind its class.
pub(super) fn tracked_object<M: MemoEnd>(
    loader: &mut Loader,
    bytes: &[u8],
    heap: &mut Heap,
    memo: &mut M,
) -> Option<(usize, Value)> {
    attempt(loader, bytes, heap, memo, |shape| {
        let number = shape.tracked_object()?;
        Some(Value::Built(OBJECT, number))
    })
}

/// Runs `take`, and takes everything back if it gives up.
#[inline]
fn attempt<'s, M: MemoEnd>(
    loader: &'s mut Loader,
    bytes: &'s [u8],
    heap: &'s mut Heap,
    memo: &'s mut M,
    take: impl FnOnce(&mut Shape<'s, M>) -> Option<Value>,
) -> Option<(usize, Value)> {
    if !bytes.starts_with(&OBJECT_OPENING[..3]) {
        return None;
    }
    let before = (
        memo.length()?,
        heap.list_count(),
        loader.objects.len(),
        loader.samples.time.len(),
        loader.asized.rows.len(),
        loader.asized.referents.len(),
        loader.asized.group_start.len(),
    );
    if loader.habits.memo != memo.state() {
        loader.habits = Habits {
            memo: memo.state(),
            ..Habits::default()
        };
    }
    let mut shape = Shape {
        loader,
        heap,
        memo,
        bytes,
        at: 0,
    };
    let value = take(&mut shape);
    let Shape {
        loader,
        heap,
        memo,
        at,
        ..
    } = shape;
    loader.gathered.clear();
    loader.gathered_frames.clear();
    let Some(value) = value else {
        let (entries, lists, objects, samples, asized, referents, groups) = before;
        memo.truncate(entries);
        heap.truncate_lists(lists);
        loader.objects.truncate(objects);
        loader.samples.time.truncate(samples);
        loader.samples.asized.truncate(samples);
        loader.asized.rows.truncate(asized);
        loader.asized.referents.truncate(referents);
        loader.asized.group_start.truncate(groups);
        loader.lists.take_back();
        loader.habits = Habits::default();
        return None;
    };
    loader.lists.keep();
    Some((at, value))
}

/// Two bytes that mean a BINGET of one byte, and the key that this gave the last time.
pub(super) type LikelyKey = Option<([u8; 2], Field)>;

/// The memo's entry for the pair of None and a state.
const PAIR: Packed = (ENTRIES.pair, packed::STATE.1);

/// The types of the memo's entries of an `Asized`, and of the sample that it is in.
pub(super) const ENTRIES: InstanceTags = InstanceTags {
    row: ASIZED_TAG,
    text: TEXT,
    state: packed::STATE_TAG,
    pair: packed::built_tag(SLOTS),
    tuple: packed::built_tag(SAMPLE),
};

/// What stands where in an `Asized`, as far as that was the same in the one before. Asking
/// the memo is dearer than comparing two bytes.
#[derive(Clone, Default)]
pub(super) struct Habits {
    /// The keys of an `Asized` in their order.
    keys: [LikelyKey; 4],
    /// Those of a `TrackedObject`.
    object_keys: [LikelyKey; 9],
    /// The former, where they are those of a leaf.
    leaf: Option<LeafKeys>,
    /// What gave the class `Asized`, as a BINGET of one byte.
    class: Option<[u8; 2]>,
    /// Which state of the memo they are of.
    memo: u64,
}

impl Habits {
    /// The same for a memo in its first state; `None` unless an `Asized` was read in one line.
    pub(super) fn learnt(&self) -> Option<Habits> {
        let is_learnt = self.leaf.is_some() && self.class.is_some();
        is_learnt.then(|| Habits {
            memo: 0,
            ..self.clone()
        })
    }
}

/// A reader of shapes. Every method gives `None` where the bytes are not as expected.
struct Shape<'s, M> {
    loader: &'s mut Loader,
    heap: &'s mut Heap,
    memo: &'s mut M,
    bytes: &'s [u8],
    at: usize,
}

impl<'s, M: MemoEnd> Shape<'s, M> {
    #[inline(always)]
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let array = *self.bytes.get(self.at..)?.first_chunk::<N>()?;
        self.at += N;
        Some(array)
    }

    #[inline(always)]
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline(always)]
    fn expect<const N: usize>(&mut self, expected: [u8; N]) -> Option<()> {
        (self.array()? == expected).then_some(())
    }

    #[inline(always)]
    fn memoize(&mut self, entry: Packed) -> Option<()> {
        self.memo.append(entry).then_some(())
    }

    /// The entries of an `Asized`. If they do not fit, nothing that follows is taken either.
    #[inline(always)]
    fn memoize_asized(
        &mut self,
        id: AsizedId,
        text: Option<TextId>,
        sample: Option<u32>,
    ) -> Option<()> {
        let text = text.map(|text| text.0);
        if !self.memo.append_instance(ENTRIES, id.0, text, sample) {
            self.bytes = &[];
        }
        (!self.bytes.is_empty()).then_some(())
    }

    /// The class `Asized`, or a reference to an instance of it, whose number it gives.
    #[inline(always)]
    fn asized_or_known(&mut self) -> Option<Option<AsizedId>> {
        let bytes = *self.bytes.get(self.at..)?.first_chunk::<2>()?;
        if self.loader.habits.class == Some(bytes) {
            self.at += 2;
            return Some(None);
        }
        let opcode = self.byte()?;
        match self.get(opcode)? {
            (CLASS, class) if self.is_asized(class) => {
                if opcode == op::BINGET {
                    self.loader.habits.class = Some(bytes);
                }
                Some(None)
            }
            // Which one it is among all is not known yet.
            (ASIZED_TAG, _) if M::IS_APART => None,
            (ASIZED_TAG, number) => Some(Some(AsizedId(number))),
            _ => None,
        }
    }

    /// BINGET or LONG_BINGET, its opcode already read.
    #[inline(always)]
    fn get(&mut self, opcode: u8) -> Option<Packed> {
        let number = self.memo_number(opcode)?;
        self.memo.packed(number)
    }

    /// The number that BINGET or LONG_BINGET names.
    #[inline(always)]
    fn memo_number(&mut self, opcode: u8) -> Option<usize> {
        Some(match opcode {
            op::BINGET => usize::from(self.byte()?),
            op::LONG_BINGET => u32::from_le_bytes(self.array()?) as usize,
            _ => return None,
        })
    }

    /// The text that the memo has under a number.
    fn known_text(&mut self, number: usize) -> Option<TextId> {
        if M::IS_APART {
            let entry = self.memo.length()?;
            let outside = self.loader.outside.as_mut()?;
            return outside.text(u32::try_from(number).ok()?, entry);
        }
        match self.memo.packed(number)? {
            (TEXT, number) => Some(TextId(number)),
            _ => None,
        }
    }

    /// The name of an attribute, which is probably that of the last time. One that comes
    /// twice is no usual shape: the first value would have left its traces in the columns.
    #[inline(always)]
    fn key<const N: usize>(
        &mut self,
        of: impl Fn(&mut Habits) -> &mut [LikelyKey; N],
        place: usize,
        seen: &mut u64,
    ) -> Option<Field> {
        let bytes = *self.bytes.get(self.at..)?.first_chunk::<2>()?;
        let likely = of(&mut self.loader.habits).get(place).copied().flatten();
        let field = match likely {
            Some((same, field)) if same == bytes => {
                self.at += 2;
                field
            }
            _ => {
                let opcode = self.byte()?;
                let (TEXT, number) = self.get(opcode)? else {
                    return None;
                };
                let field = registered(number)?;
                if opcode == op::BINGET
                    && let Some(likely) = of(&mut self.loader.habits).get_mut(place)
                {
                    *likely = Some((bytes, field));
                    self.loader.habits.leaf = LeafKeys::of(&self.loader.habits.keys);
                }
                field
            }
        };
        let bit = 1 << field as u32;
        let first = *seen & bit == 0;
        *seen |= bit;
        first.then_some(field)
    }

    #[inline(always)]
    fn int(&mut self) -> Option<i64> {
        Some(match self.byte()? {
            op::BININT1 => self.byte()?.into(),
            op::BININT2 => u16::from_le_bytes(self.array()?).into(),
            op::BININT => i32::from_le_bytes(self.array()?).into(),
            op::LONG1 => {
                let length = usize::from(self.byte()?);
                let digits = self.bytes.get(self.at..self.at + length)?;
                if length == 0 || length > 8 {
                    return None;
                }
                self.at += length;
                let fill = if digits[length - 1] & 0x80 != 0 {
                    0xff
                } else {
                    0
                };
                let mut wide = [fill; 8];
                wide[..length].copy_from_slice(digits);
                i64::from_le_bytes(wide)
            }
            _ => return None,
        })
    }

    #[inline(always)]
    fn float(&mut self) -> Option<f64> {
        let float = f64::from_bits(u64::from_be_bytes(self.array()?));
        // The model's own NaNs must not come from a file.
        (!float.is_nan()).then_some(float)
    }

    /// The number of a text.
    #[inline(always)]
    fn text_of(&mut self, text: &[u8], likely: TextId) -> Option<TextId> {
        if likely != TextId::NONE {
            // A text that nobody has seen yet cannot be compared.
            if M::IS_APART && likely.outside_number().is_some() {
                return None;
            }
            if self.loader.texts.arena.bytes(likely) == text {
                return Some(likely);
            }
        }
        // Surrogates are rare enough to go the long way.
        str::from_utf8(text).ok()?;
        self.loader.texts.intern(text).ok()
    }

    /// A text, or None. `likely` is what it probably is.
    #[inline(always)]
    fn text(&mut self, likely: TextId) -> Option<TextId> {
        let opcode = self.byte()?;
        let length = match opcode {
            op::SHORT_BINUNICODE => usize::from(self.byte()?),
            op::NONE => return Some(TextId::NONE),
            op::BINUNICODE => u32::from_le_bytes(self.array()?) as usize,
            opcode => {
                let number = self.memo_number(opcode)?;
                return self.known_text(number);
            }
        };
        // Longer ones would stand in the arena once more each time a shortcut gives up.
        if length > CACHED_BYTES {
            return None;
        }
        let bytes: &'s [u8] = self.bytes;
        let text = bytes.get(self.at..self.at + length)?;
        self.at += length;
        let id = self.text_of(text, likely)?;
        if self.peek()? == op::MEMOIZE {
            self.at += 1;
            self.memoize(packed::text(id.0))?;
        }
        Some(id)
    }

    /// An `Asized` from behind its class; its number. `before` is what stood in its place in
    /// the same object's sample before: where nothing tells the two apart, one is kept.
    fn asized(
        &mut self,
        before: Option<AsizedId>,
        likely_name: TextId,
        depth: u32,
    ) -> Option<AsizedId> {
        if let Some(leaf) = self.leaf(before, likely_name) {
            return Some(leaf);
        }
        self.expect(ASIZED_OPENING)?;
        let id = self.loader.asized.push(TextId::NONE)?;
        let row_before = before.map(|before| self.loader.asized.rows[before.index()]);
        let entry = self.memo.length()?;
        self.memoize((ASIZED_TAG, id.0))?;
        self.memoize(packed::STATE)?;
        let (mut size, mut flat, mut name, mut group) = (None, 0, TextId::NONE, 0);
        let mut seen = 0;
        for place in 0.. {
            if self.peek()? == op::SETITEMS {
                break;
            }
            match self.key(|habits| &mut habits.keys, place, &mut seen)? {
                Field::Flat => flat = self.int()?,
                Field::Name => {
                    name = self.text(likely_name)?;
                }
                Field::Refs => {
                    group = self.referents(row_before.map_or(0, |row| row.group), depth)?;
                }
                Field::Size => size = Some(self.int()?),
                _ => return None,
            }
        }
        self.expect(ASIZED_CLOSING)?;
        self.memoize(PAIR)?;
        let size = size?;
        let same = match before {
            Some(before) if group == 0 => self.same_leaf(before, size, flat, name)?,
            _ => None,
        };
        let asized = &mut self.loader.asized;
        match same {
            Some(same) => {
                asized.rows.truncate(id.index());
                self.memo.replace(entry, (ASIZED_TAG, same.0));
                Some(same)
            }
            None => {
                asized.set(id, size, flat, name, group);
                Some(id)
            }
        }
    }

    /// The leaf before, if nothing tells this one apart from it; `None` of an answer where that
    /// depends on texts that nobody has seen yet.
    #[inline(always)]
    fn same_leaf(
        &self,
        before: AsizedId,
        size: i64,
        flat: i64,
        name: TextId,
    ) -> Option<Option<AsizedId>> {
        let asized = &self.loader.asized;
        if asized.is_leaf(before, size, flat, name) {
            return Some(Some(before));
        }
        if M::IS_APART {
            let name_before = asized.rows[before.index()].name;
            let is_unseen = |name: TextId| name.outside_number().is_some();
            let are_texts = name != TextId::NONE && name_before != TextId::NONE;
            if are_texts
                && (is_unseen(name) || is_unseen(name_before))
                && asized.is_leaf(before, size, flat, name_before)
            {
                return None;
            }
        }
        Some(None)
    }

    /// The same for one that refers to nothing and is written as the one before it was, which
    /// nearly all are. Does nothing if it is another.
    #[inline(always)]
    fn leaf(&mut self, before: Option<AsizedId>, likely_name: TextId) -> Option<AsizedId> {
        let bytes: &'s [u8] = self.bytes;
        let (leaf, rest) = Leaf::read(bytes.get(self.at..)?, self.loader.habits.leaf?)?;
        let (id, name) = self.keep_leaf(&leaf, before, likely_name)?;
        self.at = bytes.len() - rest.len();
        self.memoize_asized(id, leaf.text.map(|_| name), None)?;
        Some(id)
    }

    /// A sample of a leaf: a tuple of a time and such an `Asized`, from the time's opcode on.
    #[inline(always)]
    fn leaf_sample(&mut self, before: Option<AsizedId>, likely_name: TextId) -> Option<AsizedId> {
        let keys = self.loader.habits.leaf?;
        let class = self.loader.habits.class?;
        let bytes: &'s [u8] = self.bytes;
        let rest = skip(bytes.get(self.at..)?, &[op::BINFLOAT])?;
        let (time, rest) = rest.split_first_chunk::<8>()?;
        let time = f64::from_bits(u64::from_be_bytes(*time));
        let (leaf, rest) = Leaf::read(skip(rest, &class)?, keys)?;
        let rest = skip(rest, &[op::TUPLE2, op::MEMOIZE])?;
        // The model's own NaNs must not come from a file.
        if time.is_nan() {
            return None;
        }
        let (id, name) = self.keep_leaf(&leaf, before, likely_name)?;
        self.at = bytes.len() - rest.len();
        let sample = self.loader.new_sample(time, id).ok()?;
        self.memoize_asized(id, leaf.text.map(|_| name), Some(sample))?;
        Some(id)
    }

    /// The row of a leaf, that of the one before if nothing tells the two apart; and its name.
    #[inline(always)]
    fn keep_leaf(
        &mut self,
        leaf: &Leaf<'_>,
        before: Option<AsizedId>,
        likely_name: TextId,
    ) -> Option<(AsizedId, TextId)> {
        let name = match (leaf.text, leaf.known) {
            (Some(wtf8), _) => self.text_of(wtf8, likely_name)?,
            (None, None) => TextId::NONE,
            (None, Some(number)) => self.known_text(number)?,
        };
        let (size, flat) = (leaf.size, leaf.flat);
        let same = match before {
            Some(before) => self.same_leaf(before, size, flat, name)?,
            None => None,
        };
        let asized = &mut self.loader.asized;
        Some(match same {
            Some(same) => (same, name),
            None => {
                let id = asized.push(name)?;
                asized.set(id, size, flat, name, 0);
                (id, name)
            }
        })
    }

    /// A tuple of `Asized`; the number of its group. `before` is the group in its place in the
    /// sample before.
    fn referents(&mut self, before: u32, depth: u32) -> Option<u32> {
        let marked = match self.peek()? {
            op::EMPTY_TUPLE => {
                self.at += 1;
                return Some(0);
            }
            op::MARK => {
                self.at += 1;
                true
            }
            _ => false,
        };
        if depth >= MAX_DEPTH {
            return None;
        }
        let start = self.loader.gathered.len();
        let mut before = self.loader.asized.group_range(before);
        loop {
            let same = before
                .next()
                .map(|place| self.loader.asized.referents[place]);
            let referent = match self.asized_or_known()? {
                Some(known) => known,
                None => {
                    let name = same.map_or(TextId::NONE, |same| {
                        self.loader.asized.rows[same.index()].name
                    });
                    self.asized(same, name, depth + 1)?
                }
            };
            self.loader.gathered.push(referent);
            let count = self.loader.gathered.len() - start;
            let ends = match self.peek()? {
                op::TUPLE => marked,
                op::TUPLE1 => !marked && count == 1,
                op::TUPLE2 => !marked && count == 2,
                op::TUPLE3 => !marked && count == 3,
                _ => false,
            };
            if ends {
                self.at += 1;
                break;
            }
        }
        let Loader {
            asized, gathered, ..
        } = &mut *self.loader;
        let group = asized.group_start.len() as u32;
        asized
            .group_start
            .push(u32::try_from(asized.referents.len()).ok()?);
        asized.referents.extend_from_slice(&gathered[start..]);
        gathered.truncate(start);
        if self.peek()? == op::MEMOIZE {
            self.at += 1;
            self.memoize((packed::built_tag(GROUP), group))?;
        }
        Some(group)
    }

    #[inline(always)]
    fn is_asized(&self, class: u32) -> bool {
        self.loader.globals[class as usize].global == super::globals::Global::Asized
    }

    /// A `TrackedObject` from behind its class; its number.
    fn tracked_object(&mut self) -> Option<u32> {
        self.expect(OBJECT_OPENING)?;
        let index = self.loader.objects.push();
        let number = u32::try_from(index).ok()?;
        self.memoize((packed::built_tag(OBJECT), number))?;
        self.memoize(packed::STATE)?;
        let (mut address, mut birth, mut seen) = (None, None, 0);
        let mut repr = TextId::NONE;
        for place in 0.. {
            if self.peek()? == op::SETITEMS {
                break;
            }
            match self.key(|habits| &mut habits.object_keys, place, &mut seen)? {
                Field::Id => address = Some(u64::try_from(self.int()?).ok()?),
                Field::Repr => repr = self.text(TextId::NONE)?,
                Field::Name => {
                    let name = self.text(TextId::NONE)?;
                    self.loader.objects.name[index] = name;
                }
                Field::Birth => {
                    self.expect([op::BINFLOAT])?;
                    birth = Some(self.float()?);
                }
                Field::Death => {
                    let death = match self.byte()? {
                        op::NONE => None,
                        op::BINFLOAT => Some(self.float()?),
                        _ => return None,
                    };
                    self.loader.objects.set_death(index, death);
                }
                Field::Trace => {
                    if self.peek()? == op::NONE {
                        self.at += 1;
                    } else {
                        let trace = self.trace()?;
                        self.loader.objects.trace[index] = trace;
                    }
                }
                Field::Snapshots => {
                    let (start, count) = self.samples(number, repr)?;
                    self.loader.objects.sample_start[index] = start;
                    self.loader.objects.sample_count[index] = count;
                }
                Field::ResolutionLevel => {
                    let level = i32::try_from(self.int()?).ok()?;
                    self.loader.objects.resolution_level[index] = level;
                }
                _ => return None,
            }
        }
        self.expect(OBJECT_CLOSING)?;
        self.loader.objects.repr[index] = repr;
        self.loader.objects.address[index] = address?;
        self.loader.objects.birth[index] = birth?;
        Some(number)
    }

    /// A list of times and `Asized`: the first sample and how many.
    fn samples(&mut self, object: u32, repr: TextId) -> Option<(u32, u32)> {
        self.expect([op::EMPTY_LIST, op::MEMOIZE])?;
        let entry = self.memo.length()?;
        self.memoize((packed::built_tag(SAMPLES), object))?;
        let first = u32::try_from(self.loader.samples.time.len()).ok()?;
        // Objects keep their repr and often their size from one snapshot to the next.
        let mut name = repr;
        let mut before = None;
        let mut marked = false;
        loop {
            // In a batch one is mostly like the other.
            while marked && let Some(id) = self.leaf_sample(before, name) {
                before = Some(id);
                name = self.loader.asized.rows[id.index()].name;
            }
            match self.peek()? {
                op::MARK if !marked => marked = true,
                op::APPENDS if marked => marked = false,
                op::BINFLOAT => {
                    self.at += 1;
                    let asized = self.sample(name, &mut before)?;
                    name = self.loader.asized.rows[asized.index()].name;
                    if !marked {
                        self.expect([op::APPEND])?;
                    }
                    continue;
                }
                // A key, or the end of the state.
                _ if !marked => break,
                _ => return None,
            }
            self.at += 1;
        }
        let length = u32::try_from(self.loader.samples.time.len()).ok()? - first;
        if length == 0 {
            // A list of nothing may be anything's.
            let list = self.heap.adopt_list(List::EMPTY);
            self.memo.replace(entry, packed::list(list));
            return Some((0, 0));
        }
        Some((first, length))
    }

    /// A tuple of a time and an `Asized`, from behind the time's opcode; the latter's number.
    #[inline(always)]
    fn sample(&mut self, likely_name: TextId, before: &mut Option<AsizedId>) -> Option<AsizedId> {
        let time = self.float()?;
        let id = match self.asized_or_known()? {
            Some(known) => known,
            None => self.asized(*before, likely_name, 0)?,
        };
        self.expect([op::TUPLE2])?;
        let sample = self.loader.new_sample(time, id).ok()?;
        if self.peek()? == op::MEMOIZE {
            self.at += 1;
            self.memoize((packed::built_tag(SAMPLE), sample))?;
        }
        *before = Some(id);
        Some(id)
    }

    /// A list of frames, or a reference to one that was read.
    fn trace(&mut self) -> Option<TraceId> {
        if matches!(self.peek()?, op::BINGET | op::LONG_BINGET) {
            // Which list it is among all is not known yet.
            if M::IS_APART {
                return None;
            }
            let opcode = self.byte()?;
            let (packed::LIST_TAG, number) = self.get(opcode)? else {
                return None;
            };
            return match *self.heap.list(number) {
                List::Taken(Value::Built(TRACE, trace)) => Some(TraceId(trace)),
                _ => None,
            };
        }
        self.expect([op::EMPTY_LIST, op::MEMOIZE])?;
        let open = self.memo.append_open(packed::LIST_TAG);
        let start = self.loader.gathered_frames.len();
        match self.byte()? {
            op::MARK => loop {
                if self.peek()? == op::APPENDS {
                    self.at += 1;
                    break;
                }
                self.frame()?;
            },
            _ => return None,
        }
        let trace = {
            let Loader {
                frames,
                gathered_frames,
                ..
            } = &mut *self.loader;
            frames.trace(&gathered_frames[start..]).ok()?
        };
        self.loader.gathered_frames.truncate(start);
        let list = self.loader.lists.shared(Of::Trace(trace), self.heap);
        self.memo.fill(open, packed::list(list)).then_some(trace)
    }

    /// A tuple of file, line, function, source lines and index, into `gathered_frames`.
    fn frame(&mut self) -> Option<()> {
        self.expect([op::MARK])?;
        let file = self.text(TextId::NONE)?;
        let line = self.int()?;
        let function = self.text(TextId::NONE)?;
        let (source, source_index, open) = match self.byte()? {
            op::NONE => {
                self.expect([op::NONE])?;
                (None, None, 0)
            }
            op::EMPTY_LIST => {
                self.expect([op::MEMOIZE])?;
                // The list comes into the memo before its text.
                let open = self.memo.append_open(packed::LIST_TAG);
                let text = self.text(TextId::NONE)?;
                self.expect([op::APPEND])?;
                (Some(text), Some(self.int()?), open)
            }
            _ => return None,
        };
        self.expect([op::TUPLE])?;
        if file == TextId::NONE || function == TextId::NONE || source == Some(TextId::NONE) {
            return None;
        }
        let parts = FrameParts {
            file,
            line,
            function,
            source,
            source_index,
        };
        let Loader {
            frames,
            texts,
            gathered_frames,
            lists,
            outside,
            ..
        } = &mut *self.loader;
        let frame = match outside {
            Some(outside) => outside.frame(parts)?,
            None => frames.frame(parts, texts).ok()?,
        };
        gathered_frames.push(frame);
        if let Some(line) = source {
            let list = lists.shared(Of::Frame(frame, line), self.heap);
            if !self.memo.fill(open, packed::list(list)) {
                return None;
            }
        }
        if self.peek()? == op::MEMOIZE {
            self.at += 1;
            self.memoize((packed::built_tag(FRAME), frame))?;
        }
        Some(())
    }
}
