//! What each kind of check asks: the SQL in outline, what holds without a limit, and an example.

use crate::{
    plan::{DatabaseKind, TableKind},
    words::Lang,
};

macro_rules! kinds {
    ($($variant:ident = $name:literal in $place:ident,)*) => {
        /// A kind of check.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $(#[doc = concat!("`", $name, "`.")] $variant,)*
        }

        impl Kind {
            /// Every kind: those of a table, those of the database, and SQL.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The word in plans and reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Where it stands in a plan.
            #[must_use]
            pub const fn place(self) -> Place {
                match self { $(Self::$variant => Place::$place,)* }
            }
        }
    };
}

kinds! {
    RowCount = "row_count" in Table,
    Columns = "columns" in Table,
    NotNull = "not_null" in Table,
    Unique = "unique" in Table,
    AcceptedValues = "accepted_values" in Table,
    Matches = "matches" in Table,
    Range = "range" in Table,
    Freshness = "freshness" in Table,
    References = "references" in Table,
    Sum = "sum" in Table,
    Avg = "avg" in Table,
    Distinct = "distinct" in Table,
    Extensions = "extensions" in Database,
    Schemas = "schemas" in Database,
    Tables = "tables" in Database,
    Size = "size" in Database,
    InvalidIndexes = "invalid_indexes" in Database,
    UnvalidatedConstraints = "unvalidated_constraints" in Database,
    SequencesBehind = "sequences_behind" in Database,
    RestoreErrors = "restore_errors" in Database,
    Sql = "sql" in Sql,
}

/// Where a check stands in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Below a table's name under `tables`.
    Table,
    /// Under `database`.
    Database,
    /// An entry of `sql`.
    Sql,
}

impl From<&TableKind> for Kind {
    fn from(kind: &TableKind) -> Self {
        match kind {
            TableKind::RowCount => Self::RowCount,
            TableKind::Columns(_) => Self::Columns,
            TableKind::NotNull(_) => Self::NotNull,
            TableKind::Unique(_) => Self::Unique,
            TableKind::AcceptedValues(..) => Self::AcceptedValues,
            TableKind::Matches(..) => Self::Matches,
            TableKind::Range(_) => Self::Range,
            TableKind::Freshness(_) => Self::Freshness,
            TableKind::References(..) => Self::References,
            TableKind::Sum(_) => Self::Sum,
            TableKind::Avg(_) => Self::Avg,
            TableKind::Distinct(_) => Self::Distinct,
        }
    }
}

impl From<&DatabaseKind> for Kind {
    fn from(kind: &DatabaseKind) -> Self {
        match kind {
            DatabaseKind::Extensions(_) => Self::Extensions,
            DatabaseKind::Schemas(_) => Self::Schemas,
            DatabaseKind::Tables => Self::Tables,
            DatabaseKind::Size => Self::Size,
            DatabaseKind::InvalidIndexes => Self::InvalidIndexes,
            DatabaseKind::UnvalidatedConstraints => Self::UnvalidatedConstraints,
            DatabaseKind::SequencesBehind => Self::SequencesBehind,
            DatabaseKind::RestoreErrors => Self::RestoreErrors,
        }
    }
}

/// A check, explained.
pub(super) struct Asks {
    /// What it asks, in one sentence.
    pub(super) question: &'static str,
    /// What holds where the plan sets no limit, and what is no breach.
    pub(super) otherwise: &'static str,
    /// The SQL in outline, or where else the answer comes from.
    pub(super) sql: &'static str,
    /// A part of a plan.
    pub(super) example: &'static str,
}

/// What a check asks.
pub(super) fn asks(kind: Kind, lang: Lang) -> Asks {
    let (asks, otherwise, sql, example) = entry(kind);
    Asks {
        question: lang.say(asks.0, asks.1),
        otherwise: lang.say(otherwise.0, otherwise.1),
        sql,
        example,
    }
}

type Both = (&'static str, &'static str);

#[expect(clippy::too_many_lines, reason = "a table, a row for each kind")]
#[rustfmt::skip]
const fn entry(kind: Kind) -> (Both, Both, &'static str, &'static str) {
    match kind {
        Kind::RowCount => (
            ("How many rows does the table hold?", "テーブルに何行あるか。"),
            ("A limit is needed: a bare number could mean at least or exactly.", "上限・下限の指定が必要です。数だけでは「以上」か「ちょうど」かわかりません。"),
            "select count(*) from TABLE where …",
            "tables:\n  users:\n    row_count: { min: 1000, warn: { min: 5000 } }\n",
        ),
        Kind::Columns => (
            ("Are these columns there?", "これらの列があるか。"),
            ("Other columns may be there, too.", "ほかの列があっても構いません。"),
            "-- from the catalog: pg_attribute",
            "tables:\n  users:\n    columns: [id, email, created_at]\n",
        ),
        Kind::NotNull => (
            ("How many rows hold NULL in the column?", "列が NULL の行がいくつあるか。"),
            ("None may, unless a limit allows a number or a share of the rows.", "指定がなければ 0 行。行数または割合で許せます。"),
            "select count(*) - count(COLUMN) from TABLE where …",
            "tables:\n  users:\n    not_null:\n      email: { max: 0 }\n      phone: { max: 5% }\n",
        ),
        Kind::Unique => (
            ("How many rows share their value, or their values, with another row?", "同じ値(または値の組)を持つ行がいくつあるか。"),
            ("None may. NULLs are distinct, as in SQL. A list inside the list is a composite key.", "指定がなければ 0 行。SQL と同じく NULL 同士は別とみなします。リストの中のリストは複合キーです。"),
            "select sum(n) from (select count(*) n from TABLE group by COLUMNS) where n > 1",
            "tables:\n  users:\n    unique: [email, [tenant_id, slug]]\n",
        ),
        Kind::AcceptedValues => (
            ("How many rows hold another value than these?", "これら以外の値を持つ行がいくつあるか。"),
            ("None may. NULL is no breach. Numbers are compared as numbers.", "指定がなければ 0 行。NULL は違反になりません。数は数として比べます。"),
            "select count(*) from TABLE where COLUMN <> all (VALUES)",
            "tables:\n  orders:\n    accepted_values: { status: [open, paid, cancelled] }\n",
        ),
        Kind::Matches => (
            ("How many rows hold a value that does not match this PostgreSQL regular expression?", "PostgreSQL の正規表現に合わない値を持つ行がいくつあるか。"),
            ("None may. NULL is no breach.", "指定がなければ 0 行。NULL は違反になりません。"),
            "select count(*) from TABLE where COLUMN::text !~ PATTERN",
            "tables:\n  users:\n    matches: { email: '^[^@[:space:]]+@[^@[:space:]]+$' }\n",
        ),
        Kind::Range => (
            ("Do the smallest and the largest value keep these bounds?", "最小値と最大値が範囲に収まるか。"),
            ("A limit is needed. The values themselves are never shown. Use `freshness` for times.", "範囲の指定が必要です。値そのものは表示しません。時刻には `freshness` を使います。"),
            "select min(COLUMN), max(COLUMN) from TABLE where …",
            "tables:\n  orders:\n    range: { total_cents: { min: 0 } }\n",
        ),
        Kind::Freshness => (
            ("How much older than the dump is the newest value of the column?", "列の最新の値がダンプよりどれだけ古いか。"),
            ("An age is needed; exactly so old is still fresh. Measured from the time of the dump, or with `relative_to: now` from now.", "期間の指定が必要です(ちょうどなら合格)。ダンプの時刻から測ります。`relative_to: now` なら現在からです。"),
            "select max(COLUMN) from TABLE where …",
            "tables:\n  orders:\n    freshness:\n      created_at: { max_age: 48h, warn: { max_age: 24h } }\n",
        ),
        Kind::References => (
            ("How many rows point at a row that is not there?", "存在しない行を指している行がいくつあるか。"),
            ("None may. NULL is no breach. No foreign key needs to be declared.", "指定がなければ 0 行。NULL は違反になりません。外部キーの宣言は不要です。"),
            "select count(*) from TABLE where COLUMN is not null\n  and not exists (select from OTHER where OTHER.KEY = TABLE.COLUMN)",
            "tables:\n  orders:\n    references: { user_id: users.id }\n",
        ),
        Kind::Sum => (
            ("What is the sum of the column?", "列の合計はいくらか。"),
            ("A limit is needed. A sum over no row is no answer.", "範囲の指定が必要です。0 行の合計は答えになりません。"),
            "select sum(COLUMN) from TABLE where …",
            "tables:\n  invoices:\n    sum:\n      amount_cents: { min: 0, previous: { max_drop: 5% } }\n",
        ),
        Kind::Avg => (
            ("What is the mean of the column?", "列の平均はいくらか。"),
            ("A limit is needed.", "範囲の指定が必要です。"),
            "select avg(COLUMN) from TABLE where …",
            "tables:\n  orders:\n    avg: { total_cents: { min: 100, max: 100000 } }\n",
        ),
        Kind::Distinct => (
            ("How many different values does the column hold?", "列に何種類の値があるか。"),
            ("A limit is needed. NULL is no value.", "範囲の指定が必要です。NULL は数えません。"),
            "select count(distinct COLUMN) from TABLE where …",
            "tables:\n  orders:\n    distinct: { user_id: { min: 100 } }\n",
        ),
        Kind::Extensions => (
            ("Are these extensions installed in the restored database?", "これらの拡張が入っているか。"),
            ("Others may be there, too.", "ほかにあっても構いません。"),
            "-- from the catalog: pg_extension",
            "database:\n  extensions: [pgcrypto, pg_trgm]\n",
        ),
        Kind::Schemas => (
            ("Are these schemas there?", "これらのスキーマがあるか。"),
            ("Others may be there, too.", "ほかにあっても構いません。"),
            "-- from the catalog: pg_namespace",
            "database:\n  schemas: [public, billing]\n",
        ),
        Kind::Tables => (
            ("How many tables are there? Partitions count.", "テーブルがいくつあるか(パーティションも数えます)。"),
            ("At least one, even when no plan asks.", "プランになくても、1 つ以上あるかは確かめます。"),
            "-- from the catalog: pg_class",
            "database:\n  tables: { min: 40, previous: { max_drop: 0 } }\n",
        ),
        Kind::Size => (
            ("How large is the restored database on disk?", "リストアされたデータベースがディスク上でどれだけの大きさか。"),
            ("A limit is needed.", "範囲の指定が必要です。"),
            "select pg_database_size(current_database())",
            "database:\n  size: { min: 100MB, previous: { max_drop: 50% } }\n",
        ),
        Kind::InvalidIndexes => (
            ("How many indexes are invalid, and so of no use?", "無効な(使えない)インデックスがいくつあるか。"),
            ("None may, even when no plan asks.", "プランになくても、0 であるかを確かめます。"),
            "-- from the catalog: pg_index where not indisvalid",
            "database:\n  invalid_indexes: { max: 0 }\n",
        ),
        Kind::UnvalidatedConstraints => (
            ("How many constraints were never validated against the rows?", "行に対して検証されていない制約がいくつあるか。"),
            ("None may; when no plan asks, they are only noted.", "指定すれば 0。プランになければ記録だけします。"),
            "-- from the catalog: pg_constraint where not convalidated",
            "database:\n  unvalidated_constraints: { max: 0, severity: warning }\n",
        ),
        Kind::SequencesBehind => (
            ("How many sequences would hand out a value that their column has passed already?", "列がすでに使った値を次に渡してしまうシーケンスがいくつあるか。"),
            ("None may, even when no plan asks: the first insert after a recovery would fail.", "プランになくても 0 であるかを確かめます(復旧後の最初の INSERT が失敗するため)。"),
            "select last_value, (select max(COLUMN) from TABLE) from SEQUENCE",
            "database:\n  sequences_behind: { max: 0 }\n",
        ),
        Kind::RestoreErrors => (
            ("How many errors did PostgreSQL's tool report, without those that the plan ignores?", "PostgreSQL のツールが報告したエラーの数(プランが無視するものを除く)。"),
            ("None may, even when no plan asks.", "プランになくても、0 であるかを確かめます。"),
            "-- from the messages of pg_restore or psql",
            "database:\n  restore_errors: { max: 0 }\n",
        ),
        Kind::Sql => (
            ("A question of your own, as one read-only statement.", "自由な問い合わせ(読み取り専用の 1 文)。"),
            ("Without a limit the query must return no row; with one, the first column of its one row is compared.", "上限・下限がなければ 1 行も返してはいけません。あれば、返った 1 行の最初の列を比べます。"),
            "-- your query, in a read-only transaction",
            "sql:\n  - name: no double-booked seats\n    query: |\n      select seat_id, starts_at, count(*)\n      from bookings group by 1, 2 having count(*) > 1\n  - name: ledger balances to zero\n    query: select sum(debit - credit) from ledger\n    equals: 0\n",
        ),
    }
}
