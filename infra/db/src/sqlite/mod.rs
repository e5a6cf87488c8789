//! The SQLite arm: files, and statements that run in the thread that asks for them.

mod collect;
mod migrate;
mod open;
mod readers;
mod statement;

pub(crate) use collect::{All, Collect, First, Nothing, Wanted};
pub(crate) use open::{ReadOptions, open_migrated};
pub(crate) use readers::{BorrowedReader, Readers};
pub(crate) use statement::{run, run_text};
