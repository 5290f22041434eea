// SPDX-License-Identifier: Apache-2.0
// status.h: how anything that may fail answers. Status is "fine" or one sentence; Result<T> is a T or such a sentence.
//
// Used by: everyone. A client's error carries its reply prefix in the text ("ERR syntax error", "WRONGTYPE …"), a
//          disk's or a file's error is a plain sentence for the log.
// Always:  - an ok Status holds nothing and costs one pointer.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "schemas/bytes.h"
#include "schemas/check.h"

namespace leat {

class [[nodiscard]] Status {
 public:
  static Status fine() { return Status(); }
  static Status error(Bytes text) { return Status(std::move(text)); }

  Status() = default;
  Status(Status&&) = default;
  Status& operator=(Status&&) = default;
  Status(const Status& other) : text_(other.text_ ? std::make_unique<Bytes>(*other.text_) : nullptr) {}
  Status& operator=(const Status& other) {
    text_ = other.text_ ? std::make_unique<Bytes>(*other.text_) : nullptr;
    return *this;
  }

  bool ok() const { return text_ == nullptr; }
  View text() const { return text_ ? View(*text_) : View(); }

 private:
  explicit Status(Bytes text) : text_(std::make_unique<Bytes>(std::move(text))) {}
  std::unique_ptr<Bytes> text_;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(std::move(status)) { CHECK(!status_.ok()); }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace leat
