//! A writer that waits is woken by whoever was in its way, and does not sleep over a reader who is so for a moment only and
//! will not ring. The first version of the default strategy did, within two seconds of this.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use flipside::publish::{self, Reader, Shared, Source};

/// More readers than processors, so that one is suspended between its word and its look at the version.
const READERS: usize = 4;
const LIMIT: Duration = Duration::from_secs(5);

fn publishes_on(read: impl Fn(&Source<Shared<u64>>, &AtomicBool) + Sync) {
    let (mut writer, reader) = publish::value(0);
    let (source, stop) = (Source::from(&reader), AtomicBool::new(false));
    let (source, stop, read) = (&source, &stop, &read);
    thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| read(source, stop));
        }
        let mut done: Result<(), publish::PublishError> = Ok(());
        let (end, mut longest) = (Instant::now() + Duration::from_secs(2), Duration::ZERO);
        while Instant::now() < end && done.is_ok() {
            // Each is inside for a moment; suspended there, for some time slices.
            let began = Instant::now();
            done = writer.set_timeout(1, LIMIT).map(drop).map_err(Into::into);
            longest = longest.max(began.elapsed());
        }
        stop.store(true, Relaxed);
        done.unwrap();
        // Who slept that long was not woken; by the clock it saw that the side was vacant.
        assert!(longest < LIMIT, "nobody rang: {longest:?}");
    });
}

#[test]
fn a_writer_does_not_sleep_over_a_reader_who_is_just_entering() {
    publishes_on(|source, stop| {
        let reader: Reader<_> = source.reader().unwrap();
        while !stop.load(Relaxed) {
            std::hint::black_box(*reader.read());
        }
    });
}

#[test]
fn nor_over_a_pinned_reader_who_is_just_coming_online() {
    publishes_on(|source, stop| {
        let mut rest = source.offline().unwrap();
        while !stop.load(Relaxed) {
            let pinned = rest.online();
            std::hint::black_box(*pinned.get());
            rest = pinned.offline();
        }
    });
}
