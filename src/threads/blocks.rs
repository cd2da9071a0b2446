//! A long list made into blocks by several threads, and the blocks taken in order.
//!
//! A bounded number of blocks is on the way, however slow whoever takes them is. Those that were
//! taken are used again, with the memory that they have got.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// How many blocks of each thread may be on the way.
const BLOCKS_OF_A_THREAD: usize = 2;

/// How many items a block may have.
const MOST_ITEMS: usize = 4096;

/// How long blocks are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockSize {
    /// How many items the first blocks have.
    pub(crate) first_items: usize,
    /// How large each is to be: later ones get as many items as would have made the one before so
    /// large.
    pub(crate) weight: usize,
}

/// What became of a block that was taken.
pub(crate) struct Taken {
    /// How large it was.
    pub(crate) weight: usize,
    /// Whether the next is to be taken.
    pub(crate) goes_on: bool,
}

/// Has `make` fill blocks with what becomes of `count` items, on this thread and `threads - 1`
/// others, and `take` take them, on this thread and in order.
///
/// Returns how many items were taken: those before a block behind which it is not to go on, and
/// none where one thread is all there is. The others are the caller's. Fails as `take` does.
pub(crate) fn in_order<B: Send, E>(
    count: usize,
    size: BlockSize,
    threads: usize,
    new: impl Fn() -> B + Sync,
    make: impl Fn(&mut B, Range<usize>) + Sync,
    mut take: impl FnMut(&mut B, Range<usize>) -> Result<Taken, E>,
) -> Result<usize, E> {
    let first_items = size.first_items.clamp(1, MOST_ITEMS);
    if threads < 2 || count <= first_items {
        return Ok(0);
    }
    let line = Line {
        count,
        state: Mutex::new(State {
            next: 0,
            items: first_items,
            first: 0,
            blocks: VecDeque::new(),
            used: Vec::new(),
            unused: threads.saturating_mul(BLOCKS_OF_A_THREAD),
            is_over: false,
        }),
        is_made: Condvar::new(),
        is_free: Condvar::new(),
    };
    thread::scope(|scope| {
        let mut helpers = 0;
        // More would find nothing to do.
        for _ in 1..threads.min(count.div_ceil(first_items)) {
            let work = || super::alone(|| line.help(&new, &make));
            helpers += usize::from(thread::Builder::new().spawn_scoped(scope, work).is_ok());
        }
        let _end = End(&line);
        let mut taken = 0;
        if helpers == 0 {
            return Ok(taken);
        }
        let mut state = line.lock();
        while !state.is_over {
            if let Some((range, mut block)) = state.pop() {
                drop(state);
                let length = range.len();
                let outcome = take(&mut block, range)?;
                taken += length;
                if !outcome.goes_on {
                    break;
                }
                state = line.lock();
                state.items = length
                    .saturating_mul(size.weight)
                    .checked_div(outcome.weight)
                    // No leap: one block may be unlike the next.
                    .map_or(length, |items| items.clamp(length.div_ceil(2), 2 * length))
                    .clamp(1, MOST_ITEMS);
                state.used.push(block);
                line.is_free.notify_one();
            } else if let Some(claim) = state.claim(count) {
                drop(state);
                state = line.fill(claim, &new, &make);
            } else if state.blocks.is_empty() {
                break;
            } else {
                state = line.wait(&line.is_made, state);
            }
        }
        Ok(taken)
    })
}

/// Blocks on their way.
struct Line<B> {
    count: usize,
    state: Mutex<State<B>>,
    /// A block is made, or it is over.
    is_made: Condvar,
    /// A block may be used again, or it is over.
    is_free: Condvar,
}

struct State<B> {
    /// The first item of the next block.
    next: usize,
    /// How many items that gets.
    items: usize,
    /// The number of the block that is taken next.
    first: usize,
    /// That block and those behind it; `None` until it is made.
    blocks: VecDeque<(Range<usize>, Option<B>)>,
    /// Blocks to be used again, and how many may be added to them.
    used: Vec<B>,
    unused: usize,
    is_over: bool,
}

/// A block that a thread is to make: its number and items, and one to be used again.
struct Claim<B> {
    number: usize,
    range: Range<usize>,
    used: Option<B>,
}

impl<B> State<B> {
    /// The block that is next, if it is made.
    fn pop(&mut self) -> Option<(Range<usize>, B)> {
        let block = self.blocks.front_mut()?.1.take()?;
        let (range, _) = self.blocks.pop_front()?;
        self.first += 1;
        Some((range, block))
    }

    /// Claims the next block, if there is room for it.
    fn claim(&mut self, count: usize) -> Option<Claim<B>> {
        if self.next == count || self.is_over {
            return None;
        }
        let used = self.used.pop();
        if used.is_none() {
            self.unused = self.unused.checked_sub(1)?;
        }
        let range = self.next..count.min(self.next + self.items);
        self.next = range.end;
        self.blocks.push_back((range.clone(), None));
        Some(Claim {
            number: self.first + self.blocks.len() - 1,
            range,
            used,
        })
    }
}

impl<B> Line<B> {
    /// Makes blocks until there are no more.
    fn help(&self, new: &impl Fn() -> B, make: &impl Fn(&mut B, Range<usize>)) {
        let _end = EndOfPanic(self);
        let mut state = self.lock();
        while !state.is_over && state.next < self.count {
            match state.claim(self.count) {
                Some(claim) => {
                    drop(state);
                    state = self.fill(claim, new, make);
                    self.is_made.notify_one();
                }
                None => state = self.wait(&self.is_free, state),
            }
        }
        // Others that wait for a free block learn that there is no more to make.
        self.is_free.notify_all();
    }

    fn fill(
        &self,
        claim: Claim<B>,
        new: &impl Fn() -> B,
        make: &impl Fn(&mut B, Range<usize>),
    ) -> MutexGuard<'_, State<B>> {
        let mut block = claim.used.unwrap_or_else(new);
        make(&mut block, claim.range);
        let mut state = self.lock();
        let place = claim.number - state.first;
        state.blocks[place].1 = Some(block);
        state
    }

    fn lock(&self) -> MutexGuard<'_, State<B>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'l>(
        &self,
        until: &Condvar,
        state: MutexGuard<'l, State<B>>,
    ) -> MutexGuard<'l, State<B>> {
        until.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.lock().is_over = true;
        self.is_made.notify_all();
        self.is_free.notify_all();
    }
}

/// Ends the work of all, however this thread ends its own.
struct End<'l, B>(&'l Line<B>);

impl<B> Drop for End<'_, B> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The same if it panics: nobody is to wait for its block.
struct EndOfPanic<'l, B>(&'l Line<B>);

impl<B> Drop for EndOfPanic<'_, B> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: BlockSize = BlockSize {
        first_items: 3,
        weight: 40,
    };

    fn squares(block: &mut Vec<usize>, range: Range<usize>) {
        block.clear();
        block.extend(range.map(|item| item * item));
    }

    fn went_on(block: &[usize]) -> Taken {
        Taken {
            weight: block.len() * 3,
            goes_on: true,
        }
    }

    #[test]
    fn blocks_come_in_order_and_hold_each_item_once() {
        for (count, threads) in [(4, 2), (1000, 2), (1000, 7), (100_000, 4)] {
            let mut all = Vec::new();
            let taken = in_order(count, SIZE, threads, Vec::new, squares, |block, range| {
                assert_eq!((all.len(), block.len()), (range.start, range.len()));
                all.extend_from_slice(block);
                Ok::<_, ()>(went_on(block))
            });
            assert_eq!(taken, Ok(count));
            assert!(
                all.iter()
                    .enumerate()
                    .all(|(item, square)| item * item == *square)
            );
        }
    }

    #[test]
    fn one_thread_and_few_items_are_left_to_the_caller() {
        let take = |_: &mut Vec<usize>, _| -> Result<Taken, ()> { panic!("none is taken") };
        assert_eq!(in_order(1000, SIZE, 1, Vec::new, squares, take), Ok(0));
        assert_eq!(in_order(3, SIZE, 8, Vec::new, squares, take), Ok(0));
        assert_eq!(in_order(0, SIZE, 8, Vec::new, squares, take), Ok(0));
    }

    #[test]
    fn failing_and_stopping_end_it() {
        let failed = in_order(1000, SIZE, 3, Vec::new, squares, |block, range| match range
            .contains(&500)
        {
            true => Err(range.start),
            false => Ok(went_on(block)),
        });
        assert!(failed.is_err_and(|start| start <= 500));
        let mut end = 0;
        let stopped = in_order(1000, SIZE, 3, Vec::new, squares, |block, range| {
            end = range.end;
            let goes_on = !range.contains(&500);
            Ok::<_, ()>(Taken {
                goes_on,
                ..went_on(block)
            })
        });
        assert!((501..1000).contains(&end));
        assert_eq!(stopped, Ok(end));
    }

    #[test]
    fn the_number_of_blocks_is_bounded() {
        let made = Mutex::new(0);
        let new = || {
            *made.lock().unwrap() += 1;
            Vec::new()
        };
        let taken = in_order(10_000, SIZE, 3, new, squares, |block, _| {
            Ok::<_, ()>(went_on(block))
        });
        assert_eq!(taken, Ok(10_000));
        assert!(*made.lock().unwrap() <= 3 * BLOCKS_OF_A_THREAD);
    }

    #[test]
    #[should_panic(expected = "scoped thread panicked")]
    fn a_panic_of_a_helper_is_passed_on() {
        let here = thread::current().id();
        let make = |_: &mut Vec<usize>, _| {
            assert_eq!(thread::current().id(), here, "on another thread");
            thread::sleep(std::time::Duration::from_millis(1));
        };
        let _ = in_order(100_000, SIZE, 3, Vec::new, make, |block, _| {
            Ok::<_, ()>(went_on(block))
        });
    }
}
