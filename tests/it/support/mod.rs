//! What several subjects need.

pub(crate) mod act;
pub(crate) mod browser;
pub(crate) mod cluster;
pub(crate) mod declare;
pub(crate) mod generated;
pub(crate) mod listener;
pub(crate) mod peak;
pub(crate) mod place;
pub(crate) mod postgres;
pub(crate) mod program;
pub(crate) mod prometheus;
pub(crate) mod questions_db;
pub(crate) mod receiver;
pub(crate) mod reports;
pub(crate) mod s3;
pub(crate) mod server;
pub(crate) mod shown;
pub(crate) mod smtp;
pub(crate) mod tls;
pub(crate) mod watch;
pub(crate) mod web;
