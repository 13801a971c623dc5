// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "probe/file_look.h"
#include "probe/threshold.h"

namespace tocsin {

enum class Presence : std::uint8_t { wanted, unwanted, either };

// What a `file` check asks for. Immutable once parsed.
struct FileSettings {
  FileQuery query;
  Presence presence = Presence::wanted;
  std::string owner;  // a name or a number; empty: anybody
  std::string group;
  std::optional<mode_t> mode;
  std::string sha256;  // in lower case; empty: any
  Threshold max_age;
  Threshold min_age;
  Threshold max_size;
  Threshold min_size;
  Threshold max_count;
  Threshold min_count;
  Threshold unchanged_for;
};

FileSettings parse_file_settings(Settings& settings);

}  // namespace tocsin
