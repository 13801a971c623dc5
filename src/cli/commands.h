// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
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

struct AckOptions {
  std::filesystem::path file;
  std::string name;   // the check's
  std::string by;     // empty: the user's name
  std::string why;    // may be empty
  std::string lasts;  // a duration; empty: until the incident is over
  bool withdraw = false;
};
// Tells the running daemon that somebody looks after a check's incident. 0: it knows, 1: not.
int ack(const AckOptions& options);

struct SilenceOptions {
  std::filesystem::path file;
  std::string pattern;              // of checks' names
  std::string lasts;                // a duration
  std::vector<std::string> labels;  // "key=value"
  std::string by;                   // empty: the user's name
  std::string why;                  // may be empty
  bool maintenance = false;         // the word that people are shown
  bool list = false;                // instead of beginning one …
  std::optional<std::int64_t> end;  // … or of that number
};
// Has the running daemon tell nothing bad of some checks for a time. 0: it does, 1: not.
int silence(const SilenceOptions& options);

struct WhyOptions {
  std::filesystem::path file;
  std::string name;  // the check's
  bool json = false;
};
// Why people were told of a check, or were not. 0: it is printed, 1: not.
int why(const WhyOptions& options);

struct RouteOptions {
  std::filesystem::path file;
  std::string name;  // the check's
  std::string at;    // RFC 3339; empty: now
};
// Who would be told of a check, and why; needs no daemon. 0: it is printed, 1: not.
int route(const RouteOptions& options);

// Who sits there, for `by`: the one who became root by sudo, rather than root. May be empty.
std::string this_user();

struct TestNotifyOptions {
  std::filesystem::path file;
  std::vector<std::string> names;  // of notifiers
  bool all = false;
  std::string only;  // "down", "reminder" or "up"; empty: these three, one after the other
};
// Tells of an incident that never was. 0: all was sent, 1: not.
int test_notify(const TestNotifyOptions& options);

struct ReplayOptions {
  std::filesystem::path file;     // the configuration
  std::filesystem::path results;  // what was recorded: src/replay/recording.h; empty: the daemon's
  std::vector<std::string> set;   // KEY=VALUE, for all checks
};
// Prints what the configuration would have told of recorded results. 0: it did, 1: something is
// wrong with either.
int replay(const ReplayOptions& options);

struct ChatOptions {
  std::filesystem::path file;      // the configuration …
  std::string notifier;            // … and which of it; empty: the one that has a service account
  std::filesystem::path key_file;  // a service account's, instead of both
  std::string api_url;             // with the key file; empty: Google's
  std::string space;               // whose members
};
// List what a Google Chat app can see, with the names that the configuration takes. 0: there is a
// list, 1: not.
int chat_spaces(const ChatOptions& options);
int chat_members(const ChatOptions& options);

}  // namespace tocsin
