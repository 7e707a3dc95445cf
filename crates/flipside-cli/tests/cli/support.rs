//! A folder to work in, the program with a limit on patience, and the law of the summary.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// What has not come by then never comes.
pub(crate) const LIVENESS: Duration = Duration::from_secs(60);

/// Waits until `done`, or fails saying what never happened.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < LIVENESS, "never happened: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// An empty folder, in which everything of one test happens.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// The names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn len(&self, name: &str) -> u64 {
        fs::metadata(self.path(name)).map_or(0, |meta| meta.len())
    }

    /// Runs it on an empty standard input.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.start(args).close().wait()
    }

    /// Runs it with `input` on a pipe.
    pub(crate) fn feed(&self, input: &[u8], args: &[&str]) -> Run {
        let mut running = self.start(args);
        let mut pipe = running.stdin.take().unwrap();
        let input = input.to_vec();
        // It may end before it has read everything: that is for the test to judge.
        let feeder = thread::spawn(move || drop(pipe.write_all(&input)));
        let run = running.wait();
        feeder.join().unwrap();
        run
    }

    /// Runs a shell script, in which `$F` is the program.
    pub(crate) fn sh(&self, script: &str) -> Run {
        self.start_shell(script).close().wait()
    }

    /// Starts it with a pipe to its standard input; the other two go to files.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        self.start_command(env!("CARGO_BIN_EXE_flipside"), args, false)
    }

    /// Starts it with pipes to its standard input and output. Nobody reads the latter unless the test does.
    pub(crate) fn start_with_pipes(&self, args: &[&str]) -> Running {
        self.start_command(env!("CARGO_BIN_EXE_flipside"), args, true)
    }

    /// Starts a shell script with a pipe to its standard input.
    pub(crate) fn start_shell(&self, script: &str) -> Running {
        self.start_command("sh", &["-c", script], false)
    }

    fn start_command(&self, program: &str, args: &[&str], piped: bool) -> Running {
        let (out, err) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        let mut command = Command::new(program);
        command.args(args).current_dir(self.0.path()).env("F", env!("CARGO_BIN_EXE_flipside"));
        command.stdin(Stdio::piped()).stderr(err.try_clone().unwrap());
        command.stdout(if piped { Stdio::piped() } else { out.try_clone().unwrap().into() });
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
        let line = [&[program.rsplit('/').next().unwrap_or(program)], args].concat().join(" ");
        Running { stdin: child.stdin.take(), stdout: child.stdout.take(), child, line, out, err }
    }

    /// The payloads, byte for byte.
    pub(crate) fn raw(&self, journal: &str) -> Vec<u8> {
        self.run(&["show", "--raw", journal]).expect(0).out
    }

    /// The records and gaps, as `show --json` prints them.
    pub(crate) fn shown(&self, journal: &str) -> Vec<Value> {
        self.run(&["show", "--json", journal]).expect(0).json_lines()
    }

    /// The verdict on one journal, and the exit status.
    pub(crate) fn verify(&self, journal: &str) -> (i32, Value) {
        let run = self.run(&["verify", "--json", journal]);
        (run.code(), run.json())
    }

    /// What must hold after every orderly end: the law, and a sealed journal with exactly what was written.
    pub(crate) fn holds(&self, summary: &Value, journal: &str) -> Law {
        let law = Law::of(summary);
        let (code, found) = self.verify(journal);
        assert_eq!(code, 0, "{found}");
        assert_eq!(found["sealed"], true, "{found}");
        assert_eq!(found["records"], law.written, "{found}\n{summary}");
        assert_eq!(found["bytes"], summary["bytes"], "{found}\n{summary}");
        assert_eq!(found["lost"], law.dropped, "{found}\n{summary}");
        law
    }
}

/// A program at work.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: Option<ChildStdout>,
    line: String,
    out: File,
    err: File,
}

impl Running {
    /// Ends its standard input.
    pub(crate) fn close(mut self) -> Self {
        self.stdin = None;
        self
    }

    pub(crate) fn say(&mut self, text: &str) {
        let pipe = self.stdin.as_mut().expect("closed");
        pipe.write_all(text.as_bytes()).unwrap();
        pipe.flush().unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// What it has said on standard error so far.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&contents(&self.err)).into_owned()
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Run {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < LIVENESS, "does not end: {}\n{}", self.line, self.said());
            thread::sleep(Duration::from_millis(3));
        };
        let run = Run { line: self.line.clone(), status, out: contents(&self.out), err: contents(&self.err) };
        let text = run.err_text();
        assert!(!text.contains("panicked"), "{} panicked:\n{text}", run.line);
        run
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only after a failure is it still there.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything in a file that somebody else writes.
fn contents(file: &File) -> Vec<u8> {
    let mut bytes = Vec::new();
    // The position is shared with the writer, who appends: read by offset instead.
    let len = file.metadata().unwrap().len();
    bytes.resize(usize::try_from(len).unwrap(), 0);
    std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, 0).unwrap();
    bytes
}

/// A program that has ended.
pub(crate) struct Run {
    line: String,
    pub(crate) status: ExitStatus,
    pub(crate) out: Vec<u8>,
    pub(crate) err: Vec<u8>,
}

impl Run {
    /// The exit status; a signal shows as 1000 and its number, which no expectation equals.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 1000 + self.status.signal().unwrap_or(0))
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "exit status of: {}\n{}", self.line, self.err_text());
        self
    }

    /// Whether each of these stands on standard error.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        let said = self.err_text();
        for text in texts {
            assert!(said.contains(text), "{}: says nothing of {text:?}:\n{said}", self.line);
        }
        self
    }

    pub(crate) fn err_text(&self) -> String {
        String::from_utf8_lossy(&self.err).into_owned()
    }

    pub(crate) fn out_text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    /// The one object on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        one_object(&self.out_text(), &self.line)
    }

    /// The one object on standard error.
    #[track_caller]
    pub(crate) fn err_json(&self) -> Value {
        let said = self.err_text();
        let objects: Vec<_> = said.lines().filter(|line| line.starts_with('{')).collect();
        assert_eq!(objects.len(), 1, "{}:\n{said}", self.line);
        one_object(objects[0], &self.line)
    }

    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.out_text().lines().map(|line| one_object(line, &self.line)).collect()
    }
}

#[track_caller]
fn one_object(text: &str, line: &str) -> Value {
    let value: Value =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{line}: {error} in {text:?}"));
    assert!(value.is_object(), "{line}: {value}");
    value
}

/// The terms of the law, in total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Law {
    pub(crate) received: u64,
    pub(crate) written: u64,
    pub(crate) dropped: u64,
}

impl Law {
    /// received = written + filtered + dropped, in total and for each source, and the sources add up.
    #[track_caller]
    pub(crate) fn of(summary: &Value) -> Self {
        let total = terms(summary);
        let (mut received, mut written, mut bytes) = (0, 0, 0);
        for source in summary["sources"].as_object().expect("sources").values() {
            let one = terms(source);
            received += one.received;
            written += one.written;
            bytes += source["bytes"].as_u64().expect("bytes");
        }
        assert_eq!((total.received, total.written), (received, written), "sources do not add up: {summary}");
        assert_eq!(summary["bytes"], bytes, "{summary}");
        total
    }
}

#[track_caller]
fn terms(of: &Value) -> Law {
    let number = |name: &str| of[name].as_u64().unwrap_or_else(|| panic!("no {name} in {of}"));
    let (received, written, filtered) = (number("received"), number("written"), number("filtered"));
    let causes = of["dropped"].as_object().unwrap_or_else(|| panic!("dropped names no causes in {of}"));
    let dropped = causes.values().map(|count| count.as_u64().expect("a count")).sum();
    assert_eq!(received, written + filtered + dropped, "the law is broken: {of}");
    Law { received, written, dropped }
}

/// `1\n2\n...`, as `seq` prints it.
pub(crate) fn seq(count: u64) -> Vec<u8> {
    (1..=count).flat_map(|n| format!("{n}\n").into_bytes()).collect()
}

/// Reads everything there is.
pub(crate) fn drain(mut pipe: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).unwrap();
    bytes
}

/// The same bytes in every run.
pub(crate) fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..len).map(|_| random.u8(..)).collect()
}

/// Tells that a check was not made, and why. To the terminal itself: the test harness swallows the rest.
pub(crate) fn skipped(what: &str, why: &str) {
    let _ = writeln!(std::io::stderr().lock(), "SKIPPED {what}: {why}");
}
