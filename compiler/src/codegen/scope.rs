//! Where generated code finds the values that work refers to.

use super::tokens::ident;
use crate::contract::work::{NodeId, Operand, Parent, TextExpr, TextPart};
use crate::plan::{EndpointPlan, PresencePlan, ReadPlan, ShapePlan};
use proc_macro2::TokenStream;
use quote::quote;

/// What is bound to a local, on top of what the plan says.
#[derive(Clone)]
pub(crate) struct Scope<'p> {
    pub(crate) plan: &'p EndpointPlan,
    /// Nodes with the expression that is their value, or a `Maybe` of it.
    bound: Vec<(usize, TokenStream, bool)>,
    /// Whether `out` is a reference to the writer.
    lent: bool,
}

/// How a value is reached.
pub(crate) enum Access {
    /// The expression is the value.
    There(TokenStream),
    /// The expression is a `Maybe` of a reference to it.
    Perhaps(TokenStream),
}

/// How a text is reached.
pub(crate) enum TextAccess {
    /// The expression dereferences to the text.
    There(TokenStream),
    /// The expression is an option of it.
    Perhaps(TokenStream),
}

impl<'p> Scope<'p> {
    pub(crate) fn new(plan: &'p EndpointPlan) -> Self {
        Self { plan, bound: Vec::new(), lent: false }
    }

    /// A scope of a function that is given `value`, which is `node`, and the writer.
    pub(crate) fn lent(plan: &'p EndpointPlan, node: NodeId) -> Self {
        Self { lent: true, ..Self::new(plan).with(node.0 as usize, quote!(value)) }
    }

    /// The writer as an argument.
    pub(crate) fn writer(&self) -> TokenStream {
        if self.lent { quote!(out) } else { quote!(&mut out) }
    }

    /// Says that `node` is the value of `expression`; with `maybe`, a `Maybe` of it.
    pub(crate) fn bind(&mut self, node: usize, expression: TokenStream, maybe: bool) {
        self.bound.push((node, expression, maybe));
    }

    /// A scope in which `node` is bound too.
    pub(crate) fn with(&self, node: usize, expression: TokenStream) -> Self {
        let mut inner = self.clone();
        inner.bind(node, expression, false);
        inner
    }

    /// Whether `node` is a local of its own.
    pub(crate) fn is_bound(&self, node: NodeId) -> bool {
        self.bound.iter().any(|(bound, ..)| *bound == node.0 as usize)
    }

    pub(crate) fn shape(&self, node: usize) -> &'p ShapePlan {
        self.plan.shapes.get(node).expect("a plan has a shape for every node")
    }

    /// How the value of `node` is reached.
    pub(crate) fn access(&self, node: NodeId) -> Access {
        let at = node.0 as usize;
        if let Some((_, expression, maybe)) = self.bound.iter().rev().find(|(n, ..)| *n == at) {
            return if *maybe {
                Access::Perhaps(quote!(#expression.get()))
            } else {
                Access::There(expression.clone())
            };
        }
        let Parent::Field(up, _) = &self.plan.work.node(node).parent else {
            return Access::There(quote!(()));
        };
        let shape = self.shape(at);
        let field = ident(&shape.field);
        let parts = self.parts(*up);
        match (self.access(*up), shape.maybe()) {
            (Access::There(record), false) => Access::There(quote!(#record #parts.#field)),
            (Access::There(record), true) => Access::Perhaps(quote!(#record #parts.#field.get())),
            (Access::Perhaps(record), false) => Access::Perhaps(
                quote!(#record.then(|record| rt::Maybe::Value(&record #parts.#field))),
            ),
            (Access::Perhaps(record), true) => {
                Access::Perhaps(quote!(#record.then(|record| record #parts.#field.get())))
            }
        }
    }

    /// `.1` where the text of a record is held beside its parts.
    pub(crate) fn parts(&self, node: NodeId) -> TokenStream {
        if self.shape(node.0 as usize).raw { quote!(.1) } else { TokenStream::new() }
    }

    /// Whether `node` is held as one piece of JSON text, or has one beside its parts.
    pub(crate) fn text_of(&self, node: NodeId) -> TokenStream {
        if self.shape(node.0 as usize).raw { quote!(.0) } else { TokenStream::new() }
    }

    /// The text of an operand, for paths, queries, headers and templates.
    pub(crate) fn text(&self, operand: &Operand) -> TextAccess {
        match operand {
            Operand::Const(constant) => {
                let text = constant.plain().unwrap_or_default();
                TextAccess::There(quote!(std::borrow::Cow::Borrowed(#text)))
            }
            Operand::Param(index) => self.param(*index),
            Operand::Item(index) => {
                let number = self.plan.params.get(*index).is_some_and(|param| param.is_number());
                let borrowed = borrowed();
                TextAccess::There(match number {
                    true => quote!(rt::plain_number(each_element)),
                    false => quote!(#borrowed(*each_element)),
                })
            }
            Operand::Env(index) => {
                let (name, number) = self.variable(*index);
                let borrowed = borrowed();
                TextAccess::There(match number {
                    true => quote!(rt::plain_number(#name)),
                    false => quote!(#borrowed(#name)),
                })
            }
            Operand::Node(node) => match self.access(*node) {
                Access::There(value) => TextAccess::There(quote!(#value.plain())),
                Access::Perhaps(value) => {
                    TextAccess::Perhaps(quote!(#value.value().map(|value| value.plain())))
                }
            },
            Operand::Or(all) => self.first_text(all),
            Operand::Each { .. } => TextAccess::Perhaps(quote!(None::<std::borrow::Cow<'_, str>>)),
        }
    }

    /// The local that holds a variable of the environment, and whether it is a number.
    pub(crate) fn variable(&self, index: usize) -> (proc_macro2::Ident, bool) {
        let variable = self.plan.environment.get(index);
        variable.map_or((ident("_"), false), |one| (ident(&one.ident), one.number))
    }

    fn param(&self, index: usize) -> TextAccess {
        let Some(param) = self.plan.params.get(index) else {
            return TextAccess::Perhaps(quote!(None::<std::borrow::Cow<'_, str>>));
        };
        let name = ident(&param.ident);
        // A number that is written with an exponent is sent without one.
        let plain = if param.is_number() {
            quote!(rt::plain_number)
        } else {
            quote!(std::borrow::Cow::Borrowed)
        };
        match param.presence {
            PresencePlan::Optional => TextAccess::Perhaps(quote!(#name.map(#plain))),
            _ => TextAccess::There(quote!(#plain(#name))),
        }
    }

    /// The first alternative that is there: those behind one that always is are never asked.
    fn first_text(&self, all: &[Operand]) -> TextAccess {
        let mut chain = quote!(None::<std::borrow::Cow<'_, str>>);
        for (at, one) in all.iter().enumerate() {
            // What is at hand needs no closure.
            let at_hand = matches!(one, Operand::Const(_) | Operand::Param(_) | Operand::Env(_));
            match (self.text(one), at) {
                (TextAccess::There(value), 0) => return TextAccess::There(value),
                (TextAccess::There(value), _) if at_hand => {
                    return TextAccess::There(quote!(#chain.unwrap_or(#value)));
                }
                (TextAccess::There(value), _) => {
                    return TextAccess::There(quote!(#chain.unwrap_or_else(|| #value)));
                }
                (TextAccess::Perhaps(value), 0) => chain = value,
                (TextAccess::Perhaps(value), _) if at_hand => chain = quote!(#chain.or(#value)),
                (TextAccess::Perhaps(value), _) => chain = quote!(#chain.or_else(|| #value)),
            }
        }
        TextAccess::Perhaps(chain)
    }

    /// The text of an operand as an argument of type `&str`.
    pub(crate) fn argument(&self, operand: &Operand) -> TextAccess {
        match (operand, self.text(operand)) {
            (Operand::Const(constant), _) => {
                let text = constant.plain().unwrap_or_default();
                TextAccess::There(quote!(#text))
            }
            (Operand::Param(index), TextAccess::There(value)) => {
                match self.plan.params.get(*index) {
                    Some(param) if !param.is_number() => {
                        let name = ident(&param.ident);
                        TextAccess::There(quote!(#name))
                    }
                    _ => TextAccess::There(quote!(&#value)),
                }
            }
            (Operand::Env(index), TextAccess::There(value)) => match self.variable(*index) {
                (name, false) => TextAccess::There(quote!(#name)),
                (_, true) => TextAccess::There(quote!(&#value)),
            },
            (_, TextAccess::There(value)) => TextAccess::There(quote!(&#value)),
            (_, perhaps) => perhaps,
        }
    }

    /// A text made of parts, as an argument of type `&str`, and what must stand before it. Where
    /// a part is missing, `missing` is the way out.
    ///
    /// ```ignore
    /// let Some(part_0) = user.given_name.value().map(|value| value.plain()) else { … };
    /// ```
    pub(crate) fn joined(
        &self,
        text: &TextExpr,
        missing: &TokenStream,
    ) -> (TokenStream, TokenStream) {
        let mut before = TokenStream::new();
        let mut pieces = Vec::new();
        // An argument is coerced to `&str`, an element of an array is not.
        let star = if text.parts.len() == 1 { quote!(&) } else { quote!(&*) };
        for (at, part) in text.parts.iter().enumerate() {
            let operand = match part {
                TextPart::Literal(literal) => {
                    pieces.push(quote!(#literal));
                    continue;
                }
                TextPart::Value(operand) => operand,
            };
            match (self.argument(operand), operand) {
                (TextAccess::There(value), Operand::Const(_)) => pieces.push(value),
                (TextAccess::There(value), Operand::Env(at)) if !self.variable(*at).1 => {
                    pieces.push(value);
                }
                (TextAccess::There(value), Operand::Param(at))
                    if self.plan.params.get(*at).is_some_and(|param| !param.is_number()) =>
                {
                    pieces.push(value);
                }
                (TextAccess::There(_), _) => {
                    let TextAccess::There(value) = self.text(operand) else { continue };
                    pieces.push(quote!(#star #value));
                }
                (TextAccess::Perhaps(value), _) => {
                    let name = ident(&format!("part_{at}"));
                    before.extend(quote!(let Some(#name) = #value else { #missing };));
                    pieces.push(quote!(#star #name));
                }
            }
        }
        match pieces.as_slice() {
            [one] => (before, one.clone()),
            _ => (before, quote!(&[#(#pieces),*].concat())),
        }
    }

    /// Whether a node is held as JSON text without parts.
    pub(crate) fn is_leaf(&self, node: NodeId) -> bool {
        let read = &self.shape(node.0 as usize).read;
        !matches!(read, ReadPlan::Record(..) | ReadPlan::List(..))
    }
}

/// What makes a text of one that is at hand.
fn borrowed() -> TokenStream {
    quote!(std::borrow::Cow::Borrowed)
}
