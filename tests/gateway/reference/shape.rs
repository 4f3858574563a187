//! What becomes of JSON that comes in where it is taken as a declared type.

use gatewright_compiler::contract::types::{
    Field, Kind, ListBounds, Map, NumberKind, Rest, Rule, Scalar, Type, Types, UnionId,
};

use super::documents::Document;
use super::rules::{equal, is_number, is_scalar};
use super::sent::Sent;

/// How a value is taken.
pub(crate) struct Shape<'a> {
    pub(crate) types: &'a Types,
    /// The version whose names it has, as an index.
    pub(crate) names: usize,
    /// Whether a caller sent it, for whom nothing is normalised.
    pub(crate) strict: bool,
}

impl Shape<'_> {
    /// Its text in the form that is promised, whatever the order of members; nothing if it is not
    /// as the type says.
    pub(crate) fn value(&self, sent: &Sent, ty: &Type) -> Option<String> {
        if ty.nullable && sent.is_null() {
            return Some("null".to_owned());
        }
        match &ty.kind {
            Kind::Json => Some(sent.raw().to_owned()),
            Kind::Foreign(_) => unreachable!("schemas are compared with another validator"),
            Kind::Scalar(scalar) => self.scalar(sent, scalar),
            Kind::List(element, bounds) => self.list(sent, (element, bounds)),
            Kind::Map(map) => self.map(sent, map),
            Kind::Union(id) => self.union(sent, *id),
            Kind::Record(id) => {
                let fields = &self.types.record(*id).fields;
                let members = self.record(sent.members()?, fields)?;
                Some(format!("{{{}}}", members.join(",")))
            }
        }
    }

    fn scalar(&self, sent: &Sent, scalar: &Scalar) -> Option<String> {
        let document = sent.document();
        let raw = sent.raw().to_owned();
        match (&scalar.rule, &document) {
            (Rule::AsText(_), Document::Text(text)) => {
                (is_scalar(&document, scalar) && raw == format!("\"{text}\"")).then_some(raw)
            }
            (Rule::AsText(_), _) if self.strict => None,
            (Rule::AsText(_), _) => Some(format!("\"{}\"", self.scalar(sent, &scalar.plain())?)),
            (Rule::Number(rule), Document::Number(digits)) if is_number(digits, rule) => {
                let integer = matches!(rule.kind, NumberKind::Int | NumberKind::Int64);
                let cut = integer && !digits.contains(['e', 'E']);
                Some(if cut { digits.split('.').next()?.to_owned() } else { raw })
            }
            (Rule::Enum(rule), Document::Text(_)) if !is_scalar(&document, scalar) => {
                let Rest::Becomes(other) = &rule.rest else { return None };
                (!self.strict).then(|| quoted(other))
            }
            _ => is_scalar(&document, scalar).then_some(raw),
        }
    }

    fn list(&self, sent: &Sent, of: (&Type, &ListBounds)) -> Option<String> {
        let (element, bounds) = of;
        let all = sent.elements()?;
        let documents: Vec<Document> = all.iter().map(Sent::document).collect();
        let again = |at: usize| documents.iter().take(at).any(|one| equal(one, &documents[at]));
        if !fits(all.len(), bounds) || bounds.unique && (0..all.len()).any(again) {
            return None;
        }
        let all: Option<Vec<String>> = all.iter().map(|one| self.value(one, element)).collect();
        Some(format!("[{}]", all?.join(",")))
    }

    fn map(&self, sent: &Sent, map: &Map) -> Option<String> {
        let members = sent.members()?;
        if !fits(members.len(), &map.bounds) {
            return None;
        }
        let mut entries = Vec::new();
        for (at, (name, one)) in members.iter().enumerate() {
            let again = members.iter().take(at).any(|(other, _)| other == name);
            if again || !is_scalar(&Document::Text(name.clone()), &map.key) {
                return None;
            }
            entries.push(format!("{}:{}", quoted(name), self.value(one, &map.value)?));
        }
        Some(format!("{{{}}}", entries.join(",")))
    }

    fn union(&self, sent: &Sent, id: UnionId) -> Option<String> {
        let union = self.types.union(id);
        let (tags, rest): (Vec<_>, Vec<_>) =
            sent.members()?.iter().cloned().partition(|(name, _)| *name == union.tag);
        let [(_, tag)] = tags.as_slice() else { return None };
        let Document::Text(tag) = tag.document() else { return None };
        let variant = union.variants.iter().find(|variant| variant.name == tag)?;
        let mut members = vec![format!("{}:{}", quoted(&union.tag), quoted(&tag))];
        members.extend(self.record(&rest, &self.types.record(variant.record).fields)?);
        Some(format!("{{{}}}", members.join(",")))
    }

    fn record(&self, members: &[(String, Sent)], fields: &[Field]) -> Option<Vec<String>> {
        let mut found: Vec<(usize, String)> = Vec::new();
        let mut seen = Vec::new();
        for (name, one) in members {
            let Some(place) = fields.iter().position(|field| self.name(field) == name) else {
                if self.strict {
                    return None;
                }
                continue;
            };
            if seen.contains(&place) {
                return None;
            }
            seen.push(place);
            let text = self.present(one, &fields[place])?;
            found.extend(text.map(|text| (place, text)));
        }
        for (place, field) in fields.iter().enumerate() {
            if !seen.contains(&place) {
                found.extend(self.absent(field)?.map(|text| (place, text)));
            }
        }
        let member =
            |(place, text): (usize, String)| format!("{}:{text}", quoted(&fields[place].name));
        Some(found.into_iter().map(member).collect())
    }

    fn name<'f>(&self, field: &'f Field) -> &'f str {
        field.name_as_of(self.names)
    }

    /// What a member that is there becomes, which may be nothing.
    fn present(&self, sent: &Sent, field: &Field) -> Option<Option<String>> {
        let may_be_missing = field.optional || field.default.is_some();
        if sent.is_null() && !field.ty.nullable && !self.strict && may_be_missing {
            return self.absent(field);
        }
        self.value(sent, &field.ty).map(Some)
    }

    /// What a member that is not there becomes, which may be nothing.
    fn absent(&self, field: &Field) -> Option<Option<String>> {
        if let Some(default) = &field.default {
            let default = Sent::parse(default.json().as_bytes()).expect("a default is JSON");
            return self.value(&default, &field.ty).map(Some);
        }
        match (field.optional, field.ty.nullable, self.strict) {
            (true, ..) => Some(None),
            (false, true, false) => Some(Some("null".to_owned())),
            _ => None,
        }
    }
}

fn fits(count: usize, bounds: &ListBounds) -> bool {
    let count = count as u64;
    count >= bounds.min && bounds.max.is_none_or(|max| count <= max)
}

/// A text as a gateway writes it (RFC 8259 section 7).
fn quoted(text: &str) -> String {
    let escaped = |character: char| match character {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\0'..' ' => format!("\\u{:04x}", u32::from(character)),
        other => other.to_string(),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}
