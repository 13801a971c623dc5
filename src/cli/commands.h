// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tocsin {

// The commands of the `tocsin` program but `run`. Each prints for people on standard
// output, errors on standard error, and returns the exit code of DESIGN section 3. They do not
// throw for bad input.

struct CheckConfigOptions {
  std::filesystem::path file;
  bool resolve_secrets = true;
  bool print = false;
};
// 0 valid, 1 not.
int check_config(const CheckConfigOptions& options);

struct ProbeOptions {
  std::filesystem::path file;
  std::vector<std::string> names;
  bool all = false;
};
// As a Nagios plugin: 0 up, 1 degraded, 2 down, 3 unknown or no such check; the worst of several.
int probe(const ProbeOptions& options);

struct NotifyOptions {
  std::filesystem::path file;
  std::vector<std::string> to;  // notifiers; none: the one there is
  std::string thread;
  std::vector<std::string> words;  // of the text; a lone "-": from standard input
  std::string details;             // "-": from standard input
  std::string link;
  std::string id;
};
// Has the running daemon tell a message. 0: it was accepted, 1: not.
int notify(const NotifyOptions& options);

struct TestNotifyOptions {
  std::filesystem::path file;
  std::vector<std::string> names;  // of notifiers
  bool all = false;
  std::string only;  // "down", "reminder" or "up"; empty: these three, one after the other
};
// Tells of an incident that never was. 0: all was sent, 1: not.
int test_notify(const TestNotifyOptions& options);

}  // namespace tocsin
