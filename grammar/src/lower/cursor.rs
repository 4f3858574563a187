//! Walks over the pairs of one rule.

use pest::iterators::{Pair, Pairs};

use crate::parse::Rule;

/// A rule that matched, with what it matched inside.
pub(super) type Node<'i> = Pair<'i, Rule>;

/// The pairs inside of a rule, in order. Marks and comments are passed over.
pub(super) struct Cursor<'i> {
    pairs: Pairs<'i, Rule>,
}

impl<'i> Cursor<'i> {
    pub(super) fn of(node: Node<'i>) -> Self {
        Self { pairs: node.into_inner() }
    }

    /// What comes next.
    pub(super) fn peek(&mut self) -> Option<Rule> {
        loop {
            let rule = self.pairs.peek()?.as_rule();
            if !is_mark(rule) {
                return Some(rule);
            }
            self.pairs.next();
        }
    }

    /// The next pair.
    pub(super) fn next(&mut self) -> Option<Node<'i>> {
        self.peek()?;
        self.pairs.next()
    }

    /// The next pair, where the grammar always has one.
    pub(super) fn any(&mut self) -> Node<'i> {
        self.next().expect("the grammar has a rule here")
    }

    /// The next pair if it is a `rule`.
    pub(super) fn opt(&mut self, rule: Rule) -> Option<Node<'i>> {
        if self.peek()? == rule { self.pairs.next() } else { None }
    }

    /// Passes over the next pair if it is a `rule`, and says whether it was.
    pub(super) fn flag(&mut self, rule: Rule) -> bool {
        self.opt(rule).is_some()
    }

    /// The next pair, where the grammar always has a `rule`.
    pub(super) fn take(&mut self, rule: Rule) -> Node<'i> {
        let node = self.any();
        debug_assert_eq!(node.as_rule(), rule, "in {:?}", node.as_str());
        node
    }
}

/// The only pair inside of `node`.
pub(super) fn only(node: Node<'_>) -> Node<'_> {
    Cursor::of(node).any()
}

/// Where the last word of a pair ends.
pub(super) fn end(node: Node<'_>) -> usize {
    let behind = node.as_span().end();
    let last = node.into_inner().rev().find(|inner| inner.as_rule() != Rule::COMMENT);
    last.map_or(behind, end)
}

/// Marks say nothing that the rules around them do not say.
fn is_mark(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::COMMENT
            | Rule::EOI
            | Rule::angle
            | Rule::angle_end
            | Rule::arrow
            | Rule::brace
            | Rule::brace_end
            | Rule::bracket
            | Rule::bracket_end
            | Rule::close
            | Rule::colon
            | Rule::comma
            | Rule::dot
            | Rule::eq
            | Rule::is_a
            | Rule::open
            | Rule::paren
            | Rule::paren_end
            | Rule::pipe
            | Rule::v
    )
}
