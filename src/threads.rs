//! How many threads the library may use at a time, and work that they share.

mod each;

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub(crate) use each::{Meanwhile, each};

/// What the program allows; 0 until it says.
static ALLOWED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Whether this thread is one of many that do the same, so that it starts no others.
    static IS_ONE_OF_MANY: Cell<bool> = const { Cell::new(false) };
}

/// How many threads work on one question: what [`set_limit`] says, else as many as there are
/// processors that the process may use (its affinity and its cgroup's quota count, as
/// [`std::thread::available_parallelism`] tells). Answers do not depend on it.
pub fn limit() -> usize {
    if IS_ONE_OF_MANY.get() {
        return 1;
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
#[cfg(feature = "fleet")]
pub(crate) fn alone<R>(work: impl FnOnce() -> R) -> R {
    let before = IS_ONE_OF_MANY.replace(true);
    let result = work();
    IS_ONE_OF_MANY.set(before);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_threads_starts_no_others() {
        assert!(limit() >= 1);
        #[cfg(feature = "fleet")]
        assert_eq!((alone(limit), alone(|| alone(limit))), (1, 1));
    }
}
