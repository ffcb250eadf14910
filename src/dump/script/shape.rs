//! The shape of the current statement: what it starts with, and what is open in it.

/// What is known of the current statement.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Statement {
    /// Its first word, in lower case.
    pub(super) first: Vec<u8>,
    /// Whether rows follow it.
    pub(super) copies: bool,
    /// The last word was FROM, outside parentheses.
    pub(super) from: bool,
    pub(super) parentheses: u32,
    pub(super) blocks: u32,
    /// The first letters of the first words, as far as they make a CREATE FUNCTION.
    kind: [u8; 4],
    words: usize,
    values: Values,
    /// How many rows of values were met.
    rows: u64,
}

/// Where the values of an INSERT are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Values {
    /// Not here.
    #[default]
    Elsewhere,
    /// The last word was DEFAULT.
    Default,
    /// They follow, each row in parentheses.
    Follow,
}

impl Statement {
    pub(super) fn word(&mut self, word: &[u8]) {
        if self.words == 0 {
            self.first = word.to_vec();
        }
        if let (b"create" | b"function" | b"procedure" | b"or" | b"replace", Some(letter)) =
            (word, self.kind.get_mut(self.words))
        {
            *letter = word[0];
        }
        self.words += 1;
        if self.parentheses > 0 {
            return;
        }
        self.copies |= self.from && word == b"stdin" && self.first == b"copy";
        self.from = word == b"from";
        if self.first == b"insert" {
            self.values(word);
        }
        if matches!(&self.kind, b"cf\0\0" | b"cp\0\0" | b"corf" | b"corp") {
            self.body(word);
        }
    }

    fn values(&mut self, word: &[u8]) {
        self.values = match (word, self.values) {
            (b"values", Values::Default) => {
                // A row without parentheses.
                self.rows += 1;
                Values::Elsewhere
            }
            (b"values", _) => Values::Follow,
            (b"default", Values::Elsewhere) => Values::Default,
            (b"on" | b"returning", _) | (_, Values::Default) => Values::Elsewhere,
            (_, values) => values,
        };
    }

    /// A parenthesis opens.
    pub(super) fn open(&mut self) {
        self.rows += u64::from(self.values == Values::Follow && self.parentheses == 0);
        self.parentheses += 1;
    }

    /// How many rows an INSERT writes.
    pub(in super::super) const fn rows(&self) -> u64 {
        self.rows
    }

    /// `BEGIN ATOMIC … END` holds semicolons that end nothing; `psql` counts in the same way.
    fn body(&mut self, word: &[u8]) {
        match word {
            b"begin" => self.blocks += 1,
            b"case" if self.blocks > 0 => self.blocks += 1,
            b"end" => self.blocks = self.blocks.saturating_sub(1),
            _ => {}
        }
    }
}
