//! The one integration test binary.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test that cannot go on should fail loudly, and one that does not run should say so"
)]

mod action;
mod ahead;
mod architecture;
mod backup_folder;
mod backup_s3;
mod backup_s3_ranges;
mod backup_s3_read;
mod bad_input;
mod bombs;
mod checks;
mod checks_hostile;
mod checks_refused;
mod checks_together;
mod collation;
mod complete;
mod costs;
mod doctor;
mod documents;
mod dump;
mod early;
mod engines;
mod engines_arriving;
mod evidence;
mod explain;
mod formats;
mod gallery;
mod globals;
mod health;
mod history;
mod history_cli;
mod hostile;
mod images;
mod init;
mod initialised;
mod inspect;
mod languages;
mod listed;
mod live;
mod manifest;
mod manual;
mod matrix;
mod memory;
mod metrics;
mod missing;
mod notify;
mod notify_mail;
mod notify_plan;
mod notify_run;
mod notify_text;
mod odd;
mod operator;
mod order;
mod pages;
mod plan;
mod previous;
mod providers;
mod report_cli;
mod review;
mod sandbox;
mod serve;
mod serve_drills;
mod signals;
mod statistics;
mod stretch;
mod support;
mod twice;
mod workflow_files;
mod workflows;
