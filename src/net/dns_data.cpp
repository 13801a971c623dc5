// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A record's data to text: what the fields of a type are stands in one table, a letter a field, and
// reading, comparing and checking what a user expects all go by it.
#include <algorithm>
#include <array>
#include <asio/ip/address.hpp>
#include <charconv>

#include "net/dns_message.h"
#include "net/dns_reader.h"
#include "util/text.h"

namespace tocsin {
namespace {

struct Type {
  std::uint16_t number;
  std::string_view name;
  // b s i: a number of 1, 2, 4 bytes. n: a name. 4 6: an address. q: a string, in quotes. g: a
  // string as it is. v: the rest, in quotes. t: strings up to the end, joined. x: the rest in
  // hexadecimal digits. B: the rest in base 64.
  std::string_view fields;
};

// RFC 1035 section 3.3, 3596, 2782, 3403, 6672, 4034, 4255, 6698, 7929, 8659, 7553.
constexpr std::array<Type, 21> kTypes{{
    {1, "A", "4"},           {28, "AAAA", "6"},    {257, "CAA", "bgv"},     {59, "CDS", "sbbx"},
    {5, "CNAME", "n"},       {39, "DNAME", "n"},   {48, "DNSKEY", "sbbB"},  {43, "DS", "sbbx"},
    {13, "HINFO", "qq"},     {15, "MX", "sn"},     {35, "NAPTR", "ssqqqn"}, {2, "NS", "n"},
    {61, "OPENPGPKEY", "B"}, {12, "PTR", "n"},     {53, "SMIMEA", "bbbx"},  {6, "SOA", "nniiiii"},
    {33, "SRV", "sssn"},     {44, "SSHFP", "bbx"}, {52, "TLSA", "bbbx"},    {16, "TXT", "t"},
    {256, "URI", "ssv"},
}};

struct Rcode {
  int number;
  std::string_view name;
};

// IANA's registry "DNS RCODEs".
constexpr std::array<Rcode, 13> kRcodes{{
    {0, "NOERROR"},
    {1, "FORMERR"},
    {2, "SERVFAIL"},
    {3, "NXDOMAIN"},
    {4, "NOTIMP"},
    {5, "REFUSED"},
    {6, "YXDOMAIN"},
    {7, "YXRRSET"},
    {8, "NXRRSET"},
    {9, "NOTAUTH"},
    {10, "NOTZONE"},
    {16, "BADVERS"},
    {23, "BADCOOKIE"},
}};

const Type* type_of(std::uint16_t number) noexcept {
  const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const Type& type) { return type.number == number; });
  return found == kTypes.end() ? nullptr : &*found;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

std::optional<int> number_behind(std::string_view text, std::string_view prefix, int most) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  int number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
  if (!whole || number < 0 || number > most) return std::nullopt;
  return number;
}

// --- reading
// ----------------------------------------------------------------------------------------

std::string hex(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

// RFC 4648 section 4.
std::string base64(std::string_view bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    unsigned value = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      value = value << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += at + i > bytes.size() ? '=' : kDigits[value >> (18 - 6 * i) & 63];
    }
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

std::string read_v4(DnsReader& reader) {
  const std::string_view bytes = reader.bytes(4);
  if (bytes.size() != 4) return {};
  asio::ip::address_v4::bytes_type out;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return asio::ip::address_v4(out).to_string();
}

std::string read_v6(DnsReader& reader) {
  const std::string_view bytes = reader.bytes(16);
  if (bytes.size() != 16) return {};
  asio::ip::address_v6::bytes_type out;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return asio::ip::address_v6(out).to_string();
}

std::string read_strings(DnsReader& reader) {
  std::string out;
  while (reader.left() > 0) out += reader.string();
  return out;
}

std::string read_field(DnsReader& reader, char field) {
  switch (field) {
    case 'b': return std::to_string(reader.byte());
    case 's': return std::to_string(reader.two());
    case 'i': return std::to_string(reader.four());
    case 'n': return reader.name();
    case '4': return read_v4(reader);
    case '6': return read_v6(reader);
    case 'q': return quoted(reader.string());
    case 'g': return std::string(reader.string());
    case 'v': return quoted(reader.bytes(reader.left()));
    case 't': return read_strings(reader);
    case 'B': return base64(reader.bytes(reader.left()));
    default: return hex(reader.bytes(reader.left()));
  }
}

// --- what a user expects
// ----------------------------------------------------------------------------

// The next word of a zone file's line: up to white space, or in quotes. Nothing at the end, or
// where a quote is not closed.
std::optional<std::string> take_word(std::string_view& text) {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  if (text.front() != '"') {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    std::string out(text.substr(0, end));
    text.remove_prefix(end);
    return out;
  }
  std::string out;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') {
      text.remove_prefix(at + 1);
      return out;
    }
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    out += text[at];
  }
  return std::nullopt;
}

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

std::optional<std::string> number_word(const std::string& word, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool whole = parsed.ec == std::errc{} && parsed.ptr == word.data() + word.size();
  if (!whole || number > most) return std::nullopt;
  return std::to_string(number);
}

std::optional<std::string> address_word(const std::string& word, bool v4) {
  asio::error_code error;
  const auto address = asio::ip::make_address(word, error);
  if (error || address.is_v4() != v4) return std::nullopt;
  return address.to_string();
}

std::optional<std::string> name_word(const std::string& word) {
  if (!is_dns_name(word)) return std::nullopt;
  return canonical_dns_name(word);
}

std::optional<std::string> canonical_word(const std::string& word, char field) {
  switch (field) {
    case 'b': return number_word(word, 0xFF);
    case 's': return number_word(word, 0xFFFF);
    case 'i': return number_word(word, 0xFFFFFFFF);
    case 'n': return name_word(word);
    case '4': return address_word(word, true);
    case '6': return address_word(word, false);
    case 'q':
    case 'v': return quoted(word);
    case 'x':
      if (!all_of(word, "0123456789abcdefABCDEF")) return std::nullopt;
      return to_lower(word);
    default: return word;
  }
}

// Digits may stand in groups, as zone files have them.
std::optional<std::string> take_rest(std::string_view& text) {
  std::string out;
  while (auto word = take_word(text)) out += *word;
  if (out.empty()) return std::nullopt;
  return out;
}

}  // namespace

std::string read_dns_data(DnsReader& reader, std::uint16_t type) {
  const Type* known = type_of(type);
  if (known == nullptr) {
    const std::size_t size = reader.left();
    return "\\# " + std::to_string(size) + (size == 0 ? "" : " ") + hex(reader.bytes(size));
  }
  std::string out;
  for (const char& field : known->fields) {
    if (&field != known->fields.data()) out += ' ';
    out += read_field(reader, field);
  }
  if (reader.left() > 0) reader.fail("a record's data is longer than its type has fields");
  return out;
}

std::optional<std::string> canonical_dns_data(std::uint16_t type, std::string_view text) {
  const Type* known = type_of(type);
  if (known == nullptr || known->fields == "t") return std::string(text);
  std::string out;
  for (const char& field : known->fields) {
    const bool rest = field == 'x' || field == 'B';
    const auto word = rest ? take_rest(text) : take_word(text);
    const auto canonical = word ? canonical_word(*word, field) : std::nullopt;
    if (!canonical) return std::nullopt;
    if (&field != known->fields.data()) out += ' ';
    out += *canonical;
  }
  if (!trim(text).empty()) return std::nullopt;
  return out;
}

std::string comparable_dns_data(std::uint16_t type, std::string_view data) {
  const Type* known = type_of(type);
  const bool has_name = known != nullptr && known->fields.find('n') != std::string_view::npos;
  // Only NAPTR has both a name and texts; those, its flags and services, ignore case too (RFC
  // 3403).
  return has_name ? to_lower(data) : std::string(data);
}

std::string dns_type_name(std::uint16_t type) {
  const Type* known = type_of(type);
  return known == nullptr ? "TYPE" + std::to_string(type) : std::string(known->name);
}

std::optional<std::uint16_t> dns_type(std::string_view name) {
  const std::string wanted = upper(name);
  for (const Type& type : kTypes) {
    if (type.name == wanted) return type.number;
  }
  const auto number = number_behind(wanted, "TYPE", 0xFFFF);
  if (!number) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

std::vector<std::string_view> dns_type_names() {
  std::vector<std::string_view> out;
  for (const Type& type : kTypes) out.push_back(type.name);
  return out;
}

std::string dns_rcode_name(int rcode) {
  for (const Rcode& known : kRcodes) {
    if (known.number == rcode) return std::string(known.name);
  }
  return "RCODE" + std::to_string(rcode);
}

std::optional<int> dns_rcode(std::string_view name) {
  const std::string wanted = upper(name);
  for (const Rcode& known : kRcodes) {
    if (known.name == wanted) return known.number;
  }
  return number_behind(wanted, "RCODE", 0xFFF);
}

}  // namespace tocsin
