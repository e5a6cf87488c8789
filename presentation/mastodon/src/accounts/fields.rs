//! The lines of a profile as clients send them: a list, or a map from numbers, as forms make it.

use std::fmt;

use business_accounts_gateway::ProfileField;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// The lines of a profile; those that are empty are left out.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ProfileFields(pub(super) Vec<ProfileField>);

/// One line.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct FieldForm {
    name: Option<String>,
    value: Option<String>,
}

impl<'de> Deserialize<'de> for ProfileFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = ProfileFields;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of fields with `name` and `value`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ProfileFields, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = list.next_element::<FieldForm>()? {
            fields.push(field);
        }
        Ok(fields.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ProfileFields, A::Error> {
        let mut numbered: Vec<(u32, FieldForm)> = Vec::new();
        while let Some((number, field)) = map.next_entry::<String, FieldForm>()? {
            // A key that is no number keeps its place at the end.
            numbered.push((number.parse().unwrap_or(u32::MAX), field));
        }
        numbered.sort_by_key(|(number, _)| *number);
        let fields: Vec<FieldForm> = numbered.into_iter().map(|(_, field)| field).collect();
        Ok(fields.into())
    }

    /// An empty text is how a form says that there are none.
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ProfileFields, E> {
        if text.is_empty() {
            Ok(ProfileFields::default())
        } else {
            Err(E::invalid_type(serde::de::Unexpected::Str(text), &self))
        }
    }
}

impl From<Vec<FieldForm>> for ProfileFields {
    fn from(fields: Vec<FieldForm>) -> Self {
        let field = |field: FieldForm| ProfileField {
            name: field.name.unwrap_or_default(),
            value: field.value.unwrap_or_default(),
        };
        let kept = |field: &ProfileField| !(field.name.is_empty() && field.value.is_empty());
        Self(fields.into_iter().map(field).filter(kept).collect())
    }
}

#[cfg(test)]
mod tests {
    use presentation_kit::extract::parse_pairs;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Form {
        fields_attributes: Option<ProfileFields>,
    }

    fn check(form: &Form) {
        let fields = &form.fields_attributes.as_ref().unwrap().0;
        let pairs: Vec<(&str, &str)> = fields
            .iter()
            .map(|field| (field.name.as_str(), field.value.as_str()))
            .collect();
        assert_eq!(pairs, [("a", "1"), ("b", "2")], "{form:?}");
    }

    #[test]
    fn lists_and_numbered_maps_are_the_same() {
        for json in [
            r#"{"fields_attributes": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]}"#,
            r#"{"fields_attributes": {"1": {"name": "b", "value": "2"}, "0": {"name": "a", "value": "1"}}}"#,
            r#"{"fields_attributes": [{"name": "a", "value": "1"}, {"name": "", "value": ""}, {"name": "b", "value": "2"}]}"#,
        ] {
            check(&serde_json::from_str(json).unwrap());
        }
        let form = "fields_attributes[0][name]=a&fields_attributes[0][value]=1\
                    &fields_attributes[1][name]=b&fields_attributes[1][value]=2";
        check(&parse_pairs(form.as_bytes()).unwrap());
    }

    #[test]
    fn an_empty_text_is_no_field_and_another_text_is_refused() {
        let form: Form = serde_json::from_str(r#"{"fields_attributes": ""}"#).unwrap();
        assert_eq!(form.fields_attributes, Some(ProfileFields::default()));
        assert!(serde_json::from_str::<Form>(r#"{"fields_attributes": "x"}"#).is_err());
        let form: Form = serde_json::from_str("{}").unwrap();
        assert_eq!(form.fields_attributes, None);
    }
}
