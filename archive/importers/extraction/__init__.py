"""Article extraction from web pages: main text, title, byline, date."""
