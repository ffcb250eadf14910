//! Whether the restored database holds what the dump holds: every object of its table of contents, every row of its data.
//!
//! Looking is here and in `catalogue`, `attributes` and `tables`; `objects`, `belongings` and `rows` judge without a server.

mod ahead;
mod attributes;
mod back;
mod belongings;
mod catalogue;
mod counts;
mod expected;
mod fair;
mod large;
mod meter;
mod objects;
mod owners;
mod partitions;
mod parts;
mod reading;
mod rights;
mod rows;
mod said;
mod session;
pub mod source;
mod tables;
mod transport;
mod turns;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use back::ReadingBack;
use tokio_postgres::Client;

pub use ahead::Ahead;
pub use catalogue::SequenceValue;
pub use counts::SUBSCRIPTION;
pub use expected::{Expected, expected, expected_of_script};
pub use meter::{Meter, Metered, Reader};
pub use owners::misspelt;
pub use reading::Answer;
pub use rows::Settled;
pub use transport::{Line, Listed, Named, Sidecar, Unseen, listed, named, sidecars, unseen};

use crate::{
    dump::{Contents, Ledger},
    error::Result,
    finding::Finding,
    report::{Proof, ProofLevel},
};

/// What is compared.
#[derive(Debug)]
pub struct Dump {
    /// What it says of itself.
    pub contents: Contents,
    /// The objects that must be there.
    pub expected: Expected,
    /// Its rows.
    pub ledger: Ledger,
    /// Roles that the server refused to make: what they own is not compared.
    pub refused: Vec<String>,
}

/// What comparing came to.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// What differs.
    pub findings: Vec<Finding>,
    /// Objects of the table of contents that were looked for.
    pub objects_expected: u64,
    /// How many of them were found.
    pub objects_found: u64,
    /// How many rows the dump holds, where all could be counted.
    pub rows_expected: Option<u64>,
    /// In how many tables the contents were compared, and not only the number of rows.
    pub digests: u64,
    /// Large objects whose contents were compared.
    pub large: Option<u64>,
    /// Tables that were not compared whole, each with the reason.
    pub not_compared: Vec<String>,
    /// What else there is to know, in sentences.
    pub notes: Vec<String>,
    /// Whether everything that decides was compared and is the same.
    pub complete: bool,
    /// What was read from every table, for a manifest.
    pub answers: Vec<Settled>,
    /// The values of all sequences.
    pub sequences: Vec<SequenceValue>,
    /// The large objects of the restored database.
    pub large_found: Option<crate::rows::Rows>,
    /// How many objects of which kind the restored database holds, for a manifest; none where the server does not tell.
    pub counts: Option<BTreeMap<String, u64>>,
}

/// Looks at the restored database and compares it with the dump. The connections are a superuser's or the owner's, and
/// nobody else uses the database any more.
///
/// # Errors
/// When the server went away.
pub async fn compare(dump: &Dump, clients: Vec<Reader>, ahead: Ahead) -> Result<Compared> {
    let clients: Vec<Arc<Reader>> = clients.into_iter().map(Arc::new).collect();
    let Some(first) = clients.first() else {
        return Ok(Compared::default());
    };
    for client in &clients {
        session::pin(client).await?;
    }
    let relations = tables::relations(first).await?;
    let major = session::major(first).await?;
    let asked = rows::asked(dump, &relations, major);
    let jobs = rows::jobs(&asked, dump, &relations, major);
    let reading = ReadingBack::start(jobs, &clients, ahead);
    let beside = beside(first, dump, major).await?;
    let settled = rows::judge(asked, reading.finish(&clients).await?);
    Ok(beside.with(settled, dump))
}

/// What is compared beside the rows.
struct Beside {
    objects: objects::Judged,
    belongings: belongings::Judged,
    large: large::Judged,
    counts: Option<BTreeMap<String, u64>>,
    sequences: Vec<SequenceValue>,
}

async fn beside(client: &Client, dump: &Dump, major: u32) -> Result<Beside> {
    let catalogue = catalogue::look(client, major).await?;
    let objects = objects::judge(&dump.expected, &catalogue, &dump.refused);
    let utf8 = matches!(dump.contents.encoding.as_deref(), None | Some("UTF8"));
    let attributes = attributes::look(client, &dump.expected).await?;
    let restored = belongings::Restored {
        catalogue: &catalogue,
        attributes: attributes.as_ref(),
    };
    let belongings = belongings::judge(&dump.expected, &restored, &objects.absent, utf8);
    let large = match dump.ledger.trouble {
        None => large::look(client, dump.ledger.large).await?,
        Some(_) => large::Judged::default(),
    };
    Ok(Beside {
        objects,
        belongings,
        large,
        counts: counts::look(client).await?,
        sequences: catalogue.sequences,
    })
}

impl Beside {
    /// All of it.
    fn with(self, settled: rows::Judged, dump: &Dump) -> Compared {
        let (objects, belongings, large) = (self.objects, self.belongings, self.large);
        let mut compared = Compared {
            objects_expected: objects.expected + belongings.expected,
            objects_found: objects.found + belongings.found,
            rows_expected: dump.ledger.trouble.is_none().then_some(settled.expected),
            digests: settled.digests,
            not_compared: settled.not_compared,
            complete: objects.complete
                && belongings.complete
                && settled.complete
                && large.complete
                && dump.ledger.trouble.is_none(),
            large: large.compared,
            large_found: large.found,
            answers: settled.tables,
            sequences: self.sequences,
            counts: self.counts,
            ..Compared::default()
        };
        compared.findings.extend(objects.findings);
        compared.findings.extend(belongings.findings);
        compared.findings.extend(settled.findings);
        compared.findings.extend(large.findings);
        compared.notes.extend(objects.notes);
        compared.notes.extend(belongings.notes);
        compared.notes.extend(large.notes);
        compared.notes.extend(dump.ledger.trouble.clone());
        compared
    }
}

impl Compared {
    /// How many rows the restored tables hold that were read whole, by schema and name.
    #[must_use]
    pub fn counted(&self) -> HashMap<(String, String), u64> {
        let count = |settled: &Settled| match settled.answer {
            Some(Answer::Read(rows)) => {
                let schema = tables::schema(&settled.target).to_owned();
                Some(((schema, settled.target.table.clone()), rows.count))
            }
            _ => None,
        };
        self.answers.iter().filter_map(count).collect()
    }

    /// Databases of the same dump that nothing was compared in: with them it is not complete.
    pub fn but_not(&mut self, databases: &[String]) {
        if databases.is_empty() {
            return;
        }
        self.complete = false;
        self.notes.push(format!(
            "Nothing in the databases \"{}\" was compared with the dump: they were only restored.",
            databases.join("\", \"")
        ));
    }

    /// A script that may have lost its last statements, and nobody could tell.
    pub fn without_end(&mut self) {
        self.complete = false;
        self.notes.push(
            "Nothing says where this script ends: it has no closing line of pg_dump, so statements may be missing behind \
             its last one."
                .to_owned(),
        );
    }

    /// Writes what was compared into the proof.
    pub fn tell(&self, proof: &mut Proof) {
        proof.objects_expected = Some(self.objects_expected);
        proof.objects_found = Some(self.objects_found);
        proof.rows_expected = self.rows_expected;
        proof.digests_compared = Some(self.digests);
        proof.large_objects = self.large;
        proof.not_compared.clone_from(&self.not_compared);
        proof.notes.clone_from(&self.notes);
        if self.complete {
            proof.level = ProofLevel::Complete;
        }
    }
}
