use std::time::Instant;
fn main() {
    let mut text = String::new();
    let one: String = std::env::args().skip(1).map(|p| std::fs::read_to_string(p).unwrap()).collect::<Vec<_>>().join("\n");
    while text.len() < 2_000_000 { text.push_str(&one); text.push('\n'); }
    for _ in 0..3 {
        let at = Instant::now();
        let parse = gatewright_grammar::parse(Default::default(), &text);
        let t = at.elapsed();
        println!("{} bytes {} items {} errors {:?} {:.1} MB/s", text.len(), parse.file.items.len(), parse.errors.len(), t, text.len() as f64 / 1e6 / t.as_secs_f64());
    }
}
