//! The side bit and the pair of padded cells behind it.

use core::ops::{Index, IndexMut};

use crossbeam_utils::CachePadded;

/// One of the two sides. Which of them is the *front* is for the topology to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Side 0.
    A,
    /// Side 1.
    B,
}

impl Side {
    /// The other side.
    #[cfg(feature = "alloc")]
    pub(crate) const fn flip(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// The side of a bit: 0 is `A`, anything else `B`.
    pub(crate) const fn from_bit(bit: usize) -> Self {
        if bit == 0 { Self::A } else { Self::B }
    }

    /// 0 or 1.
    pub(crate) const fn bit(self) -> usize {
        self as usize
    }
}

/// One `T` for each side, each on cache lines of its own.
#[derive(Debug)]
pub(crate) struct Pair<T>([CachePadded<T>; 2]);

impl<T> Pair<T> {
    pub(crate) const fn new(a: T, b: T) -> Self {
        Self([CachePadded::new(a), CachePadded::new(b)])
    }

    /// Both, side `A`'s first.
    pub(crate) fn into_inner(self) -> [T; 2] {
        self.0.map(CachePadded::into_inner)
    }
}

impl<T> Index<Side> for Pair<T> {
    type Output = T;

    fn index(&self, side: Side) -> &T {
        &self.0[side.bit()]
    }
}

impl<T> IndexMut<Side> for Pair<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        &mut self.0[side.bit()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_flips_and_comes_back() {
        for side in [Side::A, Side::B] {
            assert_ne!(side, side.flip());
            assert_eq!(side, side.flip().flip());
            assert_eq!(side, Side::from_bit(side.bit()));
        }
    }

    #[test]
    fn the_cells_of_a_pair_share_no_cache_line() {
        let pair = Pair::new(1u8, 2u8);
        let (a, b) = (&raw const pair[Side::A], &raw const pair[Side::B]);
        assert!(b.addr() - a.addr() >= 64);
        assert_eq!((pair[Side::A], pair[Side::B]), (1, 2));
    }
}
