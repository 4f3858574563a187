//! Environment variables: what the gateway reads at its start, each once.

use super::values;
use crate::contract::types::{Const, Number, NumberKind, Rule, Scalar};
use crate::contract::{Setting, Variable, VariableKind, Want};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{Sources, Unit};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    Base, EnvOptions, EnvValue, File, Ident, ItemKind, Value, ValueKind,
};

/// Names that belong to the gateway itself.
const RESERVED: [&str; 27] = [
    "LISTEN",
    "OPERATOR",
    "TLS_CERT",
    "TLS_KEY",
    "TLS_MIN",
    "TLS_CLIENT_CA",
    "TRUSTED_PROXIES",
    "PROXY_PROTOCOL",
    "HSTS",
    "KEEP_ALIVE_IDLE",
    "KEEP_ALIVE_AGE",
    "KEEP_ALIVE_REQUESTS",
    "DRAIN_DELAY",
    "DRAIN_LIMIT",
    "CORES",
    "CACHE_MB",
    "SSL_CERT_FILE",
    "NAMESERVERS",
    "LOG",
    "LOG_SAMPLE",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_SERVICE_NAME",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
];

/// The variables found so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    found: Vec<Variable>,
    /// Names of those that another directory declares, as long as nothing mentions them.
    idle: Vec<String>,
}

/// Variables with a declaration of their own: `env CORS_ORIGIN: url`.
pub(crate) fn declared(
    sources: &Sources,
    files: &[File],
    diagnostics: &mut Diagnostics,
) -> Variables {
    let mut variables = Variables::default();
    for item in files.iter().flat_map(|file| &file.items) {
        let ItemKind::Env(env) = &item.kind else { continue };
        let kind = match &env.ty.base {
            Base::Name(name) => kind(&name.text),
            _ => None,
        };
        let Some(kind) = kind else {
            diagnostics.push(
                Diagnostic::new(
                    Code::InvalidParameter,
                    env.ty.span,
                    "a variable cannot hold this type",
                )
                .label("an environment variable is one line of text")
                .help("use `text`, `int`, `number`, `bool`, `url` or `duration`"),
            );
            continue;
        };
        let about = item.doc.as_ref().map(|doc| doc.lines.join(" ")).unwrap_or_default();
        let known = variables.found.iter().any(|old| old.name == env.name.text);
        if !known && sources.unit(env.name.span.file) != Unit::default() {
            variables.idle.push(env.name.text.clone());
        }
        let wanted = Wanted { kind, about };
        variables.add(&env.name, env.options.as_ref(), wanted, diagnostics);
    }
    variables
}

fn kind(name: &str) -> Option<VariableKind> {
    Some(match name {
        "url" => VariableKind::Url,
        "duration" => VariableKind::Duration,
        "int" => VariableKind::Int,
        "number" => VariableKind::Number,
        "text" => VariableKind::Text,
        "bool" => VariableKind::Bool,
        _ => return None,
    })
}

/// What a place wants of a variable.
pub(crate) struct Wanted {
    pub(crate) kind: VariableKind,
    pub(crate) about: String,
}

/// A place in an endpoint that takes a variable as a value.
pub(crate) struct Place<'a> {
    /// What it takes, if that is declared.
    pub(crate) scalar: Option<&'a Scalar>,
    /// What carries the text there, if not everything can stand in it.
    pub(crate) carrier: Carrier,
    /// What a variable is for that says nothing about itself.
    pub(crate) about: String,
}

/// What carries a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// JSON, a query, or a part of a text.
    #[default]
    Any,
    /// A header field.
    Field,
    /// A header field that tells who may do something.
    Secret,
    /// A segment of a path.
    Segment,
}

impl Variables {
    /// The setting `env NAME …` stands for at a place that wants `wanted`.
    pub(crate) fn used(
        &mut self,
        value: &EnvValue,
        wanted: Wanted,
        diagnostics: &mut Diagnostics,
    ) -> Option<Setting<String>> {
        self.idle.retain(|idle| *idle != value.name.text);
        let index = self.add(&value.name, value.options.as_ref(), wanted, diagnostics)?;
        let variable = self.found.get(index)?;
        let most = variable.bounds.as_ref().map(|(_, most)| most.clone());
        Some(Setting::Env { name: variable.name.clone(), most })
    }

    /// The same at a place that wants more of its text than its kind says.
    pub(crate) fn wanted(
        &mut self,
        value: &EnvValue,
        wanted: Wanted,
        want: Want,
        diagnostics: &mut Diagnostics,
    ) -> Option<()> {
        self.used(value, wanted, diagnostics)?;
        let variable = self.found.iter_mut().find(|one| one.name == value.name.text)?;
        if !variable.wants.contains(&want) {
            variable.wants.push(want);
        }
        Some(())
    }

    /// What a variable is as a value, if something says so already.
    pub(crate) fn declared(&self, name: &str) -> Option<Scalar> {
        self.found.iter().find(|one| one.name == name).map(|one| holds(one.kind))
    }

    /// The kind of a variable that is used as a value, or nothing and a finding.
    pub(crate) fn valued(
        &mut self,
        value: &EnvValue,
        place: Place<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<VariableKind> {
        let known = self.found.iter().find(|old| old.name == value.name.text).map(|old| old.kind);
        let secret = place.carrier == Carrier::Secret || names_secret(&value.name.text);
        let kind = match known {
            Some(VariableKind::Text) | None if secret && place.scalar.is_none_or(is_text) => {
                VariableKind::Secret
            }
            Some(kind) => kind,
            None => place.scalar.map_or(VariableKind::Text, kind_of),
        };
        let held = holds(kind);
        if let Some(wanted) = place.scalar
            && super::work::fit(&held, wanted) == super::work::Fit::No
        {
            let declared = self.found.iter().find(|old| old.name == value.name.text);
            diagnostics.push(misfit(&value.name, kind, (wanted, declared)));
            return None;
        }
        self.idle.retain(|idle| *idle != value.name.text);
        let wanted = Wanted { kind, about: place.about };
        let at = self.add(&value.name, value.options.as_ref(), wanted, diagnostics)?;
        let variable = self.found.get_mut(at)?;
        let rule = place.scalar.unwrap_or(&held);
        let scalar = Scalar { name: None, rule: rule.rule.plain().clone() };
        let any = Rule::Text(Default::default());
        let rule = (scalar.rule != any && scalar.rule != Rule::Bool).then_some(Want::Rule(scalar));
        let carried = match place.carrier {
            Carrier::Any => None,
            Carrier::Field | Carrier::Secret => Some(Want::Field),
            Carrier::Segment => Some(Want::Segment),
        };
        for want in rule.into_iter().chain(carried) {
            if !variable.wants.contains(&want) {
                variable.wants.push(want);
            }
        }
        keeps(variable, value, diagnostics)?;
        Some(variable.kind)
    }

    /// The name of a variable that holds origins of pages, with commas between them.
    pub(crate) fn origins(
        &mut self,
        value: &EnvValue,
        diagnostics: &mut Diagnostics,
    ) -> Option<String> {
        let known = self.found.iter().find(|old| old.name == value.name.text).map(|old| old.kind);
        let kind = known.filter(|kind| *kind == VariableKind::Url).unwrap_or(VariableKind::Text);
        self.idle.retain(|idle| *idle != value.name.text);
        let about = "origins whose pages may call, with commas between them".to_owned();
        let at =
            self.add(&value.name, value.options.as_ref(), Wanted { kind, about }, diagnostics)?;
        let variable = self.found.get_mut(at)?;
        if !variable.wants.contains(&Want::Origins) {
            variable.wants.push(Want::Origins);
        }
        keeps(variable, value, diagnostics)?;
        Some(variable.name.clone())
    }

    fn add(
        &mut self,
        name: &Ident,
        options: Option<&EnvOptions>,
        wanted: Wanted,
        diagnostics: &mut Diagnostics,
    ) -> Option<usize> {
        if RESERVED.contains(&name.text.as_str()) {
            let message = format!("`{}` is a setting of the gateway itself", name.text);
            diagnostics.push(
                Diagnostic::new(Code::ConflictingVariable, name.span, message)
                    .label("this name is taken")
                    .help("choose another name"),
            );
            return None;
        }
        let new = Variable {
            name: name.text.clone(),
            kind: wanted.kind,
            default: options.and_then(|options| text(&options.default)),
            bounds: options
                .and_then(|options| options.bounds.as_ref())
                .and_then(|(low, high)| text(low).zip(text(high))),
            wants: Vec::new(),
            about: wanted.about,
            span: name.span,
        };
        if let Some(options) = options {
            check(&new, options, diagnostics);
        }
        match self.found.iter().position(|old| old.name == new.name) {
            Some(at) => {
                self.join(at, new, diagnostics);
                Some(at)
            }
            None => {
                self.found.push(new);
                Some(self.found.len() - 1)
            }
        }
    }

    /// A variable may be mentioned many times, with one meaning.
    fn join(&mut self, at: usize, new: Variable, diagnostics: &mut Diagnostics) {
        let Some(old) = self.found.get_mut(at) else { return };
        // A secret is a text that is never shown: mentioned as both, it is a secret.
        let text = |kind| matches!(kind, VariableKind::Text | VariableKind::Secret);
        let same_kind = old.kind == new.kind || (text(old.kind) && text(new.kind));
        let same_default = new.default.is_none() || old.default == new.default;
        if same_kind && same_default && (new.bounds.is_none() || old.bounds == new.bounds) {
            if new.kind == VariableKind::Secret {
                old.kind = VariableKind::Secret;
            }
            if old.about.is_empty() {
                old.about = new.about;
            }
            return;
        }
        let message = format!("`{}` is used in two ways", new.name);
        diagnostics.push(
            Diagnostic::new(Code::ConflictingVariable, new.span, message)
                .label(format!("a {} here", described(&new)))
                .see(old.span, format!("a {} here", described(old)))
                .help("give one of them another name"),
        );
    }

    /// Every variable in the order of the text.
    pub(crate) fn in_order(self) -> Vec<Variable> {
        let mut found = self.found;
        found.retain(|variable| !self.idle.contains(&variable.name));
        found.sort_by_key(|variable| variable.span);
        found
    }
}

/// What a variable of a kind is as a value.
fn holds(kind: VariableKind) -> Scalar {
    let number = |kind| Rule::Number(Number { kind, min: None, max: None });
    let rule = match kind {
        VariableKind::Int => number(NumberKind::Int),
        VariableKind::Number => number(NumberKind::Number),
        VariableKind::Bool => Rule::Bool,
        VariableKind::Url | VariableKind::Duration | VariableKind::Text | VariableKind::Secret => {
            Rule::Text(Default::default())
        }
    };
    Scalar { name: None, rule }
}

/// The kind of a variable that says nothing about itself, where `wanted` is wanted.
fn kind_of(wanted: &Scalar) -> VariableKind {
    match wanted.rule.plain() {
        Rule::Number(Number { kind: NumberKind::Int | NumberKind::Int64, .. }) => VariableKind::Int,
        Rule::Number(_) => VariableKind::Number,
        Rule::Bool => VariableKind::Bool,
        Rule::Text(_) | Rule::Enum(_) | Rule::AsText(_) => VariableKind::Text,
    }
}

fn is_text(scalar: &Scalar) -> bool {
    kind_of(scalar) == VariableKind::Text
}

/// Whether a variable of this name holds something that nobody else should see.
fn names_secret(name: &str) -> bool {
    let secret = ["KEY", "TOKEN", "SECRET", "PASSWORD"];
    name.split('_').any(|word| secret.contains(&word.to_ascii_uppercase().as_str()))
}

fn misfit(
    name: &Ident,
    kind: VariableKind,
    (wanted, declared): (&Scalar, Option<&Variable>),
) -> Diagnostic {
    let wanted = values::rule_spelling(&wanted.rule);
    let is = values::article(kind.word());
    let message = format!("`{}` is {is}, and `{wanted}` is wanted", name.text);
    let diagnostic = Diagnostic::new(Code::TypeMismatch, name.span, message)
        .label(format!("{} is wanted", values::article(&wanted)));
    match declared {
        Some(declared) => diagnostic.see(declared.span, "declared here"),
        None => diagnostic,
    }
}

/// Refuses a default that the place where it goes refuses.
fn keeps(variable: &Variable, value: &EnvValue, diagnostics: &mut Diagnostics) -> Option<()> {
    let Some(default) = &variable.default else { return Some(()) };
    let constant = match variable.kind {
        VariableKind::Int | VariableKind::Number => Const::Number(default.clone()),
        VariableKind::Bool => Const::Bool(default == "true"),
        _ => Const::Text(default.clone()),
    };
    for want in &variable.wants {
        let why = match want {
            Want::Rule(scalar) => values::scalar_accepts(scalar, &constant).err(),
            Want::Field => {
                let fine = default.trim() == default && !default.contains(char::is_control);
                (!fine).then(|| "no header field can hold it".to_owned())
            }
            Want::Origins => {
                let fine = super::cors::is_list(default);
                (!fine).then(|| "these are no origins".to_owned())
            }
            // It has no default.
            Want::Store => None,
            Want::Segment => {
                let fine = !matches!(default.as_str(), "" | "." | "..");
                (!fine).then(|| "it would name another resource".to_owned())
            }
        };
        let Some(why) = why else { continue };
        let message = format!("the default of `{}` cannot stand here", variable.name);
        diagnostics.push(
            Diagnostic::new(Code::InvalidValue, value.span, message)
                .label(why)
                .see(variable.span, "declared here"),
        );
        return None;
    }
    Some(())
}

fn described(variable: &Variable) -> String {
    let mut text = variable.kind.word().to_owned();
    if let Some(default) = &variable.default {
        text = format!("{text} with default `{default}`");
    }
    if let Some((low, high)) = &variable.bounds {
        text = format!("{text} in {low}..{high}");
    }
    text
}

fn text(value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::Duration(duration) => Some(duration.text.clone()),
        ValueKind::Number(number) => Some(number.text.clone()),
        ValueKind::Template(parts) => values::plain_text(parts),
        ValueKind::Date(date) => Some(date.text.clone()),
        ValueKind::Ref(reference) => match reference.steps.as_slice() {
            [step] if step.name.text == "true" || step.name.text == "false" => {
                Some(step.name.text.clone())
            }
            _ => None,
        },
        _ => None,
    }
}

/// A default lies within its bounds and is of the variable's kind.
fn check(variable: &Variable, options: &EnvOptions, diagnostics: &mut Diagnostics) {
    let bounds = options.bounds.iter().flat_map(|(low, high)| [low, high]);
    for value in std::iter::once(&options.default).chain(bounds) {
        if text(value).is_none_or(|text| !fits(variable.kind, &text)) {
            refuse(value.span, format!("this is not a {}", variable.kind.word()), diagnostics);
            return;
        }
    }
    let number = |text: &str| magnitude(variable.kind, text);
    if let (Some(default), Some((low, high))) = (&variable.default, &variable.bounds)
        && let (Some(default), Some(low), Some(high)) = (number(default), number(low), number(high))
        && !(low <= default && default <= high)
    {
        refuse(options.default.span, "the default lies outside its bounds".into(), diagnostics);
    }
}

fn refuse(span: Span, message: String, diagnostics: &mut Diagnostics) {
    diagnostics.push(
        Diagnostic::new(Code::InvalidValue, span, message)
            .label("the gateway would refuse this at its start"),
    );
}

fn fits(kind: VariableKind, text: &str) -> bool {
    match kind {
        VariableKind::Duration => millis(text).is_some(),
        VariableKind::Int => text.parse::<i64>().is_ok(),
        VariableKind::Number => text.parse::<f64>().is_ok_and(f64::is_finite),
        VariableKind::Bool => text == "true" || text == "false",
        VariableKind::Url => super::backends::addresses_fault(text).is_none(),
        VariableKind::Text | VariableKind::Secret => true,
    }
}

fn magnitude(kind: VariableKind, text: &str) -> Option<f64> {
    match kind {
        VariableKind::Duration => Some(millis(text)? as f64),
        VariableKind::Int | VariableKind::Number => text.parse().ok(),
        _ => None,
    }
}

/// The milliseconds of `150ms`, `2s`, `5min`, `1h` or `1d`.
pub(crate) fn millis(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    count.parse::<u64>().ok()?.checked_mul(factor)
}

/// The constant a setting holds when it is written in place.
pub(crate) fn fixed(constant: &Const) -> Option<Setting<String>> {
    constant.plain().map(Setting::Fixed)
}
