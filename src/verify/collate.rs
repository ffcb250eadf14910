//! A collation that somebody asked for in place of the dump's: where it held, and what is not proven because of it. And the
//! dump's own, where another of the same order stood in for it while text was loaded.

use super::trial::notes;
use crate::{
    dump::Locale,
    error::Result,
    plan::{Collation, RestorePlan},
    report::Report,
    restore::{Prepared, Restored},
    sandbox::Sandbox,
};

/// The collation of the restored database, where one was asked for and is there. A dump that makes its databases itself
/// gives them its own. What another order of text may have caused is not told as the dump's fault.
pub(super) async fn learn(
    plan: &RestorePlan,
    restored: &mut Restored,
    sandbox: &Sandbox,
    report: &mut Report,
) -> Option<String> {
    if plan.collation == Collation::Dump {
        return None;
    }
    let by_bytes = sandbox.sorts_by_bytes(&restored.loaded.database).await;
    match by_bytes {
        Ok(true) => {
            restored.complaints.sorted_otherwise();
            Some("C".to_owned())
        }
        Ok(false) => {
            let told = "The dump makes its database itself, so text sorts as it says there, and not by the collation \
                        \"C\".";
            notes(report).push(told.to_owned());
            None
        }
        Err(error) => {
            // A server that is gone shows itself in everything that comes after.
            tracing::debug!(%error, "nobody knows how text sorts");
            None
        }
    }
}

/// Gives the database its own collation back before it is asked anything.
pub(super) async fn own(prepared: &Prepared, sandbox: &Sandbox) -> Result<()> {
    match &prepared.collation {
        Some(own) => sandbox.give_collation(own).await,
        None => Ok(()),
    }
}

/// What is not proven; nothing where the dumped database sorted in the same way.
pub(super) fn note(collation: Option<&str>, locale: &Locale) -> Option<String> {
    let of_system = matches!(locale.provider.as_deref(), None | Some("libc"));
    let own = locale.collate.as_deref();
    let same = of_system && matches!(own, Some("C" | "POSIX"));
    collation.filter(|_| !same).map(|used| {
        format!(
            "Text was sorted by the collation \"{used}\", as it was asked for: its order in the dumped database is not proven."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(collate: &str, provider: &str) -> Option<String> {
        let locale = Locale {
            collate: Some(collate.to_owned()),
            provider: Some(provider.to_owned()),
            ..Locale::default()
        };
        assert_eq!(note(None, &locale), None);
        note(Some("C"), &locale)
    }

    #[test]
    fn another_order_of_text_is_no_proof_of_the_dumps_own() {
        assert!(told("en_US.UTF-8", "libc").is_some_and(|told| told.contains("not proven")));
        assert!(told("C", "icu").is_some());
        assert_eq!(told("C", "libc"), None);
        assert!(note(Some("C"), &Locale::default()).is_some());
    }
}
