"""Languages told from texts: by script, by stop words, by py3langid; none when the text does not tell."""

from __future__ import annotations

import pytest

from backfile.index.analysis.language_detection import detect_language, is_written_in

TEXTS = {
    "en": "The harbour board voted that the night ferry will not sail during the winter, because of the ice.",
    "de": "Der Hafenrat hat beschlossen, dass die Nachtfähre im Winter nicht mehr fährt, weil zu viel Eis ist.",
    "fr": "Le conseil du port a décidé que le bac de nuit ne partira plus pendant l'hiver à cause de la glace.",
    "es": "El consejo del puerto decidió que el transbordador nocturno no saldrá durante el invierno por el hielo.",
    "pt": "O conselho do porto decidiu que a balsa noturna não sairá durante o inverno por causa do gelo.",
    "it": "Il consiglio del porto ha deciso che il traghetto notturno non partirà durante l'inverno per il ghiaccio.",
    "nl": "De havenraad heeft besloten dat de nachtveerboot in de winter niet meer vaart, omdat er te veel ijs is.",
    "sv": "Hamnstyrelsen beslutade i måndags att nattfärjan inte ska gå under vintern, eftersom det är för mycket is.",
    "pl": "Rada portu zdecydowała w poniedziałek, że nocny prom nie będzie pływał zimą, ponieważ jest za dużo lodu.",
    "cs": "Rada přístavu v pondělí rozhodla, že noční trajekt v zimě nepojede, protože je na řece příliš mnoho ledu.",
    "tr": "Liman kurulu pazartesi günü gece feribotunun kış boyunca buz nedeniyle çalışmayacağına karar verdi.",
    "fi": "Satamalautakunta päätti maanantaina, että yölautta ei kulje talvella, koska joessa on liian paljon jäätä.",
    "hu": "A kikötő tanácsa hétfőn úgy döntött, hogy az éjszakai komp télen nem közlekedik, mert túl sok a jég.",
    "vi": "Hội đồng cảng đã quyết định hôm thứ Hai rằng phà đêm sẽ không chạy trong mùa đông vì có quá nhiều băng.",
    "ru": "Совет порта решил, что ночной паром не будет ходить зимой, потому что на реке слишком много льда.",
    "uk": "Рада порту вирішила в понеділок, що нічний пором не ходитиме взимку, тому що на річці надто багато льоду.",
    "bg": "Съветът на пристанището реши в понеделник, че нощният ферибот няма да се движи през зимата заради леда.",
    "ar": "قرر مجلس الميناء يوم الاثنين أن العبارة الليلية لن تبحر خلال الشتاء بسبب الجليد الكثير في النهر.",
    "fa": "شورای بندر روز دوشنبه تصمیم گرفت که کشتی شبانه در زمستان به دلیل یخ زیاد رودخانه حرکت نخواهد کرد.",
    "he": "מועצת הנמל החליטה ביום שני שהמעבורת הלילית לא תפליג בחורף בגלל הקרח הרב שבנהר.",
    "el": "Το συμβούλιο του λιμανιού αποφάσισε τη Δευτέρα ότι το νυχτερινό πλοίο δεν θα φεύγει τον χειμώνα.",
    "hi": "बंदरगाह परिषद ने सोमवार को फैसला किया कि रात की नौका सर्दियों में बर्फ के कारण नहीं चलेगी और यात्री इंतजार करेंगे।",
    "zh": "港口委员会星期一决定，由于河上冰太多，夜间渡轮冬季停航。",
    "ja": "港湾委員会は月曜日、川の氷が多すぎるため、冬の間は夜行フェリーを運航しないと決定した。",
    "ko": "항만 위원회는 월요일에 강에 얼음이 너무 많아 겨울 동안 야간 여객선을 운항하지 않기로 결정했다.",
    "th": "คณะกรรมการท่าเรือตัดสินใจเมื่อวันจันทร์ว่าเรือข้ามฟากกลางคืนจะไม่แล่นในฤดูหนาว",
}  # fmt: skip


@pytest.mark.parametrize("language", TEXTS)
def test_one_sentence(language: str) -> None:
    assert detect_language("", TEXTS[language]) == language
    assert is_written_in(language, TEXTS[language])


@pytest.mark.parametrize(
    "texts",
    [
        ("",), ("Docker",), ("12. 3. 2019",), ("Kubernetes 1.29", "v1.29.0 v1.29.1"), ("Ω",), ("مرحبا",),
        ("Lorem", "x = 1\ny = [2, 3]\nfor i in y: print(i)"), ("Hotel Taxi Radio",),
        ("f3a9c1", "https://example.org/a/b?c=d e7b0c2 d41d8cd98f00b204e9800998ecf8427e"),
    ],
)  # fmt: skip
def test_unknown(texts: tuple[str, ...]) -> None:
    assert detect_language(*texts) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Gratis juridisch advies over de huur. Stel een vraag aan de juristen van de winkel.", "nl"),
        ("Kontakt os på telefon 12 34 56 78", None),
        ("- deps: update x to 1.2.3 (Foo Bar)\n- doc: fix typo (Baz)\n- src: use y (Qux) #1234", None),
        ("ក្រុមប្រឹក្សាកំពង់ផែបានសម្រេច", "km"),
        ("ສະພາທ່າເຮືອຕັດສິນໃຈວ່າເຮືອ", "lo"),
    ],
)
def test_kinds_of_public_reports(text: str, language: str | None) -> None:
    assert detect_language(text) == language


def test_code_and_names_of_another_script() -> None:
    code = "sudo apt-get install nginx\nsudo systemctl enable nginx --now\nufw allow 'Nginx HTTP'\n"
    assert detect_language("Как установить Nginx", TEXTS["ru"] + "\n" + code * 2) == "ru"
    assert detect_language("如何在 Ubuntu 上安装 Docker", code + TEXTS["zh"] * 2) == "zh"
    assert detect_language("The word «паром»", TEXTS["en"] + " Its name is «ночной паром».") == "en"
    assert detect_language("On 東京都", TEXTS["en"]) == "en"
    assert detect_language("関東の本「港」", TEXTS["zh"] + "の") == "zh"


@pytest.mark.parametrize(
    ("language", "of", "fits"),
    [
        ("en", "ru", False), ("en", "zh", False), ("en-GB", "fr", True), ("ru", "en", True), ("ru", "uk", True),
        ("ar", "ru", False), ("fa", "ar", True), ("zh-Hant", "ja", True), ("ja", "zh", True), ("ko", "zh", False),
        ("sr", "ru", True), ("sr-Latn", "en", True), ("xx", "ru", True),
    ],
)  # fmt: skip
def test_script_of_a_language(language: str, of: str, fits: bool) -> None:
    assert is_written_in(language, TEXTS[of]) == fits
