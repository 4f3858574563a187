fn main() {
    let all = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    for text in all.split("\n=====\n") {
        println!("################ {text}");
        let parse = gatewright_grammar::parse(Default::default(), text);
        for e in &parse.errors {
            let (l, c) = gatewright_grammar::span::line_column(text, e.span.start as usize);
            println!(">> {}:{l}:{c} [{}] {}", e.code, text.get(e.span.range()).unwrap_or("?"), e.message);
            println!("      label: {}", e.label);
            for h in &e.helps { println!("      help: {}{}", h.text, h.edit.as_ref().map_or(String::new(), |(s, t)| format!("   [fix {:?} -> {t:?}]", text.get(s.range())))); }
            for h in &e.notes { println!("      note: {h}"); }
        }
        println!("  items kept: {}", parse.file.items.iter().filter(|i| i.kind != gatewright_grammar::tree::ItemKind::Bad).count());
    }
}
