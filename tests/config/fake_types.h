// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <string>

#include "config/load.h"
#include "tocsin/registry.h"

namespace tocsin::test {

// Types that stand in for the real ones: `http`, `tcp` and `process` with a few keys of theirs, and
// `everything`, which has a key for every getter. What a check's settings came to is written into
// its target, "key=value" and blanks between, secrets in clear: only tests look at it.
CheckTypes fake_checks();
// `google_chat` (webhook_url: a secret), `console` and `pager` (url, token), short form `url`.
NotifierTypes fake_notifiers();

// Loads with these types.
Loaded load(const std::filesystem::path& file, bool resolve_secrets = true);
std::string print(const std::filesystem::path& file, bool resolve_secrets = true);

// The problems' lines, with `folder/` cut out wherever it stands.
std::string lines(const Loaded& loaded, const std::filesystem::path& folder);

// The folder of the fixtures in the source tree.
std::filesystem::path fixtures();

// A folder of its own that goes with the object.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();

  const std::filesystem::path& path() const noexcept { return path_; }
  // Writes the file and returns its path.
  std::filesystem::path write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

// Sets an environment variable (null: removes it) until the end of the scope.
class Environment {
 public:
  Environment(const char* name, const char* value);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment();

 private:
  std::string name_;
  std::string before_;
  bool was_set_;
};

}  // namespace tocsin::test
