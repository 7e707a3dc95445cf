//! The program as its users meet it: command lines, files, pipes and signals, against the contract of the verbs.
//!
//! One binary, a module for each promise. Nothing here asserts speed; what never comes fails after `LIVENESS`.

mod support;

mod child;
mod child_end;
mod count;
mod damage;
mod failing;
mod files;
mod host;
mod idle;
mod killed;
mod live;
mod load;
mod load_journal;
mod manual;
mod order;
mod policies;
mod round_trip;
mod several;
mod show;
mod signals;
mod usage;
mod verify;
