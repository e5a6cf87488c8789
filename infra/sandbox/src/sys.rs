//! Every call that the compiler cannot check: thin wrappers over the C library, each with its
//! reason.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::time::Duration;

/// The first descriptor after standard input, output and error.
const FIRST_OTHER_DESCRIPTOR: libc::c_uint = 3;

/// What a pipe should hold, in bytes: large pictures pass with fewer changes between the processes.
/// It is what an unprivileged process may ask for.
const PIPE_BYTES: libc::c_int = 1024 * 1024;

/// Starts a worker that dies with the calling thread, can gain no rights, and inherits nothing but
/// its three pipes.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    let parent = std::process::id();
    // SAFETY: between fork and exec the closure makes system calls and nothing else: it allocates
    // nothing and takes no lock.
    unsafe {
        command.pre_exec(move || prepare(parent));
    }
    command.spawn()
}

/// Runs in the child, before the program is loaded.
fn prepare(parent: u32) -> io::Result<()> {
    // SAFETY: plain system calls on numbers; no memory is handed over.
    unsafe {
        checked(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
        // The parent may have died before that was set, and would never be missed.
        if u32::try_from(libc::getppid()) != Ok(parent) {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        checked(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
        // A session of its own: Ctrl-C is for the server, which lets its workers finish.
        checked(libc::setsid())?;
        // A worker that fills its standard error loses words and does not wait.
        checked(libc::fcntl(
            libc::STDERR_FILENO,
            libc::F_SETFL,
            libc::O_NONBLOCK,
        ))?;
        // Closed when the program is loaded, not now: the standard library still has to tell of a
        // failure.
        let closed = libc::syscall(
            libc::SYS_close_range,
            FIRST_OTHER_DESCRIPTOR,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        );
        if closed == -1 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

/// Makes reads and writes say that they would have to wait, instead of waiting.
pub(crate) fn respond_immediately(pipe: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the descriptor is open for as long as it is borrowed; the flags are numbers.
    unsafe {
        let flags = checked(libc::fcntl(pipe.as_raw_fd(), libc::F_GETFL))?;
        checked(libc::fcntl(
            pipe.as_raw_fd(),
            libc::F_SETFL,
            flags | libc::O_NONBLOCK,
        ))?;
    }
    Ok(())
}

/// Makes a pipe hold more. Refused when this user has many pipes; it is then slower, not wrong.
pub(crate) fn widen(pipe: BorrowedFd<'_>) {
    // SAFETY: the descriptor is open for as long as it is borrowed; the size is a number.
    unsafe {
        libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, PIPE_BYTES);
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ready {
    Read,
    Write,
}

/// Waits until the pipe can be read or written, or was hung up. False when the time is up.
pub(crate) fn wait(pipe: BorrowedFd<'_>, ready: Ready, timeout: Duration) -> io::Result<bool> {
    let mut poll = libc::pollfd {
        fd: pipe.as_raw_fd(),
        events: match ready {
            Ready::Read => libc::POLLIN,
            Ready::Write => libc::POLLOUT,
        },
        revents: 0,
    };
    // Rounded up, so that the last fraction of a millisecond is slept and not spun through.
    let milliseconds = i32::try_from(timeout.as_micros().div_ceil(1_000)).unwrap_or(i32::MAX);
    // SAFETY: one pollfd, which lives across the call.
    match checked(unsafe { libc::poll(&raw mut poll, 1, milliseconds) }) {
        Ok(ready) => Ok(ready > 0),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(error) => Err(error),
    }
}

/// The processor time that a child which was not waited for has used, all threads together.
pub(crate) fn processor_time(process: u32) -> io::Result<Duration> {
    let process = libc::pid_t::try_from(process).map_err(io::Error::other)?;
    let mut clock: libc::clockid_t = 0;
    let mut used = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: every pointer is to a local that lives across its call; the process is a child that
    // was not waited for, so its number is not another's.
    unsafe {
        match libc::clock_getcpuclockid(process, &raw mut clock) {
            0 => {}
            error => return Err(io::Error::from_raw_os_error(error)),
        }
        checked(libc::clock_gettime(clock, &raw mut used))?;
    }
    Ok(Duration::new(
        u64::try_from(used.tv_sec).unwrap_or(0),
        u32::try_from(used.tv_nsec).unwrap_or(0),
    ))
}

/// Gives a process so much more processor time, in seconds, before it gets SIGXCPU, and when that
/// is for the last time, one second more before it is killed. What was taken so cannot be given
/// again without privileges, so a worker that is used again keeps it. Returns with the whole that
/// it may use.
pub(crate) fn allow_processor_time(process: u32, seconds: u64, last: bool) -> io::Result<Duration> {
    // The second that is under way counts as used.
    let until = (processor_time(process)?.as_secs() + 1).saturating_add(seconds);
    change_limit(process, libc::RLIMIT_CPU, |limit| {
        limit.rlim_cur = limit.rlim_max.min(until);
        if last {
            limit.rlim_max = limit.rlim_max.min(until.saturating_add(1));
        }
    })?;
    Ok(Duration::from_secs(until))
}

/// Lets a process have so much memory that it can write to, in bytes; what it has already counts.
pub(crate) fn allow_memory(process: u32, bytes: u64) -> io::Result<()> {
    change_limit(process, libc::RLIMIT_DATA, |limit| {
        limit.rlim_cur = limit.rlim_max.min(bytes);
    })
}

fn change_limit(
    process: u32,
    resource: libc::__rlimit_resource_t,
    change: impl FnOnce(&mut libc::rlimit),
) -> io::Result<()> {
    let process = libc::pid_t::try_from(process).map_err(io::Error::other)?;
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the limit is a local that lives across both calls; the process is this one or a child
    // that was not waited for.
    unsafe {
        let none = std::ptr::null_mut();
        checked(libc::prlimit(process, resource, none, &raw mut limit))?;
        change(&mut limit);
        checked(libc::prlimit(process, resource, &raw const limit, none))?;
    }
    Ok(())
}

/// What a process may not have more of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Resource {
    AddressSpace,
    WritableMemory,
    OpenFiles,
    FileBytes,
    CoreBytes,
    LockedMemory,
    QueueBytes,
}

/// Limits this process for good. Where it is limited to less already, by the one who started the
/// server, that stays.
pub(crate) fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let resource = match resource {
        Resource::AddressSpace => libc::RLIMIT_AS,
        Resource::WritableMemory => libc::RLIMIT_DATA,
        Resource::OpenFiles => libc::RLIMIT_NOFILE,
        Resource::FileBytes => libc::RLIMIT_FSIZE,
        Resource::CoreBytes => libc::RLIMIT_CORE,
        Resource::LockedMemory => libc::RLIMIT_MEMLOCK,
        Resource::QueueBytes => libc::RLIMIT_MSGQUEUE,
    };
    change_limit(std::process::id(), resource, |limit| {
        limit.rlim_max = limit.rlim_max.min(most);
        limit.rlim_cur = limit.rlim_max;
    })
}

/// Takes standard input and output for messages, and leaves in their place nothing to read and
/// standard error to write to: a library that prints does not spoil the messages.
pub(crate) fn take_pipes() -> io::Result<(File, File)> {
    let nothing = File::open("/dev/null")?;
    let duplicate = |descriptor: RawFd| -> io::Result<File> {
        // SAFETY: the new descriptor is nobody else's.
        unsafe {
            let descriptor = checked(libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 3))?;
            Ok(File::from(OwnedFd::from_raw_fd(descriptor)))
        }
    };
    let pipes = (
        duplicate(libc::STDIN_FILENO)?,
        duplicate(libc::STDOUT_FILENO)?,
    );
    // SAFETY: numbers of open descriptors; the standard library keeps no state about those it
    // replaces.
    unsafe {
        checked(libc::dup2(nothing.as_raw_fd(), libc::STDIN_FILENO))?;
        checked(libc::dup2(libc::STDERR_FILENO, libc::STDOUT_FILENO))?;
    }
    Ok(pipes)
}
