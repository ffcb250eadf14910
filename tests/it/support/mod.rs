//! What several subjects need.

pub(crate) mod cluster;
