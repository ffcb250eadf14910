//! Which databases a restore filled, and which of them to ask.

/// Where the data is after a restore.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The database to ask.
    pub database: String,
    /// Every database that a script changed to.
    pub connected: Vec<String>,
    /// Other databases that a whole cluster's dump filled.
    pub others: Vec<String>,
    /// Those that got tables or other objects which nobody compares with the dump.
    pub uncompared: Vec<String>,
    /// What to know about how it was done; sentences.
    pub notes: Vec<String>,
}

/// Databases that every cluster has, and that hold user data only by accident.
const MAINTENANCE: [&str; 3] = ["postgres", "template0", "template1"];

/// Chooses among the databases that a cluster's dump connected to, in their order: the plan's namesake, else the
/// first that is no maintenance database, else the first at all.
pub(super) fn choose(connected: &[String], plan: &str) -> Loaded {
    let user: Vec<&String> = connected
        .iter()
        .filter(|name| !MAINTENANCE.contains(&name.as_str()))
        .collect();
    let chosen = user
        .iter()
        .find(|name| name.as_str() == plan)
        .or(user.first())
        .map(|name| (*name).clone())
        .or_else(|| connected.iter().find(|name| *name == "postgres").cloned())
        .unwrap_or_else(|| "postgres".to_owned());
    let others: Vec<String> = user
        .into_iter()
        .filter(|name| **name != chosen)
        .cloned()
        .collect();
    let mut notes = Vec::new();
    if !others.is_empty() {
        notes.push(format!(
            "The dump holds several databases: \"{chosen}\" was checked, and \"{}\" only restored. Name the plan after \
             the one to check.",
            others.join("\", \"")
        ));
    }
    Loaded {
        connected: connected.to_vec(),
        database: chosen,
        others,
        uncompared: Vec::new(),
        notes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(connected: &[&str], plan: &str) -> (String, usize) {
        let connected: Vec<String> = connected.iter().map(|&name| name.to_owned()).collect();
        let loaded = choose(&connected, plan);
        (loaded.database, loaded.notes.len())
    }

    #[test]
    fn the_only_user_database_is_asked() {
        let found = chosen(&["template1", "postgres", "shop"], "anything");
        assert_eq!(found, ("shop".to_owned(), 0));
    }

    #[test]
    fn the_plans_namesake_is_asked_and_the_others_are_named() {
        assert_eq!(chosen(&["a", "shop", "b"], "shop"), ("shop".to_owned(), 1));
        assert_eq!(chosen(&["a", "shop"], "other"), ("a".to_owned(), 1));
    }

    #[test]
    fn data_in_the_maintenance_database_is_asked_when_there_is_no_other() {
        assert_eq!(
            chosen(&["template1", "postgres"], "x"),
            ("postgres".to_owned(), 0)
        );
        assert_eq!(chosen(&[], "x"), ("postgres".to_owned(), 0));
    }
}
