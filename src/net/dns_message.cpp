// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/dns_message.h"

#include <algorithm>
#include <asio/ip/address.hpp>

#include "net/dns_reader.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::uint16_t kInternet = 1;      // the class IN
constexpr std::uint16_t kUdpSize = 1232;    // fits an IPv6 packet everywhere (DNS flag day 2020)
constexpr std::size_t kMostRecords = 4096;  // more than 64 KiB of sensible ones hold
constexpr std::size_t kLongestLabel = 63;
constexpr std::size_t kLongestText = 253;

void append_two(std::string& out, unsigned value) {
  out += static_cast<char>(value >> 8 & 0xFF);
  out += static_cast<char>(value & 0xFF);
}

void read_flags(DnsMessage& out, unsigned flags) {
  out.response = (flags & 0x8000U) != 0;
  out.opcode = static_cast<int>(flags >> 11 & 15U);
  out.authoritative = (flags & 0x0400U) != 0;
  out.truncated = (flags & 0x0200U) != 0;
  out.recursion_desired = (flags & 0x0100U) != 0;
  out.recursion_available = (flags & 0x0080U) != 0;
  out.authenticated = (flags & 0x0020U) != 0;
  out.rcode = static_cast<int>(flags & 15U);
}

void read_records(DnsReader& reader, DnsMessage& out, std::vector<DnsRecord>& into, int count) {
  for (int i = 0; i < count && reader.good(); ++i) {
    DnsRecord record;
    record.name = reader.name();
    record.type = reader.two();
    reader.two();  // the class; an OPT's is a size
    record.ttl = reader.four();
    reader.narrow(reader.two());
    if (record.type == dns::kOpt) {
      out.edns = true;
      out.rcode |= static_cast<int>(record.ttl >> 24) << 4;  // RFC 6891 section 6.1.3
    } else {
      record.data = read_dns_data(reader, record.type);
    }
    reader.widen();
    if (!reader.good() || record.type == dns::kOpt) continue;
    if (into.size() == kMostRecords) return reader.fail("more than 4096 records");
    into.push_back(std::move(record));
  }
}

void append_name(std::string& out, std::string_view name) {
  while (!name.empty() && name != ".") {
    const std::size_t end = std::min(name.find('.'), name.size());
    out += static_cast<char>(end);
    out += name.substr(0, end);
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  out += '\0';
}

}  // namespace

DnsMessage parse_dns_message(std::string_view bytes) {
  DnsMessage out;
  DnsReader reader(bytes);
  out.id = reader.two();
  read_flags(out, reader.two());
  const int questions = reader.two();
  const int answers = reader.two();
  const int authority = reader.two();
  const int additional = reader.two();
  if (questions > 1) reader.fail("more than one question");
  if (questions == 1) {
    out.question = reader.name();
    out.question_type = reader.two();
    reader.two();
    out.has_question = reader.good();
  }
  read_records(reader, out, out.answers, answers);
  read_records(reader, out, out.authority, authority);
  read_records(reader, out, out.additional, additional);
  out.problem = reader.problem();
  return out;
}

std::string make_dns_query(const DnsQuestion& question, std::uint16_t id) {
  std::string out;
  append_two(out, id);
  append_two(out, (question.recursion ? 0x0100U : 0U) | (question.dnssec ? 0x0020U : 0U));
  append_two(out, 1);
  append_two(out, 0);
  append_two(out, 0);
  append_two(out, question.edns ? 1 : 0);
  append_name(out, question.name);
  append_two(out, question.type);
  append_two(out, kInternet);
  if (!question.edns) return out;
  out += '\0';  // the OPT record's name, the root
  append_two(out, dns::kOpt);
  append_two(out, kUdpSize);
  append_two(out, 0);  // extended response code and version
  append_two(out, question.dnssec ? 0x8000U : 0U);
  append_two(out, 0);
  return out;
}

bool is_dns_name(std::string_view text) noexcept {
  if (text == ".") return true;
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kLongestText) return false;
  std::size_t label = 0;
  for (const char c : text) {
    if (c <= 0x20 || c == 0x7F || c == '\\' || c == '"') return false;
    label = c == '.' ? 0 : label + 1;
    if (label > kLongestLabel) return false;
  }
  return text.front() != '.' && text.back() != '.' && text.find("..") == std::string_view::npos;
}

std::string canonical_dns_name(std::string_view text) {
  if (text.size() > 1 && text.ends_with('.')) text.remove_suffix(1);
  return to_lower(text);
}

std::optional<std::string> reverse_dns_name(std::string_view address) {
  asio::error_code error;
  const auto parsed = asio::ip::make_address(std::string(address), error);
  if (error) return std::nullopt;
  std::string out;
  if (parsed.is_v4()) {
    for (const unsigned byte : parsed.to_v4().to_bytes()) {
      out = std::to_string(byte) + "." + out;
    }
    return out + "in-addr.arpa";
  }
  static constexpr std::string_view kDigits = "0123456789abcdef";
  for (const unsigned byte : parsed.to_v6().to_bytes()) {
    out = std::string{kDigits[byte & 15U], '.', kDigits[byte >> 4], '.'} + out;
  }
  return out + "ip6.arpa";
}

}  // namespace tocsin
