// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "replay/recording.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Object;

constexpr int kDeepest = 4;
constexpr std::size_t kLongestLine = 64 * 1024;
constexpr std::size_t kLongestReason = 500;
constexpr std::size_t kLongestShown = 60;
constexpr double kLongestLook = 1'800'000;  // ms; as long as a timeout may be

constexpr std::array<std::string_view, 5> kKeys{"at", "check", "verdict", "reason", "took_ms"};

Object::Ptr object_in(const std::string& line) {
  try {
    Poco::JSON::Parser parser;
    parser.setDepth(kDeepest);
    const Var value = parser.parse(line);
    if (value.type() == typeid(Object::Ptr)) return value.extract<Object::Ptr>();
  } catch (const Poco::Exception&) {
    return nullptr;  // no JSON: that is what the caller says, with the line's number
  }
  return nullptr;
}

std::optional<std::string> text_in(const Object& object, const std::string& key) {
  const Var value = object.get(key);
  if (value.type() != typeid(std::string)) return std::nullopt;
  return value.extract<std::string>();
}

std::optional<Verdict> verdict_of(std::string_view word) noexcept {
  for (const Verdict verdict : {Verdict::up, Verdict::degraded, Verdict::down, Verdict::unknown}) {
    if (to_string(verdict) == word) return verdict;
  }
  return std::nullopt;
}

std::string quoted(const std::string& text) {
  return '"' + printable(text, kLongestShown) + '"';
}

std::string unknown_key_in(const Object& object) {
  const std::vector<std::string_view> known(kKeys.begin(), kKeys.end());
  for (const std::string& name : object.getNames()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string_view near = nearest(name, known);
    return "unknown key " + quoted(name) +
           (near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?");
  }
  return {};
}

// One line's result, or what is wrong with it.
struct ReadLine {
  WallTime at{};
  std::string check;
  Sight sight;
  std::string mistake;
};

std::string read_verdict(const Object& object, Sight& into) {
  const std::string shape = "\"verdict\" has to be up, degraded, down or unknown";
  const auto verdict = text_in(object, "verdict");
  if (!verdict) return shape;
  const auto parsed = verdict_of(*verdict);
  if (!parsed) return shape + "; got " + quoted(*verdict);
  into.verdict = *parsed;
  return {};
}

std::string read_took(const Object& object, Sight& into) {
  if (!object.has("took_ms")) return {};
  const Var value = object.get("took_ms");
  const bool is_number = !value.isEmpty() && value.isNumeric() && !value.isBoolean();
  const double took = is_number ? value.convert<double>() : -1;
  if (took < 0 || took > kLongestLook) {
    return "\"took_ms\" has to be a number of milliseconds from 0 to 1800000";
  }
  into.took = Micros{static_cast<Micros::rep>(took * 1000)};
  return {};
}

ReadLine read_line(const std::string& line) {
  ReadLine out;
  const auto wrong = [&out](std::string mistake) {
    out.mistake = std::move(mistake);
    return out;
  };
  if (line.size() > kLongestLine) return wrong("this line is longer than 64 KiB");
  const Object::Ptr object = object_in(line);
  if (!object) return wrong("this is no JSON object: " + quoted(line));
  if (std::string mistake = unknown_key_in(*object); !mistake.empty()) return wrong(mistake);
  const auto at = text_in(*object, "at");
  const auto time = at ? parse_rfc3339(*at) : std::nullopt;
  if (!time) {
    return wrong("\"at\" has to be a time as RFC 3339 has it, \"2026-11-20T02:31:05Z\"" +
                 (at ? "; got " + quoted(*at) : std::string()));
  }
  out.at = *time;
  const auto check = text_in(*object, "check");
  if (!check || check->empty()) return wrong("\"check\" has to be a check's name");
  out.check = *check;
  if (std::string mistake = read_verdict(*object, out.sight); !mistake.empty()) {
    return wrong(mistake);
  }
  if (object->has("reason")) {
    const auto reason = text_in(*object, "reason");
    if (!reason) return wrong("\"reason\" has to be a text");
    out.sight.reason = printable(*reason, kLongestReason);
  }
  return wrong(read_took(*object, out.sight));
}

}  // namespace

std::string Recording::add_line(const std::string& line) {
  const std::string_view text = trim(line);
  if (text.empty() || text.front() == '#') return {};
  ReadLine read = read_line(line);
  if (!read.mistake.empty()) return std::move(read.mistake);
  points_[read.check].push_back(
      {read.at, read.sight.took, reason_number(read.sight.reason), read.sight.verdict});
  first_ = size_ == 0 ? read.at : std::min(first_, read.at);
  last_ = size_ == 0 ? read.at : std::max(last_, read.at);
  ++size_;
  return {};
}

// Of two results of one moment the later line stands.
void Recording::finish() {
  for (auto& [check, points] : points_) {
    std::stable_sort(points.begin(), points.end(),
                     [](const Point& a, const Point& b) { return a.at < b.at; });
  }
}

std::uint32_t Recording::reason_number(const std::string& reason) {
  const auto [at, is_new] = numbers_.try_emplace(reason, reasons_.size());
  if (is_new) reasons_.push_back(reason);
  return at->second;
}

Sight Recording::at(const std::string& check, WallTime time) const {
  const auto found = points_.find(check);
  if (found == points_.end()) return {};
  const auto& points = found->second;
  const auto next = std::upper_bound(points.begin(), points.end(), time,
                                     [](WallTime at, const Point& it) { return at < it.at; });
  if (next == points.begin()) return {};
  const Point& point = *std::prev(next);
  Sight out;
  out.verdict = point.verdict;
  out.reason = reasons_[point.reason];
  out.took = point.took;
  return out;
}

std::vector<std::string> Recording::checks() const {
  std::vector<std::string> out;
  for (const auto& [check, points] : points_) out.push_back(check);
  std::sort(out.begin(), out.end());
  return out;
}

namespace {

// Adds the lines of a file, and what is wrong with them.
void read_file(const std::filesystem::path& file, ReadRecording& out) {
  std::error_code error;
  std::ifstream in;
  const bool is_folder = std::filesystem::is_directory(file, error);
  if (!is_folder) in.open(file);
  if (!in.is_open()) {
    const char* why = is_folder ? "it is a folder" : std::strerror(errno);
    out.mistakes.push_back(file.string() + ": error: cannot be read: " + why);
    return;
  }
  std::size_t number = 0;
  std::size_t mistakes = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const std::string mistake = out.recording.add_line(line);
    if (mistake.empty() || ++mistakes > ReadRecording::kMostMistakes) continue;
    out.mistakes.push_back(file.string() + ":" + std::to_string(number) + ": error: " + mistake);
  }
  if (mistakes > ReadRecording::kMostMistakes) {
    out.mistakes.push_back(file.string() + ": error: and " +
                           std::to_string(mistakes - ReadRecording::kMostMistakes) +
                           " more lines like these");
  }
}

}  // namespace

ReadRecording read_recording(const std::filesystem::path& file,
                             const std::filesystem::path& older) {
  ReadRecording out;
  std::error_code error;
  if (!older.empty() && std::filesystem::exists(older, error)) read_file(older, out);
  read_file(file, out);
  if (out.mistakes.empty() && out.recording.size() == 0) {
    out.mistakes.push_back(file.string() + ": error: there are no results in it");
  }
  out.recording.finish();
  return out;
}

}  // namespace tocsin
