"""MDX: programs removed, content of components kept, code unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.archive.markdown.mdx import is_mdx, mdx_to_markdown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("import A from './a';\nimport {\n  B,\n  C,\n} from \"./b\"\n\n# Ferry\n", "# Ferry\n"),
        ("export const meta = {\n  a: 1,\n\n  b: 2,\n};\n\nText.", "Text."),
        ("# Ferry\n\nimport Late from './late';\n\nText.", "# Ferry\n\nText."),
        ('<Tabs a="a">\n<TabItem label="Sea">\n\nBy *sea*.\n\n</TabItem>\n</Tabs>', "**Sea**\n\nBy *sea*.\n\n"),
        ("<Foo on={() => 1 > 2} {...props} />After", "After"),
        ("<Card>Inside</Card> and <>more</> and <Layout.Part>this</Layout.Part>", "Inside and more and this"),
        ('<AlertBox level="info" title="!">Careful.</AlertBox>', "Careful."),
        ("A {/* comment {} */}b {props.x}c {'text'} {`more`}", "A b c text more"),
        ('<div style={{color: "red"}} className="x">shown</div>', '<div class="x">shown</div>'),
        ("<img src={require('./pier.png').default} alt=\"Pier\" />", '<img src="./pier.png" alt="Pier"/>'),
        ("import A from 'a';\n# Ferry\n\nText.", "# Ferry\n\nText."),
        (
            "<Tabs>\n  <TabItem>\n    By *sea*.\n\n    ```\n    x\n      y\n    ```\n  </TabItem>\n</Tabs>",
            "By *sea*.\n\n```\nx\n  y\n```\n",
        ),
        ("- one\n\n    two\n<Note>\n  three\n</Note>", "- one\n\n    two\n\nthree\n"),
        (
            "<br/>\n<Deep>\n  <Deeper>\n\n      in\n\n  </Deeper>\n  out\n</Deep>\n  left",
            "<br/>\n\nin\n\nout\n\n  left",
        ),
    ],
)
def test_components_become_their_content(text: str, shown: str) -> None:
    assert mdx_to_markdown(text).strip() == shown.strip()


@pytest.mark.parametrize(
    "text",
    [
        "<b class='x'>bold</b> <https://post.example> 1 < 2 \\{no\\}",
        "```js\nimport x from 'y';\n<Foo/> {a}\n```\nand `{a} <B/>`",
        "A List<String> of <Quay and Co>.",
        "Never closed { and <Foo bar",
        "Energy $E_{k} = {1 \\over 2}$ and $$\na_{n}\n$$ for $5 and $6.",
        "import duties are high, they say.",
        "We\nimport goods and\nexport some.",
    ],
)
def test_plain_markdown_is_unchanged(text: str) -> None:
    assert mdx_to_markdown(text) == text


@given(st.text(st.sampled_from("ab{}<>/`'\"=\n \\*importexport;(")))
def test_any_text_is_read_and_no_letter_is_added(text: str) -> None:
    assert len(mdx_to_markdown(text)) <= 3 * len(text)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("a.mdx", "Text."),
        ("a.md", "import Tabs from '@theme/Tabs';\n\nText."),
        ("a.md", 'Text.\n\nimport {\n  One,\n} from "./two"\n'),
        ("a.md", "import './style.css'\r\n\r\nText."),
        ("a.md", "export const colour = 'red';\n"),
        ("a.md", '<Tabs group="os" values={[1]}>\n\nText.\n\n</Tabs>'),
    ],
)
def test_mdx_is_known_by_its_suffix_or_a_program(path: str, body: str) -> None:
    assert is_mdx(path, body)


@pytest.mark.parametrize(
    "body",
    [
        "```js\nimport a from 'b';\nexport const x = 1;\n```",
        "import duties from 'abroad' rise.",
        "    import a from 'b';",
        "export let us do",
        'import "fmt"\n\nfunc main() {}',
        "{{< highlight js >}}\nimport a from 'b';\n{{< /highlight >}}",
        "A set {a} and <b>c</b>.",
    ],
)
def test_other_text_is_no_mdx(body: str) -> None:
    assert not is_mdx("a.md", body)
