//! JSON numbers beyond 2^53 reach JavaScript callers as other numbers.

use super::walk;
use crate::contract::types::{Kind, NumberKind, Rule};
use crate::contract::{Contract, Version};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

pub(super) fn check(contract: &Contract, diagnostics: &mut Diagnostics) {
    for version in &contract.versions {
        each(version, diagnostics);
    }
}

fn each(version: &Version, diagnostics: &mut Diagnostics) {
    for endpoint in &version.endpoints {
        walk::sent(version, endpoint, &mut |ty, field| {
            let Kind::Scalar(scalar) = &ty.kind else { return };
            let Rule::Number(number) = &scalar.rule else { return };
            // Bounds that JavaScript can hold make it as good as an `int`.
            let small = |limit: Option<crate::contract::types::Limit>| {
                limit.is_some_and(|limit| limit.scale == 0 && limit.digits.unsigned_abs() < 1 << 53)
            };
            if number.kind != NumberKind::Int64 || (small(number.min) && small(number.max)) {
                return;
            }
            let what = field.map_or("this number".to_owned(), |field| format!("`{}`", field.name));
            diagnostics.push(
                Diagnostic::new(
                    Code::Int64ForJavascript,
                    ty.span,
                    format!("{what} can be a number that JavaScript rounds"),
                )
                .label("an `int64` has more digits than its numbers can hold")
                .note("beyond ±9007199254740991 a browser shows another number than was sent")
                .help("write `int64 as text`, or `int` if 53 bits are enough"),
            );
        });
    }
}
