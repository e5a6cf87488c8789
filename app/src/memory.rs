//! How much memory the heap of the C library keeps for threads that come and go.
#![allow(unsafe_code)]

/// How many heaps there are for each processor. With one, threads that serve and threads that work
/// on photos get in each other's way: a served file takes a quarter more processor time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HEAPS_PER_PROCESSOR: usize = 2;

/// Shares two heaps among the threads of each processor, unless the environment tunes the heaps. To
/// be called before there are threads.
///
/// The GNU C library has up to eight heaps a processor, and each keeps up to 64 MiB of what large
/// pictures left, for no gain in time: see `docs/adr/0018`.
pub fn share_heaps() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if ["MALLOC_ARENA_MAX", "GLIBC_TUNABLES"]
        .iter()
        // Who tunes the heaps by hand knows better.
        .all(|name| !crate::config::is_set(std::env::var_os(name)))
    {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let heaps =
            libc::c_int::try_from(processors * HEAPS_PER_PROCESSOR).unwrap_or(libc::c_int::MAX);
        // SAFETY: it takes two numbers, and no other thread allocates yet. Should it refuse, all
        // stays as it was.
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, heaps);
        }
    }
}
