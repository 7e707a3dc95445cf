//! Ours: guards by every strategy, and pinned readers. A map under an operation log; a value by itself.

use std::marker::PhantomData;
use std::sync::Arc;

use flipside::publish::strategy::{Asymmetric, Strategy};
use flipside::publish::{self, Buffer, Log, Offline, Operation, Pointer, ReadGuard, Shared};

use crate::publish::role::{Enter, Peer, Reader, Write};
use crate::publish::subject::{Map, Subject, Value};

/// A strategy that a contender can be made of.
pub(crate) trait Way: Strategy<Seat: Send, Residual: Send> + Default + Send + Sync + 'static {}

impl<S: Strategy<Seat: Send, Residual: Send> + Default + Send + Sync + 'static> Way for S {}

/// Guards, by a strategy.
pub(crate) struct Guards<S>(PhantomData<S>);
/// A pinned reader that looks for a new version before each question.
pub(crate) enum Pinned {}
/// A pinned reader that stays with its version until it is told to look.
pub(crate) enum Still {}

/// A subject, and how it is published: a map by its changes, a value as a whole.
pub(crate) trait Published: Subject {
    type Log: Send + 'static;
    type Writer<S: Way>: Write<Self>;

    fn log() -> Self::Log;
    fn writer<S: Way>(pointer: Shared<Self, Self::Log, S>) -> Self::Writer<S>;
}

/// A change, as an operation.
pub(crate) struct Change<T: Subject>(T::Change);

pub(crate) struct MapWriter<T: Subject, S: Way>(publish::Writer<Shared<T, Log<T, Change<T>>, S>>);
pub(crate) struct ValueWriter<S: Way>(publish::value::Writer<Shared<Value, (), S>>);

impl<T: Subject> Operation<T> for Change<T> {
    #[inline]
    fn apply(&mut self, subject: &mut T, _extras: &()) {
        subject.change(self.0);
    }

    #[inline]
    fn apply_last(self, subject: &mut T, _extras: &()) {
        subject.change(self.0);
    }
}

impl<H> Published for Map<H>
where
    Self: Subject,
{
    type Log = Log<Self, Change<Self>>;
    type Writer<S: Way> = MapWriter<Self, S>;

    fn log() -> Self::Log {
        Log::new()
    }

    fn writer<S: Way>(pointer: Shared<Self, Self::Log, S>) -> MapWriter<Self, S> {
        MapWriter(publish::Writer::new(pointer).expect("the first writer"))
    }
}

impl Published for Value {
    type Log = ();
    type Writer<S: Way> = ValueWriter<S>;

    fn log() {}

    fn writer<S: Way>(pointer: Shared<Self, (), S>) -> ValueWriter<S> {
        ValueWriter(publish::value::Writer::new(pointer).expect("the first writer"))
    }
}

impl<T: Subject, S: Way> Write<T> for MapWriter<T, S> {
    fn publish(&mut self, changes: impl Iterator<Item = T::Change>) {
        self.0.extend(changes.map(Change));
        self.0.publish().expect("nobody panics, nor reads on this thread meanwhile");
    }

    fn settle(&mut self) {
        self.0.publish_both().expect("nobody panics, nor reads on this thread meanwhile");
    }
}

impl<S: Way> Write<Value> for ValueWriter<S> {
    fn publish(&mut self, changes: impl Iterator<Item = Value>) {
        if let Some(value) = changes.last() {
            self.0.set(value).expect("nobody reads on this thread meanwhile");
        }
    }
}

fn buffer<T: Published, S: Way>() -> Shared<T, T::Log, S> {
    let subject = T::fresh();
    Arc::new(Buffer::with(S::default(), [subject.clone(), subject], T::log(), ()))
}

impl<T: Published, S: Way> Peer<T> for Guards<S> {
    type Writer = T::Writer<S>;
    type Reader = publish::Reader<Shared<T, T::Log, S>>;

    fn open(readers: usize) -> (Self::Writer, Vec<Self::Reader>) {
        let buffer = buffer::<T, S>();
        let reader = |_| publish::Reader::new(buffer.clone()).expect("a seat");
        let readers = (0..readers).map(reader).collect();
        (T::writer(buffer), readers)
    }
}

impl<T: Subject, P: Pointer<Value = T>> Reader<T> for publish::Reader<P>
where
    Self: Send,
{
    type Session<'a>
        = Guarded<'a, P>
    where
        Self: 'a;

    fn session(&mut self) -> Guarded<'_, P> {
        Guarded(self)
    }
}

pub(crate) struct Guarded<'a, P: Pointer>(&'a publish::Reader<P>);

impl<P: Pointer> Enter<P::Value> for Guarded<'_, P> {
    type Guard<'b>
        = ReadGuard<'b, P::Value, P::Strategy>
    where
        Self: 'b;

    #[inline]
    fn enter(&mut self) -> Self::Guard<'_> {
        self.0.read()
    }
}

impl<T: Published> Peer<T> for Pinned {
    type Writer = T::Writer<Asymmetric>;
    type Reader = Resting<Shared<T, T::Log, Asymmetric>, true>;

    fn open(readers: usize) -> (Self::Writer, Vec<Self::Reader>) {
        let buffer = buffer::<T, Asymmetric>();
        let readers = (0..readers).map(|_| Resting::new(buffer.clone())).collect();
        (T::writer(buffer), readers)
    }
}

impl<T: Published> Peer<T> for Still {
    type Writer = T::Writer<Asymmetric>;
    type Reader = Resting<Shared<T, T::Log, Asymmetric>, false>;

    fn open(readers: usize) -> (Self::Writer, Vec<Self::Reader>) {
        let buffer = buffer::<T, Asymmetric>();
        let readers = (0..readers).map(|_| Resting::new(buffer.clone())).collect();
        (T::writer(buffer), readers)
    }
}

/// A pinned reader at rest; `LOOKS` says whether it will look for a new version before each question.
pub(crate) struct Resting<P: Pointer, const LOOKS: bool> {
    rest: Option<Offline<P>>,
    /// For the sessions after the first.
    pointer: P,
}

pub(crate) struct Online<P: Pointer, const LOOKS: bool>(publish::Pinned<P>);

impl<P: Pointer, const LOOKS: bool> Resting<P, LOOKS> {
    fn new(pointer: P) -> Self {
        let rest = Offline::new(pointer.clone()).expect("a seat");
        Self { rest: Some(rest), pointer }
    }
}

impl<T: Subject, P: Pointer<Value = T>, const LOOKS: bool> Reader<T> for Resting<P, LOOKS>
where
    Self: Send,
{
    type Session<'a>
        = Online<P, LOOKS>
    where
        Self: 'a;

    fn session(&mut self) -> Online<P, LOOKS> {
        let rest = self.rest.take();
        let rest = rest.unwrap_or_else(|| Offline::new(self.pointer.clone()).expect("a seat"));
        Online(rest.online())
    }
}

impl<P: Pointer, const LOOKS: bool> Enter<P::Value> for Online<P, LOOKS> {
    const GUARDS: bool = false;
    type Guard<'b>
        = &'b P::Value
    where
        Self: 'b;

    #[inline]
    fn enter(&mut self) -> &P::Value {
        if LOOKS {
            self.0.refresh();
        }
        self.0.get()
    }

    fn refresh(&mut self) {
        self.0.refresh();
    }
}
