//! PostgreSQL plans a query over several tables by what it knows of their rows, and of restored tables it knows nothing: such
//! a query could run out of its time for no fault of the backup.

use std::{collections::BTreeSet, time::Duration};

use serde_json::Value;
use tokio_postgres::{Client, Error};

use super::{
    ask::GRACE,
    names,
    question::{Ask, Question},
    session,
};

/// How long gathering those of one table may take; PostgreSQL looks at 30,000 of its rows.
const MOST: Duration = Duration::from_mins(5);

/// How long planning may take.
const PLANNING: Duration = Duration::from_secs(30);

/// Where they are, each with its partitions: of those a query names, PostgreSQL knows nothing as a whole before.
const WHOLE: &str = "
    select distinct n.nspname::text, c.relname::text
    from unnest($1::text[], $2::text[]) as read (schema, name)
    join pg_namespace own on own.nspname = read.schema
    join pg_class part on part.relnamespace = own.oid and part.relname = read.name
    join pg_class c on c.oid = coalesce(pg_partition_root(part.oid)::oid, part.oid)
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
    order by 1, 2";

/// A table, by its schema and its name.
type Table = (String, String);

/// Gathers statistics of the tables that these queries join. Where that fails, an answer may take longer than it should,
/// which is no finding: a sentence says so.
pub(super) async fn gather(
    superuser: &Client,
    reader: &mut Client,
    schema: &str,
    queries: &[String],
) -> Option<String> {
    let mut joined = BTreeSet::new();
    for query in queries {
        // What is wrong with a query is said where it is asked.
        let planned = tokio::time::timeout(PLANNING + GRACE, plan(reader, schema, query)).await;
        if let Ok(Ok(plan)) = planned
            && is_join(&plan)
        {
            add_tables(&plan, &mut joined);
        }
    }
    if joined.is_empty() {
        return None;
    }
    let failed = match analyze(superuser, schema, &joined).await {
        Ok(failed) => failed,
        Err(error) => {
            tracing::debug!(%error, "statistics were not gathered");
            joined.into_iter().map(|(_, name)| name).collect()
        }
    };
    (!failed.is_empty()).then(|| {
        let tables = names::list(&failed);
        format!("There are no statistics of {tables}: a query that joins them may take longer than in the dumped database.")
    })
}

/// Those of these questions that may join tables.
pub(super) fn queries(questions: &[Question]) -> Vec<String> {
    let statements = questions.iter().flat_map(|question| match &question.ask {
        Ask::Statements(statements, _) => statements.as_slice(),
        Ask::Known(_) => &[],
    });
    let joining = statements.filter(|statement| statement.joins);
    joining.map(|statement| statement.sql.clone()).collect()
}

/// How PostgreSQL would answer; it does not.
async fn plan(reader: &mut Client, schema: &str, query: &str) -> Result<Value, Error> {
    let transaction = session::begin(reader, schema, PLANNING).await?;
    let explain = format!("explain (verbose, costs off, format json) {query}");
    let plan = transaction.query_one(&explain, &[]).await?.try_get(0)?;
    transaction.rollback().await?;
    Ok(plan)
}

/// Whether rows of one table are looked up for those of another.
fn is_join(plan: &Value) -> bool {
    const LOOKS_UP: [&str; 5] = [
        "Nested Loop",
        "Hash Join",
        "Merge Join",
        "SubPlan",
        "InitPlan",
    ];
    match plan {
        Value::Array(nodes) => nodes.iter().any(is_join),
        Value::Object(node) => {
            let is = |key| {
                node.get(key)
                    .and_then(Value::as_str)
                    .is_some_and(|word| LOOKS_UP.contains(&word))
            };
            is("Node Type") || is("Parent Relationship") || node.values().any(is_join)
        }
        _ => false,
    }
}

/// Adds the tables that are read.
fn add_tables(plan: &Value, tables: &mut BTreeSet<Table>) {
    match plan {
        Value::Array(nodes) => {
            for node in nodes {
                add_tables(node, tables);
            }
        }
        Value::Object(node) => {
            let text = |key| node.get(key).and_then(Value::as_str).map(str::to_owned);
            tables.extend(text("Schema").zip(text("Relation Name")));
            for inner in node.values() {
                add_tables(inner, tables);
            }
        }
        _ => {}
    }
}

/// The names of those whose statistics could not be gathered.
async fn analyze(
    superuser: &Client,
    schema: &str,
    tables: &BTreeSet<Table>,
) -> Result<Vec<String>, Error> {
    superuser
        .batch_execute(&session::steady(schema, MOST))
        .await?;
    let (schemas, names): (Vec<&str>, Vec<&str>) = tables
        .iter()
        .map(|(schema, name)| (schema.as_str(), name.as_str()))
        .unzip();
    let mut failed = Vec::new();
    for row in superuser.query(WHOLE, &[&schemas, &names]).await? {
        let (schema, name): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let table = format!(
            "{}.{}",
            names::identifier(&schema),
            names::identifier(&name)
        );
        let analyze = format!("analyze {table}");
        let analyzing = superuser.batch_execute(&analyze);
        if !matches!(
            tokio::time::timeout(MOST + GRACE, analyzing).await,
            Ok(Ok(()))
        ) {
            failed.push(name);
        }
    }
    Ok(failed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scan(name: &str) -> Value {
        json!({ "Node Type": "Seq Scan", "Schema": "public", "Relation Name": name, "Alias": "x" })
    }

    fn tables(plan: &Value) -> Vec<String> {
        let mut tables = BTreeSet::new();
        add_tables(plan, &mut tables);
        tables
            .into_iter()
            .map(|(schema, name)| format!("{schema}.{name}"))
            .collect()
    }

    #[test]
    fn tables_are_joined_wherever_in_the_plan_that_is() {
        let join = json!({ "Node Type": "Hash Join", "Plans": [scan("a"), { "Node Type": "Hash", "Plans": [scan("b")] }] });
        let plan = json!([{ "Plan": { "Node Type": "Aggregate", "Plans": [join] } }]);
        assert!(is_join(&plan));
        assert_eq!(tables(&plan), ["public.a", "public.b"]);
        let mut looked_up = scan("b");
        looked_up["Parent Relationship"] = json!("SubPlan");
        let plan = json!([{ "Plan": { "Node Type": "Seq Scan", "Plans": [looked_up] } }]);
        assert!(is_join(&plan));
    }

    #[test]
    fn partitions_of_one_table_are_no_join() {
        let plan =
            json!([{ "Plan": { "Node Type": "Append", "Plans": [scan("a_1"), scan("a_2")] } }]);
        assert!(!is_join(&plan));
    }
}
