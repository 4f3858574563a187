//! What the product promises of faults, and of what other gateways stumble over, and which tests show it.

use std::path::{Path, PathBuf};

use crate::ROOT;
use crate::stumbles::STUMBLES;

/// A promise, and the tests that show it: `file::function`, where the file is one beside this one or,
/// behind `sockets/` and `runtime/`, one of the runtime's tests and one of the runtime itself.
pub(crate) type Promise = (&'static str, &'static [&'static str]);

/// What may go wrong around a gateway.
const FAULTS: &[Promise] = &[
    (
        "a backend is killed",
        &[
            "faults::what_may_not_be_sent_twice_is_lost_only_with_the_connection_it_was_sent_on",
            "faults::when_all_are_gone_callers_are_told_so_at_once_and_it_ends_soon_after",
        ],
    ),
    (
        "a backend hangs",
        &[
            "faults::an_address_that_hangs_is_found_out_and_its_calls_are_made_elsewhere",
            "shop::reviews_that_hang_are_given_up_and_the_page_is_quick_again",
        ],
    ),
    ("a backend is slow", &["faults::an_address_that_is_slow_is_asked_less"]),
    (
        "a backend breaks off",
        &["faults::a_body_that_breaks_off_is_asked_for_again_and_never_passed_for_whole"],
    ),
    (
        "half of the addresses are dead",
        &["faults::half_of_the_addresses_die_and_come_back_and_no_call_is_lost"],
    ),
    (
        "keys of an issuer are away",
        &[
            "sockets/access::the_last_good_keys_hold_while_an_issuer_is_away",
            "sockets/access::without_keys_nobody_comes_in_and_the_gateway_is_not_ready",
            "sockets/access::an_issuer_that_hangs_does_not_hang_others",
        ],
    ),
    (
        "an issuer changes its keys",
        &[
            "sockets/access::a_key_that_is_not_known_is_asked_for_once",
            "sockets/access/rotated::a_key_that_was_withdrawn_ends_without_anybody_asking",
            "sockets/access/rotated::an_issuer_that_comes_back_is_heard",
        ],
    ),
    (
        "an issuer of tokens for backends is away",
        &[
            "granted::without_a_token_nothing_is_sent",
            "granted::an_issuer_that_comes_back_is_asked",
        ],
    ),
    (
        "the store of limits is away, hangs or is slow",
        &[
            "counting::a_store_that_dies_is_counted_without_and_found_again",
            "counting::a_store_that_hangs_costs_little_time",
            "counting::a_store_that_is_slow_is_done_without",
            "counting::a_contract_may_say_that_nobody_passes_uncounted",
        ],
    ),
    (
        "nameservers are away",
        &["sockets/services::the_last_good_records_hold_while_nameservers_fail"],
    ),
    (
        "a backend of HTTP/2 cannot be reached, or says nothing, and many come at once",
        &[
            "joining::where_no_connection_can_be_made_all_who_wait_are_told_at_once",
            "joining::one_that_accepts_and_says_nothing_is_given_up_by_all_in_the_time_of_a_connection",
            "joining::a_caller_who_leaves_while_others_wait_for_its_connection_leaves_it_to_them",
        ],
    ),
    (
        "certificates are replaced",
        &[
            "runtime/server/tls/tests::files_that_change_are_used_and_connections_stay",
            "certificates::authorities_of_a_file_change_while_the_gateway_runs",
        ],
    ),
    (
        "SIGTERM in the middle",
        &[
            "sockets/program::a_signal_ends_it_after_the_work_in_flight",
            "sockets/stop::a_request_in_flight_is_answered_and_idle_connections_end",
            "sockets/supervised::gateways_that_share_a_socket_hand_over_without_losing_a_request",
        ],
    ),
    (
        "callers stall",
        &[
            "runtime/server/tests::a_head_that_does_not_end_is_given_up",
            "runtime/server/tests::a_body_that_does_not_end_is_408",
            "runtime/server/tests::a_caller_who_does_not_read_is_given_up",
            "runtime/server/tests/two::a_caller_who_takes_nothing_of_an_answer_is_said_goodbye_to",
            "crowds::those_who_are_slow_hurt_nobody",
        ],
    ),
    ("connections are many and idle", &["crowds::many_who_are_idle_hurt_nobody"]),
    (
        "there is room for no more connections",
        &[
            "runtime/server/tests::the_connection_that_has_waited_longest_makes_room",
            "runtime/server/tests::many_come_where_all_wait_and_all_are_answered",
            "runtime/server/tests::who_comes_over_http_2_makes_room_with_a_goodbye",
            "runtime/server/tests::more_connections_than_allowed_wait_for_their_turn",
            "crowds::where_descriptors_are_few_some_are_left_for_backends",
        ],
    ),
    (
        "more is asked than can be answered",
        &["overload::under_overload_those_who_are_let_in_stay_quick"],
    ),
    (
        "a collector of traces or a reader of logs is away",
        &[
            "traces::nobody_waits_for_a_collector_that_is_away_or_hangs",
            "sockets/logging::a_reader_that_stands_still_holds_up_nobody",
        ],
    ),
    ("all of that for long", &["soak::memory_is_flat_under_load_and_faults"]),
];

/// Where a file of tests is.
fn file(name: &str) -> PathBuf {
    let folder = match name.split_once('/') {
        Some(("sockets", _)) => "runtime/tests",
        Some(("runtime", _)) => "",
        _ => "tests/gateway",
    };
    let name = match name.strip_prefix("runtime/") {
        Some(inside) => format!("runtime/src/{inside}.rs"),
        None => format!("{name}.rs"),
    };
    Path::new(ROOT).join(folder).join(name)
}

/// Whether a text has a test of this name.
fn has(text: &str, test: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    while lines.any(|line| line == "#[test]" || line.starts_with("#[tokio::test")) {
        let function = lines.by_ref().find_map(|line| line.split_once("fn ")?.1.split('(').next());
        if function == Some(test) {
            return true;
        }
    }
    false
}

#[test]
fn every_promise_has_tests_that_show_it() {
    let mut missing = Vec::new();
    for (promise, tests) in FAULTS.iter().chain(STUMBLES) {
        assert!(!tests.is_empty(), "{promise}");
        for test in *tests {
            let (name, function) = test.split_once("::").expect("a file and a function");
            let text = std::fs::read_to_string(file(name)).unwrap_or_default();
            if !has(&text, function) {
                missing.push(format!("{promise}: {test}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
