//! The storage: can backups be listed and read, can they not be written, and what time is it there?

use std::path::Path;

use tokio::task;

use super::{Line, Newest, Outcome, PATIENCE, Said, What};
use crate::{
    backup::{Backup, Listing, Records, Store, Writable},
    dump::{self, Opened},
    error::Result,
    plan::Plan,
    progress::Progress,
    units::{Age, Bytes},
};

/// How far two clocks may differ, in seconds, as for the finding `clock.skewed`.
const APART: i64 = 300;

/// Looks at the place of the backups.
pub(super) async fn examine(plan: &Plan) -> (Vec<Line>, Newest) {
    let Some(backup) = &plan.backup else {
        return (vec![nowhere()], Newest::default());
    };
    let folder = plan.file.parent().unwrap_or(Path::new("."));
    let listed = match Store::open_with(backup, folder, None, PATIENCE).await {
        Ok(store) => store.list().await.map(|listing| (store, listing)),
        Err(error) => Err(error),
    };
    let (store, listing) = match listed {
        Ok(listed) => listed,
        Err(error) => {
            let line = Line::of_error(What::Listing, Outcome::Fail, error);
            return (vec![line], Newest::default());
        }
    };
    let mut lines = vec![list(&listing)];
    let mut newest = Newest::default();
    if let Some(backup) = listing.backups.first() {
        let read = store.first_byte(backup).await;
        let readable = read.is_ok();
        lines.push(reading(backup, read));
        newest.backup = Some(backup.clone());
        if readable {
            (newest.major, newest.tools_major) = majors(&store, backup).await;
        }
    }
    lines.push(writing(store.writable().await));
    lines.extend(clock(&listing));
    (lines, newest)
}

fn nowhere() -> Line {
    Line::fail(
        What::Listing,
        Said::new(
            "the plan does not say where the backups are",
            "プランにバックアップの場所がありません",
        ),
        Said::new(
            "add backup: { url: … } to the plan",
            "プランに backup: { url: … } を加えてください",
        ),
    )
}

fn list(listing: &Listing) -> Line {
    let url = &listing.url;
    let Some(newest) = listing.backups.first() else {
        let rejected = listing.rejected_count;
        return Line::warn(
            What::Listing,
            Said::new(
                format!("no backup under \"{url}\"; {rejected} other objects"),
                format!("「{url}」にバックアップがありません(ほかのオブジェクト {rejected} 個)"),
            ),
            Said::new(
                "check backup.url and backup.match, then run the backup job",
                "backup.url と backup.match を確認し、バックアップジョブを実行してください",
            ),
        );
    };
    let (count, key, size) = (listing.count, &newest.key, Bytes(newest.size));
    let now = listing.server_time.unwrap_or_else(jiff::Timestamp::now);
    let age = now.as_second() - newest.last_modified.as_second();
    let age = Age::from_secs(u64::try_from(age).unwrap_or(0));
    Line::ok(
        What::Listing,
        Said::new(
            format!("{count} backups under \"{url}\"; newest \"{key}\", {size}, {age} old"),
            format!("「{url}」に {count} 個。最新は「{key}」({size}、{age} 前)"),
        ),
    )
}

fn reading(backup: &Backup, read: Result<()>) -> Line {
    match read {
        Ok(()) => Line::ok(
            What::Reading,
            Said::new(
                format!("a byte of \"{}\" was read", backup.key),
                format!("「{}」を読めました", backup.key),
            ),
        ),
        Err(error) => Line::of_error(What::Reading, Outcome::Fail, error),
    }
}

/// Only the head is read. What is wrong with a dump is a drill's to say.
async fn majors(store: &Store, backup: &Backup) -> (Option<u32>, Option<u32>) {
    if backup.is_directory() {
        return (None, None);
    }
    let body = store.read(&backup.object(), &Progress::default());
    let reader = body.into_reader();
    let opened = task::spawn_blocking(move || dump::open(reader)).await;
    match opened {
        Ok(Ok(Opened::Archive(contents, _) | Opened::Script(contents, _))) => {
            (contents.major(), contents.tools_major())
        }
        _ => (None, None),
    }
}

fn writing(writable: Writable) -> Line {
    match writable {
        Writable::No => Line::ok(
            What::Writing,
            Said::new(
                "backups cannot be changed from here, as it should be",
                "ここからバックアップを変更できません(あるべき姿です)",
            ),
        ),
        Writable::Yes(None) => Line::warn(
            What::Writing,
            Said::new(
                "the credentials can write where the backups are",
                "この認証情報はバックアップの場所に書き込めます",
            ),
            Said::new(
                "use credentials, or a user, that may only list and read there",
                "一覧と読み取りだけができる認証情報(またはユーザー)を使ってください",
            ),
        ),
        Writable::Yes(Some(command)) => Line::warn(
            What::Writing,
            Said::new(
                "the credentials can write where the backups are, and the empty upload that showed it could not be given up",
                "この認証情報はバックアップの場所に書き込めます。確認用の空のアップロードを取り消せませんでした",
            ),
            Said::same(command),
        ),
        Writable::Unknown(error) => Line::of_error(What::Writing, Outcome::Warn, error),
    }
}

/// A folder has no clock of its own.
fn clock(listing: &Listing) -> Option<Line> {
    let ahead = listing.own_time?.as_second() - listing.server_time?.as_second();
    if ahead.abs() <= APART {
        return Some(Line::ok(
            What::Clock,
            Said::new(
                format!("{} s apart from the storage's", ahead.abs()),
                format!("保存先との差は {} 秒です", ahead.abs()),
            ),
        ));
    }
    let apart = Age::from_secs(ahead.unsigned_abs());
    Some(Line::warn(
        What::Clock,
        Said::new(
            format!("{apart} apart from the storage's; S3 refuses requests from 15 minutes on"),
            format!("保存先と {apart} ずれています。S3 は 15 分以上のずれを拒みます"),
        ),
        Said::same("timedatectl set-ntp true"),
    ))
}

/// Whether this run could be kept.
pub(super) async fn history(plan: &Plan) -> Option<Line> {
    let history = plan.history.as_ref()?;
    let folder = plan.file.parent().unwrap_or(Path::new("."));
    let url = &history.url;
    let opened = Records::open(history, folder, None, PATIENCE).await;
    // A run that cannot be kept is a warning of the run, too: its verdict stands.
    let records = match opened {
        Ok(records) => records,
        Err(error) => return Some(Line::of_error(What::History, Outcome::Warn, error)),
    };
    Some(match records.writable().await {
        Writable::Yes(None) => Line::ok(
            What::History,
            Said::new(
                format!("runs can be kept in \"{url}\""),
                format!("「{url}」に実行を保存できます"),
            ),
        ),
        Writable::Yes(Some(command)) => Line::warn(
            What::History,
            Said::new(
                format!(
                    "runs can be kept in \"{url}\"; the empty upload that showed it could not be given up"
                ),
                format!(
                    "「{url}」に実行を保存できます。確認用の空のアップロードを取り消せませんでした"
                ),
            ),
            Said::same(command),
        ),
        Writable::No => Line::warn(
            What::History,
            Said::new(
                format!("runs cannot be kept in \"{url}\""),
                format!("「{url}」に実行を保存できません"),
            ),
            if url.starts_with("s3://") {
                Said::new(
                    format!("allow s3:PutObject on the objects below \"{url}\""),
                    format!("「{url}」の下のオブジェクトに s3:PutObject を許可してください"),
                )
            } else {
                Said::new(
                    format!("let this user write into \"{url}\""),
                    format!("このユーザーに「{url}」への書き込みを許可してください"),
                )
            },
        ),
        Writable::Unknown(error) => Line::of_error(What::History, Outcome::Warn, error),
    })
}
