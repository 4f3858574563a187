//! Words and literals.

use super::Lower;
use super::cursor::Node;
use crate::parse::Rule;
use crate::tree::{DateLit, DurationLit, Ident, Method, NumberLit, SizeLit, StringLit};

impl Lower<'_> {
    /// A word, a path segment, a version label: text that stands for itself. A quoted name loses its quotes.
    pub(super) fn ident(&mut self, node: Node<'_>) -> Ident {
        let span = self.leaf(&node);
        if node.as_rule() == Rule::string {
            return Ident { text: self.string(node).value, span };
        }
        Ident { text: node.as_str().to_owned(), span }
    }

    pub(super) fn string(&mut self, node: Node<'_>) -> StringLit {
        StringLit { span: self.leaf(&node), value: self.plain_text(&node) }
    }

    pub(super) fn number(&mut self, node: Node<'_>) -> NumberLit {
        NumberLit { text: node.as_str().to_owned(), span: self.leaf(&node) }
    }

    pub(super) fn date(&mut self, node: Node<'_>) -> DateLit {
        DateLit { text: node.as_str().to_owned(), span: self.leaf(&node) }
    }

    pub(super) fn method(&mut self, node: Node<'_>) -> Method {
        Method { text: node.as_str().to_owned(), span: self.leaf(&node) }
    }

    pub(super) fn duration(&mut self, node: Node<'_>) -> DurationLit {
        let (amount, unit) = quantity(node.as_str());
        let unit = match unit {
            "ms" => 1,
            "s" => 1_000,
            "min" => 60_000,
            "h" => 3_600_000,
            _ => 86_400_000,
        };
        let span = self.leaf(&node);
        DurationLit { millis: amount.saturating_mul(unit), text: node.as_str().to_owned(), span }
    }

    pub(super) fn size(&mut self, node: Node<'_>) -> SizeLit {
        let (amount, unit) = quantity(node.as_str());
        let unit = if unit == "KB" { 1 << 10 } else { 1 << 20 };
        let span = self.leaf(&node);
        SizeLit { bytes: amount.saturating_mul(unit), text: node.as_str().to_owned(), span }
    }

    /// The address between `<` and `>`.
    pub(super) fn contact(node: &Node<'_>) -> String {
        let text = node.as_str();
        text.strip_prefix('<')
            .and_then(|rest| rest.strip_suffix('>'))
            .unwrap_or(text)
            .trim()
            .to_owned()
    }
}

/// Splits `15min` into number and unit; numbers beyond the type's end are capped.
fn quantity(text: &str) -> (u64, &str) {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (amount, unit) = text.split_at(digits);
    (amount.parse().unwrap_or(u64::MAX), unit)
}
