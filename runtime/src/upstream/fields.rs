//! The header fields of a request to a backend, in the order in which they are sent.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

/// Fields in a list: there are a dozen of them, they are put together once and written once, and to
/// look through them costs less than to hash their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(HeaderName, HeaderValue)>);

impl Fields {
    pub(super) fn reserve(&mut self, more: usize) {
        self.0.reserve(more);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn contains(&self, name: &HeaderName) -> bool {
        self.get(name).is_some()
    }

    /// The first of this name.
    pub(super) fn get(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// Adds one, whatever there is.
    pub(super) fn add(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.push((name, value));
    }

    /// Sets one in place of all of its name.
    pub(super) fn set(&mut self, name: HeaderName, value: HeaderValue) {
        match self.0.iter().position(|(own, _)| *own == name) {
            None => self.0.push((name, value)),
            Some(first) => {
                let mut at = 0;
                self.0.retain(|(own, _)| {
                    at += 1;
                    at - 1 <= first || *own != name
                });
                if let Some((_, own)) = self.0.get_mut(first) {
                    *own = value;
                }
            }
        }
    }

    /// Adds one, unless there is one of its name.
    pub(super) fn set_if_none(&mut self, name: HeaderName, value: HeaderValue) {
        if !self.contains(&name) {
            self.0.push((name, value));
        }
    }

    /// Removes all of a name.
    pub(super) fn remove(&mut self, name: &HeaderName) {
        self.0.retain(|(own, _)| own != name);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// The same for who looks them up by name.
    pub(super) fn to_map(&self) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(self.0.len());
        for (name, value) in &self.0 {
            map.append(name.clone(), value.clone());
        }
        map
    }
}

impl FromIterator<(HeaderName, HeaderValue)> for Fields {
    fn from_iter<T: IntoIterator<Item = (HeaderName, HeaderValue)>>(fields: T) -> Fields {
        Fields(fields.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_set_stands_where_the_first_of_its_name_stood() {
        let name = |text| HeaderName::from_static(text);
        let value = |text| HeaderValue::from_static(text);
        let all = [("a", "1"), ("b", "1"), ("a", "2"), ("c", "1"), ("a", "3")];
        let mut fields: Fields =
            all.into_iter().map(|(field, text)| (name(field), value(text))).collect();
        fields.set(name("a"), value("4"));
        fields.set_if_none(name("b"), value("2"));
        fields.set_if_none(name("d"), value("1"));
        let texts = |fields: &Fields| -> String {
            fields.iter().map(|(name, value)| format!("{name}{value:?} ")).collect()
        };
        assert_eq!(texts(&fields), "a\"4\" b\"1\" c\"1\" d\"1\" ");
        fields.remove(&name("a"));
        assert_eq!(texts(&fields), "b\"1\" c\"1\" d\"1\" ");
        assert_eq!(fields.to_map().len(), 3);
    }
}
