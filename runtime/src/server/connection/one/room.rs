//! Where requests are answered: room of the core, which the next request has after the one before it.

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// How much room is kept that nothing is answered in.
const KEPT: usize = 8;

thread_local! {
    /// A list of room for what answers; all that is answered on a core is of one type.
    static SPARE: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

type Place<F> = Pin<Box<Option<F>>>;

/// What is being done, in room of its own.
pub(super) struct Room<F: 'static>(Option<Place<F>>);

impl<F: Future + 'static> Room<F> {
    /// Finds room for something to be done.
    pub(super) fn of(work: F) -> Room<F> {
        let spare = SPARE.with_borrow_mut(|spare| {
            spare.as_mut().and_then(|any| any.downcast_mut::<Vec<Place<F>>>()).and_then(Vec::pop)
        });
        let mut place = spare.unwrap_or_else(|| Box::pin(None));
        place.as_mut().set(Some(work));
        Room(Some(place))
    }

    /// Goes on with it; never ready where there is nothing to do.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<F::Output> {
        match self.0.as_mut().and_then(|place| place.as_mut().as_pin_mut()) {
            Some(work) => work.poll(context),
            None => Poll::Pending,
        }
    }
}

impl<F: 'static> Drop for Room<F> {
    fn drop(&mut self) {
        let Some(mut place) = self.0.take() else { return };
        // What is dropped may look for room itself, so that comes first.
        place.as_mut().set(None);
        // A core that ends keeps nothing.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            let list = spare.get_or_insert_with(|| Box::new(Vec::<Place<F>>::new()));
            if let Some(list) =
                list.downcast_mut::<Vec<Place<F>>>().filter(|list| list.len() < KEPT)
            {
                list.push(place);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::task::Waker;

    use super::*;

    #[test]
    fn room_is_used_again_and_nothing_is_left_in_it() {
        let held = Rc::new(());
        let work = |held: Rc<()>| async move {
            std::future::ready(()).await;
            Rc::strong_count(&held)
        };
        let place = |room: &Room<_>| room.0.as_ref().map(|place| std::ptr::from_ref(&**place));
        let mut first = Room::of(work(Rc::clone(&held)));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(first.poll(&mut context), Poll::Ready(2));
        let known = place(&first);
        drop(first);
        assert_eq!(Rc::strong_count(&held), 1);
        let second = Room::of(work(Rc::clone(&held)));
        assert_eq!(place(&second), known);
        // What is of another kind has room of its own, and so has what is done at the same time.
        drop(Room::of(async {}));
        assert_ne!(place(&Room::of(work(Rc::clone(&held)))), known);
        drop(second);
        let many: Vec<_> = (0..KEPT + 2).map(|_| Room::of(work(Rc::clone(&held)))).collect();
        assert_eq!(Rc::strong_count(&held), KEPT + 3);
        drop(many);
        assert_eq!(Rc::strong_count(&held), 1);
    }
}
