// SPDX-License-Identifier: Apache-2.0
// The simulated disk lives with the other test support, where programs that link the broker find it; this program does
// not link the broker, so it compiles the one file itself.
#include "tests/support/sim_disk.cc"
