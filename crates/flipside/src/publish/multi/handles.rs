//! What the writer and the readers of every multi-value map have.

use alloc::vec::Vec;

use super::{Multimap, Values};
#[cfg(feature = "std")]
use crate::publish::PublishError;
use crate::publish::collection::Edit;
use crate::publish::map::{Lookup, Map};
use crate::publish::{Decide, Decided, Operation, ReadGuard, Reader, Shared, SharedLog, Strategy, Writer};

/// For every [`Multimap`]. Nothing here waits, but for what says so.
impl<B, V, D, St: Strategy, X> Writer<SharedLog<Multimap<B, D>, Edit<Multimap<B, D>>, St, X>>
where
    B: Map<Value = Values<V>, Key: Send> + 'static,
    V: Clone + Send + 'static,
    D: Clone + 'static,
{
    /// Adds a value to those of a key.
    pub fn insert(&mut self, key: B::Key, value: V) {
        self.push_with(|| Edit::put((key, value)));
    }

    /// Puts one value in the place of all those of a key.
    pub fn update(&mut self, key: B::Key, value: V) {
        self.push(Edit::other(Update::<B, V> { key, value }));
    }

    /// Takes one value like this away from those of a key, if there is one. The key stays.
    pub fn remove_value(&mut self, key: B::Key, value: V)
    where
        V: PartialEq,
    {
        self.change_values(key, move |values| {
            if let Some(at) = values.iter().position(|other| *other == value) {
                values.swap_remove(at);
            }
        });
    }

    /// Takes all values of a key away. The key stays, with the room that its values had.
    pub fn empty(&mut self, key: B::Key) {
        self.change_values(key, Vec::clear);
    }

    /// Keeps the values of a key for which `keep`, which is called once for each, on the first copy, whatever it
    /// remembers.
    pub fn retain(&mut self, key: B::Key, keep: impl FnMut(&V) -> bool + Send + 'static) {
        self.push(Edit::other(Decided::Open(Retain::<B, _> { key, keep })));
    }

    /// Makes room for so many more values of a key, which is there from then on.
    pub fn reserve_values(&mut self, key: B::Key, additional: usize) {
        self.push(Edit::other(move |copy: &mut Multimap<B, D>, (): &()| {
            if copy.values_mut(&key).is_none() {
                copy.bags.put((key.clone(), Values::default()));
            }
            if let Some(values) = copy.values_mut(&key) {
                values.reserve(additional);
            }
        }));
    }

    /// Gives back what room the values of a key do not need.
    pub fn fit(&mut self, key: B::Key) {
        self.change_values(key, Vec::shrink_to_fit);
    }

    /// Replaces the meta value.
    pub fn set_meta(&mut self, meta: D)
    where
        D: Send,
    {
        self.push(Edit::other(SetMeta(meta)));
    }

    fn change_values(&mut self, key: B::Key, change: impl Fn(&mut Vec<V>) + Send + 'static) {
        self.push(Edit::other(move |copy: &mut Multimap<B, D>, (): &()| {
            if let Some(values) = copy.values_mut(&key) {
                change(values);
            }
        }));
    }

    /// The values of a key, with all that was written down. Waits as [`latest`](Self::latest) does.
    ///
    /// # Errors
    ///
    /// As [`latest`](Self::latest).
    ///
    /// # Panics
    ///
    /// If an edit does.
    #[cfg(feature = "std")]
    pub fn get<Q: ?Sized>(&mut self, key: &Q) -> Result<Option<&Values<V>>, PublishError>
    where
        B: Lookup<Q>,
    {
        self.latest().map(|map| map.get(key))
    }
}

struct Update<B: Map, V> {
    key: B::Key,
    value: V,
}

impl<B: Map<Value = Values<V>>, V: Clone, D: Clone> Operation<Multimap<B, D>> for Update<B, V> {
    fn apply(&mut self, copy: &mut Multimap<B, D>, _: &()) {
        copy.bags.put((self.key.clone(), Values([self.value.clone()].into())));
    }

    fn apply_last(self, copy: &mut Multimap<B, D>, _: &()) {
        copy.bags.put((self.key, Values([self.value].into())));
    }
}

struct SetMeta<D>(D);

impl<B, D: Clone> Operation<Multimap<B, D>> for SetMeta<D> {
    fn apply(&mut self, copy: &mut Multimap<B, D>, _: &()) {
        copy.meta.clone_from(&self.0);
    }

    fn apply_last(self, copy: &mut Multimap<B, D>, _: &()) {
        copy.meta = self.0;
    }
}

struct Retain<B: Map, F> {
    key: B::Key,
    keep: F,
}

/// Which of the values were kept, in their order, which is the same in both copies.
struct Retained<B: Map> {
    key: B::Key,
    kept: Vec<bool>,
}

impl<B, V, D, F> Decide<Multimap<B, D>> for Retain<B, F>
where
    B: Map<Value = Values<V>>,
    V: Clone,
    D: Clone,
    F: FnMut(&V) -> bool,
{
    type Receipt = Retained<B>;

    fn decide(mut self, copy: &mut Multimap<B, D>, _: &()) -> Retained<B> {
        let mut kept = Vec::new();
        if let Some(values) = copy.values_mut(&self.key) {
            values.retain(|value| {
                let keep = (self.keep)(value);
                kept.push(keep);
                keep
            });
        }
        Retained { key: self.key, kept }
    }
}

impl<B: Map<Value = Values<V>>, V: Clone, D: Clone> Operation<Multimap<B, D>> for Retained<B> {
    fn apply(&mut self, copy: &mut Multimap<B, D>, _: &()) {
        if let Some(values) = copy.values_mut(&self.key) {
            let mut kept = self.kept.iter().copied();
            // Where keys lie there may be more of them.
            values.retain(|_| kept.next().unwrap_or(true));
        }
    }
}

/// For every [`Multimap`], whoever writes it: a log, or a [`value`](crate::publish::value()) that is replaced.
impl<B, V, D, L, St: Strategy, X> Reader<Shared<Multimap<B, D>, L, St, X>>
where
    B: Map<Value = Values<V>>,
    V: Clone,
    D: Clone,
{
    /// A guard of the values of a key. It delays the writer as a guard of the whole map does.
    #[inline]
    pub fn get<Q: ?Sized>(&self, key: &Q) -> Option<ReadGuard<'_, Values<V>, St>>
    where
        B: Lookup<Q>,
    {
        ReadGuard::try_map(self.read(), |map| map.get(key)).ok()
    }

    /// A guard of one of the values of a key: any.
    pub fn get_one<Q: ?Sized>(&self, key: &Q) -> Option<ReadGuard<'_, V, St>>
    where
        B: Lookup<Q>,
    {
        ReadGuard::try_map(self.read(), |map| map.get(key)?.first()).ok()
    }

    /// Whether the newest version has a key. It may be outdated at once.
    pub fn contains_key<Q: ?Sized>(&self, key: &Q) -> bool
    where
        B: Lookup<Q>,
    {
        self.read().get(key).is_some()
    }

    /// Whether the newest version has this value for a key. It may be outdated at once.
    pub fn contains_value<Q: ?Sized>(&self, key: &Q, value: &V) -> bool
    where
        B: Lookup<Q>,
        V: PartialEq,
    {
        self.read().get(key).is_some_and(|values| values.contains(value))
    }

    /// A guard of the meta value.
    pub fn meta(&self) -> ReadGuard<'_, D, St> {
        ReadGuard::map(self.read(), Multimap::meta)
    }

    /// The meta value, cloned, and a guard of the values of a key, of one version.
    pub fn meta_get<Q: ?Sized>(&self, key: &Q) -> (D, Option<ReadGuard<'_, Values<V>, St>>)
    where
        B: Lookup<Q>,
    {
        // While this guard is kept the other shares its version.
        let all = self.read();
        (all.meta.clone(), self.get(key))
    }
}
