//! Integers of a column, [`BLOCK`] at a time, in as few bits as they need.

/// How many integers a block holds; the last one of a column holds fewer.
pub(super) const BLOCK: usize = 4096;

/// In the first byte of a block: its integers are given as steps from one to the next.
const STEPS: u8 = 0x80;

/// Appends a block: plain or as steps, whichever takes fewer bits.
pub(super) fn pack(values: &[i64], out: &mut Vec<u8>) {
    let Some(&first) = values.first() else { return };
    let steps = || values.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    let (least, width) = least_and_width(values.iter().copied());
    let (least_step, step_width) = least_and_width(steps());
    // As steps the first integer and the least step stand before them.
    let plain_bits = width as usize * values.len();
    let step_bits = step_width as usize * (values.len() - 1) + 64;
    if step_bits < plain_bits {
        out.push(STEPS | step_width);
        out.extend(first.to_le_bytes());
        out.extend(least_step.to_le_bytes());
        pack_bits(steps(), least_step, step_width, out);
    } else {
        out.push(width);
        out.extend(least.to_le_bytes());
        pack_bits(values.iter().copied(), least, width, out);
    }
}

/// The least integer, and the bits that the distance of the greatest from it needs.
fn least_and_width(values: impl Iterator<Item = i64>) -> (i64, u8) {
    let (least, most) = values.fold((i64::MAX, i64::MIN), |(least, most), value| {
        (least.min(value), most.max(value))
    });
    if least > most {
        return (0, 0);
    }
    let distance = most.wrapping_sub(least) as u64;
    (least, (u64::BITS - distance.leading_zeros()) as u8)
}

fn pack_bits(values: impl Iterator<Item = i64>, least: i64, width: u8, out: &mut Vec<u8>) {
    let width = u32::from(width);
    let (mut waiting, mut filled) = (0_u64, 0);
    for value in values {
        let bits = value.wrapping_sub(least) as u64;
        waiting |= bits << filled;
        filled += width;
        if filled >= u64::BITS {
            out.extend_from_slice(&waiting.to_le_bytes());
            filled -= u64::BITS;
            // What found no room.
            waiting = bits.checked_shr(width - filled).unwrap_or_default();
        }
    }
    let bytes = filled.div_ceil(8) as usize;
    out.extend_from_slice(&waiting.to_le_bytes()[..bytes]);
}

/// Unpacks a block of `count` integers into `values`; `None` if it is no such block.
pub(super) fn unpack(block: &[u8], count: usize, values: &mut Vec<i64>) -> Option<()> {
    values.clear();
    let (&kind, rest) = block.split_first()?;
    let (first, rest) = rest.split_first_chunk::<8>()?;
    let first = i64::from_le_bytes(*first);
    let width = kind & !STEPS;
    if width > 64 {
        return None;
    }
    if kind & STEPS == 0 {
        unpack_bits(rest, width, count, values)?;
        for value in values {
            *value = first.wrapping_add(*value);
        }
        return Some(());
    }
    let (least, rest) = rest.split_first_chunk::<8>()?;
    let least = i64::from_le_bytes(*least);
    values.push(first);
    unpack_bits(rest, width, count.checked_sub(1)?, values)?;
    let mut before = first;
    for value in &mut values[1..] {
        before = before.wrapping_add(least).wrapping_add(*value);
        *value = before;
    }
    Some(())
}

/// Appends so many integers of this width; `None` if these bytes hold another number of them.
fn unpack_bits(bytes: &[u8], width: u8, count: usize, values: &mut Vec<i64>) -> Option<()> {
    if bytes.len() != (usize::from(width) * count).div_ceil(8) {
        return None;
    }
    // Most widths lie within eight bytes, wherever in a byte they begin.
    match width {
        0 => values.resize(values.len() + count, 0),
        1..=56 => unpack_from::<8>(bytes, width, count, values, |eight, bit| {
            u64::from_le_bytes(eight) >> bit
        }),
        _ => unpack_from::<16>(bytes, width, count, values, |sixteen, bit| {
            (u128::from_le_bytes(sixteen) >> bit) as u64
        }),
    }
    Some(())
}

/// The same of a width above 0. `number` takes an integer from the bytes in which it lies, from a bit
/// of the first on.
fn unpack_from<const N: usize>(
    bytes: &[u8],
    width: u8,
    count: usize,
    values: &mut Vec<i64>,
    number: impl Fn([u8; N], usize) -> u64,
) {
    let width = usize::from(width);
    let mask = u64::MAX >> (64 - width);
    let one = |bytes: &[u8], bit: usize| {
        let around = bytes[bit / 8..].first_chunk().copied();
        (number(around.unwrap_or([0; N]), bit % 8) & mask) as i64
    };
    // Those with so many bytes behind the one in which they begin, then the last ones.
    let begins = bytes.len().saturating_sub(N - 1);
    let inner = (8 * begins).div_ceil(width).min(count);
    values.extend((0..inner).map(|index| one(bytes, index * width)));
    let mut end = bytes[begins..].to_vec();
    end.resize(end.len() + N, 0);
    values.extend((inner..count).map(|index| one(&end, index * width - 8 * begins)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(values: &[i64]) -> Vec<u8> {
        let mut bytes = Vec::new();
        pack(values, &mut bytes);
        let mut again = Vec::new();
        unpack(&bytes, values.len(), &mut again).unwrap();
        assert_eq!(again, values);
        for wrong in [values.len() - 1, values.len() + 1] {
            // A width of 0 takes no bits, whatever the count.
            let result = unpack(&bytes, wrong, &mut again);
            assert!(result.is_none() || bytes.len() <= 17 || again.len() == wrong);
        }
        bytes
    }

    #[test]
    fn integers_of_every_width_come_back() {
        for width in 0..64 {
            let most = i64::MIN.wrapping_sub(1) >> (63 - width);
            let values: Vec<i64> = (0..100)
                .map(|n: i64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64) & most)
                .collect();
            packed(&values);
        }
        packed(&[i64::MIN, 0, i64::MAX, -1]);
        packed(&[7]);
    }

    #[test]
    fn what_grows_evenly_takes_nothing() {
        let values: Vec<i64> = (0..4096).map(|n| 1_000_000 + 3 * n).collect();
        assert_eq!(packed(&values).len(), 17);
        let values: Vec<i64> = (0..4096).map(|n| 1_000_000 + n % 200).collect();
        assert_eq!(packed(&values).len(), 9 + 4096);
    }
}
