//! File, environment, flags: later ones win, and each setting remembers where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::Configuration;

/// What begins the name of every environment variable that sets something.
const ENVIRONMENT_PREFIX: &str = "HELIOGRAPH_";
/// What stands for the dot of a setting's name in an environment variable: `HELIOGRAPH_INSTANCE__TITLE`.
const ENVIRONMENT_DOT: &str = "__";
/// The names with the prefix that are not settings.
const ENVIRONMENT_OTHERS: &[&str] = &["HELIOGRAPH_CONFIG"];
/// How a name from tests begins; tests talk to their own helpers by the environment too.
const ENVIRONMENT_TESTS: &str = "HELIOGRAPH_TEST_";

/// Where a setting's value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// This environment variable.
    Environment(String),
    /// This flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(formatter, "default"),
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Environment(name) => write!(formatter, "{name}"),
            Self::Flag(name) => write!(formatter, "{name}"),
        }
    }
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file {path} is not TOML: {problem}")]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// Where and what.
        problem: String,
    },
    /// There is no such setting.
    #[error(
        "{origin} sets `{setting}`, which is no setting{hint}; `heliograph config show` lists them all"
    )]
    Unknown {
        /// What was set.
        setting: String,
        /// Where.
        origin: Origin,
        /// A setting with a name near it.
        hint: String,
    },
    /// A value is not what the setting takes.
    #[error("`{setting}` cannot be set so: {problem}")]
    Invalid {
        /// Which setting.
        setting: String,
        /// What is wrong with the value.
        problem: String,
    },
}

/// What flags set; none for a flag that was not given.
#[derive(Debug, Default, Clone)]
pub struct Overrides {
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<String>,
    /// `--roles`
    pub roles: Option<Vec<String>>,
}

/// The configuration, and where each setting came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What is set.
    pub configuration: Configuration,
    /// Every setting by its dotted name, with its value as TOML writes it and its origin.
    pub settings: BTreeMap<String, (String, Origin)>,
}

/// Puts the configuration together and checks it.
///
/// # Errors
/// When the file cannot be read, a setting is not known, or a value is not what it takes; the setting is named.
pub fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    overrides: &Overrides,
) -> Result<Loaded, ConfigError> {
    let defaults =
        Table::try_from(Configuration::default()).map_err(|error| ConfigError::Invalid {
            setting: "default".to_owned(),
            problem: error.to_string(),
        })?;
    let mut layers = Layers {
        merged: defaults.clone(),
        defaults,
        origins: BTreeMap::new(),
    };
    if let Some(path) = file {
        layers.add_file(path)?;
    }
    for (name, value) in environment {
        layers.add_variable(&name, &value)?;
    }
    layers.add_flags(overrides)?;
    layers.finish()
}

struct Layers {
    defaults: Table,
    merged: Table,
    origins: BTreeMap<String, Origin>,
}

impl Layers {
    fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let table: Table = toml::from_str(&text).map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            problem: error.to_string().trim_end().to_owned(),
        })?;
        for (setting, value) in flatten(&table) {
            self.set(&setting, value, Origin::File(path.to_owned()))?;
        }
        Ok(())
    }

    fn add_variable(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        let Some(rest) = name.strip_prefix(ENVIRONMENT_PREFIX) else {
            return Ok(());
        };
        if ENVIRONMENT_OTHERS.contains(&name) || name.starts_with(ENVIRONMENT_TESTS) {
            return Ok(());
        }
        let setting = rest.to_ascii_lowercase().replace(ENVIRONMENT_DOT, ".");
        let origin = Origin::Environment(name.to_owned());
        let Some(default) = lookup(&self.defaults, &setting) else {
            return Err(self.unknown(&setting, origin));
        };
        let value = parse_like(default, text).map_err(|problem| ConfigError::Invalid {
            setting: name.to_owned(),
            problem,
        })?;
        self.set(&setting, value, origin)
    }

    fn add_flags(&mut self, overrides: &Overrides) -> Result<(), ConfigError> {
        if let Some(folder) = &overrides.data_dir {
            self.set(
                "data_dir",
                Value::String(folder.to_string_lossy().into_owned()),
                Origin::Flag("--data-dir"),
            )?;
        }
        if let Some(listen) = &overrides.listen {
            self.set(
                "listen",
                Value::String(listen.clone()),
                Origin::Flag("--listen"),
            )?;
        }
        if let Some(roles) = &overrides.roles {
            let roles = roles.iter().cloned().map(Value::String).collect();
            self.set("roles", Value::Array(roles), Origin::Flag("--roles"))?;
        }
        Ok(())
    }

    fn set(&mut self, setting: &str, value: Value, origin: Origin) -> Result<(), ConfigError> {
        match lookup_mut(&mut self.merged, setting) {
            // A section set to a plain value, or a plain setting to a section.
            Some(place) if !place.is_table() => *place = value,
            _ => return Err(self.unknown(setting, origin)),
        }
        self.origins.insert(setting.to_owned(), origin);
        Ok(())
    }

    fn unknown(&self, setting: &str, origin: Origin) -> ConfigError {
        let known = flatten(&self.defaults);
        let nearest = known
            .iter()
            .map(|(known, _)| (distance(known, setting), known))
            .min();
        let hint = match nearest {
            Some((distance, known)) if distance <= 3 => format!(" (did you mean `{known}`?)"),
            _ => String::new(),
        };
        ConfigError::Unknown {
            setting: setting.to_owned(),
            origin,
            hint,
        }
    }

    fn finish(self) -> Result<Loaded, ConfigError> {
        let configuration: Configuration = self.parse()?;
        configuration.check()?;
        let settings = flatten(&self.merged).into_iter().map(|(setting, value)| {
            let origin = self
                .origins
                .get(&setting)
                .cloned()
                .unwrap_or(Origin::Default);
            (setting, (value.to_string(), origin))
        });
        Ok(Loaded {
            settings: settings.collect(),
            configuration,
        })
    }

    fn parse(&self) -> Result<Configuration, ConfigError> {
        let Err(error) = self.merged.clone().try_into::<Configuration>() else {
            return self
                .merged
                .clone()
                .try_into()
                .map_err(|error: toml::de::Error| self.invalid("configuration", &error));
        };
        // Find out whose fault it is by trying each setting that somebody set, alone over the defaults.
        for setting in self.origins.keys() {
            let mut alone = self.defaults.clone();
            if let (Some(place), Some(value)) = (
                lookup_mut(&mut alone, setting),
                lookup(&self.merged, setting),
            ) {
                *place = value.clone();
            }
            if let Err(error) = alone.try_into::<Configuration>() {
                return Err(self.invalid(setting, &error));
            }
        }
        Err(self.invalid("configuration", &error))
    }

    fn invalid(&self, setting: &str, error: &toml::de::Error) -> ConfigError {
        let origin = self
            .origins
            .get(setting)
            .map(|origin| format!(" (from {origin})"))
            .unwrap_or_default();
        ConfigError::Invalid {
            setting: setting.to_owned(),
            problem: format!("{}{origin}", error.message()),
        }
    }
}

/// An environment variable's text as a value of the kind that the setting has.
fn parse_like(default: &Value, text: &str) -> Result<Value, String> {
    let wrong = |expected: &str| format!("`{text}` is not {expected}");
    Ok(match default {
        Value::String(_) => Value::String(text.to_owned()),
        Value::Integer(_) => Value::Integer(text.parse().map_err(|_| wrong("a whole number"))?),
        Value::Float(_) => Value::Float(text.parse().map_err(|_| wrong("a number"))?),
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| wrong("`true` or `false`"))?),
        Value::Array(_) => {
            let parts = text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
        }
        Value::Table(_) | Value::Datetime(_) => {
            return Err(wrong("a plain value; set what is in the section instead"));
        }
    })
}

/// Every plain setting of a table by its dotted name.
fn flatten(table: &Table) -> Vec<(String, Value)> {
    let mut settings = Vec::new();
    for (name, value) in table {
        match value {
            Value::Table(section) if !section.is_empty() => {
                settings.extend(
                    flatten(section)
                        .into_iter()
                        .map(|(inner, value)| (format!("{name}.{inner}"), value)),
                );
            }
            value => settings.push((name.clone(), value.clone())),
        }
    }
    settings
}

fn lookup<'table>(table: &'table Table, setting: &str) -> Option<&'table Value> {
    match setting.split_once('.') {
        Some((section, rest)) => lookup(table.get(section)?.as_table()?, rest),
        None => table.get(setting),
    }
}

fn lookup_mut<'table>(table: &'table mut Table, setting: &str) -> Option<&'table mut Value> {
    match setting.split_once('.') {
        Some((section, rest)) => lookup_mut(table.get_mut(section)?.as_table_mut()?, rest),
        None => table.get_mut(setting),
    }
}

/// Levenshtein's distance: how many letters must change to make one word the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other_letter) in other.bytes().enumerate() {
            let replaced = diagonal + usize::from(letter != other_letter);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests;
