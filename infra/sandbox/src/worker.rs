//! One worker process, as its parent sees it.

use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::sys::{self, Ready};
use crate::{Bounds, Program, SandboxError};

/// Of what a worker wrote to standard error, so much is kept for the log, in bytes.
const LAST_WORDS_BYTES: usize = 1_024;
/// What a pipe holds that nobody reads, in bytes: the most that a worker can have left there.
const STANDARD_ERROR_BYTES: usize = 64 * 1024;
/// The most that a greeting may be, in bytes.
const GREETING_BYTES_MAX: usize = 64 * 1024;
/// How long a worker that hung up may take to be gone, before it is killed.
const HANGUP_GRACE: Duration = Duration::from_millis(500);
/// What a worker's heap may keep for later, and the largest block that comes from it, in bytes.
const HEAP_KEEPS_BYTES: &str = "131072";
/// How often a worker that computes is looked at: whether it keeps to its processor time and its
/// threads.
const WATCH_PAUSE: Duration = Duration::from_millis(100);
/// How much more processor time than it may use a worker may have used before it is killed. It ends
/// by itself at its limit, unless it does not hear the signal.
const PROCESSOR_GRACE: Duration = Duration::from_secs(1);
/// How often one that hung up is looked at.
const HANGUP_PAUSE: Duration = Duration::from_millis(5);

/// A worker that was started. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    requests: ChildStdin,
    answers: ChildStdout,
    last_words: ChildStderr,
    greeting: Vec<u8>,
    processor_max: Duration,
    /// What of processor time it may have used by the end of its request, and what it was last seen
    /// to have used.
    processor_until: Duration,
    processor_used: Duration,
    threads_max: usize,
}

impl Worker {
    /// Starts a worker. It lives no longer than the calling thread.
    pub(crate) fn start(program: &Program, bounds: &Bounds) -> Result<Self, SandboxError> {
        let mut command = Command::new(&program.path);
        command
            .args(&program.arguments)
            .env_clear()
            // Each arena of the C library's heap reserves 64 MiB of address space.
            .env("MALLOC_ARENA_MAX", "2")
            // A limit of memory counts what the heap keeps for later: so it releases at once what
            // is large. The C library would stop doing so when it sees how large pictures are.
            .env("MALLOC_MMAP_THRESHOLD_", HEAP_KEEPS_BYTES)
            .env("MALLOC_TRIM_THRESHOLD_", HEAP_KEEPS_BYTES)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = sys::spawn(&mut command).map_err(|error| {
            SandboxError::absent(format!(
                "{} does not start: {error}",
                program.path.display()
            ))
        })?;
        let (Some(requests), Some(answers), Some(last_words)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(SandboxError::absent("it has no pipes"));
        };
        for pipe in [requests.as_fd(), answers.as_fd(), last_words.as_fd()] {
            sys::respond_immediately(pipe).map_err(SandboxError::absent)?;
        }
        sys::widen(requests.as_fd());
        sys::widen(answers.as_fd());
        let mut worker = Self {
            child,
            requests,
            answers,
            last_words,
            greeting: Vec::new(),
            processor_max: bounds.processor_max,
            processor_until: Duration::ZERO,
            processor_used: Duration::ZERO,
            threads_max: bounds.threads_max,
        };
        worker.handshake(bounds)?;
        Ok(worker)
    }

    /// Tells a worker its limit and hears what it can do. One that does not get so far is as good
    /// as none.
    fn handshake(&mut self, bounds: &Bounds) -> Result<(), SandboxError> {
        let deadline = Instant::now() + bounds.start_max;
        let limit = bounds.memory_bytes_max.to_le_bytes();
        let greeting = self
            .allow_one_request(false)
            .and_then(|()| self.send(&[&limit], deadline))
            .and_then(|()| self.receive(GREETING_BYTES_MAX, deadline));
        self.greeting =
            greeting.map_err(|error| SandboxError::absent(format!("at its start, {error}")))?;
        Ok(())
    }

    pub(crate) fn greeting(&self) -> &[u8] {
        &self.greeting
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Gives it the processor time of one more request, which may be its last.
    pub(crate) fn allow_one_request(&mut self, last: bool) -> Result<(), SandboxError> {
        let seconds = self.processor_max.as_secs();
        self.processor_until =
            sys::allow_processor_time(self.child.id(), seconds, last).map_err(|error| {
                SandboxError::absent(format!("its time cannot be limited: {error}"))
            })?;
        Ok(())
    }

    /// The processor time that it has used since it was started; of one that has ended, as far as
    /// it was seen.
    pub(crate) fn processor_time(&mut self) -> Duration {
        // One that was waited for has no number any more.
        if self.is_alive()
            && let Ok(used) = sys::processor_time(self.child.id())
        {
            self.processor_used = used;
        }
        self.processor_used
    }

    /// Lets it have so much memory, in bytes, and no more than it was started with.
    pub(crate) fn allow_memory(&self, bytes: u64) -> Result<(), SandboxError> {
        sys::allow_memory(self.child.id(), bytes)
            .map_err(|error| SandboxError::absent(format!("its memory cannot be limited: {error}")))
    }

    /// Sends these parts as one message.
    pub(crate) fn send(&mut self, parts: &[&[u8]], deadline: Instant) -> Result<(), SandboxError> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let length = u32::try_from(length)
            .map_err(|_| SandboxError::malformed("a request of more than 4 GiB"))?;
        self.write(&length.to_le_bytes(), deadline)?;
        for part in parts {
            self.write(part, deadline)?;
        }
        Ok(())
    }

    /// Reads a message of at most so many bytes.
    pub(crate) fn receive(
        &mut self,
        bytes_max: usize,
        deadline: Instant,
    ) -> Result<Vec<u8>, SandboxError> {
        let mut length = [0; 4];
        self.read(&mut length, deadline)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > bytes_max {
            return Err(SandboxError::malformed(format!(
                "a message of {length} bytes where at most {bytes_max} are taken"
            )));
        }
        let mut message = vec![0; length];
        self.read(&mut message, deadline)?;
        Ok(message)
    }

    fn write(&mut self, mut bytes: &[u8], deadline: Instant) -> Result<(), SandboxError> {
        while !bytes.is_empty() {
            match self.requests.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) => self.wait_out(&error, Ready::Write, deadline)?,
            }
        }
        Ok(())
    }

    fn read(&mut self, mut bytes: &mut [u8], deadline: Instant) -> Result<(), SandboxError> {
        while !bytes.is_empty() {
            match self.answers.read(bytes) {
                Ok(0) => return Err(self.end()),
                Ok(read) => bytes = &mut bytes[read..],
                Err(error) => self.wait_out(&error, Ready::Read, deadline)?,
            }
        }
        Ok(())
    }

    /// After a read or write that did nothing: waits for a better moment, if it may come before the
    /// deadline.
    fn wait_out(
        &mut self,
        error: &io::Error,
        ready: Ready,
        deadline: Instant,
    ) -> Result<(), SandboxError> {
        match error.kind() {
            io::ErrorKind::Interrupted => return Ok(()),
            io::ErrorKind::WouldBlock => {}
            _ => return Err(self.end()),
        }
        let rest = deadline.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            return Err(SandboxError::Deadline);
        }
        let pipe = match ready {
            Ready::Read => self.answers.as_fd(),
            Ready::Write => self.requests.as_fd(),
        };
        let is_ready =
            sys::wait(pipe, ready, rest.min(WATCH_PAUSE)).map_err(|error| SandboxError::Died {
                how: format!("its pipe cannot be waited for: {error}"),
            })?;
        if is_ready { Ok(()) } else { self.watch() }
    }

    /// Whether it keeps to what no limit of the kernel holds it to for sure.
    fn watch(&mut self) -> Result<(), SandboxError> {
        // One that has ended is noticed by its pipe.
        if let Ok(used) = sys::processor_time(self.child.id()) {
            self.processor_used = used;
        }
        if self.processor_used > self.processor_until + PROCESSOR_GRACE {
            return Err(self.out_of_processor_time());
        }
        match threads(self.child.id()) {
            Some(threads) if threads > self.threads_max => Err(SandboxError::Died {
                how: format!(
                    "killed for {threads} threads where at most {} are needed",
                    self.threads_max
                ),
            }),
            _ => Ok(()),
        }
    }

    const fn out_of_processor_time(&self) -> SandboxError {
        SandboxError::ProcessorTime {
            limit: self.processor_max,
        }
    }

    /// What became of a worker that hung up.
    fn end(&mut self) -> SandboxError {
        let until = Instant::now() + HANGUP_GRACE;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) if self.was_its_time(status) => {
                    return self.out_of_processor_time();
                }
                Ok(Some(status)) => {
                    let how = format!("{}{}", ending(status), self.last_words());
                    return SandboxError::Died { how };
                }
                Ok(None) if Instant::now() < until => std::thread::sleep(HANGUP_PAUSE),
                Ok(None) | Err(_) => {
                    return SandboxError::malformed("it hung up and lived on");
                }
            }
        }
    }

    /// Whether the kernel ended it for its processor time: by the signal for that or, when it was
    /// deaf to it, by force.
    fn was_its_time(&self, status: ExitStatus) -> bool {
        let is_up = self.processor_used >= self.processor_until;
        match status.signal() {
            Some(SIGXCPU) => true,
            Some(SIGKILL) => is_up,
            _ => false,
        }
    }

    /// What it wrote to standard error, made fit for one line of a log; empty when nothing.
    fn last_words(&mut self) -> String {
        let mut bytes = vec![0; STANDARD_ERROR_BYTES];
        let mut read = 0;
        while let Ok(more @ 1..) = self.last_words.read(&mut bytes[read..]) {
            read += more;
        }
        let last = read.saturating_sub(LAST_WORDS_BYTES);
        let text = String::from_utf8_lossy(&bytes[last..read]);
        let words: Vec<&str> = text
            .split(|letter: char| letter.is_whitespace() || letter.is_control())
            .filter(|word| !word.is_empty())
            .collect();
        if words.is_empty() {
            return String::new();
        }
        format!("; its last words: {}", words.join(" "))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may be dead already; a killed process is gone within the time the kernel takes to free
        // its memory.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SIGKILL: i32 = 9;
const SIGSYS: i32 = 31;
const SIGXCPU: i32 = 24;

fn ending(status: ExitStatus) -> String {
    match status.signal() {
        Some(SIGSYS) => "killed for a system call that it may not make".to_owned(),
        _ => status.to_string(),
    }
}

/// How many threads a process has: the twentieth field of its `stat`, the second of which may hold
/// spaces.
fn threads(process: u32) -> Option<usize> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(17)?.parse().ok()
}
