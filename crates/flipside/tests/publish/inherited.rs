//! What is left when the writer goes, or everybody does.

use std::rc::Rc;
use std::sync::Arc;

use flipside::publish::strategy::{Local, Strategy};
use flipside::publish::{
    self, Buffer, Log, PublishError, Reader, Source, WeakReader, Writer, WriterExists, raw, value,
};

use crate::{list, with_every_strategy};

with_every_strategy! {
    ;
    the_next_writer_inherits_log_residual_and_what_is_pending
    reading_goes_on_without_a_writer
    the_value_comes_out_with_all_that_was_pushed
    extras_are_seen_by_all
    weak_readers_keep_nothing_alive
}

fn the_next_writer_inherits_log_residual_and_what_is_pending<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let guard = reader.read();
    writer.apply(|list| list.push(1));
    writer.try_publish().unwrap();
    writer.apply(|list| list.push(2));
    assert!(matches!(Writer::new(reader.pointer().clone()), Err(WriterExists)));
    // Its destructor does not wait for the guard.
    drop(writer);
    let mut writer = Writer::new(reader.pointer().clone()).unwrap();
    assert_eq!((writer.pending(), writer.log_len()), (1, 2));
    let straggler = writer.try_publish().unwrap_err().straggler().unwrap();
    assert_eq!((straggler.since_version(), straggler.reader()), (0, reader.number()));
    assert!(guard.is_empty());
    drop(writer);
    drop(guard);
    let mut writer = Writer::new(reader.pointer().clone()).unwrap();
    assert_eq!(writer.try_publish(), Ok(2));
    assert_eq!(*reader.read(), [1, 2]);
    assert_eq!(writer.publish_both(), Ok(2));
    assert_eq!(*writer.latest().unwrap(), [1, 2]);
}

fn reading_goes_on_without_a_writer<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    writer.apply(|list| list.push(1));
    writer.try_publish().unwrap();
    assert!(!reader.is_abandoned());
    drop(writer);
    assert!(reader.is_abandoned());
    assert_eq!(*reader.clone().read(), [1]);
    let writer = Writer::new(reader.pointer().clone()).unwrap();
    assert!(!reader.is_abandoned());
    std::mem::forget(writer);
    assert!(matches!(Writer::new(reader.pointer().clone()), Err(WriterExists)), "it was forgotten");
    assert_eq!(*reader.read(), [1]);
}

fn the_value_comes_out_with_all_that_was_pushed<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    for n in 0..4 {
        writer.apply(move |list| list.push(n));
        if n == 1 {
            writer.try_publish().unwrap();
        }
        if n == 2 {
            writer.try_latest().unwrap();
        }
    }
    let weak = WeakReader::new(&reader);
    let writer = writer.into_inner().expect_err("there is a reader");
    assert!(!reader.is_abandoned());
    drop(reader);
    assert_eq!(writer.into_inner().unwrap(), [0, 1, 2, 3]);
    assert_eq!(weak.try_read(Vec::len), None);
}

#[allow(clippy::arc_with_non_send_sync, reason = "the strategies of one thread come this way too")]
fn extras_are_seen_by_all<S: Strategy>(strategy: S) {
    struct Add(u32);
    impl publish::Operation<u32, &'static str> for Add {
        fn apply(&mut self, copy: &mut u32, extras: &&'static str) {
            *copy += self.0 + extras.len() as u32;
        }
    }
    let buffer = Arc::new(Buffer::with(strategy, [0, 0], Log::<u32, Add>::new(), "beside"));
    let (mut writer, reader) = (Writer::new(buffer.clone()).unwrap(), Reader::new(buffer).unwrap());
    writer.push(Add(1));
    writer.publish_both().unwrap();
    writer.extend([Add(1), Add(1)]);
    writer.publish().unwrap();
    assert_eq!((*reader.read(), *reader.extras(), *writer.extras()), (21, "beside", "beside"));
}

#[allow(clippy::arc_with_non_send_sync, reason = "the strategies of one thread come this way too")]
fn weak_readers_keep_nothing_alive<S: Strategy>(strategy: S) {
    let token = Arc::new(());
    let buffer = Arc::new(Buffer::with(strategy, [token.clone(), token.clone()], (), ()));
    let mut writer = value::Writer::new(buffer.clone()).unwrap();
    let reader = Reader::new(buffer).unwrap();
    let weak = WeakReader::new(&reader);
    let again = weak.clone();
    drop(reader);
    assert_eq!(weak.try_read(Arc::strong_count), Some(3));
    let upgraded = again.upgrade().unwrap().unwrap();
    let guard = upgraded.read();
    writer.try_update(|_| ()).unwrap();
    drop(guard);
    drop(upgraded);
    drop(writer);
    assert_eq!(Arc::strong_count(&token), 1, "freed with the last writer and reader");
    assert!(weak.upgrade().unwrap().is_none());
    assert_eq!(again.try_read(|_| ()), None);
    assert!(format!("{weak:?}").contains("true"));
}

#[test]
fn references_and_rc_point_as_well() {
    let buffer = Rc::new(Buffer::with(Local::new(), [Rc::new(1), Rc::new(1)], (), ()));
    let (mut writer, reader) = (raw::Writer::new(buffer.clone()).unwrap(), Reader::new(buffer).unwrap());
    *writer.back().unwrap() = Rc::new(2);
    writer.publish().unwrap();
    assert_eq!(**reader.read(), 2);
    drop(reader);
    let (newer, older, (), ()) = writer.into_parts().unwrap();
    assert_eq!((*newer, *older), (2, 1));

    let buffer = Buffer::new([1, 1], ());
    let source = Source::new(&buffer);
    let mut writer = raw::Writer::new(&buffer).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(*source.reader().unwrap().read() > 0));
        *writer.back().unwrap() = 2;
        writer.publish().unwrap();
    });
    let writer = writer.into_parts().expect_err("a reference gives nothing out");
    assert_eq!(*writer.front(), 2);
    assert!(matches!(raw::Writer::new(&buffer), Err(WriterExists)));
}

#[test]
fn a_static_needs_no_pointer() {
    type Numbers = Vec<u32>;
    static NUMBERS: Buffer<Numbers, Log<Numbers, publish::Closure<Numbers>>> =
        Buffer::new([Vec::new(), Vec::new()], Log::new());
    let mut writer = Writer::new(&NUMBERS).unwrap();
    let reader = Reader::new(&NUMBERS).unwrap();
    writer.apply(|list| list.push(1));
    writer.publish().unwrap();
    std::thread::spawn(move || assert_eq!(*reader.read(), [1])).join().unwrap();
    let guard = Box::leak(Box::new(Reader::new(&NUMBERS).unwrap())).read();
    drop(writer);
    let mut writer = Writer::new(&NUMBERS).unwrap();
    writer.apply(|list| list.push(2));
    writer.publish().unwrap();
    writer.apply(|list| list.push(3));
    assert!(matches!(writer.publish(), Err(PublishError::OwnReader(_))));
    drop(guard);
    assert_eq!(writer.publish(), Ok(3));
}
