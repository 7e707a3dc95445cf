//! Feature flags of an async server: a rollout while requests come in, and nobody is blocked.
//!
//! Requests are tasks. Each asks for its flags between two awaits, by a guard that is gone before the next await: the
//! compiler sees to that, for a guard is not `Send`, and a spawned task must be. Who needs the same answer before and
//! after an await keeps the answer, not the guard. An operator rolls a feature out, step by step, by
//! `publish_async().await`; a watcher is woken for every step. Once a slow reader, a report on a thread of its own, is
//! in the way: the operator waits as a task, and requests are served meanwhile.
//!
//! ```text
//! cargo run --release --example feature_flags
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use flipside::publish::{self, Closure, Log, ReadGuard, Reader, Shared};
use tokio::task::JoinSet;
use tokio::time::sleep;

type Failure = Box<dyn Error + Send + Sync>;

/// For each feature, how many users of a hundred have it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Flags {
    features: BTreeMap<&'static str, u32>,
}

impl Flags {
    fn set(&mut self, feature: &'static str, share: u32) {
        self.features.insert(feature, share);
    }

    fn is_on(&self, feature: &str, user: u32) -> bool {
        self.features.get(feature).is_some_and(|share| user % 100 < *share)
    }
}

type Pointer = Shared<Flags, Log<Flags, Closure<Flags>>>;

const STEPS: [u32; 5] = [0, 1, 10, 50, 100];
const STEP: Duration = Duration::from_millis(400);
const REPORT: Duration = Duration::from_millis(150);

/// What a request was answered.
struct Answer {
    user: u32,
    version: u64,
    new_search: bool,
    /// The flags were others when it came back from its await.
    changed_meanwhile: bool,
}

/// One request: it looks, awaits, and looks again.
async fn serve(flags: Reader<Pointer>, user: u32) -> Answer {
    let (version, new_search) = {
        let flags = flags.read();
        (ReadGuard::version(&flags), flags.is_on("new search", user))
    };
    sleep(Duration::from_millis(u64::from(1 + user % 7))).await; // The data base.
    let changed_meanwhile = ReadGuard::version(&flags.read()) != version;
    Answer { user, version, new_search, changed_meanwhile }
}

/// Some requests each millisecond, until it is told to stop; their answers.
async fn server(flags: Reader<Pointer>, served: Arc<AtomicU64>, stop: Arc<AtomicBool>) -> Vec<Answer> {
    let (mut requests, mut answers) = (JoinSet::new(), Vec::new());
    for user in (0..).step_by(10) {
        for user in user..user + 10 {
            requests.spawn(serve(flags.clone(), user));
        }
        sleep(Duration::from_millis(1)).await;
        while let Some(answer) = requests.try_join_next() {
            answers.push(answer.expect("no request panics"));
            served.fetch_add(1, Relaxed);
        }
        if stop.load(Relaxed) {
            break;
        }
    }
    answers.extend(requests.join_all().await);
    answers
}

/// Says what there is, until the writer has gone. The versions that it was told of.
async fn watch(mut flags: Reader<Pointer>) -> Vec<u64> {
    let mut versions = Vec::new();
    while let Ok(version) = flags.changed_async().await {
        println!("  version {version}: {:?}", flags.read().features);
        versions.push(version);
    }
    versions
}

/// A report on a thread of its own, which looks at one version for a long time.
fn report(flags: Reader<Pointer>) -> (thread::JoinHandle<()>, Duration) {
    let (inside, is_inside) = std::sync::mpsc::channel();
    let thread = thread::spawn(move || {
        let guard = flags.read();
        inside.send(()).expect("somebody waits for this");
        thread::sleep(REPORT);
        drop(guard);
    });
    is_inside.recv().expect("the thread says so");
    (thread, REPORT)
}

/// The share that each version gives to the new search.
type History = BTreeMap<u64, u32>;

async fn operate(
    mut writer: publish::Writer<Pointer>,
    reader: Reader<Pointer>,
    served: Arc<AtomicU64>,
) -> Result<History, Failure> {
    let mut history = History::from([(writer.version(), 0)]);
    for share in STEPS {
        writer.apply(move |flags| flags.set("new search", share));
        history.insert(writer.publish_async().await?, share);
        sleep(STEP).await;
    }

    // Two publishes while the report looks: the first goes by it, the second has to wait.
    let (thread, length) = report(reader);
    let (began, before) = (Instant::now(), served.load(Relaxed));
    writer.apply(|flags| flags.set("old search", 100));
    history.insert(writer.publish_async().await?, 100);
    let first = began.elapsed();
    writer.apply(|flags| flags.set("old search", 0));
    history.insert(writer.publish_async().await?, 100);
    let (second, meanwhile) = (began.elapsed(), served.load(Relaxed) - before);
    println!(
        "A report held a version for {length:.0?}: one publish took {first:.1?}, the next {second:.1?},"
    );
    println!("and {meanwhile} requests were answered while it waited.");
    if first > length / 2 || second < length / 2 || meanwhile == 0 {
        return Err("the first publish waited, or the second did not, or it blocked the server".into());
    }
    thread.join().expect("the report does not panic");
    sleep(STEP).await;
    Ok(history)
}

async fn run() -> Result<(), Failure> {
    let (writer, reader) = publish::log(Flags::default());
    let (served, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    println!("The watcher sees:");
    let server = tokio::spawn(server(reader.clone(), served.clone(), stop.clone()));
    let watcher = tokio::spawn(watch(reader.clone()));
    let operator = tokio::spawn(operate(writer, reader, served));
    let history = operator.await?;
    stop.store(true, Relaxed);
    let (history, answers, told) = (history?, server.await?, watcher.await?);

    println!("version   share   requests   with the new search   flags changed meanwhile");
    for (version, share) in &history {
        let of_version = answers.iter().filter(|answer| answer.version == *version);
        let (mut requests, mut on, mut changed) = (0, 0, 0);
        for Answer { user, new_search, changed_meanwhile, .. } in of_version {
            if *new_search != (user % 100 < *share) {
                return Err(format!("user {user} was answered {new_search} by version {version}").into());
            }
            requests += 1;
            on += u32::from(*new_search);
            changed += u32::from(*changed_meanwhile);
        }
        println!("{version:7} {share:5} % {requests:10} {on:21} {changed:25}");
    }
    if answers.iter().any(|answer| !history.contains_key(&answer.version)) {
        return Err("a request saw a version that was never published".into());
    }
    // Of two versions at once it is told once.
    if told.last() != history.keys().last() || !told.is_sorted() {
        return Err(format!("the watcher was told of {told:?}").into());
    }
    println!("Each of {} requests was answered by the version that it saw: checked.", answers.len());
    Ok(())
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    match runtime.map_err(Failure::from).and_then(|runtime| runtime.block_on(run())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("feature_flags: {error}");
            ExitCode::FAILURE
        }
    }
}
