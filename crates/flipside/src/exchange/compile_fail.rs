//! What must not compile, each with a twin that does and differs in that one respect. Only documentation tests read this file;
//! the nightly compiler checks the error codes as well.
//!
//! A round is used up by publishing; it cannot be written to afterwards:
//!
//! ```compile_fail,E0382
//! flipside::exchange::parties(1).segment(1, |_, _| 0).scope(|mut round| {
//!     let pending = round.publish();
//!     round.own()[0] = 1;
//!     drop(pending.wait());
//! }).unwrap();
//! ```
//!
//! ```
//! flipside::exchange::parties(1).segment(1, |_, _| 0).scope(|mut round| {
//!     round.own()[0] = 1;
//!     let pending = round.publish();
//!     drop(pending.wait());
//! }).unwrap();
//! ```
//!
//! What is pending has no view:
//!
//! ```compile_fail,E0599
//! flipside::exchange::parties(1).segment(1, |_, _| 0).scope(|round| round.publish().view().all()[0]).unwrap();
//! ```
//!
//! ```
//! flipside::exchange::parties(1).segment(1, |_, _| 0).scope(|round| round.publish().wait().unwrap().view().all()[0]).unwrap();
//! ```
//!
//! A view ends before the next round is published:
//!
//! ```compile_fail,E0505
//! flipside::exchange::parties(1).segment(1, |_, _| 0).scope(|round| {
//!     let view = round.view();
//!     let pending = round.publish();
//!     println!("{}", view.all()[0]);
//!     drop(pending.wait());
//! }).unwrap();
//! ```
//!
//! ```
//! flipside::exchange::parties(1).segment(1, |_, _| 0).scope(|round| {
//!     let view = round.view();
//!     println!("{}", view.all()[0]);
//!     let pending = round.publish();
//!     drop(pending.wait());
//! }).unwrap();
//! ```
//!
//! So does a segment that is lent for writing:
//!
//! ```compile_fail,E0505
//! flipside::exchange::parties(1).segment(1, |_, _| 0).scope(|mut round| {
//!     let (own, _) = round.split();
//!     let pending = round.publish();
//!     own[0] = 1;
//!     drop(pending.wait());
//! }).unwrap();
//! ```
//!
//! ```
//! flipside::exchange::parties(1).segment(1, |_, _| 0).scope(|mut round| {
//!     let (own, _) = round.split();
//!     own[0] = 1;
//!     let pending = round.publish();
//!     drop(pending.wait());
//! }).unwrap();
//! ```
//!
//! What one has read does not outlive the round:
//!
//! ```compile_fail,E0597
//! let mut parties = flipside::exchange::parties(1).segment(1, |_, _| 0).build().unwrap();
//! let kept: &[i32];
//! {
//!     let round = parties.pop().unwrap().start();
//!     kept = round.view().all();
//! }
//! println!("{}", kept[0]);
//! ```
//!
//! ```
//! let mut parties = flipside::exchange::parties(1).segment(1, |_, _| 0).build().unwrap();
//! let kept: &[i32];
//! let round = parties.pop().unwrap().start();
//! {
//!     kept = round.view().all();
//! }
//! println!("{}", kept[0]);
//! ```
//!
//! With two sides there is no view of the round before:
//!
//! ```compile_fail,E0599
//! flipside::exchange::parties(1).segment(1, |_, _| 0).scope(|round| round.before().all()[0]).unwrap();
//! ```
//!
//! ```
//! flipside::exchange::parties(1).three_sides().segment(1, |_, _| 0).scope(|round| round.before().all()[0]).unwrap();
//! ```
//!
//! A narrow round does not reach all:
//!
//! ```compile_fail,E0599
//! flipside::exchange::parties(1).segment(1, |_, _| 0).neighbours(|_| []).scope(|round| {
//!     round.narrow().view().all()[0]
//! }).unwrap();
//! ```
//!
//! ```
//! flipside::exchange::parties(1).segment(1, |_, _| 0).neighbours(|_| []).scope(|round| {
//!     round.narrow().view().segment(0).unwrap()[0]
//! }).unwrap();
//! ```
//!
//! Elements are read by all threads:
//!
//! ```compile_fail,E0277
//! use std::cell::Cell;
//! flipside::exchange::parties(1).segment(1, |_, _| Cell::new(0)).build().unwrap();
//! ```
//!
//! ```
//! use std::sync::atomic::AtomicI32;
//! flipside::exchange::parties(1).segment(1, |_, _| AtomicI32::new(0)).build().unwrap();
//! ```
//!
//! and dropped by any:
//!
//! ```compile_fail,E0277
//! use std::sync::Mutex;
//! let lock = Box::leak(Box::new(Mutex::new(0)));
//! flipside::exchange::parties(1).segment(1, |_, _| lock.lock().unwrap()).build().unwrap();
//! ```
//!
//! ```
//! use std::sync::Mutex;
//! let lock = Box::leak(Box::new(Mutex::new(0)));
//! flipside::exchange::parties(1).segment(1, |_, _| &*lock).build().unwrap();
//! ```
//!
//! An element that borrows for long is not one that borrows for a moment:
//!
//! ```compile_fail,E0597
//! use flipside::exchange::{Contiguous, Round, parties};
//! fn put<'a>(round: &mut Round<Contiguous<&'a str>>, word: &'a str) {
//!     round.own()[0] = word;
//! }
//! let mut round = parties(1).segment(1, |_, _| "always").build().unwrap().pop().unwrap().start();
//! {
//!     let word = String::from("not for long");
//!     put(&mut round, &word);
//! }
//! drop(round);
//! ```
//!
//! ```
//! use flipside::exchange::{Contiguous, Round, parties};
//! fn put<'a>(round: &mut Round<Contiguous<&'a str>>, word: &'a str) {
//!     round.own()[0] = word;
//! }
//! let word = String::from("long enough");
//! let mut round = parties(1).segment(1, |_, _| "always").build().unwrap().pop().unwrap().start();
//! {
//!     put(&mut round, &word);
//! }
//! drop(round);
//! ```
