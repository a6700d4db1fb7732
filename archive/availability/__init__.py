"""Availability of articles: embargoes, publication and expiry dates, articles that are unlisted or withheld."""
