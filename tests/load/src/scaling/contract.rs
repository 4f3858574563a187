//! Contracts of any size: resources with five endpoints each, over three types to every ten endpoints.

use std::fmt::Write;

/// How many endpoints a resource has.
const EACH: usize = 5;
/// How many services answer them at most, in turn.
pub(crate) const BACKENDS: usize = 8;

const HEAD: &str = "/// A contract of a size, for what size costs.
api scale {
  versions in path \"/v{n}\"
  timeout 5s
  max_body 1MB
}

";

/// A contract of so many endpoints, in fives. Where it is `edited`, one endpoint in the middle
/// answers something else.
pub(crate) fn text(endpoints: usize, edited: bool) -> String {
    let resources = resources(endpoints);
    let mut text = HEAD.to_owned();
    for at in 0..(resources + 1).min(BACKENDS) {
        let _ = writeln!(text, "backend store{at} at env STORE{at}_URL {{ timeout 4s }}");
    }
    text.push_str("\nversion 1 {\n  public\n");
    for group in 0..resources.div_ceil(2) {
        types(&mut text, group);
    }
    for at in 0..resources {
        resource(&mut text, at, edited && at == resources / 2);
    }
    text.push_str("}\n");
    text
}

/// The path of the endpoint that looks one thing up, of the first resource and of the last.
pub(crate) fn ends(endpoints: usize) -> [String; 2] {
    [0, resources(endpoints) - 1].map(|at| format!("/v1/things{at}/200"))
}

fn resources(endpoints: usize) -> usize {
    endpoints.div_ceil(EACH).max(1)
}

/// Two things that are not quite alike, and what they share.
fn types(text: &mut String, group: usize) {
    let most = 1000 + group;
    let _ = writeln!(
        text,
        "
  type Marks{group} {{ rating: number(0..5), votes: int(0..{most}) }}
  type Thing{one} {{ id: int(1..), title: text(1..{most}), marks: Marks{group}, tags: [text(1..40)](..8) }}
  type Thing{other} {{ id: int(1..), name: text(1..{most}), marks: Marks{group}, active: bool, updated?: instant }}",
        one = 2 * group,
        other = 2 * group + 1,
    );
}

/// Five endpoints: a page, one thing, one that is checked, two calls in one answer, one that is passed on.
fn resource(text: &mut String, at: usize, edited: bool) {
    let (near, far) = (at % BACKENDS, (at + 1) % BACKENDS);
    let votes = if edited { "id" } else { "votes" };
    let name = if at.is_multiple_of(2) { "" } else { "name: .title\n        " };
    let marks = "marks: { rating: .rating, votes: .votes }";
    let _ = writeln!(
        text,
        "
  GET /things{at} -> {{ things: [Thing{at}] }} {{
    query page: int(1..100) = 1
    page_of = store{near} GET /things/2k?page={{page}}
    return {{
      things: page_of.items {{
        {name}{marks}
        ...
      }}
    }}
  }}

  GET /things{at}/{{id: int(1..)}} -> Thing{at} {{
    thing = store{near} GET /things/{{id}}/200
    return thing {{
        {name}marks: {{ rating: .rating, votes: .{votes} }}
        ...
      }}
  }}

  POST /things{at} (Thing{at}) -> 202 {{
    _ = store{near} POST /orders (body)
  }}

  GET /things{at}/{{id: int(1..)}}/beside -> {{ thing: Thing{at}, others: [Thing{at}] }} {{
    thing = store{near} GET /things/{{id}}/200
    page = store{far} GET /things/2k
    return {{
      thing: thing {{
        {name}{marks}
        ...
      }}
      others: page.items {{
        {name}{marks}
        ...
      }}
    }}
  }}

  /// As the service says it.
  GET /things{at}/{{id: int(1..)}}/whole -> pass {{
    whole = store{far} GET /things/{{id}}/2k
  }}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_has_the_endpoints_and_types_that_were_asked_for() {
        for endpoints in [10, 100, 1000] {
            let text = text(endpoints, false);
            let starting = |word: &str| text.lines().filter(|line| line.starts_with(word)).count();
            assert_eq!(starting("  GET") + starting("  POST"), endpoints);
            assert_eq!(starting("  type"), endpoints * 3 / 10);
        }
    }

    #[test]
    fn an_edit_changes_one_line() {
        let (before, after) = (text(100, false), text(100, true));
        let differ = before.lines().zip(after.lines()).filter(|(before, after)| before != after);
        assert_eq!(differ.count(), 1);
    }

    #[test]
    fn the_last_route_is_the_last_of_its_kind() {
        assert_eq!(ends(10), ["/v1/things0/200", "/v1/things1/200"]);
        assert_eq!(ends(1000)[1], "/v1/things199/200");
    }
}
