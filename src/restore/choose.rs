//! Which engine loads an archive, with how many connections, and why. Pure.

use super::stream;
use crate::{
    dump::{Contents, Data, Format},
    plan::{Engine, Provider, RestorePlan},
};

/// Smaller dumps are loaded by one `pg_restore` sooner than several are started.
const SMALL: u64 = 4 << 20;

/// More connections than this do not help: the indexes of the largest table decide then (modelled, not measured).
const MOST: u16 = 8;

/// What decides.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The dump.
    pub contents: &'a Contents,
    /// Its size in bytes, as stored.
    pub size: u64,
    /// What the plan and the command line ask for.
    pub plan: &'a RestorePlan,
    /// What makes the sandbox.
    pub provider: Provider,
    /// How many cores this machine has.
    pub cores: usize,
}

/// How an archive is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// By what.
    pub how: How,
    /// With how many connections.
    pub jobs: u16,
    /// Why, in sentences.
    pub why: String,
}

/// What loads an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// One `pg_restore`, fed as the dump arrives.
    Piped,
    /// One `pg_restore` with several jobs, from a file.
    File,
    /// The same, section by section.
    Sections,
    /// One `pg_restore`, from a folder.
    Folder,
    /// Several `pg_restore`, each fed with the data of its tables.
    Stream,
}

/// Chooses.
#[must_use]
pub fn choose(facts: &Facts<'_>) -> Choice {
    let jobs = jobs(facts);
    match facts.contents.format {
        Format::Custom => custom(facts, jobs),
        Format::Directory => members(facts, jobs, |why| Choice {
            how: How::Folder,
            jobs,
            why: format!("{why} A directory dump is loaded from its files."),
        }),
        Format::Tar | Format::Plain | Format::PlainAll => members(facts, jobs, |why| Choice {
            how: How::Piped,
            jobs: 1,
            why: format!("{why} pg_restore reads a tar archive with one job only."),
        }),
    }
}

/// A dump with a member a table: by `stream`, or by what else loads it.
fn members(facts: &Facts<'_>, jobs: u16, other: impl FnOnce(&str) -> Choice) -> Choice {
    match streams(facts, jobs) {
        Ok(why) => streamed(jobs, &why),
        Err(why) => other(&why),
    }
}

/// A service is somebody's server: it is only loaded side by side when that is asked for.
fn jobs(facts: &Facts<'_>) -> u16 {
    let cores = u16::try_from(facts.cores).unwrap_or(MOST).clamp(1, MOST);
    let usual = if facts.provider == Provider::Service {
        1
    } else {
        cores
    };
    facts.plan.jobs.unwrap_or(usual)
}

fn custom(facts: &Facts<'_>, jobs: u16) -> Choice {
    match streams(facts, jobs) {
        Ok(why) => streamed(jobs, &why),
        Err(why) => {
            let asked = facts.plan.engine == Engine::PgRestore;
            let one = is_small(facts) && !asked;
            pg_restore(facts, if one { 1 } else { jobs }, &why)
        }
    }
}

fn is_small(facts: &Facts<'_>) -> bool {
    facts.plan.jobs.is_none() && facts.size < SMALL
}

/// Why `stream` loads it, or why it does not.
fn streams(facts: &Facts<'_>, jobs: u16) -> Result<String, String> {
    let unfit = stream::unfit(facts.contents);
    match (facts.plan.engine, unfit) {
        (Engine::PgRestore, _) => Err("It was asked for.".to_owned()),
        (_, Some(why)) => Err(format!(
            "The engine `stream` does not load this dump: {why}."
        )),
        (Engine::Stream, None) => Ok("It was asked for.".to_owned()),
        (Engine::Auto, None) if is_small(facts) => Err("The dump is small.".to_owned()),
        (Engine::Auto, None) if jobs == 1 => Err("One connection loads.".to_owned()),
        (Engine::Auto, None) => Ok(format!(
            "Its tables are loaded by {jobs} pg_restore while it arrives."
        )),
    }
}

fn streamed(jobs: u16, why: &str) -> Choice {
    Choice {
        how: How::Stream,
        jobs,
        why: why.to_owned(),
    }
}

fn pg_restore(facts: &Facts<'_>, jobs: u16, why: &str) -> Choice {
    let (how, more) = if jobs == 1 {
        (How::Piped, "pg_restore reads the dump as it arrives.")
    } else if is_piped(facts.contents) {
        // One `pg_restore -j` over everything would create foreign keys before the data: with no offsets it knows no
        // sizes, starts the largest tables last, and was measured 2.1 times slower than section by section.
        let more =
            "The dump was written through a pipe, so it is loaded from a file in three sections.";
        (How::Sections, more)
    } else {
        (How::File, "pg_restore loads from a file.")
    };
    let why = format!("{why} {more}");
    Choice { how, jobs, why }
}

/// Whether the archive does not say where its data are: it could not be sought in when it was written.
fn is_piped(contents: &Contents) -> bool {
    let mut entries = contents.toc.iter();
    contents.toc.is_empty() || entries.any(|entry| entry.data == Data::Somewhere)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dump::DataStart;

    const BIG: u64 = 1 << 30;

    fn dump(data: Data) -> Contents {
        let mut contents = Contents::empty();
        contents.data = Some(DataStart { at: 100, int: 4 });
        contents.archive_version = Some("1.14".to_owned());
        contents.toc = vec![stream::table(
            "t",
            Some("COPY public.t (a) FROM stdin;\n"),
            data,
        )];
        contents
    }

    fn chosen(contents: &Contents, size: u64, engine: Engine, jobs: Option<u16>) -> (How, u16) {
        let plan = RestorePlan {
            jobs,
            engine,
            ..RestorePlan::default()
        };
        let facts = Facts {
            contents,
            size,
            plan: &plan,
            provider: Provider::Docker,
            cores: 2,
        };
        let choice = choose(&facts);
        assert!(choice.why.ends_with('.'), "{}", choice.why);
        (choice.how, choice.jobs)
    }

    #[test]
    fn a_large_archive_is_streamed_and_a_small_one_is_not() {
        let dump = dump(Data::At(100));
        assert_eq!(chosen(&dump, BIG, Engine::Auto, None), (How::Stream, 2));
        assert_eq!(chosen(&dump, 1000, Engine::Auto, None), (How::Piped, 1));
        assert_eq!(chosen(&dump, 1000, Engine::Auto, Some(3)), (How::Stream, 3));
        assert_eq!(chosen(&dump, BIG, Engine::Auto, Some(1)), (How::Piped, 1));
        assert_eq!(chosen(&dump, 1000, Engine::Stream, None), (How::Stream, 2));
    }

    #[test]
    fn an_archive_without_offsets_is_never_loaded_by_one_run_with_several_jobs() {
        let known = dump(Data::At(100));
        let piped = dump(Data::Somewhere);
        assert_eq!(chosen(&known, BIG, Engine::PgRestore, None), (How::File, 2));
        assert_eq!(
            chosen(&piped, BIG, Engine::PgRestore, None),
            (How::Sections, 2)
        );
        let unread = Contents {
            toc: Vec::new(),
            data: None,
            ..known
        };
        assert_eq!(
            chosen(&unread, BIG, Engine::Stream, None),
            (How::Sections, 2)
        );
    }

    #[test]
    fn for_pg_restore_a_tar_archive_has_one_job_and_a_directory_has_all() {
        let member = || Data::Member("1.dat".into());
        for (format, how, one) in [
            (Format::Tar, How::Piped, 1),
            (Format::Directory, How::Folder, 2),
        ] {
            let dump = Contents {
                format,
                ..dump(member())
            };
            let asked = Engine::PgRestore;
            assert_eq!(chosen(&dump, BIG, asked, Some(2)), (how, one));
            assert_eq!(chosen(&dump, 1000, Engine::Auto, None), (how, one));
            assert_eq!(chosen(&dump, BIG, Engine::Auto, None), (How::Stream, 2));
            assert_eq!(
                chosen(&dump, 1000, Engine::Stream, Some(4)),
                (How::Stream, 4)
            );
            let inserts = Contents {
                toc: vec![stream::table("t", None, member())],
                ..dump
            };
            assert_eq!(chosen(&inserts, BIG, Engine::Stream, None), (how, one));
        }
    }

    #[test]
    fn a_service_is_loaded_side_by_side_only_when_asked() {
        let dump = dump(Data::At(100));
        let usual = RestorePlan::default();
        let asked = RestorePlan {
            jobs: Some(3),
            ..RestorePlan::default()
        };
        let facts = |plan| Facts {
            contents: &dump,
            size: BIG,
            plan,
            provider: Provider::Service,
            cores: 4,
        };
        assert_eq!(choose(&facts(&usual)).jobs, 1);
        assert_eq!(choose(&facts(&asked)).jobs, 3);
    }
}
