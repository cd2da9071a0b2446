//! The yardstick: a bare loop that walks the opcodes of a dump and builds nothing,
//! against `Dump::load` of the same file, in turn.
//!
//!     cargo bench --bench walk -- DUMP [ROUNDS]
//!
//! Prints the median of each and their ratio. Both read the file; the walk then has
//! all of it in memory, which the loader never has.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints")]

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Walks one pickle from `start`; where its STOP ends and how many opcodes it had.
fn walk(bytes: &[u8], start: usize) -> Option<(usize, u64)> {
    let mut at = start;
    let mut opcodes = 0;
    let u32_at = |at: usize| {
        bytes
            .get(at..at + 4)
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)
    };
    let u64_at = |at: usize| {
        let b: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
        usize::try_from(u64::from_le_bytes(b)).ok()
    };
    let line = |at: usize| {
        bytes[at..]
            .iter()
            .position(|&b| b == b'\n')
            .map(|n| at + n + 1)
    };
    loop {
        let opcode = *bytes.get(at)?;
        at += 1;
        opcodes += 1;
        match opcode {
            // No argument.
            b'('
            | b'0'
            | b'1'
            | b'2'
            | b'N'
            | b'Q'
            | b'R'
            | b'a'
            | b'b'
            | b'd'
            | b'}'
            | b'e'
            | b'l'
            | b']'
            | b'o'
            | b's'
            | b't'
            | b')'
            | b'u'
            | 0x81
            | 0x85..=0x89
            | 0x8f..=0x94
            | 0x97
            | 0x98 => {}
            b'.' => return Some((at, opcodes)),
            // Fixed arguments.
            b'K' | b'h' | b'q' | 0x80 | 0x82 => at += 1,
            b'M' | 0x83 => at += 2,
            b'J' | b'j' | b'r' | 0x84 => at += 4,
            b'G' | 0x95 => at += 8,
            // Counted arguments.
            b'U' | b'C' | 0x8a | 0x8c => at += 1 + usize::from(*bytes.get(at)?),
            b'T' | b'X' | b'B' | 0x8b => at += 4 + u32_at(at)?,
            0x8d | 0x8e | 0x96 => at += 8 + u64_at(at)?,
            // Lines.
            b'F' | b'I' | b'L' | b'P' | b'S' | b'V' | b'g' | b'p' => at = line(at)?,
            b'c' | b'i' => at = line(line(at)?)?,
            _ => return None,
        }
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let Some(path) = arguments.next() else {
        eprintln!("no dump given: cargo bench --bench walk -- DUMP [ROUNDS]");
        return;
    };
    let rounds = arguments
        .next()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(5);
    let (mut walks, mut loads, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    let (mut opcodes, mut size) = (0, 0);
    for _ in 0..rounds {
        let start = Instant::now();
        let bytes = std::fs::read(&path).expect("the dump can be read");
        reads.push(start.elapsed());
        let start = Instant::now();
        let (end, first) = walk(&bytes, 0).expect("the dump is two pickles");
        let (_, second) = walk(&bytes, end).expect("the dump is two pickles");
        walks.push(start.elapsed());
        opcodes = black_box(first + second);
        size = bytes.len();
        drop(bytes);
        let start = Instant::now();
        let dump = ctstats::Dump::load(&path).expect("the dump can be loaded");
        loads.push(start.elapsed());
        black_box(dump.object_count());
    }
    let (walk, load, read) = (median(walks), median(loads), median(reads));
    let rate = |time: Duration| size as f64 / 1e6 / time.as_secs_f64();
    println!(
        "{path}: {:.1} MB, {opcodes} opcodes, medians of {rounds}",
        size as f64 / 1e6
    );
    println!(
        "  read  {:8.3} s  {:7.0} MB/s",
        read.as_secs_f64(),
        rate(read)
    );
    println!(
        "  walk  {:8.3} s  {:7.0} MB/s  {:.2} ns an opcode",
        walk.as_secs_f64(),
        rate(walk),
        walk.as_secs_f64() * 1e9 / opcodes as f64
    );
    println!(
        "  load  {:8.3} s  {:7.0} MB/s",
        load.as_secs_f64(),
        rate(load)
    );
    println!(
        "  load / walk          {:.2}",
        load.as_secs_f64() / walk.as_secs_f64()
    );
    println!(
        "  load / (read + walk) {:.2}",
        load.as_secs_f64() / (walk + read).as_secs_f64()
    );
}
