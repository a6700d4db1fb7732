"""Counting of matches, words and articles from postings, without reading texts."""
