// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sqlite3.h>
#include <stdlib.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "store/directory.h"
#include "store/house_rows.h"
#include "store/open.h"
#include "support/fake_clock.h"

namespace tocsin {

// A state directory of its own, gone with the test.
class StorePlace {
 public:
  StorePlace() {
    std::string name = (std::filesystem::temp_directory_path() / "tocsin-store-XXXXXX").native();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    root_ = name;
  }
  ~StorePlace() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  StorePlace(const StorePlace&) = delete;
  StorePlace& operator=(const StorePlace&) = delete;

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path dir() const { return root_ / "state"; }
  std::filesystem::path file() const { return dir() / "tocsin.db"; }

 private:
  std::filesystem::path root_;
};

// Runs SQL on a database file through SQLite itself, as an administrator would; the first column of
// the last row comes back.
inline std::string sql(const std::filesystem::path& file, const std::string& text) {
  sqlite3* handle = nullptr;
  std::string last;
  const auto take = [](void* into, int, char** values, char**) {
    *static_cast<std::string*>(into) = values[0] == nullptr ? "NULL" : values[0];
    return 0;
  };
  int code = sqlite3_open(file.c_str(), &handle);
  sqlite3_busy_timeout(handle, 30'000);
  if (code == SQLITE_OK) code = sqlite3_exec(handle, text.c_str(), take, &last, nullptr);
  const std::string error = sqlite3_errmsg(handle);
  sqlite3_close(handle);
  if (code != SQLITE_OK) throw std::runtime_error(text + ": " + error);
  return last;
}

inline std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void write_bytes(const std::filesystem::path& file, const std::string& bytes,
                        std::streamoff at = 0) {
  std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
  if (!out) out.open(file, std::ios::binary | std::ios::out);
  out.seekp(at);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// What a store told, and a way to wait for it.
class Told {
 public:
  StoreEvents events() {
    StoreEvents out;
    out.failing = [this](std::string reason) { add("failing: " + reason); };
    out.recovered = [this] { add("recovered"); };
    out.replaced = [this](std::string name) { add("replaced: " + name); };
    return out;
  }
  void add(std::string what) {
    {
      const std::lock_guard lock(mutex_);
      all_.push_back(std::move(what));
    }
    changed_.notify_all();
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }
  // Whether so many things were told within half a minute.
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds{30}, [&] { return all_.size() >= count; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> all_;
};

inline StoreOptions brisk() {
  StoreOptions options;
  options.longest_wait = Millis{2};
  options.busy_timeout = Millis{50};
  return options;
}

// Commits and waits: whether it became durable.
inline bool commit_and_wait(Store& store, Change change) {
  bool durable = false;
  store.commit(std::move(change), [&](bool is_durable) { durable = is_durable; });
  store.flush();
  return durable;
}

}  // namespace tocsin
