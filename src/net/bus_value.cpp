// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/bus_value.h"

#include <limits>
#include <optional>
#include <utility>

namespace tocsin {
namespace {

using Keep = bool (*)(std::string_view key);

class Reader {
 public:
  Reader(const SdBusLibrary& library, sd_bus_message* message, Keep keep)
      : library_(library), message_(message), keep_(keep) {}

  // Nothing at the end of a container, or where the message is broken.
  std::optional<BusValue> next() {
    char type = 0;
    const char* contents = nullptr;
    if (library_.peek_type(message_, &type, &contents) <= 0) return std::nullopt;
    switch (type) {
      case SD_BUS_TYPE_BYTE: return basic<std::uint8_t, std::uint64_t>(type);
      case SD_BUS_TYPE_BOOLEAN: return basic<int, bool>(type);
      case SD_BUS_TYPE_INT16: return basic<std::int16_t, std::int64_t>(type);
      case SD_BUS_TYPE_INT32: return basic<std::int32_t, std::int64_t>(type);
      case SD_BUS_TYPE_INT64: return basic<std::int64_t, std::int64_t>(type);
      case SD_BUS_TYPE_UINT16: return basic<std::uint16_t, std::uint64_t>(type);
      case SD_BUS_TYPE_UINT32: return basic<std::uint32_t, std::uint64_t>(type);
      case SD_BUS_TYPE_UINT64: return basic<std::uint64_t, std::uint64_t>(type);
      case SD_BUS_TYPE_DOUBLE: return basic<double, double>(type);
      case SD_BUS_TYPE_STRING:
      case SD_BUS_TYPE_OBJECT_PATH:
      case SD_BUS_TYPE_SIGNATURE: return basic<const char*, std::string>(type);
      case SD_BUS_TYPE_VARIANT: return variant(contents);
      case SD_BUS_TYPE_ARRAY:
      case SD_BUS_TYPE_STRUCT:
      case SD_BUS_TYPE_DICT_ENTRY: return container(type, contents);
      default: return skipped();  // a descriptor
    }
  }

 private:
  template <typename Wire, typename Held>
  std::optional<BusValue> basic(char type) {
    Wire read{};
    if (library_.read_basic(message_, type, &read) <= 0) return std::nullopt;
    BusValue out;
    out.value = static_cast<Held>(read);
    return out;
  }

  std::optional<BusValue> variant(const char* contents) {
    if (library_.enter_container(message_, SD_BUS_TYPE_VARIANT, contents) <= 0) return {};
    std::optional<BusValue> out = next();
    if (library_.exit_container(message_) < 0) return std::nullopt;
    return out;
  }

  std::optional<BusValue> container(char type, const char* contents) {
    if (library_.enter_container(message_, type, contents) < 0) return std::nullopt;
    BusValue::List list;
    while (library_.at_end(message_, 0) == 0) {
      std::optional<BusValue> element = next();
      if (!element) return std::nullopt;
      const bool key = type == SD_BUS_TYPE_DICT_ENTRY && list.empty();
      list.push_back(std::move(*element));
      if (key && keep_ != nullptr && !keep_(list.front().text()) &&
          library_.skip(message_, nullptr) < 0) {
        return std::nullopt;
      }
    }
    if (library_.exit_container(message_) < 0) return std::nullopt;
    BusValue out;
    out.value = std::move(list);
    return out;
  }

  std::optional<BusValue> skipped() {
    if (library_.skip(message_, nullptr) < 0) return std::nullopt;
    return BusValue();
  }

  const SdBusLibrary& library_;
  sd_bus_message* const message_;
  const Keep keep_;
};

}  // namespace

const std::string& BusValue::text() const noexcept {
  static const std::string kNothing;
  const auto* held = std::get_if<std::string>(&value);
  return held == nullptr ? kNothing : *held;
}

std::int64_t BusValue::number() const noexcept {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
  if (const auto* held = std::get_if<std::int64_t>(&value)) return *held;
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  const std::uint64_t held = counter();
  return held > static_cast<std::uint64_t>(kMost) ? kMost : static_cast<std::int64_t>(held);
}

std::uint64_t BusValue::counter() const noexcept {
  const auto* held = std::get_if<std::uint64_t>(&value);
  return held == nullptr ? 0 : *held;
}

const BusValue::List& BusValue::list() const noexcept {
  static const List kNothing;
  const auto* held = std::get_if<List>(&value);
  return held == nullptr ? kNothing : *held;
}

BusProperties bus_properties(const BusValue& dictionary) {
  BusProperties out;
  for (const BusValue& entry : dictionary.list()) {
    const BusValue::List& pair = entry.list();
    if (pair.size() == 2) out.insert_or_assign(pair[0].text(), pair[1]);
  }
  return out;
}

std::vector<BusValue> read_values(const SdBusLibrary& library, sd_bus_message* message, Keep keep) {
  std::vector<BusValue> out;
  Reader reader(library, message, keep);
  while (auto value = reader.next()) out.push_back(std::move(*value));
  return out;
}

}  // namespace tocsin
