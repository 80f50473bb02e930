"""Whatever comes from outside, a mail keeps its shape, and can be read."""

import re
import string
from functools import cache

import html5lib
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mails import event, group, mail, message, plain, row
from mailserver import XHTML, page, parsed

OPTIONAL = ("a", "div", "pre", "span", "table", "tbody", "td", "tr")
ATTACKS = {
    "line ends": "a\r\nBcc: b@example.com\n\r\n<h1>c\x0b\x0c\x85\u2028\u2029d",
    "a change of direction": "invoice\u202efdp.exe\u2066\u200f\u061c",
    "ANSI": "\x1b[2J\x1b]0;title\x07\x9b31mred",
    "controls": "\x00\x01\x08\x7f\ufeff\ufffe\uffffx",
    "half a surrogate": "a\ud800b\udfff",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)></pre></td></table><style>*{display:none}",
    "an attribute": "\" onmouseover=alert(1) style='x' ' > <",
    "a comment": "<!-- --><![CDATA[ ]]></title></style><!doctype x>",
    "entities": "&lt;b&gt; &amp; &#60; &nbsp &copy",
    "a template": "{{ 7*7 }} {% raw %}{% include 'x' %} ${x} %s {0}",
    "a part of a mail": "--=_0\r\nContent-Type: text/html\r\n\r\n<b>",
    "a line end in an encoded word": "=?utf-8?q?a=0D=0AReply-To:_evil@example.com?=",
    "a page in an encoded word": "=?utf-8?q?a=0D=0AContent-Type:_text/html=0D=0A=0D=0A<h1>well</h1>?=",
    "a turn in an encoded word": "=?utf-8?q?=E2=80=AE?= =?utf-8?b?G1sySgA=?=",
    "an encoded word": "=?utf-8?q?=3Cscript=3E?= =?utf-8?b?PGI+?=",
    "a megabyte": "<ä>" * 350_000,
    "a signature": "\r\n-- \r\n.\r\n",
}


@cache
def usual(*, many=False):
    """A mail whose values are plain, and the elements of its page."""
    content = mail(few(rest=[row()]) if many else message(event()))
    return parsed(content), {element.tag for element in page(content).iter()}


def few(*, rest, events=None):
    """A group that has more than it shows, and shows one."""
    return msgspec.structs.replace(group(101, rest=rest), events=events or (event(),))


def is_harmless(content, *, many=False):
    """It parses, and its parts and its page's elements are those of a mail whose values are plain."""
    read, (plain_one, usual_elements) = parsed(content), usual(many=many)
    assert read.defects == []
    assert [name for name, _ in read.items()] == [name for name, _ in plain_one.items()]
    assert [part.get_content_type() for part in read.walk()] == [
        part.get_content_type() for part in plain_one.walk()
    ]
    assert re.fullmatch(rb"(?:[\x20-\x7e\t]{0,998}\r\n)+", content)
    elements = list(page(content).iter())
    assert {element.tag for element in elements} <= usual_elements | {f"{XHTML}{tag}" for tag in OPTIONAL}
    assert not any(name.startswith("on") for element in elements for name in element.attrib)
    seen = plain(content) + "".join(elements[0].itertext())
    assert not any(char not in string.whitespace and not char.isprintable() for char in seen)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_hostile_value_is_harmless_wherever_it_stands(attack):
    values = dict.fromkeys(("name", "error", "source", "status", "url"), attack)
    fake = msgspec.structs.replace(event(previous=attack, **values), type=attack, timestamp=attack)
    is_harmless(mail(message(fake, id=attack, relay=attack, rule=attack)))
    is_harmless(mail(message(event(), title=attack, body=attack)))
    hostile = row(**values | {"job_id": attack, "timestamp": attack, "type": attack})
    told = msgspec.structs.replace(few(rest=[hostile], events=(fake,)), group={attack: attack})
    is_harmless(mail(told), many=True)


def test_a_hostile_value_can_still_be_read():
    said = plain(
        mail(message(event(name="<b>inv\u202eoice</b>.pdf\r\nBcc: x", error="\x1b[31mred\x00 & {{ x }}")))
    )
    assert "<b>invoice</b>.pdf Bcc: x failed" in said
    assert "red & {{ x }}" in said


anything = st.text(st.characters(), max_size=60)


@settings(max_examples=50)
@given(
    st.builds(event, name=anything, error=anything, url=anything, source=anything, timestamp=anything),
    anything,
)
def test_whatever_an_event_holds_its_mail_is_harmless(fake, word):
    is_harmless(mail(message(fake, relay=word, rule=word)))
    is_harmless(mail(message(fake, title=word, body=word)))
    is_harmless(mail(few(rest=[row(name=word)], events=(fake,))), many=True)


def test_html5lib_would_see_a_break_out():
    with pytest.raises(html5lib.html5parser.ParseError):
        html5lib.HTMLParser(strict=True).parse("<!doctype html><p title='a'b'></p></td>")
