//! What several subjects need.

pub(crate) mod cluster;
pub(crate) mod s3;
