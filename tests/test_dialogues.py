"""Dialogue files: what is read, what is refused, what a check says against them, and how they are split."""

from __future__ import annotations

import pytest

from classifier.cli.main import main
from classifier.corpus.checks.dialogue_check import dialogue_problems, voice_problems
from classifier.corpus.describe import dialogue_counts, relation_counts, tactic_table
from classifier.corpus.dialogues import (
    VOICES,
    DialogueError,
    Line,
    load_dialogues,
    read_dialogue_file,
    read_dialogue_folder,
)
from classifier.corpus.split import assign_dialogues

HEAD = 'relation = "raid_team"\ndescription = "people who raid together"\npattern = true\n'
LINES = ["A: raid at nine?", "B: yeah", "?B: after pizza", "A: which pizza"]


def table(id_="raid_team.nine", lines=LINES, **fields):
    """One dialogue as it stands in a file."""
    values = {"use": "ordinary", "hard": False, "pair": "", "writer": "w01", "ages": "young, young"}
    values |= {"mood": "calm", "register": "casual"} | fields
    written = "".join(
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}\n"
        for key, value in values.items()
    )
    quoted = ", ".join('"' + line.replace('"', '\\"') + '"' for line in lines)
    return f"[[dialogue]]\nid = '{id_}'\n{written}lines = [{quoted}]\n"


@pytest.fixture
def write(tmp_path):
    def write(*tables, head=HEAD, name="raid_team/nine.toml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(head + "".join(tables), encoding="utf-8")
        return path

    return write


def problems_of(write, *tables, check=dialogue_problems):
    return check(read_dialogue_file(write(*tables)))


def pattern(id_, *lines, **fields):
    return table(id_, lines, **({"use": "pattern", "ages": "adult, young"} | fields))


def test_a_line_says_speaker_tactics_manner_and_whether_it_may_be_left_out(write):
    lines = [
        "A flattery.talent_compliment+meeting.online_to_real: great raid. pizza for real?",
        "?B [reported]: he asked where i raid",
        "A: ok",
        "B: [yes|yeah]",
    ]
    [dialogue] = read_dialogue_file(write(table(lines=lines)))
    assert dialogue.lines[0].labels == ("flattery", "meeting")
    assert dialogue.lines[1] == Line("B", (), "reported", "he asked where i raid", optional=True)
    assert dialogue.lines[3].text == "[yes|yeah]"


def test_the_dialogues_of_a_pair_are_one_family_and_any_other_is_its_own(write):
    first, second, third = read_dialogue_file(
        write(
            table("raid_team.a", pair="p1"),
            table("raid_team.b", pair="p1"),
            table("raid_team.c"),
        )
    )
    assert (first.family, second.family, third.family) == ("p1", "p1", "raid_team.c")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (table(lines=["A says pizza", *LINES]), r"nine.toml: dialogue 'raid_team.nine': cannot read 'A says pizza': expected"),
        (table(lines=["A meeting.gift_offer: pizza?", *LINES]), r"'gift_offer' belongs to 'flattery', not 'meeting'"),
        (table(lines=["A flattery.pizza: pizza?", *LINES]), r"unknown tactic 'flattery.pizza'; expected label.tactic"),
        (table(lines=["A flattery.gift_offer [negated]: no pizza", *LINES]), "a negated line shows nothing; leave out"),
        (table(lines=["A: {pizza} at nine", *LINES]), r"unknown slot '\{pizza\}'"),
        (table(ages="young"), "ages 'young': expected A's and B's, two of child, young"),
        (table("pizza_club.nine"), "stands in a file of 'raid_team'; the id begins with the relation"),
        (table(use="any"), "use 'any' goes with relation 'any'"),
        (table(lines=LINES[:3]), r"dialogue 'raid_team.nine': dialogue.0.lines: List should have at least 4"),
        (table(colour="red"), r"dialogue 'raid_team.nine': dialogue.0.'?colour'?: Extra inputs"),
    ],
)  # fmt: skip
def test_a_fault_of_the_format_is_told_with_file_dialogue_and_remedy(write, fault, said):
    with pytest.raises(DialogueError, match=said):
        read_dialogue_file(write(fault))


def test_a_pattern_is_refused_where_the_file_says_there_are_none(write):
    path = write(table(use="pattern"), head=HEAD.replace("true", "false"))
    with pytest.raises(
        DialogueError, match=r"'raid_team.nine': a pattern in a file that says pattern = false"
    ):
        read_dialogue_file(path)


def test_an_id_used_in_two_files_names_both(write, tmp_path):
    write(table())
    write(table(), name="raid_team/ten.toml")
    with pytest.raises(DialogueError, match=r"ten.toml: dialogue 'raid_team.nine' stands in .*nine.toml too"):
        read_dialogue_folder(tmp_path)


def test_the_files_of_a_relation_agree_on_whether_people_know_each_other_in_person(write, tmp_path):
    write(table())
    write(table("raid_team.ten"), head=HEAD + "in_person = true\n", name="raid_team/ten.toml")
    with pytest.raises(
        DialogueError, match=r"in_person is True here and not in the other files of 'raid_team'"
    ):
        read_dialogue_folder(tmp_path)


def test_a_folder_without_dialogues_and_an_unknown_voice_are_refused(tmp_path):
    with pytest.raises(DialogueError, match="holds no .toml of dialogues"):
        read_dialogue_folder(tmp_path)
    with pytest.raises(ValueError, match="voice must be one of"):
        load_dialogues("v1")


def test_plain_dialogues_have_no_problems(write):
    assert problems_of(write, table()) == []


def test_the_data_policy_is_held_against_every_option_of_a_line(write):
    [problem] = problems_of(write, table(lines=["A: pizza [here|on whatsapp]", *LINES]))
    assert problem == "raid_team.nine: 'whatsapp': a real platform, application or brand"


def test_a_dialect_imitated_by_spelling_is_named(write):
    [problem] = problems_of(write, table(lines=["A: mek we raid", *LINES]))
    assert "'mek' in 'mek we raid': write it in ordinary spelling" in problem


def test_a_curly_quote_is_named(write):
    [problem] = problems_of(write, table(lines=["A: that’s pizza", *LINES]))
    assert "an odd character" in problem


LONG = "A: do you want pizza before the raid"


@pytest.mark.parametrize(
    ("again", "n_problems"),
    [
        (LONG.replace("do you", "Do you") + "?", 1),  # the same words
        ("A: no pizza for me", 0),  # short ones may come again
        (LONG.replace("the raid", "the raids"), 1),  # nearly the same
    ],
)
def test_a_long_line_stands_in_one_family_only(write, again, n_problems):
    first = table("raid_team.a", [LONG, "A: no pizza for me", "B: ok", "A: ok"])
    second = table("raid_team.b", [again, "B: fine", "A: yes", "B: good"])
    found = problems_of(write, first, second)
    assert len(found) == n_problems
    assert all("reword" in problem and "raid_team.b" in problem for problem in found)


def test_a_marked_line_stands_in_one_family_only_however_short(write):
    first, second = (
        table(f"raid_team.{name}", ["A meeting.time_place: at nine", *lines])
        for name, lines in (("a", LINES), ("b", LINES))
    )
    [problem] = problems_of(write, first, second)
    assert problem == "raid_team.a, raid_team.b: 'at nine' stands in each of them; reword all but one"


OPENING = ["A: you raid so well with that team", "B: thanks"]
DONT = "A secrecy.between_us: dont tell the guild i said so"


def test_a_pair_may_share_its_opening(write):
    assert problems_of(
        write,
        pattern("raid_team.a", *OPENING, DONT, "B: why", pair="p1"),
        table("raid_team.b", [*OPENING, "A: raid later", "B: yes"], pair="p1"),
    ) == []  # fmt: skip


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (pattern("raid_team.b", *OPENING, DONT, "B: no", pair="p1"), "must be one pattern and one ordinary"),
        (table("raid_team.b", [OPENING[0], "B: ok", "A: hm", "B: hm"], pair="p1"), "must share their first two lines"),
        (table("raid_team.b", [*OPENING, "A: hm", "B: hm"]), "pair 'p1' must be one pattern and one ordinary"),
    ],
)  # fmt: skip
def test_an_uneven_pair_is_named(write, second, said):
    first = pattern("raid_team.a", *OPENING, DONT, "B: why", pair="p1")
    assert any(said in problem for problem in problems_of(write, first, second))


def test_a_hard_dialogue_is_ordinary_and_has_two_marked_lines(write):
    once = ["A meeting.time_place: pizza at nine", *LINES]
    twice = ["A meeting.time_place: pizza at ten", "B secrecy.between_us: dont tell the healer", *LINES]
    assert problems_of(
        write, table("raid_team.a", once, hard=True), table("raid_team.b", twice, hard=True)
    ) == ["raid_team.a: hard needs at least two marked lines, got 1"]
    [problem] = problems_of(write, pattern("raid_team.c", twice[0], *LINES, hard=True))
    assert problem == "raid_team.c: hard goes with use = 'ordinary', got 'pattern'"


def test_a_pattern_has_a_marked_line_of_a_and_b_goes_along_with_nothing(write):
    [none] = problems_of(write, pattern("raid_team.a", "B flattery.affirmation: great raid", *LINES))
    assert none == "raid_team.a: a pattern needs at least one marked line of A"
    [meets] = problems_of(
        write, pattern("raid_team.b", DONT, "B secrecy.hide_delete: deleted the raid", *LINES)
    )
    assert "B shows secrecy in 'deleted the raid'; the young person meets no request" in meets


def test_a_tactic_that_only_patterns_show_is_a_problem_of_the_voice(write):
    bad = pattern("raid_team.a", DONT, *LINES)
    everyday = table("raid_team.b", ["B secrecy.between_us: the pizza is a surprise, say nothing", *LINES])
    assert problems_of(write, bad, check=voice_problems) == [
        "secrecy.between_us: shown in 1 patterns and in no ordinary dialogue; write everyday uses of it"
    ]
    assert problems_of(write, bad, everyday, check=voice_problems) == []


def test_families_are_split_within_each_relation_and_use_and_pairs_stay_together(write):
    plain = [table(f"raid_team.o{number}") for number in range(20)]
    bad = [pattern(f"raid_team.p{number}", DONT, *LINES) for number in range(20)]
    paired = [
        make(f"raid_team.{name}{number}", **{"pair": f"p{number}"})
        for number in range(10)
        for name, make in (("x", table), ("y", lambda id_, **fields: pattern(id_, DONT, *LINES, **fields)))
    ]
    dialogues = read_dialogue_file(write(*plain, *bad, *paired))
    homes = assign_dialogues(dialogues, seed=1)
    for stratum in ("raid_team.o", "raid_team.p"):
        members = [split for family, split in homes.items() if family.startswith(stratum)]
        assert [members.count(split) for split in ("train", "validation", "test")] == [14, 3, 3]
    assert sum(family in homes for family in (f"p{number}" for number in range(10))) == 10
    assert len(homes) == 50


def test_adding_a_dialogue_of_one_relation_moves_none_of_another(write):
    raids = read_dialogue_file(write(*(table(f"raid_team.o{number}") for number in range(9))))
    club = HEAD.replace("raid_team", "pizza_club")
    more = read_dialogue_file(write(table("pizza_club.a"), head=club))
    before, after = assign_dialogues(raids, seed=1), assign_dialogues([*raids, *more], seed=1)
    assert {family: after[family] for family in before} == before


def test_a_voice_is_counted_by_use_relation_and_tactic_and_near_copies_once(write):
    dialogues = read_dialogue_file(
        write(
            table("raid_team.a", [LONG, *LINES[:3]]),
            table("raid_team.b", [f"{LONG}!", *LINES[:3]], writer="w02"),
            pattern("raid_team.c", DONT, *LINES[:3]),
        )
    )
    counts = dialogue_counts(dialogues).set_index("what")["count"]
    assert counts["dialogues"] == 3
    assert (counts["pattern"], counts["ordinary, nothing marked"]) == (1, 2)
    assert (counts["lines"], counts["distinct lines"]) == (12, 5)
    assert counts["largest share of a writer's lines"] == pytest.approx(8 / 12)
    assert relation_counts(dialogues).to_numpy().tolist() == [["raid_team", 1, 2, 0, 0]]
    shown = tactic_table(dialogues).set_index("tactic").loc["between_us"]
    assert (shown["label"], shown["pattern"], shown["other"]) == ("secrecy", 1, 0)


def test_the_command_checks_a_file_of_dialogues_and_a_folder_of_them(write, tmp_path, capsys):
    path = write(table(lines=["A: pizza on whatsapp", *LINES]))
    assert main(["corpus", "check", str(path)]) == 1
    assert "raid_team.nine: 'whatsapp'" in capsys.readouterr().out
    write(table())
    assert main(["corpus", "check", str(tmp_path)]) == 0
    assert "1 dialogues of 4 lines, 0 problems" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["PATH", "--voice", "v2"]])
def test_the_command_wants_either_a_path_or_a_voice(arguments, capsys):
    assert main(["corpus", "check", *arguments]) == 2
    assert "expected either PATH or --voice" in capsys.readouterr().err


@pytest.mark.parametrize("voice", VOICES)
def test_every_dialogue_of_a_voice_passes_its_checks(voice, dialogues_of):
    assert voice_problems(dialogues_of[voice]) == []


def test_the_second_voice_shares_no_writer_with_the_first(dialogues_of):
    first, second = ({dialogue.writer for dialogue in dialogues_of[voice]} for voice in VOICES)
    assert not first & second
