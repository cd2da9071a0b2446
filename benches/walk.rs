//! The yardstick: a bare loop that reads a dump and walks its opcodes and builds nothing,
//! against `Dump::load` of the same file with one thread, two, and so on up to as many as there
//! are, in turn.
//!
//!     cargo bench --bench walk -- DUMP [ROUNDS]
//!
//! The loop reads through a window, as any program must that does not hold the whole file
//! in memory. Prints medians and the ratio; also the walk alone, over bytes that are in
//! memory already, for what the reading costs.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints")]

use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use ctstats::threads;

const WINDOW_BYTES: usize = 256 << 10;

/// How long an opcode is with its argument; `None` for no opcode or too few bytes.
#[inline(always)]
fn length(bytes: &[u8]) -> Option<usize> {
    let u32_at = |at: usize| {
        let number = bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(number.try_into().ok()?) as usize)
    };
    let u64_at = |at: usize| {
        let number = bytes.get(at..at + 8)?;
        usize::try_from(u64::from_le_bytes(number.try_into().ok()?)).ok()
    };
    let line = |at: usize| Some(at + bytes.get(at..)?.iter().position(|&b| b == b'\n')? + 1);
    Some(match *bytes.first()? {
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
        | b'.'
        | 0x81
        | 0x85..=0x89
        | 0x8f..=0x94
        | 0x97
        | 0x98 => 1,
        // Fixed arguments.
        b'K' | b'h' | b'q' | 0x80 | 0x82 => 2,
        b'M' | 0x83 => 3,
        b'J' | b'j' | b'r' | 0x84 => 5,
        b'G' | 0x95 => 9,
        // Counted arguments.
        b'U' | b'C' | 0x8a | 0x8c => 2 + usize::from(*bytes.get(1)?),
        b'T' | b'X' | b'B' | 0x8b => 5 + u32_at(1)?,
        0x8d | 0x8e | 0x96 => 9 + u64_at(1)?,
        // Lines.
        b'F' | b'I' | b'L' | b'P' | b'S' | b'V' | b'g' | b'p' => line(1)?,
        b'c' | b'i' => line(line(1)?)?,
        _ => return None,
    })
}

/// Walks both pickles of a dump through a window; how many opcodes there were.
fn read_and_walk(mut source: impl Read) -> u64 {
    let mut window = vec![0; WINDOW_BYTES];
    let (mut at, mut filled, mut opcodes, mut stops) = (0, 0, 0, 0);
    while stops < 2 {
        // A margin, so that no opcode but a long text is cut by the window's end.
        while filled > at + 512 || filled < WINDOW_BYTES && filled > at {
            let Some(length) = length(&window[at..filled]) else {
                break;
            };
            if at + length > filled {
                break;
            }
            opcodes += 1;
            stops += u32::from(window[at] == b'.');
            at += length;
            if stops == 2 {
                return opcodes;
            }
        }
        window.copy_within(at..filled, 0);
        filled -= at;
        at = 0;
        if filled == window.len() {
            window.resize(2 * filled, 0);
        }
        let read = source
            .read(&mut window[filled..])
            .expect("the dump can be read");
        assert!(read > 0, "the dump is two pickles");
        filled += read;
    }
    opcodes
}

/// Walks both pickles of a dump in memory.
fn walk(bytes: &[u8]) -> u64 {
    let (mut at, mut opcodes, mut stops) = (0, 0, 0);
    while stops < 2 {
        stops += u32::from(bytes[at] == b'.');
        at += length(&bytes[at..]).expect("the dump is two pickles");
        opcodes += 1;
    }
    opcodes
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
    let doubled = std::iter::successors(Some(1), |threads| Some(threads * 2));
    let most = threads::limit();
    let counts: Vec<usize> = doubled.take_while(|&count| count <= most).collect();
    let (mut streamed, mut walks) = (Vec::new(), Vec::new());
    let mut loads = vec![Vec::new(); counts.len()];
    let (mut opcodes, mut size) = (0, 0);
    for _ in 0..rounds {
        let start = Instant::now();
        opcodes = black_box(read_and_walk(
            File::open(&path).expect("the dump can be opened"),
        ));
        streamed.push(start.elapsed());

        for (loads, &count) in loads.iter_mut().zip(&counts) {
            threads::set_limit(NonZeroUsize::new(count).expect("it is 1 or more"));
            let start = Instant::now();
            let dump = ctstats::Dump::load(&path).expect("the dump can be loaded");
            loads.push(start.elapsed());
            black_box(dump.object_count());
        }

        let bytes = std::fs::read(&path).expect("the dump can be read");
        size = bytes.len();
        let start = Instant::now();
        assert_eq!(walk(&bytes), opcodes);
        walks.push(start.elapsed());
    }
    let (streamed, walk) = (median(streamed), median(walks));
    let loads: Vec<Duration> = loads.into_iter().map(median).collect();
    println!(
        "{path}: {:.1} MB, {opcodes} opcodes, medians of {rounds}",
        size as f64 / 1e6
    );
    let line = |name: &str, time: Duration| {
        println!(
            "  {name:17}  {:6.3} s  {:5.0} MB/s  {:5.2} of read and walk  {:5.2} of walk in memory",
            time.as_secs_f64(),
            size as f64 / 1e6 / time.as_secs_f64(),
            time.as_secs_f64() / streamed.as_secs_f64(),
            time.as_secs_f64() / walk.as_secs_f64(),
        );
    };
    line("read and walk", streamed);
    line("walk in memory", walk);
    for (&time, count) in loads.iter().zip(&counts) {
        line(&format!("load, {count} thread(s)"), time);
    }
}
