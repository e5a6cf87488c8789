//! The rules of media, through the domain's contract.

#![allow(clippy::unwrap_used)] // a test that cannot continue fails

mod attach;
mod backfill;
mod check;
mod check_concurrent;
mod checking;
mod crashes;
mod delete;
mod external_codecs;
mod failed;
mod fairness;
mod faults;
mod formats;
mod machine;
mod named_blobs;
mod originals;
mod parts;
mod process;
mod quota;
mod read;
mod refused_forms;
mod scene;
mod serve;
mod stopping;
mod sweep;
mod together;
mod two_homes;
mod upload;
mod work;
