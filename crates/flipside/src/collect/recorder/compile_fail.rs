//! What must not compile, each with a twin that does and differs in that one respect. Only documentation tests
//! read this file; the nightly compiler checks the error codes as well.
//!
//! A value that must stay with its thread is refused; one that must not be shared is not:
//!
//! ```compile_fail,E0277
//! use flipside::collect::recorder::Recorder;
//! let _ = Recorder::new(1, || std::rc::Rc::new(0));
//! ```
//!
//! ```compile_fail,E0277
//! use flipside::collect::recorder::Recorder;
//! static LOCK: std::sync::Mutex<u8> = std::sync::Mutex::new(0);
//! let _ = Recorder::new(1, || LOCK.try_lock().ok());
//! ```
//!
//! ```
//! use flipside::collect::recorder::Recorder;
//! let _ = Recorder::new(1, || std::cell::Cell::new(0));
//! ```
//!
//! A value does not escape from a record:
//!
//! ```compile_fail
//! use flipside::collect::recorder::Recorder;
//! let (recorder, _snapshots) = Recorder::new(1, || 0u64).unwrap();
//! let mut writer = recorder.writer().unwrap();
//! let escaped = writer.record(|value| value);
//! *escaped += 1;
//! ```
//!
//! ```compile_fail,E0521
//! use flipside::collect::recorder::Recorder;
//! let (recorder, _snapshots) = Recorder::new(1, || 0u64).unwrap();
//! let mut writer = recorder.writer().unwrap();
//! let mut escaped = None;
//! writer.record(|value| escaped = Some(value));
//! ```
//!
//! ```
//! use flipside::collect::recorder::Recorder;
//! let (recorder, _snapshots) = Recorder::new(1, || 0u64).unwrap();
//! let mut writer = recorder.writer().unwrap();
//! let mut escaped = None;
//! writer.record(|value| escaped = Some(*value));
//! let copied = writer.record(|value| *value);
//! assert_eq!(escaped, Some(copied));
//! ```
//!
//! Nor from a visit:
//!
//! ```compile_fail,E0521
//! use flipside::collect::recorder::Recorder;
//! let (_recorder, mut snapshots) = Recorder::new(1, || 0u64).unwrap();
//! let mut escaped = Vec::new();
//! let _ = snapshots.interval(|value| escaped.push(value));
//! ```
//!
//! ```
//! use flipside::collect::recorder::Recorder;
//! let (_recorder, mut snapshots) = Recorder::new(1, || 0u64).unwrap();
//! let mut escaped = Vec::new();
//! let _ = snapshots.interval(|value| escaped.push(*value));
//! ```
//!
//! A record is not made inside of a record of the same writer; of another one it is:
//!
//! ```compile_fail,E0499
//! use flipside::collect::recorder::Recorder;
//! let (recorder, _snapshots) = Recorder::new(2, || 0u64).unwrap();
//! let mut writer = recorder.writer().unwrap();
//! writer.record(|_| writer.record(|value| *value += 1));
//! ```
//!
//! ```
//! use flipside::collect::recorder::Recorder;
//! let (recorder, _snapshots) = Recorder::new(2, || 0u64).unwrap();
//! let (mut writer, mut other) = (recorder.writer().unwrap(), recorder.writer().unwrap());
//! writer.record(|_| other.record(|value| *value += 1));
//! ```
//!
//! One writer does not record from two threads at once; it may be moved, and two may be used:
//!
//! ```compile_fail,E0499
//! use flipside::collect::recorder::Recorder;
//! let (recorder, _snapshots) = Recorder::new(1, || 0u64).unwrap();
//! let mut writer = recorder.writer().unwrap();
//! std::thread::scope(|scope| {
//!     scope.spawn(|| writer.record(|value| *value += 1));
//!     scope.spawn(|| writer.record(|value| *value += 1));
//! });
//! ```
//!
//! ```
//! use flipside::collect::recorder::Recorder;
//! let (recorder, _snapshots) = Recorder::new(2, || 0u64).unwrap();
//! let (mut writer, mut other) = (recorder.writer().unwrap(), recorder.writer().unwrap());
//! std::thread::scope(|scope| {
//!     scope.spawn(|| writer.record(|value| *value += 1));
//!     scope.spawn(|| other.record(|value| *value += 1));
//! });
//! ```
//!
//! Writers and readers are not cloned; a recorder is:
//!
//! ```compile_fail,E0599
//! use flipside::collect::recorder::Recorder;
//! let (recorder, _snapshots) = Recorder::new(2, || 0u64).unwrap();
//! let _ = recorder.writer().unwrap().clone();
//! ```
//!
//! ```compile_fail,E0599
//! use flipside::collect::recorder::Recorder;
//! let (_recorder, snapshots) = Recorder::new(2, || 0u64).unwrap();
//! let _ = snapshots.clone();
//! ```
//!
//! ```
//! use flipside::collect::recorder::Recorder;
//! let (recorder, _snapshots) = Recorder::new(2, || 0u64).unwrap();
//! let _ = recorder.clone();
//! ```
//!
//! A writer of long-lived values does not become one of short-lived ones, which it could be given to keep:
//!
//! ```compile_fail
//! use flipside::collect::recorder::Writer;
//! fn shrink<'short>(writer: Writer<Vec<&'static str>>) -> Writer<Vec<&'short str>> { writer }
//! ```
//!
//! ```
//! use flipside::collect::recorder::Writer;
//! fn keep<'short>(writer: Writer<Vec<&'short str>>) -> Writer<Vec<&'short str>> { writer }
//! ```
//!
//! Nor does it outlive what its values borrow:
//!
//! ```compile_fail,E0597
//! use flipside::collect::recorder::Recorder;
//! let (recorder, _snapshots) = Recorder::new(1, Vec::new).unwrap();
//! let mut writer = recorder.writer().unwrap();
//! {
//!     let word = String::from("gone");
//!     writer.record(|words| words.push(word.as_str()));
//! }
//! writer.record(|words| words.clear());
//! ```
//!
//! ```
//! use flipside::collect::recorder::Recorder;
//! let word = String::from("still here");
//! let (recorder, _snapshots) = Recorder::new(1, Vec::new).unwrap();
//! let mut writer = recorder.writer().unwrap();
//! {
//!     writer.record(|words| words.push(word.as_str()));
//! }
//! writer.record(|words| words.clear());
//! ```
