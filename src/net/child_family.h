// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "net/spawn.h"
#include "util/process_tree.h"

namespace tocsin {

// A program that was started, and all that it started in turn, however they hide: this process is
// made their "subreaper" (prctl(2)), so that whoever loses its parent becomes our child, and not
// init's.
//
// How sure it is. Found at once: every descendant whose line of living parents reaches the program;
// every orphan that kept its session or process group; every orphan that kept its environment,
// which has a variable of this run (kMark). Left is an orphan that did setsid() and began with an
// empty environment, or runs as another user: it is taken for this run's if no other program runs
// that may have started it, and otherwise ends with the last such run. Not found is what asks
// somebody else to start it (systemd, cron, a container's engine), and what may not be signalled
// (setuid programs, unless we are root).
//
// Programs are started by this class and nowhere else in this process: another child of ours that
// is younger than the program would be taken for one of its orphans. Each object is one thread's;
// objects on several threads know of each other.
class Family {
 public:
  static constexpr const char* kMark = "TOCSIN_RUN";

  Family();
  // Kills what is left, and leaves no zombie if they die at once, as they do.
  ~Family();
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;

  // Starts the program, with its mark in its environment: see spawn(). Once.
  int start(SpawnPlan plan, Spawned& into);
  pid_t pid() const noexcept { return first_.pid; }

  // Sends SIGKILL to the program and its descendants, again and again until no new one shows up.
  void kill_all();
  // How many processes besides the program were sent it so far; those we may not signal do not
  // count.
  std::size_t killed() const noexcept { return killed_.size(); }
  // Descendants that live, the program not among them; zombies that came to us are buried on the
  // way.
  std::vector<ProcessNode> living();
  // The program's end, once it has ended: fills a waitid(2) status and buries it. False before.
  bool take_end(int& code, int& status);
  bool is_buried() const noexcept { return buried_; }
  // Whether the program is buried and nobody of its family lives: true from then on.
  bool is_over();

 private:
  void put_down();
  bool is_orphan_of_ours(const ProcessNode& node) const;

  const std::string mark_;
  ProcessNode first_;  // the program
  bool buried_ = false;
  bool over_ = false;
  std::set<std::pair<pid_t, std::uint64_t>> killed_;
};

}  // namespace tocsin
