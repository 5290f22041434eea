// SPDX-License-Identifier: Apache-2.0
// lua_memory.h: the bound on what scripts may hold, as the allocator of their Lua state.
//
// Used by: the interpreter; libraries that hold bytes outside Lua ask `exceeded`.
// Always:  - over the bound a script's allocation fails, which Lua turns into "not enough memory";
//          - outside a script, and while a Lenient lives within one, it never fails: the house must not be unwound by a
//            Lua error half-way through a command. Whoever was lenient looks at `exceeded` afterwards;
//          - compiling is Strict everywhere: it is Lua's, and protected.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

namespace leat {

class LuaMemory {
 public:
  explicit LuaMemory(size_t bytes_max) : bytes_max_(bytes_max) {}

  size_t bytes() const { return bytes_; }
  size_t bytes_max() const { return bytes_max_; }
  size_t left() const { return bytes_ < bytes_max_ ? bytes_max_ - bytes_ : 0; }
  bool exceeded() const { return bytes_ > bytes_max_; }

  void enter_script() { lenient_ = 0; }
  void leave_script() { lenient_ = 1; }

  // Through new and delete, which are told the size: Lua asks for dozens of small blocks in each script, and an
  // allocator that need not look a size up is twice as fast.
  void* reallocate(void* old, size_t old_size, size_t size) {
    if (size > old_size && lenient_ == 0 && bytes_ + (size - old_size) > bytes_max_) return nullptr;
    void* const memory = size == 0 ? nullptr : ::operator new(size, std::nothrow);
    if (size != 0 && memory == nullptr) return nullptr;
    if (old_size != 0) {
      if (memory != nullptr) std::memcpy(memory, old, std::min(old_size, size));
      give_back(old, old_size);
    }
    bytes_ += size - old_size;
    return memory;
  }

  class Lenient {
   public:
    explicit Lenient(LuaMemory& memory) : memory_(memory) { ++memory_.lenient_; }
    ~Lenient() { --memory_.lenient_; }  // also when a Lua error passes: LuaJIT unwinds C++ frames on this target
    Lenient(const Lenient&) = delete;
    Lenient& operator=(const Lenient&) = delete;

   private:
    LuaMemory& memory_;
  };

  class Strict {
   public:
    explicit Strict(LuaMemory& memory) : memory_(memory), lenient_(std::exchange(memory.lenient_, 0)) {}
    ~Strict() { memory_.lenient_ = lenient_; }
    Strict(const Strict&) = delete;
    Strict& operator=(const Strict&) = delete;

   private:
    LuaMemory& memory_;
    int lenient_;
  };

 private:
  static void give_back(void* memory, [[maybe_unused]] size_t size) {
#ifdef __cpp_sized_deallocation
    ::operator delete(memory, size);
#else  // clang 14, of the fuzzers
    ::operator delete(memory);
#endif
  }

  size_t bytes_ = 0;
  size_t bytes_max_;
  int lenient_ = 1;
};

}  // namespace leat
