//! Two buffers between threads.
//!
//! *Some threads **enter** a side; somebody **flips**; nobody takes the vacated side until its last
//! **straggler** has left.* That one sentence holds the whole family:
//!
//! | topology | who enters a side | holding | who flips | who waits for stragglers | what the vacated side is for |
//! |---|---|---|---|---|---|
//! | [`publish`]: one writer, many readers | readers | `&T` | the writer | the writer, before its next write | repeat what the other side has, write on |
//! | [`collect`]: many writers, one reader | writers | disjoint `&mut [u8]` (a claim) | the reader | the reader, before it drains | drain to disk, reset |
//! | [`collect::recorder`]: the same for counters and histograms | each writer, a lane of its own | `&mut T` | the reader | the reader, before it visits | merge, reset |
//! | [`exchange`]: every party to every party | all parties | `&mut` own segment in front, `&` all segments behind | the last to arrive | everyone | front and back change roles |
//!
//! # Features
//!
//! - `std` (default): blocking, timed and async waits (on any runtime). Without it the core is `no_std` + `alloc` and
//!   offers polling only.
//!
//! # Platforms
//!
//! Any target with pointer-sized atomics for the protocol and 64-bit atomics for the counters. No ordering
//! rests on x86; the proofs are in each topology's documentation and the models run under `loom`.
#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(feature = "alloc")]
pub mod collect;
#[cfg(feature = "std")]
pub mod exchange;
pub mod publish;
mod substrate;
