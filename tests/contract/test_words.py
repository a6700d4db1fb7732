"""Queries by word: stem siblings, accents, apostrophes, connectors, scripts.

Each case names a sentence that the query must find and one that it must not.
"""

from __future__ import annotations

import pytest

from backfile.index.engine import Engine, Filters
from backfile.index.query import And, Not, Or, Phrase, Word
from backfile.index.ranking.bm25f import repetition
from contract.library import article, found, load, search

CASES = {
    "stem siblings": [
        ("declare", "They declared it open.", "The decree was late."),
        ("declaring", "She declares nothing.", "A declamation in the square."),
        ("minister", "The minister's car stood outside.", "The ministry burned down."),
        ("ministers", "The minister’s hat blew away.", "A minimum of hats."),
        ("ferries", "One ferry a day.", "The fertile valley."),
        ("run", "The runs were long.", "A rung of the ladder."),
    ],
    "exact form": [
        ("=ferry", "A FERRY at noon.", "Two ferries at noon."),
        ("=ferries", "Three ferries at noon.", "A ferry at one."),
        ("=café", "The cafe is shut.", "All cafés are shut."),
    ],
    "case and accents": [
        ("cafe", "Le café du port.", "A cave by the port."),
        ("café", "The cafe of the harbour.", "The safe of the harbour."),
        ("ELAN", "With élan she jumped.", "With a lane she ended."),
        ("elan", "Decomposed: e\u0301lan vital.", "Composed of planes."),
        ("strasse", "In der Straße brennt Licht.", "Im Stress brennt Licht."),
        ("Straße", "STRASSE in capitals.", "STRASBOURG in capitals."),
        ("oeuvre", "Her œuvre is small.", "Her louvre is small."),
        ("thorshavn", "Þórshavn lies north.", "Thornhaven lies south."),
        ("lodz", "Łódź has mills.", "Lads have mills."),
        ("istanbul", "İSTANBUL is far.", "Instant bull is near."),
        ("fine", "The ﬁne print.", "The line print."),
        ("cooperate", "They co\u00adoperate on it.", "They corporate on it."),
        ("ＡＢＣ", "The abc of sailing.", "The abd of sailing."),
    ],
    "apostrophes": [
        ("don't", "I don’t know the quay.", "The don's tea is cold."),
        ("don’t", "I don't know the pier.", "I do not know the pier."),
        ("rock'n'roll", "Rock‘n’roll in the hold.", "Rock and roll in the deck."),
    ],
    "connectors": [
        ("email", "Write an e-mail to us.", "Write mail to us all."),
        ("e-mail", "Write an email today.", "Write eagerly, mail slowly."),
        ("e-mail", "Write emails every day.", "Write females every day."),
        ("mail", "Another e-mail came.", "Another male came."),
        ("node.js", "It runs on Node.js here.", "It runs on a js node here."),
        ("nodejs", "It ran on node.js there.", "It ran on a node there."),
        ("AT&T", "Calls by AT&T rose.", "Calls at tea rose."),
        ("at&t", "Shares of ATT fell.", "Shares at the fair fell."),
        ("U.S.", "The U.S. economy grew.", "Told us the economy grew."),
        ("us", "U.S. exports rose.", "An unsung export rose."),
        ("U.S.A.", "Made in the U.S.A. once.", "Made in the U.S. once more."),
        ("usa", "Built in U.S.A. long ago.", "Built in us long ago."),
        ("1000", "It cost 1,000 dollars.", "It cost 100 dollars and 0 cents."),
        ("1,000", "It weighed 1000 tons.", "It weighed 1 ton, and 0.00 grams."),
        ("3.14", "Pi is 3.14 or so.", "Pie at 14 past 3 or so."),
        ("snake_case", "Names in snake_case only.", "A case for a snake only."),
        ("state-of-the-art", "A state‑of‑the‑art crane.", "The art of the state crane."),
    ],
    "names with signs": [
        ("c++", "Written in C++ by hand.", "Written in C by hand."),
        ("c", "Compiled by C++ in bulk.", "Compiled by D in bulk."),
        ("C#", "Ported to C#, they say.", "Ported to C++, they say."),
        ("f#", "Sung in F# minor.", "Sung in F minor."),
        ("topic", "Filed under #topic for now.", "Filed under topaz for now."),
    ],
    "scripts": [
        ("手機", "新的手機版本。", "機手新的。"),
        ("手机版", "这个手机版很好。", "手机很好，机版不好。"),
        ("手", "他的手很冷。", "他的头很冷。"),
        ("カメラ", "新しいカメラです。", "新しいラメカです。"),
        ("ｶﾒﾗ", "古いカメラでした。", "古いメカでした。"),
        ("東京", "東京へ行く。", "京東へ行く。"),
        ("한국", "한국어를 배운다.", "국한을 배운다."),
        ("น้ำ", "ดื่มน้ำเย็น", "ดื่มนมเย็น"),
        ("محمد", "قال مُحَمَّد كلمة", "قال احمد كلمة"),
        ("كتاب", "هذا كـــتاب جديد", "هذا كاتب جديد"),
        ("новый", "Новый паром вышел.", "Старый паром вышел."),
        ("елка", "Ёлка стоит в порту.", "Галка стоит в порту."),
        ("мой", "Это мой дом.", "Это мои дома."),
        ("שלום", "אמר שָׁלוֹם לכולם", "אמר שלם לכולם"),
        ("हिन्दी", "वह हिन्दी बोलता है", "वह हिन्दू बोलता है"),
        ("ελληνικα", "Τα Ελληνικά του.", "Τα Ιταλικά του."),
    ],
    "phrases": [
        ('"night ferry"', "The night ferry left.", "The ferry at night left."),
        ('“night ferry”', "A Night, Ferry or not.", "A ferry night or not."),
        ('"to be or not to be"', "To be, or not to be: that is it.", "To be or to be not: that is it."),
        ('"the state of the union"', "On the state of the union today.", "On the union of the state today."),
        ('"night ferries"', "Night ferries are dear.", "Night ferry is dear."),
        ('"email server"', "The email server stopped.", "The email and server stopped."),
        ('"an e-mail server"', "Buy an email server.", "Buy an email from server."),
        ('"e-mail is"', "An e-mail is short.", "An e-mail was short, is it?"),
        ('"cafe noir"', "Un café noir, merci.", "Un noir café, merci."),
        ('"手機版本"', "這手機版本太舊。", "這手機的版本太舊。"),
        ('"c++ is"', "C++ is hard.", "C is hard."),
    ],
    "words within a distance": [
        ('"harbour ferry"~3', "The ferry in the harbour sank.", "The ferry was not in the harbour, and sank."),
        ('"dock crane fire"~6', "Fire on the crane of a dock.", "Fire on the crane; the next year another dock."),
        ('"tide"~2', "High tide at six.", "High time at six."),
    ],
    "patterns": [
        ("ferr*", "Ferrymen wait.", "Fermented weight."),
        ("f?rry", "The furry dog swims.", "The flurry of dogs swims."),
        ("ha*our", "An harbour of refuge.", "A habit of refuge."),
        ("CAF*", "The cafés close.", "The caves close."),
        ("ema*", "Post, e-mail, wire.", "Post, mail, wire."),
        ("wha?f*", "Wharfs and quays.", "Whales and quays."),
        ("ro*d", "The rd was long: a road.", "The root was long."),
        ("port*", "A port of call.", "A part of call."),
    ],
    "fuzzy words": [
        ("feryr~", "Ferry at dawn.", "Merry at dawn."),
        ("harbor~", "Harbour at dawn.", "Barbour at dawn."),
        ("lighthuose~2", "The lighthouse keeper.", "The lightship keeper."),
        ("quay~", "Quays by night.", "Quaint by night."),
    ],
    "either, without, brackets": [
        ("lamp | lantern", "A lantern in the fog.", "A candle in the fog."),
        ("rope OR chain anchor", "Chain and anchor lost.", "Chain and bell lost."),
        ("(rope OR chain) anchor", "Rope and anchor found.", "Rope and bell found."),
        ("anchor -rope", "An anchor alone.", "An anchor with rope."),
        ("sail NOT mast", "A sail alone.", "A sail with mast."),
        ('keel -"old keel"', "A keel once old.", "An old keel once."),
        ("bosun -(drunk OR asleep)", "The bosun awake.", "The bosun asleep."),
    ],
}  # fmt: skip

SENTENCES = [(query, sentence, other) for cases in CASES.values() for query, sentence, other in cases]


def fill(engine: Engine) -> None:
    texts = dict.fromkeys(text for _, *texts in SENTENCES for text in texts)
    load(engine, *(article(text, text) for text in texts), languages=("en",))


@pytest.mark.parametrize(("query", "sentence", "other"), SENTENCES, ids=[query for query, *_ in SENTENCES])
def test_word_forms_match_and_similar_words_do_not(shared: Engine, query: str, sentence: str, other: str) -> None:
    hits = found(shared, query)
    assert sentence in hits
    assert other not in hits


def test_a_page_tells_how_many_articles_have_each_word(engine: Engine) -> None:
    load(
        engine,
        article("a", "The night ferries sail.", authors=("Ann Lee",)),
        article("b", "A ferry at night, a ferry by day.", authors=("Bo Berg",)),
        article("c", "No boat.", title="Ferry"),
    )
    query = And(
        (Or((Word("ferry", exact=True), Word("ferries"), Phrase("ferry at"))), Word("kittiwake"), Not(Word("boat")))
    )
    page = search(engine, query, count_words=True, filters=Filters(authors=("Bo Berg",)))
    assert page.word_counts == (("ferry", 2), ("ferries", 3), ("ferry at", 1), ("kittiwake", 0))
    assert search(engine, query).word_counts == ()


def test_a_repeated_word_weighs_more_and_changes_nothing_else(engine: Engine) -> None:
    load(
        engine,
        article("ferry", "A ferry in the evening."),
        article("strike", "A strike in the morning."),
        article("both", "The strike of a ferry and a long list of other things that nobody will ever read here again."),
    )
    for query, first in (("Ferry OR strike OR ferry", "ferry"), ("strike OR ferry OR STRIKE", "strike")):
        page, plain = search(engine, query), search(engine, "ferry OR strike")
        singles = [hit.id for hit in page.hits if hit.id != "both"]
        assert singles[0] == first
        assert page.total == plain.total == 3
        by_id = {hit.id: hit for hit in plain.hits}
        assert all((hit.passages, hit.matches) == (by_id[hit.id].passages, by_id[hit.id].matches) for hit in page.hits)
    once, twice = (search(engine, query).hits for query in ("ferry", "ferry ferry"))
    assert [hit.score for hit in twice] == pytest.approx([repetition(2) * hit.score for hit in once])


def test_a_repeated_word_is_one_of_the_words_of_a_sentence(engine: Engine) -> None:
    load(engine, article("a", "The night ferry leaves late."), article("b", "A harbour lamp."))
    page = search(engine, "night ferry ferry ferry kittiwake harbour", relax=True)
    assert page.relaxed is not None
    assert (page.relaxed.required, page.relaxed.of) == (2, 4)
    assert [(hit.id, hit.missing) for hit in page.hits] == [("a", ("kittiwake", "harbour"))]


def test_a_name_of_a_word_twice_is_known(engine: Engine) -> None:
    load(engine, article("a", "A song.", authors=("Duran Duran",)), article("b", "Another.", authors=("Duran",)))
    assert [each.value for each in search(engine, "duran duran").names] == ["Duran Duran"]
    assert [each.value for each in search(engine, "duran").names] == ["Duran"]
