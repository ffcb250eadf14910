//! What people read, in their language. Machine formats, codes and logs stay English.
//!
//! Every phrase stands in all languages at one place: [`Lang::say`] takes one text for each, and the tables match on
//! every code, so what is not translated does not compile. Nor does a sentence of a report without a phrase: the build
//! script beside this file walks over all that are said.

mod duration;
mod findings;
mod lang;
mod phrases;
mod terms;
mod visible;
mod width;

pub use duration::duration;
pub use findings::{Told, check_message, hint, sentences, title, told};
pub use lang::Lang;
pub use visible::visible;
pub use width::{pad, width};
