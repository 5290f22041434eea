// SPDX-License-Identifier: Apache-2.0
// struct: Lua values as C lays them out.
//
// Format: '>' '<' byte order, '!n' alignment, 'x' padding byte, bB hH lL T integers, 'iN' 'IN' integers of N bytes,
//         'f' 'd' reals, 'cN' N bytes, 'c0' as many as the number before says, 's' text ended by a zero byte.
// Source:  https://www.inf.puc-rio.br/~roberto/struct/ ; texts and bounds as in Redis.
#include <algorithm>
#include <bit>
#include <cctype>
#include <climits>
#include <cstring>

#include "broker/script/interpreter.h"
#include "broker/script/libraries.h"

namespace leat {
namespace {

constexpr int kIntegerBytesMax = 32;
constexpr size_t kNativeAlignment = 8;

class Format {
 public:
  Format(lua_State* L, const char* text) : lua_(L), at_(text) {}

  struct Item {
    char option;
    size_t size;
    size_t padding;  // before it
  };

  bool more() const { return *at_ != '\0'; }

  // The next item, where it stands at `position`. Control options come as items without size.
  Item next(size_t position) {
    Interpreter::of(lua_).spend(lua_, 1);  // a format may be as long as memory allows
    Item item{*at_++, 0, 0};
    item.size = size_of(item.option);
    item.padding = padding(position, item);
    if (!is_item(item.option)) control(item.option);
    return item;
  }

  bool big_endian() const { return big_endian_; }

 private:
  static bool is_item(char option) { return std::strchr("bBhHlLTiIfdxcs", option) != nullptr; }

  int number(int otherwise) {
    if (!std::isdigit(static_cast<unsigned char>(*at_))) return otherwise;
    int value = 0;
    do {
      const int digit = *at_ - '0';
      if (value > INT_MAX / 10 || value * 10 > INT_MAX - digit) luaL_error(lua_, "integral size overflow");
      value = value * 10 + digit;
      ++at_;
    } while (std::isdigit(static_cast<unsigned char>(*at_)));
    return value;
  }

  size_t size_of(char option) {
    switch (option) {
      case 'b':
      case 'B':
      case 'x':
        return 1;
      case 'h':
      case 'H':
        return sizeof(short);
      case 'l':
      case 'L':
        return sizeof(long);
      case 'T':
        return sizeof(size_t);
      case 'f':
        return sizeof(float);
      case 'd':
        return sizeof(double);
      case 'c':
        return static_cast<size_t>(number(1));
      case 'i':
      case 'I': {
        const int size = number(sizeof(int));
        if (size > kIntegerBytesMax) {
          luaL_error(lua_, "integral size %d is larger than limit of %d", size, kIntegerBytesMax);
        }
        return static_cast<size_t>(size);
      }
      default:
        return 0;
    }
  }

  size_t padding(size_t position, const Item& item) const {
    if (item.size == 0 || item.option == 'c') return 0;
    const size_t unit = std::min(item.size, alignment_);
    return unit > 1 ? (unit - (position & (unit - 1))) & (unit - 1) : 0;
  }

  void control(char option) {
    switch (option) {
      case ' ':
        return;
      case '>':
        big_endian_ = true;
        return;
      case '<':
        big_endian_ = false;
        return;
      case '!': {
        const int unit = number(kNativeAlignment);
        if (unit == 0 || (unit & (unit - 1)) != 0) luaL_error(lua_, "alignment %d is not a power of 2", unit);
        alignment_ = static_cast<size_t>(unit);
        return;
      }
      default:
        luaL_argerror(lua_, 1, lua_pushfstring(lua_, "invalid format option '%c'", option));
    }
  }

  lua_State* lua_;
  const char* at_;
  bool big_endian_ = std::endian::native == std::endian::big;
  size_t alignment_ = 1;
};

// --- packing

class Packer {
 public:
  explicit Packer(lua_State* L) : lua_(L), format_(L, luaL_checkstring(L, 1)), out_(Interpreter::of(L).scratch()) {
    out_.clear();
    room_ = Interpreter::of(L).memory().left();
  }

  View pack() {
    while (format_.more()) {
      const Format::Item item = format_.next(out_.size());
      reserve(item.padding + kIntegerBytesMax);
      out_.append(item.padding, '\0');
      append(item);
    }
    return out_;
  }

 private:
  void reserve(size_t bytes) {
    if (out_.size() + bytes > room_) luaL_error(lua_, "not enough memory");
  }

  void append(const Format::Item& item) {
    switch (item.option) {
      case 'b':
      case 'B':
      case 'h':
      case 'H':
      case 'l':
      case 'L':
      case 'T':
      case 'i':
      case 'I':
        return integer(luaL_checknumber(lua_, argument_++), item.size);
      case 'f':
        return real(static_cast<float>(luaL_checknumber(lua_, argument_++)));
      case 'd':
        return real(static_cast<double>(luaL_checknumber(lua_, argument_++)));
      case 'x':
        out_ += '\0';
        return;
      case 'c':
      case 's':
        return text(item);
      default:
        return;
    }
  }

  // Low bytes first, zeros beyond eight, as the original.
  void integer(double value, size_t size) {
    auto rest = to_bits(value);
    char bytes[kIntegerBytesMax] = {};
    for (size_t i = 0; i < size; ++i, rest >>= 8) bytes[i] = static_cast<char>(rest & 0xff);
    if (format_.big_endian()) std::reverse(bytes, bytes + size);
    out_.append(bytes, size);
  }

  static uint64_t to_bits(double value) {
    constexpr double kSigned = 9223372036854775808.0;
    if (value >= kSigned) return value < 2 * kSigned ? static_cast<uint64_t>(value) : uint64_t{1} << 63;
    return value >= -kSigned ? static_cast<uint64_t>(static_cast<int64_t>(value)) : uint64_t{1} << 63;
  }

  template <typename Real>
  void real(Real value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    if (format_.big_endian() != (std::endian::native == std::endian::big)) std::reverse(bytes, bytes + sizeof value);
    out_.append(bytes, sizeof value);
  }

  void text(const Format::Item& item) {
    const int argument = argument_++;
    luaL_checkstring(lua_, argument);
    const View bytes = view_at(lua_, argument);
    const size_t size = item.size == 0 ? bytes.size() : item.size;
    luaL_argcheck(lua_, bytes.size() >= size, argument, "string too short");
    reserve(size + 1);
    out_ += bytes.substr(0, size);
    if (item.option == 's') out_ += '\0';
  }

  lua_State* lua_;
  Format format_;
  Bytes& out_;
  size_t room_;
  int argument_ = 2;
};

int pack(lua_State* L) {
  push(L, Packer(L).pack());
  return 1;
}

// --- unpacking

class Unpacker {
 public:
  Unpacker(lua_State* L, View data, size_t position)
      : lua_(L), format_(L, luaL_checkstring(L, 1)), data_(data), at_(position) {}

  // Pushes the values and the place that follows; returns how many.
  int unpack() {
    while (format_.more()) {
      const Format::Item item = format_.next(at_);
      at_ += item.padding;
      require(item.size);
      luaL_checkstack(lua_, 2, "too many results");
      at_ += push_item(item);
    }
    lua_pushinteger(lua_, static_cast<lua_Integer>(at_ + 1));
    return count_ + 1;
  }

 private:
  void require(size_t size) {
    luaL_argcheck(lua_, size <= data_.size() && at_ <= data_.size() - size, 2, "data string too short");
  }

  // Returns the bytes it took.
  size_t push_item(const Format::Item& item) {
    switch (item.option) {
      case 'b':
      case 'B':
      case 'h':
      case 'H':
      case 'l':
      case 'L':
      case 'T':
      case 'i':
      case 'I':
        lua_pushnumber(lua_, integer(item.size, std::islower(static_cast<unsigned char>(item.option)) != 0));
        break;
      case 'f':
        lua_pushnumber(lua_, real<float>());
        break;
      case 'd':
        lua_pushnumber(lua_, real<double>());
        break;
      case 'c':
        return push_bytes(item.size);
      case 's':
        return push_text();
      default:
        return item.size;
    }
    ++count_;
    return item.size;
  }

  double integer(size_t size, bool is_signed) const {
    char bytes[kIntegerBytesMax];
    std::memcpy(bytes, data_.data() + at_, size);
    if (!format_.big_endian()) std::reverse(bytes, bytes + size);
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    if (!is_signed) return static_cast<double>(value);
    const size_t shift = size == 0 || size >= sizeof value ? 0 : 64 - 8 * size;
    return static_cast<double>(static_cast<int64_t>(value << shift) >> shift);
  }

  template <typename Real>
  double real() const {
    char bytes[sizeof(Real)];
    std::memcpy(bytes, data_.data() + at_, sizeof bytes);
    if (format_.big_endian() != (std::endian::native == std::endian::big)) std::reverse(bytes, bytes + sizeof bytes);
    Real value;
    std::memcpy(&value, bytes, sizeof bytes);
    return static_cast<double>(value);
  }

  size_t push_bytes(size_t size) {
    if (size == 0) {
      if (count_ == 0 || !lua_isnumber(lua_, -1)) luaL_error(lua_, "format 'c0' needs a previous size");
      const double wanted = lua_tonumber(lua_, -1);
      lua_pop(lua_, 1);
      --count_;
      luaL_argcheck(lua_, wanted >= 0 && wanted <= static_cast<double>(data_.size()), 2, "data string too short");
      size = static_cast<size_t>(wanted);
      require(size);
    }
    push(lua_, data_.substr(at_, size));
    ++count_;
    return size;
  }

  size_t push_text() {
    const size_t end = data_.find('\0', at_);
    if (end == View::npos) luaL_error(lua_, "unfinished string in data");
    push(lua_, data_.substr(at_, end - at_));
    ++count_;
    return end - at_ + 1;
  }

  lua_State* lua_;
  Format format_;
  View data_;
  size_t at_;
  int count_ = 0;
};

int unpack(lua_State* L) {
  luaL_checkstring(L, 1);
  luaL_checkstring(L, 2);
  const auto position = static_cast<size_t>(luaL_optinteger(L, 3, 1));
  luaL_argcheck(L, position > 0, 3, "offset must be 1 or greater");
  return Unpacker(L, view_at(L, 2), position - 1).unpack();
}

int size(lua_State* L) {
  Format format(L, luaL_checkstring(L, 1));
  size_t position = 0;
  while (format.more()) {
    const Format::Item item = format.next(position);
    if (item.option == 's') return luaL_argerror(L, 1, "option 's' has no fixed size");
    if (item.option == 'c' && item.size == 0) return luaL_argerror(L, 1, "option 'c0' has no fixed size");
    position += item.padding + item.size;
  }
  lua_pushnumber(L, static_cast<double>(position));
  return 1;
}

}  // namespace

void push_struct_library(lua_State* L) {
  static constexpr luaL_Reg kFunctions[] = {{"pack", pack}, {"unpack", unpack}, {"size", size}, {nullptr, nullptr}};
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
}

}  // namespace leat
