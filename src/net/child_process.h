// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tocsin/time.h"

namespace tocsin {

// A program to run, and all that it shall know of the world.
struct ChildCommand {
  // The program and its arguments. The program is an absolute path, or a name that is looked up in
  // PATH: that of `environment`, else kChildPath.
  std::vector<std::string> arguments;
  // Besides PATH, LANG=C and LC_ALL=C, or in their places. Nothing of our own environment is in it.
  std::vector<std::pair<std::string, std::string>> environment;
  std::string input;            // its standard input; empty: /dev/null
  std::string directory = "/";  // where it runs
};

// Where programs are looked for: the system's folders, and Debian's folder of Nagios plugins.
inline constexpr const char* kChildPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/nagios/plugins";
// What is kept of each of its two outputs; the rest is read and thrown away.
inline constexpr std::size_t kChildOutputMost = 64 * 1024;
// Who writes more than that writes for ever.
inline constexpr std::size_t kChildFlood = 16 * 1024 * 1024;

// How it ended.
struct ChildEnd {
  enum class How : std::uint8_t {
    exited,       // `number` is its exit status
    killed,       // `number` is the signal that ended it, and not ours
    late,         // it ran at the deadline, and was killed with all that it had started
    flooded,      // it wrote more than kChildFlood bytes, and was killed likewise
    not_started,  // `number` is the errno, `text` says why: the program's fault, not ours
    no_means,     // the same, but we had no descriptors, memory or processes left
  };
  How how = How::no_means;
  int number = 0;
  std::string text;
  bool core_dumped = false;
  std::string out;   // its standard output, as it is
  std::string err;   // its standard error, as it is
  bool cut = false;  // there was more than fits in one of the two
  // The processes that it had started and that still ran: they were killed when it ended.
  std::size_t killed_with_it = 0;
  // Those of them (itself, perhaps) that did not die: they run as somebody else, or hang in the
  // kernel. They are waited for in the background, for as long as the loop runs.
  std::size_t immortal = 0;
};

// Runs a program to its end, or to the deadline; then whatever it has started ends too, see
// net/child_family.h for how sure that is. No thread, and no polling: its end is told by a pidfd.
// Returns by the deadline and a fraction of a second for the killing. Being destroyed kills it all
// the same. One loop's thread only; several at once are fine.
asio::awaitable<ChildEnd> run_child(ChildCommand command, SteadyTime deadline);

// The name of a signal, "SIGSEGV"; "signal 77" for one that has none.
std::string signal_name(int number);

}  // namespace tocsin
