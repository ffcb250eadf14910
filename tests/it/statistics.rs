//! PostgreSQL knows what is in the tables that the plan's queries join, before it is asked.

use super::support::{cluster::Cluster, place::Place};

/// Without statistics PostgreSQL takes it that one row is left of each table, and reads `items` once for each of 100,000 orders.
const JOIN: &str = "
  - name: every order has an item
    query: >
      select count(*) from orders join items using (number)
      where paid = 1 and sent = 1 and taxed = 1 and picked = 1 and packed = 1 and weighed = 1
    equals: 100000
    timeout: 30s
";

/// Of which tables there are statistics; of those with partitions as a whole.
const KNOWN: &str = "
  - name: known
    query: select string_agg(distinct tablename, ' ' order by tablename) from pg_stats where schemaname = 'public'
    equals: items items_1 orders
  - name: known as a whole
    query: select string_agg(distinct tablename, ' ') from pg_stats where schemaname = 'public' and inherited
    equals: items
";

const NOTHING_KNOWN: &str = "
  - name: rows
    query: select count(*) from items where number > 0
    equals: 100000
  - name: known
    query: select count(*) from pg_stats where schemaname = 'public'
    equals: 0
";

fn shop(sql: &str) -> Option<Place> {
    let cluster = Cluster::start()?;
    cluster.psql(
        "postgres",
        b"create database shop;\n\\connect shop\n\
          create table orders as select number, 1 as paid, 1 as sent, 1 as taxed from generate_series(1, 100000) number;\n\
          create table items (number int, picked int, packed int, weighed int) partition by range (number);\n\
          create table items_1 partition of items for values from (1) to (1000000);\n\
          insert into items select number, 1, 1, 1 from generate_series(1, 100000) number;\n\
          create table others (n int);\n",
    );
    let place = Place::new(&format!("sql:{sql}"));
    place.store("shop.dump", &cluster.dump(&["-Fc", "shop"]));
    Some(place)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_joins_tables_is_planned_by_what_is_in_them() {
    let Some(place) = shop(&format!("{JOIN}{}", KNOWN.trim_start_matches('\n'))) else {
        return;
    };
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 0, "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statistics_are_gathered_for_a_query_over_one_table() {
    let Some(place) = shop(NOTHING_KNOWN) else {
        return;
    };
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 0, "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_whose_statistics_cannot_be_gathered_is_named_and_no_finding() {
    let cluster = Cluster::start();
    let Some(cluster) = cluster else { return };
    // Of what an index is over, statistics are gathered, too; this one's function fails for them alone.
    cluster.psql(
        "postgres",
        b"create database shop;\n\\connect shop\n\
          create function size(n int) returns int immutable language plpgsql as
            $$ begin if current_query() like 'analyze%' then raise 'no'; end if; return n; end $$;\n\
          create table orders as select number from generate_series(1, 100) number;\n\
          create index on orders (size(number));\n",
    );
    let join = "
  - name: pairs
    query: select count(*) from orders a join orders b using (number)
    equals: 100
";
    let place = Place::new(&format!("sql:{join}"));
    place.store("shop.dump", &cluster.dump(&["-Fc", "shop"]));
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 0, "{report:#}");
    let notes = report["sandbox"]["notes"].to_string();
    assert!(
        notes.contains("no statistics of \\\"orders\\\""),
        "{report:#}"
    );
}
