//! One call per element of a list: the list, its element by name, and how many there can be.

use super::nodes::Allow;
use super::scope::{Found, Item, Lower};
use crate::analyse::values;
use crate::contract::endpoint::ParamKind;
use crate::contract::types::{Kind, ListBounds};
use crate::contract::work::{Each, Elements, Parent};
use crate::diagnostic::{Code, Diagnostic};
use gatewright_grammar::Span;
use gatewright_grammar::tree;

/// The most calls that one line can cause.
const MOST: u64 = 1_000;

impl<'a> Lower<'a, '_> {
    /// The list that `call` goes through, with its element in scope from here on. Nothing inside if
    /// a part of it is refused, nothing at all if there is no list.
    pub(crate) fn per_element(&mut self, call: &'a tree::Call) -> Option<Option<Each>> {
        let each = call.each.as_ref()?;
        Some(self.elements(each))
    }

    fn elements(&mut self, each: &'a tree::Each) -> Option<Each> {
        if let Some(object) = &each.list.projection {
            self.refuse(
                Diagnostic::new(Code::TypeMismatch, object.span, "elements are taken as they are")
                    .label("nothing can be chosen from them here")
                    .help("name the list alone"),
            );
            return None;
        }
        let found = self.within("a list", |this| this.find(&each.list))?;
        let name = each.element.text.as_str();
        let (list, first, item) = match found {
            Found::Node(list, first) => {
                self.reach(list, Allow::BOTH, each.list.span)?;
                let asked = self.nodes.element(list, first, each.list.span);
                let element = self.fits(asked, each.list.span)?;
                self.enter(element, Allow::NOTHING, each.list.span)?;
                (Elements::Node(list), first, Item::Node(element))
            }
            Found::Each(list, first, value) => {
                self.reach(list, Allow::BOTH, each.list.span)?;
                self.reach(value, Allow::NOTHING, each.list.span)?;
                (Elements::Node(list), first, Item::Node(value))
            }
            Found::Param(index) if self.is_repeated(index) => {
                (Elements::Param(index), None, Item::Param(index))
            }
            other => {
                let nested = matches!(other, Found::EachOf(..));
                let label = if nested { "these are lists in a list" } else { "this is one value" };
                self.refuse(
                    Diagnostic::new(Code::TypeMismatch, each.list.span, "a list is wanted here")
                        .label(label),
                );
                return None;
            }
        };
        self.item = Some((name, item));
        let max = self.most(each, list, first)?;
        Some(Each { list, first, max })
    }

    fn is_repeated(&self, param: usize) -> bool {
        let param = self.context.request.params.get(param);
        param.is_some_and(|param| matches!(param.kind, ParamKind::Many(..)))
    }

    /// The most calls, or nothing and a finding.
    fn most(&mut self, each: &tree::Each, list: Elements, first: Option<u64>) -> Option<u64> {
        let Some(max) = &each.max else {
            let diagnostic = self.unbounded(each, list);
            self.refuse(diagnostic);
            return None;
        };
        let count = max.text.parse::<u64>().ok().filter(|count| (1..=MOST).contains(count));
        let Some(count) = count else {
            self.refuse(
                Diagnostic::new(
                    Code::InvalidBounds,
                    max.span,
                    format!("`max` takes a whole number from 1 to {MOST}"),
                )
                .label("not such a number")
                .help("ask for more with one call: a list of keys in its query or body"),
            );
            return None;
        };
        let declared = self.declared_most(list);
        let longest = [declared.flatten(), first].into_iter().flatten().min();
        let from_caller = match list {
            Elements::Param(_) => true,
            Elements::Node(node) => {
                matches!(self.nodes.root_of(node), Parent::Body | Parent::Claims(_))
            }
        };
        if longest.is_some_and(|longest| longest <= count) {
            return Some(count);
        }
        if from_caller || first.is_some() {
            let diagnostic = self.too_many(each, (list, count), longest);
            self.refuse(diagnostic);
            return None;
        }
        if let Elements::Node(node) = list {
            self.nodes.bounds(node, &ListBounds { min: 0, max: Some(count), unique: false });
        }
        Some(count)
    }

    /// How long a declared list can be: nothing inside if nothing bounds it.
    fn declared_most(&self, list: Elements) -> Option<Option<u64>> {
        match list {
            Elements::Param(index) => match &self.context.request.params.get(index)?.kind {
                ParamKind::Many(_, bounds) => Some(bounds.max),
                ParamKind::One(_) => None,
            },
            Elements::Node(node) => match &self.nodes.declared(node)?.kind {
                Kind::List(_, bounds) => Some(bounds.max),
                _ => None,
            },
        }
    }

    fn list_declared(&self, list: Elements) -> Option<(Span, String)> {
        match list {
            Elements::Param(index) => {
                let param = self.context.request.params.get(index)?;
                Some((param.span, param.name.clone()))
            }
            Elements::Node(node) => {
                let ty = self.nodes.declared(node)?;
                Some((ty.span, values::spelling(ty, self.context.types)))
            }
        }
    }

    fn unbounded(&self, each: &tree::Each, list: Elements) -> Diagnostic {
        let count = self.declared_most(list).flatten().unwrap_or(50).min(MOST);
        let span = Span { end: each.list.span.end, ..each.span };
        let diagnostic =
            Diagnostic::new(Code::UnboundedEach, span, "a call per element needs an upper bound")
                .label("one request could cause any number of backend calls")
                .fix(
                    format!("add `max {count}` behind the list"),
                    each.list.span.at_end(),
                    format!(" max {count}"),
                );
        match self.list_declared(list) {
            Some((span, spelling)) => diagnostic
                .see(span, format!("the list is declared as `{spelling}`"))
                .note("a batch operation would need one call"),
            None => diagnostic.note("a longer list then counts as a violated result"),
        }
    }

    fn too_many(
        &self,
        each: &tree::Each,
        (list, count): (Elements, u64),
        longest: Option<u64>,
    ) -> Diagnostic {
        let span = each.max.as_ref().map_or(each.span, |max| max.span);
        let can = match longest {
            Some(longest) => format!("it can have {longest} elements"),
            None => "nothing bounds it".to_owned(),
        };
        let diagnostic = Diagnostic::new(
            Code::UnboundedEach,
            span,
            format!("the list can be longer than {count}"),
        )
        .label("more calls than this are not made");
        let diagnostic = match self.list_declared(list) {
            Some((declared, _)) => diagnostic.see(declared, can),
            None => diagnostic.see(each.list.span, can),
        };
        match longest {
            Some(longest) if longest <= MOST => {
                diagnostic.fix(format!("write `max {longest}`"), span, longest.to_string())
            }
            _ => diagnostic.help(format!("bound the list where it is declared: `(..{count})`")),
        }
    }
}
