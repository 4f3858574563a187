//! What a call asks of its backend: path, query, headers, body.

use super::nodes::Allow;
use super::scope::{Found, Lower};
use crate::analyse::variables::Carrier;
use crate::analyse::{backends, values};
use crate::contract::endpoint::{ParamKind, Place};
use crate::contract::types::Kind;
use crate::contract::work::{Build, Check, Operand, PathPart, QueryPart, TextExpr, TextPart};
use crate::diagnostic::{Code, Diagnostic};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, CallPart, CallPath, HeaderValue, Pair, Value, ValueKind};

impl Lower<'_, '_> {
    /// The path, literal texts joined.
    pub(crate) fn path(&mut self, path: &CallPath) -> Option<Vec<PathPart>> {
        let mut parts: Vec<PathPart> = Vec::new();
        let mut literal = String::new();
        let mut whole = true;
        for (at, segment) in path.segments.iter().enumerate() {
            literal.push('/');
            whole &= self.dots(segment).is_some();
            for part in segment {
                match part {
                    CallPart::Text(text) => literal.push_str(&text.text),
                    CallPart::Hole { value, rest: true, span, .. } => {
                        let Some(param) = self.rest(value, *span) else {
                            whole = false;
                            continue;
                        };
                        let alone = segment.len() == 1 && at + 1 == path.segments.len();
                        if !alone {
                            self.refuse(rest_not_last(*span));
                            whole = false;
                            continue;
                        }
                        parts.push(PathPart::Literal(std::mem::take(&mut literal)));
                        parts.push(PathPart::Rest(param));
                    }
                    CallPart::Hole { value, ty, span, .. } => {
                        let carrier = match segment.as_slice() {
                            [_] => Carrier::Segment,
                            _ => Carrier::Any,
                        };
                        let filled = self.carried(carrier, |this| match ty {
                            Some(ty) => this.argument("a path", value, ty),
                            None => this.in_hole("a path", *span, |this| this.filled(value)),
                        });
                        let Some(operand) = filled else {
                            whole = false;
                            continue;
                        };
                        parts.push(PathPart::Literal(std::mem::take(&mut literal)));
                        parts.push(PathPart::Value(operand));
                    }
                }
            }
        }
        if path.segments.is_empty() {
            literal.push('/');
        }
        if !literal.is_empty() {
            parts.push(PathPart::Literal(literal));
        }
        parts.retain(|part| !matches!(part, PathPart::Literal(text) if text.is_empty()));
        whole.then_some(parts)
    }

    /// The parameter that `{path*}` sends on, as an index.
    fn rest(&mut self, value: &Value, span: Span) -> Option<usize> {
        let params = &self.context.request.params;
        let name = match &value.kind {
            ValueKind::Ref(reference) => match reference.steps.as_slice() {
                [step] if !reference.of_element && step.index.is_none() => Some(&step.name.text),
                _ => None,
            },
            _ => None,
        };
        let found = params.iter().position(|param| Some(&param.name) == name);
        let Some(param) = found.and_then(|at| params.get(at)) else {
            // What is no name, or none in scope, has findings of its own.
            self.within("a path", |this| this.filled(value))?;
            self.refuse(not_the_rest(span, None));
            return None;
        };
        if matches!(param.place, Place::Rest(_)) {
            return found;
        }
        let diagnostic = not_the_rest(span, Some(&param.name)).see(param.span, "declared here");
        self.refuse(diagnostic);
        None
    }

    fn dots(&mut self, segment: &[CallPart]) -> Option<()> {
        if let [CallPart::Text(text)] = segment
            && (text.text == "." || text.text == "..")
        {
            self.refuse(
                Diagnostic::new(Code::InvalidPath, text.span, "this segment can never be sent")
                    .label("backends resolve it")
                    .help("write the path it leads to"),
            );
            return None;
        }
        Some(())
    }

    /// The query: literal pairs as they are; a missing value drops its pair.
    pub(crate) fn query(&mut self, path: &CallPath) -> Option<Vec<QueryPart>> {
        let parts: Vec<Option<QueryPart>> = path.query.iter().map(|pair| self.pair(pair)).collect();
        parts.into_iter().collect()
    }

    /// Lowers what stands in the braces at `span`.
    fn in_hole<T>(
        &mut self,
        place: &'static str,
        span: Span,
        lower: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        self.hole = Some(span);
        let lowered = self.within(place, lower);
        self.hole = None;
        lowered
    }

    /// A value that must be there.
    fn filled(&mut self, value: &Value) -> Option<Operand> {
        let operand = self.operand(value, Allow::NOTHING)?;
        self.always(&operand, value.span)?;
        Some(operand)
    }

    fn pair(&mut self, pair: &Pair) -> Option<QueryPart> {
        let name = pair.name.text.clone();
        let Some(parts) = &pair.value else { return Some(QueryPart::Literal(name)) };
        match parts.as_slice() {
            [CallPart::Hole { value, ty: Some(ty), rest: false, .. }] => {
                self.pair_argument(name, value, ty)
            }
            [CallPart::Hole { value, rest: false, span, .. }] => {
                self.in_hole("a query", *span, |this| this.pair_value(name, value))
            }
            parts => {
                let text = self.pair_text(parts)?;
                let literal = text.parts.iter().map(|part| match part {
                    TextPart::Literal(text) => Some(text.as_str()),
                    TextPart::Value(_) => None,
                });
                Some(match literal.collect::<Option<String>>() {
                    Some(literal) => QueryPart::Literal(format!("{name}={literal}")),
                    None => QueryPart::Text(name, text),
                })
            }
        }
    }

    /// A value that must be of the type that an operation declares.
    fn argument(&mut self, place: &'static str, value: &Value, ty: &tree::Type) -> Option<Operand> {
        let wanted = self.context.operations.hole(ty.span)?.clone();
        let allow = Allow { absent: wanted.nullable, null: wanted.nullable };
        let built = self.within(place, |this| this.build(value, &wanted, allow))?;
        self.operand_of(built, value.span)
    }

    /// The pair of an operation whose value stands alone: a list repeats it.
    fn pair_argument(&mut self, name: String, value: &Value, ty: &tree::Type) -> Option<QueryPart> {
        let wanted = self.context.operations.hole(ty.span)?.clone();
        if !matches!(wanted.kind, Kind::List(..)) {
            return self.argument("a query", value, ty).map(|one| QueryPart::Value(name, one));
        }
        // Without the list no pair is sent.
        match self.within("a query", |this| this.build(value, &wanted, Allow::BOTH))? {
            Build::Copy(operand @ Operand::Param(_)) => Some(QueryPart::Each(name, operand)),
            Build::List { from, element, first } => {
                let element = self.operand_of(*element, value.span)?;
                let Operand::Node(element) = element else { return None };
                let each = Operand::Each { list: from, first, value: element };
                Some(QueryPart::Each(name, each))
            }
            _ => {
                self.refuse(
                    Diagnostic::new(
                        Code::TypeMismatch,
                        value.span,
                        "a list in scope is wanted here",
                    )
                    .label("this is none")
                    .help("name a parameter or a field that holds the list"),
                );
                None
            }
        }
    }

    /// One value that was built for an operation; what it may not keep is looked at when it is
    /// sent.
    pub(super) fn operand_of(&mut self, build: Build, span: Span) -> Option<Operand> {
        match build {
            Build::Copy(operand) => Some(operand),
            // Outside of JSON there are no quotes.
            Build::AsText(inner) => self.operand_of(*inner, span),
            Build::Const(constant) => Some(Operand::Const(constant)),
            Build::Promised(inner, scalar) => {
                let value = self.operand_of(*inner, span)?;
                self.checks.push(Check { value: value.clone(), scalar });
                Some(value)
            }
            Build::Or(all) => {
                let all: Vec<Option<Operand>> =
                    all.into_iter().map(|one| self.operand_of(one, span)).collect();
                all.into_iter().collect::<Option<Vec<_>>>().map(Operand::Or)
            }
            _ => {
                self.refuse(
                    Diagnostic::new(Code::TypeMismatch, span, "one value is wanted here")
                        .label("this is none")
                        .help("name a parameter, or a field of a result"),
                );
                None
            }
        }
    }

    fn pair_text(&mut self, parts: &[CallPart]) -> Option<TextExpr> {
        let lowered: Vec<Option<TextPart>> = parts
            .iter()
            .map(|part| match part {
                CallPart::Text(text) => Some(TextPart::Literal(text.text.clone())),
                CallPart::Hole { rest: true, span, .. } => {
                    self.refuse(
                        Diagnostic::new(
                            Code::TypeMismatch,
                            *span,
                            "a query has no segments to send one by one",
                        )
                        .label("`*` stands in paths only")
                        .help("leave the `*` out: the rest of the path is then one text"),
                    );
                    None
                }
                CallPart::Hole { value, ty, span, .. } => {
                    let operand = match ty {
                        Some(ty) => self.argument("a query", value, ty),
                        None => self.in_hole("a query", *span, |this| this.filled(value)),
                    };
                    operand.map(TextPart::Value)
                }
            })
            .collect();
        Some(TextExpr { parts: lowered.into_iter().collect::<Option<_>>()? })
    }

    pub(super) fn pair_value(&mut self, name: String, value: &Value) -> Option<QueryPart> {
        if let ValueKind::Ref(reference) = &value.kind
            && reference.projection.is_none()
        {
            match self.find(reference)? {
                Found::Param(index) => {
                    let param = self.context.request.params.get(index)?;
                    let operand = Operand::Param(index);
                    return Some(match param.kind {
                        ParamKind::One(_) => QueryPart::Value(name, operand),
                        ParamKind::Many(..) => QueryPart::Each(name, operand),
                    });
                }
                Found::Item(index) => {
                    return Some(QueryPart::Value(name, Operand::Item(index)));
                }
                Found::Each(list, first, value) => {
                    self.reach(list, Allow::BOTH, reference.span)?;
                    self.reach(value, Allow::NOTHING, reference.span)?;
                    let asked = self.nodes.scalar(value, None, reference.span);
                    self.fits(asked, reference.span)?;
                    return Some(QueryPart::Each(name, Operand::Each { list, first, value }));
                }
                Found::Node(list, Some(count)) => {
                    self.reach(list, Allow::BOTH, reference.span)?;
                    let asked = self.nodes.element(list, Some(count), reference.span);
                    let value = self.fits(asked, reference.span)?;
                    let asked = self.nodes.scalar(value, None, reference.span);
                    self.fits(asked, reference.span)?;
                    let first = Some(count);
                    return Some(QueryPart::Each(name, Operand::Each { list, first, value }));
                }
                Found::Node(..) | Found::EachOf(..) | Found::Const(_) => {}
            }
        }
        self.operand(value, Allow::BOTH).map(|operand| QueryPart::Value(name, operand))
    }

    /// A header field; a missing parameter leaves it out.
    pub(crate) fn header(&mut self, header: &HeaderValue) -> Option<(String, TextExpr)> {
        if !crate::analyse::signature::is_header_name(&header.name, self.diagnostics) {
            self.ok = false;
            return None;
        }
        let name = &header.name.text;
        if backends::sounds_secret(name)
            && let ValueKind::Template(parts) = &header.value.kind
            && values::plain_text(parts).is_some()
        {
            self.refuse(backends::secret(header.value.span).help(format!(
                "move it to the backend, which sends it with every call: `send header {name} = env NAME`"
            )).help("and revoke this one: it is in the history of the file from now on"));
            return None;
        }
        let carrier = if backends::sounds_secret(name) { Carrier::Secret } else { Carrier::Field };
        let text =
            self.carried(carrier, |this| this.within("a header", |this| this.text(&header.value)))?;
        Some((name.clone(), text))
    }
}

/// `{id*}` where `id` is one value.
fn not_the_rest(span: Span, name: Option<&str>) -> Diagnostic {
    let message = match name {
        Some(name) => format!("`{name}` is one value, not the rest of a path"),
        None => "only a parameter for the rest of a path can be sent segment by segment".to_owned(),
    };
    Diagnostic::new(Code::TypeMismatch, span, message)
        .label("`*` sends segment by segment")
        .help("leave the `*` out: the value is then one segment")
        .help("or declare the parameter so: `GET /files/{path*}`")
}

/// `/{path*}/more`, or `/a-{path*}`.
pub(crate) fn rest_not_last(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::CatchAllNotLast,
        span,
        "a parameter for the rest of the path is its last segment",
    )
    .label("nothing can stand before it in its segment, or behind it")
}
