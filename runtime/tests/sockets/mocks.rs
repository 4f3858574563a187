//! Mocks that answer from a contract.

use gatewright_runtime::mock::{HERE, MockBackend, Operation, start};
use gatewright_runtime::testing::{get, send};

use crate::contract::gateway;

fn catalog(port: u16) -> MockBackend {
    MockBackend {
        name: "catalog".to_owned(),
        variable: Some("PLAIN_URL".to_owned()),
        port,
        operations: vec![
            Operation {
                method: "GET".to_owned(),
                path: vec![Some("items".to_owned()), None],
                rest: false,
                status: 200,
                body: Some(r#"{"id":"p_1"}"#.to_owned()),
                stream: false,
            },
            Operation {
                method: "DELETE".to_owned(),
                path: vec![Some("items".to_owned()), None],
                rest: false,
                status: 204,
                body: None,
                stream: false,
            },
        ],
    }
}

#[test]
fn a_mock_answers_a_gateway() {
    let mocks = start(vec![catalog(0), catalog(0)]).expect("free ports");
    let mock = &mocks.addresses()[0];
    assert_eq!((mock.name.as_str(), mock.variable.as_deref()), ("catalog", Some("PLAIN_URL")));
    assert_ne!(mock.address, mocks.addresses()[1].address);
    let gateway = gateway(&format!("http://{}", mock.address));
    assert_eq!(get(gateway.address(), "/v1/plain/items/p%2F1").text(), r#"{"id":"p_1"}"#);
    assert_eq!(send(mock.address, "DELETE", "/items/x", &[], b"").status, 204);
}

#[test]
fn what_a_mock_does_not_know_is_404_with_what_it_knows() {
    let mocks = start(vec![catalog(0)]).expect("a free port");
    let address = mocks.addresses()[0].address;
    for target in ["/items", "/items/", "/other/x", "/%zz"] {
        let answer = get(address, target);
        assert_eq!(answer.status, 404, "{target}");
        let problem: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(problem["known"], serde_json::json!(["GET /items/{}", "DELETE /items/{}"]));
    }
}

#[test]
fn a_mock_can_say_where_it_is() {
    let mut backend = catalog(0);
    backend.operations[0].body = Some(format!(r#"{{"self":"{HERE}","next":"{HERE}/2"}}"#));
    let mocks = start(vec![backend]).expect("a free port");
    let address = mocks.addresses()[0].address;
    let says = format!(r#"{{"self":"http://{address}","next":"http://{address}/2"}}"#);
    assert_eq!(get(address, "/items/1").text(), says);
}

#[test]
fn a_wanted_port_is_taken_or_refused() {
    let first = start(vec![catalog(0)]).expect("a free port");
    let port = first.addresses()[0].address.port();
    assert!(start(vec![catalog(port)]).is_err());
    drop(first);
    let second = start(vec![catalog(port)]).expect("the port is free again");
    assert_eq!(second.addresses()[0].address.port(), port);
}
