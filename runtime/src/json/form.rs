//! Reads values of declared types as a whole, and writes them in the form that is promised.
//!
//! Both go through the value once, led by the table of its type. Reading yields the text of a value
//! that is as declared; writing takes such a text, leaves out what is not declared and fills in
//! what is missing.

use super::pointer::Mark;
use super::raw::Raw;
use super::reader::{Read, Reader, Stop};
use super::record::Object;
use super::writer::Writer;
use crate::check::{
    AsText, FieldForm, Form, MapForm, Slot, TEXT, UnionForm, VariantForm, accepts_boolean,
};
use std::borrow::Cow;
use std::collections::HashSet;

/// Where values go while they are read.
trait Out {
    /// Appends JSON text.
    fn raw(&mut self, json: &str);
    /// Appends a comma unless it would be the first thing in its record or list.
    fn comma(&mut self);
    /// Appends a string.
    fn text(&mut self, text: &str);
}

/// Checks, and writes nothing.
struct Nowhere;

impl Out for Nowhere {
    #[inline]
    fn raw(&mut self, _: &str) {}
    #[inline]
    fn comma(&mut self) {}
    #[inline]
    fn text(&mut self, _: &str) {}
}

impl Out for Writer {
    fn raw(&mut self, json: &str) {
        Writer::raw(self, json);
    }
    fn comma(&mut self) {
        Writer::comma(self);
    }
    fn text(&mut self, text: &str) {
        Writer::text(self, text);
    }
}

/// How a value is gone through.
#[derive(Clone, Copy)]
struct Mode {
    /// Whether members that are not declared are violations.
    closed: bool,
}

/// Fields seen so far, by place.
#[derive(Default)]
struct Seen {
    first: u128,
    rest: Vec<u128>,
}

impl Seen {
    /// Whether the field at `place` was seen before.
    fn insert(&mut self, place: usize) -> bool {
        let bit = 1_u128 << (place % 128);
        let block = match place / 128 {
            0 => &mut self.first,
            at => {
                if self.rest.len() < at {
                    self.rest.resize(at, 0);
                }
                let Some(block) = self.rest.get_mut(at - 1) else { return false };
                block
            }
        };
        let before = *block & bit != 0;
        *block |= bit;
        before
    }

    fn holds(&self, place: usize) -> bool {
        let block = match place / 128 {
            0 => self.first,
            at => self.rest.get(at - 1).copied().unwrap_or(0),
        };
        block & 1 << (place % 128) != 0
    }
}

impl<'a> Reader<'a> {
    /// A value of a declared type, as it was sent. In a caller's body, members that are not
    /// declared are violations.
    pub fn form(&mut self, form: &'static Form) -> Read<Raw<'a>> {
        let mode = Mode { closed: self.strict };
        self.checked(form, mode)
    }

    /// [`form`](Self::form) that passes over other members in a caller's body too.
    pub fn form_of_any(&mut self, form: &'static Form) -> Read<Raw<'a>> {
        self.checked(form, Mode { closed: false })
    }

    /// A value that is read as all of several declared types.
    pub fn forms(&mut self, forms: &[&'static Form]) -> Read<Raw<'a>> {
        let start = self.at;
        let mut value = Raw::literal("null");
        for form in forms {
            self.at = start;
            value = self.form(form)?;
        }
        Ok(value)
    }

    /// A value that was read whole, and parts of it.
    #[inline]
    pub fn parts_of<T>(
        &mut self,
        whole: impl FnOnce(&mut Reader<'a>) -> Read<Raw<'a>>,
        parts: impl FnOnce(&mut Reader<'a>) -> Read<T>,
    ) -> Read<(Raw<'a>, T)> {
        let value = whole(self)?;
        let parts = parts(&mut Reader::within(value))?;
        Ok((value, parts))
    }

    fn checked(&mut self, form: &'static Form, mode: Mode) -> Read<Raw<'a>> {
        let (start, text) = (self.at, self.text);
        self.pass_form(form, mode, &mut Nowhere)?;
        Ok(Raw::checked(text.get(start..self.at).expect("a value begins and ends with ASCII")))
    }

    fn pass_form(&mut self, form: &'static Form, mode: Mode, out: &mut impl Out) -> Read<()> {
        let value = match form {
            Form::Any => self.any()?,
            Form::Boolean => self.boolean()?,
            Form::Text(rule) => self.text(rule)?,
            Form::Number(rule) => self.number(rule)?,
            Form::OneOf(rule) => self.one_of(rule)?,
            Form::AsText(rule) => {
                let value = self.as_text(rule)?;
                out.raw("\"");
                out.raw(value.json());
                out.raw("\"");
                return Ok(());
            }
            Form::List(rule, element) => {
                out.raw("[");
                self.list(rule, |reader| {
                    out.comma();
                    reader.pass_slot(element, mode, out)
                })?;
                out.raw("]");
                return Ok(());
            }
            Form::Map(map) => return self.pass_map(map, mode, out),
            Form::Record(fields) => {
                let mut object = self.object()?;
                out.raw("{");
                self.pass_fields(&mut object, (fields, None), mode, out)?;
                out.raw("}");
                return Ok(());
            }
            Form::Union(union) => return self.pass_union(union, mode, out),
            Form::Schema(schema) => self.schema(schema)?,
        };
        out.raw(value.json());
        Ok(())
    }

    fn pass_slot(&mut self, slot: &'static Slot, mode: Mode, out: &mut impl Out) -> Read<()> {
        if slot.nullable && self.null() {
            out.raw("null");
            return Ok(());
        }
        self.pass_form(slot.form, mode, out)
    }

    /// The members of a record from the one here on; `tag` stands among them and was read.
    fn pass_fields(
        &mut self,
        object: &mut Object,
        (fields, tag): (&'static [FieldForm], Option<&'static str>),
        mode: Mode,
        out: &mut impl Out,
    ) -> Read<()> {
        let mut seen = Seen::default();
        let mut tags = 0;
        let mut sound = true;
        while let Some(key) = self.key(object)? {
            let key: &str = &key;
            if tag == Some(key) {
                tags += 1;
                match tags {
                    1 => self.skip()?,
                    _ => self.repeated_member()?,
                }
                continue;
            }
            let found = likeliest(fields, object.likely, key);
            let Some((place, field)) = found else {
                match mode.closed {
                    true => self.unwelcome("no member of this name", "one")?,
                    false => self.skip()?,
                }
                continue;
            };
            object.likely = place + 1;
            self.field = field.name;
            if seen.insert(place) {
                self.repeated_member()?;
                continue;
            }
            match self.pass_field(field, mode, out) {
                Err(Stop::Violated) => sound = false,
                other => other?,
            }
        }
        for (place, field) in fields.iter().enumerate() {
            if !seen.holds(place) {
                sound &= self.pass_missing(object, field, out)?;
            }
        }
        if sound { Ok(()) } else { Err(Stop::Violated) }
    }

    fn pass_field(
        &mut self,
        field: &'static FieldForm,
        mode: Mode,
        out: &mut impl Out,
    ) -> Read<()> {
        if self.at_null() && field.may_be_null(self.strict) {
            self.null();
            write_missing(field, true, out);
            return Ok(());
        }
        out.comma();
        out.raw(field.lead);
        self.pass_form(field.form, mode, out)
    }

    /// A field that the record lacks. Whether that is fine.
    fn pass_missing(
        &mut self,
        object: &Object,
        field: &'static FieldForm,
        out: &mut impl Out,
    ) -> Read<bool> {
        if field.may_be_absent(self.strict) {
            write_missing(field, false, out);
            return Ok(true);
        }
        let mark = Mark {
            at: object.start,
            member: Some(field.name),
            expected: "a value",
            found: "nothing",
        };
        self.note(mark)?;
        Ok(false)
    }

    fn pass_map(&mut self, map: &'static MapForm, mode: Mode, out: &mut impl Out) -> Read<()> {
        let mut object = match self.peek() {
            b'{' => self.object()?,
            _ => return Err(self.mistake("a map")),
        };
        let mut keys = Keys::default();
        let mut sound = true;
        out.raw("{");
        while let Some(key) = self.key(&mut object)? {
            if let Some(expected) = refused_key(map.key, &key) {
                self.note(Mark { at: self.at, member: None, expected, found: "another key" })?;
                sound = false;
            }
            out.comma();
            out.text(&key);
            out.raw(":");
            if !keys.insert(key) {
                self.repeated_member()?;
                sound = false;
                continue;
            }
            if keys.list.len() > map.max {
                return self.too_many(map, &object);
            }
            match self.pass_slot(&map.value, mode, out) {
                Err(Stop::Violated) => sound = false,
                other => other?,
            }
        }
        out.raw("}");
        if keys.list.len() < map.min {
            let mark = Mark {
                at: object.start,
                member: None,
                expected: map.expected,
                found: "a smaller map",
            };
            self.note(mark)?;
            sound = false;
        }
        if sound { Ok(()) } else { Err(Stop::Violated) }
    }

    /// Passes over the value here and all entries behind it.
    #[cold]
    fn too_many(&mut self, map: &'static MapForm, object: &Object) -> Read<()> {
        let mark =
            Mark { at: object.start, member: None, expected: map.expected, found: "a larger map" };
        self.note(mark)?;
        let mut rest = Object { untouched: false, likely: 0, ..*object };
        self.skip()?;
        while self.key(&mut rest)?.is_some() {
            self.skip()?;
        }
        Err(Stop::Violated)
    }

    /// The tag may stand anywhere, so it is looked for first.
    fn pass_union(
        &mut self,
        union: &'static UnionForm,
        mode: Mode,
        out: &mut impl Out,
    ) -> Read<()> {
        let (start, levels) = (self.at, self.levels);
        let variant = self.variant(union)?;
        (self.at, self.levels) = (start, levels);
        let mut object = self.object()?;
        out.raw("{");
        out.raw(variant.lead);
        self.pass_fields(&mut object, (variant.fields, Some(union.tag)), mode, out)?;
        out.raw("}");
        Ok(())
    }

    /// The variant that the record here says it is; without one, the record is passed over.
    fn variant(&mut self, union: &'static UnionForm) -> Read<&'static VariantForm> {
        let start = self.at;
        let mut object = self.object()?;
        while let Some(key) = self.key(&mut object)? {
            if key != union.tag {
                self.skip()?;
                continue;
            }
            let at = self.at;
            let value = self.any()?;
            let name = value.is_text().then(|| value.text());
            if let Some(variant) = name.and_then(|name| union.variant(&name)) {
                return Ok(variant);
            }
            let found = "another text";
            self.note(Mark { at, member: None, expected: union.expected, found })?;
            while self.key(&mut object)?.is_some() {
                self.skip()?;
            }
            return Err(Stop::Violated);
        }
        let (member, expected) = (Some(union.tag), union.expected);
        self.note(Mark { at: start, member, expected, found: "nothing" })?;
        Err(Stop::Violated)
    }

    /// A number or boolean written as a text: what is between the quotes, which holds no escapes. A
    /// result may have it without quotes, too.
    pub fn as_text(&mut self, rule: &'static AsText) -> Read<Raw<'a>> {
        match (self.peek(), rule.form) {
            (b'"', _) => {}
            (_, Form::Number(number)) if !self.strict => return self.number(number),
            (_, Form::Boolean) if !self.strict => return self.boolean(),
            _ => return Err(self.mistake(rule.expected)),
        }
        let start = self.at;
        let quoted = self.text(&TEXT)?.quoted();
        let fits = match rule.form {
            Form::Number(number) => number.accepts(quoted),
            _ => accepts_boolean(quoted),
        };
        if fits {
            return Ok(Raw::checked(quoted));
        }
        self.at = start;
        Err(self.refuse(rule.expected, "text of another form"))
    }

    fn at_null(&self) -> bool {
        self.peek() == b'n'
    }

    /// Goes past null, if it stands here.
    fn null(&mut self) -> bool {
        let null = self.text.get(self.at..).is_some_and(|rest| rest.starts_with("null"));
        if null {
            self.at += "null".len();
        }
        null
    }

    #[cold]
    pub(super) fn repeated_member(&mut self) -> Read<()> {
        self.unwelcome("one member of this name", "another")
    }
}

impl Writer {
    /// Appends a value of a declared type in the form that is promised: only what is declared, and
    /// everything that always is. Whether the value is of that type; if not, what is written is of
    /// no use.
    pub fn form(&mut self, value: Raw<'_>, form: &'static Form) -> bool {
        let mut reader = Reader::within(value);
        reader.pass_form(form, Mode { closed: false }, self).is_ok()
    }

    /// Appends a number or boolean as a text.
    pub fn as_text(&mut self, value: Raw<'_>) {
        let json = value.json();
        match value.is_text() {
            true => self.raw(json),
            false => ["\"", json, "\""].into_iter().for_each(|part| self.raw(part)),
        }
    }
}

/// The field called `name`. Senders keep to one order, so the one behind the last is the likeliest.
fn likeliest(
    fields: &'static [FieldForm],
    likely: usize,
    name: &str,
) -> Option<(usize, &'static FieldForm)> {
    match fields.get(likely).filter(|field| field.name == name) {
        Some(field) => Some((likely, field)),
        None => fields.iter().enumerate().find(|(_, field)| field.name == name),
    }
}

fn write_missing(field: &'static FieldForm, null: bool, out: &mut impl Out) {
    if let Some(json) = field.stand_in(null) {
        out.comma();
        out.raw(field.lead);
        out.raw(json);
    }
}

/// What a key should be, if it is not.
fn refused_key(form: &'static Form, key: &str) -> Option<&'static str> {
    match form {
        Form::Text(rule) => (!rule.accepts(key)).then_some(rule.expected),
        Form::OneOf(rule) => (!rule.accepts(key)).then_some(rule.expected),
        _ => None,
    }
}

/// The keys of a map so far. Few are compared one by one.
#[derive(Default)]
pub(super) struct Keys<'a> {
    list: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

impl<'a> Keys<'a> {
    const FEW: usize = 16;

    /// Whether the key is new.
    pub(super) fn insert(&mut self, key: Cow<'a, str>) -> bool {
        if self.list.len() == Self::FEW {
            self.many.extend(self.list.iter().cloned());
        }
        let fresh = match self.list.len() >= Self::FEW {
            true => self.many.insert(key.clone()),
            false => !self.list.contains(&key),
        };
        if fresh {
            self.list.push(key);
        }
        fresh
    }

    pub(super) fn contains(&self, key: &str) -> bool {
        match self.many.is_empty() {
            true => self.list.iter().any(|one| one == key),
            false => self.many.contains(key),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}

#[cfg(test)]
mod tests {
    use crate::check::{
        AsText, FieldForm, Form, INT, ListRule, MapForm, Slot, TEXT, UnionForm, VariantForm,
        Violations,
    };
    use crate::json::{Raw, Reader, Writer, read_request, read_result};

    static NODES: ListRule =
        ListRule { min: 0, max: 3, unique: false, keep: usize::MAX, expected: "nodes" };

    static NODE: Form = Form::Record(&[
        FieldForm { optional: false, ..field("id", "\"id\":", &Form::Number(&INT)) },
        field("next", "\"next\":", &NODE),
        FieldForm { nullable: true, ..field("all", "\"all\":", &ALL) },
        FieldForm { default: Some("7"), ..field("size", "\"wide\":", &QUOTED) },
    ]);
    static ALL: Form = Form::List(&NODES, Slot { form: &NODE, nullable: true });
    static QUOTED: Form =
        Form::AsText(&AsText { form: &Form::Number(&INT), expected: "int as text" });
    static MAP: Form = Form::Map(&MapForm {
        key: &Form::Text(&TEXT),
        value: Slot { form: &SHAPE, nullable: true },
        min: 1,
        max: 40,
        expected: "a map of 1 to 40 entries",
    });
    static SHAPE: Form = Form::Union(&UnionForm {
        tag: "kind",
        expected: "one of node, nothing",
        variants: &[
            VariantForm {
                name: "node",
                lead: "\"kind\":\"node\"",
                fields: &[FieldForm { optional: false, ..field("of", "\"of\":", &NODE) }],
            },
            VariantForm { name: "nothing", lead: "\"kind\":\"nothing\"", fields: &[] },
        ],
    });

    const fn field(name: &'static str, lead: &'static str, form: &'static Form) -> FieldForm {
        FieldForm { name, lead, form, optional: true, nullable: false, default: None }
    }

    /// What is written of a result; nothing if it is not as declared.
    fn written(json: &str, form: &'static Form) -> Option<String> {
        let value = read_result(json.as_bytes(), |reader| reader.form(form)).ok()?;
        let mut out = Writer::new();
        assert!(out.form(value, form), "{json}");
        Some(out.as_str().to_owned())
    }

    /// Whether a caller may send it.
    fn taken(json: &str, form: &'static Form) -> bool {
        let mut violations = Violations::new();
        read_request(json.as_bytes(), |reader| reader.form(form), &mut violations).is_some()
    }

    #[test]
    fn absence_is_normalised_in_results_and_kept_in_requests() {
        for (json, result, request) in [
            (r#"{"id":1}"#, Some(r#"{"id":1,"wide":7}"#), true),
            (r#"{"id":1,"next":null}"#, Some(r#"{"id":1,"wide":7}"#), false),
            (r#"{"id":1,"all":null}"#, Some(r#"{"id":1,"all":null,"wide":7}"#), true),
            (r#"{"id":1,"size":null}"#, Some(r#"{"id":1,"wide":7}"#), false),
            (r#"{"id":1,"size":5}"#, Some(r#"{"id":1,"wide":"5"}"#), false),
            (r#"{"size":"5","id":1.0}"#, Some(r#"{"wide":"5","id":1}"#), true),
            (
                r#"{"id":1,"all":[null,{"id":2}]}"#,
                Some(r#"{"id":1,"all":[null,{"id":2,"wide":7}],"wide":7}"#),
                true,
            ),
            (r#"{"id":1,"x":[{}]}"#, Some(r#"{"id":1,"wide":7}"#), false),
            (r#"{"id":null}"#, None, false),
            (r#"{}"#, None, false),
            (r#"{"id":1,"id":1}"#, None, false),
            (r#"{"id":1,"all":[{}]}"#, None, false),
            (r#"{"id":1,"all":[null,null,null,null]}"#, None, false),
            (r#"{"id":1,"size":"5 "}"#, None, false),
            (r#"{"id":1"#, None, false),
            (r#"{"id":1,"next":nul}"#, None, false),
            ("null", None, false),
        ] {
            assert_eq!(written(json, &NODE).as_deref(), result, "{json}");
            assert_eq!(taken(json, &NODE), request, "{json}");
        }
    }

    #[test]
    fn a_map_of_unions_is_read_whatever_comes_first() {
        let json =
            r#"{"a":{"of":{"id":1,"kind":2},"x":1,"kind":"node"},"":{"kind":"nothing"},"b":null}"#;
        let expected =
            r#"{"a":{"kind":"node","of":{"id":1,"wide":7}},"":{"kind":"nothing"},"b":null}"#;
        assert_eq!(written(json, &MAP).as_deref(), Some(expected));
        for broken in [
            "{}",
            "[]",
            r#"{"a":{"of":{"id":1}}}"#,
            r#"{"a":{"kind":"nothing","kind":"nothing"}}"#,
            r#"{"a":{"kind":"node"}}"#,
            r#"{"a":{"kind":"nothing"},"a":null}"#,
            r#"{"a":{"kind":"nothing"}"#,
        ] {
            assert_eq!(written(broken, &MAP), None, "{broken}");
            assert!(!taken(broken, &MAP), "{broken}");
        }
        let entries = |count: usize| {
            let entries: Vec<String> = (0..count).map(|at| format!(r#""{at}":null"#)).collect();
            format!("{{{}}}", entries.join(","))
        };
        assert!(taken(&entries(40), &MAP) && !taken(&entries(41), &MAP));
        let twice = entries(39).replace('}', r#","7":null}"#);
        assert!(!taken(&twice, &MAP));
    }

    #[test]
    fn the_deepest_value_fits_on_a_small_stack() {
        let nested = |levels: usize| {
            format!(
                "{}{}{}",
                r#"{"id":1,"next":"#.repeat(levels - 1),
                r#"{"id":1}"#,
                "}".repeat(levels - 1)
            )
        };
        let (deepest, deeper, far) = (nested(64), nested(65), nested(50_000));
        let run = move || {
            assert!(written(&deepest, &NODE).is_some() && taken(&deepest, &NODE));
            assert!(written(&deeper, &NODE).is_none() && !taken(&deeper, &NODE));
            assert!(written(&far, &NODE).is_none() && !taken(&far, &NODE));
        };
        let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(run);
        thread.expect("a thread").join().expect("the stack is large enough");
    }

    #[test]
    fn parts_of_a_whole_are_read_from_its_text() {
        let read = |reader: &mut Reader<'static>| {
            reader.parts_of(
                |reader| reader.form(&NODE),
                |reader| {
                    let mut object = reader.object()?;
                    let mut id = crate::json::Maybe::Absent;
                    while reader.member(&mut object, &["id"])?.is_some() {
                        reader.leaf(&mut id, Reader::any)?;
                    }
                    reader.required_leaf(&object, id, "id")
                },
            )
        };
        let mut violations = Violations::new();
        let found = read_request(br#" {"all":null,"id":3} "#, read, &mut violations);
        assert_eq!(
            found.map(|(whole, id)| (whole.json().len(), id)),
            Some((19, Raw::literal("3")))
        );
    }

    #[test]
    fn fields_are_told_apart_beyond_one_block() {
        let mut seen = super::Seen::default();
        for place in [0, 127, 128, 300, 1000] {
            assert!(!seen.holds(place) && !seen.insert(place), "{place}");
            assert!(seen.holds(place) && seen.insert(place), "{place}");
        }
        assert!(!seen.holds(129) && !seen.holds(5000));
    }
}
