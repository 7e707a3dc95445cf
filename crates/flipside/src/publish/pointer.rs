//! How readers and the writer hold the buffer: by reference, `Rc`, `Arc`, or a pointer of one's own.

use core::ops::Deref;

use super::buffer::Buffer;
use super::strategy::Strategy;

/// A pointer to a [`Buffer`], one for each reader and one for the writer.
///
/// | pointer | needs | for |
/// |---|---|---|
/// | `&Buffer` | nothing, not even an allocator | a `static`, or scoped threads |
/// | `Rc<Buffer>` | `alloc` | one thread |
/// | `Arc<Buffer>` | `alloc` | the usual: [`Shared`](crate::publish::Shared) |
/// | `triomphe::Arc<Buffer>` | feature `triomphe` | as `Arc`, without the word for weak pointers: thin |
///
/// # Safety
///
/// Whoever implements this promises that all clones of a pointer lead to the same buffer, for as long as one of them
/// exists; that the buffer does not move meanwhile; that nobody gets a `&mut` to it, or it itself, while there is
/// more than one; and that `into_buffer` gives back the same pointer if it gives no buffer.
///
/// A pointer of one's own, here one that counts itself:
///
/// ```
/// use std::ops::Deref;
/// use std::sync::Arc;
/// use flipside::publish::{Buffer, Pointer, Reader, raw, strategy::Asymmetric};
///
/// struct Counted(Arc<(Buffer<u32>, &'static str)>);
/// # impl Clone for Counted { fn clone(&self) -> Self { Self(self.0.clone()) } }
/// impl Deref for Counted {
///     type Target = Buffer<u32>;
///     fn deref(&self) -> &Buffer<u32> { &self.0.0 }
/// }
/// // SAFETY: an `Arc` keeps the promise, and this one shows what is inside to nobody.
/// unsafe impl Pointer for Counted {
///     type Value = u32;
///     type Log = ();
///     type Strategy = Asymmetric;
///     type Extras = ();
/// }
///
/// let pointer = Counted(Arc::new((Buffer::new([1, 1], ()), "the levels")));
/// let (reader, mut writer) = (Reader::new(pointer.clone())?, raw::Writer::new(pointer)?);
/// *writer.back()? = 2;
/// writer.publish()?;
/// assert_eq!(*reader.read(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub unsafe trait Pointer:
    Clone
    + Deref<
        Target = Buffer<
            <Self as Pointer>::Value,
            <Self as Pointer>::Log,
            <Self as Pointer>::Strategy,
            <Self as Pointer>::Extras,
        >,
    >
{
    /// What there are two copies of.
    type Value;
    /// What the writer keeps.
    type Log;
    /// How they stay apart.
    type Strategy: Strategy;
    /// What stands beside both copies.
    type Extras;

    /// The buffer itself, if this is the last pointer to it, and the pointer gives it out.
    ///
    /// # Errors
    ///
    /// The pointer, if it is not.
    #[allow(clippy::type_complexity, reason = "the type is spelt out once")]
    fn into_buffer(self) -> Result<Buffer<Self::Value, Self::Log, Self::Strategy, Self::Extras>, Self> {
        Err(self)
    }
}

// SAFETY: a shared reference leads to one place for as long as it lives, and nobody has a `&mut` meanwhile.
unsafe impl<T, L, S: Strategy, X> Pointer for &Buffer<T, L, S, X> {
    type Value = T;
    type Log = L;
    type Strategy = S;
    type Extras = X;
}

// SAFETY: an `Rc` keeps its value in one place until the last is gone; `try_unwrap` and `get_mut` ask for the only one.
#[cfg(feature = "alloc")]
unsafe impl<T, L, S: Strategy, X> Pointer for alloc::rc::Rc<Buffer<T, L, S, X>> {
    type Value = T;
    type Log = L;
    type Strategy = S;
    type Extras = X;

    fn into_buffer(self) -> Result<Buffer<T, L, S, X>, Self> {
        Self::try_unwrap(self)
    }
}

// SAFETY: as for `Rc`.
#[cfg(feature = "alloc")]
unsafe impl<T, L, S: Strategy, X> Pointer for alloc::sync::Arc<Buffer<T, L, S, X>> {
    type Value = T;
    type Log = L;
    type Strategy = S;
    type Extras = X;

    fn into_buffer(self) -> Result<Buffer<T, L, S, X>, Self> {
        Self::try_unwrap(self)
    }
}

// SAFETY: as for `std`'s `Arc`, of which this is one without weak pointers.
#[cfg(feature = "triomphe")]
unsafe impl<T, L, S: Strategy, X> Pointer for triomphe::Arc<Buffer<T, L, S, X>> {
    type Value = T;
    type Log = L;
    type Strategy = S;
    type Extras = X;

    fn into_buffer(self) -> Result<Buffer<T, L, S, X>, Self> {
        Self::try_unwrap(self)
    }
}
