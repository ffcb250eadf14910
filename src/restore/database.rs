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

/// Whom a plan asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// `backup.database`.
    pub database: Option<&'a str>,
    /// The plan's own name.
    pub plan: &'a str,
}

/// Chooses among the databases that a cluster's dump connected to, in their order: the one that the plan asks for, else
/// the first that is no maintenance database, else the first at all. A maintenance database that got objects is one of
/// several, and the namesake of a plan only then: plans are called `postgres` for other reasons, too.
pub(super) fn choose(
    connected: &[String],
    wanted: Wanted<'_>,
    filled: &dyn Fn(&str) -> bool,
) -> Loaded {
    let is_users = |name: &str| !MAINTENANCE.contains(&name);
    let holding = || (connected.iter()).filter(|name| is_users(name) || filled(name));
    let asked = |asked: &str| connected.iter().find(|name| *name == asked);
    let chosen = match wanted.database {
        Some(database) => asked(database),
        None => holding().find(|name| *name == wanted.plan),
    };
    let chosen = chosen
        .or_else(|| connected.iter().find(|name| is_users(name)))
        .or_else(|| asked("postgres"))
        .map_or_else(|| "postgres".to_owned(), String::clone);
    let others: Vec<String> = holding().filter(|name| **name != chosen).cloned().collect();
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

    fn of(connected: &[&str], wanted: Wanted<'_>, filled: &[&str]) -> (String, usize) {
        let connected: Vec<String> = connected.iter().map(|&name| name.to_owned()).collect();
        let loaded = choose(&connected, wanted, &|name| filled.contains(&name));
        (loaded.database, loaded.notes.len())
    }

    fn chosen(connected: &[&str], plan: &str) -> (String, usize) {
        let database = None;
        of(connected, Wanted { database, plan }, &[])
    }

    #[test]
    fn a_maintenance_database_is_asked_where_the_plan_asks_for_it() {
        let all = ["template1", "postgres", "shop"];
        let named = |database, filled: &[&str]| {
            let database = Some(database);
            of(
                &all,
                Wanted {
                    database,
                    plan: "shop",
                },
                filled,
            )
        };
        assert_eq!(
            named("postgres", &["postgres", "shop"]),
            ("postgres".to_owned(), 1)
        );
        assert_eq!(named("postgres", &["shop"]), ("postgres".to_owned(), 1));
        assert_eq!(named("shop", &["postgres", "shop"]), ("shop".to_owned(), 1));
        let called = |filled: &[&str]| {
            let plan = "postgres";
            of(
                &all,
                Wanted {
                    database: None,
                    plan,
                },
                filled,
            )
        };
        assert_eq!(called(&["postgres", "shop"]), ("postgres".to_owned(), 1));
        assert_eq!(called(&["shop"]), ("shop".to_owned(), 0));
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
