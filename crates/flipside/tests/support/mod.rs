//! What the integration tests share: owned records, patience with a message, the accounting law.
#![allow(dead_code, unreachable_pub, reason = "every test binary uses its own part of this")]

use std::any::Any;
use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use flipside::collect::{Batch, Collector, Counts, Drain, Lost, Next, Record, Writer};

/// How long a test waits for something that must happen, before it says that it did not.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A [`Record`] on its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    Gap { source: u16, records: u64, bytes: u64 },
    Aborted { source: u16, len: usize },
    Data { source: u16, tag: u8, body: Vec<u8> },
}

pub fn seen(record: Record<'_>) -> Seen {
    match record {
        Record::Data { source, tag, body } => Seen::Data { source, tag, body: body.to_vec() },
        Record::Gap { source, lost: Lost { records, bytes } } => Seen::Gap { source, records, bytes },
        Record::Aborted { source, len } => Seen::Aborted { source, len },
        _ => panic!("a kind of record that this test does not know"),
    }
}

pub fn data(source: u16, body: &[u8]) -> Seen {
    Seen::Data { source, tag: 0, body: body.to_vec() }
}

pub fn records(batch: &Batch<'_>) -> Vec<Seen> {
    batch.records().map(seen).collect()
}

/// Only what was committed.
pub fn bodies(all: &[Seen]) -> Vec<Vec<u8>> {
    let body = |one: &Seen| match one {
        Seen::Data { body, .. } => Some(body.clone()),
        _ => None,
    };
    all.iter().filter_map(body).collect()
}

/// Records and bytes that the gaps tell of.
pub fn lost(all: &[Seen]) -> (u64, u64) {
    all.iter().fold((0, 0), |(sum, sum_bytes), one| match *one {
        Seen::Gap { records, bytes, .. } => (sum + records, sum_bytes + bytes),
        _ => (sum, sum_bytes),
    })
}

/// Drains until the reader has finished.
pub fn drain_all(drain: &mut Drain) -> Vec<Seen> {
    let end = Instant::now() + PATIENCE;
    let mut all = Vec::new();
    loop {
        match drain.next_timeout(Duration::from_secs(1)) {
            Next::Batch(batch) => {
                all.extend(records(&batch));
                batch.release();
            }
            Next::Finished => return all,
            Next::Pending => assert!(Instant::now() < end, "the drain does not end; so far: {all:?}"),
        }
    }
}

/// Drops the handles, so that the collector closes, and drains.
pub fn finish(collector: Collector, writers: Vec<Writer>, drain: &mut Drain) -> Vec<Seen> {
    drop((collector, writers));
    drain_all(drain)
}

/// Runs `work` on a thread of its own; fails, saying `what`, if it is not over in time.
pub fn within<R: Send + 'static>(what: &str, work: impl FnOnce() -> R + Send + 'static) -> R {
    let (over, is_over) = channel();
    let thread = thread::spawn(move || {
        let result = work();
        let _ = over.send(());
        result
    });
    if is_over.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        panic!("{what}: not over after {PATIENCE:?}");
    }
    thread.join().unwrap_or_else(|panic: Box<dyn Any + Send>| resume_unwind(panic))
}

/// Waits until `done`; fails, saying `what`, if that takes too long.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "{what}: not after {PATIENCE:?}");
        thread::yield_now();
    }
}

/// offered = drained + dropped + aborted + abandoned + pending.
pub fn assert_law(counts: &Counts) {
    let Counts { offered, drained, dropped, aborted, abandoned, pending, .. } = counts;
    assert_eq!(*offered, drained + dropped.total() + aborted + abandoned + pending, "{counts:?}");
}

/// A small generator that is the same everywhere (xorshift64*); its seed is part of each message.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// From here on the system refuses membarrier to all threads of this process.
#[cfg(target_os = "linux")]
pub(crate) fn refuse_membarrier() {
    // Loads the number of the system call; refuses that one; allows all others.
    let program = [
        (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, libc::SYS_membarrier as u32),
        (libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        (libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
    .map(|(code, jt, jf, k)| libc::sock_filter { code: code as u16, jt, jf, k });
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_ptr().cast_mut() };
    // SAFETY: changes a flag of this process, which is a child made for this.
    let flag = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(flag, 0);
    let flags = libc::SECCOMP_FILTER_FLAG_TSYNC;
    // SAFETY: a valid program, which the system copies.
    let set =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const filter) };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}
