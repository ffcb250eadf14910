//! What the restore says, and what the sandbox around it does.

use super::Phrase;

#[rustfmt::skip]
pub(super) const PHRASES: &[Phrase] = &[
    ("{} ended with exit code {} and did not say why", "{0} が理由を示さずに終了コード {1} で終わりました"),
    ("the sandbox could not restore {}", "検証環境で {0} をリストアできませんでした"),
    ("the restore reported {} more errors", "リストアのエラーがほかに {0} 件あります"),
    ("the program ended with exit code {}", "プログラムが終了コード {0} で終わりました"),
    ("could not make room for the dump's own schema \"public\"", "ダンプのスキーマ「public」の場所を空けられませんでした"),
    ("a role stays without a superuser's rights", "スーパーユーザーの権限のないロールがあります"),
    ("the dump needs the extension \"{}\", which the sandbox's server does not have", "ダンプには拡張「{0}」が必要ですが、検証環境のサーバーにありません"),
    ("the dump needs the extensions \"{}\", which the sandbox's server does not have", "ダンプには拡張「{0}」が必要ですが、検証環境のサーバーにありません"),
    ("the dump needs the {} \"{}\", which the sandbox's server does not have", "ダンプには {0}「{1}」が必要ですが、検証環境のサーバーにありません"),
    ("Set `{}` in the plan.", "プランに `{0}` を書いてください。"),
    ("Nothing was restored, so nothing is known about the backup.", "何もリストアしていないため、バックアップについては何もわかりません。"),
    ("the sandbox has too little disk space to spool the dump", "検証環境に、ダンプを一時保存するディスクの空きがありません"),
    ("the dump could not be read to its end", "ダンプを最後まで読み取れませんでした"),
    ("a dump that makes databases of its own cannot be restored into a service", "データベースを自分で作るダンプはサービスにはリストアできません"),
    ("Nothing of the dump is missing because of it.", "これによってダンプから失われたものはありません。"),
    ("Nothing needs to be done.", "何もする必要はありません。"),
    ("Use a newer PostgreSQL: name its image in `sandbox.image`, or install its client programs.", "より新しい PostgreSQL を使ってください。`sandbox.image` にイメージを書くか、クライアントプログラムを入れてください。"),
    ("Free disk space for the sandbox, or run it where there is more.", "検証環境のディスクの空きを増やすか、空きの多い場所で実行してください。"),
    ("Use an image that has the locale, or install it; the official `postgres` images have en_US.UTF-8.", "そのロケールを含むイメージを使うか、ロケールを入れてください。公式の `postgres` イメージには en_US.UTF-8 があります。"),
    ("Name an image that has what the dump needs in `sandbox.image`.", "ダンプに必要なものを含むイメージを `sandbox.image` に書いてください。"),
    ("Use a service whose role is a superuser, or the provider `docker` or `local`.", "スーパーユーザーで接続できるサービスか、`docker` または `local` を使ってください。"),
    ("Give the sandbox more memory or disk, and run again.", "検証環境のメモリーかディスクを増やし、もう一度実行してください。"),
    ("Check that the sandbox has enough free disk space.", "検証環境のディスクに十分な空きがあるか確認してください。"),
    ("Free disk space, or restore with one job: most dumps need no spool then.", "ディスクの空きを増やすか、並列数 1 でリストアしてください。多くのダンプは一時ファイルが要らなくなります。"),
    ("{} may be used for it.", "使える容量は {0} です。"),
    ("The server refused to make the roles \"{}\": what they own or are granted is not proven.", "サーバーがロール「{0}」の作成を拒否しました。所有権と権限は検証されていません。"),
    ("Run again with `--keep` and look at the sandbox.", "`--keep` を付けて再実行し、検証環境を調べてください。"),
    ("Use the provider `docker` or `local`.", "`docker` または `local` を使ってください。"),
    ("pg_restore reads a tar archive with one job only.", "pg_restore は tar アーカイブを並列数 1 でしか読めません。"),
];
