//! What the product promises of faults and of the traps of other gateways, and which tests show it.

use std::collections::BTreeSet;
use std::path::Path;

/// A promise, and the tests that show it: the file's name, then the function's.
type Promise = (&'static str, &'static [&'static str]);

/// What may go wrong around a gateway.
const FAULTS: [Promise; 15] = [
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
            "access::the_last_good_keys_hold_while_an_issuer_is_away",
            "access::without_keys_nobody_comes_in_and_the_gateway_is_not_ready",
            "access::an_issuer_that_hangs_does_not_hang_others",
        ],
    ),
    ("an issuer changes its keys", &["access::a_key_that_is_not_known_is_asked_for_once"]),
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
        "certificates are replaced",
        &[
            "tests::files_that_change_are_used_and_connections_stay",
            "certificates::authorities_of_a_file_change_while_the_gateway_runs",
        ],
    ),
    (
        "SIGTERM in the middle",
        &[
            "program::a_signal_ends_it_after_the_work_in_flight",
            "stop::a_request_in_flight_is_answered_and_idle_connections_end",
            "supervised::gateways_that_share_a_socket_hand_over_without_losing_a_request",
        ],
    ),
    (
        "callers stall",
        &[
            "tests::a_head_that_does_not_end_is_given_up",
            "tests::a_body_that_does_not_end_is_408",
            "tests::a_caller_who_does_not_read_is_given_up",
            "two::a_caller_who_takes_nothing_of_an_answer_is_said_goodbye_to",
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
            "logging::a_reader_that_stands_still_holds_up_nobody",
        ],
    ),
    ("all of that for long", &["soak::memory_is_flat_under_load_and_faults"]),
];

/// What users of other gateways fall into: who may call, limits, caches, breakers.
const TRAPS: [Promise; 22] = [
    (
        "an answer for one is given to another out of a cache",
        &[
            "kept::each_caller_has_answers_of_their_own",
            "kept::a_backend_has_a_say",
            "shop::a_profile_is_that_of_whoever_calls_and_kept_for_nobody_else",
        ],
    ),
    (
        "what is kept is given to those who may not have it",
        &[
            "kept::who_calls_is_looked_at_whatever_is_kept",
            "shop::a_profile_is_for_customers_alone",
        ],
    ),
    (
        "failures are kept and given again",
        &[
            "kept::only_what_is_whole_is_kept",
            "caches::failures_are_not_kept_and_a_declared_absence_is",
        ],
    ),
    ("a cache grows without an end", &["kept::keys_at_random_take_no_more_room_than_there_is"]),
    (
        "callers make up the address that they are counted by",
        &[
            "proxies::a_made_up_address_is_no_way_around_a_limit",
            "proxies::backends_are_told_the_caller_and_nothing_that_was_made_up",
        ],
    ),
    (
        "a burst of twice the capacity and one more",
        &[
            "limits::a_burst_is_let_through_and_not_one_more",
            "limits::what_time_frees_can_be_used_again",
        ],
    ),
    ("each core counts for itself", &["limits::cores_count_together"]),
    (
        "429 without a word on when to come back",
        &["limits::every_answer_says_what_is_left", "shop::ten_orders_a_minute_and_no_more"],
    ),
    (
        "a global limit is 503",
        &["limits::all_limits_of_an_endpoint_hold_and_refusals_cost_nothing"],
    ),
    (
        "who has no key to be counted by is not counted, or shut out",
        &[
            "limits::requests_without_the_field_count_together",
            "quotas::who_lacks_the_claim_is_not_let_in",
        ],
    ),
    (
        "a flood without tokens costs a check of signatures each",
        &["quotas::who_is_not_let_in_counts_by_address"],
    ),
    (
        "a breaker per entry",
        &["breakers::all_cores_share_it", "shop::five_failures_leave_a_catalogue_alone"],
    ),
    ("a breaker opens one failure late", &["breakers::it_opens_lets_one_probe_through_and_closes"]),
    (
        "a breaker keeps calls from addresses that are well",
        &["addresses::one_address_that_fails_does_not_open_the_breaker_and_comes_back"],
    ),
    (
        "an open breaker is 500 without `Retry-After`",
        &["policies::an_open_breaker_answers_at_once_and_lets_one_probe_through"],
    ),
    (
        "guards that cannot be read let everybody in",
        &[
            "access::keys_that_cannot_be_read_are_a_fault_of_the_environment",
            "certificates::a_gateway_that_cannot_check_does_not_start",
            "access::without_keys_nobody_comes_in_and_the_gateway_is_not_ready",
            "kept::without_a_first_list_nobody_gets_in",
        ],
    ),
    (
        "401 without `WWW-Authenticate`",
        &["access::what_is_no_key_is_no_caller", "shop::a_profile_is_for_customers_alone"],
    ),
    ("a token chooses how it is checked", &["access::no_attack_that_is_known_lets_anybody_in"]),
    (
        "many who come at once ask a backend as often",
        &[
            "kept::everybody_asks_at_once_and_one_request_is_made",
            "caches::who_asks_at_one_time_shares_one_request",
            "granted::a_stampede_asks_once",
            "access::many_wait_for_one_set_of_keys",
        ],
    ),
    (
        "what a caller shows goes on to backends",
        &[
            "access::keys_and_passwords_are_not_passed_on",
            "granted::a_caller_cannot_put_a_token_of_its_own_in_its_place",
        ],
    ),
    (
        "a backend's word on other origins reaches pages",
        &["cors::what_a_backend_says_about_pages_ends_at_the_gateway"],
    ),
    (
        "calls that change something are made twice",
        &[
            "retries::only_what_may_be_repeated_is_repeated",
            "pool::a_call_that_leaves_a_trace_is_never_sent_twice",
        ],
    ),
];

/// Every test of the folder, as `file::function`.
fn tests_of(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            tests_of(&path, found);
            continue;
        }
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let mut lines = text.lines().map(str::trim);
        while lines.any(|line| line == "#[test]" || line.starts_with("#[tokio::test")) {
            let function =
                lines.by_ref().find_map(|line| line.split_once("fn ")?.1.split('(').next());
            found.extend(function.map(|function| format!("{name}::{function}")));
        }
    }
}

#[test]
fn every_promise_has_tests_that_show_it() {
    let mut found = BTreeSet::new();
    for folder in ["tests/gateway", "runtime/tests", "runtime/src"] {
        tests_of(&Path::new(crate::ROOT).join(folder), &mut found);
    }
    assert!(found.len() > 500, "{}", found.len());
    let mut missing = Vec::new();
    for (promise, tests) in FAULTS.iter().chain(&TRAPS) {
        assert!(!tests.is_empty(), "{promise}");
        let gone = tests.iter().filter(|test| !found.contains(**test));
        missing.extend(gone.map(|test| format!("{promise}: {test}")));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
