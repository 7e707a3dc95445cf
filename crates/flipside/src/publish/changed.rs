//! Waiting for the next version.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
#[cfg(feature = "std")]
use std::time::{Duration, Instant};

use super::buffer::Buffer;
use super::pinned::Pinned;
use super::pointer::Pointer;
use super::reader::Reader;
use super::strategy::Strategy;
#[cfg(feature = "std")]
use crate::substrate::wait::Registration;

/// The writer has gone, and there is no version that was not seen. Another writer may come. (Or a thread would have slept
/// for news with a strategy of one thread, [`Local`](super::strategy::Local): nobody could publish meanwhile.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abandoned;

impl fmt::Display for Abandoned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the writer has gone, and its last version was seen")
    }
}

impl core::error::Error for Abandoned {}

impl<T, L, S: Strategy, X> Buffer<T, L, S, X> {
    /// A version other than `seen`, if there is one, or why there will be none.
    fn news(&self, seen: u64) -> Option<Result<u64, Abandoned>> {
        // In this order: the last flip of a writer who has gone is not missed.
        let is_abandoned = self.is_abandoned();
        let version = self.version();
        if version != seen {
            return Some(Ok(version));
        }
        is_abandoned.then_some(Err(Abandoned))
    }

    /// Sleeps until there are news.
    #[cfg(feature = "std")]
    fn wait_for_news(&self, seen: u64, deadline: Option<Instant>) -> Option<Result<u64, Abandoned>> {
        let is_local = self.strategy.is_local();
        loop {
            let ticket = self.news.announce();
            // Where there is one thread, which is asking, nobody can publish while it sleeps.
            let nobody = (is_local && deadline.is_none()).then_some(Err(Abandoned));
            let news = self.news(seen).or(nobody);
            let is_late = deadline.is_some_and(|deadline| is_local || Instant::now() >= deadline);
            if news.is_some() || is_late {
                self.news.cancel(ticket);
                return news;
            }
            self.news.sleep(ticket, deadline);
        }
    }
}

/// A time too long for a clock is no limit.
#[cfg(feature = "std")]
fn after(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

impl<P: Pointer> Reader<P> {
    /// Sleeps until there is a version that this reader was not told of, by this method, before. Its number; the first
    /// call waits for the first version after the reader was made. Versions in between are passed over, and a read that
    /// follows may see a newer one.
    ///
    /// # Errors
    ///
    /// [`Abandoned`] if the writer has gone and there is none.
    #[cfg(feature = "std")]
    pub fn changed(&mut self) -> Result<u64, Abandoned> {
        loop {
            if let Some(news) = self.pointer().wait_for_news(self.seen, None) {
                return self.see(news);
            }
        }
    }

    /// As [`changed`](Self::changed), for at most so long: then `None`.
    ///
    /// # Errors
    ///
    /// As [`changed`](Self::changed).
    #[cfg(feature = "std")]
    pub fn changed_timeout(&mut self, timeout: Duration) -> Result<Option<u64>, Abandoned> {
        match self.pointer().wait_for_news(self.seen, after(timeout)) {
            Some(news) => self.see(news).map(Some),
            None => Ok(None),
        }
    }

    /// As `changed`, for a task. Without `std` the task is polled again and again while it waits.
    ///
    /// # Errors
    ///
    /// As `changed`.
    pub async fn changed_async(&mut self) -> Result<u64, Abandoned> {
        let news = News::new(&**self.pointer(), self.seen).await;
        self.see(news)
    }

    fn see(&mut self, news: Result<u64, Abandoned>) -> Result<u64, Abandoned> {
        self.seen = news?;
        news
    }
}

impl<P: Pointer> Pinned<P> {
    /// Sleeps until there is a newer version than the one that is held, and acknowledges the newest. While it sleeps it
    /// holds the old one, which delays nobody until there is a newer one.
    ///
    /// # Errors
    ///
    /// [`Abandoned`] if the writer has gone and there is none.
    #[cfg(feature = "std")]
    pub fn changed(&mut self) -> Result<u64, Abandoned> {
        loop {
            if let Some(news) = self.pointer().wait_for_news(self.version(), None) {
                return self.see(news);
            }
        }
    }

    /// As [`changed`](Self::changed), for at most so long: then `None`.
    ///
    /// # Errors
    ///
    /// As [`changed`](Self::changed).
    #[cfg(feature = "std")]
    pub fn changed_timeout(&mut self, timeout: Duration) -> Result<Option<u64>, Abandoned> {
        match self.pointer().wait_for_news(self.version(), after(timeout)) {
            Some(news) => self.see(news).map(Some),
            None => Ok(None),
        }
    }

    /// As `changed`, for a task of this thread.
    ///
    /// # Errors
    ///
    /// As `changed`.
    pub async fn changed_async(&mut self) -> Result<u64, Abandoned> {
        let news = News::new(&**self.pointer(), self.version()).await;
        self.see(news)
    }

    fn see(&mut self, news: Result<u64, Abandoned>) -> Result<u64, Abandoned> {
        news?;
        self.refresh();
        Ok(self.version())
    }
}

/// A task that waits for a version other than `seen`.
struct News<'b, T, L, S: Strategy, X> {
    buffer: &'b Buffer<T, L, S, X>,
    seen: u64,
    #[cfg(feature = "std")]
    rest: Registration,
}

impl<'b, T, L, S: Strategy, X> News<'b, T, L, S, X> {
    fn new(buffer: &'b Buffer<T, L, S, X>, seen: u64) -> Self {
        Self {
            buffer,
            seen,
            #[cfg(feature = "std")]
            rest: Registration::default(),
        }
    }
}

impl<T, L, S: Strategy, X> Future for News<'_, T, L, S, X> {
    type Output = Result<u64, Abandoned>;

    #[cfg(feature = "std")]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { buffer, seen, rest } = &mut *self;
        if let Some(news) = buffer.news(*seen) {
            return Poll::Ready(news);
        }
        buffer.news.announce_task(rest, cx.waker());
        buffer.news(*seen).map_or(Poll::Pending, Poll::Ready)
    }

    #[cfg(not(feature = "std"))]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.buffer.news(self.seen).map_or_else(
            || {
                cx.waker().wake_by_ref();
                Poll::Pending
            },
            Poll::Ready,
        )
    }
}

impl<T, L, S: Strategy, X> Drop for News<'_, T, L, S, X> {
    fn drop(&mut self) {
        #[cfg(feature = "std")]
        self.buffer.news.withdraw(&mut self.rest);
    }
}
