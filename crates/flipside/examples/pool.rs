//! Parties as tasks of a pool, where there may be fewer threads than parties.
//!
//! A task that waits for a round keeps its thread. With four parties and two threads the first two wait for the other two,
//! which wait for a thread: with a plain barrier that is the end of the program, and nothing says why. Here a wait with an
//! end says which parties never came. Then the same with enough threads; and with tasks that await their rounds, for which
//! a single thread is enough.
//!
//! ```text
//! cargo run --release --example pool
//! ```

use std::error::Error;
use std::process::ExitCode;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use flipside::exchange::{self, Contiguous, Party, Poisoned, WaitError};
use tokio::task::JoinSet;

const PARTIES: usize = 4;
const ROUNDS: usize = 3;
/// So long do they wait who may wait in vain, and those who should not.
const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(60);

type Numbers = Contiguous<usize>;
type Parties = Vec<Party<Numbers>>;

/// What each party has in the end: in every round all of them double their number and add their rank.
const EXPECTED: [usize; PARTIES] = [8, 15, 22, 29];

fn parties() -> Result<Parties, exchange::SetupError> {
    exchange::parties(PARTIES).segment(1, |_, _| 1).build()
}

/// How a party ended: with what all have, or with the reason why not, as it would be told to a person.
type End = Result<Vec<usize>, String>;

/// A task that waits on its thread, but not for ever.
fn task(party: Party<Numbers>, patience: Duration) -> End {
    let mut round = party.start();
    for _ in 0..ROUNDS {
        let (rank, (own, view)) = (round.rank(), round.split());
        own[0] = 2 * view.segment(rank)[0] + rank;
        // Who goes on by `?` drops its round, and with it the exchange: nobody waits for it in vain.
        round = round.publish().wait_timeout(patience).map_err(|error: WaitError<_>| error.to_string())?;
    }
    Ok(round.view().all().to_vec())
}

/// The same, but it gives its thread away while it waits.
async fn awaiting(party: Party<Numbers>) -> End {
    let mut round = party.start();
    for _ in 0..ROUNDS {
        let (rank, (own, view)) = (round.rank(), round.split());
        own[0] = 2 * view.segment(rank)[0] + rank;
        round = round.publish().await.map_err(|error: Poisoned| error.to_string())?;
    }
    Ok(round.view().all().to_vec())
}

/// Runs a task for each party on so many threads, in the order of the ranks. The ends in the order in which they came. A thread
/// whose task has given up runs no more of them: it would do so for nobody.
fn on_threads(threads: usize, patience: Duration, parties: Parties) -> Vec<(usize, End)> {
    let (ended, ends) = mpsc::channel();
    let queue = Mutex::new(parties.into_iter());
    let next = || queue.lock().expect("nobody panics here").next();
    thread::scope(|scope| {
        for _ in 0..threads {
            let ended = ended.clone();
            scope.spawn(move || {
                while let Some(party) = next() {
                    let rank = party.rank();
                    let end = task(party, patience);
                    let has_given_up = end.is_err();
                    ended.send((rank, end)).expect("somebody waits for the ends");
                    if has_given_up {
                        break;
                    }
                }
            });
        }
    });
    drop(ended);
    ends.into_iter().collect()
}

/// Runs them as tasks on this thread.
fn on_one_thread(parties: Parties) -> Result<Vec<(usize, End)>, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for party in parties {
            tasks.spawn(async { (party.rank(), awaiting(party).await) });
        }
        tasks.join_all().await
    }))
}

fn print(what: &str, ends: &[(usize, End)]) {
    println!("{what}:");
    for (rank, end) in ends {
        match end {
            Ok(all) => println!("  party {rank} sees {all:?}"),
            Err(error) => println!("  party {rank} gave up: {error}"),
        }
    }
}

fn are_good(ends: &[(usize, End)]) -> bool {
    ends.len() == PARTIES && ends.iter().all(|(_, end)| end.as_deref() == Ok(&EXPECTED))
}

fn run() -> Result<(), Box<dyn Error>> {
    let ends = on_threads(2, SHORT, parties()?);
    print("4 parties on 2 threads", &ends);
    if ends.iter().any(|(_, end)| end.is_ok()) {
        return Err("two threads cannot be enough".into());
    }
    let ends = on_threads(4, LONG, parties()?);
    print("4 parties on 4 threads", &ends);
    let awaited = on_one_thread(parties()?)?;
    print("4 parties on 1 thread, as tasks that await", &awaited);
    if are_good(&ends) && are_good(&awaited) {
        Ok(())
    } else {
        Err(format!("it should be {EXPECTED:?}").into())
    }
}

fn main() -> ExitCode {
    if let Some(argument) = std::env::args().nth(1) {
        println!("pool takes no options, and so not {argument}: it shows three ways to run four parties");
        return ExitCode::from(if argument == "--help" { 0 } else { 2 });
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_too_few_threads_those_who_came_say_who_never_did() {
        let ends = on_threads(2, SHORT, parties().unwrap());
        assert_eq!(ends.len(), 2);
        for (_, end) in ends {
            let told = end.unwrap_err();
            assert!(told.starts_with("round 1 is not complete in time") && told.ends_with("2, 3"), "{told}");
        }
    }

    #[test]
    fn with_enough_threads_it_works_and_with_tasks_that_await_one_is_enough() {
        assert!(are_good(&on_threads(4, LONG, parties().unwrap())));
        assert!(are_good(&on_threads(5, LONG, parties().unwrap())));
        assert!(are_good(&on_one_thread(parties().unwrap()).unwrap()));
    }
}
