// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "web/http.h"

#include <algorithm>

#include "util/text.h"
#include "web/json.h"

namespace tocsin {

std::size_t Request::count_of(std::string_view name) const noexcept {
  return static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(), [name](const auto& header) { return header.first == name; }));
}

std::optional<std::string_view> Request::header(std::string_view name) const noexcept {
  if (count_of(name) != 1) return std::nullopt;
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [name](const auto& header) { return header.first == name; });
  return found->second;
}

std::string_view status_title(int status) noexcept {
  switch (status) {
    case 200: return "OK";
    case 202: return "Accepted";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return {};
  }
}

Response problem(int status, std::string_view detail) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.field("type", "about:blank");
  json.field("title", status_title(status));
  json.field("status", status);
  json.field("detail", detail);
  json.end_object();
  body += '\n';
  return Response{status, "application/problem+json", std::move(body), {}};
}

bool parse_query(std::string_view text, std::vector<std::pair<std::string, std::string>>& into) {
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (part.empty()) continue;
    std::string plain(part);
    std::replace(plain.begin(), plain.end(), '+', ' ');
    const std::string_view name = std::string_view(plain).substr(0, plain.find('='));
    const std::string_view value =
        std::string_view(plain).substr(std::min(plain.size(), name.size() + 1));
    auto& [decoded_name, decoded_value] = into.emplace_back();
    if (!percent_decode(name, decoded_name) || !percent_decode(value, decoded_value)) return false;
  }
  return true;
}

std::string html(std::string_view text) {
  std::string repaired;
  if (!is_valid_utf8(text)) {
    repaired = printable_lines(text, text.size() * 3);
    text = repaired;
  }
  std::string out;
  out.reserve(text.size() + 16);
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace tocsin
