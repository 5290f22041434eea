# SPDX-License-Identifier: Apache-2.0
"""geos.py: the geo commands, with every option. Used by: ../program.py. Always: no two members at one place: Redis leaves the order of equals open."""
from generator import Command

CITIES = [("13.361389", "38.115556"), ("15.087269", "37.502669"), ("2.349014", "48.864716"), ("-74.005974", "40.712776"), ("151.2", "-33.8"),
          ("-179.99", "10"), ("179.99", "10.5"), ("0", "0"), ("24.93", "84.9"), ("-60", "-84.95"), ("180", "85.05112878"), ("-180", "-84.5"), ("37.6", "67.3")]
WRONG = [("181", "0"), ("0", "86"), ("x", "1"), ("nan", "0"), ("inf", "2"), ("0", "-85.1")]


def key(g):
    return g.key("geo")


def place(g, cities=0.3):
    if g.chance(0.03):
        return g.pick(*WRONG)
    if g.chance(cities):
        return g.pick(*CITIES)
    if g.chance(0.5):  # around Sicily
        return f"{g.random.uniform(11, 17):.6f}", f"{g.random.uniform(36, 40):.6f}"
    return f"{g.random.uniform(-180, 180):.5f}", f"{g.random.uniform(-85, 85):.5f}"


def member(g):
    return g.pick(b"p%d" % g.random.randrange(40), b"city%d" % g.random.randrange(len(CITIES))) if g.chance(0.95) else g.value()


def located(g):
    """A place and who is there: a city has its own inhabitant."""
    if g.chance(0.2):
        city = g.random.randrange(len(CITIES))
        return [*CITIES[city], b"city%d" % city]
    return [*place(g, cities=0), b"p%d" % g.random.randrange(40) if g.chance(0.95) else g.value()]


def score(g):
    """A number that no place has, and its member. Seen from the meridian of Greenwich two that lie close together at the other side of
    the world are equally far, to the last digit, and Redis leaves open which of them comes first: so 2**20, and nothing nearer to 0."""
    number = g.pick(-1, 2**20, 2**40, 2**52, 2**53, 2**54 + 4, 2**60, "inf", "-inf", 1e300, -1e300, 0.5)
    return [number, f"at {number}"]


def unit(g):
    return g.word(g.pick("M", "KM", "FT", "MI")) if g.chance(0.97) else g.pick("cm", "", "kms")


def length(g, metres=1):
    return g.pick(0, 1, 1000, 5000, 100000, 200000, 1e6, 5e6, 2e7, "0.5") if g.chance(0.95) else g.pick(-1, "x", "inf", "nan")


def add(g):
    options = g.maybe(0.15, g.word(g.pick("NX", "XX"))) + g.maybe(0.2, g.word("CH")) + g.maybe(0.03, "NX")
    count = g.pick(1, 2, 3, 20)
    return Command("GEOADD", key(g), *options, *sum((located(g) for _ in range(count)), []))


def options_of(g, more=()):
    chosen = [g.maybe(0.3, g.word("WITHDIST")), g.maybe(0.3, g.word("WITHHASH")), g.maybe(0.3, g.word("WITHCOORD")),
              g.maybe(0.5, g.word(g.pick("ASC", "DESC"))),
              g.maybe(0.3, g.word("COUNT"), lambda: g.pick(1, 2, 5, 100, 0, -1)) + g.maybe(0.1, g.word("ANY")), *more]
    g.random.shuffle(chosen)
    return sum(chosen, [])


DISTANCES = b"geo distances"  # never searched: as scores they are places next to each other


def stored(g):
    return g.maybe(0.3, *g.pick((g.word("STORE"), key(g)), (g.word("STOREDIST"), DISTANCES)))


def plain(g):
    """Without what a command that stores refuses, most of the time."""
    return [each for each in options_of(g) if not (isinstance(each, str) and each.upper().startswith("WITH")) or g.chance(0.1)]


def radius(g):
    name = g.pick("GEORADIUS", "GEORADIUS_RO")
    front = [key(g), *place(g), length(g), unit(g)]
    store = stored(g) if name == "GEORADIUS" or g.chance(0.05) else []
    return Command(name, *front, *(store + plain(g) if store else options_of(g)))


def radius_by_member(g):
    name = g.pick("GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO")
    front = [key(g), member(g), length(g), unit(g)]
    store = stored(g) if name == "GEORADIUSBYMEMBER" or g.chance(0.05) else []
    return Command(name, *front, *(store + plain(g) if store else options_of(g)))


def shape(g):
    centre = [g.word("FROMMEMBER"), member(g)] if g.chance(0.5) else [g.word("FROMLONLAT"), *place(g)]
    area = [g.word("BYRADIUS"), length(g), unit(g)] if g.chance(0.5) else [g.word("BYBOX"), length(g), length(g), unit(g)]
    parts = [centre, area]
    if g.chance(0.05):
        parts.append(g.pick(centre, area, [g.word("FROMLONLAT"), *place(g)], [g.word("BYRADIUS"), length(g), unit(g)]))
    if g.chance(0.05):
        parts.pop(0)
    return parts


def search(g):
    return Command("GEOSEARCH", key(g), *options_of(g, shape(g)))


def search_store(g):
    distances = g.maybe(0.4, g.word("STOREDIST"))
    parts = shape(g) + [distances, plain(g)]
    g.random.shuffle(parts)
    return Command("GEOSEARCHSTORE", DISTANCES if distances else key(g), key(g), *sum(parts, []))


FAMILY = [
    (10, add),
    (4, lambda g: Command("GEODIST", key(g), member(g), member(g), *g.maybe(0.5, lambda: unit(g)))),
    (3, lambda g: Command("GEOHASH", key(g), *g.maybe(0.9, lambda: member(g), lambda: member(g)))),
    (3, lambda g: Command("GEOPOS", key(g), *g.maybe(0.9, lambda: member(g), lambda: member(g)))),
    (5, radius),
    (4, radius_by_member),
    (10, search),
    (4, search_store),
    (2, lambda g: Command("ZRANGE", g.pick(key(g), DISTANCES), 0, -1, "WITHSCORES")),
    (1, lambda g: Command("ZADD", key(g), *score(g))),
    (1, lambda g: Command("ZREM", key(g), member(g))),
    (0.5, lambda g: Command("DEL", key(g))),
]
