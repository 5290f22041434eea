// SPDX-License-Identifier: Apache-2.0
// applicable.h: whether an effect fits the state: what apply takes for granted, asked beforehand.
//
// Used by: salvage, which replays a log behind a hole; `leat check`.
// Always:  - an effect that fits is carried out by apply_effect without a CHECK, and leaves nothing behind that a
//            handler could not have made (no empty list, no stream whose ids do not rise, no value that a snapshot
//            cannot hold);
//          - what a handler emits fits the state that it saw;
//          - costs a look-up or two: nothing is walked.
#pragma once

#include "broker/keyspace/keyspace.h"
#include "schemas/effect.h"

namespace leat {

// Fine, or a sentence that says what is not as the effect has it.
Status fits_state(const Keyspace& keyspace, DbIndex db, const Effect& effect);

}  // namespace leat
