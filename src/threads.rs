//! How many threads the library may use at a time, and work that they share.

mod blocks;
mod each;

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub(crate) use blocks::{BlockSize, Taken, in_order};
pub(crate) use each::{Meanwhile, each};

/// What the program allows; 0 until it says.
static ALLOWED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// How many this thread may have for its work, if that is not what the process may: one that is
    /// one of many starts no others.
    static OF_THIS_THREAD: Cell<Option<usize>> = const { Cell::new(None) };
}

/// How many threads work on one question: what [`set_limit`] says, else as many as there are
/// processors that the process may use (its affinity and its cgroup's quota count, as
/// [`std::thread::available_parallelism`] tells). Answers do not depend on it.
pub fn limit() -> usize {
    if let Some(threads) = OF_THIS_THREAD.get() {
        return threads;
    }
    match ALLOWED.load(Ordering::Relaxed) {
        0 => thread::available_parallelism().map_or(1, usize::from),
        allowed => allowed,
    }
}

/// Allows so many threads to the whole process from now on.
pub fn set_limit(threads: NonZeroUsize) {
    ALLOWED.store(threads.get(), Ordering::Relaxed);
}

/// Does the work on this thread alone: for one of many threads that do such work side by side.
pub(crate) fn alone<R>(work: impl FnOnce() -> R) -> R {
    with(1, work)
}

/// Does the work with so many threads.
pub(crate) fn with<R>(threads: usize, work: impl FnOnce() -> R) -> R {
    let before = OF_THIS_THREAD.replace(Some(threads));
    let result = work();
    OF_THIS_THREAD.set(before);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_threads_starts_no_others() {
        assert!(limit() >= 1);
        assert_eq!(alone(limit), 1);
        assert_eq!(alone(|| alone(limit)), 1);
        assert_eq!(with(3, || (limit(), alone(limit), limit())), (3, 1, 3));
    }
}
