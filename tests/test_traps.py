"""What others and we fell into, and the test that shows for each that relay does not: none of them may go."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "relay").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

API = {
    "no list can be asked for what changed": "test_an_open_job_older_than_the_window_is_followed",
    "no list says its order": "test_a_known_job_ends_no_walk_since_no_list_is_said_to_have_an_order",
    "a page token repeats": "test_a_repeated_token_ends_the_walk",
    "an empty page carries a token": "test_an_empty_page_with_a_token_does_not_end_the_walk",
    "an empty object is a page": "test_a_page_may_be_empty",
    "total_size is wrong": "test_total_size_is_not_even_read",
    "offset pages shift": "test_offset_pages_that_shift_hide_no_job",
    "enums grow": "test_an_enum_that_grows_makes_an_event_and_no_crash",
    "statuses are spelled otherwise": "test_statuses_are_upper_case_inside_however_a_kind_spells_them",
    "fields vanish and are renamed": "test_every_field_but_id_and_status_may_vanish_or_be_renamed",
    "a completed batch holds failed files": "test_failed_files_are_named_and_make_it_a_warning",
    "an end is not the end": "test_an_end_that_turns_within_five_minutes_is_told_with_the_next_look",
    "a failure turns into a success": "test_an_event_whose_job_turned_out_well_meanwhile_is_superseded",
    "200 with a body of HTML": "test_html_with_200_says_what_came_without_the_key",
    "a body that is cut": "test_a_body_cut_by_the_connection_is_asked_again",
    "too many without a wait": "test_what_may_pass_is_asked_again",
    "a small body unpacks into a large one": "test_a_gzip_bomb_is_not_unpacked",
    "a timeout is of each read": "test_a_slow_drip_ends_at_the_deadline",
    "one job comes wrapped": "test_a_get_of_one_is_read_whether_the_kind_wraps_the_job_or_not",
    "a plus in a query is a space": "test_a_plus_in_a_date_arrives_as_a_plus",
    "an empty key": "test_a_key_that_no_header_can_carry_is_a_mistake_and_no_trouble_of_each_look",
    "the API's clock is not ours": "test_only_the_time_of_the_api_counts",
    "a date has whole seconds": "test_a_date_has_whole_seconds_and_what_came_within_them_before_is_no_news",
    "a list lags": "test_an_ended_job_that_a_lagging_list_shows_open_makes_no_event",
    "a slow answer is overtaken": "test_an_answer_that_a_younger_one_overtook_does_not_count",
    "a job moves between two lists": "test_a_job_that_moves_between_two_lists_of_a_look_is_not_missed",
    "a new word is open for ever": "test_a_status_word_no_one_knows_is_an_event_and_the_job_is_followed",
}

STORE = {
    "a deferred transaction": "test_to_read_and_then_write_waits_for_another_writer_and_never_fails_at_once",
    "a subscript runs SQL": "test_no_table_is_asked_for_by_subscript",
    "a hop for each row": "test_a_page_is_one_hop_to_the_thread_and_one_commit",
    "a creation time is missing": "test_a_job_is_known_whatever_became_of_its_creation_time",
    "thousands share a creation time": "test_jobs_are_known_that_share_their_creation_time_with_thousands",
    "a commit that is not on the disk": "test_what_is_committed_is_on_the_disk",
    "SQL of a newer SQLite": "test_the_sql_is_that_of_sqlite_3_40",
    "a lease moves a group's time": "test_a_lease_holds_no_other_message_of_its_group_back",
    "a rule that is gone": "test_a_rule_that_is_gone_holds_its_deliveries_back_and_no_others",
    "a destination that is gone": "test_a_destination_that_is_not_in_the_configuration_keeps_its_deliveries",
    "a template that fails": "test_a_field_that_an_item_lacks_gives_the_default_text_and_one_warning",
    "an event joins what was tried": "test_nothing_joins_a_message_once_it_was_claimed",
    "groups that wait for each other": "test_grouped_deliveries_wait_for_nothing",
    "an attempt is counted too late": "test_an_attempt_without_an_outcome_stays_counted",
    "a message ends who sends it": "test_a_message_that_ends_the_process_is_found_and_its_neighbours_arrive",
    "a late failure of an old lease": "test_a_late_failure_of_an_old_lease_says_nothing",
    "a late success": "test_a_success_always_wins_however_late_it_comes",
}

SENDING = {
    "what the library calls private": "test_what_is_never_dialled_is_told_by_its_kind",
    "IPv4 inside IPv6": "test_an_ipv4_address_in_an_ipv6_one_is_as_forbidden_as_alone",
    "spellings of an address": "test_a_connection_is_judged_by_where_the_systems_spellings_lead",
    "a name leads elsewhere later": "test_a_name_that_leads_elsewhere_the_second_time_is_judged_again",
    "redirects": "test_a_redirect_to_a_forbidden_address_is_not_followed",
    "proxies and .netrc": "test_the_environment_has_no_say",
    "a backslash in a URL": "test_a_url_that_cannot_be_sent_to_is_refused_without_repeating_it",
    "a line end in a header": "test_what_can_never_be_sent_is_dead_at_once",
    "an endless answer": "test_an_answer_without_end_costs_little_memory_and_its_connection",
    "a drip of bytes": "test_a_stuck_receiver_fails_at_the_deadline_and_is_tried_again",
    "who asks for a pause": "test_who_says_too_many_is_left_alone_so_long_as_it_asks",
    "a library tries again by itself": "test_slack_s_clients_try_nothing_again",
    "markup of Slack": "test_markup_in_a_value_stands_in_code_or_in_plain_text",
    "Slack without a text": "test_without_a_layout_it_says_the_same_in_short",
    "Slack's limits": "test_the_fullest_message_there_can_be_is_within_all_limits",
    "bidi and control characters": "test_what_hides_turns_or_moves_text_is_removed",
    "machines get what there was": "test_a_hostile_value_arrives_as_it_was_where_machines_read",
    "a signature of another time": "test_the_signature_verifies_with_both_libraries",
    "a key of two bytes": "test_a_secret_of_24_to_64_bytes_is_taken",
    "recipients refused for now": "test_those_refused_for_now_are_tried_again_alone",
    "recipients refused for good": "test_those_refused_for_good_are_named_and_hold_up_no_one",
    "STARTTLS is stripped": "test_without_starttls_nothing_is_said_that_matters",
    "templates that end the process": "test_what_makes_long_texts_or_markup_is_out_of_reach_by_any_way",
    "a filter slips past escaping": "test_no_filter_makes_markup",
    "escaped twice": "test_escaping_happens_once",
    "a URL is a secret": "test_options_show_no_secret",
    "brackets without end": "test_a_file_that_is_no_configuration_is_refused_at_the_line_to_look_at",
    "a reader leaves a stream": "test_a_reader_that_leaves_a_stream_is_no_fault",
    "a middleware's argument by name": "test_every_middleware_calls_its_handler_handler",
    "a loop for each test": "test_pytest_is_told_the_scope_of_loops",
}


def names() -> set[str]:
    return {
        node.name
        for path in TESTS
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("traps", [API, STORE, SENDING], ids=["api", "store", "sending"])
def test_each_trap_has_its_test(traps):
    known = names()
    assert {trap: test for trap, test in traps.items() if test not in known} == {}


def nodes(*kinds):
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, kinds):
                yield path, node


def test_no_table_is_asked_for_by_subscript():
    """Of a sqlite-utils database that runs SQL, in whichever thread it is."""
    databases = [
        f"{path.name}:{node.lineno}"
        for path, node in nodes(ast.Subscript)
        if isinstance(node.value, ast.Name) and node.value.id in {"db", "database"}
    ]
    assert databases == []


def test_the_sql_is_that_of_sqlite_3_40():
    newer = re.compile(r"jsonb|subsec|string_agg|concat_ws|->>\s*-\d|octet_length|\bunhex\(", re.IGNORECASE)
    texts = {
        path.name: path.read_text("utf-8") for path in (ROOT / "relay" / "store").iterdir() if path.is_file()
    }
    assert {name: found[0] for name, text in texts.items() if (found := newer.search(text))} == {}


def test_slack_s_clients_try_nothing_again():
    made = [
        (path.name, {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords})
        for path, node in nodes(ast.Call)
        if isinstance(node.func, ast.Name) and re.fullmatch(r"Async\w*Client", node.func.id)
    ]
    assert made
    assert [one for one in made if one[1].get("retry_handlers") != "[]"] == []


def test_every_middleware_calls_its_handler_handler():
    """It is passed by that name."""
    found = [
        (path.name, node.args.args[-1].arg)
        for path, node in nodes(ast.AsyncFunctionDef)
        if any("middleware" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]
    assert found
    assert {name for _, name in found} == {"handler"}


def test_pytest_is_told_the_scope_of_loops():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    assert options["asyncio_default_fixture_loop_scope"] == "function"
    assert options["filterwarnings"] == ["error"]
