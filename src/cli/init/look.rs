//! Looks at the storage before anything is written, so that a wrong URL is noticed at once.

use std::path::Path;

use jiff::Timestamp;

use crate::{
    backup::{Listing, Store},
    cli::output,
    error::Result,
    plan::Plan,
    sinks::visible,
    units::{Age, Bytes},
    words::Lang,
};

/// Shows what is there.
pub(super) async fn show(plan: &Plan) -> Result<()> {
    let Some(backup) = &plan.backup else {
        return Ok(());
    };
    let folder = plan.file.parent().unwrap_or(Path::new("."));
    let listing = Store::open(backup, folder).await?.list().await?;
    output::print(&said(&listing, Timestamp::now(), output::lang()));
    Ok(())
}

fn said(listing: &Listing, now: Timestamp, lang: Lang) -> String {
    let url = visible(&listing.url);
    let Some(newest) = listing.backups.first() else {
        let others = listing.rejected_count;
        return lang.say(
            format!("no backup under \"{url}\" yet ({others} other objects): check the URL, or `--match`\n"),
            format!("「{url}」にはまだバックアップがありません(ほかのオブジェクト {others} 個)。URL か `--match` を確認してください\n"),
        );
    };
    let (count, size, key) = (listing.count, Bytes(newest.size), visible(&newest.key));
    let seconds = listing.server_time.unwrap_or(now).as_second() - newest.last_modified.as_second();
    let age = Age::from_secs(u64::try_from(seconds).unwrap_or(0));
    lang.say(
        format!("{count} backups under \"{url}\"\nnewest: \"{key}\", {size}, {age} old\n"),
        format!(
            "「{url}」に {count} 個のバックアップがあります\n最新: 「{key}」 {size}、{age} 前\n"
        ),
    )
}
