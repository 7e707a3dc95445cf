//! What must not compile, each with a twin that does and differs in that one respect. Only documentation tests
//! read this file; the nightly compiler checks the error codes as well.
//!
//! A guard stays with the thread that entered:
//!
//! ```compile_fail,E0277
//! let (_writer, reader) = flipside::publish::value(1);
//! let guard = reader.read();
//! std::thread::scope(|scope| drop(scope.spawn(move || *guard)));
//! ```
//!
//! ```
//! let (_writer, reader) = flipside::publish::value(1);
//! std::thread::scope(|scope| drop(scope.spawn(move || *reader.read())));
//! ```
//!
//! Nor is it looked at from another:
//!
//! ```compile_fail,E0277
//! let (_writer, reader) = flipside::publish::value(1);
//! let guard = reader.read();
//! std::thread::scope(|scope| drop(scope.spawn(|| *guard)));
//! ```
//!
//! ```
//! let (_writer, reader) = flipside::publish::value(1);
//! let guard = reader.read();
//! let value: &i32 = &guard;
//! std::thread::scope(|scope| drop(scope.spawn(|| *value)));
//! ```
//!
//! A pinned reader stays with its thread, and goes to another at rest:
//!
//! ```compile_fail,E0277
//! use flipside::publish::*;
//! let (_writer, reader) = value(1);
//! let pinned = Offline::new(reader.pointer().clone()).unwrap().online();
//! std::thread::spawn(move || *pinned.get());
//! ```
//!
//! ```
//! use flipside::publish::*;
//! let (_writer, reader) = value(1);
//! let rest = Offline::new(reader.pointer().clone()).unwrap();
//! std::thread::spawn(move || *rest.online().get());
//! ```
//!
//! A reader is one thread's at a time:
//!
//! ```compile_fail,E0277
//! let (_writer, reader) = flipside::publish::value(1);
//! std::thread::scope(|scope| drop(scope.spawn(|| *reader.read())));
//! ```
//!
//! ```
//! let (_writer, reader) = flipside::publish::value(1);
//! let source = flipside::publish::Source::from(&reader);
//! std::thread::scope(|scope| drop(scope.spawn(|| *source.reader().unwrap().read())));
//! ```
//!
//! Values that may not be shared, or not be sent, stay where they are:
//!
//! ```compile_fail,E0277
//! let (_writer, reader) = flipside::publish::value(std::rc::Rc::new(1));
//! std::thread::spawn(move || **reader.read());
//! ```
//!
//! ```compile_fail,E0277
//! let (_writer, reader) = flipside::publish::value(std::cell::Cell::new(1));
//! std::thread::spawn(move || reader.read().get());
//! ```
//!
//! ```compile_fail,E0277
//! let (writer, _reader) = flipside::publish::value(std::cell::Cell::new(1));
//! std::thread::spawn(move || drop(writer));
//! ```
//!
//! ```
//! let (writer, reader) = flipside::publish::value(std::sync::Arc::new(1));
//! std::thread::spawn(move || **reader.read());
//! std::thread::spawn(move || drop(writer));
//! ```
//!
//! Guards of a lock may be shared, and not be sent; a copy of them is dropped by whoever is last:
//!
//! ```compile_fail,E0277
//! use flipside::publish::*;
//! static LOCK: std::sync::Mutex<i32> = std::sync::Mutex::new(1);
//! static OTHER: std::sync::Mutex<i32> = std::sync::Mutex::new(1);
//! let buffer = std::sync::Arc::new(Buffer::new([LOCK.lock().unwrap(), OTHER.lock().unwrap()], ()));
//! let reader = Reader::new(buffer).unwrap();
//! std::thread::spawn(move || **reader.read());
//! ```
//!
//! ```
//! use flipside::publish::*;
//! static LOCK: std::sync::Mutex<i32> = std::sync::Mutex::new(1);
//! static OTHER: std::sync::Mutex<i32> = std::sync::Mutex::new(1);
//! let buffer = std::sync::Arc::new(Buffer::new([LOCK.lock().unwrap(), OTHER.lock().unwrap()], ()));
//! let reader = Reader::new(buffer).unwrap();
//! assert_eq!(**reader.read(), 1);
//! ```
//!
//! What the writer keeps goes with it, and extras are seen by all:
//!
//! ```compile_fail,E0277
//! use flipside::publish::*;
//! let buffer = std::sync::Arc::new(Buffer::new([1, 1], std::rc::Rc::new(1)));
//! let writer = raw::Writer::new(buffer).unwrap();
//! std::thread::spawn(move || drop(writer));
//! ```
//!
//! ```compile_fail,E0277
//! use flipside::publish::*;
//! let extras = std::cell::Cell::new(1);
//! let buffer = std::sync::Arc::new(Buffer::with(Asymmetric::new(), [1, 1], (), extras));
//! let reader = Reader::new(buffer).unwrap();
//! std::thread::spawn(move || reader.extras().get());
//! ```
//!
//! ```
//! use flipside::publish::*;
//! let log = std::cell::Cell::new(1);
//! let buffer = std::sync::Arc::new(Buffer::with(Asymmetric::new(), [1, 1], log, 1));
//! let (reader, writer) = (Reader::new(buffer.clone()).unwrap(), raw::Writer::new(buffer).unwrap());
//! std::thread::spawn(move || drop(writer));
//! std::thread::spawn(move || *reader.extras());
//! ```
//!
//! A strategy for one thread keeps the buffer there, whatever points to it:
//!
//! ```compile_fail,E0277
//! use flipside::publish::{Buffer, Reader, strategy::Local};
//! let buffer = std::sync::Arc::new(Buffer::with(Local::new(), [1, 1], (), ()));
//! let reader = Reader::new(buffer).unwrap();
//! std::thread::spawn(move || *reader.read());
//! ```
//!
//! ```compile_fail,E0277
//! use flipside::publish::{Buffer, Reader, strategy::LocalAsync};
//! let buffer = Buffer::with(LocalAsync::new(), [1, 1], (), ());
//! let reader = Reader::new(&buffer).unwrap();
//! std::thread::scope(|scope| drop(scope.spawn(move || *reader.read())));
//! ```
//!
//! ```
//! use flipside::publish::{Buffer, Reader, strategy::Epochs};
//! let buffer = Buffer::with(Epochs::new(), [1, 1], (), ());
//! let reader = Reader::new(&buffer).unwrap();
//! std::thread::scope(|scope| drop(scope.spawn(move || *reader.read())));
//! ```
//!
//! A writer of long-lived references does not become one of short-lived ones, nor does a reader:
//!
//! ```compile_fail
//! use flipside::publish::{Shared, value::Writer};
//! fn shrink<'a>(writer: Writer<Shared<&'static str>>) -> Writer<Shared<&'a str>> { writer }
//! ```
//!
//! ```compile_fail
//! use flipside::publish::{Log, Operation, Shared, Writer};
//! fn shrink<'a, O>(writer: Writer<Shared<&'static str, Log<&'static str, O>>>)
//!     -> Writer<Shared<&'a str, Log<&'a str, O>>> { writer }
//! ```
//!
//! ```compile_fail
//! use flipside::publish::{Reader, Shared};
//! fn shrink<'a>(reader: Reader<Shared<&'static str>>) -> Reader<Shared<&'a str>> { reader }
//! ```
//!
//! ```
//! use flipside::publish::{Asymmetric, ReadGuard, Reader, Shared};
//! fn same(reader: Reader<Shared<&'static str>>) -> Reader<Shared<&'static str>> { reader }
//! fn shrink<'a>(guard: ReadGuard<'a, &'static str, Asymmetric>) -> ReadGuard<'a, &'a str, Asymmetric> { guard }
//! ```
//!
//! A guard, and what is borrowed from it, ends before its reader:
//!
//! ```compile_fail,E0505
//! let (_writer, reader) = flipside::publish::value(1);
//! let guard = reader.read();
//! drop(reader);
//! drop(guard);
//! ```
//!
//! ```compile_fail,E0505
//! let (_writer, reader) = flipside::publish::value(1);
//! let guard = reader.read();
//! let value: &i32 = &guard;
//! drop(guard);
//! println!("{value}");
//! ```
//!
//! ```compile_fail,E0505
//! use flipside::publish::ReadGuard;
//! let (_writer, reader) = flipside::publish::value((1, 2));
//! let part = ReadGuard::map(reader.read(), |both| &both.0);
//! let value: &i32 = &part;
//! drop(part);
//! println!("{value}");
//! ```
//!
//! ```
//! let (_writer, reader) = flipside::publish::value(1);
//! let guard = reader.read();
//! let value: &i32 = &guard;
//! println!("{value}");
//! drop(guard);
//! drop(reader);
//! ```
//!
//! What a pinned reader shows is given up before it goes on, or to rest:
//!
//! ```compile_fail,E0502
//! use flipside::publish::*;
//! let (_writer, reader) = value(1);
//! let mut pinned = Offline::new(reader.pointer().clone()).unwrap().online();
//! let value = pinned.get();
//! pinned.refresh();
//! println!("{value}");
//! ```
//!
//! ```compile_fail,E0505
//! use flipside::publish::*;
//! let (_writer, reader) = value(1);
//! let pinned = Offline::new(reader.pointer().clone()).unwrap().online();
//! let value = pinned.get();
//! pinned.offline();
//! println!("{value}");
//! ```
//!
//! ```
//! use flipside::publish::*;
//! let (_writer, reader) = value(1);
//! let mut pinned = Offline::new(reader.pointer().clone()).unwrap().online();
//! let value = pinned.get();
//! println!("{value}");
//! pinned.refresh();
//! pinned.offline();
//! ```
//!
//! The back is given up before it is published, and the front before the next is:
//!
//! ```compile_fail,E0499
//! use flipside::publish::*;
//! let mut writer = raw::Writer::new(std::sync::Arc::new(Buffer::new([1, 1], ()))).unwrap();
//! let back = writer.back().unwrap();
//! writer.publish().unwrap();
//! *back = 2;
//! ```
//!
//! ```compile_fail,E0502
//! use flipside::publish::*;
//! let mut writer = raw::Writer::new(std::sync::Arc::new(Buffer::new([1, 1], ()))).unwrap();
//! let front = writer.front();
//! writer.publish().unwrap();
//! println!("{front}");
//! ```
//!
//! ```
//! use flipside::publish::*;
//! let mut writer = raw::Writer::new(std::sync::Arc::new(Buffer::new([1, 1], ()))).unwrap();
//! let back = writer.back().unwrap();
//! *back = 2;
//! writer.publish().unwrap();
//! println!("{}", writer.front());
//! ```
//!
//! A buffer behind references outlives them:
//!
//! ```compile_fail,E0505
//! use flipside::publish::*;
//! let buffer = Buffer::new([1, 1], ());
//! let reader = Reader::new(&buffer).unwrap();
//! drop(buffer);
//! drop(reader);
//! ```
//!
//! ```
//! use flipside::publish::*;
//! let buffer = Buffer::new([1, 1], ());
//! let reader = Reader::new(&buffer).unwrap();
//! drop(reader);
//! drop(buffer);
//! ```
