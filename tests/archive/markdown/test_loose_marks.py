"""Emphasis beside Chinese and Japanese letters, headings without a space: the page and the index read the same."""

from __future__ import annotations

import pytest

from backfile.archive.markdown.plain_text import plain_text
from backfile.archive.markdown.renderer import to_html, to_text


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("**目标：**本文", "<p><strong>目标：</strong>本文</p>"),
        ("这是**“重点”**的词", "<p>这是<strong>“重点”</strong>的词</p>"),
        ("日本語**「強調」**です。", "<p>日本語<strong>「強調」</strong>です。</p>"),
        ("*强调。*下一 ***都。***后", "<p><em>强调。</em>下一 <em><strong>都。</strong></em>后</p>"),
        ("~~删除。~~后", None),
        ("- **步骤1：**安装", "<ul>\n<li><strong>步骤1：</strong>安装</li>\n</ul>"),
        ("**(괄호)**는", "<p><strong>(괄호)</strong>는</p>"),
        ("**结论（重要）**，见下 **a**b", "<p><strong>结论（重要）</strong>，见下 <strong>a</strong>b</p>"),
        ("**bold：**\n\n    **a：**b", '<p><strong>bold：</strong></p>\n<pre tabindex="0"><code>**a：**b</code></pre>'),
        ("`**a：**b` \\**目标：**本文", "<p><code>**a：**b</code> **目标：**本文</p>"),
        ("2 * 3：*四", "<p>2 * 3：*四</p>"),
        ("##标题", '<h2 id="article-标题">标题</h2>'),
        ("###Heading", '<h2 id="article-heading">Heading</h2>'),
        ("text\n##标题\nmore", '<p>text</p>\n<h2 id="article-标题">标题</h2>\n<p>more</p>'),
        ("text\n##channel", "<p>text\n##channel</p>"),
        ("#tag", "<p>#tag</p>"),
        ("#标签 #更多", "<p>#标签 #更多</p>"),
        ("#5 and #include <a>", None),
        ("```\n##标题\n```", '<pre tabindex="0"><code>##标题</code></pre>'),
        ("####### seven", "<p>####### seven</p>"),
    ],
)
def test_loose_marks(body: str, html: str | None) -> None:
    rendered = to_html(body).html.strip()
    assert html is None or rendered == html
    assert plain_text(rendered) == to_text(body)
