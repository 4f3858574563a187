//! What the language settles where others leave it open: every case has tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What holds, and what shows it: names of tests, and of findings or contracts with findings.
type Case = (&'static str, &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "a record is projected by name, all the way down",
        &["a_result_is_projected_renamed_and_nested"],
    ),
    (
        "what is not declared never leaks",
        &[
            "what_is_not_read_does_not_matter_and_does_not_leak",
            "a_filter_holds_where_a_part_is_missing",
            "a_filter_holds_where_the_request_fails",
        ],
    ),
    ("a list is projected element by element", &["records_and_lists_are_made_anew"]),
    ("a list is no scalar and a scalar no list", &["type-mismatch"]),
    ("a map is projected by value", &["maps_are_taken_by_value"]),
    (
        "a type may contain itself, data is at most 64 levels deep",
        &[
            "a_type_inside_itself_is_read_and_written_to_any_depth",
            "data_may_be_sixty_four_levels_deep",
            "endless-type",
        ],
    ),
    (
        "a list or a scalar can be a whole result or answer",
        &["a_result_may_be_a_list_or_a_scalar", "a_list_can_be_the_whole_answer"],
    ),
    (
        "two sources of one field are a mistake",
        &["ambiguous-source", "typed_results_are_spread_side_by_side"],
    ),
    ("merges are deterministic", &["merges_are_deterministic_whoever_is_slower"]),
    (
        "a result is normalised to what was promised",
        &[
            "null_and_absent_become_what_was_promised",
            "absence_and_null_become_what_was_promised_everywhere",
            "the_table_of_null_and_absent_holds_for_declared_fields",
        ],
    ),
    (
        "a request is not normalised: null is not absence",
        &["null_is_not_absence", "absence_and_null_of_callers_are_not_changed"],
    ),
    ("1.0 is an integer, 1.5 is none, exponents are numbers", &["numbers"]),
    ("int64 is more than JavaScript can hold", &["int64-for-javascript"]),
    (
        "a decimal keeps its digits",
        &[
            "digits_of_a_decimal_arrive_as_sent",
            "decimals_are_never_a_float",
            "numbers_as_texts_keep_every_digit",
        ],
    ),
    (
        "numbers in a path or query are written plainly",
        &["numbers_in_a_query_are_written_plainly", "numbers_of_a_result_are_written_plainly_too"],
    ),
    (
        "an enum from a backend is closed, replaces, or is open",
        &[
            "enums_are_closed_or_replace_or_are_open",
            "enums_inside_of_types_are_closed_replaced_or_open",
        ],
    ),
    ("only what is read is checked", &["only_what_is_read_is_checked_and_by_both_types"]),
    (
        "a result that violates its type goes the declared way",
        &["an_invalid_result_takes_the_way_that_the_contract_declares"],
    ),
    ("a violated result is not retried", &["what_would_fail_again_is_not_tried_again"]),
    (
        "the breaker does not count a violated result",
        &["silence_counts_and_an_answer_that_is_only_wrong_does_not"],
    ),
    (
        "a key may stand once",
        &["a_key_may_stand_once", "a_key_that_stands_twice_makes_a_result_invalid"],
    ),
    (
        "a list is never cut by its bound",
        &[
            "lists_have_bounds_and_are_cut_only_where_the_contract_says",
            "a_cut_is_made_where_it_is_written",
        ],
    ),
    ("unknown fields are refused", &["an_unknown_field_is_refused_where_nothing_else_is_said"]),
    (
        "a call that needs a stand-in is made with it",
        &["a_call_that_needs_a_stand_in_is_made_with_it"],
    ),
    ("a call that needs what can be null says when it is made", &["null-in-call"]),
    ("unsafe calls are not undone", &["unsafe-chain"]),
    ("only what may be repeated is repeated", &["only_what_may_be_repeated_is_repeated"]),
    (
        "a call per element has an upper bound",
        &["unbounded-each", "a_list_that_is_too_long_is_a_result_that_violates_its_type"],
    ),
    (
        "the endpoint's timeout is a budget",
        &["the_budget_shrinks_along_a_chain", "within_counts_all_attempts", "budget-exceeded"],
    ),
    (
        "a literal wins over a parameter, and that over the rest",
        &[
            "a_literal_wins_over_a_parameter",
            "literals_win_over_parameters_and_those_over_the_rest",
        ],
    ),
    ("crossing routes are a mistake", &["ambiguous-routes"]),
    (
        "patterns that cannot meet tell parameters apart",
        &["patterns_that_cannot_meet_tell_parameters_apart"],
    ),
    ("the rest of a path stands last", &["catch-all-not-last"]),
    (
        "a path is decoded once, segment by segment",
        &["a_path_is_decoded_once_and_segment_by_segment"],
    ),
    ("a slash at the end is another path", &["a_trailing_slash_is_404_with_a_hint"]),
    (
        "HEAD follows GET",
        &[
            "head_follows_get_and_can_be_declared",
            "head_follows_the_answer_that_get_would_be_given",
        ],
    ),
    (
        "405 names the methods",
        &["a_method_that_a_path_does_not_answer_is_405_with_those_that_it_does"],
    ),
    (
        "a refusal lists everything, up to 32, and echoes nothing",
        &[
            "everything_wrong_is_said_in_one_answer_without_values",
            "of_40_violations_32_are_told_and_8_are_counted",
        ],
    ),
    ("a scalar stands once in a query", &["one_value_is_not_two"]),
    ("an empty text is not an absent one", &["an_empty_text_is_not_an_absent_one"]),
    (
        "an unknown parameter is refused",
        &["an_unknown_parameter_is_refused_where_nothing_else_is_said"],
    ),
    (
        "what is passed on is untouched",
        &[
            "a_request_arrives_as_it_was_sent",
            "an_answer_comes_back_as_it_is",
            "pass-promises-nothing",
        ],
    ),
    (
        "types are bound late: an edit reaches what is inherited",
        &[
            "a_change_of_a_record_reaches_those_that_take_its_fields",
            "a_change_of_a_generic_type_reaches_everything_made_of_it",
            "late-binding",
        ],
    ),
    (
        "the first failure in the text wins",
        &["the_first_failure_in_the_text_wins_over_the_first_in_time"],
    ),
    (
        "reads are dropped when the answer is known",
        &["a_failure_is_answered_at_once_and_running_reads_are_dropped"],
    ),
    ("what was sent is left alone", &["a_failure_that_is_answered_leaves_what_was_sent_alone"]),
    (
        "an unsafe call waits for what is required before it",
        &["an_unsafe_call_waits_for_what_is_required_before_it_and_for_nothing_else"],
    ),
    (
        "any status of 2xx is success, redirects are not followed",
        &["every_status_of_2xx_is_success", "redirects_are_not_followed"],
    ),
    (
        "the first answer whose condition holds is given",
        &["the_first_answer_whose_condition_holds_is_given", "unreachable-return"],
    ),
];

fn files(folder: &Path, ending: &str, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, ending, into);
        } else if path.extension().is_some_and(|found| found == ending) {
            into.push(path);
        }
    }
}

/// The tests of the repository that ask gateways.
fn tests() -> BTreeSet<String> {
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gateway"), "rs", &mut found);
    let text: Vec<String> =
        found.iter().map(|path| fs::read_to_string(path).expect("a test is text")).collect();
    let after = |text: &str| {
        let names = text.split("#[test]\nfn ").skip(1);
        names.map(|rest| rest.split('(').next().unwrap_or("").to_owned()).collect::<Vec<_>>()
    };
    text.iter().flat_map(|text| after(text)).collect()
}

/// The codes that contracts under `tests/data/diagnostics` raise, and the names of these contracts.
fn findings() -> BTreeSet<String> {
    let mut found = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/diagnostics");
    files(&folder, "api", &mut found);
    let mut names = BTreeSet::new();
    for path in found.iter().filter(|path| !path.starts_with(folder.join("clean"))) {
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        let text = fs::read_to_string(path).expect("a contract is text");
        let marked = text.lines().filter_map(|line| line.trim().strip_prefix("//"));
        let marks = marked.filter_map(|rest| rest.trim_start().strip_prefix('^'));
        let told = marks.map(|rest| rest.trim_start_matches('^').trim());
        let told = told.map(|rest| rest.strip_prefix("warning ").unwrap_or(rest));
        let codes = told.filter_map(|rest| rest.split_once(": "));
        names.extend(codes.map(|(code, _)| code.to_owned()));
    }
    names
}

#[test]
fn every_hard_case_is_shown_by_a_test() {
    let (tests, findings) = (tests(), findings());
    for (case, shown) in CASES {
        assert!(!shown.is_empty(), "nothing shows that {case}");
        for name in *shown {
            assert!(tests.contains(*name) || findings.contains(*name), "{case}: no `{name}`");
        }
    }
}
