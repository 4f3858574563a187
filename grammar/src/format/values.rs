//! Values.

use super::Printer;
use super::block::{Row, Style};
use super::item::dyn_rows;
use super::layout::Layout;
use crate::span::Span;
use crate::tree::{CompareOp, Entry, EntryKind, Object, Ref, Value, ValueKind};

impl Row for Entry {
    fn span(&self) -> Span {
        self.span
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        match &self.kind {
            EntryKind::Spread(None) => Layout::from("..."),
            EntryKind::Spread(Some(of)) => Layout::from("...").then(printer.reference(of)),
            EntryKind::Field(name, value) => {
                printer.source(name.span).then(": ").then(printer.value(value))
            }
        }
    }
}

impl Row for Value {
    fn span(&self) -> Span {
        self.span
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        printer.value(self)
    }
}

impl Printer<'_> {
    pub(super) fn value(&mut self, value: &Value) -> Layout {
        match &value.kind {
            ValueKind::Compare(left, op, right) => {
                self.value(left).then(format!(" {} ", op.text())).then(self.value(right))
            }
            ValueKind::Or(values) => {
                let values: Vec<Layout> = values.iter().map(|value| self.value(value)).collect();
                Layout::join(values, " or ")
            }
            ValueKind::Any(ty) => Layout::from(format!("any {}", ty.text)),
            ValueKind::Object(object) => self.object(object),
            ValueKind::Array(values) => {
                self.enclosed(("[", "]"), &dyn_rows(values), Style::BRACKETS, value.span)
            }
            ValueKind::Env(env) => self.env_value(env),
            ValueKind::Ref(of) => self.reference(of),
            ValueKind::Template(_)
            | ValueKind::Number(_)
            | ValueKind::Date(_)
            | ValueKind::Duration(_) => self.source(value.span),
        }
    }

    pub(super) fn object(&mut self, object: &Object) -> Layout {
        self.braces(&dyn_rows(&object.entries), object.span)
    }

    pub(super) fn reference(&mut self, of: &Ref) -> Layout {
        let mut words = String::new();
        for (index, step) in of.steps.iter().enumerate() {
            if index > 0 || of.of_element {
                words.push('.');
            }
            words.push_str(self.slice(step.name.span));
            if let Some(index) = &step.index {
                let first = index.first.as_ref().map(|number| format!("..{}", number.text));
                words.push_str(&format!("[{}]", first.unwrap_or_default()));
            }
        }
        let projection = of.projection.as_ref().map(|object| self.object(object));
        Layout::from(words).then_if(" ", projection)
    }
}

impl CompareOp {
    /// How it is written.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::Less => "<",
        }
    }
}
