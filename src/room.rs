//! Room in what grows with a file, asked for before it is needed. Where there is no memory for it
//! reading fails, while a push would end the program.

use std::collections::TryReserveError;

/// So many bytes are read from one asking to the next.
pub(crate) const STRETCH_BYTES: u64 = 32 << 10;

/// Rows that so many bytes may add. Less than that is no memory to speak of.
const ROWS: usize = STRETCH_BYTES as usize;

/// Whether there is little room left.
pub(crate) fn is_short<T>(rows: &Vec<T>) -> bool {
    rows.len() > ROWS && rows.capacity() - rows.len() < ROWS
}

/// Makes room for the rows of the next stretch; as a push does, for as many again as there are.
pub(crate) fn make_room<T>(rows: &mut Vec<T>) -> Result<(), TryReserveError> {
    if is_short(rows) {
        return rows.try_reserve(ROWS);
    }
    Ok(())
}

/// No rows, and room for so many.
pub(crate) fn with_room<T>(rows: usize) -> Result<Vec<T>, TryReserveError> {
    let mut none = Vec::new();
    none.try_reserve_exact(rows)?;
    Ok(none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_made_in_time() {
        let mut rows = vec![0_u64; 100];
        make_room(&mut rows).unwrap();
        assert!(rows.capacity() < ROWS);
        for _ in 0..100 {
            make_room(&mut rows).unwrap();
            let before = rows.capacity();
            rows.extend_from_slice(&[1; ROWS]);
            assert!(rows.capacity() == before || rows.len() <= 3 * ROWS);
        }
        assert!(with_room::<[u8; 1 << 20]>(usize::MAX >> 21).is_err());
        assert!(with_room::<u8>(3).unwrap().capacity() >= 3);
    }
}
