//! pgdrill proves that a PostgreSQL backup restores.
//!
//! ```text
//!              ┌──────────── look: async I/O, may stop the run ─────────┐
//!  Plan ──▶ Backup ──▶ Dump ──▶ Sandbox ──▶ Restored ──▶ answers
//!              │         │                     │            │
//!              ▼         ▼                     ▼            ▼
//!            rules     rules                 rules        checks        judge: pure functions
//!              └─────────┴────── Finding ──────┴────────────┘
//!                                  ▼
//!                      Report (+ Proof) ──▶ Verdict ──▶ exit code       tell: pure text
//! ```
//!
//! The command line, the YAML, the JSON report, the exit codes and the finding codes are promised; this library's
//! interface is not: it follows the program.

pub mod backup;
pub mod charts;
pub mod checks;
pub mod cli;
pub mod doctor;
pub mod dump;
pub mod error;
pub mod explain;
pub mod finding;
pub mod history;
pub mod machine;
pub mod manifest;
pub mod pages;
pub mod plan;
pub mod progress;
pub mod proof;
pub mod report;
pub mod restore;
pub mod review;
pub mod rows;
pub mod rules;
pub mod sandbox;
pub mod serve;
pub mod sinks;
pub mod starter;
pub mod templates;
pub mod units;
pub mod verify;
pub mod words;
