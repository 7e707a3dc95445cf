//! Whether a contender does what it is timed for.

use std::iter::once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::role::{Ask, Peer, Reader, Write};
use super::subject::{ENTRIES, MISSING, Order, Subject};

/// Publishes versions, every key in each, while a reader looks on. It must see nothing that was never there, no
/// version older than one it has seen, one version under one guard where that is promised, and after the last
/// publish the last version, everywhere.
pub(crate) fn check<T: Subject, P: Peer<T>>(versions: u32) -> Result<(), String> {
    let (mut writer, mut readers) = P::open(1);
    let reader = &mut readers[0];
    let order = Order::new();
    let versions = if P::SHARED { versions } else { 0 };
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut session = reader.session();
            let mut watcher = Watcher::new();
            let mut finished = false;
            // Once more after it is known to be done.
            while !finished {
                finished = done.load(Ordering::Acquire);
                session.refresh();
                watcher.look::<T, _>(&mut session, &order)?;
            }
            last::<T, _>(&mut session, &order, versions)
        });
        for version in 1..=versions {
            writer.publish(order.keys().map(|key| T::put(key, version)));
        }
        done.store(true, Ordering::Release);
        watch.join().expect("the reader panicked")
    })?;
    if P::SHARED {
        removed::<T, P>(&mut writer, &mut reader.session(), versions)?;
    }
    Ok(())
}

/// Two threads write versions to the keys of a half each, one key after the other, and read all of them meanwhile.
/// Nobody may see what was never there, nor a version older than one he has seen, nor (where that is promised) one
/// older than what he has just written; in the end every key has its last version.
pub(crate) fn check_many<T: Subject, P: Peer<T>>(versions: u32) -> Result<(), String>
where
    P::Writer: Clone,
{
    // Each change is published by itself, so there are far more publishes for a version.
    let versions = versions.div_ceil(4);
    let (mut writer, mut readers) = P::open(2);
    let order = Order::new();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .zip(&mut readers)
            .map(|(half, reader)| {
                let (mut writer, order) = (writer.clone(), &order);
                scope.spawn(move || half_of::<T, P>(half, versions, &mut writer, reader, order))
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a thread panicked"))
    })?;
    writer.settle();
    for reader in &mut readers {
        let mut session = reader.session();
        session.refresh();
        last::<T, _>(&mut session, &order, versions)?;
    }
    Ok(())
}

fn half_of<T: Subject, P: Peer<T>>(
    half: u64,
    versions: u32,
    writer: &mut P::Writer,
    reader: &mut P::Reader,
    order: &Order,
) -> Result<(), String> {
    let (mut session, mut watcher) = (reader.session(), Watcher::new());
    let mut all = order.keys().cycle();
    for version in 1..=versions {
        for key in order.keys().filter(|key| key % 2 == half) {
            writer.publish(once(T::put(key, version)));
            session.refresh();
            let seen = watcher.one::<T>(key, session.ask(key))?;
            if P::Writer::PROMPT && seen != version {
                return Err(format!("key {key}, just brought to version {version}, is of version {seen}"));
            }
            for key in all.by_ref().take(3) {
                watcher.one::<T>(key, session.ask(key))?;
            }
        }
    }
    Ok(())
}

/// Whether every key has the last version.
fn last<T: Subject, A: Ask<T>>(session: &mut A, order: &Order, versions: u32) -> Result<(), String> {
    let behind = order.keys().find(|&key| T::version(key, session.ask(key)) != Some(versions));
    behind.map_or(Ok(()), |key| Err(format!("key {key} is not of the last version, {versions}")))
}

/// What is taken out is gone at once, and nothing else is.
fn removed<T: Subject, P: Peer<T>>(
    writer: &mut P::Writer,
    session: &mut <P::Reader as Reader<T>>::Session<'_>,
    versions: u32,
) -> Result<(), String> {
    let mut expected = T::fresh();
    (0..ENTRIES as u64).for_each(|key| expected.change(T::put(key, versions)));
    let taken = || [3, 5].into_iter().map(T::take);
    taken().for_each(|change| expected.change(change));
    writer.publish(taken());
    session.refresh();
    for key in (0..8).chain([MISSING]) {
        let (got, wanted) = (session.ask(key), expected.answer(key));
        if got != wanted {
            return Err(format!("key {key} answers {got:#x} instead of {wanted:#x}"));
        }
    }
    Ok(())
}

/// The versions that were seen.
struct Watcher {
    seen: Vec<u32>,
}

impl Watcher {
    fn new() -> Self {
        Self { seen: vec![0; ENTRIES] }
    }

    /// At all keys, in pairs from both ends of the order: those that are published first and last.
    fn look<T: Subject, A: Ask<T>>(&mut self, session: &mut A, order: &Order) -> Result<(), String> {
        let last = order.from(0, ENTRIES).collect::<Vec<_>>().into_iter().rev();
        for (first, last) in order.keys().zip(last) {
            self.pair::<T>([first, last], session.ask_two([first, last]), A::ONE_VERSION)?;
        }
        Ok(())
    }

    fn pair<T: Subject>(
        &mut self,
        keys: [u64; 2],
        answers: [u64; 2],
        one_version: bool,
    ) -> Result<(), String> {
        let mut versions = [0; 2];
        for ((key, answer), version) in keys.into_iter().zip(answers).zip(&mut versions) {
            *version = self.one::<T>(key, answer)?;
        }
        if one_version && versions[0] != versions[1] {
            return Err(format!("one guard, keys {keys:?}, versions {versions:?}"));
        }
        Ok(())
    }

    /// The version of an answer, if it is one that may be seen.
    fn one<T: Subject>(&mut self, key: u64, answer: u64) -> Result<u32, String> {
        let version = T::version(key, answer).ok_or_else(|| format!("key {key} answers {answer:#x}"))?;
        let seen = &mut self.seen[key as usize];
        if version < *seen {
            return Err(format!("key {key} went back from version {seen} to {version}"));
        }
        *seen = version;
        Ok(version)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::publish::peer::plain::{Owner, Plain};
    use crate::publish::subject::{Map, Value, entry};

    /// Shares nothing and says it does.
    enum Deaf {}

    impl<T: Subject> Peer<T> for Deaf {
        type Writer = Owner<T>;
        type Reader = Arc<T>;

        fn open(readers: usize) -> (Owner<T>, Vec<Arc<T>>) {
            Plain::open(readers)
        }
    }

    /// The same, and says that it shows its changes later.
    enum Forgetful {}

    #[derive(Clone)]
    struct Later<W>(W);

    impl<T: Subject, W: Write<T>> Write<T> for Later<W> {
        const PROMPT: bool = false;

        fn publish(&mut self, changes: impl Iterator<Item = T::Change>) {
            self.0.publish(changes);
        }
    }

    impl<T: Subject> Peer<T> for Forgetful {
        type Writer = Later<Owner<T>>;
        type Reader = Arc<T>;

        fn open(readers: usize) -> (Later<Owner<T>>, Vec<Arc<T>>) {
            let (writer, readers) = Plain::open(readers);
            (Later(writer), readers)
        }
    }

    #[test]
    fn the_check_sees_what_does_not_arrive() {
        assert!(check::<Map, Plain>(3).is_ok());
        assert!(check::<Map, Deaf>(3).unwrap_err().contains("last version"));
        assert!(check::<Value, Deaf>(3).unwrap_err().contains("last version"));
    }

    #[test]
    fn the_check_of_many_writers_sees_what_does_not_arrive_or_goes_back() {
        let fault = check_many::<Map, Deaf>(3).unwrap_err();
        assert!(fault.contains("just brought to version 1"), "{fault}");
        let fault = check_many::<Map, Forgetful>(3).unwrap_err();
        assert!(fault.contains("last version"), "{fault}");
        let mut watcher = Watcher::new();
        assert_eq!(watcher.one::<Map>(7, entry(7, 2)), Ok(2));
        assert!(watcher.one::<Map>(7, entry(7, 1)).unwrap_err().contains("went back"));
        assert!(watcher.one::<Map>(7, entry(8, 2)).unwrap_err().contains("answers"));
    }

    #[test]
    fn the_check_sees_foreign_answers_old_versions_and_mixed_ones() {
        let look = |pairs: &[[(u64, u32); 2]], one_version| {
            let mut watcher = Watcher::new();
            pairs.iter().try_for_each(|pair| {
                let answers = pair.map(|(key, version)| entry(key, version));
                watcher.pair::<Map>([0, 1], answers, one_version)
            })
        };
        assert_eq!(look(&[[(0, 1), (1, 1)], [(0, 2), (1, 2)]], true), Ok(()));
        assert!(look(&[[(0, 1), (2, 1)]], true).unwrap_err().contains("answers"));
        assert!(look(&[[(0, 2), (1, 2)], [(0, 1), (1, 1)]], true).unwrap_err().contains("went back"));
        assert!(look(&[[(0, 1), (1, 2)]], true).unwrap_err().contains("one guard"));
        assert_eq!(look(&[[(0, 1), (1, 2)]], false), Ok(()));
    }
}
