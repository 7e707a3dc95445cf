//! The maps that there are: one line each.

use core::borrow::Borrow;
#[cfg(any(feature = "std", feature = "hashbrown"))]
use core::hash::{BuildHasher, Hash};

use super::{Lookup, Map};
use crate::publish::Collection;

/// What is in brackets are the bounds for keys, and what has room to reserve.
macro_rules! map {
    ($map:ty, [$($hasher:ident: $build:ident)?], [$($key:tt)+] $(, $room:ident)?) => {
        impl<K: $($key)+ + Clone, V: Clone $(, $hasher: $build + Clone)?> Collection for $map {
            type Key = K;
            type Item = (K, V);

            #[inline]
            fn put(&mut self, (key, value): (K, V)) {
                self.insert(key, value);
            }

            #[inline]
            fn cut(&mut self, key: &K) {
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

        impl<K: $($key)+ + Clone, V: Clone $(, $hasher: $build + Clone)?> Map for $map {
            type Value = V;

            #[inline]
            fn value_mut(&mut self, key: &K) -> Option<&mut V> {
                self.get_mut(key)
            }

            fn retain(&mut self, keep: impl FnMut(&K, &mut V) -> bool) {
                self.retain(keep);
            }
        }

        impl<K, V: Clone, Q: ?Sized + $($key)+ $(, $hasher: $build + Clone)?> Lookup<Q> for $map
        where
            K: $($key)+ + Clone + Borrow<Q>,
        {
            #[inline]
            fn lookup(&self, key: &Q) -> Option<(&K, &V)> {
                self.get_key_value(key)
            }
        }
    };
}

map!(alloc::collections::BTreeMap<K, V>, [], [Ord]);
#[cfg(feature = "std")]
map!(std::collections::HashMap<K, V, S>, [S: BuildHasher], [Eq + Hash], reserve);
#[cfg(feature = "hashbrown")]
map!(hashbrown::HashMap<K, V, S>, [S: BuildHasher], [Eq + Hash], reserve);
