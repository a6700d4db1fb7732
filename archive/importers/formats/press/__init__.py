"""Exports of press databases, and the formats in which news agencies send their reports."""
