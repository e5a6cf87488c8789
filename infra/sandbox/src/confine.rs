//! What a worker gives up before it reads anything.
//!
//! Three things, each of which holds if the others fail: Landlock denies files and TCP, limits deny
//! memory and new descriptors, and a filter allows the few system calls that computing takes. Forks
//! are denied by the filter and not by a limit on processes, which counts every thread of the user,
//! the server's among them, and does not hold for root. Decoders make threads after they were
//! confined, so the parent counts these instead.

use std::collections::BTreeMap;
use std::io;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetStatus, Scope,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use crate::Landlock;
use crate::sys::{self, Resource};

/// Address space beyond the memory that may be written: program and libraries, and what heaps
/// reserve and do not use.
const RESERVED_BYTES: u64 = 1024 * 1024 * 1024;

pub(crate) fn confine(memory_bytes_max: u64) -> io::Result<Landlock> {
    // Landlock holds for the calling thread and those that it starts.
    let threads = std::fs::read_dir("/proc/self/task")?.count();
    if threads != 1 {
        return Err(io::Error::other(format!(
            "{threads} threads run, and only one can be confined"
        )));
    }
    let landlock = deny_files().map_err(io::Error::other)?;
    sys::limit(Resource::WritableMemory, memory_bytes_max)?;
    let address_space = memory_bytes_max.saturating_add(RESERVED_BYTES);
    sys::limit(Resource::AddressSpace, address_space)?;
    for nothing in [
        Resource::OpenFiles,
        Resource::FileBytes,
        Resource::CoreBytes,
        Resource::LockedMemory,
        Resource::QueueBytes,
    ] {
        sys::limit(nothing, 0)?;
    }
    filter_system_calls().map_err(io::Error::other)?;
    Ok(landlock)
}

/// Denies every access to files, TCP, and abstract sockets and signals of others, as far as the
/// kernel can.
fn deny_files() -> Result<Landlock, landlock::RulesetError> {
    let all = ABI::V6;
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(all))?
        .handle_access(AccessNet::from_all(all))?
        .scope(Scope::from_all(all))?
        .create()?
        .restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Landlock::Full,
        RulesetStatus::PartiallyEnforced => Landlock::Partial,
        RulesetStatus::NotEnforced => Landlock::Absent,
    })
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Three filters, of which the strictest result counts: what only an intruder does is death, a
/// newer way to make threads is said not to exist so that the C library takes the one that can be
/// checked, and everything not allowed is refused.
fn filter_system_calls() -> Result<(), seccompiler::Error> {
    let refuse = |error: i32| SeccompAction::Errno(error.unsigned_abs());
    install(deadly(), SeccompAction::Allow, SeccompAction::KillProcess)?;
    let newer_clone = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    install(newer_clone, SeccompAction::Allow, refuse(libc::ENOSYS))?;
    // Last, because it refuses to install another.
    install(allowed()?, refuse(libc::EPERM), SeccompAction::Allow)
}

fn install(
    rules: Rules,
    otherwise: SeccompAction,
    matched: SeccompAction,
) -> Result<(), seccompiler::Error> {
    let architecture = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(rules, otherwise, matched, architecture)?;
    seccompiler::apply_filter_all_threads(&BpfProgram::try_from(filter)?)
}

/// Calls that no codec makes: anyone who makes them has taken the worker over.
fn deadly() -> Rules {
    let calls = [
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_io_uring_setup,
        libc::SYS_bpf,
        libc::SYS_userfaultfd,
        libc::SYS_perf_event_open,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_mount,
        libc::SYS_keyctl,
        libc::SYS_kill,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_fork,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_vfork,
    ];
    calls.into_iter().map(|call| (call, Vec::new())).collect()
}

/// What computing and responding take. Nothing here opens, names or reaches anything outside the
/// process.
fn allowed() -> Result<Rules, seccompiler::Error> {
    let whatever = [
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_sched_yield,
        libc::SYS_set_robust_list,
        libc::SYS_rseq,
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        // Rust's handler of bad memory accesses takes itself away by it, so that the second one
        // ends the process.
        libc::SYS_rt_sigaction,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_getrandom,
        // Decided by the filter before this one.
        libc::SYS_clone3,
    ];
    let mut rules: Rules = whatever
        .into_iter()
        .map(|call| (call, Vec::new()))
        .collect();
    let bits = |argument, bits: i32, value: i32| masked(argument, bits, value);
    // No code can be made, and no memory that limits do not count.
    let no_code = bits(2, libc::PROT_EXEC, 0)?;
    let private = bits(3, libc::MAP_SHARED, 0)?;
    rules.insert(libc::SYS_mmap, rule(vec![no_code.clone(), private])?);
    rules.insert(libc::SYS_mprotect, rule(vec![no_code])?);
    // Threads, and no processes.
    let thread = bits(0, libc::CLONE_THREAD, libc::CLONE_THREAD)?;
    rules.insert(libc::SYS_clone, rule(vec![thread])?);
    // A thread may be given a name, and the process may end itself by a signal, as abort does.
    rules.insert(libc::SYS_prctl, rule(vec![equal(0, libc::PR_SET_NAME)?])?);
    let own = i32::try_from(std::process::id()).unwrap_or(i32::MAX);
    rules.insert(libc::SYS_tgkill, rule(vec![equal(0, own)?])?);
    Ok(rules)
}

fn rule(conditions: Vec<SeccompCondition>) -> Result<Vec<SeccompRule>, seccompiler::Error> {
    Ok(vec![SeccompRule::new(conditions)?])
}

fn masked(argument: u8, bits: i32, value: i32) -> Result<SeccompCondition, seccompiler::Error> {
    let mask = SeccompCmpOp::MaskedEq(u64::from(bits.unsigned_abs()));
    let value = u64::from(value.unsigned_abs());
    Ok(SeccompCondition::new(
        argument,
        SeccompCmpArgLen::Dword,
        mask,
        value,
    )?)
}

fn equal(argument: u8, value: i32) -> Result<SeccompCondition, seccompiler::Error> {
    let value = u64::from(value.unsigned_abs());
    Ok(SeccompCondition::new(
        argument,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::Eq,
        value,
    )?)
}
