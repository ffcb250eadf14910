//! What each finding means, how it reads, and where its limit is set.

use crate::{finding::Code, words::Lang};

/// A finding, explained.
#[derive(Clone, Copy, Debug)]
pub struct Meaning {
    /// When it is said and why that matters, in sentences.
    pub means: &'static str,
    /// How its message reads in a report, always in English.
    pub reads: &'static str,
    /// The part of a plan that sets its limit or answers it; none where there is nothing to set.
    pub plan: Option<&'static str>,
}

/// What a finding means. A code without an explanation does not compile.
#[must_use]
pub fn meaning(code: Code, lang: Lang) -> Meaning {
    let (english, japanese, reads, plan) = entry(code);
    Meaning {
        means: lang.say(english, japanese),
        reads,
        plan: (!plan.is_empty()).then_some(plan),
    }
}

/// Meaning in English and in Japanese, a message as it reads, and the part of a plan that belongs to it.
#[expect(clippy::too_many_lines, reason = "a table, a row for each code")]
#[rustfmt::skip]
const fn entry(code: Code) -> (&'static str, &'static str, &'static str, &'static str) {
    match code {
        Code::BackupNone => (
            "Nothing under `backup.url` is a dump by its name, or by `backup.match`. The backup job never ran, writes elsewhere, or its old dumps were deleted without new ones.",
            "`backup.url` の下に、名前(または `backup.match`)がダンプに当たるものがありません。ジョブが一度も動いていないか、別の場所に書いているか、新しいダンプなしに古いものが消されています。",
            "no backups found",
            "backup:\n  url: s3://my-backups/db-backups/\n  match: \"*.dump\"\n",
        ),
        Code::BackupStale => (
            "The newest dump is older than `limits.max_age` (48 hours unless the plan says otherwise; exactly so old is still fresh), by the storage's own clock. It is also said of an old dump that was stored again. The age of one whose time lies in the future is not known: where no other is fresh, that is `run.stopped`, for the clock that is wrong may be this machine's.",
            "最新のダンプが `limits.max_age`(既定は 48 時間。ちょうどならまだ新しい)より古いものです。時刻は保存先の時計で測ります。古いダンプが置き直された場合にも出ます。時刻が未来のものは古さがわからず、このマシンの時計が狂っているかもしれないため、ほかに新しいものがなければ `run.stopped` になります。",
            "newest backup is 73 hours old",
            "limits:\n  max_age: 48h\n",
        ),
        Code::BackupEmpty => (
            "The newest dump has zero bytes, or a compressed stream with nothing in it. A pipe such as `pg_dump | gzip` leaves this behind when pg_dump fails and the shell does not look.",
            "最新のダンプが 0 バイトか、圧縮を解くと中身がありません。`pg_dump | gzip` のようなパイプで pg_dump が失敗し、シェルがそれを見ていないと起きます。",
            "newest backup \"db-backups/shop.dump\" is empty",
            "",
        ),
        Code::BackupShrunk => (
            "The newest dump is at or under `limits.max_shrink` (50 %) of the size of the one before it, or of the last proven one, and smaller by 1000 bytes or more. Rows may have been deleted, or a part may not have been dumped.",
            "最新のダンプの大きさが、前回(または最後に合格したもの)の `limits.max_shrink`(既定 50 %)以下で、1000 バイト以上小さくなっています。行の削除か、一部がダンプされていないおそれがあります。",
            "the newest backup is 42 % of the size of the one before",
            "limits:\n  max_shrink: 50%\n",
        ),
        Code::BackupFrozen => (
            "The newest dump is the same as the one before it: the same size and tag, the same bytes, the same counts in every table, or data that end long before the dump. A job may dump a replica that stands still, or upload an old file again.",
            "最新のダンプが前回と同じです(同じ大きさとタグ、同じバイト列、全テーブルの行数の一致、またはデータの最終時刻がダンプよりずっと前)。止まった複製をダンプしているか、古いファイルを上げ直しているおそれがあります。",
            "the newest backup is the same as the one before",
            "severity:\n  backup.frozen: info     # a database that nobody writes to looks the same\n",
        ),
        Code::BackupUnproven => (
            "No drill passed for longer than `limits.max_unproven` (35 days), or ever. Dumps that nobody restored are only files. It needs a `history`.",
            "`limits.max_unproven`(既定 35 日)を超えて、または一度も、検証が合格していません。リストアしたことのないダンプはただのファイルです。`history` が必要です。",
            "no drill has passed yet",
            "history: ./runs\nlimits:\n  max_unproven: 35d\n",
        ),
        Code::BackupChanged => (
            "The object was replaced, changed or removed while it was read, so that the bytes are of two backups. It says nothing about either of them.",
            "読み取り中にオブジェクトが置き換え・変更・削除されました。二つのバックアップのバイトが混ざるため、どちらについても何も言えません。",
            "\"shop.dump\" was replaced while it was read",
            "",
        ),
        Code::StorageLarge => (
            "All objects under `backup.url` together take more than `limits.storage` (50 GB). Old dumps are probably not deleted.",
            "`backup.url` の下の全オブジェクトの合計が `limits.storage`(既定 50 GB)を超えています。古いダンプが消されていないようです。",
            "61.2 GB are stored",
            "limits:\n  storage: 50GB\n",
        ),
        Code::StorageCost => (
            "What is stored costs more than `limits.monthly_cost` (10 USD) a month, or will by the end of this one. It needs a price; S3's is 0.023 USD for a gigabyte and a month, R2's 0.015.",
            "保存費用が月に `limits.monthly_cost`(既定 10 USD)を超えているか、月末までに超える見込みです。単価が必要です(1 GB・1 か月あたり S3 は 0.023、R2 は 0.015 USD)。",
            "storage costs 14.08 USD a month",
            "prices:\n  storage_gb_month: 0.023\nlimits:\n  monthly_cost: 10 USD\n",
        ),
        Code::DumpUnreadable => (
            "The object is no dump that PostgreSQL could restore: something else by content, or a format that is not known. It is told by the first bytes, never by the name. What is encrypted or packed by another program may hold a good dump; the verdict is then unverified (`run.stopped`).",
            "中身が PostgreSQL のダンプではありません(別の種類のファイル、未知の形式)。名前ではなく先頭のバイトで判断します。暗号化されたものや別のプログラムで梱包されたものは、中に正しいダンプがあるかもしれないため「未検証」(`run.stopped`)になります。",
            "not a PostgreSQL dump: it looks like HTML",
            "backup:\n  url: s3://my-backups/db-backups/\n  match: \"*.dump\"     # keeps other files out\n",
        ),
        Code::DumpTruncated => (
            "The dump ends before its own structure says that it should: the upload or the disk ended early. What follows the cut is lost.",
            "ダンプが、自身の構造が示す終わりより前で切れています。アップロードの中断やディスク不足です。切れた先のデータは失われています。",
            "the dump ends too early",
            "",
        ),
        Code::DumpCorrupt => (
            "The dump's structure or its compressed data are damaged: a checksum or a length does not fit. The bytes were changed after pg_dump wrote them.",
            "ダンプの構造または圧縮データが壊れています(チェックサムや長さが合いません)。pg_dump が書いた後にバイトが変わりました。",
            "the gzip data are damaged",
            "",
        ),
        Code::DumpIncomplete => (
            "A part of the dump is not there. A plain SQL dump without its closing line, or with a COPY that never ends, restores without any error and lacks what came last: pg_dump was stopped. A directory dump may lack a file, or a dump hold the data of no table; one that is meant to hold no rows is allowed by `restore.allow_schema_only`.",
            "ダンプの一部がありません。最後の行がないか COPY が終わっていない平文の SQL ダンプは、pg_dump が途中で止まったもので、エラーなしにリストアできてしまい、末尾のデータが欠けます。ディレクトリ形式でファイルが足りない場合や、テーブルのデータが一つもない場合もこれです。行を含まないダンプが意図どおりなら `restore.allow_schema_only` で許可します。",
            "the dump lacks its closing line",
            "restore:\n  allow_schema_only: true     # only where no row is meant to be in it\n",
        ),
        Code::DumpUnexpected => (
            "The dump was taken from another database than the plan names, or decompresses to more than `limits.max_unpacked`. The backup job may dump the wrong one, or store it in the wrong place.",
            "ダンプのデータベースがプランで指定したものと違うか、展開後のサイズが `limits.max_unpacked` を超えています。バックアップジョブが別のデータベースをダンプしているか、保存先を間違えている可能性があります。",
            "the dump is not of the database \"shop\"",
            "backup:\n  url: ./backups\n  database: shop\n",
        ),
        Code::DumpTrailing => (
            "Bytes that are no padding follow the end of the dump. The dump itself is whole, but something else was written behind it: an older, longer file that was not cut, or a second dump that nobody restores.",
            "ダンプの終わりの後に、詰め物ではないデータがあります。ダンプ自体は完全ですが、切り詰められなかった古いファイルや、リストアされない二つ目のダンプが続いています。",
            "bytes after the end of the archive",
            "",
        ),
        Code::RestoreStalled => (
            "The client program took no more of the dump although there was some, and the server had nothing to do, for as long as the plan allows. A restore by hand would hang in the same way. When the storage stops instead, the run is unverified.",
            "ダンプのデータが残っているのにクライアントが読まず、サーバーも何もしていない状態が、プランの許す時間だけ続きました。手動のリストアでも同じように止まります。ストレージ側が止まった場合は「未検証」になります。",
            "the restore stopped moving",
            "restore:\n  stall: 30m\n",
        ),
        Code::RestoreFailed => (
            "PostgreSQL's own tool reported an error while it loaded the dump: the object that it names is missing or incomplete. An error that is known to do no harm can be ignored, with a reason and until a day.",
            "PostgreSQL のツールがリストア中にエラーを報告しました。その対象は欠けているか不完全です。無害とわかっているエラーは、理由と期限を付けて無視できます。",
            "could not create view \"public.totals\"",
            "restore:\n  ignore:\n    - error: must be owner of extension\n      reason: the managed service owns its extensions\n      until: 2099-12-31\n",
        ),
        Code::RestoreMissing => (
            "An object that the dump's table of contents lists is not in the restored database.",
            "ダンプの目次にあるオブジェクトが、リストアされたデータベースにありません。",
            "the table \"public.orders\" is missing",
            "",
        ),
        Code::RestoreRows => (
            "A table or the large objects hold other rows than the dump, or than the source held in the dump's snapshot where a manifest tells: another number, or the same number with other contents.",
            "テーブルまたはラージオブジェクトの行数か内容が、ダンプ(マニフェストがあればダンプ取得時の元データベース)と一致しません。",
            "the table \"public.orders\" holds other rows than the dump: 812 rows of 830",
            "",
        ),
        Code::RestoreSlow => (
            "The restore or the backup job took `limits.slow_factor` times (3) its usual time or longer: the median of the last ten proven runs, at least three of them, and five seconds more. It needs a `history`.",
            "リストアまたはバックアップジョブが、普段(直近 10 回の合格の中央値。3 回以上必要)の `limits.slow_factor` 倍(既定 3)以上かつ 5 秒以上長くかかりました。`history` が必要です。",
            "the restore took 9 min, usually 2 min",
            "history: ./runs\nlimits:\n  slow_factor: 3\n",
        ),
        Code::RestoreRto => (
            "The restore alone took longer than `limits.rto`, the time within which the service must be back. A real recovery takes longer: somebody has to notice, decide, and switch over.",
            "リストアだけで `limits.rto`(目標復旧時間)を超えました。実際の復旧では、気づき、判断し、切り替える時間が加わります。",
            "the restore took 52 min",
            "limits:\n  rto: 45m\nrestore:\n  jobs: 4\n",
        ),
        Code::ToolsVulnerable => (
            "A client program of PostgreSQL that is older than the minor release in which a hole was closed through which a dump could run commands on the machine that restores it.",
            "PostgreSQL のクライアントプログラムが、ダンプからリストア側のマシンでコマンドを実行できる脆弱性の修正版より古いものです。",
            "pg_restore 15.4 has a known code-execution hole",
            "sandbox:\n  provider: docker\n  image: postgres:17\n",
        ),
        Code::ManifestUnusable => (
            "The file `<dump>.pgdrill.json` beside the dump is damaged, or was written for another dump. It raises the proof of nothing, and says nothing against the backup.",
            "ダンプの横にある `<dump>.pgdrill.json` が壊れているか、別のダンプのものです。証明の段階は上がりませんが、バックアップの問題を示すものではありません。",
            "the manifest \"shop.dump.pgdrill.json\" cannot be used",
            "",
        ),
        Code::SandboxExtension => (
            "The dump needs an extension that the sandbox's server does not have. It says nothing about the backup: name an image that has it.",
            "ダンプに必要な拡張が検証用サーバーにありません。バックアップの良し悪しとは無関係です。その拡張を含むイメージを指定してください。",
            "the dump needs the extension \"postgis\"",
            "sandbox:\n  image: postgis/postgis:17-3.5\n",
        ),
        Code::SchemaChanged => (
            "Tables, columns, indexes or sequences are gone or new since the last proven backup. A table that is gone is a warning. It needs a `history`.",
            "最後に合格したバックアップから、テーブル・列・インデックス・シーケンスが増減しました。テーブルが消えた場合は警告です。`history` が必要です。",
            "1 table is gone",
            "history: ./runs\nseverity:\n  schema.changed: warning\n",
        ),
        Code::RowsDropped => (
            "A table has no row left, or lost more than half of them since the last proven backup. A `row_count` with a `previous` of its own replaces this rule for its table. It needs a `history`.",
            "最後に合格したバックアップから、テーブルが空になったか、行が半分以上減りました。そのテーブルの `row_count` に `previous` を書くと、この規則の代わりになります。`history` が必要です。",
            "\"public.orders\" lost 72 % of its rows",
            "history: ./runs\ntables:\n  sessions:\n    row_count: { previous: { max_drop: 90% } }\n",
        ),
        Code::RowsGrew => (
            "A table has more than three times its rows, and a thousand more, than in the last proven backup: a job may have loaded them twice. It needs a `history`.",
            "最後に合格したバックアップから、行が 3 倍を超え、かつ 1,000 行以上増えました。二重に読み込まれたおそれがあります。`history` が必要です。",
            "\"public.events\" has 4.1 times its rows",
            "history: ./runs\ntables:\n  events:\n    row_count: { previous: { max_growth: 1000% } }\n",
        ),
        Code::SequenceBackwards => (
            "A sequence stands before where it stood in the last proven backup, so this dump is of an older state although it is newer. It needs a `history`.",
            "シーケンスの値が、最後に合格したバックアップより前に戻っています。新しいダンプなのに中身は古い状態です。`history` が必要です。",
            "sequence \"public.orders_id_seq\" went backwards",
            "history: ./runs\n",
        ),
        Code::CheckFailed => (
            "A check of the plan got an answer outside its bounds from the restored database. The finding names the line of the plan.",
            "プランのチェックに対する、リストアされたデータベースの答えが範囲外でした。プランの行番号が示されます。",
            "users.row_count is 12, at least 1000 was asked for",
            "tables:\n  users:\n    row_count: { min: 1000 }\n",
        ),
        Code::CheckWarned => (
            "A check keeps its hard bounds but not its soft ones under `warn`, or its severity is only a warning, or it could not be compared with the live database.",
            "チェックが本来の範囲は満たすものの `warn` の範囲を外れたか、重大度が警告のチェックが不合格か、稼働中のデータベースと比べられませんでした。",
            "users.row_count is 4120, at least 5000 was hoped for",
            "tables:\n  users:\n    row_count: { min: 1000, warn: { min: 5000 } }\n",
        ),
        Code::CheckError => (
            "A check got no answer: the table or the column is not there, the SQL went wrong, or there was nothing to compare. A check that compared nothing never passes. One that took longer than its timeout is told as this only when it is no critical one: else it makes the verdict unverified (`run.stopped`), for a slow machine says nothing about the backup. So does one that pgdrill's own role may not ask, and one that no database could answer: SQL with a syntax error, several statements, a broken pattern.",
            "チェックに答えがありません(テーブルや列がない、SQL の誤り、比べるものがない)。何も比べていないチェックは合格になりません。時間切れは、重大でないチェックだけがこの扱いです。重大なチェックの時間切れは「未検証」(`run.stopped`)になります。遅いマシンはバックアップについて何も示さないためです。pgdrill のロールに権限がないチェックと、どのデータベースでも実行できないチェック(構文エラー、複数の文、誤ったパターン)も同じです。",
            "orders.freshness compared nothing: the table is empty",
            "defaults: { timeout: 5m }\n",
        ),
        Code::ChecksNone => (
            "The plan declares no check. The dump is still restored, counted, and looked at for what is broken, but nobody said what must be in it.",
            "プランにチェックがありません。リストアと行数の計上、壊れたものの検査は行いますが、何が入っているべきかは誰も述べていません。",
            "no check is declared",
            "tables:\n  users:\n    row_count: { min: 1 }\n",
        ),
        Code::RunStopped => (
            "This machine or something that it needs had a problem: Docker, the network, credentials, disk. The verdict is unverified, which says nothing about the backup. `pgdrill doctor` finds most causes.",
            "このマシンか、必要なもの(Docker、ネットワーク、認証情報、ディスク)に問題がありました。判定は「未検証」で、バックアップの良し悪しは不明です。多くの原因は `pgdrill doctor` でわかります。",
            "Docker does not answer",
            "",
        ),
        Code::ClockSkewed => (
            "This machine's clock and the storage's differ by more than five minutes. Ages are told by the storage's clock; signatures of requests may be refused.",
            "このマシンの時計と保存先の時計が 5 分以上ずれています。経過時間は保存先の時計で測りますが、リクエストの署名が拒まれることがあります。",
            "this machine's clock is 7 min behind the storage's",
            "",
        ),
        Code::HistoryUnreadable => (
            "A record of an earlier run is damaged or of another version, or this run could not be kept. The verdict stands; comparisons with the past may lack a run.",
            "以前の実行の記録が壊れているか別の版か、今回の実行を保存できませんでした。判定は変わりませんが、過去との比較に欠けが出ます。",
            "this run could not be kept",
            "history: s3://my-backups/pgdrill/\n",
        ),
        Code::NotifyFailed => (
            "Somebody who should be told was not: the address is wrong, the key is refused, or the service is down. The verdict stands.",
            "知らせるべき相手に届きませんでした(アドレスの誤り、キーの拒否、サービスの停止)。判定は変わりません。",
            "the Pushgateway did not take the metrics",
            "metrics:\n  pushgateway: http://pushgateway:9091\n",
        ),
    }
}
