// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Lines of /proc: a process names itself, and a mount may be called anything.
#include <string>

#include "fuzz/fuzz.h"
#include "probe/mounts.h"
#include "probe/procfs.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view text = fuzz::text_of(data, size);
  parse_process_stat(text);
  fuzz::require(join_arguments(text).size() <= 4 * size, "a command line does not grow");
  const auto mounts = parse_mountinfo(text);
  mount_of(mounts, "/var/lib");
  for (const Mount& mount : mounts) is_sandbox(mount);
  return 0;
}
