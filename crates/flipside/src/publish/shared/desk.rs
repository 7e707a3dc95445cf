//! Where calls lie until they are made, and where the writer lies while nobody holds it.

use std::any::Any;
use std::mem::take;
use std::ops::Range;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::Policy;
use super::slot::{Ask, Call, Job, Slot};
use super::turn::{Begun, Turn};
use crate::publish::{Log, Operation, Pointer, PublishError, Straggler, Strategy, Writer};
use crate::substrate::atomic::{
    AtomicUsize, Backoff, Condvar, Mutex, MutexGuard, Ordering::Relaxed, thread_token, wait_until,
};

/// No user code runs under a lock, so what it guards is whole whatever has panicked.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a call was not made, or not published.
pub(super) enum Failed {
    Error(PublishError),
    Panic(Box<dyn Any + Send>),
}

/// Why what was made cannot be published: the copy that a panic has spoilt is not made anew.
#[derive(Clone, Copy)]
pub(super) enum Unpublished {
    Error(PublishError),
    /// Its clone panics.
    Panic,
}

pub(super) struct Desk<P: Pointer> {
    pub(super) state: Mutex<State<P>>,
    /// For callers who sleep: a turn has ended, or somebody is in the way.
    pub(super) bell: Condvar,
    /// How many calls wait. Both of these change under the lock and are read without it, as hints: who goes by them spares
    /// himself the lock, and nobody is forgotten if they are outdated.
    pub(super) waiting: AtomicUsize,
    /// How often there was something new for callers who spin.
    news: AtomicUsize,
    pub(super) pointer: P,
}

pub(super) struct State<P: Pointer> {
    /// `None` while somebody has it.
    pub(super) writer: Option<Writer<P>>,
    /// Who has it: his thread's token, or 0.
    pub(super) holder: usize,
    /// In the order of their tickets.
    pub(super) calls: Vec<Call<P>>,
    /// Room for calls, while `calls` is the room of the others.
    pub(super) room: Vec<Call<P>>,
    /// The next ticket.
    next: u64,
    /// All calls with lesser tickets have been made or withdrawn.
    pub(super) served: u64,
    /// The version when they had been.
    pub(super) version: u64,
    /// The tickets of calls that were made, and were to be published, and could not be: until the next publish.
    pub(super) unpublished: Option<(Range<u64>, Unpublished)>,
    /// How often holders have begun to look who is in the way.
    pub(super) looks: u64,
    /// Who keeps the holder waiting, and which look has shown that. While this is set, all calls that are not served
    /// lie in `calls`, but for one that the holder makes for himself.
    pub(super) in_the_way: Option<(u64, Straggler)>,
    /// Callers who sleep: without any the bell, which is a system call, is not rung.
    pub(super) asleep: usize,
    pub(super) policy: Policy,
    /// The last publish by a [`Policy::Interval`], or when that became the policy.
    pub(super) published_at: Instant,
}

impl From<Unpublished> for Failed {
    fn from(why: Unpublished) -> Self {
        match why {
            Unpublished::Error(error) => Self::Error(error),
            Unpublished::Panic => Self::Panic(Box::new("the copy that a panic has spoilt cannot be cloned")),
        }
    }
}

impl<P: Pointer> State<P> {
    /// The writer, if nobody has it. A [`Turn`] is made of it without the lock, for it takes that when it ends.
    #[inline]
    fn begin(&mut self, me: usize) -> Option<Begun<P>> {
        let writer = self.writer.take()?;
        self.holder = me;
        self.looks += 1;
        let enough = match self.policy {
            Policy::EveryCall => Some(1),
            Policy::Every(operations) => Some(operations),
            Policy::Interval(_) => None,
            Policy::ByHand => Some(usize::MAX),
        };
        Some(Begun { writer, look: self.looks, enough })
    }

    /// The time, if by a [`Policy::Interval`] something is to be published now.
    pub(super) fn is_time(&self) -> Option<Instant> {
        let Policy::Interval(interval) = self.policy else { return None };
        let now = Instant::now();
        (now.saturating_duration_since(self.published_at) >= interval).then_some(now)
    }
}

impl<P: Pointer> Desk<P> {
    /// The writer, which nobody holds: there is nobody else.
    pub(super) fn into_writer(self) -> Writer<P> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.writer.expect("a turn puts it back when it ends")
    }

    /// Tells callers who spin. Those who sleep need the bell.
    pub(super) fn tell(&self, _under_the_lock: &mut State<P>) {
        self.news.store(self.news.load(Relaxed).wrapping_add(1), Relaxed);
    }

    fn withdraw(&self, state: &mut State<P>, ticket: u64) -> Option<Call<P>> {
        let at = state.calls.iter().position(|call| call.ticket == ticket)?;
        let call = state.calls.remove(at);
        self.waiting.store(state.calls.len(), Relaxed);
        Some(call)
    }
}

impl<P, T, O, X> Desk<P>
where
    P: Pointer<Value = T, Log = Log<T, O>, Extras = X>,
    O: Operation<T, X>,
{
    pub(super) fn new(writer: Writer<P>, policy: Policy) -> Self {
        let pointer = writer.pointer().clone();
        let state = State {
            version: writer.version(),
            writer: Some(writer),
            holder: 0,
            calls: Vec::new(),
            room: Vec::new(),
            next: 0,
            served: 0,
            unpublished: None,
            looks: 0,
            in_the_way: None,
            asleep: 0,
            policy,
            published_at: Instant::now(),
        };
        let (waiting, news) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { state: Mutex::new(state), bell: Condvar::new(), waiting, news, pointer }
    }

    /// The writer, if nobody has it and no call waits. Who gets none has to queue.
    #[inline]
    pub(super) fn arrive(&self) -> Result<Option<Begun<P>>, PublishError> {
        let me = thread_token();
        let mut state = lock(&self.state);
        if me != 0 && state.holder == me {
            return Err(PublishError::OwnCall);
        }
        Ok(if state.calls.is_empty() { state.begin(me) } else { None })
    }

    /// Has a call made that could not be made at once.
    #[cold]
    pub(super) fn queue_call<C, R>(&self, call: &mut Slot<C, R>) -> Result<(), Failed>
    where
        C: Ask<T, O, Answer = R> + Send + 'static,
        R: Send + 'static,
    {
        let slot = Arc::new(Mutex::new(take(call)));
        let served = self.queue(Some(slot.clone()));
        *call = take(&mut *lock(&slot));
        served.map(drop)
    }

    /// Has a job done, here or by another thread; or, if there is none, what was called for published. The version when it
    /// was done. The caller does not hold the writer.
    pub(super) fn queue(&self, job: Option<Arc<dyn Job<P>>>) -> Result<u64, Failed> {
        let (me, backoff) = (thread_token(), Backoff::default());
        let mut state = lock(&self.state);
        let ticket = state.next;
        state.next += 1;
        let looks = state.looks;
        state.calls.push(Call { ticket, thread: me, job });
        self.waiting.store(state.calls.len(), Relaxed);
        loop {
            if state.served > ticket {
                return match &state.unpublished {
                    Some((tickets, why)) if tickets.contains(&ticket) => Err((*why).into()),
                    _ => Ok(state.version),
                };
            }
            if let Some(begun) = state.begin(me) {
                drop(state);
                let mut turn = Turn::new(self, begun);
                if let Err(failed) = turn.prepare() {
                    // While we hold the writer nobody else makes it.
                    let withdrawn = self.withdraw(&mut lock(&self.state), ticket);
                    drop(turn);
                    drop(withdrawn);
                    return Err(failed);
                }
                turn.make_all();
                state = lock(&self.state);
                continue;
            }
            // An older look may have seen this thread in a guard that it has dropped since; now it can drop none.
            if let Some((look, straggler)) = state.in_the_way
                && look > looks
                && straggler.is_this_thread()
            {
                let withdrawn = self.withdraw(&mut state, ticket);
                drop(state);
                drop(withdrawn);
                return Err(Failed::Error(PublishError::OwnReader(straggler)));
            }
            // Whoever holds the writer will soon be done, unless he waits himself, or has to interrupt those who spin.
            if !P::Strategy::REACH_INTERRUPTS && state.in_the_way.is_none() && !backoff.is_spent() {
                let known = self.news.load(Relaxed);
                drop(state);
                while self.news.load(Relaxed) == known && !backoff.is_spent() {
                    backoff.snooze();
                }
                state = lock(&self.state);
                continue;
            }
            state.asleep += 1;
            state = wait_until(&self.bell, state, None);
            state.asleep -= 1;
        }
    }
}
