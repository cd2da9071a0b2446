//! A native file with any bytes is a dump or an error; what is a dump can be printed, and
//! written in both formats.

#![no_main]

use std::io::sink;

use ctstats::Dump;
use ctstats::analysis::summary::{Summary, SummaryOptions};
use ctstats::report::{pickle, table};
use ctstats::select::Selection;
use libfuzzer_sys::fuzz_target;

/// The checksum of gzip, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
    })
}

/// Makes the checksums right, so that what lies behind them is reached.
fn mend(bytes: &mut [u8]) -> Option<()> {
    let count = u32::from_le_bytes(bytes.get(12..16)?.try_into().ok()?) as usize;
    let table = 16..16_usize.checked_add(count.checked_mul(24)?)?;
    let mut start = table.end.checked_add(4)?;
    for row in table.clone().step_by(24) {
        let length = u64::from_le_bytes(bytes.get(row + 8..row + 16)?.try_into().ok()?);
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        let sum = crc32(bytes.get(start..end)?);
        bytes[row + 16..row + 20].copy_from_slice(&sum.to_le_bytes());
        start = end;
    }
    let sum = crc32(bytes.get(..table.end)?);
    bytes.get_mut(table.end..table.end + 4)?.copy_from_slice(&sum.to_le_bytes());
    Some(())
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    mend(&mut bytes);
    let Ok(dump) = Dump::read(&bytes[..]) else { return };
    let selected = Selection::default().select(&dump);
    table::objects(&mut sink(), &dump, &selected, table::Style::default())
        .expect("a sink takes everything");
    let Ok(summary) = Summary::of(&dump, SummaryOptions::default()) else {
        panic!("no snapshot was asked for")
    };
    table::summary(&mut sink(), &summary, table::Style::default()).expect("a sink takes everything");
    dump.dump_stats_to(&mut sink()).expect("a sink takes everything");
    pickle::dump(&mut sink(), &dump).expect("a sink takes everything");
    let part = dump.part(&selected.objects);
    assert_eq!(part.object_count(), dump.object_count());
});
