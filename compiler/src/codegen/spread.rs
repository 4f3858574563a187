//! Work on many things at once, on every processor.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Fewer things than this are done sooner than a thread starts.
const FEW: usize = 16;

/// Formatting descends as deep as what is formatted: as much stack as a main thread has.
const STACK: usize = 8 << 20;

/// What `work` makes of each of `all`, in their order.
pub(super) fn over<T: Sync, U: Send>(all: &[T], work: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if all.len() < FEW || processors < 2 {
        return all.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let mut made = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = all.get(at) else { return made };
            made.push((at, work(one)));
        }
    };
    let mut made = thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, take);
        // Where no thread can be had, this one does everything.
        let others: Vec<_> = (1..processors).filter_map(|at| spawn(at).ok()).collect();
        let mut made = take();
        for other in others {
            made.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        made
    });
    made.sort_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_stands_in_the_order_of_what_it_is_made_of() {
        let all: Vec<usize> = (0..1000).collect();
        let twice: Vec<usize> = all.iter().map(|one| one * 2).collect();
        assert_eq!(over(&all, |one| one * 2), twice);
        assert_eq!(over(&[1, 2], |one| one * 2), [2, 4]);
    }
}
