//! Charts as text: pure functions from figures to what a page or a terminal shows.

mod axis;
pub mod stages;
pub mod svg;
pub mod terminal;
pub mod verdicts;

pub use axis::{Unit, shown};
