# SPDX-License-Identifier: Apache-2.0
"""functions.py: libraries of functions: loaded, listed, called, dumped and gone. Used by: ../program.py.

Always: a function's answer depends on nothing but its arguments and the keyspace; nothing here runs for long;
        no error is raised that is a table without a text, and no library has two functions whose names differ in case alone:
        redis-server 7.0.15 dies of both.
"""
from families.scripting import BODIES
from generator import Command

LIBRARIES = ("l1", "l2", "l3", "L1", "lib_4")
FUNCTIONS = ("f1", "f2", "f3", "F1", "f_4")
HEADERS = ("#!lua name={}\n", "#!LUA Name={}\n", "#!lua  name='{}' \n", '#!lua name="{}"\n')
BAD_HEADERS = ("", "#!lua\n", "#!lua name={}", "#!foo name={}\n", "#!lua nam={}\n", "#!lua name={} name=b\n", "#!lua name=\n", "#!lua name=a-b\n",
               '#!lua name="{}\n', "#! lua name={}\n", "#!lua name={} x\n", "#!\n", "-- {}\n", "#!lua name='a b'\n")
FLAGS = ("no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys", "NO-WRITES")
BAD_CODE = ("return 1", "foo(", "foo()", "foo = 1", "redis.x = 1", "redis.call('PING')", "local x = math", "pcall(redis.log)", "redis.setresp(3)",
            "local x = nil .. 1", "redis.log(1)", "redis.log('a', 'b')", "redis.log(9, 'b')", "return KEYS[1]", "local a = 1LL", "\x1bLua",
            "redis.register_function()", "redis.register_function('f1')", "redis.register_function('f1', 1)", "redis.register_function({}, function() end)",
            "redis.register_function('a-b', function() end)", "redis.register_function('', function() end)", "redis.register_function(1.5, function() end)",
            "redis.register_function('f1', function() end, 1)", "redis.register_function('f1', function() end) redis.register_function('f1', function() end)",
            "redis.register_function{}", "redis.register_function{function_name = 'f1'}", "redis.register_function{callback = function() end}",
            "redis.register_function{callback = 1}", "redis.register_function{function_name = {}}", "redis.register_function{description = {}}",
            "redis.register_function{foo = 1}", "redis.register_function{5}", "redis.register_function{[true] = 1}", "redis.register_function{flags = 1}",
            "redis.register_function{flags = {'foo'}}", "redis.register_function{flags = {1}}", "redis.register_function('f1', function() end) x = 1")
# What redis-server dumped: two libraries, l2 with f2 and l1 with f1; none; a string's value.
PAYLOADS = [
    b'\xf5\xc3@\x89@\x9a\x1f#!lua name=l1\nredis.register_fun\x05ction{\xc0\x08\x00_`(\x0c"f1", descrip@\x1f\r="what'
    b' it does \x1b\x08callback=\xc08\x12(keys, args) return \x06@l@*\x04("GET 6@$\x08[1]) end}\xf5\xc3@\x9b@\xad\x1f'
    b'#!lua name=l2\nredis.register_fun\x05ction{\xc0\x08\x00_`(\x0c"f2", descrip@\x1f\r="what it doe'
    b's \x1b\x08callback=\xc08\x14(keys, args) return {\xe0\x01\x13\x15} end, flags={"no-writ@J\x00" I\x08ow-oo'
    b'm"}}\n\x00\x17\xcfJ\x9dE)\x0c\xbb',
    b"\n\x00]\x9b\\@\x0f\x7f\xa2\xda", b"\x00\x01v\n\x00\x91\x08\xce\xb2\x198\x8a\xce", b"", b"junk"]


def body(g):
    return g.pick(*BODIES).replace("KEYS", "keys").replace("ARGV", "args")


def registration(g, name):
    callback = f"function(keys, args) {body(g)}\n end"
    if g.chance(0.4):
        return f"redis.register_function('{name}', {callback})"
    flags = ", flags = {" + ", ".join(f"'{flag}'" for flag in g.some(lambda: g.pick(*FLAGS), 3)) + "}" if g.chance(0.6) else ""
    description = g.pick("", ", description = 'what it does'", ", description = 5")
    return f"redis.register_function{{function_name = '{name}', callback = {callback}{flags}{description}}}"


def code(g):
    if g.chance(0.2):
        return g.pick(*BAD_CODE)
    names = g.random.sample(g.pick(FUNCTIONS[:3], FUNCTIONS[1:]), g.pick(1, 1, 2))
    return "local kept = 'a local' " + "\n".join(registration(g, name) for name in names)


def load(g):
    header = g.pick(*BAD_HEADERS) if g.chance(0.1) else g.pick(*HEADERS)
    return Command("FUNCTION", g.word("LOAD"), *g.maybe(0.6, g.pick("REPLACE", "replace", "REPLACE", "NOSUCH")),
                   header.format(g.pick(*LIBRARIES)) + code(g))


def fcall(g):
    keys = [g.key(g.pick("string", "list", "hash", "zset", "any")) for _ in range(2)]
    arguments = [2, *keys, *[g.value() if g.chance(0.7) else g.number_text() for _ in range(3)]]
    if g.chance(0.05):
        arguments = [g.pick(0, -1, 1, 3, "abc", 2**40), *g.some(g.value, 2)]
    return Command(g.pick("FCALL", "FCALL", "FCALL_RO"), g.pick(*FUNCTIONS), *arguments)


def listed(g):
    options = g.pick([], [g.word("WITHCODE")], [g.word("LIBRARYNAME"), g.pick("*", "l?", "L*", "nosuch", "[a-l]1")], ["LIBRARYNAME"], ["NOSUCH"],
                     ["WITHCODE", "LIBRARYNAME", "*"], ["WITHCODE", "WITHCODE"], ["LIBRARYNAME", "a", "LIBRARYNAME", "b"])
    return Command("FUNCTION", g.word("LIST"), *options, compare="unordered")


def restore(g):
    return Command("FUNCTION", g.word("RESTORE"), g.pick(*PAYLOADS), *g.maybe(0.7, g.pick("FLUSH", "APPEND", "REPLACE", "replace", "NOSUCH")),
                   *g.maybe(0.05, "x"))


def manage(g):
    return g.pick(Command("FUNCTION", "DELETE", g.pick(*LIBRARIES, "nosuch")), Command("FUNCTION", "STATS"), Command("FUNCTION", "KILL"),
                  Command("FUNCTION", "FLUSH", *g.maybe(0.5, g.pick("SYNC", "async", "NOW"))), Command("FUNCTION", "DUMP", compare="kind"),
                  Command("FUNCTION", "NOSUCH"), Command("FUNCTION"), Command("FUNCTION", "FLUSH", "SYNC", "ASYNC"))


FAMILY = [(8, load), (14, fcall), (3, listed), (1, restore), (2, manage)]
