//! The build script: what a report can say and no phrase says in Japanese does not compile.

#[expect(unreachable_pub, reason = "a module of the program")]
mod duration;
#[expect(dead_code, unreachable_pub, reason = "the program asks more of it")]
mod lang;
mod phrases;
mod said;

use std::{io, path::Path};

use duration::duration;
use lang::Lang;
use said::{PLACES, Phrases};

/// The phrases beside this file.
struct Japanese;

impl Phrases for Japanese {
    fn sentence(&self, text: &str) -> bool {
        phrases::sentences(text).is_some_and(|told| told != text)
    }

    fn answer(&self, text: &str) -> bool {
        phrases::of_check(text).is_some()
    }
}

fn main() -> io::Result<()> {
    for place in PLACES {
        println!("cargo::rerun-if-changed={place}");
    }
    println!("cargo::rerun-if-changed=src/words");
    for untold in said::untold(Path::new(""), &Japanese)? {
        let (file, text) = (untold.file.display(), untold.text.replace('\n', " "));
        println!("cargo::error={file}: \"{text}\" has no phrase in src/words/phrases");
    }
    Ok(())
}
