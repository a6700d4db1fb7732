"""MDX: programs removed, content of components kept, code unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.archive.importers.formats.markdown_tree.mdx import mdx_to_markdown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("import A from './a';\nimport {\n  B,\n  C,\n} from \"./b\"\n\n# Ferry\n", "# Ferry\n"),
        ("export const meta = {\n  a: 1,\n\n  b: 2,\n};\n\nText.", "Text."),
        ("# Ferry\n\nimport Late from './late';\n\nText.", "# Ferry\n\nText."),
        ("<Tabs a=\"a\">\n<TabItem label=\"Sea\">\n\nBy *sea*.\n\n</TabItem>\n</Tabs>", "**Sea**\n\nBy *sea*.\n\n"),
        ("<Foo on={() => 1 > 2} {...props} />After", "After"),
        ("<Card>Inside</Card> and <>more</> and <Layout.Part>this</Layout.Part>", "Inside and more and this"),
        ('<AlertBox level="info" title="!">Careful.</AlertBox>', "Careful."),
        ("A {/* comment {} */}b {props.x}c {'text'} {`more`}", "A b c text more"),
        ('<div style={{color: "red"}} className="x">shown</div>', '<div class="x">shown</div>'),
        ("<img src={require('./pier.png').default} alt=\"Pier\" />", '<img src="./pier.png" alt="Pier"/>'),
    ],
)  # fmt: skip
def test_components_become_their_content(text: str, shown: str) -> None:
    assert mdx_to_markdown(text).strip() == shown.strip()


@pytest.mark.parametrize(
    "text",
    [
        "<b class='x'>bold</b> <https://post.example> 1 < 2 \\{no\\}",
        "```js\nimport x from 'y';\n<Foo/> {a}\n```\nand `{a} <B/>`",
        "Never closed { and <Foo bar",
        "import duties are high, they say.",
        "We\nimport goods and\nexport some.",
    ],
)
def test_plain_markdown_is_unchanged(text: str) -> None:
    assert mdx_to_markdown(text) == text


@given(st.text(st.sampled_from("ab{}<>/`'\"=\n \\*importexport;(")))
def test_any_text_is_read_and_no_letter_is_added(text: str) -> None:
    assert len(mdx_to_markdown(text)) <= 3 * len(text)
