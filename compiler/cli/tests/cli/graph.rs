//! `gatewright graph`

use crate::program::Folder;

const SHOP: &str = r#"api shop { timeout 800ms }

backend carts at "http://localhost:7001" { timeout 200ms, retry 1 }
backend stock at "http://localhost:7002" { timeout 100ms }
backend promos at "http://localhost:7003" { timeout 300ms }

error NotFound 404 "There is no such cart"

version 1 {
  GET /carts/{id: uuid} -> { left: [int](..50), gift: text | null } | NotFound {
    public
    cart = carts GET /carts/{id} on 404 fail NotFound
    levels = each line of cart.lines max 20: stock GET /levels/{line.sku}
      within 50ms
      else { available: 0 }
    gift = promos GET /gifts?total={cart.total}
      when cart.total > 100
      else null
    return { left: levels[].available, gift: gift.name }
  }

  GET /none -> 204 { public }
}
"#;

fn shop(name: &str) -> Folder {
    Folder::new(name, &[("shop.api", SHOP)])
}

#[test]
fn text_is_aligned_and_says_what_waits_for_what() {
    let expected = "\
GET /v1/carts/{id}
  budget 800ms, worst case 700ms

  cart    ━━━━━━━━━━━━━━━━━━                 0 to 400ms      carts GET /carts/{id}
          on 404 fail NotFound
  levels                    ────             400ms to 500ms  stock GET /levels/{line.sku}
          after cart
          for each of at most 20, 16 at once
          within 50ms
          else {\"available\":0}
  gift                      ━━━━━━━━━━━━━━   400ms to 700ms  promos GET /gifts
          after cart
          when cart.total > 100
          else null
";
    let said = shop("graph-text").run(&["graph", "shop.api", "GET /v1/carts/{id}"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), expected), "{}", said.out);
}

#[test]
fn all_endpoints_are_drawn_unless_some_are_named() {
    let folder = shop("graph-all");
    let said = folder.run(&["graph"]);
    assert!(
        said.out.ends_with("\nGET /v1/none\n  budget 800ms, worst case 0ms\n  no calls\n"),
        "{}",
        said.out
    );
    let one = folder.run(&["graph", "GET /v1/none"]);
    assert_eq!(one.out, "GET /v1/none\n  budget 800ms, worst case 0ms\n  no calls\n");
    let unknown = folder.run(&["graph", ".", "GET /none"]);
    unknown.is(
        2,
        "",
        "error: there is no endpoint `GET /none`\n  = help: there are: GET /v1/carts/{id}, GET /v1/none\n",
    );
}

#[test]
fn graphviz_gets_a_cluster_per_endpoint() {
    let expected = r#"digraph gateway {
  rankdir=LR;
  node [shape=box, fontname="sans-serif"];
  edge [fontname="sans-serif"];
  subgraph cluster_0 {
    label="GET /v1/carts/{id}\nbudget 800ms, worst case 700ms";
    request_0 [label="request", shape=plaintext];
    answer_0 [label="answer", shape=plaintext];
    call_0_0 [label="cart: carts GET /carts/{id}\nup to 400ms\non 404 fail NotFound", style=solid, penwidth=2];
    call_0_1 [label="levels: stock GET /levels/{line.sku}\nup to 100ms\nfor each of at most 20, 16 at once\nwithin 50ms\nelse {\"available\":0}", style=dashed, penwidth=1];
    call_0_2 [label="gift: promos GET /gifts\nup to 300ms\nwhen cart.total > 100\nelse null", style=dashed, penwidth=2];
    request_0 -> call_0_0;
    call_0_0 -> call_0_1 [label="400ms"];
    call_0_1 -> answer_0;
    call_0_0 -> call_0_2 [label="400ms"];
    call_0_2 -> answer_0;
  }
}
"#;
    let folder = shop("graph-dot");
    let said = folder.run(&["graph", ".", "GET /v1/carts/{id}", "--format", "dot"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), expected), "{}", said.out);
}

#[test]
fn a_drawing_needs_nothing_beside_it_and_is_always_the_same() {
    let folder = shop("graph-svg");
    let said = folder.run(&["graph", "--format", "svg"]);
    assert_eq!(said.code, Some(0));
    assert_eq!(said.out, folder.run(&["graph", "--format", "svg"]).out);
    assert!(said.out.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" "), "{}", said.out);
    assert!(said.out.ends_with("</svg>\n"));
    // The budget lies at its place: 530 pixels are 800ms, and the bars begin at 320.
    assert!(said.out.contains("<line x1=\"870\""), "{}", said.out);
    assert!(
        said.out.contains("<rect x=\"320\" y=\"68\" width=\"275\" height=\"14\""),
        "{}",
        said.out
    );
    assert!(said.out.contains("cart.total &gt; 100") && !said.out.contains("href"), "{}", said.out);
    let opened = said.out.matches('<').count();
    assert_eq!(opened, said.out.matches('>').count());
}

#[test]
fn a_budget_that_is_exceeded_is_said() {
    let text = SHOP.replace("timeout 800ms", "timeout 600ms");
    let folder = Folder::new("graph-exceeded", &[("shop.api", &text)]);
    let said = folder.run(&["graph", "GET /v1/carts/{id}", "--quiet"]);
    assert!(said.out.contains("\n  budget 600ms, exceeded: worst case 700ms\n"), "{}", said.out);
}

#[test]
fn how_many_may_be_on_their_way_is_said() {
    let text = SHOP.replace("timeout 800ms", "timeout 800ms, in flight 500");
    let text = text.replace("timeout 300ms", "timeout 300ms, in flight 20 wait 10ms");
    let folder = Folder::new("graph-in-flight", &[("shop.api", &text)]);
    let said = folder.run(&["graph", "GET /v1/carts/{id}", "--quiet"]);
    assert!(said.out.contains("worst case 700ms, in flight 500\n"), "{}", said.out);
    assert!(said.out.contains("\n          in flight 20 wait 10ms\n"), "{}", said.out);
    assert_eq!(said.out.matches("in flight").count(), 2, "{}", said.out);
}
