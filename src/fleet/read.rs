//! Many dumps read one after the other on several threads, so that a bounded number is open at a
//! time, and shown in their order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use super::FleetFile;
use crate::error::Error;
use crate::format::{Damage, DumpFile};
use crate::input::ByteCount;
use crate::threads;

/// How many answers of each thread may be on their way. One that comes before its turn waits besides,
/// so whoever asks for much asks for a run of the files at a time.
const ON_THEIR_WAY: usize = 64;

/// Asks each file, and shows the answers in the order of the files. `see` returns whether to go on.
///
/// Dumps are as they were recorded; [`DumpFile::in_order`] puts them in order. `count` counts the bytes that are read.
pub fn read_each<T: Send>(
    files: &[FleetFile],
    thread_count: usize,
    damage: Damage,
    count: &ByteCount,
    ask: impl Fn(&FleetFile, DumpFile) -> Result<T, Error> + Sync,
    mut see: impl FnMut(&FleetFile, Result<T, Error>) -> bool,
) {
    let thread_count = thread_count.clamp(1, files.len().max(1));
    let next = AtomicUsize::new(0);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (answers, answered) = mpsc::sync_channel(thread_count * ON_THEIR_WAY);
        for _ in 0..thread_count {
            let answers = answers.clone();
            let (next, is_over, ask) = (&next, &is_over, &ask);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(place) else { break };
                    let answer = threads::alone(|| {
                        ask(file, DumpFile::open_with(&file.path, count, damage)?)
                    });
                    if answers.send((place, answer)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(answers);
        let mut waiting = BTreeMap::new();
        let mut expected = 0;
        for (place, answer) in answered {
            waiting.insert(place, answer);
            while let Some(answer) = waiting.remove(&expected) {
                if !see(&files[expected], answer) {
                    is_over.store(true, Ordering::Relaxed);
                    return;
                }
                expected += 1;
            }
        }
    });
}
