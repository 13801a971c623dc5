// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/check.h"
#include "tocsin/message.h"
#include "tocsin/routing.h"
#include "tocsin/secret.h"
#include "tocsin/uplink.h"

namespace tocsin {

struct LogSettings {
  std::string level = "info";   // trace|debug|info|warn|error
  std::string format = "text";  // text|json
};

struct WebSettings {
  std::string listen = "127.0.0.1:8480";  // HOST:PORT, [v6]:PORT or unix:/path; empty: no web side
  std::string heartbeat_listen;           // serves nothing but heartbeats; empty: none
  Secret read_token;
  Secret admin_token;
};

// A place where people are told, as configured. Immutable, shared between threads.
struct NotifierEntry {
  std::string name;
  std::string_view type;  // NotifierType::name
  std::string fallback;   // the notifier that is told of this one's dead letters; may be empty
  std::shared_ptr<const Notifier> notifier;
};

// Everything the files said, checked and resolved. Immutable.
struct Config {
  std::string instance;
  std::filesystem::path state_dir;
  LogSettings log;
  WebSettings web;
  unsigned probe_threads = 1;
  unsigned storm_threshold = 20;
  std::vector<NotifierEntry> notifiers;
  std::vector<CheckPtr> checks;  // names are unique; in the order of the files
  std::vector<ScheduledMessagePtr> scheduled_messages;  // likewise
  std::vector<RouteRule> routes;         // in the order of the files: the first that matches counts
  std::vector<Maintenance> maintenance;  // names are unique
  Uplink uplink;
  AliveSettings alive;
  // Files besides the configuration's own that it was made from: a change in one is a reload.
  std::vector<std::filesystem::path> watched_files;
  // Who is told of the daemon's own troubles: defaults.notify, else every notifier a check names.
  std::vector<std::string> own_notify;
};

// One mistake or warning. `text()` is the whole line: "FILE:LINE:COLUMN: error: …".
struct Problem {
  std::string file;
  int line = 0;  // from 1; 0: the file as a whole
  int column = 0;
  bool is_error = true;
  std::string message;

  std::string text() const {
    std::string out = file;
    if (line > 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
    return out + (is_error ? ": error: " : ": warning: ") + message;
  }
};

// What loading gave: a configuration if there was no error, and every problem in the order of the
// files.
struct Loaded {
  std::shared_ptr<const Config> config;  // null if any problem is an error
  std::vector<Problem> problems;
};

}  // namespace tocsin
