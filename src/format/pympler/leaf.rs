//! An `Asized` that refers to nothing, read in one straight line. Nearly all are such leaves,
//! and each is written as the one before it was.

use super::fields::Field;
use super::shapes::{ASIZED_CLOSING, ASIZED_OPENING, LikelyKey};
use crate::pickle::opcode as op;

/// How the keys of an `Asized` are written, in the order of its slots.
#[derive(Clone, Copy)]
pub(super) struct LeafKeys {
    /// The dict's opening and the first key.
    flat: [u8; 9],
    name: [u8; 2],
    /// The key, and no referents.
    refs: [u8; 3],
    size: [u8; 2],
}

impl LeafKeys {
    /// Those of keys that stand in this order.
    pub(super) fn of(keys: &[LikelyKey; 4]) -> Option<LeafKeys> {
        let [
            Some((flat, Field::Flat)),
            Some((name, Field::Name)),
            Some((refs, Field::Refs)),
            Some((size, Field::Size)),
        ] = *keys
        else {
            return None;
        };
        let mut opening = [0; 9];
        opening[..7].copy_from_slice(&ASIZED_OPENING);
        opening[7..].copy_from_slice(&flat);
        Some(LeafKeys {
            flat: opening,
            name,
            refs: [refs[0], refs[1], op::EMPTY_TUPLE],
            size,
        })
    }
}

/// Takes what is expected off the front.
#[inline(always)]
pub(super) fn skip<'b, const N: usize>(bytes: &'b [u8], expected: &[u8; N]) -> Option<&'b [u8]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    (head == expected).then_some(rest)
}

/// Takes an int of at most four bytes off the front.
#[inline(always)]
fn small_int(bytes: &[u8]) -> Option<(i64, &[u8])> {
    match bytes {
        [op::BININT1, a, rest @ ..] => Some((i64::from(*a), rest)),
        [op::BININT2, a, b, rest @ ..] => Some((u16::from_le_bytes([*a, *b]).into(), rest)),
        [op::BININT, a, b, c, d, rest @ ..] => {
            Some((i32::from_le_bytes([*a, *b, *c, *d]).into(), rest))
        }
        _ => None,
    }
}

/// An `Asized` that refers to nothing, as it was read.
pub(super) struct Leaf<'b> {
    pub(super) flat: i64,
    pub(super) size: i64,
    /// Its name, if that is written here and memoized.
    pub(super) text: Option<&'b [u8]>,
    /// The memo's entry of its name, if that was written before; without either it has none.
    pub(super) known: Option<usize>,
}

impl<'b> Leaf<'b> {
    /// Reads one from behind its class; also what follows.
    #[inline(always)]
    pub(super) fn read(bytes: &'b [u8], keys: LeafKeys) -> Option<(Self, &'b [u8])> {
        let (flat, rest) = small_int(skip(bytes, &keys.flat)?)?;
        let (mut text, mut known) = (None, None);
        let rest = match skip(rest, &keys.name)? {
            [op::NONE, rest @ ..] => rest,
            [op::BINGET, entry, rest @ ..] => {
                known = Some(usize::from(*entry));
                rest
            }
            [op::LONG_BINGET, a, b, c, d, rest @ ..] => {
                known = Some(u32::from_le_bytes([*a, *b, *c, *d]) as usize);
                rest
            }
            [op::SHORT_BINUNICODE, length, rest @ ..] => {
                let (wtf8, rest) = rest.split_at_checked(usize::from(*length))?;
                text = Some(wtf8);
                skip(rest, &[op::MEMOIZE])?
            }
            _ => return None,
        };
        let rest = skip(rest, &keys.refs)?;
        let (size, rest) = small_int(skip(rest, &keys.size)?)?;
        let rest = skip(rest, &ASIZED_CLOSING)?;
        let leaf = Leaf {
            flat,
            size,
            text,
            known,
        };
        Some((leaf, rest))
    }
}
