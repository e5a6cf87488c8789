//! The environment: which variables set something, which only look so, and which are none of ours.

use std::ffi::{OsStr, OsString};
use std::net::IpAddr;

use super::error::ConfigError;

/// What begins the name of every environment variable that sets something.
pub(super) const PREFIX: &str = "HELIOGRAPH_";
/// The variable that names the configuration file.
pub const CONFIG_FILE: &str = "HELIOGRAPH_CONFIG";
/// How the names of variables begin that Amazon's own programs read.
const AMAZON: &str = "AWS_";
/// How a name from tests begins; tests talk to their own helpers by the environment too.
const TESTS: &str = "HELIOGRAPH_TEST_";
/// What stands for the dot of a setting's name in an environment variable:
/// `HELIOGRAPH_INSTANCE__TITLE`.
const DOT: &str = "__";
/// The protocols that Kubernetes and Docker write into the variables of a service.
const PROTOCOLS: [&str; 3] = ["tcp", "udp", "sctp"];

/// A variable that may set something.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Variable {
    /// Its whole name, with the prefix.
    pub(super) name: String,
    /// Without blanks around it, never empty.
    pub(super) value: String,
}

impl Variable {
    /// The name of the setting it would be.
    pub(super) fn setting(&self) -> String {
        let rest = self.name.strip_prefix(PREFIX).unwrap_or(&self.name);
        rest.to_ascii_lowercase().replace(DOT, ".")
    }
}

/// The variables with our prefix that are set. An empty one, or one of blanks, is not: compose
/// files write `${NAME:-}`. What other names and values hold, in which encoding ever, does not
/// matter.
///
/// # Errors
/// When one of ours is not UTF-8; it is named.
pub(super) fn ours(
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Vec<Variable>, ConfigError> {
    let mut variables = Vec::new();
    for (name, value) in environment {
        // By bytes: other variables need not be UTF-8, and are none of ours.
        if !name.as_encoded_bytes().starts_with(PREFIX.as_bytes()) || is_blank(&value) {
            continue;
        }
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
            return Err(ConfigError::NotText {
                origin: name.to_string_lossy().into_owned(),
            });
        };
        if name != CONFIG_FILE && !name.starts_with(TESTS) {
            variables.push(Variable {
                name: name.to_owned(),
                value: value.trim().to_owned(),
            });
        }
    }
    // The order of an environment is nobody's choice; whatever is wrong is named in the same order
    // each time.
    variables.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(variables)
}

/// The variables of Amazon's own programs that are set, and can be read.
pub(super) fn of_amazon(environment: &[(OsString, OsString)]) -> Vec<Variable> {
    let texts = environment
        .iter()
        .filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?.trim())));
    texts
        .filter(|(name, value)| name.starts_with(AMAZON) && !value.is_empty())
        .map(|(name, value)| Variable {
            name: name.to_owned(),
            value: value.to_owned(),
        })
        .collect()
}

fn is_blank(value: &OsStr) -> bool {
    value.as_encoded_bytes().iter().all(u8::is_ascii_whitespace)
}

/// The configuration file that the environment names, when `--config` does not: none when the
/// variable is empty.
#[must_use]
pub fn config_file(value: Option<OsString>) -> Option<std::path::PathBuf> {
    value.filter(|value| !is_blank(value)).map(Into::into)
}

/// Whether a variable that switches something on by being there does so: empty is not set, as
/// no-color.org has it.
#[must_use]
pub fn is_set(value: Option<OsString>) -> bool {
    value.is_some_and(|value| !value.is_empty())
}

/// Whether the variable is one that Kubernetes sets in every container beside a Service named
/// `heliograph` or `heliograph-…`, or that Docker sets for a link of that name. Name and value must
/// both be of that kind, so that a mistyped setting is still found.
pub(super) fn is_of_a_service(variable: &Variable, all: &[Variable]) -> bool {
    let Some(rest) = variable.name.strip_prefix(PREFIX) else {
        return false;
    };
    // A service `heliograph-web` is HELIOGRAPH_WEB_SERVICE_HOST: whatever is before the known end
    // is its name.
    let value = variable.value.as_str();
    let starts = |suffix: &'static str| {
        std::iter::once(rest.strip_prefix(suffix))
            .chain(
                rest.match_indices(suffix)
                    .filter(|(at, _)| rest[..*at].ends_with('_'))
                    .map(|(at, found)| rest.get(at + found.len()..)),
            )
            .flatten()
    };
    starts("SERVICE_HOST").any(|rest| rest.is_empty() && is_address(value))
        || starts("SERVICE_PORT")
            .any(|rest| (rest.is_empty() || rest.starts_with('_')) && is_port(value))
        || starts("PORT").any(|rest| is_of_a_port(rest, value))
        || starts("NAME").any(|rest| rest.is_empty() && is_link(value))
        || starts("ENV_").any(|copied| {
            let link = variable.name.strip_suffix(&format!("ENV_{copied}"));
            let name = |known: &Variable| {
                link.is_some_and(|link| known.name == format!("{link}NAME"))
                    && is_link(&known.value)
            };
            !copied.is_empty() && all.iter().any(name)
        })
}

/// What follows `…_PORT`: nothing, or `_80_TCP` and what is told of it.
fn is_of_a_port(rest: &str, value: &str) -> bool {
    if rest.is_empty() {
        return is_endpoint(value);
    }
    let mut parts = rest.trim_start_matches('_').splitn(3, '_');
    let (Some(port), Some(protocol)) = (parts.next(), parts.next()) else {
        return false;
    };
    let protocol = protocol.to_ascii_lowercase();
    if !rest.starts_with('_') || !is_port(port) || !PROTOCOLS.contains(&protocol.as_str()) {
        return false;
    }
    match parts.next() {
        None | Some("START" | "END") => is_endpoint(value),
        Some("PROTO") => value == protocol,
        Some("PORT" | "PORT_START" | "PORT_END") => is_port(value),
        Some("ADDR") => is_address(value),
        Some(_) => false,
    }
}

/// `tcp://10.0.0.1:80`
fn is_endpoint(value: &str) -> bool {
    let Some((protocol, host)) = value.split_once("://") else {
        return false;
    };
    let Some((address, port)) = host.rsplit_once(':') else {
        return false;
    };
    let address = address
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(address);
    PROTOCOLS.contains(&protocol) && is_address(address) && is_port(port)
}

fn is_address(value: &str) -> bool {
    value.parse::<IpAddr>().is_ok()
}

fn is_port(value: &str) -> bool {
    value.parse::<u16>().is_ok_and(|port| port > 0)
}

/// `/container/alias`, as Docker names a link.
fn is_link(value: &str) -> bool {
    let parts: Vec<&str> = value.split('/').collect();
    matches!(parts[..], ["", container, alias] if !container.is_empty() && !alias.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, value: &str) -> Variable {
        Variable {
            name: format!("{PREFIX}{name}"),
            value: value.to_owned(),
        }
    }

    #[test]
    fn what_kubernetes_and_docker_set_is_known_by_name_and_value() {
        let all = [
            variable("SERVICE_HOST", "10.0.0.1"),
            variable("SERVICE_HOST", "fd00::1"),
            variable("SERVICE_PORT", "80"),
            variable("SERVICE_PORT_HTTP", "80"),
            variable("PORT", "tcp://10.0.0.1:80"),
            variable("PORT", "tcp://[fd00::1]:80"),
            variable("PORT_80_TCP", "tcp://10.0.0.1:80"),
            variable("PORT_80_TCP_PROTO", "tcp"),
            variable("PORT_80_TCP_PORT", "80"),
            variable("PORT_80_TCP_ADDR", "10.0.0.1"),
            variable("PORT_53_UDP_PROTO", "udp"),
            variable("WEB_SERVICE_HOST", "10.0.0.1"),
            variable("WEB_PORT_80_TCP_ADDR", "10.0.0.1"),
            variable("SERVICE_SERVICE_HOST", "10.0.0.1"),
            variable("PORT_PORT_80_TCP_ADDR", "10.0.0.1"),
            variable("NAME", "/web/heliograph"),
            variable("ENV_HELIOGRAPH_LISTEN", "0.0.0.0:80"),
            variable("PORT_8080_TCP_START", "tcp://172.17.0.2:8080"),
            variable("PORT_8080_TCP_PORT_END", "8090"),
        ];
        for known in &all {
            assert!(is_of_a_service(known, &all), "{known:?}");
        }
    }

    #[test]
    fn what_only_looks_so_is_not_ignored() {
        let all = [
            variable("PORT", "8080"),
            variable("PORT", "http://10.0.0.1:80"),
            variable("PORT", "tcp://10.0.0.1"),
            variable("SERVICE_HOST", "photos.example"),
            variable("SERVICE_PORT", "0"),
            variable("SERVICE_PORT", "70000"),
            variable("SERVICE_PORTS", "80"),
            variable("PORT_80_TCP_COLOUR", "tcp"),
            variable("PORT_80_TCP_PROTO", "udp"),
            variable("PORT80_TCP_PROTO", "tcp"),
            variable("PORT_TCP", "tcp://10.0.0.1:80"),
            variable("NAME", "Our photographs"),
            variable("NAMES", "/web/heliograph"),
            variable("ENV_LISTEN", "0.0.0.0:80"),
            variable("REPORT", "tcp://10.0.0.1:80"),
            variable("LISEN", "127.0.0.1:80"),
        ];
        for unknown in &all {
            assert!(!is_of_a_service(unknown, &all), "{unknown:?}");
        }
    }
}
