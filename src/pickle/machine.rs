//! The opcode loop: a stack, marks, a memo, and nothing that can run.
//!
//! The machine imports, calls and executes nothing. What a pickle names, calls or
//! builds is handed to a [`Builder`], which makes of it what it likes, mostly
//! columns; the machine keeps small `Copy` values. It is iterative throughout, so
//! nesting costs stack entries and never the program's own stack.

use std::collections::TryReserveError;

use super::fault::{Fault, FaultKind, Outcome, malformed, no_memory, too_large, unfit};
use super::heap::Heap;
use super::memo::Memo;
use super::number::{self, Int};
use super::opcode as op;
use super::reader::{LOOK_AHEAD_BYTES, Reader};
use super::text;
use super::value::{Kind, Value};
use crate::room::STRETCH_BYTES;

/// The newest pickle protocol there is (Python 3.8).
const NEWEST_PROTOCOL: u8 = 5;

/// Values on the stack, and marks, at once. Picklers write batches of 1000, so this
/// is a nesting of thousands; it bounds what a file of MARKs can allocate.
const STACK_LIMIT: usize = 1 << 22;

/// What reading a pickle may take before any pickler has reason to, and for each byte of it: all
/// of it, and what of it stays. Dumps take less than a byte for each. Refused before it can do
/// harm, whatever it consists of.
const HELD_TO_START: u64 = 32 << 20;
const HELD_PER_BYTE: u64 = 12;
const KEPT_TO_START: u64 = 20 << 20;
const KEPT_PER_BYTE: u64 = 6;

/// Makes values of what the machine reads but does not understand.
pub(crate) trait Builder {
    /// Bytes that all that it made takes.
    fn held_bytes(&self) -> usize;

    /// Makes room for what the next stretch of the pickle may add.
    fn make_room(&mut self) -> Result<(), TryReserveError>;

    /// Whether a value must not be lost, even if all that follows is damaged. Such values are
    /// looked after only if [`saves`](Builder::saves) says so.
    fn is_precious(&self, value: Value) -> bool;

    /// Whether there are precious values. The machine then stops before it throws one away or
    /// puts it where none belongs, as damaged pickles make it do.
    fn saves(&self) -> bool;

    /// Keeps a text (WTF-8) and gives its number.
    fn text(&mut self, wtf8: &[u8]) -> Outcome<u32>;

    /// A global, named by two texts; its number.
    fn class(&mut self, module: u32, name: u32) -> Outcome<u32>;

    /// A value for a tuple that has a meaning of its own, else `None`.
    fn tuple(&mut self, heap: &mut Heap, items: &[Value]) -> Outcome<Option<Value>>;

    /// A new instance of a class, by `cls.__new__(cls, *arguments)`.
    fn instance(&mut self, heap: &mut Heap, class: u32, arguments: Value) -> Outcome<Value>;

    /// What a call of a global with arguments would give.
    fn call(&mut self, heap: &mut Heap, class: u32, arguments: Value) -> Outcome<Value>;

    /// Gives an instance its state.
    fn build(&mut self, heap: &mut Heap, instance: Value, state: Value) -> Outcome<()>;

    /// Something of this kind is appended to: what, is nobody's business.
    fn appended(&self, kind: Kind) -> Outcome<()>;

    /// Takes an instance of a class in one step, from behind the opcode that named the
    /// class to its BUILD, if `bytes` begin with the shape that picklers give it: how
    /// many bytes that was, and the instance. Must do what the opcodes would do one by
    /// one, or else nothing and return `None`.
    fn shortcut(
        &mut self,
        class: u32,
        bytes: &[u8],
        heap: &mut Heap,
        memo: &mut Memo,
    ) -> Option<(usize, Value)>;

    /// How many bytes behind the opcode that named the class, which end at `offset`, are instances
    /// of it that another thread decoded, one behind the other.
    fn ahead(&mut self, class: u32, offset: u64) -> Option<usize>;

    /// The most bytes of memory that so many bytes of such instances may take.
    fn most_for(&self, bytes: usize) -> usize;

    /// Takes the instances that [`ahead`](Self::ahead) told of, with the effect of as many
    /// shortcuts, and tells `passes` at which offset each of them ends. `None`: something was not as
    /// expected, and nothing changed.
    fn adopt(
        &mut self,
        heap: &mut Heap,
        memo: &mut Memo,
        passes: &mut dyn FnMut(u64),
    ) -> Outcome<Option<Adopted>>;

    /// A set, whose items nobody needs.
    fn set(&mut self, heap: &Heap) -> Outcome<Value>;
}

/// Instances that were taken in one step: their kind, the first number and how many.
pub(crate) struct Adopted {
    pub(crate) kind: Kind,
    pub(crate) first: u32,
    pub(crate) count: u32,
}

/// The most bytes that a shortcut may take. All of them are at hand whenever one is tried, so what
/// becomes of an instance does not depend on how the input arrived.
pub(crate) const SHORTCUT_BYTES: usize = LOOK_AHEAD_BYTES;

/// What a pickle came to.
pub(crate) struct Pickled {
    pub(crate) value: Value,
    /// What was left on the stack below the value: nothing, unless it is damaged.
    pub(crate) stack: Vec<Value>,
    pub(crate) heap: Heap,
    /// The protocol that PROTO names; 0 where there is none.
    pub(crate) protocol: u8,
    /// The furthest offset that a FRAME claims. The input must reach that far.
    pub(crate) frames_end: u64,
}

/// A pickle that came to no end, or to none that makes sense: why, and what was waiting on its
/// stack.
pub(crate) struct Broken {
    pub(crate) fault: Box<Fault>,
    /// From the bottom on. What is not whole yet lies on top, in parts.
    pub(crate) stack: Vec<Value>,
    pub(crate) heap: Heap,
    /// As of [`Pickled`].
    pub(crate) protocol: u8,
}

impl Pickled {
    /// The same with its value on the stack again.
    pub(crate) fn broken(mut self, fault: Box<Fault>) -> Broken {
        self.stack.push(self.value);
        Broken {
            fault,
            stack: self.stack,
            heap: self.heap,
            protocol: self.protocol,
        }
    }
}

/// Reads one pickle, up to and including its STOP.
pub(crate) fn read_pickle<B: Builder>(
    reader: &mut Reader<'_>,
    builder: &mut B,
) -> Result<Pickled, Box<Broken>> {
    let mut machine = Machine {
        reader,
        saves: builder.saves(),
        builder,
        heap: Heap::default(),
        memo: Memo::default(),
        stack: Vec::with_capacity(1024),
        marks: Vec::new(),
        fence: 0,
        protocol: 0,
        frames_end: 0,
        scratch: Vec::new(),
        weighed_at: 0,
    };
    match machine.run() {
        Ok(value) => Ok(Pickled {
            value,
            stack: machine.stack,
            heap: machine.heap,
            protocol: machine.protocol,
            frames_end: machine.frames_end,
        }),
        Err(fault) => Err(Box::new(Broken {
            fault,
            stack: machine.stack,
            heap: machine.heap,
            protocol: machine.protocol,
        })),
    }
}

/// Where precious values do not belong.
#[derive(Clone, Copy)]
enum Of {
    /// Where lists of them do.
    Instances,
    /// Where they do, and lists of them, but not a dict of such lists.
    Dicts,
    /// Where nothing does that holds any of them.
    All,
}

struct Machine<'m, 'r, B> {
    reader: &'m mut Reader<'r>,
    builder: &'m mut B,
    /// As [`Builder::saves`] says.
    saves: bool,
    heap: Heap,
    memo: Memo,
    stack: Vec<Value>,
    /// The stack's length at each MARK.
    marks: Vec<usize>,
    /// The last mark: nothing below it can be popped.
    fence: usize,
    protocol: u8,
    frames_end: u64,
    /// Text on its way from the file's coding to WTF-8.
    scratch: Vec<u8>,
    /// Where it is next weighed what all of this takes.
    weighed_at: u64,
}

impl<B: Builder> Machine<'_, '_, B> {
    fn run(&mut self) -> Outcome<Value> {
        loop {
            let offset = self.reader.offset();
            if offset >= self.weighed_at {
                self.weigh(offset)?;
            }
            let opcode = match self.reader.byte() {
                Ok(opcode) => opcode,
                Err(mut fault) => {
                    fault.offset = offset;
                    return Err(fault);
                }
            };
            if opcode == op::STOP {
                return self.stop().map_err(|fault| at(fault, offset, opcode));
            }
            if let Err(fault) = self.step(opcode) {
                return Err(at(fault, offset, opcode));
            }
        }
    }

    /// Refuses a pickle that takes far more than its bytes can be worth, or than there is.
    #[cold]
    fn weigh(&mut self, offset: u64) -> Outcome<()> {
        self.weighed_at = offset + STRETCH_BYTES;
        if let Some(held) = self.too_much(offset, 0) {
            let mut fault = too_large(format!(
                "its first {offset} bytes take {held} bytes of memory, more than those of any pickler"
            ));
            fault.offset = offset;
            return Err(fault);
        }
        let memo = self.memo.make_room().and_then(|()| self.heap.make_room());
        memo.and_then(|()| self.builder.make_room())
            .map_err(|error| {
                let mut fault = no_memory(error);
                fault.offset = offset;
                fault
            })
    }

    /// How many bytes all of it takes with some more, if that is too much at this offset.
    fn too_much(&self, offset: u64, more: usize) -> Option<usize> {
        let machine = self.stack.capacity() * size_of::<Value>()
            + self.marks.capacity() * size_of::<usize>()
            + self.scratch.capacity();
        let kept = self.builder.held_bytes() + more;
        let held = machine + self.heap.held_bytes() + self.memo.held_bytes() + kept;
        let is_too_much = |bytes: usize, to_start: u64, per_byte: u64| {
            bytes as u64 > to_start.saturating_add(offset.saturating_mul(per_byte))
        };
        let is_refused = is_too_much(held, HELD_TO_START, HELD_PER_BYTE)
            || is_too_much(kept, KEPT_TO_START, KEPT_PER_BYTE);
        is_refused.then_some(held)
    }

    #[inline(always)]
    fn step(&mut self, opcode: u8) -> Outcome<()> {
        match opcode {
            op::BINGET => {
                let number = self.reader.byte()?;
                self.get(u64::from(number))
            }
            op::MEMOIZE => {
                let top = self.top()?;
                self.memo.memoize(top)
            }
            op::EMPTY_TUPLE => self.tuple(self.stack.len()),
            op::TUPLE2 => self.tuple_of(2),
            op::BININT1 => {
                let value = self.reader.byte()?;
                self.push(Value::Int(i64::from(value)))
            }
            op::NONE => self.push(Value::None),
            op::MARK => self.mark(),
            op::BINFLOAT => {
                let bits = u64::from_be_bytes(self.reader.array()?);
                self.push(Value::Float(f64::from_bits(bits)))
            }
            op::SETITEMS => {
                let mark = self.pop_mark()?;
                self.set_items(mark)
            }
            op::NEWOBJ => {
                self.need(2)?;
                let arguments = self.pop()?;
                let class = self.pop()?;
                self.instance(class, arguments)
            }
            op::EMPTY_DICT => {
                let dict = self.heap.at(self.reader.offset()).new_dict()?;
                self.push(dict)
            }
            op::BUILD => {
                self.need(2)?;
                let state = self.pop()?;
                let instance = self.top()?;
                self.builder.build(&mut self.heap, instance, state)
            }
            op::SHORT_BINUNICODE => {
                let length = self.reader.byte()?;
                self.unicode(u64::from(length))
            }
            op::BININT2 => {
                let value = u16::from_le_bytes(self.reader.array()?);
                self.push(Value::Int(i64::from(value)))
            }
            op::LONG_BINGET => {
                let number = u32::from_le_bytes(self.reader.array()?);
                self.get(u64::from(number))
            }
            op::BINPUT => {
                let number = self.reader.byte()?;
                self.put(u64::from(number))
            }
            op::LONG_BINPUT => {
                let number = u32::from_le_bytes(self.reader.array()?);
                self.put(u64::from(number))
            }
            op::BININT => {
                let value = i32::from_le_bytes(self.reader.array()?);
                self.push(Value::Int(i64::from(value)))
            }
            op::EMPTY_LIST => {
                let list = self.heap.at(self.reader.offset()).new_list()?;
                self.push(list)
            }
            op::TUPLE => {
                let mark = self.pop_mark()?;
                self.tuple(mark)
            }
            op::TUPLE1 => self.tuple_of(1),
            op::TUPLE3 => self.tuple_of(3),
            op::APPENDS => {
                let mark = self.pop_mark()?;
                self.append(mark)
            }
            op::APPEND => {
                self.need(1)?;
                self.append(self.stack.len() - 1)
            }
            op::SETITEM => {
                self.need(2)?;
                self.set_items(self.stack.len() - 2)
            }
            _ => self.rare(opcode),
        }
    }

    /// The opcodes that are few in any dump. Out of the way of those that are many.
    #[inline(never)]
    fn rare(&mut self, opcode: u8) -> Outcome<()> {
        match opcode {
            op::PROTO => {
                let protocol = self.reader.byte()?;
                if protocol > NEWEST_PROTOCOL {
                    return Err(unfit(format!(
                        "it is of pickle protocol {protocol}, and the newest is {NEWEST_PROTOCOL}"
                    )));
                }
                self.protocol = protocol;
                Ok(())
            }
            op::FRAME => {
                let length = u64::from_le_bytes(self.reader.array()?);
                if length > i64::MAX as u64 {
                    return Err(malformed(format!("a frame claims {length} bytes")));
                }
                self.frames_end = self
                    .frames_end
                    .max(self.reader.offset().saturating_add(length));
                Ok(())
            }
            op::NEWTRUE => self.push(Value::Bool(true)),
            op::NEWFALSE => self.push(Value::Bool(false)),
            op::LONG1 | op::LONG4 => {
                let length = self.length(opcode)?;
                let int = number::from_two_complement(self.reader.take(length)?);
                self.int(int)
            }
            op::INT | op::LONG => {
                let line = self.reader.line()?;
                let int = number::from_decimal(line, opcode == op::LONG)?;
                self.int(int)
            }
            op::FLOAT => {
                let value = number::float_from_decimal(self.reader.line()?)?;
                self.push(Value::Float(value))
            }
            op::BINUNICODE | op::BINUNICODE8 => {
                let length = self.length(opcode)?;
                self.unicode(length)
            }
            op::UNICODE => {
                self.scratch.clear();
                text::decode_raw_unicode(self.reader.line()?, &mut self.scratch)
                    .ok_or_else(|| malformed("a text has a broken escape"))?;
                self.push_scratch(Value::Text)
            }
            op::STRING => {
                let bytes = text::unquote(self.reader.line()?)
                    .ok_or_else(|| malformed("a string is not quoted as Python 2 quotes it"))?;
                self.scratch.clear();
                text::decode_8bit(&bytes, &mut self.scratch);
                self.push_scratch(Value::Text)
            }
            op::SHORT_BINSTRING | op::BINSTRING => self.eight_bit(opcode, Value::Text),
            op::SHORT_BINBYTES | op::BINBYTES | op::BINBYTES8 | op::BYTEARRAY8 => {
                self.eight_bit(opcode, Value::Bytes)
            }
            op::PUT => {
                let number = number::memo_number(self.reader.line()?)?;
                self.put(number)
            }
            op::GET => {
                let number = number::memo_number(self.reader.line()?)?;
                self.get(number)
            }
            op::GLOBAL => {
                let class = self.global_lines()?;
                self.push(class)
            }
            op::STACK_GLOBAL => {
                self.need(2)?;
                let name = self.pop()?;
                let module = self.pop()?;
                let (Value::Text(module), Value::Text(name)) = (module, name) else {
                    return Err(malformed("a global is named by something other than text"));
                };
                let class = self.builder.class(module, name)?;
                self.push(Value::Class(class))
            }
            op::REDUCE => {
                self.need(2)?;
                let arguments = self.pop()?;
                let callable = self.pop()?;
                let Value::Class(class) = callable else {
                    return Err(malformed(format!("{} is called", callable.type_name())));
                };
                if !matches!(arguments, Value::Tuple(_) | Value::Built(..)) {
                    return Err(malformed("a call's arguments are no tuple"));
                }
                let value = self.builder.call(&mut self.heap, class, arguments)?;
                self.push(value)
            }
            op::NEWOBJ_EX => {
                self.need(3)?;
                let _keywords = self.pop()?;
                let arguments = self.pop()?;
                let class = self.pop()?;
                self.instance(class, arguments)
            }
            op::INST => {
                let class = self.global_lines()?;
                let mark = self.pop_mark()?;
                self.tuple(mark)?;
                let arguments = self.pop()?;
                self.instance(class, arguments)
            }
            op::OBJ => {
                let mark = self.pop_mark()?;
                if mark == self.stack.len() {
                    return Err(underflow());
                }
                self.tuple(mark + 1)?;
                let arguments = self.pop()?;
                let class = self.pop()?;
                self.instance(class, arguments)
            }
            op::LIST => {
                let mark = self.pop_mark()?;
                let list = self.heap.at(self.reader.offset()).new_list()?;
                if let Value::List(number) = list {
                    self.heap.append(number, &self.stack[mark..])?;
                }
                self.stack.truncate(mark);
                self.push(list)
            }
            op::DICT => {
                let mark = self.pop_mark()?;
                let dict = self.heap.at(self.reader.offset()).new_dict()?;
                self.items_into(dict, mark)?;
                self.push(dict)
            }
            op::POP => {
                if self.marks.last() == Some(&self.stack.len()) {
                    self.pop_mark()?;
                } else {
                    self.pop()?;
                }
                Ok(())
            }
            op::POP_MARK => {
                let mark = self.pop_mark()?;
                self.save(mark, Of::All)?;
                self.stack.truncate(mark);
                Ok(())
            }
            op::DUP => {
                let top = self.top()?;
                self.push(top)
            }
            op::EMPTY_SET => {
                let set = self.builder.set(self.heap.at(self.reader.offset()))?;
                self.push(set)
            }
            op::FROZENSET => {
                let mark = self.pop_mark()?;
                self.save(mark, Of::All)?;
                self.stack.truncate(mark);
                let set = self.builder.set(self.heap.at(self.reader.offset()))?;
                self.push(set)
            }
            op::ADDITEMS => {
                let mark = self.pop_mark()?;
                self.save(mark, Of::All)?;
                self.stack.truncate(mark);
                self.need(1)
            }
            op::PERSID | op::BINPERSID => Err(unfit(
                "it refers to objects kept outside of the pickle (a persistent id)",
            )),
            op::EXT1 | op::EXT2 | op::EXT4 => Err(unfit(
                "it names a class by a number of the copyreg extension registry",
            )),
            op::NEXT_BUFFER | op::READONLY_BUFFER => {
                Err(unfit("it refers to a buffer kept outside of the pickle"))
            }
            _ => Err(malformed(format!(
                "byte 0x{opcode:02x} is no pickle opcode"
            ))),
        }
    }

    fn stop(&mut self) -> Outcome<Value> {
        if self.marks.last() == Some(&self.stack.len()) {
            return Err(malformed("it ends right behind a MARK"));
        }
        // All that is left belongs to the one value on top.
        self.save(0, Of::Instances)?;
        self.need(1)?;
        self.stack.pop().ok_or_else(underflow)
    }

    #[inline]
    fn push(&mut self, value: Value) -> Outcome<()> {
        if self.stack.len() >= STACK_LIMIT {
            return Err(too_deep());
        }
        self.stack.push(value);
        Ok(())
    }

    /// Refuses to reach below the last mark.
    #[inline]
    fn need(&self, values: usize) -> Outcome<()> {
        if self.stack.len() < self.fence + values {
            Err(underflow())
        } else {
            Ok(())
        }
    }

    #[inline]
    fn top(&self) -> Outcome<Value> {
        self.need(1)?;
        self.stack.last().copied().ok_or_else(underflow)
    }

    #[inline]
    fn pop(&mut self) -> Outcome<Value> {
        self.need(1)?;
        self.save(self.stack.len() - 1, Of::All)?;
        self.stack.pop().ok_or_else(underflow)
    }

    /// Refuses to lose a precious value above `start`.
    #[inline]
    fn save(&self, start: usize, of: Of) -> Outcome<()> {
        if self.saves {
            self.save_all(start, of)
        } else {
            Ok(())
        }
    }

    #[cold]
    fn save_all(&self, start: usize, of: Of) -> Outcome<()> {
        // The first values tell of what a list, a dict or a tuple is. All of them might be looked at
        // over and over.
        let is_list = |value: Value| {
            let first = self.heap.items(value).and_then(|mut items| items.next());
            first.is_some_and(|first| self.builder.is_precious(first))
        };
        let is_dict = |value: Value| match value {
            Value::Dict(dict) => {
                let pairs = self.heap.dict(dict).into_iter().flatten();
                pairs.take(4).any(|&(_, value)| is_list(value))
            }
            Value::Tuple(tuple) => self.heap.tuple(tuple).iter().copied().take(4).any(is_list),
            _ => false,
        };
        let mut above = self.stack[start..].iter().copied();
        let is_lost = match of {
            Of::Instances => above.any(|value| self.builder.is_precious(value)),
            Of::Dicts => above.any(is_dict),
            Of::All => above
                .any(|value| self.builder.is_precious(value) || is_list(value) || is_dict(value)),
        };
        match is_lost {
            true => Err(malformed("whole objects would get lost")),
            false => Ok(()),
        }
    }

    #[inline]
    fn mark(&mut self) -> Outcome<()> {
        if self.marks.len() >= STACK_LIMIT {
            return Err(too_deep());
        }
        self.fence = self.stack.len();
        self.marks.push(self.fence);
        Ok(())
    }

    #[inline]
    fn pop_mark(&mut self) -> Outcome<usize> {
        let mark = self
            .marks
            .pop()
            .ok_or_else(|| malformed("there is no MARK to go back to"))?;
        self.fence = self.marks.last().copied().unwrap_or(0);
        Ok(mark)
    }

    #[inline]
    fn get(&mut self, number: u64) -> Outcome<()> {
        let value = self.memo.get(number)?;
        if let Value::Class(class) = value {
            return self.named(class);
        }
        self.push(value)
    }

    /// A class was named again: mostly an instance of it follows.
    #[inline]
    fn named(&mut self, class: u32) -> Outcome<()> {
        self.reader.look_ahead();
        let offset = self.reader.offset();
        if let Some(bytes) = self.builder.ahead(class, offset)
            && self.adopt(offset, bytes)?
        {
            return Ok(());
        }
        let bytes = self.reader.at_hand();
        let bytes = &bytes[..bytes.len().min(SHORTCUT_BYTES)];
        let taken = self
            .builder
            .shortcut(class, bytes, &mut self.heap, &mut self.memo);
        let Some((length, instance)) = taken else {
            return self.push(Value::Class(class));
        };
        self.reader.advance(length);
        self.push(instance)
    }

    /// Takes instances that another thread decoded, which are so many bytes from here on; whether it
    /// could.
    fn adopt(&mut self, offset: u64, bytes: usize) -> Outcome<bool> {
        // What may be refused is left to the one thread that knows where.
        let most = self.builder.most_for(bytes);
        if self.reader.at_hand().len() < bytes
            || self.stack.len() + bytes > STACK_LIMIT
            || self.too_much(offset, most).is_some()
        {
            return Ok(false);
        }
        // It is weighed at the offsets at which it would be if they were taken one by one.
        let weighed_at = &mut self.weighed_at;
        let mut pass = |end: u64| {
            if end >= *weighed_at {
                *weighed_at = end + STRETCH_BYTES;
            }
        };
        let adopted = self
            .builder
            .adopt(&mut self.heap, &mut self.memo, &mut pass)?;
        let Some(Adopted { kind, first, count }) = adopted else {
            return Ok(false);
        };
        // One by one, so that the stack grows as it would: its room is weighed.
        for number in first..first + count {
            self.push(Value::Built(kind, number))?;
        }
        self.reader.advance(bytes);
        Ok(true)
    }

    #[inline]
    fn put(&mut self, number: u64) -> Outcome<()> {
        let top = self.top()?;
        self.memo.put(number, top)
    }

    #[inline]
    fn tuple_of(&mut self, length: usize) -> Outcome<()> {
        self.need(length)?;
        self.tuple(self.stack.len() - length)
    }

    /// Makes one tuple of all above `start`.
    #[inline]
    fn tuple(&mut self, start: usize) -> Outcome<()> {
        self.save(start, Of::Dicts)?;
        let items = &self.stack[start..];
        let value = match self.builder.tuple(&mut self.heap, items)? {
            Some(value) => value,
            None => self.heap.at(self.reader.offset()).new_tuple(items)?,
        };
        self.stack.truncate(start);
        self.push(value)
    }

    /// Moves all above `start` into the list below.
    #[inline]
    fn append(&mut self, start: usize) -> Outcome<()> {
        let below = self.below(start)?;
        match below {
            Value::List(number) => {
                self.heap
                    .at(self.reader.offset())
                    .append(number, &self.stack[start..])?;
            }
            // Lists by another name: an instance of a class that derives from list.
            Value::Built(kind, _) => {
                self.save(start, Of::All)?;
                self.builder.appended(kind)?;
            }
            other => return Err(malformed(format!("{} is appended to", other.type_name()))),
        }
        self.stack.truncate(start);
        Ok(())
    }

    /// Moves all above `start`, keys and values, into the dict below.
    #[inline]
    fn set_items(&mut self, start: usize) -> Outcome<()> {
        let below = self.below(start)?;
        self.items_into(below, start)
    }

    /// Moves them into a dict.
    #[inline]
    fn items_into(&mut self, dict: Value, start: usize) -> Outcome<()> {
        self.save(start, Of::Instances)?;
        let items = &self.stack[start..];
        if !items.len().is_multiple_of(2) {
            return Err(malformed("a key has no value"));
        }
        match dict {
            Value::Dict(number) => {
                self.heap
                    .at(self.reader.offset())
                    .set_items(number, items)?;
            }
            Value::Built(..) => {}
            other => {
                return Err(malformed(format!(
                    "an item is set in {}",
                    other.type_name()
                )));
            }
        }
        self.stack.truncate(start);
        Ok(())
    }

    #[inline]
    fn below(&self, start: usize) -> Outcome<Value> {
        if start <= self.fence {
            return Err(underflow());
        }
        self.stack.get(start - 1).copied().ok_or_else(underflow)
    }

    #[inline]
    fn instance(&mut self, class: Value, arguments: Value) -> Outcome<()> {
        let Value::Class(class) = class else {
            return Err(malformed(format!(
                "{} is made an instance of",
                class.type_name()
            )));
        };
        let heap = self.heap.at(self.reader.offset());
        let value = self.builder.instance(heap, class, arguments)?;
        self.push(value)
    }

    fn global_lines(&mut self) -> Outcome<Value> {
        let mut line = || {
            let line = self.reader.line()?;
            if text::invalid_at(line).is_some() {
                return Err(malformed("a global's name is not UTF-8"));
            }
            self.builder.text(line)
        };
        let (module, name) = (line()?, line()?);
        Ok(Value::Class(self.builder.class(module, name)?))
    }

    #[inline]
    fn unicode(&mut self, length: u64) -> Outcome<()> {
        let bytes = self.reader.take(length)?;
        if let Some(at) = text::invalid_at(bytes) {
            return Err(malformed(format!("a text is not UTF-8 at its byte {at}")));
        }
        let number = self.builder.text(bytes)?;
        self.push(Value::Text(number))
    }

    /// The length that follows an opcode, in as many bytes as that has.
    fn length(&mut self, opcode: u8) -> Outcome<u64> {
        let what = match opcode {
            op::LONG1 | op::SHORT_BINSTRING | op::SHORT_BINBYTES => {
                return Ok(self.reader.byte()?.into());
            }
            op::BINUNICODE | op::BINBYTES => {
                return Ok(u32::from_le_bytes(self.reader.array()?).into());
            }
            op::LONG4 => "an int",
            op::BINSTRING => "a string",
            _ => return Ok(u64::from_le_bytes(self.reader.array()?)),
        };
        let length = i32::from_le_bytes(self.reader.array()?);
        u64::try_from(length).map_err(|_| malformed(format!("{what} claims a negative length")))
    }

    fn eight_bit(&mut self, opcode: u8, kind: fn(u32) -> Value) -> Outcome<()> {
        let length = self.length(opcode)?;
        let bytes = self.reader.take(length)?;
        self.scratch.clear();
        text::decode_8bit(bytes, &mut self.scratch);
        self.push_scratch(kind)
    }

    fn push_scratch(&mut self, kind: fn(u32) -> Value) -> Outcome<()> {
        let number = self.builder.text(&self.scratch)?;
        self.push(kind(number))
    }

    fn int(&mut self, int: Int) -> Outcome<()> {
        let value = match int {
            Int::Bool(bool) => Value::Bool(bool),
            Int::Within(int) => self.heap.int(int),
            Int::Beyond(digits) => Value::Huge(self.builder.text(digits.as_bytes())?),
            Int::Endless => Value::Huge(Value::ENDLESS),
        };
        self.push(value)
    }
}

/// Says where a fault struck, and names the opcode in it where that helps.
#[cold]
fn at(mut fault: Box<Fault>, offset: u64, opcode: u8) -> Box<Fault> {
    if !matches!(fault.kind, FaultKind::Io(_)) {
        fault.offset = offset;
    }
    let name = op::name(opcode);
    fault.opcode = name;
    fault
}

#[cold]
fn underflow() -> Box<Fault> {
    malformed("its stack holds too few values")
}

#[cold]
fn too_deep() -> Box<Fault> {
    too_large(format!(
        "it is nested so deep that {STACK_LIMIT} values wait on its stack"
    ))
}
