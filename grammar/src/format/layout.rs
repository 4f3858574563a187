//! Text with places where its lines may break, and how it is printed in a given width.

/// A piece of text that may take one line or several.
#[derive(Clone, Debug)]
pub(super) enum Layout {
    /// Text on one line.
    Text(String),
    /// A place to break: `flat` on one line, else a line break, behind a blank line if `blank`.
    Break { flat: &'static str, blank: bool },
    /// A comment at the end of a line. It takes no width.
    Suffix(String),
    /// One after the other.
    Seq(Vec<Layout>),
    /// One after the other, lines within indented further.
    Nest(Vec<Layout>),
    /// The same if the group it is in is broken, else only one after the other.
    Hang(Vec<Layout>),
    /// Broken at each of its own places or at none of them: `broken` always, else only where the line is too short.
    Group { broken: bool, parts: Vec<Layout> },
}

impl From<&str> for Layout {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Layout {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Layout {
    /// Nothing.
    pub(super) fn empty() -> Self {
        Self::Seq(Vec::new())
    }

    /// This, then `next`.
    pub(super) fn then(self, next: impl Into<Self>) -> Self {
        let next = next.into();
        match self {
            Self::Seq(mut parts) => {
                parts.push(next);
                Self::Seq(parts)
            }
            first => Self::Seq(vec![first, next]),
        }
    }

    /// This, then `prefix` and the layout, if there is one.
    pub(super) fn then_if(self, prefix: &str, next: Option<Self>) -> Self {
        match next {
            Some(next) => self.then(prefix).then(next),
            None => self,
        }
    }

    /// This, then `text` if `condition` holds.
    pub(super) fn when(self, condition: bool, text: &str) -> Self {
        if condition { self.then(text) } else { self }
    }

    /// All of `layouts` with `separator` between.
    pub(super) fn join(layouts: impl IntoIterator<Item = Self>, separator: &str) -> Self {
        layouts.into_iter().enumerate().fold(Self::empty(), |all, (index, one)| {
            if index == 0 { all.then(one) } else { all.then(separator).then(one) }
        })
    }
}

/// How the breaks of a group are printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Flat,
    Broken,
}

/// A layout that waits to be printed.
#[derive(Clone, Copy)]
struct Waiting<'l> {
    mode: Mode,
    indent: usize,
    layout: &'l Layout,
}

/// Prints a list of rows in `width` columns. A text that is not empty ends in one line break.
pub(super) fn print(rows: Vec<Layout>, width: usize) -> String {
    let mut page = Page { text: String::new(), column: 0, indent: 0, width };
    let mut stack: Vec<Waiting<'_>> = Vec::new();
    push(&mut stack, Mode::Broken, 0, &rows);
    while let Some(Waiting { mode, indent, layout }) = stack.pop() {
        match layout {
            Layout::Text(text) => page.write(text),
            Layout::Suffix(text) => page.append(text),
            Layout::Break { flat, .. } if mode == Mode::Flat => page.write(flat),
            Layout::Break { blank, .. } => page.break_line(indent, *blank),
            Layout::Seq(parts) => push(&mut stack, mode, indent, parts),
            Layout::Hang(parts) if mode == Mode::Flat => push(&mut stack, mode, indent, parts),
            Layout::Nest(parts) | Layout::Hang(parts) => push(&mut stack, mode, indent + 2, parts),
            Layout::Group { broken, parts } => {
                let flat = !broken && fits(page.room(), parts, &stack);
                push(&mut stack, if flat { Mode::Flat } else { Mode::Broken }, indent, parts);
            }
        }
    }
    if !page.text.is_empty() {
        page.text.push('\n');
    }
    page.text
}

fn push<'l>(stack: &mut Vec<Waiting<'l>>, mode: Mode, indent: usize, parts: &'l [Layout]) {
    stack.extend(parts.iter().rev().map(|layout| Waiting { mode, indent, layout }));
}

/// Whether `parts` fit flat into `room` columns, with everything up to the next place to break behind them.
fn fits(room: usize, parts: &[Layout], behind: &[Waiting<'_>]) -> bool {
    let mut room = room;
    let mut stack: Vec<(Mode, &Layout)> =
        parts.iter().rev().map(|layout| (Mode::Flat, layout)).collect();
    let mut behind = behind.iter().rev();
    loop {
        let Some((mode, layout)) =
            stack.pop().or_else(|| behind.next().map(|waiting| (waiting.mode, waiting.layout)))
        else {
            return true;
        };
        let width = match layout {
            Layout::Text(text) => text.chars().count(),
            Layout::Break { .. } if mode == Mode::Broken => return true,
            Layout::Break { flat, .. } => flat.len(),
            Layout::Suffix(_) => 0,
            Layout::Seq(parts) | Layout::Nest(parts) | Layout::Hang(parts) => {
                stack.extend(parts.iter().rev().map(|layout| (mode, layout)));
                0
            }
            Layout::Group { broken, parts } => {
                let mode = if *broken { Mode::Broken } else { mode };
                stack.extend(parts.iter().rev().map(|layout| (mode, layout)));
                0
            }
        };
        match room.checked_sub(width) {
            Some(left) => room = left,
            None => return false,
        }
    }
}

/// The text so far.
struct Page {
    text: String,
    /// Columns of the last line.
    column: usize,
    /// Columns the last line starts with, once it has text.
    indent: usize,
    width: usize,
}

impl Page {
    fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.column == 0 {
            self.text.extend(std::iter::repeat_n(' ', self.indent));
            self.column = self.indent;
        }
        self.text.push_str(text);
        self.column += text.chars().count();
    }

    fn append(&mut self, comment: &str) {
        if self.column > 0 {
            self.text.push(' ');
        }
        self.write(comment);
    }

    fn break_line(&mut self, indent: usize, blank: bool) {
        if !self.text.is_empty() {
            self.text.push_str(if blank { "\n\n" } else { "\n" });
        }
        self.column = 0;
        self.indent = indent;
    }

    fn room(&self) -> usize {
        let column = if self.column == 0 { self.indent } else { self.column };
        self.width.saturating_sub(column)
    }
}

#[cfg(test)]
mod tests {
    use super::{Layout, print};

    fn list(broken: bool) -> Layout {
        let place = |flat| Layout::Break { flat, blank: false };
        let words = vec![place(" "), Layout::from("one"), place(", "), Layout::from("two")];
        let parts = vec![Layout::from("{"), Layout::Nest(words), place(" "), Layout::from("}")];
        Layout::Group { broken, parts }
    }

    #[test]
    fn a_group_is_one_line_or_one_line_each() {
        assert_eq!(print(vec![list(false)], 12), "{ one, two }\n");
        assert_eq!(print(vec![list(false)], 11), "{\n  one\n  two\n}\n");
        assert_eq!(print(vec![list(true)], 12), "{\n  one\n  two\n}\n");
    }

    #[test]
    fn what_follows_counts_and_comments_do_not() {
        let behind = |layout: Layout| vec![list(false).then(layout)];
        assert_eq!(print(behind(Layout::from(" =")), 13), "{\n  one\n  two\n} =\n");
        assert_eq!(
            print(behind(Layout::Suffix("// long".to_owned())), 12),
            "{ one, two } // long\n"
        );
    }

    #[test]
    fn nothing_is_no_line() {
        assert_eq!(print(Vec::new(), 10), "");
    }
}
