//! The throwaway server: what could run one, and one that is started as a drill starts it, asked, and removed.

use std::time::Duration;

use super::{Line, Newest, Outcome, Said, What, disk, versions::fixed_in};
use crate::{
    error::Result,
    plan::{Provider, SandboxPlan},
    sandbox::{self, DockerFacts, Image, Needs, Programs, Sandbox},
};

/// A trial that is not over by then ends itself.
const DEADLINE: Duration = Duration::from_mins(5);

/// Looks at every provider that the plan may use, then starts the one that a drill would.
pub(super) async fn examine(run: &str, plan: &SandboxPlan, newest: &Newest) -> Vec<Line> {
    let needs = Needs {
        run: run.to_owned(),
        provider: plan.provider,
        major: newest.major,
        tools_major: newest.tools_major,
        image: plan.image.clone(),
        service_url: plan.service_url.clone(),
        keep: false,
        deadline: DEADLINE,
    };
    let mut lines = Vec::new();
    let mut absent = None;
    if uses_docker(&needs) {
        let facts = sandbox::docker_facts(&needs).await;
        absent = facts.as_ref().ok().and_then(not_here);
        lines.extend(docker(facts, needs.provider == Provider::Docker));
    }
    if needs.provider != Provider::Docker {
        let wanted = needs.major.max(needs.tools_major);
        lines.push(match sandbox::programs().await {
            Ok(programs) => installed(&programs, wanted, needs.provider),
            Err(error) => Line::of_error(What::Programs, Outcome::Warn, error),
        });
    }
    match absent {
        Some(image) => lines.push(download(&image)),
        None => lines.extend(trial(&needs, newest).await),
    }
    lines
}

fn uses_docker(needs: &Needs) -> bool {
    match needs.provider {
        Provider::Docker => true,
        Provider::Auto => needs.service_url.is_none(),
        Provider::Local | Provider::Service => false,
    }
}

/// The image that a drill would download first: a doctor downloads nothing.
fn not_here(facts: &DockerFacts) -> Option<String> {
    (facts.place == Image::InRegistry).then(|| facts.image.clone())
}

fn docker(facts: Result<DockerFacts>, needed: bool) -> Vec<Line> {
    // Without Docker the next provider is used, unless the plan wants no other.
    let broken = if needed { Outcome::Fail } else { Outcome::Warn };
    let facts = match facts {
        Ok(facts) => facts,
        Err(error) => return vec![Line::of_error(What::Docker, broken, error)],
    };
    let version = &facts.version;
    let answers = Line::ok(
        What::Docker,
        Said::new(
            format!("Docker {version} answers"),
            format!("Docker {version} が応答しました"),
        ),
    );
    let image = &facts.image;
    let place = match facts.place {
        Image::Here => Line::ok(
            What::Image,
            Said::new(
                format!("\"{image}\" is here"),
                format!("「{image}」があります"),
            ),
        ),
        Image::InRegistry => Line::ok(
            What::Image,
            Said::new(
                format!("\"{image}\" can be pulled"),
                format!("「{image}」を取得できます"),
            ),
        ),
        Image::Nowhere(error) => Line::of_error(What::Image, broken, error),
    };
    vec![answers, place]
}

fn download(image: &str) -> Line {
    Line::warn(
        What::Sandbox,
        Said::new(
            format!("not started: the first drill has to pull \"{image}\""),
            format!("起動していません。最初の検証で「{image}」を取得します"),
        ),
        Said::same(format!("docker pull {image}")),
    )
}

/// What is installed, and whether it has a known hole. The server of another provider may be the one that is used.
fn installed(programs: &[Programs], wanted: Option<u32>, provider: Provider) -> Line {
    let names: Vec<_> = programs.iter().map(|one| one.version.as_str()).collect();
    let names = names.join(", ");
    let fits = |one: &&Programs| one.server && one.major >= wanted.unwrap_or(0);
    if !programs.iter().any(|one| fits(&one)) {
        let major = wanted.map_or_else(String::new, |major| format!("-{major}"));
        let seen = if programs.is_empty() {
            Said::new("none is installed here", "インストールされていません")
        } else {
            Said::new(
                format!("no server that fits is installed here, only {names}"),
                format!("合うサーバーがありません(あるのは {names})"),
            )
        };
        let mend = Said::same(format!("apt-get install postgresql{major}"));
        return match provider {
            Provider::Local => Line::fail(What::Programs, seen, mend),
            // Docker or the service does without.
            _ => Line {
                mend: None,
                ..Line::ok(What::Programs, seen)
            },
        };
    }
    let old = programs
        .iter()
        .find_map(|one| Some((one, fixed_in(&one.version)?)));
    match old {
        Some((one, fixed)) => holed(What::Programs, &one.version, &fixed, {
            format!(
                "apt-get install --only-upgrade postgresql-{0} postgresql-client-{0}",
                one.major
            )
        }),
        None => Line::ok(
            What::Programs,
            Said::new(
                format!("{names} installed here"),
                format!("{names} がインストールされています"),
            ),
        ),
    }
}

fn holed(what: What, version: &str, fixed: &str, mend: String) -> Line {
    Line::warn(
        what,
        Said::new(
            format!("{version} has a known code-execution hole, closed in {fixed}"),
            format!("{version} には既知の脆弱性があります({fixed} で修正)"),
        ),
        Said::same(mend),
    )
}

/// Starts one, asks it, and removes it.
async fn trial(needs: &Needs, newest: &Newest) -> Vec<Line> {
    let what = if needs.provider == Provider::Service || needs.service_url.is_some() {
        What::Service
    } else {
        What::Sandbox
    };
    let sandbox = match sandbox::start(needs).await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            let mut lines = vec![Line::of_error(what, Outcome::Fail, error)];
            lines.extend(room_here(newest));
            return lines;
        }
    };
    let mut lines = vec![started(what, &sandbox)];
    lines.push(tools(&sandbox).await);
    let stored = newest.backup.as_ref().map(|backup| backup.size);
    lines.push(match sandbox.free_bytes().await {
        Ok(free) => disk::judge(free, stored),
        Err(error) => Line::of_error(What::Disk, Outcome::Warn, error),
    });
    if let Err(error) = sandbox.stop().await {
        lines.push(Line::of_error(what, Outcome::Warn, error));
    }
    lines
}

fn started(what: What, sandbox: &Sandbox) -> Line {
    let (provider, version) = (sandbox.provider().name(), sandbox.server_version());
    let image = sandbox.image().map(|image| format!(" ({image})"));
    let image = image.unwrap_or_default();
    Line::ok(
        what,
        Said::new(
            format!("{provider}{image}: a PostgreSQL {version} was started and removed"),
            format!("{provider}{image}: PostgreSQL {version} を起動し、片付けました"),
        ),
    )
}

async fn tools(sandbox: &Sandbox) -> Line {
    let version = match sandbox.tools_version().await {
        Ok(Some(version)) => version,
        Ok(None) => {
            return Line::fail(
                What::Tools,
                Said::new(
                    "pg_restore in the sandbox does not say its version",
                    "検証環境の pg_restore がバージョンを答えません",
                ),
                Said::new(
                    "name an image that has PostgreSQL's client programs in sandbox.image",
                    "PostgreSQL のクライアントを含むイメージを sandbox.image に書いてください",
                ),
            );
        }
        Err(error) => return Line::of_error(What::Tools, Outcome::Fail, error),
    };
    let mend = match sandbox.image() {
        Some(image) => format!("docker pull {image}"),
        None => "apt-get install --only-upgrade postgresql-client".to_owned(),
    };
    match fixed_in(&version) {
        Some(fixed) => holed(What::Tools, &format!("pg_restore {version}"), &fixed, mend),
        None => Line::ok(What::Tools, Said::same(format!("pg_restore {version}"))),
    }
}

/// Without a sandbox, the folder for temporary files is the best guess.
fn room_here(newest: &Newest) -> Option<Line> {
    let about = nix::sys::statvfs::statvfs(&std::env::temp_dir()).ok()?;
    #[expect(
        clippy::useless_conversion,
        reason = "the two types differ between systems"
    )]
    let free = u64::from(about.blocks_available()).saturating_mul(u64::from(about.fragment_size()));
    let stored = newest.backup.as_ref().map(|backup| backup.size);
    Some(disk::judge(free, stored))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(version: &str, server: bool) -> Programs {
        Programs {
            major: version.split('.').next().unwrap().parse().unwrap(),
            version: version.to_owned(),
            bin: std::path::PathBuf::new(),
            server,
        }
    }

    #[test]
    fn an_old_minor_release_is_a_warning_that_names_the_fixed_one() {
        let line = installed(&[program("15.18", true)], None, Provider::Auto);
        assert_eq!(line.outcome, Outcome::Warn);
        assert!(line.seen.in_lang(crate::words::Lang::En).contains("15.20"));
        let line = installed(&[program("15.20", true)], Some(15), Provider::Local);
        assert_eq!(line.outcome, Outcome::Ok);
    }

    #[test]
    fn a_missing_server_is_broken_only_where_no_other_is_used() {
        let old = [program("15.20", true)];
        assert_eq!(
            installed(&old, Some(17), Provider::Local).outcome,
            Outcome::Fail
        );
        assert_eq!(
            installed(&old, Some(17), Provider::Auto).outcome,
            Outcome::Ok
        );
        let client = [program("15.20", false)];
        assert_eq!(
            installed(&client, None, Provider::Local).outcome,
            Outcome::Fail
        );
    }
}
