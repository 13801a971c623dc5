// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/dns_reader.h"

#include <array>

namespace tocsin {
namespace {

constexpr std::size_t kLongestName = 255;  // RFC 1035 section 2.3.4, length bytes included
constexpr unsigned kPointer = 0xC0;

// What may stand in a name as it is. A dot within a label may not: it would read as two labels.
bool is_plain(unsigned char c) noexcept {
  return c > 0x20 && c < 0x7F && c != '.' && c != '\\' && c != '"';
}

void append_label(std::string& out, std::string_view label) {
  if (!out.empty()) out += '.';
  for (const char c : label) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(byte)) {
      out += c;
    } else {
      out += {'\\', static_cast<char>('0' + byte / 100), static_cast<char>('0' + byte / 10 % 10),
              static_cast<char>('0' + byte % 10)};
    }
  }
}

}  // namespace

void DnsReader::fail(std::string_view why) noexcept {
  if (problem_.empty()) problem_ = why;
}

void DnsReader::narrow(std::size_t size) noexcept {
  if (size > left()) return fail("a record is longer than the message");
  end_ = at_ + size;
}

void DnsReader::widen() noexcept {
  at_ = end_;
  end_ = message_.size();
}

std::string_view DnsReader::bytes(std::size_t size) noexcept {
  if (size > left()) {
    fail("it ends in the middle");
    return {};
  }
  at_ += size;
  return message_.substr(at_ - size, size);
}

std::uint8_t DnsReader::byte() noexcept {
  const std::string_view one = bytes(1);
  return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one[0]);
}

std::uint16_t DnsReader::two() noexcept {
  const unsigned high = byte();
  return static_cast<std::uint16_t>(high << 8 | byte());
}

std::uint32_t DnsReader::four() noexcept {
  const std::uint32_t high = two();
  return high << 16 | two();
}

// A pointer must lead to before where the name, or the part of it that was pointed to, begins: so
// it ends, whatever is in there.
std::string DnsReader::name() {
  std::string out;
  std::size_t length = 1;
  std::size_t begins = at_;
  DnsReader part = *this;  // follows the pointers
  bool jumped = false;
  while (part.good()) {
    const unsigned size = part.byte();
    if ((size & kPointer) == kPointer) {
      const std::size_t to = (size & ~kPointer) << 8 | part.byte();
      if (!jumped) at_ = part.at_;
      jumped = true;
      if (to >= begins) part.fail("a name leads in circles");
      begins = part.at_ = to;
      part.end_ = message_.size();
      continue;
    }
    if ((size & kPointer) != 0) part.fail("a label of an unknown kind");
    if (size == 0) break;
    length += size + 1;
    if (length > kLongestName) part.fail("a name is longer than 255 bytes");
    append_label(out, part.bytes(size));
  }
  if (!jumped) at_ = part.at_;
  if (!part.good()) fail(part.problem());
  if (!good()) return {};
  return out.empty() ? "." : out;
}

}  // namespace tocsin
