// SPDX-License-Identifier: Apache-2.0
// lolwut.cc: LOLWUT: a small picture, and the version. https://redis.io/docs/latest/commands/lolwut/
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

// LOLWUT [VERSION version]
Outcome lolwut(Context& ctx, Args args) {
  if (args.size() >= 3 && same_word(args[1], "VERSION")) {
    if (const auto version = integer_of(args[2]); !version.ok()) return version.status();
  }
  return ctx.reply.verbatim(Bytes(kMill) + "Redis ver. " + Bytes(kRedisVersion) + ", leat " + Bytes(kLeatVersion) + "\n");
}

constexpr CommandRow kRows[] = {
    // name   arity keys          traits            handler
    {"LOLWUT", -1,  Keys::none(), kReadOnly | kFast, lolwut},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kLolwutFamily{"server", kRows};

}  // namespace leat
