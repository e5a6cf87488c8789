//! File, environment, flags: later ones win, and each setting remembers where it came from.

mod amazon;
mod dotted;
mod renamed;
mod shown;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::Configuration;
use super::engines;
use super::environment::{self, Variable};
use super::error::ConfigError;
use super::memory;
use dotted::{flatten, lookup, lookup_mut};
pub(super) use shown::without_excerpt;
pub(crate) use shown::without_password;

/// Where a setting's value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// Nobody set it, and less memory than the default is meant for is there: so many bytes.
    Memory(u64),
    /// The configuration file, by its path.
    File(PathBuf),
    /// An environment variable, by its name.
    Environment(String),
    /// A flag of the command line, by its name.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(formatter, "default"),
            Self::Memory(bytes) => {
                write!(formatter, "default for {} MiB of memory", bytes >> 20)
            }
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Environment(name) => write!(formatter, "{name}"),
            Self::Flag(name) => write!(formatter, "{name}"),
        }
    }
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

/// What the configuration is put together from.
#[derive(Debug, Default)]
pub struct Sources<'file, Environment> {
    /// The configuration file, if one is named; it must be there then.
    pub file: Option<&'file Path>,
    /// Every variable of the environment.
    pub environment: Environment,
    /// Settings from command-line flags; they win over all others.
    pub overrides: Overrides,
    /// How much memory there is, in bytes; where that is not known, defaults stay as they are.
    pub memory_limit_bytes: Option<u64>,
}

/// The configuration, and where each setting came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The merged configuration, checked.
    pub configuration: Configuration,
    /// Every setting by its dotted name, with its value as TOML writes it and its origin.
    pub settings: BTreeMap<String, (String, Origin)>,
    /// What was left out of account, and why: for `config show` and the log.
    pub notes: Vec<String>,
    /// What may not end well, and what to do: for the log and the doctor.
    pub warnings: Vec<String>,
}

/// Puts the configuration together and checks it.
///
/// # Errors
/// When the file cannot be read, a setting is not known, or a value is not what it takes; the
/// setting is named.
pub fn load<Environment>(sources: Sources<'_, Environment>) -> Result<Loaded, ConfigError>
where
    Environment: Iterator<Item = (OsString, OsString)>,
{
    let table = |configuration: &Configuration| {
        Table::try_from(configuration).map_err(|error| ConfigError::Invalid {
            setting: "default".to_owned(),
            problem: error.to_string(),
        })
    };
    // Two tables: of the usual defaults, to know what is a default, and of those that fit the
    // memory.
    let mut fitting = Configuration::default();
    if let Some(bytes) = sources.memory_limit_bytes {
        memory::fit(&mut fitting, bytes);
    }
    let mut layers = Layers {
        defaults: table(&Configuration::default())?,
        merged: table(&fitting)?,
        origins: BTreeMap::new(),
        notes: Vec::new(),
        warnings: Vec::new(),
    };
    if let Some(bytes) = sources.memory_limit_bytes {
        layers.record_fitted(bytes);
    }
    if let Some(path) = sources.file {
        layers.add_file(path)?;
    }
    let variables: Vec<_> = sources.environment.collect();
    layers.add_environment(&environment::ours(variables.iter().cloned())?)?;
    layers.add_flags(&sources.overrides)?;
    // Last, for they count only where nobody has set the key or the region.
    layers.add_amazon(&environment::of_amazon(&variables))?;
    layers.finish(sources.memory_limit_bytes)
}

struct Layers {
    defaults: Table,
    merged: Table,
    origins: BTreeMap<String, Origin>,
    notes: Vec<String>,
    warnings: Vec<String>,
}

impl Layers {
    /// Remembers which defaults are smaller than usual.
    fn record_fitted(&mut self, memory_limit_bytes: u64) {
        for (setting, value) in flatten(&self.merged) {
            if lookup(&self.defaults, &setting) != Some(&value) {
                self.origins
                    .insert(setting, Origin::Memory(memory_limit_bytes));
            }
        }
    }

    fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        // Some editors begin a file with a mark that says it is UTF-8.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let table: Table = toml::from_str(text).map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            problem: without_excerpt(text, &error),
        })?;
        let settings = flatten(&table);
        let names = settings.iter().map(|(name, _)| name.as_str());
        renamed::refuse_both_names(&names, &path.display().to_string())?;
        for (name, value) in settings {
            if self.is_empty_section(&name, &value) {
                continue;
            }
            self.set_by_any_name(&name, value, Origin::File(path.to_owned()))?;
        }
        Ok(())
    }

    /// Whether this is a section of which nothing is set, as one whose lines are all comments.
    fn is_empty_section(&self, name: &str, value: &Value) -> bool {
        let is_section = lookup(&self.defaults, name).is_some_and(Value::is_table);
        is_section && value.as_table().is_some_and(Table::is_empty)
    }

    fn add_environment(&mut self, variables: &[Variable]) -> Result<(), ConfigError> {
        let names: Vec<String> = variables.iter().map(Variable::setting).collect();
        renamed::refuse_both_names(&names.iter().map(String::as_str), "the environment")?;
        for variable in variables {
            // Only what sets nothing otherwise: a setting of such a name wins.
            if self.default_of(&variable.setting()).is_none()
                && environment::is_of_a_service(variable, variables)
            {
                self.notes.push(format!(
                    "{} is what Kubernetes or Docker sets for a service of that name; it sets nothing here",
                    variable.name
                ));
                continue;
            }
            self.add_variable(variable)?;
        }
        Ok(())
    }

    fn add_variable(&mut self, variable: &Variable) -> Result<(), ConfigError> {
        let setting = variable.setting();
        let origin = Origin::Environment(variable.name.clone());
        let Some(default) = self.default_of(&setting) else {
            return Err(self.unknown(&setting, origin));
        };
        let value =
            parse_like(default, &variable.value).map_err(|problem| ConfigError::Invalid {
                setting: variable.name.clone(),
                problem,
            })?;
        self.set_by_any_name(&setting, value, origin)
    }

    /// The default of a setting, also by a name that it had before.
    fn default_of(&self, name: &str) -> Option<&Value> {
        let renamed = renamed::find(name).map(|renamed| renamed.setting);
        lookup(&self.defaults, renamed.as_deref().unwrap_or(name))
    }

    fn add_flags(&mut self, overrides: &Overrides) -> Result<(), ConfigError> {
        if let Some(folder) = &overrides.data_dir {
            self.set(
                "data_dir",
                Value::String(text_of(folder, "--data-dir")?),
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

    fn set_by_any_name(
        &mut self,
        name: &str,
        value: Value,
        origin: Origin,
    ) -> Result<(), ConfigError> {
        let Some(renamed) = renamed::find(name) else {
            return self.set(name, value, origin);
        };
        let converted = renamed.converted(&value);
        let value = converted.map_err(|problem| ConfigError::Invalid {
            setting: name.to_owned(),
            problem: format!("{problem} (from {origin})"),
        })?;
        self.warnings.push(renamed.warning(name, &value, &origin));
        self.set(&renamed.setting, value, origin)
    }

    fn set(&mut self, setting: &str, value: Value, origin: Origin) -> Result<(), ConfigError> {
        match lookup_mut(&mut self.merged, setting) {
            // A section set to a plain value, or a plain setting to a section.
            Some(place) if !place.is_table() => *place = value,
            _ => return Err(self.unknown(setting, origin)),
        }
        // The last source wins, and is the one to look at when the value is wrong.
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

    fn finish(self, memory_limit_bytes: Option<u64>) -> Result<Loaded, ConfigError> {
        let configuration: Configuration = self.parse()?;
        configuration.check()?;
        let mut warnings = self.warnings;
        warnings.extend(engines::warnings(&configuration, self.origins.iter()));
        if let Some(bytes) = memory_limit_bytes {
            warnings.extend(memory::warnings(&configuration, bytes));
        }
        let settings = flatten(&self.merged).into_iter().map(|(setting, value)| {
            let origin = self
                .origins
                .get(&setting)
                .cloned()
                .unwrap_or(Origin::Default);
            // `config show` prints it: no password may be in it.
            let value = shown::shown(&setting, value.to_string());
            (setting, (value, origin))
        });
        Ok(Loaded {
            settings: settings.collect(),
            configuration,
            notes: self.notes,
            warnings,
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
        // Find out whose fault it is by trying each setting that somebody set, alone over the
        // defaults.
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
            problem: format!("{}{origin}", shown::message(setting, error)),
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
        // Empty is not set, so nothing has to be said in words.
        Value::Array(_) if text == "[]" => Value::Array(Vec::new()),
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

/// A path as the text that a setting is.
fn text_of(path: &Path, origin: &str) -> Result<String, ConfigError> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| ConfigError::NotText {
        origin: origin.to_owned(),
    })
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
