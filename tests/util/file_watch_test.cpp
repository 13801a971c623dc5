// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/file_watch.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/temp_dir.h"

namespace tocsin {

TEST_CASE("file watch: what is written, replaced, made or removed is told once", "[util]") {
  const TempDir dir;
  const auto file = dir.write("a", "one");
  const auto other = dir.path() / "b";
  FileWatch watch({file, other});
  CHECK_FALSE(watch.changed());
  dir.write("a", "one and two");
  CHECK(watch.changed());
  CHECK_FALSE(watch.changed());
  dir.write("b", "made");
  CHECK(watch.changed());
  std::filesystem::rename(other, file);
  CHECK(watch.changed());
  std::filesystem::remove(file);
  CHECK(watch.changed());
  CHECK_FALSE(watch.changed());
  CHECK_FALSE(FileWatch().changed());
}

}  // namespace tocsin
