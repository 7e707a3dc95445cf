//! What must not compile, each with a twin that does and differs in that one respect. Only documentation tests
//! read this file; the nightly compiler checks the error codes as well.
//!
//! A claim stays with its thread:
//!
//! ```compile_fail,E0277
//! use flipside::collect::*;
//! let (collector, _drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let mut writer = collector.writer().unwrap();
//! let claim = writer.claim(8).unwrap();
//! std::thread::scope(|scope| drop(scope.spawn(move || claim.commit())));
//! ```
//!
//! ```
//! use flipside::collect::*;
//! let (collector, _drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let mut writer = collector.writer().unwrap();
//! std::thread::scope(|scope| drop(scope.spawn(move || writer.claim(8).unwrap().commit())));
//! ```
//!
//! Nor is it looked at from another:
//!
//! ```compile_fail,E0277
//! fn shared<T: Sync>() {}
//! shared::<flipside::collect::Claim<'static>>();
//! ```
//!
//! ```
//! fn shared<T: Sync>() {}
//! shared::<flipside::collect::Writer>();
//! shared::<flipside::collect::Drain>();
//! shared::<flipside::collect::Batch<'static>>();
//! ```
//!
//! A writer does not write while its claim is open:
//!
//! ```compile_fail,E0499
//! use flipside::collect::*;
//! let (collector, _drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let mut writer = collector.writer().unwrap();
//! let claim = writer.claim(8).unwrap();
//! writer.write(b"x").unwrap();
//! claim.commit();
//! ```
//!
//! ```
//! use flipside::collect::*;
//! let (collector, _drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let mut writer = collector.writer().unwrap();
//! let claim = writer.claim(8).unwrap();
//! claim.commit();
//! writer.write(b"x").unwrap();
//! ```
//!
//! Nor is it dropped or moved then:
//!
//! ```compile_fail,E0505
//! use flipside::collect::*;
//! let (collector, _drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let mut writer = collector.writer().unwrap();
//! let claim = writer.claim(8).unwrap();
//! drop(writer);
//! claim.commit();
//! ```
//!
//! All of this holds for a batch of records as well:
//!
//! ```compile_fail,E0277
//! use flipside::collect::*;
//! let (collector, _drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let mut writer = collector.writer().unwrap();
//! let batch = writer.claim_batch(8).unwrap();
//! std::thread::scope(|scope| drop(scope.spawn(move || batch.commit())));
//! ```
//!
//! ```compile_fail,E0499
//! use flipside::collect::*;
//! let (collector, _drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let mut writer = collector.writer().unwrap();
//! let batch = writer.claim_batch(8).unwrap();
//! writer.write(b"x").unwrap();
//! batch.commit();
//! ```
//!
//! ```compile_fail,E0505
//! use flipside::collect::*;
//! let (collector, _drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let mut writer = collector.writer().unwrap();
//! let batch = writer.claim_batch(8).unwrap();
//! drop(writer);
//! batch.commit();
//! ```
//!
//! ```
//! use flipside::collect::*;
//! let (collector, _drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let mut writer = collector.writer().unwrap();
//! let batch = writer.claim_batch(8).unwrap();
//! batch.commit();
//! writer.write(b"x").unwrap();
//! std::thread::scope(|scope| drop(scope.spawn(move || writer.claim_batch(8).unwrap().commit())));
//! ```
//!
//! Room in a claim is gone with the next room, and with the claim:
//!
//! ```compile_fail,E0499
//! use flipside::collect::*;
//! let (collector, _drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let mut writer = collector.writer().unwrap();
//! let mut claim = writer.claim(8).unwrap();
//! let one = claim.zeroed(4).unwrap();
//! let two = claim.zeroed(4).unwrap();
//! one[0] = two[0];
//! ```
//!
//! ```compile_fail,E0505
//! use flipside::collect::*;
//! let (collector, _drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let mut writer = collector.writer().unwrap();
//! let mut claim = writer.claim(8).unwrap();
//! let one = claim.zeroed(4).unwrap();
//! claim.commit();
//! one[0] = 1;
//! ```
//!
//! ```
//! use flipside::collect::*;
//! let (collector, _drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let mut writer = collector.writer().unwrap();
//! let mut claim = writer.claim(8).unwrap();
//! let one = claim.zeroed(4).unwrap();
//! one[0] = 1;
//! let two = claim.zeroed(4).unwrap();
//! two[0] = 1;
//! claim.commit();
//! ```
//!
//! A batch's slices and records end with its release:
//!
//! ```compile_fail,E0505
//! use flipside::collect::*;
//! let (_collector, mut drain) = Builder::new(Overflow::Fail).build().unwrap();
//! if let Next::Batch(batch) = drain.try_next() {
//!     let slice = batch.slices().next().unwrap();
//!     batch.release();
//!     println!("{}", slice.len());
//! }
//! ```
//!
//! ```compile_fail,E0505
//! use flipside::collect::*;
//! let (_collector, mut drain) = Builder::new(Overflow::Fail).build().unwrap();
//! if let Next::Batch(batch) = drain.try_next() {
//!     let record = batch.records().next().unwrap();
//!     batch.release();
//!     println!("{record:?}");
//! }
//! ```
//!
//! ```
//! use flipside::collect::*;
//! let (_collector, mut drain) = Builder::new(Overflow::Fail).build().unwrap();
//! if let Next::Batch(batch) = drain.try_next() {
//!     let slice = batch.slices().next().unwrap();
//!     let record = batch.records().next().unwrap();
//!     println!("{} {record:?}", slice.len());
//!     batch.release();
//! }
//! ```
//!
//! They do not escape from a sink, and the sink does not release:
//!
//! ```compile_fail,E0521
//! use flipside::collect::*;
//! let (_collector, mut drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let mut kept = Vec::new();
//! let _ = drain.run(|batch| { kept.extend(batch.slices()); Err(()) });
//! ```
//!
//! ```compile_fail,E0507
//! use flipside::collect::*;
//! let (_collector, mut drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let _ = drain.run(|batch| { batch.release(); Err(()) });
//! ```
//!
//! ```
//! use flipside::collect::*;
//! let (collector, mut drain) = Builder::new(Overflow::Fail).build().unwrap();
//! collector.request_close();
//! let mut kept = Vec::new();
//! let _ = drain.run(|batch| { kept.extend(batch.slices().map(<[u8]>::to_vec)); Err(()) });
//! ```
//!
//! There is one reader, with one batch at a time:
//!
//! ```compile_fail,E0599
//! use flipside::collect::*;
//! let (_collector, drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let _other = drain.clone();
//! ```
//!
//! ```compile_fail,E0599
//! use flipside::collect::*;
//! let (collector, _drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let _other = collector.writer().unwrap().clone();
//! ```
//!
//! ```
//! use flipside::collect::*;
//! let (collector, _drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let _other = collector.clone();
//! ```
//!
//! ```compile_fail,E0499
//! use flipside::collect::*;
//! let (_collector, mut drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let one = drain.try_next();
//! let two = drain.try_next();
//! drop((one, two));
//! ```
//!
//! ```compile_fail,E0505
//! use flipside::collect::*;
//! let (_collector, mut drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let one = drain.try_next();
//! drop(drain);
//! drop(one);
//! ```
//!
//! ```
//! use flipside::collect::*;
//! let (_collector, mut drain) = Builder::new(Overflow::Fail).build().unwrap();
//! let one = drain.try_next();
//! drop(one);
//! let two = drain.try_next();
//! drop(two);
//! drop(drain);
//! ```
