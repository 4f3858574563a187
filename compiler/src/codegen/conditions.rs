//! Conditions: comparisons of what is in scope.

use super::scope::{Access, Scope, TextAccess};
use super::tokens::ident;
use crate::contract::types::Const;
use crate::contract::work::{Comparison, Cond, Operand};
use crate::plan::PresencePlan;
use proc_macro2::TokenStream;
use quote::quote;

/// Whether something holds; a missing value makes a comparison false.
pub(crate) fn condition(cond: &Cond, scope: &Scope<'_>) -> TokenStream {
    match cond {
        Cond::Is(Operand::Node(node)) => match scope.access(*node) {
            Access::There(value) => quote!(#value.is_true()),
            Access::Perhaps(value) => quote!(#value.value().is_some_and(|value| value.is_true())),
        },
        Cond::Is(operand) => match scope.argument(operand) {
            TextAccess::There(value) => quote!(*#value == *"true"),
            TextAccess::Perhaps(value) => quote!(#value.is_some_and(|value| value == "true")),
        },
        Cond::Null(operand, equal) => missing(operand, *equal, scope),
        Cond::Numbers(left, op, right) => {
            let op = comparison(*op);
            pair((left, right), scope, &plain, &quote!(rt::compare_numbers(left, right)#op))
        }
        Cond::Same(left, right, equal) if is_typed(left) || is_typed(right) => {
            let op = if *equal { quote!(==) } else { quote!(!=) };
            pair((left, right), scope, &plain, &quote!(left #op right))
        }
        Cond::Same(left, right, equal) => {
            let not = (!equal).then(|| quote!(!));
            pair((left, right), scope, &json_argument, &quote!(#not rt::same_json(left, right)))
        }
    }
}

/// Whether a value is missing, or with `wanted` false, whether it is there.
fn missing(operand: &Operand, wanted: bool, scope: &Scope<'_>) -> TokenStream {
    let there = !wanted;
    let question = if wanted { quote!(is_none()) } else { quote!(is_some()) };
    match operand {
        Operand::Node(node) => match scope.access(*node) {
            Access::There(value) => quote!({
                let _ = &#value;
                #there
            }),
            Access::Perhaps(value) => quote!(#value.value().#question),
        },
        Operand::Const(constant) => {
            let missing = (*constant == Const::Null) == wanted;
            quote!(#missing)
        }
        other => match scope.text(other) {
            TextAccess::There(_) => quote!(#there),
            TextAccess::Perhaps(value) => quote!(#value.#question),
        },
    }
}

fn comparison(op: Comparison) -> TokenStream {
    match op {
        Comparison::Equal => quote!(.is_eq()),
        Comparison::NotEqual => quote!(.is_ne()),
        Comparison::AtLeast => quote!(.is_ge()),
        Comparison::AtMost => quote!(.is_le()),
        Comparison::Greater => quote!(.is_gt()),
        Comparison::Less => quote!(.is_lt()),
    }
}

/// Whether one side alone says what both are: then the other is read as that, and their texts
/// tell.
fn is_typed(operand: &Operand) -> bool {
    matches!(operand, Operand::Const(_) | Operand::Param(_) | Operand::Item(_) | Operand::Env(_))
}

/// How the text of an operand is reached.
type Reach<'r> = &'r dyn Fn(&Scope<'_>, &Operand, Want) -> TextAccess;

/// What a text is wanted as.
#[derive(Clone, Copy)]
enum Want {
    /// An argument of type `&str`.
    Argument,
    /// What holds it, which dereferences to the text.
    Owner,
}

/// Compares two texts in scope, false where one is missing.
fn pair(
    (left, right): (&Operand, &Operand),
    scope: &Scope<'_>,
    reach: Reach<'_>,
    compare: &TokenStream,
) -> TokenStream {
    match (reach(scope, left, Want::Argument), reach(scope, right, Want::Argument)) {
        (TextAccess::There(left), TextAccess::There(right)) => quote!({
            let (left, right): (&str, &str) = (#left, #right);
            #compare
        }),
        _ => {
            let (left, right) = (option(reach, left, scope), option(reach, right, scope));
            quote!(match (#left, #right) {
                (Some(left), Some(right)) => {
                    let (left, right): (&str, &str) = (&left, &right);
                    #compare
                }
                _ => false,
            })
        }
    }
}

fn option(reach: Reach<'_>, operand: &Operand, scope: &Scope<'_>) -> TokenStream {
    match reach(scope, operand, Want::Owner) {
        TextAccess::There(value) => quote!(Some(#value)),
        TextAccess::Perhaps(value) => value,
    }
}

fn plain(scope: &Scope<'_>, operand: &Operand, want: Want) -> TextAccess {
    match want {
        Want::Owner => scope.text(operand),
        Want::Argument => scope.argument(operand),
    }
}

fn json_argument(scope: &Scope<'_>, operand: &Operand, want: Want) -> TextAccess {
    match (json(scope, operand), want) {
        (TextAccess::There(value), Want::Argument) => TextAccess::There(quote!(&#value)),
        (access, _) => access,
    }
}

/// The JSON text of an operand.
fn json(scope: &Scope<'_>, operand: &Operand) -> TextAccess {
    let borrowed = |text: TokenStream| quote!(std::borrow::Cow::Borrowed(#text));
    match operand {
        Operand::Const(constant) => {
            let json = constant.json();
            TextAccess::There(borrowed(quote!(#json)))
        }
        Operand::Node(node) => {
            let text = scope.text_of(*node);
            match scope.access(*node) {
                Access::There(value) => TextAccess::There(borrowed(quote!(#value #text.json()))),
                Access::Perhaps(value) => TextAccess::Perhaps(quote!(
                    #value.value().map(|value| std::borrow::Cow::Borrowed(value #text.json()))
                )),
            }
        }
        Operand::Param(index) => param(scope, *index),
        Operand::Env(index) => {
            let quoted = scope.plan.environment.get(*index).is_some_and(|one| one.quoted);
            let (name, _) = scope.variable(*index);
            TextAccess::There(match quoted {
                true => quote!(std::borrow::Cow::Owned(rt::json_text(#name))),
                false => borrowed(quote!(#name)),
            })
        }
        Operand::Item(index) => {
            let quoted = scope.plan.params.get(*index).is_some_and(|param| param.quoted);
            TextAccess::There(match quoted {
                true => quote!(std::borrow::Cow::Owned(rt::json_text(each_element))),
                false => borrowed(quote!(*each_element)),
            })
        }
        Operand::Or(all) => first(scope, all),
        Operand::Each { .. } => TextAccess::Perhaps(quote!(None::<std::borrow::Cow<'_, str>>)),
    }
}

fn param(scope: &Scope<'_>, index: usize) -> TextAccess {
    let Some(param) = scope.plan.params.get(index) else {
        return TextAccess::Perhaps(quote!(None::<std::borrow::Cow<'_, str>>));
    };
    let name = ident(&param.ident);
    let of = |value: TokenStream| match param.quoted {
        true => quote!(std::borrow::Cow::Owned(rt::json_text(#value))),
        false => quote!(std::borrow::Cow::Borrowed(#value)),
    };
    match param.presence {
        PresencePlan::Optional => {
            let value = of(quote!(value));
            TextAccess::Perhaps(quote!(#name.map(|value| #value)))
        }
        _ => TextAccess::There(of(quote!(#name))),
    }
}

/// The first alternative that is there.
fn first(scope: &Scope<'_>, all: &[Operand]) -> TextAccess {
    let mut chain = quote!(None::<std::borrow::Cow<'_, str>>);
    for one in all {
        match json(scope, one) {
            TextAccess::There(value) => {
                return TextAccess::There(quote!(#chain.unwrap_or_else(|| #value)));
            }
            TextAccess::Perhaps(value) => chain = quote!(#chain.or_else(|| #value)),
        }
    }
    TextAccess::Perhaps(chain)
}
