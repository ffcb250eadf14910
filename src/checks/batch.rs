//! Puts statements together that read the same rows, so that a table is read once for many checks.

use std::collections::HashMap;

use super::question::{Answer, Ask, Question, Row, Scan, Statement};

/// How many columns one reading brings back at most; PostgreSQL's own limit is 1,664.
const MOST_FIGURES: usize = 200;

/// A statement and the question that it belongs to.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// The place of its question among all.
    pub(super) question: usize,
    /// Its place among the statements of all questions.
    pub(super) order: usize,
    /// What is asked.
    pub(super) statement: Statement,
}

/// Jobs that are answered by one statement.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    pub(super) jobs: Vec<Job>,
}

/// Everything that is to be asked, in the order of the first of each.
pub(super) fn batches(questions: &[Question]) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    let mut open: HashMap<String, usize> = HashMap::new();
    for job in jobs(questions) {
        let rows = job.statement.scan.as_ref().map(|scan| scan.rows.clone());
        let found = rows.as_ref().and_then(|rows| open.get(rows)).copied();
        let room = found.and_then(|at| batches.get_mut(at));
        if let Some(batch) = room.filter(|batch| batch.figures().count() < MOST_FIGURES) {
            batch.jobs.push(job);
            continue;
        }
        open.extend(rows.map(|rows| (rows, batches.len())));
        batches.push(Batch { jobs: vec![job] });
    }
    batches
}

fn jobs(questions: &[Question]) -> impl Iterator<Item = Job> {
    let statements = questions.iter().enumerate();
    let statements = statements.flat_map(|(question, asked)| match &asked.ask {
        Ask::Known(_) => Vec::new(),
        Ask::Statements(statements, _) => {
            let own = statements.iter().map(|statement| (question, statement));
            own.collect()
        }
    });
    let numbered = statements.enumerate();
    numbered.map(|(order, (question, statement))| Job {
        question,
        order,
        statement: statement.clone(),
    })
}

impl Batch {
    fn figures(&self) -> impl Iterator<Item = &String> {
        let scans = self
            .jobs
            .iter()
            .filter_map(|job| job.statement.scan.as_ref());
        scans.flat_map(|scan| &scan.figures)
    }

    /// One statement for all of them, within the shortest of their times; none where there is only one.
    pub(super) fn together(&self) -> Option<Statement> {
        let [first, _, ..] = self.jobs.as_slice() else {
            return None;
        };
        let scan = Scan {
            figures: self.figures().cloned().collect(),
            rows: first.statement.scan.as_ref()?.rows.clone(),
        };
        let times = self.jobs.iter().map(|job| job.statement.timeout);
        Some(Statement::scan(scan, times.min()?))
    }

    /// To each its own figures of the one row.
    pub(super) fn split(&self, row: Row) -> Vec<Answer> {
        let mut figures = row.0.into_iter();
        let own = self.jobs.iter().map(|job| {
            let scan = job.statement.scan.as_ref();
            let own = figures
                .by_ref()
                .take(scan.map_or(0, |scan| scan.figures.len()));
            Answer::Row(Row(own.collect()))
        });
        own.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn job(order: usize, rows: &str, figures: &[&str], seconds: u64) -> Job {
        let scan = Scan {
            figures: figures.iter().map(|figure| (*figure).to_owned()).collect(),
            rows: rows.to_owned(),
        };
        Job {
            question: order,
            order,
            statement: Statement::scan(scan, Duration::from_secs(seconds)),
        }
    }

    #[test]
    fn many_questions_about_a_table_are_one_statement_and_each_gets_its_own_figures() {
        let batch = Batch {
            jobs: vec![
                job(0, "t", &["count(*)"], 30),
                job(1, "t", &["count(a)", "max(a)"], 5),
            ],
        };
        let together = batch.together().unwrap();
        assert_eq!(
            together.sql,
            "select count(*)::text, count(a)::text, max(a)::text from t"
        );
        assert_eq!(together.timeout, Duration::from_secs(5));
        let row = Row(vec![Some("7".into()), Some("6".into()), None]);
        let expected = [
            Answer::Row(Row(vec![Some("7".into())])),
            Answer::Row(Row(vec![Some("6".into()), None])),
        ];
        assert_eq!(batch.split(row), expected);
    }

    #[test]
    fn a_statement_alone_stays_as_it_is() {
        let alone = Batch {
            jobs: vec![job(0, "t", &["count(*)"], 30)],
        };
        assert!(alone.together().is_none());
    }
}
