//! Charts as text: pure functions from figures to what a page or a terminal shows.

pub mod terminal;
