//! Large objects that share an entry: from 17 on, `pg_dump` writes the privileges of the first of a group alone, and
//! `pg_restore` repeats them for each of the others.

use std::collections::HashMap;

use super::super::sql::{Grant, Granted};

/// So many privileges of the objects of groups are kept: a dump may hold millions, and each has texts of its own.
const MOST: usize = 20_000;

/// The objects of each group, by the number of its entry.
#[derive(Default)]
pub(super) struct Groups {
    objects: HashMap<i32, Box<str>>,
    repeated: usize,
}

impl Groups {
    /// Keeps the objects that an entry makes; its definition has one a line.
    pub(super) fn keep(&mut self, id: i32, desc: &str, definition: &str) {
        if desc == "BLOB METADATA" && definition.contains('\n') {
            self.objects.insert(id, definition.into());
        }
    }

    /// Repeats what one object is granted for the others of its group.
    pub(super) fn repeat(&mut self, tag: &str, depends: &[i32], granted: &mut Granted) {
        if !tag.starts_with("LARGE OBJECTS ") {
            return;
        }
        let Some(objects) = depends.iter().find_map(|id| self.objects.get(id)) else {
            granted.unread += 1;
            return;
        };
        let of_first = granted.grants.clone();
        for object in objects.lines().skip(1) {
            self.repeated = self.repeated.saturating_add(of_first.len());
            if self.repeated > MOST {
                granted.unread += 1;
            } else {
                let named = of_first.iter().map(|grant| of(grant, object));
                granted.grants.extend(named);
            }
        }
    }
}

fn of(grant: &Grant, object: &str) -> Grant {
    let mut grant = grant.clone();
    object.clone_into(&mut grant.on.name);
    grant
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dump::sql;

    fn names(granted: &Granted) -> Vec<&str> {
        let grants = granted.grants.iter();
        grants.map(|grant| grant.on.name.as_str()).collect()
    }

    #[test]
    fn what_the_first_is_granted_the_others_are() {
        let mut groups = Groups::default();
        groups.keep(7, "BLOB METADATA", "501\n502\n503");
        let mut granted = sql::granted("GRANT SELECT ON LARGE OBJECT 501 TO reader;");
        groups.repeat("LARGE OBJECTS 501..503", &[7], &mut granted);
        assert_eq!(names(&granted), ["501", "502", "503"]);
        let mut alone = sql::granted("GRANT SELECT ON LARGE OBJECT 9 TO reader;");
        groups.repeat("LARGE OBJECT 9", &[7], &mut alone);
        assert_eq!(names(&alone), ["9"]);
    }

    #[test]
    fn what_is_beyond_the_bound_is_counted() {
        let mut groups = Groups::default();
        let objects: Vec<String> = (0..=MOST + 5).map(|object| object.to_string()).collect();
        groups.keep(7, "BLOB METADATA", &objects.join("\n"));
        let mut granted = sql::granted("GRANT SELECT ON LARGE OBJECT 0 TO reader;");
        groups.repeat("LARGE OBJECTS 0..20005", &[7], &mut granted);
        assert_eq!((granted.grants.len(), granted.unread), (MOST + 1, 5));
        groups.repeat("LARGE OBJECTS 1..2", &[8], &mut granted);
        assert_eq!(granted.unread, 6);
    }

    #[test]
    fn many_privileges_of_many_objects_are_not_multiplied() {
        let mut groups = Groups::default();
        let objects: Vec<String> = (0..=MOST).map(|object| object.to_string()).collect();
        groups.keep(7, "BLOB METADATA", &objects.join("\n"));
        // 40 million privileges would take gigabytes.
        let text = "GRANT SELECT ON LARGE OBJECT 0 TO reader;".repeat(2000);
        let mut granted = sql::granted(&text);
        groups.repeat("LARGE OBJECTS 0..20000", &[7], &mut granted);
        assert_eq!(granted.grants.len(), 2000 + MOST);
    }
}
