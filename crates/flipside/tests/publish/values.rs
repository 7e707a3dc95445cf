//! One value, replaced or changed as a whole.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use flipside::publish::strategy::Strategy;
use flipside::publish::{Buffer, PublishError, Reader, SetError, value};

use crate::with_every_strategy;

with_every_strategy! {
    ;
    no_update_is_lost
    a_change_that_panics_changes_nothing
    an_error_comes_before_the_change
}

type Simple<T, S> = Arc<Buffer<T, (), S>>;

#[allow(clippy::arc_with_non_send_sync, reason = "the strategies of one thread come this way too")]
#[allow(clippy::type_complexity, reason = "both types are spelt out once")]
fn made<T: Clone, S: Strategy>(strategy: S, value: T) -> (value::Writer<Simple<T, S>>, Reader<Simple<T, S>>) {
    let buffer = Arc::new(Buffer::with(strategy, [value.clone(), value], (), ()));
    (value::Writer::new(buffer.clone()).unwrap(), Reader::new(buffer).unwrap())
}

fn no_update_is_lost<S: Strategy>(strategy: S) {
    let (mut writer, reader) = made(strategy, vec![0]);
    for n in 1..100u32 {
        assert_eq!(writer.update(|list| list.push(n)), Ok(u64::from(n)));
        assert_eq!((reader.read().len(), writer.get().len()), (n as usize + 1, n as usize + 1));
    }
    assert_eq!(writer.set(vec![7]), Ok(100));
    assert_eq!(writer.update(|list| list.push(8)), Ok(101));
    assert_eq!(*reader.read(), [7, 8]);
    drop(reader);
    assert_eq!(writer.into_inner().unwrap(), [7, 8]);
}

fn an_error_comes_before_the_change<S: Strategy>(strategy: S) {
    let (mut writer, reader) = made(strategy, 0);
    let guard = reader.read();
    writer.update(|value| *value += 1).unwrap();
    assert!(matches!(writer.update(|_| panic!("it is not called")), Err(PublishError::OwnReader(_))));
    assert!(matches!(writer.try_update(|_| panic!("it is not called")), Err(PublishError::Occupied(_))));
    assert!(matches!(writer.set(5), Err(SetError { error: PublishError::OwnReader(_), value: 5 })));
    assert!(matches!(writer.vacate_timeout(Duration::ZERO), Err(PublishError::OwnReader(_))));
    assert_eq!((*guard, *writer.get()), (0, 1));
    drop(guard);
    writer.vacate_timeout(Duration::ZERO).unwrap();
    assert_eq!(writer.update(|value| *value += 1), Ok(2));
    assert_eq!(*reader.read(), 2);
}

/// Panics when it is cloned or dropped with these contents.
struct Touchy(Arc<str>);

impl Clone for Touchy {
    fn clone(&self) -> Self {
        assert_ne!(&*self.0, "not to be cloned");
        Self(self.0.clone())
    }
}

impl Drop for Touchy {
    fn drop(&mut self) {
        if &*self.0 == "not to be dropped" {
            self.0 = "dropped".into();
            panic!("deliberate");
        }
    }
}

fn a_change_that_panics_changes_nothing<S: Strategy>(strategy: S) {
    let (mut writer, reader) = made(strategy, Touchy("fine".into()));
    for n in 0..4 {
        let version = writer.version();
        let change = |value: &mut Touchy| {
            value.0 = "half done".into();
            assert!(n > 10, "deliberate");
        };
        assert!(catch_unwind(AssertUnwindSafe(|| writer.update(change))).is_err());
        assert_eq!((writer.version(), &*writer.get().0, &*reader.read().0), (version, "fine", "fine"));
        writer.update(|_| ()).unwrap();
    }
    // Its old value, which is overwritten at the second set after it, does not let itself be dropped.
    writer.set(Touchy("not to be dropped".into())).unwrap();
    writer.set(Touchy("fine".into())).unwrap();
    let version = writer.version();
    assert!(catch_unwind(AssertUnwindSafe(|| writer.set(Touchy("new".into())))).is_err());
    assert_eq!((writer.version(), &*reader.read().0), (version, "fine"));
    writer.set(Touchy("not to be cloned".into())).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| writer.update(|_| ()))).is_err());
    assert_eq!(&*reader.read().0, "not to be cloned");
    writer.set(Touchy("fine".into())).unwrap();
    writer.update(|value| value.0 = "changed".into()).unwrap();
    assert_eq!(&*reader.read().0, "changed");
}
