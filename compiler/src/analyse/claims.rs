//! Claims of callers that an endpoint reads: `customer.sub`.

use gatewright_grammar::tree::{
    Call, CallPart, CallTarget, Endpoint, EndpointMemberKind, Entry, EntryKind, Ident, Object,
    Outcome, TailKind, TemplatePart, Value, ValueKind,
};

/// Takes the claims out of an endpoint, a text in the place of each, so that what is left can be
/// read without knowing who calls. Each claim that was found, and whether it left for a backend.
pub(crate) fn taken(endpoint: &mut Endpoint, schemes: &[String]) -> Vec<(String, bool)> {
    let mut claims = Claims { schemes, found: Vec::new(), sent: false };
    for member in &mut endpoint.members {
        match &mut member.kind {
            EndpointMemberKind::Call(call) => claims.call(call),
            EndpointMemberKind::Reply { value, .. } => claims.value(value),
            EndpointMemberKind::Return { value, when, .. } => {
                value.iter_mut().chain(when).for_each(|one| claims.value(one));
            }
            EndpointMemberKind::Deprecated(_)
            | EndpointMemberKind::Query(_)
            | EndpointMemberKind::Header(_)
            | EndpointMemberKind::Cookie(_)
            | EndpointMemberKind::Remove(..)
            | EndpointMemberKind::Clause(_)
            | EndpointMemberKind::Bad => {}
        }
    }
    claims.found.sort();
    claims.found.dedup();
    claims.found
}

struct Claims<'s> {
    schemes: &'s [String],
    found: Vec<(String, bool)>,
    /// Whether what is being read leaves for a backend.
    sent: bool,
}

impl Claims<'_> {
    fn call(&mut self, call: &mut Call) {
        self.sent = true;
        match &mut call.target {
            CallTarget::Request { path, .. } => {
                let segments = path.segments.iter_mut().flatten();
                let query = path.query.iter_mut().filter_map(|pair| pair.value.as_mut()).flatten();
                segments.chain(query).for_each(|part| self.part(part));
            }
            CallTarget::Operation { arguments, .. } => {
                arguments.iter_mut().for_each(|(_, value)| self.value(value));
            }
        }
        call.body.iter_mut().for_each(|body| self.value(body));
        for tail in &mut call.tails {
            self.sent = matches!(tail.kind, TailKind::With(_));
            match &mut tail.kind {
                TailKind::With(header) => self.value(&mut header.value),
                TailKind::When(value) => self.value(value),
                TailKind::On(_, outcome) | TailKind::Else(outcome) => self.outcome(outcome),
                TailKind::Within(_) | TailKind::Copy(_) => {}
            }
        }
        self.sent = false;
    }

    fn outcome(&mut self, outcome: &mut Outcome) {
        match outcome {
            Outcome::Fail(_, members) => members.iter_mut().for_each(|one| self.object(one)),
            Outcome::Value(value) => self.value(value),
        }
    }

    fn part(&mut self, part: &mut CallPart) {
        let CallPart::Hole { value, span, .. } = part else { return };
        self.value(value);
        if let ValueKind::Template(inner) = &value.kind
            && let [TemplatePart::Text(text)] = inner.as_slice()
        {
            *part = CallPart::Text(Ident { text: text.clone(), span: *span });
        }
    }

    fn object(&mut self, object: &mut Object) {
        for Entry { kind, .. } in &mut object.entries {
            if let EntryKind::Field(_, value) = kind {
                self.value(value);
            }
        }
    }

    fn value(&mut self, value: &mut Value) {
        match &mut value.kind {
            ValueKind::Compare(a, _, b) => {
                self.value(a);
                self.value(b);
            }
            ValueKind::Or(all) | ValueKind::Array(all) => {
                all.iter_mut().for_each(|one| self.value(one));
            }
            ValueKind::Object(object) => self.object(object),
            ValueKind::Template(parts) => {
                for part in parts {
                    if let TemplatePart::Hole(hole) = part {
                        self.value(hole);
                        if let ValueKind::Template(inner) = &hole.kind
                            && let Some(TemplatePart::Text(text)) = inner.first()
                        {
                            *part = TemplatePart::Text(text.clone());
                        }
                    }
                }
            }
            ValueKind::Ref(path) => {
                let words: Vec<&str> =
                    path.steps.iter().map(|step| step.name.text.as_str()).collect();
                let known = words.first().is_some_and(|word| {
                    !path.of_element && self.schemes.iter().any(|scheme| scheme == word)
                });
                if known && words.len() > 1 {
                    let claim = words.join(".");
                    value.kind = ValueKind::Template(vec![TemplatePart::Text(claim.clone())]);
                    self.found.push((claim, self.sent));
                }
            }
            ValueKind::Any(_)
            | ValueKind::Env(_)
            | ValueKind::Number(_)
            | ValueKind::Date(_)
            | ValueKind::Duration(_) => {}
        }
    }
}
