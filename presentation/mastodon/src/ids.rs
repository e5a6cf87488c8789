//! Lists of ids as clients send them.

use std::str::FromStr;

use infra_kernel::{Error, Result};
use presentation_kit::extract::lenient;
use schemars::JsonSchema;
use serde::Deserialize;

/// The most ids that one request may name.
pub(crate) const IDS_MAX: usize = 100;

/// `id[]=1&id[]=2`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct IdsQuery {
    /// The ids, at most 100.
    #[serde(deserialize_with = "lenient::list")]
    id: Vec<String>,
}

impl IdsQuery {
    /// The ids. What is no id is nothing that could be found, so it is left out as an id that is
    /// not there would be.
    pub(crate) fn ids<T: FromStr + Into<u64>>(&self) -> Result<Vec<u64>> {
        if self.id.len() > IDS_MAX {
            let text = format!("At most {IDS_MAX} ids can be asked for at once.");
            return Err(Error::invalid("id", text));
        }
        let parsed = self.id.iter().filter_map(|text| text.parse::<T>().ok());
        Ok(parsed.map(Into::into).collect())
    }
}
