//! Operations that decide on the first copy, and repeat what they decided on the other.

use super::log::Operation;

/// An operation that decides what to do on the first copy, and then repeats what it decided.
///
/// `D` decides, by [`Decide`]; its receipt is what both copies are given.
#[derive(Debug)]
pub enum Decided<D, R> {
    /// Not applied yet.
    Open(D),
    /// What it did, to be repeated.
    Receipt(R),
    /// It panicked while it decided.
    Nothing,
}

/// An operation whose outcome may depend on more than the copy that it sees.
///
/// It runs once, on the first copy, and says what it did in a receipt, which is applied to the other.
///
/// ```
/// use std::collections::BTreeMap;
/// use flipside::publish::{self, Decide, Decided, Operation};
///
/// type Map = BTreeMap<u32, u32>;
/// /// Keeps what a closure, which may change its mind, wants to keep.
/// struct Retain(Box<dyn FnMut(&u32, &mut u32) -> bool + Send>);
/// struct Removed(Vec<u32>);
///
/// impl Decide<Map> for Retain {
///     type Receipt = Removed;
///     fn decide(mut self, map: &mut Map, _: &()) -> Removed {
///         let mut removed = Vec::new();
///         map.retain(|key, value| {
///             let keep = (self.0)(key, value);
///             if !keep { removed.push(*key); }
///             keep
///         });
///         Removed(removed)
///     }
/// }
///
/// impl Operation<Map> for Removed {
///     fn apply(&mut self, map: &mut Map, _: &()) {
///         for key in &self.0 { map.remove(key); }
///     }
/// }
///
/// let (mut writer, reader) = publish::log(Map::from([(1, 1), (2, 2), (3, 3)]));
/// let mut calls = 0;
/// writer.push(Decided::Open(Retain(Box::new(move |_, _| { calls += 1; calls % 2 == 1 }))));
/// for _ in 0..2 {
///     writer.publish_both()?; // Both copies have come to the same.
///     assert!(reader.read().keys().eq(&[1, 3]));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Decide<T, X = ()> {
    /// What was done.
    type Receipt: Operation<T, X>;

    /// Changes the first copy, and says how.
    fn decide(self, copy: &mut T, extras: &X) -> Self::Receipt;
}

impl<T, X, D: Decide<T, X>> Operation<T, X> for Decided<D, D::Receipt> {
    fn apply(&mut self, copy: &mut T, extras: &X) {
        match core::mem::replace(self, Self::Nothing) {
            Self::Open(decide) => *self = Self::Receipt(decide.decide(copy, extras)),
            Self::Receipt(mut receipt) => {
                receipt.apply(copy, extras);
                *self = Self::Receipt(receipt);
            }
            Self::Nothing => {}
        }
    }

    fn apply_last(self, copy: &mut T, extras: &X) {
        match self {
            Self::Open(decide) => drop(decide.decide(copy, extras)),
            Self::Receipt(receipt) => receipt.apply_last(copy, extras),
            Self::Nothing => {}
        }
    }
}
