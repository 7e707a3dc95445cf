//! What the writer and the readers of every map have.

use super::retain::{Retain, RetainRef};
use super::{Lookup, Map};
#[cfg(feature = "std")]
use crate::publish::PublishError;
use crate::publish::collection::Edit;
use crate::publish::{Decide, Decided, Operation, ReadGuard, Reader, Shared, SharedLog, Strategy, Writer};

/// For every [`Map`]. Nothing here waits, but for what says so.
impl<M: Map, St: Strategy, X> Writer<SharedLog<M, Edit<M>, St, X>> {
    /// Puts a value in, in the place of what the key had.
    #[inline]
    pub fn insert(&mut self, key: M::Key, value: M::Value) {
        self.push_with(|| Edit::put((key, value)));
    }

    /// Changes the value of a key, if it has one. The closure is called twice, once for each copy, and both times must
    /// come to the same; [`update_once`](Self::update_once) calls it once.
    ///
    /// ```
    /// use flipside::publish::map;
    ///
    /// let (mut hits, reader) = map::new();
    /// hits.insert("home", 1);
    /// hits.update("home", |hits| *hits += 1);
    /// hits.update("about", |hits| *hits += 1); // is not there
    /// hits.publish()?;
    /// assert_eq!((reader.get_cloned("home"), reader.len()), (Some(2), 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update(&mut self, key: M::Key, mut update: impl FnMut(&mut M::Value) + Send + 'static)
    where
        M::Key: Send + 'static,
    {
        self.push(Edit::other(move |map: &mut M, (): &()| {
            if let Some(value) = map.value_mut(&key) {
                update(value);
            }
        }));
    }

    /// As [`update`](Self::update), with a closure that is called once, on the first copy, and may decide by whatever it
    /// likes. The other copy is given a clone of the value that came of it.
    pub fn update_once(&mut self, key: M::Key, update: impl FnOnce(&mut M::Value) + Send + 'static)
    where
        M: 'static,
        M::Key: Send,
        M::Value: Send,
    {
        self.push(Edit::other(Decided::Open(UpdateOnce { key, update })));
    }

    /// Changes the value of a key, or puts `absent` in where there is none. The closure is called as by
    /// [`update`](Self::update).
    ///
    /// ```
    /// use flipside::publish::map;
    ///
    /// let (mut count, reader) = map::new();
    /// for word in ["to", "be", "or", "not", "to", "be"] {
    ///     count.modify(word, 1, |count| *count += 1);
    /// }
    /// count.publish()?;
    /// assert_eq!((reader.get_cloned("be"), reader.get_cloned("not")), (Some(2), Some(1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn modify(
        &mut self,
        key: M::Key,
        absent: M::Value,
        present: impl FnMut(&mut M::Value) + Send + 'static,
    ) where
        M: 'static,
        M::Key: Send,
        M::Value: Send,
    {
        self.push(Edit::other(Modify::<M, _> { key, absent, present }));
    }

    /// Keeps the entries for which `keep`, which may change their values.
    ///
    /// It is called once for each entry, on the first copy, whatever it remembers. The other copy is given a receipt: the
    /// keys that were removed, and a clone of every value that was kept, for each may have been changed.
    /// [`retain_ref`](Self::retain_ref) clones no values.
    pub fn retain(&mut self, keep: impl FnMut(&M::Key, &mut M::Value) -> bool + Send + 'static)
    where
        M: 'static,
        M::Key: Send,
        M::Value: Send,
    {
        self.push(Edit::other(Decided::Open(Retain(keep))));
    }

    /// Keeps the entries for which `keep`, which is called once for each. Clones the keys of those that go.
    pub fn retain_ref(&mut self, keep: impl FnMut(&M::Key, &M::Value) -> bool + Send + 'static)
    where
        M: 'static,
        M::Key: Send,
        M::Value: Send,
    {
        self.push(Edit::other(Decided::Open(RetainRef(keep))));
    }

    /// The value of a key, with all that was written down. Waits as [`latest`](Self::latest) does; `latest` itself has
    /// the rest of the map's methods, and `try_latest` does not wait.
    ///
    /// # Errors
    ///
    /// As [`latest`](Self::latest).
    ///
    /// # Panics
    ///
    /// If an edit does.
    #[cfg(feature = "std")]
    pub fn get<Q: ?Sized>(&mut self, key: &Q) -> Result<Option<&M::Value>, PublishError>
    where
        M: Lookup<Q>,
    {
        self.latest().map(|map| map.lookup(key).map(|(_, value)| value))
    }

    /// Whether there is a value for a key, with all that was written down. Waits as [`latest`](Self::latest) does.
    ///
    /// # Errors
    ///
    /// As [`latest`](Self::latest).
    ///
    /// # Panics
    ///
    /// If an edit does.
    #[cfg(feature = "std")]
    pub fn contains_key<Q: ?Sized>(&mut self, key: &Q) -> Result<bool, PublishError>
    where
        M: Lookup<Q>,
    {
        self.get(key).map(|value| value.is_some())
    }

    /// Takes an entry out, and returns a clone of it. Waits as [`latest`](Self::latest) does, where
    /// [`remove`](Self::remove) never does.
    ///
    /// ```
    /// use flipside::publish::map;
    ///
    /// let (mut sessions, _reader) = map::new();
    /// sessions.insert(String::from("ada"), 3);
    /// assert_eq!(sessions.take("ada")?, Some(("ada".into(), 3)));
    /// assert_eq!(sessions.take("ada")?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`latest`](Self::latest); then nothing has changed.
    ///
    /// # Panics
    ///
    /// If an edit does, or `clone`.
    #[cfg(feature = "std")]
    pub fn take<Q: ?Sized>(&mut self, key: &Q) -> Result<Option<M::Item>, PublishError>
    where
        M: Lookup<Q>,
    {
        let entry = self.latest()?.lookup(key).map(|(key, value)| (key.clone(), value.clone()));
        if let Some((key, _)) = &entry {
            self.remove(key.clone());
        }
        Ok(entry)
    }
}

struct UpdateOnce<K, F> {
    key: K,
    update: F,
}

impl<M: Map, F: FnOnce(&mut M::Value)> Decide<M> for UpdateOnce<M::Key, F> {
    type Receipt = Updated<M>;

    fn decide(self, map: &mut M, _: &()) -> Updated<M> {
        let value = map.value_mut(&self.key).map(|value| {
            (self.update)(value);
            value.clone()
        });
        Updated { key: self.key, value }
    }
}

/// What came of an update, if there was anything to be updated.
struct Updated<M: Map> {
    key: M::Key,
    value: Option<M::Value>,
}

impl<M: Map> Operation<M> for Updated<M> {
    fn apply(&mut self, map: &mut M, _: &()) {
        if let (Some(value), Some(old)) = (&self.value, map.value_mut(&self.key)) {
            old.clone_from(value);
        }
    }

    fn apply_last(self, map: &mut M, _: &()) {
        if let (Some(value), Some(old)) = (self.value, map.value_mut(&self.key)) {
            *old = value;
        }
    }
}

struct Modify<M: Map, F> {
    key: M::Key,
    absent: M::Value,
    present: F,
}

impl<M: Map, F: FnMut(&mut M::Value)> Operation<M> for Modify<M, F> {
    fn apply(&mut self, map: &mut M, _: &()) {
        match map.value_mut(&self.key) {
            Some(value) => (self.present)(value),
            None => map.put((self.key.clone(), self.absent.clone())),
        }
    }

    fn apply_last(mut self, map: &mut M, _: &()) {
        match map.value_mut(&self.key) {
            Some(value) => (self.present)(value),
            None => map.put((self.key, self.absent)),
        }
    }
}

/// For every [`Map`], whoever writes it: a log, or a [`value`](crate::publish::value()) that is replaced.
impl<M: Map, L, St: Strategy, X> Reader<Shared<M, L, St, X>> {
    /// A guard of the value of a key. It delays the writer as a guard of the whole map does: see
    /// [`get_with`](Self::get_with) and [`get_cloned`](Self::get_cloned) for those that leave at once.
    ///
    /// ```
    /// use flipside::publish::map;
    ///
    /// let (mut names, reader) = map::new();
    /// names.insert(1, String::from("one"));
    /// names.publish()?;
    /// let one = reader.get(&1).expect("it was published");
    /// assert_eq!(one.len(), 3);
    /// assert!(reader.get(&2).is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn get<Q: ?Sized>(&self, key: &Q) -> Option<ReadGuard<'_, M::Value, St>>
    where
        M: Lookup<Q>,
    {
        ReadGuard::try_map(self.read(), |map| map.lookup(key).map(|(_, value)| value)).ok()
    }

    /// Calls `f` with the value of a key, if it has one, and leaves.
    #[inline]
    pub fn get_with<Q: ?Sized, O>(&self, key: &Q, f: impl FnOnce(&M::Value) -> O) -> Option<O>
    where
        M: Lookup<Q>,
    {
        self.read().lookup(key).map(|(_, value)| f(value))
    }

    /// A clone of the value of a key.
    #[inline]
    pub fn get_cloned<Q: ?Sized>(&self, key: &Q) -> Option<M::Value>
    where
        M: Lookup<Q>,
    {
        self.get_with(key, M::Value::clone)
    }

    /// Whether the newest version has a value for a key. It may be outdated at once.
    #[inline]
    pub fn contains_key<Q: ?Sized>(&self, key: &Q) -> bool
    where
        M: Lookup<Q>,
    {
        self.read().lookup(key).is_some()
    }
}
