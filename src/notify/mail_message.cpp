// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Header values that are short plain ASCII stand as they are; all else is in encoded words of
// RFC 2047, so that no value can end its header or be read as something else. Both parts are in
// base64: lines are short, and nothing in a text can look like a boundary or like the end of data.
#include "notify/mail_message.h"

#include <Poco/Base64Encoder.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <sstream>

#include "net/stream.h"
#include "notify/sink_text.h"
#include "util/text.h"

namespace tocsin {
namespace {

// RFC 5321, 4.5.3.1.
constexpr std::size_t kLongestLocalPart = 64;
constexpr std::size_t kLongestAddress = 254;
constexpr std::size_t kLongestName = 200;
constexpr std::size_t kLongestValue = 1000;
constexpr std::size_t kLongestText = 64 * 1024;
// A header's line with encoded words has at most 76 characters (RFC 2047, section 2).
constexpr std::size_t kLongestPlain = 50;
constexpr std::size_t kEncodedBytes = 27;  // 36 characters and 12 around them
constexpr std::string_view kNewline = "\r\n";

std::string base64(std::string_view text, int line_length) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out);
  encoder.rdbuf()->setLineLength(line_length);
  encoder.write(text.data(), static_cast<std::streamsize>(text.size()));
  encoder.close();
  return out.str();
}

bool is_plain(std::string_view text) noexcept {
  return text.size() <= kLongestPlain && text.find("=?") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// A text in encoded words, folded. Cut between code points: each word is read by itself.
std::string encoded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view piece = cut_utf8(text, kEncodedBytes);
    if (piece.empty()) break;
    out += (out.empty() ? "" : "\r\n ") + std::string("=?UTF-8?B?") + base64(piece, 0) + "?=";
    text.remove_prefix(piece.size());
  }
  return out;
}

std::string header_value(std::string_view value) {
  const std::string shown = printable(value, kLongestValue);
  return is_plain(shown) ? shown : encoded(shown);
}

std::string header_line(std::string_view name, const std::string& value) {
  return std::string(name) + ": " + value + std::string(kNewline);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string shown(const Mailbox& box) {
  const std::string name = printable(box.name, kLongestName);
  if (name.empty()) return box.address;
  return (is_plain(name) ? quoted(name) : encoded(name)) + "\r\n <" + box.address + ">";
}

std::string shown(const std::vector<Mailbox>& boxes) {
  std::string out;
  for (const Mailbox& box : boxes) out += (out.empty() ? "" : ",\r\n ") + shown(box);
  return out;
}

std::string_view escape_html(std::string_view point) {
  switch (point[0]) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return point;
  }
}

std::string html(std::string_view text) {
  FittedText out(kLongestText, TextUnit::byte, escape_html);
  out.add(text);
  return out.text();
}

// What can stand in an attribute as an address, and nothing else.
bool is_link(const std::string& link) {
  return !link.empty() &&
         std::all_of(link.begin(), link.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string text_part(const Words& words) {
  std::string out(cut_utf8(words.title, kLongestText));
  out += "\r\n\r\n";
  for (const std::string& line : words.lines) {
    if (out.size() + line.size() > kLongestText) {
      out += "…\r\n";
      break;
    }
    out += line + "\r\n";
  }
  return out;
}

std::string html_part(const Words& words) {
  std::string out =
      "<!DOCTYPE html>\r\n<html><head><meta charset=\"utf-8\"></head>\r\n"
      "<body style=\"font-family:sans-serif\">\r\n<p style=\"font-size:1.2em\"><b>" +
      html(words.title) + "</b></p>\r\n<p>";
  for (const std::string& line : words.lines) {
    if (out.size() + line.size() > kLongestText) {
      out += "…\r\n";
      break;
    }
    out += html(line) + "<br>\r\n";
  }
  out += "</p>\r\n";
  if (is_link(words.link)) {
    out += "<p><a href=\"" + html(words.link) + "\">Runbook</a></p>\r\n";
  }
  return out + "</body></html>\r\n";
}

std::string part(std::string_view type, const std::string& text) {
  constexpr int kLine = 76;
  return "Content-Type: " + std::string(type) +
         "; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64(text, kLine) +
         std::string(kNewline);
}

std::string header_of(const Mail& mail) {
  std::string out = header_line("Date", mail_date(mail.date));
  out += header_line("From", shown(mail.from));
  out += header_line("To", shown(mail.to));
  if (!mail.cc.empty()) out += header_line("Cc", shown(mail.cc));
  out += header_line("Subject", header_value(mail.subject));
  out += "Message-ID: <" + mail.message_id + ">\r\n";
  if (!mail.thread_id.empty()) {
    out += "In-Reply-To: <" + mail.thread_id + ">\r\n";
    out += "References: <" + mail.thread_id + ">\r\n";
  }
  // RFC 3834: no vacation notices, please; the second is Exchange's word for it.
  out += "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n";
  if (mail.urgent) out += "Importance: high\r\nX-Priority: 1\r\n";
  for (const auto& [name, value] : mail.facts) {
    if (!value.empty()) out += header_line(name, header_value(value));
  }
  return out;
}

// RFC 5321's atoms.
bool is_atom_char(char c) noexcept {
  constexpr std::string_view kOthers = "!#$%&'*+-/=?^_`{|}~.";
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter || kOthers.find(c) != std::string_view::npos;
}

bool is_address(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos || text.size() > kLongestAddress) return false;
  const std::string_view local = text.substr(0, at);
  const std::string_view domain = text.substr(at + 1);
  const bool fine = !local.empty() && local.size() <= kLongestLocalPart &&
                    std::all_of(local.begin(), local.end(), is_atom_char) &&
                    !local.starts_with('.') && !local.ends_with('.') &&
                    local.find("..") == std::string_view::npos;
  const bool ascii = std::all_of(domain.begin(), domain.end(), is_atom_char);
  return fine && ascii && is_host(domain);
}

}  // namespace

std::optional<Mailbox> parse_mailbox(std::string_view text) {
  text = trim(text);
  Mailbox out;
  std::string_view address = text;
  if (text.ends_with('>')) {
    const auto open = text.rfind('<');
    if (open == std::string_view::npos) return std::nullopt;
    address = text.substr(open + 1, text.size() - open - 2);
    std::string_view name = trim(text.substr(0, open));
    if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"')) {
      name = name.substr(1, name.size() - 2);
    }
    out.name = printable(name, kLongestName);
  }
  if (!is_address(address)) return std::nullopt;
  out.address = address;
  return out;
}

std::string mail_base64(std::string_view text) {
  return base64(text, 0);
}

// By hand, since strftime speaks the locale's language.
std::string mail_date(WallTime time) {
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t at = std::chrono::system_clock::to_time_t(seconds);
  std::tm parts{};
  gmtime_r(&at, &parts);
  const auto two = [](int number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return std::string(kDays.at(static_cast<std::size_t>(parts.tm_wday))) + ", " +
         two(parts.tm_mday) + " " + kMonths.at(static_cast<std::size_t>(parts.tm_mon)) + " " +
         std::to_string(parts.tm_year + 1900) + " " + two(parts.tm_hour) + ":" + two(parts.tm_min) +
         ":" + two(parts.tm_sec) + " +0000";
}

std::string write_mail(const Mail& mail) {
  // Base64 has no underscore, so that no line of a part is the boundary.
  const std::string boundary = "tocsin_" + sha256_hex(mail.message_id).substr(0, 32);
  const std::string between = "--" + boundary;
  return header_of(mail) +
         "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"" + boundary +
         "\"\r\n\r\n" + between + "\r\n" + part("text/plain", text_part(mail.words)) + between +
         "\r\n" + part("text/html", html_part(mail.words)) + between + "--\r\n";
}

}  // namespace tocsin
