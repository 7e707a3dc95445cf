//! Where calls lie until they are made, and where the writer lies while nobody holds it.

use std::any::Any;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::PoisonError;
use std::time::Instant;

use super::Policy;
use super::turn::Turn;
use crate::publish::{Log, Operation, Pointer, PublishError, Straggler, Writer};
use crate::substrate::atomic::{Condvar, Mutex, MutexGuard, thread_token, wait_until};

/// No user code runs under a lock, so what it guards is whole whatever has panicked.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a call, and never panics: it keeps what came of it.
pub(super) type Job<P> = Box<dyn FnOnce(&mut Writer<P>) + Send>;

pub(super) struct Call<P: Pointer> {
    pub(super) ticket: u64,
    /// The token of the thread that waits for it.
    pub(super) thread: usize,
    pub(super) job: Job<P>,
    /// Whether it is to be published whatever the policy says.
    pub(super) publish: bool,
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
    pub(super) pointer: P,
}

pub(super) struct State<P: Pointer> {
    /// `None` while somebody has it.
    pub(super) writer: Option<Writer<P>>,
    /// Who has it: his thread's token, or 0.
    pub(super) holder: usize,
    /// In the order of their tickets.
    pub(super) calls: VecDeque<Call<P>>,
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
    /// lie in `calls`.
    pub(super) in_the_way: Option<(u64, Straggler)>,
    /// Callers who sleep: without any the bell, which is a system call, is not rung.
    pub(super) asleep: usize,
    pub(super) policy: Policy,
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
    pub(super) fn withdraw(&mut self, ticket: u64) -> Option<Call<P>> {
        let at = self.calls.iter().position(|call| call.ticket == ticket)?;
        self.calls.remove(at)
    }
}

impl<P: Pointer> Desk<P> {
    /// The writer, which nobody holds: there is nobody else.
    pub(super) fn into_writer(self) -> Writer<P> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.writer.expect("a turn puts it back when it ends")
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
            calls: VecDeque::new(),
            next: 0,
            served: 0,
            unpublished: None,
            looks: 0,
            in_the_way: None,
            asleep: 0,
            policy,
            published_at: Instant::now(),
        };
        Self { state: Mutex::new(state), bell: Condvar::new(), pointer }
    }

    /// Has a job done, here or by another thread. The version when it was done.
    pub(super) fn serve(&self, job: Job<P>, publish: bool) -> Result<u64, Failed> {
        let me = thread_token();
        let mut state = lock(&self.state);
        if me != 0 && state.holder == me {
            drop(state);
            return Err(Failed::Error(PublishError::OwnCall));
        }
        let ticket = state.next;
        state.next += 1;
        let looks = state.looks;
        state.calls.push_back(Call { ticket, thread: me, job, publish });
        loop {
            if state.served > ticket {
                return match &state.unpublished {
                    Some((tickets, why)) if tickets.contains(&ticket) => Err((*why).into()),
                    _ => Ok(state.version),
                };
            }
            if let Some(writer) = state.writer.take() {
                state.holder = me;
                state.looks += 1;
                let mut turn = Turn::new(self, writer, state.looks);
                drop(state);
                if let Err(failed) = turn.prepare() {
                    // While we hold the writer nobody else makes it.
                    let withdrawn = lock(&self.state).withdraw(ticket);
                    drop(turn);
                    drop(withdrawn);
                    return Err(failed);
                }
                turn.make_all();
                drop(turn);
                state = lock(&self.state);
                continue;
            }
            // An older look may have seen this thread in a guard that it has dropped since; now it can drop none.
            if let Some((look, straggler)) = state.in_the_way
                && look > looks
                && straggler.is_this_thread()
            {
                let withdrawn = state.withdraw(ticket);
                drop(state);
                drop(withdrawn);
                return Err(Failed::Error(PublishError::OwnReader(straggler)));
            }
            state.asleep += 1;
            state = wait_until(&self.bell, state, None);
            state.asleep -= 1;
        }
    }
}
