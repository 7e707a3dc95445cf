//! Whether a contender does what it is timed for.

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
            let all = order.keys().find(|&key| T::version(key, session.ask(key)) != Some(versions));
            all.map_or(Ok(()), |key| Err(format!("key {key} is not of the last version, {versions}")))
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
            *version = T::version(key, answer).ok_or_else(|| format!("key {key} answers {answer:#x}"))?;
            let seen = &mut self.seen[key as usize];
            if *version < *seen {
                return Err(format!("key {key} went back from version {seen} to {version}"));
            }
            *seen = *version;
        }
        if one_version && versions[0] != versions[1] {
            return Err(format!("one guard, keys {keys:?}, versions {versions:?}"));
        }
        Ok(())
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

    #[test]
    fn the_check_sees_what_does_not_arrive() {
        assert!(check::<Map, Plain>(3).is_ok());
        assert!(check::<Map, Deaf>(3).unwrap_err().contains("last version"));
        assert!(check::<Value, Deaf>(3).unwrap_err().contains("last version"));
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
