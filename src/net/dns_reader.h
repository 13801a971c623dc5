// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin {

// Walks through the bytes of a DNS message and never leaves them. Once something was wrong it gives
// nothing but zeros and empty texts, and `problem` says what it was. A value type.
class DnsReader {
 public:
  explicit DnsReader(std::string_view message) : message_(message), end_(message.size()) {}

  bool good() const noexcept { return problem_.empty(); }
  std::string_view problem() const noexcept { return problem_; }
  void fail(std::string_view why) noexcept;

  // What is left before the end: of the message, or of the record that it was narrowed to.
  std::size_t left() const noexcept { return good() ? end_ - at_ : 0; }
  // Puts the end at so many bytes from here.
  void narrow(std::size_t size) noexcept;
  // Goes to the end, and on with the message as a whole.
  void widen() noexcept;

  std::uint8_t byte() noexcept;
  std::uint16_t two() noexcept;
  std::uint32_t four() noexcept;
  std::string_view bytes(std::size_t size) noexcept;
  // With its length in the first byte (RFC 1035 section 3.3).
  std::string_view string() noexcept { return bytes(byte()); }
  // A domain name, which may be compressed (RFC 1035 section 4.1.4), in its shown form.
  std::string name();

 private:
  std::string_view message_;
  std::size_t at_ = 0;
  std::size_t end_;
  std::string_view problem_;
};

// A record's data, which the reader has been narrowed to, as DnsRecord::data holds it.
std::string read_dns_data(DnsReader& reader, std::uint16_t type);

}  // namespace tocsin
