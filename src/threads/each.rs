//! Work that falls into parts, on all cores, and where no thread can be started on this one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::{self, Scope, ScopedJoinHandle};

/// What `work` makes of each item, in their order.
pub(crate) fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = super::limit();
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    let share = |done: mpsc::Sender<(usize, R)>| {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { break };
            // The receiver outlives all of them.
            let _ = done.send((index, work(item)));
        }
    };
    thread::scope(|scope| {
        // This thread is one of them, and does what those do not that cannot be started.
        for _ in 1..threads.min(items.len()) {
            let done = done.clone();
            let _ = thread::Builder::new().spawn_scoped(scope, || share(done));
        }
        share(done);
    });
    let mut results: Vec<(usize, R)> = results.into_iter().collect();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// What is made meanwhile, or was made at once.
pub(crate) enum Meanwhile<'scope, T> {
    There(ScopedJoinHandle<'scope, T>),
    Here(T),
}

impl<'scope, T: Send + 'scope> Meanwhile<'scope, T> {
    /// Begins on another thread, if there may be one.
    pub(crate) fn begin<'env>(
        scope: &'scope Scope<'scope, 'env>,
        work: impl FnOnce() -> T + Copy + Send + 'scope,
    ) -> Self {
        if super::limit() == 1 {
            return Meanwhile::Here(work());
        }
        match thread::Builder::new().spawn_scoped(scope, work) {
            Ok(thread) => Meanwhile::There(thread),
            Err(_) => Meanwhile::Here(work()),
        }
    }

    /// Waits for it.
    pub(crate) fn end(self) -> T {
        match self {
            Meanwhile::There(thread) => thread.join().expect("the work does not panic"),
            Meanwhile::Here(made) => made,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u32> = (0..1000).collect();
        let doubled = each(&items, |item| 2 * item);
        assert!(doubled.iter().zip(&items).all(|(two, one)| *two == 2 * one));
        assert_eq!(doubled.len(), items.len());
        assert!(each(&[] as &[u32], |item| *item).is_empty());
    }
}
