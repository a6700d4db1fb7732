"""Names of months and days of the week in English, German, French, Spanish, Portuguese, Italian, Dutch, Polish,
Russian and the Scandinavian languages, as they stand in dates."""

from __future__ import annotations

_MONTHS = (
    "january januar janvier enero janeiro gennaio januari stycznia января январь",
    "february februar février febrero fevereiro febbraio februari lutego февраля февраль",
    "march märz mars marzo março maart marts marca марта март",
    "april avril abril aprile kwietnia апреля апрель",
    "may mai mayo maio maggio mei maj maja мая май",
    "june juni juin junio junho giugno czerwca июня июнь",
    "july juli juillet julio julho luglio lipca июля июль",
    "august août agosto augustus augusti sierpnia августа август",
    "september septembre septiembre setiembre setembro settembre września сентября сентябрь",
    "october oktober octobre octubre outubro ottobre października октября октябрь",
    "november novembre noviembre novembro listopada ноября ноябрь",
    "december dezember décembre diciembre dezembro dicembre desember grudnia декабря декабрь",
)
_SHORT = (
    "jan janv ene gen",
    "feb fév févr fev",
    "mar mär",
    "apr avr abr",
    "",
    "jun giu",
    "jul juil lug",
    "aug ago",
    "sep sept set",
    "oct okt out ott",
    "nov",
    "dec dez déc dic",
)
# Month by name, lower case, 1 to 12.
MONTH_OF: dict[str, int] = {name: n for n, names in enumerate(_MONTHS, 1) for name in names.split()}
MONTH_OF |= {name: n for n, names in enumerate(_SHORT, 1) for name in names.split()}

_WEEKDAYS = (
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun",
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so",
    "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "lunes martes miércoles jueves viernes sábado domingo",
    "segunda terça quarta quinta sexta feira",
    "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
)
WEEKDAYS = frozenset(name for names in _WEEKDAYS for name in names.split())
