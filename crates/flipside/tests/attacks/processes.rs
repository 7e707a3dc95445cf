//! A fork, and a signal handler: 16, 18.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use flipside::collect::{Next, Outcome, Overflow, Writer};

use crate::support::{bodies, data, drain_all, finish, within};

#[test]
fn a_16_a_child_after_a_fork_has_a_collector_of_its_own() {
    let (collector, mut drain) = crate::builder(Overflow::Fail).side(64).build().unwrap();
    let mut writer = collector.writer().unwrap();
    writer.write(b"parent").unwrap();
    // SAFETY: the child only writes into memory that it has, then exits without unwinding or destructors.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        let first = writer.write(b"child") == Ok(Outcome::Accepted);
        let mut full = false;
        for _ in 0..100 {
            full |= writer.write(b"child").is_err();
        }
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(if first && full { 42 } else { 1 }) };
    }
    let status = within("the child", move || {
        let mut status = 0;
        // SAFETY: our child, and a place for its status.
        let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(waited, child);
        status
    });
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 42, "{status}");
    let all = finish(collector, vec![writer], &mut drain);
    assert_eq!(all, [data(0, b"parent")], "nothing of the child's");
}

static HANDLER: AtomicPtr<Writer> = AtomicPtr::new(null_mut());
static HANDLED: AtomicU64 = AtomicU64::new(0);

extern "C" fn on_signal(_signal: libc::c_int) {
    // Taken out and put back, so that no two handlers have it at a time.
    let writer = HANDLER.swap(null_mut(), SeqCst);
    if !writer.is_null() {
        // SAFETY: the test leaked it and only this handler uses it, one at a time by the swap.
        let writer = unsafe { &mut *writer };
        if writer.write(b"signal") == Ok(Outcome::Accepted) {
            HANDLED.fetch_add(1, SeqCst);
        }
        HANDLER.store(writer, SeqCst);
    }
}

#[test]
fn a_18_a_signal_handler_writes_while_its_thread_is_inside_a_write() {
    let (collector, mut drain) =
        crate::builder(Overflow::Fail).side(4096).linger(Duration::ZERO).build().unwrap();
    let own = Box::leak(Box::new(collector.writer_for(1).unwrap()));
    HANDLER.store(own, SeqCst);
    // SAFETY: a handler that does what this test says, for a signal that nobody else here uses.
    let before = unsafe { libc::signal(libc::SIGUSR1, on_signal as *const () as libc::sighandler_t) };
    assert_ne!(before, libc::SIG_ERR);
    within("signals into a writer", move || {
        let (tell, told) = std::sync::mpsc::channel();
        let victim = collector.clone();
        let thread = thread::spawn(move || {
            // SAFETY: asks for the calling thread's own number.
            tell.send(unsafe { libc::pthread_self() }).unwrap();
            let mut writer = victim.writer_for(2).unwrap();
            let mut accepted = 0u64;
            while HANDLED.load(SeqCst) < 200 {
                accepted += u64::from(writer.write(&[3; 40]).is_ok());
                let mut claim = match writer.claim(16) {
                    Ok(claim) => claim,
                    Err(_) => continue,
                };
                claim.put(b"claimed").unwrap();
                claim.commit();
                accepted += 1;
            }
            accepted
        });
        let id = told.recv().unwrap();
        let mut all = Vec::new();
        // The reader polls: nobody sleeps, so no writer touches the lock of a bell.
        while !thread.is_finished() {
            // SAFETY: the thread is not joined yet, so its number is valid.
            unsafe { libc::pthread_kill(id, libc::SIGUSR1) };
            if let Next::Batch(batch) = drain.try_next() {
                all.extend(crate::support::records(&batch));
                batch.release();
            }
        }
        let accepted = thread.join().unwrap();
        let handler = HANDLER.swap(null_mut(), SeqCst);
        assert!(!handler.is_null());
        collector.request_close();
        all.extend(drain_all(&mut drain));
        let signals = bodies(&all).iter().filter(|body| *body == b"signal").count();
        assert_eq!(signals as u64, HANDLED.load(SeqCst));
        assert_eq!(bodies(&all).len() as u64, accepted + signals as u64);
        crate::support::assert_law(&collector.stats().total());
    });
}
