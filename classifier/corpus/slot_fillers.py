"""The fillers of slots: fictional names and places, and everyday nouns.

Nothing here is a real person or place. Phone numbers are 555-01xx and e-mail addresses end in
example.org, the ranges set aside for fiction.
"""

from __future__ import annotations

from random import Random


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


NAMES = tuple(
    """
    Abeni Adaeze Aiden Aisling Akash Alba Alina Amara Amir Anouk Arlo Asha Ayo Bea Benji Bilal Bodhi
    Brannagh Cai Callum Carys Chidi Chloe Clem Dafydd Dana Darius Devi Diego Dunya Ebele Eilidh Eitan Elif
    Elsie Emeka Enzo Esme Faisal Farah Femi Finlay Freya Gethin Gia Gulsen Hana Harpreet Hassan Hugo Ife
    Imani Ines Iqra Isla Ivo Jamal Jaya Jesse Jin Jomo Joss Kai Kavya Keisha Kemi Kenji Kit Kofi Lachlan
    Laila Lena Leo Lila Lorcan Luca Lupe Maeve Malik Mara Marek Marlon Meera Mei Mila Mina Moss Nadia
    Naveen Nell Niamh Nico Nkechi Noor Obi Ola Omar Oona Orla Otis Pavel Pia Pooja Quinn Rafi Rani Reza
    Rhys Riko Roisin Ros Rowan Sade Safa Sanjay Selin Shay Sian Simi Sol Suki Sunny Tamsin Tariq Tayo Tess
    Thea Tobi Tomas Uma Umar Vik Wen Wren Yara Yemi Yusuf Zadie Zain Zola
    """.split()
)
_SCHOOL_FIRST = _listed(
    "Alderbrook|Birchmere|Copperfield|Dunmarrow|Elmhollow|Fernleigh|Greywater|Hartsease|Kestrel Lane|"
    "Larkrise|Millbeck|Northgale|Oakhanger|Quarry Road|Rookwood|Saltmarsh|Thornbury Park|Willowdene"
)
_SCHOOL_LAST = _listed("High|Academy|School|College|Middle School")
SCHOOLS = tuple(f"{first} {last}" for first in _SCHOOL_FIRST for last in _SCHOOL_LAST)
TOWNS = _listed(
    "Amberford|Brackenby|Coldwell|Drumleigh|Eastmarsh|Fallowfield End|Glenmoor|Harrowgate Green|"
    "Inverlea|Juniper Bay|Kingsbarrow|Lowerby|Marlstone|Nettlecombe|Oxmoor|Pinehaven|Ravensby|"
    "Silverstrand|Tarnside|Umberton|Westerleigh|Yarrowdale"
)
_STREET_NAMES = _listed(
    "Maple Row|Tanner's Lane|Beacon Hill|Orchard Close|Chapel Walk|Weaver Street|Foxglove Drive|"
    "Station Parade|Heron Way|Linden Court"
)
STREETS = tuple(f"{number} {street}" for number in (3, 8, 12, 17, 24, 31, 46, 58) for street in _STREET_NAMES)
_HANDLE_FIRST = _listed(
    "pixel|moon|turbo|mossy|quiet|lemon|storm|paper|neon|biscuit|comet|velvet|sleepy|copper|frosty"
)
_HANDLE_LAST = _listed("otter|falcon|pancake|wizard|goblin|sparrow|noodle|panda|raven|badger|kite|walrus")
HANDLES = tuple(
    f"{first}_{last}{number}"
    for first in _HANDLE_FIRST
    for last in _HANDLE_LAST
    for number in ("", "7", "22", "303")
)
PHONES = tuple(f"555-01{number:02d}" for number in range(100))
EMAILS = tuple(f"{name.lower()}{mark}@example.org" for name in NAMES for mark in ("", ".art", "77"))

PERSONAL: dict[str, tuple[str, ...]] = {
    "name": NAMES,
    "handle": HANDLES,
    "school": SCHOOLS,
    "town": TOWNS,
    "street": STREETS,
    "phone": PHONES,
    "email": EMAILS,
    "age": _listed("eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|twenty|twenty-six|forty|sixty"),
}
"""Slots whose filler is personal information; the generator keeps a gold span for each one it fills."""

EVERYDAY: dict[str, tuple[str, ...]] = {
    "day": _listed("monday|tuesday|wednesday|thursday|friday|saturday|sunday|tomorrow|tonight|the weekend"),
    "time": _listed("half 3|4|5ish|ten past six|7|12.30|quarter to 2|noon|8 o'clock|half ten"),
    "game": _listed(
        "Skylark Raiders|Blockhaven|Turnip Farm|Void Racers|Dragon Ledger|Goal Kings|Mystic Mines|"
        "Puzzle Harbour"
    ),
    "hobby": _listed(
        "drawing|chess|baking|coding|dancing|skating|knitting|photography|singing|climbing|origami|running"
    ),
    "sport": _listed(
        "football|netball|cricket|basketball|hockey|swimming|rugby|badminton|athletics|table tennis|judo"
    ),
    "food": _listed(
        "pizza|jollof|noodles|chips|samosas|pancakes|tacos|porridge|biryani|soup|toast|plantain|curry|sushi"
    ),
    "subject": _listed(
        "maths|history|chemistry|french|geography|english|physics|biology|art|drama|computing|music"
    ),
    "spot": _listed(
        "the library|the bus stop|the park gate|the leisure centre|the bakery|the skate bowl|"
        "the town hall|the station|the market|the cinema|the cafe|the sports hall"
    ),
    "pet": _listed("dog|cat|hamster|rabbit|budgie|tortoise|guinea pig|goldfish|gecko|puppy"),
    "relative": _listed("mum|dad|grandad|nan|auntie|uncle|brother|sister|cousin|grandma|stepdad|mom"),
    "film": _listed(
        "The Lantern Thief|Moonbeam Express|Captain Cobalt|The Last Lighthouse|Paper Dragons|"
        "Nine Rivers|Robot Summer"
    ),
    "band": _listed(
        "The Tin Foxes|Violet Static|Northern Kites|Sugar Canyon|Low Tide Choir|Echo Parade|"
        "The Weekday Saints"
    ),
    "gift": _listed(
        "a hoodie|a sketchbook|some trainers|a voucher|a necklace|a football|new headphones|a plant|"
        "a puzzle|some chocolates|a mug"
    ),
    "month": _listed("january|february|march|april|may|june|july|august|september|october|november|december"),
    "number": _listed("two|three|four|5|six|8|ten|12|15|20|thirty"),
    "colour": _listed("red|blue|green|yellow|purple|orange|grey|turquoise|black|white|pink"),
    "job": _listed(
        "nurse|driver|chef|teacher|plumber|designer|carer|electrician|cleaner|vet|baker|accountant"
    ),
}

SLOTS: dict[str, tuple[str, ...]] = PERSONAL | EVERYDAY


def fill(slot: str, rng: Random) -> str:
    """One filler for ``slot``, drawn uniformly.

    >>> fill("phone", Random(0)).startswith("555-01")
    True
    """
    return rng.choice(SLOTS[slot])
