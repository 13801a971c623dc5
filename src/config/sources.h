// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/config.h"

namespace tocsin {

// A position in the files of one load: which file, and how many bytes into it.
struct Place {
  static constexpr std::uint32_t kWholeFile = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t file = 0;
  std::uint32_t offset = kWholeFile;
  auto operator<=>(const Place&) const = default;
};

// The texts of the files that one load reads, kept until it ends so that places can be told as
// lines and columns. Not thread-safe.
class Sources {
 public:
  // Returns the file's number. `name` is how people are told of it.
  std::uint32_t add(std::string name);
  void set_text(std::uint32_t file, std::string text);

  const std::string& name(std::uint32_t file) const { return files_[file].name; }
  std::string_view text(std::uint32_t file) const { return files_[file].text; }

  struct Position {
    int line = 0;    // from 1; 0: the file as a whole
    int column = 0;  // from 1, in characters
  };
  Position position(Place place) const;
  // "FILE:LINE:COLUMN", for a message that names a second place.
  std::string describe(Place place) const;

 private:
  struct File {
    std::string name;
    std::string text;
    std::vector<std::uint32_t> lines;  // where each begins
  };
  std::vector<File> files_;
};

// The mistakes of one load, in whatever order they are found. Not thread-safe.
class Problems {
 public:
  // More than these are counted and not kept: a broken default of 10,000 checks is one mistake.
  static constexpr std::size_t kMost = 1000;

  void error(Place place, std::string message) { add(place, true, std::move(message)); }
  void warn(Place place, std::string message) { add(place, false, std::move(message)); }
  bool any_error() const noexcept { return any_error_; }
  // False once there are so many that looking for the nearest name would only cost time.
  bool worth_a_suggestion() const noexcept { return found_.size() < 100; }

  // In the order of the files and their lines, with a last line for what was not kept.
  std::vector<Problem> sorted(const Sources& sources) const;

 private:
  struct Found {
    Place place;
    bool is_error;
    std::string message;
  };
  void add(Place place, bool is_error, std::string message);

  std::vector<Found> found_;
  std::size_t left_out_ = 0;
  bool any_error_ = false;
};

// Reads a whole file of at most `most` bytes; false if that fails, `error` says why then ("no such
// file or directory"). Anything but a regular file is refused: it could block for ever.
bool read_file(const std::string& path, std::size_t most, std::string& text, std::string& error);

// A name or value from a file, printable, cut and in double quotes, for a message.
std::string in_quotes(std::string_view text);

}  // namespace tocsin
