//! A configuration that is reloaded while a server reads it: every read sees one whole version.
//!
//! Two threads serve and look up the configuration for each request; a watcher sleeps until there is a new one; the
//! main thread reloads it, hundreds of times a second, from a file that is now and then broken. The fields belong
//! together (shares add up to 100, one share for each backend, a deadline that follows from two other fields), so that
//! a torn read would be found, and the threads check every read.
//!
//! ```text
//! cargo run --release --example config_reload
//! ```

use std::error::Error;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use flipside::publish::value::Writer;
use flipside::publish::{self, PublishError, Reader, Shared, Source};

const THREADS: usize = 2;
const RELOADS: u64 = 1_000;
/// Each file of this number is broken.
const BROKEN: u64 = 50;

#[derive(Clone, Debug)]
struct Config {
    /// The number of the file that it was read from.
    file: u64,
    timeout: Duration,
    retries: u32,
    /// All tries together.
    deadline: Duration,
    /// Each with its share of the requests.
    backends: Vec<(String, u32)>,
}

impl Config {
    fn parse(text: &str) -> Result<Self, String> {
        let (mut file, mut timeout, mut retries, mut backends) = (0, 0, 0, Vec::new());
        for line in text.lines() {
            let (key, value) = line.split_once('=').ok_or_else(|| format!("no '=' in {line:?}"))?;
            let number = value.parse().map_err(|_| format!("{key} is no number: {value:?}"))?;
            match key {
                "file" => file = number,
                "timeout" => timeout = number,
                "retries" => retries = number as u32,
                backend => backends.push((backend.to_owned(), number as u32)),
            }
        }
        let timeout = Duration::from_millis(timeout);
        let config = Self { file, timeout, retries, deadline: timeout * retries, backends };
        config.check().map(|()| config)
    }

    /// Whether the fields are of one file, and a good one.
    fn check(&self) -> Result<(), String> {
        let shares = self.backends.iter().map(|(_, share)| share).sum::<u32>();
        let is_whole = shares == 100
            && self.deadline == self.timeout * self.retries
            && u64::from(self.retries) == 1 + self.file % 4
            && self.backends.iter().all(|(name, _)| name.ends_with(&format!(".{}", self.file)));
        if is_whole { Ok(()) } else { Err(format!("this is no whole configuration: {self:?}")) }
    }
}

/// The file of this number, as somebody might have edited it.
fn file(number: u64) -> String {
    if number.is_multiple_of(BROKEN) {
        return format!("file={number}\ntimeout=soon");
    }
    let (timeout, retries, share) = (100 + number % 900, 1 + number % 4, number % 101);
    let rest = 100 - share;
    format!(
        "file={number}\ntimeout={timeout}\nretries={retries}\neast.{number}={share}\nwest.{number}={rest}"
    )
}

/// Where every thread of the program gets its reader.
static CONFIG: OnceLock<Source<Shared<Config>>> = OnceLock::new();

fn reader() -> Result<Reader<Shared<Config>>, Box<dyn Error + Send + Sync>> {
    Ok(CONFIG.get().ok_or("there is no configuration yet")?.reader()?)
}

/// What a thread saw.
#[derive(Default)]
struct Seen {
    reads: u64,
    versions: u64,
}

/// Reads until it is told to stop, and checks what it reads.
fn serve(stop: &AtomicBool) -> Result<Seen, Box<dyn Error + Send + Sync>> {
    let (reader, mut seen, mut last) = (reader()?, Seen::default(), 0);
    while !stop.load(Relaxed) {
        let config = reader.read();
        config.check()?;
        if config.file < last {
            return Err(format!("file {} after file {last}: that is older", config.file).into());
        }
        seen.reads += 1;
        seen.versions += u64::from(config.file != last);
        last = config.file;
    }
    Ok(seen)
}

/// Sleeps until there is a new version; how often there was one, and the last that it was told of.
fn watch() -> Result<(u64, u64), Box<dyn Error + Send + Sync>> {
    let (mut reader, mut times, mut last) = (reader()?, 0, 0);
    // The error says that the writer has gone.
    while let Ok(version) = reader.changed() {
        if version <= last {
            return Err(format!("told of version {version} after version {last}").into());
        }
        (times, last) = (times + 1, version);
    }
    Ok((times, last))
}

/// Publishes every file that is good. The last version, and how many were not good.
fn reload(mut writer: Writer<Shared<Config>>) -> Result<(u64, u64), PublishError> {
    let (mut refused, mut complaint) = (0, String::new());
    for number in 3..3 + RELOADS {
        match Config::parse(&file(number)) {
            Ok(config) => {
                writer.set(config)?;
            }
            Err(error) => (refused, complaint) = (refused + 1, error),
        }
        thread::sleep(Duration::from_millis(1));
    }
    println!("{refused} of {RELOADS} files were not published; the last because {complaint}.");
    Ok((writer.version(), refused))
}

fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let (mut writer, own) = publish::value(Config::parse(&file(1))?);
    CONFIG.set(Source::from(&own)).map_err(|_| "set twice")?;

    // A guard keeps its version; the reload does not wait for it.
    let before = own.read();
    writer.set(Config::parse(&file(2))?)?;
    let (old, new) = (before.timeout, writer.get().timeout);
    println!(
        "A request that began before a reload goes on with a timeout of {old:?}; the next one has {new:?}."
    );
    if (before.file, writer.get().file) != (1, 2) {
        return Err("the guard did not keep its version".into());
    }
    drop(before);
    if own.read().file != 2 {
        return Err("the next read did not see the new version".into());
    }

    let (stop, began) = (AtomicBool::new(false), Instant::now());
    let (reloaded, seen, watched) = thread::scope(|scope| {
        let servers = [(); THREADS].map(|()| scope.spawn(|| serve(&stop)));
        let watcher = scope.spawn(watch);
        let reloaded = reload(writer); // The writer goes, and the watcher stops.
        stop.store(true, Relaxed);
        let seen = servers.map(|server| server.join().expect("no thread panics"));
        (reloaded, seen, watcher.join().expect("no thread panics"))
    });
    let ((version, refused), (watched, last)) = (reloaded?, watched?);
    if last != version {
        return Err(format!("the watcher was told of version {last}, the last is {version}").into());
    }
    let took = began.elapsed().as_secs_f64();

    let reloads = RELOADS - refused;
    println!("{reloads} reloads in {took:.1} s: {:.0} a second.", reloads as f64 / took);
    println!("thread        reads    reads/s   versions seen");
    for (thread, seen) in seen.into_iter().enumerate() {
        let Seen { reads, versions } = seen?;
        println!("{thread:6} {reads:12} {:10.0} {versions:15}", reads as f64 / took);
        if reads == 0 || versions > reloads + 1 {
            return Err("a thread saw nothing, or more than there was".into());
        }
    }
    println!("The watcher was woken {watched} times; after the last it knew the last version.");
    println!("Every read saw one whole version, and none an older one than before: checked.");
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("config_reload: {error}");
            ExitCode::FAILURE
        }
    }
}
