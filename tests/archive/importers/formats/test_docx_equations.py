from __future__ import annotations

import pytest
from lxml import etree

from backfile.archive.importers.formats.docx.equations import equation_to_tex

SPACE = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def r(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("xml", "tex"),
    [
        (r("a=2.5"), "a=2.5"),
        (f"<m:f><m:num>{r('1')}</m:num><m:den>{r('x')}</m:den></m:f>", r"\frac{1}{x}"),
        (f"<m:f><m:fPr><m:type m:val='lin'/></m:fPr><m:num>{r('1')}</m:num><m:den>{r('2')}</m:den></m:f>", "{1}/{2}"),
        (f"<m:sSup><m:e>{r('c')}</m:e><m:sup>{r('2')}</m:sup></m:sSup>", "{c}^{2}"),
        (f"<m:sSubSup><m:e>{r('x')}</m:e><m:sub>{r('i')}</m:sub><m:sup>{r('2')}</m:sup></m:sSubSup>", "{x}_{i}^{2}"),
        (f"<m:rad><m:deg>{r('3')}</m:deg><m:e>{r('x')}</m:e></m:rad>", r"\sqrt[3]{x}"),
        (f"<m:rad><m:deg/><m:e>{r('x')}</m:e></m:rad>", r"\sqrt{x}"),
        (
            f"<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{r('i')}</m:sub><m:e>{r('x')}</m:e></m:nary>",
            r"\sum_{i} x",
        ),
        (f"<m:d><m:e>{r('x')}</m:e></m:d>", r"\left(x\right)"),
        (f"<m:m><m:mr><m:e>{r('a')}</m:e><m:e>{r('b')}</m:e></m:mr></m:m>", r"\begin{matrix}a & b\end{matrix}"),
        (f"<m:func><m:fName>{r('sin')}</m:fName><m:e>{r('x')}</m:e></m:func>", r"\sin {x}"),
        (f"<m:acc><m:accPr><m:chr m:val='&#x20d7;'/></m:accPr><m:e>{r('v')}</m:e></m:acc>", r"\vec{v}"),
        (f"<m:unheardOf><m:e>{r('50%')}</m:e></m:unheardOf>", r"50\%"),
    ],
)
def test_equations_of_word_are_tex(xml: str, tex: str) -> None:
    assert equation_to_tex(etree.fromstring(f"<m:oMath xmlns:m='{SPACE}'>{xml}</m:oMath>")) == tex
