//! JSON as it was sent, each value with its text.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::documents::Document;

/// How many records and lists may be open at once.
const LEVELS: usize = 64;

/// A value, and the text it stands in.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    raw: String,
    parts: Parts,
}

#[derive(Clone, Debug)]
enum Parts {
    Single(Document),
    List(Vec<Sent>),
    Record(Vec<(String, Sent)>),
}

impl Sent {
    /// Nothing if the bytes are not one JSON value in UTF-8, or too deep.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Sent> {
        read(serde_json::from_slice::<&RawValue>(bytes).ok()?, LEVELS)
    }

    /// Its text, without blanks around it.
    pub(crate) fn raw(&self) -> &str {
        &self.raw
    }

    pub(crate) fn elements(&self) -> Option<&[Sent]> {
        if let Parts::List(all) = &self.parts { Some(all) } else { None }
    }

    /// Names and values in order, with those that come again.
    pub(crate) fn members(&self) -> Option<&[(String, Sent)]> {
        if let Parts::Record(members) = &self.parts { Some(members) } else { None }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.parts, Parts::Single(Document::Null))
    }

    /// Its text with the members of records by name: their order has no meaning.
    pub(crate) fn ordered(&self) -> String {
        match &self.parts {
            Parts::Single(_) => self.raw.clone(),
            Parts::List(all) => {
                format!("[{}]", all.iter().map(Self::ordered).collect::<Vec<_>>().join(","))
            }
            Parts::Record(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by_key(|(name, _)| name);
                let member = |(name, one): &(String, Sent)| format!("{name:?}:{}", one.ordered());
                format!("{{{}}}", members.into_iter().map(member).collect::<Vec<_>>().join(","))
            }
        }
    }

    /// What it is, however it is written.
    pub(crate) fn document(&self) -> Document {
        match &self.parts {
            Parts::Single(document) => document.clone(),
            Parts::List(all) => Document::List(all.iter().map(Self::document).collect()),
            Parts::Record(members) => {
                let member = |(name, one): &(String, Sent)| (name.clone(), one.document());
                Document::Record(members.iter().map(member).collect())
            }
        }
    }
}

fn read(value: &RawValue, levels: usize) -> Option<Sent> {
    let raw = value.get();
    let parts = match raw.as_bytes().first()? {
        b'{' => {
            let members = serde_json::Deserializer::from_str(raw).deserialize_map(Members).ok()?;
            let levels = levels.checked_sub(1)?;
            let member = |(name, one): (String, &RawValue)| Some((name, read(one, levels)?));
            Parts::Record(members.into_iter().map(member).collect::<Option<_>>()?)
        }
        b'[' => {
            let all: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
            let levels = levels.checked_sub(1)?;
            Parts::List(all.into_iter().map(|one| read(one, levels)).collect::<Option<_>>()?)
        }
        b'"' => Parts::Single(Document::Text(serde_json::from_str(raw).ok()?)),
        b'n' => Parts::Single(Document::Null),
        b't' | b'f' => Parts::Single(Document::Bool(raw == "true")),
        _ => Parts::Single(Document::Number(raw.to_owned())),
    };
    Some(Sent { raw: raw.to_owned(), parts })
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}
