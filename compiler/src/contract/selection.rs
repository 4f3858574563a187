//! How a request names its version.

/// How a request names its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// In its path.
    Path {
        /// What stands before the label: `/v`.
        before: String,
        /// What stands behind it.
        after: String,
    },
    /// In a header field.
    Header {
        /// The field: `Api-Version`.
        name: String,
        /// The label of the version that a request without it gets.
        default: String,
    },
    /// In a media type that it accepts.
    Media {
        /// What stands before the label: `application/vnd.shop.v`.
        before: String,
        /// What stands behind it: `+json`.
        after: String,
        /// The label of the version that a request gets which accepts no such type.
        default: String,
    },
}

impl Default for Selection {
    fn default() -> Self {
        Selection::Path { before: "/v".into(), after: String::new() }
    }
}

impl Selection {
    /// Whether one program must answer all versions for each to be reached under one address.
    pub fn is_shared(&self) -> bool {
        !matches!(self, Selection::Path { .. })
    }

    /// The literal segments in front of the routes of the version `label`.
    pub fn prefix(&self, label: &str) -> Vec<String> {
        let Selection::Path { before, after } = self else { return Vec::new() };
        let path = format!("{before}{label}{after}");
        path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
    }

    /// The media type of answers of the version `label`, where it names the version.
    pub fn media_type(&self, label: &str) -> Option<String> {
        match self {
            Selection::Media { before, after, .. } => Some(format!("{before}{label}{after}")),
            Selection::Path { .. } | Selection::Header { .. } => None,
        }
    }

    /// The label of the version that a request gets which names none.
    pub fn default_version(&self) -> Option<&str> {
        match self {
            Selection::Path { .. } => None,
            Selection::Header { default, .. } | Selection::Media { default, .. } => Some(default),
        }
    }

    /// The header field by which a request asks for the version `label`; nothing where its path
    /// says it, or saying nothing is enough.
    pub fn field(&self, label: &str) -> Option<(String, String)> {
        if self.default_version() == Some(label) {
            return None;
        }
        match self {
            Selection::Path { .. } => None,
            Selection::Header { name, .. } => Some((name.clone(), label.to_owned())),
            Selection::Media { .. } => Some(("Accept".to_owned(), self.media_type(label)?)),
        }
    }

    /// The label that a request with these header fields names, or else the default; nothing where
    /// its path says it. A label need not be that of a version.
    pub fn named(&self, headers: &[(String, String)]) -> Option<String> {
        let value = |wanted: &str| {
            let field = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            field.map(|(_, value)| value.as_str())
        };
        match self {
            Selection::Path { .. } => None,
            Selection::Header { name, default } => {
                Some(value(name).unwrap_or(default).trim().to_owned())
            }
            Selection::Media { before, after, default } => {
                let accepted = value("accept").unwrap_or_default().split(',');
                let mut types = accepted.filter_map(|range| range.split(';').next());
                let label = types.find_map(|one| {
                    one.trim()
                        .to_ascii_lowercase()
                        .strip_prefix(before)?
                        .strip_suffix(after)
                        .map(str::to_owned)
                });
                Some(label.unwrap_or_else(|| default.clone()))
            }
        }
    }
}

/// A version that was published and is not answered any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// `1`, or a date.
    pub label: String,
    /// Where to read about it: an absolute address.
    pub see: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::Selection;

    fn media() -> Selection {
        Selection::Media {
            before: "application/vnd.shop.v".into(),
            after: "+json".into(),
            default: "2".into(),
        }
    }

    fn accepts(text: &str) -> Vec<(String, String)> {
        vec![("accept".to_owned(), text.to_owned())]
    }

    #[test]
    fn a_path_is_made_of_the_label() {
        let path = Selection::Path { before: "/api/v".into(), after: "/x".into() };
        assert_eq!(path.prefix("2026-09-01"), ["api", "v2026-09-01", "x"]);
        assert_eq!(path.named(&accepts("application/vnd.shop.v1+json")), None);
        assert!(media().prefix("1").is_empty());
    }

    #[test]
    fn a_request_names_a_version_or_gets_the_default() {
        let named = |text| media().named(&accepts(text)).expect("a label");
        assert_eq!(named("text/html, Application/vnd.shop.v1+json;q=0.5"), "1");
        assert_eq!((named("*/*").as_str(), named("application/json").as_str()), ("2", "2"));
        let header = Selection::Header { name: "Api-Version".into(), default: "2".into() };
        assert_eq!(header.named(&[("api-version".into(), "7".into())]).as_deref(), Some("7"));
        assert_eq!(header.named(&[]).as_deref(), Some("2"));
    }

    #[test]
    fn the_default_needs_no_field() {
        assert_eq!(media().field("2"), None);
        let wanted = ("Accept".to_owned(), "application/vnd.shop.v1+json".to_owned());
        assert_eq!(media().field("1"), Some(wanted));
    }
}
