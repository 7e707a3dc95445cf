//! Nothing arriving costs nothing: no system calls.

use std::time::Duration;

use crate::support::{Place, skipped, until};

#[test]
fn an_idle_recorder_makes_no_system_calls() {
    let place = Place::new();
    if place.sh("command -v strace && strace -f -o probe true").code() != 0 {
        return skipped("counting system calls", "strace is missing, or not allowed to trace");
    }
    for args in ["record - -w x.flip --force", "record - -w x.flip --force -- sleep 100"] {
        // Standard input is a pipe that this shell keeps open until it is told to end.
        let traced = format!("echo $$ >pid; exec \"$F\" {args}");
        let script = format!(
            "mkfifo hold 2>/dev/null; exec 3<>hold; strace -f -o trace sh -c '{traced}' <&3 & p=$!
            cat >/dev/null; kill $(cat pid); wait $p"
        );
        let running = place.start_shell(&script);
        let (mut before, mut stable) = (0, 0);
        until("it comes to rest", || {
            std::thread::sleep(Duration::from_millis(100));
            let len = place.len("trace");
            stable = if len > 0 && len == before { stable + 1 } else { 0 };
            before = len;
            stable >= 4
        });
        let lines = |place: &Place| place.read("trace").iter().filter(|&&byte| byte == b'\n').count();
        let at_rest = lines(&place);
        std::thread::sleep(Duration::from_millis(1000));
        let calls = lines(&place) - at_rest;
        assert!(calls <= 5, "{args}: {calls} system calls in a second of nothing");
        running.close().wait();
    }
}
