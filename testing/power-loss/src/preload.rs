//! What stands in front of `fsync` and `fdatasync` in the program under test.
#![allow(unsafe_code)] // the C library's functions are replaced, which cannot be checked

use std::ffi::{c_int, c_long};
use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd as _;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::journal::names_in;
use crate::{JOURNAL_VARIABLE, Journal};

/// The C library's `fsync`, with a copy of what it has made durable.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn fsync(descriptor: c_int) -> c_int {
    sync(libc::SYS_fsync, descriptor)
}

/// The C library's `fdatasync`, with a copy of what it has made durable.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn fdatasync(descriptor: c_int) -> c_int {
    sync(libc::SYS_fdatasync, descriptor)
}

fn sync(call: c_long, descriptor: c_int) -> c_int {
    /// The copies of one file are made in the order of its syncs.
    static IN_ORDER: Mutex<()> = Mutex::new(());
    let Some(journal) = journal() else {
        return call_kernel(call, descriptor);
    };
    let _guard = IN_ORDER.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: the descriptor is open as long as its sync has not returned, and is not closed here.
    let file = ManuallyDrop::new(unsafe { File::from_raw_fd(descriptor) });
    // Before the sync: a name that comes during it may not be on the disk.
    let names = must(names_in(&file));
    let result = call_kernel(call, descriptor);
    // What the kernel could not sync is not synced.
    if result == 0 {
        must(journal.record_with(&file, names.as_deref()));
    }
    result
}

/// 0, or -1 with the thread's `errno`.
fn call_kernel(call: c_long, descriptor: c_int) -> c_int {
    // SAFETY: both calls take a descriptor and nothing else.
    let result = unsafe { libc::syscall(call, descriptor) };
    // `syscall` sets `errno` itself, as the function that it stands in for would.
    if result == 0 { 0 } else { -1 }
}

/// A copy that cannot be made would let a test pass that has shown nothing: the program ends.
fn must<T>(result: io::Result<T>) -> T {
    result.unwrap_or_else(|error| {
        eprintln!("what was synced could not be copied to the journal: {error}");
        std::process::abort();
    })
}

/// Where copies go; nowhere in a program that is not under test.
fn journal() -> Option<&'static Journal> {
    static JOURNAL: OnceLock<Option<Journal>> = OnceLock::new();
    let open = || {
        let folder = std::env::var_os(JOURNAL_VARIABLE)?;
        Some(must(Journal::open(Path::new(&folder))))
    };
    JOURNAL.get_or_init(open).as_ref()
}
