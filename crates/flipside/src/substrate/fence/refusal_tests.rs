//! A system that refuses membarrier, before it was ever granted and after; and a fork.
//!
//! A filter of system calls cannot be taken back, so it is set in a process of its own: the test starts this binary
//! once more, for itself alone, and tells it by the environment that it is the child.

use std::env;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::litmus_tests::skipped;
use super::{Fences, Link};
use crate::substrate::atomic::Site;

/// Set for the child: the error number of the filter.
const ERRNO: &str = "FLIPSIDE_TEST_REFUSAL";
const PATIENCE: Duration = Duration::from_secs(30);
/// The child could not set a filter, or has no membarrier to be refused.
const CANNOT: i32 = 77;

/// Starts the named test as a child for each error number, and expects it to pass in time.
fn in_children(test: &str) {
    for errno in [libc::EPERM, libc::ENOSYS, libc::EACCES] {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(ERRNO, errno.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let end = Instant::now() + PATIENCE;
        let status = loop {
            match child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > end => {
                    child.kill().unwrap();
                    panic!("{test}, errno {errno}: hangs");
                }
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        let (mut said, mut out) = (String::new(), String::new());
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        if status.code() == Some(CANNOT) {
            skipped(&format!("{test}, errno {errno}: {}", said.trim()));
            continue;
        }
        assert!(status.success(), "{test}, errno {errno}: {status}\n{said}{out}");
        assert!(out.contains("1 passed"), "{test}: no such test?\n{out}");
    }
}

/// In the child: the error number that the filter is to answer with.
fn errno_of_the_filter() -> Option<i32> {
    env::var(ERRNO).ok().map(|errno| errno.parse().unwrap())
}

/// From now on membarrier fails in this thread with `errno`, and every other call is as before.
fn deny_membarrier(errno: i32) {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const SKIP_UNLESS: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let one = |code, jf, k| libc::sock_filter { code, jt: 0, jf, k };
    let mut program = [
        one(LOAD, 0, 0), // The number of the call stands first.
        one(SKIP_UNLESS, 1, libc::SYS_membarrier as u32),
        one(RETURN, 0, libc::SECCOMP_RET_ERRNO | errno as u32),
        one(RETURN, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: sets a flag of this thread, without pointers.
    let waived = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // SAFETY: the filter and its program live until the call returns; the kernel copies them.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) };
    if (waived, set) != (0, 0) {
        eprintln!("no filter: {}", std::io::Error::last_os_error());
        std::process::exit(CANNOT);
    }
}

#[test]
fn refused_from_the_start_the_pair_is_portable() {
    let Some(errno) = errno_of_the_filter() else {
        return in_children("substrate::fence::refusal_tests::refused_from_the_start_the_pair_is_portable");
    };
    deny_membarrier(errno);
    let fences = Fences::detect();
    assert!(!fences.is_asymmetric());
    let link = Link::new();
    fences.light(Site::W1, &link);
    fences.heavy(Site::W2, [&link]).unwrap();
}

#[test]
fn refused_later_the_heavy_fence_says_so() {
    let Some(errno) = errno_of_the_filter() else {
        return in_children("substrate::fence::refusal_tests::refused_later_the_heavy_fence_says_so");
    };
    let fences = Fences::detect();
    if !fences.is_asymmetric() {
        eprintln!("no membarrier here");
        std::process::exit(CANNOT);
    }
    let link = Link::new();
    fences.heavy(Site::W2, [&link]).unwrap();
    deny_membarrier(errno);
    for _ in 0..3 {
        let refused = fences.heavy(Site::W2, [&link]).unwrap_err();
        assert_eq!(refused.errno(), errno);
        assert_eq!(format!("{refused:?}"), format!("Refused {{ errno: {errno} }}"));
        let told = refused.to_string();
        assert!(told.contains("membarrier") && told.contains(&format!("os error {errno}")), "{told}");
    }
    fences.light(Site::W1, &link);
    assert!(fences.is_asymmetric(), "what was chosen stays: light sides are under way");
    assert!(!Fences::detect().is_asymmetric(), "but whoever asks now gets the portable pair");
}

#[test]
fn a_child_after_a_fork_has_heavy_fences() {
    let (fences, link) = (Fences::detect(), Link::new());
    fences.heavy(Site::W2, [&link]).unwrap();
    // SAFETY: the child makes system calls without memory, then exits without unwinding or destructors.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        let inherited = fences.heavy(Site::W2, [&link]).is_ok();
        let renewed = Fences::detect().is_asymmetric() == fences.is_asymmetric();
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(if inherited && renewed { 42 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: our child, and a place for its status.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child);
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 42, "{status}");
}

/// What the kernel does, as long as it does: without registering again. Should this fail on a kernel, nothing but
/// the words in PROOF.md are wrong: `heavy` registers again.
#[test]
fn a_fork_copies_the_registration() {
    use rustix::thread::{MembarrierCommand, membarrier};
    if !Fences::detect().is_asymmetric() {
        return skipped("registration after a fork: no membarrier here");
    }
    // SAFETY: as above.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        let inherited = membarrier(MembarrierCommand::PrivateExpedited).is_ok();
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(if inherited { 42 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: our child, and a place for its status.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child);
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 42, "{status}");
}
