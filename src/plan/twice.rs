//! What stands twice: keys of one mapping, and names of checks.

use std::collections::BTreeMap;

use super::{
    walk::File,
    yaml::{Node, Value},
};

impl File<'_> {
    /// Takes a check's name for the whole plan.
    pub(super) fn claim(&self, name: &str, node: &Node) {
        let mut names = self.session.names.borrow_mut();
        match names.get(name) {
            None => {
                names.insert(name.to_owned(), self.place(node));
            }
            Some(first) => {
                let help =
                    format!("the first one is at {first}; give each check a name of its own");
                let message = match &node.value {
                    Value::Scalar(scalar) if scalar.from_environment => {
                        "two checks have the same name".to_owned()
                    }
                    _ => format!("two checks are called \"{name}\""),
                };
                self.error(node, message, help);
            }
        }
    }

    /// Keys that stand more than once, anywhere below.
    pub(super) fn duplicates(&self, node: &Node) {
        match &node.value {
            Value::Scalar(_) => {}
            Value::List(list) => list.iter().for_each(|item| self.duplicates(item)),
            Value::Map(map) => {
                let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
                for (key, value) in map {
                    let name = key.text().unwrap_or_default();
                    if let Some(line) = seen.get(name) {
                        let help = format!("the first one is in line {line}; keep one of them");
                        self.error(key, format!("the key \"{name}\" stands here twice"), help);
                    } else {
                        seen.insert(name, key.span.line);
                    }
                    self.duplicates(value);
                }
            }
        }
    }
}
