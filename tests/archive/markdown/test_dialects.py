"""Dialects of Markdown: the text of the index and of the page is what readers of the original saw."""

from __future__ import annotations

import pytest

from backfile.archive.markdown.plain_text import plain_text
from backfile.archive.markdown.renderer import to_html, to_text

COMMENTS = [
    ("Shown.\n\n%%\nPRIVATE `x` 50%\n%%\n\nEnd.", "Shown.\nEnd."),
    ("A %%PRIVATE is 50% sure%% d.", "A d."),
    ("A %%PRIVATE is 50%% sure%% d.", "A d."),
    ("First %%a note\nover two lines%% visible words here %%short%% end.", "First visible words here end."),
    ("%%\n```\nPRIVATE %%\n%%\n```\n%%\nshown", "shown"),
    ("%%\n```\nPRIVATE\n%%\npublic", "public"),
    ("> %%\n> PRIVATE\n> %%\n> shown", "shown"),
    ("- item %%PRIVATE%%\n- other", "item\nother"),
    ("%%PRIVATE%%%%PRIVATE%% x", "x"),
    ("word%%PRIVATE%%. Next", "word. Next"),
    ("A {/* PRIVATE\n\nPRIVATE */} b {# PRIVATE\n #} c {#PRIVATE#}.", "A b c ."),
    ("a\n[//]: # (PRIVATE)\nb", "a b"),
    ("p\n%%PRIVATE%%\nq", "p q"),
]
NOT_COMMENTS = [
    "50%% of users and 20%% of others",
    "see https://e.org/a%%b and https://e.org/c%%d here",
    "First %% and later only text",
    "%% unclosed and public",
    "for %%i in (a b) do %%i x",
    "a%%b and c%%d",
    "a {# unclosed b",
    "a {/* unclosed b",
    "a row %%%%%%%%%%%% of signs %%%%%%%%%%%%",
]
IN_CODE = [
    "%%a%%",
    "{# a #}",
    "{/* a */}",
    ":smile:",
    "==a==",
    "++ctrl++",
    "x^2^",
    "^^a^^",
    "{++a++}",
    "[youtube=http://e.org]",
]
NOTES = [
    ("The treaty<sup>1</sup> was", "The treaty was"),
    (
        "protocol<sup>[3](#n3)</sup>, charter<a href='#n4'><sup>4</sup></a>, covenant<sup>5,6</sup>",
        "protocol, charter, covenant",
    ),
    ("word [<sup>1</sup>](#fn1) x<sup>[[2]](#c)</sup>", "word x"),
    ("signed.<sup>1</sup> The (see above)<sup>2</sup>", "signed. The (see above)"),
    ("Smith<sup>a,b</sup> and list<sup>ii</sup> and star<sup>*</sup>", "Smith and list and star*"),
    ("Backfile<sup>TM</sup> is", "Backfile is"),
    ("in 1987<sup>3</sup>, 5%<sup>1</sup>", "in 1987, 5%"),
    ("word<sup>1</sup>next, word<sup>citation needed</sup>", "word next, word citation needed"),
    ("<sup>1</sup>Smith, J.", "1 Smith, J."),
    ("条約<sup>1</sup>は", "条約は"),
    ("H<sub>2</sub>O, CO<sub>2</sub>, 20<sup>th</sup>, 10<sup>6</sup>", "H2O, CO2, 20th, 106"),
    ("m<sup>2</sup> km<sup>2</sup> x<sup>n+1</sup> s<sup>−1</sup> Ca<sup>2+</sup>", "m2 km2 xn+1 s−1 Ca2+"),
    ("<sup>14</sup>C, XX<sup>e</sup> siècle, 1<sup>er</sup>, M<sup>me</sup>", "14C, XXe siècle, 1er, Mme"),
    ("n<sup>o</sup> 5, M<sup>c</sup>Donald, 1<sup>1</sup>/<sub>2</sub>", "no 5, McDonald, 1 1/2"),
]
WORDS = [
    ("<ruby>東<rt>とう</rt></ruby>都の<ruby>桜<rt>さく</rt>並<rt>なみ</rt></ruby>", "東都の桜並\nとう さくなみ"),
    ("<ruby>渡<rt>dù</rt>轮<rt>lún</rt></ruby>靠岸。\n\nx", "渡轮靠岸。\ndù lún\nx"),
    ("<ruby>x<rp>(</rp><rt>y</rt><rp>)</rp></ruby> z", "x z\ny"),
    ("<del>old</del><ins>new</ins> ~~Monday~~Tuesday cat<del>s</del>", "old new Monday Tuesday cat s"),
    ("colo<del>u</del>r, un<ins>happy</ins>, <s>a</s><u>b</u>", "colour, unhappy, a b"),
    ("Die Immo\u00ad\nbilien, Silben-\ntrennung", "Die Immo\u00adbilien, Silben-trennung"),
    ("> re-\n> markable pre-\n> and postwar", "re-markable pre- and postwar"),
    ("# Title-\nnext\n\n- a-\n- b", "Title-\nnext\na-\nb"),
]  # fmt: skip
MARKS = [
    ("a :calendar: b :material-home:{ .lg .middle } c :unknown: d :+1::tada:", "a 📆 b c :unknown: d 👍🎉"),
    ("12:30:45 a:b:c https://e.org/:smile:/y", "12:30:45 a:b:c https://e.org/:smile:/y"),
    ("Term\n:money: x\n\n:) smile", "Term :money: x\n:) smile"),
    ("Term\n: Definition", "Term\nDefinition"),
    ("++ctrl+alt+del++, C++ and ++no-key++ D++", "Ctrl+Alt+Del, C++ and ++no-key++ D++"),
    ("a ==marked **b**== c; a==b==c; a == b == c", "a marked b c; a==b==c; a == b == c"),
    ("中文==高亮==文字", "中文高亮文字"),
    ("^^ins^^ x^2^ H~2~O 10^6^ treaty^1^ a^2+b^2", "ins x2 H2O 106 treaty a^2+b^2"),
    ("word^[A [note](u).] end", "word end\nA note."),
    ("RewriteRule ^[_0-9]+/(x)", "RewriteRule ^[_0-9]+/(x)"),
    ("text ^abc123\n\n- item ^id-x", "text\nitem"),
    ("{++in++} {--out--} {~~old~>new~~} {==mark==}{>>PRIVATE<<}", "in out old new mark"),
    ("[youtube=http://e.org/watch?v=b&w=600] and [video]", "YouTube and [video]"),
    ('[caption id="a" width="3"]![a](b.png) The words[/caption]', "a The words"),
    ("[TOC]\n\nx", "x"),
    ("([#1040][]) [known][] a[i][j]\n\n[known]: https://e.org", "(#1040) known a[i][j]"),
    ("<div>\n![alt](a.png) [![in](b.png)](c) [l](u)\n</div>\n\n[out](u)", "alt in l\nout"),
]
BLOCKS = [
    ('=== "All"\n      ```py\n      x\n      ```\n\n      ???+ abstract "Out"\n          > Hi', "All\nx\nOut\nHi"),
    ('=== "First :tada:"\n\t### A\n\tcode.', "First 🎉\nA\ncode."),
    ('1. one\n2. two\n\n!!! example "Done ?"\n    See [lists](../6.md)', "one\ntwo\nDone ?\nSee lists"),
    ("[About](#a){: .tab is-active=1}\n[Members](#b){: .tab}", "About Members"),
    ("```\nvisible\n%%\nkept\n%%\n```", "visible\n%%\nkept\n%%"),
    ("%%\n```js\nPRIVATE\n```\nPRIVATE\n%%\n\nshown", "shown"),
    ("kept.^4^ times<sup>6</sup>, <b>Ann Lee</b><sup>1,2,*</sup>", "kept. times, Ann Lee"),
    ('--8<-- "docs/abbr.md"\n\n--8<--\na.md\n; b.md\n--8<--', "docs/abbr.md\na.md"),
    ('```\n--8<-- "x.py"\n```', '--8<-- "x.py"'),
    ('{{ figure(src="a.png", caption="Cap") }}\n\n{% quote(author="Ann") %}Words.{% end %}', "Cap\nAnnWords."),
    ('!!! note "Own title"\n    First.\n\n    Second [link](b.md).\n\nAfter', "Own title\nFirst.\nSecond link.\nAfter"),
    ("??? danger\n    a\n\n    ```py\n    # x\n\n    y\n    ```", "Danger\na\n# x\ny"),
    ("!!! info\n\n    x\n\n    !!! tip\n\n        deep\n\n    y", "Info\nx\ndeep\ny"),
    ('=== "C"\n\n    ``` c\n    int x;\n    ```\n\n=== "C++"\n\n    b\n\nz', "C\nint x;\nC++\nb\nz"),
    ('- item\n\n    !!! warning ""\n        inside\n\n- two', "item\ninside\ntwo"),
    ("/// details | Some *title*\n    open: True\n\nbody\n///\n\nend", "Some title\nbody\nend"),
    ("Wow!!! Great\n!!! Yes\nx", "Wow!!! Great !!! Yes x"),
    ("```\n!!! note\n    x\n```", "!!! note\nx"),
    ("Title\n===\n\nx", "Title\nx"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "text"),
    [*COMMENTS, *((body, body) for body in NOT_COMMENTS), *NOTES, *WORDS, *MARKS, *BLOCKS]
    + [(f"a `{code}` b\n\n```\n{code}\n```", f"a {code} b\n{code}") for code in IN_CODE]
    + [(f"<pre>{code}</pre>", code) for code in IN_CODE],
)
def test_text_is_what_a_reader_sees(body: str, text: str) -> None:
    assert to_text(body) == text
    assert plain_text(to_html(body).html) == text


def test_an_admonition_is_an_alert_with_its_title_in_bold() -> None:
    html = to_html('!!! danger "Mind the gap"\n    Read [this](b.md).').html
    assert '<blockquote class="markdown-alert-caution">' in html
    assert "<strong>Mind the gap</strong>" in html
    assert '<a href="b.md"' in html


def test_the_number_of_a_note_is_shown_as_such() -> None:
    assert '<sup class="footnote-reference">1</sup>' in to_html("treaty<sup>1</sup> was").html


@pytest.mark.parametrize(
    "sign", ["%%a ", "%%\n", "{# ", "{/* ", ":a:", "==a ", "^^a ", "a^[", "!!! a\n    ", '=== "a"\n    ', "a-\n"]
)
def test_many_signs_take_linear_time(sign: str) -> None:
    assert to_text(sign * (20_000 // len(sign))) is not None
