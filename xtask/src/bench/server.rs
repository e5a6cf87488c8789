//! The server that is measured, as a child process on a folder of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Limits by address and by account stand in the way of a load from one address and a few accounts.
const SETTINGS: [(&str, &str); 11] = [
    ("HELIOGRAPH_ACCOUNTS__REGISTRATIONS_PER_ADDRESS", "0"),
    ("HELIOGRAPH_ACCOUNTS__REGISTRATIONS_PER_HOUR_MAX", "0"),
    ("HELIOGRAPH_ACCOUNTS__REGISTRATIONS_PER_DAY_MAX", "0"),
    ("HELIOGRAPH_ACCOUNTS__APPLICATIONS_PER_ADDRESS", "0"),
    ("HELIOGRAPH_MEDIA__UNATTACHED_ITEMS_MAX", "100000"),
    ("HELIOGRAPH_POSTS__POSTS_PER_DAY_MAX", "0"),
    ("HELIOGRAPH_LIMITS__WRITES_PER_ACCOUNT_MAX", "0"),
    ("HELIOGRAPH_LIMITS__WRITES_PER_ACCOUNT_DAY_MAX", "0"),
    ("HELIOGRAPH_LIMITS__READS_PER_ACCOUNT_MAX", "0"),
    ("HELIOGRAPH_LIMITS__REQUESTS_PER_ADDRESS_MAX", "0"),
    ("HELIOGRAPH_LOG__FILTER", "warn"),
];
/// Ticks of the processor's accounting in a second, as Linux shows them to everyone.
const TICKS_PER_SECOND: u64 = 100;
/// The fields of `stat` after the name with the user and system time of a process.
const OF_ITSELF: [usize; 2] = [11, 12];
/// Those with the same of its children that have ended and that it has waited for.
const OF_ENDED_CHILDREN: [usize; 2] = [13, 14];

/// How long one look at a server lasts that should come to rest.
const LOOK: Duration = Duration::from_millis(500);
/// So many looks in a row have to find it resting.
const QUIET_LOOKS: u32 = 3;
/// How long it may take to come to rest.
const SETTLE_MAX: Duration = Duration::from_secs(600);

/// A child process that is ended when this is dropped.
pub(crate) struct Server {
    child: Child,
    folder: Option<PathBuf>,
    /// Where it listens, as it says itself: "127.0.0.1:40123".
    pub(crate) address: String,
    /// From being started to saying its address.
    pub(crate) ready_after: Duration,
}

/// What a process has used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) processor: Duration,
    pub(crate) resident_bytes: u64,
    /// What of it is the process's own: without the pages of its program, which the system has at
    /// hand anyhow and may take back at any time.
    pub(crate) anonymous_bytes: u64,
    /// The most it has ever had in memory.
    pub(crate) peak_resident_bytes: u64,
}

impl Server {
    /// The program on a folder that is made when it is not there and removed at the end.
    pub(crate) fn start(program: &Path, folder: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut command = Command::new(program);
        command
            // The system chooses a port that is free.
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder);
        command.envs(SETTINGS).envs(settings.iter().copied());
        let mut server = Self::spawn(command)?;
        server.folder = Some(folder.to_owned());
        Ok(server)
    }

    /// Any command that says `http://…` on stdout when it is ready.
    pub(crate) fn spawn(mut command: Command) -> Result<Self> {
        let began = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("the server does not start")?;
        let mut lines = BufReader::new(child.stdout.take().context("stdout is piped")?).lines();
        let address = loop {
            let Some(line) = lines.next() else {
                bail!("the server ended before it said its address")
            };
            if let Some((_, rest)) = line?.split_once("http://") {
                break rest.split(['/', ' ']).next().unwrap_or_default().to_owned();
            }
        };
        let ready_after = began.elapsed();
        // What it says later is read and dropped, so that a full pipe does not stop it.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Ok(Self {
            child,
            folder: None,
            address,
            ready_after,
        })
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn usage(&self) -> Result<Usage> {
        Usage::of(self.process())
    }

    /// What it and the processes that it started have in memory now.
    pub(crate) fn resident_bytes_with_workers(&self) -> Result<u64> {
        let workers = children(self.process())?;
        // A worker may end while we look.
        let theirs = workers
            .into_iter()
            .filter_map(|worker| Usage::of(worker).ok());
        Ok(self.usage()?.resident_bytes + theirs.map(|usage| usage.resident_bytes).sum::<u64>())
    }

    /// Waits until it has done what it does later: other forms of pictures, made by itself and by
    /// processes of its own.
    pub(crate) fn settle(&self) -> Result<()> {
        self.wait_until_quiet(|| Ok(children(self.process())?.is_empty()))
    }

    /// Waits until it has done what it does later, but for processes of its own: one that was
    /// needed at the start stays for a while, idle.
    pub(crate) fn rest(&self) -> Result<()> {
        self.wait_until_quiet(|| Ok(true))
    }

    fn wait_until_quiet(&self, alone: impl Fn() -> Result<bool>) -> Result<()> {
        let began = Instant::now();
        let mut quiet = 0;
        while quiet < QUIET_LOOKS {
            if began.elapsed() > SETTLE_MAX {
                bail!("the server does not come to rest");
            }
            let before = self.usage()?.processor;
            std::thread::sleep(LOOK);
            // Less than 5 % of one core: timers never cease, and the clock ticks in steps of 10 ms.
            let rests = self.usage()?.processor - before < LOOK / 20;
            quiet = if rests && alone()? { quiet + 1 } else { 0 };
        }
        Ok(())
    }
}

/// The time that a process has had on the processor, as two fields of its `stat` have it.
fn processor_time(process: u32, fields: [usize; 2]) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))
        .context("benchmarks need Linux's /proc")?;
    // After the name, which may hold anything.
    let (_, rest) = stat.rsplit_once(')').unwrap_or_default();
    let all: Vec<&str> = rest.split_whitespace().collect();
    let number = |index: usize| all.get(index).and_then(|field| field.parse::<u64>().ok());
    let ticks: u64 = fields.into_iter().filter_map(number).sum();
    Ok(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}

/// The processes that any thread of a process has started.
pub(crate) fn children(process: u32) -> Result<Vec<u32>> {
    let mut children = Vec::new();
    for task in std::fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may end while we look.
        let ids = std::fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        children.extend(
            ids.split_whitespace()
                .filter_map(|id| id.parse::<u32>().ok()),
        );
    }
    Ok(children)
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        // Before its folder is removed, in which it might write yet; and so that no zombie stays.
        let _ = self.child.wait();
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

impl Usage {
    /// That of two processes together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            processor: self.processor + other.processor,
            resident_bytes: self.resident_bytes + other.resident_bytes,
            anonymous_bytes: self.anonymous_bytes + other.anonymous_bytes,
            peak_resident_bytes: self.peak_resident_bytes + other.peak_resident_bytes,
        }
    }

    /// That of a process and of all that it has started, those among them that have ended.
    pub(crate) fn with_children(process: u32) -> Result<Self> {
        loop {
            let ended = processor_time(process, OF_ENDED_CHILDREN)?;
            let mut sum = Self::of(process)?;
            for child in children(process)? {
                // It may have ended since.
                sum = sum.and(Self::of(child).unwrap_or_default());
            }
            // A child's time is its own until its parent has waited for it, and the parent's from
            // then on: one that ended while we looked would be counted twice, or not at all.
            if processor_time(process, OF_ENDED_CHILDREN)? == ended {
                sum.processor += ended;
                return Ok(sum);
            }
        }
    }

    pub(crate) fn of(process: u32) -> Result<Self> {
        let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
        let memory_bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kibibytes = line.unwrap_or_default().trim().trim_end_matches(" kB");
            kibibytes.parse::<u64>().unwrap_or_default() * 1_024
        };
        Ok(Self {
            processor: processor_time(process, OF_ITSELF)?,
            resident_bytes: memory_bytes("VmRSS:"),
            anonymous_bytes: memory_bytes("RssAnon:"),
            peak_resident_bytes: memory_bytes("VmHWM:"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_child_counts_on_when_it_has_ended() {
        let busy = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("sh -c '{busy}'; echo http://ended/; exec sleep 60"));
        let server = Server::spawn(command).unwrap();
        let own = server.usage().unwrap().processor;
        let all = Usage::with_children(server.process()).unwrap().processor;
        assert!(all >= own + Duration::from_millis(20), "{all:?} {own:?}");
    }
}
