//! Parties that are tasks.

use std::future::IntoFuture;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

use flipside::exchange::{self, Contiguous, Poisoned, Round};

use crate::{BARRIERS, within};

async fn party(mut round: Round<Contiguous<u64>>, count: u64) -> Result<u64, Poisoned> {
    for _ in 0..count {
        let (own, view) = round.split();
        own[0] = view.all().iter().sum();
        round = round.publish().await?;
    }
    Ok(round.view().all()[0])
}

#[test]
fn tasks_of_one_thread_exchange() {
    for choice in BARRIERS {
        let sums = within(move || {
            let parties = exchange::parties(5).segment(1, |_, _| 1).barrier(choice).build().unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let tasks: Vec<_> =
                    parties.into_iter().map(|each| tokio::spawn(party(each.start(), 20))).collect();
                let mut sums = Vec::new();
                for task in tasks {
                    sums.push(task.await.unwrap().unwrap());
                }
                sums
            })
        });
        assert_eq!(sums, [5u64.pow(20); 5]);
    }
}

#[test]
fn tasks_and_threads_exchange() {
    for choice in BARRIERS {
        within(move || {
            let mut parties = exchange::parties(3).segment(1, |_, _| 1).barrier(choice).build().unwrap();
            let task = parties.pop().unwrap();
            let threads = std::thread::spawn(move || {
                exchange::scope(parties, |mut round| {
                    for _ in 0..30 {
                        let (own, view) = round.split();
                        own[0] = view.all().iter().sum::<u64>() % 1000;
                        round = round.publish().wait().unwrap();
                    }
                })
            });
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let mut round = task.start();
                for _ in 0..30 {
                    let (own, view) = round.split();
                    own[0] = view.all().iter().sum::<u64>() % 1000;
                    round = round.publish().await.unwrap();
                }
            });
            threads.join().unwrap();
        });
    }
}

/// Counts how often it is woken.
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn a_24_futures_are_dropped_and_polled_by_others() {
    for choice in BARRIERS {
        let mut parties = exchange::parties(2).segment(1, |_, _| 1).barrier(choice).build().unwrap();
        let (second, first) = (parties.pop().unwrap().start(), parties.pop().unwrap().start());
        let counts = [(); 2].map(|()| Arc::new(Count(AtomicUsize::new(0))));
        let wakers = counts.each_ref().map(|count| Waker::from(count.clone()));
        let mut future = pin!(first.publish().into_future());
        for waker in [&wakers[0], &wakers[0], &wakers[1]] {
            assert!(future.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        }
        let second = second.publish();
        assert_eq!(counts.each_ref().map(|count| count.0.load(Relaxed)), [0, 1], "the last waker, once");
        let Poll::Ready(Ok(first)) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("both have come");
        };
        // Dropped while it waits: what it published stays, and then it has died.
        let mut dropped = Box::pin(first.publish().into_future());
        assert!(dropped.as_mut().poll(&mut Context::from_waker(&wakers[0])).is_pending());
        drop(dropped);
        assert_eq!(Arc::strong_count(&counts[0]), 2, "its waker is dropped with it");
        let second = second.wait().unwrap().publish().wait().expect("it had published");
        let error = second.publish().wait().unwrap_err();
        assert_eq!((error.rank, error.round), (0, 3));
    }
}

#[test]
fn a_waker_is_woken_by_a_death() {
    for choice in BARRIERS {
        let mut parties = exchange::parties(2).segment(1, |_, _| 1).barrier(choice).build().unwrap();
        let (second, first) = (parties.pop().unwrap().start(), parties.pop().unwrap().start());
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(count.clone());
        let mut future = pin!(first.publish().into_future());
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(second);
        assert_eq!(count.0.load(Relaxed), 1);
        let end = future.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(matches!(end, Poll::Ready(Err(Poisoned { rank: 1, round: 1, .. }))), "{end:?}");
    }
}

#[test]
fn tasks_wait_for_their_neighbours_only_and_are_told_of_their_deaths() {
    // A row: each sees the one before it.
    let parties = |count| {
        let setup = exchange::parties(count).segment(1, |rank, _| rank as u64);
        setup.neighbours(|rank| rank.checked_sub(1)).build().unwrap()
    };
    let ends = within(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let tasks: Vec<_> = parties(6)
                .into_iter()
                .map(|party| {
                    tokio::spawn(async move {
                        let mut round = party.start().narrow();
                        let rank = round.rank();
                        for turn in 1..=50 {
                            round.own()[0] = 100 * turn + rank as u64;
                            round = round.publish().await?;
                            for (neighbour, segment) in round.view().segments() {
                                assert_eq!(segment, [100 * turn + neighbour as u64]);
                            }
                            if rank == 3 && turn == 40 {
                                panic!("party 3 has had enough");
                            }
                        }
                        Ok::<_, Poisoned>(())
                    })
                })
                .collect();
            let mut ends = Vec::new();
            for task in tasks {
                ends.push(task.await);
            }
            ends
        })
    });
    for (rank, end) in ends.into_iter().enumerate() {
        match end {
            Err(panicked) => assert!(rank == 3 && panicked.is_panic()),
            Ok(end) => {
                assert!(end.is_err_and(|poisoned| poisoned.rank == 3 && poisoned.round == 41), "{rank}")
            }
        }
    }
}

#[test]
fn a_narrow_round_can_be_tried() {
    let parties = exchange::parties(2).segment(1, |_, _| 0).neighbours(|rank| [1 - rank]).build().unwrap();
    let [one, other] = <[_; 2]>::try_from(parties).unwrap().map(|party| party.start().narrow());
    let one = one.publish().try_wait().unwrap().expect_err("the other one has not published");
    let other = other.publish().try_wait().unwrap().expect("both have published");
    let one = one.try_wait().unwrap().expect("both have published");
    assert_eq!([one.number(), other.number()], [1, 1]);
}
