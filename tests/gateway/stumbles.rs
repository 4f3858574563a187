//! What other gateways stumble over, and the tests that show over sockets that this one does not.

use crate::promises::Promise;

/// Something that gateways have been seen to do, and tests that show otherwise.
pub(crate) const STUMBLES: &[Promise] = &[
    // Parameters, paths and queries.
    (
        "a value adds segments to a path",
        &[
            "traps::a_parameter_adds_no_path_segment",
            "sending::a_value_in_a_path_stays_one_segment",
        ],
    ),
    (
        "a value adds pairs to a query",
        &["traps::a_parameter_adds_no_query_pair", "sending::a_value_in_a_query_stays_one_value"],
    ),
    (
        "a value adds a header field",
        &[
            "traps::a_parameter_adds_no_header_field",
            "sending::a_reply_header_cannot_be_smuggled_by_a_backend",
        ],
    ),
    (
        "a path climbs to another resource",
        &[
            "routing::a_path_that_two_readers_could_read_differently_is_400",
            "sending::a_value_that_would_name_another_resource_is_not_sent",
            "paths::it_never_climbs",
        ],
    ),
    (
        "a slash in a value leads to another route, and what is encoded twice is refused",
        &[
            "routing::a_path_is_decoded_once_and_segment_by_segment",
            "sockets/routing::an_encoded_slash_stays_inside_its_segment_on_both_sides",
        ],
    ),
    (
        "near paths are redirected",
        &["traps::paths_are_taken_as_they_are", "routing::a_trailing_slash_is_404_with_a_hint"],
    ),
    (
        "HEAD and OPTIONS are 405",
        &[
            "routing::head_follows_get_and_can_be_declared",
            "routing::a_method_that_a_path_does_not_answer_is_405_with_those_that_it_does",
        ],
    ),
    (
        "two routes of one shape break the start",
        &[
            "routing::patterns_that_cannot_meet_tell_parameters_apart",
            "parts::types_tell_segments_of_one_look_apart",
        ],
    ),
    (
        "undeclared parameters go on",
        &[
            "traps::a_query_that_is_not_declared_goes_nowhere",
            "requests::an_unknown_parameter_is_refused_where_nothing_else_is_said",
        ],
    ),
    (
        "a missing value is sent as a pair of nothing",
        &[
            "sending::absent_values_drop_their_pair_and_lists_repeat_it",
            "traps::what_may_be_missing_in_a_query_drops_its_pair",
        ],
    ),
    // Header fields of requests.
    (
        "header fields of callers go on",
        &[
            "traps::header_fields_of_the_caller_do_not_leak_to_backends",
            "sending::nothing_else_of_the_callers_head_goes_on",
        ],
    ),
    (
        "naming one field takes others away",
        &[
            "sending::declared_fields_are_sent_and_absent_ones_are_not",
            "sending::every_call_of_a_request_carries_its_identity",
        ],
    ),
    (
        "callers say which address they have",
        &[
            "proxies::a_made_up_address_is_no_way_around_a_limit",
            "proxies::backends_are_told_the_caller_and_nothing_that_was_made_up",
        ],
    ),
    // Chains.
    (
        "what is missing is sent as a placeholder or `<nil>`",
        &["traps::nothing_unresolved_is_ever_sent"],
    ),
    ("what is missing is looked up one level higher", &["traps::nothing_unresolved_is_ever_sent"]),
    (
        "numbers are printed anew",
        &[
            "traps::numbers_go_on_digit_by_digit",
            "sending::numbers_of_a_result_are_written_plainly_too",
            "types::decimals_are_never_a_float",
        ],
    ),
    (
        "a result goes into a path alone",
        &[
            "answers::a_sent_body_is_built_and_drops_what_is_absent",
            "traps::nothing_unresolved_is_ever_sent",
        ],
    ),
    (
        "values of results are not encoded",
        &[
            "sending::a_backends_values_are_trusted_as_little_as_a_callers",
            "sending::any_text_arrives_whole_and_nowhere_else",
        ],
    ),
    ("every step is sent the body of the request", &["traps::one_body_feeds_two_calls"]),
    // Merging and filters.
    ("the slowest result wins", &["traps::merges_are_deterministic_whoever_is_slower"]),
    (
        "a filter does not hold where a part is missing",
        &["traps::a_filter_holds_where_a_part_is_missing"],
    ),
    (
        "a filter does not hold where the request fails",
        &[
            "traps::a_filter_holds_where_the_request_fails",
            "broken::nothing_but_the_declared_result_reaches_a_caller",
        ],
    ),
    (
        "names that change places are undefined",
        &["traps::names_change_places_and_nothing_becomes_something_else"],
    ),
    (
        "a name with a dot is a path",
        &[
            "traps::names_change_places_and_nothing_becomes_something_else",
            "names::fields_and_types_may_have_any_name",
        ],
    ),
    (
        "an empty list becomes null",
        &[
            "traps::names_change_places_and_nothing_becomes_something_else",
            "standins::a_value_stands_in_whatever_the_failure",
        ],
    ),
    ("two lists keep the later one", &["answers::records_and_lists_are_made_anew"]),
    (
        "static data covers good data",
        &[
            "standins::a_full_answer_is_not_marked",
            "standins::each_kind_of_failure_has_its_own_stand_in",
        ],
    ),
    (
        "a part that is missing is answered like a whole",
        &[
            "standins::several_stand_ins_are_all_named",
            "standins::what_has_no_stand_in_still_fails",
        ],
    ),
    // Statuses and answers.
    (
        "201, 204 and 404 become 200 or 500",
        &[
            "traps::declared_statuses_arrive_as_declared",
            "failures::every_status_of_2xx_is_success",
        ],
    ),
    (
        "every failure is 500",
        &[
            "failures::what_the_contract_does_not_expect_is_502_or_504",
            "broken::one_that_is_slow_is_504",
            "broken::one_that_refuses_or_closes_is_502",
        ],
    ),
    (
        "addresses and words of backends reach callers",
        &[
            "broken::nothing_but_the_declared_result_reaches_a_caller",
            "sockets/problems::a_problem_never_repeats_what_the_caller_sent_nor_where_a_backend_is",
        ],
    ),
    ("an unknown form is answered with another", &["streams::the_caller_chooses_lines_or_events"]),
    (
        "a list can be answered only below a name",
        &["answers::a_list_can_be_the_whole_answer", "results::a_result_may_be_a_list_or_a_scalar"],
    ),
    (
        "members are put into another order, and `<` is escaped",
        &["traps::names_change_places_and_nothing_becomes_something_else"],
    ),
    (
        "header fields of backends are lost, or all of them arrive",
        &[
            "traps::header_fields_of_backends_do_not_leak_to_callers",
            "answers::an_answer_has_its_status_its_fields_and_its_header",
        ],
    ),
    ("redirects are followed, with all that was sent", &["traps::redirects_are_not_followed"]),
    (
        "the type that a backend names decides how it is read",
        &[
            "traps::names_change_places_and_nothing_becomes_something_else",
            "broken::one_that_sends_no_json_is_502",
        ],
    ),
    // Time and failures of backends.
    (
        "two calls have less time than one",
        &[
            "traps::a_slow_backend_is_504_and_has_the_whole_budget",
            "deadlines::the_endpoints_budget_ends_a_call_that_may_take_longer",
        ],
    ),
    (
        "a timeout of a backend is ignored",
        &[
            "deadlines::within_counts_all_attempts",
            "deadlines::a_timeout_is_read_from_the_environment",
        ],
    ),
    (
        "slow callers are waited for without end",
        &[
            "two::bodies_are_passed_on_as_they_arrive_and_within_their_limit",
            "overload::a_caller_who_is_slow_to_send_takes_no_place",
        ],
    ),
    (
        "each call has a breaker of its own",
        &["breakers::all_cores_share_it", "shop::five_failures_leave_a_catalogue_alone"],
    ),
    (
        "an open breaker is an ordinary failure",
        &["breakers::it_opens_lets_one_probe_through_and_closes"],
    ),
    (
        "an address that fails goes on being asked",
        &["faults::half_of_the_addresses_die_and_come_back_and_no_call_is_lost"],
    ),
    (
        "what must not be repeated is sent twice",
        &[
            "retries::only_what_may_be_repeated_is_repeated",
            "faults::what_may_not_be_sent_twice_is_lost_only_with_the_connection_it_was_sent_on",
            "sockets/pool::a_call_that_leaves_a_trace_is_never_sent_twice",
        ],
    ),
    (
        "a copy delays or changes the answer",
        &["copies::what_becomes_of_a_copy_makes_no_difference"],
    ),
    // What is passed on.
    (
        "small pieces wait in a buffer",
        &["pass::an_answer_is_sent_on_chunk_by_chunk_and_may_take_its_time"],
    ),
    (
        "what is passed on ends at the deadline of an answer",
        &["pass::an_upload_is_sent_on_as_it_arrives_and_may_take_its_time"],
    ),
    (
        "only failures of the gateway are answered by it, and without a body",
        &["pass::only_failures_to_answer_are_the_gateways_own"],
    ),
    // Kept results and answers.
    (
        "what is private is given to others",
        &[
            "caches::a_backend_has_a_say",
            "kept::each_caller_has_answers_of_their_own",
            "kept::a_backend_has_a_say",
            "shop::a_profile_is_that_of_whoever_calls_and_kept_for_nobody_else",
        ],
    ),
    (
        "a failure is kept",
        &[
            "caches::failures_are_not_kept_and_a_declared_absence_is",
            "kept::only_what_is_whole_is_kept",
        ],
    ),
    (
        "each address of a backend has kept results of its own",
        &["caches::addresses_of_one_backend_share_what_is_kept"],
    ),
    (
        "callers decide what is kept and for how long",
        &[
            "caches::all_that_is_sent_is_part_of_the_key",
            "kept::all_that_makes_a_difference_is_told_apart_and_nothing_else",
        ],
    ),
    ("what is kept grows without bound", &["kept::keys_at_random_take_no_more_room_than_there_is"]),
    // Limits and access.
    (
        "twice the burst passes",
        &[
            "limits::a_burst_is_let_through_and_not_one_more",
            "limits::what_time_frees_can_be_used_again",
        ],
    ),
    (
        "429 says nothing about when to come back",
        &["limits::every_answer_says_what_is_left", "shop::ten_orders_a_minute_and_no_more"],
    ),
    ("addresses of IPv6 are not counted", &["proxies::an_ipv6_household_counts_as_one"]),
    (
        "guesses cost nothing",
        &["quotas::who_is_not_let_in_counts_by_address", "access::guesses_do_not_hold_up_others"],
    ),
    (
        "a guard that cannot be read guards nothing",
        &[
            "access::keys_that_cannot_be_read_are_a_fault_of_the_environment",
            "tokens::what_tokens_are_checked_with_is_needed_at_the_start",
            "certificates::a_gateway_that_cannot_check_does_not_start",
            "sockets/access::without_keys_nobody_comes_in_and_the_gateway_is_not_ready",
            "sockets/access/kept::without_a_first_list_nobody_gets_in",
        ],
    ),
    (
        "what is wrong with a token is a guess",
        &["access::a_key_says_who_calls", "sockets/access::what_was_not_granted_is_forbidden"],
    ),
    (
        "what a backend says about pages goes on",
        &["cors::what_a_backend_says_about_pages_ends_at_the_gateway"],
    ),
    ("any page may read by default", &["cors::other_pages_get_an_answer_that_they_may_not_read"]),
    (
        "what is kept is given to those who may not have it",
        &[
            "kept::who_calls_is_looked_at_whatever_is_kept",
            "shop::a_profile_is_for_customers_alone",
        ],
    ),
    ("each core counts for itself", &["limits::cores_count_together"]),
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
    ("a breaker opens one failure late", &["breakers::it_opens_lets_one_probe_through_and_closes"]),
    (
        "a breaker keeps calls from addresses that are well",
        &["sockets/addresses::one_address_that_fails_does_not_open_the_breaker_and_comes_back"],
    ),
    (
        "an open breaker is 500 without `Retry-After`",
        &["sockets/policies::an_open_breaker_answers_at_once_and_lets_one_probe_through"],
    ),
    (
        "401 without `WWW-Authenticate`",
        &["access::what_is_no_key_is_no_caller", "shop::a_profile_is_for_customers_alone"],
    ),
    (
        "a token chooses how it is checked",
        &["sockets/access::no_attack_that_is_known_lets_anybody_in"],
    ),
    (
        "each call asks for a token of its own",
        &["granted::a_token_is_asked_for_once_and_carried_by_every_call"],
    ),
    (
        "keys and tokens are waited for beyond the time of the request",
        &[
            "granted::nobody_waits_longer_than_a_call_may_take",
            "sockets/access::an_issuer_that_hangs_does_not_hang_others",
        ],
    ),
    (
        "what is passed on never opens a breaker",
        &["pass::what_can_be_repeated_is_and_what_was_sent_is_not"],
    ),
    (
        "many who come at once ask a backend as often",
        &[
            "kept::everybody_asks_at_once_and_one_request_is_made",
            "caches::who_asks_at_one_time_shares_one_request",
            "granted::a_stampede_asks_once",
            "sockets/access::many_wait_for_one_set_of_keys",
        ],
    ),
    (
        "what a caller shows goes on to backends",
        &[
            "access::keys_and_passwords_are_not_passed_on",
            "granted::a_caller_cannot_put_a_token_of_its_own_in_its_place",
        ],
    ),
];
