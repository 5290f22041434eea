// SPDX-License-Identifier: Apache-2.0
// lolwut.cc: LOLWUT: a small picture, and the version. https://redis.io/docs/latest/commands/lolwut/
#include <algorithm>

#include "broker/commands/executor.h"
#include "broker/commands/families.h"
#include "broker/commands/parse.h"
#include "broker/version.h"

namespace leat {

namespace {

// The mill at the end of the leat.
constexpr View kMill =
    "             __\n"
    "        ____/__\\___\n"
    "~~~~~~~\\  .-|-. |  |\n"
    "        \\( -+- )|[]|\n"
    "~~~~~~~~~~`-|-'~|__|~~~\n";

// How many numbers say what Redis' picture of that version is like; leat's has one size.
size_t sizes_of(int64_t version) { return version == 5 ? 3 : version == 6 ? 2 : 0; }

// LOLWUT [VERSION version [size ...]]
Outcome lolwut(Context& ctx, Args args) {
  if (args.size() >= 3 && same_word(args[1], "VERSION")) {
    const auto version = integer_of(args[2]);
    if (!version.ok()) return version.status();
    for (const View size : args.slice(3, std::min(args.size(), 3 + sizes_of(*version)))) {
      if (const auto number = integer_of(size); !number.ok()) return number.status();
    }
  }
  return ctx.reply.verbatim(Bytes(kMill) + "Redis ver. " + Bytes(kRedisVersion) + ", leat " + Bytes(kLeatVersion) +
                            "\n");
}

constexpr CommandRow kRows[] = {
    // name   arity keys          traits            handler
    {"LOLWUT", -1,  Keys::none(), kReadOnly | kFast, lolwut},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kLolwutFamily{"server", kRows};

}  // namespace leat
