//! The JSON Schema of a plan, for completion and hints in an editor.

/// The JSON Schema (draft-07) of a plan.
#[must_use]
pub const fn schema() -> &'static str {
    include_str!("schema.json")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{super::keys, schema};
    use crate::finding::Code;

    fn parsed() -> Value {
        serde_json::from_str(schema()).unwrap()
    }

    #[test]
    fn the_schema_and_the_reader_know_the_same_keys() {
        let schema = parsed();
        for keys in keys::ALL {
            let properties = schema.pointer(&format!("{}/properties", keys.schema));
            let properties = properties.and_then(Value::as_object).unwrap();
            let mut listed: Vec<_> = properties.keys().map(String::as_str).collect();
            let mut known = keys.known.to_vec();
            listed.sort_unstable();
            known.sort_unstable();
            assert_eq!(listed, known, "{}", keys.schema);
        }
    }

    #[test]
    fn every_mapping_with_fixed_keys_in_the_schema_has_a_table_of_keys() {
        fn fixed(value: &Value, at: &str, found: &mut Vec<String>) {
            let Some(map) = value.as_object() else { return };
            if map.get("additionalProperties") == Some(&Value::Bool(false)) {
                found.push(at.to_owned());
            }
            for (key, inner) in map {
                fixed(inner, &format!("{at}/{key}"), found);
            }
        }
        let mut found = Vec::new();
        fixed(&parsed(), "", &mut found);
        let mut known: Vec<_> = keys::ALL.iter().map(|keys| keys.schema).collect();
        found.sort_unstable();
        known.sort_unstable();
        assert_eq!(found, known);
    }

    #[test]
    fn every_key_and_every_mapping_says_what_it_is_for() {
        fn described(value: &Value, definitions: &Value, at: &str) {
            for (key, inner) in value["properties"].as_object().into_iter().flatten() {
                let reference = inner["$ref"].as_str().unwrap_or_default();
                let target = &definitions[reference.rsplit('/').next().unwrap_or_default()];
                let says = inner["description"].is_string() || target["description"].is_string();
                assert!(says, "{at}/{key}");
                described(inner, definitions, &format!("{at}/{key}"));
            }
        }
        let schema = parsed();
        described(&schema, &schema["definitions"], "");
        for (name, definition) in schema["definitions"].as_object().unwrap() {
            described(definition, &schema["definitions"], name);
        }
    }

    #[test]
    fn the_schema_knows_every_code_whose_severity_may_change() {
        let schema = parsed();
        let listed = schema
            .pointer("/properties/severity/propertyNames/enum")
            .unwrap();
        let codes = Code::ALL.into_iter().filter(|code| !code.stops_the_run());
        let codes: Vec<&str> = codes.map(Code::name).collect();
        assert_eq!(*listed, Value::from(codes));
    }
}
