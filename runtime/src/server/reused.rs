//! Answers that are used again: kept ones at once, new ones made once for all who ask the same.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::spawn_local;
use tokio::time::timeout_at;

use super::answer::{GRACE, perform};
use super::core::Core;
use super::record::Record;
use crate::cache::{Cache, Key, Lead, Role};
use crate::contract::{Endpoint, Reusable};
use crate::error::{Error, Kind};
use crate::limit::Limiters;
use crate::request::{Deadline, Request};
use crate::response::Response;
use crate::reuse::{Answer, Condition, Ended, Heard, Reused};
use crate::upstream::{Flying, Gateway};

/// What is asked for, apart from the request.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) endpoint: &'static Endpoint,
    pub(super) reusable: &'static Reusable,
    /// What tells it from what others ask for.
    pub(super) key: Key,
    /// The budget of one answer.
    pub(super) timeout: Duration,
}

/// All that it takes to make an answer, whoever waits for it.
struct Maker {
    gateway: Gateway,
    limiters: Arc<Limiters>,
    asked: Asked,
    request: Request,
}

/// Answers with what is kept, or with what is made for all who ask the same at this time.
pub(super) async fn answer(
    core: &Core,
    asked: Asked,
    request: Request,
    record: &mut Record,
) -> Result<Response, Error> {
    let (identity, condition) = (Rc::clone(&request.identity), Condition::of(&request.headers));
    let reusable = asked.reusable;
    let mut tell = |answer: &Answer, reused: Reused| {
        record.reuses(reused);
        answer.problem().into_iter().for_each(|error| record.failed(error));
        answer.tell(reusable, (reused, Instant::now()), (identity.id(), &condition))
    };
    let cache = Arc::clone(core.gateway.cache());
    if let Some(kept) = cache.answer(&asked.key) {
        let fresh = kept.is_fresh(Instant::now());
        if !fresh {
            renew(Maker::of(core, asked, request), &cache);
        }
        return Ok(tell(&kept, if fresh { Reused::Hit } else { Reused::Stale }));
    }
    let until = Deadline::after(asked.timeout).instant() + GRACE;
    let Some(flying) = Flying::start(&core.gateway) else {
        return Box::pin(alone(core, asked, request, record)).await;
    };
    let (mut told, leads, mut request) = match cache.board_answer(&asked.key) {
        Role::Follow(told) => (told, false, Some(request)),
        Role::Lead(lead) => {
            let told = lead.told();
            let maker = Maker::of(core, asked.clone(), request);
            spawn_local(maker.make((Arc::clone(&cache), lead, flying)));
            (told, true, None)
        }
    };
    let ended = match timeout_at(until, told.wait_for(Option::is_some)).await {
        Ok(Ok(ended)) => ended.clone(),
        // Whoever made it has stopped without a word.
        Ok(Err(_)) => None,
        Err(_) => return Err(Kind::BackendTimeout.into()),
    };
    match (ended, request.take()) {
        (Some(ended), _) => {
            let answer = ended?;
            let made = if answer.is_kept() { Reused::Miss } else { Reused::Unkept };
            Ok(tell(&answer, if leads { made } else { Reused::Shared }))
        }
        (None, Some(request)) => Box::pin(alone(core, asked, request, record)).await,
        (None, None) => Err(Kind::Internal.into()),
    }
}

/// Makes an answer for this request alone, which is not kept.
async fn alone(
    core: &Core,
    asked: Asked,
    mut request: Request,
    record: &mut Record,
) -> Result<Response, Error> {
    record.reuses(Reused::Unkept);
    if let Some(place) = core.limiters.enter().await? {
        record.takes(place);
    }
    request.deadline = Deadline::after(asked.timeout);
    perform(&core.gateway, asked.endpoint, request).await
}

/// Makes a new answer that nobody waits for, unless somebody does so already.
fn renew(maker: Maker, cache: &Arc<Cache>) {
    let Some(flying) = Flying::start(&maker.gateway) else { return };
    if let Role::Lead(lead) = cache.board_answer(&maker.asked.key) {
        spawn_local(maker.make((Arc::clone(cache), lead, flying)));
    }
}

impl Maker {
    fn of(core: &Core, asked: Asked, request: Request) -> Maker {
        let (gateway, limiters) = (core.gateway.clone(), Arc::clone(&core.limiters));
        Maker { gateway, limiters, asked, request }
    }

    /// Makes the answer, keeps it if it may be kept, and tells all who wait.
    async fn make(self, (cache, lead, _flying): (Arc<Cache>, Lead<Ended>, Flying)) {
        let Asked { key, .. } = self.asked.clone();
        let ended = self.made().await.map(Arc::new);
        match &ended {
            Ok(answer) if answer.is_kept() => cache.put_answer(key, Arc::clone(answer)),
            // It is no more as it was.
            Ok(answer) if !answer.is_stand_in() => cache.forget(&key),
            Err(error) if error.status() < 500 && error.is_declared() => cache.forget(&key),
            _ => {}
        }
        lead.land(ended);
    }

    async fn made(mut self) -> Result<Answer, Error> {
        let Asked { endpoint, reusable, timeout, .. } = self.asked;
        let _place = self.limiters.enter().await?;
        self.request.deadline = Deadline::after(timeout);
        let heard = Rc::new(Heard::new());
        self.request.heard = Some(Rc::clone(&heard));
        let answered = perform(&self.gateway, endpoint, self.request).await;
        Answer::of((endpoint, reusable), answered, &heard)
    }
}
