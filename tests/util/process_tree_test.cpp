// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/process_tree.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

namespace tocsin {

TEST_CASE("process tree: pids are given out in a circle", "[util]") {
  CHECK(is_pid_after(11, 10, 20));
  CHECK(is_pid_after(20, 10, 20));
  CHECK_FALSE(is_pid_after(10, 10, 20));
  CHECK_FALSE(is_pid_after(21, 10, 20));
  CHECK(is_pid_after(32000, 31000, 400));
  CHECK(is_pid_after(300, 31000, 400));
  CHECK_FALSE(is_pid_after(500, 31000, 400));
}

TEST_CASE("process tree: a line of /proc is read whatever the name in it", "[util]") {
  const auto node =
      parse_process_node("42 (a) b (c) S 7 42 43 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987 0 0\n");
  REQUIRE(node);
  CHECK(node->pid == 42);
  CHECK(node->state == 'S');
  CHECK(node->parent == 7);
  CHECK(node->group == 42);
  CHECK(node->session == 43);
  CHECK(node->started == 987);
  for (const char* bad : {"", "42", "42 (x", "42 (x) S 7",
                          "x (y) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19"}) {
    CHECK_FALSE(parse_process_node(bad));
  }
}

TEST_CASE("process tree: descendants are found in any order, orphans by what they are", "[util]") {
  // 10 is the program; 11 and 12 descend from it; 20 is an orphan with a child; 30 is a stranger's.
  std::vector<ProcessNode> all{{.pid = 12, .parent = 11},
                               {.pid = 31, .parent = 30},
                               {.pid = 21, .parent = 20},
                               {.pid = 11, .parent = 10},
                               {.pid = 20, .parent = 1, .session = 20},
                               {.pid = 30, .parent = 1}};
  const auto is_orphan = [](const ProcessNode& node) { return node.session == 20; };
  std::vector<pid_t> found;
  for (const ProcessNode& node : descendants(all, 10, is_orphan)) found.push_back(node.pid);
  std::sort(found.begin(), found.end());
  CHECK(found == std::vector<pid_t>{11, 12, 20, 21});
  CHECK(descendants({}, 10, is_orphan).empty());
}

TEST_CASE("process tree: we are where we are", "[util]") {
  const auto self = read_process_node(getpid());
  REQUIRE(self);
  CHECK(self->parent == getppid());
  CHECK(self->group == getpgrp());
  CHECK(self->session == getsid(0));
  CHECK_FALSE(self->is_dead());
  CHECK_FALSE(read_process_node(0));
  CHECK_FALSE(has_in_environment(getpid(), "TOCSIN_NO_SUCH=1"));
}

}  // namespace tocsin
