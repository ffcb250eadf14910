//! The one character that no text of PostgreSQL holds: NUL, which YAML writes as `"\0"`.

use super::{
    walk::File,
    yaml::{Node, Value},
};

/// Notes every value of a tree that holds one: a query with it never reaches the server.
pub(super) fn refuse(file: &File<'_>, node: &Node) {
    match &node.value {
        Value::Scalar(scalar) => refuse_in(file, node, &scalar.text),
        Value::List(list) => {
            for item in list {
                refuse(file, item);
            }
        }
        Value::Map(map) => {
            for (key, value) in map {
                refuse(file, key);
                refuse(file, value);
            }
        }
    }
}

/// Notes a text that holds one, at the node that it was read for.
pub(super) fn refuse_in(file: &File<'_>, node: &Node, text: &str) {
    if text.contains('\0') {
        let help = "remove it: PostgreSQL takes it in no text";
        file.error(node, "there is a NUL character in this text", help);
    }
}
