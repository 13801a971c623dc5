// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// An upgrade's answer has a head and then frames: there is no body to delimit, no keep-alive, no
// chunk. That little of HTTP is read here, strictly, rather than by libcurl: its CONNECT_ONLY would
// hand over a bare socket, for which all that Stream does (waiting, deadlines, TLS, phases) would
// have to be done a second time. What is lost by that is libcurl's proxies: a `websocket` check
// always connects directly.
#include "net/websocket_handshake.h"

#include <openssl/evp.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "net/http_target.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::string_view kAcceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // section 1.3
constexpr std::size_t kLongestPhrase = 60;
constexpr std::size_t kLongestLocation = 120;

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a NUL
  const auto* const in = reinterpret_cast<const unsigned char*>(bytes.data());
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), in,
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool same_word(std::string_view left, std::string_view right) {
  return left.size() == right.size() && to_lower(left) == to_lower(right);
}

// Whether a header that is a list (RFC 9110, section 5.6.1) has the word, in any of its lines.
bool lists(const HttpHead& head, std::string_view name, std::string_view word) {
  for (const auto& [key, value] : head.headers) {
    if (!same_word(key, name)) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      if (same_word(trim(rest.substr(0, comma)), word)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

std::size_t count(const HttpHead& head, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(head.headers.begin(), head.headers.end(),
                    [&](const auto& header) { return same_word(header.first, name); }));
}

bool has_header(const WebsocketOffer& offer, std::string_view name) {
  return std::any_of(offer.headers.begin(), offer.headers.end(),
                     [&](const auto& header) { return same_word(header.first, name); });
}

std::string_view usual_phrase(int status) noexcept {
  switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "";
  }
}

// "HTTP/1.1 101 Switching Protocols"
bool parse_status_line(std::string_view line, HttpHead& head) {
  constexpr std::string_view kPrefix = "HTTP/1.";
  if (!line.starts_with(kPrefix) || line.size() < 12 || !is_digit(line[7]) || line[8] != ' ') {
    return false;
  }
  if (!is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11])) return false;
  if (line.size() > 12 && line[12] != ' ') return false;
  head.status_line = line;
  head.minor_version = line[7] - '0';
  head.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  head.phrase = line.size() > 12 ? trim(line.substr(13)) : std::string_view();
  return head.status >= 100;
}

// A line that begins with a blank would go on the one before (obsolete, RFC 9112, section 5.2): no
// server that is to be trusted does that.
bool parse_header_line(std::string_view line, HttpHead& head) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view name = line.substr(0, colon);
  if (name.find_first_of(" \t") != std::string_view::npos) return false;
  head.headers.emplace_back(name, trim(line.substr(colon + 1)));
  return true;
}

// "name:password" of an authority's part before its last @.
bool parse_user(std::string_view written, std::string& user) {
  const auto colon = written.find(':');
  std::string name;
  std::string password;
  if (!percent_decode(written.substr(0, colon), name)) return false;
  if (colon != std::string_view::npos && !percent_decode(written.substr(colon + 1), password)) {
    return false;
  }
  user = name + ":" + password;
  return true;
}

std::string bracketed(const HttpTarget& target) {
  if (!target.literal || !target.literal->is_v6()) return target.host;
  return '[' + target.host.substr(0, target.host.find('%')) + ']';  // a zone is for us alone
}

// Section 4.1: path and query, ASCII only.
std::string resource_of(std::string_view rest) {
  std::string out = rest.starts_with('/') ? "" : "/";
  for (const char c : rest) {
    const bool plain = c > 0x20 && c < 0x7F;
    out += plain ? std::string(1, c) : percent_encode(std::string_view(&c, 1));
  }
  return out;
}

// Where a redirect leads, without what may be secret in it: " to https://web-01.example.net/live".
std::string redirect_of(const HttpHead& head, bool quotable) {
  std::string_view location = head.header("Location");
  if (head.status / 100 != 3 || location.empty()) return {};
  location = location.substr(0, location.find_first_of("?#"));
  const auto authority = location.find("://");
  const bool absolute = authority != std::string_view::npos;
  if (location.find('@') != std::string_view::npos || (!quotable && !absolute)) return {};
  if (!quotable) location = location.substr(0, location.find('/', authority + 3));
  return " to " + printable(location, kLongestLocation);
}

std::string subprotocol_refusal(const HttpHead& head, const WebsocketTerms& terms) {
  constexpr std::string_view kName = "Sec-WebSocket-Protocol";
  const std::string_view chosen = head.header(kName);
  const auto& offered = terms.subprotocols;
  if (count(head, kName) > 1) return "the server chose more than one subprotocol";
  if (std::find(offered.begin(), offered.end(), chosen) != offered.end()) return {};
  if (chosen.empty()) {
    return offered.empty() ? "" : "the server chose none of the subprotocols that were offered";
  }
  std::string out = "the server chose a subprotocol that was not offered";
  return terms.quotable ? out + ": \"" + printable(chosen, kLongestPhrase) + '"' : out;
}

}  // namespace

std::optional<WebsocketTarget> websocket_target(const std::string& url) {
  const auto colon = url.find("://");
  if (colon == std::string::npos || url.find('#') != std::string::npos) return std::nullopt;
  const std::string scheme = to_lower(url.substr(0, colon));
  if (scheme != "ws" && scheme != "wss") return std::nullopt;
  WebsocketTarget out;
  out.tls = scheme == "wss";
  const std::string rest = url.substr(colon);
  const auto found = http_target((out.tls ? "https" : "http") + rest);
  if (!found) return std::nullopt;
  out.to = StreamTarget{found->host, found->port};
  out.authority = bracketed(*found);
  if (found->port != (out.tls ? 443 : 80)) out.authority += ":" + std::to_string(found->port);

  const auto end = std::min(rest.find_first_of("/?", 3), rest.size());
  const std::string_view authority = std::string_view(rest).substr(3, end - 3);
  const auto sign = authority.rfind('@');
  if (sign != std::string_view::npos && !parse_user(authority.substr(0, sign), out.user)) {
    return std::nullopt;
  }
  out.resource = resource_of(std::string_view(rest).substr(end));
  return out;
}

std::string websocket_key() {
  std::array<char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("the kernel gives no random bytes");
  }
  return base64({bytes.data(), bytes.size()});
}

std::string websocket_accept(std::string_view key) {
  std::string text(key);
  text.append(kAcceptGuid);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL has no SHA-1");
  }
  return base64({reinterpret_cast<const char*>(digest.data()), size});
}

std::string upgrade_request(const WebsocketTarget& target, const WebsocketOffer& offer,
                            const std::string& key) {
  std::string out = "GET " + target.resource + " HTTP/1.1\r\n";
  const auto add = [&out](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  if (!has_header(offer, "Host")) add("Host", target.authority);
  add("Upgrade", "websocket");
  add("Connection", "Upgrade");
  add("Sec-WebSocket-Key", key);
  add("Sec-WebSocket-Version", "13");
  std::string subprotocols;
  for (const std::string& name : offer.subprotocols) {
    subprotocols += (subprotocols.empty() ? "" : ", ") + name;
  }
  if (!subprotocols.empty()) add("Sec-WebSocket-Protocol", subprotocols);
  if (!offer.origin.empty()) add("Origin", offer.origin);
  if (!has_header(offer, "User-Agent")) add("User-Agent", "tocsin/" TOCSIN_VERSION);
  if (!target.user.empty() && !has_header(offer, "Authorization")) {
    add("Authorization", "Basic " + base64(target.user));
  }
  for (const auto& [name, value] : offer.headers) add(name, value);
  return out + "\r\n";
}

std::string_view HttpHead::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    const bool same = key.size() == name.size() &&
                      std::equal(key.begin(), key.end(), name.begin(), [](char a, char b) {
                        const auto lower = [](char c) {
                          return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
                        };
                        return lower(a) == lower(b);
                      });
    if (same) return value;
  }
  return {};
}

std::optional<std::size_t> http_head_size(std::string_view bytes) noexcept {
  for (auto at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
    const std::string_view rest = bytes.substr(at + 1);
    if (rest.starts_with("\n")) return at + 2;
    if (rest.starts_with("\r\n")) return at + 3;
  }
  return std::nullopt;
}

std::optional<HttpHead> parse_http_head(std::string_view head) {
  HttpHead out;
  bool first = true;
  while (!head.empty()) {
    const auto end = std::min(head.find('\n'), head.size());
    std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 1, head.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    const bool fine = line.find('\0') == std::string_view::npos &&
                      (first ? parse_status_line(line, out) : parse_header_line(line, out));
    if (!fine) return std::nullopt;
    first = false;
  }
  if (first) return std::nullopt;
  return out;
}

std::string show_status(const HttpHead& head, bool quotable) {
  std::string phrase = quotable ? printable(head.phrase, kLongestPhrase) : std::string();
  if (phrase.empty()) phrase = usual_phrase(head.status);
  return std::to_string(head.status) + (phrase.empty() ? "" : " ") + phrase;
}

std::string handshake_refusal(const HttpHead& head, const WebsocketTerms& terms) {
  if (head.status != 101) {
    return "the server answered " + show_status(head, terms.quotable) +
           redirect_of(head, terms.quotable) + " instead of switching protocols";
  }
  if (head.minor_version < 1) return "the server switches protocols by HTTP/1.0, which cannot be";
  if (!lists(head, "Upgrade", "websocket") || !lists(head, "Connection", "Upgrade")) {
    return "the server switches protocols, but not to WebSocket";
  }
  const bool proved = count(head, "Sec-WebSocket-Accept") == 1 &&
                      head.header("Sec-WebSocket-Accept") == websocket_accept(terms.key);
  if (!proved) return "the server's Sec-WebSocket-Accept does not fit our key";
  if (count(head, "Sec-WebSocket-Extensions") > 0) {
    return "the server chose an extension that was not offered";
  }
  return subprotocol_refusal(head, terms);
}

}  // namespace tocsin
