"""Documents of Word (DOCX)."""
