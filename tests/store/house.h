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

inline CheckRecord check_record(const std::string& name, State state = State::down) {
  CheckRecord check;
  check.name = name;
  check.state = state;
  check.told = State::up;
  check.since = WallTime{Millis{1'767'323'045'678}};
  check.reason = "connection refused (127.0.0.1:8080)";
  return check;
}

// Something holds its news back, and it flaps.
inline CheckRecord held_record(const std::string& name) {
  CheckRecord check = check_record(name);
  check.held = {Hold::parent_down, "switch-1 is down", WallTime{Millis{1'767'323'045'111}}, 7};
  check.flaps = {0x80001, WallTime{Millis{1'767'323'045'222}}, WallTime{Millis{1'767'323'045'333}},
                 9};
  return check;
}

inline Withheld withheld_row(const std::string& check, std::int64_t at = 1'767'323'045'444) {
  Withheld out;
  out.at = WallTime{Millis{at}};
  out.check = check;
  out.incident = 7;
  out.kind = Kind::reminder;
  out.to = State::down;
  out.why = Hold::silenced;
  out.detail = "until 09:00, by bob: \xE2\x9C\x93 moving 'house'";
  out.notifiers = {"ops", "pager \"2\""};
  return out;
}

inline Silence silence(std::int64_t id) {
  Silence out;
  out.id = id;
  out.is_maintenance = id % 2 == 0;
  out.match.names = {"web-*", "db-[12]"};
  out.match.labels = {{"team", "shop*"}, {"a=b", ""}, {"team", "\xC3\xBC"}};
  out.from = WallTime{Millis{1'767'323'045'555}};
  out.until = WallTime{Millis{1'767'326'645'555}};
  out.by = "bob";
  out.why = "moving \"house\"";
  return out;
}

inline IncidentRecord incident_record(std::int64_t id, bool closed = false) {
  IncidentRecord incident;
  incident.id = id;
  incident.check = "web-" + std::to_string(id);
  incident.since = WallTime{Millis{1'767'323'000'000}};
  incident.opened_at = WallTime{Millis{1'767'323'045'000}};
  if (closed) incident.closed_at = WallTime{Millis{1'767'323'099'000}};
  incident.worst = State::down;
  incident.reason = "no answer";
  incident.told = {"ops", "terminal"};
  incident.told_at = WallTime{Millis{1'767'323'046'000}};
  incident.escalated = 1;
  incident.reminders = 2;
  incident.reminded_at = WallTime{Millis{1'767'323'050'000}};
  if (id % 2 == 1) {
    incident.acknowledged = Acknowledgement{"Ann", "disk is on order", incident.opened_at,
                                            WallTime{Millis{1'767'400'000'000}}};
  }
  return incident;
}

inline HeartbeatRecord heartbeat_record(const std::string& name) {
  HeartbeatRecord out;
  out.name = name;
  out.expects = "every 1h, 5m of grace";
  out.known_since = WallTime{Millis{1'767'000'000'001}};
  out.listening_since = WallTime{Millis{1'767'000'000'002}};
  out.started_at = WallTime{Millis{1'767'000'000'003}};
  out.failed_at = WallTime{Millis{1'767'000'000'004}};
  out.failed = true;
  out.exit_code = 3;
  out.run_time = Millis{1234};
  out.runs = {{"", WallTime{Millis{5}}}, {"a run \"7\"", WallTime{Millis{1'767'000'000'006}}}};
  out.address = "192.0.2.7";
  out.log = "line 1\nrsync: \xE2\x9D\x8C failed\n";
  return out;
}

inline NotificationPtr notification(std::int64_t id, const std::string& reason = "no answer") {
  auto message = std::make_shared<Message>();
  message->kind = Kind::down;
  message->check = "web-01";
  message->reason = reason;
  auto out = std::make_shared<Notification>();
  out->id = id;
  out->uid = "uid-" + std::to_string(id);
  out->notifier = "ops";
  out->thread_key = "web-01";
  out->created_at = WallTime{Millis{1'767'323'045'000 + id}};
  out->message = std::move(message);
  return out;
}

inline DeliveryRecord delivery(std::int64_t id, DeliveryStatus status) {
  DeliveryRecord out;
  out.notification = id;
  out.status = status;
  out.attempts = 1;
  out.at = WallTime{Millis{1'767'323'046'000 + id}};
  return out;
}

// Commits and waits: whether it became durable.
inline bool commit_and_wait(Store& store, Change change) {
  bool durable = false;
  store.commit(std::move(change), [&](bool is_durable) { durable = is_durable; });
  store.flush();
  return durable;
}

}  // namespace tocsin
