// SPDX-License-Identifier: Apache-2.0
// reply_sink.h: where a handler's answer goes. RESP2, RESP3, JSON, events and Lua are sinks under one set of calls.
//
// Used by: handlers write, and never know who asked; the executor writes errors.
// Always:  - one reply a request: a scalar, or array/map/set/push(n) followed by exactly n (map: 2n) replies;
//          - where the count is known only afterwards: mark = reserve_array(), the items, fill_array(mark, n);
//          - error texts carry their prefix ("ERR …", "WRONGTYPE …") and are written out here alone.
// Source:  https://redis.io/docs/reference/protocol-spec/
#pragma once

#include <functional>

#include "schemas/bytes.h"
#include "schemas/status.h"

namespace leat {

struct Replied {};  // what a call returns, so that a handler can end with `return ctx.reply.integer(n);`

class ReplySink {
 public:
  virtual ~ReplySink() = default;

  virtual Replied simple(View text) = 0;      // a status line: OK, QUEUED, the name of a type
  virtual Replied error(View text) = 0;
  virtual Replied integer(int64_t value) = 0;
  virtual Replied bulk(View bytes) = 0;
  virtual Replied null() = 0;                 // RESP2: null bulk
  virtual Replied null_array() = 0;           // RESP2: null array; RESP3 knows one null
  virtual Replied real(double value) = 0;     // RESP2: bulk, as write_real lays it out
  virtual Replied plain_real(double value) = 0;  // the same without an exponent, 17 digits after the point: coordinates
  virtual Replied boolean(bool value) = 0;    // RESP2: 1 or 0
  virtual Replied verbatim_as(View format, View text) = 0;  // RESP2: bulk; the format is three letters: "txt", "mkd"
  virtual Replied array(size_t count) = 0;
  virtual Replied map(size_t pairs) = 0;      // RESP2: array of 2 * pairs
  virtual Replied set(size_t count) = 0;      // RESP2: array
  virtual Replied push(size_t count) = 0;     // RESP2: array

  // A bulk that `write` appends to what it is given: straight to the output, where that can be, so that what is long is
  // not there twice. `about` is how long it may become.
  virtual Replied bulk_of(size_t about, const std::function<void(Bytes&)>& write) {
    Bytes made;
    made.reserve(about);
    write(made);
    return bulk(made);
  }
  virtual Replied big_number(View digits) { return bulk(digits); }  // RESP3 has a type for it
  // So many pairs said beside the next reply. False: the caller cannot be told, and they are left out.
  virtual bool attribute(size_t) { return false; }

  using Mark = size_t;
  virtual Mark reserve_array() = 0;
  virtual void fill_array(Mark mark, size_t count) = 0;

  // True where the caller understands RESP3's types: some commands shape their answer by it.
  virtual bool resp3() const = 0;

  Replied verbatim(View text) { return verbatim_as("txt", text); }
  Replied ok() { return simple("OK"); }
  Replied error(const Status& status) { return error(status.text()); }
  Replied pair(View first, View second) {
    array(2);
    bulk(first);
    return bulk(second);
  }
};

}  // namespace leat
