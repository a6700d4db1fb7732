"""Formulas in TeX within Markdown: found, kept from the parsers, shown as MathML."""
