//! Where requests are answered: room of the core, which the next request has after the one before it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// How much room is kept that nothing is answered in.
const KEPT: usize = 8;

thread_local! {
    /// A list of room for what answers; all that is answered on a core is of one type.
    static SPARE: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// A request that can be answered.
pub(super) trait Ask: 'static {
    type Answer: 'static;

    /// Answers it.
    fn answer(self) -> impl Future<Output = Self::Answer> + 'static;
}

/// Where one request after the other is answered. What answers is made once and stays where it is: it has
/// some kilobytes, and would be copied from hand to hand for every request.
pub(super) struct Room<Q: Ask>(Option<Place<Q>>);

struct Place<Q: Ask> {
    desk: Rc<Desk<Q>>,
    work: Pin<Box<dyn Future<Output = Infallible>>>,
}

/// What goes in and out.
struct Desk<Q: Ask> {
    asked: Cell<Option<Q>>,
    answered: Cell<Option<Q::Answer>>,
}

impl<Q: Ask> Desk<Q> {
    async fn next(&self) -> Q {
        poll_fn(|_| self.asked.take().map_or(Poll::Pending, Poll::Ready)).await
    }
}

impl<Q: Ask> Room<Q> {
    /// Finds room for a request to be answered in.
    pub(super) fn of(asked: Q) -> Room<Q> {
        let spare = SPARE.with_borrow_mut(|spare| {
            spare.as_mut().and_then(|any| any.downcast_mut::<Vec<Place<Q>>>()).and_then(Vec::pop)
        });
        let place = spare.unwrap_or_else(Place::new);
        place.desk.asked.set(Some(asked));
        Room(Some(place))
    }

    /// Goes on with it; never ready where there is nothing to answer.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Q::Answer> {
        let Some(place) = &mut self.0 else { return Poll::Pending };
        let Poll::Pending = place.work.as_mut().poll(context);
        let Some(answer) = place.desk.answered.take() else { return Poll::Pending };
        self.0.take().into_iter().for_each(Place::keep);
        Poll::Ready(answer)
    }
}

impl<Q: Ask> Place<Q> {
    fn new() -> Place<Q> {
        let (asked, answered) = (Cell::new(None), Cell::new(None));
        let desk = Rc::new(Desk { asked, answered });
        let at: Rc<Desk<Q>> = Rc::clone(&desk);
        let work = Box::pin(async move {
            loop {
                let asked = at.next().await;
                let answered = asked.answer().await;
                at.answered.set(Some(answered));
            }
        });
        Place { desk, work }
    }

    /// Keeps it for what is asked next. What is given up before it was answered goes with its room.
    fn keep(self) {
        // A core that ends keeps nothing.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            let list = spare.get_or_insert_with(|| Box::new(Vec::<Place<Q>>::new()));
            let list = list.downcast_mut::<Vec<Place<Q>>>();
            if let Some(list) = list.filter(|list| list.len() < KEPT) {
                list.push(self);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// What is held while it is answered, and whether that takes longer.
    struct Held(Rc<()>, bool);

    impl Ask for Held {
        type Answer = usize;

        async fn answer(self) -> usize {
            if self.1 {
                std::future::pending::<()>().await;
            }
            Rc::strong_count(&self.0)
        }
    }

    /// What is of another kind.
    impl Ask for &'static str {
        type Answer = usize;

        async fn answer(self) -> usize {
            self.len()
        }
    }

    fn room(held: &Rc<()>, waits: bool) -> Room<Held> {
        Room::of(Held(Rc::clone(held), waits))
    }

    fn place(room: &Room<Held>) -> Option<*const ()> {
        room.0.as_ref().map(|place| std::ptr::from_ref(&*place.work).cast())
    }

    #[test]
    fn room_is_used_again_and_nothing_is_left_in_it() {
        let held = Rc::new(());
        let mut context = Context::from_waker(Waker::noop());
        let mut first = room(&held, false);
        let known = place(&first);
        assert_eq!(first.poll(&mut context), Poll::Ready(2));
        assert_eq!(first.poll(&mut context), Poll::Pending, "it is answered once");
        drop(first);
        assert_eq!(Rc::strong_count(&held), 1);
        let mut second = room(&held, false);
        assert_eq!(place(&second), known);
        // What is done at the same time has room of its own, and so has what is of another kind.
        assert_ne!(place(&room(&held, false)), known);
        let mut other = Room::of("a");
        assert_eq!(other.poll(&mut context), Poll::Ready(1));
        assert_eq!(second.poll(&mut context), Poll::Ready(2));
    }

    #[test]
    fn what_is_given_up_is_gone_with_its_room() {
        let held = Rc::new(());
        let mut context = Context::from_waker(Waker::noop());
        let mut given_up = room(&held, true);
        assert_eq!(given_up.poll(&mut context), Poll::Pending);
        assert_eq!(Rc::strong_count(&held), 2);
        drop(given_up);
        drop(room(&held, false));
        assert_eq!(Rc::strong_count(&held), 1);
        let mut next = room(&held, false);
        assert_eq!(next.poll(&mut context), Poll::Ready(2), "nothing answers for another");
    }

    #[test]
    fn no_more_room_is_kept_than_needed() {
        let held = Rc::new(());
        let mut context = Context::from_waker(Waker::noop());
        let mut many: Vec<_> = (0..KEPT + 2).map(|_| room(&held, false)).collect();
        assert_eq!(Rc::strong_count(&held), KEPT + 3);
        assert!(many.iter_mut().all(|room| room.poll(&mut context).is_ready()));
        drop(many);
        assert_eq!(Rc::strong_count(&held), 1);
        let kept = SPARE.with_borrow(|spare| {
            let any = spare.as_ref().expect("some was kept");
            any.downcast_ref::<Vec<Place<Held>>>().map(Vec::len)
        });
        assert_eq!(kept, Some(KEPT));
    }
}
