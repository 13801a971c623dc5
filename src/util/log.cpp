// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestValue = 2000;

std::atomic<LogLevel> current_level{LogLevel::info};
std::atomic<bool> as_json{false};

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("tocsin",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::trace);
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %v");
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum to_spdlog(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace: return spdlog::level::trace;
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

// The configuration's words, not spdlog's.
std::string_view word(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace: return "trace";
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warn: return "warn";
    case LogLevel::error: return "error";
  }
  return "info";
}

std::string quoted(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

bool needs_quotes(std::string_view value) noexcept {
  return value.empty() || value.find_first_of(" \"=\\") != std::string_view::npos;
}

}  // namespace

void set_log(std::string_view level, std::string_view format) {
  LogLevel chosen = LogLevel::info;
  if (level == "trace") chosen = LogLevel::trace;
  if (level == "debug") chosen = LogLevel::debug;
  if (level == "warn") chosen = LogLevel::warn;
  if (level == "error") chosen = LogLevel::error;
  current_level = chosen;
  as_json = format == "json";
  logger().set_pattern(as_json ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%e%z\",%v}"
                               : "%Y-%m-%dT%H:%M:%S.%e%z %v");
}

bool log_enabled(LogLevel level) noexcept {
  return level >= current_level.load(std::memory_order_relaxed);
}

void write_log(LogLevel level, std::string_view event, std::string_view text_fields,
               std::string_view json_fields) {
  if (as_json) {
    logger().log(to_spdlog(level), "\"level\":\"{}\",\"event\":{}{}", word(level), quoted(event),
                 json_fields);
  } else {
    logger().log(to_spdlog(level), "level={} event={}{}", word(level), event, text_fields);
  }
}

Fields& Fields::add(std::string_view key, std::string_view value) {
  const std::string shown = printable(value, kLongestValue);
  text_ += ' ';
  text_ += key;
  text_ += '=';
  text_ += needs_quotes(shown) ? quoted(shown) : shown;
  json_ += ',';
  json_ += quoted(key);
  json_ += ':';
  json_ += quoted(shown);
  return *this;
}

Fields& Fields::add_number(std::string_view key, const std::string& value) {
  text_ += ' ';
  text_ += key;
  text_ += '=';
  text_ += value;
  json_ += ',';
  json_ += quoted(key);
  json_ += ':';
  json_ += value;
  return *this;
}

}  // namespace tocsin
