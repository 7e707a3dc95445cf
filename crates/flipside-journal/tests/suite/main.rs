//! The tests of the journal, in one binary. Images and hostile blocks are built by `build`, which shares no
//! code with the crate; not even the checksum.

mod build;
mod damage;
mod files;
mod flips;
mod follow;
mod hostile;
mod python;
mod report;
mod round_trip;
mod writing;
