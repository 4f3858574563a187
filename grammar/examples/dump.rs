fn main() {
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&path).unwrap();
        let parse = gatewright_grammar::parse(Default::default(), &text);
        println!("=== {path}: {} items, {} errors", parse.file.items.len(), parse.errors.len());
        for e in &parse.errors { println!("{e:#?}"); }
        println!("{:#?}", parse.file);
    }
}
