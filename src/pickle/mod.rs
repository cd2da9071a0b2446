//! A pickle interpreter that is safe on any input and knows nothing of Pympler.
//!
//! It understands all opcodes of protocols 0 to 5, keeps no tree of values, and
//! refuses to import, call or execute: what a pickle names goes to a [`Builder`].

mod apart;
mod codes;
mod fault;
mod heap;
mod machine;
mod memo;
mod number;
pub(crate) mod opcode;
mod reader;
mod segment;
mod text;
mod value;

pub(crate) use apart::{ApartMemo, Stretch};
pub(crate) use codes::{InstanceTags, TAGS};
pub(crate) use fault::{
    Fault, FaultKind, Outcome, bad_value, malformed, no_memory, too_large, unfit,
};
pub(crate) use heap::{Heap, List, Pairs, Run};
pub(crate) use machine::{Adopted, Broken, Builder, Pickled, SHORTCUT_BYTES, read_pickle};
pub(crate) use memo::{Memo, MemoEnd, Packed, packed};
pub(crate) use reader::Reader;
pub(crate) use segment::{Mapped, Numbers, Segment};
pub(crate) use text::invalid_at;
pub(crate) use value::{Kind, Value};
