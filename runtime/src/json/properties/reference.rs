//! A slow reader of the same contracts over trees of values, to compare the fast one with.

use serde_json::{Map, Value};

/// What a contract says, told again.
pub(super) enum Shape {
    /// `text(min..max)`
    Text(usize, usize),
    /// `int(min..max)`
    Int(f64, f64),
    /// `number`
    Number,
    /// `bool`
    Bool,
    /// A closed enumeration.
    OneOf(&'static [&'static str]),
    /// `[T](min..max)`, unique if said so.
    List(Box<Shape>, usize, usize, bool),
    Record(Vec<Field>),
}

pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) may_lack: bool,
    pub(super) may_be_null: bool,
    pub(super) shape: Shape,
}

/// Reads a value as its contract says: what is kept of it, and the pointers of all that is wrong.
pub(super) struct Reference {
    pub(super) strict: bool,
    pub(super) wrong: Vec<String>,
}

impl Reference {
    pub(super) fn read(&mut self, shape: &Shape, value: &Value, pointer: &str) -> Value {
        let right = match (shape, value) {
            (Shape::Text(min, max), Value::String(text)) => {
                (*min..=*max).contains(&text.chars().count())
            }
            (Shape::Int(min, max), Value::Number(number)) => number
                .as_f64()
                .is_some_and(|number| number.fract() == 0.0 && (*min..=*max).contains(&number)),
            (Shape::Number, Value::Number(_)) | (Shape::Bool, Value::Bool(_)) => true,
            (Shape::OneOf(values), Value::String(text)) => values.contains(&text.as_str()),
            (Shape::List(shape, min, max, unique), Value::Array(list)) => {
                return self.read_list((shape, *min, *max, *unique), list, pointer);
            }
            (Shape::Record(fields), Value::Object(record)) => {
                return self.read_record(fields, record, pointer);
            }
            _ => false,
        };
        if !right {
            self.wrong.push(pointer.to_owned());
        }
        value.clone()
    }

    fn read_list(
        &mut self,
        (shape, min, max, unique): (&Shape, usize, usize, bool),
        list: &[Value],
        pointer: &str,
    ) -> Value {
        let before = self.wrong.len();
        let elements = list.iter().take(max).enumerate();
        let read = elements.map(|(n, value)| self.read(shape, value, &format!("{pointer}/{n}")));
        let read: Vec<Value> = read.collect();
        let sound = self.wrong.len() == before && list.len() <= max;
        let repeated = (0..list.len()).any(|n| list[..n].contains(&list[n]));
        if !(min..=max).contains(&list.len()) || unique && sound && repeated {
            self.wrong.push(pointer.to_owned());
        }
        Value::Array(read)
    }

    fn read_record(
        &mut self,
        fields: &[Field],
        record: &Map<String, Value>,
        pointer: &str,
    ) -> Value {
        let mut kept = Map::new();
        for field in fields {
            let place = format!("{pointer}/{}", field.name);
            match record.get(field.name) {
                None if field.may_lack => {}
                Some(Value::Null) if field.may_be_null => {
                    kept.insert(field.name.to_owned(), Value::Null);
                }
                Some(Value::Null) if field.may_lack && !self.strict => {}
                None | Some(Value::Null) => self.wrong.push(place),
                Some(value) => {
                    let value = self.read(&field.shape, value, &place);
                    kept.insert(field.name.to_owned(), value);
                }
            }
        }
        let unknown = record.keys().filter(|key| !fields.iter().any(|field| field.name == *key));
        if self.strict {
            self.wrong.extend(
                unknown
                    .map(|key| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))),
            );
        }
        Value::Object(kept)
    }
}
