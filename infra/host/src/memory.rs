//! How much memory this process may take before the system ends it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Who sets the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemoryOrigin {
    /// `RLIMIT_AS` or `RLIMIT_DATA`: `ulimit -v`, systemd's `LimitAS=`.
    ProcessLimit,
    /// A control group's: a container's, systemd's `MemoryMax=`.
    ControlGroup,
    /// What is built in.
    Machine,
}

impl fmt::Display for MemoryOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ProcessLimit => "the process's limit",
            Self::ControlGroup => "the control group's limit",
            Self::Machine => "the machine's memory",
        })
    }
}

/// The smallest of all limits that hold for this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLimit {
    /// How much there is, in bytes.
    pub bytes: u64,
    /// Where the limit comes from.
    pub origin: MemoryOrigin,
}

/// Reads it: the least of the machine's memory, the control groups' (both versions, each group
/// above this process's, too) and the process's own. Nothing where none can be read.
#[must_use]
pub fn memory_limit() -> Option<MemoryLimit> {
    least(
        limits_under(Path::new("/"))
            .into_iter()
            .chain(process_limits()),
    )
}

/// [`memory_limit`] in bytes alone.
#[must_use]
pub fn memory_limit_bytes() -> Option<u64> {
    memory_limit().map(|limit| limit.bytes)
}

/// What the files below this root say: `/` but in tests.
fn limits_under(root: &Path) -> Vec<MemoryLimit> {
    let machine = fs::read_to_string(root.join("proc/meminfo"))
        .ok()
        .and_then(|text| machine_bytes(&text))
        .map(|bytes| MemoryLimit {
            bytes,
            origin: MemoryOrigin::Machine,
        });
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let groups = group_files(&groups)
        .into_iter()
        // Most are not there: which ones are depends on the version, and on what the container
        // sees.
        .filter_map(|file| fs::read_to_string(root.join(file)).ok())
        .filter_map(|text| group_bytes(&text))
        .map(|bytes| MemoryLimit {
            bytes,
            origin: MemoryOrigin::ControlGroup,
        });
    machine.into_iter().chain(groups).collect()
}

/// The smallest; among equals, the machine's own comes first: a group without a limit may repeat
/// it.
fn least(limits: impl Iterator<Item = MemoryLimit>) -> Option<MemoryLimit> {
    limits.min_by_key(|limit| (limit.bytes, std::cmp::Reverse(limit.origin)))
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn machine_bytes(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The files that may hold a limit of the groups of this process and of all above them, by
/// `/proc/self/cgroup`. A container may see its group's path from outside, where no such file is,
/// or as `/`: the root's files are always among them.
fn group_files(groups: &str) -> Vec<PathBuf> {
    const UNIFIED: (&str, &[&str]) = ("sys/fs/cgroup", &["memory.max", "memory.high"]);
    const LEGACY: (&str, &[&str]) = ("sys/fs/cgroup/memory", &["memory.limit_in_bytes"]);
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let (mount, names) = match controllers {
            "" => UNIFIED,
            _ if controllers.split(',').any(|name| name == "memory") => LEGACY,
            _ => continue,
        };
        let path = path.trim_start_matches('/');
        // A group outside of what this container sees: its limits cannot be read here.
        if path.split('/').any(|part| part == "..") {
            continue;
        }
        let group = Path::new(mount).join(path);
        let above = group
            .ancestors()
            .take_while(|folder| folder.starts_with(mount));
        files.extend(above.flat_map(|folder| names.iter().map(|name| folder.join(name))));
        files.extend(names.iter().map(|name| Path::new(mount).join(name)));
    }
    files
}

/// A group's limit in bytes; nothing for `max`. The older version writes a number near 2^63 for
/// none, which no machine has.
fn group_bytes(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|bytes| *bytes > 0)
}

/// The limits that a shell or a service manager has set for this process.
#[cfg(unix)]
fn process_limits() -> Vec<MemoryLimit> {
    use rustix::process::{Resource, getrlimit};
    [Resource::As, Resource::Data]
        .into_iter()
        .filter_map(|resource| getrlimit(resource).current)
        .map(|bytes| MemoryLimit {
            bytes,
            origin: MemoryOrigin::ProcessLimit,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root with these files.
    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn check(files: &[(&str, &str)], bytes: u64, origin: MemoryOrigin) {
        let found = least(limits_under(root(files).path()).into_iter());
        assert_eq!(found, Some(MemoryLimit { bytes, origin }), "{files:?}");
    }

    const MEMINFO: (&str, &str) = (
        "proc/meminfo",
        "MemTotal:        1000000 kB\nMemFree:  5 kB\n",
    );

    #[test]
    fn the_least_of_all_limits_holds() {
        use MemoryOrigin::{ControlGroup, Machine};
        let own = ("proc/self/cgroup", "0::/system.slice/heliograph.service\n");
        let service = "sys/fs/cgroup/system.slice/heliograph.service/memory.max";
        let high = "sys/fs/cgroup/system.slice/heliograph.service/memory.high";
        let slice = "sys/fs/cgroup/system.slice/memory.max";
        check(&[MEMINFO], 1_024_000_000, Machine);
        check(
            &[MEMINFO, own, (service, "268435456\n")],
            268_435_456,
            ControlGroup,
        );
        check(
            &[MEMINFO, own, (service, "max\n"), (high, "1000\n")],
            1_000,
            ControlGroup,
        );
        check(
            &[MEMINFO, own, (service, "2000\n"), (slice, "1000\n")],
            1_000,
            ControlGroup,
        );
        check(&[MEMINFO, own, (service, "max\n")], 1_024_000_000, Machine);
        check(
            &[MEMINFO, own, (service, "4096000000\n")],
            1_024_000_000,
            Machine,
        );
        // A container sees itself at the root, or by a path that is there only outside.
        let container = ("sys/fs/cgroup/memory.max", "5000\n");
        check(
            &[MEMINFO, ("proc/self/cgroup", "0::/\n"), container],
            5_000,
            ControlGroup,
        );
        check(
            &[
                MEMINFO,
                ("proc/self/cgroup", "0::/docker/4711\n"),
                container,
            ],
            5_000,
            ControlGroup,
        );
        check(
            &[MEMINFO, ("proc/self/cgroup", "0::/../..\n")],
            1_024_000_000,
            Machine,
        );
    }

    #[test]
    fn the_older_version_of_control_groups_is_read_too() {
        use MemoryOrigin::{ControlGroup, Machine};
        let groups = (
            "proc/self/cgroup",
            "12:cpu,cpuacct:/a\n5:hugetlb,memory:/docker/4711\n",
        );
        let limit = "sys/fs/cgroup/memory/docker/4711/memory.limit_in_bytes";
        check(&[MEMINFO, groups, (limit, "7000\n")], 7_000, ControlGroup);
        check(
            &[MEMINFO, groups, (limit, "9223372036854771712\n")],
            1_024_000_000,
            Machine,
        );
    }

    #[test]
    fn what_cannot_be_read_is_no_limit() {
        assert_eq!(least(limits_under(root(&[]).path()).into_iter()), None);
        let odd = [
            ("proc/meminfo", "MemTotal: lots\n"),
            ("proc/self/cgroup", "nonsense\n0::\n::\n1:memory\n"),
        ];
        assert_eq!(least(limits_under(root(&odd).path()).into_iter()), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_a_limit() {
        assert!(memory_limit_bytes().is_some_and(|bytes| bytes > 1024 * 1024));
    }
}
