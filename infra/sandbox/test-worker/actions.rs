//! What the worker does when it is told.
#![allow(unsafe_code)]

use std::fs::File;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::os::fd::FromRawFd as _;
use std::time::{Duration, Instant};

use infra_sandbox::{Bounds, Inside, Pool, Program};

const REQUEST_BYTES_MAX: usize = 64 * 1024 * 1024;

pub(crate) fn serve() -> io::Result<()> {
    let found = surroundings()?;
    // SAFETY: a descriptor that nobody else has.
    let raw = unsafe { File::from_raw_fd(libc::dup(1)) };
    let mut inside = Inside::enter()?;
    let landlock = inside.confine()?;
    inside.send(&[format!("{landlock:?}; {found}").as_bytes()])?;
    let mut raw = Some(raw);
    while let Some(request) = inside.receive(REQUEST_BYTES_MAX)? {
        let name = String::from_utf8_lossy(&request).into_owned();
        if name == "hang up" {
            drop((inside, raw.take()));
            std::thread::sleep(Duration::from_secs(3_600));
            return Ok(());
        }
        let response = match speak_raw(&name, raw.as_mut()) {
            Some(response) => response,
            None => action(&name, &request),
        };
        inside.send(&[&response])?;
    }
    Ok(())
}

/// What it was born with: environment, descriptors, folder.
fn surroundings() -> io::Result<String> {
    let environment: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
    let mut descriptors = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        // The folder that is being read is open, too.
        if std::fs::read_link(entry.path()).is_ok_and(|to| !to.starts_with("/proc")) {
            descriptors.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    descriptors.sort();
    Ok(format!(
        "environment {environment:?}; descriptors {descriptors:?}; folder {:?}",
        std::env::current_dir()?
    ))
}

/// Breaks the rules of the pipe.
fn speak_raw(name: &str, raw: Option<&mut File>) -> Option<Vec<u8>> {
    let raw = raw?;
    match name {
        "rubbish" => raw.write_all(&[0xff; 64]).ok()?,
        "half an answer" => {
            raw.write_all(&100_u32.to_le_bytes()).ok()?;
            raw.write_all(b"half").ok()?;
            std::process::exit(3);
        }
        _ => return None,
    }
    Some(Vec::new())
}

fn action(name: &str, request: &[u8]) -> Vec<u8> {
    // SAFETY: these are the actions of an intruder; they end the process or are refused.
    let outcome = unsafe {
        match name {
            "open" => outcome(File::open("/etc/passwd").map(drop)),
            "connect" => outcome(TcpStream::connect("127.0.0.1:9").map(drop)),
            "fork" => outcome(done(libc::fork().into())),
            "exec" => {
                let arguments = [c"/bin/true".as_ptr(), std::ptr::null()];
                outcome(done(libc::execv(arguments[0], arguments.as_ptr()).into()))
            }
            "ptrace" => outcome(done(libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0))),
            "kill" => outcome(done(libc::kill(libc::getppid(), 0).into())),
            "code" => outcome(map(libc::PROT_READ | libc::PROT_EXEC, libc::MAP_PRIVATE)),
            "shared" => outcome(map(libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED)),
            "raise limit" => outcome(done(raise_limit().into())),
            "segfault" => {
                std::ptr::null_mut::<u8>().write_volatile(1);
                String::new()
            }
            _ => return harmless(name, request),
        }
    };
    outcome.into_bytes()
}

fn harmless(name: &str, request: &[u8]) -> Vec<u8> {
    match name {
        "allocate" => vec![1; black_box(1 << 30)],
        "spin" => loop {
            black_box(0);
        },
        "deaf spin" => {
            // SAFETY: a signal is ignored.
            unsafe { libc::signal(libc::SIGXCPU, libc::SIG_IGN) };
            loop {
                black_box(0);
            }
        }
        "swarm" => {
            for _ in 0..100 {
                std::thread::spawn(|| std::thread::sleep(Duration::from_secs(3_600)));
            }
            std::thread::sleep(Duration::from_secs(3_600));
            Vec::new()
        }
        "sleep" => {
            std::thread::sleep(Duration::from_secs(3_600));
            Vec::new()
        }
        "abort" => std::process::abort(),
        "panic" => panic!("on purpose,\nin two lines"),
        "thread" => std::thread::spawn(|| b"from a thread".to_vec())
            .join()
            .unwrap_or_default(),
        "talk" => {
            let _ = io::stderr().write_all(&[b'x'; 1 << 20]);
            let _ = io::stdout().write_all(b"not an answer\n");
            b"talked".to_vec()
        }
        _ => request.to_vec(),
    }
}

fn done(result: libc::c_long) -> io::Result<()> {
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// # Safety
/// Makes a mapping that nobody uses.
unsafe fn map(protection: i32, flags: i32) -> io::Result<()> {
    let flags = flags | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping, where the kernel likes.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), 4_096, protection, flags, -1, 0) };
    done(if memory == libc::MAP_FAILED { -1 } else { 0 })
}

fn raise_limit() -> i32 {
    let limit = libc::rlimit {
        rlim_cur: 1,
        rlim_max: 1,
    };
    // SAFETY: the limit is a local.
    unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }
}

fn outcome(result: io::Result<()>) -> String {
    match result {
        Ok(()) => "done".to_owned(),
        Err(error) => format!("refused: {error}"),
    }
}

/// Starts a worker, says which, and waits.
pub(crate) fn be_a_parent() -> io::Result<()> {
    let bounds = Bounds {
        workers_max: 1,
        idle_max: Duration::from_secs(3_600),
        start_max: Duration::from_secs(30),
        memory_bytes_max: 64 << 20,
        processor_max: Duration::from_secs(60),
        threads_max: 16,
    };
    let program = Program::this(std::iter::empty::<&str>());
    let pool = Pool::new(program, bounds).map_err(io::Error::other)?;
    let lease = pool
        .lease(Instant::now() + Duration::from_secs(30))
        .map_err(io::Error::other)?;
    println!("{}", lease.process().unwrap_or_default());
    std::thread::sleep(Duration::from_secs(3_600));
    drop(lease);
    Ok(())
}
