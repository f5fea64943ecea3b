"""Broken and hostile files: each gives one clear line that names the file and the place, and none a traceback, a full memory or a long wait."""

from __future__ import annotations

import gzip
import json
import os
from itertools import chain
from time import perf_counter

import pyarrow
import pyarrow.parquet
import pytest

from classifier.cli.main import main
from classifier.errors import InputError
from classifier.readers import file_opening as bounded
from classifier.readers.any_format import read
from classifier.readers.checked_values import MAX_CHARACTERS, cleaned
from classifier.readers.other_formats.pan12 import read_authors, read_lines


def message(line="1", author="<author>ann</author>", time="<time>10:00</time>", text="<text>pizza</text>"):
    return f"<message line='{line}'>{author}{time}{text}</message>"


def pan12(*messages, id_="id='c1'"):
    return (
        f"<conversations>\n<conversation {id_}>\n"
        + "\n".join(messages)
        + "\n</conversation>\n</conversations>"
    )


def chat(name, content):
    return json.dumps({"chats": {name: content}})


def entry(**fields):
    return {"author": "ann", "body": "pizza", "time": 0} | fields


def utterance(**fields):
    return (
        json.dumps(
            {
                "id": "u1",
                "speaker": "ann",
                "conversation_id": "u1",
                "reply_to": None,
                "timestamp": None,
                "text": "raid",
            }
            | fields
        )
        + "\n"
    )


ROW = '{"conversation_id": "a", "author": "ann", "text": "pizza"}\n'
HEAD = "conversation_id,author,text\n"
ENTITIES = "".join(f"<!ENTITY e{n} '&e{n - 1};&e{n - 1};'>" for n in range(1, 30))

XML = [
    ("", ":1: not whole XML (no element found"),
    ("pizza at 6", ":1: not whole XML (syntax error"),
    (pan12(message())[:-20], ":4: not whole XML (unclosed token"),
    (
        f"<!DOCTYPE c [<!ENTITY e0 'pizza'>{ENTITIES}]>" + pan12(message(text="<text>&e29;</text>")),
        ":1: DTDForbidden: a document type or entities are refused",
    ),
    ("<!DOCTYPE c SYSTEM 'http://example.org/c.dtd'>" + pan12(message()), ":1: DTDForbidden"),
    (
        "<!DOCTYPE c [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>" + pan12(message(text="<text>&x;</text>")),
        ":1: DTDForbidden",
    ),
    (pan12(message(text="<text>&unknown;</text>")), ":3: not whole XML (undefined entity"),
    ("<chat/>", ":1: <chat> in <> is not in the format of PAN 2012"),
    (
        pan12("<message line='1'><author>ann</author><text><b>hi</b></text></message>"),
        ":3: <b> in <text> is not in the format",
    ),
    ("<conversations>" * 50_000, ":1: <conversations> in <conversations> is not in the format"),
    (pan12(message(line="one")), ":3: line 'one': expected a whole number from 1"),
    (pan12(message(line="-3")), ":3: line '-3': expected a whole number from 1"),
    (pan12(message(line="9" * 5000)), ":3: line '99999999"),
    (pan12(message(), message()), ":4: line 1 stands twice in conversation 'c1'"),
    (pan12(message(author="")), ":3: no author"),
    (pan12(message(author="<author>  </author>")), ":3: no author"),
    (
        pan12(message(author=f"<author>{'a' * 2000}</author>")),
        ":3: author of 2,000 characters, at most 1,000 are read",
    ),
    (pan12(message(time="<time>25:00</time>")), ":3: time '25:00': expected a clock time like 17:05"),
    (pan12(message(time="<time>-1:00</time>")), ":3: time '-1:00': expected a clock time"),
    (
        pan12(message(text=f"<text>{'pizza ' * 1_700_000}</text>")),
        ":3: a message of 10,200,008 characters, where one may have at most 1,000,000",
    ),
    (
        pan12(message(text=f"<text>{'z' * 1_000_001}</text>")),
        ":3: text of 1,000,001 characters, where one may have at most 1,000,000",
    ),
    (pan12(), ":2: conversation 'c1' has no messages"),
    (pan12(message(), id_=""), ":2: no conversation id"),
    (
        pan12(message()).replace("</conversations>", pan12(message()).replace("<conversations>\n", "")),
        ":5: conversation 'c1' was already on line 2",
    ),
    (b"\xff\xfe" + pan12(message()).encode("utf-8"), ":1: not whole XML"),
    (pan12(message(text="<text>a\0b</text>")), ":3: not whole XML (not well-formed (invalid token)"),
    (
        b"<?xml version='1.0' encoding='klingon'?>" + pan12(message()).encode(),
        ":1: not whole XML (unknown encoding",
    ),
    (
        pan12(message(text="<text>caf\xe9</text>")).encode("latin-1"),
        ":3: not whole XML (not well-formed (invalid token)",
    ),
]
JSONL = [
    ('{"conversation_id": "a"', ":1: not a whole JSON value"),
    (ROW + "pizza\n", ":2: not a whole JSON value"),
    (ROW + "[1]\n", ":2: expected a JSON object, got list"),
    (ROW + "null\n", ":2: expected a JSON object, got NoneType"),
    ("[" * 100_000 + "]" * 100_000, ":1: a JSON array, not one object a line"),
    (ROW + '{"conversation_id": ' + '{"a": ' * 50_000 + "\n", ":2: JSON nested too deeply"),
    (
        '{"conversation_id": ' + "9" * 5000 + ', "author": "a", "text": "t"}',
        ":1: not a whole JSON value (Exceeds the limit",
    ),
    (
        '{"conversation_id": "a", "author": "ann"}',
        ":1: no column for text; the columns are conversation_id, author",
    ),
    ('{"conversation_id": null, "author": "ann", "text": "hi"}', ":1: no conversation_id"),
    ('{"conversation_id": true, "author": "ann", "text": "hi"}', ":1: no conversation_id"),
    ('{"conversation_id": "a", "author": ["ann"], "text": "hi"}', ":1: no author"),
    ('{"conversation_id": "a", "author": "ann", "text": {"a": 1}}', ":1: text must be a string, got dict"),
    (
        ROW + ROW.replace("pizza", "z" * 1_000_001),
        ":2: text of 1,000,001 characters, where one may have at most 1,000,000",
    ),
    (
        ROW.replace("pizza", "z" * (10 << 20)),
        ":1: text of 10,485,760 characters, where one may have at most 1,000,000",
    ),
    (ROW.replace("pizza", "z" * (17 << 20)), ":1: a line of more than 16 MiB"),
    (ROW.replace("}", ', "time": -1}'), ":1: time -1 is not between 1970 and the year 9999"),
    (ROW.replace("}", ', "time": 1e300}'), ":1: time 1e+300 is not between 1970 and the year 9999"),
    (ROW.replace("}", ', "time": NaN}'), ":1: time nan is not between"),
    (ROW.replace("}", ', "time": Infinity}'), ":1: time inf is not between"),
    (
        ROW.replace("}", ', "time": "tomorrow"}'),
        ":1: time 'tomorrow': expected ISO 8601, or seconds or milliseconds since 1970",
    ),
    (
        ROW.replace("}", ', "time": "0001-01-01T00:00:00+14:00"}'),
        ":1: time '0001-01-01T00:00:00+14:00': expected ISO 8601",
    ),
    (ROW.replace("}", ', "time": []}'), ":1: time []: expected ISO 8601"),
    (ROW.replace("}", ', "line": 0}'), ":1: line 0: expected a whole number from 1"),
    (
        ROW.replace("}", ', "conversation_label": "bad"}'),
        ":1: conversation_label 'bad': expected benign or grooming_pattern, or nothing",
    ),
    (
        ROW.replace("}", ', "conversation_label": "benign"}')
        + ROW.replace("}", ', "conversation_label": "grooming_pattern"}'),
        ":2: conversation 'a' ends here with more than one conversation_label",
    ),
    (ROW.encode("utf-16"), ":1: looks like UTF-16; save the file as UTF-8"),
    (ROW.encode("utf-16-le"), ":1: looks like UTF-16 without its mark"),
    (ROW.encode() + ROW.replace("pizza", "caf\xe9").encode("latin-1"), ":2: not UTF-8"),
    (ROW.encode() + b"\0\n", ":2: holds a NUL byte"),
]
CSV = [
    ("", ":1: the file is empty"),
    ("\n\n", ":1: the file is empty or begins with an empty line"),
    ("conversation_id,author\na,ann\n", ":1: no column for text"),
    ("text,text,author\na,b,c\n", ":1: column 'text' stands twice in the header"),
    (HEAD + "a,ann,pizza,at 6\n", ":2: 4 fields where the header has 3; quote a text that holds a comma"),
    (HEAD + "a,ann\n", ":2: 2 fields where the header has 3"),
    (HEAD + 'a,ann,"pizza\n', ":2: not readable as CSV (unexpected end of data)"),
    (HEAD + 'a,ann,"pizza" at 6\n', ":2: not readable as CSV"),
    (
        HEAD + f"a,ann,{'z' * 1_000_001}\n",
        ":2: text of 1,000,001 characters, where one may have at most 1,000,000",
    ),
    (HEAD + f"a,ann,{'z' * (17 << 20)}\n", ":2: a line of more than 16 MiB"),
    (HEAD + "a,ann,pi\0zza\n", ":2: holds a NUL byte"),
    ((HEAD + "a,ann,caf\xe9\n").encode("latin-1"), ":2: not UTF-8"),
    ((HEAD + "a,ann,caf\xe9\n").encode() + "a,ann,caf\xe9\n".encode("latin-1"), ":3: not UTF-8"),
    (HEAD + ",ann,pizza\n", ":2: no conversation_id"),
    ("label,chatName,segment\nmaybe,x,pizza\n", ":2: label 'maybe': expected predator or non-predator"),
    ("label,chatName,segment\npredator,,pizza\n", ":2: no chatName"),
    (
        "label,chatName,segment\npredator,x,pizza\npredator,x,raid\n",
        ":3: chatName 'x' was already used on line 2",
    ),
]
DATAPACK = [
    ("", ":1: not a whole JSON value (Expecting value at column 1)"),
    ('{"chats": {\n"a": ', ":2: not a whole JSON value"),
    ("[]", ": expected a JSON object with an object 'chats'"),
    ('{"chats": []}', ": expected a JSON object with an object 'chats'"),
    ('{"chats": {"a": {}, "a": {}}}', ": key 'a' stands twice in one object"),
    ("[" * 100_000, ": JSON nested too deeply"),
    (b'{"chats":\n"caf\xe9"}', ":2: not UTF-8"),
    (chat("", {"content": [entry()]}), ": chat '': no chat name"),
    (chat("a", []), ": chat 'a': expected an object with a list 'content'"),
    (chat("a", {"content": []}), ": chat 'a': has no messages"),
    (chat("a", {"content": [None, None]}), ": chat 'a': has no messages"),
    (
        chat("a", {"className": "odd", "content": [entry()]}),
        ": chat 'a': className 'odd': expected predator or non-predator",
    ),
    (chat("a", {"className": ["x"], "content": [entry()]}), ": chat 'a': className ['x']: expected"),
    (chat("a", {"content": [entry(), 7]}), ": chat 'a', entry 2: expected a message, a separator or null"),
    (
        chat("a", {"content": [entry(type="image")]}),
        ": chat 'a', entry 1: expected a message, a separator or null",
    ),
    (chat("a", {"content": [entry(author=None)]}), ": chat 'a', entry 1: no author"),
    (chat("a", {"content": [entry(time=-5)]}), ": chat 'a', entry 1: time -5 is not between 1970"),
    (chat("a", {"content": [entry(time=1e18)]}), ": chat 'a', entry 1: time 1e+18 is not between 1970"),
    (chat("a", {"content": [entry(body=5)]}), ": chat 'a', entry 1: text must be a string, got int"),
    (
        chat("a", {"content": [entry(lineNum=1), entry(lineNum=1)]}),
        ": chat 'a', entry 2: line 1 stands twice",
    ),
    (chat("a", {"content": [entry(lineNum=1.5)]}), ": chat 'a', entry 1: line 1.5: expected a whole number"),
]
CONVOKIT = [
    ("pizza", ":1: not a whole JSON value"),
    (utterance(id=None), ":1: no id"),
    (utterance(speaker=["ann"]), ":1: no speaker"),
    (utterance(conversation_id=["u1"]), ":1: no conversation_id"),
    (utterance(text=5), ":1: text must be a string, got int"),
    (utterance() + utterance(), ":2: utterance 'u1' was already on line 1"),
    (
        utterance(id="u2", reply_to="u3") + utterance(id="u3", reply_to="u2"),
        ":2: in conversation 'u1' replies go round in a circle",
    ),
    (utterance() + "[" * 100_000, ":2: JSON nested too deeply"),
]
TABLE = [
    (f"{name}-{number}", file_name, content, fault)
    for name, file_name, cases in (
        ("xml", "c.xml", XML),
        ("jsonl", "c.jsonl", JSONL),
        ("csv", "c.csv", CSV),
        ("datapack", "c.json", DATAPACK),
        ("convokit", "corpus/utterances.jsonl", CONVOKIT),
    )
    for number, (content, fault) in enumerate(cases)
]


def written(tmp_path, name, content):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


@pytest.mark.parametrize(
    ("name", "content", "fault"), [case[1:] for case in TABLE], ids=[case[0] for case in TABLE]
)
def test_a_bad_file_is_one_line_that_names_the_place(name, content, fault, tmp_path):
    path = written(tmp_path, name, content)
    with pytest.raises(InputError) as raised:
        list(read(path.parent if "/" in name else path))
    told = str(raised.value)
    assert told.startswith(f"{path}{fault}")
    assert "\n" not in told
    assert len(told) < 400 + len(str(path))


def test_there_are_at_least_sixty_bad_files():
    assert len(TABLE) >= 60


@pytest.mark.parametrize(
    ("name", "content", "fault"), [case[1:] for case in TABLE[::5]], ids=[case[0] for case in TABLE[::5]]
)
def test_the_command_ends_with_2_and_that_line(name, content, fault, tmp_path, capsys):
    path = written(tmp_path, name, content)
    assert main(["convert", str(path.parent if "/" in name else path), str(tmp_path / "rows.csv")]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert captured.err.startswith(f"grooming-classifier: {path}{fault}")


@pytest.mark.parametrize(("name", "content"), [case[1:3] for case in TABLE], ids=[case[0] for case in TABLE])
def test_with_faults_left_out_reading_ends_well_or_with_one_line(name, content, tmp_path):
    path = written(tmp_path, name, content)
    faults = []
    try:
        list(read(path.parent if "/" in name else path, on_fault=faults.append))
    except InputError as error:
        faults.append(str(error))
    assert faults
    assert all(str(path) in fault and "\n" not in fault for fault in faults)


def test_the_whole_table_is_refused_in_seconds(tmp_path):
    began = perf_counter()
    for number, (_, name, content, _) in enumerate(TABLE):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = written(folder, name, content)
        with pytest.raises(InputError, match=r"."):
            list(read(path.parent if "/" in name else path))
    assert perf_counter() - began < 20


# Files that are no files of messages at all.


def refusal(path, **options):
    with pytest.raises(InputError, match=r".") as raised:
        list(read(path, **options))
    return str(raised.value).removeprefix(str(path))


def test_a_missing_file_says_so(tmp_path):
    assert refusal(tmp_path / "none.csv") == ": cannot be read: No such file or directory"


def test_a_folder_where_a_file_should_be(tmp_path):
    (tmp_path / "chat.csv").mkdir()
    assert refusal(tmp_path / "chat.csv").startswith(": a folder without utterances.jsonl or utterances.json")
    assert refusal(tmp_path / "chat.csv", format="csv") == ": a folder; name a file"


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "chat.csv")
    assert refusal(tmp_path / "chat.csv") == ": neither a file nor a folder; name a file"


def test_an_unknown_ending_asks_what_it_is(tmp_path):
    assert refusal(written(tmp_path, "chat.txt", "hi")).startswith(
        ": format not known by the ending '.txt'; say what it is with --from: one of corpus, csv"
    )
    assert "unpack it first" in refusal(written(tmp_path, "chat.zip", "PK"))


def test_a_named_link_is_followed(tmp_path):
    written(tmp_path, "chat.jsonl", ROW)
    (tmp_path / "link.jsonl").symlink_to("chat.jsonl")
    assert [conversation.id for conversation in read(tmp_path / "link.jsonl")] == ["a"]


def test_a_link_inside_a_corpus_folder_is_not_followed(tmp_path):
    outside = written(tmp_path, "outside.jsonl", utterance())
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "utterances.jsonl").symlink_to(outside)
    assert "/utterances.jsonl: a symbolic link; put the file itself into the corpus folder" in refusal(
        tmp_path / "corpus"
    )


def test_links_in_a_circle_are_one_line(tmp_path):
    (tmp_path / "a.csv").symlink_to("b.csv")
    (tmp_path / "b.csv").symlink_to("a.csv")
    assert refusal(tmp_path / "a.csv") == ": cannot be read: Too many levels of symbolic links"


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_a_bomb_is_stopped_by_its_ratio(ending, tmp_path):
    lines = (" " * (1 << 20) + "\n").encode() * 40
    packed = gzip.compress(lines) if ending == "gz" else pyarrow.Codec("zstd").compress(lines, asbytes=True)
    path = written(tmp_path, f"chat.jsonl.{ending}", packed)
    assert (
        refusal(path)
        == ": expands to more than 100 times its size; a file of chat does not, expand it yourself if it is meant"
    )


def test_a_bomb_without_lines_is_stopped_by_its_first_line(tmp_path):
    assert (
        refusal(written(tmp_path, "chat.jsonl.gz", gzip.compress(b"z" * (200 << 20))))
        == ":1: a line of more than 16 MiB; this is no file of messages"
    )


def test_json_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded, "MAX_JSON_BYTES", 1 << 20)
    assert (
        refusal(written(tmp_path, "pack.json", " " * ((1 << 20) + 1)))
        == ": more than 1 MiB of JSON; split the file"
    )


@pytest.mark.parametrize(
    "content",
    [gzip.compress(ROW.encode())[:-12], b"\x1f\x8b" + bytes(30), b"pizza"],
    ids=["cut off", "broken", "not gzip"],
)
def test_broken_gzip_is_one_line(content, tmp_path):
    assert refusal(written(tmp_path, "chat.jsonl.gz", content)).startswith(": cannot be read: ")


@pytest.mark.parametrize(
    "content",
    [pyarrow.Codec("zstd").compress(ROW.encode(), asbytes=True)[:-5], b"pizza"],
    ids=["cut off", "not zstd"],
)
def test_broken_zstd_is_one_line(content, tmp_path):
    assert refusal(written(tmp_path, "chat.jsonl.zst", content)).startswith(": cannot be read: ")


@pytest.mark.parametrize(
    "content", [b"", b"PAR1PAR1", b"pizza" * 100], ids=["empty", "only marks", "not Parquet"]
)
def test_a_broken_parquet_file_is_one_line(content, tmp_path):
    assert refusal(written(tmp_path, "chat.parquet", content)).startswith(": not a readable Parquet file (")


def test_a_cut_off_parquet_file_is_one_line(tmp_path):
    path = tmp_path / "chat.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([json.loads(ROW)]), path)
    path.write_bytes(path.read_bytes()[:-30])
    assert refusal(path).startswith(": not a readable Parquet file (")


def test_a_parquet_column_of_another_type_names_the_row(tmp_path):
    path = tmp_path / "chat.parquet"
    pyarrow.parquet.write_table(
        pyarrow.table({"conversation_id": ["a", "a"], "author": ["ann", "bob"], "text": [1.5, None]}), path
    )
    assert refusal(path) == ": column 'text' holds double, expected strings"


@pytest.mark.parametrize("line", ["c1 1", "c1\tone", "\t4", "c1\t1\t2", "c1\t0"])
def test_a_side_file_of_lines_names_the_line(line, tmp_path):
    with pytest.raises(
        InputError, match=r"lines.txt:2: expected a conversation id, a tab and a line number, got"
    ):
        read_lines(written(tmp_path, "lines.txt", f"c1\t1\n{line}\n"))


def test_a_side_file_of_authors_names_the_line(tmp_path):
    with pytest.raises(InputError, match=r"authors.txt:3: expected one author id a line, got 'bob and cleo'"):
        read_authors(written(tmp_path, "authors.txt", "ann\n\nbob and cleo\n"))


# Names that lead to no file.


def test_a_file_where_a_folder_should_be_is_one_line(tmp_path, capsys):
    path = written(tmp_path, "chat.jsonl", ROW)
    assert main(["convert", str(path), str(path / "rows.csv")]) == 2
    assert capsys.readouterr().err == f"grooming-classifier: {path}: File exists\n"


@pytest.mark.parametrize(
    "command", [["corpus", "check"], ["corpus", "agreement"], ["corpus", "describe"], ["convert"], ["report"]]
)
@pytest.mark.parametrize("name", ["missing.toml", "folder.toml", "missing.csv"])
def test_a_command_given_no_file_says_so_in_one_line(command, name, tmp_path, capsys):
    (tmp_path / "folder.toml").mkdir()
    rest = (
        [str(tmp_path / "rows.csv")]
        if command == ["convert"]
        else ["--out", str(tmp_path / "o.html")]
        if command == ["report"]
        else []
    )
    assert main([*command, str(tmp_path / name), *rest]) == 2
    assert capsys.readouterr().err.count("\n") == 1


# What looks odd and is read all the same.


def first_text(path):
    return next(iter(read(path))).messages[0].text


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbf" + ROW.encode(), ROW.replace("\n", "\r\n").encode(), b"\n \n" + ROW.encode()],
    ids=["byte order mark", "CRLF", "empty lines"],
)
def test_marks_and_line_ends_of_other_systems_are_read(content, tmp_path):
    assert first_text(written(tmp_path, "chat.jsonl", content)) == "pizza"


def test_a_csv_with_a_byte_order_mark_and_crlf_is_read(tmp_path):
    assert (
        first_text(
            written(tmp_path, "chat.csv", "\ufeff" + HEAD.replace("\n", "\r\n") + 'a,ann,"two\r\nlines"\r\n')
        )
        == "two\r\nlines"
    )


@pytest.mark.parametrize(
    "escaped", ["\\ud83c", "\\u0000", "\\udf55"], ids=["high surrogate", "NUL", "low surrogate"]
)
def test_what_no_file_can_hold_becomes_a_replacement_character(escaped, tmp_path):
    path = written(tmp_path, "chat.jsonl", ROW.replace("pizza", f"pi{escaped}zza"))
    assert first_text(path) == "pi\ufffdzza"
    assert main(["convert", str(path), str(tmp_path / "rows.csv")]) == 0
    assert first_text(tmp_path / "rows.csv") == "pi\ufffdzza"


def test_a_whole_pair_of_surrogates_is_one_sign(tmp_path):
    assert (
        first_text(written(tmp_path, "chat.jsonl", ROW.replace("pizza", "\\ud83c\\udf55")))
        == "\N{SLICE OF PIZZA}"
    )


def test_a_message_of_the_longest_length_is_read_converted_and_read_again(tmp_path):
    path = written(tmp_path, "chat.jsonl", ROW.replace("pizza", "z" * MAX_CHARACTERS))
    assert main(["convert", str(path), str(tmp_path / "rows.csv")]) == 0
    assert len(first_text(tmp_path / "rows.csv")) == MAX_CHARACTERS


def test_cleaning_leaves_everything_else(tmp_path):
    kept = "".join(map(chr, chain(range(1, 0xD800), range(0xE000, 0x11000))))
    assert cleaned(kept) == kept
