//! YAML text to a tree in which everything knows its place.

use std::{collections::HashMap, fmt, ops::Range, sync::Arc};

use serde::de::{self, Deserialize, Deserializer};
use serde_yaml::{
    Location, Spanned,
    granit_parser::{Event, Parser, ScalarStyle},
    options::{DuplicateKeyPolicy, NonFiniteFloatPolicy},
};

use super::{
    mistake::{Mistake, Source, Span},
    syntax,
};

/// A value of the tree.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub value: Value,
    pub span: Span,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// Text, and how it was written: YAML's guesses about numbers and truth values are left to whoever asks.
#[derive(Clone, Debug)]
pub(super) struct Scalar {
    pub text: String,
    pub style: Style,
    /// Whether a part of it came from the environment: it must not be shown.
    pub from_environment: bool,
    /// Whether the plan writes a text beside it for when the environment holds none: `${NAME:-text}`.
    pub has_default: bool,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes: may be null, a truth value or a number, and holds `${…}`.
    Plain,
    /// In quotes.
    Quoted,
    /// As a block, after `|` or `>`.
    Block,
}

impl Node {
    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    /// Whether nothing is written here, or `null`.
    pub(super) fn is_null(&self) -> bool {
        match &self.value {
            Value::Scalar(scalar) if scalar.style == Style::Plain && !scalar.from_environment => {
                matches!(scalar.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            _ => false,
        }
    }

    /// Whether a part of a text comes from the environment: it must not be shown.
    pub(super) fn is_filled(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.from_environment)
    }

    /// Whether all that matters of a text comes from the environment: a default for it stands in the plan.
    pub(super) fn is_from_environment(&self) -> bool {
        match &self.value {
            Value::Scalar(scalar) => scalar.from_environment && !scalar.has_default,
            Value::List(_) | Value::Map(_) => false,
        }
    }

    /// The truth value of a plain scalar.
    pub(super) fn truth(&self) -> Option<bool> {
        match &self.value {
            Value::Scalar(scalar) if scalar.style == Style::Plain => match scalar.text.as_str() {
                "true" | "True" | "TRUE" => Some(true),
                "false" | "False" | "FALSE" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
}

/// How deep mappings and lists may nest: a plan needs eight levels, and each one takes stack.
const DEEPEST: usize = 24;

/// Reads a text as one YAML document.
pub(super) fn parse(source: &Arc<Source>) -> Result<Node, Mistake> {
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! { max_depth: DEEPEST },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    let tree: Spanned<Raw> = serde_yaml::from_str_with_options(&source.text, options)
        .map_err(|error| syntax::mistake(source, &error))?;
    let styles = styles(&source.text);
    Ok(Tree {
        text: &source.text,
        styles,
    }
    .node(tree))
}

/// What serde sees: places, but neither the spelling of a number nor whether there were quotes.
enum Raw {
    /// A text; `None` for what serde was told to be a number, a truth value or null.
    Scalar(Option<String>),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> de::Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("YAML")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(Some(text.to_owned())))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut from: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = from.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut from: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = from.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

struct Tree<'a> {
    text: &'a str,
    styles: HashMap<(usize, usize), Style>,
}

impl Tree<'_> {
    fn node(&self, raw: Spanned<Raw>) -> Node {
        let defined = bytes(&raw.defined);
        let value = match raw.value {
            Raw::Scalar(text) => Value::Scalar(self.scalar(text, &defined)),
            Raw::List(list) => Value::List(list.into_iter().map(|item| self.node(item)).collect()),
            Raw::Map(map) => Value::Map(
                map.into_iter()
                    .map(|(key, value)| (self.node(key), self.node(value)))
                    .collect(),
            ),
        };
        let span = Span {
            line: raw.referenced.line(),
            column: raw.referenced.column(),
            bytes: bytes(&raw.referenced),
        };
        Node { value, span }
    }

    fn scalar(&self, text: Option<String>, bytes: &Range<usize>) -> Scalar {
        let style = self.styles.get(&(bytes.start, bytes.end));
        let written = || self.text.get(bytes.clone()).unwrap_or_default().to_owned();
        Scalar {
            text: text.unwrap_or_else(written),
            style: style.copied().unwrap_or(Style::Plain),
            from_environment: false,
            has_default: false,
        }
    }
}

fn bytes(location: &Location) -> Range<usize> {
    let span = location.span();
    let size = |size: Option<u64>| usize::try_from(size.unwrap_or(0)).unwrap_or(0);
    let start = size(span.byte_offset());
    start..start + size(span.byte_len())
}

/// How each scalar is written, by its first and last byte: serde has no word for it.
fn styles(text: &str) -> HashMap<(usize, usize), Style> {
    let mut styles = HashMap::new();
    for (event, span) in Parser::new_from_str(text).map_while(Result::ok) {
        let Event::Scalar(_, written, ..) = event else {
            continue;
        };
        let style = match written {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        if let (Some(start), Some(end)) = (span.start.byte_offset(), span.end.byte_offset()) {
            styles.insert((start, end), style);
        }
    }
    styles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Node {
        let source = Source {
            file: "p.yaml".into(),
            order: 0,
            text: text.to_owned(),
        };
        parse(&Arc::new(source)).unwrap_or_else(|mistake| panic!("{mistake}"))
    }

    fn shown(node: &Node) -> String {
        let place = format!("{}:{}", node.span.line, node.span.column);
        match &node.value {
            Value::Scalar(s) => format!("{place} {:?} {}", s.style, s.text),
            Value::List(list) => {
                let list: Vec<_> = list.iter().map(shown).collect();
                format!("{place} [{}]", list.join(", "))
            }
            Value::Map(map) => {
                let pair = |(k, v): &(Node, Node)| format!("{} = {}", shown(k), shown(v));
                let map: Vec<_> = map.iter().map(pair).collect();
                format!("{place} {{{}}}", map.join(", "))
            }
        }
    }

    #[test]
    fn numbers_keep_their_spelling_and_words_stay_words() {
        assert_eq!(
            shown(&tree("[5_000_000, 0.10, 99999999999999999999, yes, .nan]")),
            "1:1 [1:2 Plain 5_000_000, 1:13 Plain 0.10, 1:19 Plain 99999999999999999999, \
             1:41 Plain yes, 1:46 Plain .nan]"
        );
    }

    #[test]
    fn quotes_and_blocks_are_told_apart() {
        assert_eq!(
            shown(&tree("a: 'x'\nb: |\n  x\nc:\n  x\nd: >1\ne: 1\n")),
            "1:1 {1:1 Plain a = 1:4 Quoted x, 2:1 Plain b = 3:3 Block x\n, \
             4:1 Plain c = 5:3 Plain x, 6:1 Plain d = 7:1 Block , 7:1 Plain e = 7:4 Plain 1}"
        );
    }

    #[test]
    fn places_are_right_after_japanese_and_windows_line_ends() {
        assert_eq!(
            shown(&tree("日本: { 値: 1 }\r\nx: 2\r\n")),
            "1:1 {1:1 Plain 日本 = 1:5 {1:7 Plain 値 = 1:10 Plain 1}, 2:1 Plain x = 2:4 Plain 2}"
        );
    }

    #[test]
    fn an_alias_is_where_it_is_used() {
        assert_eq!(
            shown(&tree("a: &x 'v'\nb: *x\n")),
            "1:1 {1:1 Plain a = 1:7 Quoted v, 2:1 Plain b = 2:4 Quoted v}"
        );
    }
}
