//! What is said when the bytes are not what a stored checksum says.

use super::stored::Difference;
use crate::{
    backup::twice,
    error::Error,
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
    let found = Finding::new(Code::DumpCorrupt, message).about(key);
    twice::sure(found.detail(told(differences)))
}

/// It differed once only.
pub(super) fn on_the_way(key: &str, differences: &[Difference]) -> Error {
    twice::on_the_way(key, &told(differences))
}
