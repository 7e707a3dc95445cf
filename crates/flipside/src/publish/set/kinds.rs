//! The sets that there are: one line each, and what the writer and the readers of each have.

use core::borrow::Borrow;
#[cfg(any(feature = "std", feature = "hashbrown"))]
use core::hash::{BuildHasher, Hash};

use super::handles::Retain;
use super::{Lookup, Set};
use crate::publish::collection::{Collection, Edit};
use crate::publish::{Decided, SharedLog, Strategy, Writer};
#[cfg(feature = "std")]
use crate::publish::{PublishError, SharedWriter, log::place};

/// What is in brackets are the bounds for items, and what has room to reserve.
macro_rules! set {
    ($set:ty, [$($hasher:ident: $build:ident)?], [$($item:tt)+] $(, $room:ident)?) => {
        impl<T: $($item)+ + Clone $(, $hasher: $build + Clone)?> Collection for $set {
            type Key = T;
            type Item = T;

            #[inline]
            fn put(&mut self, item: T) {
                self.insert(item);
            }

            #[inline]
            fn cut(&mut self, key: &T) {
                self.remove(key);
            }

            fn clear(&mut self) {
                self.clear();
            }

            #[inline]
            fn len(&self) -> usize {
                self.len()
            }

            $(
                fn reserve(&mut self, additional: usize) {
                    self.$room(additional);
                }

                fn shrink_to_fit(&mut self) {
                    self.shrink_to_fit();
                }
            )?
        }

        impl<T: $($item)+ + Clone $(, $hasher: $build + Clone)?> Set for $set {
            fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
                self.retain(keep);
            }
        }

        impl<T, Q: ?Sized + $($item)+ $(, $hasher: $build + Clone)?> Lookup<Q> for $set
        where
            T: $($item)+ + Clone + Borrow<Q>,
        {
            #[inline]
            fn item(&self, key: &Q) -> Option<&T> {
                self.get(key)
            }
        }

        /// For this set. What the writers of all sets have is above.
        impl<T: $($item)+ + Clone $(, $hasher: $build + Clone)?, St: Strategy, X>
            Writer<SharedLog<$set, Edit<$set>, St, X>>
        {
            /// Puts an item in, if it is not there. Never waits.
            #[inline]
            pub fn insert(&mut self, item: T) {
                self.push_with(|| Edit::put(item));
            }

            /// Keeps the items for which `keep`, which is called once for each, on the first copy, whatever it
            /// remembers. Never waits. Clones the items that go.
            pub fn retain(&mut self, keep: impl FnMut(&T) -> bool + Send + 'static)
            where
                T: Send + 'static,
            {
                self.push(Edit::other(Decided::Open(Retain(keep))));
            }

            /// Takes an item out, and returns a clone of it. Waits as [`latest`](Self::latest) does, where
            /// [`remove`](Self::remove) never does.
            ///
            /// # Errors
            ///
            /// As [`latest`](Self::latest); then nothing has changed.
            ///
            /// # Panics
            ///
            /// If an edit does, or `clone`.
            #[cfg(feature = "std")]
            pub fn take<Q: ?Sized>(&mut self, key: &Q) -> Result<Option<T>, PublishError>
            where
                $set: Lookup<Q> + Collection<Key = T>,
            {
                let item = self.latest()?.item(key).cloned();
                if let Some(item) = &item {
                    self.remove(item.clone());
                }
                Ok(item)
            }
        }

        /// For this set. Each of these is a [`call`](Self::call): it returns when it has been made, with what it came to.
        #[cfg(feature = "std")]
        impl<T: $($item)+ + Clone + Send + 'static $(, $hasher: $build + Clone)?, St: Strategy, X>
            SharedWriter<SharedLog<$set, Edit<$set>, St, X>>
        {
            /// Puts an item in, if it is not there. Whether it is new.
            ///
            /// ```
            /// use flipside::publish::{SharedWriter, set};
            ///
            /// let (writer, reader) = set::new();
            /// let guests = SharedWriter::new(writer);
            /// assert!(guests.insert("ada")?);
            /// assert!(!guests.insert("ada")?, "only once");
            /// assert!(reader.contains("ada"));
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            ///
            /// As [`call`](Self::call).
            ///
            /// # Panics
            ///
            /// As [`call`](Self::call).
            pub fn insert(&self, item: T) -> Result<bool, PublishError> {
                self.call(move |set, edits| {
                    let is_new = !set.contains(&item);
                    if is_new {
                        place(edits, || Edit::put(item));
                    }
                    is_new
                })
            }

            /// Takes an item out. Whether it was there.
            ///
            /// ```
            /// use flipside::publish::{SharedWriter, set};
            ///
            /// let (mut writer, reader) = set::new();
            /// writer.insert("ada");
            /// let guests = SharedWriter::new(writer);
            /// assert!(guests.remove("ada")?);
            /// assert!(!guests.remove("ada")?, "it has gone");
            /// assert!(reader.is_empty());
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            ///
            /// As [`call`](Self::call).
            ///
            /// # Panics
            ///
            /// As [`call`](Self::call).
            pub fn remove(&self, item: T) -> Result<bool, PublishError> {
                self.call(move |set, edits| {
                    let was_there = set.contains(&item);
                    if was_there {
                        edits.push(Edit::remove(item));
                    }
                    was_there
                })
            }
        }
    };
}

set!(alloc::collections::BTreeSet<T>, [], [Ord]);
#[cfg(feature = "std")]
set!(std::collections::HashSet<T, S>, [S: BuildHasher], [Eq + Hash], reserve);
#[cfg(feature = "hashbrown")]
set!(hashbrown::HashSet<T, S>, [S: BuildHasher], [Eq + Hash], reserve);
