//! What is said when the bytes are not what a stored checksum says.

use super::stored::Difference;
use crate::{
    error::{Error, sentence},
    finding::{Code, Finding},
};

fn told(differences: &[Difference]) -> String {
    let told = differences.iter().map(|difference| {
        let Difference {
            name,
            stored,
            computed,
        } = difference;
        format!("The stored {name} is {stored}, that of the bytes is {computed}.")
    });
    told.collect::<Vec<_>>().join(" ")
}

/// It differs in the storage.
pub(super) fn damaged(key: &str, differences: &[Difference]) -> Finding {
    let message = format!("\"{key}\" is not what its stored checksum says");
    let detail = format!("{} It was read twice.", told(differences));
    Finding::new(Code::DumpCorrupt, message)
        .detail(detail)
        .about(key)
}

/// It differed once only.
pub(super) fn on_the_way(key: &str, differences: &[Difference]) -> Error {
    let doing = format!("the bytes of \"{key}\" changed on their way here");
    let cause = format!(
        "{} A second reading came to something else.",
        sentence(&told(differences))
    );
    Error::new(
        doing,
        "Check this machine's network and memory, then run again.",
    )
    .because(cause)
}
