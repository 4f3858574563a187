//! `gatewright mock`

use crate::program::{Folder, GOOD, Running};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

#[test]
fn mocks_answer_where_the_variables_say() {
    let folder = Folder::new("mock", &[("tiny.api", GOOD)]);
    let (_running, mut lines) = Running::start(&mut folder.program(&["mock"]));
    let line = lines.next().expect("a line").expect("text");
    let address = line.strip_prefix("PEOPLE_URL=http://").expect("the backend's variable");
    let mut stream = TcpStream::connect(address).expect("a mock listens");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a limit");
    stream
        .write_all(b"GET /people/ada HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("\"first_name\":"), "{answer}");
}
