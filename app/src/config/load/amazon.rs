//! What the variables of Amazon's own programs say of keys and the region, where no setting does.

use toml::Value;

use super::dotted::lookup;
use super::{ConfigError, Layers, Origin, Variable};

const KEY: (&str, &str) = ("s3.access_key_id", "AWS_ACCESS_KEY_ID");
const SECRET: (&str, &str) = ("s3.secret_access_key", "AWS_SECRET_ACCESS_KEY");
/// What makes a key one that ends after hours, and which nobody would renew here.
const TEMPORARY: &str = "AWS_SESSION_TOKEN";

impl Layers {
    /// Takes both halves of the key, or none: halves of two keys are none.
    pub(super) fn add_amazon(&mut self, variables: &[Variable]) -> Result<(), ConfigError> {
        let find = |name: &str| variables.iter().find(|variable| variable.name == name);
        if self.is_empty(KEY.0) && self.is_empty(SECRET.0) {
            if find(TEMPORARY).is_some() && !self.is_empty("media_url") {
                return Err(ConfigError::Invalid {
                    setting: TEMPORARY.to_owned(),
                    problem:
                        "keys that end after a while cannot be used: set s3.access_key_id and \
                              s3.secret_access_key to one that stays"
                            .to_owned(),
                });
            }
            for (setting, name) in [KEY, SECRET] {
                // Two of the three parts of a temporary key are no key.
                if let Some(variable) = find(name).filter(|_| find(TEMPORARY).is_none()) {
                    self.set_from(setting, variable)?;
                }
            }
        }
        let region = find("AWS_REGION").or_else(|| find("AWS_DEFAULT_REGION"));
        if let Some(variable) = region.filter(|_| self.is_empty("s3.region")) {
            self.set_from("s3.region", variable)?;
        }
        Ok(())
    }

    fn is_empty(&self, setting: &str) -> bool {
        let value = lookup(&self.merged, setting);
        value.and_then(Value::as_str).is_none_or(str::is_empty)
    }

    fn set_from(&mut self, setting: &str, variable: &Variable) -> Result<(), ConfigError> {
        let value = Value::String(variable.value.clone());
        self.set(setting, value, Origin::Environment(variable.name.clone()))
    }
}
