//! Long work stands back behind short.

/// How far: a nice value, from 0 to 19. Beside a thread that does not run at lower priority and
/// wants the same processor, one that does gets a tenth of it (Linux weighs the two 110 to 1,024);
/// of a processor that nobody else wants it gets all.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Lets this thread run at lower priority behind those that serve people, for good, and with it
/// every thread and process that is started from it.
///
/// Linux counts this by threads. Elsewhere it would hold for the whole process, so nothing is done.
pub fn lower_priority() {
    // A system that forbids even this is slower for people, and works.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_the_thread_that_says_so_stands_back() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        let (stood_back, child) = std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                lower_priority();
                (nice(), scope.spawn(nice).join().unwrap())
            });
            thread.join().unwrap()
        });
        assert_eq!((stood_back, child), (NICE, NICE));
        assert_eq!(nice(), before);
    }
}
